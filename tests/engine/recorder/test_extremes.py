"""Peak and end stock are those of the plain simulator, whichever way an item is evaluated."""

from hypothesis import given
from worlds.engine import (
    instances,
    mixed_world,
    reference_item,
    settled,
    special_instances,
    start_of,
    world_of,
)

from simlab.engine.recorder.extremes import item_extremes
from simlab.engine.recorder.ledger import ledger
from simlab.engine.world.world import Horizon
from simlab.selfcheck import reference


def expected(x, world, column):
    item, h = reference_item(x, world, column), x["horizon"]
    peak = end = 0
    for path in range(h.first_replication, h.first_replication + h.replications):
        seen = list(reference.history(item, h.seed, path, h.warmup + h.periods))[h.warmup :]
        peak += max(period["on_hand_start"] for period in seen)
        end += seen[-1]["on_hand"]
    return peak, end


def agrees(x):
    world, levels = world_of(x)
    found = item_extremes(world, levels, x["horizon"], start_of(x))
    for column in range(3):
        got = int(found.peak[0, column]), int(found.end[0, column])
        assert got == expected(x, world, column)


@settled(60, derandomize=True)
@given(instances())
def test_peak_and_end_are_those_of_the_reference(x):
    agrees(x)


@settled(60, derandomize=True)
@given(special_instances())
def test_with_every_feature_too(x):
    agrees(x)


def test_items_among_others_have_the_peaks_of_their_ledgers():
    world, levels = mixed_world(12)
    horizon = Horizon(periods=30, warmup=5, replications=3, slots=1, seed=9)
    found = item_extremes(world, levels, horizon)
    for item in range(12):
        books = [ledger(world, levels, horizon, item, path, 2).periods for path in range(3)]
        assert found.peak[item, 2] == sum(int(book["on_hand_start"][5:].max()) for book in books)
        assert found.end[item, 2] == sum(int(book["on_hand"][-1]) for book in books)
