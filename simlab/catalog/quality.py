"""The quality account: every row read is used, repaired, refused, dropped or filtered, exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from simlab.measures.shown import Public

if TYPE_CHECKING:
    import pandas as pd


_LINES = 20
Status = Literal["used", "repaired", "refused", "dropped", "filtered"]
Notice = Literal["", "look", "as asked", "quiet"]


@dataclass(frozen=True)
class QualityRow:
    """What became of some rows of a table.

    Attributes
    ----------
    table : str
        items, demand, receipts or open_orders.
    what : str
        What these rows have in common.
    status : str
        used, repaired, refused, dropped (by a rule for doubtful rows) or filtered (left out by
        `data.<table>.where`). Entries with 0 rows are remarks on the file as a whole.
    rows : int
        Rows of the table.
    units : float
        Sum of their quantities as read (items: stock on hand where given).
    value : float
        The same at unit cost, in the study's currency; rows of unknown cost count 0.
    note : str
        Examples and remedies.
    notice : {"", "look", "as asked", "quiet"}
        What `check` makes of it: a question to look at; what the study itself asks for; nothing; else by its
        size.
    """

    table: str
    what: str
    status: Status
    rows: int
    units: float = 0.0
    value: float = 0.0
    note: str = ""
    notice: Notice = ""


@dataclass(frozen=True, repr=False)
class Quality(Public):
    """The account of all tables.

    Attributes
    ----------
    entries : tuple of QualityRow
    read : dict of str to int
        Rows read per table; equal to the sum of the rows of its entries.
    """

    entries: tuple[QualityRow, ...]
    read: dict[str, int]

    def rows(self, table: str, status: Status | None = None) -> int:
        """Rows of a table, of one status or in total."""
        return sum(e.rows for e in self.entries if e.table == table and status in (None, e.status))

    def units(self, table: str, status: Status) -> float:
        """Units of a table's rows of one status."""
        return sum(e.units for e in self.entries if e.table == table and e.status == status)

    def to_frame(self) -> pd.DataFrame:
        """One row per entry: table, what, status, rows, units, value, note."""
        import pandas as pd

        columns = ["table", "what", "status", "rows", "units", "value", "note"]
        records = [[getattr(entry, name) for name in columns] for entry in self.entries]
        frame = pd.DataFrame(records, columns=columns)
        return frame.astype({"rows": "int64", "units": "float64", "value": "float64"})

    def _repr_html_(self) -> str:
        frame = self.to_frame().rename(columns={"value": "value at unit cost"})
        return str(
            frame.to_html(index=False, border=0, na_rep="–", float_format="{:,.0f}".format, escape=True)
        )

    def text(self) -> str:
        """A line per table and one per thing worth knowing."""
        lines = []
        for table, n in self.read.items():
            parts = [f"{self.rows(table, 'used'):,} used"]
            for status in ("repaired", "refused", "dropped", "filtered"):
                rows = self.rows(table, status)
                parts += [f"{rows:,} {status}"] if rows else []
            lines.append(f"{table}: {n:,} rows read, {', '.join(parts)}")
            lines += [f"  {_remark(e)}" for e in self.entries if e.table == table and e.note]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        lines = self.text().splitlines()
        more = len(lines) - _LINES
        return "\n".join([*lines[:_LINES], *([f"… and {more:,} more: .to_frame()"] if more > 0 else [])])


def _remark(entry: QualityRow) -> str:
    count = f" ({entry.rows:,} rows {entry.status})" if entry.rows else ""
    return f"{entry.what}{count}: {entry.note}"


def full_account(quality: Quality, notes: Iterable[QualityRow]) -> Quality:
    """Book rows that the laws leave out, so that rows of all statuses stay as many as were read.

    Parameters
    ----------
    quality : Quality
        Of the catalogue.
    notes : iterable of QualityRow
        Of what was fitted.

    Returns
    -------
    Quality
        Rows of the notes are taken from the entries "used" of their table (from "repaired" ones if
        those do not suffice); notes of 0 rows are remarks.
    """
    entries = list(quality.entries)
    added = list(notes)
    for note in added:
        _take(entries, _take(entries, note, "used"), "repaired")
    return Quality((*entries, *added), quality.read)


def _take(entries: list[QualityRow], note: QualityRow, status: str) -> QualityRow:
    """Take the note's rows from entries of a status; what could not be taken."""
    left = note
    for place, entry in enumerate(entries):
        if left.rows == 0:
            break
        if entry.table != note.table or entry.status != status or entry.rows == 0:
            continue
        rows = min(entry.rows, left.rows)
        units, value = min(entry.units, left.units), min(entry.value, left.value)
        entries[place] = replace(
            entry, rows=entry.rows - rows, units=entry.units - units, value=entry.value - value
        )
        left = replace(left, rows=left.rows - rows, units=left.units - units, value=left.value - value)
    return left
