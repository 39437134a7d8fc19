"""What check says of a study that can run: what a planner should look at first, and nothing in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simlab import api
from simlab.api.checks.check import CheckResult
from simlab.api.remarks.books import books, borrowed, fell_silent
from simlab.api.remarks.remarks import MOST, Remark

WEEKS = pd.date_range("2023-01-02", periods=104, freq="W-MON")


def write(folder, demand: dict[str, np.ndarray], items: str = "", study: str = ""):
    """A weekly study of SKUs with one number per week."""
    rows = [
        f"{sku},HUB,{day.date()},{quantity}"
        for sku, quantities in demand.items()
        for day, quantity in zip(WEEKS, quantities.tolist(), strict=True)
    ]
    (folder / "demand.csv").write_text("sku,location,date,quantity\n" + "\n".join(rows), "utf-8")
    lines = items or "\n".join(f"{sku},HUB,10,14,60" for sku in demand)
    (folder / "items.csv").write_text("sku,location,unit_cost,lead_time,on_hand\n" + lines, "utf-8")
    text = f"""
[study]
period = "week"
currency = "EUR"
[data.items]
path = "items.csv"
[data.demand]
path = "demand.csv"
{study}
"""
    (folder / "study.toml").write_text(text, "utf-8")
    return folder / "study.toml"


def steady(seed: int, mean: float = 20.0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, WEEKS.size)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> CheckResult:
    return api.check(write(tmp_path_factory.mktemp("calm"), {f"S{k}": steady(k) for k in range(6)}))


def by_key(result: CheckResult) -> dict[str, Remark]:
    return {one.key: one for one in result.remarks}


def test_no_problems_is_said_where_nothing_is_to_be_looked_at(calm: CheckResult) -> None:
    assert calm.look_first == ()
    assert calm.lines[-1].startswith("No problems: nothing stands in the way of simlab optimize ")


def test_the_books_of_steady_demand_agree_with_the_laws(calm: CheckResult) -> None:
    """History a year, last 52 weeks and fitted by hand: sums of the table at unit cost 10."""
    both = books(calm.data)
    units = np.array([steady(k) for k in range(6)]).sum(axis=0)
    assert both is not None
    assert both.history == pytest.approx(10 * units.sum() / (104 * 7 / 365))
    assert both.last == pytest.approx(10 * units[-52:].sum() / (364 / 365))
    assert both.fitted == pytest.approx(both.history, rel=0.02)
    assert not by_key(calm)["books"].look


def test_demand_that_doubled_is_pointed_out_with_the_items(tmp_path) -> None:
    """The law is fitted to two years of which the last one sold twice as much: 33 % apart."""
    demand = {f"S{k}": steady(k) for k in range(4)}
    demand["UP"] = np.concatenate([steady(9, 100)[:52], steady(8, 200)[:52]])
    items = "\n".join([*(f"S{k},HUB,10,14,60" for k in range(4)), "UP,HUB,10,14,600"])
    result = api.check(write(tmp_path, demand, items))
    remark = by_key(result)["books"]
    assert remark.look
    assert "More than 10% apart, most in UP@HUB" in remark.text
    assert "in the last 52 weeks" in remark.text
    assert result.ending.startswith("Ready to run, 1 thing to look at first: simlab optimize ")
    typed = result.ending.split("simlab optimize ")[1]
    assert Path(typed).samefile(tmp_path / "study.toml")  # a command that can be typed here


def test_laws_that_remember_little_are_said_to_make_the_difference(tmp_path) -> None:
    """Demand that climbs for two years: laws of the last weeks lie above the books, and all would not."""
    rng = np.random.default_rng(3)
    level = 6 * np.exp(np.cumsum(rng.normal(0.02, 0.06, (60, 104)), axis=1))
    path = write(tmp_path, {f"P{k:02d}": line for k, line in enumerate(rng.poisson(level))})
    remark = by_key(api.check(path))["books"]
    assert remark.look
    assert "The laws remember with a half-life of 13 weeks" in remark.text
    assert 'memory = "all" under [models]' in remark.text
    path.write_text(path.read_text("utf-8") + '[models]\nmemory = "all"\n', "utf-8")
    assert "half-life" not in by_key(api.check(path))["books"].text
    path.write_text(path.read_text("utf-8").replace('memory = "all"', "memory = 13"), "utf-8")
    said = by_key(api.check(path))["books"].text
    assert "a half-life of 13 weeks, as [models] memory says: a year" in said
    assert "predicted" not in said


def test_items_that_fell_silent_are_named_with_their_last_day(tmp_path) -> None:
    demand = {f"S{k}": steady(k) for k in range(4)}
    demand["GONE"] = np.where(np.arange(104) < 60, np.arange(104) % 3 == 0, 0)
    result = api.check(write(tmp_path, demand))
    found = fell_silent(result.data)
    assert found is not None
    assert [result.data.catalog.sku[row] for row in found[0].rows] == ["GONE"]
    remark = by_key(result)["silent"]
    assert remark.look
    assert "GONE@HUB (last 2024-02-05)" in remark.text
    assert "with EUR 600.00 on the shelf" in remark.text


@pytest.mark.parametrize("seed", range(5))
def test_items_that_still_sell_are_not_called_silent(seed: int, tmp_path) -> None:
    """Poisson items from very rare to daily, none of them discontinued: at most one in a hundred tests."""
    rng = np.random.default_rng(seed)
    demand = {
        f"S{k}": rng.poisson(mean, 104) for k, mean in enumerate([0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20] * 4)
    }
    demand = {sku: quantities for sku, quantities in demand.items() if quantities.any()}
    found = fell_silent(api.load(write(tmp_path, demand)))
    assert found is not None
    assert found[0].rows.size == 0


def test_an_extract_that_ends_early_for_some_items_is_told(tmp_path) -> None:
    """Twenty a week and then none for eight weeks: no quarter of a year, and no chance either."""
    demand = {f"S{k}": steady(k) for k in range(6)}
    for k in range(3):
        demand[f"S{k}"][-8:] = 0
    found = fell_silent(api.load(write(tmp_path, demand)))
    assert found is not None
    assert sorted(found[0].rows.tolist()) == [0, 1, 2]
    demand["S0"][40:46] = 0  # it was silent for six weeks before
    again = fell_silent(api.load(write(tmp_path, demand)))
    assert again is not None
    assert sorted(again[0].rows.tolist()) == [1, 2]


def test_bursts_are_not_called_silent(tmp_path) -> None:
    """Ten weeks of sales every half year, the last ones 16 weeks ago: it was silent as long before."""
    demand = {f"S{k}": steady(k) for k in range(4)} | {"BURST": np.where(np.arange(104) % 26 < 10, 5, 0)}
    found = fell_silent(api.load(write(tmp_path, demand)))
    assert found is not None
    assert found[0].rows.size == 0


def test_commands_that_the_study_cannot_be_asked_for_are_named(tmp_path) -> None:
    demand = {f"S{k}": steady(k) for k in range(4)}
    result = api.check(write(tmp_path, demand, study="[models]\nparameter_uncertainty = true\n"))
    said = [one.text for one in result.remarks if one.key == "command"]
    assert [text.split(" cannot")[0] for text in said] == ["simlab compare schemes", "simlab audit"]


def test_the_share_of_value_with_borrowed_laws_counts_rare_items_alone(tmp_path) -> None:
    """One sale a quarter is 8 demands in two years: the larger part of its law is the others'."""
    demand = {f"S{k}": steady(k) for k in range(4)}
    demand["RARE"] = (np.arange(104) % 13 == 5).astype(int)
    items = "\n".join([*(f"S{k},HUB,10,14,60" for k in range(4)), "RARE,HUB,9000,14,1"])
    result = api.check(write(tmp_path, demand, items))
    found = borrowed(result.data)
    assert found is not None
    assert [result.data.catalog.sku[row] for row in found.rows] == ["RARE"]
    value = result.data.models.annual_value
    assert found.share == pytest.approx(value[4] / value.sum())
    assert by_key(result)["borrowed"].look


