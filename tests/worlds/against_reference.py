"""Where the sums of the engine differ from those of the plain simulator, for tests."""

import os

from worlds.engine import reference_item, start_of, world_of

from simlab.engine import run
from simlab.engine.prepare.evaluators import evaluator_of
from simlab.selfcheck import reference

PER_TEST = int(os.environ.get("SIMLAB_REFERENCE_INSTANCES", "250"))


def reference_sums(x, world, column):
    """Sums by slot from the plain simulator."""
    item, h = reference_item(x, world, column), x["horizon"]
    sums = {measure: [0] * h.slots for measure in reference.MEASURES}
    for path in range(h.first_replication, h.first_replication + h.replications):
        got = reference.simulate(item, h.seed, path, h.warmup, h.periods)
        for measure in reference.MEASURES:
            sums[measure][path % h.slots] += got[measure]
    return sums


ALSO = {"sweep": ("lanes", "ledger"), "recorded sweep": ("ledger",), "lanes": ("ledger",), "ledger": ()}
"""Evaluators that cover an item, too, by the one that a run chooses."""


def unlike(x, ways, world):
    """Evaluator, measure and column of every sum that is not the plain simulator's."""
    found = []
    for column in range(3):
        expected = reference_sums(x, world, column)
        for way, curves in ways.items():
            for measure in reference.MEASURES:
                array = getattr(curves, measure)
                got = array[0] if array.ndim == 2 else array[0, column]
                if got.tolist() != expected[measure]:
                    found.append((way, measure, column))
    return found


def differing(x):
    """As `unlike`: the way that a run takes, from a given start if any, and all others that cover it."""
    world, levels = world_of(x)
    ways = {"run": run.simulate_items(world, levels, x["horizon"], start_of(x))}
    begun = world.starting(start_of(x))
    for way in ALSO[evaluator_of(begun, levels)]:
        ways[way] = run.evaluate(way, begun, levels, x["horizon"])
    return unlike(x, ways, world)
