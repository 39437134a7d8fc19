"""Workbooks of other kinds, saved by a spreadsheet program (LibreOffice 7.4): the same cells as in .xlsx.

`books/` holds one made-up workbook as .xls and .ods, with dates counted from 1900 and from 1904. No program
at hand writes .xlsb: nothing of that kind is tested, it is read by the same library.
"""

from pathlib import Path

import numpy as np
import pytest

import simlab as sl
from simlab.catalog.columns import required
from simlab.catalog.files.workbook import read_workbook
from simlab.errors import InvalidInputError
from simlab.study import TableSource

BOOKS = Path(__file__).parent / "books"
NAMES = ["b1900.xls", "b1904.xls", "b1900.ods", "b1904.ods"]
HIDDEN = "an error, or a formula never computed, reads as an empty cell"


def read(name, sheet, table="items"):
    source = TableSource(path=name, sheet=sheet)
    return read_workbook(BOOKS / name, table, source, required(table))


@pytest.mark.parametrize("name", NAMES)
def test_ids_that_are_text_keep_their_zeros_and_numbers_lose_their_point(name):
    table = read(name, "Items")
    assert table.findings.problems == []
    assert table.columns["sku"].values == ("00123", "456")
    assert table.columns["unit_cost"].values == ("2.5", "3")
    assert table.columns["lead_time"].values == ("7",)


@pytest.mark.parametrize("name", NAMES)
def test_dates_of_both_calendars_are_the_same_days(name):
    days = read(name, "Demand", "demand").columns["date"].values
    assert days == tuple(f"2025-01-{day:02d}" for day in range(1, 29))


@pytest.mark.parametrize("name", NAMES)
def test_sheets_are_named_where_there_are_several(name):
    problem = read(name, None).findings.problems[0]
    assert "has 4 sheets: Items, Demand, Errors, Merged" in problem.message


def loaded(name, sheet, folder):
    """A study whose items are a sheet of the workbook."""
    (folder / name).write_bytes((BOOKS / name).read_bytes())
    lines = [f"{sku},shop,2025-01-{day:02d},1" for sku in "ab" for day in range(1, 29)]
    (folder / "demand.csv").write_text("sku,location,date,quantity\n" + "\n".join(lines) + "\n")
    study = folder / "study.toml"
    items = f'[data.items]\npath = "{name}"\nsheet = "{sheet}"\n'
    study.write_text(f'{items}[data.demand]\npath = "demand.csv"\n[lead_times]\nlaw = "fixed"\n')
    return sl.load(study)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_in_a_required_cell_is_refused_and_said_to_be_one_perhaps(name, tmp_path):
    with pytest.raises(InvalidInputError) as refused:
        loaded(name, "Errors", tmp_path)
    said = str(refused.value)
    assert f"{name} [Errors]:2 column 'unit_cost': the cell is empty" in said
    assert HIDDEN in said


@pytest.mark.parametrize("name", NAMES)
def test_merged_cells_are_refused(name, tmp_path):
    """.xls says which are merged; in .ods all but the first are empty, and a location is required."""
    with pytest.raises(InvalidInputError) as refused:
        loaded(name, "Merged", tmp_path)
    said = "cells B2:B3 are merged" if name.endswith(".xls") else "column 'location': the cell is empty"
    assert said in str(refused.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_torn_workbook_is_said(name, tmp_path):
    data = (BOOKS / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    source = TableSource(path=name, sheet="Items")
    found = read_workbook(tmp_path / name, "items", source, required("items"))
    assert found.findings.problems
    assert not np.any(found.n_rows)
