"""What a system that looks at its stock every period serves from exported levels, by the plain simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.exporting.rules import EVERY_REVIEW, LOTS, TO_LEVEL, Levels, Rule
from simlab.run import RunFolder
from simlab.run.folder import MANIFEST
from simlab.selfcheck import reference
from simlab.selfcheck.plain_items import from_text, reviewed

if TYPE_CHECKING:
    import pandas as pd

MOST_ITEMS, MOST_PERIODS = 200, 400_000
"""Simulated again: SKU-locations, and periods in all (some ten seconds); replications are cut to fit."""
_plain: Any = reference
_FAMILIES = {EVERY_REVIEW: _plain.ORDER_UP_TO, TO_LEVEL: _plain.REORDER_UP_TO}

Change = Callable[[reference.Item, int], reference.Item]
"""From an item of the run and its parts of a unit to what the system does with it."""


@dataclass(frozen=True)
class Checked:
    """Both sides over the same SKU-locations and the same draws.

    Attributes
    ----------
    n : int
        SKU-locations simulated.
    of : int
        SKU-locations asked about.
    replications, periods : int
        Counted for each.
    served, planned : float
        Share of units served from stock: by the system, by the plan at its own reviews.
    stock : float
        Mean stock in money of the system over that of the plan; NaN where the plan has none.
    """

    n: int
    of: int
    replications: int
    periods: int
    served: float
    planned: float
    stock: float

    def __str__(self) -> str:
        stock = f", with {self.stock:.0%} of the plan's stock in money" if self.stock == self.stock else ""
        return (
            f"serves {self.served:.1%} of units, the plan {self.planned:.1%}{stock} (simulated on the "
            f"same draws: {self.n:,} of {self.of:,} SKU-locations, {self.replications:,} x {self.periods:,} "
            "periods)"
        )


def with_laws(run: RunFolder) -> RunFolder:
    """The run itself, or, of a gate, the run beside it that was judged, if it read the same files."""
    judged_run = str(run.manifest.get("proposed_run") or "")
    if run.has_table("world") or not judged_run:
        return run
    beside = run.path.with_name(Path(judged_run).name)
    if not (beside / MANIFEST).is_file():
        return run
    judged = RunFolder.open(beside, sealed=True)
    same = judged.has_table("world") and judged.manifest.get("inputs") == run.manifest.get("inputs")
    return judged if same else run


class Kept:
    """SKU-locations whose laws the run kept.

    Parameters
    ----------
    run : RunFolder
        As `with_laws` finds it.
    """

    def __init__(self, run: RunFolder) -> None:
        self.facts: dict[str, Any] = run.manifest.get("world") or {}
        self.rows: dict[tuple[str, str], Any] = {}
        if self.facts and run.has_table("world"):
            world = run.read_table("world")
            world = world[world["left_out"] == ""]
            self.rows = {(str(one.sku), str(one.location)): one for one in world.itertuples()}

    def minimum_order(self, key: tuple[str, str]) -> float:
        """In units; 0 where the run kept nothing of the SKU-location."""
        one = self.rows.get(key)
        return 0.0 if one is None else from_text(one.item).moq / int(one.parts)

    def checked(self, changes: Mapping[tuple[str, str], tuple[Change, Change]]) -> Checked | None:
        """Simulate a sample as planned and as the system does; None where the run kept none of them.

        Parameters
        ----------
        changes : mapping of (sku, location) → (as planned, as the system does)
        """
        known = [key for key in changes if key in self.rows]
        if not known:
            return None
        rng = np.random.default_rng([int(self.facts["seed"]) & 0xFFFFFFFF, len(known)])
        drawn = np.sort(rng.choice(len(known), min(MOST_ITEMS, len(known)), replace=False))
        length = int(self.facts["warmup"]) + int(self.facts["periods"])
        fitting = MOST_PERIODS // (2 * drawn.size * length)
        paths = max(1, min(int(self.facts["replications"]), fitting))
        sums = np.zeros((2, 3))
        for key in (known[one] for one in drawn):
            row = self.rows[key]
            item, parts = from_text(row.item), int(row.parts)
            for side, one in enumerate(changes[key]):
                sums[side] += self._sums(one(item, parts), paths) / parts * [1, 1, float(row.unit_cost)]
        demanded, served, stock = sums.T
        if not demanded.all():
            return None
        share = served / demanded
        ratio = float(stock[1] / stock[0]) if stock[0] else float("nan")
        periods = int(self.facts["periods"])
        return Checked(drawn.size, len(changes), paths, periods, float(share[1]), float(share[0]), ratio)

    def _sums(self, item: reference.Item, paths: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Demanded, served and stock (start and end of periods) over replications."""
        total = np.zeros(3)
        facts = self.facts
        for path in range(paths):
            seen = _plain.simulate(
                item, int(facts["seed"]), path, int(facts["warmup"]), int(facts["periods"])
            )
            total += [seen["demanded"], seen["served"], seen["on_hand"] + seen["on_hand_start"]]
        return total


