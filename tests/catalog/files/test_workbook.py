"""Sheets of workbooks: ids, dates and formulas are read right, or refused with their cell."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xlsxwriter

import simlab as sl
from simlab.catalog.columns import required
from simlab.catalog.files.workbook import read_workbook
from simlab.errors import InvalidInputError, UsageError
from simlab.study import TableSource

HEAD = ["sku", "location", "unit_cost", "lead_time"]


def book(
    path: Path, rows: list[list[object]], *, sheet: str = "Items", head: int = 0, old: bool = False
) -> Path:
    """A workbook of one sheet: a header in row `head`, rows below; dates by the 1904 calendar if `old`."""
    with xlsxwriter.Workbook(str(path), {"date_1904": old}) as made:
        page = made.add_worksheet(sheet)
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    page.write_datetime(head + at, place, cell, day)
                elif isinstance(cell, str) and cell.startswith("="):
                    page.write_formula(head + at, place, cell, None, {"=1/0": "#DIV/0!"}.get(cell, 7))
                elif cell is not None:
                    page.write(head + at, place, cell)
    return path


def read(path: Path, **source: object):
    return read_workbook(path, "items", TableSource(path=path.name, **source), required("items"))


def test_ids_stay_as_they_are_and_numbers_lose_their_point(tmp_path: Path) -> None:
    """calamine gives 123.0 for 123; a text cell keeps its zeros."""
    rows = [HEAD, [123, "shop", 2.5, 7], ["00123", "shop", 3, 7]]
    table = read(book(tmp_path / "b.xlsx", rows))
    assert table.findings.problems == []
    assert table.columns["sku"].values == ("123", "00123")
    assert table.columns["unit_cost"].values == ("2.5", "3")


def test_a_title_above_the_header_and_empty_rows_do_not_matter(tmp_path: Path) -> None:
    """Exports begin with a title; messages count lines as the spreadsheet shows them."""
    path = book(tmp_path / "b.xlsx", [HEAD, ["a", "shop", 1, 7], [], ["b", "shop", None, 7]], head=3)
    table = read(path)
    assert table.n_rows == 2
    assert table.findings.lines(np.array([0, 1])).tolist() == [5, 7]


@pytest.mark.parametrize("old", [False, True])
def test_dates_of_both_calendars(tmp_path: Path, old: bool) -> None:
    """1900 and 1904: the same day."""
    rows = [["sku", "location", "date", "quantity"], ["a", "shop", dt.datetime(2025, 1, 6), 3]]
    table = read_workbook(
        book(tmp_path / "b.xlsx", rows, old=old), "demand", TableSource(path="b.xlsx"), required("demand")
    )
    assert table.columns["date"].values == ("2025-01-06",)


@pytest.mark.parametrize(
    ("cell", "said"), [("=1/0", "cell C3 holds the error #DIV/0!"), (2.0**60, "beyond 2\\^53")]
)
def test_what_is_no_number_is_refused_with_its_cell(tmp_path: Path, cell: object, said: str) -> None:
    """An error reads as an empty cell in calamine; a number beyond 2^53 has lost digits."""
    rows = [HEAD, ["a", "shop", 1, 7], ["b", "shop", cell, 7]]
    with pytest.raises(InvalidInputError, match=said):
        _load(book(tmp_path / "b.xlsx", rows))


def _load(path: Path):
    study = path.with_name("study.toml")
    demand = '[data.demand]\npath = "demand.csv"\n[lead_times]\nlaw = "fixed"\n'
    text = f'[data.items]\npath = "{path.name}"\n{demand}'
    study.write_text(text)
    lines = [f"{sku},shop,2025-01-{day:02d},1" for sku in "ab" for day in range(1, 29)]
    path.with_name("demand.csv").write_text("sku,location,date,quantity\n" + "\n".join(lines) + "\n")
    return sl.load(study)


BY_EXCEL, BY_PROGRAM, TEXT_OF_NOTHING = "<f>A9+1</f>", "<f>A9+1</f><v />", '<f>""</f><v></v>'


def _with_formula(tmp_path: Path, kind: str, cell: str) -> Path:
    """Cell C2 of an optional column and of a needed one as another program writes it."""
    rows = [[*HEAD, "moq"], ["a", "shop", 1, 7, "=A9+1"], ["b", "shop", 1, 7, 3]]
    path, bare = book(tmp_path / "a.xlsx", rows), tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bare, "w") as new:
        for part in old.namelist():
            data = old.read(part).replace(
                b'<c r="E2"><f>A9+1</f><v>7</v>', f'<c r="E2"{kind}>{cell}'.encode()
            )
            new.writestr(part, data)
    return bare


@pytest.mark.parametrize("cell", [BY_EXCEL, BY_PROGRAM])
def test_a_formula_that_was_never_computed_is_refused(tmp_path: Path, cell: str) -> None:
    """Written by a program, never opened: a formula, and no value or an empty one."""
    with pytest.raises(InvalidInputError, match=r"b.xlsx \[Items\]:2 .*cell E2 holds a formula"):
        _load(_with_formula(tmp_path, "", cell))


def test_a_formula_that_gives_an_empty_text_is_an_empty_cell(tmp_path: Path) -> None:
    data = _load(_with_formula(tmp_path, ' t="str"', TEXT_OF_NOTHING))
    assert np.isnan(data.catalog.numbers["moq"][0])


def test_a_truth_in_a_column_of_numbers_is_no_number(tmp_path: Path) -> None:
    """TRUE was read as 1: a cost of one euro that nobody wrote."""
    table = read(book(tmp_path / "b.xlsx", [HEAD, ["a", "shop", True, 7]]))
    assert table.columns["unit_cost"].values == ("TRUE",)


def test_a_blank_in_the_last_cell_of_a_sheet_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """It ended in 134: the reader of cells asked for half a terabyte."""
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        page = made.add_worksheet("Items")
        for place, head in enumerate(HEAD):
            page.write(0, place, head)
        page.write(1_048_575, 16_383, " ")
    [problem] = read(path).findings.problems
    assert "reaches to XFD1048576: 17,179,869,184 cells" in problem.message
    assert "Ctrl+End" in problem.fix


def test_what_stands_above_and_beside_the_table_is_told(tmp_path: Path) -> None:
    row = ["a", "shop", 1, 7, None, None, "call Bob"]
    path = book(tmp_path / "b.xlsx", [["Stock of May"], HEAD, row])
    table = read(path)
    assert table.findings.problems == []
    assert table.notes == [
        ("cells above the table", "not read: 1, such as A1 (Stock of May)"),
        ("cells beside the table", "not read: 1, such as G3 (call Bob)"),
    ]


@pytest.mark.parametrize("place", [2, 4])
def test_a_column_of_the_table_without_a_heading_is_refused(tmp_path: Path, place: int) -> None:
    """In the middle and at its edge; it was left out without a word."""
    head, row = list[object](HEAD), list[object](["a", "shop", 1, 7])
    head.insert(place, None)
    row.insert(place, "x")
    [problem] = read(book(tmp_path / "b.xlsx", [head, row])).findings.problems
    assert "a column with values has no name" in problem.message


def test_a_cell_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """The second one won, whatever it was."""
    made = book(tmp_path / "made.xlsx", [HEAD, ["a", "shop", 1, 7]])
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<c r="D2"', b'<c r="C2"'))
    [problem, *_] = read(path).findings.problems
    assert "cell C2 holds two values" in problem.message


def test_merged_cells_below_the_header_are_refused(tmp_path: Path) -> None:
    """One value for several rows: whose is it? A merged title is nobody's."""
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        page = made.add_worksheet("Items")
        page.merge_range(0, 0, 0, 3, "All articles")
        page.write_row(1, 0, HEAD)
        page.merge_range(2, 1, 3, 1, "shop")
        for row, sku in ((2, "a"), (3, "b")):
            page.write(row, 0, sku)
            page.write(row, 2, 1)
            page.write(row, 3, 7)
    with pytest.raises(InvalidInputError, match="cells B3:B4 are merged"):
        _load(path)


