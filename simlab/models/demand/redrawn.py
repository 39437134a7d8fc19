"""What short histories leave open: the parameters of every law, drawn again.

A draw depends on the study's seed, the item's key and the number of the draw alone: neither on the order of
rows nor on who computes it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray, KeyArray
from simlab.engine.world.demand_law import ENDLESS, DemandLaw, Past
from simlab.engine.world.world import World
from simlab.models.demand.choice import too_wide
from simlab.models.demand.past.rhythm_series import rhythm_again
from simlab.models.shared import Sharing
from simlab.models.statistics import SECOND, beta_of, gamma_of, mixed, normal_of, start_of, uniform_of
from simlab.models.suppliers.redrawn import DelayUncertainty
from simlab.register.laws import (
    CONTINUOUS_KINDS,
    OVERDISPERSED_KINDS,
    STATED_KINDS,
    TWO_PARAMETER_KINDS,
    LawKind,
    true_variance,
)

if TYPE_CHECKING:
    from simlab.models.demand.shrinkage import SizePrior
    from simlab.models.history.history import History


_LENDING, _ENOUGH_ITEMS = 8, 10
_USUAL_NOISE, _WILDEST = 4.0, 20.0
_FARTHEST = 3.0  # standard deviations that the variation of sizes is drawn away at most
_SHARES = 1 << 24
_CHANCE = 2.0**32


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What is known of the parameters of every item's demand law.

    Attributes
    ----------
    n_observed, n_positive : (n,) int64
        Periods behind the law, and those with demand, as many as they are worth where older ones count less;
        0 periods: the law is given and stays.
    log_error : (n,) float
        Standard deviation of the logarithm of the squared variation of sizes.
    pooled : (n,) bool
        variance/mean is the group's and stays; the mean is the item's own.
    """

    n_observed: IntArray
    n_positive: IntArray
    log_error: FloatArray
    pooled: BoolArray

    def take(self, rows: IntArray) -> Uncertainty:
        """Of some items."""
        return Uncertainty(*(getattr(self, field.name)[rows] for field in fields(self)))


def nothing_open(n: int) -> Uncertainty:
    """Of n items whose demand laws are all given."""
    none = np.zeros(n, np.int64)
    return Uncertainty(none, none, np.zeros(n), np.zeros(n, np.bool_))


@dataclass(frozen=True)
class _Noise:
    """Sampling variance of log J per demand."""

    noise: float


def uncertainty_of(
    history: History,
    prior: SizePrior,
    short: BoolArray,
    given: BoolArray,
    sharing: Sharing | None = None,
) -> Uncertainty:
    """How sure the fitted parameters are.

    Parameters
    ----------
    history : History
        n items.
    prior : SizePrior
        What the variation of sizes was shrunk to: k demands' worth of the group's.
    short, given : (n,) bool
        Dispersion pooled; law stated outright.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    The logarithm of the squared variation of sizes J has posterior variance c/(n⁺ + k), the shrinkage's
    own: c is the sampling variance of log J per demand, pooled over items with 8 demands or more.
    """
    count = history.weight_positive
    noise = (sharing or Sharing()).of("noise of sizes", _Noise, lambda: _Noise(_noise(history))).noise
    error = np.sqrt(noise / np.maximum(count + prior.strength, 1.0))
    worth = np.maximum(np.rint(history.n_effective), history.n_observed > 0).astype(np.int64)
    sold = np.maximum(np.rint(count), history.n_positive > 0).astype(np.int64)
    return Uncertainty(np.where(given, 0, worth), np.where(given, 0, sold), error, short)


