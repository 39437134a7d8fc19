"""Test and picture of fit per segment: laws that are right pass, those that are wrong are told how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

from simlab.api.data.data import Data, load_frames
from simlab.api.data.fitted import fit_tables
from simlab.models import OneStep, one_step
from simlab.report.plan.sections.fit import _verdict
from simlab.segments import Segmentation
from simlab.study import Study
from simlab.verdict.replay.fit import OFF, fit_test, pit_of_segments

START = np.datetime64("2022-01-03")
WEEKS = 120
CUT = WEEKS - WEEKS // 3


def fit_tables_of(data, segmentation):
    return fit_tables(data.catalog, data.models, data.history, segmentation)


def load(sold: np.ndarray, **models: object) -> Data:
    """One line of weekly sales per item."""
    names = [f"P{k:03d}" for k in range(sold.shape[0])]
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 1.0, "lead_time": 7.0})
    rows = [
        (name, "X", str(START + 7 * t), int(units))
        for name, line in zip(names, sold, strict=True)
        for t, units in enumerate(line)
    ]
    sales = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    study = Study.default(period="week", demand={"life": "window"}, models=models)
    return load_frames(items, sales, study=study)


def halves(n: int) -> Segmentation:
    """The first half of the items in one segment, the second in another."""
    codes = (np.arange(n) >= n // 2).astype(np.int64)
    return Segmentation(codes, ("first", "second"), "by hand", (("first",), ("second",)), ("hand",))


def lines(n: int, seed: int = 0) -> np.ndarray:
    """Negative binomial demand, variance three times the mean."""
    rng = np.random.default_rng(seed)
    return rng.negative_binomial(2, 1 / 3, (n, WEEKS))


def test_right_laws_pass_and_their_histogram_is_flat() -> None:
    found = fit_tables_of(load(lines(80)), halves(80))
    table, pit = found["fit_test"], found["fit_pit"]
    assert table["segment"].tolist() == ["(all)", "first", "second"]
    assert not table["flagged"].any()
    assert table["pit_share"].between(0.88, 0.92).all()
    assert table["pit_mean"].to_numpy() == pytest.approx(0.5, abs=0.02)
    assert pit["share"].to_numpy() == pytest.approx(0.1, abs=0.02)
    assert pit.groupby("group")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert table["n_periods"].tolist() == [WEEKS // 3] * 3


def test_demand_that_moved_is_flagged_in_its_segment_alone() -> None:
    sold = lines(80, seed=1)
    sold[40:, CUT:] += 3
    table = fit_tables_of(load(sold), halves(80))["fit_test"].set_index("segment")
    assert table.loc["second", "flagged"]
    assert table.loc["second", "pit_mean"] > 0.6
    assert not table.loc["first", "flagged"]


def test_a_law_too_narrow_is_flagged_by_its_spread() -> None:
    table = fit_tables_of(load(lines(80, seed=2), law="poisson"), halves(80))["fit_test"]
    assert table["flagged"].all()
    assert (table["pit_share"] < 0.8).all()
    assert table["pit_mean"].to_numpy() == pytest.approx(0.5, abs=0.08)


def test_laws_have_not_seen_what_they_are_judged_by() -> None:
    """Another last third: other places in the very same laws."""
    sold = lines(6, seed=3)
    other = sold.copy()
    other[:, CUT:] = sold[:, CUT:][:, ::-1]
    rows = np.arange(6)
    one, two = (one_step(load(some).catalog, rows) for some in (sold, other))
    assert one.cut == str(START + 7 * CUT)
    by_period = [found.upto.reshape(6, -1) for found in (one, two)]
    assert by_period[0].tolist() == by_period[1][:, ::-1].tolist()


def test_a_season_that_is_known_is_no_misfit_in_a_part_of_the_year() -> None:
    """45 months, the last 15 judged: three high months more than low ones."""
    n, months = 40, 45
    rng = np.random.default_rng(8)
    mean = np.where((np.arange(months) % 12 >= 6) & (np.arange(months) % 12 < 9), 30.0, 8.0)
    sold = rng.poisson(mean, (n, months))
    names = [f"P{k:03d}" for k in range(n)]
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 1.0, "lead_time": 30.0})
    days = (np.datetime64("2021-01", "M") + np.arange(months)).astype("datetime64[D]").astype(str)
    sales = pd.DataFrame({"sku": np.repeat(names, months), "location": "X", "date": np.tile(days, n)})
    sales["quantity"] = sold.ravel()
    found = {}
    for season in ({}, {"seasonality": {"profile_by": "", "cycle": 12}}):
        study = Study.default(period="month", demand={"life": "window"}, models=season)
        table = fit_tables_of(load_frames(items, sales, study=study), halves(n))["fit_test"]
        found[bool(season)] = table.set_index("segment").loc["(all)"]
    assert found[False]["pit_share"] < 0.88 or abs(found[False]["pit_mean"] - 0.5) > 0.03
    assert not found[True]["flagged"]
    assert found[True]["pit_mean"] == pytest.approx(0.5, abs=0.03)


def test_short_histories_are_not_tested() -> None:
    assert fit_tables_of(load(lines(4)[:, :11]), halves(4)) == {}


def test_few_periods_cannot_tell_and_never_say_that_there_is_no_misfit() -> None:
    """Six items of five periods: a mean off by 0.1 is hardly ever found; 80 items of 40 periods tell."""
    rng = np.random.default_rng(9)
    few = OneStep(np.repeat(np.arange(6), 5), np.tile(np.arange(5), 6), *(rng.random(30),) * 2, "2024-01-01")
    tiny = OneStep(np.arange(3), np.arange(3), *(rng.random(3),) * 2, "2024-01-01")
    for found in (few, tiny):
        table = fit_test(found, np.zeros(6, np.int64), ["all"])
        assert table["finding"].tolist() == ["cannot tell"]
        assert _verdict(table.iloc[0].to_dict()) == "cannot tell: too few"
    table = fit_tables_of(load(lines(80)), halves(80))["fit_test"]
    assert table["finding"].tolist() == ["none"] * 3
    assert _verdict(table.iloc[0].to_dict()) == "no misfit found"


def test_the_test_keeps_its_level_where_items_share_shocks() -> None:
    """1,000 tests of 20 items whose PIT moves together within a period: 5 % below 0.05."""
    rng = np.random.default_rng(4)
    n_items, n_periods, n_tests = 20, 40, 1000
    period = np.tile(np.arange(n_periods), n_items)
    item = np.repeat(np.arange(n_items), n_periods)
    p = []
    for _ in range(n_tests):
        shock = rng.random(n_periods)
        shared, own = rng.random((2, n_items, n_periods))
        pit = np.where(shared < 0.5, shock, own).ravel()
        found = OneStep(item, period, pit, pit, "2024-01-01")
        p.append(fit_test(found, np.zeros(n_items, np.int64), ["all"], off=(0.0, 0.0))["p"].iloc[0])
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_a_miss_that_does_not_matter_is_no_misfit_however_long_one_looks() -> None:
    """A mean off by 4 % of a standard deviation in 40,000 periods; by 10 % it is. So with the spread."""
    rng = np.random.default_rng(6)
    item, period = np.repeat(np.arange(200), 200), np.tile(np.arange(200), 200)

    def flagged(moved: float, wider: float) -> bool:
        pit = ndtr(moved + wider * rng.standard_normal(item.size))
        found = OneStep(item, period, pit, pit, "2024-01-01")
        table = fit_test(found, np.zeros(200, np.int64), ["all"])
        exactly = fit_test(found, np.zeros(200, np.int64), ["all"], off=(0.0, 0.0))
        assert exactly["flagged"].iloc[0]
        return bool(table["flagged"].iloc[0])

    assert [flagged(0.04, 1.0), flagged(0.0, 1.04)] == [False, False]
    assert [flagged(-0.1, 1.0), flagged(0.0, 1.1), flagged(0.0, 0.9)] == [True, True, True]


@pytest.mark.parametrize(("place", "moved", "wider"), [(0, 0.05, 1.0), (1, 0.0, 1.05)])
def test_what_does_not_matter_is_a_mean_or_spread_off_by_one_in_twenty(place, moved, wider) -> None:
    pit = ndtr(moved + wider * ndtri((np.arange(100_000) + 0.5) / 100_000))
    means = (pit - 0.5).mean(), (6 * pit**2 - 6 * pit + 1).mean()
    assert means[place] == pytest.approx(OFF[place], abs=2e-4)


def test_histograms_are_the_mean_over_the_randomisation() -> None:
    """Places as wide as a count makes them, against 2,000 draws each."""
    rng = np.random.default_rng(5)
    ends = np.sort(rng.random((30, 2)), axis=1)
    found = OneStep(np.arange(30), np.arange(30), ends[:, 0], ends[:, 1], "2024-01-01")
    table = pit_of_segments(found, np.zeros(30, np.int64), ["all"], "fitted")
    u = ends[:, :1] + rng.random((30, 2000)) * (ends[:, 1:] - ends[:, :1])
    share, _ = np.histogram(u, np.linspace(0, 1, 11))
    assert table["share"].to_numpy() == pytest.approx(share / u.size, abs=0.006)
    exact = replace(found, below=found.upto)
    assert pit_of_segments(exact, np.zeros(30, np.int64), ["all"], "x")["share"].sum() == pytest.approx(1.0)
