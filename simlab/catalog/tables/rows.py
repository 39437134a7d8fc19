"""Rows of the demand table on their way to histories: each is used, repaired, dropped or refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

import numpy as np

from simlab import mapped
from simlab.arrays import AnyArray, BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.calendar.spreading import Spans
from simlab.catalog.catalog import DemandTable
from simlab.catalog.cells.convert import days, judged, notation, refuse_missing, spread
from simlab.catalog.cells.numerals import (
    GROUPS,
    PLAIN,
    Fault,
    Notation,
    declare,
    grouped,
    not_a_number,
    number_of,
    pattern,
    says_nothing,
)
from simlab.catalog.cells.text import CodeArray, TextTable
from simlab.catalog.columns import DEMAND, DEMAND_FURTHER
from simlab.catalog.quality import QualityRow, Status
from simlab.catalog.tables.doubtful import far_above, look
from simlab.catalog.tables.fiscal import FiscalPeriods
from simlab.catalog.tables.further import Further, read_further, refuse_two_stocks, wanted_columns
from simlab.catalog.tables.items import Items
from simlab.catalog.tables.returns import net_returns
from simlab.study import DemandSource, Study

_MOST_UNITS = 10**12
_BLOCK = 1 << 20  # rows that are reckoned with at a time
_NAMES_SHOWN = 5
_MANY = 20  # quantities below 0, from which they may be a rule
_MISSING_FIX = 'fill the cell, or say missing_quantity = "drop" under [data.demand]'


class Rows:
    """Rows of the table on their way to a `DemandTable`, each with the reason of its fate."""

    def __init__(self, table: TextTable, source: DemandSource, items: Items | None, study: Study) -> None:
        self.table, self.source = table, source
        columns = DEMAND | {name: DEMAND_FURTHER[name] for name in wanted_columns(study)}
        self.written = notation(table, source, columns)
        self.date, dated = days(table, "date", source)
        self.item = _matched(table, items)
        parts: IntArray = np.broadcast_to(np.int64(1), table.n_rows)
        if items is not None and (items.parts != 1).any():
            parts = np.append(items.parts, 1)[self.item]
        self.parts = parts
        self.quantity, counted = _quantities(table, source, self.written, parts)
        _refuse_turned(table)
        self.quantity = _in_units(table, source, items, self.item, self.quantity)
        self.units = self.quantity
        self.keep: BoolArray = np.ones(table.n_rows, dtype=np.bool_)
        self.fates: list[tuple[str, Status, BoolArray, str]] = []
        self.unnetted = 0
        self.further = Further()
        self.spans: Spans | None = None
        self.fiscal: FiscalPeriods | None = None
        self.dated, self.counted = dated, counted

    def drop(self, what: str, status: Status, rows: BoolArray, note: str = "") -> None:
        """Book rows that are still kept under a heading; repaired rows stay, dropped ones go."""
        rows = rows & self.keep
        if rows.any():
            self.fates.append((what, status, rows, note))
            self.keep = self.keep & ~rows

    def leave_apart(self, apart: Collection[tuple[str, str]]) -> None:
        """SKU-locations that `data.items.where` leaves out."""
        if not apart:
            return
        sku, place = self.table.columns["sku"], self.table.columns["location"]
        pairs = np.stack([sku.codes, place.codes])
        distinct, at = np.unique(pairs, axis=1, return_inverse=True)
        named = [
            a >= 0 and b >= 0 and (sku.values[a], place.values[b]) in apart for a, b in distinct.T.tolist()
        ]
        out = np.array(named, dtype=np.bool_)[at.reshape(-1)] & (self.item < 0)
        self.drop("SKU-location left out by data.items.where", "filtered", out)

    def drop_unknown(self, items: Items | None) -> None:
        """SKU-locations that the items table does not have."""
        unknown = self.keep & (self.item < 0) & ~self.table.columns["sku"].missing()
        unknown &= ~self.table.columns["location"].missing()
        if items is None or not unknown.any():
            return
        rows = np.flatnonzero(unknown)
        names = _examples(self.table, rows)
        if self.source.unknown_sku == "drop":
            self.drop("SKU-location not in items", "dropped", unknown, names)
            return
        sku, place = self.table.columns["sku"].cell(rows[0]), self.table.columns["location"].cell(rows[0])
        why = (
            f"at '{place}' is not in the items table"
            if sku in set(items.sku)
            else "is not in the items table"
        )
        fix = 'add it to items, or say unknown_sku = "drop" under [data.demand]'
        fix = f"all of them: {names}; {fix}" if "," in names else fix
        if twin := next((one for one in dict.fromkeys(items.sku) if one != sku and _alike(one, sku)), ""):
            fix = f"{sku!a} looks like {twin!a} of items: one and the same?; {fix}"
        column = self.table.label("sku")
        self.table.findings.add_rows(found.UNKNOWN_ITEM, f"'{sku}' {why}", rows, column=column, fix=fix)

    def drop_later(self, study: Study, today: dt.date) -> None:
        """Dates after the study's last one, or in the future."""
        if study.as_of is not None:
            later = self.dated & (self.date > np.datetime64(study.as_of, "D"))
            self.drop(f"later than as_of ({study.as_of})", "dropped", later)
            return
        refuse_future(self.table, "date", self.date, self.dated, today)

    def drop_without_quantity(self) -> None:
        """Rows whose quantity is not known."""
        column = self.table.columns["quantity"]
        nothing = np.array([says_nothing(cell) for cell in column.values] + [True], dtype=np.bool_)[
            column.codes
        ]
        if self.source.missing_quantity == "drop":
            self.drop("quantity missing", "dropped", nothing)
        else:
            refuse_missing(self.table, "quantity", fix=_MISSING_FIX)

    def drop_negative(self) -> None:
        """Returns, by the study's rule (refused ones are faults already)."""
        negative = self.keep & self.counted & (self.quantity < 0)
        if not negative.any() or self.source.returns == "refuse":
            return
        if self.source.returns == "drop":
            self.drop("negative quantity (return)", "dropped", negative)
            return
        usable = self.keep & self.counted & self.dated & (self.item >= 0)
        matched = net_returns(self.item, self.date, self.quantity, usable)
        returned = negative & usable
        gone = returned & (matched == 0)
        self.drop("return without an earlier sale", "dropped", gone)
        self.unnetted = int((-self.units - matched)[returned & ~gone].sum())
        self.units = np.where(returned & ~gone, -matched, self.units)
        note = f"{self.unnetted:,} units found no earlier sale and were dropped" if self.unnetted else ""
        self.fates.append(("return netted against earlier sales", "repaired", returned & ~gone, note))
        self.quantity = np.where(self.quantity > 0, self.quantity - matched, 0)

    def merge_doubles(self) -> None:
        """The same SKU, location and date more than once."""
        wanted = self.keep & self.dated & (self.item >= 0) & (self.units >= 0)
        if wanted.all() and self._in_order():
            return
        usable = np.flatnonzero(wanted)
        key = keys_of(self.item[usable], self.date[usable])
        ordered = np.sort(key)
        if (ordered[1:] != ordered[:-1]).all():  # as in most tables, and quicker to see than to place
            return
        del ordered
        order = np.argsort(key, kind="stable")
        again = usable[order[1:][key[order][1:] == key[order][:-1]]]
        if again.size == 0:
            return
        again = np.sort(again)
        if self.source.duplicates == "sum":
            double = np.zeros(self.keep.size, dtype=np.bool_)
            double[again] = True
            self.fates.append(("same SKU, location and date again", "repaired", double, "quantities summed"))
            return
        row = int(again[0])
        twin = usable[(self.item[usable] == self.item[row]) & (self.date[usable] == self.date[row])][:1]
        first = self.table.findings.place(int(twin[0]))
        sku, place = self.table.columns["sku"].cell(row), self.table.columns["location"].cell(row)
        message = f"'{sku}' at '{place}' on {self.date[row]} stands more than once (first in row {first})"
        fix = 'keep one of them, or say duplicates = "sum" under [data.demand]'
        fix += self.told_apart(int(twin[0]), row)
        self.table.findings.add_rows(found.DUPLICATE, message, again, column=self.table.label("sku"), fix=fix)

    def told_apart(self, first: int, second: int) -> str:
        """How to keep one of two rows by what else the table says of them; empty if it says nothing."""
        columns = {name: column for name, column in self.table.columns.items() if name not in DEMAND}
        for name, column in columns.items():
            one, other = column.cell(first), column.cell(second)
            if one != other:
                label = self.table.label(name)
                text = f"column '{label}' tells them apart ('{one}', '{other}')"
                return f'; {text}: to keep rows of one kind say where = {{ {label} = ["{one}"] }}'
        return ""

    def read_further(self, study: Study) -> None:
        """Columns that the study's options look at."""
        self.further = read_further(self.table, study, self.written, self.parts)
        if self.further.on_hand is None:
            return
        rows = np.flatnonzero(self.keep & self.dated & (self.item >= 0))
        refuse_two_stocks(self.table, self.further, rows, keys_of(self.item[rows], self.date[rows]))

    def result(self) -> DemandTable:
        """What is left, one row per SKU-location and date, sorted."""
        wanted = self.keep & (self.units >= 0)
        plain = all(one is None for one in vars(self.further).values())
        if plain and wanted.all() and self._in_order():
            return DemandTable(self.item, self.date, np.asarray(self.quantity))
        rows = np.flatnonzero(wanted)
        key = keys_of(self.item[rows], self.date[rows])
        if (key[1:] <= key[:-1]).any():
            order = np.argsort(key, kind="stable")
            rows, key = rows[order], key[order]
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))[: key.size]
        summed = np.add.reduceat(self.quantity[rows], starts) if rows.size else self.quantity[rows]
        more = self.further.merged(rows, starts, self.quantity[rows])
        rows = rows[starts]
        return DemandTable(
            self.item[rows], self.date[rows], np.asarray(summed, dtype=np.int64), *vars(more).values()
        )

    def _in_order(self) -> bool:
        """Whether rows ascend by SKU-location and date, each once: looked at without sorting them."""
        last = -(2**62)
        for begin in range(0, self.item.size, _BLOCK):
            some = slice(begin, begin + _BLOCK)
            key = keys_of(self.item[some], self.date[some])
            if int(key[0]) <= last or (key[1:] <= key[:-1]).any():
                return False
            last = int(key[-1])
        return True

    def standing_out(self, items: Items) -> Iterator[QualityRow]:
        """A remark on single rows far above all others of their SKU-location."""
        cost = np.append(items.numbers["unit_cost"], 0.0)
        kept = self.keep & (self.item >= 0) & (self.quantity > 0)
        whole = _total(lambda some: self._value(some, kept, cost), kept)

        def value(rows: IntArray) -> FloatArray:
            return np.asarray(self.units[rows] * cost[self.item[rows]])

        yield from far_above(self.table, self.item, self.quantity, value, whole, kept)

    def _value(self, some: slice, rows: BoolArray, cost: FloatArray) -> FloatArray:
        """Value at unit cost of those of some rows that are wanted."""
        mine = rows[some]
        return np.asarray(self.units[some][mine] * cost[self.item[some][mine]])

    def account(self, items: Items) -> Iterator[QualityRow]:
        """Every row under exactly one heading."""
        cost = np.append(items.numbers["unit_cost"], 0.0)
        left = np.ones(self.keep.size, dtype=np.bool_)
        dropped_first = sorted(self.fates, key=lambda fate: fate[1] != "dropped")
        for what, status, rows, note in dropped_first:
            rows = rows & left
            left &= ~rows
            yield self._entry(what, status, rows, cost, note)
        single = left & _only_row(self.item, left)
        if single.any():
            names = _examples(self.table, np.flatnonzero(single))
            note = f"one observation only, its law leans on others: {names}"
            yield self._entry("only row of its SKU-location", "used", single, cost, note)
        if self.written.proved:
            note, commas = "proved by the cells", left & ~single
            yield replace(self._entry("decimal commas read", "repaired", commas, cost, note), notice="quiet")
        else:
            yield self._entry("as given", "used", left & ~single, cost, "")
        if self.unnetted:
            row = QualityRow("demand", "units returned beyond sales", "dropped", 0, float(-self.unnetted))
            yield replace(row, notice="quiet")  # said with the returns that were netted

    def _entry(self, what: str, status: Status, rows: BoolArray, cost: FloatArray, note: str) -> QualityRow:
        """Rows under a heading, their units and value; `cost` (n + 1,) of the items, the last of none."""

        def units(some: slice) -> FloatArray:
            mine = rows[some]
            return np.asarray(self.units[some][mine] / self.parts[some][mine])

        def value(some: slice) -> FloatArray:
            return self._value(some, rows, cost)

        n = int(rows.sum())
        return QualityRow("demand", what, status, n, _total(units, rows), _total(value, rows), note)


