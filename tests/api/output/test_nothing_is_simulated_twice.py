"""What one simulation keeps for another table is what simulating once more would give."""

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.api.finance import stock_value as of_stock
from simlab.api.finance.finance import Finance
from simlab.api.output import plan_csv
from simlab.api.output.plan_csv import with_today
from simlab.api.output.writing import simulated_frames
from simlab.api.plans.same_service import with_same_service
from simlab.api.simulator.simulator import References, Simulator
from simlab.study import Study


@pytest.fixture(scope="module")
def opt():
    """Twelve items at three locations, all with today's levels."""
    rng = np.random.default_rng(6)
    ids, places = [f"S{k:02d}" for k in range(12)], ["X", "Y", "Z"] * 4
    counts = rng.negative_binomial(2, 0.2, (12, 52))
    days = np.datetime64("2022-01-03") + 7 * np.arange(52)
    row, week = np.nonzero(counts)
    items = {"sku": ids, "location": places, "unit_cost": np.arange(1.0, 13), "lead_time": 14}
    items = pd.DataFrame({**items, "current_order_up_to": np.arange(20, 32)})
    where = {"sku": np.array(ids)[row], "location": np.array(places)[row]}
    sold = pd.DataFrame({**where, "date": days[week].astype(str), "quantity": counts[row, week]})
    study = Study.default(
        period="week",
        segments={"by": "abc"},
        simulation={"periods": 20, "replications": 12, "batches": 6},
        optimize={"n_targets": 5, "fill_rate": 0.9},
        verdict={"replications": 12},
    )
    data = load_frames(items, sold, study=study)
    return sl.optimize(data, sl.segment(data))


def test_todays_levels_are_kept_of_the_verdict(opt, monkeypatch):
    frames = simulated_frames(opt)
    plan, stock = frames["plan"], frames["items"]["inventory_value"]
    levels, horizon = opt.solved.kept["segmented"], opt.settings.horizon("verdict", opt.warmup)
    again = with_today(opt.data, plan, stock, levels, horizon, opt.settings)
    monkeypatch.setattr(plan_csv.items, "run_curves", None)
    kept = with_today(opt.data, plan, stock, levels, horizon, opt.settings, opt.today)
    pd.testing.assert_frame_equal(kept, again)
    assert again["fill_rate_now"].between(0, 1, inclusive="neither").all()


def test_today_runs_along_where_floors_are_judged(opt, monkeypatch):
    known = opt.solved.choosing.selection
    again = opt.simulator.run(list(opt.simulator.beside), "selection", "test")["today"]
    for name in again.names():
        assert np.array_equal(getattr(known["today"], name), getattr(again, name)), name
    monkeypatch.setattr(Simulator, "run", None)
    before = References({"today": opt.references.levels["today"]}, {}, ())
    found = with_same_service(opt.simulator, opt.solved, before, opt.targets)
    asked = opt.references.targets["same_service"]
    assert np.array_equal(found.targets["same_service"], asked)


def test_the_stock_of_locations_is_kept_where_plans_are_followed_by_period(opt, monkeypatch):
    found = of_stock.stock_value(opt)
    again = of_stock.location_stock(opt)
    assert again["location"].tolist() == ["X", "Y", "Z"]
    with monkeypatch.context() as without:
        without.setattr(of_stock, "_MOST_SUMS", 0)
        apart = of_stock.stock_value(opt)
    assert apart.by_location is None
    pd.testing.assert_frame_equal(apart.frame, found.frame)
    monkeypatch.setattr(of_stock, "run_stock", None)
    pd.testing.assert_frame_equal(of_stock.location_stock(opt, found), again)
    finance = Finance(opt)
    assert finance.known_stock_value is None