def as_planned(levels: Levels) -> Change:
    """At the plan's own reviews, under the supplier's terms."""

    def change(item: reference.Item, parts: int) -> reference.Item:
        s, top = (round((one or 0.0) * parts) for one in (levels.s, levels.S))
        return replace(item, family=_FAMILIES[levels.family], s=s, S=top)

    return change


def every_period(levels: Levels) -> Change:
    """Up to S whenever the position lies below it, at every period; the level does not move."""

    def change(item: reference.Item, parts: int) -> reference.Item:
        top = round((levels.S or 0.0) * parts)
        return replace(reviewed(item, 1), family=_plain.ORDER_UP_TO, S=top, offset=[0])

    return change


def in_erpnext(rule: Rule, step: float) -> Change:
    """Below the level, at every period: the quantity, or what is missing to the level if that is more.

    That is (R,s,S) with R = 1, s half a step below the level, S next above s, the quantity as minimum order.
    """

    def change(item: reference.Item, parts: int) -> reference.Item:
        s, lot = round((rule.minimum - step / 2) * parts), round((rule.quantity or 0.0) * parts)
        small = max(1, round(step * parts))
        return replace(
            reviewed(item, 1),
            family=_plain.REORDER_UP_TO,
            s=s,
            S=s + 1,
            Q=0,
            moq=max(lot, small),
            pack=1,
            max_order=0,
            max_position=0,
            width=max(lot, 1),
            below=None,
            offset=[0],
        )

    return change


def demand_of_a_review(items: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Units that are demanded between two reviews, on average, by SKU-location."""
    mean = items["mean_demand"].to_numpy(float) * items["review_period"].to_numpy(float)
    return dict(zip(zip(items["sku"], items["location"], strict=True), mean.tolist(), strict=True))


def nearest_lots(levels: Levels, demand: float, moq: float) -> Levels:
    """(s,Q) nearest to levels that order up to S: (R,S) less a review's demand, which is the lot.

    Of (R,s,S): the same s, and Q = S - s. Lots are whole packs of at least the minimum order.

    Parameters
    ----------
    demand : float
        Units demanded between two reviews.
    moq : float
        Minimum order in units.

    References
    ----------
    Silver, Pyke and Thomas (2017), Inventory and Production Management in Supply Chains, section 6.5: (R,S)
    is (s,Q) with R + L in place of L, D R in place of Q, and S in place of s.
    """
    assert levels.S is not None
    unit = max(levels.pack, levels.step)
    wished = demand if levels.s is None else levels.S - levels.s
    lot = max(1, ceil(round(max(wished, moq) / unit, 9))) * unit
    s = levels.s
    if s is None:
        below = max(1, round(demand / levels.step)) * levels.step
        s = max(levels.S - below, min(0.0, levels.S - levels.step))
    return Levels(LOTS, round(s, 6), None, round(lot, 6), levels.pack, levels.step)
