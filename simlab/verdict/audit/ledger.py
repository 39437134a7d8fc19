"""Every world once, on the same random numbers; only sums by segment are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simlab.arrays import IntArray, TextArray
from simlab.errors import OutOfRangeError
from simlab.execution import Curves, Horizon, Progress, Workers, evaluator_of, run_curves
from simlab.verdict.audit.formula import Plan
from simlab.verdict.audit.shapley import worlds_needed
from simlab.verdict.audit.switches import Switch, code_of, members

PARTS = 1_000_000
"""Parts of a unit in which shortages are counted where planned and fitted means differ."""
_KEPT = ("demanded", "served", "receipts", "good_receipts")
_LARGEST = 2**62
_PLANNED = code_of((Switch.PARAMETERS,))


@dataclass(frozen=True, eq=False)
class Groups:
    """SKU-locations of one segment whose worlds differ by the same switches.

    Attributes
    ----------
    segment, mask : (g,) int64
        Segment, and bit mask of the active switches.
    of_item : (n,) int64
        Group of each SKU-location.
    """

    segment: IntArray
    mask: IntArray
    of_item: IntArray

    @classmethod
    def of(cls, codes: IntArray, active: IntArray) -> Groups:
        """Groups by segment and active switches."""
        pairs, which = np.unique(np.stack([codes, active], axis=1), axis=0, return_inverse=True)
        return cls(pairs[:, 0], pairs[:, 1], which.ravel().astype(np.int64))

    def within(self, segment: int) -> list[tuple[int, int]]:
        """Number and mask of a segment's groups."""
        return [(group, int(self.mask[group])) for group in np.flatnonzero(self.segment == segment).tolist()]

    def switches(self, segment: int) -> tuple[Switch, ...]:
        """Switches that are active for any SKU-location of a segment."""
        return members(int(np.bitwise_or.reduce(self.mask[self.segment == segment])))

    def worlds(self, seed: int) -> dict[int, set[int]]:
        """Mask of switches → groups that are simulated in its world.

        A SKU-location is simulated only in worlds that differ for it.
        """
        found: dict[int, set[int]] = {}
        for segment in np.unique(self.segment).tolist():
            codes = worlds_needed(self.switches(segment), seed)
            for group, mask in self.within(segment):
                for code in {code & mask for code in codes} | {0, mask}:
                    found.setdefault(code, set()).add(group)
        return dict(sorted(found.items()))


@dataclass(eq=False)
class Ledger:
    """Sums of all worlds.

    Attributes
    ----------
    groups : Groups
    parts : int
        Parts of a unit in which `short` counts.
    short : dict of (group, mask) to (batches,) int
        Units short at real volume.
    real : dict of str to (n, batches) int64
        Sums of each SKU-location in the real world: demanded, served, receipts, good_receipts.
    n_worlds : int
    evaluators : set of str
        How the worlds were simulated, see `run.Evaluator`.
    """

    groups: Groups
    parts: int
    short: dict[tuple[int, int], TextArray] = field(default_factory=dict)
    real: dict[str, IntArray] = field(default_factory=dict)
    n_worlds: int = 0
    evaluators: set[str] = field(default_factory=set)

    def short_in(self, segment: int, code: int) -> TextArray:
        """(batches,) units short of a segment in the world of these switches."""
        found = [self.short[group, code & mask] for group, mask in self.groups.within(segment)]
        return np.asarray(np.sum(found, axis=0), dtype=object)


def fill_ledger(
    plan: Plan,
    codes: IntArray,
    horizon: Horizon,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "audit",
) -> Ledger:
    """Simulate every world that the attribution looks up.

    Parameters
    ----------
    plan : Plan
        Levels, and the worlds.
    codes : (n,) int64
        Segment of each SKU-location.
    horizon : Horizon
        Slots are the batches; the seed is common to all worlds.
    """
    active = plan.worlds.active()
    ledger = Ledger(Groups.of(codes, active), PARTS if (active & _PLANNED).any() else 1)
    ledger.real = {key: np.zeros((codes.size, horizon.slots), dtype=np.int64) for key in _KEPT}
    weight = _weights(plan, active, ledger.parts)
    worlds = ledger.groups.worlds(horizon.seed)
    for done, (code, groups) in enumerate(worlds.items()):
        rows = np.flatnonzero(np.isin(ledger.groups.of_item, list(groups)))
        world = plan.worlds.world(members(code)).take(rows)
        levels = plan.levels.take(rows)
        ledger.evaluators.add(evaluator_of(world, levels))
        curves = run_curves(world, levels, horizon, workers=workers, by_slot=_KEPT)
        at_real = np.full(rows.size, ledger.parts) if code & _PLANNED else weight[rows]
        _enter(ledger, code, rows, curves, at_real)
        if progress is not None:
            progress(stage, done + 1, len(worlds))
    ledger.n_worlds = len(worlds)
    return ledger


def _enter(ledger: Ledger, code: int, rows: IntArray, curves: Curves, weight: IntArray) -> None:
    short = curves.demanded - curves.served[:, 0]
    if int(short.max(initial=0)) * int(weight.max(initial=1)) * max(rows.size, 1) >= _LARGEST:
        raise OutOfRangeError("units short would leave 64 bits: count demand in larger units")
    of_row = ledger.groups.of_item[rows]
    for group in np.unique(of_row).tolist():
        at = np.flatnonzero(of_row == group)
        ledger.short[group, code] = (short[at] * weight[at, None]).sum(axis=0).astype(object)
        if code == ledger.groups.mask[group]:
            for key, sums in ledger.real.items():
                values = getattr(curves, key)
                sums[rows[at]] = values[at] if values.ndim == 2 else values[at, 0]


def _weights(plan: Plan, active: IntArray, parts: int) -> IntArray:
    """(n,) what a unit short counts for where demand is as planned: brought to real volume."""
    planned, fitted = plan.worlds.mean, plan.worlds.real.demand.mean
    ratio = np.where(planned > 0, fitted / np.where(planned > 0, planned, 1.0), 0.0)
    weight: IntArray = np.rint(np.where(active & _PLANNED > 0, ratio, 1.0) * parts).astype(np.int64)
    return weight
