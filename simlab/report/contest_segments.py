"""Segments of a scheme in a contest: value, target asked and service achieved, as a matrix and as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.formats import DASH, money, number, percent, span, target
from simlab.report.sheet import Cell, Table
from simlab.report.tables import records

if TYPE_CHECKING:
    from simlab.report.contest_tables import ContestTables, Row

_MOST_SEGMENTS, _MOST_SIDE = 60, 12


def segments_matrix(found: ContestTables, scheme: str) -> Table | None:
    """Segments of a product of two attributes as a matrix; shade is the share of value."""
    table = found.tables["scheme_segments"]
    mine = table[table["scheme"] == scheme]
    if mine.empty or "first" not in mine or mine["first"].isna().any():
        return None
    by = {(row["first"], row["second"]): row for row in records(mine)}
    firsts, seconds = ([*dict.fromkeys(sorted(mine[name]))] for name in ("first", "second"))
    if max(len(firsts), len(seconds)) > _MOST_SIDE:
        return None
    whole = mine["annual_value"].sum()
    rows = [
        [Cell(str(first)), *(_matrix_cell(by.get((first, second)), whole) for second in seconds)]
        for first in firsts
    ]
    title = f"Segments of {scheme}: target asked, fill rate achieved, share of value"
    return Table(title, ["", *(str(second) for second in seconds)], rows, heat=True)


def _matrix_cell(row: Row | None, whole: float) -> Cell:
    if row is None:
        return Cell(DASH)
    share = row["annual_value"] / whole if whole > 0 else None
    small = f"achieved {percent(row['achieved'])}, {percent(share, 0)} of value"
    return Cell(target(row["target"]), small, heat=share)


def segments_table(found: ContestTables, scheme: str) -> Table | None:
    """Segments of one scheme: value, target asked, service achieved; shade is the share of value."""
    table = found.tables["scheme_segments"]
    mine = table[table["scheme"] == scheme]
    if mine.empty:
        return None
    whole = mine["annual_value"].sum()
    rows = []
    for row in records(mine.nlargest(_MOST_SEGMENTS, "annual_value").sort_values("segment", kind="stable")):
        share = row["annual_value"] / whole if whole > 0 else None
        ends = span(row.get("achieved_low"), row.get("achieved_high"), percent)
        rows.append(
            [
                Cell(str(row["segment"])),
                Cell(number(row["n_items"])),
                Cell(money(row["annual_value"], found.currency, digits=0)),
                Cell(percent(share, 0), heat=share),
                Cell(target(row["target"])),
                Cell(percent(row["achieved"]), ends),
            ]
        )
    header = ["Segment", "SKU-locations", "annual value", "share", "target asked", "fill rate achieved"]
    return Table(f"Segments of {scheme}", header, rows)
