"""A year has the open periods of the history's whole years: the same demand by day, week and month."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl

DAYS = pd.date_range("2023-01-01", "2024-12-31")


def load(period, dates, quantity=4, closed=(), weekdays=(), **sections):
    items = pd.DataFrame(
        {"sku": ["a"], "location": "X", "unit_cost": 10.0, "lead_time": 1.0, "holding_rate": 0.25}
    )
    items["order_cost"] = 30.0
    demand = pd.DataFrame({"sku": "a", "location": "X", "date": [str(day)[:10] for day in dates]})
    demand["quantity"] = quantity
    study = {
        "study": {"period": period},
        "data": {"time_unit": "periods"},
        "demand": {"life": "window", "closed": list(closed), "weekdays": list(weekdays)},
        "policy": {"review_period": 1},
        **sections,
    }
    return sl.load_frames(items, demand, study=study)


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_a_yearly_shutdown_by_dates_counts_in_the_year(period) -> None:
    """4 a day on 675 open days of two years, 28 days of each August shut: 1,350 a year, not 1,460."""
    shut = ["2023-08-01/2023-08-28", "2024-08-01/2024-08-28"]
    dates = [day for day in DAYS if not (day.month == 8 and day.day <= 28)]
    data = load(period, dates, closed=shut)
    assert len(dates) * 4 / 2 == 1350
    assert data.models.annual_units[0] == pytest.approx(1350, rel=1e-9)  # the same number in all three
    assert data.models.periods_per_year == data.study.periods_per_year


def test_weekends_by_date_or_by_name_make_the_same_year() -> None:
    """522 open days of 4 in two years: 1,044 a year, and the lot √(2·30·1,044 ÷ 2.5) is 158, not 187."""
    ends = [str(day)[:10] for day in DAYS if day.day_of_week > 4]
    dates = [day for day in DAYS if day.day_of_week < 5]
    for how in ({"closed": ends}, {"weekdays": ["saturday", "sunday"]}):
        data = load("day", dates, **how)
        assert data.models.annual_units[0] == pytest.approx(1044, rel=1e-9)


def test_one_closed_weekday_makes_the_same_year_by_date_or_by_name_in_days_and_weeks() -> None:
    """A shop without Mondays, 2023 and 2024: 731 days less 105 Mondays are 626 open days of 4 units."""
    mondays = [str(day)[:10] for day in DAYS if day.day_of_week == 0]
    dates = [day for day in DAYS if day.day_of_week > 0]
    assert len(dates) == 626
    for period in ("day", "week"):
        for how in ({"closed": mondays}, {"weekdays": ["monday"]}):
            data = load(period, dates, **how)
            assert data.models.annual_units[0] == pytest.approx(1252, rel=1e-9 if period == "day" else 0.002)


def test_money_per_year_follows_the_open_year() -> None:
    """A fifth of the days shut at random dates: turns and orders a year are those of the open days."""
    shut = sorted(np.random.default_rng(1).choice(len(DAYS), 146, replace=False).tolist())
    closed = [str(DAYS[k])[:10] for k in shut]
    dates = [day for k, day in enumerate(DAYS) if k not in set(shut)]
    quantity = np.random.default_rng(2).poisson(4, len(dates))
    sections = {"segments": {"by": ["abc"]}, "simulation": {"periods": 60, "replications": 40}}
    data = load("day", dates, quantity, closed=closed, **sections)
    yearly = quantity.sum() / 2
    assert data.models.annual_units[0] == pytest.approx(yearly, rel=0.003)
    policy = sl.Policy.from_targets(sl.segment(data), fill_rate={"A": 0.95}, family="reorder_quantity")
    total = sl.simulate(data, policy).to_frame().iloc[-1]
    assert total.turns == pytest.approx(yearly * 10 * total.fill_rate / total.inventory_value, rel=0.05)


def test_shorter_and_odd_histories_take_whole_years() -> None:
    """A year and a half with one August; half a year without one, whose year before had it shut."""
    shut = ["2023-08-01/2023-08-28", "2024-08-01/2024-08-28"]
    late = [
        day for day in DAYS if day >= pd.Timestamp("2023-09-01") and not (day.month == 8 and day.day <= 28)
    ]
    half = [day for day in DAYS if day >= pd.Timestamp("2024-09-01")]
    for dates in (late, half):
        assert load("day", dates, closed=shut).models.annual_units[0] == pytest.approx(1350, rel=0.004)
    assert load("day", DAYS).models.annual_units[0] == pytest.approx(1460)


def test_days_without_rows_are_told_of_those_whose_history_they_lie_in() -> None:
    """A row of one SKU a month before all others: its silence is not that of every SKU."""
    days = [str(day)[:10] for day in pd.date_range("2024-02-01", "2024-03-31")]
    rows = [(f"P{k}", day) for k in range(8) for day in days]
    for early, told in ((["P3"], "P3@X, the one"), (["P3", "P4"], "the 2 SKU-locations (of 8)")):
        table = pd.DataFrame([*((sku, "2024-01-05") for sku in early), *rows], columns=["sku", "date"])
        table = table.assign(location="X", quantity=2)
        items = pd.DataFrame({"sku": [f"P{k}" for k in range(8)], "location": "X", "unit_cost": 1.0})
        study = {"study": {"period": "day"}, "demand": {"life": "first_sale"}}
        history = sl.load_frames(items.assign(lead_time=7.0), table, study=study).history
        (note,) = [note.note for note in history.notes if note.what == "days without any row"]
        assert f"zero demand of {told} SKU-location" in note or f"zero demand of {told}" in note
