"""The catalogue's quality account, with what fitting did to rows that were read in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from simlab.catalog.quality import Quality, QualityRow


def full_account(quality: Quality, notes: Iterable[QualityRow]) -> Quality:
    """Book rows that the laws leave out, so that read = used + repaired + refused + dropped still holds.

    Parameters
    ----------
    quality : Quality
        Of the catalogue.
    notes : iterable of QualityRow
        `Models.notes`.

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
