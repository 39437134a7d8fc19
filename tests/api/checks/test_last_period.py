"""A table by week or month whose last row came before its period was over is asked about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.remarks.last_period import unfinished


def told(period: str, last: float, n: int = 40, as_of: str | None = None, mean: float = 70.0) -> list[str]:
    """Remarks on two items of Poisson demand whose last period has a share of the usual one."""
    rng = np.random.default_rng(4)
    frequency = {"week": "W-MON", "month": "MS", "day": "D"}[period]
    dates = pd.date_range("2021-01-04" if period == "week" else "2021-01-01", periods=n, freq=frequency)
    sold = rng.poisson(mean, (2, n))
    sold[:, -1] = last * mean
    demand = pd.DataFrame(
        {
            "sku": np.repeat(["A", "B"], n),
            "location": "X",
            "date": np.tile(dates.strftime("%Y-%m-%d"), 2),
            "quantity": sold.ravel(),
        }
    )
    items = pd.DataFrame({"sku": ["A", "B"], "location": "X", "unit_cost": [10.0, 20.0], "lead_time": 14.0})
    study = {"study": {"period": period} | ({"as_of": as_of} if as_of else {})}
    return [text for _, text, _ in unfinished(sl.load_frames(items, demand=demand, study=study))]


@pytest.mark.parametrize("period", ["week", "month"])
def test_a_last_period_far_below_all_others_is_asked_about(period: str) -> None:
    (text,) = told(period, 0.35)
    assert text.startswith(f"The last {period}, from ")
    before = {"week": "2021-10-03", "month": "2024-03-31"}[period]
    assert f"say as_of = {before} under [study]" in text


@pytest.mark.parametrize(
    "case",
    [
        {"period": "week", "last": 0.8},  # low, as weeks are
        {"period": "month", "last": 0.35, "n": 12},  # eleven before it say too little
        {"period": "week", "last": 0.35, "as_of": "2021-10-10"},  # the study says that it is over
        {"period": "day", "last": 0.35},
        {"period": "week", "last": 0.0, "mean": 0.3},  # weeks without demand come anyway
    ],
)
def test_no_question_where_it_is_answered_or_chance_explains_it(case) -> None:
    assert told(**case) == []
