"""How well each law predicts the next period: log scores on rolling origins, never in sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from simlab import mapped
from simlab.arrays import FloatArray, IntArray
from simlab.engine.world.demand_law import Seasons
from simlab.models.demand.scoring.rolling_past import RollingPast
from simlab.models.demand.seasons.laws import factors_of
from simlab.models.demand.shrinkage import SizePrior, shrunk_variance
from simlab.models.history.history import History, places, side_by_side, table_of, table_parts
from simlab.models.statistics import log_intermittent, log_negative_binomial, log_poisson
from simlab.register.laws import SCORED_NAMES

BASE = SCORED_NAMES.index("negative_binomial")
"""The law that the others are compared with."""

_SCORED_SHARE = 1 / 3  # the last third of the periods is predicted
_FIRST = 8  # periods known at the first origin, at least
_SHORT = 1 << 15


@dataclass(frozen=True, eq=False)
class Scores:
    """Mean score per predicted period, higher is better.

    Attributes
    ----------
    name : str
        ``log`` (natural logarithm of the probability of what happened) or ``crps`` (the negative
        continuous ranked probability score ÷ mean demand).
    laws : tuple of str
        Columns of `mean`.
    mean : (n, l) float
        NaN where nothing was predicted.
    noise : (n, l) float
        Variance of the mean difference to the base law (negative binomial); NaN where nothing was.
    n_predicted : (n,) int64
        Periods predicted.
    """

    name: str
    laws: tuple[str, ...]
    mean: FloatArray
    noise: FloatArray
    n_predicted: IntArray


def rolling_scores(
    history: History,
    prior: SizePrior | None = None,
    *,
    score: str = "log",
    further: tuple[str, ...] = (),
    seasons: Seasons | None = None,
) -> Scores:
    """Predict each of the last third of the periods from all periods before it.

    Parameters
    ----------
    history : History
        Complete periods; without them nothing is predicted.
    prior : SizePrior, optional
        What the variance is shrunk to; nothing if left out. Take it from the periods before the first
        origin (`known_before`), so that nothing is looked at in advance.
    score : {"log", "crps"}
        With ``crps`` laws are fitted again four times, not in every period.
    further : tuple of str
        Of `FURTHER_NAMES`: scored too, by their logarithm.
    seasons : Seasons, optional
        Profiles of the items that are scored with their season in: each law has the mean and variance of
        the phase that it predicts (a chain follows no profile and is scored without). Their laws are fitted
        again four times. Take the profiles from before the first origin (`seasonality.known_profiles`).

    Notes
    -----
    At origin t: mean (Σx + ½)/t, variance of the t periods so far, shrunk; Poisson; negative binomial
    where variance > mean, else Poisson; intermittent: share of periods with demand (n⁺ + ½)/(t + 1) and
    sizes of 1 + a negative binomial; empirical: counts so far with one pseudo-observation spread by the
    negative binomial, since a law that gives an event no chance scores −∞. Further laws: see
    `further_scores`.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation.
    """
    laws = (*SCORED_NAMES, *further)
    shape = (history.n_items, len(laws))
    mean, noise = mapped.room(shape, np.float64), mapped.room(shape, np.float64)
    mean[:], noise[:] = np.nan, np.nan
    n, first = history.n_observed, first_predicted(history)
    predicted = np.maximum(n - first, 0) if history.is_complete else np.zeros_like(n)
    borrowed = SizePrior(np.zeros(history.n_items), 0.0) if prior is None else prior

    def predict(part: slice) -> None:
        items, table = np.arange(part.start, part.stop), table_of(history.part(part))
        one = SizePrior(borrowed.variation[items], borrowed.strength)
        has = np.zeros(items.size, np.bool_) if seasons is None else seasons.profile[items] >= 0
        for rows in (np.flatnonzero(~has), np.flatnonzero(has)):
            if rows.size == 0:
                continue
            own = items[rows]
            factor = None
            if seasons is not None and has[rows[0]]:
                factor = factors_of(history, own, table.shape[1], seasons)
            half_life = None if history.half_life is None else history.half_life[own]
            mine = SizePrior(one.variation[rows], one.strength)
            past = RollingPast(table[rows], first[own], n[own], mine, half_life)
            row, values = _scored(past, factor, score, further)
            mean[own], noise[own] = _means(row, values, rows.size)

    if history.is_complete:
        side_by_side(predict, table_parts(history), history.threads)
    return Scores(score, laws, mean, noise, predicted)


def _scored(
    past: RollingPast, factor: FloatArray | None, score: str, further: tuple[str, ...]
) -> tuple[IntArray, FloatArray]:
    """Row of each predicted period, and (laws, periods) scores of some rows."""
    from simlab.models.demand.scoring.crps import origin_scores

    if score == "crps":
        return origin_scores(past, factor)
    if factor is None:
        row, values = _log_scores(past)
    else:
        row, values = origin_scores(past, factor, score="log")
    if further:
        values = np.concatenate([values, further_scores(past, row, further, factor)])
    return row, values


def first_predicted(history: History) -> IntArray:
    """(n,) place (counted in observed periods) of the first predicted period of each item."""
    n = history.n_observed
    return np.asarray(np.maximum(n - np.floor(n * _SCORED_SHARE).astype(np.int64), _FIRST))


def known_before(history: History) -> History:
    """The history as it was known at the first origin: what came later is left out."""
    first = first_predicted(history)
    rows = history.by_item(lambda block: places(block) < first_predicted(block)[block.item])
    return replace(
        history,
        n_observed=np.minimum(history.n_observed, first),
        item=mapped.chosen(history.item, rows),
        period=mapped.chosen(history.period, rows),
        quantity=mapped.chosen(history.quantity, rows),
    )


def _means(row: IntArray, values: FloatArray, n_rows: int) -> tuple[FloatArray, FloatArray]:
    """(rows, laws) mean scores, and the variances of the mean differences to the base law."""
    count = np.bincount(row, minlength=n_rows)[:, None].astype(np.float64)
    away = values - values[BASE]
    means = _by_row(row, values, n_rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = _by_row(row, away, n_rows) / count
        squares = _by_row(row, away**2, n_rows) / count
        noise = np.maximum(squares - gap**2, 0.0) / np.maximum(count - 1, 1)
        return np.where(count > 0, means / count, np.nan), np.where(count > 0, noise, np.nan)


def _by_row(row: IntArray, values: FloatArray, n_rows: int) -> FloatArray:
    return np.array([np.bincount(row, weights=line, minlength=n_rows) for line in values]).T


def _log_scores(past: RollingPast) -> tuple[IntArray, FloatArray]:
    """Row of each predicted period, and (laws, periods) log scores."""
    table, prior = past.table, past.prior
    row, at = past.predicted()
    value, known, scale = table[row, at], past.known(row, at), past.scale(row, at)
    total, squares, positive = (
        past.before(one)[row, at] * scale for one in (table, table**2, (table > 0).astype(np.float64))
    )
    mean = (total + 0.5) / known
    variance = shrunk_variance(known, positive, total, squares, prior.variation[row], prior.strength)
    poisson = log_poisson(value, mean)
    wide = variance > mean
    binomial = poisson.copy()
    binomial[wide] = log_negative_binomial(value[wide], mean[wide], variance[wide])
    intermittent = log_intermittent(value, known, positive, total, variance)
    with np.errstate(divide="ignore"):
        seen = np.log(_seen_before(past)[row, at] * scale)
    empirical = np.logaddexp(seen, binomial) - np.log(known + 1)
    return row, np.array([poisson, binomial, intermittent, empirical])


def _seen_before(past: RollingPast) -> FloatArray:
    """How many earlier periods of the row had exactly this demand, each with its weight."""
    table = past.table
    short = (
        table.astype(np.int16) if table.max(initial=0) < _SHORT else table
    )  # sorted in a third of the time
    order = np.argsort(short, axis=1, kind="stable")
    ranked = np.take_along_axis(table, order, axis=1)
    place = np.broadcast_to(np.arange(table.shape[1]), table.shape)
    starts = np.where(np.diff(ranked, axis=1, prepend=-1.0) != 0, place, 0)
    begin = np.maximum.accumulate(starts, axis=1)
    found: FloatArray = (place - begin).astype(np.float64)
    if past.half_life is not None:
        # Σ 2^(s/h) over the same demand's periods s < t, then × 2^((1 − t)/h)
        own = past.powers(order, falling=False)
        upto = np.concatenate([np.zeros((table.shape[0], 1)), np.cumsum(own, axis=1)], axis=1)
        found = np.take_along_axis(upto, place, axis=1) - np.take_along_axis(upto, begin, axis=1)
        found = found * past.powers(order, falling=True)
    out = np.empty(table.shape)
    np.put_along_axis(out, order, found, axis=1)
    return out


_LARGEST = 1000
_TRANSITIONS = 10.0


def further_scores(
    past: RollingPast, row: IntArray, laws: tuple[str, ...], factor: FloatArray | None = None
) -> FloatArray:
    """(laws, m) log scores of the predicted periods, in the order of `row`.

    Parameters
    ----------
    past : RollingPast
    row : (m,) int
        Row of each predicted period.
    laws : tuple of str
        ``stuttering_poisson``: moments as for the negative binomial, log P by Pólya and Aeppli's recursion
        (above 1,000 units by the negative binomial). ``markov``: chance of demand after the period before,
        from the transitions so far and ten independent ones; sizes as in the intermittent law.
    factor : (rows, periods) float, optional
        Multipliers of the season: the stuttering Poisson law is predicted with them, its variance/mean
        kept; chains follow no season.

    References
    ----------
    Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 9.7.
    """
    table, prior = past.table, past.prior
    _, at = past.predicted()
    value, known, scale = table[row, at], past.known(row, at), past.scale(row, at)
    total, squares, positive = (
        past.before(one)[row, at] * scale for one in (table, table**2, (table > 0).astype(np.float64))
    )
    variance = shrunk_variance(known, positive, total, squares, prior.variation[row], prior.strength)
    predicted = Predicted(past, row, at, value, known, scale, positive, total, variance, factor)
    return np.array([FURTHER_SCORES[law](predicted) for law in laws])


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predicted periods, and what the periods before each of them say.

    Attributes
    ----------
    past : RollingPast
    row, at : (m,) int64
        Row and period predicted.
    value : (m,) float
        Demand that came.
    known, positive, total : (m,) float
        Periods before it, those with demand, and their units.
    scale : (m,) float
        What sums of weights before it are multiplied with.
    variance : (m,) float
        Of a period, the variation of sizes shrunk.
    factor : (rows, periods) float or None
        Multipliers of the season.
    """

    past: RollingPast
    row: IntArray
    at: IntArray
    value: FloatArray
    known: FloatArray
    scale: FloatArray
    positive: FloatArray
    total: FloatArray
    variance: FloatArray
    factor: FloatArray | None

    def moments_by_arrivals(self) -> tuple[FloatArray, FloatArray]:
        """(m,) mean and variance of the predicted period, variance/mean kept by its season."""
        mean = (self.total + 0.5) / self.known
        if self.factor is None:
            return mean, self.variance
        row, at, factor = self.row, self.at, self.factor
        before = [self.past.before(factor**k)[row, at] * self.scale for k in (1, 2)]
        spread = (before[1] * self.known / before[0] ** 2 - 1) * mean**2
        ratio = np.maximum(self.variance - spread, 0.0) / mean
        mean = (self.total + 0.5) / before[0] * np.maximum(factor[row, at], 1e-9)
        return mean, ratio * mean


