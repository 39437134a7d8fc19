"""From laws that differ by calendar phase to plain laws, one for every table that is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.phase_sizes import counted_at, possible_shares, season_moments
from simlab.engine.world.demand_law import MOST_MULTIPLIERS, DemandLaw, Past, Seasons
from simlab.register.laws import BY_DISPERSION_KINDS, BY_VARIATION_KINDS, SERIAL_KINDS, LawKind

_PARTS = 1 << 20
_SHARES = float(1 << 30)
_MOST_WEIGHT = (1 << 31) - 1


class PlainLaws(NamedTuple):
    """Which tables the items need.

    Attributes
    ----------
    law : DemandLaw
        One law per table, without seasons and past; the first n are the items' first ones, and those that
        an item needs besides lie together.
    number : (n, cycle) int64
        Table that item i uses in the periods t with t mod cycle = j, t counted from the first one run.
    """

    law: DemandLaw
    number: IntArray


def plain_laws(law: DemandLaw) -> PlainLaws:
    """Plain laws for all items and phases."""
    n, cycle = law.n_items, law.cycle
    if law.seasons is None and law.past is None:
        return PlainLaws(law, np.arange(n)[:, None])
    plain = replace(law, seasons=None, past=None)
    number = np.tile(np.arange(n)[:, None], (1, cycle))
    rows, factor = np.arange(n), np.ones(n)
    if law.seasons is not None and (law.seasons.profile >= 0).any():
        rows, factor, number = _by_profile(law.seasons, cycle, number)
    out = plain.take(rows)
    if law.seasons is not None and (factor != 1.0).any():
        frequency, by_length = law.seasons.frequency, law.seasons.by_length[rows]
        season = np.where(by_length, 1.0, factor)
        out = _multiplied(out, season, None if frequency is None else frequency[rows])
        out = _in_lengths(out, plain.take(rows), np.where(by_length, factor, 1.0)) if by_length.any() else out
    if law.past is not None:
        out, number = _with_series(out, law, law.past, number)
    return PlainLaws(out, number)


def _by_profile(seasons: Seasons, cycle: int, number: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Item and multiplier of every table, and the tables by item and phase of the run."""
    n, at = number.shape[0], (seasons.phase + np.arange(cycle)) % seasons.cycle
    rows, factor = [np.arange(n)], [np.ones(n)]
    end = n
    for p, row in enumerate(seasons.multipliers):
        items = np.flatnonzero(seasons.profile == p)
        if not items.size:
            continue
        values, place = np.unique(row, return_inverse=True)
        factor[0][items] = values[0]
        extra = values.size - 1
        first = end + extra * np.arange(items.size)[:, None]
        own = np.where(place == 0, items[:, None], first + place - 1)
        number[items] = own[:, at]
        rows.append(np.repeat(items, extra))
        factor.append(np.tile(values[1:], items.size))
        end += extra * items.size
    return np.concatenate(rows), np.concatenate(factor), number


def _multiplied(law: DemandLaw, factor: FloatArray, frequency: FloatArray | None = None) -> DemandLaw:
    """Every law at its multiplier; see `Seasons` for what is kept."""
    if frequency is None:
        return _stretched_by(law, factor)
    later = (law.kind == LawKind.EMPIRICAL) & (law.mean > 0) & (factor > 0)
    return _by_frequency(_stretched_by(law, np.where(later, 1.0, factor)), law, factor, frequency)


def divided(law: DemandLaw, length: FloatArray) -> DemandLaw:
    """Plain laws of independent pieces of these lengths, relative to the laws' own periods.

    As often demand, of the same sizes: mean and variance times the length.
    """
    return _in_lengths(law, law, length)


def _in_lengths(out: DemandLaw, law: DemandLaw, length: FloatArray) -> DemandLaw:
    """`divided`, of laws that already stand at their multiplier where their length is 1."""
    pieces = replace(out, mean=out.mean * length, variance=out.variance * length)
    return _by_frequency(pieces, law, length, np.ones(length.size))


def _by_frequency(out: DemandLaw, law: DemandLaw, factor: FloatArray, frequency: FloatArray) -> DemandLaw:
    """Intermittent and empirical laws with the mean and variance of their phase."""
    mean, variance, growth = season_moments(law.mean, law.variance, frequency, factor)
    some = (factor != 1.0) & (mean > 0)
    rare = some & (law.kind == LawKind.INTERMITTENT)
    share = np.where(rare, law.probability * factor / np.where(growth > 0, growth, 1.0), 0.0)
    share, spread = possible_shares(mean, variance, share)
    rare &= share > 0
    counted = np.flatnonzero(some & (law.kind == LawKind.EMPIRICAL) & (law.length > 0))
    out = replace(
        out,
        kind=np.where(rare, law.kind, out.kind).astype(np.int8),
        mean=np.where(rare, mean, out.mean),
        variance=np.where(rare, spread, out.variance),
        probability=np.where(rare, share, out.probability),
    )
    if counted.size == 0:
        return out
    length = law.length[counted]
    ends = np.cumsum(length)
    table = np.repeat(np.arange(counted.size), length)
    at = np.arange(ends[-1]) + np.repeat(law.start[counted] - (ends - length), length)
    at, table = at[law.values[at] > 0], table[law.values[at] > 0]
    size, weight = law.values[at].astype(np.float64), law.weights[at].astype(np.float64)
    found = counted_at(table, size, weight, mean[counted], variance[counted])
    weights = np.rint(found.share * _SHARES).astype(np.int64)
    kept = _counted(out, counted, found.table, found.value, weights)
    means, variances = out.mean.copy(), out.variance.copy()
    means[counted], variances[counted] = mean[counted], variance[counted]
    return replace(kept, mean=means, variance=variances)