def _total(amounts: Callable[[slice], FloatArray], rows: BoolArray) -> float:
    """The sum of some rows' amounts, found part by part and added as one column."""
    column, at = mapped.room(int(rows.sum()), np.float64), 0
    for begin in range(0, rows.size, _BLOCK):
        part = amounts(slice(begin, begin + _BLOCK))
        column[at : at + part.size] = part
        at += part.size
    return float(column.sum())


def _quantities(
    table: TextTable, source: DemandSource, written: Notation, parts: IntArray
) -> tuple[IntArray, BoolArray]:
    """(m,) units, or the parts they are counted in; 0 where empty or refused; and which rows have some."""
    column = table.columns["quantity"]
    use = PLAIN if column.typed else written
    grammar = pattern(use)

    def judge(cell: str, size: int) -> int | Fault:
        value = number_of(cell, use, grammar)
        if value is None and says_nothing(cell):
            return Fault(found.MISSING_CELL, f"{cell!r} is no quantity", _MISSING_FIX)
        if value is None:
            return not_a_number(cell, table.name, use)
        return _whole_units(value, cell, source, size)

    skip = np.zeros(table.n_rows, dtype=np.bool_)
    if source.missing_quantity == "drop":
        skip = np.array([says_nothing(cell) for cell in column.values] + [True], dtype=np.bool_)[column.codes]
    quantity = np.zeros(table.n_rows, dtype=np.int64)
    good: BoolArray = np.zeros(table.n_rows, dtype=np.bool_)
    if source.unit == "pack":
        parts = np.ones_like(parts)  # packs are whole, their sizes are in parts
    sizes = np.unique(parts[:1] if parts.strides == (0,) else parts).tolist()  # one for all: not unfolded
    for size in sizes:
        here = parts == size
        values, some = judged(table, "quantity", partial(judge, size=size), skip=skip | ~here)
        own = spread(column, values, 0, np.int64)
        quantity = own if len(sizes) == 1 else np.where(here, own, quantity)
        good |= here & some
    return np.asarray(quantity), good


