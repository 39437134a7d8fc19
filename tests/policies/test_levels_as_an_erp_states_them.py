"""Levels and limits as master data has them: min = max, "order below", limits of 0, lots within limits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.engine.run import simulate_items
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon
from simlab.errors import InvalidInputError
from simlab.policies import current_levels, plan
from simlab.policies.quantities import order_quantities

SHORT = {"periods": 364, "replications": 40, "batches": 10}


def load(policy: dict[str, object] | None = None, n: int = 1, **columns: object) -> sl.Data:
    items = {"sku": [f"s{k}" for k in range(n)], "location": "X", "unit_cost": 2.0, "lead_time": 3}
    law = {"demand_law": "poisson", "demand_mean": 0.05}
    study = {"study": {"period": "day"}, "segments": {"by": "all"}, "simulation": SHORT}
    study["policy"] = {"review_period": 1, **(policy or {})}
    return sl.load_frames(pd.DataFrame(items | law | columns), study=study)


def levels(data: sl.Data) -> list[tuple[int, int, int, int]]:
    found, _ = current_levels(data.models)
    parts = (found.family, found.reorder_point[:, 0], found.order_up_to[:, 0], found.order_quantity[:, 0])
    return [tuple(int(value) for value in row) for row in zip(*parts, strict=True)]


def exact_fill(mean: float, lead_time: int, level: int) -> float:
    """(R,S) with R = 1: on hand before demand is S less the demand of L periods; own Poisson sums."""

    def poisson(lam: float, k: int) -> float:
        return math.exp(-lam) * lam**k / math.factorial(k)

    served = sum(
        poisson(mean * lead_time, short) * poisson(mean, asked) * min(asked, max(level - short, 0))
        for short in range(60)
        for asked in range(60)
    )
    return served / mean


@pytest.mark.parametrize(("level", "mean"), [(1, 0.05), (1, 0.3), (4, 0.8)])
@pytest.mark.parametrize("said", ["column", "study"])
def test_one_on_the_shelf_ordered_when_used(level: int, mean: float, said: str) -> None:
    """min = max = 1, ordering below: S = 1, a fill rate of e^(−3λ) (1 − e^(−λ)) ÷ λ; min = max = 4 alike."""
    columns: dict[str, object] = {"current_reorder_point": level, "current_order_up_to": level}
    option = {"family": "given"}
    if said == "column":
        columns["current_reorder_when"] = "below"
    else:
        option["current_reorder_when"] = "below"
    data = load(option, demand_mean=mean, **columns)
    assert levels(data) == [(Family.ORDER_UP_TO, level - 1, level, 0)]
    right = exact_fill(mean, 3, level)
    if level == 1:
        assert right == pytest.approx(math.exp(-3 * mean) * (1 - math.exp(-mean)) / mean)
    found = sl.simulate(data, sl.Policy.given(sl.segment(data))).fill_rate
    assert abs(found.value - right) < 4 * (found.high - found.low) / (2 * 1.96)
    assert any("below current_reorder_point" in text for text in data.models.assumptions)


def test_below_lowers_s_by_one_unit() -> None:
    """2 and 5 below are 1 and 5 at or below; a lot likewise; an order-up-to level alone stays."""
    data = load(
        n=4,
        current_reorder_point=[2, 2, 2, None],
        current_order_up_to=[5, 5, None, 5],
        current_order_quantity=[None, None, 10, None],
        current_reorder_when=["below", "at_or_below", "below", "below"],
    )
    assert levels(data) == [
        (Family.REORDER_UP_TO, 1, 5, 4),
        (Family.REORDER_UP_TO, 2, 5, 3),
        (Family.REORDER_QUANTITY, 1, 11, 10),
        (Family.ORDER_UP_TO, 4, 5, 0),
    ]


def test_not_stocked_is_min_and_max_of_zero() -> None:
    """Ordered on demand: S = 0, also where unmet demand is lost and s = −1 is never reached."""
    data = load(current_reorder_point=0, current_order_up_to=0, current_reorder_when="below", unmet="lost")
    assert levels(data) == [(Family.ORDER_UP_TO, -1, 0, 0)]


def test_min_equal_max_without_a_word_is_asked_about() -> None:
    """The message gives the line to write."""
    data = load(current_reorder_point=1, current_order_up_to=1)
    with pytest.raises(InvalidInputError, match=r'\[policy\] current_reorder_when = "below"'):
        current_levels(data.models)
    with pytest.raises(InvalidInputError, match="'under' is not allowed"):
        load(current_reorder_when="under")
    with pytest.raises(InvalidInputError, match=r"policy\.current_reorder_when"):
        load({"current_reorder_when": "under"})


def test_a_highest_position_of_zero_is_not_read_as_no_limit() -> None:
    """One problem for all of them, with both ways out."""
    data = load(n=7, max_position=[0, 0, 0, 0, 0, 0, 90])
    with pytest.raises(InvalidInputError) as caught:
        _ = data.models
    assert len(caught.value.problems) == 1
    said = str(caught.value)
    assert "0 lets nothing ever be" in said
    assert "and 1 more" in said
    assert "where = { max_position = { none_of = [0] } }" in said
    items = pd.DataFrame(
        {"sku": ["a", "b"], "location": "X", "unit_cost": 1.0, "lead_time": 1, "max_position": [0, 9]}
    )
    items = items.assign(demand_law="poisson", demand_mean=1.0)
    where = {"items": {"where": {"max_position": {"none_of": [0]}}}}
    assert sl.load_frames(items, study={"study": {"period": "day"}, "data": where}).models.n_items == 1


@pytest.mark.parametrize("family", ["order_up_to", "reorder_quantity", "reorder_up_to"])
@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_a_largest_order_of_zero_is_no_order_ever(family: str, unmet: str) -> None:
    """No order under any plan or today's levels: nothing stocked, nothing served; empty is no limit."""
    stated = {"order_quantity": 5, "current_reorder_point": 8, "current_order_up_to": 20, "demand_mean": 2.0}
    data = load({"family": family, "unmet": unmet}, n=2, max_order=[0, None], **stated)
    planned = plan(data.models, [0.9, 0.99], family=family)
    assert planned.method[0] == "nothing is ordered (max_order = 0)"
    today, known = current_levels(data.models)
    assert known.all()
    horizon = Horizon(periods=60, warmup=5, replications=8, slots=8, seed=3)
    for found in (planned.levels, today):
        curves = simulate_items(data.models.world, found, horizon)
        for name in ("orders", "ordered", "received", "on_hand", "on_hand_start"):
            sums = getattr(curves, name)
            assert not sums[0].any(), name
            assert sums[1].any(), name


