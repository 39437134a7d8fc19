"""Nothing leaves a supplier on its closed days and nothing of its arrives: simulated, and planned for.

Right, without simlab: an order of the review of day u leaves on the first open day v from u on, and arrives
on the first open day from v + L on. With k the last review whose order has arrived by day t and all demand
waiting, n = t − k days of demand have gone from S before t, so that of day t
E[(D(n + 1) − S)+] − E[(D(n) − S)+] units are short; fill and stock are means over the days of the year.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

import simlab as sl
from simlab.api.output.manifest import simulate_facts
from simlab.api.simulator.levels import approximate_note
from simlab.policies import plan

MEAN = 4.0
YEAR = 364


def ages(closed: list[int], lead: int, review: int, cycle: int = YEAR) -> np.ndarray:
    """(cycle,) days from the last review whose order has arrived by each day of a year to that day."""
    is_open = [day not in set(closed) for day in range(cycle)]

    def when_open(day: int) -> int:
        while not is_open[day % cycle]:
            day += 1
        return day

    arrivals = {u: when_open(when_open(u) + lead) for u in range(0, 3 * cycle, review)}
    return np.array(
        [t - max(u for u, at in arrivals.items() if at <= t) for t in range(2 * cycle, 3 * cycle)]
    )


def right(level: int, days: np.ndarray) -> tuple[float, float]:
    """Fill, and mean stock after ordering and at the count."""
    units = np.arange(level + 40 * int(days.max() + 1))

    def over(n: int) -> np.ndarray:
        return poisson.pmf(units, MEAN * n)

    short = {n: float((np.maximum(units - level, 0) * over(n)).sum()) for n in range(days.max() + 2)}
    held = {n: float((np.maximum(level - units, 0) * over(n)).sum()) for n in range(days.max() + 2)}
    fill = 1 - np.mean([short[n + 1] - short[n] for n in days]) / MEAN
    return float(fill), float(np.mean([(held[n] + held[n + 1]) / 2 for n in days]))


def data(lead: int, review: int, level: int | None = None, **more: object) -> sl.Data:
    items = pd.DataFrame(
        {
            "sku": ["A", "B"],
            "location": "W",
            "unit_cost": 1.0,
            "supplier": ["ACME", "BOLT"],
            "lead_time": lead,
        }
    ).assign(demand_law="poisson", demand_mean=MEAN, category=["a", "b"])
    if level is not None:
        items["current_order_up_to"] = level
    study = {
        "study": {"period": "day", "as_of": dt.date(2025, 12, 31)},
        "calendar": {"closed": {"ACME": ["2026-08-03/2026-08-23", "2026-12-24/2026-12-27"]}},
        "segments": {"by": ["category"]},
        "policy": {"review_period": review, **more},
    }
    return sl.load_frames(items, study=study)


CLOSED = [*range(214, 235), *range(357, 361)]
"""3 August is day 214 after 31 December, 24 December day 357."""


@pytest.mark.parametrize(("lead", "review"), [(10, 1), (3, 7)])
def test_simulated_holidays_are_what_the_calendar_says(lead, review) -> None:
    """Levels of 0.97 and 0.98 without holidays serve 0.88 and 0.92 with them."""
    level = 55 if review == 1 else 46
    found = data(lead, review, level, family="given")
    result = sl.simulate(found, sl.Policy.given(sl.segment(found)), replications=200)
    row = result.to_frame().set_index("segment").loc["a"]
    fill, stock = right(level, ages(CLOSED, lead, review))
    none, _ = right(level, ages([], lead, review))
    assert row["fill_rate_low"] - 0.001 <= fill <= row["fill_rate_high"] + 0.001 < none
    assert row["inventory_value"] == pytest.approx(stock, rel=0.01)
    assert any("ACME is closed in 25 of 364 days" in text for text in found.models.assumptions)


@pytest.mark.parametrize(("lead", "review"), [(10, 1), (3, 7)])
def test_levels_are_planned_for_the_holidays_of_their_supplier_alone(lead, review) -> None:
    """The least levels whose fill over the year reaches 0.95; BOLT has no holidays."""
    found = data(lead, review)
    policy = sl.Policy.from_targets(sl.segment(found), fill_rate={"a": 0.95, "b": 0.95})
    planned = sl.simulate(found, policy, replications=20).planned
    with_holidays, without = (int(level) for level in planned.levels.order_up_to[:, 0])
    days = ages(CLOSED, lead, review)
    least = next(level for level in range(200) if right(level, days)[0] >= 0.95)
    assert with_holidays == least
    assert without == next(level for level in range(200) if right(level, ages([], lead, review))[0] >= 0.95)
    assert with_holidays > without
    assert planned.method == ("exact, with suppliers' holidays", "exact")


def cycle_service_of_lots(point: int, lot: int, lead: int, review: int, days: int = 70_000) -> float:
    """Orders that find a net stock of 0 or more on arrival, (R,s,nQ) day after day, closed days as above."""
    shut = set(CLOSED)

    def when_open(day: int) -> int:
        while day % YEAR in shut:
            day += 1
        return day

    demand = np.random.default_rng(3).poisson(MEAN, days).tolist()
    due: dict[int, list[int]] = {}
    net = position = point + lot
    good = orders = 0
    for day, wanted in enumerate(demand):
        arrived = due.pop(day, [])
        orders, good = orders + len(arrived), good + (len(arrived) if net >= 0 else 0)
        net += sum(arrived)
        if day % review == 0 and position <= point:
            quantity = -(-(point + 1 - position) // lot) * lot
            position += quantity
            due.setdefault(when_open(when_open(day) + lead), []).append(quantity)
        net, position = net - wanted, position - wanted
    return good / orders


def lots(lot: int, lead: int, review: int, family: str = "reorder_quantity") -> sl.Data:
    """Two items ordered in lots, of which the first has a supplier with holidays."""
    frame = pd.DataFrame({"sku": ["A", "B"], "location": "W", "unit_cost": 1.0, "supplier": ["ACME", "BOLT"]})
    frame = frame.assign(lead_time=lead, demand_law="poisson", demand_mean=MEAN, order_quantity=lot)
    study = {
        "study": {"period": "day", "as_of": dt.date(2025, 12, 31)},
        "calendar": {"closed": {"ACME": ["2026-08-03/2026-08-23", "2026-12-24/2026-12-27"]}},
        "segments": {"by": "all"},
        "policy": {"review_period": review, "family": family},
    }
    return sl.load_frames(frame, study=study)


@pytest.mark.parametrize(("lot", "lead", "review"), [(20, 10, 1), (60, 10, 7), (25, 3, 1)])
def test_cycle_service_of_lots_counts_orders_that_arrive_together(lot, lead, review) -> None:
    """As if each arrived alone 0.90 was 0.88 for lots that are small beside the demand of a holiday."""
    models = lots(lot, lead, review).models
    planned = plan(models, [0.9], family="reorder_quantity", target_measure="cycle_service_level")
    point = int(planned.levels.reorder_point[0, 0])
    assert cycle_service_of_lots(point, lot, lead, review) >= 0.9 - 0.006
    assert cycle_service_of_lots(point - 1, lot, lead, review) < 0.9 + 0.006
    assert planned.method == ("exact, with suppliers' holidays", "exact")


def test_levels_that_are_approximate_are_said_with_the_results() -> None:
    """In the notes of a run, where planning_method of each level says it, too; exact ones say nothing."""
    words = (
        "exact",
        "approximate, receipts as if apart",
        "approximate, receipts as if apart, lots",
        "no demand",
    )
    (note,) = approximate_note(words)
    assert note.startswith(
        "levels of 2 SKU-locations are approximate for their target (most of them: receipts"
    )
    assert approximate_note(("exact", "simulated with lost sales")) == []
    found = lots(20, 10, 1, "reorder_up_to")
    asked = {"all": 0.9}
    policy = sl.Policy.from_targets(sl.segment(found), cycle_service_level=asked, family="reorder_up_to")
    result = sl.simulate(found, policy, replications=20)
    (said,) = simulate_facts(result, ())["notes"]
    assert said.startswith("levels of 1 SKU-location")


LOT = {"family": "reorder_quantity", "review": 1, "order_quantity": 60}
OTHERS = {
    "weeks, ten days by parts": {"period": "week", "mean": 28.0},
    "weeks": {"period": "week", "lead": 14, "mean": 28.0},
    "months": {
        "period": "month",
        "lead": 365 / 12,
        "review": 365 / 12,
        "mean": 120.0,
        "shut": ["2026-08-01/2026-08-31"],
    },
    "reviews that no year divides": {"review": 30, "lead": 14},
    "lots": LOT,
    "lots or more": {**LOT, "family": "reorder_up_to"},
    "cycle service": {"measure": "cycle_service_level"},
    "cycle service of lots": {**LOT, "order_quantity": 20, "measure": "cycle_service_level"},
    "random lead times": {"sd": 4.0},
    "random lead times, daily orders": {"sd": 4.0, "lead": 20, "review": 1},
    "random lead times, cycle service": {"sd": 4.0, "measure": "cycle_service_level"},
    "lost sales": {"unmet": "lost"},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS.keys())
def test_planned_service_is_reached_in_every_calendar_and_family(case) -> None:
    """300 replications of a year: at least 0.95 less the interval's half and 0.004, and no unit too many."""
    case = {"period": "day", "lead": 10, "review": 7, "mean": MEAN, "unmet": "backorder", **case}
    measure, family = case.get("measure", "fill_rate"), case.get("family", "order_up_to")
    items = pd.DataFrame(
        {"sku": ["A"], "location": "W", "unit_cost": 1.0, "supplier": "ACME", "lead_time": case["lead"]}
    ).assign(demand_law="poisson", demand_mean=case["mean"], unmet=case["unmet"])
    items["order_quantity"] = case.get("order_quantity", 1)
    if "sd" in case:
        items["lead_time_sd"] = case["sd"]
    study = {
        "lead_times": {"crossing": False},
        "study": {"period": case["period"], "as_of": dt.date(2025, 12, 28)},
        "calendar": {"closed": {"ACME": case.get("shut", ["2026-08-03/2026-08-23"])}},
        "segments": {"by": "all"},
        "policy": {"review_period": case["review"], "family": family},
    }
    found = sl.load_frames(items, study=study)
    policy = sl.Policy.from_targets(sl.segment(found), **{measure: {"all": 0.95}}, family=family)
    result = sl.simulate(found, policy, replications=300)
    reached = getattr(result, measure)
    assert reached.high + 0.004 >= 0.95
    assert reached.low - 0.02 <= 0.95
