"""Dates on which a supplier is closed become periods of the simulated year, or are refused."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.errors import InvalidInputError
from simlab.models.suppliers.closures import closure
from simlab.study import Study


def shut(period: str, as_of: str | None, *spans: str, **sections) -> tuple[list[int], object]:
    study = Study.default(period=period, calendar={"closed": {"S": list(spans)}}, **sections)
    found = closure(
        study, None if as_of is None else dt.date.fromisoformat(as_of), study.calendar.closed["S"]
    )
    return np.flatnonzero(found.closed).tolist(), found


def test_days_are_counted_from_the_day_after_the_last_one() -> None:
    """5 January is the sixth day after 30 December; holidays of the year before stand in the same weeks."""
    days, found = shut("day", "2025-12-30", "2026-01-05/2026-01-07")
    assert (days, found.days, found.years_off) == ([5, 6, 7], 3, 0)
    before, found = shut("day", "2025-12-30", "2025-01-06/2025-01-08")  # 364 days earlier: 5 to 7 January
    assert (before, found.years_off) == ([5, 6, 7], -1)
    after, found = shut("day", "2025-12-30", "2027-01-04/2027-01-06")  # as on an earlier day: 364 days later
    assert (after, found.years_off) == ([5, 6, 7], 1)
    assert shut("day", None, "2026-01-05")[0] == [4]  # without a last date the year of the first holiday


def test_closed_weekdays_of_the_study_are_no_periods() -> None:
    """Monday 5 January 2026 is the fourth working day after Tuesday 30 December, 31 being the first."""
    weekend = {"weekdays": ["saturday", "sunday"]}
    days, found = shut("day", "2025-12-30", "2026-01-05/2026-01-11", demand=weekend)
    assert (days, found.closed.size) == ([3, 4, 5, 6, 7], 260)


def test_weeks_and_months_close_with_five_of_seven_days() -> None:
    """Two weeks from Monday to Friday are weeks; three weeks of August are no month, and are counted."""
    weeks, found = shut("week", "2026-07-26", "2026-08-03/2026-08-07", "2026-08-10/2026-08-14", "2026-08-17")
    assert (weeks, found.lost) == ([1, 2], 1)
    months, found = shut("month", "2026-06-30", "2026-08-03/2026-08-21", "2026-12-01/2026-12-24")
    assert (months, found.lost) == ([5], 19)


ITEMS = pd.DataFrame(
    {"sku": ["A"], "location": "W", "unit_cost": 2.0, "lead_time": 7, "supplier": "ACME"}
).assign(demand_law="poisson", demand_mean=4.0)


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        ({"ACNE": ["2026-08-03"]}, "no item has this supplier"),
        ({"ACME": ["2019-08-03"]}, "none of its dates lies in"),
        ({"ACME": ["2025-12-01/2027-01-31"]}, "is closed all year"),
        ({"ACME": ["2026-08-33"]}, "is neither a date"),
        ({"ACME": ["2026-08-21/2026-08-03"]}, "is a range that ends before it begins"),
    ],
)
def test_dates_that_make_no_sense_are_refused_where_they_stand(closed, said) -> None:
    study = {"study": {"period": "day", "as_of": dt.date(2025, 12, 31)}, "calendar": {"closed": closed}}
    with pytest.raises(InvalidInputError) as refused:
        assert sl.load_frames(ITEMS, study=study).models
    (problem,) = refused.value.problems
    assert said in f"{problem}"
    assert "calendar.closed" in f"{problem}"
