"""`data.<table>.where`: rows left out by the study are looked at by nothing, and counted."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.errors import InvalidInputError
from simlab.study import parse_study

FOUND = TESTS / "found" / "transfers-in-demand"


def transfers(tmp_path: Path, where: str) -> Path:
    for name in ("items.csv", "demand.csv"):
        (tmp_path / name).write_bytes((FOUND / name).read_bytes())
    text = (FOUND / "study.toml").read_text("utf-8")
    text = text.replace('path = "demand.csv"\n', f'path = "demand.csv"\nwhere = {where}\n')
    (tmp_path / "study.toml").write_text(text, "utf-8")
    return tmp_path / "study.toml"


def rows_of(kind: str) -> list[int]:
    """Quantities of one kind of row, read without simlab."""
    with (FOUND / "demand.csv").open(encoding="utf-8") as file:
        return [int(row["quantity"]) for row in csv.DictReader(file) if row["channel"] == kind]


@pytest.mark.parametrize(
    "where",
    [
        '{ channel = ["sale"] }',
        '{ channel = "sale" }',
        '{ channel = { none_of = ["transfer"] } }',
        '{ channel = "sale", quantity = { at_least = 0, below = 1e6 } }',
    ],
)
def test_transfers_are_no_demand_of_customers(tmp_path: Path, where: str) -> None:
    """Found: 12.45 a week of customers' demand, where the sum of all rows is 22.45."""
    sales, moved = rows_of("sale"), rows_of("transfer")
    data = sl.load(transfers(tmp_path, where))
    assert float(data.models.world.demand.mean[0]) == pytest.approx(np.mean(sales), rel=1e-3)
    assert np.mean(sales) == pytest.approx(12.45, abs=0.01)
    left_out = [entry for entry in data.quality.entries if entry.status == "filtered"]
    assert [(entry.rows, entry.units, entry.value) for entry in left_out] == [
        (len(moved), sum(moved), 15 * sum(moved))
    ]
    assert data.quality.read["demand"] == len(sales) + len(moved) == data.quality.rows("demand")
    assert "filtered" in data.quality.text()
    assert not any("not used" in entry.note for entry in data.quality.entries)


def test_doubles_that_a_column_tells_apart_name_the_option(tmp_path: Path) -> None:
    """Without the option the message gives the line to write."""
    path = transfers(tmp_path, "{}")
    with pytest.raises(InvalidInputError, match=r'where = \{ channel = \["sale"\] \}'):
        sl.load(path)


ITEMS = pd.DataFrame(
    {"sku": ["a", "b"], "location": "X", "unit_cost": [2.0, 3.0], "lead_time": 7, "status": ["live", "dead"]}
)


def demand(**more: list[object]) -> pd.DataFrame:
    days = pd.date_range("2025-01-01", periods=6)
    return pd.DataFrame(
        {"sku": list("ababab"), "location": "X", "date": days, "quantity": [1, 2, 3, 4, 5, 6]} | more
    )


def load(table: pd.DataFrame, where: dict[str, object], items: dict[str, object] | None = None) -> sl.Data:
    study = {
        "study": {"period": "day"},
        "data": {"demand": {"where": where}, "items": {"where": items or {}}},
    }
    return sl.load_frames(ITEMS, table, study=study)


@pytest.mark.parametrize(
    ("period", "where", "kinds"),
    [
        ("month", {"movement": [601, 261]}, (601, 261)),
        ("day", {"movement": {"none_of": [301, 551]}}, (601, 261)),
        ("week", {"movement": {"above": 500}, "quantity": {"at_least": 1}}, (601, 551)),
    ],
)
def test_movements_of_a_ledger_that_take_part_are_the_demand(period, where, kinds) -> None:
    """Four kinds of movement at once (sales, issues, transfers, scrap): the law's mean is a sum by hand."""
    rng = np.random.default_rng(8)
    every = [
        (str(day)[:10], kind, int(rng.poisson(mean)))
        for day in pd.date_range("2024-01-01", "2025-12-28" if period == "week" else "2025-12-31")
        for kind, mean in ((601, 6), (261, 2), (301, 40), (551, 1))
    ]
    table = pd.DataFrame(every, columns=["date", "movement", "quantity"]).assign(sku="a", location="X")
    study = {
        "study": {"period": period},
        "demand": {"life": "window"},
        "models": {"memory": "all"},
        "data": {"demand": {"where": where, "duplicates": "sum"}},
    }
    data = sl.load_frames(ITEMS.iloc[:1], table, study=study)
    wanted = sum(units for _, kind, units in every if kind in kinds)
    periods = {"month": 24, "day": 731, "week": 104}[period]
    assert data.history.quantity.sum() == wanted
    assert float(data.models.world.demand.mean[0]) == pytest.approx(wanted / periods, rel=1e-3)


def test_what_is_left_out_may_be_as_wrong_as_it_likes() -> None:
    """A quantity that is none, a date that is none and an unknown SKU: in rows that do not take part."""
    table = demand(type=["sale"] * 3 + ["note"] * 3)
    table["quantity"] = table["quantity"].astype(object)
    table["date"] = table["date"].dt.strftime("%Y-%m-%d")
    table.loc[3, ["sku", "date", "quantity"]] = ["ghost", "tomorrow", "see invoice"]
    data = load(table, {"type": ["sale"]})
    assert data.catalog.demand is not None
    assert data.catalog.demand.quantity.tolist() == [1, 3, 2]
    assert data.quality.rows("demand", "filtered") == 3


