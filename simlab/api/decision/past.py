"""The plan on the real last periods: laws, segments and levels made again before the cut, and replayed.

The plan itself uses the whole history; what is replayed asks the same targets of laws that never saw these
periods, beside today's levels and the habit, on the same periods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.api.data.replay import PATHS, compared_rows
from simlab.api.decision.headline import Replay
from simlab.api.learning.growers import is_grown
from simlab.api.learning.learning import segment
from simlab.api.simulator.simulator import plan_columns, references
from simlab.arrays import FloatArray
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.world.levels import Levels
from simlab.measures import ALL, PLAN_NAMES
from simlab.measures.decision import short_rate
from simlab.measures.shown import Public
from simlab.models import HeldOut, split, stock_at_cut
from simlab.models.history import no_history
from simlab.run.statements import Statement
from simlab.segments import Segmentation
from simlab.study.sections import ReplaySpec
from simlab.verdict.replay.origins import horizons
from simlab.verdict.replay.replay import ReplaySums, protection, replay_plans

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

_LEAST = {"day": 56, "week": 8, "month": 2}
_SHARE, _REMAIN = 5, 5
"""At most a fifth of the history is held out; at least five times as much must remain, or two years."""
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
    """

    frame: pd.DataFrame
    length: str
    laws_to: str
    levels_to: str

    @property
    def judged(self) -> Replay:
        """For the headline: whether reality lay inside the interval, by units and by value."""
        row = self._total("segmented")
        if not row or not row["n_judged"]:
            return Replay(None, self.length)
        sides = [row[f"{name}_inside"] for name in ("fill_rate", "value_rate")]
        return Replay(all(bool(side) for side in sides if side is not None), self.length)

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
            f"of units and {_of(own, 'value_rate')} of value; {'; '.join(self._others())}. Tested on laws up "
            f"to {self.laws_to}; the plan's levels use data up to {self.levels_to}. Sales stand for demand, "
            "and the interval takes items as independent."
        )
        title = f"{'Confirmed' if self.judged.confirmed else 'Not confirmed'} by the last {self.length}."
        return (Statement(state, title, text, "replay", "replay"),)

    def _others(self) -> Iterator[str]:
        for plan in ("today", "habit"):
            row = self._total(plan)
            if row:
                rates = f"{short_rate(row['fill_rate'])} and {short_rate(row['value_rate'])}"
                yield f"{PLAN_NAMES[plan].short} {rates}"

    def look(self) -> tuple[Statement, ...]:
        """A warning where the plan is not confirmed."""
        if self.judged.confirmed is not False:
            return ()
        own = self._total("segmented")
        served, hoped = (short_rate(own[name]) for name in ("fill_rate", "fill_rate_expected"))
        text = (
            f"The last {self.length} would have been served {served} of units, not {hoped} as expected: "
            f"{_sales(own)}."
        )
        return (Statement("open", f"last {self.length}: {served}, not {hoped}", text, "replay", "look"),)


def _sales(row: dict[str, Any]) -> str:
    """How far the sales themselves lay from what the laws expected."""
    moved = row["demand"] / row["demand_expected"] - 1 if row["demand_expected"] else float("nan")
    if not abs(moved) >= 0.005:
        return "sales were what the laws expected"
    word, inside = "above" if moved > 0 else "below", row["demand_inside"]
    why = "" if inside else " (a season or a trend that the study does not model?)"
    return f"sales were {abs(100 * moved):.0f}% {word} what the laws expected{why}"


def _of(row: dict[str, Any], name: str) -> str:
    """ "94.1% (expected 95.0%, 94.2 to 95.7%)"."""
    expected, low, high = (row[f"{name}_{end}"] for end in ("expected", "low", "high"))
    ends = f"{100 * low:.1f} to {100 * high:.1f}%"
    return f"{short_rate(row[name])} (expected {short_rate(expected)}, {ends})"


