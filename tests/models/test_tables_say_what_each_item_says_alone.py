"""What a fit looks up, or makes for many items together, is to the bit what it is for each alone."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.api import demo
from simlab.arrays import sums_by
from simlab.models import read_history
from simlab.models.demand.past.bootstraps import stretches
from simlab.models.demand.past.rhythm_series import rhythm_series
from simlab.models.demand.renewal import _LONGEST, _PURPOSE, _Rhythm, _series
from simlab.models.demand.scoring.rolling_past import RollingPast
from simlab.models.demand.shrinkage import SizePrior
from simlab.models.history.history import effective_periods, total_weight
from simlab.models.history.lives import _extreme
from simlab.models.statistics import start_of, uniform_of
from simlab.models.suppliers.delays import Delays

RNG = np.random.default_rng(5)


def test_sums_of_a_group_are_added_from_its_least_value_on() -> None:
    group, values = RNG.integers(0, 7, 5000), RNG.lognormal(0, 3, 5000)
    values[::9] = 0.0
    expected = [0.0] * 7
    for value, own in sorted(zip(values.tolist(), group.tolist(), strict=True)):
        expected[own] += value
    assert sums_by(group, values, 7).tolist() == expected


@pytest.mark.parametrize("half_life", [np.inf, 13.0])
def test_the_series_of_a_rhythm_is_made_of_one_order_after_the_other(half_life: float) -> None:
    place = np.cumsum(RNG.integers(2, 9, 30))
    rhythm = _Rhythm(np.diff(place), RNG.integers(1, 50, place.size - 1), place)
    key, n = np.uint64(2**63 + 11), int(place[-1]) + 5
    own, parts = key + np.arange(rhythm.sizes.size, dtype=np.uint64), []
    ends = stretches(half_life) if np.isfinite(half_life) else np.array([n])
    for number in range(max(ends.size, _LONGEST // int(rhythm.intervals.sum()))):
        recent = place[1:] >= min(n - int(ends[number % ends.size]), int(place[-1]))
        words = (start_of(0, 2 * number + part, _PURPOSE) for part in (0, 1))
        orders = [np.argsort(uniform_of(own, word), kind="stable") for word in words]
        intervals, sizes = (order[recent[order]] for order in orders)
        parts.append(rhythm_series(rhythm.intervals[intervals], rhythm.sizes[sizes]))
    assert (_series(rhythm, key, n, half_life) == np.concatenate(parts)).all()


def test_moments_of_sizes_are_sums_and_products_alone() -> None:
    """To the bit, on every machine: a fourth power by the C library is none."""
    history = read_history(demo(n_skus=12).catalog)
    assert history is not None
    for item in np.flatnonzero(history.n_positive > 1).tolist():
        line = history.quantity[history.bounds[item] : history.bounds[item + 1]].tolist()
        mean, second, fourth = sum(line) / len(line), 0.0, 0.0
        for units in line:
            away = units / mean - 1
            second, fourth = second + away * away, fourth + (away * away) * (away * away)
        assert history.size_moments[:, item].tolist() == [second / len(line), fourth / len(line)]


def test_weights_of_rolling_origins_are_looked_up_by_half_life() -> None:
    half_life = np.array([13.0, np.inf, 26.0, 13.0])
    first, n = np.array([4, 6, 8, 3]), np.array([12, 11, 12, 7])
    past = RollingPast(
        RNG.integers(0, 5, (4, 12)).astype(float), first, n, SizePrior(np.zeros(4), 0), half_life
    )
    row, at = past.predicted()
    known = effective_periods(at.astype(float), half_life[row])
    assert (past.known(row, at) == known).all()
    whole = np.maximum(total_weight(at.astype(float), half_life[row]), 1e-300)
    assert (past.scale(row, at) == known / whole).all()
    order = np.argsort(past.table, axis=1, kind="stable")
    assert (past.powers(order, falling=False) == 2.0 ** (order / half_life[:, None])).all()
    assert (past.powers(order, falling=True) == 2.0 ** ((1 - order) / half_life[:, None])).all()


def test_extremes_of_items_are_those_of_their_rows() -> None:
    item, values = np.array([1, 1, 1, 3, 4, 4], np.int32), np.array([5, -2, 9, 7, 3, 4], np.int32)
    least, most = np.full(6, 4), np.full(6, 4)
    _extreme(np.minimum, least, item, values)
    _extreme(np.maximum, most, item, values)
    _extreme(np.maximum, most, item[:0], values[:0])
    assert least.tolist() == [4, -2, 4, 4, 3, 4]
    assert most.tolist() == [4, 9, 4, 7, 4, 4]


def test_groups_of_receipts_are_the_rows_that_begin_alike() -> None:
    keys = [("B", "x"), ("A", ""), ("B", "y"), ("B", "x"), ("A", "x")]
    found = Delays(np.arange(5), np.zeros(5, np.bool_), tuple(keys)).groups
    expected: dict[tuple[str, ...], list[int]] = {(): []}
    for row, key in enumerate(keys):
        for length in range(3):
            expected.setdefault(key[:length], []).append(row)
    assert {key: rows.tolist() for key, rows in found.items()} == expected
    assert list(found) == list(expected)
    assert Delays(np.arange(0), np.zeros(0, np.bool_), ()).groups[()].size == 0
