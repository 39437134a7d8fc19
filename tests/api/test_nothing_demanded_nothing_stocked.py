"""What is never demanded is not stocked; what has no history is left out, counted and listed."""

import numpy as np
import pandas as pd
import pytest
from worlds.exact_long_run import long_run
from worlds.places import TESTS

import simlab as sl
from simlab.api.data.dead_stock import dead_stock, movable
from simlab.api.decision.look import at_lowest, lowest
from simlab.api.output.writing import write_optimization
from simlab.errors import InvalidInputError
from simlab.policies import current_levels, plan
from simlab.run import RunFolder

FOUND = TESTS / "found" / "dead-items-with-packs"


@pytest.mark.parametrize("study", ["study.toml", "study_nopack.toml"])
def test_dead_items_with_packs_take_nothing_of_a_budget(study):
    """Two items never demanded, pack 24, got 10.8 units each for ever; the budget of 1,000 is ample.

    Without them LIVE alone is left: 0.9995 at 753, as the study without packs always found.
    """
    data = sl.load(FOUND / study)
    opt = sl.optimize(data, sl.segment(data))
    assert opt.chosen.fill_rate == pytest.approx(0.9995, abs=0.0005)
    assert opt.chosen.value_money == pytest.approx(753, abs=1)
    kept = sl.load_frames(
        pd.read_csv(FOUND / "items.csv"),
        pd.read_csv(FOUND / "demand.csv"),
        study=options(demand={"no_history": "zero"}),
    )
    segments = sl.segment(kept)
    policy = sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(segments.names, 0.95))
    curves = sl.simulate(kept, policy).curves
    dead = [row for row, sku in enumerate(kept.catalog.sku) if sku.startswith("DEAD")]
    for name in ("on_hand", "on_hand_start", "orders", "ordered", "on_order", "demanded"):
        assert (getattr(curves, name)[dead] == 0).all(), name


def options(**more):
    study = {"study": {"period": "week"}, "policy": {"review_period": 7}, "segments": {"by": "abc"}}
    return study | more


def tables(zeros=True):
    """A sells; B has a row of zero, or none; C has no row; D has none either and is critical."""
    items = pd.DataFrame({"sku": list("ABCD"), "location": "W", "unit_cost": [10.0, 20.0, 5.0, 100.0]})
    items = items.assign(
        lead_time=14, pack_size=[1, 24, 24, 2], on_hand=[10, 5, 7, 1], minimum_level=[0, 0, 0, 3]
    )
    days = pd.date_range("2024-01-01", periods=52, freq="7D").strftime("%Y-%m-%d")
    sold = np.random.default_rng(1).poisson(4, 52)
    demand = pd.DataFrame({"sku": "A", "location": "W", "date": days, "quantity": sold})
    if zeros:
        none = pd.DataFrame({"sku": "B", "location": "W", "date": days[:8], "quantity": 0})
        demand = pd.concat([demand, none])
    return items, demand