@dataclass(frozen=True, eq=False)
class Redraws:
    """The worlds that the histories leave possible.

    Attributes
    ----------
    known : Uncertainty
        Of the items' demand laws.
    seed : int
        Of the study.
    delays : DelayUncertainty or None
        Of their lead times; None where all are stated.
    """

    known: Uncertainty
    seed: int
    delays: DelayUncertainty | None = None

    def take(self, rows: IntArray) -> Redraws:
        """Of some items."""
        delays = None if self.delays is None else self.delays.take(rows)
        return replace(self, known=self.known.take(rows), delays=delays)

    def draw(self, world: World, number: int) -> World:
        """The world of the same items with the parameters of one draw."""
        demand = redrawn_demand(world.demand, self.known, world.keys, self.seed, number)
        lead = world.lead_time
        if self.delays is not None:
            lead = self.delays.draw(lead, self.seed, number)
        return replace(world, demand=demand, lead_time=lead)


def redrawn_demand(law: DemandLaw, known: Uncertainty, keys: KeyArray, seed: int, number: int) -> DemandLaw:
    """One draw of the parameters of every demand law; the mean over draws is the fitted mean.

    Parameters
    ----------
    law : DemandLaw
        n items, as fitted.
    known : Uncertainty
        What the draws vary with.
    keys : (n,) uint64
        Item keys.
    seed, number : int
        Study seed, and number of the draw.

    Notes
    -----
    Posterior draws with flat priors on the scale of each parameter. Share of periods with demand:
    Beta(n⁺, n − n⁺); mean size beyond one unit: Gamma with the variance of a mean of n⁺ sizes; squared
    variation of sizes: lognormal (`uncertainty_of`). One-parameter laws (Poisson, geometric), binomial laws
    and pooled dispersions: the mean alone, Gamma with variance σ²/n. Empirical laws, and the sizes of chains:
    Dirichlet weights on the values seen (Bayesian bootstrap); a chain's share of periods with demand as
    above, its persistence as fitted. Series: blocks of their own length, and observations of a phase, drawn
    with replacement; of a rhythm intervals and sizes, each with replacement. Laws given outright and
    items that never sold stay as they are; so do seasonal profiles and common factors.

    References
    ----------
    Rubin (1981), The Bayesian bootstrap, Ann. Statist. 9. Gelman et al. (2013), Bayesian Data Analysis.
    """
    word = _Words(keys, seed, number)
    n, count = known.n_observed.astype(np.float64), known.n_positive.astype(np.float64)
    open_ = (n > 0) & (law.mean > 0)
    two = open_ & np.isin(law.kind, TWO_PARAMETER_KINDS) & ~known.pooled & (count > 0) & (n > 1)
    one = open_ & ~two & np.isin(law.kind, (*STATED_KINDS, *TWO_PARAMETER_KINDS))
    mean, variance, share = law.mean.copy(), law.variance.copy(), law.probability.copy()
    mean[one], variance[one] = _scaled(law, n, word(1), one)
    mean[two], variance[two], drawn = _composed(law, n, count, known.log_error, word, two)
    share[two] = np.where(law.kind[two] == LawKind.INTERMITTENT, drawn, share[two])
    kind, mean, variance = _allowed(law, mean, variance)
    out = replace(law, kind=kind, mean=mean, variance=variance, probability=share)
    counted = open_ & np.isin(law.kind, (LawKind.EMPIRICAL, LawKind.MARKOV))
    out = _reweighted(out, known, counted, keys, word.start(4))
    return _past_again(out, open_, known, word)


