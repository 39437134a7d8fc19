"""From catalogue and models to the plain columns that schemes see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.models import fit
from simlab.samples import study_text
from simlab.samples.retailer import retailer
from simlab.segments import habit, habit_targets, known_schemes
from simlab.segments.assign import assign
from simlab.segments.inputs import scheme_input
from simlab.study import Study, parse_study


@pytest.fixture(scope="module")
def shop():
    frames = retailer(11, n_skus=40)
    catalog = from_frames(parse_study(study_text()), frames.items, frames.demand, frames.receipts)
    return frames, catalog, fit(catalog)


def test_measures_of_a_small_history_by_hand():
    """Weekly demand 4, 0, 2, 0 of one item: interval 2, squared variation of sizes 1/9."""
    items = pd.DataFrame(
        {"sku": ["P"], "location": ["E"], "unit_cost": [2.5], "holding_rate": [0.2], "lead_time": [14]}
    )
    demand = pd.DataFrame(
        {
            "sku": "P",
            "location": "E",
            "date": pd.to_datetime(["2024-01-01", "2024-01-07", "2024-01-15"]),
            "quantity": [3, 1, 2],
        }
    )
    study = Study.default(as_of="2024-01-28", policy={"review_period": 7})
    catalog = from_frames(study, items, demand, None)
    data = scheme_input(catalog, fit(catalog))
    assert data.numbers["adi"].tolist() == [2.0]
    assert data.numbers["cv2_size"] == pytest.approx(1 / 9)
    assert data.numbers["unit_cost"] == pytest.approx(2.5)
    assert data.numbers["holding_cost"] == pytest.approx(0.5)
    assert data.numbers["mean_lead_time"] == pytest.approx(2.0)
    assert data.numbers["cv_lead_time"] == pytest.approx(0.0)
    assert data.numbers["mean_demand"] == pytest.approx(1.5)
    assert data.numbers["order_size"] == pytest.approx(1.5)
    assert data.numbers["annual_value"] == pytest.approx(1.5 * 365 / 7 * 2.5)


def test_value_of_the_sample_agrees_with_its_sales(shop):
    frames, catalog, models = shop
    data = scheme_input(catalog, models)
    sold = frames.demand.groupby(["sku", "location"])["quantity"].sum()
    units = np.array([sold[key] for key in zip(catalog.sku, catalog.location, strict=True)])
    days = frames.demand[frames.demand["quantity"] > 0].groupby(["sku", "location"])["date"].nunique()
    often = np.array([days[key] for key in zip(catalog.sku, catalog.location, strict=True)]) >= 30
    established = (models.n_observed > 700) & often  # rarer ones take their rates from comparable items
    ratio = data.numbers["annual_units"][established] / (units[established] / 2)
    assert np.abs(ratio - 1).max() < 0.05  # less than that sells before the first sale and on closed days


@pytest.mark.parametrize("name", sorted(set(known_schemes()) - {"rules", "kmeans", "hierarchical"}))
def test_every_scheme_works_on_the_sample(shop, name):
    _, catalog, models = shop
    segmentation = assign(catalog, models, name, catalog.study.segments)
    assert segmentation.codes.shape == (120,)
    assert segmentation.sizes.sum() == 120


def test_row_order_of_the_items_file_does_not_matter(shop):
    frames, catalog, models = shop
    mixed = from_frames(
        catalog.study, frames.items.sample(frac=1, random_state=3), frames.demand, frames.receipts
    )
    straight = assign(catalog, models, ["abc", "xyz"], catalog.study.segments).to_frame(catalog)
    other = assign(mixed, fit(mixed), ["abc", "xyz"], mixed.study.segments).to_frame(mixed)
    keys = ["sku", "location"]
    pd.testing.assert_frame_equal(
        straight.sort_values(keys).reset_index(drop=True), other.sort_values(keys).reset_index(drop=True)
    )


def test_the_study_cuts_the_classes(shop):
    _, catalog, models = shop
    spec = parse_study(
        study_text()
        .replace("cuts = [0.80, 0.95]", "cuts = [0.50]")
        .replace('cuts = "terciles"', "cuts = [2.0]")
    ).segments
    assert assign(catalog, models, ("abc", "xyz"), spec).labels == (("A", "B"), ("X", "Y"))


def test_the_habit_asks_98_95_90_by_abc(shop):
    _, catalog, models = shop
    classes = habit(catalog, models, catalog.study.segments)
    targets = habit_targets(catalog, models, catalog.study.segments)
    by_class = {name: set(targets[classes.codes == code]) for code, name in enumerate(classes.names)}
    assert by_class == {"A": {0.98}, "B": {0.95}, "C": {0.90}}