def _stretched_by(law: DemandLaw, factor: FloatArray) -> DemandLaw:
    """Every law at its multiplier, the season of intermittent and empirical ones as stated without more."""
    mean, variance = law.mean * factor, law.variance * factor
    variance = np.where(np.isin(law.kind, BY_VARIATION_KINDS), law.variance * factor**2, variance)
    spread = np.isin(law.kind, BY_DISPERSION_KINDS)
    variance = np.where(spread, mean + (law.variance - law.mean) * factor**2, variance)
    kind = law.kind.copy()
    share, stretch = law.probability.copy(), np.where(kind == LawKind.EMPIRICAL, factor, 1.0)
    rare = kind == LawKind.INTERMITTENT
    share[rare] = np.minimum(share[rare] * factor[rare], 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        longer = np.where(rare & (share > 0), law.probability * factor / share, 1.0)
        stretch = np.where(rare, longer, stretch)
        sizes_mean, p = law.mean / law.probability, law.probability
        sizes_variance = law.variance / p - (1 - p) * sizes_mean**2
        own = share * (sizes_variance * longer**2 + (1 - share) * (sizes_mean * longer) ** 2)
    variance = np.where(rare & (share > 0), own, variance)
    none = (factor == 0.0) | (rare & (share == 0.0))  # a share may be too small for a float
    kind[none], mean[none] = LawKind.POISSON, 0.0
    out = replace(
        law,
        kind=kind,
        mean=mean,
        variance=variance,
        probability=np.where(none, 0.0, share),
        length=np.where(none, 0, law.length),
    )
    return _stretched(out, np.flatnonzero((out.length > 0) & (stretch != 1.0)), stretch)


def _stretched(law: DemandLaw, rows: IntArray, gain: FloatArray) -> DemandLaw:
    """Values of some laws times a factor, each split over two whole numbers so that the mean is kept."""
    if rows.size == 0:
        return law
    length = law.length[rows]
    ends = np.cumsum(length)
    table = np.repeat(np.arange(rows.size), length)
    at = np.arange(ends[-1]) + np.repeat(law.start[rows] - (ends - length), length)
    points, weights = law.values[at] * gain[rows][table], law.weights[at].astype(np.int64)
    total = np.add.reduceat(weights, ends - length)
    parts = np.clip(_MOST_WEIGHT // np.maximum(total, 1), 1, _PARTS)[table]
    whole = np.floor(points).astype(np.int64)
    upper = np.rint((points - whole) * parts).astype(np.int64)
    return _counted(
        law,
        rows,
        np.concatenate([table, table]),
        np.concatenate([whole, whole + 1]),
        np.concatenate([weights * (parts - upper), weights * upper]),
    )


def _counted(law: DemandLaw, rows: IntArray, table: IntArray, value: IntArray, weight: IntArray) -> DemandLaw:
    """The laws of some rows given by counted values: (place in `rows`, value, weight)."""
    kept = weight > 0
    table, value, weight = table[kept], value[kept], weight[kept]
    order = np.lexsort((value, table))
    table, value, weight = table[order], value[order], weight[order]
    new = np.ones(table.size, np.bool_)
    new[1:] = (np.diff(table) != 0) | (np.diff(value) != 0)
    first = np.flatnonzero(new)
    size = np.bincount(table[first], minlength=rows.size)
    start, length = law.start.copy(), law.length.copy()
    start[rows], length[rows] = law.values.size + np.cumsum(size) - size, size
    weight = np.add.reduceat(weight, first) if first.size else weight
    return replace(
        law,
        start=start,
        length=length,
        values=np.concatenate([law.values, value[first]]),
        weights=np.concatenate([law.weights, weight]),
    )


def _with_series(
    law: DemandLaw, asked: DemandLaw, past: Past, number: IntArray
) -> tuple[DemandLaw, IntArray]:
    """Items drawn from a series: their observations as counted values, by phase for CALENDAR."""
    cycle = number.shape[1]
    blocks = np.flatnonzero(np.isin(asked.kind, [LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS]))
    by_phase = np.flatnonzero(asked.kind == LawKind.CALENDAR)
    extra = past.cycle - 1
    new = law.n_items + extra * np.arange(by_phase.size)[:, None] + np.arange(extra)
    tables = np.concatenate([by_phase[:, None], new], axis=1)
    number[by_phase] = tables[:, (past.phase + np.arange(cycle)) % past.cycle]
    grown = law.take(np.concatenate([np.arange(law.n_items), np.repeat(by_phase, extra)]))
    kind = grown.kind.copy()
    rows = np.concatenate([blocks, tables.ravel()])
    kind[rows] = LawKind.EMPIRICAL
    item, place = _observations(past, np.concatenate([blocks, by_phase]))
    column = item - blocks.size
    phases = np.zeros(place.size, np.int64) if past.phases is None else past.phases[place]
    table = np.where(column < 0, item, blocks.size + column * past.cycle + phases)
    counted = _counted(replace(grown, kind=kind), rows, table, past.series[place], np.ones_like(place))
    return counted, number


def _observations(past: Past, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Place in `rows` and place in the series of every observation of some items."""
    length = past.length[rows].astype(np.int64)
    ends = np.cumsum(length)
    item = np.repeat(np.arange(rows.size), length)
    total = int(ends[-1]) if ends.size else 0
    return item, np.arange(total) + np.repeat(past.start[rows] - (ends - length), length)


def wrong_laws(law: DemandLaw) -> dict[str, npt.NDArray[np.bool_]]:
    """What makes no sense about seasons, pasts and chains, by item."""
    n, kind = law.n_items, law.kind
    wrong: dict[str, npt.NDArray[np.bool_]] = {}
    serial = np.isin(kind, SERIAL_KINDS)
    if law.seasons is not None:
        wrong |= _wrong_seasons(law.seasons, serial)
    from_past = serial & (kind != LawKind.MARKOV)
    if law.past is None:
        wrong["a law drawn from a series needs a past"] = from_past
    else:
        wrong |= _wrong_past(law.past, law, from_past)
    markov = kind == LawKind.MARKOV
    if law.chain is None:
        wrong["a Markov law needs a chain"] = markov
        return wrong
    none, some = law.chain.after_none, law.chain.after_demand
    outside = (none < 0) | (none > 1 << 32) | (some < 0) | (some > 1 << 32)
    wrong["chances of demand lie in 0 … 2**32"] = markov & outside
    wrong["a chain must be able to change"] = markov & (none == 0) & (some == 1 << 32)
    first = law.values[np.minimum(law.start, max(law.values.size - 1, 0))] if law.values.size else np.zeros(n)
    wrong["a Markov law needs observed sizes of at least 1"] = markov & ((law.length == 0) | (first < 1))
    return wrong


def _wrong_seasons(seasons: Seasons, serial: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
    profile, rows = seasons.profile, seasons.multipliers
    bad = ~(np.isfinite(rows) & (rows >= 0)).all(axis=1) | ~(np.abs(rows.mean(axis=1) - 1) < 1e-9)
    many = np.array([np.unique(row).size for row in rows]) > MOST_MULTIPLIERS
    follows = profile >= 0
    inside = follows & (profile < rows.shape[0])

    def of_items(wrong: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        out = np.zeros(profile.size, np.bool_)
        out[inside] = wrong[profile[inside]]
        return out

    phase = not 0 <= seasons.phase < seasons.cycle
    share = np.zeros(profile.size) if seasons.frequency is None else seasons.frequency
    return {
        "the part of a season that moves how often there is demand lies in 0 … 1": ~(
            (share >= 0) & (share <= 1)
        ),
        "there is no such seasonal profile": (profile < -1) | (follows & ~inside),
        "multipliers must be ≥ 0 and average 1 over the cycle": of_items(bad),
        f"a profile has at most {MOST_MULTIPLIERS} distinct multipliers (use Seasons.rounded)": of_items(
            many
        ),
        "the phase of the first period lies in 0 … cycle − 1": follows & phase,
        "laws drawn from a series, and chains, follow no seasonal profile": follows & serial,
    }


def _wrong_past(past: Past, law: DemandLaw, drawn: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
    end = past.start + past.length
    outside = (past.length < 1) | (past.start < 0) | (end > past.series.size)
    blocks = drawn & (law.kind != LawKind.CALENDAR)
    calendar = drawn & (law.kind == LawKind.CALENDAR)
    wrong = {
        "a law drawn from a series needs observations": drawn & outside,
        "a block has at least one period": blocks & (past.block < 1),
        "the phase of the first period lies in 0 … cycle − 1": calendar & (not 0 <= past.phase < past.cycle),
    }
    rows = np.flatnonzero(drawn & ~outside)
    item, place = _observations(past, rows)
    negative = np.zeros(law.n_items, np.bool_)
    negative[rows[item[past.series[place] < 0]]] = True
    wrong["observed demand must be ≥ 0"] = negative
    rows = np.flatnonzero(calendar & ~outside)
    unseen = np.zeros(law.n_items, np.bool_)
    if rows.size:
        item, place = _observations(past, rows)
        phases = np.zeros(place.size, np.int64) if past.phases is None else past.phases[place]
        strange = (phases < 0) | (phases >= past.cycle)
        seen = np.zeros((rows.size, past.cycle), np.bool_)
        seen[item[~strange], phases[~strange]] = True
        unseen[rows] = ~seen.all(axis=1)
        unseen[rows[item[strange]]] = True
    wrong["every phase of the cycle needs an observation, and no other phases"] = unseen
    return wrong
