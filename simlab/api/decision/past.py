"""The plan on the real last periods: laws, segments and levels made again before the cut, and replayed.

The plan itself uses the whole history; what is replayed asks the same targets of laws that never saw these
periods, beside today's levels and the habit, on the same periods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.api.data.replay import PATHS, Replayed, compared_rows, lead_times_of, replay_plan
from simlab.api.decision.headline import Replay
from simlab.api.simulator.before import Before, before, length_of
from simlab.api.simulator.simulator import plan_columns, references
from simlab.arrays import FloatArray, IntArray
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.world.levels import Levels
from simlab.measures import ALL, PLAN_NAMES
from simlab.measures.decision import short_rate
from simlab.measures.shown import Public
from simlab.models import stock_at_cut
from simlab.models.forecasts.before import unknown_before
from simlab.policies.levels.forecasting import FORECAST, METHODS
from simlab.run.statements import Statement, lines
from simlab.segments import Segmentation
from simlab.verdict.replay.origins import horizons
from simlab.verdict.replay.replay import ReplaySums, protection, replay_plans

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome
    from simlab.api.plans.solved import Solved

_LEAST = {"day": 56, "week": 8, "month": 2}
_SHARE, _REMAIN = 5, 5
"""At most a fifth of the history is held out; at least five times as much must remain, or two years."""
_YEAR = np.timedelta64(364, "D")
_WORK, _FEWEST = 30_000_000, 20
"""SKU-location-periods × draws of one replay at most, as long as `_FEWEST` draws allow it."""


@dataclass(frozen=True, eq=False, repr=False)
class Held(Public):
    """The last periods under the plan, today's levels and the habit.

    Attributes
    ----------
    frame : DataFrame
        One row per plan × segment (and all): real fill rate by units (`fill_rate`) and by value
        (`value_rate`) beside what was expected, its prediction interval, and whether reality lies inside.
    length : str
        "8 weeks".
    laws_to, levels_to : str
        Last dates that the laws of the replay, and those of the plan, have seen.
    season : float
        Sales of the same periods a year before ÷ mean sales of the rest of that year; NaN where the history
        does not reach back, or the laws of the replay know a season.
    cycle : str
        The season that `models.seasonality` would need: "364 days"; empty where the study asks for one that
        the history before the cut is too short to show.
    """

    frame: pd.DataFrame
    length: str
    laws_to: str
    levels_to: str
    season: float = float("nan")
    cycle: str = "52 weeks"

    @property
    def judged(self) -> Replay:
        """For the headline: whether reality lay inside the interval, by units and by value."""
        row = self._total("segmented")
        if not row or not row["n_judged"]:
            return Replay(None, self.length)
        why = _MORE if row["fill_rate"] > row["fill_rate_high"] else ""
        season = _SEASON if self.cycle else _LATER
        why = ", ".join((*([why] if why else []), *([season] if self._seasonal(row) else [])))
        sides = [row[f"{name}_inside"] for name in _SIDES]
        confirmed = all(bool(side) for side in sides if side is not None)
        return Replay(confirmed, self.length, why, "" if confirmed else _missed(row))

    def _seasonal(self, row: dict[str, Any]) -> bool:
        """Whether the same periods a year before explain at least half of how far these are off."""
        moved, season = _moved(row), self.season - 1
        return bool(not row["demand_inside"] and moved * season > 0 and abs(season) >= abs(moved) / 2)

    def _total(self, plan: str) -> dict[str, Any]:
        rows = self.frame[(self.frame["plan"] == plan) & (self.frame["segment"] == ALL)]
        return {} if rows.empty else {str(key): value for key, value in rows.iloc[0].to_dict().items()}

    def statements(self) -> tuple[Statement, ...]:
        """What was served, plan by plan, with both dates."""
        own = self._total("segmented")
        if not own or not own["n_judged"]:
            text = f"The last {self.length} were not replayed: R + L is too long for all SKU-locations."
            return (Statement("none", "", text, "replay", "replay"),)
        state = "good" if self.judged.confirmed else "bad"
        text = (
            f"The last {self.length}, replayed: the plan's targets would have served {_of(own, 'fill_rate')} "
            f"of units and {_of(own, 'value_rate')} of value; {'; '.join(self._others())}. "
            f"{self._of_all(own)}Tested on laws up to {self.laws_to}; the plan's levels use data up "
            f"to {self.levels_to}. Sales stand for demand, "
            "and the interval takes items as independent."
        )
        title = f"{'Confirmed' if self.judged.confirmed else 'Not confirmed'} by the last {self.length}."
        return (Statement(state, title, text, "replay", "replay"),)

    def _of_all(self, row: dict[str, Any]) -> str:
        """How many SKU-locations that says something of, where it is not all."""
        if row["n_judged"] == row["n_items"]:
            return ""
        return (
            f"That judges {int(row['n_judged']):,} of {int(row['n_items']):,} SKU-locations: the others "
            f"take too long from order to receipt for {self.length} to tell. "
        )

    def _others(self) -> Iterator[str]:
        for plan in ("today", "habit"):
            row = self._total(plan)
            if row:
                rates = f"{short_rate(row['fill_rate'])} and {short_rate(row['value_rate'])}"
                yield f"{PLAN_NAMES[plan].short} {rates}"

    def _beside(self, name: str) -> str:
        """What today's levels, else the habit, would have served then; empty without either."""
        noun = PLAN_NAMES["habit"].short
        habit = noun[:1].upper() + noun[1:]
        for plan, words in (("today", "Today's levels"), ("habit", habit)):
            row = self._total(plan)
            if row and np.isfinite(row[name]):
                return f"{words} would have served {short_rate(row[name])} of {_SIDES[name]} then. "
        return ""

    def look(self) -> tuple[Statement, ...]:
        """A warning where the plan is not confirmed."""
        if self.judged.confirmed is not False:
            return ()
        own = self._total("segmented")
        worst = _farthest(own)
        missed = _said(own, worst)
        more = "If you need that service at such a time, raise fill_rate in the study."
        less = "" if _is_more(own, worst) else more
        text = (
            f"The last {self.length} would have been served {missed} as expected of these SKU-locations then"
            f"{_kept(own)}: {self._sales(own)}. "
            f"{self._beside(worst)}{self._of_all(own)}{less}"
        )
        title = f"last {self.length}: {missed}"
        return (Statement("open", title, text.strip(), "replay", "look"),)

    def _sales(self, row: dict[str, Any]) -> str:
        """How far the sales themselves lay from what the model expected, and what a year before says."""
        moved = _moved(row)
        if not abs(moved) >= 0.005:
            return "sales were what the model expected"
        said = f"sales were {_off(moved)} what the model expected"
        if row["demand_inside"]:
            return said
        if self._seasonal(row):
            before = f"the same weeks a year before were {_off(self.season - 1)} the rest of that year"
            if not self.cycle:
                return f"{said}, and {before}: a season that is not known before it was seen twice"
            need = f"it takes two whole cycles of {self.cycle} of history"
            return f"{said}, and {before}: a season that the study does not model ({need})"
        if abs(self.season - 1) <= abs(moved) / 4:
            return f"{said}, a year before the same weeks were like the rest: a trend, or chance"
        return f"{said} (a season or a trend that the study does not model?)"


