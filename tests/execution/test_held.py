"""Sums held in narrow numbers are the sums: of all items, of some, and added up by cell."""

from dataclasses import fields

import numpy as np
import pytest
from worlds.small import HORIZON, small_levels, small_world

from simlab.engine.world.curves import Curves
from simlab.execution import CellSums, Workers, cell_sums, in_parts, run_curves, run_held_curves
from simlab.execution.held import narrow, take_items, three_axes

CODE = np.array([2, 0, 2, 1, 0, 2, 4])
N_CELLS = 5


def held(workers, slots=True):
    world = small_world()
    cells = CellSums(CODE, N_CELLS)
    return run_held_curves(world, small_levels(world), HORIZON, cells, slots=slots, workers=workers)


def whole():
    world = small_world()
    return run_curves(world, small_levels(world), HORIZON)


@pytest.mark.parametrize("workers", [Workers(1, 7), Workers(1, 2), Workers(2, 3)])
def test_every_measure_of_every_item_is_what_blocks_gave(workers):
    ours, theirs = held(workers), whole()
    assert (ours.n_items, ours.n_columns) == (theirs.n_items, theirs.n_columns)
    for field in fields(Curves):
        one, other = getattr(ours, field.name), getattr(theirs, field.name)
        assert one.dtype == np.int64, field.name
        assert np.array_equal(one, other), field.name
    assert ours.nbytes < sum(getattr(theirs, field.name).nbytes for field in fields(Curves)) / 2


def test_some_items_come_in_the_order_in_which_they_are_asked_for():
    rows = np.array([6, 0, 3, 3, 5])
    some = take_items(held(Workers(1, 2)), rows)
    for field in fields(Curves):
        assert np.array_equal(getattr(some, field.name), getattr(whole(), field.name)[rows]), field.name
    parts = [rows.tolist() for rows, _ in in_parts(held(Workers(1, 2)), 4)]
    assert parts == [[0, 1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("slots", [True, False])
def test_cells_are_added_up_by_slot_whatever_items_keep(slots):
    ours, theirs = held(Workers(2, 2), slots), whole()
    sums = cell_sums(ours, CODE, N_CELLS)
    again = cell_sums(theirs, CODE, N_CELLS)
    for field in fields(Curves):
        table = three_axes(getattr(theirs, field.name))
        expected = np.zeros((N_CELLS, *table.shape[1:]), np.int64)
        np.add.at(expected, CODE, table)
        assert np.array_equal(sums[field.name], expected), field.name
        assert np.array_equal(again[field.name], expected), field.name
        own = getattr(ours, field.name)
        assert np.array_equal(own.sum(axis=-1), getattr(theirs, field.name).sum(axis=-1))
        assert slots or own.shape[-1] == 1
    other = cell_sums(ours, np.zeros(7, np.int64), 1)["served"]
    assert np.array_equal(other.sum(), theirs.served.sum())


@pytest.mark.parametrize(
    ("most", "kind"),
    [(255, "uint8"), (256, "uint16"), (2**16 - 1, "uint16"), (2**16, "uint32"), (2**32, "int64")],
)
def test_numbers_take_the_fewest_bytes_that_hold_them_all(most, kind):
    table = np.array([[0, most]])
    assert narrow(table).dtype == kind
    assert narrow(table).tolist() == table.tolist()
    below = np.array([-1, most])
    assert narrow(below).tolist() == below.tolist()


def test_zeros_throughout_take_nothing():
    found = narrow(np.zeros((1000, 27), np.int64))
    assert found.base.nbytes <= 1
    assert found.shape == (1000, 27)
    assert not found.any()