OTHERS = {
    # period, days from row to row, mean a row, R, L, unit cost, budget, what the dead items are bound to
    "moq, by month": ("month", 365 / 12, 30.0, 1, 2, 8.0, 260, {"moq": 500}),
    "packs and moq, by day, dear": ("day", 1, 0.6, 5, 9, 900.0, 9_000, {"moq": 12, "pack_size": 48}),
    "packs, by week, with stock": ("week", 7, 12.0, 2, 1, 0.05, 1.1, {"pack_size": 1_000, "on_hand": 90}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_dead_items_take_nothing_of_a_budget_either(name):
    """What is bought is the live item alone: fill and value of its level by plain convolution."""
    period, step, mean, review, lead, cost, budget, bound = OTHERS[name]
    days = pd.Timestamp("2022-01-03") + pd.to_timedelta(np.floor(step * np.arange(120)), unit="D")
    if period == "month":
        days = pd.date_range("2014-01-01", periods=120, freq="MS")
    sold = np.random.default_rng(6).poisson(mean, 120)
    demand = pd.DataFrame({"sku": "LIVE", "location": "W", "date": days.strftime("%Y-%m-%d")})
    demand["quantity"] = sold
    items = pd.DataFrame({"sku": ["DEAD", "GONE", "LIVE"], "location": "W", "unit_cost": [60.0, 7.0, cost]})
    items = items.assign(lead_time=lead, on_hand=0, category=["old", "old", "new"])
    for column, value in bound.items():
        items[column] = [value, value, 1]
    study = {
        "study": {"period": period},
        "data": {"time_unit": "periods"},
        "demand": {"no_history": "zero"},
        "models": {"law": "poisson", "memory": "all"},
        "segments": {"by": "category"},
        "policy": {"review_period": review, "targets": {"old": 0.95, "new": 0.95}},
        "optimize": {"budget": budget},
    }
    data = sl.load_frames(items, demand, study=study)
    opt = sl.optimize(data, sl.segment(data), replications=200, verdict_replications=200)
    levels = opt.solved.kept["segmented"].order_up_to[:, 0]
    assert levels[:2].tolist() == [0, 0]
    fill, stock = long_run(sold.mean(), sold.mean(), review, lead, int(levels[2]))
    assert opt.chosen.fill_rate == pytest.approx(fill, abs=0.004)
    assert opt.chosen.value_money == pytest.approx(cost * stock, rel=0.02)
    assert 0.8 * budget < cost * stock < 1.02 * budget
    assert fill > 0.9


@pytest.mark.parametrize("zeros", [True, False])
def test_items_without_history_are_left_out_alike_with_rows_of_zero_and_without(zeros):
    """Their stock: 5 units at 20 and 7 at 5; the critical one stays, planned at its minimum."""
    data = sl.load_frames(*tables(zeros), study=options())
    assert data.catalog.sku == ("A", "D")
    found = dead_stock(data).left_out
    assert (found.n_items, found.units, found.value) == (2, 12, 135)
    note = next(entry for entry in data.quality.entries if "without demand" in entry.what)
    assert (note.rows, note.units, note.value) == (2, 12, 135)
    assert data.quality.rows("items") == 4
    assert data.models.world.demand.mean[1] == 0


def test_items_without_history_may_be_kept_as_never_demanded_or_refused():
    kept = sl.load_frames(*tables(), study=options(demand={"no_history": "zero"}))
    assert kept.models.world.demand.mean[1:].tolist() == [0, 0, 0]
    assert dead_stock(kept).silent.value == 135
    with pytest.raises(InvalidInputError, match=r"E-MOD-011.*B@W, C@W, D@W"):
        sl.load_frames(*tables(), study=options(demand={"no_history": "refuse"}))
    with pytest.raises(InvalidInputError, match=r"demand\.no_history"):
        sl.load_frames(*tables(), study=options(demand={"no_history": "ignore"}))


def test_a_table_in_which_nothing_was_ever_sold_is_refused():
    items, demand = tables()
    with pytest.raises(InvalidInputError, match="no SKU-location has demand"):
        sl.load_frames(items.drop(columns="minimum_level"), demand.assign(quantity=0), study=options())


def test_dates_of_rows_left_out_still_say_what_the_history_covers():
    """B's zeros begin and end the table: the window is theirs."""
    items, demand = tables()
    study = options(demand={"life": "window"}, data={"demand": {"isolated": "keep"}})
    more = pd.DataFrame({"sku": "B", "location": "W", "date": ["2023-01-02", "2025-02-23"], "quantity": 0})
    data = sl.load_frames(items, pd.concat([demand, more]), study=study)
    assert str(data.catalog.first_date) == "2023-01-02"
    assert str(data.catalog.as_of) == "2025-02-23"
    assert data.history.n_observed[0] == 112


@pytest.mark.parametrize("family", ["order_up_to", "reorder_quantity", "reorder_up_to"])
@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_no_family_stocks_or_orders_what_is_never_demanded(family, unmet):
    items, demand = tables()
    study = options(
        demand={"no_history": "zero"}, policy={"family": family, "review_period": 7, "unmet": unmet}
    )
    data = sl.load_frames(items.assign(order_quantity=30), demand, study=study)
    segments = sl.segment(data)
    policy = sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(segments.names, 0.95), family=family)
    curves = sl.simulate(data, policy, replications=20).curves
    exposure = 52 * 20
    mean = (curves.on_hand.sum(axis=(1, 2)) / exposure).tolist()
    assert mean[1:] == [0, 0, 3]
    assert (curves.orders[1:] == 0).all()
    assert mean[0] > 0


def test_todays_levels_stock_nothing_that_is_never_demanded():
    """Levels of 40 units for a dead item tie up nothing: its stock is a constant of its own."""
    items, demand = tables()
    items = items.assign(current_order_up_to=[20, 40, 40, np.nan])
    data = sl.load_frames(items, demand, study=options(demand={"no_history": "zero"}))
    levels, known = current_levels(data.models)
    assert known.all()
    assert levels.order_up_to[:, 0].tolist() == [20, 0, 0, 3]


@pytest.mark.parametrize("family", ["order_up_to", "reorder_quantity", "reorder_up_to"])
def test_a_minimum_level_is_kept_by_every_plan(family):
    """Position after a review: S of (R,S), at least s + 1 of the others; at low targets the floor binds."""
    items, demand = tables()
    items = items.assign(minimum_level=[15, 0, 0, 3], order_quantity=10)
    data = sl.load_frames(items, demand, study=options())
    planned = plan(data.models, [0.3, 0.5, 0.9, 0.999], family=family)
    least = planned.levels.order_up_to if family == "order_up_to" else planned.levels.reorder_point + 1
    assert least[0].min() == 15
    assert least[0].max() > 15
    assert (least[1] == 3).all()
    assert "raised to minimum_level" in planned.method[0]


def test_a_minimum_level_holds_in_optimum_and_verdict():
    items, demand = tables()
    items = items.assign(minimum_level=[60, 0, 0, 3])
    data = sl.load_frames(items, demand, study=options(verdict={"replications": 40}))
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.6, replications=40)
    levels = opt.solved.kept["segmented"].order_up_to[:, 0]
    assert levels.tolist() == [60, 3]
    assert opt.scores("segmented").inventory_value.value > 60 * 10 * 0.7 + 3 * 100