_MORE, _SEASON, _LATER = "served better", "a season not modelled", "a season not known then"
_CYCLES = {"day": "364 days", "week": "52 weeks", "month": "12 months"}


_SIDES = {"fill_rate": "units", "value_rate": "value"}


def _farthest(row: dict[str, Any]) -> str:
    """The weight farthest outside what was expected."""
    outside = [name for name in _SIDES if row[f"{name}_inside"] is not None and not row[f"{name}_inside"]]
    return max(outside, key=lambda name: abs(row[name] - row[f"{name}_expected"]))


def _said(row: dict[str, Any], name: str) -> str:
    """Real and expected service by one weight."""
    return f"{short_rate(row[name])} of {_SIDES[name]}, {_instead(row, name)}"


def _missed(row: dict[str, Any]) -> str:
    """Of the weight farthest outside what was expected: real and expected; then which one is not."""
    return f"{_said(row, _farthest(row))}{_kept(row)}"


def _kept(row: dict[str, Any]) -> str:
    """Which weights were served as expected."""
    return "".join(f"; {_SIDES[name]} as expected" for name in _SIDES if row[f"{name}_inside"])


def _is_more(row: dict[str, Any], name: str) -> bool:
    """Whether more was served than expected."""
    return bool(row[name] > row[f"{name}_high"])


def _instead(row: dict[str, Any], name: str) -> str:
    """ "not 95.0%", or "more than 95.0%"."""
    return f"{'more than' if _is_more(row, name) else 'not'} {short_rate(row[f'{name}_expected'])}"


def _moved(row: dict[str, Any]) -> float:
    """Sales ÷ what the model expected, less 1."""
    return row["demand"] / row["demand_expected"] - 1 if row["demand_expected"] else float("nan")


