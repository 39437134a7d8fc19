"""Counting in parts of periods must not be seen: every table of every command, with and without a grid.

No item needs the grid here, so that every path is the same; only the sums over periods count in thirds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds.limits import load

import simlab as sl
from simlab.api.contest.outcome import Rounds
from simlab.api.contest.tables import contest_frames
from simlab.api.output.writing import optimization_frames, simulation_frames
from simlab.engine.world.working_grid import WorkingGrid

OPTIONS = {
    "total cost, limits": {
        "objective": "total_cost",
        "fill_rate": 0.85,
        "costs": {"order": 25.0, "shortage_per_unit": 2.0, "capital_rate": 0.1},
        "budget_on": "on_hand+pipeline",
        "budget": 1e7,
        "floors": [{"by": "location", "measure": "ready_rate", "at_least": {"EAST": 0.8}}],
        "ceilings": [{"by": "location", "measure": "inventory_value", "at_most": {"EAST": 1e6}}],
        "chance": [{"measure": "ready_rate", "at_least": 0.5, "probability": 0.8}],
    },
    "ready rate, tails": {
        "service": {"measure": "ready_rate"}, "fill_rate": 0.8, "budget_p95": 1e7, "budget_peak": 1e7,
    },
    "plain": {"fill_rate": 0.9},
}  # fmt: skip


def with_grid(data: sl.Data) -> sl.Data:
    """The same data, an idle grid of three parts in its world."""
    models, n = data.models, data.models.n_items
    none = np.zeros(n, np.int64)
    grid = WorkingGrid(3, none.astype(np.bool_), none, none + 1, none)
    other = type(data)(data.catalog)
    vars(other)["models"] = replace(models, world=replace(models.world, grid=grid))
    return other


def same(found: dict[str, pd.DataFrame], wanted: dict[str, pd.DataFrame]) -> None:
    """Equal but for the sums themselves, and for what begins from sampled points of the per-SKU frontier."""
    assert found.keys() == wanted.keys()
    for name, table in wanted.items():
        pair = [found[name], table]
        sampled = {"frontier": "kind", "verdict": "comparison", "weights": "plan"}.get(name)
        if sampled:
            pair = [one[~one[sampled].str.contains("per_sku")].reset_index(drop=True) for one in pair]
        if name == "items":  # the sums that `simlab verify` counts again
            pair = [one.loc[:, ~one.columns.str.startswith("sum_")] for one in pair]
        if name == "tournament":
            pair = [one.drop(columns="percent_vs_free") for one in pair]
        if name not in ("curves", "cells", "what_if", "free_classes"):
            pd.testing.assert_frame_equal(*pair, check_dtype=False, rtol=1e-9, atol=1e-12, obj=name)


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=pytest.mark.slow) if "," in name else name for name in OPTIONS]
)
def test_tables_of_an_optimum_are_the_same(case: str) -> None:
    """Plans, money, limits, prices, capital, stock by period, scenarios."""
    data = load(OPTIONS[case], n_targets=6)
    asked, segments = data.study.optimize, sl.segment(data)
    how = {"fill_rate": asked.fill_rate, "budget": asked.budget}
    runs = [sl.optimize(one, segments, **how) for one in (data, with_grid(data))]
    assert runs[1].settings.parts == 3
    same(*(optimization_frames(one.finance) for one in reversed(runs)))


def test_tables_of_a_simulation_and_of_contests_are_the_same() -> None:
    data = load({"fill_rate": 0.9}, n_targets=6)
    pair = (data, with_grid(data))
    segments = sl.segment(data)
    policy = sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(segments.names, 0.9))
    same(*(simulation_frames(sl.simulate(one, policy)) for one in pair))
    few = Rounds(controls=0, seeds=0, catalogues=0, classes=(1, 2))
    contests = [contest_frames(sl.compare(one, ["all", "segment"], rounds=few)) for one in pair]
    same(*({name: table for name, table in one.items() if name != "curves"} for one in contests))
    pd.testing.assert_frame_equal(
        *(sl.compare_policies(one, ["order_up_to:normal"]).to_frame() for one in pair), rtol=1e-9
    )
