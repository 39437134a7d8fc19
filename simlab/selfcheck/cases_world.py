"""From a case to the simulator's arrays: units, laws, levels and the warm-up."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.kernels import streams
from simlab.engine.laws.pmfs import pmf_of, table_of
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import LeadTimeLaw, OrderTerms, Unmet, World
from simlab.selfcheck.cases_schema import Case, Demand

_STEPS_PER_SD = 4000
_MOST_STEPS = 60_000
_SIMPLE = 100  # steps that levels with a few decimals may ask for
_WEIGHT = 1 << 30
_STATES = 256
_SETTLED = 1e-7
_MOST_DOUBLINGS = 13
_NATIVE = {
    "poisson": LawKind.POISSON,
    "negbin": LawKind.NEGATIVE_BINOMIAL,
    "geometric0": LawKind.GEOMETRIC,
    "gamma": LawKind.GAMMA,
    "normal": LawKind.NORMAL,
}
_FAMILY = {
    "base_stock": Family.ORDER_UP_TO,
    "sS": Family.REORDER_UP_TO,
    "nQ": Family.REORDER_QUANTITY,
}


@dataclass(frozen=True, eq=False)
class Setup:
    """A case as the simulator takes it.

    Attributes
    ----------
    world : World
        One item.
    family : Family
    s, S, Q : int
        Levels in steps.
    scale : int
        Steps per unit: 1, or fine enough that a continuous law's error disappears.
    warmup : int
        Periods before the count of long-run measures.
    note : str
        What a reader must know about the law that was simulated.
    """

    world: World
    family: Family
    s: int
    S: int
    Q: int
    scale: int
    warmup: int
    note: str

    def levels(self, *offsets: int) -> Levels:
        """Columns whose levels are raised by some steps."""
        steps = np.array([offsets], np.int64)
        quantity = np.full_like(steps, self.Q)
        return Levels(np.full(1, self.family, np.int8), steps + self.s, steps + self.S, quantity)


def set_up(case: Case) -> Setup:
    """World, levels and warm-up of a case that has a policy."""
    rule = case.rule
    if rule is None:
        raise ValueError("a case without a policy is not simulated")
    family = _FAMILY[rule.kind]
    scale = _scale(case.demand, rule.s, rule.S, rule.Q, case.start or Fraction(0))
    law, note = _law(case.demand, scale)
    world = World(
        streams.item_keys([case.id], ["selfcheck"]), law, _lead_time(case), _terms(case.review, case.lost)
    )
    S, Q = round(rule.S * scale), round(rule.Q * scale)
    s = S - 1 if family is Family.ORDER_UP_TO else round(rule.s * scale)
    if any((level * scale).denominator > 1 for level in (rule.s, rule.S, rule.Q)):
        note += f"; levels rounded to it, by at most 1/{2 * scale} unit"
    return Setup(world, family, s, S, Q, scale, _warmup(case, law, family, S - s), note)


def _scale(demand: Demand, *levels: Fraction) -> int:
    """Steps per unit that make levels and points whole, and continuous laws fine.

    Levels with more decimals than the lattice of a continuous law has (published optima such as
    52.34567) would make it explode: there the law's own lattice is taken, and levels are rounded to it.
    """
    whole = math.lcm(*(x.denominator for x in levels), *(value.denominator for value, _ in demand.points))
    if not demand.is_continuous:
        return whole
    sd = math.sqrt(demand.variance)
    longest = (
        demand.mean + 7 * sd if demand.kind == "normal" else demand.mean + 12 * sd + 12 * sd**2 / demand.mean
    )
    fine = min(_STEPS_PER_SD / sd, _MOST_STEPS / longest)
    if whole > max(2 * fine, _SIMPLE):
        return max(1, round(fine))
    return whole * max(1, round(fine / whole))


def _law(demand: Demand, scale: int) -> tuple[DemandLaw, str]:
    if demand.kind == "pmf":
        values = np.array([int(value * scale) for value, _ in demand.points], np.int64)
        return empirical_law(values, np.array([share for _, share in demand.points])), ""
    if demand.kind == "normal_rounded" or (scale > 1 and not demand.is_continuous):
        shares = exact_pmf(demand)
        return empirical_law(np.arange(shares.size) * scale, shares), ""
    return law_in_steps(demand, scale), _continuous_note(demand, scale) if demand.is_continuous else ""


def law_in_steps(demand: Demand, scale: int) -> DemandLaw:
    """A law that the simulator knows, in steps of 1/scale unit."""
    return _one_law(_NATIVE[demand.kind], demand.mean * scale, demand.variance * scale**2)


def _continuous_note(demand: Demand, scale: int) -> str:
    sd = math.sqrt(demand.variance)
    note = f"steps of 1/{scale} unit ({sd * scale:,.0f} to the standard deviation), mean kept"
    if demand.kind == "normal":
        from scipy import special

        z = demand.mean / sd
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        cut = sd * (density - z * float(special.ndtr(-z))) / demand.mean
        note += f"; cut at zero, which moves {cut:.0e} of the mean"
    return note


def exact_pmf(demand: Demand) -> FloatArray:
    """Probabilities of 0, 1, … of a discrete law on whole units, tails below 1e-15 cut."""
    from scipy import special, stats

    mean, variance = demand.mean, demand.variance
    if demand.kind == "pmf":
        out = np.zeros(int(demand.points[-1][0]) + 1)
        for value, share in demand.points:
            out[int(value)] += share
        return out
    if demand.kind == "normal_rounded":
        sd = math.sqrt(variance)
        edges = np.arange(math.ceil(mean + 9 * sd) + 1) + 0.5
        return np.diff(special.ndtr((edges - mean) / sd), prepend=0.0)
    if demand.kind == "poisson":
        points = np.arange(int(stats.poisson.isf(1e-15, mean)) + 2)
        return np.asarray(stats.poisson.pmf(points, mean))
    size = 1.0 if demand.kind == "geometric0" else mean**2 / (variance - mean)
    chance = size / (size + mean)
    points = np.arange(int(stats.nbinom.isf(1e-15, size, chance)) + 2)
    return np.asarray(stats.nbinom.pmf(points, size, chance))


def empirical_law(values: IntArray, shares: FloatArray) -> DemandLaw:
    """A law on given points, its cumulated probabilities rounded to 1e-9."""
    cumulated = np.rint(np.cumsum(shares) / shares.sum() * _WEIGHT).astype(np.int64)
    weights = np.diff(cumulated, prepend=0)
    seen = weights > 0
    values, weights = values[seen], weights[seen]
    mean = float(values @ (weights / _WEIGHT))
    square = float((values.astype(np.float64) ** 2) @ (weights / _WEIGHT))
    law = _one_law(LawKind.EMPIRICAL, mean, max(square - mean**2, 0.0))
    return replace(law, length=np.array([values.size]), values=values, weights=weights)


def _one_law(kind: LawKind, mean: float, variance: float) -> DemandLaw:
    none = np.zeros(0, np.int64)
    zero = np.zeros(1, np.int64)
    return DemandLaw(
        np.array([kind], np.int8), np.array([mean]), np.array([variance]), np.zeros(1), zero, zero, none, none
    )


def never_idle(setup: Setup, factor: int) -> World:
    """The same world with every demand d replaced by factor·d + 1, drawn by the same words.

    Each review then places an order. With a level of factor·S + c the net stock is
    factor·(net stock) + c − n where n ≤ c < factor periods of demand are in it: it is below zero
    exactly when the original one is.
    """
    values, thresholds = table_of(setup.world.demand, 0)
    cumulated = thresholds.astype(np.float64)
    cumulated[-1] = 2.0**32
    law = empirical_law(values * factor + 1, np.diff(cumulated, prepend=0.0))
    return replace(setup.world, demand=law)


def _lead_time(case: Case) -> LeadTimeLaw:
    points = case.lead_time.points
    cumulated = np.rint(np.cumsum([share for _, share in points]) * _WEIGHT).astype(np.int64)
    return LeadTimeLaw(
        law=np.zeros(1, np.int64),
        start=np.zeros(1, np.int64),
        length=np.array([len(points)]),
        periods=np.array([period for period, _ in points], np.int64),
        weights=np.diff(cumulated, prepend=0),
        crossing=case.lead_time.crossing,
    )


def _terms(review: int, lost: bool) -> OrderTerms:
    zero, one = np.zeros(1, np.int64), np.ones(1, np.int64)
    unmet = Unmet.LOST if lost else Unmet.BACKORDER
    return OrderTerms(np.array([review]), zero, one, zero, zero, np.array([unmet], np.int8))


def _warmup(case: Case, law: DemandLaw, family: Family, gap: int) -> int:
    """Periods after which the start does not show.

    Exact for (R,S) and (R,s,nQ) with backorders. For (R,s,S) the position forms a Markov chain at
    the reviews; enough reviews are run that its law is within 1e-7 of the limit from any start.
    Lost sales add fifty protection intervals.
    """
    span = case.lead_time.longest + case.review
    stationary = family is not Family.REORDER_UP_TO
    if stationary and not case.lost:
        return 2 * span
    reviews = 0 if family is Family.ORDER_UP_TO else _reviews_to_settle(law, case.review, gap)
    return 2 * span + reviews * case.review + (50 * span + 200 if case.lost else 0)


def _reviews_to_settle(law: DemandLaw, review: int, gap: int) -> int:
    """Reviews until the position below S has forgotten where it began (coarse above 256 states)."""
    step = -(-gap // _STATES)
    first, shares = pmf_of(law, 0)
    values = np.rint((first + np.arange(shares.size)) / step).astype(np.int64)
    states = -(-gap // step)
    one = np.bincount(np.minimum(values, states), shares, states + 1)
    total = np.zeros(states + 1)
    total[0] = 1.0
    for _ in range(review):
        longer = np.convolve(total, one)
        total = longer[: states + 1].copy()
        total[states] += longer[states + 1 :].sum()
    chain = np.zeros((states, states))
    for state in range(states):
        chain[state, state:] = total[: states - state]
        chain[state, 0] += max(1.0 - total[: states - state].sum(), 0.0)
    for doubling in range(_MOST_DOUBLINGS):
        if float(np.ptp(chain, axis=0).sum()) < _SETTLED:
            return 1 << doubling
        chain = chain @ chain
    return 1 << _MOST_DOUBLINGS