def _off(share: float) -> str:
    return f"{abs(100 * share):.0f}% {'above' if share > 0 else 'below'}"


def _of(row: dict[str, Any], name: str) -> str:
    """ "94.1% (expected 95.0%, 94.2 to 95.7%)"."""
    expected, low, high = (row[f"{name}_{end}"] for end in ("expected", "low", "high"))
    ends = f"{100 * low:.1f} to {100 * high:.1f}%"
    return f"{short_rate(row[name])} (expected {short_rate(expected)}, {ends})"


@dataclass(frozen=True, eq=False)
class Told:
    """What a replay of the last periods takes of a plan.

    Attributes
    ----------
    periods : int
        Held out.
    segmentation : Segmentation
    by_segment, by_item : (segments,) and (n,) float
        Targets.
    level : float
        Of the intervals.
    """

    periods: int
    segmentation: Segmentation
    by_segment: FloatArray
    by_item: FloatArray
    level: float

    @classmethod
    def of(cls, opt: Outcome) -> Told | None:
        """Of an outcome; None where the history is too short, or nobody asks."""
        return cls.of_solved(opt.data, opt.segmentation, opt.solved, opt.settings.level)

    @classmethod
    def of_solved(cls, data: Data, segmentation: Segmentation, solved: Solved, level: float) -> Told | None:
        """Of a plan that is chosen, and not tested yet."""
        periods = periods_held(data)
        if periods == 0:
            return None
        by_segment: FloatArray = np.array(solved.chosen.targets, np.float64)
        by_item = np.asarray(solved.targets["segmented"], np.float64)
        return cls(periods, segmentation, by_segment, by_item, level)

    def before(self, data: Data, past: Data | None = None) -> Before:
        """The plan made again as before its last periods; `past`: with laws of that time."""
        return before(data, self.periods, self.segmentation, self.by_segment, self.by_item, past)


Last = tuple["Held | None", "Replayed | None"]
"""The last periods under the plan and its rivals; with the study's own [replay] its forecasts, too."""


def last_periods(opt: Outcome) -> Last:
    """Replay the last periods; nothing where the history is too short, or the study does not ask."""
    told = Told.of(opt)
    return (None, None) if told is None else last_of(opt.data, told)


def last_of(data: Data, told: Told, past: Data | None = None) -> Last:
    """Replay the last periods under a plan; `past`: with laws of that time that are there already."""
    then = told.before(data, past)
    return _held(data, then, told.level), _replay(data, then, told.level)


def held_out(opt: Outcome) -> Held | None:
    """Replay the last periods; None where the history is too short, or the study does not ask."""
    told = Told.of(opt)
    return None if told is None else _held(opt.data, told.before(opt.data), told.level)


def _held(data: Data, then: Before, level: float) -> Held:
    import pandas as pd

    plans = {"segmented": planned_before(then), **references(then.data).levels}
    rows = [
        {"plan": kind, **row}
        for kind, (real, hoped) in zip(plans, _replayed(then, list(plans.values())), strict=True)
        for row in compared_rows(then.data, then.segmentation, real, hoped, level)
    ]
    length = length_of(then.periods, data.study.period)
    study = data.study
    return Held(
        pd.DataFrame(rows),
        length,
        then.laws_to,
        str(data.catalog.as_of),
        season_before(data, then),
        "" if study.models.seasonality is not None else _CYCLES.get(study.period, "a year"),
    )


def season_before(data: Data, then: Before) -> float:
    """Sales of the judged periods moved back by 52 weeks ÷ what the rest of that year sold in as long a time.

    Of every SKU-location the first max(R + L) periods are not judged, as in the replay.
    """
    table, first = data.catalog.demand, data.catalog.first_date
    cut, end = then.held.days[0], np.datetime64(data.catalog.as_of, "D")
    if table is None or first is None or then.data.models.world.demand.seasons is not None:
        return float("nan")
    if cut - _YEAR < np.datetime64(first, "D") or end - cut >= _YEAR:
        return float("nan")
    skipped = np.full(data.catalog.n_items, _YEAR.astype(int))
    skipped[then.rows] = np.ceil(protection(then.data.models.world) * data.study.period_days)
    days = np.maximum((end - cut).astype(int) + 1 - skipped, 0)
    same, whole = np.zeros((2, data.catalog.n_items))
    for rows in table.blocks():
        date, item, quantity = table.dates(rows), table.item[rows], table.quantity[rows]
        back = (end - _YEAR - date).astype(int)  # 0: a year before the last day
        inside = (back >= 0) & (back < days[item])
        year = (date >= cut - _YEAR) & (date < cut)
        np.add.at(same, item[inside], quantity[inside])
        np.add.at(whole, item[year], quantity[year])
    expected = (whole - same) / (_YEAR.astype(int) - days) * days
    return float(same.sum() / expected.sum()) if expected.sum() > 0 else float("nan")


