"""Seasonal indices of forecasts and levels by calendar: from the study file to every sum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.engine import reference_start

import simlab as sl
from simlab import api
from simlab.api.simulation import Simulation
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.laws.pmfs import table_of
from simlab.errors import InvalidInputError
from simlab.selfcheck import reference

CYCLE = 8
PROFILE = np.array([0.3, 0.5, 0.8, 1.4, 2.2, 1.6, 0.8, 0.4])
MEANS = (20.0, 6.0, 12.0)
WEEKS = CYCLE * 20 + 3
STUDY = """schema = 1
[study]
name = "seasons"
period = "week"
[data.items]
path = "items.csv"
[data.demand]
path = "demand.csv"
[demand]
life = "window"
[models]
seasonality = { profile_by = "", cycle = 8 }
[lead_times]
crossing = false
[segments]
by = ["category"]
[policy]
family = "forecast"
planning = "normal"
targets = { a = 0.95, b = 0.9 }
forecast = { FORECAST }
[simulation]
periods = 24
replications = 6
batches = 3
[optimize]
fill_rate = 0.90
n_targets = 5
[verdict]
replications = 12
"""


def write(folder: Path, forecast: str, **changes: str) -> Path:
    """Three items whose demand swings between a third and twice its mean."""
    rng = np.random.default_rng(6)
    items = pd.DataFrame(
        {
            "sku": [f"S{k}" for k in range(3)],
            "location": "X",
            "unit_cost": 2.0,
            "category": ["a", "a", "b"],
            "lead_time": [14.0, 21.0, 17.5],
            "forecast_mean": MEANS,
            "forecast_error_sd": np.sqrt(MEANS),
        }
    )
    sold = rng.poisson(np.outer(MEANS, PROFILE[np.arange(WEEKS) % CYCLE]))
    start = np.datetime64("2020-01-06")
    rows = [(f"S{k}", "X", str(start + 7 * t), int(sold[k, t])) for k in range(3) for t in range(WEEKS)]
    demand = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    items.to_csv(folder / "items.csv", index=False)
    demand.to_csv(folder / "demand.csv", index=False)
    text = STUDY.replace("FORECAST", forecast)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "study.toml"
    path.write_text(text, "utf-8")
    return path


def simulated(path: Path) -> Simulation:
    data = sl.load(path)
    spec = data.study.policy
    plan = sl.Policy.from_targets(
        sl.segment(data),
        fill_rate=dict(spec.targets),
        family="forecast",
        planning="normal",
        forecast=spec.forecast.model_dump(),
    )
    return sl.simulate(data, plan)


def twin(found: Simulation, row: int) -> list[dict[str, int]]:
    """The plain simulator's paths of one item."""
    world, levels, settings = found.data.models.world, found.planned.levels, found.settings
    said, start = None, levels.forecast
    if start is not None:
        season = [1.0] if start.season is None else start.season[row].tolist()
        columns = {name: float(getattr(start, name)[row]) for name in ("alpha", "beta", "interval")}
        columns |= {name: float(getattr(start, name)[row]) for name in ("lead_variance", "level", "share")}
        said = reference.Forecast(
            method="smoothing",
            gamma=float(start.error_alpha[row]),
            window=int(start.window[row]),
            error=float(start.error[row]),
            factor=float(start.factor[row, 0]),
            season=season,
            **columns,
        )
    tables = [table_of(world.demand, row, t) for t in range(CYCLE)]
    support, chances = world.lead_time.support(row)
    offset = [0] if levels.offset is None else levels.offset[row, 0].tolist()
    item = reference.Item(
        key=int(world.keys[row]),
        values=[],
        thresholds=[],
        lead_times=support.tolist(),
        lead_weights=np.rint(chances * 2).astype(int).tolist() if support.size > 1 else [1],
        crossing=False,
        family=int(levels.family[row]),
        s=int(levels.reorder_point[row, 0]),
        S=int(levels.order_up_to[row, 0]),
        Q=0,
        **reference_start(world, levels, row, 0),
        offset=offset,
        first_phase=levels.phase,
        forecast=said,
        phases=[(values.tolist(), thresholds.tolist()) for values, thresholds in tables],
    )
    seed = phase_seed(settings.seed, "search")
    return [
        reference.simulate(item, seed, path, found.warmup, settings.periods)
        for path in range(settings.replications)
    ]


