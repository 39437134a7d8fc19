"""Counted laws at a multiplier, compiled: the plain version's numbers to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.laws.phase_sizes import counted_at
from simlab.models.demand.scoring.counted import counted_laws


def _plain(begin, length, size, weight, row, mean, variance, known):
    """Every law alone by `counted_at`, its values sorted and added by NumPy."""
    start, values, counts = [0], [], []
    for law, own in enumerate(row.tolist()):
        here = slice(begin[own], begin[own] + length[own])
        if length[own] == 0 or mean[law] <= 0:
            value, count = np.zeros(1, np.int64), known[own : own + 1]
        else:
            none, one = np.zeros(length[own], np.int64), slice(law, law + 1)
            found = counted_at(none, size[here], weight[here], mean[one], variance[one])
            order = np.argsort(found.value, kind="stable")
            value, part = found.value[order], (found.share * known[own])[order]
            first = np.flatnonzero(np.append(True, np.diff(value) != 0))
            value, count = value[first], np.add.reduceat(part, first)
        values.append(value)
        counts.append(count)
        start.append(start[-1] + value.size)
    return np.array(start), np.concatenate(values), np.concatenate(counts)


@pytest.mark.parametrize("seed", range(6))
def test_the_compiled_laws_are_the_plain_ones_to_the_bit(seed) -> None:
    """Short and long rows, weights that fade, variances that whole units can and cannot have."""
    rng = np.random.default_rng(seed)
    length = np.array([0, 1, 3, 40, 300, 1500])
    begin = np.cumsum(length) - length
    size = rng.integers(1, 4 + 10 * seed, length.sum()) / rng.choice([0.7, 1.0, 1.3], length.sum())
    weight = 0.5 ** (rng.integers(0, 400, length.sum()) / 200) if seed % 2 else np.ones(length.sum())
    row = np.repeat(np.arange(6), 5)
    mean = rng.choice([0.0, 0.2, 1.0, 4.0, 30.0], row.size)
    variance = mean * rng.choice([0.0, 0.3, 1.0, 5.0, 40.0], row.size)
    known = length * 1.7 + 1
    room = int((2 * length[row] + 1).sum())
    start, value, count = np.empty(row.size + 1, np.int64), np.empty(room, np.int64), np.empty(room)
    asked = begin, length, size, weight, row, mean, variance, known
    of_row = np.repeat(np.arange(6), length)
    by_size = np.lexsort((size, of_row)) - begin[of_row]
    counted_laws(*asked[:4], by_size, *asked[4:], start, value, count)
    used = int(start[-1])
    for mine, plain in zip((start, value[:used], count[:used]), _plain(*asked), strict=True):
        assert np.array_equal(mine, plain)
