"""Demand at regular intervals gets a law that keeps them: chosen, planned and simulated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.engine.prepare.on_grid import in_parts
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.world import Horizon
from simlab.models import fit, read_history
from simlab.models.demand.renewal import law_names, regular
from simlab.policies import plan

FOUND = TESTS / "found" / "regular-large-order"


@pytest.fixture(scope="module")
def large_order():
    return sl.load(FOUND / "study.toml")


def test_a_large_order_every_thirtieth_day(large_order) -> None:
    """300 units every 30th day, L = 10, ordered daily: S = 300 serves everything, 294 is 98 % of each order.

    The law of single days planned S = 773.
    """
    assert law_names(large_order.models.world.demand) == ["renewal"]
    assert "every 30" in large_order.models.demand_reason[0]
    levels = plan(large_order.models, [0.98, 0.9999]).levels.order_up_to
    assert levels.tolist() == [[294, 300]]


def test_the_stock_of_the_level_that_serves_everything(large_order) -> None:
    """S = 300 is on the shelf in 20 of 30 days after ordering and in 19 at the count: 195 on average."""
    segments = sl.segment(large_order)
    found = sl.simulate(large_order, sl.Policy.from_targets(segments, fill_rate={"A": 0.9999}))
    total = found.to_frame().iloc[-1]
    assert total["fill_rate"] == 1.0
    assert total["inventory_value"] == pytest.approx(195 * 4, rel=0.01)


def days(rng, draw_interval, draw_size, periods=730):
    """One history: units a day, a demand at the end of every interval, the first at a random place."""
    out = np.zeros(periods, np.int64)
    at = int(rng.integers(0, 10))
    while at < periods:
        out[at] = draw_size()
        at += int(draw_interval())
    return out


WORLDS = {
    "every week or so": (lambda r: lambda: r.choice([6, 7, 8]), lambda r: lambda: r.integers(20, 41), 5),
    "every quarter": (lambda r: lambda: r.integers(86, 97), lambda r: lambda: 40, 20),
}


def dates(line):
    start = np.datetime64("2015-01-01")
    return {str(start + t): int(units) for t, units in enumerate(line)}


@pytest.mark.parametrize("world", WORLDS)
def test_planned_levels_reach_the_target_on_the_true_process(make_catalog, world) -> None:
    """The share served of a long true path at the planned level, counted here without simlab."""
    interval, size, lead = WORLDS[world]
    rng = np.random.default_rng(4)
    draw = interval(rng), size(rng)
    catalog = make_catalog(
        {"P0": dates(days(rng, *draw, periods=1500))},
        items={"lead_time": [float(lead)], "review_period": [1.0]},
        period="day",
        demand={"life": "window"},
        lead_times={"law": "fixed"},
    )
    models = fit(catalog)
    assert law_names(models.world.demand) == ["renewal"]
    target = 0.95
    level = int(plan(models, [target]).levels.order_up_to[0, 0])
    x = days(rng, *draw, periods=200_000)
    before = np.convolve(x, np.ones(lead, np.int64))[: x.size]
    earlier = np.concatenate([[0], before[:-1]])  # demand of the lead time, the day itself not in it
    served = np.minimum(np.maximum(level - earlier, 0), x).sum() / x.sum()
    one_less = np.minimum(np.maximum(level - 1 - earlier, 0), x).sum() / x.sum()
    assert served >= target - 0.01
    assert one_less <= target + 0.01


def test_every_path_keeps_the_rhythm(large_order) -> None:
    """One demand in any 30 days, its phase spread over the replications."""
    horizon = Horizon(periods=360, warmup=0, replications=200, slots=20, seed=7)
    paths = demand_paths(large_order.models.world, horizon)[0]
    assert (paths.reshape(200, 12, 30).sum(axis=2) == 300).all()
    assert np.unique((paths > 0).argmax(axis=1)).size == 30


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_chance_is_no_rhythm(make_catalog, share) -> None:
    """Demand equally likely every day: about 1 % of histories are called regular."""
    rng = np.random.default_rng(int(100 * share))
    x = (rng.random((250, 365)) < share).astype(np.int64)
    catalog = make_catalog(
        {f"P{k:03d}": dates(line) for k, line in enumerate(x)}, period="day", demand={"life": "window"}
    )
    assert regular(read_history(catalog)).mean() <= 0.03


def test_a_named_law_and_one_that_is_no_candidate(make_catalog) -> None:
    """`renewal` by name needs two intervals; without it among the candidates nothing is looked for."""
    line = np.zeros(400, np.int64)
    line[::30] = 12
    few = np.zeros(400, np.int64)
    few[[50, 300]] = 5
    sales = {"P0": dates(line), "P1": dates(few)}
    options = {"period": "day", "demand": {"life": "window"}}
    named = fit(make_catalog(sales, models={"law": "renewal"}, **options))
    assert law_names(named.world.demand)[0] == "renewal"
    assert law_names(named.world.demand)[1] != "renewal"
    only = ["poisson", "negative_binomial", "intermittent", "empirical"]
    without = fit(make_catalog(sales, models={"candidates": only}, **options))
    assert "renewal" not in law_names(without.world.demand)


def test_parameters_of_a_rhythm_are_drawn_again(make_catalog) -> None:
    """Rates of redrawn worlds spread like those of as many intervals; a rhythm stays one."""
    rng = np.random.default_rng(8)
    line = days(rng, lambda: rng.integers(10, 21), lambda: rng.integers(1, 30), periods=900)
    catalog = make_catalog(
        {"P0": dates(line)},
        period="day",
        demand={"life": "window"},
        models={"law": "renewal", "parameter_uncertainty": True},
    )
    models = fit(catalog)
    place = np.flatnonzero(line)
    intervals, sizes = np.diff(place), line[place][1:]
    rates = []
    for number in range(200):
        past = models.redraws.draw(models.world, number).demand.past
        series = past.series[past.start[0] : past.start[0] + past.length[0]]
        assert np.diff(np.flatnonzero(series)).min() >= 10
        rates.append(series.mean())
    relative = (sizes.var() / sizes.mean() ** 2 + intervals.var() / intervals.mean() ** 2) / intervals.size
    assert np.std(rates) / np.mean(rates) == pytest.approx(np.sqrt(relative), rel=0.2)
    assert np.mean(rates) == pytest.approx(sizes.mean() / intervals.mean(), rel=0.03)


@pytest.mark.parametrize("step", [2, 6], ids=["every other month", "twice a year"])
def test_a_rhythm_of_months_is_heard_where_the_lead_time_ends_inside_one(step: int) -> None:
    """200 units every second (sixth) month, L = 14 days: R + L reaches into two months, never two orders.

    Over one month a rhythm and chance score alike; two orders in a row by chance planned S = 484 (321).
    """
    months = [f"{np.datetime64('2019-01') + k}-01" for k in range(72)]
    rows = [("BIG", day, 200) for day in months[::step]] + [
        ("A", day, 20 + k % 3) for k, day in enumerate(months)
    ]
    demand = pd.DataFrame(rows, columns=["sku", "date", "quantity"]).assign(location="X")
    items = pd.DataFrame({"sku": ["A", "BIG"], "location": "X", "unit_cost": 1.0, "lead_time": 14.0})
    study = {"study": {"period": "month"}, "lead_times": {"law": "fixed"}, "policy": {"review_period": 30.4}}
    data = sl.load_frames(items, demand=demand, study=study)
    assert law_names(data.models.world.demand)[1] == "renewal"
    levels = plan(data.models, np.full((2, 2), [0.95, 0.9999])).levels.order_up_to
    assert levels[1].tolist() == [190, 200]


@pytest.mark.parametrize("lead_time", [10.0, 14.0])
def test_parts_of_a_period_keep_the_rhythm(lead_time: float) -> None:
    """The same orders by the week: ten days are no whole week, and 300 units serve everything."""
    asked = {"study": {"period": "week"}, "policy": {"review_period": 7}, "simulation": {"periods": 52}}
    items, demand = (pd.read_csv(FOUND / f"{name}.csv") for name in ("items", "demand"))
    asked["demand"] = {"grain": "day"}
    data = sl.load_frames(items.assign(lead_time=lead_time), demand, study=asked)
    assert law_names(data.models.world.demand) == ["renewal"]
    assert (data.models.world.grid is not None) == (lead_time == 10.0)
    assert plan(data.models, [0.98, 0.9999]).levels.order_up_to.tolist() == [[294, 300]]
    found = sl.simulate(data, sl.Policy.from_targets(sl.segment(data), fill_rate={"A": 0.9999}))
    assert found.to_frame().iloc[-1]["fill_rate"] == 1.0


def test_beside_items_by_whole_periods_orders_keep_their_intervals() -> None:
    """One item by parts, one by weeks: every fourth or fifth week a large order, its week's last part."""
    items, demand = (pd.read_csv(FOUND / f"{name}.csv") for name in ("items", "demand"))
    two = pd.concat([items.assign(lead_time=10.0), items.assign(sku="by weeks", lead_time=14.0)])
    both = pd.concat([demand, demand.assign(sku="by weeks")])
    asked = {"study": {"period": "week"}, "policy": {"review_period": 7}, "demand": {"grain": "day"}}
    world = sl.load_frames(two, both, study=asked).models.world
    assert world.grid.split.tolist() == [True, False]
    paths = demand_paths(in_parts(world), Horizon(400, 0, 2, 2, seed=3))
    for path, apart in zip(paths[:, 0], ({28, 35}, {4, 5}), strict=True):
        assert set(np.unique(path)) == {0, 300}
        assert set(np.diff(np.flatnonzero(path)).tolist()) == apart
