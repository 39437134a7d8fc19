"""The whole way in Python: data → segments → policy → simulation → frontier → verdict → report."""

import json

import numpy as np
import pandas as pd
import pytest
from worlds.study import BASELINE, write_study

import simlab as sl
from simlab import api
from simlab.api.output.tables import segment_frame
from simlab.api.simulator.simulator import plan_columns
from simlab.errors import InfeasibleError, InvalidInputError, UsageError
from simlab.run import RunFolder, verify
from simlab.study import Study


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return sl.load(write_study(tmp_path_factory.mktemp("study")))


@pytest.fixture(scope="module")
def segments(data):
    return sl.segment(data)


@pytest.fixture(scope="module")
def opt(data, segments):
    return sl.optimize(data, segments, fill_rate=0.93)


def test_a_simulation_has_a_value_with_an_interval_and_breaks_down(data, segments):
    policy = sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(segments.names, 0.9), planning="exact")
    sim = sl.simulate(data, policy, replications=30, seed=7)
    assert sim.fill_rate.low <= sim.fill_rate.value <= sim.fill_rate.high
    assert sim.fill_rate.value == pytest.approx(0.9, abs=0.05)
    frame = sim.by("segment").to_frame()
    assert list(frame["segment"]) == [*segments.names, "(all)"]
    assert frame["n_items"].iloc[-1] == frame["n_items"].iloc[:-1].sum()
    total = frame["inventory_value"].iloc[-1]
    assert total == pytest.approx(frame["inventory_value"].iloc[:-1].sum())
    assert "fill rate" in repr(sim)
    assert "<table" in sim._repr_html_()
    assert sim.plot().axes


def test_workers_seed_and_names_decide_the_bits(data, segments):
    policy = sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(segments.names, 0.9))
    one = sl.simulate(data, policy, replications=10, seed=3, workers=1).to_frame()
    two = sl.simulate(data, policy, replications=10, seed=3, workers=2).to_frame()
    other = sl.simulate(data, policy, replications=10, seed=4).to_frame()
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert not one.equals(other)


def test_a_segment_without_target_or_named_twice_is_refused(segments):
    first = segments.names[0]
    with pytest.raises(InvalidInputError, match="no entry"):
        sl.Policy.from_targets(segments, fill_rate={first: 0.9})
    with pytest.raises(InvalidInputError):
        sl.Policy.from_targets(segments, fill_rate={"nonsense": 0.9, **dict.fromkeys(segments.names, 0.9)})


def test_the_chosen_plan_is_the_cheapest_of_all_combinations_that_meet_the_floor(opt):
    curves = opt.frontier.curves
    best = None
    n, k = curves.n_segments, curves.n_targets
    for combination in np.ndindex(*([k] * n)):
        cost, _, served = curves.totals(combination)
        if served >= 0.93 * curves.total_demanded and (best is None or cost < best):
            best = cost
    assert opt.chosen.cost == best
    assert opt.chosen.fill_rate >= 0.93


def test_a_plan_for_a_budget_keeps_within_it_and_serves_most(opt):
    budget = float(np.median(opt.frontier.value_money))
    plan = opt.at(budget=budget)
    assert plan.value_money <= budget
    inside = opt.frontier.value_money <= budget
    assert plan.fill_rate >= opt.frontier.fill_rate[inside].max()
    assert set(plan.by_segment()) == set(opt.segmentation.names)


def test_the_frontier_shows_itself(opt):
    frame = opt.frontier.to_frame()
    assert len(frame) == opt.frontier.n_points
    assert frame["holding_cost"].is_monotonic_increasing
    assert frame["fill_rate"].is_monotonic_increasing
    assert set(frame["certificate"]) == {"exact"}
    assert "<table" in opt.frontier._repr_html_()
    assert opt.frontier.plot().axes


def test_the_quality_account_adds_up_after_the_laws_left_rows_out(data):
    frame = data.quality.to_frame()
    for table, n in data.quality.read.items():
        assert frame.loc[frame["table"] == table, "rows"].sum() == n


def test_every_result_shows_itself_in_a_notebook(opt, data, segments):
    shown = (data, data.quality, segments, opt, opt.frontier, opt.chosen, opt.scores("segmented").fill_rate)
    for result in shown:
        assert "<" in result._repr_html_(), result
    for name in segments.names:
        assert name in opt.chosen._repr_html_()


def test_a_warm_up_said_in_the_study_is_used(tmp_path):
    study = write_study(tmp_path, **{"batches = 8": "batches = 8\nwarmup = 33"})
    data = sl.load(study)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.9, replications=4, verdict_replications=4)
    assert opt.warmup == 33
    assert opt.warmup_rule == "said in the study"