def _refuse_turned(table: TextTable) -> None:
    """A table most of whose quantities are below 0 is one of issues with a minus, not of returns."""
    column = table.columns["quantity"]
    minus = np.array([cell.startswith("-") and cell[1:2].isdigit() for cell in column.values] + [False])
    n = int(minus[column.codes].sum())
    if n >= _MANY and 2 * n > table.n_rows:
        message = f"{n:,} of {table.n_rows:,} quantities are below 0: goods issued, booked with a minus?"
        fix = "turn the sign of the table: demand is above 0, returns are below"
        table.findings.add(found.NEGATIVE, message, column=table.label("quantity"), fix=fix)


def _whole_units(value: Decimal, cell: str, source: DemandSource, parts: int) -> int | Fault:
    times = 1 if isinstance(source.unit, str) else Decimal(repr(source.unit))
    value = value * times * parts
    if value != value.to_integral_value():
        fix = "say in items what the SKU is counted in: column unit_resolution, such as 0.01"
        fix += "; or say under [data.demand] how many units one of these is: unit = 1000"
        if grouped(cell):
            fix = f"groups of thousands? Then {declare(GROUPS, 'demand')}; else {fix}"
        what = "units" if times == 1 else f"units at {source.unit:g} each"
        what = what if parts == 1 else f"{1 / parts:g} units"
        return Fault(found.NOT_WHOLE, f"{cell!r} is not a whole number of {what}", fix)
    if value < 0 and source.returns == "refuse":
        fix = 'say returns = "net" or "drop" under [data.demand], or fix the cell'
        return Fault(found.NEGATIVE, f"{cell!r} is negative (a return?)", fix)
    if abs(value) > _MOST_UNITS:
        return Fault(
            found.OUT_OF_RANGE, f"{cell!r} is too large", f"at most {_MOST_UNITS:,} units are allowed"
        )
    return int(value)


