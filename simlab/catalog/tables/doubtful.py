"""Rows to ask about: those that stand twice (pasted again?), and one far above all others of its item."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np

from simlab.arrays import AnyArray, BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog.cells.text import TextTable
from simlab.catalog.quality import Notice, QualityRow

_RUN = 8  # rows in a row that repeat earlier ones at one distance
_DISTINCT = 4  # of them
_BLOCK, _DATES = 20, 4
"""Rows in a row, and dates among them, that no two lines of an order make by chance."""
_FAR, _SHARE = 20, 0.02
"""A row this many times the next largest of its item is asked about, if it is this share of all value."""
_NAMED = 3
_BLANKS = re.compile("  +")
_ROWS = 1 << 20  # that are sorted at a time
_GAP, _FEW = 365, 2
"""Days without any row that set at most so many rows apart."""


def repeated_rows(table: TextTable) -> BoolArray:
    """(m,) rows of receipts that repeat an earlier one in all columns.

    Parameters
    ----------
    table : TextTable
        Receipts as read.

    Notes
    -----
    A row that names its SKU stands once. Where it is not told, lines may be alike by chance: only blocks
    count, 8 rows or more that repeat earlier ones in the same sequence (4 of them distinct), or a table of 8
    distinct rows or more in which each stands an even number of times.
    """
    code = _codes(table)
    _, first, inverse, counts = np.unique(code, return_index=True, return_inverse=True, return_counts=True)
    again = np.asarray(first[inverse] != np.arange(code.size), dtype=np.bool_)
    if not again.any():
        return again
    named = ~_empty(table, "sku")
    if not named.all():
        whole = counts.size >= _RUN and bool((counts % 2 == 0).all())
        again &= named | whole | _in_blocks(inverse)
    return again


def names_alike(sku: Iterable[str], location: Iterable[str]) -> Iterator[QualityRow]:
    """A remark on SKU-locations whose names differ by blanks, capitals or the coding of a letter alone."""
    names = list(zip(sku, location, strict=True))
    by_look: dict[str, list[tuple[str, str]]] = {}
    for pair in names:
        alike = "\0".join(map(look, pair))
        by_look.setdefault(alike, []).append(pair)
    doubles = [pairs for pairs in by_look.values() if len(pairs) > 1]
    if doubles:
        first = " and ".join(f"{f'{one}@{place}'!a}" for one, place in doubles[0][:2])
        note = f"such as {first}: one and the same, written in two ways? Each counts as one of its own"
        what = f"{len(doubles):,} SKU-locations stand more than once under names that look alike"
        yield QualityRow("items", what, "used", 0, note=note, notice="look")


def values_alike(
    table: TextTable, columns: Iterable[str], groups_by: Collection[str]
) -> Iterator[QualityRow]:
    """A remark on each column of items in which two values look alike: a place, supplier or segment.

    Descriptions, of which nearly every row has its own, are not looked at. A question only of columns in
    `groups_by`: what nothing is grouped by changes no result.
    """
    groups = [name for name in columns if name in table.columns]
    for name in groups:
        if name not in ("location", "supplier") and 2 * len(table.columns[name].values) > table.n_rows:
            continue
        by_look: dict[str, list[str]] = {}
        for value in table.columns[name].values:
            by_look.setdefault(look(value), []).append(value)
        doubles = [values for values in by_look.values() if len(values) > 1]
        if doubles:
            first = " and ".join(_BLANKS.sub(_dots, f"{value!a}") for value in doubles[0][:2])
            note = f"such as {first}: one and the same, written in two ways? Each counts as one of its own"
            what = f"column '{table.label(name)}' has values that look alike"
            notice: Notice = "look" if name in groups_by else ""
            yield QualityRow("items", what, "used", 0, note=note, notice=notice)


def _dots(blanks: re.Match[str]) -> str:
    """Several blanks in a row as dots: a page shows them as one."""
    return "·" * len(blanks.group())


def suppliers_of_nobody(
    table: TextTable, suppliers: Iterable[str | None], kept: BoolArray
) -> Iterator[QualityRow]:
    """A remark on receipts of suppliers that no item has: they tell of nobody's lead time.

    Parameters
    ----------
    table : TextTable
        Receipts as read.
    suppliers : iterable of str
        Those of the items.
    kept : (m,) bool
        Rows that are used.
    """
    known = {one for one in suppliers if one}
    column = table.columns["supplier"]
    n = np.bincount(column.codes[kept & (column.codes >= 0)], minlength=len(column.values))
    strange = [k for k, name in enumerate(column.values) if n[k] and name.strip() not in known]
    if not known or not strange:
        return
    alike = {look(one): one for one in known}
    names = [column.values[k] for k in strange]
    near = [(name, alike[look(name)]) for name in names if look(name) in alike]
    named = ", ".join(f"{name!a}" for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    note = f"{named}: no SKU-location learns its own lead time from them"
    if near:
        note = f"{near[0][0]!a} looks like {near[0][1]!a} of items: one and the same? {note}"
    rows = int(n[strange].sum())
    what = f"{rows:,} row{'s' if rows != 1 else ''} of suppliers that no item has"
    yield QualityRow("receipts", what, "used", 0, note=note, notice="look" if near else "")


def look(name: str | None) -> str:
    """A name without what the eye hardly sees: capitals, blanks, codings of a letter, unseen signs."""
    plain = (name or "").casefold()
    if not plain.isascii():
        seen = (sign for sign in unicodedata.normalize("NFKC", plain) if not _unseen(sign))
        plain = "".join(seen)
    return " ".join(plain.split())


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) == "Cf" or "\ufe00" <= sign <= "\ufe0f" or sign in "\u115f\u1160\u3164"


def pasted(table: TextTable, names: Collection[str], date: str, result: str) -> Iterator[QualityRow]:
    """A remark on blocks of rows that repeat earlier ones in what is read of them, though not in all columns.

    Parameters
    ----------
    table : TextTable
        As read.
    names : collection of str
        Columns that are read; an own number of each line is none of them.
    date : str
        Of one line and the next: blocks of 20 rows and 4 dates or more count.
    result : str
        What becomes of such rows.
    """
    code = _codes(table, names)
    dates = table.columns[date].codes
    columns = ", ".join(table.label(name) for name in table.columns if name in names)
    counts = np.bincount(code)
    if counts.size >= _BLOCK and not (counts % 2).any() and np.unique(dates).size >= _DATES:
        note = f"each with all of {columns} alike: pasted twice? {result}"
        yield QualityRow(
            table.name, "every row stands an even number of times", "used", 0, 0, 0, note, "look"
        )
        return
    blocks = [
        (start, stop, distance)
        for start, stop, distance in _runs(code)
        if stop - start >= _BLOCK and np.unique(dates[start:stop]).size >= _DATES
    ]
    if not blocks:
        return
    start, stop, distance = max(blocks, key=lambda block: block[1] - block[0])
    place = table.findings.place
    n = sum(stop - start for start, stop, _ in blocks)
    what = f"{n:,} rows are earlier ones over again, in the same sequence"
    note = f"rows {place(start)} to {place(stop - 1)} say what rows {place(start - distance)} to "
    note += f"{place(stop - 1 - distance)} say ({columns}): pasted twice? {result}"
    yield QualityRow(table.name, what, "used", 0, 0, 0, note, "look")


def far_above(
    table: TextTable,
    item: AnyArray,
    units: IntArray,
    value: Callable[[IntArray], FloatArray],
    whole: float,
    kept: BoolArray,
) -> Iterator[QualityRow]:
    """A remark on single rows far above all others of their SKU-location: a slip, or cancelled since?

    Parameters
    ----------
    table : TextTable
        Demand as read.
    item : (m,) int
        SKU-location of each row.
    units : (m,) int
        What each row says.
    value : callable
        The same of some rows, at unit cost.
    whole : float
        That of all rows that count.
    kept : (m,) bool
        Rows that count, of more than 0 units.
    """
    found = [_largest(item, units, kept, rows) for rows in _blocks_of(item)]
    top, second, alone = (np.concatenate(parts) for parts in zip(*found, strict=True))
    least = _FAR * np.where(alone, 1, units[second])
    far = np.flatnonzero((units[top] >= least) & (value(top) > _SHARE * whole))
    if not far.size:
        return
    cells = {name: table.columns[name].cell for name in ("sku", "date", "quantity")}
    worth = value(top)
    named = [
        f"row {table.findings.place(int(top[at]))} ({cells['sku'](top[at])}, {cells['date'](top[at])}) says "
        f"{cells['quantity'](top[at])}, {worth[at] / whole:.0%} of all value; "
        f"{'the only row' if alone[at] else 'next largest ' + cells['quantity'](second[at])}"
        for at in far[np.argsort(-worth[far], kind="stable")][:_NAMED]
    ]
    more = f" and {far.size - _NAMED:,} more" if far.size > _NAMED else ""
    what = f"rows {_FAR} times all others of their SKU-location"
    note = f"{'; '.join(named)}{more}. Levels rest on it: a slip, or taken back since? Then correct the table"
    yield QualityRow(table.name, what, "used", 0, 0, 0, note, "look")


def _blocks_of(item: AnyArray) -> Iterator[slice]:
    """Neighbouring rows, an item's never apart where the table goes item by item; else all rows."""
    if item.size == 0 or (item[1:] < item[:-1]).any():
        yield slice(0, item.size)
        return
    begin = 0
    while begin < item.size:
        end = min(begin + _ROWS, item.size)
        end += int(np.searchsorted(item[end:], item[end - 1], side="right"))
        yield slice(begin, end)
        begin = end


