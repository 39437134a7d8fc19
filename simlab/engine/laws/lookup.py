"""From random words to demands: a lossless, monotone look-up that vectorises.

A guide cell covers 2**20 words. If at most one threshold lies inside, the cell holds that
threshold's offset and the value above it in one 32-bit number; otherwise the cell says "search".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import WordArray
from simlab.engine._jit import kernel, step

CELLS = 4096
SHIFT = np.uint32(20)
BITS = np.uint32(12)
VALUE = np.uint32(0xFFF)
OFFSET = np.uint32(0xFFFFF000)
SEARCH = np.uint32(0xFFF)


@kernel
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


@step
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


@step
def search_part(thresholds: WordArray, begin: int, length: int, word: Any) -> int:
    """As `search`, in a part of the thresholds; counted from its beginning."""
    low, high = begin, begin + length - 1
    while low < high:
        middle = (low + high) >> 1
        if word < thresholds[middle]:
            high = middle
        else:
            low = middle + 1
    return low - begin


@kernel
def look_up(
    words: WordArray,
    guided: bool,
    guide: WordArray,
    thresholds: WordArray,
    first: int,
    cells: WordArray,
    row: int,
    out: npt.NDArray[Any],
) -> None:
    """Values of a matrix of words, counted from `first`, into the rows of `out` from `row` on.

    Parameters
    ----------
    words, cells : (rows, lanes) uint32
        Random words, and work space.
    guided : bool
        False if there is no guide and every word is searched for.
    guide, thresholds
        One item's table.
    out : (≥ row + rows, lanes) int32 or int64
    """
    cast = out.dtype.type
    base = cast(first)
    rows, lanes = words.shape
    if not guided:
        for r in range(rows):
            for lane in range(lanes):
                out[row + r, lane] = cast(base + search(thresholds, words[r, lane]))
        return
    for r in range(rows):
        for lane in range(lanes):
            cells[r, lane] = guide[words[r, lane] >> SHIFT]
        most = np.uint32(0)
        for lane in range(lanes):
            cell = cells[r, lane]
            value = np.uint32(cell & VALUE)
            below = np.uint32(words[r, lane] << BITS) < np.uint32(cell & OFFSET)
            out[row + r, lane] = cast(cast(np.int32(value) - np.int32(below)) + base)
            most = max(most, value)
        if most == SEARCH:
            for lane in range(lanes):
                if cells[r, lane] & VALUE == SEARCH:
                    out[row + r, lane] = cast(base + search(thresholds, words[r, lane]))


@kernel
def look_up_row(
    words: WordArray,
    row: int,
    guided: bool,
    guides: WordArray,
    slot: int,
    thresholds: WordArray,
    span: tuple[int, int, int],
    cells: WordArray,
    t: int,
    out: npt.NDArray[Any],
) -> None:
    """As `look_up`, of one row of words by one of several tables.

    Parameters
    ----------
    guides : (tables, CELLS) uint32
        Row `slot` is the table's.
    span : three int
        Where the table begins in `thresholds`, its length, and its first value.
    t : int
        Row of `out`.
    """
    cast = out.dtype.type
    begin, length, first = span
    base = cast(first)
    lanes = words.shape[1]
    if not guided:
        for lane in range(lanes):
            out[t, lane] = cast(base + search_part(thresholds, begin, length, words[row, lane]))
        return
    for lane in range(lanes):
        cells[row, lane] = guides[slot, words[row, lane] >> SHIFT]
    most = np.uint32(0)
    for lane in range(lanes):
        cell = cells[row, lane]
        value = np.uint32(cell & VALUE)
        below = np.uint32(words[row, lane] << BITS) < np.uint32(cell & OFFSET)
        out[t, lane] = cast(cast(np.int32(value) - np.int32(below)) + base)
        most = max(most, value)
    if most == SEARCH:
        for lane in range(lanes):
            if cells[row, lane] & VALUE == SEARCH:
                out[t, lane] = cast(base + search_part(thresholds, begin, length, words[row, lane]))
