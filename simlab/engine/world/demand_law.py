"""What is known of demand: the law of a period, seasons, a past to draw from, and common factors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray, KeyArray, take_rows
from simlab.errors import EngineFaultError
from simlab.register.laws import LawKind as LawKind
from simlab.register.laws import true_variance

MOST_MULTIPLIERS = 16
"""Distinct multipliers of one profile: each costs an item a table of its own."""

CHANCE = 1 << 32
"""Chances per period are counted in 2**-32."""

LOADING = 1 << 30
"""Loadings are counted in 2**-30."""


ENDLESS = 1 << 30
"""Periods of a block that no run ends: the series is read on, around its end (demand with a rhythm)."""


@dataclass(frozen=True, eq=False)
class Seasons:
    """Multipliers of demand by phase of a calendar cycle (day of the week, week of the year).

    Attributes
    ----------
    profile : (n,) int64
        Row of `multipliers` that each item follows; −1: none.
    multipliers : (p, cycle) float
        Mean demand in each phase, relative to the item's mean: ≥ 0, mean 1 over each profile's cycle,
        at most `MOST_MULTIPLIERS` distinct values per profile (see `rounded`).
    phase : int
        Phase, 0 … cycle − 1, of period 0 of the run: the first period run, warm-up included. Period t
        has phase (phase + t) mod cycle.
    frequency : (n,) float, optional
        For intermittent and empirical laws: how far the season is one of how often there is demand (1)
        or of how much (0); see `phase_sizes`.
    divides : (p,) bool, optional
        Profiles that are no seasons but lengths of parts of a period (see `lengths`): demand of a part of
        length m is that of an independent piece, mean and variance times m, sizes as they are.

    Notes
    -----
    The law of an item's `mean` and `variance` is that of a period with multiplier 1. A multiplier m keeps

    - Poisson: the law (mean·m);
    - negative binomial, geometric: the dispersion r, variance = mean·m + (mean·m)²/r;
    - stuttering Poisson, binomial: variance ÷ mean (more or fewer arrivals of the same sizes);
    - gamma, lognormal, normal: the coefficient of variation;
    - intermittent: the sizes, as the share of periods with demand becomes p·m; where that exceeds 1,
      every period has demand and sizes are stretched by p·m;
    - empirical: the weights; values are stretched by m, what is no whole number split over its two
      neighbours so that the mean is kept;
    - intermittent and empirical with `frequency` ψ: mean·m and a variance of a·m + (variance − a)·m²,
      a = ψ·(variance + mean²): sizes grow as g = ψ + (1 − ψ)·m, the share of periods with demand as m/g
      up to 1.

    Laws drawn from a series, and Markov chains, follow no profile: their past has its seasons.
    """

    profile: IntArray
    multipliers: FloatArray
    phase: int = 0
    frequency: FloatArray | None = None
    divides: BoolArray | None = None

    @property
    def cycle(self) -> int:
        """Phases of the cycle."""
        return int(self.multipliers.shape[1])

    @property
    def by_length(self) -> BoolArray:
        """(n,) items whose profile is one of lengths."""
        if self.divides is None:
            return np.zeros(self.profile.size, np.bool_)
        return np.asarray((self.profile >= 0) & self.divides[self.profile])

    @classmethod
    def rounded(cls, profile: IntArray, multipliers: FloatArray, phase: int = 0) -> Seasons:
        """Profiles divided by their mean, with near multipliers replaced by their common mean.

        Parameters
        ----------
        profile, phase
            As above.
        multipliers : (p, cycle) float
            ≥ 0, each row with a positive sum. Where a row has more than `MOST_MULTIPLIERS` distinct
            values, they are grouped into as many so that the squared error is least; the mean is kept.
        """
        scaled = multipliers / multipliers.mean(axis=1, keepdims=True)
        rows = [_grouped(row) for row in scaled]
        return cls(np.asarray(profile, np.int64), np.array(rows).reshape(scaled.shape), phase)

    def take(self, rows: IntArray) -> Seasons:
        """The profiles of some items; the multipliers stay shared."""
        frequency = None if self.frequency is None else self.frequency[rows]
        return replace(self, profile=self.profile[rows], frequency=frequency)


@dataclass(frozen=True, eq=False)
class Past:
    """Observed demand, period after period, for the laws that draw from it.

    Attributes
    ----------
    start, length : (n,) int64
        Where each item's series lies in `series`; length 0 where its law needs none.
    series : (m,) int64
        Units of consecutive observed periods, ≥ 0.
    block : (n,) int64
        MOVING_BLOCKS: periods of a block. STATIONARY_BLOCKS: mean periods of a block. Else unused (1).
    phases : (m,) int64, optional
        Phase of every observation, 0 … cycle − 1, for CALENDAR.
    cycle, phase : int
        Phases of the calendar cycle, and the phase of period 0 of the run (see `Seasons`).

    Notes
    -----
    MOVING_BLOCKS: period t is observation (u + t mod block) mod length, with u uniform and the same for
    the periods of one block (blocks begin at period 0 of the run and wrap around the end of the series,
    so that each observation is as likely as any other; Politis and Romano 1992).
    STATIONARY_BLOCKS: in each period a new uniform u with chance 1/block, else the next observation
    (Politis and Romano 1994). CALENDAR: any observation of the same phase, independently.
    """

    start: IntArray
    length: IntArray
    series: IntArray
    block: IntArray
    phases: IntArray | None = None
    cycle: int = 1
    phase: int = 0

    def take(self, rows: IntArray) -> Past:
        """The past of some items; the series stay shared."""
        return take_rows(self, rows, shared=("series", "phases", "cycle", "phase"))


@dataclass(frozen=True, eq=False)
class Chain:
    """Occurrence of demand as a chain of two states, for MARKOV laws.

    Attributes
    ----------
    after_none, after_demand : (n,) int64
        Chance of demand, in 2**-32, in a period after one without and after one with demand. The first
        period run is drawn from the long-run share of periods with demand. 0 where unused.
    jitter : (n,) bool
        True: an observed size x stands for whole sizes around it, normal with variance x and cut
        symmetrically to 1 … 2x − 1, so that the mean is kept (after Willemain et al. 2004).

    Notes
    -----
    Sizes, ≥ 1, and how often each was seen are the item's `DemandLaw.values` and `weights`.
    """

    after_none: IntArray
    after_demand: IntArray
    jitter: npt.NDArray[np.bool_]

    def take(self, rows: IntArray) -> Chain:
        """The chains of some items."""
        return take_rows(self, rows)


@dataclass(frozen=True, eq=False)
class DemandLaw:
    """Demand per period of every SKU-location.

    Independent between periods, except for MOVING_BLOCKS, STATIONARY_BLOCKS and MARKOV.

    Attributes
    ----------
    kind : (n,) int8
        `LawKind`.
    mean, variance : (n,) float
        Units per period and units² per period, at multiplier 1. Poisson and geometric ignore the
        variance; laws from tables, series and chains ignore both (callers keep them consistent; what is
        drawn has the moments of `tables.moments_of`).
    probability : (n,) float
        Share of periods with demand, for the intermittent law; 0 elsewhere.
    start, length : (n,) int64
        Where an empirical law, or the sizes of an intermittent or Markov one, lie in `values` and
        `weights`; length 0 elsewhere.
    values, weights : (m,) int64
        Support points (distinct, ascending) and how often each was seen.
    seasons : Seasons, optional
        Multipliers by calendar phase; none if left out.
    past : Past, optional
        Series, where a law draws from one.
    chain : Chain, optional
        Occurrence, where a law is MARKOV.
    """

    kind: CodeArray
    mean: FloatArray
    variance: FloatArray
    probability: FloatArray
    start: IntArray
    length: IntArray
    values: IntArray
    weights: IntArray
    seasons: Seasons | None = None
    past: Past | None = None
    chain: Chain | None = None

    @property
    def n_items(self) -> int:
        return int(self.kind.size)

    @property
    def true_variance(self) -> FloatArray:
        """(n,) variance of a period, also of laws that ignore the field."""
        return true_variance(self.kind, self.mean, self.variance)

    @property
    def has_rhythm(self) -> BoolArray:
        """(n,) whether the law reads a series on without end, as renewal laws do."""
        if self.past is None:
            return np.zeros(self.n_items, np.bool_)
        return np.asarray((self.kind == LawKind.MOVING_BLOCKS) & (self.past.block >= ENDLESS))

    @property
    def cycle(self) -> int:
        """Periods after which the laws repeat: the common multiple of the cycles in use."""
        seasons = 1 if self.seasons is None else self.seasons.cycle
        return math.lcm(seasons, 1 if self.past is None else self.past.cycle)

    def take(self, rows: IntArray) -> DemandLaw:
        """The laws of some items; the support tables stay shared."""
        parts = ("seasons", "past", "chain")
        plain = take_rows(self, rows, shared=("values", "weights", *parts))
        taken = {name: part.take(rows) for name in parts if (part := getattr(self, name)) is not None}
        return replace(plain, **taken)


@dataclass(frozen=True, eq=False)
class Dependence:
    """Demand of different items moved by common factors: a Gaussian copula.

    In every period an item's normal score is market·Z + group·G + own·Y with independent standard normal
    Z (one for all items), G (one per group) and Y (its own), own² = 1 − market² − group². The score's
    probability is the word that the item's law turns into demand, so that the law itself is unchanged
    (to the error stated in `copula`). Scores of two items are correlated by market·market', plus
    group·group' where both are in one group; periods are independent.

    Attributes
    ----------
    market, group : (n,) int64
        Loadings in 2**-30, −2**30 … 2**30, their squares summing to at most 2**60. An item with both 0
        keeps the bits that it has without dependence.
    member : (n,) int64
        Row of `keys` of each item's group; −1: none (its group loading is then 0).
    keys : (m,) uint64
        Hash of each group's name (`streams.group_keys`): its stream depends on it, so that any block of
        items can draw it alone.

    Notes
    -----
    Not for MOVING_BLOCKS and STATIONARY_BLOCKS, whose words are places in a series: such an item's
    loadings are 0.
    """

    market: IntArray
    group: IntArray
    member: IntArray
    keys: KeyArray

    @classmethod
    def of(
        cls,
        market: FloatArray,
        group: FloatArray | None = None,
        member: IntArray | None = None,
        keys: KeyArray | None = None,
    ) -> Dependence:
        """From loadings in −1 … 1; without groups where they are left out."""
        n = market.size
        both = market**2 + (0.0 if group is None else group**2)
        if not (both <= 1.0 + 1e-12).all():
            raise EngineFaultError(f"item {int(np.argmax(~(both <= 1.0 + 1e-12)))}: loadings² exceed 1")

        def fixed(loadings: FloatArray) -> IntArray:
            return np.asarray(np.trunc(loadings * LOADING), dtype=np.int64)

        a, b = fixed(market), np.zeros(n, np.int64) if group is None else fixed(group)
        over = a**2 + b**2 > LOADING**2  # by rounding alone, so that one step of the larger one is enough
        first = np.abs(a) >= np.abs(b)
        return cls(
            np.where(over & first, a - np.sign(a), a),
            np.where(over & ~first, b - np.sign(b), b),
            np.full(n, -1, np.int64) if member is None else np.asarray(member, np.int64),
            np.zeros(0, np.uint64) if keys is None else keys,
        )

    def take(self, rows: IntArray) -> Dependence:
        """Some of the items; the groups stay shared."""
        return take_rows(self, rows, shared=("keys",))


def long_run(chain: Chain) -> IntArray:
    """(n,) long-run share of periods with demand, in 2**-32, rounded down."""
    pairs = zip(chain.after_none.tolist(), chain.after_demand.tolist(), strict=True)
    shares = [(a << 32) // (a + CHANCE - b) if a + CHANCE - b > 0 else 0 for a, b in pairs]
    return np.array(shares, np.int64)


def _grouped(row: FloatArray) -> FloatArray:
    """Values of a profile in at most `MOST_MULTIPLIERS` groups of least squared error (Fisher 1958)."""
    return _grouped_once(tuple(row.tolist()))


@lru_cache(maxsize=256)
def _grouped_once(profile: tuple[float, ...]) -> FloatArray:
    row = np.array(profile)
    values, place, counts = np.unique(row, return_inverse=True, return_counts=True)
    if values.size <= MOST_MULTIPLIERS:
        return row
    weight = np.concatenate(([0.0], np.cumsum(counts)))
    first = np.concatenate(([0.0], np.cumsum(counts * values)))
    second = np.concatenate(([0.0], np.cumsum(counts * values**2)))
    n = values.size
    begin, end = np.arange(n)[:, None], np.arange(1, n + 1)[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = second[end] - second[begin] - (first[end] - first[begin]) ** 2 / (weight[end] - weight[begin])
    cost = np.where(begin < end, cost, np.inf)
    best, cuts = cost[0], []
    for _ in range(MOST_MULTIPLIERS - 1):
        tried = np.vstack([np.full(n, np.inf), best[:-1, None] + cost[1:]])
        cuts.append(tried.argmin(axis=0))
        best = tried.min(axis=0)
    out, last = np.empty(n), n - 1
    for cut in [*reversed(cuts), np.zeros(n, np.int64)]:
        here = int(cut[last])
        out[here : last + 1] = (first[last + 1] - first[here]) / (weight[last + 1] - weight[here])
        last = here - 1
    return np.asarray(out[place.ravel()])
