"""`max_order` below what a review period demands: it is named, with both numbers, before a run refuses."""

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.remarks.remarks import remarks


def found(most, unmet="backorder", **study):
    """Remarks on six items of five units a week, the first with a largest order."""
    rng = np.random.default_rng(1)
    weeks = np.datetime64("2023-01-02") + 7 * np.arange(104)
    rows = [("ABCDEF"[k], "X", str(day), int(rng.poisson(5))) for k in range(6) for day in weeks]
    items = pd.DataFrame({"sku": list("ABCDEF"), "location": "X", "unit_cost": 2.0, "lead_time": 14})
    items["max_order"] = [most, *[100] * 5]
    demand = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    options = {"study": {"period": "week"}, "policy": {"unmet": unmet, "review_period": 7}, **study}
    said = remarks(sl.load_frames(items, demand=demand, study=options), None)
    return [one for one in said if one.key == "too_little_ordered"]


@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_a_largest_order_below_demand_is_named_with_what_no_plan_reaches(unmet):
    [one] = found(2, unmet)
    assert "max_order of 1 SKU-location is less than a review period demands" in one.text
    assert "A@X may order 2 a review and is asked for 5" in one.text or "asked for 4.9" in one.text
    reach = (
        "83" if unmet == "backorder" else "90"
    )  # five of six; and two fifths of the sixth where it is lost
    assert f"No plan serves more than {reach}" in one.text
    assert one.look


@pytest.mark.parametrize("most", [0, 6, 100])
def test_an_order_that_is_large_enough_is_not(most):
    assert found(most) == []
