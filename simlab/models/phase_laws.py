"""Cumulated probabilities of observed demand, by the law that holds in the phase of each period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.engine.pmfs import pmf_of_phase
from simlab.engine.tables import LawTables, prepare
from simlab.engine.types import DemandLaw, FloatArray, IntArray, LawKind
from simlab.models.bootstraps import phases_of
from simlab.models.calendar import BoolArray
from simlab.models.goodness import cumulated
from simlab.models.history import History
from simlab.models.marginal import marginal


@dataclass(frozen=True, eq=False)
class PhaseLaws:
    """Laws of periods, looked up by item and calendar phase.

    Attributes
    ----------
    law : DemandLaw
        As fitted.
    history : History
    by_phase : (n,) bool
        Whether an item's law hangs on the phase.
    tables : LawTables
        Of the laws mixed over phases.
    """

    law: DemandLaw
    history: History
    by_phase: BoolArray
    tables: LawTables

    def cumulated(self, item: int, value: IntArray) -> tuple[FloatArray, FloatArray]:
        """P(D < x) and P(D ≤ x) of each observed period of one item, in their order."""
        if not self.by_phase[item]:
            return cumulated(self.tables, item, value - 1), cumulated(self.tables, item, value)
        part = self.law.past if self.law.kind[item] == LawKind.CALENDAR else self.law.seasons
        assert part is not None
        phase = phases_of(self.history, item, part.cycle)
        low, high = np.zeros(value.size), np.zeros(value.size)
        one = self.law.take(np.array([item]))
        for number in np.unique(phase).tolist():
            at = np.flatnonzero(phase == number)
            first, shares = pmf_of_phase(one, 0, number)
            edges = np.concatenate([[0.0], np.cumsum(shares)])
            place = np.clip(value[at] - first, -1, shares.size - 1)
            high[at], low[at] = edges[place + 1], edges[np.maximum(place, 0)]
        return low, high

    def signal(self, item: int) -> float:
        """κ = Σ (φ(q₋) − φ(q₊))²/p: what whole units leave of a normal score's variance."""
        from scipy.special import ndtri

        tables = self.tables
        begin, n = int(tables.start[item]), int(tables.length[item])
        edges = np.concatenate([[0.0], tables.thresholds[begin : begin + n] / 2.0**32])
        edges[-1] = 1.0
        shares = np.diff(edges)
        q = ndtri(edges[1:-1])
        density = np.concatenate([[0.0], np.exp(-0.5 * q**2) / np.sqrt(2 * np.pi), [0.0]])
        kept = shares > 0
        return float((np.diff(density)[kept] ** 2 / shares[kept]).sum())


def phase_laws(law: DemandLaw, history: History) -> PhaseLaws:
    """Laws of all items for a history."""
    by_phase = law.kind == LawKind.CALENDAR
    if law.seasons is not None:
        by_phase = by_phase | (law.seasons.profile >= 0)
    return PhaseLaws(law, history, np.asarray(by_phase), prepare(marginal(law)))
