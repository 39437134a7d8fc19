"""Suppliers and locations add up what their SKU-locations have."""

import numpy as np
import pandas as pd

from simlab.api.output.groups import grouped


def rows(**changed):
    frame = pd.DataFrame(
        {
            "location": ["N", "N", "S"],
            "supplier": ["b", None, "b"],
            "inventory_value_now": [10.0, 20.0, np.nan],
            "inventory_value": [5.0, 30.0, 7.0],
            "orders_per_year": [1.0, 2.0, 3.0],
            "annual_units": [4.0, 5.0, 6.0],
            "annual_value": [8.0, 10.0, 12.0],
            "volume": [np.nan] * 3,
            "demanded": [100.0, 300.0, 0.0],
            "served": [90.0, 240.0, 0.0],
            "served_now": [100.0, 300.0, np.nan],
            "value": [1000.0, 300.0, 0.0],
            "value_served": [900.0, 240.0, 0.0],
            "value_served_now": [1000.0, 300.0, np.nan],
        }
    )
    return frame.assign(**changed)


def test_sums_and_rates_of_a_group_are_those_of_its_items():
    found = grouped(rows(), "location").set_index("location")
    assert list(found.index) == ["N", "S"]
    north = found.loc["N"]
    assert (north["n_items"], north["inventory_value_now"], north["inventory_value"]) == (2, 30.0, 35.0)
    assert north["inventory_value_change"] == 5.0
    assert (north["fill_rate"], north["fill_rate_now"]) == (330 / 400, 1.0)
    assert north["served_value"] == 1140 / 1300
    assert north["fill_rate_change"] == 330 / 400 - 1.0
    assert north["orders_per_year"] == 3.0


def test_what_is_not_known_of_one_is_not_known_of_the_group_and_nothing_asked_has_no_rate():
    south = grouped(rows(), "location").set_index("location").loc["S"]
    assert south["inventory_value"] == 7.0
    assert south[["inventory_value_now", "inventory_value_change", "fill_rate", "fill_rate_now"]].isna().all()


def test_items_without_a_supplier_are_a_group_of_their_own():
    found = grouped(rows(), "supplier")
    assert list(found["supplier"]) == ["", "b"]
    assert found["inventory_value"].sum() == 42.0


def test_rows_in_another_order_change_no_bit():
    rng = np.random.default_rng(4)
    many = pd.DataFrame({name: rng.lognormal(0, 5, 90) for name in rows().columns[2:]})
    many = many.assign(location=rng.choice(["N", "S", "W"], 90), supplier="x")
    other = many.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(grouped(many, "location"), grouped(other, "location"), check_exact=True)
