"""`report.xlsx`: the run's own numbers cell for cell, sheets as the page's tabs, and nothing in it runs."""

import io
import math
import re
import sys
import textwrap
import zipfile
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape
from worlds.fake_run import HOSTILE, build_fake_run
from worlds.study import write_study

from simlab import api
from simlab.measures.words import TABS, heading
from simlab.register.laws import LAWS
from simlab.report import apart
from simlab.report.book import book, plan, writing
from simlab.report.book.looks import number_format, safe_text
from simlab.report.book.sheet import Block, Sheet
from simlab.report.book.writing import Titles, workbook_bytes
from simlab.run import RunFolder, verify

FORMULA = '=HYPERLINK("http://x","y")'
OF_ITEMS = (
    *("mean_lead_time", "mean_demand", "annual_value", "unit_cost", "orders_per_year"),
    *("demand_law", "lead_time_source"),
)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")
LAW_TITLES = {law.name: law.title for law in LAWS}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    study = write_study(folder)
    items = pd.read_csv(folder / "items.csv", dtype=str)
    items["product"] = [FORMULA, "_x0041_ é \N{SNOWMAN}", *[f"thing {n}" for n in range(len(items) - 2)]]
    items["current_order_up_to"] = ["500", *["20"] * (len(items) - 2), ""]
    items.to_csv(folder / "items.csv", index=False)
    return RunFolder.open(api.run_optimize(study, out=folder / "run").folder)


@pytest.fixture(scope="module")
def sheets(run):
    return opened((run.path / book.BOOK).read_bytes())


def opened(data):
    with pytest.warns(UserWarning, match="not supported"):  # openpyxl drops the extension of data bars
        found = openpyxl.load_workbook(io.BytesIO(data))
    for cell in (cell for sheet in found for row in sheet.iter_rows() for cell in row):
        if isinstance(cell.value, str) and cell.data_type != "f":
            kind, cell.value = cell.data_type, unescape(cell.value)  # _x005F_ is how the format writes _
            cell.data_type = kind
    return found


def table_of(sheet, title):
    """Headings and rows of the table below a title, as written."""
    rows = list(sheet.iter_rows(values_only=True))
    at = next(n for n, row in enumerate(rows) if row[0] == title) + 1
    while rows[at][1] is None and len([one for one in rows[at] if one is not None]) < 2:
        at += 1
    width = max(n for n, one in enumerate(rows[at]) if one is not None) + 1
    found = []
    for row in rows[at + 1 :]:
        if all(one is None for one in row[:width]):
            break
        found.append(row[:width])
    return list(rows[at][:width]), found


def same(cell, value):
    """Numbers to the 16 digits that the file holds; a missing one is an empty cell."""
    if isinstance(value, str):
        return cell == value
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return cell is None
    return cell is not None and math.isclose(float(cell), float(value), rel_tol=4e-16, abs_tol=0)


def test_sheets_stand_in_the_order_of_the_tabs_and_name_their_run(run, sheets):
    present = [tab.sheet for tab in TABS if tab.sheet in sheets.sheetnames]
    assert sheets.sheetnames == ["ReadMe", *present]
    assert set(present) >= {tab.sheet for tab in TABS} - {"Suppliers"}
    assert re.fullmatch(r"[0-9a-f]{12}", run.id)
    assert all(run.id in sheet["A2"].value for sheet in sheets)
    seeds = dict(table_of(sheets["Method"], "Seeds")[1])
    assert seeds == {name: str(value) for name, value in run.manifest["seeds"].items()}


