"""Levels to look at before believing them: beyond what was ever demanded, or far above today's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.arrays import FloatArray, IntArray
from simlab.engine.world.levels import Levels
from simlab.measures.decision import short_rate
from simlab.models.demand.past.largest import LEAST, NOT_KNOWN
from simlab.register.families import has_point
from simlab.run.statements import Statement

if TYPE_CHECKING:
    from simlab.arrays import BoolArray


BEYOND = 2.0
"""Times the largest demand in any R + L, from which on a level that costs something is listed."""

FAR_BEYOND = 3.0
"""The same of levels that cost little."""

ABOVE_TODAY = 3.0
"""Times the larger of today's stock and levels, from which on a level is listed."""

FEW_DEMANDS = 8
"""Periods with demand below which an item's share of the stock is told."""
TABLE = "levels_to_look_at"
_MUCH = 0.25
"""Share of the stock from which on what rests on few demands, or is listed, is said before one signs."""
_HEAVY = 0.10
_WORTH = 0.0005  # share of the stock from which a level costs something
_NAMED = 3


@dataclass(frozen=True, eq=False)
class LevelsToLookAt:
    """What to look at, and how much stock it is.

    Attributes
    ----------
    table : DataFrame
        One row per SKU-location listed, the costliest first: sku, location, level, largest_demand (in any
        R + L of the history), n_demands, on_hand, current_level, value (level at unit cost), share (of the
        plan's stock), reason.
    share : float
        Of the plan's stock, all listed together.
    few : float
        Share of the stock in SKU-locations with fewer than 8 periods with demand; NaN without history.
    n_few : int
        How many these are.
    measure : str
        What shares are of, in words.
    total : float
        What shares are of, study currency.
    heaviest : tuple of (str, int, int, float)
        Of those with fewer than 8 periods with demand the few that hold a tenth of the stock each: key,
        level, periods with demand, share.
    """

    table: pd.DataFrame
    share: float
    few: float
    n_few: int
    measure: str
    total: float = 0.0
    heaviest: tuple[tuple[str, int, int, float], ...] = ()

    def looks(self) -> tuple[Statement, ...]:
        """What of it a planner should see before signing: stock that rests on next to nothing."""
        found = []
        if self.heaviest:
            share, n = sum(one[3] for one in self.heaviest), len(self.heaviest)
            named = ", ".join(f"{key} (level {level:,}, {_times(m)})" for key, level, m, _ in self.heaviest)
            few = f"{n} items hardly ever demanded"
            where = f"{self.heaviest[0][0]}, demanded in {_times(self.heaviest[0][2])}" if n == 1 else few
            text = (
                f"{100 * share:.1f}% of {self.measure} is in {named}: the target of a segment buys it at any "
                "price. Order such an item when it is asked for (out of the items table), or give it a "
                "segment or a pin of its own."
            )
            title = f"{short_rate(share)} of the stock is in {where}"
            found.append(Statement("open", title, text, "few demands", "look"))
        elif self.few > _MUCH:
            title = f"{100 * self.few:.0f}% of the stock is in items with fewer than {FEW_DEMANDS} demands"
            found.append(Statement("open", title, self.on_few_demands(), "few demands", "look"))
        if self.share > _MUCH:
            n, share = len(self.table), 100 * self.share
            title = f"{n:,} levels to look at, {share:.0f}% of the stock"
            found.append(Statement("open", title, self.listed(), "levels", "look"))
        return tuple(found)

    def statements(self) -> tuple[str, ...]:
        """The same in sentences; nothing where there is no history."""
        return tuple(text for text in (self.listed(), self.on_few_demands()) if text)

    def listed(self) -> str:
        """The levels listed and their share; empty where none is, or without history."""
        if np.isnan(self.few) or not len(self.table):
            return ""
        first = [
            f"{row.sku}@{row.location} ({row.level:,}; {row.reason})"
            for row in self.table.head(_NAMED).itertuples()
        ]
        more = f" and {len(self.table) - _NAMED:,} more" if len(self.table) > _NAMED else ""
        return (
            f"Levels to look at: {len(self.table):,} SKU-locations, {100 * self.share:.1f}% of "
            f"{self.measure}: {'; '.join(first)}{more}."
        )

    def on_few_demands(self) -> str:
        """How much of the stock rests on few demands; empty without history."""
        if np.isnan(self.few) or self.n_few == 0:
            return ""
        return (
            f"{100 * self.few:.1f}% of {self.measure} is in {self.n_few:,} "
            f"SKU-location{'s' if self.n_few != 1 else ''} with fewer than {FEW_DEMANDS} periods with demand."
        )