def test_an_id_that_excel_shortened_is_refused(tmp_path: Path) -> None:
    """1.23E+12 was an article number once."""
    with pytest.raises(InvalidInputError, match="shortened"):
        _load(book(tmp_path / "b.xlsx", [HEAD, ["1.23E+12", "shop", 1, 7], ["b", "shop", 1, 7]]))


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (123, "1 of 2 are numbers in the workbook, such as 123 in A3"),
        (1.23e12, "such as 1230000000000 in A3"),
        (
            dt.datetime(2024, 5, 1),
            "1 of 2 are numbers, dates or truths in the workbook, such as 2024-05-01 in A3",
        ),
        (True, "such as TRUE in A3"),
    ],
)
def test_single_ids_that_a_spreadsheet_turned_are_named(tmp_path: Path, cell: object, said: str) -> None:
    """MAY-1 became a date, 00123 a number, 123E10 a large one, among others that stayed text."""
    table = read(book(tmp_path / "b.xlsx", [HEAD, ["00124", "shop", 1, 7], [cell, "shop", 1, 7]]))
    assert table.findings.problems == []
    assert [said in what for about, what in table.notes if about == "ids of column 'sku'"] == [True]


def test_a_hidden_sheet_and_a_header_far_below_are_called_so(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        made.add_worksheet("Readme")
        page = made.add_worksheet("Items")
        page.write_row(0, 0, HEAD)
        page.hide()
    assert "its sheet 'Items' is hidden" in read(path, sheet="Items").findings.problems[0].message
    far = read(book(tmp_path / "far.xlsx", [HEAD, ["a", "shop", 1, 7]], head=40))
    assert "no header in the first 30 rows" in far.findings.problems[0].message


def test_sheets_are_named_where_there_are_several(tmp_path: Path) -> None:
    """No guess which of two sheets is meant; a wrong name shows the right ones."""
    path = tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        for name in ("Readme", "Items"):
            made.add_worksheet(name).write_row(0, 0, HEAD)
    assert "has 2 sheets: Readme, Items" in read(path).findings.problems[0].message
    assert "has no sheet 'items'" in read(path, sheet="items").findings.problems[0].message
    assert read(path, sheet="Items").findings.problems == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"sku;location\n"])
