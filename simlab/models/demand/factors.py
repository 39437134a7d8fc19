"""Common factors of demand: how far items move together, estimated for the simulator's copula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.kernels import streams
from simlab.engine.laws.pmfs import pmf_of_phase
from simlab.engine.laws.tables import LawTables, prepare
from simlab.engine.world.demand_law import DemandLaw, Dependence, LawKind
from simlab.errors import InvalidInputError
from simlab.models.correlation import ORDERS, coefficients, correlation, slope
from simlab.models.demand.marginal import marginal
from simlab.models.demand.past.bootstraps import phases_of
from simlab.models.demand.scoring.goodness import cumulated
from simlab.models.grouping import no_such_column
from simlab.models.history.history import History, opened, tables
from simlab.models.shared import Sharing

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_LEAST_PERIODS = 12
_LEAST_SIGNAL = 0.02  # variance of the score that a law must leave for an item to be heard
_LARGEST = 0.95  # of market² + group²
_SURE = 1.645  # standard errors above zero from which a common factor is believed


@dataclass(frozen=True, eq=False)
class Factors:
    """Loadings of every item, and how they came about.

    Attributes
    ----------
    market, group : (n,) float
        Loadings, 0 … 1.
    member : (n,) int64
        Group of each item; −1 without groups.
    names : tuple of str
        Of the groups.
    market_square, group_square : float
        Correlation of the scores of two items of different groups; and what being in one group adds, on
        average.
    """

    market: FloatArray
    group: FloatArray
    member: IntArray
    names: tuple[str, ...]
    market_square: float
    group_square: float

    def dependence(self) -> Dependence:
        """For `World.dependence`."""
        if not self.names:
            return Dependence.of(self.market)
        return Dependence.of(self.market, self.group, self.member, streams.group_keys(self.names))

    def note(self) -> QualityRow:
        """A remark for the quality account."""
        text = (
            f"correlation of normal scores {self.market_square:.3f} between items"
            + (
                f", {self.group_square:.3f} more within a group ({len(self.names)} groups)"
                if self.names
                else ""
            )
            + "; loadings of single items shrunk towards that"
        )
        if self.market_square == 0 and self.group_square == 0:
            text = "no common factor stands out from chance: items are drawn independently"
        return QualityRow("demand", "common factors of demand", "used", 0, note=text)


@dataclass(frozen=True, eq=False)
class _Pool:
    """Of all items: sums by group and period, and what is believed of them.

    Attributes
    ----------
    score : (groups, periods) float
    signal : (ORDERS, groups, periods) float
    market_square, group_square : float
        As in `Factors`.
    """

    score: FloatArray
    signal: FloatArray
    market_square: float
    group_square: float


@dataclass(frozen=True)
class _Spread:
    """How far loadings differ between items beyond noise; negative: too few items tell."""

    between: float


@dataclass(eq=False)
class _Sums:
    """Per period, over the items observed, by group: scores, squares, and Hermite terms of what they show.

    `score`, `square`: (groups, periods); `signal`, `signal_square`: (ORDERS, groups, periods).
    """

    score: FloatArray
    square: FloatArray
    signal: FloatArray
    signal_square: FloatArray


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of some items: E(normal score | demand) and whether the period was observed.

    `signal`: (ORDERS, rows) Hermite terms of the scores, 0 where an item is not heard; `span`: (2, rows)
    first period observed, and the one after the last.
    """

    items: IntArray
    score: FloatArray
    seen: BoolArray
    signal: FloatArray = field(repr=False)
    span: IntArray = field(repr=False)


