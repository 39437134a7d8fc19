"""Laws that draw from a history itself: blocks of periods, the same calendar phase, a chain of occurrence."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray
from simlab.engine.world.demand_law import Chain, LawKind, Past
from simlab.models.history.history import History, opened, places, tables, total_weight

BLOCKS = (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS)

CYCLES = {"day": 7, "week": 52, "month": 12}
"""Periods of a calendar cycle: weekdays, weeks of a year of 364 days, months."""
_CHANCE = 2.0**32
_TRANSITIONS = 10.0  # transitions that independence is worth when a chain is fitted
_PER_PHASE = 5  # observations that a calendar phase should have on average
_SIGNIFICANT = 2.0
_NOTHING = 1e-9
_STRETCHES = 16  # ends of the history that a series of weighted periods is made of


def block_lengths(history: History, wanted: BoolArray, kind: CodeArray) -> IntArray:
    """(n,) periods of a block by the rule of Politis and White; 1 where not wanted.

    Parameters
    ----------
    history : History
        Complete periods.
    wanted : (n,) bool
        Items that draw blocks.
    kind : (n,) int8
        MOVING_BLOCKS or STATIONARY_BLOCKS: their best lengths differ.

    Notes
    -----
    b = (2·G²/D)^(1/3)·n^(1/3), G = Σ λ(k/M)·|k|·R(k), D = 2·g² for stationary blocks and 4/3·g² for moving
    ones, g = Σ λ(k/M)·R(k), λ the flat-top window, M twice the lag beyond which max(5, √log₁₀ n)
    autocorrelations in a row lie within 2·√(log₁₀ n / n); between 1 and n^(1/3) from below where no
    autocorrelation is seen, at most n/3 and 3·√n.

    References
    ----------
    Politis & White (2004), Automatic block-length selection, Econometric Reviews 23; correction by Patton,
    Politis & White (2009), same journal 28.
    """
    out = np.ones(history.n_items, np.int64)
    for items, table in tables(history):
        for row in np.flatnonzero(wanted[items]).tolist():
            item = int(items[row])
            line = table[row, : int(history.n_observed[item])]
            out[item] = block_length(line, stationary=kind[item] == LawKind.STATIONARY_BLOCKS)
    return out


def block_length(series: FloatArray, *, stationary: bool = False) -> int:
    """Periods of a block for one series; see `block_lengths`."""
    n = series.size
    away = series - series.mean()
    power = float((away**2).sum())
    if n < 4 or power == 0:
        return 1
    most = int(np.ceil(np.sqrt(n))) + max(5, int(np.ceil(np.sqrt(np.log10(n)))))
    most = min(most, n - 1)
    covariance = np.array([float((away[: n - k] * away[k:]).sum()) / n for k in range(most + 1)])
    wide = np.abs(covariance[1:] / covariance[0]) >= _SIGNIFICANT * np.sqrt(np.log10(n) / n)
    run = max(5, int(np.ceil(np.sqrt(np.log10(n)))))
    last = next((m for m in range(most) if not wide[m : m + run].any()), most)
    window = min(2 * max(last, 1), most)
    lags = np.arange(1, window + 1)
    flat = np.minimum(1.0, 2.0 * (1.0 - lags / window))
    slope = 2.0 * float((flat * lags * covariance[1 : window + 1]).sum())
    level = float(covariance[0] + 2.0 * (flat * covariance[1 : window + 1]).sum())
    longest = int(np.ceil(min(3.0 * np.sqrt(n), n / 3.0)))
    if level <= 0:
        return longest
    constant = 2.0 if stationary else 4.0 / 3.0
    best = (2.0 * slope**2 / (constant * level**2)) ** (1 / 3) * n ** (1 / 3)
    return int(np.clip(np.rint(best), 1, max(longest, 1)))


def past_of(history: History, kind: CodeArray, block: IntArray, cycle: int) -> Past | None:
    """Series of the items that draw from them; None where none does.

    Parameters
    ----------
    history : History
        Complete periods.
    kind : (n,) int8
        `LawKind`.
    block : (n,) int64
        Periods of a block.
    cycle : int
        Periods of the calendar cycle of CALENDAR laws. Where a phase has fewer than 5 observations on
        average, its neighbours' on either side count too, as few as make it 5.

    Notes
    -----
    Where older periods count less (`History.half_life`) a series holds recent stretches several times:
    `recent_again`.
    """
    wanted = np.isin(kind, (*BLOCKS, LawKind.CALENDAR))
    if not wanted.any():
        return None
    series, phases, length = [], [], np.zeros(history.n_items, np.int64)
    for items, table in tables(history):
        for row in np.flatnonzero(wanted[items]).tolist():
            item = int(items[row])
            line = table[row, : int(history.n_observed[item])].astype(np.int64)
            phase = np.zeros(line.size, np.int64)
            at = recent_again(line.size, history.half_life_of(item))
            if kind[item] == LawKind.CALENDAR:
                line, phase = _around(line[at], phases_of(history, item, cycle)[at], cycle)
            else:
                line, phase = line[at], phase[at]
            series.append(line)
            phases.append(phase)
            length[item] = line.size
    calendar = bool((kind == LawKind.CALENDAR).any())
    return Past(
        np.where(wanted, np.cumsum(length) - length, 0),
        length,
        np.concatenate(series),
        np.where(np.isin(kind, BLOCKS), block, 1),
        np.concatenate(phases) if calendar else None,
        cycle if calendar else 1,
        history.calendar.n_periods % cycle if calendar else 0,
    )


def recent_again(n: int, half_life: float) -> IntArray:
    """Places of a series in which period n − 1 − a comes about 2^(−a ÷ half-life) times as often as the last.

    Parameters
    ----------
    n : int
        Periods of the history.
    half_life : float
        Infinite: every place once.

    Notes
    -----
    The ends of the history of several lengths, one after the other: lengths are quantiles of the age whose
    survival function is that weight, so that neighbouring periods stay neighbours but at the joints.
    """
    if not np.isfinite(half_life):
        return np.arange(n)
    return np.concatenate([np.arange(max(n - k, 0), n) for k in stretches(half_life).tolist()])


def _decay(history: History) -> tuple[FloatArray, FloatArray]:
    """(n,) weight of a period ÷ that of the next, and weight of the first; 1 where all count alike."""
    if history.half_life is None:
        return np.ones(history.n_items), np.ones(history.n_items)
    n = np.maximum(history.n_observed, 1)
    ratio = 0.5 ** (1 / history.half_life)
    scale = history.n_effective / np.maximum(total_weight(n, history.half_life), 1e-300)
    return np.asarray(ratio), np.asarray(scale * ratio ** (n - 1))


def stretches(half_life: float) -> IntArray:
    """(16,) lengths of ends of a history, so that age a lies in a share 2^(−a ÷ half-life) of them."""
    chance = 1 - (np.arange(_STRETCHES) + 0.5) / _STRETCHES
    return np.ceil(half_life * np.log2(1 / chance)).astype(np.int64)[::-1]


def phases_of(history: History, item: int, cycle: int) -> IntArray:
    """Calendar phase of every observed period of one item; period 0 of the history has phase 0."""
    numbers = np.flatnonzero(history.calendar.open)
    first = int(opened(history)[history.first[item]])
    return np.asarray(numbers[first : first + int(history.n_observed[item])] % cycle)


def _around(line: IntArray, phase: IntArray, cycle: int) -> tuple[IntArray, IntArray]:
    """Observations repeated under the neighbouring phases, so that no phase has too few of them."""
    wide = 0
    while True:
        steps = range(-wide, wide + 1)
        shifted = np.concatenate([(phase + step) % cycle for step in steps])
        enough = line.size * (2 * wide + 1) >= _PER_PHASE * cycle
        if (enough and np.unique(shifted).size == cycle) or 2 * wide + 1 >= cycle:
            return np.tile(line, 2 * wide + 1), shifted
        wide += 1


def chain_of(history: History, kind: CodeArray) -> Chain | None:
    """Chances of demand after a period without and with it, of MARKOV laws; None where there is none.

    Notes
    -----
    The long-run share of periods with demand is the history's; persistence ρ (chance after demand − chance
    after none) is the observed one with 10 more transitions of independent periods. Sizes are jittered.

    References
    ----------
    Willemain, Smart & Schwarz (2004), A new approach to forecasting intermittent demand for service parts
    inventories, Int. J. Forecasting 20.
    """
    rows = kind == LawKind.MARKOV
    if not rows.any():
        return None
    share, lasting = occurrence(history)
    after_none = np.clip(share * (1 - lasting), 0.0, 1.0)
    after_demand = np.clip(share + (1 - share) * lasting, 0.0, 1.0)

    def chance(values: FloatArray) -> IntArray:
        return np.where(rows, np.rint(values * _CHANCE), 0).astype(np.int64)

    return Chain(chance(after_none), chance(after_demand), rows.copy())


def _neighbours(history: History) -> FloatArray:
    """(3, n) weights of periods with demand that follow such a period, that are the last, and the first."""
    place = places(history)
    same = np.append(False, np.diff(history.item) == 0)[: place.size]
    follows = history.sums((same & (np.diff(place, prepend=-2) == 1)).astype(np.float64))
    ends = history.sums((place == history.n_observed[history.item] - 1).astype(np.float64))
    return np.array([follows, ends, history.sums((place == 0).astype(np.float64))])


def occurrence(history: History) -> tuple[FloatArray, FloatArray]:
    """(n,) share of periods with demand, and (n,) shrunk persistence of demand and of its absence."""
    n, positive = history.n_effective, history.weight_positive
    follows, ends, begins = history.by_item(_neighbours)
    ratio, oldest = _decay(history)
    busy = (positive - ends) / ratio  # periods with demand that have a successor, by its weight
    quiet = n - oldest - busy
    starts = positive - begins - follows
    share = np.minimum(positive / np.maximum(n, 1), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.where((busy > _NOTHING) & (quiet > _NOTHING), follows / busy - starts / quiet, 0.0)
        least = -np.minimum(share / (1 - share), (1 - share) / share)
    seen = seen * (n - 1) / (n - 1 + _TRANSITIONS)
    return share, np.asarray(np.clip(seen, np.nan_to_num(least, nan=0.0, neginf=-1.0), 1.0))
