"""Daily studies with closed weekdays: calendar days of times become open days."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.catalog import from_frames
from simlab.errors import InvalidInputError
from simlab.models import fit, split, stock_at_cut
from simlab.models.suppliers.orders import open_days_in
from simlab.study import WEEKDAYS, Study

START = np.datetime64("2012-01-02")  # a Monday
DAYS = 56


def week_of_five(
    weekdays=("saturday", "sunday"),
    closed=(),
    models=None,
    unit="days",
    lead_time=14.0,
    receipts=None,
    calendar="days",
    **more,
):
    """Eight weeks of days of four items, weekends closed."""
    rng = np.random.default_rng(1)
    names = [f"S{k}" for k in range(4)]
    days = START + np.arange(DAYS)
    kept = np.flatnonzero(np.isin((days.astype(np.int64) + 3) % 7, [WEEKDAYS.index(d) for d in weekdays]))
    sold = {name: rng.poisson(5, DAYS) for name in names}
    demand = pd.DataFrame(
        [
            (name, "X", str(days[t]), sold[name][t], 3 * t + 100)
            for name in names
            for t in range(DAYS)
            if t not in kept
        ],
        columns=["sku", "location", "date", "quantity", "on_hand"],
    )
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 2.0, "supplier": "A"})
    if lead_time is not None:
        items["lead_time"] = lead_time
    study = Study.default(
        period="day",
        lead_times={"crossing": False, "calendar": calendar},
        demand={"life": "window", "weekdays": list(weekdays), "closed": list(closed), "on_closed": "drop"},
        data={"time_unit": unit},
        models=models or {},
        **more,
    )
    return from_frames(study, items, demand, receipts)


@pytest.mark.parametrize(
    ("unit", "lead", "review", "said"),
    [
        (
            "days",
            10.0,
            5,
            "7 of them become 5; what would arrive on a closed day waits for the next open one.",
        ),
        ("periods", 14.0, 7, "times count open days, as the study says"),
    ],
)
def test_calendar_days_become_open_days(unit, lead, review, said) -> None:
    """Fourteen calendar days are ten open ones; whoever counts open days already says so."""
    more = {"unit": unit, "policy": {"review_period": 7}}
    models = fit(week_of_five(**more))
    (sentence,) = [text for text in models.assumptions if "open for demand" in text]
    assert said in sentence
    assert "a year has 261 of them" in sentence  # of the year up to the last date, 365 days less 104
    assert models.lead_time_moments[0].tolist() == [lead] * 4
    assert models.world.terms.review_period.tolist() == [review] * 4
    assert models.annual_units == pytest.approx(models.world.demand.mean * 261)
    seven = fit(week_of_five(weekdays=[], **more))
    assert seven.lead_time_moments[0].tolist() == [14.0] * 4
    assert not [text for text in seven.assumptions if "open for demand" in text]


def test_three_calendar_days_are_the_nearest_number_of_open_days() -> None:
    """Three open days pass from Monday to Wednesday on, from Thursday two, Friday one: 2.4, taken as 2."""
    models = fit(week_of_five(lead_time=3.0))
    assert models.world.lead_time.support(0)[0].tolist() == [2]
    assert models.world.grid is None
    (note,) = [note.note for note in models.notes if "nearest part" in note.what]
    assert "lead_time 2.4 → 2 (in open days" in note


@pytest.mark.parametrize(("days", "mean"), [(0, 0.0), (1, 1.0), (2, 1.8), (7, 5.0), (9, 6.8), (14, 10.0)])
def test_open_days_until_an_arrival_are_counted_from_each_open_weekday(days, mean):
    """By walking the calendar: nine days from Monday to Thursday on are seven open ones, Friday six."""
    week = np.array([True] * 5 + [False] * 2)
    found = open_days_in(np.array([days]), week)[0]
    by_hand = [sum((start + k) % 7 < 5 for k in range(days)) for start in range(5)]
    assert found.tolist() == by_hand
    assert found.mean() == mean


@pytest.mark.parametrize(("review", "level"), [(7, 55), (14, 78)])
@pytest.mark.parametrize("ordered_on", [0, 3])
def test_nine_calendar_days_with_closed_weekends_give_the_fill_of_the_calendar(review, level, ordered_on):
    """Against a walk over 80,000 calendar weeks; in proportion (6.4 open days, taken as 6) 0.97 was 0.99."""
    items = pd.DataFrame({"sku": ["a"], "location": "x", "unit_cost": 1.0, "lead_time": [9]})
    items["review_period"], items["current_order_up_to"] = review, level
    items["demand_law"], items["demand_mean"] = "poisson", 4.0
    study = {
        "study": {"period": "day"},
        "demand": {"weekdays": ["saturday", "sunday"]},
        "lead_times": {"law": "fixed"},
        "policy": {"family": "given"},
    }
    data = sl.load_frames(items, study=study)
    result = sl.simulate(data, sl.Policy.given(sl.segment(data, by="all")), replications=2_000, seed=3)
    fill, stock = walked(review, 9, level, 4.0, ordered_on)
    assert result.fill_rate.value == pytest.approx(fill, abs=0.002)
    assert result.inventory_value.value == pytest.approx(stock, rel=0.01)


def walked(review, lead, level, mean, ordered_on, weeks=80_000):
    """Fill and mean stock over calendar days: arrive, order, demand, count, on open days; Poisson demand."""
    n = 7 * weeks
    is_open = (np.arange(n) + ordered_on) % 7 < 5
    demand = np.where(is_open, np.random.default_rng(5).poisson(mean, n), 0)
    total = np.concatenate([[0], np.cumsum(demand)])
    days = np.flatnonzero(is_open)
    days = days[days >= lead + review]
    last = (days - lead) // review * review  # the newest order that has arrived
    before = np.maximum(level - (total[days] - total[last]), 0)
    sold = np.minimum(before, demand[days])
    return sold.sum() / demand[days].sum(), (before + before - sold).mean() / 2


def test_days_closed_by_date_are_told_not_converted() -> None:
    """Four of 56 days by date are 7 %: lead times count them, and the assumptions say what that does."""
    (said,) = [
        text
        for text in fit(week_of_five(weekdays=[], closed=["2012-01-10/2012-01-13"])).assumptions
        if "by date" in text
    ]
    assert said.startswith("Days closed by date (7%")


def test_a_week_without_an_open_day_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no day is open for demand"):
        week_of_five(weekdays=WEEKDAYS)


def test_a_law_by_weekday_refuses_weekdays_that_are_always_closed() -> None:
    """Else Friday's and Monday's demand would be sold at weekends, and the week drift against the run."""
    with pytest.raises(InvalidInputError, match="always closed"):
        fit(week_of_five(models={"law": "calendar"}))
    assert fit(week_of_five(models={"law": "calendar"}, weekdays=[])).world.demand.past.cycle == 7


def receipts_of(n: int, days: int) -> pd.DataFrame:
    """Orders of n Mondays, received so many calendar days later."""
    ordered = START - 7 * (2 + np.arange(n))
    dates = {"order_date": ordered.astype(str), "receipt_date": (ordered + days).astype(str)}
    return pd.DataFrame({"supplier": "A", **dates, "quantity": 1})


@pytest.mark.parametrize(("calendar", "expected"), [("days", 8.0), ("working_days", 9.0)])
def test_receipts_count_calendar_or_working_days(calendar, expected) -> None:
    """From Monday to the Friday of the next week pass 11 days, of them 9 worked; from any open day on, 8."""
    models = fit(week_of_five(lead_time=None, receipts=receipts_of(10, 11), calendar=calendar))
    assert models.lead_time_moments[0] == pytest.approx([expected] * 4)
    (sentence,) = [text for text in models.assumptions if "open for demand" in text]
    assert ("lead times of receipts are calendar days" in sentence) == (calendar == "days")


def test_hold_outs_have_open_days_alone() -> None:
    """Fourteen days are ten periods; what came on a Sunday is there on Monday, the sixth period."""
    receipts = pd.DataFrame(
        {
            "supplier": "A",
            "sku": "S1",
            "location": "X",
            "order_date": str(START + DAYS - 20),
            "receipt_date": [str(START + DAYS - 8), str(START + DAYS - 10)],
            "quantity": [7, 5],
        }
    )
    catalog = week_of_five(receipts=receipts, replay={"holdout": 14})
    _, held = split(catalog, 14)
    assert held.n_periods == 10
    assert held.is_open.all()
    assert str(held.days[5]) == str(START + DAYS - 7)
    opening = stock_at_cut(catalog, held)
    assert sorted(zip(opening.quantity.tolist(), opening.arrival.tolist(), strict=True)) == [(5, 4), (7, 5)]


def test_resolved_options_tell_what_times_become() -> None:
    resolved = json.loads(json.dumps(week_of_five().study.resolved_with_times()))
    assert resolved["derived"]["calendar_days_per_period"] == pytest.approx(1.4)
    assert resolved["derived"]["periods_per_year"] == 261
    assert resolved["derived"]["periods_per_time_unit"] == pytest.approx(5 / 7)
