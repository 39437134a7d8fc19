"""A forecast that people already have, from the table to levels, demand and every sum."""

import filecmp
import json

import numpy as np
import pandas as pd
import pytest
from worlds.forecasts import ERRORS_HEAD, GIVEN, lines, past, write

import simlab as sl
from simlab import api
from simlab.errors import UsageError
from simlab.policies.levels.forecasting import forecast_levels
from simlab.register.laws import LawKind

STATED = (
    "sku,location,unit_cost,lead_time,category,demand_law,demand_mean,demand_variance,forecast_mean,"
    "forecast_error_sd\n"
    "a,EAST,2,2,core,negative_binomial,6,16,6,4\nb,EAST,5,3,core,negative_binomial,20,144,20,12\n"
)
CONSTANT = lines({"a": [6] * 5, "b": [20] * 5}, {"a": 4, "b": 12})
RAMP = lines({"a": [2, 4, 8, 16, 8, 4], "b": [20] * 6}, {"a": 6, "b": 12})


def simulated(path):
    data = sl.load(path)
    spec = data.study.policy
    plan = sl.Policy.from_targets(
        sl.segment(data),
        cycle_service_level=spec.targets,
        family="forecast",
        planning="normal",
        forecast=spec.forecast.model_dump(),
    )
    return sl.simulate(data, plan)


def test_a_constant_table_gives_the_bytes_of_a_stated_forecast(tmp_path):
    """The same sums, levels, curves and plan as `forecast_mean` and `forecast_error_sd` with that law."""
    for name, tables in (("stated", {"items": STATED}), ("table", {"forecast": CONSTANT})):
        (tmp_path / name).mkdir()
        api.run_optimize(write(tmp_path / name, **tables), out=tmp_path / name / "run", workers=1, draw=False)
    one, other = (tmp_path / name / "run" / "results" for name in ("stated", "table"))
    for table in ("plan", "curves", "frontier", "segments", "verdict"):
        assert filecmp.cmp(one / f"{table}.parquet", other / f"{table}.parquet", shallow=False), table
    rows = [pd.read_parquet(folder / "items.parquet") for folder in (one, other)]
    told = [column for column in rows[0] if column.startswith(("demand_reason", "demand_grounds", "item_"))]
    pd.testing.assert_frame_equal(*(frame.drop(columns=told, errors="ignore") for frame in rows))


def test_levels_move_with_the_forecast_and_demand_with_them(tmp_path):
    found = simulated(write(tmp_path, RAMP))
    levels, path = found.planned.levels, np.array([2, 4, 8, 16, 8, 4])
    ahead = np.array([path[np.arange(t, t + 3) % 6].sum() for t in range(6)])
    assert levels.order_up_to[0, 0] == np.ceil(ahead[0] + 1.6448536 * np.sqrt(3) * 6)
    assert (levels.offset[0, 0] == ahead - ahead[0]).all()
    assert (levels.offset[1] == 0).all()
    law = sl.load(tmp_path / "study.toml").models.world.demand
    assert law.mean[0] == pytest.approx(7.0)
    drawn = law.past.series[law.past.start[0] :][: law.past.length[0]].reshape(6, -1)
    assert drawn.mean(axis=1) == pytest.approx(path, abs=0.01)
    assert drawn.std(axis=1) == pytest.approx([6] * 6, rel=0.02)  # as stated, though the mean moves
    assert law.kind[1] == LawKind.NEGATIVE_BINOMIAL


def test_a_moving_forecast_serves_what_was_asked(tmp_path):
    """Cycle service 95 % asked of safety stocks of the stated error, and about that found."""
    text = lines({"a": [20, 40, 80, 160, 80, 40], "b": [200] * 6}, {"a": 30, "b": 60})
    api.run_simulate(write(tmp_path, text), out=tmp_path / "run", workers=1)
    items = pd.read_parquet(tmp_path / "run" / "results" / "items.parquet")
    assert items["cycle_service_level"].between(0.90, 0.98).all()
    trace = api.trace(tmp_path / "run", "a@EAST").periods
    assert trace["level"].nunique() >= 4