def test_messages_keep_the_row_of_the_file() -> None:
    """The third row (0-based: 2) stays the third, also where the first does not take part."""
    table = demand(type=["x", "sale", "sale", "sale", "sale", "sale"])
    table["quantity"] = [1, 2, -3, 4, 5, 6]
    with pytest.raises(InvalidInputError) as caught:
        load(table, {"type": "sale"})
    assert [problem.row for problem in caught.value.problems] == [2]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"date": {"at_least": "2025-01-03"}}, [3, 4, 5, 6]),
        ({"date": {"above": "2025-01-01", "at_most": "2025-01-04"}}, [2, 3, 4]),
        ({"quantity": {"above": 2.5}}, [3, 4, 5, 6]),
        ({"quantity": [1, 4.0]}, [1, 4]),
        ({"flag": True}, [1, 3]),
        ({"flag": {"none_of": [""]}}, [1, 2, 3]),
        ({"flag": ""}, [4, 5, 6]),
        ({"channel": "web"}, [2, 6]),
    ],
)
def test_conditions(where: dict[str, object], kept: list[int]) -> None:
    """Numbers, dates, yes and no, empty cells; blanks around a cell do not count."""
    table = demand(flag=["yes", "no", "1", "", None, ""], channel=["shop", " web", "Web", "WEB", "", "web "])
    data = load(table, where)
    assert data.catalog.demand is not None
    assert sorted(data.catalog.demand.quantity.tolist()) == kept


def test_items_left_out_take_their_demand_along() -> None:
    """And no question about demand of an unknown SKU."""
    data = load(demand(), {}, {"status": {"none_of": ["dead"]}})
    assert data.catalog.sku == ("a",)
    assert data.quality.rows("items", "filtered") == 1
    assert data.quality.rows("demand", "filtered") == 3
    assert data.quality.units("demand", "filtered") == 12


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"typ": "sale"}, r"did you mean 'type'\?"),
        ({"type": "Sale"}, r"leaves no row.*column 'type' has sale \(6 rows\)"),
        ({"type": {"above": 3}}, "'sale' is not a plain number"),
    ],
)
def test_senseless_filters_of_rows_are_refused(where: dict[str, object], said: str) -> None:
    """With what the table has instead."""
    with pytest.raises(InvalidInputError) as caught:
        load(demand(type=["sale"] * 6), where)
    import re

    assert re.search(said, str(caught.value), re.DOTALL)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("{ type = { like = 3 } }", "unknown option 'like'"),
        ("{ type = {} }", "says nothing"),
        ("{ type = [] }", "data.demand.where"),
        ('{ date = { above = 3, below = "2025-01-01" } }', "all numbers, or all dates"),
        ('{ date = { above = "soon" } }', "neither a number nor a date"),
    ],
)
def test_senseless_conditions_are_refused_with_the_study(where: str, said: str) -> None:
    """Before any table is read."""
    with pytest.raises(InvalidInputError) as caught:
        parse_study(f'[data.items]\npath = "i.csv"\n[data.demand]\npath = "d.csv"\nwhere = {where}\n')
    assert said in str(caught.value)


def test_a_value_that_no_row_has_is_remarked_on() -> None:
    """As after a change of case in the ERP: the other rows stay."""
    data = load(demand(type=["sale"] * 5 + ["Sale"]), {"type": ["sale", "SALE"]})
    found = [entry for entry in data.quality.entries if "no row says 'SALE'" in entry.what]
    assert [entry.notice for entry in found] == ["look"]


def test_a_filter_that_leaves_nothing_out_is_looked_at_first() -> None:
    """`transfers` for `transfer`: all of them counted as demand, and check said "No problems"."""
    rows = demand(type=["sale"] * 4 + ["transfer"] * 2)
    data = load(rows, {"type": {"none_of": ["transfers"]}})
    assert [entry.note for entry in data.quality.entries if entry.notice == "look"] == [
        "column 'type' has sale (4 rows), transfer (2 rows)"
    ]


@pytest.mark.parametrize(
    ("column", "values", "asks"),
    [
        ("movement_type", ["601", "311"], True),
        ("Type", ["sale", "transfer"], True),
        ("BWART", ["601", "601"], False),  # one kind
        ("customer", ["a", "b"], False),
        ("type", [f"t{k}" for k in range(40)], False),  # no kinds: numbers of something
    ],
)
def test_a_column_that_tells_movements_apart_is_asked_about(column, values, asks) -> None:
    """Transfers beside sales passed as "No problems", the column that told them was "not used"."""
    n = 40
    dates = pd.date_range("2024-01-01", periods=n, freq="D").strftime("%Y-%m-%d")
    demand = pd.DataFrame({"sku": "A", "location": "X", "date": dates, "quantity": np.arange(n) % 5 + 1})
    demand[column] = (values * n)[:n]
    items = pd.DataFrame({"sku": ["A"], "location": "X", "unit_cost": 5.0, "lead_time": 3})
    quality = sl.load_frames(items, demand, study={"study": {"period": "day"}}).quality
    (entry,) = [one for one in quality.entries if one.what == f"column '{column}'"]
    assert (entry.notice == "look") == asks
    assert ("[data.demand] where = {" in entry.note) == asks
