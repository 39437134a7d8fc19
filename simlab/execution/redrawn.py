"""The same plans on the same random numbers, in a world per batch whose parameters were drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from simlab.arrays import IntArray
from simlab.engine.run import simulate_items
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, World
from simlab.execution.adding import reduce_items
from simlab.execution.backends.spread import Progress, Task, as_it_is, spread
from simlab.execution.backends.workers import Workers
from simlab.execution.blocks import part_of, plan_block
from simlab.execution.kept import store_of
from simlab.execution.sums import PlanRequest, PlanSums, Weights
from simlab.execution.tables import add_blocks, block_of, tables_for
from simlab.models import Redraws


def batches_of(replications: int, batches: int) -> IntArray:
    """(r,) batch of each replication: neighbours share one, with two replications each at least."""
    n = max(1, min(batches, replications // 2))
    return np.repeat(np.arange(n), [part.size for part in np.array_split(np.arange(replications), n)])


def run_redrawn(
    world: World,
    redraws: Redraws,
    levels: Levels,
    requests: Sequence[PlanRequest],
    weights: Weights,
    horizon: Horizon,
    batch: IntArray,
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stage: str = "redrawn",
) -> list[PlanSums]:
    """`run_plans` with one parameter draw per batch.

    Parameters
    ----------
    world, levels, requests, weights, horizon
        As in `run_plans`: a replication has the random numbers that it has there.
    redraws : Redraws
        Draws parameters of a block of items, so that memory does not grow with the catalogue.
    batch : (r,) int
        Batch of each replication, from `batches_of`; draw b serves batch b.

    Returns
    -------
    list of PlanSums
        One per request, replication by replication.
    """
    workers = workers or Workers()
    size = plan_block(levels, horizon.replications, workers)
    edges = np.flatnonzero(np.diff(batch, prepend=-1, append=-1))
    tables = tables_for(requests, horizon.replications)

    def part(rows: IntArray) -> tuple[object, ...]:
        asked, cells = block_of(tables, rows)
        own = part_of(world, rows, workers), redraws.take(rows), levels.take(rows)
        return *own, horizon, edges, asked, cells, weights.take(rows)

    store = store_of("redrawn", world, redraws, levels, list(requests), weights, horizon, batch)
    blocks = spread(Task(redrawn_block, part, as_it_is, store), world, size, workers, progress, stage)
    return add_blocks(blocks, tables, horizon.replications)


def redrawn_block(
    world: World,
    redraws: Redraws,
    levels: Levels,
    horizon: Horizon,
    edges: IntArray,
    requests: list[PlanRequest],
    cells: list[IntArray],
    weights: Weights,
) -> tuple[list[PlanSums], list[IntArray]]:
    """A block of `run_redrawn`; `edges`: where each batch of replications begins, and the last ends."""
    drawn: list[list[PlanSums]] = [[] for _ in requests]
    for number, (first, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        n = end - first
        some = replace(horizon, first_replication=first, replications=n, slots=n)
        curves = simulate_items(redraws.draw(world, number), levels, some)
        for kept, sums in zip(drawn, reduce_items(curves, requests, weights), strict=True):
            kept.append(_in_order(sums, first % n))
    return [_joined(kept) for kept in drawn], cells


def _in_order(sums: PlanSums, shift: int) -> PlanSums:
    """Slots are replications modulo their number: the first one to the front."""
    if shift == 0:
        return sums
    return PlanSums(**{f.name: np.roll(getattr(sums, f.name), -shift, axis=2) for f in fields(PlanSums)})


def _joined(parts: list[PlanSums]) -> PlanSums:
    return PlanSums(
        **{f.name: np.concatenate([getattr(one, f.name) for one in parts], axis=2) for f in fields(PlanSums)}
    )
