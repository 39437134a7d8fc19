"""Plans of segment targets are sums of rows; every sum is the integer that adding item by item gives."""

from dataclasses import replace

import numpy as np
import pytest

from simlab.engine.world.curves import Curves
from simlab.errors import OutOfRangeError
from simlab.execution import Account, PlanRequest, PlanSums, Weights
from simlab.execution.adding import reduce_items
from simlab.execution.sums import item_weights
from simlab.execution.tables import add_blocks, block_of, tables_for

N, K, SLOTS = 60, 5, 3
COUNTED = ("ready", "short", "receipts", "good_receipts", "orders")
SHARED = ("receipts", "orders", "ordered", "received")


def curves_of(rng, n=N):
    """Sums of n items at K columns, receipts and orders alike at every column."""
    tables = {"demanded": rng.integers(0, 50, (n, SLOTS))}
    for name in Curves.__dataclass_fields__:
        if name != "demanded":
            tables[name] = rng.integers(0, 50, (n, 1 if name in SHARED else K, SLOTS))
    return Curves(**tables)


def by_hand(curves, request, weights):
    """Item by item, in Python integers."""
    sums = PlanSums.zeros(request.n_plans, request.n_cells, SLOTS)
    account = weights.account
    for item in range(curves.n_items):
        for plan in range(request.n_plans):
            column, to = int(request.choice[item, plan]), int(request.cell[item])

            def of(name, item=item, column=column):
                table = getattr(curves, name)[item]
                return table if name == "demanded" else table[column if table.shape[0] > 1 else 0]

            stock, cost = of("on_hand") + of("on_hand_start"), weights.unit_cost[item]
            each = int(item_weights(curves.demanded)[item])
            found = {"stock_value": cost * stock, "holding": weights.holding[item] * stock}
            by_weight = {"": 1, "_value": cost, "_items": each, "_margin": max(weights.margin[item], 0)}
            for ending, unit in by_weight.items():
                found[f"demanded{ending}"] = unit * of("demanded")
                found[f"served{ending}"] = unit * of("served")
            found["lost_margin"] = weights.margin[item] * (of("demanded") - of("served"))
            if request.whole:
                found |= {name: of(name) for name in COUNTED}
                found["delivered_value"] = cost * (of("demanded") - of("lost"))
                found["asked_margin"] = weights.margin[item] * of("demanded")
                found["delivered_margin"] = weights.margin[item] * (of("demanded") - of("lost"))
                found["ordering"] = weights.order[item] * of("orders")
            late = of("demanded") - of("served")
            if account is None:
                found |= {"cost": found["holding"], "good": of("served"), "asked": of("demanded")}
            else:
                found["cost"] = (
                    account.stock[item] * stock
                    + account.order[item] * of("orders")
                    + account.short[item] * late
                )
                good, asked = {
                    "fill_rate": (of("served"), of("demanded")),
                    "cycle_service_level": (of("good_receipts"), of("receipts")),
                    "ready_rate": (of("ready"), account.periods),
                }[account.measure]
                found |= {"good": account.unit[item] * good, "asked": account.unit[item] * asked}
            for name, value in found.items():
                getattr(sums, name)[plan, to] += value
    return sums


def requests_of(rng):
    """Plans by segment with a pinned item, one plan a column, plans by item, a limit's cells."""
    segment = rng.integers(0, 3, N)
    by_segment = rng.integers(0, K, (3, 4))[segment].astype(np.int16)
    by_segment[7] = 2
    by_item = rng.integers(0, K, (N, 6)).astype(np.int16)
    every = np.tile(np.arange(K, dtype=np.int16), (N, 1))
    return [
        PlanRequest(by_segment, np.zeros(N, np.int64), 1, whole=False),
        PlanRequest(by_item, np.zeros(N, np.int64), 1, whole=False),
        PlanRequest(np.full((N, 1), 3, np.int16), segment, 4),
        PlanRequest(every, segment, 3, whole=False),
        PlanRequest(every, segment * 2 + (np.arange(N) % 2), 6),
    ]


def weights_of(rng, account=None):
    cost, holding, margin, order = (rng.integers(low, 9, N) for low in (1, 1, -3, 0))
    return Weights(cost, holding, account, margin, order)


def spread(curves, requests, weights, edges, sent=()):
    """As `run_plans`: blocks of items, one after the other; those `sent` come from another process."""
    tables = tables_for(requests, SLOTS)

    def block(rows):
        some = Curves(**{name: getattr(curves, name)[rows] for name in Curves.__dataclass_fields__})
        asked, cells = block_of(tables, rows)
        sums = reduce_items(some, asked, weights.take(rows))
        if int(rows[0]) in sent:
            sums = [PlanSums(**{name: getattr(one, name).copy() for name in one.names()}) for one in sums]
        return sums, cells

    return tables, add_blocks((block(np.arange(*edge)) for edge in edges), tables, SLOTS)


@pytest.mark.parametrize("sent", [(0,), (7,), (8,), (0, 7, 8)])
def test_blocks_from_here_and_from_elsewhere_add_up_alike(sent):
    rng = np.random.default_rng(5)
    weights, curves, requests = weights_of(rng), curves_of(rng), requests_of(rng)
    edges = ((0, 7), (7, 8), (8, N))
    for here, mixed in zip(
        *(spread(curves, requests, weights, edges, some)[1] for some in ((), sent)), strict=True
    ):
        for name in PlanSums.names():
            assert np.array_equal(getattr(here, name), getattr(mixed, name)), name


@pytest.mark.parametrize("measure", [None, "fill_rate", "cycle_service_level", "ready_rate"])
@pytest.mark.parametrize("edges", [((0, N),), ((0, 7), (7, 8), (8, N))])
def test_every_sum_of_every_plan_is_that_of_its_items(measure, edges):
    rng = np.random.default_rng(3)
    parts = [rng.integers(0, 9, N) for _ in range(4)]
    account = None if measure is None else Account(*parts[:3], measure, parts[3], 11)
    weights, curves, requests = weights_of(rng, account), curves_of(rng), requests_of(rng)
    _, found = spread(curves, requests, weights, edges)
    for request, sums in zip(requests, found, strict=True):
        hand = by_hand(curves, request, weights)
        for name in PlanSums.names():
            assert np.array_equal(getattr(sums, name), getattr(hand, name)), name


def test_plans_by_segment_share_a_table_and_plans_by_item_do_not():
    tables = tables_for(requests_of(np.random.default_rng(3)), SLOTS)
    assert [sorted(table.members) or table.number for table in tables] == [[0, 3], [2, 4], 1]
    assert tables[0].request.n_cells == 4, "three segments and a pinned item"


def test_a_total_that_would_leave_64_bits_is_refused_before_it_is_made():
    rng = np.random.default_rng(3)
    weights = weights_of(rng)
    heavy = replace(weights, unit_cost=np.full(N, 2**56))
    with pytest.raises(OutOfRangeError):
        spread(curves_of(rng), requests_of(rng), heavy, ((0, N),))
    safe = replace(weights, unit_cost=np.full(N, 2**48))
    spread(curves_of(rng), requests_of(rng), safe, ((0, N),))
