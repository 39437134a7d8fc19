"""A season that was asked for by name and cannot be seen is said where results are said.

`tests/found/season-below-two-cycles`: 53 weeks of an item that doubles in summer. One year shows a season and
a trend alike, so that no profile is believed below two whole cycles. Version 0.1.0 said so in one line of a
table, and planned as if summer had never been.
"""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.places import TESTS

import simlab as sl
from simlab.cli.app import app
from simlab.models.demand.seasons.seasonality import profiles

FOUND = TESTS / "found" / "season-below-two-cycles"


def left_out(data: sl.Data) -> list[str]:
    return [text for text in data.models.assumptions if "is left out for" in text]


def test_one_year_of_weeks_is_no_season_and_the_result_says_so(tmp_path) -> None:
    (said,) = left_out(sl.load(FOUND / "study.toml"))
    assert "less than two whole cycles of 52 weeks" in said
    for name in ("items.csv", "demand.csv"):
        shutil.copy(FOUND / name, tmp_path)
    text = (FOUND / "study.toml").read_text("utf-8")
    few = text.replace("[simulation]", "[simulation]\nreplications = 20")
    (tmp_path / "study.toml").write_text(few, "utf-8")
    shown = CliRunner().invoke(
        app, ["simulate", str(tmp_path / "study.toml"), "--out", str(tmp_path / "run")]
    )
    assert said in " ".join(shown.output.split())


def season(period: str, n: int, cycle: int, mean: float) -> sl.Data:
    """A wave of that many periods in Poisson demand, drawn once."""
    waves = mean * (1 + 0.8 * np.sin(2 * np.pi * np.arange(n) / cycle))
    frequency = {"day": "D", "week": "7D", "month": "MS"}[period]
    dates = pd.date_range("2021-01-01" if period == "month" else "2021-01-04", periods=n, freq=frequency)
    demand = pd.DataFrame(
        {"sku": "A", "location": "W", "date": dates, "quantity": np.random.default_rng(n).poisson(waves)}
    ).assign(date=dates.strftime("%Y-%m-%d"))
    items = pd.DataFrame({"sku": ["A"], "location": "W", "unit_cost": 3.0, "lead_time": 0, "category": "ice"})
    study = {"study": {"period": period}, "models": {"seasonality": {"profile_by": "category"}}}
    return sl.load_frames(items, demand, study={**study, "segments": {"by": ["category"]}})


@pytest.mark.parametrize(
    ("period", "n", "cycle", "said"),
    [("month", 20, 12, "12 months"), ("week", 100, 52, "52 weeks"), ("day", 13, 7, "7 days")],
)
def test_less_than_two_cycles_of_months_weeks_and_days_are_left_out(period, n, cycle, said) -> None:
    (text,) = left_out(season(period, n, cycle, 40.0))
    assert f"less than two whole cycles of {said}" in text


@pytest.mark.parametrize(("period", "n", "cycle"), [("month", 36, 12), ("day", 28, 7)])
def test_enough_cycles_are_a_season(period, n, cycle) -> None:
    data = season(period, n, cycle, 400.0)
    assert not left_out(data)
    assert data.models.world.demand.seasons is not None


def test_a_group_counts_the_cycles_in_which_it_was_sold() -> None:
    """Four years of one group, 30 and 18 months of two new ones, all with a wave of 0.4 to 1.6.

    Months before a group was sold counted as months without a season: they halved the wave of the second and
    gave the third a third of it, where 18 months cannot show one.
    """
    rng, months = np.random.default_rng(6), pd.date_range("2021-01-01", periods=48, freq="MS")
    wave = 1 + 0.6 * np.sin(2 * np.pi * np.arange(48) / 12)
    rows = [
        {
            "sku": name,
            "location": "W",
            "date": months[t].strftime("%Y-%m-%d"),
            "quantity": rng.poisson(90 * wave[t]),
        }
        for name, begin in (("old", 0), ("newer", 18), ("new", 30))
        for t in range(begin, 48)
    ]
    items = pd.DataFrame({"sku": ["old", "newer", "new"], "location": "W", "unit_cost": 3.0, "lead_time": 0})
    study = {"study": {"period": "month"}, "models": {"seasonality": {"profile_by": "category"}}}
    data = sl.load_frames(items.assign(category=items["sku"]), pd.DataFrame(rows), study=study)
    (text,) = left_out(data)
    assert "1 of 3 groups ('new'): observed for less than two whole cycles of 12 months" in text
    found = profiles(data.catalog, data.history, 12)
    line = dict(zip(found.names, found.multipliers, strict=True))
    assert line["newer"].max() == pytest.approx(1.6, abs=0.15)
    assert line["newer"].min() == pytest.approx(0.4, abs=0.15)
    assert (line["new"] == 1).all()