def test_impossible_wishes_name_what_would_work(opt, data, segments):
    with pytest.raises(InfeasibleError, match="smallest budget that works"):
        opt.at(fill_rate=0.95, budget=1.0)
    with pytest.raises(InfeasibleError):
        sl.optimize(data, segments, fill_rate=0.95, budget=0.5)
    with pytest.raises(UsageError):
        opt.at()


def test_the_verdict_uses_fresh_randomness_and_keeps_both_samples(opt):
    frame = segment_frame(opt)
    search, verdict = opt.scores("segmented", "search"), opt.scores("segmented", "verdict")
    assert search.fill_rate.value == pytest.approx(opt.chosen.fill_rate, abs=1e-12)
    assert search.holding_cost.value == pytest.approx(opt.chosen.cost_money, rel=1e-12)
    assert verdict.fill_rate.value != search.fill_rate.value
    assert verdict.fill_rate.n == 30
    assert set(frame["sample"]) == {"search", "verdict"}
    assert set(frame["plan"]) >= {"segmented", "uniform", "per_sku", "habit"}


def test_segments_never_cost_more_than_one_target_for_all_nor_less_than_the_bound(opt):
    assert opt.chosen.cost <= opt.solved.best_uniform.cost
    assert float(opt.solved.items.lower_bound(opt.chosen.served)) <= opt.chosen.cost


@pytest.mark.pages
def test_the_report_is_one_file_and_never_replaces_another(opt, tmp_path):
    path = opt.report(tmp_path / "out.html")
    text = path.read_text(encoding="utf-8")
    assert "<html" in text
    assert "EUR" in text
    with pytest.raises(UsageError, match="replaced"):
        opt.report(path)
    assert opt.plot().axes


@pytest.mark.pages
def test_a_run_folder_is_complete_verifiable_and_never_replaced(tmp_path):
    study = write_study(tmp_path)
    first = api.run_optimize(study)
    second = api.run_optimize(study, draw=False)
    assert first.folder.name == "small"
    assert second.folder.name == "small-2"
    assert verify(first.folder) == []
    assert first.report is not None
    assert first.report.is_file()
    run = RunFolder.open(first.folder)
    for name in ("items", "segments", "curves", "frontier", "plan", "verdict"):
        ours, theirs = run.read_table(name), RunFolder.open(second.folder, sealed=True).read_table(name)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    plan = run.read_table("plan")
    assert len(plan) == len(run.read_table("items"))
    assert {"sku", "location", "segment", "target", "planning_method", "order_up_to"} <= set(plan)
    assert run.manifest["seeds"]["search"] != run.manifest["seeds"]["verdict"]
    assert (first.folder / "study.toml").read_text() == study.read_text()
    stages = (first.folder / "log.jsonl").read_text()
    assert '"simulate"' in stages
    assert first.statements


@pytest.mark.pages
def test_simulate_writes_what_the_named_targets_achieve(tmp_path):
    result = api.run_simulate(write_study(tmp_path), out=tmp_path / "sim")
    assert result.folder == tmp_path / "sim"
    assert verify(result.folder) == []
    assert any("asked" in line for line in result.statements)
    assert result.report is not None


def test_an_impossible_budget_leaves_no_folder_behind(tmp_path):
    study = write_study(tmp_path, **{"[optimize]": "[optimize]\nfill_rate = 0.95\nbudget = 0.5"})
    with pytest.raises(InfeasibleError, match="budget"):
        api.run_optimize(study)
    assert not list((tmp_path / "runs").glob("*"))


def test_lost_sales_run_through_the_same_door(tmp_path):
    study = write_study(tmp_path, **{"review_period = 1": 'review_period = 1\nunmet = "lost"'})
    data = sl.load(study)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.9, replications=12, verdict_replications=20)
    assert opt.chosen.fill_rate >= 0.9
    assert "MSER" in opt.warmup_rule


def test_reorder_quantity_runs_through_the_same_door(tmp_path):
    frames = {
        name: pd.read_csv(BASELINE / f"{name}.csv", dtype={"sku": str, "location": str})
        for name in ("items", "demand", "receipts")
    }
    frames["items"]["order_quantity"] = 60
    study = Study.default(
        "nq",
        period="day",
        policy={"family": "reorder_quantity", "review_period": 1, "targets": {}},
        lead_times={"crossing": False},
        segments={"by": ["segment"]},
        simulation={"periods": 60, "replications": 20, "batches": 10},
        verdict={"replications": 20},
        optimize={"n_targets": 6},
    )
    data = api.load_frames(**frames, study=study)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.92)
    assert opt.chosen.fill_rate >= 0.92
    assert (opt.planned.levels.order_quantity == 60).all()


