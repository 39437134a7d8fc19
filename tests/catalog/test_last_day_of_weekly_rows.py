"""The last day used, where a row of demand stands for a whole week or month."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.models.opening import pipeline_today


def study(dates, *, period="week", due=None, **more):
    items = pd.DataFrame(
        [{"sku": "a", "location": "EAST", "unit_cost": 2.0, "lead_time": 14, "on_hand": 5, "on_order": 0}]
    )
    rows = [{"sku": "a", "location": "EAST", "date": day, "quantity": 3} for day in dates]
    orders = (
        None
        if due is None
        else pd.DataFrame([{"sku": "a", "location": "EAST", "quantity": 9, "due_date": due}])
    )
    options = {"study": {"period": period, **more}, "lead_times": {"law": "fixed"}}
    return sl.load_frames(items, demand=pd.DataFrame(rows), open_orders=orders, study=options)


MONDAYS = [str(day) for day in np.arange("2025-06-02", "2026-01-01", 7, dtype="datetime64[D]")]


@pytest.mark.parametrize(
    ("dates", "more", "last"),
    [
        (MONDAYS, {}, dt.date(2026, 1, 4)),
        (MONDAYS, {"as_of": "2025-12-29"}, dt.date(2025, 12, 29)),
        ([f"2025-{month:02}-01" for month in range(1, 13)], {"period": "month"}, dt.date(2025, 12, 31)),
        (
            [str(day) for day in np.arange("2025-06-02", "2025-12-31", dtype="datetime64[D]")],
            {},
            dt.date(2025, 12, 30),
        ),
    ],
)
def test_a_row_of_a_week_is_complete_at_its_end(dates, more, last):
    """Rows of days end with their last day; what the study says stands."""
    assert study(dates, **more).catalog.as_of == last


def test_an_order_of_the_week_after_the_last_row_arrives_in_the_first_period():
    """A week later as long as the Monday of the last row was taken for the last day known."""
    data = study(MONDAYS, due="2026-01-06")
    found = pipeline_today(data.catalog, data.models.world.lead_time)
    assert found.period.tolist() == [0]