def _in_units(
    table: TextTable, source: DemandSource, items: Items | None, item: IntArray, quantity: IntArray
) -> IntArray:
    """(m,) units, where the table counts packs or another unit; told in a remark."""
    if source.unit == "unit" or items is None:
        return quantity
    if source.unit != "pack":
        table.notes.append(("quantities in another unit", f"one of them is {source.unit:g} units"))
        return quantity
    size = np.append(items.numbers.get("pack_size", np.full(items.n_items, np.nan)), 1.0)[item]
    bad = np.flatnonzero(np.isnan(size))
    if bad.size:
        sku = table.columns["sku"].cell(bad[0])
        fix = 'fill pack_size in items, or leave out unit = "pack" under [data.demand]'
        message = f"demand is in packs, and '{sku}' has no pack_size"
        table.findings.add_rows(found.MISSING_CELL, message, bad, column=table.label("quantity"), fix=fix)
    units: IntArray = quantity * np.nan_to_num(size, nan=1.0).astype(np.int64)
    note = f"{np.abs(quantity).sum():,} packs are {np.abs(units).sum():,} units by pack_size of items"
    table.notes.append(("quantities in packs", note))
    return units


def _matched(table: TextTable, items: Items | None) -> AnyArray:
    """(m,) row of each demand row's SKU-location in the items table; −1 where it has none."""
    if items is None:
        return np.full(table.n_rows, -1, dtype=np.int32)
    skus = {sku: k for k, sku in enumerate(dict.fromkeys(items.sku))}
    places = {place: k for k, place in enumerate(dict.fromkeys(items.location))}
    n_places = len(places)
    known = np.array([skus[s] * n_places + places[p] for s, p in zip(items.sku, items.location, strict=True)])
    order = np.argsort(known, kind="stable")
    known = known[order]
    sku_codes, skus_of = _translated(table, "sku", skus)
    place_codes, places_of = _translated(table, "location", places)
    found = mapped.room(table.n_rows, np.int32)
    for begin in range(0, table.n_rows, _BLOCK):
        some = slice(begin, begin + _BLOCK)
        sku, place = skus_of[sku_codes[some]], places_of[place_codes[some]]
        key = np.where((sku < 0) | (place < 0), -1, sku * n_places + place)
        at = np.minimum(np.searchsorted(known, key), known.size - 1)
        found[some] = np.where(known[at] == key, order[at], -1)
    return found