def test_what_is_taken_simpler_than_the_forecast_says_it_is_told(tmp_path):
    """An error that moves, more than 16 means that are grouped: with items and figures."""
    text = lines({"a": list(range(10, 30)), "b": [50] * 20}, {"a": 4, "b": 8})
    head, *rows = text.strip().splitlines()
    rows[3] = rows[3].removesuffix("4") + "10"
    path = write(tmp_path, "\n".join([head, *rows]) + "\n")
    told = {note.what: note.note for note in sl.load(path).models.notes}
    assert "in 1 SKU-locations, by a factor of 2.5 in a@EAST: safety" in told["errors that move"]
    assert "means that are grouped" not in told  # every week has its own law
    assert "errors that go together" not in told
    still = path.read_text("utf-8").replace(BY_FORECAST, "").replace(GIVEN, "")
    path.write_text(still.replace('"forecast.csv"', '"forecast.csv"\nlevels = "still"'), "utf-8")
    told = {note.what: note.note for note in sl.load(path).models.notes}
    assert "levels stand still; demand moves with it" in told["errors that move"]


def test_means_are_grouped_where_past_errors_alone_say_how_much_demand_varies(tmp_path):
    """More than 16 of them, of a law whose spread follows its mean: told, with the number of items."""
    rng = np.random.default_rng(3)
    rows = [row for sku in "ab" for row in past(sku, rng.normal(0, 9, (30, 4)))]
    past_errors = "\n".join([ERRORS_HEAD, *rows]) + "\n"
    text = lines({"a": list(range(10, 30)), "b": [50] * 20}, {"a": 4, "b": 8})
    text = "\n".join(line.rpartition(",")[0] for line in text.strip().splitlines()) + "\n"
    told = {note.what: note.note for note in sl.load(write(tmp_path, text, errors=past_errors)).models.notes}
    assert "1 SKU-locations have more than 16" in told["means that are grouped"]


BY_FORECAST = 'family = "forecast"\nplanning = "normal"\n'
WAVES = [5, 5, 20, 40, 20, 5]


def waving(sku="a", mean=50, other=12):
    """Weeks of the same mean whose error moves by a factor of 8, and a SKU whose error stays."""
    head, *rows = lines({sku: [mean] * 6, "b": [200] * 6}, {sku: 0, "b": other}).strip().splitlines()
    rows[:6] = [row.removesuffix("0") + str(sd) for row, sd in zip(rows, WAVES, strict=False)]
    return "\n".join([head, *rows]) + "\n"


def test_safety_stock_moves_with_the_error_of_the_sum_ahead(tmp_path):
    """From each week on: mean + z × root of the squares over R + L, to the unit; a constant error stays."""
    found = simulated(write(tmp_path, waving()))
    levels, square = found.planned.levels, np.array(WAVES) ** 2
    ahead = np.sqrt([square[np.arange(t, t + 3) % 6].sum() for t in range(6)])
    level = levels.order_up_to[0, 0] + levels.offset[0, 0]
    assert level == pytest.approx(150 + 1.6448536 * ahead, abs=1.0)
    assert np.ptp(level) > 50
    assert (levels.offset[1] == 0).all()


def test_levels_of_several_targets_move_each_with_its_own_safety_stock(tmp_path):
    data = sl.load(write(tmp_path, waving()))
    policy = data.study.policy
    plan = forecast_levels(
        data.models, np.full((2, 2), [0.8, 0.99]), "cycle_service_level", "normal", policy.forecast
    )
    low, high = plan[0].order_up_to[0][:, None] + plan[0].offset[0]
    ahead = np.sqrt([(np.array(WAVES) ** 2)[np.arange(t, t + 3) % 6].sum() for t in range(6)])
    assert high - low == pytest.approx((2.3263479 - 0.8416212) * ahead, abs=2.0)


def test_simulated_demand_varies_as_each_period_is_said_to(tmp_path):
    """A law of its own for every week, with its mean and standard deviation, and no week below zero."""
    path = write(tmp_path, waving())
    law = sl.load(path).models.world.demand
    assert law.kind[0] == LawKind.CALENDAR
    assert law.kind[1] == LawKind.GAMMA
    drawn = law.past.series[law.past.start[0] :][: law.past.length[0]].reshape(6, -1)
    assert drawn.mean(axis=1) == pytest.approx([50] * 6, abs=0.01)
    assert drawn.std(axis=1) == pytest.approx(WAVES, rel=0.01)
    assert drawn.min() >= 0
    rare = sl.load(write(tmp_path, waving(mean=2))).models.world.demand
    drawn = rare.past.series[rare.past.start[0] :][: rare.past.length[0]].reshape(6, -1)
    assert drawn.mean() == pytest.approx(2, abs=0.001)
    assert drawn.std(axis=1)[:3] == pytest.approx(WAVES[:3], rel=0.02)