def _stuttering(predicted: Predicted) -> FloatArray:
    return log_stuttering(predicted.value, *predicted.moments_by_arrivals())


def _markov(predicted: Predicted) -> FloatArray:
    one = predicted
    plain = log_intermittent(one.value, one.known, one.positive, one.total, one.variance)
    return np.asarray(plain + _lasting(one))


FURTHER_SCORES: dict[str, Callable[[Predicted], FloatArray]] = {
    "stuttering_poisson": _stuttering,
    "markov": _markov,
}
"""(m,) log scores of the laws that ``auto`` compares if the study names them."""


def _lasting(one: Predicted) -> FloatArray:
    """What knowing the period before adds to the logarithm of the chance of demand, or of none."""
    past, row, at, scale = one.past, one.row, one.at, one.scale
    known, positive, busy = one.known, one.positive, past.table > 0
    pairs = np.zeros(busy.shape)
    pairs[:, 1:] = busy[:, 1:] & busy[:, :-1]
    both = past.before(pairs)[row, at] * scale
    starts = np.zeros(busy.shape)
    starts[:, 1:] = busy[:, 1:] & ~busy[:, :-1]
    after_none = past.before(starts)[row, at] * scale
    before = busy[row, at - 1]
    from_busy = np.maximum(positive - before * scale, both)
    from_quiet = np.maximum(known - scale - from_busy, after_none)
    share = (positive + 0.5) / (known + 1)
    chance = np.where(
        before,
        (both + _TRANSITIONS * share) / (from_busy + _TRANSITIONS),
        (after_none + _TRANSITIONS * share) / (from_quiet + _TRANSITIONS),
    )
    here = busy[row, at]
    return np.asarray(np.where(here, np.log(chance) - np.log(share), np.log1p(-chance) - np.log1p(-share)))


