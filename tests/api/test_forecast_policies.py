"""Levels that follow a forecast, from the study file to every sum and through every command."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from worlds.wired import agrees, policy, write

import simlab as sl
from simlab import api
from simlab.api.tracing import rule_text
from simlab.errors import InvalidInputError, UsageError
from simlab.policies.levels.forecasting import following
from simlab.selfcheck import reference

NAMES = {
    "ma": "moving_average",
    "ses": "smoothing",
    "croston": "croston",
    "sba": "sba",
    "tsb": "tsb",
}


def lines(options, more=""):
    return policy(f'family = "forecast"\nplanning = "normal"\nforecast = {{ {options} }}\n{more}')


def simulated(path):
    data = sl.load(path)
    spec = data.study.policy
    plan = sl.Policy.from_targets(
        sl.segment(data),
        **{spec.target_measure: spec.targets},
        family="forecast",
        planning="normal",
        forecast=spec.forecast.model_dump(),
    )
    return sl.simulate(data, plan)


@pytest.mark.parametrize("method", NAMES)
def test_a_forecast_policy_is_what_the_plain_simulator_runs(tmp_path, method):
    path = write(tmp_path, **lines(f'method = "{method}", alpha = 0.2, beta = 0.05, window = 7'))
    found = simulated(path)
    start = found.planned.levels.forecast
    said = [
        reference.Forecast(
            method=NAMES[method],
            alpha=0.2,
            beta=0.05,
            gamma=0.1,
            window=7,
            interval=float(start.interval[row]),
            lead_variance=float(start.lead_variance[row]),
            level=float(start.level[row]),
            share=float(start.share[row]),
            error=float(start.error[row]),
            factor=float(start.factor[row, 0]),
        )
        for row in range(4)
    ]
    agrees(found, forecast=said, offset=[[int(x)] for x in found.planned.levels.offset[:, 0, 0]])
    assert found.planned.method == (f"forecast ({method}), normal",) * 4
    assert (np.round(start.interval, 6) == [3, 3, 5, 3.5]).all()


@pytest.mark.parametrize(("factor", "words"), [(1.28, "forecast + 1.28"), (-0.674, "forecast − 0.67")])
def test_a_trace_says_how_far_from_the_forecast_orders_go(tmp_path, factor, words):
    """Targets below one half have safety factors below zero."""
    data = sl.load(write(tmp_path, **lines('method = "ses", alpha = 0.2')))
    one = np.array([0])
    levels = following(data.models, data.study.policy.forecast, np.full((4, 1), factor)).take(one)
    assert f"orders up to its {words} standard errors" in rule_text(levels)


@pytest.mark.pages
def test_a_forecast_runs_through_every_command(tmp_path):
    path = write(tmp_path, **lines('method = "ses", alpha = 0.2', 'target_measure = "cycle_service_level"'))
    api.check(path)
    run = api.run_optimize(path, workers=1)
    facts = json.loads((run.folder / "manifest.json").read_text())
    assert facts["policy"]["forecast"]["method"] == "ses"
    assert facts["evaluator"] == "ledger"
    assert any("exponential smoothing" in one for one in facts["assumptions"])
    plan = pd.read_parquet(run.folder / "results" / "plan.parquet")
    assert (plan["safety_factor"] > -3).all()
    trace = api.trace(run.folder, "00124@EAST")
    assert "standard errors" in trace.statements[0]
    assert trace.periods["level"].nunique() > 3
    items = pd.read_parquet(run.folder / "results" / "items.parquet")
    row = int(np.flatnonzero(items["sku"] == "00124")[0])
    paths = [api.trace(run.folder, "00124@EAST", replication=path).periods for path in range(12)]
    served = [path.query("counted")[["served", "demanded"]].sum() for path in paths]
    fill = sum(one["served"] for one in served) / sum(one["demanded"] for one in served)
    assert fill == pytest.approx(items["fill_rate"][row], abs=1e-12)
    report = (run.folder / "report.html").read_text("utf-8")
    assert "forecast" in report
    api.run_simulate(path, workers=1)
    data = sl.load(path)
    with pytest.raises(InvalidInputError, match="levels that stand still"):
        sl.audit(data)
    sl.compare(data, schemes=["abc", "category"], replications=8, verdict_replications=8, workers=1)


def test_a_higher_target_serves_more(tmp_path):
    path = write(tmp_path, **lines('method = "sba"'))
    data = sl.load(path)
    segments = sl.segment(data)
    fills = []
    for target in (0.6, 0.9, 0.99):
        asked = {"core": target, "niche": target}
        plan = sl.Policy.from_targets(segments, fill_rate=asked, family="forecast", planning="normal")
        fills.append(sl.simulate(data, plan).fill_rate.value)
    assert fills == sorted(fills)
    assert fills[2] - fills[0] > 0.05


def test_forecasts_of_the_users_own_system_set_the_levels(tmp_path):
    """S = ⌈μ·P + z·√(P·σ² + μ²·Var L)⌉ with the user's μ and σ, whatever law demand follows."""
    cells = ("22,6", "5,4", "2,2", "4,3")
    path = write(
        tmp_path,
        "forecast_mean,forecast_error_sd",
        cells,
        **lines('method = "given"', 'target_measure = "cycle_service_level"'),
    )
    found = simulated(path)
    z = {"core": 1.6448536269514722, "niche": 1.0364333894937898}
    interval, spread = [3, 3, 5, 3.5], [0, 0, 0, 0.25]
    for row, (cell, kind) in enumerate(zip(cells, ("core", "core", "niche", "niche"), strict=True)):
        mean, sd = (float(x) for x in cell.split(","))
        error = np.sqrt(interval[row] * sd**2 + mean**2 * spread[row])
        assert found.planned.levels.order_up_to[row, 0] == np.ceil(mean * interval[row] + z[kind] * error)
    agrees(found)
    run = api.run_optimize(path, workers=1)
    assert json.loads((run.folder / "manifest.json").read_text())["evaluator"] == "sweep"
    assert api.trace(run.folder, "0A@WEST").periods.shape[0] > 0


