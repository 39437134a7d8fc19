"""Small random instances and their solution by trying everything."""

import itertools

import numpy as np

from simlab.frontier import SegmentCurves


def instance(rng, n=None, k=None, *, top=40, monotone=True):
    """Sums with many ties: up to 4 segments × 6 targets, holding rates unequal."""
    n, k = n or int(rng.integers(1, 5)), k or int(rng.integers(1, 7))
    stock, served = rng.integers(0, top, (n, k)), rng.integers(0, top, (n, k))
    if monotone:
        stock, served = np.sort(stock, axis=1), np.sort(served, axis=1)
    rate = rng.integers(1, 5, (n, 1))
    demanded = served.max(axis=1) + rng.integers(0, 5, n)
    names = tuple(f"S{i}" for i in range(n))
    targets = np.linspace(0.5, 0.99, k)
    return SegmentCurves(stock * rate, stock, served, demanded, targets, names)


def every_plan(curves):
    """All choices with their (cost, value, served), as Python integers."""
    rows = range(curves.n_segments)
    for choice in itertools.product(range(curves.n_targets), repeat=curves.n_segments):
        yield (
            choice,
            tuple(
                sum(int(table[row, column]) for row, column in zip(rows, choice, strict=True))
                for table in (curves.cost, curves.value, curves.served)
            ),
        )


def efficient_pairs(pairs):
    """(low, high) pairs that none other beats, ascending."""
    kept, best = [], -1
    for low, high in sorted(set(pairs), key=lambda pair: (pair[0], -pair[1])):
        if high > best:
            kept.append((low, high))
            best = high
    return kept
