"""What the simulator says of every item before it runs, some thousand items at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simlab.arrays import AnyArray
from simlab.engine.prepare import evaluators
from simlab.engine.prepare.evaluators import Evaluator
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import World
from simlab.execution.backends.spread import block_rows

_AT_ONCE = 8192


def by_item(ask: Callable[[World, Levels], AnyArray], world: World, levels: Levels) -> AnyArray:
    """(n,) what is asked of items alone: arrays that are made for it are never held for all of them."""
    if world.n_items <= _AT_ONCE:
        return ask(world, levels)
    rows = block_rows(world.n_items, _AT_ONCE)
    return np.concatenate([ask(world.take(some), levels.take(some)) for some in rows])


def evaluator_of(world: World, levels: Levels) -> Evaluator:
    """How a call is evaluated, as `engine.prepare.evaluators.evaluator_of` says of all items together."""
    if world.n_items <= _AT_ONCE:
        return evaluators.evaluator_of(world, levels)
    rows = block_rows(world.n_items, _AT_ONCE)
    found = {evaluators.evaluator_of(world.take(some), levels.take(some)) for some in rows}
    if found & {"recorded sweep", "ledger"}:
        return "recorded sweep" if found <= {"recorded sweep", "sweep"} else "ledger"
    return "sweep" if found == {"sweep"} else "lanes"