def _largest(
    item: AnyArray, units: IntArray, kept: BoolArray, some: slice
) -> tuple[IntArray, IntArray, BoolArray]:
    """Row of the largest of each SKU-location, of the next largest, and whether there is none."""
    rows = np.flatnonzero(kept[some]) + some.start
    order = rows[np.lexsort((units[rows], item[rows]))]
    last = np.flatnonzero(np.diff(item[order], append=-1))
    return order[last], order[last - 1], np.diff(last, prepend=-1) == 1


def apart(table: TextTable, name: str, dates: DateArray, kept: BoolArray) -> Iterator[QualityRow]:
    """A remark on one or two rows that lie a year or more from all others.

    Parameters
    ----------
    table : TextTable
        As read.
    name : str
        Column of the dates.
    dates : (m,) datetime64[D]
    kept : (m,) bool
        Rows that count.
    """
    rows = np.flatnonzero(kept)
    if rows.size < _BLOCK:
        return
    rows = rows[np.argsort(dates[rows], kind="stable")]
    gaps = np.diff(dates[rows]).astype(np.int64)
    for count in range(_FEW, 0, -1):
        for few, gap in ((rows[:count], gaps[count - 1]), (rows[-count:], gaps[-count])):
            if gap > _GAP:
                place, cell = table.findings.place, table.columns[name].cell
                named = ", ".join(f"row {place(int(row))} ({cell(row)})" for row in few)
                note = f"{named}, {gap:,} days from all other rows: a wrong year?"
                what = f"{table.label(name)} far from all others"
                yield QualityRow(table.name, what, "used", 0, 0, 0, note, "look")
                return