def held_out(opt: Outcome) -> Held | None:
    """Replay the last periods; None where the history is too short, or the study does not ask."""
    import pandas as pd

    data, n = opt.data, periods_held(opt.data)
    if n == 0:
        return None
    past = past_of(data, n)
    segmentation = _segments(past, opt)
    held = split(past.catalog, n)[1]
    plans = {"segmented": _planned(past, segmentation, opt), **references(past).levels}
    replayed = _replayed(past, list(plans.values()), held)
    rows = [
        {"plan": kind, **row}
        for kind, (real, hoped) in zip(plans, replayed, strict=True)
        for row in compared_rows(past, segmentation, real, hoped, opt.settings.level)
    ]
    last = (held.days[0] - np.timedelta64(1, "D")).astype("datetime64[D]")
    return Held(pd.DataFrame(rows), length_of(n, data.study.period), str(last), str(data.catalog.as_of))


def judged_by(opt: Outcome, held: Held | None, table: pd.DataFrame | None) -> Replay | None:
    """What the headline needs: of `held`, else of the study's own [replay], else nothing."""
    spec = opt.data.study.replay
    if held is not None or spec is None or table is None:
        return None if held is None else held.judged
    row = table[table["segment"] == ALL].iloc[0]
    inside = row["fill_rate_inside"]
    confirmed = None if inside is None or inside != inside else bool(inside)
    return Replay(confirmed, length_of(spec.holdout, opt.data.study.period))


def periods_held(data: Data) -> int:
    """Periods to hold out: the longer of 8 weeks and twice the 90 % quantile of R + L; 0 for none.

    At most a fifth of the history; none where neither two years nor five times as much remain.
    """
    study = data.study
    if not study.verdict.replay or study.replay is not None or data.history is None:
        return 0
    whole = data.history.calendar.n_periods
    least = _LEAST.get(study.period, max(1, round(study.periods_per_year * 56 / 365)))
    span = int(np.ceil(2 * np.quantile(horizons(data.models), 0.9)))
    n = min(max(least, span), whole // _SHARE)
    left = whole - n
    enough = left >= min(2 * study.periods_per_year - 1, _REMAIN * n)
    return n if n > 0 and enough else 0


def past_of(data: Data, periods: int) -> Data:
    """The same tables as they were known before the last periods."""
    study = data.study
    demand = study.demand.model_copy(update={"no_history": "exclude"})
    cut = study.model_copy(update={"replay": ReplaySpec(holdout=periods), "demand": demand})
    return Data(no_history.leave_out(replace(data.catalog, study=cut)))


def length_of(periods: int, period: str) -> str:
    """ "8 weeks"."""
    if period == "day" and periods % 7 == 0:
        periods, period = periods // 7, "week"
    return f"{periods} {period}{'' if periods == 1 else 's'}"


def _segments(past: Data, opt: Outcome) -> Segmentation:
    """The scheme applied to what was known; grown segments stay as they are."""
    if not any(is_grown(opt.data, name) for name in opt.segmentation.by):
        return segment(past, list(opt.segmentation.by))
    return replace(opt.segmentation, codes=opt.segmentation.codes[_rows(past, opt)])


def _rows(past: Data, opt: Outcome) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(n,) row of the whole catalogue of each item known before the cut."""
    whole = {key: row for row, key in enumerate(_keys(opt.data))}
    return np.array([whole[key] for key in _keys(past)], dtype=np.int64)


def _keys(data: Data) -> Iterator[tuple[str, str]]:
    return zip(data.catalog.sku, data.catalog.location, strict=True)


def _planned(past: Data, segmentation: Segmentation, opt: Outcome) -> Levels:
    """Levels at the chosen targets; a class that the plan does not know takes the item's own target."""
    own = opt.solved.targets["segmented"][_rows(past, opt)]
    targets = dict(zip(opt.segmentation.names, opt.chosen.targets, strict=True))
    asked: FloatArray = np.array(
        [
            targets.get(segmentation.names[code], own[row])
            for row, code in enumerate(segmentation.codes.tolist())
        ]
    )
    return plan_columns(past, asked[:, None]).levels


def _replayed(past: Data, plans: list[Levels], held: HeldOut) -> list[tuple[ReplaySums, ReplaySums]]:
    """What was, and what the laws expected, under each plan."""
    world = past.models.world
    periods = held.n_periods + 2 * int(protection(world).max())
    paths = int(np.clip(_WORK // (world.n_items * periods), _FEWEST, PATHS))
    seed = phase_seed(past.study.simulation.seed, "selection")
    opening = stock_at_cut(past.catalog, held)
    return replay_plans(world, plans, held, paths=paths, seed=seed, opening=opening)
