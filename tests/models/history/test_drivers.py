"""Empty shelves by stock, promotions and prices, dropped outliers, packs, closed days by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.errors import InvalidInputError
from simlab.models import diagnose, fit, read_history, variance_ratio
from simlab.models.history.effects import Exposed, effects, grouped_effects
from simlab.models.history.history import places, tables
from simlab.study import Study

START = np.datetime64("2012-01-02")
PLAIN = {"period": "week", "lead_times": {"crossing": False}}


def catalogue(lines, items=None, days=7, data=None, period="week", models=None, unit="days", **demand):
    """One row per SKU and period; `lines` by SKU: columns of the demand table."""
    frames = []
    for sku, columns in lines.items():
        n = len(next(iter(columns.values())))
        frame = pd.DataFrame({"sku": sku, "location": "X", **columns})
        frame["date"] = (START + days * np.arange(n)).astype(str)
        frames.append(frame)
    table = pd.DataFrame({"sku": list(lines), "location": "X", "unit_cost": 2.0, "lead_time": 14.0})
    for name, column in (items or {}).items():
        table[name] = column
    study = Study.default(
        **{**PLAIN, "period": period},
        demand={"life": "window", **demand},
        data={"demand": data or {}, "time_unit": unit},
        models=models or {},
    )
    return from_frames(study, table, pd.concat(frames))


def shelf(n=500, seed=4):
    """True demand, sales and end stock of a shelf filled to a random level every week."""
    rng = np.random.default_rng(seed)
    true = rng.negative_binomial(3, 0.25, n)
    level = np.where(rng.random(n) < 0.4, rng.integers(0, 12, n), 200)
    return true, np.minimum(true, level), np.maximum(level - true, 0)


# ---- censoring = "on_hand"


def test_demand_unseen_behind_empty_shelves_is_recovered_from_the_stock() -> None:
    true, sold, stock = shelf()
    catalog = catalogue({"A": {"quantity": sold, "on_hand": stock}}, censoring="on_hand")
    history = read_history(catalog)
    assert sold.mean() < 0.87 * true.mean()
    assert history.mean[0] == pytest.approx(true.mean(), rel=0.06)
    assert history.variance[0] == pytest.approx(true.var(), rel=0.2)
    note = next(note for note in history.notes if "unseen" in note.what)
    assert f"{(stock == 0).sum()} SKU-location × weeks were stocked out" in note.note
    assert "standard error" in note.note


def test_the_stock_column_says_what_the_flag_column_would() -> None:
    _, sold, stock = shelf(150)
    flagged = {"A": {"quantity": sold, "stockout": (stock == 0).astype(int)}}
    one = read_history(catalogue({"A": {"quantity": sold, "on_hand": stock}}, censoring="on_hand"))
    other = read_history(catalogue(flagged, censoring="stockout_column"))
    np.testing.assert_array_equal(one.quantity, other.quantity)
    np.testing.assert_array_equal(one.changes.after, other.changes.after)


def test_a_date_without_a_row_has_the_stock_of_the_row_before() -> None:
    """Empty from Tuesday to the delivery on Friday: three censored days, two of them without a row."""
    items = pd.DataFrame({"sku": ["A"], "location": "X", "unit_cost": 1.0, "lead_time": 1.0})
    days = ["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-09"]
    demand = pd.DataFrame(
        {"sku": "A", "location": "X", "date": days, "quantity": [3, 2, 4, 5], "on_hand": [2, 0, 9, 1]}
    )

    def changed(**options):
        study = Study.default(**{**PLAIN, "period": "day"}, demand={"censoring": "on_hand", **options})
        return read_history(from_frames(study, items, demand)).changes

    assert changed().period.tolist() == [1, 2, 3]
    assert changed().before.tolist() == [2, 0, 0]
    assert (changed().after >= changed().before).all()
    assert changed(absent_dates="unknown").period.tolist() == [1]


def test_empty_shelves_before_the_first_sale_do_not_count() -> None:
    lines = {"A": {"quantity": [0, 0, 0, 5, 4, 6, 5], "on_hand": [0, 0, 0, 3, 3, 0, 2]}}
    catalog = catalogue(lines, life="first_sale", censoring="on_hand")
    assert read_history(catalog).changes.period.tolist() == [5]


def test_two_stocks_on_one_date_and_a_missing_column_are_refused() -> None:
    lines = {"A": {"quantity": [1, 2], "on_hand": [4, 5]}}
    with pytest.raises(InvalidInputError, match="says another stock"):
        catalogue(lines, days=0, data={"duplicates": "sum"}, censoring="on_hand")
    with pytest.raises(InvalidInputError, match="required column is missing"):
        catalogue({"A": {"quantity": [1, 2]}}, censoring="on_hand")


def test_without_the_option_the_stock_is_told_to_be_unused() -> None:
    catalog = catalogue({"A": {"quantity": [1, 2], "on_hand": [4, 5]}})
    assert catalog.demand.on_hand is None
    assert any("on_hand" in entry.what and "not used" in entry.note for entry in catalog.quality.entries)


# ---- outliers dropped


def test_a_dropped_outlier_is_no_observation() -> None:
    line = np.random.default_rng(3).poisson(20, 80)
    spiked = line.copy()
    spiked[[10, 50]] = 900, 300
    rule = {"rule": "mad", "k": 6.0, "action": "drop"}
    history = read_history(catalogue({"A": {"quantity": spiked}}, outliers=rule))
    rest = np.delete(line, [10, 50])
    assert history.n_observed.tolist() == [78]
    assert history.mean[0] == pytest.approx(rest.mean())
    assert history.variance[0] == pytest.approx(rest.var(ddof=1))
    ((_, dense),) = tables(history)
    np.testing.assert_array_equal(dense[0], rest)
    assert places(history).max() == 77
    note = next(note for note in history.notes if "outliers" in note.what)
    assert "2 SKU-location × weeks dropped" in note.note
    assert note.units == 1200
    assert history.changes.after.tolist() == [-1, -1]


def test_diagnosis_and_fit_work_on_histories_with_gaps() -> None:
    rng = np.random.default_rng(5)
    lines = {}
    for sku in "ABCDE":
        line = rng.poisson(8, 120)
        line[rng.integers(0, 120, 3)] = 400
        lines[sku] = {"quantity": line}
    catalog = catalogue(lines, outliers={"rule": "mad", "k": 6.0, "action": "drop"})
    history = read_history(catalog)
    assert history.gap_item.size >= 13
    found = diagnose(history)
    assert np.isfinite(found.trend).all()
    assert np.isfinite(variance_ratio(history, np.full(5, 4))).all()
    assert fit(catalog).world.demand.mean == pytest.approx(history.mean)


# ---- promotions and prices


def promoted(n_items=40, n=120, uplift=2.0, elasticity=0.0, seed=9, dispersion=3.0):
    rng = np.random.default_rng(seed)
    lines = {}
    for item in range(n_items):
        flag = rng.random(n) < 0.15
        price = np.where(rng.random(n) < 0.2, 8.0, 10.0)
        mean = rng.uniform(2, 12) * np.where(flag, uplift, 1.0) * (price / 10.0) ** elasticity
        quantity = rng.negative_binomial(dispersion, dispersion / (dispersion + mean))
        lines[f"S{item:02d}"] = {"quantity": quantity, "promotion": flag.astype(int), "price": price}
    return lines


def test_uplift_is_recovered_and_its_interval_covers() -> None:
    """The truth, 2, lies in about 95 % of the intervals: at least 34 of 40 worlds."""
    inside, middle = 0, []
    for seed in range(40):
        lines = promoted(n_items=8, n=80, seed=seed)
        history = read_history(catalogue(lines, uplift={"drivers": ["promotion"]}))
        (one,) = history.uplift
        inside += one.low <= 2.0 <= one.high
        middle.append(np.log(one.factor))
    assert inside >= 34
    assert np.mean(middle) == pytest.approx(np.log(2), abs=0.03)


def test_price_and_promotion_are_told_apart() -> None:
    lines = promoted(n_items=60, uplift=1.6, elasticity=-2.0)
    history = read_history(catalogue(lines, uplift={"drivers": ["promotion", "price"]}))
    promotion, price = history.uplift
    assert promotion.factor == pytest.approx(1.6, rel=0.08)
    assert price.factor == pytest.approx(0.9**-2.0, rel=0.04)
    assert price.low < 0.9**-2.0 < price.high


def test_the_base_law_is_that_of_periods_without_promotion() -> None:
    lines = promoted(n_items=60, uplift=3.0)
    base = read_history(catalogue(lines, uplift={"future": "none"}))
    plain = np.array([np.mean(one["quantity"][one["promotion"] == 0]) for one in lines.values()])
    spread = np.array([np.var(one["quantity"][one["promotion"] == 0]) for one in lines.values()])
    assert base.mean.sum() == pytest.approx(plain.sum(), rel=0.02)
    assert base.variance.sum() == pytest.approx(spread.sum(), rel=0.08)
    note = next(note for note in base.notes if note.what == "future promotions and prices")
    assert note.units == sum(int(one["quantity"].sum()) for one in lines.values()) - base.quantity.sum()
    assert set(base.changes.what) == {"promotion"}


def test_observed_promotions_leave_the_history_as_it_is() -> None:
    lines = promoted(n_items=5)
    plain = read_history(catalogue(lines))
    told = read_history(catalogue(lines, uplift={"drivers": ["promotion"]}))
    np.testing.assert_array_equal(plain.quantity, told.quantity)
    assert told.changes is None
    assert any("as often as in the history" in note.note for note in told.notes)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_stated_share_of_promotions_moves_the_mean_to_it(share) -> None:
    lines = promoted(n_items=60, n=200, uplift=3.0)
    history = read_history(catalogue(lines, uplift={"future": share}))
    plain = np.array([np.mean(one["quantity"][one["promotion"] == 0]) for one in lines.values()])
    assert history.mean.sum() == pytest.approx(plain.sum() * (1 + share * 2.0), rel=0.04)


def test_groups_borrow_from_all_items_as_far_as_they_are_unsure() -> None:
    """A category with one promoted week leans on the others; a large one keeps its own effect."""
    lines = promoted(n_items=30, n=150, uplift=3.0)
    weak = promoted(n_items=30, n=150, uplift=1.2, seed=1)
    lines |= {f"T{k}": one for k, one in enumerate(weak.values())}
    lone = np.random.default_rng(0).poisson(5, 150)
    lone[40] = 60
    lines["LONE"] = {"quantity": lone, "promotion": (np.arange(150) == 40).astype(int)}
    items = {"category": ["strong"] * 30 + ["weak"] * 30 + ["lone"]}
    told = {one.group: one for one in read_history(catalogue(lines, items, uplift={})).uplift}
    assert told["strong"].factor == pytest.approx(3.0, rel=0.1)
    assert told["weak"].factor == pytest.approx(1.2, rel=0.12)
    assert told["strong"].borrowed < 0.1
    assert told["lone"].borrowed > told["strong"].borrowed
    assert told["lone"].borrowed > 0.1
    assert 3 < told["lone"].factor < 11


def test_promotions_that_sold_nothing_stay_finite_and_none_at_all_is_said() -> None:
    lines = {"A": {"quantity": [5, 4, 0, 6, 5, 0], "promotion": [0, 0, 1, 0, 0, 1]}}
    (one,) = read_history(catalogue(lines, uplift={"future": "none"})).uplift
    assert 0 < one.factor < 0.5
    assert np.isfinite([one.low, one.high]).all()
    lines = {"A": {"quantity": [5, 4, 6], "promotion": [0, 0, 0]}}
    history = read_history(catalogue(lines, uplift={"future": "none"}))
    assert history.uplift == ()
    assert any("nothing is estimated" in note.note for note in history.notes)


def test_peaks_under_promotion_are_no_outliers() -> None:
    line = np.random.default_rng(3).poisson(20, 60)
    flag = np.zeros(60, int)
    line[7], flag[7] = 300, 1
    lines = {"A": {"quantity": line, "promotion": flag}}
    rule = {"rule": "mad", "k": 6.0, "action": "clip"}
    assert read_history(catalogue(lines, outliers=rule)).quantity.max() < 300
    assert read_history(catalogue(lines, outliers=rule, uplift={})).quantity.max() == 300


def test_rows_in_another_order_give_the_same_history() -> None:
    lines = promoted(n_items=6)
    options = {"uplift": {"drivers": ["promotion", "price"], "future": "none"}}
    one = catalogue(lines, **options)
    other = catalogue(dict(reversed(lines.items())), **options)
    first, second = read_history(one), read_history(other)
    for row, sku in enumerate(one.sku):
        twin = other.sku.index(sku)
        assert first.quantity[first.item == row].tolist() == second.quantity[second.item == twin].tolist()


def test_effects_agree_with_a_brute_search_of_the_likelihood() -> None:
    rng = np.random.default_rng(2)
    item = np.repeat(np.arange(5), 6)
    quantity = rng.poisson(9, 30).astype(float)
    n_base, base = np.full(5, 20.0), rng.poisson(80, 5).astype(float)
    exposed = Exposed(item, np.ones((30, 1)), quantity, n_base, base, base**2)
    grid = np.linspace(0, 2, 4001)
    total = base + np.bincount(item, weights=quantity)
    scale = n_base[:, None] + 6 * np.exp(grid)
    likelihood = quantity.sum() * grid - (total[:, None] * np.log(scale)).sum(axis=0) - 0.125 * grid**2
    theta, variance, _ = effects(exposed)
    assert theta[0] == pytest.approx(grid[likelihood.argmax()], abs=1e-3)
    assert variance[0] > 0
    pooled = grouped_effects(exposed, np.zeros(5, np.int64), 1)
    assert pooled.value[0, 0] == theta[0]


def test_unknown_words_and_drivers_are_refused() -> None:
    lines = {"A": {"quantity": [5, 4], "promotion": ["0", "flyer"]}}
    with pytest.raises(InvalidInputError, match="'flyer' does not say whether there was a promotion"):
        catalogue(lines, uplift={})
    with pytest.raises(InvalidInputError, match="required column is missing"):
        catalogue({"A": {"quantity": [5, 4]}}, uplift={"drivers": ["price"]})
    with pytest.raises(InvalidInputError, match="drivers"):
        catalogue({"A": {"quantity": [5, 4]}}, uplift={"drivers": ["weather"]})


# ---- units, packs, closed days


def test_demand_in_packs_becomes_units() -> None:
    lines = {"A": {"quantity": [1, 2, 3]}, "B": {"quantity": [4, 0, 1]}}
    catalog = catalogue(lines, {"pack_size": [12, 5]}, data={"unit": "pack"})
    assert catalog.demand.quantity.tolist() == [12, 24, 36, 20, 0, 5]
    note = next(entry.note for entry in catalog.quality.entries if entry.what == "quantities in packs")
    assert note == "11 packs are 97 units by pack_size of items"
    with pytest.raises(InvalidInputError, match="'B' has no pack_size"):
        catalogue(lines, {"pack_size": [12, None]}, data={"unit": "pack"})
    with pytest.raises(InvalidInputError, match="'A' has no pack_size"):
        catalogue(lines, data={"unit": "pack"})


def test_demand_in_another_unit_is_multiplied_and_must_be_whole() -> None:
    lines = {"A": {"quantity": ["1.5", "0.125", "2"]}}
    catalog = catalogue(lines, data={"unit": 1000.0})
    assert catalog.demand.quantity.tolist() == [1500, 125, 2000]
    assert any(entry.what == "quantities in another unit" for entry in catalog.quality.entries)
    with pytest.raises(InvalidInputError, match=r"unit = 1000"):
        catalogue(lines)
    with pytest.raises(InvalidInputError, match="whole number of units at 10 each"):
        catalogue(lines, data={"unit": 10.0})


def test_closed_days_are_named_and_silent_days_told() -> None:
    rng = np.random.default_rng(1)
    n = 56
    lines = {f"S{k}": {"quantity": rng.poisson(5, n)} for k in range(8)}
    catalog = catalogue(
        lines, days=1, period="day", weekdays=["sunday"], closed=["2012-01-12/2012-01-13"], on_closed="drop"
    )
    note = next(note for note in read_history(catalog).notes if note.what == "closed days of the study")
    assert note.note.startswith("9 days: every sunday, 2012-01-12/2012-01-13;")
    table = pd.DataFrame(
        {"sku": f"S{k}", "location": "X", "date": str(START + day), "quantity": 3}
        for k in range(8)
        for day in range(n)
        if day % 7 != 5 and day != 20
    )
    items = pd.DataFrame({"sku": list(lines), "location": "X", "unit_cost": 1.0, "lead_time": 1.0})
    study = Study.default(**{**PLAIN, "period": "day"})
    history = read_history(from_frames(study, items, table))
    note = next(note for note in history.notes if note.what == "days without any row")
    assert "every saturday, 2012-01-22;" in note.note
    assert "[demand] weekdays" in note.note


def test_a_shelf_that_was_hardly_ever_full_is_named() -> None:
    """With every week stocked out nothing bounds demand from above: that must be said."""
    lines = {"A": {"quantity": [5] * 40, "on_hand": 0}, "B": {"quantity": [5] * 40, "on_hand": 3}}
    history = read_history(catalogue(lines, censoring="on_hand"))
    note = next(note for note in history.notes if "unseen" in note.what)
    assert "1 SKU-locations show few weeks whole" in note.note
    assert "A@X: 0" in note.note
    assert history.mean[1] == 5
