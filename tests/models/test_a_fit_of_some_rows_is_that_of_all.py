"""What an item's law needs of the others is one small record: any rows, in any blocks, are the same."""

from dataclasses import replace
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
from worlds.items import said_of

from simlab import api
from simlab.errors import UsageError
from simlab.execution import backend
from simlab.models import read_history
from simlab.models.fitting import fit, fit_rows
from simlab.models.history import history, lives
from simlab.models.history.history import side_by_side
from simlab.models.shared import Shared, unpacked
from simlab.policies import plan
from simlab.samples.retailer import retailer

TARGETS = (0.8, 0.95, 0.99)
BASE = {
    "study": {"period": "week", "currency": "EUR"},
    "lead_times": {"crossing": False},
    "policy": {"review_period": 7},
    "segments": {"by": ["abc"]},
}


def merged(options):
    return {name: BASE.get(name, {}) | options.get(name, {}) for name in {**BASE, **options}}


def plain():
    frames = retailer(seed=5, n_skus=14)
    return frames.items, frames.demand, frames.receipts


def of_stock():
    items, demand, receipts = plain()
    rng, n = np.random.default_rng(3), len(items)
    items = items.assign(
        on_hand=rng.integers(0, 50, n),
        on_order=np.where(np.arange(n) % 4 == 0, np.nan, 5.0),
        review_phase=np.where(np.arange(n) % 3 == 0, 2.0, np.nan),
        lead_time=rng.choice([3.0, 9.5, 12.0], n),
        order_quantity=rng.integers(5, 60, n),
    )
    empty = (rng.random(len(demand)) < 0.05).astype(int)
    return items, demand.assign(stockout=empty), receipts


def promoted():
    items, demand, receipts = plain()
    days = pd.date_range(demand.date.min(), demand.date.max()).astype(demand.date.dtype)
    some = items[["sku", "location"]].merge(pd.DataFrame({"date": days}), how="cross")
    demand = some.merge(demand, how="left", on=["sku", "location", "date"]).fillna({"quantity": 0})
    rng = np.random.default_rng(4)
    demand["promotion"] = (rng.random(len(demand)) < 0.02).astype(int)
    demand["price"] = np.where(rng.random(len(demand)) < 0.2, 8.0, 10.0)
    return items, demand.astype({"quantity": int}), receipts


def dirty():
    """Monthly spares: most rare, some never sold, some new, one with its own law; returns, rows twice."""
    rng = np.random.default_rng(9)
    months = pd.date_range("2019-01-01", periods=60, freq="MS").strftime("%Y-%m-%d").to_numpy()
    items, demand = [], []
    for k in range(90):
        begin = int(rng.integers(20, 50)) if k % 11 == 0 else 0
        sold = (rng.random(60) < rng.choice([0.0, 0.02, 0.08, 0.3, 0.9])) * rng.geometric(0.2, 60)
        sold[:begin] = 0
        price = round(float(rng.lognormal(2, 1)), 2)
        law, mean = ("poisson", 2.5) if k == 7 else (None, None)
        items.append((f"S {k:03}", "L", price, int(rng.integers(1, 5)), f"c{k % 5}", law, mean))
        demand += [(f"S {k:03}", "L", months[t], int(sold[t])) for t in np.flatnonzero(sold)]
        if len(demand) > 3 and k % 9 == 0:
            demand += [demand[-1], (*demand[-1][:3], -1)]
    columns = ["sku", "location", "unit_cost", "lead_time", "category", "demand_law", "demand_mean"]
    demand = pd.DataFrame(demand, columns=["sku", "location", "date", "quantity"]).sample(
        frac=1, random_state=1
    )
    return pd.DataFrame(items, columns=columns), demand, None


