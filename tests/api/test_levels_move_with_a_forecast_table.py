"""Levels of (R,S), (R,s,nQ) and (R,s,S) move with a forecast table, from the plan to the order."""

import numpy as np
import pandas as pd
import pytest
from worlds.forecasts import GIVEN, lines, write

import simlab as sl
from simlab import api
from simlab.errors import InvalidInputError, UsageError

FAMILIES = ("order_up_to", "reorder_quantity", "reorder_up_to")
BY_FORECAST = 'family = "forecast"\nplanning = "normal"\n'
MEANS, ERRORS = [40, 80, 160, 320, 160, 80], [20, 20, 30, 90, 30, 20]
SPAN = 3  # R + L of "a", weeks
ITEMS = (
    "sku,location,unit_cost,lead_time,category,on_hand,current_order_up_to,order_quantity\n"
    "a,EAST,2,2,core,5,60,150\nb,EAST,5,3,core,150,150,100\n"
)


def study(folder, family, *, more="", table="", periods=26, replications=40):
    head, *rows = lines({"a": MEANS, "b": [20] * 6}, {"a": 0, "b": 12}).strip().splitlines()
    rows[:6] = [row.removesuffix("0") + str(sd) for row, sd in zip(rows, ERRORS, strict=False)]
    path = write(folder, "\n".join([head, *rows]) + "\n", items=ITEMS)
    text = path.read_text("utf-8").replace(BY_FORECAST, f'family = "{family}"\n{more}').replace(GIVEN, "")
    text = text.replace('"forecast.csv"', f'"forecast.csv"\n{table}')
    text = text.replace("periods = 26", f"periods = {periods}")
    path.write_text(text.replace("replications = 40", f"replications = {replications}"), "utf-8")
    return path


def simulated(path, **targets):
    data = sl.load(path)
    policy = data.study.policy
    asked = targets or {"cycle_service_level": policy.targets}
    plan = sl.Policy.from_targets(sl.segment(data), family=policy.family, planning=policy.planning, **asked)
    return sl.simulate(data, plan)


def ahead(values):
    path = np.array(values, float)
    return np.array([path[np.arange(t, t + SPAN) % path.size].sum() for t in range(path.size)])