def _codes(table: TextTable, names: Collection[str] | None = None) -> IntArray:
    """(m,) one number per distinct row, of all columns or of some."""
    code, bound = np.zeros(table.n_rows, dtype=np.int64), 1
    for name, column in table.columns.items():
        if names is not None and name not in names:
            continue
        size = len(column.values) + 1
        if bound * size > 2**62:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            bound = table.n_rows
        code, bound = code * size + column.codes + 1, bound * size
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def _empty(table: TextTable, name: str) -> BoolArray:
    """(m,) rows whose cell is empty, all without the column."""
    if name not in table.columns:
        return np.ones(table.n_rows, dtype=np.bool_)
    return table.columns[name].missing()


def _in_blocks(code: IntArray) -> BoolArray:
    """(m,) rows within a run of rows that each repeat the row a constant distance before."""
    out = np.zeros(code.size, dtype=np.bool_)
    for start, stop, _ in _runs(code):
        if np.unique(code[start:stop]).size >= _DISTINCT:
            out[start:stop] = True
    return out


def _runs(code: IntArray) -> Iterator[tuple[int, int, int]]:
    """Start, stop and distance of runs of 8 rows or more that repeat the rows a constant distance before."""
    order = np.argsort(code, kind="stable")
    before = np.full(code.size, -1)
    same = np.flatnonzero(np.diff(code[order]) == 0)
    before[order[same + 1]] = order[same]
    distance = np.where(before >= 0, np.arange(code.size) - before, 0)
    starts = np.flatnonzero(np.diff(distance, prepend=-1))
    stops = np.append(starts[1:], code.size)
    long = (distance[starts] > 0) & (stops - starts >= _RUN) if code.size else starts > 0
    yield from zip(starts[long].tolist(), stops[long].tolist(), distance[starts[long]].tolist(), strict=True)
