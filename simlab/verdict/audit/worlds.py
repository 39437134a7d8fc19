"""The worlds between the formula's and the real one: each switch is one edit of the simulator's input."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.errors import UsageError
from simlab.execution import MILLION, DemandLaw, LeadTimeLaw, OrderTerms, Unmet, World
from simlab.measures.shown import Public
from simlab.register.families import by_lot, has_point
from simlab.verdict.audit.demand import normal_demand, planned_law
from simlab.verdict.audit.switches import EXACT_IGNORES, NORMAL_IGNORES, SWITCHES, Switch, code_of


@dataclass(frozen=True, eq=False, repr=False)
class Beliefs(Public):
    """What the formula took for true when the levels were planned.

    Attributes
    ----------
    planning : {"normal", "exact"}
        The formula.
    ignores : collection of str, optional
        Keys of `Switch` that the formula leaves out. Default: all of them for the textbook formula;
        for exact planning unmet demand, and of the order limits a largest order, a highest position and
        a smallest order below the mean demand of a review period.
    review_period : int or (n,) int, optional
        R of the formula, periods; 0 where it covers the lead time alone. Default, and where NaN: the
        true R.
    demand_mean, demand_variance : float or (n,) float, optional
        Per period, as planned. Default, and where NaN: as fitted.

    Examples
    --------
    >>> import simlab as sl
    >>> sl.Beliefs(planning="normal", review_period=0)  # the formula covers the lead time alone
    Beliefs(planning='normal', ignores=None, review_period=0, demand_mean=None, demand_variance=None)
    """

    planning: str = "normal"
    ignores: Collection[str] | None = None
    review_period: npt.ArrayLike | None = None
    demand_mean: npt.ArrayLike | None = None
    demand_variance: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.ignores or ()) - set(SWITCHES))
        if unknown:
            raise UsageError(f"'{unknown[0]}' is no switch: one of {', '.join(SWITCHES)}")
        for name in ("review_period", "demand_mean", "demand_variance"):
            given = getattr(self, name)
            if given is not None and (np.asarray(given, dtype=np.float64) < 0).any():
                raise UsageError(f"{name} of a formula is at least 0")

    @property
    def ignored(self) -> frozenset[Switch]:
        """The switches that the formula leaves out."""
        if self.ignores is not None:
            return frozenset(Switch(name) for name in self.ignores)
        return NORMAL_IGNORES if self.planning == "normal" else EXACT_IGNORES


@dataclass(frozen=True, eq=False)
class Worlds:
    """Every world that a set of switches makes, of the same items.

    Attributes
    ----------
    real : World
    family : (n,) int8
        `Family` of the levels.
    quantity : (n,) int64
        Order quantity of (R,s,nQ); 0 for (R,S).
    beliefs : Beliefs
    """

    real: World
    family: npt.NDArray[np.int8]
    quantity: IntArray
    beliefs: Beliefs
    _demand: dict[tuple[bool, bool], DemandLaw] = field(default_factory=dict, repr=False)

    @property
    def own(self) -> World:
        """The formula's own world: every switch off."""
        return self.world(frozenset())

    @property
    def mean(self) -> FloatArray:
        """(n,) mean demand per period as planned."""
        return self._given(self.beliefs.demand_mean, self.real.demand.mean)

    @property
    def variance(self) -> FloatArray:
        """(n,) variance of demand per period as planned."""
        return self._given(self.beliefs.demand_variance, self.real.demand.true_variance)

    @property
    def review_period(self) -> IntArray:
        """(n,) R of the formula; 0 where it covers the lead time alone."""
        return self._given(self.beliefs.review_period, self.real.terms.review_period).astype(np.int64)

    def world(self, on: Collection[Switch]) -> World:
        """The world in which these switches, and what the formula does not leave out, are real.

        Notes
        -----
        A formula with R = 0 covers L alone. Its world orders right after the demand of every period,
        one event before the next review: R = 1 with lead times shorter by one period (never below 0).
        """
        real, ignored = self.real, self.beliefs.ignored
        kept = {switch: switch in on or switch not in ignored for switch in Switch}
        lead = self._lead_time(kept[Switch.LEAD_TIME], kept[Switch.CROSSING])
        terms = real.terms if kept[Switch.PACKS] and not self._partly() else self._free_terms(on)
        if not kept[Switch.UNMET]:
            terms = replace(terms, unmet=np.full_like(terms.unmet, Unmet.BACKORDER))
        if Switch.REVIEW not in on:
            planned = self.review_period
            review = np.maximum(planned, 1)
            terms = replace(terms, review_period=review, review_phase=terms.review_phase % review)
            lead = sooner(lead, planned == 0)
        demand = self._law(kept[Switch.SHAPE], Switch.PARAMETERS in on)
        return replace(
            real,
            demand=demand,
            lead_time=lead,
            terms=terms,
            undershoot=kept[Switch.UNDERSHOOT],
            supply=real.supply if kept[Switch.LEAD_TIME] else None,
        )

    def active(self) -> IntArray:
        """(n,) bit mask of the switches that change the world of each item."""
        real, ignored, terms = self.real, self.beliefs.ignored, self.real.terms
        sells = (real.demand.mean > 0) | (self.mean > 0)
        random, spread = self._randomness()
        review = np.minimum(np.maximum(self.review_period, 1), terms.review_period)
        free = self._free_terms(())
        lots = by_lot(self.family)
        bound = (free.max_order != terms.max_order) | np.where(
            lots,
            self._lot(free) != self._lot(terms),
            (free.pack_size != terms.pack_size) | (np.maximum(free.moq, 1) != np.maximum(terms.moq, 1)),
        )
        if terms.max_position is not None:
            bound = bound | (terms.max_position > 0) & (free.max_position is None)
        changed = (self.mean != real.demand.mean) | (self.variance != real.demand.true_variance)
        where = {
            Switch.SHAPE: (Switch.SHAPE in ignored) & sells,
            Switch.PARAMETERS: changed,
            Switch.LEAD_TIME: (Switch.LEAD_TIME in ignored) & random & sells,
            Switch.CROSSING: (Switch.CROSSING in ignored)
            & real.lead_time.crossing
            & (spread > review)
            & sells,
            Switch.REVIEW: self.review_period != terms.review_period,
            Switch.UNDERSHOOT: (Switch.UNDERSHOOT in ignored) & has_point(self.family) & sells,
            Switch.PACKS: bound & sells,
            Switch.UNMET: (Switch.UNMET in ignored) & (terms.unmet != Unmet.BACKORDER) & sells,
        }
        mask = np.zeros(self.real.n_items, dtype=np.int64)
        for switch, rows in where.items():
            mask += code_of((switch,)) * np.asarray(rows, dtype=np.int64)
        return mask

    def _given(self, value: npt.ArrayLike | None, otherwise: npt.ArrayLike) -> FloatArray:
        chosen = np.asarray(np.nan if value is None else value, dtype=np.float64)
        return np.where(np.isnan(chosen), np.asarray(otherwise, dtype=np.float64), chosen)

    def _law(self, own_shape: bool, fitted: bool) -> DemandLaw:
        key = (own_shape, fitted)
        if key not in self._demand:
            law = self.real.demand
            mean, variance = (law.mean, law.true_variance) if fitted else (self.mean, self.variance)
            if own_shape:
                made = law if fitted else planned_law(law, mean, variance)
            else:
                made = normal_demand(np.asarray(mean), np.asarray(variance))
            self._demand[key] = made
        return self._demand[key]

    def _lead_time(self, random: bool, crossing: bool) -> LeadTimeLaw:
        law = self.real.lead_time
        out = law if random else constant(law)
        return replace(out, crossing=law.crossing and crossing)

    def _randomness(self) -> tuple[BoolArray, IntArray]:
        """(n,) whether a lead time differs from always its mean, and longest less shortest."""
        law = self.real.lead_time
        spread = law.longest() - law.periods[law.start][law.law]
        mean = constant(law)
        same = (law.length == mean.length) & (law.periods[law.start] == mean.periods[mean.start])
        share = law.weights[law.start] * _total(mean) == mean.weights[mean.start] * _total(law)
        random = ~(same & share)[law.law]
        supply = self.real.supply
        if supply is not None:
            random = (
                random | ((supply.fails > 0) | (supply.on_time < MILLION) | supply.closes)[supply.supplier]
            )
        return random, spread

    def _partly(self) -> bool:
        """Whether some order limits are left out although packs are planned with."""
        return Switch.PACKS not in self.beliefs.ignored and self.beliefs.planning == "exact"

    def _free_terms(self, on: Collection[Switch]) -> OrderTerms:
        """Order terms without the limits that the formula leaves out, unless they are switched on."""
        terms = self.real.terms
        if Switch.PACKS in on or not (self._partly() or Switch.PACKS in self.beliefs.ignored):
            return terms
        none = np.zeros_like(terms.moq)
        if Switch.PACKS in self.beliefs.ignored:
            ones = np.ones_like(terms.pack_size)
            return replace(terms, pack_size=ones, moq=none, max_order=none, max_position=None)
        smallest = -(-terms.moq // terms.pack_size) * terms.pack_size
        free = ~has_point(self.family) & (smallest > terms.pack_size)
        free &= smallest <= self.mean * terms.review_period  # as policies.problems leaves it out
        moq = np.where(free, none, terms.moq)
        return replace(terms, moq=moq, max_order=none, max_position=None)

    def _lot(self, terms: OrderTerms) -> IntArray:
        """(n,) order quantity of (R,s,nQ) under these terms, as the simulator raises it."""
        lot = np.maximum(np.maximum(self.quantity, terms.moq), 1)
        return np.asarray(-(-lot // terms.pack_size) * terms.pack_size)


def constant(law: LeadTimeLaw) -> LeadTimeLaw:
    """Every lead time always its mean: one point, or the two next to it with the mean kept."""
    return _rewritten(law, [_mean_points(*points) for points in _points(law)])


def sooner(law: LeadTimeLaw, rows: BoolArray) -> LeadTimeLaw:
    """Lead times of some items shorter by one period, never below 0."""
    if not rows.any():
        return law
    points = _points(law)
    early = [_merged(np.maximum(periods - 1, 0), weights) for periods, weights in points]
    both = _rewritten(law, [*points, *early])
    return replace(both, law=np.where(rows, law.law + law.start.size, law.law))


def _points(law: LeadTimeLaw) -> list[tuple[IntArray, IntArray]]:
    """Support points and weights, law by law."""
    spans = [slice(a, a + n) for a, n in zip(law.start.tolist(), law.length.tolist(), strict=True)]
    return [(law.periods[span], law.weights[span]) for span in spans]


def _mean_points(periods: IntArray, weights: IntArray) -> tuple[IntArray, IntArray]:
    total = int(weights.sum())
    whole, rest = divmod(int((weights * periods).sum()), total)
    if rest == 0:
        return np.array([whole], np.int64), np.ones(1, np.int64)
    return np.array([whole, whole + 1], np.int64), np.array([total - rest, rest], np.int64)


def _merged(periods: IntArray, weights: IntArray) -> tuple[IntArray, IntArray]:
    values, place = np.unique(periods, return_inverse=True)
    counts = np.zeros(values.size, dtype=np.int64)
    np.add.at(counts, place, weights)
    return values, counts


def _rewritten(law: LeadTimeLaw, points: list[tuple[IntArray, IntArray]]) -> LeadTimeLaw:
    length = np.array([periods.size for periods, _ in points], dtype=np.int64)
    return replace(
        law,
        start=np.cumsum(length) - length,
        length=length,
        periods=np.concatenate([periods for periods, _ in points]),
        weights=np.concatenate([weights for _, weights in points]),
    )


def _total(law: LeadTimeLaw) -> IntArray:
    """(n_laws,) sum of each law's weights."""
    return np.asarray(np.add.reduceat(law.weights, law.start))
