"""What was assumed of demand, suppliers, unmet demand and forecasts, each with its sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.engine.world.world import MILLION, Unmet
from simlab.errors import listed
from simlab.measures import format_money, sentence
from simlab.models import is_plain
from simlab.models.demand.renewal import law_names
from simlab.policies.levels.by_period import follows_table
from simlab.policies.levels.forecasting import FORECAST, WORDS
from simlab.policies.levels.lost import losing
from simlab.policies.policy import GIVEN
from simlab.segments.assign import values_left_out
from simlab.study import WEEKDAYS, idle_options
from simlab.study.optimize_sections import OptimizeSpec
from simlab.study.sections import ForecastSpec

if TYPE_CHECKING:
    from simlab.api.data.data import Data
    from simlab.models import DelayUncertainty, Models
    from simlab.models.forecasts.laws import ForecastPaths
    from simlab.segments import Segmentation
    from simlab.study import Study


INDEPENDENT = (
    "Demand is drawn independently from period to period and from item to item (independent {period}s): "
    "histories whose sums over several periods vary more than that need more stock than shown."
)

FOLLOWS = (
    "Demand of {n:,} SKU-locations follows the forecast table, whose {cycle} periods come again and again"
)


def transient(data: Data) -> list[str]:
    """That the numbers speak of the way from today's stock, where they do."""
    study = data.study
    if study.policy.start == "stationary":
        return []
    return [
        f"These are the {study.simulation.periods} {study.period}s from today's stock and open orders "
        "on (a transient result): what a policy settles at in the long run may differ."
    ]


def as_if_waiting(data: Data, planning: str) -> list[str]:
    """That levels are planned as if all demand waited, where some is lost and no simulation finds them."""
    loses = int(losing(data.models.world).sum())
    family = data.study.policy.family
    if loses == 0 or family == GIVEN or (planning == "exact" and family != FORECAST):
        return []
    how = f'policy.planning = "{planning}"' if family != FORECAST else 'policy.family = "forecast"'
    more = '; policy.planning = "exact" finds levels by simulation' if family != FORECAST else ""
    return [
        f"{loses:,} of {data.catalog.n_items:,} SKU-locations can lose demand, and {how} plans as if all of "
        f"it waited: the same level serves more than planned where demand is lost{more}."
    ]


def assumptions(data: Data) -> tuple[str, ...]:
    """What the numbers rest on, in sentences."""
    study = data.study
    crossing = data.models.world.lead_time.crossing
    lines = [
        *_drawn(data),
        _past(data),
        "Orders may overtake each other."
        if crossing
        else "A supplier delivers orders in the sequence placed; each takes as long as receipts or items "
        "say, whatever was ordered before.",
        _unmet(data),
        f"Holding cost counts the mean shelf stock at unit cost × yearly rate; {_year(study)}.",
    ]
    lines += _parameters(data)
    lines += _forecast(data)
    lines += _by_parts(data)
    said = (*data.models.assumptions, *without_effect(data))
    return (*lines, *(sentence(text) for text in said))


def _year(study: Study) -> str:
    """What a year is: 365 days, of which those closed are not simulated."""
    if study.period == "day" and study.periods_per_year == 365.0:
        return "a year is 365 days"
    closed = study.period == "day" or study.open_share < 1.0
    left = " without the closed ones" if closed else ""
    return f"a year is 365 days: {study.periods_per_year:.4g} {study.period}s{left}"


def without_effect(data: Data) -> tuple[str, ...]:
    """Options that the study says and that change nothing, by other options or by what the tables hold."""
    study, catalog = data.study, data.catalog
    lines = list(idle_options(study))
    day = study.lead_times.order_weekday
    if day is not None and catalog.receipts is not None:
        ordered = (catalog.receipts.order_date.astype("datetime64[D]").astype(np.int64) + 3) % 7
        if not (ordered == WEEKDAYS.index(day)).any():
            lines.append(
                f'lead_times.order_weekday = "{day}" has no effect unless receipts have orders of that day'
            )
    said = "current_reorder_when" in study.policy.model_fields_set
    if said and "current_reorder_point" not in catalog.numbers:
        lines.append("policy.current_reorder_when has no effect unless items have a current_reorder_point")
    lines += _of_left_out(data)
    return tuple(lines)


