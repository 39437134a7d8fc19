"""From random words to demands: a lossless, monotone look-up that vectorises.

A guide cell covers 2**20 words. If at most one threshold lies inside, the cell holds that
threshold's offset and the value above it in one 32-bit number; otherwise the cell says "search".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.engine._jit import jit
from simlab.engine.types import IntArray, WordArray

CELLS = 4096
SHIFT = np.uint32(20)
BITS = np.uint32(12)
VALUE = np.uint32(0xFFF)
OFFSET = np.uint32(0xFFFFF000)
SEARCH = np.uint32(0xFFF)


@jit
def fill_guide(thresholds: WordArray, guide: WordArray) -> bool:
    """Fill a guide of `CELLS` cells; False if there are more points than a cell can name."""
    n = thresholds.size
    if n >= CELLS:
        return False
    cell, k = np.int64(0), 0
    while k < n - 1:
        threshold = np.uint32(thresholds[k])
        here = np.int64(threshold >> SHIFT)
        for i in range(cell, here):
            guide[i] = np.uint32(k)
        cell = here if here > cell else cell
        offset = np.uint32(threshold << BITS)
        k += 1
        if offset == np.uint32(0):
            continue
        inside = 1
        while k < n - 1 and np.int64(thresholds[k] >> SHIFT) == here:
            k += 1
            inside += 1
        guide[cell] = np.uint32(offset | np.uint32(k)) if inside == 1 else SEARCH
        cell += 1
    for i in range(cell, CELLS):
        guide[i] = np.uint32(n - 1)
    return True


@jit
def search(thresholds: WordArray, word: Any) -> int:
    """Index of the first threshold above a word (bisection); the last stands for 2**32."""
    low, high = 0, thresholds.size - 1
    while low < high:
        middle = (low + high) >> 1
        if word < thresholds[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@jit
def look_up(
    words: WordArray,
    guide: WordArray,
    thresholds: WordArray,
    points: IntArray,
    first: int,
    cells: WordArray,
    out: npt.NDArray[Any],
) -> None:
    """Demands of a matrix of words.

    Parameters
    ----------
    words : (rows, lanes) uint32
    guide, thresholds, points, first
        One item's table; empty `points` means consecutive values from `first`, an empty guide
        that every word is searched for.
    cells : (rows, lanes) uint32
        Work space.
    out : (rows, lanes) int32 or int64
    """
    cast = out.dtype.type
    rows, lanes = words.shape
    if guide.size == 0:
        for row in range(rows):
            for lane in range(lanes):
                out[row, lane] = cast(search(thresholds, words[row, lane]))
    for row in range(rows if guide.size else 0):
        for lane in range(lanes):
            cells[row, lane] = guide[words[row, lane] >> SHIFT]
        most = np.uint32(0)
        for lane in range(lanes):
            cell = cells[row, lane]
            value = np.uint32(cell & VALUE)
            below = np.uint32(words[row, lane] << BITS) < np.uint32(cell & OFFSET)
            out[row, lane] = cast(np.int32(value) - np.int32(below))
            most = max(most, value)
        if most == SEARCH:
            for lane in range(lanes):
                if cells[row, lane] & VALUE == SEARCH:
                    out[row, lane] = cast(search(thresholds, words[row, lane]))
    if points.size:
        for row in range(rows):
            for lane in range(lanes):
                out[row, lane] = cast(points[out[row, lane]])
    elif first:
        for row in range(rows):
            for lane in range(lanes):
                out[row, lane] = cast(out[row, lane] + cast(first))
