"""What finance reads: prices between plans, moves, releases, bands and bounds, in sample and fresh."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from worlds.study import write_study

import simlab as sl
from simlab import api
from simlab.api.finance import limits, prices
from simlab.api.finance.bounds import band_frame, gap_to_truth
from simlab.api.finance.prices import releases_frame
from simlab.api.finance.statements import release_statements
from simlab.engine.run import simulate_items
from simlab.errors import UsageError
from simlab.measures import format_money
from simlab.run import RunFolder


@pytest.fixture(scope="module")
def opt(tmp_path_factory):
    data = sl.load(write_study(tmp_path_factory.mktemp("finance"), **{"n_targets = 8": "n_targets = 12"}))
    return sl.optimize(data, sl.segment(data), fill_rate=0.93)


def test_an_exchange_rate_is_the_slope_between_two_plans_in_sample_and_fresh(opt):
    frame = opt.exchange_rates().to_frame()
    shown = opt.solved.shown
    fresh = opt.to_frame()
    fresh = fresh[fresh["kind"] == "segmented"].reset_index(drop=True)
    for row in frame.to_dict("records"):
        low, high = row["point_from"], row["point"]
        step = 100 * (shown.fill_rate[high] - shown.fill_rate[low])
        assert row["cost_per_point_search"] == pytest.approx(
            (shown.cost_money[high] - shown.cost_money[low]) / step
        )
        step = 100 * (fresh["fill_rate_verdict"][high] - fresh["fill_rate_verdict"][low])
        extra = fresh["holding_cost_verdict"][high] - fresh["holding_cost_verdict"][low]
        assert row["cost_per_point"] == pytest.approx(extra / step)
        assert row["cost_per_point_low"] <= row["cost_per_point"] <= row["cost_per_point_high"]
    assert frame["ends_at_chosen"].sum() == 1


def test_a_move_changes_one_segment_and_says_what_it_does(opt):
    frame = opt.next_euro().to_frame()
    curves = opt.chosen.curves
    for row in frame.to_dict("records"):
        target = opt.chosen.by_segment() | {row["segment"]: row["to_target"]}
        choice = [int(np.argmin(np.abs(curves.targets - target[name]))) for name in curves.names]
        cost, value, served = curves.totals(choice)
        assert row["cost"] == pytest.approx(float((cost - opt.chosen.cost) * curves.cost_unit))
        assert row["value"] == pytest.approx(float((value - opt.chosen.value) * curves.value_unit))
        assert row["fill"] == pytest.approx((served - opt.chosen.served) / curves.total_demanded)
        assert row["fill_verdict_low"] <= row["fill_verdict"] <= row["fill_verdict_high"]
    up = frame[frame["direction"] == "up"]
    assert up["points_per_1000"].is_monotonic_decreasing
    assert (frame.loc[frame["direction"] == "down", "value"] < 0).all()


def test_a_release_frees_at_least_the_amount_at_the_least_loss(opt):
    amount = 0.1 * opt.chosen.value_money
    found = opt.release(amount).to_frame()
    assert found["value"].iloc[-1] <= -amount
    assert found["value"].iloc[:-1].sum() == pytest.approx(found["value"].iloc[-1])
    assert opt.chosen.fill_rate + found["fill"].iloc[-1] == pytest.approx(
        opt.at(budget=opt.chosen.value_money - amount).fill_rate
    )


def test_releases_of_shares_are_those_asked_one_by_one(opt):
    """The table answers for 5, 10 and 20 % what `release` answers for the amount; totals add up."""
    frame = releases_frame(opt)
    for share, rows in frame.groupby("share"):
        alone = opt.release(share * opt.chosen.value_money).to_frame()
        assert rows["value"].to_numpy() == pytest.approx(alone["value"].to_numpy())
        assert rows["fill"].iloc[:-1].sum() == pytest.approx(rows["fill"].iloc[-1])
        assert rows["service_after"].iloc[0] == pytest.approx(opt.chosen.fill_rate + rows["fill"].iloc[-1])
    said = release_statements(opt, frame)
    assert "of the plan's stock free" in said[0]
    assert "knee" in said[-1]


def test_the_band_holds_every_plan_and_is_wider_than_single_intervals(opt):
    band = band_frame(opt)
    fresh = opt.to_frame()
    fresh = fresh[fresh["kind"] == "segmented"].reset_index(drop=True)
    assert band["fill_rate"].to_numpy() == pytest.approx(fresh["fill_rate_verdict"].to_numpy())
    assert band["factor"].iloc[0] > 1.9
    assert band["optimism"].to_numpy() == pytest.approx(
        (fresh["service"] - fresh["fill_rate_verdict"]).to_numpy()
    )
    assert "advised" in band["note"].iloc[0]
    assert band["tie_group"].is_monotonic_increasing


def test_bounds_lie_in_order_and_the_gap_splits(opt):
    found = opt.bounds(every_level=True)
    assert found.levels <= found.between <= found.grid <= found.per_sku <= found.plan
    parts = (found.segment_gap, found.open_gap, found.grid_gap, found.formula_gap)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(found.plan - found.levels)
    assert "in-sample" in found.note
    assert np.isnan(opt.bounds().levels)
    assert np.isnan(opt.bounds().formula_gap)
    truth = gap_to_truth(opt)
    assert truth.low == 0 <= truth.value <= truth.high


def test_the_bound_over_levels_is_not_above_any_plan_of_levels(opt):
    """A plan that asks the exact optimum of single levels may beat the grid, never the bound."""
    levels = opt.bounds(every_level=True).levels
    assert levels <= float(opt.solved.items.lower_bound(opt.chosen.served)) * float(
        opt.chosen.curves.cost_unit
    )
    assert levels > 0.3 * opt.chosen.cost_money


def relaxed(opt, spans):
    """Least cost of mixtures of the levels of every item, by linear programming over all of them."""
    world, horizon = opt.data.models.world, opt.settings.horizon("search", opt.warmup)
    holding, cost, good, owner = opt.data.models.costs.holding, [], [], []
    for item, (low, high) in enumerate(spans):
        own, levels = np.array([item]), np.arange(low, high + 1)[None]
        one = opt.planned.levels.take(own).columns(np.zeros(levels.size, np.int64))
        at = replace(one, order_up_to=levels, reorder_point=levels - (one.order_up_to - one.reorder_point))
        sums = simulate_items(world.take(own), at, horizon)
        cost += (holding[item] * (sums.on_hand + sums.on_hand_start).sum(axis=-1))[0].tolist()
        good += sums.served.sum(axis=-1)[0].tolist()
        owner += [item] * levels.size
    shares = (np.array(owner) == np.arange(len(spans))[:, None]).astype(float)
    found = linprog(cost, [-np.array(good)], [-opt.chosen.served], shares, np.ones(len(spans)))
    return found.fun * float(opt.chosen.curves.cost_unit)


def test_bounds_over_levels_are_the_relaxation_over_all_of_them(opt):
    """Levels between those of the grid, all, and levels beyond: blocks of hulls against a linear program."""
    own = opt.planned.levels.order_up_to
    low, high = own.min(axis=1), own.max(axis=1)
    found, more = opt.bounds(every_level=True), opt.bounds(every_level=True, headroom=0.1)
    assert found.between == pytest.approx(relaxed(opt, list(zip(low, high, strict=True))), rel=1e-6)
    assert found.levels == pytest.approx(relaxed(opt, [(0, top) for top in high]), rel=1e-6)
    beyond = np.ceil(high * 1.1).astype(int)
    assert more.levels == pytest.approx(relaxed(opt, [(0, top) for top in beyond]), rel=1e-6)
    assert more.between == found.between
    with pytest.raises(UsageError, match="headroom"):
        opt.bounds(every_level=True, headroom=-1.0)


def test_budgets_buy_more_service_the_larger_they_are(opt):
    sweep = prices.sweep_frame(opt)
    assert sweep["fill_rate"].is_monotonic_increasing
    assert (sweep["inventory_value"] <= sweep["budget"] * (1 + 1e-12)).all()
    assert opt.knee.fill_rate in opt.frontier.fill_rate


def test_flows_that_no_target_moves_are_constants(opt):
    frame = limits.limits_frame(opt)
    constant = frame[frame["kind"] == "constant"]
    assert set(constant["limit"]) == {"orders a year", "purchases a year"}
    assert constant["met"].all()


def test_reasons_are_given_on_request(opt):
    assert opt.why_infeasible(fill_rate=0.9) is None
    assert "what works" in str(opt.why_infeasible(fill_rate=0.99, budget=100.0))


def test_tables_show_themselves_with_units_currency_and_intervals(opt):
    rates, bounds = opt.exchange_rates(), opt.bounds()
    row, currency = rates.to_frame().iloc[0], opt.data.study.currency
    shown = rates.shown()[f"holding cost per point ({currency} a year)"].iloc[0]
    low, high = (format_money(row[f"cost_per_point_{end}"]) for end in ("low", "high"))
    assert shown == f"{format_money(row['cost_per_point'])} [{low}, {high}]"
    assert rates.to_frame().attrs["units"]["cost_per_point"] == f"{currency} a year"
    assert "Exchange rates" in repr(rates)
    assert "<table" in opt.next_euro()._repr_html_()
    assert f"money ({currency} per year)" in repr(bounds)
    assert "nan" not in repr(bounds)
    assert format_money(opt.stock_value.of("segmented")["p95_inventory_value"]) in repr(opt.stock_value)


def test_pictures_of_finance_show_what_the_tables_say(opt):
    staircase = opt.exchange_rates().plot().axes[0]
    assert len(staircase.patches) + len(staircase.collections) >= len(opt.exchange_rates().to_frame())
    names = [label.get_text() for label in opt.capital_by_segment().plot().axes[0].get_yticklabels()]
    assert sorted(names) == sorted(opt.segmentation.names)
    line = opt.capital.plot().axes[0].lines[0]
    assert (line.get_ydata() == opt.capital.frame["inventory_value"]).all()
    with pytest.raises(UsageError, match="no picture of 'Next moves'"):
        opt.next_euro().plot()


@pytest.mark.pages
def test_the_run_folder_has_the_tables_of_finance_and_the_report_shows_them(tmp_path):
    result = api.run_optimize(write_study(tmp_path))
    run = RunFolder.open(result.folder)
    for name in (
        "exchange_rates",
        "moves",
        "budget_sweep",
        "release",
        "band",
        "bounds",
        "limits",
        "capital_by_segment",
    ):
        assert len(run.read_table(name))
    page = result.report.read_text(encoding="utf-8")
    assert 'data-chart="exchange_rates"' in page
    assert 'data-chart="capital"' in page
    assert any("last point" in line for line in result.statements)
    frontier = run.read_table("frontier")
    assert {"certificate", "bound", "gap", "kind", "rechecked", "objective"} <= set(frontier)
    assert (frontier["bound"] <= frontier["objective"] * (1 + 1e-12)).all()


@pytest.mark.pages
def test_the_report_speaks_of_what_the_study_counts(tmp_path):
    """Stock value against the ready rate is not called holding cost against fill rate."""
    asked = '[optimize]\nobjective = "inventory_value"\nservice = { measure = "ready_rate" }\nfill_rate = 0.8'
    result = api.run_optimize(write_study(tmp_path, **{"[optimize]": asked}))
    run = RunFolder.open(result.folder)
    assert run.manifest["objective"] == "mean inventory value"
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "Compared at the same ready rate" in page
    assert any("ties up" in line and "equal ready rate" in line for line in result.statements)


@pytest.mark.pages
def test_the_page_speaks_of_a_budget(tmp_path):
    asked = "[optimize]\nfill_rate = 0.8\nbudget = 20000.0"
    result = api.run_optimize(write_study(tmp_path, **{"[optimize]": asked}))
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "stock keeps within the budget of EUR 20.0k" in page


def test_capital_by_segment_adds_up_and_its_change_is_paired(opt):
    """Now is the habit (not every SKU-location has today's levels); rows sum to the total of each plan."""
    frame = opt.capital_by_segment().to_frame()
    rows, total = frame[frame["segment"] != "(all)"], frame[frame["segment"] == "(all)"].iloc[0]
    assert set(frame["now"]) == {"habit"}
    for name in ("inventory_value_now", "inventory_value", "change", "stock_record"):
        assert rows[name].sum() == pytest.approx(total[name])
    assert total["inventory_value_now"] == pytest.approx(opt.scores("habit").inventory_value.value)
    assert total["inventory_value"] == pytest.approx(opt.scores("segmented").inventory_value.value)
    assert frame["change"].to_numpy() == pytest.approx(
        (frame["inventory_value"] - frame["inventory_value_now"]).to_numpy()
    )
    width = frame["change_high"] - frame["change_low"]
    alone = frame["inventory_value_high"] - frame["inventory_value_low"]
    assert (width < alone).all()
    assert "EUR" in opt.capital_by_segment().note