def common_factors(
    catalog: Catalog, history: History, law: DemandLaw, sharing: Sharing | None = None
) -> Factors:
    """Loadings on one market factor and one factor per group.

    Parameters
    ----------
    catalog : Catalog
        `models.dependence` of its study: `market`, and `group_by`, a column of items.
    history : History
        Complete periods.
    law : DemandLaw
        As fitted.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    A period's score is the normal score of the randomised probability integral transform, averaged over
    the randomisation: s = (φ(q₋) − φ(q₊))/p between the quantiles of the demand seen. For two items whose
    latent scores have correlation ρ, E(s·s') = Σ h_k·h'_k·ρ^k with the Hermite coefficients of the two laws:
    ρ is the one at which the model's own covariance is the observed one, whatever the means (κ·κ'·ρ, the
    first term alone, gave a loading of 0.82 for 0.71 at a mean of 0.1). Pairs of different groups give the
    market's square, pairs within a group the rest; T/(T − 1) for means fitted to the same periods. An item's
    own loading follows from its product with the mean of the others and is shrunk towards the average one by
    what items differ beyond noise (method of moments). A factor within 1.645 standard errors of none is none.

    References
    ----------
    Smith (1985), Diagnostic checks of non-standard time series models. Efron & Morris (1975).
    """
    spec = catalog.study.models.dependence
    assert spec is not None
    column = None if spec.group_by is None else catalog.texts.get(spec.group_by)
    if spec.group_by is not None and column is None:
        raise InvalidInputError([no_such_column(catalog, spec.group_by, "models.dependence.group_by")])
    sharing = (sharing or Sharing()).under("factors")
    member, names = sharing.groups(spec.group_by or "all", column, catalog.n_items)
    grouped = spec.group_by is not None
    heard = _heard(history, law)

    def found() -> _Pool:
        sums = _sums(history, law, heard, member, len(names))
        market2 = _market(sums, grouped) if spec.market or not grouped else 0.0
        return _Pool(sums.score, sums.signal, market2, _within(sums, market2) if grouped else 0.0)

    pool = sharing.of("sums", _Pool, found)
    market2, group2 = pool.market_square, pool.group_square
    market, group = _loadings(history, law, heard, member, pool, grouped, sharing)
    blocks = np.isin(law.kind, (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS)) | (law.mean <= 0)
    market, group = np.where(blocks, 0.0, market), np.where(blocks, 0.0, group)
    over = np.maximum(np.sqrt((market**2 + group**2) / _LARGEST), 1.0)
    rows = np.where(blocks, -1, member) if grouped else np.full(catalog.n_items, -1)
    return Factors(market / over, group / over, rows, tuple(names) if grouped else (), market2, group2)


def _heard(history: History, law: DemandLaw) -> BoolArray:
    """(n,) items with enough periods and demand to say something of common factors."""
    return np.asarray((history.n_observed >= _LEAST_PERIODS) & (history.n_positive >= 2) & (law.mean > 0))


def _scored(history: History, law: DemandLaw, heard: BoolArray) -> Iterator[_Scored]:
    """Scores of all heard items, block by block, one column per open period of the calendar."""
    from scipy.special import ndtri

    phases = phase_laws(law, history)
    n_open = int(opened(history)[-1])
    start = opened(history)[np.minimum(history.first, history.calendar.n_periods)]
    for items, table in tables(history):
        score = np.zeros((items.size, n_open))
        seen = np.zeros((items.size, n_open), np.bool_)
        signal = np.zeros((ORDERS, items.size))
        span = np.zeros((2, items.size), np.int64)
        for row in np.flatnonzero(heard[items]).tolist():
            item = int(items[row])
            n = int(history.n_observed[item])
            low, high = phases.cumulated(item, table[row, :n].astype(np.int64))
            edges = [_density(ndtri(np.clip(one, 0.0, 1.0))) for one in (low, high)]
            one = (edges[0] - edges[1]) / np.maximum(high - low, 1e-12)
            at = slice(int(start[item]), int(start[item]) + n)
            score[row, at], seen[row, at] = one - one.mean(), True
            span[:, row] = int(start[item]), int(start[item]) + n
            signal[:, row] = phases.signals(item)
        loud = signal[0] >= _LEAST_SIGNAL
        signal = np.where(loud, signal, 0.0)
        seen &= loud[:, None]
        score *= seen
        yield _Scored(items, score, seen, signal, span)


def _density(q: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * np.minimum(q**2, 1400.0)) / np.sqrt(2 * np.pi))