def _translated(table: TextTable, name: str, numbers: dict[str, int]) -> tuple[CodeArray, IntArray]:
    """Codes of a column, and the number of each of its values; the last for empty cells."""
    column = table.columns[name]
    return column.codes, np.array([*(numbers.get(cell, -1) for cell in column.values), -1], np.int64)


def refuse_future(table: TextTable, name: str, date: DateArray, dated: BoolArray, today: dt.date) -> None:
    """Report dates after today."""
    rows = np.flatnonzero(dated & (date > np.datetime64(today, "D")))
    if rows.size:
        cell = table.columns[name].cell(rows[0])
        fix = "fix the date, or say study.as_of: later rows are then left out and counted"
        message = f"{cell!r} lies in the future"
        table.findings.add_rows(found.FUTURE, message, rows, column=table.label(name), fix=fix)


def keys_of(item: AnyArray, date: DateArray) -> IntArray:
    """(m,) numbers that sort by item, then date."""
    return np.asarray(item.astype(np.int64) * 2**20 + (date.astype(np.int64) + 2**19))


def _only_row(item: AnyArray, rows: BoolArray) -> BoolArray:
    """Which rows are the only one of their item."""
    counts = np.zeros(int(item.max(initial=0)) + 1, np.int64)
    single = np.zeros(item.size, np.bool_)
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, item.size, _BLOCK)]
    for some in blocks:
        counts += np.bincount(item[some][rows[some] & (item[some] >= 0)], minlength=counts.size)
    once = np.append(counts == 1, False)
    for some in blocks:
        single[some] = once[item[some]]
    return single


def _alike(one: str | None, other: str | None) -> bool:
    """Whether two names look alike, or are one number with and without zeros before it."""
    if not one or not other:
        return False
    return look(one) == look(other) or (one.isdigit() and one.lstrip("0") == other.lstrip("0"))


def _examples(table: TextTable, rows: IntArray) -> str:
    """Names of the first few SKU-locations of some rows."""
    names: dict[str, None] = {}
    pairs = np.stack([table.columns["sku"].codes[rows], table.columns["location"].codes[rows]])
    _, firsts = np.unique(pairs, axis=1, return_index=True)
    for row in rows[np.sort(firsts)][: _NAMES_SHOWN + 1]:
        names[f"{table.columns['sku'].cell(row)}@{table.columns['location'].cell(row)}"] = None
    shown = list(names)[:_NAMES_SHOWN]
    more = firsts.size - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
