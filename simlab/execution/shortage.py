"""Paths from today's state until the next order arrives, block by block over the workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np

from simlab.arrays import IntArray
from simlab.engine.prepare.on_grid import even, in_parts, split_rows
from simlab.engine.recorder.shortage import Shortage, look_ahead
from simlab.engine.world.world import Start, World
from simlab.execution.backends.spread import Progress, Task, as_it_is, spread
from simlab.execution.backends.workers import Workers
from simlab.execution.blocks import part_of
from simlab.execution.by_period.waiting import follows, look_past, nothing_counted
from simlab.execution.kept import store_of


def run_shortage(
    world: World,
    start: Start,
    quantity: IntArray,
    next_review: IntArray,
    *,
    paths: int,
    seed: int,
    windows: bool = False,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Shortage:
    """`look_ahead` of all items; those on a working grid go by its parts.

    Parameters
    ----------
    world, start, quantity, paths, seed, windows
        As in `look_ahead`; orders with a date come in periods.
    next_review : (n,) int64
        In periods, of items that are split in parts.
    """
    workers = workers or Workers()
    out = nothing_counted(world.n_items, paths, windows=windows)
    for rows, fine in _ways(world, start):
        parts = 1 if world.grid is None or not fine else world.grid.parts
        own = in_parts(even(world.take(rows))) if fine else replace(world, grid=None).take(rows)
        ahead = next_review[rows] + own.lead_time.longest()
        order = np.argsort(ahead, kind="stable")  # those that look equally far ahead share a block
        rows, own = rows[order], own.take(order)
        began = _in_parts(start.take(rows), parts)
        asked, until = quantity[rows], next_review[rows]

        def part(
            block: IntArray,
            own: World = own,
            began: Start = began,
            asked: IntArray = asked,
            until: IntArray = until,
        ) -> tuple[object, ...]:
            items = part_of(own, block, workers), began.take(block), asked[block], until[block]
            return *items, paths, seed, windows

        store = store_of("shortage", own, began, asked, until, paths, seed, windows)
        task: Task[Shortage] = Task(shortage_of_block, part, as_it_is, store)
        found = list(spread(task, own, workers.block_size(rows.size), workers, progress, "look ahead"))
        for field in fields(Shortage):
            if field.name != "paths" and (windows or field.name != "windows"):
                getattr(out, field.name)[rows] = np.concatenate([getattr(x, field.name) for x in found])
    return out


def _ways(world: World, start: Start) -> Iterator[tuple[IntArray, bool]]:
    """Rows that go one way, and whether by parts: on a working grid or not, followed in one pass or not."""
    split, plain = split_rows(world), follows(world, start)
    for fine in (False, True):
        for passed in (False, True):
            rows = np.flatnonzero((split == fine) & (plain == passed))
            if rows.size:
                yield rows, fine


def shortage_of_block(
    world: World,
    start: Start,
    quantity: IntArray,
    next_review: IntArray,
    paths: int,
    seed: int,
    windows: bool,
) -> Shortage:
    """A block of `run_shortage`: all of it goes one way."""
    look = look_past if follows(world, start).all() else look_ahead
    return look(world, start, quantity, next_review, paths=paths, seed=seed, windows=windows)


def _in_parts(start: Start, parts: int) -> Start:
    """Dates in parts of periods: what is due in a period comes as it begins."""
    if start.due_period is None or parts == 1:
        return start
    return replace(start, due_period=start.due_period * parts)
