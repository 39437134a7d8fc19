"""Tables for terminals of any width."""

from __future__ import annotations

import io
import json
import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlab.cli.ending import tolerate_terminals
from simlab.cli.tables import number, plain, print_json, print_sentences, print_table, records

WIDE = pd.DataFrame(
    {
        "plan": ["segmented", "uniform"],
        "segment": ["A-X", "(all)"],
        "fill_rate": [0.951, 0.94],
        "fill_rate_low": [0.949, np.nan],
        "fill_rate_high": [0.953, np.nan],
        **{f"column_number_{i}": [1000 * i + 1, 1000 * i + 2] for i in range(12)},
        "statement": ["a long sentence that says what was seen " * 3, "short"],
    }
)


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table too wide goes on below, with the columns that name the row repeated."""
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(WIDE, "Segments")
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= columns
    for i in range(12):
        assert f"{1000 * i + 1:,}" in out
    assert out.count("Segments") == 1


def test_headings_are_broken_before_a_table_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Long names over short numbers take no second table."""
    monkeypatch.setenv("COLUMNS", "60")
    print_table(
        pd.DataFrame({"plan": ["a", "b"], **{f"percent_vs_number_{i}": [0.01, -0.2] for i in range(4)}})
    )
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith(("a ", "b "))]) == 2
    assert max(map(len, lines)) <= 60
    assert any("1.0%" in line and line.count("%") == 4 for line in lines)


def test_rows_of_a_split_table_are_numbered_where_their_names_are_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three rows "demand" in three tables below each other cannot be matched by their name."""
    monkeypatch.setenv("COLUMNS", "50")
    wide = {f"column_{i}": [10**12 + i, 10**12, 10**12] for i in range(5)}
    print_table(pd.DataFrame({"table": ["demand"] * 3, **wide}))
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines() if " demand " in f" {line} "]
    assert len(rows) > 3
    assert {tuple(row) for row in rows} == {("1", "demand"), ("2", "demand"), ("3", "demand")}


def test_a_pipe_gets_one_line_per_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """grep and awk see whole rows when no width is set."""
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(WIDE)
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if line.startswith(("segmented", "uniform"))]) == 2


def test_sentences_wrap_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A narrow terminal cuts no word, a pipe gets a sentence per line."""
    sentences = ["The plan by segment ties up 5.0 % less [4.1 %, 5.9 %] than one target for all.", "Short."]
    monkeypatch.setenv("COLUMNS", "60")
    print_sentences(sentences)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert " ".join(line.strip() for line in lines) == " ".join(sentences)
    monkeypatch.delenv("COLUMNS")
    print_sentences(sentences)
    assert capsys.readouterr().out.splitlines() == sentences


def test_bounds_stand_beside_their_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(WIDE[["plan", "fill_rate", "fill_rate_low", "fill_rate_high"]])
    out = capsys.readouterr().out
    assert "95.1% [94.9%, 95.3%]" in out
    assert "fill_rate_low" not in out
    assert "[–" not in out


def test_bounds_get_digits_until_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """``95.0% [95.0%, 95.0%]`` would look certain; the whole column gets one more digit."""
    frame = pd.DataFrame(
        {
            "plan": ["a", "b"],
            "fill_rate": [0.95, 0.9],
            "fill_rate_low": [0.94998, 0.85],
            "fill_rate_high": [0.95002, 0.92],
        }
    )
    print_table(frame)
    out = capsys.readouterr().out
    assert "95.000% [94.998%, 95.002%]" in out
    assert "90.000% [85.000%, 92.000%]" in out


