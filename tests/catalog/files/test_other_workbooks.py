"""Workbooks of other kinds, saved by a spreadsheet program (LibreOffice 7.4): the same cells as in .xlsx.

`books/` holds one made-up workbook as .xls and .ods, with dates counted from 1900 and from 1904. No program
at hand writes .xlsb: the same workbook of that kind is written record by record, as its published format says
(`worlds/xlsb.py`), without the blocks of fonts and widths that Excel adds.
"""

import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import pytest
from worlds.xlsb import ERROR, FORMULA_ERROR, xlsb

import simlab as sl
from simlab.catalog.columns import required
from simlab.catalog.files.sheet import look
from simlab.catalog.files.workbook import read_workbook
from simlab.errors import InvalidInputError
from simlab.study import TableSource

BOOKS = Path(__file__).parent / "books"
NAMES = ["b1900.xls", "b1904.xls", "b1900.ods", "b1904.ods", "b1900.xlsb", "b1904.xlsb"]
HEAD = ["sku", "location", "unit_cost", "lead_time"]
DAYS = [dt.date(2025, 1, day) for day in range(1, 29)]
SHEETS = {
    "Items": [HEAD, ["00123", "shop", 2.5, 7], [456, "shop", 3, 7]],
    "Demand": [
        ["sku", "location", "date", "quantity"],
        *(["00123", "shop", day, k] for k, day in enumerate(DAYS)),
    ],
    "Errors": [HEAD, ["a", "shop", ERROR, 7], ["b", "shop", 4, 7]],
    "Merged": [HEAD, ["a", "shop", 1, 7], ["b", None, 1, 7]],
}
HIDDEN = "an error, or a formula never computed, reads as an empty cell"


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The folder of all of them."""
    folder = tmp_path_factory.mktemp("books")
    for name in NAMES:
        binary = name.endswith(".xlsb")
        data = xlsb(SHEETS, since_1904="1904" in name) if binary else (BOOKS / name).read_bytes()
        (folder / name).write_bytes(data)
    return folder


def read(file, sheet, table="items"):
    source = TableSource(path=file.name, sheet=sheet)
    return read_workbook(file, table, source, required(table))


@pytest.mark.parametrize("name", NAMES)
def test_ids_that_are_text_keep_their_zeros_and_numbers_lose_their_point(name, books):
    table = read(books / name, "Items")
    assert table.findings.problems == []
    assert table.columns["sku"].values == ("00123", "456")
    assert table.columns["unit_cost"].values == ("2.5", "3")
    assert table.columns["lead_time"].values == ("7",)


@pytest.mark.parametrize("name", NAMES)
def test_dates_of_both_calendars_are_the_same_days(name, books):
    days = read(books / name, "Demand", "demand").columns["date"].values
    assert days == tuple(f"2025-01-{day:02d}" for day in range(1, 29))


@pytest.mark.parametrize("name", NAMES)
def test_sheets_are_named_where_there_are_several(name, books):
    problem = read(books / name, None).findings.problems[0]
    assert "has 4 sheets: Items, Demand, Errors, Merged" in problem.message


def loaded(file, sheet, folder):
    """A study whose items are a sheet of the workbook."""
    name = file.name
    (folder / name).write_bytes(file.read_bytes())
    lines = [f"{sku},shop,2025-01-{day:02d},1" for sku in "ab" for day in range(1, 29)]
    (folder / "demand.csv").write_text("sku,location,date,quantity\n" + "\n".join(lines) + "\n")
    study = folder / "study.toml"
    items = f'[data.items]\npath = "{name}"\nsheet = "{sheet}"\n'
    study.write_text(f'{items}[data.demand]\npath = "demand.csv"\n[lead_times]\nlaw = "fixed"\n')
    return sl.load(study)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_in_a_required_cell_is_refused_and_said_to_be_one_or_perhaps_one(name, tmp_path, books):
    with pytest.raises(InvalidInputError) as refused:
        loaded(books / name, "Errors", tmp_path)
    said = str(refused.value)
    if name.endswith(".xls"):
        assert f"{name} [Errors]:2 column 'unit_cost': the cell is empty" in said
        assert HIDDEN in said
    else:
        assert f"{name} [Errors]:2 column 'unit_cost': cell C2 holds the error #" in said


@pytest.mark.parametrize("name", NAMES)
def test_merged_cells_are_refused(name, tmp_path, books):
    """The .xlsb here says nothing of it: but for the first they are empty, and a location is required."""
    with pytest.raises(InvalidInputError) as refused:
        loaded(books / name, "Merged", tmp_path)
    said = "column 'location': the cell is empty" if name.endswith(".xlsb") else "cells B2:B3 are merged"
    assert said in str(refused.value)


MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="%s"/></manifest:manifest>"""
OPTIONAL = [[*HEAD, "category"], ["a", "shop", 1, 7, "bolts"], ["b", "shop", 2, 7, None]]


