"""P95 and peak of stock value from the study file to the plan: equal to listing every plan there is."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from worlds.limits import BEFORE
from worlds.places import TESTS
from worlds.study import STUDY, write_study

import simlab as sl
from simlab import api
from simlab.api.commands import run_optimize
from simlab.engine.recorder.periods import time_profile
from simlab.errors import InfeasibleError, InvalidInputError
from simlab.run import RunFolder
from simlab.study import Study

BASELINE = TESTS / "bad_inputs" / "baseline"


def load(optimize, *, n_targets=5, **sections):
    tables = {
        name: pd.read_csv(BASELINE / f"{name}.csv", dtype={"sku": str, "location": str})
        for name in ("items", "demand", "receipts")
    }
    study = Study.default(
        "tails",
        currency="EUR",
        period="day",
        policy={"review_period": 1, "targets": {}},
        lead_times={"crossing": False},
        segments={"by": ["segment"]},
        simulation={"periods": 40, "replications": 20, "batches": 10},
        verdict={"replications": 24},
        optimize={"n_targets": n_targets} | BEFORE | optimize,
        **sections,
    )
    return api.load_frames(**tables, study=study)


def run(optimize, **options):
    data = load(optimize, **options)
    asked = data.study.optimize
    return sl.optimize(data, sl.segment(data), fill_rate=asked.fill_rate, budget=asked.budget)


def every_plan(opt):
    """(choice, P95, mean peak) of all plans on the search seed, from the profile of each, in money."""
    curves, data = opt.frontier.curves, opt.data
    horizon = opt.settings.horizon("search", opt.warmup)
    n = data.catalog.n_items
    for choice in itertools.product(range(curves.n_targets), repeat=curves.n_segments):
        column = opt.rules.choice_of_items(opt.segmentation, np.array(choice))[:, None]
        levels = opt.planned.levels.columns(column)
        args = (data.models.world, levels, horizon, np.zeros(n, dtype=np.int64), data.models.costs.unit_cost)
        profile = time_profile(*args)
        total = (
            (profile.stock_start_value + profile.stock_value)[0, 0] * data.models.costs.cost_resolution / 2
        )
        ordered = sorted(np.round(total.ravel(), 6).tolist())
        yield np.array(choice), ordered[math.ceil(0.95 * len(ordered)) - 1], total.max(axis=1).mean()


@pytest.mark.parametrize("measure", ["p95_inventory_value", "peak_inventory_value"])
def test_the_least_p95_and_peak_are_those_of_the_best_of_all_plans(measure):
    opt = run({"objective": measure, "fill_rate": 0.9})
    curves = opt.frontier.curves
    rows = [
        (p95 if measure.startswith("p95") else peak)
        for choice, p95, peak in every_plan(opt)
        if curves.totals(choice)[2] >= curves.needed(0.9)
    ]
    found = opt.solved.choosing.tails[0]
    assert found.value == pytest.approx(min(rows), rel=1e-12)
    assert found.certificate == "certified"
    assert found.gap == 0
    assert opt.chosen.bound <= opt.chosen.cost
    assert any("chosen for the least" in note and "certified" in note for note in opt.solved.notes)
    assert opt.accounting.objective == "mean inventory value"


def test_ceilings_bind_and_the_plan_is_the_cheapest_of_all_that_keep_them():
    free = run({"fill_rate": 0.85})
    listed = list(every_plan(free))
    totals = {tuple(choice): free.frontier.curves.totals(choice) for choice, _, _ in listed}
    able = [row for row in listed if totals[tuple(row[0])][2] >= free.frontier.curves.needed(0.85)]
    low = sorted(p95 for _, p95, _ in able)[1]
    high = sorted(peak for _, _, peak in able)[len(able) // 2]
    opt = run({"fill_rate": 0.85, "budget_p95": low, "budget_peak": high})
    best = min(
        totals[tuple(choice)][0] for choice, p95, peak in able if p95 <= low + 1e-9 and peak <= high + 1e-9
    )
    assert opt.chosen.cost == best
    assert opt.chosen.certificate == "exact"
    limits = {one.measure: one for one in opt.solved.choosing.tails}
    assert limits["p95_inventory_value"].value <= low
    assert limits["peak_inventory_value"].value <= high
    from simlab.api.finance.limits import limits_frame

    frame = limits_frame(opt, opt.stock_value)
    assert set(frame["kind"]) >= {"tail"}
    assert frame.loc[frame["kind"] == "tail", "met"].all()
    assert frame.loc[frame["kind"] == "tail", "reached_verdict"].notna().all()


def test_a_ceiling_alone_buys_the_highest_service():
    free = run({"fill_rate": 0.85})
    ceiling = float(np.median([p95 for _, p95, _ in every_plan(free)]))
    opt = run({"fill_rate": None, "budget_p95": ceiling})
    curves = opt.frontier.curves
    most = max(curves.totals(choice)[2] for choice, p95, _ in every_plan(opt) if p95 <= ceiling)
    assert opt.chosen.served == most
    assert opt.solved.fill_rate is None


def test_chance_limits_and_ceilings_hold_together():
    chance = [{"at_least": 0.9, "probability": 0.8}]
    opt = run({"fill_rate": 0.85, "chance": chance, "budget_p95": 1e9})
    alone = run({"fill_rate": 0.85, "chance": chance})
    assert opt.chosen.cost == alone.chosen.cost
    assert opt.solved.choosing.kept == alone.solved.choosing.kept


def test_what_cannot_be_is_refused_by_name():
    with pytest.raises(InfeasibleError, match=r"P95 of stock value .* ≤ EUR 10") as caught:
        run({"fill_rate": 0.9, "budget_p95": 10.0})
    least = run({"fill_rate": 0.9, "objective": "p95_inventory_value"}).solved.choosing.tails[0].value
    assert f"≤ EUR 10.00' up to EUR {least:,.2f}" in str(caught.value)
    with pytest.raises(InvalidInputError, match=r"objective \"lost_margin\" is not in this version"):
        run({"objective": "lost_margin", "fill_rate": 0.9, "budget": 1e9, "choose": "lower_bound"})


def test_further_plans_and_reasons_see_every_limit_of_the_study():
    """`opt.at` equals listing all plans that keep the ceiling; `opt.why_infeasible` names it."""
    free = run({"fill_rate": 0.9})
    ceiling = float(np.median([p95 for _, p95, _ in every_plan(free)]))
    opt = run({"fill_rate": 0.85, "budget_p95": ceiling})
    curves, able = opt.frontier.curves, [c for c, p95, _ in every_plan(opt) if p95 <= ceiling]
    totals = [curves.totals(choice) for choice in able]
    for floor in (0.8, 0.85, 0.9):
        costs = [cost for cost, _, served in totals if served >= curves.needed(floor)]
        if costs:
            assert opt.at(fill_rate=floor).cost == min(costs)
    budget = float(np.median([value for _, value, _ in totals])) * float(curves.value_unit)
    most = max(served for _, value, served in totals if value <= curves.allowed(budget))
    assert opt.at(budget=budget).served == most
    assert opt.why_infeasible(fill_rate=0.85) is None
    best = max(served for _, _, served in totals) / curves.total_demanded
    asked = float(np.ceil(best * 1e3 + 1) / 1e3)
    assert asked < max(curves.totals(c)[2] for c, _, _ in every_plan(opt)) / curves.total_demanded
    reason = opt.why_infeasible(fill_rate=asked)
    assert "P95 of stock value" in str(reason)
    assert f"down to {np.floor(best * 1e4) / 1e2:g}%" in str(reason)
    with pytest.raises(InfeasibleError, match="P95 of stock value"):
        opt.at(fill_rate=asked)


@pytest.mark.parametrize("objective", ["holding_cost", "p95_inventory_value"])
def test_a_plan_chosen_by_its_lower_bound_keeps_the_ceiling(objective):
    """The floor's lower bound is met on the selection seed, at no less than the plan without it costs."""
    asked = {"fill_rate": 0.93, "budget_p95": 5300.0, "objective": objective}
    usual, opt = run(asked, n_targets=8), run(asked | {"choose": "lower_bound"}, n_targets=8)
    assert opt.solved.choosing.lower_bound >= 0.93
    assert any("selection seed" in note for note in opt.solved.notes)
    for before, after in zip(usual.solved.choosing.tails, opt.solved.choosing.tails, strict=True):
        assert after.value <= 5300.0
        if objective == after.measure:
            assert after.bound <= before.value <= after.value
    if objective == "holding_cost":
        assert opt.chosen.cost >= usual.chosen.cost
        assert opt.chosen.bound <= usual.chosen.cost