def levels_of(found):
    """Six weeks of the level of "a": S of (R,S), s of the others."""
    levels = found.planned.levels
    point = levels.order_up_to if levels.family[0] == 0 else levels.reorder_point
    return point[0, 0] + levels.offset[0, 0]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_level_is_what_is_expected_ahead_and_a_safety_stock_of_its_error(tmp_path, family):
    """One factor of the error of the sum over R + L in every week; a constant forecast stands still."""
    found = simulated(study(tmp_path, family, more='planning = "normal"\n'))
    error = np.sqrt(ahead(np.square(ERRORS)))
    factor = (levels_of(found) - 0.5 - ahead(MEANS)) / error
    assert np.ptp(factor) < 2.0 / error.min()  # whole units
    if family != "reorder_up_to":  # whose formula adds the undershoot
        assert factor.mean() == pytest.approx(1.645, abs=0.02)
    levels = found.planned.levels
    assert (levels.offset[1] == 0).all()
    assert (levels.order_up_to - levels.reorder_point >= 1).all()
    assert found.planned.safety_stock[0, 0] == pytest.approx(levels_of(found)[0] - ahead(MEANS)[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_exact_plan_of_a_mean_week_serves_what_was_asked_in_weeks_that_move(tmp_path, family):
    """Within two points of a fill rate of 95 %, though means go from 40 to 320 within three weeks."""
    moving = simulated(study(tmp_path, family, replications=200), fill_rate={"core": 0.95})
    assert moving.items.served[0].sum() / moving.items.demanded[0].sum() == pytest.approx(0.95, abs=0.02)
    assert "moved with the forecast from period to period" in moving.planned.method[0]
    assert "moved" not in moving.planned.method[1]


def test_levels_that_move_need_less_stock_for_the_same_service(tmp_path):
    stock = {}
    for word in ("move", "still"):
        (tmp_path / word).mkdir()
        path = study(tmp_path / word, "order_up_to", table=f'levels = "{word}"', replications=100)
        found = simulated(path, fill_rate={"core": 0.95})
        served = found.items.served[0].sum() / found.items.demanded[0].sum()
        assert served == pytest.approx(0.95, abs=0.02)
        stock[word] = found.items.on_hand[0].sum()
    assert stock["move"] < 0.75 * stock["still"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_trace_orders_and_the_gate_move_levels_as_they_were_simulated(tmp_path, family):
    """Read off the plan alone; the run is verified by the plain simulator; today's stand still."""
    path = study(tmp_path, family)
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    level = levels_of(simulated(path))
    trace = api.trace(tmp_path / "run", "a@EAST").periods
    top = level if family == "order_up_to" else level + 150
    assert (trace["level"].to_numpy()[:12] == np.tile(top, 2)).all()
    assert api.verify(tmp_path / "run").is_well
    for week, day in enumerate(("2026-01-05", "2026-01-12", "2026-01-19")):
        assert bought(tmp_path / "run", tmp_path, day) == ordered(family, level[week])
    found = sl.gate(path, proposed=tmp_path / "run", workers=1)
    folder = found.write(tmp_path / "gate").folder
    live = found.live_plan.set_index("sku").loc["a"]
    goes = live["decision"] in ("go", "unchanged")
    assert bought(folder, tmp_path, "2026-01-19") == (ordered(family, level[2]) if goes else 60)
    for side, moves in (("proposed", True), ("current", False)):
        own = api.trace(folder, "a@EAST", levels=side).periods
        assert ("level" in own and own["level"].nunique() > 1) == moves


def ordered(family, level):
    """From an empty shelf: up to S, or whole lots of 150 until the position is above s."""
    return {"order_up_to": level, "reorder_up_to": level + 150}.get(family, (level // 150 + 1) * 150)


def bought(run, folder, day):
    (folder / "stock.csv").write_text("sku,location,on_hand\na,EAST,0\nb,EAST,0\n", "utf-8")
    (folder / "coming.csv").write_text("sku,location,quantity,due_date\n", "utf-8")
    files = {"stock": folder / "stock.csv", "open_orders": folder / "coming.csv"}
    return sl.orders(run, date=day, **files).to_frame().set_index("sku")["quantity"]["a"]


def test_a_plan_says_of_which_week_its_levels_are(tmp_path):
    """In the run, in check and in the export, whose system keeps one level."""
    path = study(tmp_path, "order_up_to")
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    told = "those of the plan are of the week of 2026-01-05, and simlab orders takes those of its date"
    assert told in " ".join(" ".join(api.check(path).lines).split())
    notes = api.export(tmp_path / "run", "odoo18").notes
    assert notes[0].startswith("The levels are of the week of 2026-01-05 and move with the forecast")


def test_levels_never_fall_below_what_is_critical_or_would_order_nothing(tmp_path):
    """`minimum_level` holds in every week, also where hardly anything is expected."""
    items = ITEMS.replace("order_quantity", "order_quantity,minimum_level").replace("60,150", "60,150,300")
    path = study(tmp_path, "order_up_to", more='unmet = "lost"\n')
    (tmp_path / "items.csv").write_text(items.replace("150,100", "150,100,0"), "utf-8")
    assert levels_of(simulated(path)).min() == 300


def test_one_level_for_all_periods_is_refused_where_the_family_follows_a_forecast(tmp_path):
    path = write(tmp_path, lines({"a": MEANS, "b": [20] * 6}, {"a": 6, "b": 12}))
    path.write_text(path.read_text("utf-8").replace('"forecast.csv"', '"forecast.csv"\nlevels = "still"'))
    with pytest.raises(InvalidInputError, match=r'levels of policy\.family = "forecast" move'):
        sl.load(path)


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True])
def test_service_is_that_of_independent_weeks_drawn_by_numpy(tmp_path, lost):
    """Means and errors by week, negative binomial, against levels that move: the fill rate of (R,S)."""
    more = 'unmet = "lost"\n' if lost else ""
    found = simulated(study(tmp_path, "order_up_to", more=more, periods=24, replications=1500))
    level, rng, n = levels_of(found), np.random.default_rng(3), 20_000
    on_hand, position = np.full(n, level[0], float), np.full(n, level[0], float)
    coming, served, total = np.zeros((n, 52)), 0.0, 0.0
    for t in range(48):
        on_hand += coming[:, t]
        order = np.maximum(level[t % 6] - position, 0)
        position += order
        coming[:, t + 2] += order
        mean, variance = MEANS[t % 6], ERRORS[t % 6] ** 2
        p = mean / variance
        demand = rng.negative_binomial(mean * p / (1 - p), p, n)
        now = np.clip(on_hand, 0, demand)
        taken = now if lost else demand
        if t >= 12:
            served, total = served + now.sum(), total + demand.sum()
        on_hand, position = on_hand - taken, position - taken
    fill = found.items.served[0].sum() / found.items.demanded[0].sum()
    assert fill == pytest.approx(served / total, abs=0.003)


def test_the_plan_of_a_run_is_the_level_of_the_first_week(tmp_path):
    path = study(tmp_path, "order_up_to")
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    plan = pd.read_parquet(tmp_path / "run" / "results" / "plan.parquet").set_index("sku")
    assert plan.loc["a", "order_up_to"] == levels_of(simulated(path))[0]


def test_the_fit_test_of_histories_does_not_ask_what_follows_a_forecast(tmp_path):
    """Their histories make no law: nothing of them is flagged, and the gate says who is not asked."""
    path = study(tmp_path, "order_up_to")
    days = pd.date_range("2024-01-01", "2025-12-29", freq="7D").strftime("%Y-%m-%d")
    rows = [f"{sku},EAST,{day},{k % 7}" for sku in "ab" for k, day in enumerate(days)]
    (tmp_path / "demand.csv").write_text("\n".join(["sku,location,date,quantity", *rows]) + "\n", "utf-8")
    text = path.read_text("utf-8").replace(
        "[data.forecast]", '[data.demand]\npath = "demand.csv"\n[data.forecast]'
    )
    path.write_text(text, "utf-8")
    data = sl.load(path)
    with pytest.raises(UsageError, match="demand follows the forecast table"):
        data.fit_test(sl.segment(data))
    api.run_simulate(path, out=tmp_path / "run", workers=1)
    said = sl.gate(path, proposed=tmp_path / "run", workers=1).statements
    assert any(
        "Demand of 2 SKU-locations follows your forecast: the fit test asks laws" in one for one in said
    )
