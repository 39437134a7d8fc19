"""Orders that come in parts: shares and delays from receipts, and the simulator drawing them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.api.finance.scenarios import outages
from simlab.models import fit
from simlab.study import Study


def items(**columns) -> pd.DataFrame:
    base = {"sku": ["P0", "P1", "P2", "P3"], "location": "X", "unit_cost": 1.0}
    base |= {
        "group": list("abcd"),
        "supplier": ["ACME", "BOLT", "NEW", None],
        "lead_time": [None, None, 14.0, None],
    }
    return pd.DataFrame(base | {"demand_law": "poisson", "demand_mean": 5.0} | columns)


def receipts(never: int = 0) -> pd.DataFrame:
    """ACME: 75 % after a week, the rest 15 days later or never; BOLT: one whole order in two weeks."""
    rows = []
    for k in range(12):
        day = np.datetime64("2024-01-01") + 7 * k
        rows.append(("ACME", f"a{k}", str(day), str(day + 7), 40, 30))
        if not never:
            rows.append(("ACME", f"a{k}", str(day), str(day + 22), 40, 10))
    rows.append(("BOLT", "b", "2024-01-01", "2024-01-15", 40, 40))
    names = ["supplier", "order_id", "order_date", "receipt_date", "quantity", "received_quantity"]
    return pd.DataFrame(rows, columns=names)


def study(partial: str = "split", **sections) -> Study:
    lead_times = {"crossing": False, "partial": partial}
    return Study.default(
        period="week", as_of="2026-01-01", lead_times=lead_times, segments={"by": "group"}, **sections
    )


def test_shares_and_delays_by_supplier() -> None:
    """Own orders, all orders where there are few, whole where the item's own lead time holds."""
    models = fit(load_frames(items(), None, receipts(), study=study()).catalog)
    supply = models.world.supply
    on_time, rest = supply.on_time[supply.supplier], supply.rest_delay[supply.supplier]
    pooled = round(1e6 * (12 * 30 + 40) / (13 * 40))
    assert on_time.tolist() == [750_000, pooled, 1_000_000, pooled]
    assert rest[[0, 1, 3]].tolist() == [2, 2, 2]
    assert not supply.shared_delay.any()
    assert models.lead_time_reason[0].endswith("; 75% of an order at first, the rest follows 2 weeks later")
    assert "(all 13 complete orders)" in models.lead_time_reason[1]
    assert models.lead_time_reason[2].endswith("items.lead_time = 14 days")
    assert any("orders simulated in parts" in note.what for note in models.notes)
    assert models.lead_time_moments[0][0] == pytest.approx(1.0)


def test_a_rest_that_never_came_is_cancelled() -> None:
    models = fit(load_frames(items(), None, receipts(never=1), study=study()).catalog)
    supply = models.world.supply
    assert supply.rest_delay[supply.supplier[0]] == -1
    assert "the rest is cancelled" in models.lead_time_reason[0]


def test_nothing_is_split_unless_asked() -> None:
    for partial in ("rows", "first", "full", "units"):
        assert fit(load_frames(items(), None, receipts(), study=study(partial)).catalog).world.supply is None
    stated = items(lead_time=14.0).assign(supplier="OTHER")
    assert fit(load_frames(stated, None, receipts(), study=study()).catalog).world.supply is None


def test_parts_cost_service_where_they_are_simulated() -> None:
    """The same levels serve less where a quarter of each order follows later; outages keep it."""
    found = {}
    for partial in ("first", "split"):
        run = {"simulation": {"replications": 20, "batches": 4, "periods": 30}}
        data = load_frames(items(), None, receipts(), study=study(partial, **run))
        seg = sl.segment(data, by="group")
        policy = sl.Policy.from_targets(seg, fill_rate=dict.fromkeys(seg.names, 0.95))
        found[partial] = sl.simulate(data, policy)
    assert (found["first"].planned.levels.order_up_to == found["split"].planned.levels.order_up_to).all()
    fills = {partial: one.curves.served[:, 0].sum(axis=-1) for partial, one in found.items()}
    assert (fills["split"][[0, 1, 3]] < 0.97 * fills["first"][[0, 1, 3]]).all()
    assert fills["split"][2] == pytest.approx(fills["first"][2], rel=0.03)
    assert "orders in parts as if whole" in found["split"].planned.method[0]
    assert "orders in parts" not in found["split"].planned.method[2]
    world = found["split"].data.models.world
    stopped = outages(world.take(np.array([0])), "ACME", 4.0, 52.0)
    assert stopped.supply.on_time[stopped.supply.supplier[0]] == 750_000
    assert (stopped.supply.fails > 0).all()
