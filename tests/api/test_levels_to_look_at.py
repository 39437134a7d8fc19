"""Levels that nobody would believe stand in a table with value and reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.api.checks.check import check
from simlab.api.data.levels_to_look_at import levels_to_look_at
from simlab.engine.world.levels import Family, Levels
from simlab.policies import plan

FOUND = TESTS / "found" / "rare-item-pooled"
TARGETS = [0.8, 0.95, 0.98]


def rare_items(tmp_path: Path, rows: list[tuple[str, str, int]], unit_cost: float = 80_000.0) -> sl.Data:
    """The found study with other rows for its rare item."""
    for name in ("items.csv", "study.toml"):
        (tmp_path / name).write_text((FOUND / name).read_text("utf-8"), "utf-8")
    demand = pd.read_csv(FOUND / "demand.csv")
    demand = demand[demand["sku"] != "RARE"]
    more = pd.DataFrame([("RARE", "WH", date, n) for _, date, n in rows], columns=demand.columns)
    pd.concat([demand, more]).to_csv(tmp_path / "demand.csv", index=False)
    return sl.load(tmp_path / "study.toml")


def level_of(data: sl.Data, sku: str) -> list[int]:
    levels = plan(data.models, TARGETS).levels.order_up_to
    return [int(x) for x in levels[data.catalog.sku.index(sku)]]


def test_a_unit_in_48_months_supports_a_level_of_one_or_two() -> None:
    """R + L is five months: one unit in 48 months is 0.1 of a unit there, if it was no coincidence 0.3.

    P(D >= 3 | Poisson 0.3) = 0.0036, so that a third unit would be asked for once in a hundred years.
    """
    data = sl.load(FOUND / "study.toml")
    row = data.catalog.sku.index("RARE")
    assert 0.5 / 48 < data.models.world.demand.mean[row] < 2 / 48
    assert data.models.world.demand.variance[row] < 1.5 * data.models.world.demand.mean[row]
    assert set(level_of(data, "RARE")) <= {1, 2}
    assert set(level_of(data, "SLOW")) <= {1, 2}


@pytest.mark.parametrize(
    "rows",
    [
        [("RARE", "2021-01-01", 1)],  # sold in the first month of the window
        [("RARE", "2024-11-01", 1), ("RARE", "2024-12-01", 1)],  # in the last two
        [("RARE", "2021-02-01", 0), ("RARE", "2024-12-01", 1)],  # a zero row first
    ],
    ids=["first", "last two", "zero row"],
)
def test_further_members_sold_once_or_twice_get_one_to_three(tmp_path, rows) -> None:
    levels = level_of(rare_items(tmp_path, rows), "RARE")
    sold = sum(n for _, _, n in rows)
    assert 1 <= levels[1] <= sold + 1


def test_a_unit_sold_once_in_pieces_of_forty_is_held_once(tmp_path) -> None:
    """Forty at once in one month: the level stays near forty, whatever fast movers do."""
    levels = level_of(rare_items(tmp_path, [("RARE", "2023-05-01", 40)]), "RARE")
    assert levels[2] <= 3 * 40


def today(data: sl.Data, row: int, on_hand: float, level: float) -> None:
    n = data.catalog.n_items
    data.catalog.numbers["on_hand"] = np.where(np.arange(n) == row, on_hand, np.nan)
    data.models.current["current_order_up_to"] = np.where(np.arange(n) == row, level, np.nan)


def levels_with(data: sl.Data, sku: str, level: int) -> Levels:
    planned = plan(data.models, [0.95]).levels
    assert (planned.family == Family.ORDER_UP_TO).all()
    planned.order_up_to[data.catalog.sku.index(sku), 0] = level
    return planned


def test_the_table_names_level_largest_demand_value_share_and_reason() -> None:
    data = sl.load(FOUND / "study.toml")
    looked = levels_to_look_at(data, levels_with(data, "RARE", 73))
    row = looked.table.iloc[0]
    assert (row.sku, row.level, row.largest_demand, row.n_demands) == ("RARE", 73, 1, 1)
    assert row.value == 73 * 80_000
    assert "73.0 × the largest demand ever in R + L, 1" in row.reason
    assert "above policy.level_limit" in row.reason
    assert 0.9 < row.share <= looked.share <= 1
    first, second = looked.statements()
    assert first.startswith("Levels to look at: ")
    assert "RARE@WH (73; above policy.level_limit" in first
    assert "in 2 SKU-locations with fewer than 8 periods with demand" in second


def test_levels_far_above_todays_are_listed_too() -> None:
    data = sl.load(FOUND / "study.toml")
    row = data.catalog.sku.index("FAST00")
    today(data, row, on_hand=10, level=30)
    looked = levels_to_look_at(data, plan(data.models, [0.95]).levels)
    mine = looked.table[looked.table["sku"] == "FAST00"].iloc[0]
    assert mine.on_hand == 10
    assert mine.current_level == 30
    assert "today's stock and levels, 30" in mine.reason


def test_stock_on_the_shelf_alone_is_no_position_to_compare_a_level_with() -> None:
    """VN2 with on_hand alone had 459 of 599 levels listed: a level covers what is on order."""
    data = sl.load(FOUND / "study.toml")
    row = data.catalog.sku.index("FAST00")
    today(data, row, on_hand=10, level=np.nan)
    planned = plan(data.models, [0.95]).levels
    assert "FAST00" not in levels_to_look_at(data, planned).table["sku"].tolist()
    data.catalog.numbers["on_order"] = np.full(data.catalog.n_items, 20.0)
    mine = levels_to_look_at(data, planned).table.set_index("sku").loc["FAST00"]
    assert "today's stock and levels, 30" in mine.reason


def test_check_says_how_much_of_the_stock_rests_on_few_demands() -> None:
    lines = check(FOUND / "study.toml").lines
    assert any("in 2 SKU-locations with fewer than 8 periods with demand" in line for line in lines)


@pytest.mark.slow
@pytest.mark.pages
def test_a_run_has_the_table_its_sentence_and_its_section(tmp_path) -> None:
    """The found study without a limit on levels: what lies beyond stands in run, sentences and page."""
    data = rare_items(tmp_path, [("RARE", "2024-12-01", 1)])
    text = (tmp_path / "study.toml").read_text("utf-8")
    text = text.replace("[policy]", "[policy]\nlevel_limit = 0").replace(
        "fill_rate = 0.95", "fill_rate = 0.998"
    )
    (tmp_path / "study.toml").write_text(text, "utf-8")
    result = sl.api.run_optimize(tmp_path / "study.toml", out=tmp_path / "run")
    table = pd.read_parquet(tmp_path / "run" / "results" / "levels_to_look_at.parquet")
    assert {"sku", "location", "level", "largest_demand", "on_hand", "value", "share", "reason"} <= set(table)
    assert any("periods with demand" in line for line in result.statements)
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert ('id="levels_to_look_at"' in page) == bool(len(table))
    assert data.catalog.n_items == 22


def test_a_plan_that_buys_one_item_which_sold_once_says_so_before_one_signs(tmp_path) -> None:
    """500 units at once, 8,000 each, in 48 months: four fifths of such a demand want 400 units, 3.2 million.

    The level is what the target asks for, at most the 500 that were ever asked; whether anybody wants it is
    for a planner to say, so that the run names the item, its demands and the share of the stock.
    """
    data = rare_items(tmp_path, [("RARE", "2023-05-01", 500)], unit_cost=8_000.0)
    planned = plan(data.models, [0.8]).levels
    level = level_of(data, "RARE")[0]
    assert 400 <= level <= 500
    first, *_ = levels_to_look_at(data, planned).looks()
    assert first.group == "look"
    assert first.title.endswith("of the stock is in RARE@WH, demanded in one period")
    assert f"RARE@WH (level {level:,}, one period)" in first.text
    assert "when it is asked for" in first.text


def test_stock_spread_over_items_of_many_demands_asks_nothing() -> None:
    data = sl.load(FOUND / "study.toml")
    levels = plan(data.models, [0.95]).levels
    slow = np.array([sku not in ("RARE", "SLOW") for sku in data.catalog.sku])
    assert levels_to_look_at(data, levels, np.where(slow, 1.0, 0.0)).looks() == ()
