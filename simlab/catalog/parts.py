"""SKU-locations counted in parts of a unit, such as hundredths of a kilogram (`unit_resolution` below 1).

Inside everything is whole: quantities are multiplied by the number of parts, money per unit is divided by it.
Tables of SKU-locations are shown in the units that the files have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import numbers, spread
from simlab.catalog.cells.numerals import Notation
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import Column

COLUMN = "unit_resolution"

QUANTITIES = (
    *(
        "order_quantity",
        "moq",
        "pack_size",
        "max_order",
        "max_position",
        "on_hand",
        "on_order",
        "minimum_level",
    ),
    *("current_reorder_point", "current_order_up_to", "current_order_quantity"),
    *("demand_mean", "forecast_mean", "forecast_error_sd"),
)
"""Columns of items in units."""

PER_UNIT = ("price", "shortage_cost", "unit_volume", "lines_per_unit")
"""Columns of items in something per unit, besides the unit cost."""
_TOLERANCE = 1e-6


def parts_of(resolution: FloatArray) -> IntArray:
    """(n,) parts that a unit is counted in: 100 for a resolution of 0.01, 1 for whole units and above."""
    small = np.isfinite(resolution) & (resolution > 0) & (resolution < 1)
    return np.where(small, np.rint(1.0 / np.where(small, resolution, 1.0)), 1).astype(np.int64)


def read_parts(table: TextTable, rule: Column, written: Notation) -> IntArray:
    """(n,) parts of a unit by the column `unit_resolution` of items; findings go to the table.

    A resolution is a whole number of units, or a fraction that goes into 1: 0.5, 0.25, 0.1, 0.01, …
    """
    if COLUMN not in table.columns:
        return np.ones(table.n_rows, dtype=np.int64)
    values, good = numbers(table, COLUMN, rule, written)
    said = np.asarray(spread(table.columns[COLUMN], values, 1.0, np.float64))
    parts = parts_of(said)
    whole = np.where(said < 1, np.abs(said * parts - 1) < _TOLERANCE, said == np.rint(said))
    rows = np.flatnonzero(good & ~whole)
    if rows.size:
        cell = table.columns[COLUMN].cell(int(rows[0]))
        message = f"{cell!r} is neither a whole number of units nor a part that goes into one"
        fix = "such as 1, 10, 0.5, 0.1 or 0.01"
        table.findings.add_rows(found.NOT_WHOLE, message, rows, column=table.label(COLUMN), fix=fix)
    return parts


def rule_in_parts(name: str, rule: Column, parts: IntArray) -> Column:
    """The rule of a column's cells where some SKU-locations are counted in parts of a unit."""
    if name not in QUANTITIES or rule.kind != "whole" or (parts == 1).all():
        return rule
    return replace(rule, kind="number", low=min(rule.low, 0.0), above=rule.low > 0)


def in_parts(table: TextTable, name: str, rule: Column, values: FloatArray, parts: IntArray) -> FloatArray:
    """(n,) a column in parts; a quantity that is no whole number of them is reported.

    Parameters
    ----------
    table : TextTable
    name : str
        The column, by our name.
    rule : Column
        As it is for whole units.
    values : (n,) float
        As the file has them.
    parts : (n,) int
    """
    if (parts == 1).all():
        return values
    if name == "demand_variance":
        return values * parts.astype(np.float64) ** 2
    if name in PER_UNIT:
        return np.asarray(values / parts)
    if name not in QUANTITIES:
        return values
    scaled = values * parts
    if rule.kind == "whole":
        near = np.rint(scaled)
        refuse_parts(table, name, np.abs(scaled - near) > _TOLERANCE * np.maximum(1.0, np.abs(near)), parts)
        scaled = near
    return np.asarray(scaled)


def in_file_units(columns: Mapping[str, FloatArray], parts: IntArray) -> dict[str, FloatArray]:
    """Columns of items as the files have them, from those in parts."""
    out = dict(columns)
    if (parts == 1).all():
        return out
    for name in out:
        if name == "demand_variance":
            out[name] = out[name] / parts.astype(np.float64) ** 2
        elif name in (*PER_UNIT, "unit_cost"):
            out[name] = out[name] * parts
        elif name in QUANTITIES:
            out[name] = out[name] / parts
    return out


def refuse_parts(table: TextTable, name: str, broken: BoolArray, parts: IntArray) -> None:
    """Report cells that are no whole number of the parts that their SKU-location is counted in."""
    rows = np.flatnonzero(broken)
    if rows.size:
        size = 1 / parts[rows[0]]
        message = f"{table.columns[name].cell(int(rows[0]))!r} is not a whole number of {size:g} units"
        fix = f"a finer {COLUMN} in items, or whole multiples of it here"
        table.findings.add_rows(found.NOT_WHOLE, message, rows, column=table.label(name), fix=fix)