def _sums(history: History, law: DemandLaw, heard: BoolArray, member: IntArray, n_groups: int) -> _Sums:
    n_open = int(opened(history)[-1])
    score, square = np.zeros((n_groups, n_open)), np.zeros((n_groups, n_open))
    edges = np.zeros((2, ORDERS, n_groups, n_open + 1))
    for part in _scored(history, law, heard):
        rows = member[part.items]
        np.add.at(score, rows, part.score)
        np.add.at(square, rows, part.score**2)
        for power, edge in enumerate(edges, start=1):
            for order, line in zip(edge, part.signal**power, strict=True):
                np.add.at(order, (rows, part.span[0]), line)
                np.add.at(order, (rows, part.span[1]), -line)
    signal, signal_square = np.cumsum(edges, axis=3)[..., :n_open]
    return _Sums(score, square, signal, signal_square)


def _market(sums: _Sums, grouped: bool) -> float:
    """Correlation of two items of different groups; of any two without groups; 0 within its noise."""
    score, signal = sums.score.sum(axis=0), sums.signal.sum(axis=1)
    if grouped and sums.score.shape[0] > 1:
        part = score**2 - (sums.score**2).sum(axis=0)
        whole = signal**2 - (sums.signal**2).sum(axis=1)
    else:
        part = score**2 - sums.square.sum(axis=0)
        whole = signal**2 - sums.signal_square.sum(axis=1)
    return _believed(part, whole, 0.0)


def _within(sums: _Sums, market: float) -> float:
    """What two items of one group have in common beyond the market."""
    part = (sums.score**2 - sums.square).sum(axis=0)
    whole = (sums.signal**2 - sums.signal_square).sum(axis=1)
    return _believed(part, whole, market)


def _believed(part: FloatArray, whole: FloatArray, less: float) -> float:
    """ρ at which Σ whole·ρ^k = Σ part, less `less`, where that stands out from its noise between periods.

    Parameters
    ----------
    part : (periods,) float
        Products of scores, summed over pairs.
    whole : (ORDERS, periods) float
        Their Hermite terms.
    """
    used = whole[0] > 0
    n = int(used.sum())
    if n < 3:
        return 0.0
    total = float(part[used].sum()) * n / (n - 1)
    terms = whole[:, used].sum(axis=1)[:, None]
    found = correlation(terms, np.array([total]), 0.0, 1.0)
    steep = float(slope(terms, found)[0])
    share = part[used] - total / float(terms[0, 0]) * whole[0, used]
    error = float(np.sqrt((share**2).sum())) / steep
    value = float(found[0]) - less
    return min(value, _LARGEST) if value > _SURE * error else 0.0


def _loadings(
    history: History,
    law: DemandLaw,
    heard: BoolArray,
    member: IntArray,
    sums: _Pool,
    grouped: bool,
    sharing: Sharing,
) -> tuple[FloatArray, FloatArray]:
    """(n,) loadings on the market and on the item's group."""
    n, market2, group2 = history.n_items, sums.market_square, sums.group_square
    with_market, market_noise = np.full(n, np.nan), np.full(n, np.nan)
    with_group, group_noise = np.full(n, np.nan), np.full(n, np.nan)
    total, strength = sums.score.sum(axis=0), sums.signal.sum(axis=1)
    apart = grouped and sums.score.shape[0] > 1
    within = market2 + group2
    for part in _scored(history, law, heard):
        rows, of = part.items, member[part.items]
        mine = sums.score[of]
        others = total - (mine if apart else part.score)
        terms = _mean_terms(part, strength, sums.signal if apart else None, of)
        with_market[rows], market_noise[rows] = _product(part, others, terms, market2)
        if grouped:
            terms = _mean_terms(part, sums.signal, None, of)
            with_group[rows], group_noise[rows] = _product(part, mine - part.score, terms, within)
    usual, group_usual = np.sqrt(market2), np.sqrt(group2)
    market = np.zeros(n)
    if market2 > 0:
        market = _shrunk(with_market / usual, market_noise / market2, usual, sharing.under("market"))
    if group2 == 0:
        return market, np.zeros(n)
    own_group = (with_group - market * usual) / group_usual
    return market, _shrunk(own_group, group_noise / group2, group_usual, sharing.under("group"))