def test_measures_of_the_compared_plans_are_quantiles_of_the_total():
    """Segments do not add up to all, and the mean is that of the scores on the same replications."""
    opt = run({"fill_rate": 0.9})
    found = opt.stock_value
    assert found.replications == 24
    for plan in opt.kinds:
        scores = opt.scores(plan).inventory_value.value
        rows = found.frame[found.frame["plan"] == plan]
        whole, parts = rows[rows["segment"] == "(all)"].iloc[0], rows[rows["segment"] != "(all)"]
        assert whole["inventory_value"] == pytest.approx(scores, rel=1e-12)
        assert whole["inventory_value"] <= whole["peak_inventory_value"]
        assert whole["p95_inventory_value"] <= parts["p95_inventory_value"].sum()
        assert whole["peak_inventory_value"] < parts["peak_inventory_value"].sum()
        assert whole["p95_inventory_value"] <= whole["peak_inventory_value_p95"]
    assert set(found.frame["plan"]) == set(opt.kinds)
    assert "Stock value by period" in found._repr_html_()


@pytest.mark.pages
def test_a_run_shows_the_measures_in_tables_report_and_sentences(tmp_path):
    changed = STUDY.replace("[optimize]", "[optimize]\nbudget_p95 = 1e7\nfill_rate = 0.9")
    folder = run_optimize(write_study(tmp_path, changed), out=tmp_path / "run").folder
    opened = RunFolder.open(folder)
    for name in ("segments", "reference"):
        table = opened.read_table(name)
        fresh = table["sample"] == "verdict"
        assert table.loc[fresh, "p95_inventory_value"].notna().all()
        assert table.loc[~fresh, "peak_inventory_value"].isna().all()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "How high the stock goes" in page
    assert any("keeps within its ceiling" in line for line in opened.manifest["statements"])
    assert opened.manifest["constraints"]["ceilings"] == {"p95_inventory_value": 1e7}
