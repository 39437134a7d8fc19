"""Laws whose periods depend on each other, from the study to sums, replays, redraws and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.data import Data, load_frames
from simlab.api.output.tables import segment_frame
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.world import Horizon
from simlab.errors import InvalidInputError
from simlab.models import fit
from simlab.models.backtest.sampling import draw_demand
from simlab.policies.sums.serial import sum_transforms
from simlab.study import Study
from simlab.verdict.replay.sums import judge

LAWS = ("moving_blocks", "stationary_blocks", "calendar", "markov")
MONTHS = 70


def data(law: str = "markov", **models: object) -> Data:
    """Ten items with lasting demand and a yearly season, 70 months."""
    rng = np.random.default_rng(6)
    n = 10
    busy = np.zeros((n, MONTHS), bool)
    for t in range(1, MONTHS):
        busy[:, t] = rng.random(n) < np.where(busy[:, t - 1], 0.8, 0.25)
    season = 1 + 0.8 * np.sin(2 * np.pi * np.arange(MONTHS) / 12)
    x = np.where(busy, 1 + rng.poisson(4 * season, (n, MONTHS)), 0)
    names = [f"P{k}" for k in range(n)]
    items = pd.DataFrame({"sku": names, "location": "E", "unit_cost": 2.0, "lead_time": 60.0})
    items["category"] = ["a", "b"] * (n // 2)
    first = np.datetime64("2018-03")
    rows = [
        (name, "E", f"{first + t}-01", int(q))
        for name, line in zip(names, x, strict=True)
        for t, q in enumerate(line)
    ]
    sales = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    study = Study.default(
        period="month",
        demand={"life": "window"},
        models={"law": law, **models},
        lead_times={"law": "fixed", "crossing": False},
        policy={"review_period": 30.0},
        simulation={"replications": 40, "batches": 10, "periods": 36},
        verdict={"replications": 40},
        optimize={"n_targets": 6},
        segments={"by": ["abc"]},
    )
    return load_frames(items, sales, study=study)


@pytest.mark.parametrize("law", LAWS)
def test_sums_of_periods_are_those_that_the_simulator_draws(law) -> None:
    """Mean and spread of four months' demand: transform, simulator and replay draws agree."""
    models = fit(data(law).catalog)
    world, rows = models.world, np.arange(models.n_items)
    step = np.ones(rows.size, np.int64)
    shares = np.fft.irfft(sum_transforms(world.demand, rows, 1024, step, 4), 1024)
    value = np.arange(1024)
    mean = (shares * value).sum(axis=1)
    spread = np.sqrt((shares * value**2).sum(axis=1) - mean**2)
    horizon = Horizon(4, 0, 4000, 4000, seed=5)
    replayed = draw_demand(world.demand, world.keys, (4000, 4), 9)
    for paths in (demand_paths(world, horizon), replayed):
        sums = paths.sum(axis=2)
        away = (sums.mean(axis=1) - mean) / (spread / np.sqrt(4000))
        if law != "moving_blocks":  # a run begins with a block; a forecast may begin inside one
            assert np.abs(away).max() < 4.5
        assert sums.std(axis=1) == pytest.approx(spread, rel=0.25 if law == "moving_blocks" else 0.08)


def test_seasonal_sums_follow_the_phases_after_the_history() -> None:
    """Three months' demand by transform, simulator and replay, in the season that comes next."""
    models = fit(data("negative_binomial", seasonality={"profile_by": ""}).catalog)
    world = models.world
    assert world.demand.seasons is not None
    assert world.demand.seasons.phase == MONTHS % 12
    shares = np.fft.irfft(sum_transforms(world.demand, np.arange(10), 1024, np.ones(10, np.int64), 3), 1024)
    mean = (shares * np.arange(1024)).sum(axis=1)
    horizon = Horizon(3, 0, 4000, 4000, seed=5)
    drawn = [
        demand_paths(world, horizon),
        draw_demand(world.demand, world.keys, (4000, 8), 9, before=5)[:, :, 5:],
    ]
    for paths in drawn:
        assert paths.sum(axis=2).mean(axis=1) == pytest.approx(mean, rel=0.06)
    judged = judge(world.demand, np.full(10, 3), np.rint(mean).astype(np.int64))
    assert judged.mean == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("law", LAWS)
def test_a_study_runs_from_fit_to_verdict_with_redrawn_parameters(law) -> None:
    """optimize under each law: plans by sums of consecutive periods, and both kinds of interval."""
    loaded = data(law, parameter_uncertainty=True)
    found = sl.optimize(loaded, sl.segment(loaded), fill_rate=0.8)
    assert all("sums of consecutive periods" in text for text in found.planned.method)
    frame = segment_frame(found)
    fresh = frame[(frame["sample"] == "verdict") & (frame["plan"] == "segmented")]
    assert (fresh["fill_rate_model_high"] - fresh["fill_rate_model_low"] > 0).all()


def test_all_of_it_together_and_what_is_refused() -> None:
    """Seasons, factors and redraws in one study; audits and scaled demand are refused by name."""
    loaded = data(
        "negative_binomial",
        parameter_uncertainty=True,
        seasonality={"profile_by": ""},
        dependence={"group_by": "category"},
    )
    found = sl.optimize(loaded, sl.segment(loaded), fill_rate=0.8)
    assert loaded.models.world.dependence is not None
    assert found.redrawn is not None
    with pytest.raises(InvalidInputError, match=r"models\.law"):
        sl.audit(data("markov"))
    scaled = data("markov")
    study = scaled.study.model_copy(
        update={"scenarios": Study.default(scenarios={"more": {"demand": 1.2}}).scenarios}
    )
    stressed = Data(replace(scaled.catalog, study=study))
    with pytest.raises(InvalidInputError, match="cannot be scaled"):
        sl.optimize(stressed, sl.segment(stressed), fill_rate=0.8)


def test_candidates_are_scored_out_of_sample() -> None:
    """Markov and stuttering Poisson join the choice where named; blocks cannot be told in one period."""
    names = ("negative_binomial", "empirical", "stuttering_poisson", "markov")
    models = fit(data("auto", candidates=names).catalog)
    assert models.scores is not None
    assert models.scores.laws[-2:] == ("stuttering_poisson", "markov")
    usual = fit(data("auto").catalog)
    assert models.scores.mean[:, :4].tolist() == usual.scores.mean.tolist()
    assert {int(kind) for kind in models.world.demand.kind} & {13}
    with pytest.raises(InvalidInputError):
        Study.default(models={"candidates": ["moving_blocks"]})