def test_service_is_that_of_independent_draws_with_the_stated_errors(tmp_path):
    """Negative binomial and gamma weeks drawn by numpy, against levels that move: cycle service and fill."""
    path = write(tmp_path, waving(mean=20))
    text = path.read_text("utf-8").replace("replications = 40", "replications = 1500")
    path.write_text(text.replace("periods = 26", "periods = 24"), "utf-8")
    found = simulated(path)
    levels = found.planned.levels
    level = levels.order_up_to[0, 0] + levels.offset[0, 0]
    rng, n = np.random.default_rng(3), 20_000
    demand = np.zeros((n, 48))
    for t in range(48):
        variance = WAVES[t % 6] ** 2
        p = 20 / variance
        demand[:, t] = rng.negative_binomial(20 * p / (1 - p), p, n)
    served = total = 0.0
    position = np.full(n, level[0])
    coming, on_hand = np.zeros((n, 51)), np.full(n, level[0], float)
    for t in range(48):
        on_hand += coming[:, t]
        order = np.maximum(level[t % 6] - position, 0)
        position = position + order
        coming[:, t + 2] += order
        if t >= 12:
            served += np.clip(on_hand, 0, demand[:, t]).sum()
            total += demand[:, t].sum()
        on_hand -= demand[:, t]
        position = position - demand[:, t]
    assert found.items.served[0].sum() / found.items.demanded[0].sum() == pytest.approx(
        served / total, abs=0.003
    )


def test_a_gate_a_trace_and_orders_move_the_safety_stock_alike(tmp_path):
    """The level of every week read off the plan is the one that was simulated; the run is verified."""
    path = write(tmp_path, waving(), items=ITEMS.replace("5,60", "5,150"))
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    levels = simulated(path).planned.levels
    level = levels.order_up_to[0, 0] + levels.offset[0, 0]
    trace = api.trace(tmp_path / "run", "a@EAST").periods
    assert (trace["level"].to_numpy()[:12] == np.tile(level, 2)).all()
    for week, day in enumerate(("2026-01-05", "2026-01-12", "2026-01-19")):
        assert bought(tmp_path / "run", tmp_path, day)["a"] == level[week]
    assert api.verify(tmp_path / "run").is_well
    found = sl.gate(path, proposed=tmp_path / "run", workers=1)
    folder = found.write(tmp_path / "gate").folder
    goes = found.live_plan.set_index("sku").loc["a", "decision"] == "go"
    orders = [bought(folder, tmp_path, day)["a"] for day in ("2026-01-05", "2026-01-19")]
    assert orders == ([level[0], level[2]] if goes else [150, 150])


def test_past_errors_set_the_spread_and_correct_the_bias(tmp_path):
    """Correlated errors ask for more stock than √(R + L) says; the bias that they show is added, or kept."""
    rng = np.random.default_rng(4)
    error = np.repeat(rng.normal(0, 10, (60, 1)), 4, axis=1) + 6.0  # one error for all horizons of an origin
    text = "\n".join([ERRORS_HEAD, *past("a", error, apart=4), *past("b", error - 6.0, apart=4)]) + "\n"
    forecast = lines({"a": [50] * 6, "b": [50] * 6}, {"a": 1, "b": 1})
    path = write(tmp_path, forecast, errors=text)
    models = sl.load(path).models
    errors, paths = models.paths.errors, models.paths
    assert errors.sum_variance / errors.span == pytest.approx(errors.span * error.var(ddof=1), rel=0.1)
    assert paths.sd**2 * errors.span == pytest.approx(errors.sum_variance)
    assert errors.biased.tolist() == [True, False]
    assert paths.path[:, 0] == pytest.approx([50 + errors.bias[0], 50])
    told = {note.what: note.note for note in paths.notes}
    assert "correlate by 0.95" in told["errors that go together"]
    assert "errors that move" not in told
    path.write_text(path.read_text().replace('"errors.csv"', '"errors.csv"\nbias = "keep"'))
    kept = sl.load(path).models
    assert (kept.paths.path == 50).all()
    assert kept.world.demand.mean == pytest.approx([50 + errors.bias[0], 50])


ITEMS = (
    "sku,location,unit_cost,lead_time,category,on_hand,current_order_up_to\n"
    "a,EAST,2,2,core,5,60\nb,EAST,5,3,core,150,150\n"
)


