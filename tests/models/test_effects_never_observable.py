"""What a table cannot show is refused or said to be unknown: effects of drivers, drift, shared delays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.errors import InvalidInputError

FOUND = TESTS / "found"
WEEKS = np.datetime64("2023-01-02") + 7 * np.arange(104)


def history(rows, drivers=("promotion",), period="week", **demand):
    """Rows as a DataFrame with sku, date, quantity and what drives demand."""
    items = pd.DataFrame(
        {"sku": sorted(set(rows["sku"])), "location": "X", "unit_cost": 1.0, "lead_time": 7.0}
    )
    study = {
        "study": {"period": period},
        "demand": {"life": "window", "uplift": {"drivers": list(drivers)}, **demand},
    }
    return sl.load_frames(items, rows.assign(location="X"), study=study).history


def world(mean=0.25, n_items=60, effect=1.0, seed=5, price=False):
    """Every week of every SKU: a promotion (or a price a fifth lower) at random in one of ten."""
    rng = np.random.default_rng(seed)
    flag = rng.random((n_items, WEEKS.size)) < 0.1
    units = rng.poisson(mean * np.where(flag, effect, 1.0))
    item, week = np.indices(flag.shape)
    rows = pd.DataFrame({"sku": [f"P{k:02d}" for k in item.ravel()], "date": WEEKS.astype(str)[week.ravel()]})
    rows["quantity"] = units.ravel()
    rows["price" if price else "promotion"] = (
        np.where(flag, 8, 10).ravel() if price else flag.ravel().astype(int)
    )
    return rows


def test_promotions_known_only_where_something_sold_are_refused() -> None:
    """found/uplift-from-sales-rows: the flag is random, so the factor is 1; sales rows alone say 4.27."""
    with pytest.raises(InvalidInputError, match="E-MOD-061") as info:
        _ = sl.load(FOUND / "uplift-from-sales-rows" / "study.toml").history
    assert "demand.csv promotion: of 122 weeks under a promotion 0 sold nothing" in str(info.value)
    assert "rows of quantity 0" in str(info.value)


def test_with_rows_for_silent_weeks_the_random_flag_has_no_effect() -> None:
    (one,) = history(world()).uplift
    assert one.low < 1 < one.high
    (one,) = history(world(effect=3.0)).uplift
    assert one.low < 3 < one.high


@pytest.mark.parametrize("effect", [1.0, 2.0])
def test_rows_of_zero_without_the_flag_do_not_help(effect) -> None:
    """ERPs that write every week but mark the promotion at the sale: 0 silent promoted weeks."""
    rows = world(effect=effect)
    rows.loc[rows.quantity == 0, "promotion"] = 0
    with pytest.raises(InvalidInputError, match="0 sold nothing"):
        history(rows)


def test_a_few_rows_of_zero_among_sales_do_not_help_and_a_promotion_calendar_does() -> None:
    rows = world()
    silent = rows.quantity == 0
    few = rows[~silent | (rows.index % 200 == 0)]
    with pytest.raises(InvalidInputError, match="E-MOD-061"):
        history(few)
    calendar = rows[~silent | (rows.promotion == 1)]
    (one,) = history(calendar).uplift
    assert one.low < 1 < one.high


def test_daily_rows_and_prices_known_only_at_sales_are_refused() -> None:
    rows = world(price=True)
    sales = rows[rows.quantity > 0]
    with pytest.raises(InvalidInputError, match="weeks with a new price 0 sold nothing"):
        history(sales, drivers=["price"])
    (one,) = history(rows, drivers=["price"]).uplift
    assert one.low < 1 < one.high
    daily = world(mean=0.1)
    daily["date"] = (np.datetime64("2024-01-01") + np.tile(np.arange(104), 60)).astype(str)
    with pytest.raises(InvalidInputError, match="E-MOD-061"):
        history(daily[daily.quantity > 0], period="day")


def test_items_that_sell_every_week_need_no_rows_of_zero() -> None:
    (one,) = history(world(mean=6.0, effect=2.0).query("quantity > 0")).uplift
    assert one.low < 2 < one.high


def test_given_that_something_sold_is_said_where_absent_dates_are_unknown() -> None:
    found = history(world().query("quantity > 0"), absent_dates="unknown")
    assert 0.8 < found.uplift[0].factor < 1.25
    assert any("given that something was sold" in note.note for note in found.notes)


# ---------------------------------------------------------------------------- drift and shared delays


def suppliers(lines, orders=40, names=10, seed=4, slower=0.0, **receipts):
    """Receipts of suppliers whose orders come in lines that travel together."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(names):
        for order in range(orders):
            placed = np.datetime64("2020-01-01") + 7 * order
            came = placed + int(np.rint(rng.gamma(4, 10))) + int(slower * (order >= orders // 2))
            rows += [(f"V{k}", f"k{j}", "X", str(placed), str(came), 10) for j in range(lines)]
    names_ = ["supplier", "sku", "location", "order_date", "receipt_date", "quantity"]
    items = pd.DataFrame({"sku": ["s"], "location": "X", "unit_cost": 1.0, "supplier": "V0"})
    items["demand_law"], items["demand_mean"] = "poisson", 2.0
    study = {"study": {"period": "day"}, "lead_times": {"crossing": True, **receipts}}
    return sl.load_frames(items, None, pd.DataFrame(rows, columns=names_), study=study)


@pytest.mark.parametrize("lines", [1, 5, 20])
def test_lines_of_one_order_are_one_observation_of_drift(lines) -> None:
    """No drift at all: of 200 suppliers at most 5 % would be flagged by a test without any guard."""
    flagged = sum(
        suppliers(lines, seed=seed).lead_times().drifted.sum() for seed in range(20 if lines < 20 else 5)
    )
    assert flagged <= 2


def other_lead_times(shape, rng):
    """Another law of days: long tails, or two ways to ship."""
    if shape == "long tails":
        return int(np.rint(rng.lognormal(2.5, 0.7)))
    return int(rng.choice([6, 45], p=[0.7, 0.3])) + int(rng.integers(0, 3))


@pytest.mark.parametrize("period", ["day", "week"])
@pytest.mark.parametrize("shape", ["long tails", "ship or plane"])
def test_orders_of_any_number_of_lines_do_not_drift_by_their_lines(shape, period) -> None:
    """1 to 30 lines an order, orders at random days, no drift: of 60 suppliers, 5 % are 3; by lines, most."""
    rng = np.random.default_rng(12)
    rows = []
    for k in range(60):
        for placed in np.datetime64("2021-01-01") + np.sort(rng.choice(900, 30, replace=False)):
            came = placed + max(other_lead_times(shape, rng), 1)
            rows += [(f"V{k}", f"k{j}", str(placed), str(came)) for j in range(rng.choice([1, 3, 10, 30]))]
    receipts = pd.DataFrame(rows, columns=["supplier", "sku", "order_date", "receipt_date"])
    items = pd.DataFrame({"sku": ["s"], "location": "X", "unit_cost": 1.0, "supplier": "V0"})
    items = items.assign(demand_law="poisson", demand_mean=2.0)
    study = {"study": {"period": period}, "lead_times": {"crossing": True}}
    receipts = receipts.assign(location="X", quantity=10)
    found = sl.load_frames(items, None, receipts, study=study).lead_times()
    assert len(found) == 60
    assert found.drift_p.notna().all()
    assert found.drifted.sum() <= 3
    assert (found.drift_p < 0.05).sum() <= 9  # 99.9 % of a binomial law of 60 and 0.05


def test_a_drift_is_seen_through_lines_and_three_receipts_tell_nothing() -> None:
    assert suppliers(5, names=3, slower=40).lead_times().drifted.all()
    few = suppliers(1, orders=3, names=2, slower=40, min_receipts=2).lead_times()
    assert not few.drifted.any()
    assert few.drift_p.isna().all()
    many_lines = suppliers(20, orders=3, names=2, slower=40).lead_times()
    assert many_lines.drift_p.isna().all()
    notes = suppliers(20, orders=3, names=2, slower=40).models.notes
    assert not any("drifted" in note.what for note in notes)


def test_receipts_of_one_order_in_parts_are_no_shared_delay() -> None:
    """Each order of one SKU comes in four parts on one day, orders of a day for themselves: not shared."""
    rng = np.random.default_rng(6)
    rows = []
    for day in range(80):
        placed = np.datetime64("2022-01-03") + day
        for sku in range(2):
            came = placed + int(rng.gamma(4, 10))
            rows += [("V", f"k{sku}", "X", str(placed), str(came), 10 + part) for part in range(4)]
    names = ["supplier", "sku", "location", "order_date", "receipt_date", "quantity"]
    items = pd.DataFrame({"sku": ["k0"], "location": "X", "unit_cost": 1.0, "supplier": "V"})
    items["demand_law"], items["demand_mean"] = "poisson", 2.0
    study = {"study": {"period": "day"}, "lead_times": {"crossing": True}}
    found = sl.load_frames(items, None, pd.DataFrame(rows, columns=names), study=study).lead_times()
    assert not found.is_shared.any()


# ------------------------------------------------------------------------- demand behind empty shelves


def stocked(on_hand, column="on_hand", censoring="on_hand"):
    rows = pd.DataFrame({"sku": ["a"] * 40 + ["b"] * 40, "location": "X"})
    rows["date"] = np.tile((np.datetime64("2024-01-01") + np.arange(40)).astype(str), 2)
    rows["quantity"], rows[column] = 3, on_hand
    items = pd.DataFrame({"sku": ["a", "b"], "location": "X", "unit_cost": 1.0, "lead_time": 7.0})
    return sl.load_frames(items, rows, study={"study": {"period": "day"}, "demand": {"censoring": censoring}})


@pytest.mark.parametrize(("column", "censoring"), [("on_hand", "on_hand"), ("stockout", "stockout_column")])
def test_censoring_without_any_stock_is_refused(column, censoring) -> None:
    with pytest.raises(InvalidInputError, match=f"{column}: says nothing in any row"):
        stocked([None] * 80, column, censoring)


def test_an_item_whose_stock_is_never_said_is_named() -> None:
    notes = stocked([9.0] * 40 + [None] * 40).history.notes
    (note,) = [note.note for note in notes if note.what == "stock not known"]
    assert "1 SKU-locations have no on_hand in any row" in note
    assert "(b@X)" in note


def test_a_promotion_in_every_week_cannot_be_told_from_none() -> None:
    """Without a week to compare with the estimate was 1.00 (0.00 to 5 × 10^21), beside "No problems"."""
    rows = world(mean=8.0, n_items=4)
    with pytest.raises(InvalidInputError, match="E-MOD-061") as info:
        history(rows.assign(promotion=1))
    assert "416 SKU-location × weeks are under a promotion" in str(info.value)
    some = rows.assign(promotion=np.where(rows["sku"] == "P00", 1, rows["promotion"]))
    (one,) = history(some).uplift  # three items tell it, one does not
    assert one.low < 1 < one.high


def test_an_effect_that_no_week_shows_is_asked_about() -> None:
    """It stayed a note beside "No problems": what is asked for has no effect."""
    notes = history(world(mean=8.0, n_items=4).assign(promotion=0)).notes
    assert [one.notice for one in notes if one.what == "uplift by promotion"] == ["look"]


@pytest.mark.parametrize(("column", "empty"), [("stockout", 1), ("on_hand", 0)])
def test_a_stock_out_in_nearly_every_day_is_refused(column, empty) -> None:
    """A flag turned round made four times the sales of them; seven days of ten may be stocked out."""
    censoring = "stockout_column" if column == "stockout" else "on_hand"
    full = 1 - empty if column == "stockout" else 9
    with pytest.raises(InvalidInputError, match="E-MOD-062") as info:
        _ = stocked([empty] * 76 + [full] * 4, column, censoring).history
    assert "76 of 80 observed SKU-location × days" in str(info.value)
    kept = stocked([empty] * 56 + [full] * 24, column, censoring).history
    assert (kept.n_observed == 40).all()
