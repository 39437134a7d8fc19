"""A law for rhythm: demand whose intervals vary less than chance, as a renewal process of what was seen.

Intervals between demands and their sizes are the history's own, in random order, as one long series that is
read from a random place on: the phase is drawn. It is a series law (`LawKind.MOVING_BLOCKS`) with a block
that never ends, so that it is drawn, planned and checked like other series.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simlab import mapped
from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.world.demand_law import ENDLESS, DemandLaw, LawKind, Past
from simlab.models.demand.choice import asked_laws
from simlab.models.demand.past.bootstraps import stretches
from simlab.models.demand.past.rhythm_series import rhythm_series
from simlab.models.demand.scoring.scores import first_predicted
from simlab.models.history.history import History, places, places_of
from simlab.models.keys import keys_of
from simlab.models.statistics import start_of, uniform_of
from simlab.register.grounds import REGULAR, Reason
from simlab.register.laws import law_of

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.models.demand.laws import Choice


RENEWAL = "renewal"
_LEAST_INTERVALS = 8
_LEAST_NAMED = 2
_CHANCE = 0.01
_LONGEST = 4096  # periods of a series that intervals are put into again and again
_ORIGINS = 4
_NULL_DRAWS = 20_000
_PURPOSE = 6
_NAMES_SHOWN = 5


class _Rhythm(NamedTuple):
    """Intervals of one item (periods), the sizes that end them, and the first place with demand."""

    intervals: IntArray
    sizes: IntArray
    places: IntArray


@dataclass(frozen=True, eq=False)
class _Heard:
    """Score over R + L of one item: log score a window, of independent periods and of the renewal law."""

    before: float
    renewal: float

    @property
    def better(self) -> bool:
        return self.renewal > self.before


def law_names(law: DemandLaw) -> list[str]:
    """Name of every law as tables show it."""
    names = [law_of(kind).name for kind in law.kind.tolist()]
    return [RENEWAL if rhythm else name for name, rhythm in zip(names, law.has_rhythm.tolist(), strict=True)]


def times_demand(law: DemandLaw, factor: float) -> DemandLaw:
    """Renewal laws with sizes times a factor; the others as they are.

    Notes
    -----
    Units stay whole: the running sum of a series is scaled and rounded, so that its mean is kept within half
    a unit in the whole series.
    """
    rows = np.flatnonzero(law.has_rhythm)
    if rows.size == 0 or law.past is None:
        return law
    past, mean, variance = law.past, law.mean.copy(), law.variance.copy()
    pieces, start = [past.series], past.start.copy()
    end = past.series.size
    for row in rows.tolist():
        own = past.series[past.start[row] : past.start[row] + past.length[row]]
        line = np.diff(np.rint(np.cumsum(own) * factor).astype(np.int64), prepend=0)
        pieces.append(line)
        start[row], end = end, end + line.size
        mean[row], variance[row] = line.mean(), line.var()
    series = np.concatenate(pieces)
    return replace(law, mean=mean, variance=variance, past=replace(past, series=series, start=start))


def with_rhythm(
    catalog: Catalog, history: History, choice: Choice, given: BoolArray, protection: FloatArray
) -> Choice:
    """The choice of laws with renewal laws where demand has a rhythm.

    Parameters
    ----------
    catalog : Catalog
        Names; `models.law`, overrides and candidates of its study.
    history : History
        Complete periods; otherwise nothing is changed.
    choice : Choice
        As chosen from single periods.
    given : (n,) bool
        Laws stated outright, and those that follow a season: they stay.
    protection : (n,) float
        R + E[L], periods.

    Notes
    -----
    ``auto`` takes the renewal law where there are at least 8 intervals, their squared coefficient of
    variation lies below the 1 % quantile of chance (`regular`), and the mean log score of how many demands
    fall into R + L periods is better than with independent periods, rolling over the last third of the
    history, laws fitted at four origins. Sizes are independent of intervals in both laws, so that they cancel
    in the difference. A law that is named needs two intervals.
    """
    asked, _ = asked_laws(catalog)
    named = asked.name == RENEWAL
    open_ = (
        asked.name == "auto" if RENEWAL in catalog.study.models.candidates else np.zeros(given.size, np.bool_)
    )
    if not history.is_complete or not (named | open_).any():
        return choice
    recent = None if choice.memory is None else choice.memory.half_life
    wanted = ~given & (open_ & regular(history)) | (~given & named & (history.n_positive > _LEAST_NAMED))
    found: dict[int, IntArray] = {}
    heard_of: dict[int, tuple[_Rhythm, _Heard | None, int]] = {}
    bounds = history.bounds
    keys, predicted = keys_of(catalog), first_predicted(history)
    for item in np.flatnonzero(wanted).tolist():
        cells = slice(int(bounds[item]), int(bounds[item + 1]))
        place = places_of(history, history.item[cells], history.period[cells])
        rhythm = _rhythm(place, history.quantity[cells].astype(np.int64))
        periods = max(int(np.rint(protection[item])), 1)
        n, first = int(history.n_observed[item]), int(predicted[item])
        heard = _scores(rhythm.places, n, first, periods)
        if named[item] or (heard is not None and heard.better):
            half_life = np.inf if recent is None else float(recent[item])
            found[item] = _series(rhythm, keys[item], n, half_life)
            heard_of[item] = rhythm, heard, periods
    if not found:
        return choice
    law = _replaced(choice.law, found)
    before = choice.reason.some(found)
    told = {item: _told(one, *heard_of[item], asked.said[item]) for item, one in before}
    notes = (*choice.notes, _note(catalog, sorted(found)))
    return replace(choice, law=law, reason=choice.reason.but(told), notes=notes)


def regular(history: History) -> BoolArray:
    """(n,) items with 8 intervals or more that vary less than chance, at 1 %.

    Notes
    -----
    Were demand equally likely in every period, squared coefficients of variation of m intervals would be
    those of m uniform spacings times 1 − p, p the share of periods with demand among the intervals.
    """
    return history.by_item(_regular)


def _regular(history: History) -> BoolArray:
    place, n = places(history), history.n_items
    same = np.diff(history.item) == 0
    item, interval = history.item[1:][same], np.diff(place)[same].astype(np.float64)
    m = np.bincount(item, minlength=n)
    total = np.bincount(item, weights=interval, minlength=n)
    squares = np.bincount(item, weights=interval**2, minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        variation = np.where(m > 0, squares * m / total**2 - 1, np.inf)
        rare = np.where(total > 0, 1 - m / total, 0.0)
    enough = (m >= _LEAST_INTERVALS) & (rare > 0)
    sizes, of = np.unique(np.where(enough, m, 0), return_inverse=True)
    least = np.array([_quantile(k) if k else 0.0 for k in sizes.tolist()])[of]
    return np.asarray(enough & (variation < least * rare))


def _quantile(m: int) -> float:
    """1 % quantile of the squared coefficient of variation of m uniform spacings; beyond 30 of a near m."""
    return _simulated(m if m <= 30 else round(10 ** (round(np.log10(m) * 20) / 20)))


@cache
def _simulated(m: int) -> float:
    draws = np.random.default_rng(m).standard_exponential((max(_NULL_DRAWS * 30 // max(m, 30), 2000), m))
    return float(np.quantile((draws**2).mean(axis=1) / draws.mean(axis=1) ** 2 - 1, _CHANCE))


def _rhythm(place: IntArray, quantity: IntArray) -> _Rhythm:
    return _Rhythm(np.diff(place), quantity[1:], place)


def _scores(place: IntArray, n: int, first: int, periods: int) -> _Heard | None:
    """Mean log scores of the windows of `periods` in the last third; None where there is none."""
    busy = np.zeros(n, np.int64)
    busy[place] = 1
    upto = np.concatenate([[0], np.cumsum(busy)])
    starts = np.arange(first, n - periods + 1)
    if starts.size == 0:
        return None
    scores = []
    for part in np.array_split(starts, _ORIGINS):
        if part.size == 0:
            continue
        known = int(part[0])
        past = place[place < known]
        if past.size <= _LEAST_NAMED:
            return None
        count = upto[part + periods] - upto[part]
        plain = _binomial(periods, (past.size + 0.5) / (known + 1))
        own = _counts(past, periods)
        m = past.size - 1
        scores.append(np.log([plain[count], (m * own[count] + plain[count]) / (m + 1)]))
    mean = np.concatenate(scores, axis=1).mean(axis=1)
    return _Heard(float(mean[0]), float(mean[1]))


def _binomial(n: int, p: float) -> FloatArray:
    from scipy.special import bdtr

    upto = bdtr(np.arange(n + 1, dtype=np.float64), n, p)
    return np.maximum(np.diff(upto, prepend=0.0), 1e-300)


def _counts(place: IntArray, periods: int) -> FloatArray:
    """(periods + 1,) chance of so many demands in a window at a random place of the past intervals."""
    length = int(place[-1] - place[0])
    cycle = np.zeros(length, np.int64)
    cycle[place[:-1] - place[0]] = 1
    whole, rest = divmod(periods, length)
    upto = np.concatenate([[0], np.cumsum(np.tile(cycle, 2))])
    at = np.arange(length)
    found = upto[at + rest] - upto[at] + whole * int(cycle.sum())
    return np.bincount(found, minlength=periods + 1)[: periods + 1] / length


def _series(rhythm: _Rhythm, key: np.uint64, n: int, half_life: float) -> IntArray:
    """Intervals and sizes, each in a random order, again and again: every one equally often.

    With a half-life each time those of an end of the history only, as long as `stretches` says.
    """
    m, length = rhythm.intervals.size, int(rhythm.intervals.sum())
    ends = stretches(half_life) if np.isfinite(half_life) else np.array([n])
    times = max(ends.size, _LONGEST // length)
    begin = np.minimum(n - ends, rhythm.places[-1])
    recent = rhythm.places[1:] >= begin[:, None]
    starts = np.array([_start(number) for number in range(2 * times)], np.uint64)
    own = np.uint64(key) + np.arange(m, dtype=np.uint64)
    orders = np.argsort(uniform_of(own, starts[:, None]), axis=1, kind="stable").reshape(times, 2, m)
    kept = recent[np.arange(times) % ends.size]
    first, second = (one[np.take_along_axis(kept, one, axis=1)] for one in (orders[:, 0], orders[:, 1]))
    return rhythm_series(rhythm.intervals[first], rhythm.sizes[second])


@cache
def _start(number: int) -> int:
    """Where the stream of one random order begins."""
    return start_of(0, number, _PURPOSE)


def _replaced(law: DemandLaw, found: dict[int, IntArray]) -> DemandLaw:
    """The laws with a series of their own for some items."""
    n, rows = law.n_items, np.array(sorted(found))
    nothing = np.zeros(n, np.int64)
    past = law.past or Past(nothing, nothing, np.zeros(0, np.int64), np.ones(n, np.int64))
    length, start, block = past.length.copy(), past.start.copy(), past.block.copy()
    size = np.array([found[row].size for row in rows.tolist()])
    length[rows], start[rows] = size, past.series.size + np.cumsum(size) - size
    block[rows] = ENDLESS
    series = mapped.joined([past.series, *[found[row] for row in rows.tolist()]])
    phases = past.phases
    if phases is not None:
        phases = np.concatenate([phases, np.zeros(int(size.sum()), phases.dtype)])
    kind, mean, variance = law.kind.copy(), law.mean.copy(), law.variance.copy()
    kind[rows] = LawKind.MOVING_BLOCKS
    mean[rows] = [found[row].mean() for row in rows.tolist()]
    variance[rows] = [found[row].var() for row in rows.tolist()]
    other = np.ones(n, np.bool_)
    other[rows] = False
    return replace(
        law,
        kind=kind,
        mean=mean,
        variance=variance,
        probability=np.where(other, law.probability, 0.0),
        start=np.where(other, law.start, 0),
        length=np.where(other, law.length, 0),
        past=replace(past, start=start, length=length, series=series, block=block, phases=phases),
    )


def _told(reason: Reason, rhythm: _Rhythm, heard: _Heard | None, periods: int, said: str) -> Reason:
    mean, spread = float(rhythm.intervals.mean()), float(rhythm.intervals.std())
    scores = ""
    if heard is not None:
        both = f"{heard.renewal:.2f} (independent periods {heard.before:.2f})"
        scores = f", log score over {periods} periods {both}"
    how = said or " (intervals vary less than chance, at 1%)"
    rhythmic = f"{reason.seen}; demand every {mean:.3g} ± {spread:.2g} periods{scores}"
    own = reason.grounds if said else (*reason.grounds, REGULAR)
    return Reason(rhythmic, own, f"renewal{how}")


def _note(catalog: Catalog, rows: list[int]) -> QualityRow:
    names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:_NAMES_SHOWN]]
    dots = ", …" if len(rows) > _NAMES_SHOWN else ""
    note = (
        f"{len(rows):,} SKU-locations are drawn with the history's intervals and sizes and a random phase: "
        f"{', '.join(names)}{dots}"
    )
    return QualityRow("demand", "demand with a rhythm", "used", 0, note=note)