def _of_left_out(data: Data) -> Iterator[str]:
    """Targets and limits of groups of which every SKU-location was left out without history."""
    study, catalog = data.study, data.catalog
    if catalog.without_history is None:
        return
    named: list[tuple[str, str, Mapping[str, float]]]
    named = [("policy.targets", by, study.policy.targets or {}) for by in study.segments.by]
    named += _limits_of_groups(study.optimize)
    for option, by, limits in named:
        plain = by.removeprefix("column:")
        kept = {str(value) for value in catalog.texts.get(plain, ())} | set(catalog.location)
        gone = sorted({*limits} & {*values_left_out(catalog, by)} - kept)
        if gone:
            yield (
                f"{option} of {listed(gone, 5)} has no effect until there is demand: "
                "all SKU-locations there were left out without history (demand.no_history)"
            )


def _limits_of_groups(asked: OptimizeSpec) -> Iterator[tuple[str, str, Mapping[str, float]]]:
    """Option, what it groups by, and the figures of groups, of every list of limits of the study."""
    for name in type(asked).model_fields:
        entries = getattr(asked, name)
        for one in entries if isinstance(entries, tuple) else ():
            for bound in ("at_least", "at_most"):
                figures = getattr(one, bound, None)
                if isinstance(figures, dict):
                    yield f"optimize.{name}", one.by, figures


def _by_parts(data: Data) -> list[str]:
    """That some items go by parts of a period, and what that leaves out."""
    grid, period = data.models.world.grid, data.study.period
    if grid is None:
        return []
    n, m = int(grid.split.sum()), grid.parts
    lines = [
        f"{n:,} of {grid.split.size:,} SKU-locations go by parts, {m} a {period}, so that their constant "
        "lead times stay constant: demand falls into the parts independently, and stock is the mean over the "
        f"parts; the peak of stock value is that of the {period}s' means."
    ]
    common = data.models.world.dependence
    if common is not None and bool(((common.market != 0) | (common.group != 0))[grid.split].any()):
        lines.append(
            "Common factors move the parts of these items; they have none in common with items that go by "
            f"whole {period}s."
        )
    return lines


def mean_lead_times(models: Models) -> FloatArray:
    """(n,) mean lead time in periods, as simulated."""
    return _as_taken(models, models.lead_time_moments[0])


def longest_lead_times(models: Models) -> FloatArray:
    """(n,) longest lead time in periods, as simulated."""
    return _as_taken(models, models.world.lead_time.longest())


def _as_taken(models: Models, whole: npt.ArrayLike) -> FloatArray:
    """Lead times by whole periods, those of items on the working grid by its parts."""
    grid, parts = models.world.grid, models.parts
    if grid is None or parts is None:
        return np.asarray(whole, np.float64)
    return np.where(grid.split, parts.lead_time_taken, whole)


def assumed_facts(data: Data) -> dict[str, Any]:
    """What was assumed, as keys of the manifest: pages and comparisons read these, never the sentences."""
    factors = data.models.world.dependence
    terms = data.models.world.terms
    return {
        "serial_items": int((~is_plain(data.models.world.demand)).sum()),
        "common_factors": factors is not None and bool(factors.market.any() or factors.group.any()),
        "crossing": bool(data.models.world.lead_time.crossing),
        "lost_items": int((terms.unmet == Unmet.LOST).sum()),
        "partly_lost_items": int((terms.unmet == Unmet.PARTLY).sum()),
        "start": data.study.policy.start,
        "held_out_periods": data.catalog.held_out,
        "parameter_uncertainty": data.models.redraws is not None,
    }


