"""The demand table: matched to the items, cleaned by the study's rules, each row accounted for."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.catalog import DemandTable
from simlab.catalog.cells.convert import refuse_fractional_ids, refuse_missing
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import DEMAND, NOT_USED
from simlab.catalog.quality import QualityRow
from simlab.catalog.tables.demand_calendar import check_calendar, spread_table
from simlab.catalog.tables.doubtful import pasted
from simlab.catalog.tables.fiscal import FiscalPeriods, with_dates
from simlab.catalog.tables.further import wanted_columns
from simlab.catalog.tables.items import Items, file_remarks, has_columns
from simlab.catalog.tables.known_names import plain
from simlab.catalog.tables.rows import Rows
from simlab.errors import listed
from simlab.study import DemandSource, Study

_NAMES_SHOWN = 5
_KINDS = re.compile(
    r"((movement|mvt|transaction|trans|document|doc|posting|booking|record|entry|row|issue)_?)?(type|kind|reason)"
    r"|(movement|transaction)(_?(code|class))?|bwart|bewegungsart|buchungsart|vorgangsart|belegart"
)
"""Names of columns that tell sales from other movements."""
_MOST_KINDS = 20


def read_demand(
    table: TextTable,
    items: Items | None,
    study: Study,
    today: dt.date,
    apart: Collection[tuple[str, str]] = (),
    fiscal: FiscalPeriods | None = None,
) -> tuple[DemandTable, tuple[QualityRow, ...]] | None:
    """Type and clean the demand table; what is wrong goes to its findings.

    Parameters
    ----------
    table : TextTable
        As read.
    items : Items or None
        The items table; None if it is too broken to check against.
    study : Study
        The rules.
    today : date
        Dates after it are refused where the study has no `as_of`.
    apart : collection of (sku, location)
        SKU-locations that the study leaves out of items; their rows are left out, too.
    fiscal : FiscalPeriods or None
        What days rows stand for, where the study is one of fiscal periods.

    Returns
    -------
    (DemandTable, quality entries) or None
        None if something was found.
    """
    with_dates(table, fiscal)
    if not has_columns(table, DEMAND):
        return None
    source = study.data.demand or DemandSource()
    refuse_fractional_ids(table, ("sku", "location"))
    for name in ("sku", "location", "date"):
        refuse_missing(table, name)
    rows = Rows(table, source, items, study)
    rows.leave_apart(apart)
    rows.fiscal = fiscal
    rows.drop_unknown(items)
    rows.drop_later(study, today)
    rows.drop_without_quantity()
    rows.drop_negative()
    rows.merge_doubles()
    rows.read_further(study)
    if items is not None:
        check_calendar(rows, items, study, today)
    if table.findings or items is None:
        return None
    demand, spread_notes = spread_table(rows.result(), items, study, rows.spans)
    if demand.n_rows == 0:
        fix = "every row was dropped by the study's own rules"
        if study.as_of is not None and bool((rows.date > np.datetime64(study.as_of, "D")).all()):
            fix = f"all rows are later than as_of = {study.as_of} under [study]: its last date used"
        table.findings.add(found.NO_ROWS, "no demand is left", fix=fix)
        return None
    remarks = (
        *_remarks(table, study),
        *rows.standing_out(items),
        *spread_notes,
        *_items_without(demand, items, table),
    )
    return demand, (*rows.account(items), *remarks)


def _remarks(table: TextTable, study: Study) -> Iterator[QualityRow]:
    yield from file_remarks(table)
    if study.data.demand is not None and study.data.demand.duplicates == "sum":
        yield from pasted(table, DEMAND, "date", 'duplicates = "sum" counts both; if so, take them out')
    where = study.data.demand.where if study.data.demand is not None else {}
    used = {*wanted_columns(study), *where}
    for name in table.columns:
        if name not in DEMAND and name not in used and table.label(name) not in used:
            values = table.columns[name].values
            if _KINDS.fullmatch(plain(name)) and 1 < len(values) <= _MOST_KINDS:
                first, shown = values[0], listed([f"'{one}'" for one in values], _NAMES_SHOWN)
                note = f"rows of {shown} all count as demand: are some of them transfers or corrections? "
                note += f'[data.demand] where = {{ {name} = ["{first}"] }} takes rows by it'
                yield QualityRow(
                    "demand", f"column '{table.label(name)}'", "used", 0, note=note, notice="look"
                )
                continue
            note = f"not used: {NOT_USED['demand'].get(name, 'demand has no such column')}"
            yield QualityRow("demand", f"column '{table.label(name)}'", "used", 0, note=note)


def _items_without(demand: DemandTable, items: Items, table: TextTable) -> Iterator[QualityRow]:
    """A remark on SKU-locations that have neither demand nor a law given outright."""
    seen = np.zeros(items.n_items, dtype=np.bool_)
    seen[demand.item] = True
    law = items.texts.get("demand_law")
    if law is not None:
        seen |= np.array([name is not None for name in law], dtype=np.bool_)
    silent = np.flatnonzero(~seen)
    if silent.size:
        names = ", ".join(f"{items.sku[k]}@{items.location[k]}" for k in silent[:_NAMES_SHOWN])
        note = f"{silent.size:,} SKU-locations have no row and no law: {names}"
        yield QualityRow(table.name, "no demand", "used", 0, note=note)
