"""What receipts leave open: the law of every supplier's lead times, drawn again.

A draw depends on the study's seed, the group's name and the number of the draw alone, so that all items of a
group have one law in every draw, whoever computes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray, KeyArray
from simlab.engine.kernels.streams import supplier_keys
from simlab.engine.world.world import LeadTimeLaw
from simlab.models.statistics import gamma_of, mixed, start_of, uniform_of
from simlab.models.suppliers.delays import DayLaw, Key, smoothed

if TYPE_CHECKING:
    from simlab.study.history_sections import LeadTimeSpec


_POINT = np.uint64(0x94D049BB133111EB)
_SHARES = 1 << 24
_PURPOSE = 6
_FEWEST_GROUPS = 3
_UNSEEN = 2.0  # receipts' worth of all suppliers' law in draws of a supplier's own
_LEAST_WORTH = 0.5
NONE = -1


@dataclass(frozen=True)
class Source:
    """Where the lead time of an item comes from.

    Attributes
    ----------
    group : tuple of str
        Values of `lead_times.by` of the innermost group whose receipts tell it; empty: all receipts.
    borrower : str or None
        Who takes the law of all receipts for want of own ones; None where the group's are its own.
    shape : str
        empirical, gamma or lognormal: what is fitted to the receipts.
    """

    group: Key
    borrower: str | None = None
    shape: str = "empirical"


@dataclass(frozen=True, eq=False)
class GroupLaw:
    """Receipts of a group as they enter its law.

    Attributes
    ----------
    own : DayLaw
        Law of its own orders; weights in any unit.
    n_receipts : int
        Orders received behind it.
    """

    own: DayLaw
    n_receipts: int


@dataclass(frozen=True, eq=False)
class DelayUncertainty:
    """What is known of the lead-time law of every item.

    Attributes
    ----------
    unit : (n,) int64
        Number of what is drawn for each item; −1: its law is stated and stays.
    parent : (m,) int64
        Unit whose draw is borrowed from, always one before; −1: none.
    borrowed : (m,) float
        Receipts' worth of the parent's law.
    key : (m,) uint64
        Hash of the unit's name.
    start, length : (m,) int64
        Where each unit lies in the points.
    days : (p,) int64
        Ascending within a unit.
    own : (p,) float
        Receipts of its own with that many days; Kaplan–Meier shares of them with orders still open.
    above : (p,) int64
        The same day among the parent's points; −1: not there.
    ratio : (int, int)
        Periods in a day.
    shape : tuple of str
        Of each unit: empirical, gamma or lognormal, what is fitted to every draw.
    longest : int
        Days at which such a law is cut.
    n_receipts : int
        All that laws were learnt from.
    """

    unit: IntArray
    parent: IntArray
    borrowed: FloatArray
    key: KeyArray
    start: IntArray
    length: IntArray
    days: IntArray
    own: FloatArray
    above: IntArray
    ratio: tuple[int, int]
    shape: tuple[str, ...]
    longest: int
    n_receipts: int

    def take(self, rows: IntArray) -> DelayUncertainty:
        """Of some items, with the units that they depend on."""
        unit = self.unit[rows]
        needed = np.zeros(self.parent.size, np.bool_)
        needed[unit[unit >= 0]] = True
        for number in np.flatnonzero(self.parent >= 0)[::-1].tolist():
            if needed[number]:
                needed[self.parent[number]] = True
        kept = np.flatnonzero(needed)
        point = _points(self.start[kept], self.length[kept])
        place, at = np.full(self.parent.size + 1, NONE), np.full(self.days.size + 1, NONE)
        place[kept], at[point] = np.arange(kept.size), np.arange(point.size)
        ends = np.cumsum(self.length[kept])
        return replace(
            self,
            unit=place[unit],
            parent=place[self.parent[kept]],
            borrowed=self.borrowed[kept],
            key=self.key[kept],
            start=ends - self.length[kept],
            length=self.length[kept],
            days=self.days[point],
            own=self.own[point],
            above=at[self.above[point]],
            shape=tuple(self.shape[number] for number in kept.tolist()),
        )

    def draw(self, law: LeadTimeLaw, seed: int, number: int) -> LeadTimeLaw:
        """One draw of every law; the mean over draws is the fitted law.

        Parameters
        ----------
        law : LeadTimeLaw
            As fitted; stated ones come back as they are.
        seed, number : int
            Study seed, and number of the draw.

        Notes
        -----
        Bayesian bootstrap: probabilities are Dirichlet with the receipts of each day as parameters, and the
        parent's draw as a prior worth `borrowed` receipts (a Dirichlet process): the fewer receipts, the
        wider. With gamma and lognormal laws mean and variance of the draw are fitted.

        References
        ----------
        Rubin (1981), The Bayesian bootstrap. Ferguson (1973), A Bayesian analysis of some nonparametric
        problems. Lo (1993), A Bayesian bootstrap for censored data, for what open orders do.
        """
        if not (self.unit >= 0).any():
            return law
        unit = np.repeat(np.arange(self.parent.size), self.length)
        share = self._shares(unit, seed, number)
        whole, periods, weights = self._periods(*self._shaped(unit, share))
        stays = np.unique(law.law[self.unit < 0])
        old = _points(law.start[stays], law.length[stays])
        place = np.zeros(law.start.size, np.int64)
        place[stays] = self.parent.size + np.arange(stays.size)
        length = np.concatenate([np.bincount(whole, minlength=self.parent.size), law.length[stays]])
        return LeadTimeLaw(
            np.where(self.unit >= 0, self.unit, place[law.law]),
            np.cumsum(length) - length,
            length,
            np.concatenate([periods, law.periods[old]]),
            np.concatenate([weights, law.weights[old]]),
            law.crossing,
        )

    def _shares(self, unit: IntArray, seed: int, number: int) -> FloatArray:
        """(p,) probabilities of a draw, parents first."""
        u = uniform_of(
            mixed(self.key[unit] + self.days.astype(np.uint64) * _POINT), start_of(seed, number, _PURPOSE)
        )
        share, depth = np.zeros(self.days.size), self._depth()[unit]
        for level in range(int(depth.max()) + 1):
            at = np.flatnonzero(depth == level)
            above = self.above[at]
            lent = np.where(above >= 0, share[above], 0.0) * self.borrowed[unit[at]]
            parameter = self.own[at] + lent
            drawn = np.zeros(at.size)
            some = parameter > 0
            drawn[some] = parameter[some] * gamma_of(parameter[some], u[at[some]])
            total = np.bincount(unit[at], weights=drawn, minlength=self.parent.size)[unit[at]]
            usual = np.bincount(unit[at], weights=parameter, minlength=self.parent.size)[unit[at]]
            share[at] = np.where(total > 0, drawn / np.maximum(total, 1e-300), parameter / usual)
        return share

    def _depth(self) -> IntArray:
        depth = np.zeros(self.parent.size, np.int64)
        for number in np.flatnonzero(self.parent >= 0).tolist():
            depth[number] = depth[self.parent[number]] + 1
        return depth

    def _shaped(self, unit: IntArray, share: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Unit, days and probability of every point of the laws that are drawn from."""
        plain = np.array([shape == "empirical" for shape in self.shape], dtype=np.bool_)
        kept = plain[unit]
        found = [(unit[kept], self.days[kept], share[kept])]
        for number in np.flatnonzero(~plain).tolist():
            own = slice(int(self.start[number]), int(self.start[number] + self.length[number]))
            weights = np.rint(share[own] * _SHARES).astype(np.int64)
            law = smoothed(DayLaw(self.days[own], weights), self.shape[number], self.longest)
            found.append((np.full(law.days.size, number), law.days, law.weights / law.weights.sum()))
        units, days, shares = (np.concatenate(part) for part in zip(*found, strict=True))
        return units, days, shares

    def _periods(
        self, unit: IntArray, days: IntArray, share: FloatArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Unit, whole period and weight of every support point, by the rounding that keeps the mean."""
        times, per = self.ratio
        whole, rest = np.divmod(days * times, per)
        later = rest / per
        width = int(whole.max()) + 2
        code = np.concatenate([unit * width + whole, unit * width + whole + 1])
        code, place = np.unique(code, return_inverse=True)
        weights = np.bincount(place, weights=np.concatenate([share * (1 - later), share * later]))
        counted = np.rint(weights * _SHARES).astype(np.int64)
        kept = counted > 0
        return code[kept] // width, code[kept] % width, counted[kept]


def alike(days: IntArray, group: IntArray) -> float:
    """How many receipts' worth the law of all suppliers tells of one of them: σ² within ÷ τ² between.

    Parameters
    ----------
    days : (m,) int64
        Lead times received.
    group : (m,) int64
        Number of the supplier of each.

    Notes
    -----
    If laws of suppliers come from a Dirichlet process with concentration c, the variance within them is c
    times that of their means; both by the one-way analysis of variance. Infinite where means differ no more
    than chance, or where fewer than three suppliers have two receipts.
    """
    count = np.bincount(group)
    kept = (count >= 2)[group]
    _, group = np.unique(group[kept], return_inverse=True)
    value, count = days[kept].astype(np.float64), np.bincount(group)
    if count.size < _FEWEST_GROUPS:
        return math.inf
    mean = np.bincount(group, weights=value) / count
    within = float(((value - mean[group]) ** 2).sum()) / (value.size - count.size)
    between = float((count * (mean - value.mean()) ** 2).sum()) / (count.size - 1)
    usual = (value.size - float((count**2).sum()) / value.size) / (count.size - 1)
    apart = (between - within) / usual
    return math.inf if apart <= 0 else within / apart


def delay_uncertainty(
    sources: Sequence[Source | None],
    groups: Mapping[Key, GroupLaw],
    spec: LeadTimeSpec,
    ratio: tuple[int, int],
    likeness: float,
) -> DelayUncertainty | None:
    """How sure the lead-time laws of the items are; None where all are stated.

    Parameters
    ----------
    sources : sequence of Source or None
        Per item; None: stated.
    groups : mapping
        Own law of every group that a source names, of those around it, and of all receipts (the empty key).
    spec : LeadTimeSpec
        The law around a group within a supplier counts for `min_receipts` receipts, as when it was fitted.
    ratio : (int, int)
        Periods in a day.
    likeness : float
        From `alike`: what the law of all receipts counts for where a supplier borrows it (`min_receipts` at
        most), and beside a supplier's own receipts (two at most: days that it has not shown yet).
    """
    units = _Units(groups, spec.min_receipts, likeness)
    unit = np.array([NONE if one is None else units.of(one) for one in sources], dtype=np.int64)
    if not units.names:
        return None
    length = np.array([days.size for days, *_ in units.points], dtype=np.int64)
    days, own, above = (np.concatenate(part) for part in zip(*units.points, strict=True))
    used = {one.group[:1] for one in sources if one is not None}
    n = groups[()].n_receipts if () in used else sum(groups[key].n_receipts for key in used)
    return DelayUncertainty(
        unit,
        np.array(units.parent, dtype=np.int64),
        np.array(units.borrowed),
        supplier_keys(units.names),
        np.cumsum(length) - length,
        length,
        days,
        own,
        above,
        ratio,
        tuple(units.shape),
        spec.longest_days,
        n,
    )


class _Units:
    """What is drawn, numbered as it is met, parents before children."""

    def __init__(self, groups: Mapping[Key, GroupLaw], strength: float, likeness: float) -> None:
        self.groups, self.strength, self.likeness = groups, strength, likeness
        self.number: dict[Source, int] = {}
        self.names: list[str] = []
        self.shape: list[str] = []
        self.parent: list[int] = []
        self.borrowed: list[float] = []
        self.points: list[tuple[IntArray, FloatArray, IntArray]] = []
        self.n_points = 0
        self.start: list[int] = []

    def of(self, source: Source) -> int:
        """Number of a source's unit."""
        if source not in self.number:
            around, worth = self._around(source)
            parent = NONE if around is None else self.of(around)
            self.number[source] = self._add(source, parent, worth)
        return self.number[source]

    def _around(self, source: Source) -> tuple[Source | None, float]:
        """What a unit borrows from, and how many receipts' worth."""
        if source.borrower is not None:
            return Source(()), max(min(self.likeness, self.strength), _LEAST_WORTH)
        if len(source.group) > 1:
            return Source(source.group[:-1]), self.strength
        if not source.group or self.groups[source.group].n_receipts == self.groups[()].n_receipts:
            return None, 0.0
        return Source(()), min(self.likeness, _UNSEEN)

    def _add(self, source: Source, parent: int, worth: float) -> int:
        days, own = np.zeros(0, np.int64), np.zeros(0)
        if source.borrower is None:
            group = self.groups[source.group]
            days = group.own.days
            own = group.own.weights / group.own.weights.sum() * group.n_receipts
        above = np.full(days.size, NONE)
        if parent >= 0:
            around = self.points[parent][0]
            every = np.union1d(days, around)
            counts, place = np.zeros(every.size), np.full(every.size, NONE)
            counts[np.searchsorted(every, days)] = own
            place[np.searchsorted(every, around)] = self.start[parent] + np.arange(around.size)
            days, own, above = every, counts, place
        self.names.append(repr((source.group, source.borrower, source.shape)))
        self.shape.append(source.shape)
        self.parent.append(parent)
        self.borrowed.append(worth)
        self.start.append(self.n_points)
        self.points.append((days, own, above))
        self.n_points += days.size
        return len(self.names) - 1


def _points(start: IntArray, length: IntArray) -> IntArray:
    """Places of all points of some laws, one law after the other."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if ends.size else 0
    return np.asarray(np.arange(total) + np.repeat(start - (ends - length), length))
