"""A season that the history shows and no law takes in is told; drift and chance are no season."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.remarks.remarks import Remark, remarks

N = 6


def told(
    dates: pd.DatetimeIndex,
    mean: Callable[[np.ndarray], np.ndarray],
    period: str,
    *,
    texts: bool = True,
    **models,
) -> list[Remark]:
    """Remarks on seasons where `mean` gives what is expected at each date, of six SKUs."""
    rng = np.random.default_rng(11)
    table = pd.DataFrame(
        {
            "sku": np.repeat([f"S{k}" for k in range(N)], len(dates)),
            "location": "X",
            "date": np.tile(dates.strftime("%Y-%m-%d"), N),
            "quantity": rng.poisson(np.tile(mean(np.arange(len(dates))), N)),
        }
    )
    lead = {"day": 9, "week": 14, "month": 365 / 12}[period]
    items = pd.DataFrame(
        {"sku": table["sku"].unique(), "location": "X", "unit_cost": 10.0, "lead_time": lead}
    )
    if texts:
        items["category"] = "ice"
    study = {"study": {"period": period}, "models": models}
    return [
        one for one in remarks(sl.load_frames(items, demand=table, study=study), None) if one.key == "season"
    ]


def wave(cycle: float, size: float, level: float = 30.0) -> Callable[[np.ndarray], np.ndarray]:
    return lambda at: level * (1 + size * np.sin(2 * np.pi * at / cycle))


@pytest.mark.parametrize(
    ("period", "dates", "cycle", "steps"),
    [
        ("month", pd.date_range("2021-01-01", periods=36, freq="MS"), 12.0, 12),
        ("week", pd.date_range("2021-01-04", periods=130, freq="W-MON"), 365.25 / 7, 52),
        ("day", pd.date_range("2022-01-01", periods=800), 365.25, 364),
    ],
)
def test_a_season_of_the_year_is_looked_at_first(period, dates, cycle, steps) -> None:
    """Demand of 1.8 times its mean in April, laws that take every period alike: it was "No problems"."""
    found = told(dates, wave(cycle, 0.8), period)
    assert len(found) == 1
    assert found[0].look
    text = found[0].text
    assert text.startswith(f"Demand of {N} SKU-locations (100% of the demand value) has a season of the year")
    assert f'seasonality = {{ profile_by = "category", cycle = {steps} }}' in text
    high = float(text.split(" times the mean")[0].split()[-1])
    assert high == pytest.approx(1.8, abs=0.12)
    assert "April" in text or "March" in text


def test_a_study_that_takes_the_season_in_is_not_told() -> None:
    dates = pd.date_range("2021-01-01", periods=36, freq="MS")
    assert told(dates, wave(12.0, 0.8), "month", seasonality={"profile_by": "category", "cycle": 12}) == []


def test_weekdays_that_differ_are_a_note() -> None:
    """Levels that stand over whole weeks hardly move by them."""
    found = told(
        pd.date_range("2022-01-03", periods=200), lambda at: np.where(at % 7 == 0, 60.0, 20.0), "day"
    )
    assert [one.look for one in found] == [False]
    assert "season of the week, Monday 2.3 times the mean" in found[0].text
    assert "cycle = 7" in found[0].text


def test_levels_that_drift_and_steady_demand_have_no_season() -> None:
    """A random walk that all items share makes months differ, not come back."""
    dates = pd.date_range("2021-01-01", periods=48, freq="MS")
    for seed in range(5):
        walk = np.cumsum(np.random.default_rng(seed).normal(size=48) * 0.25)
        assert told(dates, lambda at, walk=walk: 40 * np.exp(walk[at]), "month") == [], seed
    assert told(dates, lambda at: np.full(at.size, 30.0), "month") == []
    assert told(dates, lambda at: 20 + 80 * at / 48, "month") == []


def test_a_rhythm_is_no_season_left_out() -> None:
    """120 units every third month are highest in the same months of all years; their law keeps intervals."""
    dates = pd.date_range("2017-01-01", periods=84, freq="MS")

    def rhythm(at: np.ndarray) -> np.ndarray:
        return np.where(at % 3 == 1, 120.0, 0.0)

    assert told(dates, rhythm, "month") == []
    found = told(dates, rhythm, "month", law="empirical", texts=False)
    assert "once items have a text column 'category' (one value for all is enough)" in found[0].text


def test_the_column_that_is_offered_makes_groups() -> None:
    """`safty_stock`, a column of numbers that was not understood, was offered to make profiles by."""
    rng = np.random.default_rng(11)
    dates = pd.date_range("2021-01-01", periods=36, freq="MS")
    mean = wave(12.0, 0.8)(np.arange(36))
    rows = [
        (f"S{k}", "X", day, int(rng.poisson(m))) for k in range(N) for day, m in zip(dates, mean, strict=True)
    ]
    sold = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    items = pd.DataFrame(
        {"sku": [f"S{k}" for k in range(N)], "location": "X", "unit_cost": 10.0, "lead_time": 30.0}
    )
    items["safty_stock"] = ["3", "4.5", "3", "3", "4.5", "3"]
    items["name"] = [f"pump {k}" for k in range(N)]
    for columns, by in (({}, "category"), ({"family": ["ice", "ice", "rain"] * 2}, "family")):
        data = sl.load_frames(items.assign(**columns), demand=sold, study={"study": {"period": "month"}})
        (text,) = [one.text for one in remarks(data, None) if one.key == "season"]
        assert f'profile_by = "{by}"' in text