def foreseen():
    """Half of the items follow a forecast, some of them with past errors; demand of all is known."""
    items, demand, _ = plain()
    rng, monday, week = np.random.default_rng(6), np.datetime64("2026-01-05"), np.timedelta64(7, "D")
    mean, errors = [], []
    for k, (sku, place) in enumerate(zip(items.sku, items.location, strict=True)):
        if k % 2:
            continue
        level, more = rng.uniform(2, 40), int(rng.integers(0, 4))
        mean += [(sku, place, monday + t * week, level * (1 + t % 3), level / 2) for t in range(16 + more)]
        if k % 4 == 0:
            for origin in range(10 + k % 7):
                begin = monday - (30 - origin) * week
                for h in range(1, 9):
                    came = round(max(level + rng.normal(0, level / 3), 0.0), 3)
                    errors.append((sku, place, begin, begin + h * week, round(level, 3), came))
    names = ["sku", "location", "date"]
    forecast = pd.DataFrame(mean, columns=[*names, "mean", "sd"])
    past = pd.DataFrame(errors, columns=["sku", "location", "origin", "date", "forecast", "actual"])
    return items, demand, None, None, forecast, past


SPARES = {
    "study": {"period": "month", "currency": "GBP"},
    "data": {"time_unit": "months", "demand": {"duplicates": "sum", "returns": "net"}},
    "demand": {"no_history": "exclude", "life": "evidence"},
    "lead_times": {"law": "fixed"},
    "policy": {"review_period": 1},
    "models": {"pool_by": "category"},
}
CASES = {
    "weeks": (plain, {}),
    "days": (plain, {"study": {"period": "day"}}),
    "spares": (dirty, SPARES),
    "common factors": (plain, {"models": {"dependence": {"market": True, "group_by": "category"}}}),
    "seasons by frequency": (
        plain,
        {"study": {"period": "day"}, "models": {"seasonality": {"profile_by": "category", "cycle": 7}}},
    ),
    "a memory and empty shelves": (
        of_stock,
        {"demand": {"censoring": "stockout_column"}, "models": {"memory": 26}},
    ),
    "phases that are given": (of_stock, {"lead_times": {"law": "fixed"}, "policy": {"review_period": 21}}),
    "parts of a month": (of_stock, {"study": {"period": "month"}, "lead_times": {"law": "fixed"}}),
    "from today": (of_stock, {"policy": {"start": "today"}}),
    "lots and lost sales": (of_stock, {"policy": {"unmet": "lost", "family": "reorder_quantity"}}),
    "promotions and prices": (
        promoted,
        {"demand": {"uplift": {"drivers": ["promotion", "price"], "future": 0.05}}},
    ),
    "suppliers' groups": (plain, {"lead_times": {"by": ["supplier", "location"], "min_receipts": 40}}),
    "orders in parts": (plain, {"lead_times": {"partial": "split", "shared_delay": True}}),
    "parameters drawn again": (
        plain,
        {"models": {"parameter_uncertainty": True}, "lead_times": {"by": ["supplier", "location"]}},
    ),
    "laws of the past": (plain, {"study": {"period": "day"}, "models": {"law": "calendar"}}),
    "forecasts with past errors": (
        foreseen,
        {
            "study": {"as_of": "2026-01-04"},
            "data": {"forecast": {}, "forecast_errors": {}},
            "lead_times": {"law": "fixed"},
        },
    ),
    "overrides": (plain, {"models": {"override": [{"location": "ECOM", "law": "poisson"}]}}),
}


def loaded(case):
    frames, options = CASES[case]
    names = ("items", "demand", "receipts", "open_orders", "forecast", "forecast_errors")
    return api.load_frames(**dict(zip(names, frames(), strict=False)), study=merged(options))


def levels(data, models):
    policy = data.study.policy
    found = plan(models, TARGETS, family=policy.family, planning=policy.planning)
    table = (found.levels.reorder_point, found.levels.order_up_to, found.levels.order_quantity)
    return [*table, found.safety_stock], found.method


