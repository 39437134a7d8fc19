"""Workbooks of other kinds, saved by a spreadsheet program (LibreOffice 7.4): the same cells as in .xlsx.

`books/` holds one made-up workbook as .xls and .ods, with dates counted from 1900 and from 1904. No program
at hand writes .xlsb: the same workbook of that kind is written record by record, as its published format says
(`worlds/xlsb.py`), without the blocks of fonts and widths that Excel adds.
"""

import datetime as dt
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from worlds.ods import cell, ods
from worlds.xlsb import ERROR, FORMULA_ERROR, xlsb

import simlab as sl
from simlab.catalog.columns import required
from simlab.catalog.files.compound import errors_of
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
def test_an_error_in_a_required_cell_is_refused_and_named(name, tmp_path, books):
    with pytest.raises(InvalidInputError) as refused:
        loaded(books / name, "Errors", tmp_path)
    said = str(refused.value)
    assert f"{name} [Errors]:2 column 'unit_cost': cell C2 holds the error #" in said


@pytest.mark.parametrize("name", NAMES)
def test_merged_cells_are_refused(name, tmp_path, books):
    """The .xlsb here says nothing of it: but for the first they are empty, and a location is required."""
    with pytest.raises(InvalidInputError) as refused:
        loaded(books / name, "Merged", tmp_path)
    said = "column 'location': the cell is empty" if name.endswith(".xlsb") else "cells B2:B3 are merged"
    assert said in str(refused.value)


OPTIONAL = [[*HEAD, "category"], ["a", "shop", 1, 7, "bolts"], ["b", "shop", 2, 7, None]]


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


@pytest.mark.parametrize(
    "text",
    [
        *("#WERT!", "#BEZUG!", "#NV", "#VALEUR!", "#NOM?", "#¡VALOR!", "#¿NOMBRE?", "#N/D", "#ЗНАЧ!", "#Н/Д"),
        *("#SPILL!", "#DIV/0!", "Err:508", "Erreur :522", "Fehler:502"),
    ],
)
@pytest.mark.parametrize("written", ["paragraph", "attribute"])
def test_errors_are_seen_in_every_language_where_nothing_marks_them(text, written, tmp_path):
    """Programs other than LibreOffice write an error's name alone, in the language of their user."""
    head = 'table:formula="of:=[.A1]+1" office:value-type="string"'
    inside = f"><text:p>{text}</text:p>" if written == "paragraph" else f' office:string-value="{text}">'
    rows = [[cell(one) for one in line] for line in OPTIONAL[:2]]
    broken = f"<table:table-cell {head}{inside}</table:table-cell>"
    ods(tmp_path / "own.ods", [*rows, [*[cell(one) for one in OPTIONAL[2][:4]], broken]])
    with pytest.raises(InvalidInputError, match=re.escape(f"cell E3 holds the error {text}")):
        loaded(tmp_path / "own.ods", "Items", tmp_path)


@pytest.mark.parametrize("text", ["#7 bolts", "# new!", "#A/B", "Lot:502", "why?", "#A-1"])
def test_texts_that_a_formula_gives_are_no_errors(text, tmp_path):
    made = cell(text, 'table:formula="of:=[.A1]"')
    rows = [[cell(one) for one in line] for line in OPTIONAL[:2]]
    ods(tmp_path / "own.ods", [*rows, [*[cell(one) for one in OPTIONAL[2][:4]], made]])
    table = read(tmp_path / "own.ods", "Items")
    assert table.findings.problems == []
    assert table.columns["category"].cell(1) == text


@pytest.mark.parametrize("name", ["b1900.xls", "b1904.xls"])
def test_an_error_in_an_optional_cell_of_an_old_workbook_is_refused(name, books):
    """A reader of cells shows it as empty; the records of the file tell."""
    renamed = {"unit_cost": "lead_time", "category": "unit_cost"}
    source = TableSource(path=name, sheet="Errors", columns=renamed)
    table = read_workbook(books / name, "items", source, required("items"))
    assert [one.message for one in table.findings.problems] == ["cell C2 holds the error #DIV/0!"]


def test_records_of_an_old_workbook_are_found_wherever_its_sectors_lie(tmp_path):
    """Errors typed in, sheets named in letters of two bytes, sectors out of order, a short stream."""
    for n_filler, mixed in ((0, False), (900, False), (900, True)):
        sheet = record(0x0809, struct.pack("<HH", 0x0600, 0x10)) + record(0x0204, bytes(8)) * n_filler
        chart = record(0x0809, struct.pack("<HH", 0x0600, 0x20)) + error(9, 9, 0x2A) + record(0x000A)
        sheet += chart + error(3, 1, 0x2A) + record(0x0205, struct.pack("<HHHBB", 4, 1, 0, 1, 0))
        sheet += record(0x0006, struct.pack("<HHHB1xB3xH", 5, 2, 0, 2, 0x17, 0xFFFF) + bytes(6)) + record(
            0x000A
        )
        name = "Stück №".encode("utf-16-le")
        head = record(0x0809, struct.pack("<HH", 0x0600, 0x05))
        n_head = len(head) + 4 + 8 + len(name) + 4
        head += record(0x0085, struct.pack("<IBBBB", n_head, 0, 0, len(name) // 2, 1) + name) + record(0x000A)
        assert len(head) == n_head
        data = compound(head + sheet + error(1, 1, 7), mixed)
        assert list(errors_of(data, "Stück №")) == [(3, 1, 0x2A), (5, 2, 0x17)]


def record(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def error(row, column, number):
    return record(0x0205, struct.pack("<HHHBB", row, column, 0, number, 1))


def compound(stream, mixed):
    """A compound file of one stream; `mixed`: its sectors in falling order."""
    free, end, size = 0xFFFFFFFF, 0xFFFFFFFE, 512
    short = len(stream) < 4096
    small = stream if short else b""
    body = stream + bytes(-len(stream) % size)
    n = len(body) // size
    order = list(range(3, 3 + n))[:: -1 if mixed else 1]
    follows = dict(zip(order, [*order[1:], end], strict=True))
    table = [0xFFFFFFFD, end, end] + [follows[k] for k in range(3, 3 + n)]
    fat = struct.pack("<128I", *table, *[free] * (128 - len(table)))
    n_small = -(-len(small) // 64)
    minis = [*range(1, n_small), end][:n_small]
    smalls = struct.pack("<128I", *minis, *[free] * (128 - n_small))
    root = entry("Root Entry", 5, order[0] if short else end, len(body) if short else 0)
    folder = root + entry("Workbook", 2, 0 if short else order[0], len(stream)) + bytes(256)
    parts = {0: fat, 1: folder, 2: smalls} | {
        place: body[k * size : (k + 1) * size] for k, place in enumerate(order)
    }
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6x", 62, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 2 if short else end, int(short), end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    assert len(header) == size
    return header + b"".join(parts[k] for k in sorted(parts))


def entry(name, kind, first, n_bytes):
    letters = name.encode("utf-16-le")
    head = letters.ljust(64, b"\0") + struct.pack("<HBB", len(letters) + 2, kind, 1)
    return head.ljust(116, b"\0") + struct.pack("<IQ", first, n_bytes)