def _drawn(data: Data) -> list[str]:
    """How periods and items depend on each other in what is drawn."""
    law, period = data.models.world.demand, data.study.period
    facts, n = assumed_facts(data), data.models.n_items
    serial, common = facts["serial_items"], facts["common_factors"]
    if not serial and not common:
        return [INDEPENDENT.format(period=period)]
    lines = []
    if serial:
        lines.append(
            f"Demand of {serial:,} of {n:,} SKU-locations depends on its past or on the calendar "
            f"(blocks, chains, phases or seasonal profiles); formulas plan with their sums over "
            f"consecutive {period}s, averaged over phases (column planning_method names what is approximate)."
        )
    if serial and law.cycle > 1:
        lines.append(f"The first {period} of a run has the calendar phase of the {period} after the history.")
    lines.append(
        "Items move together by common factors, estimated from the histories; within an item the factors "
        f"of different {period}s are independent."
        if common
        else "Demand is drawn independently from item to item."
    )
    return lines


def _unmet(data: Data) -> str:
    """What becomes of demand that finds an empty shelf."""
    terms = data.models.world.terms
    waits = np.where(terms.unmet == Unmet.BACKORDER, MILLION, 0)
    if terms.waits is not None:
        waits = np.where(terms.unmet == Unmet.PARTLY, terms.waits, waits)
    if (waits == MILLION).all():
        return "Unmet demand waits (backorders)."
    if (waits == 0).all():
        return "Unmet demand is lost."
    if (waits == waits[0]).all():
        return f"Of unmet demand {waits[0] / MILLION:.4g} waits, the rest is lost."
    return "Unmet demand waits, is lost, or waits in part, as the items table says."


def _forecast(data: Data) -> list[str]:
    """What levels that follow a forecast know, and when."""
    policy, paths = data.study.policy, data.models.paths
    if policy.family != FORECAST or (policy.forecast or ForecastSpec()).method != "given":
        follows = [] if paths is None else [_with_table(data, paths)]
        return follows if policy.family != FORECAST else follows + _updated(data)
    return _updated(data)


def _with_table(data: Data, paths: ForecastPaths) -> str:
    """How demand, and levels of a rule of their own, follow the forecast table."""
    n = int(follows_table(data.models).sum()) if data.study.policy.family not in (FORECAST, GIVEN) else 0
    still = "levels stand still"
    if n:
        still = (
            f"levels of {n:,} of them are planned for a mean period and move with it: expected demand over "
            "review period and lead time from each period on, and a safety stock of its error"
        )
    return f"{FOLLOWS.format(n=int(paths.mask.sum()), cycle=paths.cycle)}; {still}."


def _updated(data: Data) -> list[str]:
    """What a forecast policy orders by."""
    policy = data.study.policy
    spec = policy.forecast or ForecastSpec()
    if spec.method == "given":
        if data.models.paths is not None:
            return _paths(data.models.paths, data.study.period)
        said = ["Levels come from the forecasts in the items table (mean and standard error per period)."]
        return said + _indices(data, spec)
    if spec.method == "constant":
        said = ["Levels come from mean and spread of the item's law, and no forecast is updated."]
        return said + _indices(data, spec)
    return [
        f"Order-up-to levels follow {WORDS[spec.method]}, updated in every simulated {data.study.period} "
        "from the demand seen before, with a running error of its own; it starts at mean and spread of the "
        "item's law. The levels in the plan are those of this start.",
        *_indices(data, spec),
    ]


def _paths(paths: ForecastPaths, period: str) -> list[str]:
    """How levels and demand follow the forecast table."""
    n, errors = int(paths.mask.sum()), paths.errors
    said = [
        f"Levels of {n:,} SKU-locations are the forecast over review period and lead time from each {period} "
        "on, and a safety stock of its error, the same in every period. Demand follows the forecast, periods "
        f"independently; its {paths.cycle} {period}s come again and again."
    ]
    if errors is not None:
        biased = int((errors.biased & paths.mask).sum())
        said.append(
            f"Past forecasts: errors of sums over R + L have {errors.ratio:.2f} times the variance that "
            f"independent {period}s would give (correlation of neighbouring {period}s "
            f"{errors.correlation:.2f}); that variance is simulated. {biased:,} of {n:,} forecasts are "
            "biased by more than two standard errors."
        )
    return said