def test_a_segment_without_demand_is_no_lowest_target_to_look_at():
    """It keeps the lowest target for want of any other, and nothing hangs on it."""
    items, demand = tables()
    items = items.assign(category=["new", "old", "old", "old"], minimum_level=0)
    study = options(segments={"by": ["category"]}, demand={"no_history": "zero"})
    study |= {"verdict": {"replications": 40}}
    data = sl.load_frames(items, demand, study=study)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.97, replications=40)
    old = opt.segmentation.names.index("old")
    assert opt.targets[opt.chosen.choice[old]] == min(opt.targets)
    assert at_lowest(opt).size == 0
    assert lowest(opt) is None


def test_a_minimum_that_cannot_be_kept_is_refused():
    items, demand = tables()
    with pytest.raises(InvalidInputError, match="lies above max_position"):
        _ = sl.load_frames(items.assign(max_position=2), demand, study=options()).models
    follows = options(policy={"family": "forecast", "planning": "normal", "review_period": 7})
    data = sl.load_frames(items, demand, study=follows)
    with pytest.raises(InvalidInputError, match="E-POL-004"):
        plan(data.models, [0.9], family="forecast", planning="normal")


def test_dead_stock_is_in_finances_totals_and_in_a_budget_only_if_asked(tmp_path):
    items, demand = tables()
    budgets = {}
    for on in ("on_hand", "on_hand+dead_stock"):
        study = options(optimize={"budget": 600, "budget_on": on}, verdict={"replications": 40})
        data = sl.load_frames(items, demand, study=study)
        opt = sl.optimize(data, sl.segment(data), replications=40)
        budgets[on] = opt.solved.budget
        frame = opt.capital.to_frame()
        assert (frame["dead_stock"] == 135).all()
        assert opt.capital.start == pytest.approx(10 * 10 + 1 * 100 + 135)
    assert budgets == {"on_hand": 600, "on_hand+dead_stock": 465}
    result = write_optimization(opt.finance, RunFolder.create(tmp_path / "run", "run", tmp_path), {})
    listed = pd.read_csv(result.folder / "results" / "no_history.csv")
    assert listed["sku"].tolist() == ["B", "C"]
    assert listed["stock_value"].tolist() == [100, 35]
    assert result.folder.joinpath("results", "no_history.parquet").is_file()
    assert any("left out" in line for line in result.statements)
    too_small = options(optimize={"budget": 100, "budget_on": "on_hand+dead_stock"})
    data = sl.load_frames(items, demand, study=too_small)
    with pytest.raises(InvalidInputError, match="E-OPT-030"):
        sl.optimize(data, sl.segment(data), replications=4, verdict_replications=4)


