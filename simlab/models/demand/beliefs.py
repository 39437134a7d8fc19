"""One step of EM over gamma classes, compiled: what cells believe, added up by group in NumPy's order."""

from __future__ import annotations

from simlab.arrays import FloatArray, IntArray
from simlab.engine._jit import inner, kernel

DEPTH = 48
"""Halves of halves: more than any number of cells has."""


@kernel
def add_beliefs(
    likelihood: FloatArray,
    weight: FloatArray,
    shares: FloatArray,
    ends: IntArray,
    row: FloatArray,
    eight: FloatArray,
    halves: IntArray,
    held: FloatArray,
    total: FloatArray,
) -> None:
    """Add every cell's probabilities of the classes, times its weight, to its group: one step of EM.

    Parameters
    ----------
    likelihood : (cells, classes) float
        Groups one after the other; `ends` (groups + 1,) says where each begins.
    weight : (cells,) float
    shares, total : (groups, classes) float
        What is believed, and what is added to.
    row, eight, halves, held : (classes,), (8, classes), (DEPTH, 3), (DEPTH + 1, classes)
        Room to work.

    Notes
    -----
    Cells are added up in the order of NumPy's pairwise sums (halves of what is longer than 128, eight at a
    time): the bits are those of the sums of arrays.
    """
    found = held.shape[0] - 1
    for group in range(ends.size - 1):
        first, last = ends[group], ends[group + 1]
        if first == last:
            continue
        believe(likelihood, weight, shares, group, first, row)
        for k in range(row.size):
            total[group, k] = row[k]
        at = 0
        halves[0, 0], halves[0, 1], halves[0, 2] = first + 1, last, 0
        while at >= 0:
            begin, end, done = halves[at, 0], halves[at, 1], halves[at, 2]
            if end - begin <= 128:
                add_few(likelihood, weight, shares, group, begin, end, row, eight, held)
                at -= 1
            elif done == 2:
                for k in range(row.size):
                    held[found, k] = held[at, k] + held[found, k]
                at -= 1
            else:
                middle = begin + (end - begin) // 2 - ((end - begin) // 2) % 8
                halves[at, 2] = done + 1
                for k in range(row.size):
                    held[at, k] = held[found, k]
                at += 1
                halves[at, 0], halves[at, 1], halves[at, 2] = begin, middle, 0
                if done == 1:
                    halves[at, 0], halves[at, 1] = middle, end
        for k in range(row.size):
            total[group, k] += held[found, k]


@inner
def add_few(
    likelihood: FloatArray,
    weight: FloatArray,
    shares: FloatArray,
    group: int,
    begin: int,
    end: int,
    row: FloatArray,
    eight: FloatArray,
    held: FloatArray,
) -> None:
    """The sum over at most 128 cells, into the last row of `held`."""
    rest, out = begin, held.shape[0] - 1
    for k in range(row.size):
        held[out, k] = 0.0
    if end - begin >= 8:
        rest = end - (end - begin) % 8
        for cell in range(begin, rest):
            believe(likelihood, weight, shares, group, cell, row)
            j = (cell - begin) % 8
            for k in range(row.size):
                eight[j, k] = row[k] if cell - begin < 8 else eight[j, k] + row[k]
        for k in range(row.size):
            low = (eight[0, k] + eight[1, k]) + (eight[2, k] + eight[3, k])
            held[out, k] = low + ((eight[4, k] + eight[5, k]) + (eight[6, k] + eight[7, k]))
    for cell in range(rest, end):
        believe(likelihood, weight, shares, group, cell, row)
        for k in range(row.size):
            held[out, k] += row[k]


@inner
def believe(
    likelihood: FloatArray, weight: FloatArray, shares: FloatArray, group: int, cell: int, row: FloatArray
) -> None:
    """A cell's probabilities of the classes, times its weight."""
    n = row.size
    for k in range(n):
        row[k] = likelihood[cell, k] * shares[group, k]
    whole, rest = 0.0, 0
    if n >= 8:
        a, b, c, d, e, f, g, h = row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]
        rest = n - n % 8
        for k in range(8, rest, 8):
            a += row[k]
            b += row[k + 1]
            c += row[k + 2]
            d += row[k + 3]
            e += row[k + 4]
            f += row[k + 5]
            g += row[k + 6]
            h += row[k + 7]
        whole = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for k in range(rest, n):
        whole += row[k]
    scale = weight[cell] / max(whole, 1e-300)
    for k in range(n):
        row[k] *= scale