def test_what_is_no_workbook_is_said(tmp_path: Path, content: bytes) -> None:
    """A text or a torn file under the name of a workbook."""
    path = tmp_path / "b.xlsx"
    path.write_bytes(content)
    (problem,) = read(path).findings.problems
    assert "cannot be read as a workbook" in problem.message


def test_an_archive_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    """Its size stands in its own table of contents."""
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    (problem,) = read(path).findings.problems
    assert "would unpack" in problem.message


def test_a_book_of_an_erp_becomes_a_study(tmp_path: Path) -> None:
    """German headings, a title row, sheets under any name: found by their columns, then checked."""
    path = tmp_path / "export.xlsx"
    days = [dt.datetime(2025, 1, 6) + dt.timedelta(days=7 * k) for k in range(60)]
    with xlsxwriter.Workbook(str(path)) as made:
        day = made.add_format({"num_format": "dd.mm.yyyy"})
        page = made.add_worksheet("Stamm")
        page.write(0, 0, "Materialstamm 2025")
        page.write_row(2, 0, ["Material", "Werk", "Einstandspreis", "Wiederbeschaffungszeit", "Lieferant"])
        page.write_row(3, 0, ["000100", "W1", 4.2, 14, "Nord"])
        sales = made.add_worksheet("Verbrauch")
        sales.write_row(0, 0, ["Material", "Werk", "Datum", "Menge"])
        for row, one in enumerate(days, start=1):
            sales.write_row(row, 0, ["000100", "W1"])
            sales.write_datetime(row, 2, one, day)
            sales.write(row, 3, row % 5)
    (study,) = sl.api.init(tmp_path / "mine", book=path)
    text = study.read_text("utf-8")
    assert 'sheet = "Stamm"' in text
    assert 'sheet = "Verbrauch"' in text
    assert 'sku = "Material"' in text
    assert sl.load(study).catalog.sku == ("000100",)