def test_a_minimum_of_what_is_never_ordered_is_refused() -> None:
    data = load(n=2, max_order=[0, 7], minimum_level=[3, 3])
    with pytest.raises(InvalidInputError, match="max_order = 0 lets nothing be ordered"):
        _ = data.models


@pytest.mark.parametrize(
    ("quantity", "pack", "moq", "largest", "right"),
    [
        (60, 40, None, 70, 40),
        (60, 40, None, 80, 80),
        (100, 12, 30, 50, 48),
        (5, 6, 7, 20, 12),
        (7, 1, None, 5, 5),
    ],
)
def test_whole_packs_of_a_lot_stay_within_moq_and_largest_order(
    quantity: int, pack: int, moq: int | None, largest: int, right: int
) -> None:
    """60 in packs of 40 were rounded up to 80, above a largest order of 70."""
    lots = {"order_quantity": quantity, "pack_size": pack, "moq": moq, "max_order": largest}
    data = load({"family": "reorder_quantity"}, **{k: v for k, v in lots.items() if v is not None})
    assert order_quantities(data.models, "reorder_quantity").tolist() == [right]
    assert right % pack == 0
    assert (moq or 0) <= right <= largest


def test_a_reorder_point_without_a_quantity_orders_the_items_own_lots() -> None:
    """Master data have a reorder point and a lot size: (s, Q) runs today, and the assumptions say so."""
    data = load(n=2, current_reorder_point=[4, 6], order_quantity=[10, 12])
    assert levels(data) == [(Family.REORDER_QUANTITY, 4, 14, 10), (Family.REORDER_QUANTITY, 6, 18, 12)]
    assert any("2 of 2 SKU-locations order order_quantity today" in said for said in data.models.assumptions)


def test_lots_take_no_part_where_a_column_says_how_much_is_ordered_today() -> None:
    """An empty cell of that column is then a half rule of that SKU-location, and refused."""
    with pytest.raises(InvalidInputError, match="these columns make no rule together"):
        levels(load(n=2, current_reorder_point=[4, 6], order_quantity=10, current_order_quantity=[5, None]))


def own_lots(
    mean: float, lead: int, review: int, s: int, Q: int, *, one_at_a_time: bool
) -> tuple[float, float]:
    """Fill rate by own simulation, and its standard error: (R,s,nQ), or one Q at a review."""
    rng = np.random.default_rng(3)
    paths, days = 500, 1_200
    net, position = np.full(paths, s + Q), np.full(paths, s + Q)
    due = np.zeros((days + lead + 1, paths), np.int64)
    served, asked = np.zeros(paths), np.zeros(paths)
    for day in range(days):
        if day % review == 0:
            lots = np.maximum(-((position - s - 1) // Q), 0)
            size = Q * (np.minimum(lots, 1) if one_at_a_time else lots)
            due[day + lead] += size
            position = position + size
        net = net + due[day]
        demand = rng.poisson(mean, paths)
        if day >= 400:
            served += np.minimum(demand, np.maximum(net, 0))
            asked += demand
        net, position = net - demand, position - demand
    ratio = served.sum() / asked.sum()
    return ratio, float(np.sqrt(((served - ratio * asked) ** 2).sum()) / asked.sum())


@pytest.mark.parametrize(
    ("mean", "lead", "review", "s", "Q"), [(4.0, 3, 1, 15, 5), (0.9, 5, 7, 8, 7), (30.0, 0, 2, 30, 65)]
)
def test_a_largest_order_of_one_lot_is_the_rule_of_one_lot_at_a_time(
    mean: float, lead: int, review: int, s: int, Q: int
) -> None:
    """Peers order one Q however far below s: `max_order` = Q; without it as many lots as it takes."""
    stated = {"current_reorder_point": s, "current_order_quantity": Q, "demand_mean": mean}
    found = {}
    for largest in (Q, None):
        limit = {} if largest is None else {"max_order": largest}
        data = load({"family": "given", "review_period": review}, lead_time=lead, **stated, **limit)
        fill = sl.simulate(data, sl.Policy.given(sl.segment(data)), replications=200).fill_rate
        right, error = own_lots(mean, lead, review, s, Q, one_at_a_time=largest is not None)
        assert abs(fill.value - right) < 4 * np.hypot(error, (fill.high - fill.low) / 3.92)
        found[largest] = right
    assert found[None] > found[Q] + 0.01
