"""Ordering rules from the study file to every sum, and through every command."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from worlds.wired import agrees, policy, write

import simlab as sl
from simlab import api
from simlab.engine.kernels.streams import supplier_keys
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Supply
from simlab.errors import InvalidInputError, SimlabError

LOTS = ("40,", "15,", ",25", "6,")


def simulated(path):
    data = sl.load(path)
    spec = data.study.policy
    plan = sl.Policy.from_targets(
        sl.segment(data), fill_rate=spec.targets, family=spec.family, planning=spec.planning
    )
    return sl.simulate(data, plan)


@pytest.mark.parametrize("planning", ["exact", "normal"])
def test_reorder_points_with_order_up_to_levels_are_what_the_plain_simulator_runs(tmp_path, planning):
    """(R,s,S) with S − s from order_quantity, else the economic one."""
    lines = f'family = "reorder_up_to"\nplanning = "{planning}"'
    found = simulated(write(tmp_path, "order_quantity,order_cost", LOTS, **policy(lines)))
    levels = found.planned.levels
    assert (levels.family == Family.REORDER_UP_TO).all()
    assert (levels.order_up_to - levels.reorder_point)[[0, 1, 3], 0].tolist() == [40, 15, 6]
    agrees(found)
    assert found.warmup_rule == "longest lead time + review period - 1"
    assert found.planned.method[0].startswith(planning)


@pytest.mark.pages
def test_reorder_up_to_runs_through_every_command(tmp_path):
    path = write(tmp_path, "order_quantity,order_cost", LOTS, **policy('family = "reorder_up_to"'))
    api.check(path)
    run = api.run_optimize(path, workers=1)
    facts = json.loads((run.folder / "manifest.json").read_text())
    assert facts["policy"]["family"] == "reorder_up_to"
    assert facts["evaluator"] == "sweep"  # one path serves every target
    plan = pd.read_parquet(run.folder / "results" / "plan.parquet")
    assert (plan["order_up_to"] - plan["reorder_point"] == plan["order_quantity"]).all()
    assert "(R,s,S)" in (run.folder / "report.html").read_text("utf-8")
    trace = api.trace(run.folder, "00124@EAST")
    assert "at or below" in trace.statements[0]
    api.run_simulate(path, workers=1)
    data = sl.load(path)
    audited = sl.audit(data)
    assert {one.policy for one in audited.policies} == {"targets", "habit"}
    habit = audited.policy("habit").total
    assert "undershoot" not in {str(line.cause) for line in habit.lines}
    opt = sl.optimize(data, sl.segment(data))
    assert np.isfinite(opt.bounds(every_level=True).levels)


def test_an_item_without_a_quantity_is_refused(tmp_path):
    path = write(tmp_path, "order_quantity", ("40", "15", "", "6"), **policy('family = "reorder_up_to"'))
    with pytest.raises(InvalidInputError, match="reorder_up_to has no order quantity for 0A@WEST"):
        api.run_simulate(path, workers=1)


GIVEN = "current_reorder_point,current_order_up_to,current_order_quantity"
LEVELS = ("50,,30", "12,31,", ",7,", ",19,")


@pytest.mark.pages
def test_given_levels_are_simulated_as_they_stand(tmp_path):
    """(R,s,nQ), (R,s,S) and (R,S) side by side, each as its columns say; targets play no part."""
    path = write(tmp_path, GIVEN, LEVELS, **policy('family = "given"'))
    data = sl.load(path)
    found = sl.simulate(data, sl.Policy.given(sl.segment(data)))
    levels = found.planned.levels
    assert levels.family.tolist() == [1, 2, 0, 0]
    assert levels.order_up_to[:, 0].tolist() == [80, 31, 7, 19]
    assert levels.reorder_point[:2, 0].tolist() == [50, 12]
    agrees(found)
    assert found.to_frame()["target"].isna().all()
    found.plot()
    run = api.run_simulate(path, workers=1)
    assert any("targets play no part" in line for line in run.statements)
    plan = pd.read_parquet(run.folder / "results" / "plan.parquet")
    assert plan["planning_method"].tolist() == ["given"] * 4
    assert "as the items table gives them" in (run.folder / "report.html").read_text("utf-8")
    for row, (item, rule) in enumerate(
        [
            ("00123@EAST", "orders 30 units at or below 50"),
            ("00124@EAST", "up to 31 units at or below 12"),
            ("0A@WEST", "up to 7 units."),
        ]
    ):
        traces = [api.trace(run.folder, item, replication=path) for path in range(6)]
        assert rule in traces[0].statements[0]
        counted = [one.periods.loc[one.periods["counted"], "served"].sum() for one in traces]
        assert sum(counted) == found.curves.served[row].sum()


def test_given_levels_leave_nothing_to_optimise_compare_or_audit(tmp_path):
    data = sl.load(write(tmp_path, GIVEN, LEVELS, **policy('family = "given"')))
    segments = sl.segment(data)
    for ask in (
        lambda: sl.optimize(data, segments),
        lambda: sl.compare(data, ["category"]),
        lambda: sl.audit(data),
    ):
        with pytest.raises(InvalidInputError, match=r'policy.family = "given"'):
            ask()
    with pytest.raises(InvalidInputError, match="cannot be learned"):
        sl.segment(data, "learned")
    assert "simlab simulate" in api.check(tmp_path / "study.toml").lines[-1]


@pytest.mark.parametrize("absurd", ["1000000000000", "100000000000"])
def test_levels_too_large_to_count_are_refused_by_the_items_name(tmp_path, absurd):
    """Bad input, not a fault of the simulator: exit code 3."""
    path = write(tmp_path, GIVEN, (*LEVELS[:2], f",{absurd},", LEVELS[3]), **policy('family = "given"'))
    with pytest.raises(SimlabError, match="0A@WEST") as refused:
        api.run_simulate(path, workers=1)
    assert refused.value.exit_code == 3


def test_given_levels_must_be_there_for_every_item(tmp_path):
    path = write(tmp_path, GIVEN, (*LEVELS[:2], ",,", ",,"), **policy('family = "given"'))
    for command in (api.check, api.run_simulate):
        with pytest.raises(InvalidInputError, match="finds no levels: 0A@WEST, 0B@WEST"):
            command(path)
    path = write(tmp_path, GIVEN, (*LEVELS[:3], "9,9,"), **policy('family = "given"'))
    with pytest.raises(InvalidInputError, match="above the reorder point: 0B@WEST"):
        api.check(path)


def test_todays_levels_with_order_up_to_and_reorder_points_are_a_reference(tmp_path):
    """Beside an optimised plan of another rule, at their own levels."""
    path = write(tmp_path, GIVEN, LEVELS)
    data = sl.load(path)
    opt = sl.optimize(data, sl.segment(data))
    alone = sl.simulate(data, sl.Policy.given(sl.segment(data)), replications=12)
    assert "today" in opt.kinds
    assert opt.references.levels["today"].family.tolist() == [1, 2, 0, 0]
    assert opt.scores("today").fill_rate.value == pytest.approx(alone.fill_rate.value, abs=0.03)


COSTS = ("4,", "2,", "5,6", "3,")


@pytest.mark.pages
def test_optimal_levels_are_a_frontier_of_their_own(tmp_path):
    """S − s varies with the target, so lanes; the chosen plan never costs more than the floor needs."""
    lines = 'family = "reorder_up_to"\nplanning = "optimal"'
    path = write(tmp_path, "order_cost,pack_size", COSTS, **policy(lines))
    api.check(path)
    run = api.run_optimize(path, workers=1)
    facts = json.loads((run.folder / "manifest.json").read_text())
    assert (facts["evaluator"], facts["policy"]["planning"]) == ("lanes", "optimal")
    assert "prices a unit owed" in (run.folder / "report.html").read_text("utf-8")
    found = simulated(path)
    agrees(found, pack=[1, 1, 6, 1])
    assert found.planned.method[2] == "optimal, packs and smallest orders left out"
    with pytest.raises(InvalidInputError, match="their targets are prices"):
        sl.audit(sl.load(path))


def test_optimal_levels_need_their_rule_and_their_costs(tmp_path):
    lines = 'family = "reorder_up_to"\nplanning = "optimal"'
    path = write(tmp_path, "order_cost,order_quantity", ("4,", ",5", "5,", "3,"), **policy(lines))
    with pytest.raises(InvalidInputError, match=r"no cost of ordering or of holding for 00124@EAST"):
        api.check(path)
    with pytest.raises(InvalidInputError, match=r"optimal levels are those of \(R,s,S\)"):
        sl.load(write(tmp_path, **policy('planning = "optimal"')))


def test_time_ahead_is_told_where_every_path_is_followed_by_itself(tmp_path):
    """Through progress, before it begins; short runs, and paths side by side or shared, say nothing."""
    from dataclasses import replace

    from simlab.api.settings import Settings, announce

    told = []
    data = sl.load(write(tmp_path, **policy('unmet = "lost"')))
    found = simulated(tmp_path / "study.toml")
    world, levels = data.models.world, found.planned.levels
    settings = replace(Settings.of(data.study), periods=500_000)

    def ask(world, n):
        return announce(world, levels, settings, 0, n, lambda *args: told.append(args))

    assert ask(world, 6000) is None
    some = np.array([0, 1, 1, 1])  # one supplier delivers in parts
    no, share = np.zeros(2, np.int64), np.array([1_000_000, 900_000])
    world = replace(world, supply=Supply(some, supplier_keys(["A", "B"]), no > 0, no, no, share, no))
    assert ask(world, 6) is None
    assert ask(world, 8000).endswith("about 2 minutes")
    assert told == [("every path of 3 SKU-locations by itself: about 2 minutes", 1, 1)]
    waits = replace(world.terms, unmet=np.zeros(4, np.int8))
    assert ask(replace(world, terms=waits), 8000) is not None  # one column: no level shares its path