def bought(run, folder, day, **more):
    (folder / "stock.csv").write_text("sku,location,on_hand\na,EAST,0\nb,EAST,0\n", "utf-8")
    (folder / "coming.csv").write_text("sku,location,quantity,due_date\n", "utf-8")
    files = {"stock": folder / "stock.csv", "open_orders": folder / "coming.csv"}
    found = sl.orders(run, date=day, **files, **more).to_frame()
    return found.set_index("sku")["quantity"]


def test_orders_take_the_level_of_the_order_date(tmp_path):
    """And refuse a date from which the forecast does not reach R + L."""
    path = write(tmp_path, RAMP, items=ITEMS)
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    plan = pd.read_parquet(tmp_path / "run" / "results" / "plan.parquet").set_index("sku")
    assert plan.loc["a", "family"] == "forecast"
    moves = np.array([14, 28, 32]) - 14  # expected demand of 3 weeks from each of the first three on
    for week, day in enumerate(("2026-01-05", "2026-01-12", "2026-01-19")):
        orders = bought(tmp_path / "run", tmp_path, day)
        assert orders["a"] == plan.loc["a", "order_up_to"] + moves[week]
        assert orders["b"] == plan.loc["b", "order_up_to"]
    with pytest.raises(UsageError, match="the forecast of this run ends before review period and lead time"):
        bought(tmp_path / "run", tmp_path, "2026-01-26")


def test_the_gate_lets_moving_levels_go_and_orders_follow_them(tmp_path):
    """What goes moves with the forecast, what is held back stays on today's level."""
    path = write(tmp_path, RAMP, items=ITEMS.replace("150,150", "150,400"))
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    found = sl.gate(path, proposed=tmp_path / "run", workers=1)
    live = found.live_plan.set_index("sku")
    folder = found.write(tmp_path / "gate").folder
    plan = pd.read_parquet(folder / "results" / "plan.parquet").set_index("sku")
    first, later = (bought(folder, tmp_path, day) for day in ("2026-01-05", "2026-01-12"))
    for sku, move in (("a", 14), ("b", 0)):
        goes = live.loc[sku, "decision"] in ("go", "unchanged")
        assert first[sku] == plan.loc[sku, "order_up_to"]
        assert later[sku] - first[sku] == (move if goes else 0)
    assert plan.loc["a", "family"] == ("forecast" if live.loc["a", "decision"] == "go" else "order_up_to")


def test_other_families_plan_for_the_same_demand_and_begin_from_today(tmp_path):
    """Their levels move with the demand; from today the first periods are the forecast's."""
    there = (
        ITEMS.replace("on_hand", "on_hand,on_order")
        .replace(",5,60", ",5,0,60")
        .replace("150,150", "150,0,150")
    )
    path = write(tmp_path, RAMP, items=there, policy='start = "today"')
    text = path.read_text("utf-8").replace(BY_FORECAST, "")
    path.write_text(text.replace("periods = 26", "periods = 6"), "utf-8")
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    facts = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    told = next(line for line in facts["assumptions"] if "follows the forecast table" in line)
    assert "whose 6 periods come again and again; levels of 1 of them" in told
    assert facts["levels_move_with_forecast"] == "2026-01-05"
    paths = [api.trace(tmp_path / "run", "a@EAST", replication=k).periods["demanded"] for k in range(40)]
    assert np.mean([list(one) for one in paths], axis=0) == pytest.approx([2, 4, 8, 16, 8, 4], rel=0.6)


def test_a_daily_forecast_leaves_closed_days_out(tmp_path):
    """Sundays are no period: a row of nothing on one is left out, the other days are periods 0, 1, 2, …"""
    days = [np.datetime64("2026-01-05") + k for k in range(14)]
    text = "sku,location,date,mean,sd\n"
    for sku in "ab":
        text += "".join(f"{sku},EAST,{day},{0 if k % 7 == 6 else 5 + k},4\n" for k, day in enumerate(days))
    path = write(tmp_path, text)
    said = path.read_text("utf-8").replace('period = "week"', 'period = "day"')
    said = said.replace("[policy]\n", '[demand]\nweekdays = ["sunday"]\n[policy]\n').replace(
        '"weeks"', '"days"'
    )
    path.write_text(said, "utf-8")
    table = sl.load(path).catalog.forecast
    assert table.period[:12].tolist() == list(range(12))
    assert table.mean[:12].tolist() == [5 + k for k in range(14) if k % 7 != 6]