def log_stuttering(value: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """(m,) log P(X = value) of Poisson arrivals with geometric sizes; Poisson where variance ≤ mean."""
    wide = variance > mean * (1 + 1e-9)
    out = log_poisson(value, mean)
    large = wide & (value > _LARGEST)
    out[large] = log_negative_binomial(value[large], mean[large], variance[large])
    some = np.flatnonzero(wide & ~large)
    ratio = variance[some] / mean[some]
    theta = (ratio - 1) / (ratio + 1)  # chance that a customer takes one more
    arrivals = mean[some] * (1 - theta)
    order = np.argsort(value[some], kind="stable")
    some, theta, arrivals = some[order], theta[order], arrivals[order]
    wanted = value[some].astype(np.int64)
    scale = -arrivals  # logarithm of what the recursion is divided by
    before, now = np.zeros(some.size), np.ones(some.size)
    done = int(np.searchsorted(wanted, 0, side="right"))
    out[some[:done]] = scale[:done]
    for k in range(1, int(wanted.max(initial=0)) + 1):
        rest = slice(done, None)
        t, a = theta[rest], arrivals[rest]
        new = ((a * (1 - t) + 2 * t * (k - 1)) * now[rest] - t**2 * (k - 2) * before[rest]) / k
        before[rest], now[rest] = now[rest], np.maximum(new, 1e-300)
        tall = now[rest] > 1e100
        if tall.any():
            at = done + np.flatnonzero(tall)
            scale[at] += np.log(now[at])
            before[at], now[at] = before[at] / now[at], 1.0
        end = int(np.searchsorted(wanted, k, side="right"))
        out[some[done:end]] = scale[done:end] + np.log(now[done:end])
        done = end
    return out