def ods(file, rows):
    """A workbook .ods of one sheet; a cell is an attribute's text and a word."""
    spaces = {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    }
    lines = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    body = f'<office:body><office:spreadsheet><table:table table:name="Items">{lines}</table:table>'
    named = " ".join(f'xmlns:{name}="{space}"' for name, space in spaces.items())
    ends = "</office:spreadsheet></office:body></office:document-content>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("META-INF/manifest.xml", MANIFEST % kind)
        archive.writestr("content.xml", f"<office:document-content {named}>{body}{ends}")


def cell(value, more=""):
    """A cell of .ods."""
    if value is None:
        return "<table:covered-table-cell/>"
    kind = "string" if isinstance(value, str) else f'float" office:value="{value}'
    return f'<table:table-cell office:value-type="{kind}" {more}><text:p>{value}</text:p></table:table-cell>'


@pytest.mark.parametrize("kind", ["xlsb", "ods"])
@pytest.mark.parametrize(("corner", "said"), [((1, 4, 2, 4), "E2:E3"), ((1, 3, 1, 4), "D2:E2")])
def test_merged_cells_of_an_optional_column_are_refused_as_well(kind, corner, said, tmp_path):
    """Read as empty, the second item would have no category, and nobody would know."""
    file = tmp_path / f"own.{kind}"
    if kind == "xlsb":
        file.write_bytes(xlsb({"Items": OPTIONAL}, merged=[corner]))
    else:
        row, column, last, right = corner
        down, over = last - row + 1, right - column + 1
        spans = f'table:number-rows-spanned="{down}" table:number-columns-spanned="{over}"'
        ods(
            file,
            [
                [cell(one, spans if (k, j) == (row, column) else "") for j, one in enumerate(line)]
                for k, line in enumerate(OPTIONAL)
            ],
        )
    with pytest.raises(InvalidInputError, match=f"cells {said} are merged"):
        loaded(file, "Items", tmp_path)


def test_a_title_over_the_table_is_nobody_s(tmp_path):
    file = tmp_path / "own.xlsb"
    title = ["All articles", *[None] * 4]
    file.write_bytes(xlsb({"Items": [title, *OPTIONAL]}, merged=[(0, 0, 0, 4)]))
    assert read(file, "Items").findings.problems == []


@pytest.mark.parametrize("given", [ERROR, FORMULA_ERROR])
def test_an_error_in_an_optional_cell_of_a_binary_workbook_is_refused(given, tmp_path):
    file = tmp_path / "own.xlsb"
    file.write_bytes(xlsb({"Items": [*OPTIONAL[:2], [*OPTIONAL[2][:4], given]]}))
    said = "#N/A" if given is ERROR else "#DIV/0!"
    with pytest.raises(InvalidInputError, match=f"cell E3 holds the error {said}"):
        loaded(file, "Items", tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('calcext:value-type="error"', "the error #REF!"),
        ('table:formula="of:=[.A1]/0"', "the error #REF!"),
    ],
)
def test_an_error_in_an_optional_cell_of_an_open_document_is_refused(more, said, tmp_path):
    """LibreOffice marks errors by an attribute of its own, others write the error's name beside a formula."""
    file = tmp_path / "own.ods"
    rows = [[cell(one) for one in line] for line in OPTIONAL[:2]]
    ods(file, [*rows, [*[cell(one) for one in OPTIONAL[2][:4]], cell("#REF!", more)]])
    with pytest.raises(InvalidInputError, match=f"cell E3 holds {said}"):
        loaded(file, "Items", tmp_path)


