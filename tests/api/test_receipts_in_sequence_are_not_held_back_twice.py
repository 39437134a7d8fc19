"""Studies with crossing = false, from receipts to fill rates, against own simulations of the supplier.

A supplier in sequence: arrival = max(arrival of the order before, t + l), l drawn anew. What receipts show of
it contains that already. A supplier of rare orders: every order has its own lead time, none meets another.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import simlab as sl

FIRST = dt.date(2015, 1, 1)


def receipts_of(rows):
    """(day ordered, day received) as the table of a supplier."""
    day = [FIRST + dt.timedelta(days=k) for k in range(max(max(row) for row in rows) + 1)]
    frame = pd.DataFrame([("S", day[a], day[b], 5) for a, b in rows])
    return frame.set_axis(["supplier", "order_date", "receipt_date", "quantity"], axis=1)


def simulated(receipts, mean, **levels):
    items = pd.DataFrame(
        [{"sku": "s", "location": "X", "unit_cost": 1.0, "supplier": "S", "review_period": 1}]
    )
    items = items.assign(demand_law="poisson", demand_mean=mean, **levels)
    options = {
        "study": {"period": "day"},
        "data": {"time_unit": "periods"},
        "lead_times": {"crossing": False},
        "segments": {"by": ["supplier"]},
        "policy": {"family": "given"},
        "simulation": {"periods": 500, "replications": 400},
    }
    data = sl.load_frames(items, None, receipts, study=options)
    curves = sl.simulate(data, sl.Policy.given(sl.segment(data))).curves
    total = {
        name: float(getattr(curves, name).sum()) for name in ("served", "demanded", "on_order", "on_hand")
    }
    shown = data.lead_times().iloc[0]
    return {
        "fill": total["served"] / total["demanded"],
        "lead": total["on_order"] / (mean * 500 * 400),
        "on_hand": total["on_hand"] / (500 * 400),
        "shown": (float(shown["law_mean"]), float(shown["effective_mean"])),
        "remarks": " ".join(entry.note for entry in data.quality.entries),
    }


def own(draw, mean, s, Q, paths=4000, periods=700, warm=200, seed=1):
    """(R,s,nQ), or with Q = 0 base stock s + 1, daily; orders behind the order before them."""
    rng = np.random.default_rng(seed)
    net, on_order, last = np.full(paths, s + max(Q, 1)), np.zeros(paths, np.int64), np.zeros(paths, np.int64)
    due = np.zeros((periods + 80, paths), np.int64)
    served = asked = shelf = 0
    for t in range(periods):
        net, on_order = net + due[t], on_order - due[t]
        short = s + 1 - net - on_order
        size = np.where(short > 0, short if Q == 0 else -(-short // max(Q, 1)) * Q, 0)
        arrival = np.where(size > 0, np.maximum(t + draw(rng, paths), last), last)
        last = arrival
        here = np.flatnonzero(size)
        np.add.at(due, (arrival[here], here), size[here])
        on_order = on_order + size
        same_day = np.where((size > 0) & (arrival == t), size, 0)
        net, on_order = net + same_day, on_order - same_day
        demand = rng.poisson(mean, paths)
        if t >= warm:
            served += np.minimum(demand, np.maximum(net, 0)).sum()
            asked += demand.sum()
            shelf += np.maximum(net - demand, 0).sum()
        net = net - demand
    return served / asked, shelf / (paths * (periods - warm))


SUPPLIERS = {
    "the found one": (((2, 0.5), (5, 0.3), (12, 0.2)), 5.0, 60, 8.66, 0.7825),
    "often late": (((3, 0.6), (4, 0.2), (9, 0.2)), 4.0, 40, None, None),
    "mostly quick": (((1, 0.7), (2, 0.2), (6, 0.1)), 8.0, 50, None, None),
}


@pytest.mark.parametrize("name", SUPPLIERS)
def test_a_supplier_in_sequence_is_simulated_as_the_receipts_show(name: str) -> None:
    """Receipts of 3,000 daily orders; fill and mean lead time are those of the supplier himself."""
    law, mean, level, lead, fill = SUPPLIERS[name]
    points, shares = np.array([a for a, _ in law]), np.array([p for _, p in law])
    rng = np.random.default_rng(5)
    arrival = np.maximum.accumulate(np.arange(3000) + rng.choice(points, 3000, p=shares))
    until = np.array([shares[points <= a].sum() for a in range(80)])
    exact = sum(1.0 - np.prod(until[a:]) for a in range(79))  # P(≤ a) = Π F(a + i)
    wanted, _ = own(lambda draw, n: draw.choice(points, n, p=shares), mean, level - 1, 0)
    if lead is not None:
        assert (exact, wanted) == (pytest.approx(lead, abs=0.01), pytest.approx(fill, abs=0.004))
    found = simulated(receipts_of(list(enumerate(arrival.tolist()))), mean, current_order_up_to=level)
    seen = float((arrival - np.arange(3000)).mean())
    assert seen == pytest.approx(exact, rel=0.04)  # what 3,000 receipts tell: 8.64 for 8.66
    assert found["lead"] == pytest.approx(seen, rel=0.01)
    assert found["fill"] == pytest.approx(wanted, abs=0.015)
    assert found["shown"][1] == pytest.approx(found["shown"][0], rel=1e-3)


RARE = {
    "the found one": ((2, 20), 0.5, 8, 40, 0.967, 22.6),
    "the found one, faster": ((2, 20), 2.0, 30, 100, 0.9445, 57.0),
    "three lead times": ((4, 9, 25), 1.0, 14, 45, None, None),
    "one to ten days": (tuple(range(1, 11)), 0.8, 5, 25, None, None),
}


@pytest.mark.parametrize("name", RARE)
def test_rare_orders_are_not_held_back_behind_reviews_that_ordered_nothing(name: str) -> None:
    """Daily review, orders weeks apart: the mean of the receipts, fill and stock of an own simulation."""
    points, mean, s, Q, fill, stock = RARE[name]
    rows = [(j, j + points[j % len(points)]) for j in range(40 * len(points))]
    found = simulated(receipts_of(rows), mean, current_reorder_point=s, current_order_quantity=Q)
    wanted = own(lambda draw, n: draw.choice(np.array(points), n), mean, s, Q)
    if fill is not None:
        assert wanted == (pytest.approx(fill, abs=0.003), pytest.approx(stock, rel=0.015))
    assert found["lead"] == pytest.approx(np.mean(points), rel=0.04)  # some thousand orders
    assert found["fill"] == pytest.approx(wanted[0], abs=0.006)
    assert found["on_hand"] == pytest.approx(wanted[1], rel=0.02)


def test_a_law_that_no_daily_orders_can_keep_in_sequence_is_said_with_its_supplier() -> None:
    """Receipts of 2 and 20 days in turn: the mean stays 11, and a remark names the spread that is left."""
    rows = [(j, j + (2, 20)[j % 2]) for j in range(200)]
    found = simulated(receipts_of(rows), 5.0, current_order_up_to=90)
    assert found["lead"] == pytest.approx(11.0, rel=0.01)
    assert found["shown"] == (pytest.approx(11.0), pytest.approx(11.0, rel=1e-3))
    assert "'S' 11 ± 9, in sequence 11 ± 6.5" in found["remarks"]


def test_rounding_to_whole_weeks_adds_variance_that_is_shown_by_supplier() -> None:
    """10 or 11 days are 1 or 2 weeks: mean 10.5/7, and 3/7 · 4/7 weeks² beside the 1/196 of receipts."""
    rows = [(7 * j, 7 * j + 10 + j % 2) for j in range(20)]
    items = pd.DataFrame([{"sku": "s", "location": "X", "unit_cost": 1.0, "supplier": "S"}])
    items = items.assign(demand_law="poisson", demand_mean=5.0)
    options = {"study": {"period": "week"}, "lead_times": {"crossing": False}}
    data = sl.load_frames(items, None, receipts_of(rows), study=options)
    row = data.lead_times().iloc[0]
    assert row["law_mean"] == pytest.approx(10.5 / 7)
    assert row["rounding_variance"] == pytest.approx(12 / 49)
    assert any("0.24 of 0.25" in entry.note for entry in data.quality.entries)