@pytest.mark.parametrize("case", CASES)
def test_laws_and_levels_of_any_rows_are_those_of_the_whole(case):
    """Blocks of 1, 7 and 1,024 items in any order; the record read from its bytes."""
    data = loaded(case)
    whole, shared = data.models, unpacked(data.models.shared.packed())
    tables, method = levels(data, whole)
    order = np.random.default_rng(8).permutation(whole.n_items)
    blocks = [order[k : k + 1] for k in range(6)]
    for size in (7, 1024):
        blocks += [order[k : k + size] for k in range(0, order.size, size)]
    for rows in blocks:
        part = fit_rows(data.catalog, shared, rows)
        own, words = levels(data, part)
        for k, row in enumerate(rows.tolist()):
            assert said_of(part, k) == said_of(whole, row)
            assert words[k] == method[row]
        for table, here in zip(tables, own, strict=True):
            np.testing.assert_array_equal(here, table[rows])


@pytest.mark.parametrize("case", CASES)
def test_threads_change_no_bit_of_a_fit(case, monkeypatch):
    """Three of them, some items each; one that reads a table in one piece finds the same."""
    data = loaded(case)
    alone = data.models
    with monkeypatch.context() as small:
        small.setattr(history, "_CELLS", 50)
        small.setattr(history, "_BLOCK", 400)
        small.setattr(lives, "_ITEMS", 3)
        several = fit(data.catalog, threads=3)
    for row in range(alone.n_items):
        assert said_of(several, row) == said_of(alone, row)
    assert several.shared.packed() == alone.shared.packed()
    assert several.notes == alone.notes
    assert several.assumptions == alone.assumptions


def test_blocks_of_a_history_are_looked_at_side_by_side(monkeypatch):
    """Each of two blocks waits until the other is looked at, too; nothing in a block is spread again."""
    monkeypatch.setattr(history, "_CELLS", 50)
    plain = replace(read_history(api.demo(n_skus=6).catalog), threads=2)
    both = Barrier(2, timeout=20)

    def seen(items, block):
        if items.stop <= plain._parts[1].stop:
            both.wait()
        return items, block.threads

    found = plain.of_blocks(seen)
    assert [items for items, _ in found] == plain._parts
    assert len(found) > 2
    assert {threads for _, threads in found} == {1}


def test_what_is_said_of_warnings_holds_in_the_threads():
    with np.errstate(divide="ignore"):
        assert side_by_side(lambda x: np.float64(1) / x, [np.float64(0), np.float64(2)], 2) == [np.inf, 0.5]


def test_a_fit_has_the_threads_that_a_call_or_the_study_says(monkeypatch):
    data, asked = loaded("weeks"), []
    monkeypatch.setattr("simlab.api.data.data.fit", lambda catalog, threads: asked.append(threads))
    _ = replace(data, threads=5).models
    assert replace(data, threads=3).with_models(None).threads == 3
    _ = replace(data).models
    with backend("loky", workers=4):
        _ = replace(data).models
    with backend(workers=7):
        _ = replace(data).models
    assert asked == [5, data.study.run.workers, 1, 7]


def test_the_record_does_not_grow_with_the_items():
    """Four times the items of the same three groups."""
    sizes = []
    for n_skus in (14, 56):
        frames = retailer(seed=5, n_skus=n_skus)
        options = merged({"models": {"pool_by": "channel"}})
        data = api.load_frames(frames.items, frames.demand, frames.receipts, study=options)
        sizes.append(data.models.shared.n_bytes)
    assert sizes[1] < 1.3 * sizes[0] < 20_000


def test_the_record_is_the_same_after_its_bytes():
    data = api.demo(n_skus=6)
    first = data.models.shared
    second = unpacked(first.packed())
    assert second.packed() == first.packed()
    assert set(second.found) == set(first.found)
    for name, pool in first.found.items():
        for entry, value in pool.items():
            np.testing.assert_array_equal(second.found[name][entry], value)


def test_the_record_of_another_study_is_refused():
    data = api.demo(n_skus=6)
    found = {name: pool for name, pool in data.models.shared.found.items() if name != "sizes"}
    with pytest.raises(UsageError, match="'sizes'"):
        fit_rows(data.catalog, Shared(found), np.arange(3))