def test_a_formula_that_an_open_document_never_computed_is_refused(tmp_path):
    file = tmp_path / "own.ods"
    bare = '<table:table-cell table:formula="of:=[.A1]"/>'
    rows = [[cell(one) for one in line] for line in OPTIONAL[:2]]
    ods(file, [*rows, [*[cell(one) for one in OPTIONAL[2][:4]], bare]])
    with pytest.raises(InvalidInputError, match="cell E3 holds a formula that was never computed"):
        loaded(file, "Items", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_torn_workbook_is_said(name, tmp_path, books):
    data = (books / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    source = TableSource(path=name, sheet="Items")
    found = read_workbook(tmp_path / name, "items", source, required("items"))
    assert found.findings.problems
    assert not np.any(found.n_rows)


def test_a_formula_s_error_in_a_binary_workbook_is_named(tmp_path):
    sheets = {"Items": [HEAD, ["a", "shop", FORMULA_ERROR, 7], ["b", "shop", 4, 7]]}
    (tmp_path / "own.xlsb").write_bytes(xlsb(sheets))
    with pytest.raises(InvalidInputError, match="cell C2 holds the error #DIV/0!"):
        loaded(tmp_path / "own.xlsb", "Items", tmp_path)


def test_binary_workbooks_hold_letters_of_every_script_and_large_numbers(tmp_path):
    (tmp_path / "own.xlsb").write_bytes(xlsb({"Items": [HEAD, ["Öl-№7", "東", 1234567.25, 0]]}))
    columns = read(tmp_path / "own.xlsb", "Items").columns
    assert [columns[name].values for name in HEAD] == [("Öl-№7",), ("東",), ("1234567.25",), ("0",)]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(".xls")])
def test_how_far_the_cells_reach_is_known_before_they_are_laid_out(name, books, monkeypatch):
    """Every row up to the last in every column up to the last is laid out: a far blank asks for terabytes."""
    seen = look(books / name, "Items")
    assert (seen.rows, seen.columns, seen.fault) == (3, len(HEAD), "")
    monkeypatch.setattr("simlab.catalog.files.workbook.MOST_CELLS", 11)
    [problem] = read(books / name, "Items").findings.problems
    assert "reaches to D3: 12 cells, at most 11 are read" in problem.message


COMMENT = "<office:annotation><text:p>who did this?</text:p></office:annotation>"


@pytest.mark.parametrize(
    ("inside", "said"),
    [(f"{COMMENT}<text:p>#DIV/0!</text:p>", "#DIV/0!"), ("<text:p>Err:502</text:p>", "Err:502")],
)
def test_an_error_is_seen_beside_a_comment_and_where_it_has_a_number_alone(inside, said, tmp_path):
    """Read as texts, they were a category of the name "#DIV/0!" or "Err:502"."""
    broken = (
        f'<table:table-cell table:formula="of:=1/0" office:value-type="string">{inside}</table:table-cell>'
    )
    rows = [[cell(one) for one in line] for line in OPTIONAL[:2]]
    ods(tmp_path / "own.ods", [*rows, [*[cell(one) for one in OPTIONAL[2][:4]], broken]])
    with pytest.raises(InvalidInputError, match=f"cell E3 holds the error {said}"):
        loaded(tmp_path / "own.ods", "Items", tmp_path)


def test_an_error_repeated_over_columns_is_seen_where_only_the_second_is_read(tmp_path):
    repeated = 'calcext:value-type="error" table:number-columns-repeated="2"'
    head = [*[cell(one) for one in HEAD], "<table:table-cell/>", cell("category")]
    line = [*[cell(one) for one in OPTIONAL[1][:4]], cell("#N/A", repeated)]
    ods(tmp_path / "own.ods", [head, line])
    said = [one.message for one in read(tmp_path / "own.ods", "Items").findings.problems]
    assert "cell F2 holds the error #N/A" in said