def replayed(opt: Outcome) -> Replayed | None:
    """The plan on the study's own [replay], with its forecasts, else on the last periods."""
    import pandas as pd

    told = Told.of(opt)
    if told is None:
        return None
    then = told.before(opt.data)
    if opt.data.study.replay is not None:
        return _replay(opt.data, then, told.level)
    held, none = _held(opt.data, then, told.level), pd.DataFrame()
    own = held.frame[held.frame["plan"] == "segmented"].drop(columns="plan").reset_index(drop=True)
    return Replayed(own, none, none, lines(held.statements()), opt.data.study.currency)


def _replay(data: Data, then: Before, level: float) -> Replayed | None:
    if data.study.replay is None:
        return None
    return replay_plan(then.data, then.segmentation, planned_before(then), level)


def planned_before(then: Before) -> Levels:
    """Levels at the targets of the plan, from what was known before the cut."""
    return plan_columns(then.data, then.targets[:, None]).levels


def periods_held(data: Data, spans: IntArray | None = None) -> int:
    """Periods to hold out: the longer of 8 weeks and twice the 90 % quantile of R + L; 0 for none.

    `spans` are R + L of the items where they are known before the laws are.

    At most a fifth of the history; none where neither two years nor five times as much remain. The study's
    own [replay] says how many.
    """
    if data.study.replay is not None:
        return data.study.replay.holdout
    n, least, most = _usual(data, spans)
    if n == 0 or unforeseen(data):
        return 0
    if data.catalog.forecast is None:
        return n
    spans = horizons(data.models) if spans is None else spans
    return _covered(data, n, min(n, least), most, spans)


def _usual(data: Data, spans: IntArray | None) -> tuple[int, int, int]:
    """Periods that the default holds out, 0 for none; the least and the most that it would."""
    study = data.study
    if not study.verdict.replay or data.calendar is None:
        return 0, 0, 0
    whole = data.calendar.n_periods
    least = _LEAST.get(study.period, max(1, round(study.periods_per_year * 56 / 365)))
    spans = horizons(data.models) if spans is None else spans
    span = int(np.ceil(2 * np.quantile(spans, 0.9)))
    n = min(max(least, span), whole // _SHARE)
    left = whole - n
    enough = left >= min(2 * study.periods_per_year - 1, _REMAIN * n)
    return (n if n > 0 and enough else 0), least, whole // _SHARE


def unforeseen(data: Data) -> str:
    """Why no levels of the last periods can be known from before them; empty where they can."""
    policy = data.study.policy
    if policy.family == FORECAST and policy.forecast is not None and policy.forecast.method in METHODS:
        return "levels are updated inside the run, with each period's demand"
    return ""


def _covered(data: Data, n: int, least: int, most: int, spans: IntArray) -> int:
    """As many periods as the past forecast made right before them covers, the nearest to n; 0 for none."""
    for periods in sorted(range(least, most + 1), key=lambda k: (abs(k - n), -k)):
        if not unknown_before(data.catalog, periods, spans.astype(np.float64)):
            return periods
    return 0


def not_replayed(data: Data) -> tuple[Statement, ...]:
    """Why the last periods are not replayed, where the history is long enough."""
    n = 0 if data.study.replay is not None else _usual(data, None)[0]
    if n == 0:
        return ()
    spans = horizons(data.models).astype(np.float64)
    why = unforeseen(data) or unknown_before(data.catalog, n, spans)
    if not why:
        return ()
    text = f"The last {length_of(n, data.study.period)} are not replayed: {why}."
    return (Statement("none", "", text, "replay", "replay"),)


def _replayed(then: Before, plans: list[Levels]) -> list[tuple[ReplaySums, ReplaySums]]:
    """What was, and what the laws expected, under each plan."""
    past, held, world = then.data, then.held, then.data.models.world
    periods = held.n_periods + 2 * int(protection(world).max())
    paths = int(np.clip(_WORK // (world.n_items * periods), _FEWEST, PATHS))
    seed = phase_seed(past.study.simulation.seed, "selection")
    opening, recorded = stock_at_cut(past.catalog, held), lead_times_of(past, held)
    return replay_plans(world, plans, held, paths=paths, seed=seed, recorded=recorded, opening=opening)
