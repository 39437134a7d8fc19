"""Rows of the tables in another order give the same laws, scores and tests to the last bit."""

import numpy as np
import pandas as pd
import pytest

from simlab import api
from simlab.api.data.fitted import fit_tables
from simlab.api.data.histories import diagnosis_columns
from simlab.api.output.tables import item_frame
from simlab.arrays import mean_of, sum_of, sums_by

OPTIONS = {
    "study": {"period": "day", "currency": "EUR"},
    "models": {"pool_by": "category"},
    "policy": {"review_period": 7},
    "segments": {"by": ["abc"]},
    "lead_times": {"law": "fixed", "crossing": False},
}


def tables():
    rng = np.random.default_rng(11)
    items, demand = [], []
    days = pd.date_range("2024-01-01", periods=240).strftime("%Y-%m-%d").to_numpy()
    for k in range(60):
        mean, dispersion = rng.lognormal(-1.5, 1.3), rng.uniform(0.2, 3.0)
        sold = rng.negative_binomial(dispersion, dispersion / (dispersion + mean), days.size)
        sold[0] = max(sold[0], 1)
        cost = round(float(rng.lognormal(2, 1)), 2)
        items.append((f"s{k:03}", "L", cost, 7, f"c{k % 4}"))
        demand += [(f"s{k:03}", "L", day, int(q)) for day, q in zip(days, sold, strict=True) if q]
    return (
        pd.DataFrame(items, columns=["sku", "location", "unit_cost", "lead_time", "category"]),
        pd.DataFrame(demand, columns=["sku", "location", "date", "quantity"]),
    )


def found(items, demand):
    data = api.load_frames(items, demand, study=OPTIONS)
    segmentation = api.segment(data, workers=1)
    n = data.catalog.n_items
    own = item_frame(data.catalog, data.models, segmentation, pd.DataFrame(index=range(n)))
    further = diagnosis_columns(data)
    whole = pd.concat([own, further[[name for name in further if name not in own]]], axis=1)
    fit = fit_tables(data.catalog, data.models, data.history, segmentation)
    return {"items": whole.sort_values(["sku", "location"], ignore_index=True), **fit}


def test_items_and_demand_in_another_order_change_no_bit():
    items, demand = tables()
    usual = found(items, demand)
    other = found(items.sample(frac=1, random_state=2), demand.sample(frac=1, random_state=3))
    assert set(usual) >= {"items", "fit_test", "fit_pit"}
    for name, frame in usual.items():
        pd.testing.assert_frame_equal(frame, other[name], check_exact=True, obj=name)


@pytest.mark.parametrize("seed", range(5))
def test_sums_are_the_same_in_any_order(seed):
    rng = np.random.default_rng(seed)
    values, group = rng.lognormal(0, 9, 400) * rng.choice([-1, 1], 400), rng.integers(0, 7, 400)
    order = rng.permutation(400)
    assert (sums_by(group, values, 8) == sums_by(group[order], values[order], 8)).all()
    assert sum_of(values) == sum_of(values[order])
    assert mean_of(values) == mean_of(values[order])
    assert np.allclose(sums_by(group, values, 8), np.bincount(group, weights=values, minlength=8))