def test_the_headings_of_a_german_material_master_are_understood(tmp_path: Path) -> None:
    """Labels as SAP shows them; columns of receipts tell their material, too."""
    path = tmp_path / "export.xlsx"
    days = [f"{k % 28 + 1:02d}.{k // 28 % 12 + 1:02d}.2025" for k in range(84)]
    with xlsxwriter.Workbook(str(path)) as made:
        sheets = {
            "Deckblatt": [["Auswertung", "30.11.2025"]],
            "Stamm": [
                *(["Materialstamm"], []),
                [
                    *("Material-Nr.", "Materialkurztext", "Werk", "Lieferanten-Nr.", "Standardpreis"),
                    *("Planlieferzeit in Tagen", "Rundungswert", "Mindestlosgröße", "Höchstbestand"),
                ],
                ["000100", "Schraube", "W1", "K1", 4.2, 14, 5, 10, 60],
            ],
            "Abgang": [
                ["Materialnummer", "Werk", "Belegdatum", "Verbrauchsmenge"],
                *(["000100", "W1", day, 3] for day in days),
            ],
            "Eingang": [
                ["Material", "Werk", "Kreditor", "Bestelldatum", "Wareneingangsdatum", "Bestellmenge"],
                *(
                    ["000100", "W1", "K1", f"01.{k:02d}.2025", f"{12 + k}.{k:02d}.2025", 40]
                    for k in range(1, 10)
                ),
            ],
        }
        for name, rows in sheets.items():
            page = made.add_worksheet(name)
            for at, row in enumerate(rows):
                page.write_row(at, 0, row)
    (study,) = sl.api.init(tmp_path / "mine", book=path)
    text = study.read_text("utf-8")
    for pair in (
        *('sheet = "Stamm"', 'unit_cost = "Standardpreis"', 'lead_time = "Planlieferzeit in Tagen"'),
        *('pack_size = "Rundungswert"', 'moq = "Mindestlosgröße"', 'current_order_up_to = "Höchstbestand"'),
        *('date = "Belegdatum"', 'supplier = "Kreditor"', 'receipt_date = "Wareneingangsdatum"'),
        *('time_unit = "days"  # as the name', 'receipts]\npath = "../export.xlsx"\nsheet = "Eingang"'),
    ):
        assert pair in text
    data = sl.load(study)
    assert data.catalog.numbers["lead_time"].tolist() == [14]


def test_a_book_without_items_is_told_what_its_nearest_sheet_lacks(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Liste"], ["Material", "Werk", "Wert"], ["a", "W1", 4.2]]
    with pytest.raises(InvalidInputError) as refused:
        sl.api.init(tmp_path / "mine", book=book(tmp_path / "export.xlsx", rows))
    said = str(refused.value)
    assert "'Items' comes nearest: it has sku (Material), location (Werk) and lacks unit_cost" in said
    assert "rename the column that is it: Wert" in said


def test_a_template_is_a_workbook_that_says_what_goes_where(tmp_path: Path) -> None:
    """Sheets by table, every column explained; nothing is replaced; one way at a time."""
    import openpyxl

    from simlab.catalog.columns import TABLES

    files = sl.api.init(tmp_path / "mine", template=True)
    made = openpyxl.load_workbook(files[0])
    assert [cell.value for cell in made["items"][1]] == list(TABLES["items"])
    assert made["items"].data_validations.dataValidation
    explained = {(row[0], row[1]): row[4] for row in made["columns"].iter_rows(min_row=2, values_only=True)}
    assert explained["items", "unit_cost"]
    with pytest.raises(UsageError, match="exists already"):
        sl.api.init(tmp_path / "mine", template=True)
    with pytest.raises(UsageError, match="one of them at a time"):
        sl.api.init(tmp_path / "other", template=True, book=files[0])


def test_every_column_has_a_meaning() -> None:
    """The template and the documentation explain each column that simlab knows."""
    from simlab.catalog.columns import TABLES
    from simlab.catalog.meanings import MEANINGS

    for table, meanings in MEANINGS.items():
        assert set(meanings) == set(TABLES[table])
