"""The dates of a demand table against the calendar of its study: what is asked, moved, spread or left out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab import mapped
from simlab.arrays import DateArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.calendar.closed_sales import in_closed_period, last_day_of, moved_to_open
from simlab.catalog.calendar.grain import (
    DAY,
    FOUR_FOUR_FIVE,
    MONTH,
    OTHER,
    WEEK,
    fiscal_items,
    grain_of,
    mixed_grain,
    refuse_mixed,
    refuse_other_grain,
)
from simlab.catalog.calendar.periods import one_date_a_period
from simlab.catalog.calendar.spreading import Spans, pieces_of, spans_of
from simlab.catalog.calendar.window import isolated_rows, named_silences, refuse_stale, silences
from simlab.catalog.catalog import DemandTable
from simlab.catalog.quality import QualityRow
from simlab.catalog.tables.fiscal import refuse_outside
from simlab.catalog.tables.rows import keys_of
from simlab.errors import listed
from simlab.study import Study

if TYPE_CHECKING:
    from simlab.catalog.tables.items import Items
    from simlab.catalog.tables.rows import Rows


_SHOWN = 3
_BLOCK = 1 << 20  # rows that are looked at together


def check_calendar(rows: Rows, items: Items, study: Study, today: dt.date) -> None:
    """Rows far from all others, on closed days, of another grain, and a last date that none reaches.

    Parameters
    ----------
    rows : Rows
        Of the demand table, doubles judged; what is wrong goes to the table's findings.
    items : Items
        For names.
    study : Study
    today : date
    """
    usable = np.flatnonzero(rows.keep & rows.dated & (rows.item >= 0))
    if rows.fiscal is not None:
        refuse_outside(rows.table, rows.fiscal, rows.date, rows.keep & rows.dated)
        if rows.table.findings:
            return
    if (
        usable.size == 0
        or not rows.dated.all()
        or mapped.taken(rows.date, usable).max() > np.datetime64(today, "D")
    ):
        return
    if not _ascend(rows, usable):
        key = keys_of(rows.item[usable], rows.date[usable])
        usable = usable[np.argsort(key, kind="stable")]
        del key
    usable = mapped.away(usable)
    usable = _isolated(rows, items, usable)
    _closed(rows, study, mapped.chosen(usable, mapped.taken(rows.units, usable) > 0))
    usable = mapped.chosen(usable, rows.keep[usable])
    if usable.size:
        _silences(rows, items, usable)
        _grain(rows, items, study, usable, today)


def _ascend(rows: Rows, usable: IntArray) -> bool:
    """Whether rows ascend by SKU-location, then date: looked at some at a time."""
    for begin in range(0, usable.size, _BLOCK):
        some = usable[begin : begin + _BLOCK + 1]
        key = keys_of(rows.item[some], rows.date[some])
        if (key[1:] < key[:-1]).any():
            return False
    return True


def _isolated(rows: Rows, items: Items, usable: IntArray) -> IntArray:
    """The rows left after those far from all others are refused or dropped."""
    distinct = _distinct(rows, usable)
    far = isolated_rows(mapped.taken(rows.item, distinct), mapped.taken(rows.date, distinct))
    if far.rows.size == 0 or rows.source.isolated == "keep":
        return usable
    where = distinct[far.rows]
    if rows.source.isolated == "drop":
        chosen = np.zeros(rows.keep.size, dtype=np.bool_)
        for at in where.tolist():
            chosen[usable[(rows.item[usable] == rows.item[at]) & (rows.date[usable] == rows.date[at])]] = True
        rows.drop("far from all other rows", "dropped", chosen, _far_words(rows, items, where))
        return usable[rows.keep[usable]]
    order = np.argsort(where, kind="stable")
    first, gap, own = int(where[order[0]]), int(far.gap[order[0]]), bool(far.own[order[0]])
    name = f"'{items.sku[rows.item[first]]}' at '{items.location[rows.item[first]]}'"
    of = "of this SKU-location" if own else "of the table"
    message = (
        f"{rows.date[first]}, a row of {name}, lies {gap:,} days from the other rows {of} (a wrong year?)"
    )
    fix = 'fix the date; or say isolated = "keep" (it is right) or "drop" under [data.demand]'
    column = rows.table.label("date")
    rows.table.findings.add_rows(found.ISOLATED, message, where[order], column=column, fix=fix)
    return usable


def _distinct(rows: Rows, usable: IntArray) -> IntArray:
    """The first row of every SKU-location and date, of rows in that order."""
    first = np.ones(usable.size, np.bool_)
    for begin in range(0, usable.size, _BLOCK):
        some = usable[begin : begin + _BLOCK + 1]
        first[begin + 1 : begin + some.size] = (np.diff(rows.item[some]) != 0) | (
            np.diff(rows.date[some]).astype(np.int64) != 0
        )
    return mapped.chosen(usable, first)


def _far_words(rows: Rows, items: Items, where: IntArray) -> str:
    lines = rows.table.findings.lines(where)
    shown = [
        f"{items.sku[rows.item[at]]}@{items.location[rows.item[at]]} on {rows.date[at]} (row {line})"
        for at, line in list(zip(where, lines, strict=True))[:_SHOWN]
    ]
    more = where.size - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _silences(rows: Rows, items: Items, usable: IntArray) -> None:
    """A remark on long silences of single SKU-locations."""
    sold = _distinct(rows, mapped.chosen(usable, mapped.taken(rows.units, usable) > 0))
    gaps = silences(mapped.taken(rows.item, sold), mapped.taken(rows.date, sold))
    if gaps.before.size == 0:
        return
    names = [
        f"{items.sku[k]}@{items.location[k]}" for k in rows.item[sold[gaps.before[: _SHOWN + 2]]].tolist()
    ]
    lines = rows.table.findings.lines(sold)
    note = named_silences(gaps, lines, rows.date[sold], names)
    note = f"{note}; these days count as zero demand: stocked out, taken out of the range, or a wrong date?"
    rows.table.questions.append(("long silences", note))


def _closed(rows: Rows, study: Study, usable: IntArray) -> None:
    """Demand in closed periods: refused, moved to an open day, or dropped."""
    shut = usable[in_closed_period(study, mapped.taken(rows.date, usable))]
    if shut.size == 0:
        return
    what = f"demand in a closed {study.period}"
    chosen = np.zeros(rows.keep.size, dtype=np.bool_)
    chosen[shut] = True
    units, total = int(rows.units[shut].sum()), int(rows.units[usable].sum())
    if study.demand.on_closed == "drop":
        rows.drop(what, "dropped", chosen, "on_closed: left out of the demand laws")
        return
    if study.demand.on_closed == "next_open":
        kept = rows.date[rows.keep & rows.dated]
        last = kept.max() if study.as_of is None else np.datetime64(study.as_of, "D")
        moved = moved_to_open(study, rows.date[shut], kept.min(), last)
        if not np.isnat(moved).any():
            after = int((moved < rows.date[shut]).sum())
            note = "counted on the next open day"
            note += f"; {after:,} rows at the end on the one before" if after else ""
            rows.date[shut] = moved
            rows.fates.append((what, "repaired", chosen, note))
            return
    shut = np.sort(shut)
    message = f"{rows.date[shut[0]]} lies in a {study.period} that the study closes, and "
    message += f"{int(rows.units[shut[0]]):,} units were asked for; {units:,} of {total:,} units are so"
    fix = (
        'say [demand] on_closed = "next_open" (they are served on the next open day) or "drop", or take the '
    )
    fix += "days out of weekdays and closed"
    column = rows.table.label("date")
    rows.table.findings.add_rows(found.ON_CLOSED, message, shut, column=column, fix=fix)


def _grain(rows: Rows, items: Items, study: Study, usable: IntArray, today: dt.date) -> None:
    """What one row stands for, and from which day on nothing is known."""
    every, usable = usable, _distinct(rows, usable)
    item, date = mapped.taken(rows.item, usable), mapped.taken(rows.date, usable)
    findings = rows.table.findings
    seen = grain_of(date)
    own = seen.name == OTHER or (seen.name == FOUR_FOUR_FIVE and seen.step > 0 and study.period != MONTH)
    if own and study.demand.grain == "auto" and np.unique(item).size == 1:
        note = f"{seen.words}, of one SKU-location alone: taken as what single {study.period}s asked for; "
        note += "if each row is the sum of the time between, give a table by month or finer"
        rows.table.notes.append(("rows far apart", note))
    else:
        refuse_other_grain(findings, study, seen)
    mixed = mixed_grain(item, date) if seen.name == DAY and study.demand.grain == "auto" else None
    if mixed is not None and study.demand.open_weekdays > 1:
        names = [f"{items.sku[k]}@{items.location[k]}" for k in mixed.items.tolist()]
        if study.period in (mixed.grain, MONTH):
            note = f"{len(names):,} SKU-locations have rows by the {mixed.grain}, others by the day: "
            note += ", ".join(names[:_SHOWN])
            rows.table.notes.append((f"rows by the day and by the {mixed.grain}", note))
        else:
            refuse_mixed(findings, study, mixed, usable, date, names)
    if seen.name == DAY and study.demand.grain == "auto" and study.period == MONTH:
        _fiscal_items(rows, items, item, date)
    end = date.max()
    spans = rows.spans = (
        _spans(study, seen.name, mapped.taken(rows.date, every), mapped.taken(rows.units, every))
        if rows.fiscal is None
        else rows.fiscal.spans(date)
    )
    if spans is not None:
        unknown = np.zeros(rows.keep.size, dtype=np.bool_)
        unknown[every[spans.unknown(rows.date[every])]] = True
        rows.drop(
            "row of unknown length",
            "dropped",
            unknown,
            "an end of the table; how many days it stands for is not told",
        )
        end = end if np.isnat(spans.last[-1]) else spans.last[-1]
    elif spans is None and study.period != DAY and _by_period(study, date):
        end = max(end, last_day_of(study, end))
    refuse_stale(findings, study, date, end, today)


def _fiscal_items(rows: Rows, items: Items, item: IntArray, date: DateArray) -> None:
    """A question on SKU-locations with periods of 4 and 5 weeks among others with months or days."""
    found = fiscal_items(item, date)
    if found.size:
        names = listed([f"{items.sku[k]}@{items.location[k]}" for k in found.tolist()], _SHOWN)
        note = f"rows of {names} come every 28 or 35 days (4-4-5), others do not: a calendar month holds one "
        note += (
            "such row, none or two by turns, so that demand looks erratic; give all by the day or month, or "
        )
        note += "these in a study of their own"
        rows.table.questions.append(("rows of 4 and 5 weeks among others", note))


def _by_period(study: Study, date: object) -> bool:
    said = study.demand.grain
    dates = np.asarray(date, dtype="datetime64[D]")
    return (
        said == study.period if said != "auto" else one_date_a_period(dates, study.period, study.week_starts)
    )


def _spans(study: Study, seen: str, date: object, units: IntArray) -> Spans | None:
    """The days that rows stand for where they are to be spread over months; else None."""
    grain = seen if study.demand.grain == "auto" else study.demand.grain
    dates = np.asarray(date, dtype="datetime64[D]")
    if study.period != MONTH or grain not in (WEEK, FOUR_FOUR_FIVE) or np.unique(dates).size < 3:
        return None
    return spans_of(grain, dates, units, study.week_starts)


def spread_table(
    table: DemandTable, items: Items, study: Study, spans: Spans | None
) -> tuple[DemandTable, tuple[QualityRow, ...]]:
    """The table by month where its rows stand for weeks or for 28 and 35 days; else as it is.

    Parameters
    ----------
    table : DemandTable
        Cleaned.
    items : Items
    study : Study
    spans : Spans or None
        The days that rows stand for.

    Returns
    -------
    DemandTable, quality entries
        A remark on what was done.
    """
    if spans is None or table.n_rows == 0:
        return table, ()
    names = [f"{sku}\0{place}" for sku, place in zip(items.sku, items.location, strict=True)]
    until = None if study.as_of is None else np.datetime64(study.as_of, "D")
    pieces = pieces_of(spans, table.item, table.date, table.quantity.astype(np.int64), names, until)
    whole = table.take(pieces.row)
    stock = whole.on_hand
    spread = replace(
        whole,
        day=pieces.date,
        quantity=pieces.quantity,
        on_hand=None if stock is None else np.where(pieces.last, stock, np.nan),
    )
    note = f"{spans.words}: each unit falls on one of these days at random, and so into its calendar month"
    return _merged(spread), (QualityRow("demand", spans.called, "used", 0, note=note),)


def _merged(table: DemandTable) -> DemandTable:
    """One row per item and date, sorted; pieces of two rows never share a date but by chance."""
    order = np.lexsort((table.day, table.item))
    table = table.take(order)
    same = np.append(False, (np.diff(table.item) == 0) & (np.diff(table.day) == 0))
    if not same.any():
        return table
    starts = np.flatnonzero(~same)
    quantity = np.add.reduceat(table.quantity, starts, dtype=np.int64)
    return replace(table.take(starts), quantity=quantity)