def _scaled(law: DemandLaw, n: FloatArray, u: FloatArray, rows: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Means alone: Gamma with mean m and variance σ²/n; variance/mean stays, or follows from the mean."""
    mean, variance = law.mean[rows], law.variance[rows]
    factor = gamma_of(n[rows] * mean**2 / np.maximum(variance, 1e-12), u[rows])
    drawn = mean * factor
    return drawn, true_variance(law.kind[rows], drawn, variance * factor)


def _composed(
    law: DemandLaw, n: FloatArray, count: FloatArray, error: FloatArray, word: _Words, rows: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variance and share of periods with demand, from shares and sizes drawn apart."""
    n = n[rows]
    rare = law.kind[rows] == LawKind.INTERMITTENT  # its share may be that of comparable items
    share = np.where(rare, law.probability[rows], count[rows] / n)
    count = share * n
    size = law.mean[rows] / share
    bias = n / (n - 1)
    varied = np.maximum(law.variance[rows] / (bias * share * size**2) + share - 1, 0.0)
    new_share = beta_of(count, n - count, word(1)[rows])
    least = np.where(np.isin(law.kind[rows], CONTINUOUS_KINDS), 0.0, np.minimum(size, 1.0))
    more = size - least
    shape = count * more**2 / np.maximum(varied * size**2, 1e-12)
    beyond = np.maximum(more * gamma_of(np.maximum(shape, 1e-9), word(2)[rows]), 1e-9)
    new_size = least + np.where(varied > 0, beyond, more)
    away = np.clip(normal_of(word(3)[rows]), -_FARTHEST, _FARTHEST)
    new_varied = varied * np.exp(error[rows] * away)
    mean = new_share * new_size
    variance = bias * new_share * new_size**2 * np.maximum(1 + new_varied - new_share, 0.0)
    return mean, variance, new_share


def _allowed(
    law: DemandLaw, mean: FloatArray, variance: FloatArray
) -> tuple[CodeArray, FloatArray, FloatArray]:
    """Draws that the law's kind can have: what is not overdispersed is Poisson, nothing is too wide."""
    wide = too_wide(mean, variance, law.kind) & ~too_wide(law.mean, law.variance, law.kind)
    wide &= law.kind != LawKind.EMPIRICAL
    mean, variance = np.where(wide, law.mean, mean), np.where(wide, law.variance, variance)
    over = np.isin(law.kind, OVERDISPERSED_KINDS)
    kind = np.where(over & (variance <= mean), LawKind.POISSON, law.kind).astype(np.int8)
    variance = np.where(kind == LawKind.POISSON, mean, variance)
    return kind, mean, variance


def _reweighted(law: DemandLaw, known: Uncertainty, rows: BoolArray, keys: KeyArray, word: int) -> DemandLaw:
    """Dirichlet weights for the values that laws were counted from, in tables of these items.

    A table says as much as the periods (a chain's: the demands) behind it, whatever its weights add up to:
    those of demand without its season are parts of periods.
    """
    counted = np.flatnonzero(law.length > 0)
    if not rows[counted].any():
        return law
    length = law.length[counted]
    ends = np.cumsum(length)
    item = np.repeat(counted, length)
    index = np.arange(ends[-1]) + np.repeat(law.start[counted] - (ends - length), length)
    values, weights = law.values[index], law.weights[index].copy()
    at = np.flatnonzero(rows[item])
    item, counts = item[at], weights[at].astype(np.float64)
    n = law.n_items
    behind = np.where(law.kind == LawKind.MARKOV, known.n_positive, known.n_observed)
    counts *= (behind / np.maximum(np.bincount(item, weights=counts, minlength=n), 1.0))[item]
    own = mixed(keys[item] + values[at].astype(np.uint64) * SECOND)
    drawn = counts * gamma_of(counts, uniform_of(own, word))
    shares = drawn / np.bincount(item, weights=drawn, minlength=n)[item]
    weights[at] = np.maximum(np.rint(shares * _SHARES), 1.0).astype(np.int64)
    shares = weights[at] / np.bincount(item, weights=weights[at], minlength=n)[item]
    value = values[at].astype(np.float64)
    mean: FloatArray = np.bincount(item, weights=shares * value, minlength=n).astype(np.float64)
    away = (value - mean[item]) ** 2
    spread: FloatArray = np.bincount(item, weights=shares * away, minlength=n).astype(np.float64)
    start = law.start.copy()
    start[counted] = ends - length
    own = rows & (law.kind == LawKind.EMPIRICAL)
    mean, spread = np.where(own, mean, law.mean), np.where(own, spread, law.variance)
    return replace(law, mean=mean, variance=spread, start=start, values=values, weights=weights)


def _past_again(law: DemandLaw, rows: BoolArray, known: Uncertainty, word: _Words) -> DemandLaw:
    """Series drawn again in blocks or within phases, and chances of demand of chains."""
    chain, past = law.chain, law.past
    if chain is not None and (rows & (law.kind == LawKind.MARKOV)).any():
        again = rows & (law.kind == LawKind.MARKOV)
        a, b = chain.after_none / _CHANCE, chain.after_demand / _CHANCE
        lasting = b - a
        count = np.maximum(known.n_positive, 0.5).astype(np.float64)
        share = beta_of(count, np.maximum(known.n_observed - known.n_positive, 0).astype(np.float64), word(1))
        new_a, new_b = share * (1 - lasting), share + (1 - share) * lasting
        chances = [
            np.where(again, np.rint(np.clip(new, 0.0, 1.0) * _CHANCE), old).astype(np.int64)
            for new, old in ((new_a, chain.after_none), (new_b, chain.after_demand))
        ]
        chain = replace(chain, after_none=chances[0], after_demand=chances[1])
    if past is not None:
        past = _series_again(past, np.flatnonzero(rows & (past.length > 0)), known, word)
    return replace(law, chain=chain, past=past)


def _series_again(past: Past, rows: IntArray, known: Uncertainty, word: _Words) -> Past:
    """Every series as one draw of itself; of a rhythm its intervals and its sizes, with replacement.

    A series that holds recent periods several times is worth `known.n_observed` periods.
    """
    lines, length, phases = [], past.length.copy(), past.phases
    counted = np.flatnonzero(length > 0)
    drawn = set(rows.tolist())
    for row in counted.tolist():
        own = slice(int(past.start[row]), int(past.start[row] + length[row]))
        line = past.series[own]
        if row in drawn:
            u = uniform_of(word.keys[row] + np.arange(line.size, dtype=np.uint64), word.start(5))
            phase = None if phases is None or past.cycle == 1 else phases[own]
            if past.block[row] >= ENDLESS:
                line = rhythm_again(line, int(known.n_positive[row]) - 1, u)
            else:
                worth = min(int(known.n_observed[row]), line.size)
                line = line[_places(u, int(past.block[row]), phase, worth)]
        length[row] = line.size
        lines.append(line)
    ends = np.cumsum(length[counted])
    start = np.zeros_like(past.start)
    start[counted] = ends - length[counted]
    every = np.concatenate(lines) if lines else past.series[:0]
    if phases is not None and counted.size:
        own_phases = [
            np.resize(phases[past.start[row] : past.start[row] + past.length[row]], int(length[row]))
            for row in counted.tolist()
        ]
        phases = np.concatenate(own_phases)
    return replace(past, start=start, length=length, series=every, phases=phases)


def _places(u: FloatArray, block: int, phase: IntArray | None, worth: int) -> IntArray:
    """Places of a series from which its next draw is taken, so many periods where phases are alike."""
    n = u.size
    if phase is None or np.unique(phase).size == 1:
        t = np.arange(worth)
        u = u[:worth]
        return np.asarray((np.floor(u * n).astype(np.int64)[t - t % block] + t % block) % n)
    out = np.empty(n, np.int64)
    for number in np.unique(phase).tolist():
        at = np.flatnonzero(phase == number)
        out[at] = at[np.floor(u[at] * at.size).astype(np.int64)]
    return out


@dataclass(frozen=True, eq=False)
class _Words:
    """Uniform numbers of every item, by purpose."""

    keys: KeyArray
    seed: int
    number: int

    def __call__(self, purpose: int) -> FloatArray:
        return uniform_of(self.keys, self.start(purpose))

    def start(self, purpose: int) -> int:
        """Where the stream of a purpose begins."""
        return start_of(self.seed, self.number, purpose)


def _noise(history: History) -> float:
    """Mean sampling variance of log J per demand: fourth ÷ squared second moment of relative sizes − 1."""
    own, fourth = history.size_moments
    rows = (history.weight_positive >= _LENDING) & (own > 0)
    if int(rows.sum()) < _ENOUGH_ITEMS:
        return _USUAL_NOISE
    return float(np.clip(fourth[rows] / own[rows] ** 2 - 1, 0.0, _WILDEST).mean())
