"""A column per period, no column for the only place: read as if the rows had been written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.errors import InvalidInputError

WEEKS = pd.date_range("2023-01-02", periods=60, freq="W-MON")
ITEMS = pd.DataFrame({"sku": ["A", "B"], "location": "HUB", "unit_cost": [3.0, 5.0], "lead_time": 7})
LONG = pd.DataFrame(
    [
        (sku, "HUB", day, quantity)
        for sku, seed in (("A", 1), ("B", 2))
        for day, quantity in zip(WEEKS, np.random.default_rng(seed).poisson(4, WEEKS.size), strict=True)
    ],
    columns=["sku", "location", "date", "quantity"],
)
WIDE_STUDY = {"data": {"demand": {"layout": "wide"}}}
ONE_PLACE = {"data": {"location": "HUB", "demand": {"layout": "wide"}}}


def wide(pattern: str = "%Y-%m-%d") -> pd.DataFrame:
    table = LONG.assign(date=LONG["date"].dt.strftime(pattern))
    return table.pivot(index=["sku", "location"], columns="date", values="quantity").reset_index()


def load(items: pd.DataFrame, demand: pd.DataFrame, **data: object):
    study = {"study": {"period": "week"}, **data}
    return sl.load_frames(items, demand, study=study).catalog


def same(one, other) -> bool:
    return bool((one.demand.date == other.demand.date).all()) and bool(
        (one.demand.quantity == other.demand.quantity).all()
    )


def test_a_column_per_period_reads_as_rows() -> None:
    rows, columns = load(ITEMS, LONG), load(ITEMS, wide(), **WIDE_STUDY)
    order = np.lexsort((columns.demand.date, columns.demand.item))
    back = np.lexsort((rows.demand.date, rows.demand.item))
    assert (columns.demand.date[order] == rows.demand.date[back]).all()
    assert (columns.demand.quantity[order] == rows.demand.quantity[back]).all()


def test_tables_without_a_location_are_of_the_one_place() -> None:
    named = load(ITEMS, wide(), **WIDE_STUDY)
    placeless = load(ITEMS.drop(columns="location"), wide().drop(columns="location"), **ONE_PLACE)
    assert same(named, placeless)
    assert list(placeless.location) == ["HUB", "HUB"]


def test_an_empty_cell_is_no_row_and_counted() -> None:
    table = wide().astype(object)
    table.loc[0, "2023-01-09"] = None
    read = load(ITEMS, table, **WIDE_STUDY)
    assert read.demand.date.size == 2 * WEEKS.size - 1
    assert "cells that are empty: 1" in str(read.quality)


def test_messages_name_the_line_and_the_column_of_the_period(tmp_path) -> None:
    table = wide().astype(object)
    table.loc[1, "2023-03-06"] = "many"
    table.to_csv(tmp_path / "wide.csv", index=False)
    ITEMS.to_csv(tmp_path / "items.csv", index=False)
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nperiod = "week"\n[data.items]\npath = "items.csv"\n'
        '[data.demand]\npath = "wide.csv"\nlayout = "wide"\n'
    )
    with pytest.raises(InvalidInputError) as refused:
        sl.load(study)
    (problem,) = refused.value.problems
    assert (problem.file, problem.row, problem.column) == ("wide.csv", 3, "2023-03-06")
    assert "'many'" in problem.message


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (LONG, "there is a column 'date'"),
        (wide().rename(columns=lambda name: name.replace("20", "W")), "no column is named by a date"),
    ],
)
def test_a_table_that_is_not_wide_is_refused(table: pd.DataFrame, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load(ITEMS, table, **WIDE_STUDY)
    assert said in str(refused.value)


def test_names_in_another_pattern_are_read_where_it_is_proved_or_said() -> None:
    said = {"data": {"demand": {"layout": "wide", "date_format": "%d/%m/%Y"}}}
    one, other = load(ITEMS, wide("%d.%m.%Y"), **WIDE_STUDY), load(ITEMS, wide("%d/%m/%Y"), **said)
    assert (
        sorted(one.demand.date.tolist())
        == sorted(other.demand.date.tolist())
        == sorted(load(ITEMS, LONG).demand.date.tolist())
    )


@pytest.mark.parametrize("name", ["2023-13-06", "KW 10", "Menge", "2023-03-0"])
def test_a_period_whose_name_is_no_date_is_refused_and_not_left_out(name: str) -> None:
    """Left out, it was a week in which nothing was sold; a total behind the last period is none."""
    with pytest.raises(InvalidInputError, match=f"'{name}' is not a date like '2023-01-02'"):
        load(ITEMS, wide().rename(columns={"2023-03-06": name}), **WIDE_STUDY)
    total = wide().assign(Summe=7)
    assert same(load(ITEMS, wide(), **WIDE_STUDY), load(ITEMS, total, **WIDE_STUDY))


def test_a_sku_twice_where_all_is_at_one_place_may_have_a_column_that_tells_the_place() -> None:
    items = pd.DataFrame({"sku": ["a", "a"], "country": ["UK", "FR"], "unit_cost": 1.0, "lead_time": 7})
    sales = pd.DataFrame({"sku": ["a"], "date": ["2024-01-01"], "quantity": [1]})
    with pytest.raises(InvalidInputError, match=r'\[data.items\] columns = \{ location = "…" \}'):
        sl.load_frames(items, sales, study={"data": {"location": "MAIN"}})
