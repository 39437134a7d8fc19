"""The tables of a contest of schemes: what `results/` of its run folder holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simlab.api.show import spread
from simlab.measures import Estimate, ratio_estimate
from simlab.segments.learned import condition
from simlab.verdict.tournament import PER_SKU, Entry

if TYPE_CHECKING:
    from simlab.api.contest.outcome import ContestOutcome


NO_MOOCORE = "hypervolume is left out: it needs moocore, pip install 'simlab[schemes]'"
_ENDS = ("above", "up_to")
_OF_CLASSES = (
    "scheme",
    "classes",
    "n_segments",
    "at_fill",
    "holding_cost_search",
    *("holding_cost", "holding_cost_low", "holding_cost_high"),
    *("percent_vs_per_sku", "percent_vs_per_sku_low", "percent_vs_per_sku_high"),
    "gain_search",
    *("gain", "gain_low", "gain_high"),
    "gain_vanishes",
    "cost_with_rules",
    "recommended",
)
_OF_REGRETS = (
    *("scheme", "made_for", "judged_by", "asked", "holding_cost"),
    *("achieved", "achieved_low", "achieved_high"),
    *("regret", "regret_low", "regret_high"),
)


_OF_WEIGHTS = (
    *("scheme", "judged_by", "decides"),
    *("achieved", "achieved_low", "achieved_high"),
    *("percent_vs_one_class", "percent_vs_one_class_low", "percent_vs_one_class_high", "rank"),
)


def contest_frames(contest: ContestOutcome) -> dict[str, pd.DataFrame]:
    """Every table by name."""
    return {
        "tournament": tournament_frame(contest),
        "pairs": pairs_frame(contest),
        "controls": controls_frame(contest),
        "classes": classes_frame(contest),
        "free_classes": free_frame(contest),
        "scheme_weights": weights_frame(contest),
        "regret": regret_frame(contest),
        "stability": stability_frame(contest),
        "scheme_frontiers": frontiers_frame(contest),
        "scheme_segments": segments_frame(contest),
        "scheme_rules": rules_frame(contest),
        "left_out": pd.DataFrame(list(contest.entered.left_out), columns=["scheme", "reason"]).astype(
            "object"
        ),
    }


def tournament_frame(contest: ContestOutcome) -> pd.DataFrame:
    """One row per scheme and floor, the cheapest first.

    Notes
    -----
    ``percent_vs_…`` are (scheme − other) ÷ other at equal fill on the verdict seed, each with its own
    paired interval; ``excess`` is the percentage over the best of the other schemes, for all schemes
    together (Hsu). ``n_targets`` counts different targets in the plan, ``explained`` the share of
    SKU-locations not at the plan's commonest target.
    """
    volumes = hypervolumes(contest)
    rows = []
    for fill in contest.tournament.arena.fills:
        for rank, name in enumerate(contest.tournament.ranking(fill), start=1):
            rows.append(_standing(contest, name, fill, rank, volumes))
    return pd.DataFrame(rows)


def _standing(
    contest: ContestOutcome, name: str, fill: float, rank: int, volumes: dict[str, float]
) -> dict[str, Any]:
    held, stable = contest.tournament, contest.stability
    entry, place = held.entries[name], held.names.index(name)
    low, high = held.multiple(fill).with_best
    row: dict[str, Any] = {
        "scheme": name,
        "at_fill": fill,
        "rank": rank,
        "n_segments": entry.n_segments,
        **spread("holding_cost", held.cost(name, fill)),
        "holding_cost_search": entry.search_cost.get(fill, math.nan),
        **spread("percent_vs_one_class", held.percent(name, held.entries[held.names[-1]], fill)),
        **spread("percent_vs_per_sku", held.percent(name, held.per_sku, fill)),
    }
    free = held.free.get(entry.n_segments)
    row |= spread("percent_vs_free", held.percent(name, free, fill)) if free is not None else {}
    row |= {
        "excess_low": math.expm1(low[place]),
        "excess_high": math.expm1(high[place]),
        "may_be_best": held.may_be_best(name, fill),
        **_controls(contest, name, fill),
        "n_targets": held.n_targets(name),
        "explained": held.explained(name),
        **spread("fill_at_capital", entry.fill_at(contest.capital).estimate(held.level)),
        "hypervolume": volumes.get(name, math.nan),
        "gap": entry.gap,
    }
    for what, ranks in (("seeds", stable.seed_ranks), ("catalogues", stable.catalogue_ranks)):
        mine = ranks[:, place]
        row |= {f"rank_{what}_low": _end(mine, min), f"rank_{what}_high": _end(mine, max)}
        row[f"first_{what}"] = float((mine == 1).mean()) if mine.size else math.nan
    row["rule"] = next(
        (one.segmentation.rule for one in held.entrants if one.name == name), "one target for all"
    )
    return row


def rules_frame(contest: ContestOutcome) -> pd.DataFrame:
    """One row per scheme, learned class and column that its rule asks about: above < column ≤ up_to."""
    rows = [
        (entrant.name, name, condition(bounds), column, *ends)
        for entrant in contest.tournament.entrants
        for name, bounds in entrant.segmentation.bounds
        for column, ends in sorted(bounds.items())
    ]
    found = pd.DataFrame(rows, columns=["scheme", "segment", "where", "attribute", "above", "up_to"])
    ends = {name: found[name].astype("float64").replace([math.inf, -math.inf], math.nan) for name in _ENDS}
    return found.assign(**ends)


def _controls(contest: ContestOutcome, name: str, fill: float) -> dict[str, Any]:
    held = contest.tournament
    share = held.control_share(name, fill)
    drawn = held.controls.get(name)
    costs = np.array([math.nan]) if drawn is None else drawn[held.arena.fills.index(fill)]
    return {
        "control_low": float(costs.min()),
        "control_median": float(np.median(costs)),
        "control_high": float(costs.max()),
        "control_share": share,
        "beats_random": bool(share <= 1 - held.level + 1e-12),
    }


def hypervolumes(contest: ContestOutcome) -> dict[str, float]:
    """Area between each frontier and a common corner, as a share of it (0 to 1); empty without moocore."""
    from importlib.util import find_spec

    if find_spec("moocore") is None:
        return {}
    from moocore import hypervolume

    held = contest.tournament
    points = {name: _points(entry) for name, entry in [*held.entries.items(), (PER_SKU, held.per_sku)]}
    corner = np.max([table.max(axis=0) for table in points.values()], axis=0)
    low = np.min([table.min(axis=0) for table in points.values()], axis=0)
    span = np.where(corner > low, corner - low, 1.0)
    return {name: float(hypervolume((table - low) / span, ref=np.ones(2))) for name, table in points.items()}


def _points(entry: Entry) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(p, 2) holding cost and share not served, verdict seed; both to be kept low."""
    fill = entry.part.sum(axis=1) / entry.whole.sum(axis=1)
    return np.column_stack([entry.cost.mean(axis=1), 1.0 - fill])