def test_what_costs_nothing_is_named_where_service_is_counted_by_value(tmp_path) -> None:
    demand = {f"S{k}": steady(k) for k in range(4)}
    items = "\n".join(["S0,HUB,0,14,60", *(f"S{k},HUB,10,14,60" for k in range(1, 4))])
    remark = by_key(api.check(write(tmp_path, demand, items)))["free"]
    assert remark.look
    assert "(1 SKU-location: S0@HUB) counts for nothing" in remark.text
    rare = demand | {"S0": (np.arange(104) % 52 == 7).astype(int)}
    assert "free" not in by_key(api.check(write(tmp_path, rare, items)))
    write(tmp_path, demand, items)
    units = '[optimize]\nservice = { weight = "units" }'
    assert "free" not in by_key(api.check(write(tmp_path, demand, items, units)))


def test_a_year_of_few_demands_is_said_to_vary_by_chance(tmp_path) -> None:
    """Twelve spares of one demand a year or so: the books of one year say little, and no trend is needed."""
    rng = np.random.default_rng(4)
    demand = {f"P{k}": rng.binomial(1, 0.02, 104) for k in range(12)}
    text = by_key(api.check(write(tmp_path, demand)))["books"].text
    assert "chance (it moves a year of these laws by " in text
    assert "rates of few demands that lean on comparable items" in text
    halved = {f"S{k}": steady(k) // (1 + (np.arange(104) < 52)) for k in range(4)}
    text = by_key(api.check(write(tmp_path, halved, study='[models]\nmemory = "all"\n')))["books"].text
    assert "More than 10% apart" in text
    assert "chance" not in text
    assert "comparable" not in text


def test_a_law_for_rhythm_is_no_borrowed_law(tmp_path) -> None:
    """60 units every ninth week are 12 demands with 11 equal intervals: all of it is the item's own."""
    demand = {f"S{k}": steady(k) for k in range(4)}
    demand["PALLET"] = 60 * (np.arange(104) % 9 == 4)
    items = "\n".join([*(f"S{k},HUB,10,14,60" for k in range(4)), "PALLET,HUB,300,14,60"])
    result = api.check(write(tmp_path, demand, items))
    assert result.data.models.world.demand.has_rhythm.tolist() == [False] * 4 + [True]
    assert "borrowed" not in by_key(result)


def test_dead_stock_and_a_season_left_out_are_things_to_look_at(tmp_path) -> None:
    demand = {f"S{k}": steady(k) for k in range(4)} | {"DEAD": np.zeros(104, int)}
    result = api.check(
        write(tmp_path, demand, study="[models]\nseasonality = { cycle = 52, profile_by = '' }\n")
    )
    keys = {one.key for one in result.look_first}
    assert {"dead_stock", "left_out"} <= keys
    assert result.ending.startswith(f"Ready to run, {len(result.look_first)} things to look at first")


def test_seven_remarks_at_most_the_most_costly_first(calm: CheckResult) -> None:
    many = tuple(Remark(f"k{k}", f"Remark {k}.", float(-k), look=k < 2) for k in range(9))
    result = CheckResult(calm.data, calm.segmentation, calm.facts, many)
    shown = result.shown()
    assert len(shown) == MOST + 1
    assert shown[0] == "! Remark 0."
    assert shown[2] == "- Remark 2."
    assert shown[-1] == "  2 more remarks: simlab check -v shows all."
    assert len(result.shown(every=True)) == 9


def test_look_first_comes_before_money(calm: CheckResult) -> None:
    """Sorted: what is to be looked at, then by the money concerned."""
    order = [(not one.look, -one.value) for one in calm.remarks]
    assert order == sorted(order)


def test_a_holding_rate_above_one_is_taken_with_a_question(tmp_path):
    from worlds.study import write_study

    path = write_study(tmp_path)
    row = "P-1003,EAST,10.50,20.00,"
    items = (tmp_path / "items.csv").read_text().replace(f"{row}0.22", f"{row}10.4")
    (tmp_path / "items.csv").write_text(items)
    found = [one for one in api.check(path).remarks if "olding rates are above 1" in one.text]
    assert len(found) == 1
    assert "P-1003@EAST: 10.4 a year: 1040%?" in found[0].text
    assert found[0].look
