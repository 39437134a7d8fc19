"""Cells one by one: our grammar of numbers and dates, and what it refuses that Python would take."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlab.catalog.cells.dates import DateFormat, date_format_of, not_a_date, timed_formats_of
from simlab.catalog.cells.numerals import (
    PLAIN,
    Notation,
    not_a_number,
    notation_of,
    number_of,
    one_or_a_thousand,
    pattern,
)

CONTINENTAL = Notation(",", ".")


def number(cell: str, notation: Notation = PLAIN) -> Decimal | None:
    return number_of(cell, notation, pattern(notation))


@pytest.mark.parametrize(
    ("cell", "value"), [("12", 12), ("-7", -7), ("+3.50", "3.5"), (" 4 ", 4), (".5", "0.5"), ("007", 7)]
)
def test_plain_numbers(cell: str, value: object) -> None:
    assert number(cell) == Decimal(str(value))


@pytest.mark.parametrize(
    "cell",
    [
        "1_2",
        "١٢",
        "１２",
        "nan",
        "inf",
        "1e3",
        "1,5",
        "1 000",
        "0x10",
        "5.",
        "--1",
        "1-",
        "(7)",
        "20%",
        "€4",
        "",
    ],
)
def test_what_python_or_pandas_would_take_is_refused(cell: str) -> None:
    assert number(cell) is None
    assert not_a_number(cell, "demand", PLAIN).fix


@pytest.mark.parametrize(
    ("cell", "notation", "value"),
    [
        ("1,234", Notation(".", ","), "1234"),
        ("1,234,567.5", Notation(".", ","), "1234567.5"),
        ("1.234,5", CONTINENTAL, "1234.5"),
        ("4,50", CONTINENTAL, "4.5"),
        ("1\u202f234", Notation(".", " "), "1234"),
        ("1'234", Notation(".", "'"), "1234"),
    ],
)
def test_declared_notations(cell: str, notation: Notation, value: str) -> None:
    assert number(cell, notation) == Decimal(value)


@pytest.mark.parametrize("cell", ["1,23", "12,34,567", ",123", "1,2345", "1234,567"])
def test_groups_of_thousands_are_groups_of_three(cell: str) -> None:
    """pandas reads 1,5 with thousands="," as 15."""
    assert number(cell, Notation(".", ",")) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_written_numbers_read_back_in_every_notation(value: Decimal) -> None:
    text = f"{value:f}"
    assert number(text) == value
    assert number(f"{value:,f}", Notation(".", ",")) == value
    assert number(text.replace(".", ","), Notation(",")) == value


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["4,50", "7,50", "40"], ","),
        (["1,234", "4,5"], ","),
        (["1,234", "40"], "."),
        (["4,50", "7.50"], "."),
        (["4,50", "abc"], "."),
        (["40", "50"], "."),
        (["4,50", "", "NaN"], ","),
    ],
)
def test_decimal_commas_are_taken_only_if_proved(cells: list[str], decimal: str) -> None:
    found = notation_of(cells, decimal=".", thousands="", declared=False)
    assert (found.decimal, found.proved) == (decimal, decimal == ",")
    assert notation_of(cells, decimal=".", thousands="", declared=True) == Notation(declared=True)


@pytest.mark.parametrize(
    ("cells", "notation", "unsure"),
    [
        (["950", "1.000"], PLAIN, {"1.000"}),  # a thousand in German, one in English
        (["950.000", "1.000"], PLAIN, set()),  # three decimals in every cell
        (["950", "1.000.000"], PLAIN, set()),  # refused anyway
        (["950", "0.000", "10.00"], PLAIN, set()),
        (["950", "12,000"], Notation(","), {"12,000"}),
        (["950", "1.000"], Notation(".", declared=True), set()),
        (["950", "1.000"], CONTINENTAL, set()),
    ],
)
def test_one_or_a_thousand(cells: list[str], notation: Notation, unsure: set[str]) -> None:
    assert one_or_a_thousand(cells, notation) == unsure


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["2024-01-31", "2024-02-01"], "iso"),
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y"),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y"),
        (["31.01.2024"], "%d.%m.%Y"),
        (["20240131"], "%Y%m%d"),
        (["31.01.24"], "%d.%m.%y"),
        (["2-Jun-06", "30-SEP-13"], "%d-%b-%y"),
        (["02-Jun-2006"], "%d-%b-%Y"),
    ],
)
def test_formats_are_taken_if_proved(cells: list[str], name: str) -> None:
    form = date_format_of(cells, None)
    assert form.name == name
    assert all(form.reader()(cell) is not None for cell in cells)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["2010-12-01 08:26:00", "2011-01-31 00:00:00"], ["%Y-%m-%d %H:%M:%S"]),
        (["2010-12-01T08:26:00Z", "2011-01-31T23:59:59+0100"], ["%Y-%m-%dT%H:%M:%S%z"]),
        (["12/31/2010 8:26", "1/4/2011 10:00"], ["%m/%d/%Y %H:%M"]),
        (["31.12.2010 08:26"], ["%d.%m.%Y %H:%M"]),
        (["1/2/2010 8:26", "1/4/2011 10:00"], ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"]),
        (["2010-12-01 08:26:00", "2011-01-31"], []),
    ],
)
def test_times_of_day_are_recognised(cells: list[str], names: list[str]) -> None:
    """As tills and shops write them; the message gives the line that leaves the time out."""
    assert timed_formats_of(cells) == names
    fix = not_a_date(cells[0], "demand", DateFormat()).fix
    assert all(name in fix for name in names)


@pytest.mark.parametrize(
    ("cell", "says", "fix"),
    [
        ("202112", "is a month", 'date_format = "%Y%m"'),
        ("03/2021", "is a month", 'date_format = "%m/%Y"'),
        ("2022-W05", "is a week", "here 2022-01-31"),
        ("2022W52", "is a week", "here 2022-12-26"),
        ("2022-W77", "is not a date like", "%d/%m/%Y"),
        ("P01-2021", "is not a date like", "%d/%m/%Y"),
    ],
)
def test_months_and_weeks_are_told_the_line_that_reads_them(cell: str, says: str, fix: str) -> None:
    """`%d/%m/%Y` was offered for months as ERPs number them."""
    fault = not_a_date(cell, "demand", DateFormat())
    assert says in fault.message
    assert fix in fault.fix


def test_ambiguous_and_mixed_dates_are_refused() -> None:
    """02/01/2024 is 2 January or 1 February: nobody guesses."""
    form = date_format_of(["02/01/2024", "03/01/2024"], None)
    assert form.unsure == ("%d/%m/%Y", "%m/%d/%Y")
    assert "may be read as" in not_a_date("02/01/2024", "demand", form).message
    mixed = date_format_of(["2024-01-02", "03/01/2024"], None)
    assert mixed.reader()("03/01/2024") is None
    assert "as other rows are" in not_a_date("03/01/2024", "demand", mixed).message


@pytest.mark.parametrize(
    "cell",
    ["2024-02-30", "24-01-01", "2024-1-1", "２０２４-01-01", "2024-01-01 13:00", "45292", "", "2024-W01"],
)
def test_not_iso(cell: str) -> None:
    assert DateFormat().reader()(cell) is None


@pytest.mark.parametrize("cell", ["2024-02-29", " 2024-02-29", "2024-02-29 00:00:00", "2024-02-29T00:00"])
def test_iso(cell: str) -> None:
    assert DateFormat().reader()(cell) == dt.date(2024, 2, 29)


@given(st.dates(dt.date(1930, 1, 1), dt.date(2170, 1, 1)))
def test_serial_numbers_count_from_1900(day: dt.date) -> None:
    serial = (day - dt.date(1899, 12, 30)).days
    assert DateFormat("excel_serial").reader()(str(serial)) == day


def test_declared_patterns_cut_times_and_refuse_other_digits() -> None:
    read = DateFormat("%d.%m.%Y %H:%M").reader()
    assert read("31.01.2024 13:30") == dt.date(2024, 1, 31)
    assert DateFormat("%d.%m.%Y").reader()("٣١.٠١.٢٠٢٤") is None