@pytest.mark.parametrize(
    "forecast",
    [
        'method = "ses", alpha = 0.2, seasonal = true',
        'method = "ses", alpha = 0.2',
        'method = "given", seasonal = true',
        'method = "constant", seasonal = true',
        'method = "constant"',
    ],
)
def test_seasonal_levels_are_what_the_plain_simulator_runs(tmp_path: Path, forecast: str) -> None:
    """Demand by phase, indices by phase and levels by phase meet in the same week, warm-up included."""
    found = simulated(write(tmp_path, forecast))
    assert found.planned.levels.phase == (WEEKS % CYCLE if "seasonal" in forecast else 0)
    for row in range(3):
        paths = twin(found, row)
        for measure in reference.MEASURES:
            expected = sum(path[measure] for path in paths)
            assert getattr(found.curves, measure)[row].sum() == expected, (row, measure)


def test_indices_are_estimated_from_the_history(tmp_path: Path) -> None:
    """Within 5 % of the truth, in the phase that follows the history, and mean 1."""
    found = simulated(write(tmp_path, 'method = "ses", seasonal = true'))
    season = found.planned.levels.forecast.season
    assert season.shape == (3, CYCLE)
    assert season[0] == pytest.approx(PROFILE, rel=0.1)
    assert season.mean(axis=1) == pytest.approx(1.0, abs=1e-3)
    assert found.planned.method == ("forecast (ses, seasonal), normal",) * 3


def test_levels_by_calendar_move_with_expected_demand(tmp_path: Path) -> None:
    """Levels differ between phases by what the profile expects over review and lead time."""
    found = simulated(write(tmp_path, 'method = "constant", seasonal = true'))
    levels, models = found.planned.levels, found.data.models
    season = models.world.demand.seasons.multipliers[0]
    expected = [
        models.world.demand.mean[0] * sum(season[(phase + t) % CYCLE] for t in range(3))
        for phase in range(CYCLE)
    ]
    moved = levels.offset[0, 0] - levels.offset[0, 0].min()
    assert moved == pytest.approx(np.array(expected) - min(expected), abs=1.01)


def test_a_forecast_that_knows_the_season_holds_less_stock_at_equal_service(tmp_path: Path) -> None:
    """Smoothing without indices chases the season; its own error makes it pay with stock."""
    runs = {}
    for name, more in (("with", ", seasonal = true"), ("without", "")):
        folder = tmp_path / name
        folder.mkdir()
        changes = {"periods = 24": "periods = 104", "replications = 6": "replications = 60"}
        frame = simulated(write(folder, f'method = "ses", alpha = 0.1{more}', **changes)).to_frame()
        runs[name] = frame.iloc[-1]
    assert runs["with"]["fill_rate"] > runs["without"]["fill_rate"] - 0.01
    assert runs["with"]["inventory_value"] < 0.75 * runs["without"]["inventory_value"]


@pytest.mark.parametrize("method", ["ses", "constant"])
@pytest.mark.pages
def test_seasonal_forecasts_run_through_every_command(tmp_path: Path, method: str) -> None:
    path = write(tmp_path, f'method = "{method}", seasonal = true')
    api.check(path)
    run = api.run_optimize(path, tmp_path / "run", workers=1)
    facts = json.loads((run.folder / "manifest.json").read_text("utf-8"))
    said = "seasonal indices for 3 of 3 SKU-locations (cycle of 8 weeks)"
    assert any(said in line for line in facts["assumptions"])
    trace = api.trace(run.folder, "S1@X")
    assert trace.periods["level"].nunique() > 3
    plan = pd.read_parquet(run.folder / "results" / "plan.parquet")
    assert (plan["planning_method"] == f"forecast ({method}, seasonal), normal").all()


def test_what_cannot_be_seasonal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match='seasonal indices go with "ses", "given" and "constant"'):
        sl.load(write(tmp_path, 'method = "tsb", seasonal = true'))
    bare = {'seasonality = { profile_by = "", cycle = 8 }\n': ""}
    with pytest.raises(InvalidInputError, match="no seasonal profile is estimated"):
        sl.load(write(tmp_path, 'method = "ses", seasonal = true', **bare))
    replay = {"[lead_times]": "[replay]\nholdout = 8\n[lead_times]"}
    with pytest.raises(InvalidInputError, match="replays run levels that are known before"):
        sl.load(write(tmp_path, 'method = "ses", seasonal = true', **replay))
    sl.load(write(tmp_path, 'method = "constant", seasonal = true', **replay))