def _indices(data: Data, spec: ForecastSpec) -> list[str]:
    """What a seasonal forecast knows of the season."""
    if not spec.seasonal:
        return []
    seasons = data.models.world.demand.seasons
    if seasons is None:
        return ["No season is believed, so that the seasonal indices of the forecast are all 1."]
    n = int((seasons.profile >= 0).sum())
    return [
        f"The forecast has seasonal indices for {n:,} of {data.catalog.n_items:,} SKU-locations (cycle of "
        f"{seasons.cycle} {data.study.period}s): the profiles estimated from the history, with which demand "
        "is drawn, too. They stay as they are in the run: what it costs to get a season wrong is not in it."
    ]


def _parameters(data: Data) -> list[str]:
    """What is drawn again, and what is not, where the study asks for parameter uncertainty."""
    if not data.study.models.parameter_uncertainty:
        return []
    if data.models.redraws is None:
        return [
            "No parameter is drawn again: every demand law is given and every lead time stated, "
            "none is fitted."
        ]
    return [
        "Model intervals: the parameters of every fitted demand law are drawn from what its own history "
        "leaves open, one draw per batch, items independent. Laws given in items and the kind of each law "
        "stay; levels, search, scenarios, capital and rows per SKU-location take the fitted parameters.",
        _lead_times_again(data, data.models.redraws.delays),
    ]


def _lead_times_again(data: Data, known: DelayUncertainty | None) -> str:
    """What of lead times is drawn again."""
    n = data.catalog.n_items
    if known is None:
        return "Of lead times nothing is drawn again: they are stated, and how much they vary is not known."
    stated = int((known.unit < 0).sum())
    stay = f" Those of {stated:,} of {n:,} SKU-locations are stated and stay." if stated else ""
    return (
        f"Lead times are drawn again from {known.n_receipts:,} receipts (Bayesian bootstrap), one law per "
        "supplier and group and draw; a law borrowed for want of receipts varies as suppliers do, and as "
        f"{data.study.lead_times.min_receipts} receipts would leave open at least (lead_times.min_receipts)."
        f"{stay}"
    )


def _past(data: Data) -> str:
    periods = data.catalog.held_out
    if not periods:
        return "The past stands for the future: laws were fitted to the whole history given."
    held = f"the last {periods} {data.study.period}s, which are replayed"
    return f"The past stands for the future: laws were fitted to the history without {held}."


def laws_in_words(data: Data) -> str:
    """How many SKU-locations follow which demand law."""
    counts = Counter(name.replace("_", " ") for name in law_names(data.models.world.demand))
    return ", ".join(f"{n:,} {name}" for name, n in counts.most_common())


def study_facts(data: Data, segmentation: Segmentation) -> tuple[str, ...]:
    """What the study is about: the first lines of `simlab check`."""
    study, models = data.study, data.models
    value = format_money(float(models.annual_value.sum()), study.currency)
    lead, longest = mean_lead_times(models), longest_lead_times(models)
    sizes = zip(segmentation.names, segmentation.sizes.tolist(), strict=True)
    lines = [
        f"Study '{study.name}': {data.catalog.n_items:,} SKU-locations, {study.period} periods, "
        f"annual demand {value} at unit cost.",
        f"Demand laws: {laws_in_words(data)}.",
        f"Lead times: mean {lead.mean():.1f} {study.period}s, longest {longest.max():.3g}.",
        f"Segments by {' × '.join(segmentation.by)}: {', '.join(f'{name} {n:,}' for name, n in sizes)}.",
        *(sentence(rule) for rule in segmentation.undivided),
        *_parameters(data),
    ]
    return tuple(lines)
