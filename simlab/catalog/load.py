"""From a study, or from DataFrames, to a catalog: all tables, one report of everything wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.catalog import findings as found
from simlab.catalog.calendar.closed_sales import open_share
from simlab.catalog.calendar.grain import FISCAL
from simlab.catalog.calendar.periods import end_of_rows
from simlab.catalog.catalog import Catalog, DemandTable
from simlab.catalog.cells.text import TextTable
from simlab.catalog.cells.unseen import made_visible
from simlab.catalog.columns import PERIODS, TABLES, required
from simlab.catalog.coming import ForecastErrors, ForecastTable
from simlab.catalog.files.csvfile import read_csv
from simlab.catalog.files.database import read_database
from simlab.catalog.files.layout import at_one_place, columns_needed, in_rows
from simlab.catalog.files.parquet import is_parquet, read_parquet
from simlab.catalog.files.typed import read_frame
from simlab.catalog.files.workbook import WORKBOOKS, read_workbook
from simlab.catalog.forecasts.periods import day_after
from simlab.catalog.forecasts.tables import read_errors, read_forecast
from simlab.catalog.mended import mended, names_alone, unfiltered
from simlab.catalog.quality import Quality, QualityRow
from simlab.catalog.tables.demand import read_demand
from simlab.catalog.tables.filtering import Filtered, account, filtered, pairs_of
from simlab.catalog.tables.fiscal import read_periods
from simlab.catalog.tables.items import Items, file_remarks, not_used, read_items
from simlab.catalog.tables.open_orders import due_not_used, due_of_items, read_open_orders
from simlab.catalog.tables.receipts import read_receipts
from simlab.errors import InvalidInputError, Problem
from simlab.reading import may_read
from simlab.study import Study, TableSource, crossing_unsaid

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame

COMING = ("forecast", "forecast_errors")


def load(study: Study, *, without: Collection[Problem] = ()) -> Catalog:
    """Read the tables that a study names.

    Parameters
    ----------
    study : Study
        From `simlab.study.read_study`.
    without : collection of Problem
        What was found wrong with these tables and is left out of them now, so that a check can go on.

    Returns
    -------
    Catalog

    Raises
    ------
    InvalidInputError
        Something is wrong with the tables; every problem with its file, line, column and value.
    """
    if elsewhere := list(_elsewhere(study)):
        raise InvalidInputError(elsewhere)
    study = unfiltered(study, without)
    data = study.data
    items = _read(study, "items", data.items)
    demand = _read(study, "demand", data.demand) if data.demand is not None else None
    receipts = _read(study, "receipts", data.receipts) if data.receipts is not None else None
    periods = _read(study, "periods", data.periods) if data.periods is not None else None
    due = _read(study, "open_orders", data.open_orders) if data.open_orders is not None else None
    further = {
        name: _read(study, name, source) for name in COMING if (source := getattr(data, name)) is not None
    }
    if items is None:
        problem = Problem("E-STU-005", "is missing and required", study.file, column="data.items.path")
        raise InvalidInputError([problem])
    if without:
        items = mended(items, without)
        demand, receipts, periods, due = (
            None if table is None else mended(table, without) for table in (demand, receipts, periods, due)
        )
        further = {name: None if table is None else mended(table, without) for name, table in further.items()}
    return _catalog(study, items, demand, receipts, periods, due, further)


def load_names(study: Study) -> Catalog:
    """Items by their names and texts alone, for a check whose tables cannot be used.

    Raises
    ------
    InvalidInputError
        Not even names can be read.
    """
    if any(_elsewhere(study)):
        raise InvalidInputError([])
    items = _read(study, "items", study.data.items)
    if items is None or not {"sku", "location"} <= set(_laid_out(items, study).columns):
        raise InvalidInputError([])
    return _catalog(study, names_alone(_laid_out(items, study)), None, None)


def from_frames(
    study: Study,
    items: IntoFrame,
    demand: IntoFrame | None = None,
    receipts: IntoFrame | None = None,
    periods: IntoFrame | None = None,
    open_orders: IntoFrame | None = None,
    *,
    coming: Mapping[str, IntoFrame] | None = None,
) -> Catalog:
    """Take frames of pandas, polars, Arrow or DuckDB instead of files, under the same rules.

    Parameters
    ----------
    study : Study
        Such as ``Study.default(period="week")``; column names and rules of its [data] apply.
    items, demand, receipts, periods, open_orders : DataFrame
        One row per SKU-location; per SKU-location and date; per receipt; per fiscal period; per order not
        received yet.
    coming : mapping of str to DataFrame, optional
        Tables ``forecast`` and ``forecast_errors``.

    Returns
    -------
    Catalog

    Raises
    ------
    InvalidInputError
        Something is wrong with the tables; rows are named by position, the first being 0.
    """
    data = study.data
    return _catalog(
        study,
        read_frame(items, "items", data.items),
        None if demand is None else read_frame(demand, "demand", data.demand or TableSource()),
        None if receipts is None else read_frame(receipts, "receipts", data.receipts or TableSource()),
        None if periods is None else read_frame(periods, "periods", data.periods or TableSource()),
        None
        if open_orders is None
        else read_frame(open_orders, "open_orders", data.open_orders or TableSource()),
        {name: read_frame(frame, name, _coming(study, name)) for name, frame in (coming or {}).items()},
    )


def _elsewhere(study: Study) -> Iterator[Problem]:
    """Files that lie where a study may not read: neither by it, nor below where the command was called."""
    for name in TABLES:
        source: TableSource | None = getattr(study.data, name, None)
        path = None if source is None or source.of_database else study.path_of(source)
        if source is not None and path is not None and not may_read(path, study.folder):
            fix = (
                "bring it there, call simlab from a folder that holds both, or allow the other: "
                f"simlab --read-from {path.resolve().parent} …"
            )
            message = f"lies outside the study's folder{' (by a link)' if path.is_symlink() else ''}"
            option = f"data.{name}.path = {source.path!r}"
            yield Problem("E-STU-010", message, study.file, column=option, fix=fix)


def _coming(study: Study, name: str) -> TableSource:
    """The source of a forecast that is handed over; the study must name its section, which has its rules."""
    source: TableSource | None = getattr(study.data, name)
    if source is None:
        fix = f"say so in the options: data = {{ {name} = {{}} }}"
        message = "a table is handed over that the study does not name"
        raise InvalidInputError([Problem("E-STU-005", message, study.file, column=f"data.{name}", fix=fix)])
    return source


def _read(study: Study, name: str, source: TableSource) -> TextTable | None:
    if source.of_database:
        return read_database(study.folder, name, source)
    path = study.path_of(source)
    if path is None:
        return None
    if is_parquet(path):
        return read_parquet(path, name, source)
    needed = columns_needed(name, one_place=study.data.location is not None, wide=_is_wide(source))
    if Path(path).suffix.lower() in WORKBOOKS:
        return read_workbook(path, name, source, needed)
    return read_csv(path, name, source, needed)


def _is_wide(source: object) -> bool:
    return getattr(source, "layout", "long") == "wide"


def _laid_out(table: TextTable, study: Study) -> TextTable:
    """A table in rows with a location, its unseen signs shown."""
    table = made_visible(table)
    source: TableSource | None = getattr(study.data, table.name, None)
    if source is not None and _is_wide(source) and not table.findings.problems:
        table = in_rows(table, source.date_format if source.declares("date_format") else None)
    placed = "location" in required(table.name)
    return at_one_place(table, study.data.location) if placed else table


def _catalog(
    study: Study,
    items: TextTable,
    demand: TextTable | None,
    receipts: TextTable | None,
    periods: TextTable | None = None,
    open_orders: TextTable | None = None,
    coming: Mapping[str, TextTable | None] | None = None,
) -> Catalog:
    items = _laid_out(items, study)
    demand, receipts, periods, open_orders = (
        None if table is None else _laid_out(table, study)
        for table in (demand, receipts, periods, open_orders)
    )
    today = dt.date.today()
    read = {table.name: table.n_rows for table in (items, demand, receipts) if table is not None}
    splits = [
        filtered(table, getattr(study.data, table.name) or TableSource())
        for table in (items, demand, receipts)
        if table is not None
    ]
    parts = {split.table.name: split for split in splits}
    items = parts["items"].table
    demand = parts["demand"].table if demand is not None else None
    receipts = parts["receipts"].table if receipts is not None else None
    master = read_items(items, study)
    problems: list[Problem] = []
    fiscal = None if periods is None else read_periods(periods, study)
    if study.demand.grain == FISCAL and periods is None:
        problems.append(_no_periods(study))
    apart = pairs_of(parts["items"].left_out)
    sales = read_demand(demand, master, study, today, apart, fiscal) if demand is not None else None
    problems += _ahead_of(study, today, "" if sales is None else str(sales[0].date.max()))
    arrivals = read_receipts(receipts, master, study, today) if receipts is not None else None
    due = read_open_orders(open_orders, master, study) if open_orders is not None else None
    dated = due_of_items(items, master, study) if open_orders is None else None
    ahead = {name: _laid_out(table, study) for name, table in (coming or {}).items() if table is not None}
    expected, errors = _forecasts(ahead, master, study, None if sales is None else sales[0])
    if demand is None and master is not None and not ahead:
        _refuse_without_law(items, master)
    tables = [split.table for split in splits]
    tables_read = [*tables, *(table for table in (periods, open_orders) if table is not None)]
    tables_read += list(ahead.values())
    problems += [problem for table in tables_read for problem in table.findings.problems]
    if receipts is not None and study.lead_times.law != "fixed" and study.lead_times.crossing is None:
        problems.append(crossing_unsaid(study.file))
    if problems or master is None:
        raise InvalidInputError(problems)
    finer = study.data.model_copy(update={"cost_resolution": master.cost_resolution})
    entries = (
        *master.entries,
        *_entries(sales, arrivals),
        *(() if periods is None else (*file_remarks(periods), *not_used(periods, PERIODS))),
        *_left_out(splits, master),
        *_entries(due),
        *due_not_used(items, master, orders=due is not None),
        *_entries(expected, errors),
    )
    return Catalog(
        study=_with_open_share(
            study.model_copy(update={"data": finer}), sales[0] if sales is not None else None
        ),
        sku=master.sku,
        location=master.location,
        unit_cost=master.unit_cost,
        numbers=master.numbers,
        texts=master.texts,
        demand=None if sales is None else sales[0],
        receipts=None if arrivals is None else arrivals[0],
        quality=Quality(entries, read),
        open_orders=None if arrivals is None else arrivals[1],
        due=dated if due is None else due[0],
        forecast=None if expected is None else expected[0],
        forecast_errors=None if errors is None else errors[0],
        inputs={table.name: table.sha256 for table in tables_read if table.sha256},
        rows_end=None if sales is None else _rows_end(study, sales[0]),
    )


def _rows_end(study: Study, demand: DemandTable) -> dt.date | None:
    """Last day of the week or month that the last row of demand stands for."""
    end = end_of_rows(study, demand.distinct_dates) if demand.n_rows else None
    return None if end is None else end.astype("datetime64[D]").item()


def _forecasts(
    tables: Mapping[str, TextTable], items: Items | None, study: Study, demand: DemandTable | None
) -> tuple[
    tuple[ForecastTable, tuple[QualityRow, ...]] | None, tuple[ForecastErrors, tuple[QualityRow, ...]] | None
]:
    """Both tables of forecasts, typed; their periods count from the first one after the history."""
    if not tables:
        return None, None
    first = day_after(study, demand)
    expected = read_forecast(tables["forecast"], items, study, first) if "forecast" in tables else None
    if "forecast_errors" not in tables:
        return expected, None
    begin = first if expected is None else expected[0].first
    return expected, read_errors(tables["forecast_errors"], items, study, begin)


def _entries(*tables: tuple[Any, ...] | None) -> Iterator[QualityRow]:
    """The account of tables that were read: what comes last of each."""
    for table in tables:
        if table is not None:
            yield from table[-1]


def _left_out(splits: Iterable[Filtered], items: Items) -> Iterator[QualityRow]:
    """The account of rows that the study leaves out."""
    costs = _costs(items)
    for split in splits:
        yield from account(split, costs)


def _costs(items: Items) -> dict[tuple[str, str], float]:
    """Unit cost by (sku, location), and by (sku, "") its mean over locations."""
    out = dict(
        zip(zip(items.sku, items.location, strict=True), items.numbers["unit_cost"].tolist(), strict=True)
    )
    by_sku: dict[str, list[float]] = {}
    for (sku, _), cost in out.items():
        by_sku.setdefault(sku, []).append(cost)
    return out | {(sku, ""): sum(costs) / len(costs) for sku, costs in by_sku.items()}


def _with_open_share(study: Study, demand: DemandTable | None) -> Study:
    """The study that knows how much of a year its closed days leave."""
    if demand is None or not (study.demand.closed or study.demand.weekdays):
        return study
    named = study.as_of or study.demand.complete_to
    last = demand.date.max() if named is None else np.datetime64(named, "D")
    return study.model_copy(update={"open_share": open_share(study, demand.date.min(), last)})


def _no_periods(study: Study) -> Problem:
    """A fiscal study without its table."""
    fix = 'name the table: [data.periods] path = "periods.csv" with columns name, start, end'
    return Problem("E-STU-005", "is missing and required", study.file, column="data.periods.path", fix=fix)


def _ahead_of(study: Study, today: dt.date, last: str) -> Iterator[Problem]:
    """Last dates that lie in the future: nothing is known of what will be sold or received."""
    for option, day in (("study.as_of", study.as_of), ("demand.complete_to", study.demand.complete_to)):
        if day is not None and day > today:
            fix = f"the last row of demand is of {last}: " if last else ""
            fix += "say the last date that the tables tell of"
            message = "lies in the future"
            yield Problem("E-STU-012", message, study.file, column=f"{option} = {day}", fix=fix)


def _refuse_without_law(table: TextTable, items: Items) -> None:
    """Without a demand table every item needs a law given outright."""
    law = items.texts.get("demand_law")
    lawless = [k for k in range(items.n_items) if law is None or law[k] is None]
    if "demand_law" in table.columns:
        given = ~table.columns["demand_law"].missing()
        lawless = [k for k in lawless if not given[k]]
    if lawless:
        first = f"'{items.sku[lawless[0]]}'"
        fix = "name a demand table under [data.demand], or give demand_law and demand_mean in items"
        message = f"no demand table, and {first} has no law given outright"
        rows = np.array(lawless, dtype=np.int64)
        table.findings.add_rows(found.NO_HISTORY, message, rows, column="demand_law", fix=fix)