@pytest.mark.parametrize("columns", [50, 60, 70, 80])
def test_names_of_rows_are_never_broken(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name split over two lines reads as another name."""
    monkeypatch.setenv("COLUMNS", str(columns))
    bounds = {"fill_rate": [0.951], "fill_rate_low": [0.949], "fill_rate_high": [0.953]}
    money = {f"{name}_{i}": [1721029.0] for i in range(3) for name in ("holding_cost", "inventory_value")}
    print_table(pd.DataFrame({"plan": ["segmented"], **bounds, **money}))
    lines = capsys.readouterr().out.splitlines()
    parts = [line for line in lines if line.strip() and "─" not in line and not line.startswith(" ")]
    assert {line.split()[0] for line in parts} == {"plan", "segmented"}


def test_long_tables_are_cut_and_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(pd.DataFrame({"sku": [f"s{i}" for i in range(100)]}), rows_shown=10)
    out = capsys.readouterr().out
    assert "s9" in out
    assert "s10" not in out
    assert "90 more rows" in out


def test_a_column_without_content_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(pd.DataFrame({"check": ["python"], "advice": [""]}))
    assert "advice" not in capsys.readouterr().out


def test_an_empty_table_shows_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(pd.DataFrame({"sku": [], "fill_rate": []}))
    assert "fill_rate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (0.9996, "fill_rate", "99.96%"),
        (1.0, "fill_rate", "100.0%"),
        (0.999, "target", "99.9%"),
        (1234567.8, "holding_cost", "1,234,568"),
        (0.0123, "gap", "0.0123"),
        (12.5, "cost_a", "12.50"),
        (float("nan"), "gap", "–"),
        (pd.NA, "x", "–"),
        (pd.NaT, "x", "–"),
        (None, "x", "–"),
        (np.int64(12345), "n_items", "12,345"),
        (np.bool_(True), "chosen", "yes"),
        ("00123", "sku", "00123"),
        (np.array([0.9, 0.95]), "targets", "90.0% 95.0%"),
    ],
)
def test_cells_are_written_as_people_read_them(value: object, name: str, text: str) -> None:
    assert number(value, name) == text


def test_a_column_of_whole_numbers_has_no_decimals(capsys: pytest.CaptureFixture[str]) -> None:
    """pandas makes counts with a gap floats; they are counts all the same."""
    print_table(pd.DataFrame({"units": [3.0, 12889.0, np.nan], "value": [3.0, 425.57, np.nan]}))
    out = capsys.readouterr().out
    assert "12,889" in out
    assert "3.00" in out.split()
    assert "3" in out.split()


def test_rich_markup_in_data_is_just_text(capsys: pytest.CaptureFixture[str]) -> None:
    """An SKU may be called ``[red]``."""
    print_table(pd.DataFrame({"sku": ["[red]x[/red]"]}))
    assert "[red]x[/red]" in capsys.readouterr().out


@given(st.lists(st.floats() | st.integers() | st.text() | st.none() | st.booleans() | st.dates()))
def test_json_is_strict_whatever_is_in_a_table(values: list[object]) -> None:
    """No NaN or Infinity reaches a reader of JSON, no value makes it fail."""
    rows = records(pd.DataFrame({"x": pd.Series(values, dtype=object)}))
    text = json.dumps(rows, allow_nan=False)
    assert len(json.loads(text)) == len(values)


def test_plain_knows_numpy_and_dates() -> None:
    assert plain(
        {"a": np.arange(2), "b": date(2026, 1, 2), "c": (np.float64("inf"), np.datetime64("NaT"))}
    ) == {
        "a": [0, 1],
        "b": "2026-01-02",
        "c": [None, None],
    }


def test_an_ascii_terminal_gets_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash that the encoding lacks must not end a run of an hour."""
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="ascii"))
    tolerate_terminals()
    print_table(pd.DataFrame({"sku": ["a"], "fill_rate": [float("nan")]}))
    print_json({"é": "–"})
    sys.stdout.flush()
    assert b"?" in screen.getvalue()


def test_sentences_end_before_the_table_and_say_how_many_more_there_are(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    said = [
        "One sentence of some thirty signs.",
        "It costs a little less or more, EUR 1,234 a year.",
        "Third.",
    ]
    print_sentences(said, 3)
    assert capsys.readouterr().out.split("\n") == [said[0], "2 more sentences: -v.", ""]
    print_sentences(said, 4, further=7)
    told = capsys.readouterr().out.split("\n")
    assert told[1:] == ["It costs a little less or more,", "  EUR 1,234 a year.", "8 more sentences: -v.", ""]
    print_sentences(said)
    assert "Third." in capsys.readouterr().out


def test_zero_is_zero_and_orders_are_counted():
    assert number(0.0, "served_change") == "0"
    assert [number(one, "orders_per_year") for one in (818.82, 12.345)] == ["819", "12.3"]