def test_what_lies_above_the_minimum_of_a_dead_part_is_dead_stock(tmp_path):
    """8 on the shelf, 2 on order, minimum 3: plans carry 3, the other 7 are dead, from today too.

    Of the second part nothing is there: packs of 5 bring 2 more than its minimum, simulated from today.
    """
    items = pd.DataFrame(
        {
            "sku": ["LIVE", "SPARE", "EMPTY"],
            "location": "W",
            "unit_cost": [1, 100, 100],
            "lead_time": 14,
            "on_hand": [40, 8, 0],
            "on_order": [0, 2, 0],
            "minimum_level": [0, 3, 3],
            "pack_size": [1, 1, 5],
            "category": "a",
        }
    )
    weeks = pd.date_range("2024-01-01", periods=60, freq="W-MON")
    demand = pd.DataFrame({"sku": "LIVE", "location": "W", "date": weeks, "quantity": [4, 6, 5] * 20})
    study = options(policy={"start": "today", "review_period": 7}, verdict={"replications": 40})
    data = sl.load_frames(items, demand, study=study)
    found = dead_stock(data)
    assert (found.above.n_items, found.above.units, found.value, found.bought.n_items) == (1, 7, 700, 0)
    assert data.models.world.start.on_hand.tolist() == [40, 3, 0]
    assert data.models.world.start.all_on_order().tolist() == [0, 0, 0]
    stationary = options(
        verdict={"replications": 40}, optimize={"budget": 900, "budget_on": "on_hand+dead_stock"}
    )
    data = sl.load_frames(items, demand, study={**stationary, "simulation": {"warmup": 20}})
    found = dead_stock(data)
    frame = found.to_frame().set_index("kind")
    assert frame["value"].to_dict() == {
        "left out": 0,
        "never demanded": 0,
        "above minimum_level": 700,
        "packs above minimum_level": 200,
        "(all)": 900,
    }
    assert frame["units"].to_dict()["(all)"] == 9
    assert any("bring 2 units worth 200.00 more" in line for line in found.statements(""))
    with pytest.raises(InvalidInputError, match="E-OPT-030"):
        movable(data, 900)
    assert movable(data, 1600) == 700
    opt = sl.optimize(
        sl.load_frames(items, demand, study=options(verdict={"replications": 40})), replications=40
    )
    assert (opt.capital.to_frame()["dead_stock"] == 700).all()  # the order itself brings the other two


def test_from_today_dead_stock_is_not_simulated_and_what_is_owed_is_delivered():
    items, demand = tables()
    items = items.assign(on_hand=[10, 5, -7, 1], on_order=0)
    study = options(demand={"no_history": "zero"}, policy={"start": "today", "review_period": 7})
    world = sl.load_frames(items, demand, study=study).models.world
    assert world.start.on_hand.tolist() == [10, 0, -7, 1]
