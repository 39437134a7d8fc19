"""Lead times that depend on the order ahead, of a block of lanes; see `prepare.sequence` for their tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import inner, step
from simlab.engine.kernels.joint_phases import draws_phase
from simlab.engine.kernels.layout import LEAD_CELLS
from simlab.engine.kernels.memory import Work
from simlab.engine.kernels.paths import opens
from simlab.engine.kernels.types import ItemArrays, Schedule
from simlab.engine.laws.lookup import search_part

_WITHIN = 24
"""Bits of a word within a cell of a guide to lead times."""


@step
def lead_time_behind(items: ItemArrays, item: int, word: Any, since: Any, before: Any) -> Any:
    """Lead time of an order, before that ahead of it holds it back.

    Parameters
    ----------
    since, before : int
        Reviews since the order ahead, and those between that one and the order ahead of it.
    """
    of = items.sequence
    row, size = table_behind(of.far[item], since, before), of.size[item]
    at = search_part(of.thresholds, of.begin[item] + row * size, size, word)
    return items.lead_periods[items.lead_start[item]] + at


@step
def table_behind(far: int, since: Any, before: Any) -> Any:
    """Which table of `sequence` an order's lead time is drawn from, see `lead_time_behind`."""
    row: Any = 2 * far
    if since <= far:
        row = since - 1 if before <= far else far + since - 1
    return row


@step
def has_guide(items: ItemArrays, item: int, work: Work) -> Any:
    """Whether there is room for a guide to each of an item's tables of `sequence`."""
    return 2 * items.sequence.far[item] + 1 <= work.lead_guide.shape[0]


@inner
def guide_sequence(items: ItemArrays, item: int, work: Work) -> None:
    """First point of each table of `sequence` that a word of each cell can mean."""
    of, guide = items.sequence, work.lead_guide
    size = of.size[item]
    for row in range(2 * of.far[item] + 1):
        begin = of.begin[item] + row * size
        at = np.int64(0)
        for cell in range(LEAD_CELLS):
            word = np.int64(cell) << _WITHIN
            while at < size - 1 and np.int64(of.thresholds[begin + at]) <= word:
                at += 1
            guide[row, cell] = at


@inner
def begin_sequence(items: ItemArrays, item: int, run: Schedule, work: Work) -> None:
    """No order ahead; a given pipeline counts as ordered at the review before the first."""
    far = items.sequence.far[item] + 1
    given = opens(items, item)
    apart = items.review[item] if draws_phase(items, item) else 1  # epochs are periods where phases differ
    for lane in range(run.width):
        work.ahead[0, lane] = -1 if given else -far * apart
        work.ahead[1, lane] = far
        work.ahead[2, lane] = work.opening[lane] if given else np.int64(0)
    if has_guide(items, item, work):
        guide_sequence(items, item, work)


@inner
def keep_sequence(items: ItemArrays, item: int, t: int, epoch: int, n: int, work: Work) -> None:
    """Periods until what the review of period t ordered arrives: not before the order ahead."""
    orders, delays, ahead = work.orders, work.delays, work.ahead
    cast, row = delays.dtype.type, epoch & (orders.shape[0] - 1)
    apart = items.review[item] if draws_phase(items, item) else 1
    of, guide = items.sequence, work.lead_guide
    begin, far, size = of.begin[item], of.far[item], of.size[item]
    least, guided = items.lead_periods[items.lead_start[item]], has_guide(items, item, work)
    for lane in range(n):
        if orders[row, lane] > 0:
            since, word = epoch - ahead[0, lane], work.drawn[epoch, lane]
            if apart > 1:
                since //= apart
            table = table_behind(far, since, ahead[1, lane])
            if guided:
                at = np.int64(guide[table, np.int64(word) >> _WITHIN])
                while at < size - 1 and word >= of.thresholds[begin + table * size + at]:
                    at += 1
            else:
                at = np.int64(search_part(of.thresholds, begin + table * size, size, word))
            arrival = max(t + least + at, ahead[2, lane])
            delays[epoch, lane] = cast(arrival - t)
            ahead[0, lane] = epoch
            ahead[1, lane] = since
            ahead[2, lane] = arrival
