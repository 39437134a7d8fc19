"""Columns of the demand table that some options look at: empty shelves, stock, promotions, prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import numbers, spread, texts
from simlab.catalog.cells.numerals import Notation
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import DEMAND_FURTHER
from simlab.catalog.parts import in_parts, rule_in_parts
from simlab.study import Study

_FLAGS = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}
_SAYS = {"stockout": "whether the shelf was empty", "promotion": "whether there was a promotion"}


def wanted_columns(study: Study) -> dict[str, str]:
    """Further columns of demand that the study looks at, and the option that needs each; "" = may lack."""
    out = {}
    if study.demand.censoring == "stockout_column":
        out["stockout"] = 'censoring = "stockout_column" under [demand]'
    if study.demand.censoring == "on_hand":
        out["on_hand"] = 'censoring = "on_hand" under [demand]'
    elif study.replay is not None:
        out["on_hand"] = ""
    if study.demand.uplift is not None:
        for name in study.demand.uplift.drivers:
            out[name] = f"{name} in demand.uplift.drivers"
    return out


@dataclass(frozen=True, eq=False)
class Further:
    """Further columns of the rows as read; None where not looked at. See `DemandTable`."""

    stockout: BoolArray | None = None
    on_hand: FloatArray | None = None
    promotion: BoolArray | None = None
    price: FloatArray | None = None

    def merged(self, rows: IntArray, starts: IntArray, units: IntArray) -> Further:
        """One value per SKU-location and date: any flag, the stock, the price weighted by units.

        Parameters
        ----------
        rows : (k,) int
            Rows kept, sorted by SKU-location and date.
        starts : (d,) int
            Where each date begins in `rows`.
        units : (k,) int
            Units of the rows kept.
        """
        if rows.size == 0:
            return Further(*(None if one is None else one[:0] for one in vars(self).values()))
        return Further(
            None if self.stockout is None else np.logical_or.reduceat(self.stockout[rows], starts),
            None if self.on_hand is None else np.fmax.reduceat(self.on_hand[rows], starts),
            None if self.promotion is None else np.logical_or.reduceat(self.promotion[rows], starts),
            None if self.price is None else _mean_price(self.price[rows], units, starts),
        )


def read_further(table: TextTable, study: Study, written: Notation, parts: IntArray) -> Further:
    """The further columns that the study looks at; what is wrong goes to the table's findings.

    `parts` (m,): those that a unit of each row's SKU-location is counted in.
    """
    columns: dict[str, BoolArray | FloatArray | None] = {}
    for name, needed in wanted_columns(study).items():
        if name in table.columns:
            columns[name] = _flags(table, name) if name in _SAYS else _numbers(table, name, written, parts)
        elif needed:
            fix = f"add it, or leave out {needed}"
            table.findings.add(found.MISSING_COLUMN, "required column is missing", column=name, fix=fix)
    for name in ("stockout", "on_hand"):
        if name in columns and wanted_columns(study)[name] and table.columns[name].missing().all():
            message = "says nothing in any row: what was not seen in stock-outs cannot be estimated"
            fix = f"fill it, or leave out {wanted_columns(study)[name]}"
            table.findings.add(found.MISSING_CELL, message, column=table.label(name), fix=fix)
    return Further(**columns)  # type: ignore[arg-type]


def refuse_two_stocks(table: TextTable, further: Further, rows: IntArray, key: IntArray) -> None:
    """A SKU-location has one stock at the end of a date.

    Parameters
    ----------
    rows, key : (k,) int
        Rows kept and what tells SKU-location and date apart.
    """
    if further.on_hand is None:
        return
    said = ~np.isnan(further.on_hand[rows])
    rows, key = rows[said], key[said]
    order = np.lexsort((rows, key))
    rows, key, stock = rows[order], key[order], further.on_hand[rows][order]
    bad = np.sort(rows[1:][(key[1:] == key[:-1]) & (stock[1:] != stock[:-1])])
    if bad.size:
        message = "another row of the same SKU, location and date says another stock"
        fix = "on_hand is the stock at the end of the date: say the same in all rows of a date, or in one"
        table.findings.add_rows(found.DUPLICATE, message, bad, column=table.label("on_hand"), fix=fix)


def _flags(table: TextTable, name: str) -> BoolArray:
    """(m,) rows that say yes."""
    words = [str(word or "").strip().lower() for word in texts(table.columns[name])]
    flags = [_FLAGS.get(word.removesuffix(".0")) for word in words]
    bad = np.flatnonzero([flag is None for flag in flags])
    if bad.size:
        message = f"{words[bad[0]]!r} does not say {_SAYS[name]}"
        fix = "1, true or yes; 0, false, no or nothing"
        table.findings.add_rows(found.NOT_A_CHOICE, message, bad, column=table.label(name), fix=fix)
    return np.array([bool(flag) for flag in flags], dtype=np.bool_)


def _numbers(table: TextTable, name: str, written: Notation, parts: IntArray) -> FloatArray:
    """(m,) numbers, stock in parts and prices per part; NaN where the cell is empty, or a price is 0."""
    rule = rule_in_parts(name, DEMAND_FURTHER[name], parts)
    values, _ = numbers(table, name, rule, written)
    out = np.asarray(spread(table.columns[name], values, np.nan, np.float64))
    out = in_parts(table, name, DEMAND_FURTHER[name], out, parts)
    return np.where(out == 0, np.nan, out) if name == "price" else out


def _mean_price(price: FloatArray, units: IntArray, starts: IntArray) -> FloatArray:
    """Price of a date: mean weighted by units, plain where nothing was sold; NaN where none is said."""
    said = ~np.isnan(price)
    sums = [
        np.add.reduceat(np.where(said, price * weight, 0.0), starts)
        for weight in (units.astype(np.float64), np.ones(units.size))
    ]
    counts = [
        np.add.reduceat(np.where(said, weight, 0.0), starts)
        for weight in (units.astype(np.float64), np.ones(units.size))
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(counts[0] > 0, sums[0] / counts[0], sums[1] / counts[1]))