def test_options_beside_dataframes_are_those_of_a_study_file():
    frames = {
        name: pd.read_csv(BASELINE / f"{name}.csv", dtype=str) for name in ("items", "demand", "receipts")
    }
    options = {
        "study": {"name": "frames", "period": "day", "currency": "SEK"},
        "lead_times": {"crossing": False},
    }
    data = sl.load_frames(**frames, study=options)
    assert (data.study.name, data.study.period, data.study.currency) == ("frames", "day", "SEK")
    with pytest.raises(sl.InvalidInputError, match="did you mean 'policy'"):
        sl.load_frames(**frames, study={"polcy": {"review_period": 1}})


def test_renaming_a_sku_changes_its_draws_but_not_its_levels(tmp_path):
    items = pd.read_csv(BASELINE / "items.csv", dtype=str)
    demand = pd.read_csv(BASELINE / "demand.csv", dtype=str)
    receipts = pd.read_csv(BASELINE / "receipts.csv", dtype=str)
    study = Study.default("names", period="day", lead_times={"crossing": False}, policy={"review_period": 1})
    renamed = [frame.assign(sku=frame["sku"] + "x") for frame in (items, demand, receipts)]
    one = api.load_frames(items, demand, receipts, study=study)
    two = api.load_frames(*renamed, study=study)
    levels = [plan_columns(d, np.array([0.9])).levels.order_up_to for d in (one, two)]
    assert np.array_equal(*levels)
    assert not np.array_equal(one.models.world.keys, two.models.world.keys)


def test_the_api_keeps_the_studys_own_floor_and_budget(tmp_path):
    study = write_study(tmp_path, **{"[optimize]": "[optimize]\nfill_rate = 0.9"})
    data = sl.load(study)
    opt = sl.optimize(data, sl.segment(data), replications=8, verdict_replications=8)
    assert opt.solved.fill_rate == 0.9
    assert not any("neither a floor" in note for note in opt.solved.notes)


def test_service_of_every_item_comes_from_the_verdict_and_says_so(tmp_path):
    result = api.run_optimize(write_study(tmp_path))
    run = RunFolder.open(result.folder)
    items, plan = run.read_table("items"), run.read_table("plan")
    assert set(items["sample"]) == set(plan["sample"]) == {"verdict"}
    total = run.read_table("segments").query(
        "plan == 'segmented' and sample == 'verdict' and segment == '(all)'"
    )
    assert items["holding_cost"].sum() == pytest.approx(total["holding_cost"].iloc[0])
    assert (items["fill_rate_low"] <= items["fill_rate"]).all()
    assert items["conservative"].dtype == bool


def test_the_log_grows_as_stages_end(tmp_path):
    result = api.run_optimize(write_study(tmp_path))
    lines = [json.loads(line) for line in (result.folder / "log.jsonl").read_text().splitlines()]
    stages = [line["stage"] for line in lines if line["event"] == "stage"]
    assert {"load", "plan", "simulate", "solve", "verdict", "write", "report"} <= set(stages)
    assert len({line["elapsed"] for line in lines}) > 3


def test_check_refuses_what_simulate_would_refuse(tmp_path):
    study = write_study(tmp_path, **{"targets = { fast = 0.98, slow = 0.9 }": "targets = { Q = 0.9 }"})
    with pytest.raises(InvalidInputError, match=r"policy\.targets"):
        api.check(study)


def test_todays_levels_that_make_no_rule_are_refused_not_left_out(tmp_path):
    study = write_study(tmp_path)
    items = pd.read_csv(tmp_path / "items.csv", dtype=str)
    items["current_reorder_point"], items["current_order_up_to"] = "5", "20"
    items["current_order_quantity"] = "15"
    items.to_csv(tmp_path / "items.csv", index=False)
    with pytest.raises(InvalidInputError, match="make no rule together"):
        api.run_optimize(study)
    with pytest.raises(InvalidInputError, match="make no rule together"):
        api.check(study)


def test_money_that_could_leave_64_bits_is_refused_before_simulating(tmp_path):
    study = write_study(tmp_path)
    items = pd.read_csv(tmp_path / "items.csv", dtype=str)
    items["unit_cost"] = "90000000000"
    items.to_csv(tmp_path / "items.csv", index=False)
    with pytest.raises(InvalidInputError, match="cost_resolution"):
        api.run_optimize(study)


def test_a_pool_that_no_column_names_is_refused(tmp_path):
    study = write_study(tmp_path, **{"[lead_times]": '[models]\npool_by = "categry"\n[lead_times]'})
    with pytest.raises(InvalidInputError, match="pool_by"):
        api.check(study)