def test_every_cell_of_items_is_that_of_the_parquet_tables(run, sheets):
    both = run.read_table("plan").merge(
        run.read_table("items")[["sku", "location", *OF_ITEMS]],
        on=["sku", "location"],
    )
    both["fill_rate_change"] = 100 * (both["fill_rate"] - both["fill_rate_now"])
    both["demand_law"] = both["demand_law"].map(LAW_TITLES)
    names = {heading(key, "EUR", "day", beside=f"{key}_now" in both): key for key in both if key != "reason"}
    header, rows = table_of(sheets["Items"], "SKU-locations, the largest change of stock first")
    assert len(rows) == len(both)
    assert header[:3] == ["SKU", "Location", "Product"]
    by_key = both.set_index(["sku", "location"])
    for row in rows:
        for title, cell in zip(header[2:], row[2:], strict=True):
            assert same(cell, by_key.loc[row[:2], names[title]]), (row[:2], title)
    sizes = [abs(row[header.index("Stock, change (EUR)")] or 0.0) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert rows[-1][header.index("Stock, change (EUR)")] is None


@pytest.mark.parametrize(
    ("sheet", "title", "table", "key"),
    [
        ("Segments", "Segments", "capital_by_segment", "segment"),
        ("Locations", "Locations", "locations", "location"),
    ],
)
def test_every_cell_of_segments_and_locations_is_that_of_the_table(run, sheets, sheet, title, table, key):
    frame = run.read_table(table)
    header, rows = table_of(sheets[sheet], title)
    names = {heading(one, "EUR", "day", beside=f"{one}_now" in frame): one for one in frame}
    assert [row[0] for row in rows] == list(frame[key])
    for row, (_, values) in zip(rows, frame.iterrows(), strict=True):
        for name, cell in zip(header, row, strict=True):
            factor = 100 if name.endswith("(points)") else 1
            value = values[names[name]]
            assert same(cell, value if isinstance(value, str) else value * factor), (row[0], name)


def test_every_cell_of_the_decision_is_that_of_the_table_and_changes_of_service_are_points(run, sheets):
    frame = run.read_table("decision")
    _, rows = table_of(sheets["Decision"], "Today and the plan")
    columns = ["name", "today", "same_service", "proposed", "change", "change_share"]
    for row, values in zip(rows, frame[[*columns, "unit"]].itertuples(index=False), strict=True):
        points = 100 if values.unit == "rate" else 1
        assert all(map(same, row, (*values[:4], values.change * points, values.change_share))), row[0]


def test_headers_stay_in_sight_columns_are_filtered_and_money_has_its_currency(sheets):
    items = sheets["Items"]
    header = [cell.value for cell in items[5]]
    assert items.freeze_panes == "C6"
    assert items.auto_filter.ref.startswith("A5:")
    cell = items.cell(6, header.index("Stock, proposed (EUR)") + 1)
    assert cell.number_format.startswith('"€"#,##0')
    assert items.cell(6, header.index("Units served at once, proposed") + 1).number_format.endswith("0.0%")
    assert items.column_dimensions["C"].width > len("_x0041_ é")
    assert sheets["Segments"].conditional_formatting


def test_a_heading_is_seen_whole(sheets):
    """Of "Units served at once, today" and "… proposed" the last line was cut off: which was which?"""
    sheet = sheets["Items"]
    row = next(cell.row for cell in sheet["A"] if cell.value == "SKU")
    widths = {cell.column: sheet.column_dimensions[cell.column_letter].width for cell in sheet[row]}
    lines = [len(textwrap.wrap(str(cell.value), int(0.9 * widths[cell.column]))) for cell in sheet[row]]
    assert max(lines) > 3
    assert sheet.row_dimensions[row].height >= 13.5 * max(lines)


def test_the_charts_are_the_spreadsheets_own_and_short_enough(run):
    with zipfile.ZipFile(run.path / book.BOOK) as file:
        drawn = [file.read(name).decode() for name in file.namelist() if "charts/chart" in name]
    curve = next(text for text in drawn if "What service costs in stock" in text)
    steps = next(text for text in drawn if "From today&apos;s stock" in text or "From today's stock" in text)
    points = re.search(r"<c:yVal><c:numRef><c:f>Finance!\$B\$(\d+):\$B\$(\d+)", curve)
    assert points is not None
    assert 2 <= int(points[2]) - int(points[1]) + 1 <= 200
    assert 'c:grouping val="stacked"' in steps
    assert "<c:noFill" in steps or "<a:noFill" in steps


def test_nothing_in_it_is_a_formula_and_every_text_is_as_it_was(run, sheets):
    cells = [cell for sheet in sheets for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    products = {
        row[2] for row in table_of(sheets["Items"], "SKU-locations, the largest change of stock first")[1]
    }
    assert {FORMULA, "_x0041_ é \N{SNOWMAN}"} <= products
    with zipfile.ZipFile(run.path / book.BOOK) as file:
        names = file.namelist()
    assert not [name for name in names if "externalLink" in name or "vba" in name.lower()]


def test_it_belongs_to_the_run_and_is_made_again_to_the_same_bytes(run):
    assert verify(run.path) == []
    assert book.BOOK in run.manifest["files"]
    before = (run.path / book.BOOK).read_bytes()
    book.write_book(run)
    assert (run.path / book.BOOK).read_bytes() == before


TEXTS = ["a", "", " <b> & 'c' ", "_x0041_", "\x1b[31m", "\ufffe", "=1+1", "line\nline", None, True, "<r>"]
NUMBERS = [1, 2.5, -0.1, 1e-300, 123456789.12345678, math.nan, math.inf, None, False, "–", np.int64(3)]


def cells_of(frame, **more):
    """Cells of a sheet with this table and a short one below, and how far it reaches."""
    blocks = (Block("items", "Items", frame, **more), Block("more", "More", frame.head(2)))
    titles = Titles("study", "run", "EUR", "week", datetime(2026, 1, 1))
    data = workbook_bytes([Sheet("Items", "what", blocks)], titles)
    page = openpyxl.load_workbook(io.BytesIO(data))["Items"]
    cells = [cell for row in page.iter_rows() for cell in row]
    return [page.dimensions, *((c.coordinate, c.value, c.data_type, c.number_format) for c in cells)]


@pytest.mark.parametrize("more", [{}, {"row_units": ["money", "rate"] * 5 + ["units"]}])
def test_rows_written_at_once_are_those_written_cell_by_cell(monkeypatch, more):
    """Values, kinds, formats and places; with a xlsxwriter that has no such file cells are written."""
    frame = pd.DataFrame({"sku": TEXTS, "inventory_value": NUMBERS, "fill_rate": NUMBERS, "empty": None})
    frame.insert(3, "fill_rate_change", NUMBERS)
    at_once = cells_of(frame, **more)
    monkeypatch.setattr(writing, "can_write", lambda *_: False)
    assert at_once == cells_of(frame, **more)
    assert len({cell[3] for cell in at_once[1:]}) > 3


def test_a_text_that_looks_marked_up_stays_as_it_is():
    """xlsxwriter's own cells take it for XML: the workbook could not be opened."""
    assert "<r>&</r>" in [cell[1] for cell in cells_of(pd.DataFrame({"sku": ["<r>&</r>", "b"]}))[1:]]


def test_hostile_names_are_text(tmp_path):
    found = build_fake_run(tmp_path, n_items=60, hostile=True, finance=True)
    data = workbook_bytes(book.sheets(found), book.titles(found))
    cells = openpyxl.load_workbook(io.BytesIO(data))
    segments = [str(row[0].value) for row in cells["Segments"].iter_rows(min_row=6)]
    assert all(any(name in one for one in segments) for name in HOSTILE[:3])
    assert not [c for sheet in cells for row in sheet.iter_rows() for c in row if c.data_type == "f"]


def test_of_many_items_the_largest_changes_are_shown_and_the_rest_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "MOST_ITEMS", 5)
    found = build_fake_run(tmp_path, n_items=40)
    items = next(one for one in book.sheets(found) if one.name == "Items")
    assert len(items.blocks[0].frame) == 5
    assert "The 5 of 40 SKU-locations" in items.texts[0]
    assert "results/plan.csv" in items.texts[0]


@pytest.mark.parametrize(("n", "unasked"), [(100_000, True), (100_001, False)])
def test_a_very_large_run_has_a_workbook_on_request_alone(n, unasked):
    manifest = {"command": "optimize", "n_items": n}
    assert book.wanted(manifest) is unasked
    assert book.has_book(manifest)
    assert not book.has_book({"command": "check", "n_items": 3})


@pytest.mark.processes
@pytest.mark.parametrize("copies", [pytest.param(True, marks=LINUX), False])
def test_a_workbook_that_cannot_be_written_takes_no_page_along(tmp_path, monkeypatch, copies):
    found = build_fake_run(tmp_path, n_items=40)
    broken = "a.write_book = None\na.render = lambda run, *_, **__: run.write_text('report.html', 'page')"
    monkeypatch.setattr(apart, "_CODE", f"import simlab.report.apart as a\n{broken}\n{apart._CODE}")
    monkeypatch.setattr(apart, "write_book", None)
    monkeypatch.setattr(apart, "render", lambda run, *_, **__: run.write_text("report.html", "page"))
    monkeypatch.setattr(apart, "can_copy", lambda: copies)
    drawn = apart.draw_apart(found.path)
    assert drawn.report is not None
    assert drawn.book is None
    assert "workbook" in drawn.faults
    assert "not callable" in drawn.faults["workbook"]


@pytest.mark.processes
@LINUX
def test_page_and_workbook_of_a_large_run_are_drawn_in_turn(tmp_path, monkeypatch):
    run = api.run_optimize(write_study(tmp_path), out=tmp_path / "run", draw=False).folder
    open_now, most = [], []
    started = apart._started

    @contextmanager
    def counted(folder, what, figures=False):
        with started(folder, what, figures) as process:
            open_now.append(process)
            most.append(sum(one is not None for one in open_now))
            yield process
        open_now.pop()

    monkeypatch.setattr(apart, "_started", counted)
    monkeypatch.setattr(apart, "_LARGE", 1)
    drawn = apart.draw_apart(run)
    assert drawn.report is not None
    assert drawn.book is not None
    assert drawn.faults == {}
    assert max(most) == 1


def test_units_decide_what_a_number_looks_like():
    assert number_format("money", "EUR", 0) == '"€"#,##0;-"€"#,##0'
    assert number_format("money", "CHF", 2, signed=True) == '+"CHF "#,##0.00;-"CHF "#,##0.00;"CHF "#,##0.00'
    assert number_format("money", "", 0) == "#,##0;-#,##0"
    assert '"' not in number_format("money", 'a"b', 0).replace('"ab "', "")
    assert number_format("points", "EUR", 2) == "+0.0;-0.0;0.0"


def test_a_text_longer_than_a_cell_and_signs_that_steer_are_shown_as_they_can_be():
    assert len(safe_text("x" * 40_000)) == 32_767
    assert safe_text("a\x1b[31mb\x07") == "a\\x1b[31mb\\x07"


@pytest.mark.slow
def test_30000_rows_take_seconds():
    import time

    frame = pd.DataFrame({f"c{n}": [float(k * n) for k in range(30_000)] for n in range(20)})
    started = time.process_time()
    workbook_bytes([Sheet("Items", "", (Block("items", "x", frame),))], TITLES)
    assert time.process_time() - started < 12


TITLES = Titles("s", "r", "EUR", "day", pd.Timestamp("2026-01-01").to_pydatetime())