def _mean_terms(part: _Scored, whole: FloatArray, less: FloatArray | None, of: IntArray) -> FloatArray:
    """(ORDERS, rows) Hermite terms of the other items' scores, summed, mean over the periods of each row.

    Parameters
    ----------
    whole : (ORDERS, periods) or (ORDERS, groups, periods) float
        Of all items, or of all in each group; the row's own are taken away.
    less : (ORDERS, groups, periods) float or None
        Taken away too, of the row's group, instead of the row's own.
    of : (rows,) int64
        Group of each row.
    """
    first, last = part.span
    length = np.maximum(last - first, 1)

    def mean(sums: FloatArray, group: IntArray | None) -> FloatArray:
        upto = np.concatenate([np.zeros((*sums.shape[:-1], 1)), np.cumsum(sums, axis=-1)], axis=-1)
        if group is None:
            return np.asarray((upto[:, last] - upto[:, first]) / length)
        return np.asarray((upto[:, group, last] - upto[:, group, first]) / length)

    all_of_them = mean(whole, of if whole.ndim == 3 else None)
    return np.asarray(all_of_them - (part.signal if less is None else mean(less, of)))


def _product(
    part: _Scored, others: FloatArray, terms: FloatArray, usual: float
) -> tuple[FloatArray, FloatArray]:
    """(rows,) correlation of an item's scores with those of others, and its noise.

    Parameters
    ----------
    others : (rows, periods) float
        Sum of the others' scores.
    terms : (ORDERS, rows) float
        Their Hermite terms.
    usual : float
        Correlation at which the noise is stated.
    """
    n = part.seen.sum(axis=1)
    known = (n >= _LEAST_PERIODS) & (part.signal[0] > 0) & (terms[0] > 1e-9)
    mean = np.where(part.seen, others, 0.0)
    both = np.where(known, part.signal * terms, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = (part.score * mean).sum(axis=1) / (n - 1)
        steep = slope(both, np.full(n.size, usual))
        noise = (mean**2).sum(axis=1) / n / n * part.signal[0] / steep**2
    value = correlation(both, np.where(known, shown, 0.0), -_LARGEST, 1.0)
    return np.where(known, value, np.nan), np.where(known, noise, np.nan)


def _shrunk(value: FloatArray, noise: FloatArray, usual: float, sharing: Sharing) -> FloatArray:
    """Own loadings towards the usual one; items that say nothing have it."""
    known = ~np.isnan(value)
    between = sharing.of("spread", _Spread, lambda: _spread(value[known], noise[known], usual)).between
    if between < 0:
        return np.full(value.size, usual)
    belief = between / (between + np.where(known, noise, np.inf))
    return np.clip(usual + belief * np.where(known, value - usual, 0.0), -0.97, 0.97)


def _spread(value: FloatArray, noise: FloatArray, usual: float) -> _Spread:
    if value.size < 2:
        return _Spread(-1.0)
    return _Spread(max(float(((value - usual) ** 2).mean() - noise.mean()), 0.0))


@dataclass(frozen=True, eq=False)
class PhaseLaws:
    """Laws of periods, looked up by item and calendar phase.

    Attributes
    ----------
    law : DemandLaw
        As fitted.
    history : History
    by_phase : (n,) bool
        Whether an item's law depends on the phase.
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

    def signals(self, item: int) -> FloatArray:
        """(ORDERS,) Hermite coefficients of what a period's demand shows of its normal score (`hermite`).

        The first, κ = Σ (φ(q₋) − φ(q₊))²/p, is what whole units leave of the score's variance.
        """
        tables = self.tables
        begin, n = int(tables.start[item]), int(tables.length[item])
        edges = np.concatenate([[0.0], tables.thresholds[begin : begin + n] / 2.0**32])
        edges[-1] = 1.0
        return coefficients(edges)


def phase_laws(law: DemandLaw, history: History) -> PhaseLaws:
    """Laws of all items for a history."""
    by_phase = law.kind == LawKind.CALENDAR
    if law.seasons is not None:
        by_phase = by_phase | (law.seasons.profile >= 0)
    return PhaseLaws(law, history, np.asarray(by_phase), prepare(marginal(law)))