def test_a_missing_forecast_is_named(tmp_path):
    cells = ("22,6", "5,4", "2,", "4,3")
    path = write(tmp_path, "forecast_mean,forecast_error_sd", cells, **lines('method = "given"'))
    for command in (api.check, api.run_simulate, api.run_optimize):
        with pytest.raises(InvalidInputError, match="no forecast for 0A@WEST"):
            command(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('family = "forecast"', 'say planning = "normal"'),
        ('forecast = { method = "ses" }', "no level follows a forecast"),
        ('family = "forecast"\nplanning = "normal"\nforecast = { alpha = 1.5 }', "policy.forecast.alpha"),
        ('family = "forecast"\nplanning = "normal"\nforecast = { window = 0 }', "policy.forecast.window"),
    ],
)
def test_what_a_forecast_cannot_be_is_refused(tmp_path, line, message):
    path = write(tmp_path, **policy(line))
    with pytest.raises(InvalidInputError, match=message):
        sl.load(path)


def test_an_exact_plan_is_refused_in_python_too(tmp_path):
    path = write(tmp_path)
    data = sl.load(path)
    plan = sl.Policy.from_targets(sl.segment(data), fill_rate={"core": 0.9, "niche": 0.9}, family="forecast")
    with pytest.raises(UsageError, match="no exact plan"):
        sl.simulate(data, plan)


def test_peak_and_end_stock_are_those_of_the_traced_paths(tmp_path):
    """Mean over replications of the largest stock before demand, and of the stock at the last count."""
    path = write(tmp_path, **lines('method = "croston"'))
    found = simulated(path).item_stock()
    run = api.run_simulate(path, workers=1)
    paths = [api.trace(run.folder, "0A@WEST", replication=path).periods.query("counted") for path in range(6)]
    row = found[found["sku"] == "0A"].iloc[0]
    assert row["peak_on_hand"] == pytest.approx(np.mean([one["on_hand_start"].max() for one in paths]))
    assert row["end_on_hand"] == pytest.approx(np.mean([one["on_hand"].iloc[-1] for one in paths]))