def pairs_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Every pair of schemes once, the cheaper first; intervals hold for all pairs of a floor together.

    Notes
    -----
    Distinguishable: the interval excludes zero and no further seed turns the sign (``sign_changes``).
    """
    held, stable = contest.tournament, contest.stability
    lost = {frozenset(pair[:2]): pair[2] for pair in stable.lost_pairs}
    turned = {frozenset(pair) for pair in stable.reversed_pairs}
    rows = []
    for fill in held.arena.fills:
        order = held.ranking(fill)
        for place, a in enumerate(order):
            for b in order[place + 1 :]:
                one, both = held.pair(a, b, fill), frozenset((a, b))
                main = fill == held.fill
                rows.append(
                    {
                        "a": a,
                        "b": b,
                        "at_fill": fill,
                        **spread("percent", one),
                        "told_apart": bool((one.low > 0 or one.high < 0) and not (main and both in turned)),
                        "level": held.level,
                        "batches": one.n,
                        "sign_changes": bool(main and both in turned),
                        "not_told_apart_on": lost.get(both, 0) if main else 0,
                    }
                )
    return pd.DataFrame(rows)


def controls_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Random partitions of the sizes of every scheme, and the scheme's place among them."""
    held = contest.tournament
    rows = [
        {"scheme": name, "at_fill": fill, "draw": draw + 1, "holding_cost": float(cost)}
        for name, drawn in held.controls.items()
        for fill, costs in zip(held.arena.fills, drawn, strict=True)
        for draw, cost in enumerate(costs)
    ]
    return pd.DataFrame(rows, columns=["scheme", "at_fill", "draw", "holding_cost"])


def classes_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Price of segmentation against the number of classes, one row per scheme and number; may be empty."""
    rows = [
        {
            "scheme": one.scheme,
            "classes": one.k,
            "n_segments": one.n_segments,
            "at_fill": contest.tournament.fill,
            "holding_cost_search": one.search_cost,
            **spread("holding_cost", one.cost),
            **spread("percent_vs_per_sku", one.price),
            "gain_search": one.gain_search,
            **spread("gain", one.gain),
            "gain_vanishes": one.vanishes,
            "cost_with_rules": one.total_cost,
            "recommended": one.recommended,
        }
        for one in contest.classes
    ]
    return pd.DataFrame(rows, columns=None if rows else list(_OF_CLASSES))


def free_frame(contest: ContestOutcome) -> pd.DataFrame:
    """The best k targets with free assignment: the bound on every scheme of k classes, and its price."""
    held = contest.tournament
    rows = [
        {
            "classes": k,
            "at_fill": fill,
            "holding_cost_search": entry.search_cost.get(fill, math.nan),
            "bound_search": entry.search_cost.get(fill, math.nan) * (1 - entry.gap)
            if fill == held.fill
            else math.nan,
            **spread("holding_cost", entry.cost_at(fill).estimate(held.level)),
            **spread("percent_vs_per_sku", held.relative(entry, held.per_sku, fill)),
        }
        for k, entry in held.free.items()
        for fill in held.arena.fills
    ]
    return pd.DataFrame(rows)


def regret_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Plans made for one definition of service, judged by every other (the cheapest scheme's)."""
    rows = [
        {
            "scheme": contest.winner,
            "made_for": one.made_for,
            "judged_by": one.judged_by,
            "asked": contest.tournament.fill,
            "holding_cost": one.cost,
            **spread("achieved", one.achieved),
            **spread("regret", one.regret),
        }
        for one in contest.regrets
    ]
    return pd.DataFrame(rows, columns=None if rows else list(_OF_REGRETS))


