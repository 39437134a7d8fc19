"""Sums, rows of a period and columns of orders have one name and one place."""

from dataclasses import fields

from simlab.engine.kernels.types import Sums
from simlab.engine.world.columns import MEASURES, ROW_NAMES, OrderColumn, Row
from simlab.engine.world.curves import Curves
from simlab.selfcheck import reference


def test_every_sum_stands_at_its_place_everywhere():
    """A swapped pair would be a wrong number with all types right."""
    assert tuple(field.name for field in fields(Curves)) == MEASURES
    assert Sums._fields == MEASURES
    assert reference.MEASURES is MEASURES


def test_rows_and_columns_of_orders_are_numbered_without_gaps():
    assert [int(row) for row in Row] == list(range(len(Row)))
    assert [int(column) for column in OrderColumn] == list(range(len(OrderColumn)))
    assert ROW_NAMES[Row.POSITION_AT_REVIEW] == "position_at_review"