def levels_to_look_at(
    data: Data, levels: Levels, stock: FloatArray | None = None, column: int = 0
) -> LevelsToLookAt:
    """Levels beyond what was ever demanded in R + L, or far above today's, as far as they cost something.

    Parameters
    ----------
    data : Data
    levels : Levels
        n items; `column` is the plan.
    stock : (n,) float, optional
        Mean stock at unit cost, study currency; where nothing was simulated the level at unit cost.

    Notes
    -----
    The level is S of (R,S) and s of the other rules, which is what protects R + L. Listed are levels above
    twice the largest demand, or three times today's stock and levels, of items with 0.05 % of the stock or
    more; of all items those above three times the largest demand. Levels up to 2 are never beyond.
    """
    models = data.models
    is_top = ~has_point(levels.family)
    level = np.where(is_top, levels.order_up_to[:, column], levels.reorder_point[:, column])
    cost = models.costs.unit_cost * models.costs.cost_resolution
    value = np.maximum(level, 0) * cost
    measure = "all levels at unit cost" if stock is None else "the plan's stock"
    held = value if stock is None else np.nan_to_num(stock)
    share = held / max(float(held.sum()), 1e-300)
    largest = np.full(level.size, NOT_KNOWN) if models.largest is None else models.largest
    today, current = _today(data, is_top)
    reason = _reasons(data, level, largest, today, share)
    rows = np.flatnonzero(reason != "")
    rows = rows[np.argsort(-share[rows], kind="stable")]
    history = data.history
    n_demands = np.zeros(level.size, np.int64) if history is None else history.n_positive
    few = (n_demands < FEW_DEMANDS) & (largest != NOT_KNOWN)
    table = pd.DataFrame(
        {
            "sku": np.array(models.sku, object)[rows],
            "location": np.array(models.location, object)[rows],
            "level": level[rows],
            "largest_demand": pd.array(largest[rows], "Int64"),
            "n_demands": n_demands[rows],
            "on_hand": data.catalog.numbers.get("on_hand", np.full(level.size, np.nan))[rows],
            "current_level": current[rows],
            "value": value[rows],
            "share": share[rows],
            "reason": reason[rows],
        }
    )
    table.loc[largest[rows] == NOT_KNOWN, "largest_demand"] = pd.NA
    told = float("nan") if history is None else float(share[few].sum())
    heavy = np.flatnonzero(few & (share >= _HEAVY)) if history is not None else np.zeros(0, np.int64)
    heavy = heavy[np.argsort(-share[heavy], kind="stable")][:_NAMED]
    heaviest = tuple(
        (data.catalog.keys[row], int(level[row]), int(n_demands[row]), float(share[row]))
        for row in heavy.tolist()
    )
    return LevelsToLookAt(
        table, float(share[rows].sum()), told, int(few.sum()), measure, float(held.sum()), heaviest
    )


def _times(n: int) -> str:
    return "one period" if n == 1 else f"{n} periods"


def _today(data: Data, is_top: BoolArray) -> tuple[FloatArray, FloatArray]:
    """(n,) larger of today's stock and level, and today's level alone; NaN where neither is given.

    A level is a position: stock counts with what is on order, and not where that is not known.
    """
    current = data.models.current
    top, point = current["current_order_up_to"], current["current_reorder_point"]
    level = np.where(is_top, np.where(np.isnan(top), point, top), np.where(np.isnan(point), top, point))
    none = np.full(level.size, np.nan)
    numbers, due = data.catalog.numbers, data.catalog.due
    on_order = numbers.get("on_order", none)
    if due is not None:
        on_order = np.fmax(on_order, np.bincount(due.item, due.quantity, level.size))
    return np.fmax(numbers.get("on_hand", none) + on_order, level), level


def _reasons(
    data: Data, level: IntArray, largest: IntArray, today: FloatArray, share: FloatArray
) -> np.ndarray:
    """(n,) why a level is listed; empty where it is not."""
    models = data.models
    known, costs = largest != NOT_KNOWN, share >= _WORTH
    beyond = known & costs & (level > np.maximum(LEAST, BEYOND * largest))
    beyond |= known & (level > np.maximum(LEAST, FAR_BEYOND * largest))
    limit = np.full(level.size, np.iinfo(np.int64).max) if models.level_limit is None else models.level_limit
    with np.errstate(invalid="ignore"):
        far = costs & (level > np.maximum(LEAST, ABOVE_TODAY * today))
    out = np.full(level.size, "", dtype=object)
    for row in np.flatnonzero(beyond | far).tolist():
        why = (beyond, level == limit, far, level > limit)
        out[row] = ", ".join(_words(row, level, largest, today, why))
    return out


def _words(
    row: int, level: IntArray, largest: IntArray, today: FloatArray, why: tuple[BoolArray, ...]
) -> list[str]:
    """The reasons of one item."""
    beyond, at_limit, far, above = (one[row] for one in why)
    said = []
    if above:
        said.append("above policy.level_limit: no limit holds for such levels")
    elif at_limit:
        said.append("at policy.level_limit")
    if beyond and largest[row] > 0:
        said.append(f"{level[row] / largest[row]:.1f} × the largest demand ever in R + L, {largest[row]:,}")
    elif beyond:
        said.append("nothing was ever demanded")
    if far:
        ratio = f"{level[row] / today[row]:.1f} × " if today[row] > 0 else "above "
        said.append(f"{ratio}today's stock and levels, {today[row]:,.0f}")
    return said