def weights_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Every scheme by every weight of service: the deciding one's plans, held fixed.

    Notes
    -----
    ``percent_vs_one_class`` is read at equal service: by the deciding weight at the floor, by another where
    the one class's plan of the floor stands.
    """
    held, own = contest.tournament, contest.tournament.arena.service.name
    last = held.entries[held.names[-1]]
    rows = []
    for name in held.ranking():
        entry = held.entries[name]
        choice = entry.asked.get(held.fill)
        if choice is not None:
            at = int(np.flatnonzero((entry.choice == choice).all(axis=1))[0])
            rows.append(_by_weight(name, own, True, entry_service(entry, at, held.level)))
            rows[-1] |= spread("percent_vs_one_class", held.percent(name, last))
        for one in contest.weights:
            if one.scheme == name:
                rows.append(_by_weight(name, one.judged_by, False, one.achieved))
                rows[-1] |= spread("percent_vs_one_class", one.percent)
    frame = pd.DataFrame(rows, columns=None if rows else list(_OF_WEIGHTS))
    if len(frame):
        frame["rank"] = frame.groupby("judged_by")["percent_vs_one_class"].rank(method="min")
    return frame


def _by_weight(scheme: str, judged_by: str, decides: bool, achieved: Estimate) -> dict[str, Any]:
    return {"scheme": scheme, "judged_by": judged_by, "decides": decides, **spread("achieved", achieved)}


def entry_service(entry: Entry, plan: int, level: float) -> Estimate:
    """Service of one plan of a scheme on the verdict seed."""
    return ratio_estimate(entry.part[plan], entry.whole[plan], level)


def stability_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Rank of every scheme on every further seed and resampled catalogue."""
    stable = contest.stability
    parts = (("seed", stable.seeds, stable.seed_ranks), ("catalogue", None, stable.catalogue_ranks))
    rows = [
        {
            "of": what,
            "number": int(numbers[row]) if numbers is not None else row + 1,
            "scheme": name,
            "rank": int(rank),
        }
        for what, numbers, ranks in parts
        for row, line in enumerate(ranks)
        for name, rank in zip(stable.names, line, strict=True)
    ]
    return pd.DataFrame(rows, columns=["of", "number", "scheme", "rank"])


def frontiers_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Every scheme's plans on the verdict seed, and the per-SKU plans under them."""
    held = contest.tournament
    rows = []
    for name, entry in [*held.entries.items(), (PER_SKU, held.per_sku)]:
        for cost, miss in sorted(_points(entry).tolist()):
            rows.append({"scheme": name, "fill_rate": 1.0 - miss, "holding_cost": cost})
    return pd.DataFrame(rows)


def segments_frame(contest: ContestOutcome) -> pd.DataFrame:
    """Every scheme's segments at the deciding floor: value, target, and service on the verdict seed.

    Notes
    -----
    ``first`` and ``second`` are the values of the two attributes of a product, empty for other schemes.
    """
    frame = pd.DataFrame(_segments(contest))
    return frame.astype({"first": object, "second": object}) if len(frame) else frame


def _segments(contest: ContestOutcome) -> Iterator[dict[str, Any]]:
    held, value = contest.tournament, contest.data.models.annual_value
    for one in held.entrants:
        asked = held.entries[one.name].asked.get(held.fill)
        if asked is None:
            continue
        part, whole = held.arena.segment_service(one.segmentation.codes, asked)
        sizes, attributes = one.segmentation.sizes, one.segmentation.attributes
        two = len(one.segmentation.by) == 2
        for code, segment in enumerate(one.segmentation.names):
            yield {
                "scheme": one.name,
                "segment": segment,
                "first": attributes[code][0] if two else None,
                "second": attributes[code][1] if two else None,
                "n_items": int(sizes[code]),
                "annual_value": float(value[one.segmentation.codes == code].sum()),
                "target": float(held.arena.targets[asked[code]]),
                **spread("achieved", ratio_estimate(part[code], whole[code], held.level)),
            }


def shown(contest: ContestOutcome) -> dict[str, pd.DataFrame]:
    """The few columns that fit a terminal, at the deciding floor."""
    frame = tournament_frame(contest)
    main = frame[frame["at_fill"] == contest.tournament.fill]
    names = ["scheme", "n_segments", "holding_cost", "percent_vs_one_class", "percent_vs_per_sku"]
    wide = [column for name in names for column in (name, f"{name}_low", f"{name}_high") if column in main]
    return {
        "schemes": main[[*wide, "may_be_best", "beats_random", "n_targets", "explained"]].reset_index(
            drop=True
        )
    }


def _end(ranks: np.ndarray[Any, np.dtype[np.int64]], of: Any) -> float:
    return float(of(ranks.tolist())) if ranks.size else math.nan
