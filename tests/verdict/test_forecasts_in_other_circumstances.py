"""Scenarios beside a forecast whose error moves: demand and its variance, period by period."""

import numpy as np
import pytest
from worlds.forecasts import GIVEN, lines, write

import simlab as sl
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.world import Horizon
from simlab.register.laws import LawKind
from simlab.verdict.stress import Change, changed

MEANS, ERRORS = np.array([40, 80, 160, 320, 160, 80]), np.array([20, 20, 30, 90, 30, 20])


def study(folder, further=""):
    head, *rows = lines({"a": list(MEANS), "b": [20] * 6}, {"a": 0, "b": 12}).strip().splitlines()
    rows[:6] = [row.removesuffix("0") + str(sd) for row, sd in zip(rows, ERRORS, strict=False)]
    path = write(folder, "\n".join([head, *rows]) + "\n")
    text = (
        path.read_text("utf-8").replace('family = "forecast"\nplanning = "normal"\n', "").replace(GIVEN, "")
    )
    path.write_text(text + further, "utf-8")
    return path


@pytest.mark.parametrize(("demand", "variance"), [(1.5, 1.0), (0.7, 1.0), (1.0, 2.0), (1.2, 1.5)])
def test_every_period_is_changed(tmp_path, demand, variance):
    """Means by the factor; standard deviations by it too, and by the root of the factor on the variance."""
    world = sl.load(study(tmp_path)).models.world
    other = changed(world, Change(demand=demand, variance=variance))
    assert other.demand.kind[0] == LawKind.CALENDAR
    paths = demand_paths(other.take(np.array([0])), Horizon(1200, 0, 20, 4, seed=3))[0]
    by_week = paths.reshape(20, 200, 6)
    assert by_week.mean(axis=(0, 1)) == pytest.approx(demand * MEANS, rel=0.03)
    assert by_week.std(axis=(0, 1)) == pytest.approx(demand * variance**0.5 * ERRORS, rel=0.06)
    assert other.demand.mean[1] == pytest.approx(20 * demand)
    assert other.demand.mean[0] == pytest.approx(demand * 140, rel=0.001)


def test_a_plan_is_tried_in_scenarios(tmp_path):
    """They were refused where the error of a forecast moves."""
    said = "\n[scenarios]\nbusy = { demand = 1.3 }\nwild = { variance = 2.0 }\n"
    data = sl.load(study(tmp_path, said))
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.9)
    stress = opt.finance.stress.to_frame()
    assert {"busy", "wild"} <= set(stress["scenario"])
