"""What is on order arrives when it is due, and the way to a plan begins in the long run of the old levels."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.api.data.dead_stock import dead_stock
from simlab.errors import InvalidInputError
from simlab.models.history.no_history import no_history_frame
from simlab.models.opening import pipeline_today

FOUND = TESTS / "found"


def poisson_fill(shelf: int, mean: float, arrivals: dict[int, int], periods: int, paths: int = 4000) -> float:
    """Own simulation without any ordering: units served at once ÷ units demanded."""
    rng = np.random.default_rng(11)
    stock, served, asked = np.full(paths, shelf), 0, 0
    for t in range(periods):
        stock = stock + arrivals.get(t, 0)
        demand = rng.poisson(mean, paths)
        served += np.minimum(demand, np.maximum(stock, 0)).sum()
        asked += demand.sum()
        stock = stock - demand
    return float(served / asked)


def valve(**more):
    items = pd.read_csv(FOUND / "order-due-in-60-days" / "items.csv")
    return items.assign(**more)


def undated_valve(**more):
    return valve(**more).drop(columns="on_order_due")


def study(**policy):
    return {
        "study": {"period": "day", "as_of": dt.date(2024, 7, 1)},
        "segments": {"by": ["abc"]},
        "policy": {"review_period": 1, "targets": {"A": 0.98}, "start": "today"} | policy,
        "simulation": {"periods": 60, "replications": 400},
    }


def orders(*rows):
    frame = pd.DataFrame(rows, columns=["quantity", "due_date"])
    return frame.assign(sku="VALVE", location="WH", supplier="ACME")


def fill_of(items, open_orders=None, receipts=None, **sections):
    data = sl.load_frames(items, None, receipts, open_orders, study=study() | sections)
    simulation = sl.simulate(data, sl.Policy.from_targets(sl.segment(data), fill_rate={"A": 0.98}))
    curves = simulation.curves
    return float(curves.served.sum() / curves.demanded.sum()), data


DUE = {
    # 40 on the shelf, 5 a day, 300 due: nothing is ordered before they come, as they count in the position
    "in 60 days": (((300, "2024-08-30"),), {59: 300}, 0.150),
    "in 20 days": (((300, "2024-07-21"),), {19: 300}, None),
    "two orders": (((100, "2024-07-11"), (200, "2024-08-10")), {9: 100, 39: 200}, None),
    "overdue": (((300, "2024-06-20"),), {0: 300}, None),
}


@pytest.mark.parametrize("name", DUE)
def test_an_open_order_arrives_when_it_is_due(name: str) -> None:
    """Against the own simulation; the found folder says 0.150. `on_order` counts the same units."""
    rows, arrivals, right = DUE[name]
    wanted = poisson_fill(40, 5.0, arrivals, 60)
    if right is not None:
        assert wanted == pytest.approx(right, abs=0.02)
    found, data = fill_of(valve(), orders(*rows))
    # once the position falls below S about day 56 at 5 a day, orders of 7 days come too late to matter much
    assert found == pytest.approx(wanted, abs=0.03)
    assert any("one by one on their due dates" in text for text in data.models.assumptions)


def test_the_due_date_beside_on_order_is_read() -> None:
    """found/order-due-in-60-days as it stands: 0.150; as a table of its own the same."""
    found, data = fill_of(valve())
    assert found == pytest.approx(0.150, abs=0.005)
    assert found == fill_of(valve(), orders((300, "2024-08-30")))[0]
    assert any("on their due dates (items.on_order_due)" in text for text in data.models.assumptions)
    soon, _ = fill_of(valve(on_order_due="2024-07-10"))
    assert soon > 0.9
    undated, data = fill_of(valve(on_order_due=""))
    assert undated > 0.9
    assert any("have no date" in text for text in data.models.assumptions)
    with pytest.raises(InvalidInputError, match="on_order_due"):
        fill_of(valve(on_order_due="30/2024"))


def test_open_orders_follow_their_items_when_others_are_left_out() -> None:
    """An item without sales stands before the one that is due, in parts of a unit: its orders are dead."""
    items = pd.DataFrame({"sku": ["NEVER", "BOTH", "VALVE"], "location": "WH", "unit_cost": 20.0})
    items = items.assign(
        lead_time=7, on_hand=[2.5, 1, 40], on_order=[0, 0, 300], unit_resolution=[0.01, "", ""]
    )
    days = pd.date_range("2024-01-01", "2024-07-01")
    rng = np.random.default_rng(3)
    rows = [
        {"sku": sku, "location": "WH", "date": day.date().isoformat(), "quantity": int(rng.poisson(5))}
        for sku in ("BOTH", "VALVE")
        for day in days
    ]
    due = orders((300, "2024-08-30"), (7.25, "2024-07-09")).assign(sku=["VALVE", "NEVER"])
    data = sl.load_frames(items, pd.DataFrame(rows), None, due, study=study())
    found = pipeline_today(data.catalog, data.models.world.lead_time)
    assert data.catalog.sku == ("BOTH", "VALVE")
    assert (found.item.tolist(), found.units.tolist(), found.undated.tolist()) == ([1], [300], [0, 0])
    left_out = no_history_frame(data.catalog).iloc[0]
    assert (left_out["on_hand"], left_out["on_order"], left_out["unit_cost"]) == (2.5, 7.25, 20.0)
    assert left_out["stock_value"] == pytest.approx(9.75 * 20)
    dead = dead_stock(data)
    assert (dead.units, dead.value) == (pytest.approx(9.75), pytest.approx(195.0))


def test_open_rows_of_receipts_serve_where_the_table_is_missing() -> None:
    """Never both: with a table of open orders the receipts' open rows are not looked at."""
    rows = [
        ("ACME", f"2024-0{month}-{day:02}", f"2024-0{month}-{day + 7:02}", 10, "VALVE", "WH")
        for month in range(1, 7)
        for day in (1, 11)
    ]
    rows.append(("ACME", "2024-06-29", None, 300, "VALVE", "WH"))
    names = ["supplier", "order_date", "receipt_date", "quantity", "sku", "location"]
    receipts = pd.DataFrame(rows, columns=names)
    sections = {"lead_times": {"crossing": False}}
    _, data = fill_of(undated_valve(supplier="ACME", on_order=np.nan), None, receipts, **sections)
    found = pipeline_today(data.catalog, data.models.world.lead_time)
    assert (found.period.tolist(), found.units.tolist()) == ([4], [300])  # ordered two days ago, takes 7
    _, data = fill_of(undated_valve(supplier="ACME"), orders((50, "2024-07-05")), receipts, **sections)
    found = pipeline_today(data.catalog, data.models.world.lead_time)
    assert (found.period.tolist(), found.units.tolist()) == ([3], [50])
    assert found.undated.tolist() == [250]  # what on_order counts beyond the orders with a date


def test_what_is_missing_is_asked_for_by_name() -> None:
    with pytest.raises(InvalidInputError) as refused:
        fill_of(valve().drop(columns="on_order"))
    text = str(refused.value)
    assert "nothing on order said for VALVE@WH" in text
    assert "data.open_orders" in text
    with pytest.raises(InvalidInputError, match="not in the items table: PUMP@WH"):
        fill_of(valve(), orders((5, "2024-07-05")).assign(sku="PUMP"))
    two = pd.concat([undated_valve(), undated_valve(sku="PUMP", on_order=np.nan)])
    _, data = fill_of(two)
    assert any("on_order is empty for PUMP@WH: taken as nothing" in text for text in data.models.assumptions)
    found, _ = fill_of(valve().drop(columns="on_order"), orders((0, "2024-07-05")))
    assert 0 < found < 1


def test_a_remainder_without_a_date_comes_one_mean_lead_time_from_now_and_is_said() -> None:
    _, data = fill_of(undated_valve())
    found = pipeline_today(data.catalog, data.models.world.lead_time)
    assert found.undated.tolist() == [300]
    assert any("have no date" in text for text in data.models.assumptions)


def test_units_on_order_are_said_in_the_units_of_the_files() -> None:
    """765.75 kg of resin in hundredths and 40 bolts are 805.75 units, not 76,615."""
    items = pd.concat([valve(), valve(sku="RESIN", unit_resolution=0.01)]).fillna({"unit_resolution": 1})
    items = items.drop(columns=["on_order", "on_order_due"])
    rows = pd.DataFrame(
        {
            "sku": ["RESIN", "RESIN", "VALVE"],
            "location": "WH",
            "supplier": "ACME",
            "quantity": [510.5, 255.25, 40],
            "due_date": "2024-07-09",
        }
    )
    _, data = fill_of(items, rows)
    assert any("3 open orders of 805.75 units" in text for text in data.models.assumptions)
    _, data = fill_of(items.assign(on_order=[40, 765.75]))
    assert any("805.75 units on order (items.on_order)" in text for text in data.models.assumptions)


CHANGES = {
    "the found one": ([(100, 3, 5.0), (10, 3, 8.0)], 600),
    "longer lead times": ([(100, 9, 5.0), (10, 14, 8.0)], 900),
    "one item": ([(50, 6, 4.0)], 350),
}


def dip_or_lowest(capital) -> str:
    """What the way prints of its lowest fill rate, whether or not that is beyond chance."""
    at, fill = capital.dip or capital.lowest
    return (
        f"lowest in day {at + 1}: {fill:.1%}" if capital.dip else f"(the lowest: {fill:.1%}, in day {at + 1})"
    )


@pytest.mark.parametrize("name", CHANGES)
def test_the_way_to_a_plan_begins_in_the_long_run_of_the_old_levels(name: str) -> None:
    """Own simulation of the change, from a full pipeline: daily (R,S), so that net stock is S − D(L + 1).

    Levels change at once; excess sells off, a higher level arrives after L days.
    """
    rows, budget = CHANGES[name]
    items = pd.DataFrame(rows, columns=["unit_cost", "lead_time", "demand_mean"])
    items = items.assign(sku=[f"P{row}" for row in range(len(rows))], location="W", demand_law="poisson")
    options = {
        "study": {"period": "day"},
        "segments": {"by": ["category"]},
        "policy": {"review_period": 1},
        "simulation": {"periods": 60, "replications": 100},
        "optimize": {"objective": "holding_cost", "budget": budget},
    }
    data = sl.load_frames(items.assign(category=items["sku"]), study=options)
    opt = sl.optimize(data, sl.segment(data))
    frame = opt.capital.to_frame()
    old = opt.references.levels["habit"].order_up_to[:, 0]
    new = opt.solved.kept["segmented"].order_up_to[:, 0]
    wanted = own_change(items, old, new, 60)
    weeks = [np.asarray(column)[:56].reshape(4, 14).mean(axis=1) for column in (frame["fill_rate"], wanted)]
    np.testing.assert_allclose(*weeks, atol=0.02)
    at, lowest = opt.capital.lowest
    assert lowest == pytest.approx(frame["fill_rate"].min()) == frame["fill_rate"].iloc[at]
    assert dip_or_lowest(opt.capital) in " ".join(opt.capital.statements())
    dip = opt.capital.dip
    assert dip is None or wanted[dip[0]] < wanted[-6:].mean() - 0.005
    assert opt.capital.lump == 0
    assert any("long run of the A 98 / B 95 / C 90 habit" in text for text in opt.capital.statements())


def own_change(items, old, new, periods, paths=20_000):
    """(periods,) fill rate of all units from the day on which S changes, with lead time L: by orders."""
    rng = np.random.default_rng(4)
    served, asked = np.zeros(periods), np.zeros(periods)
    for row, S, T in zip(items.itertuples(), old.tolist(), new.tolist(), strict=True):
        before = row.lead_time + 1
        due = np.zeros((before + periods + row.lead_time + 1, paths), np.int64)
        net, position = np.full(paths, S), np.full(paths, S)
        for t in range(before + periods):
            size = np.maximum((S if t < before else T) - position, 0)
            due[t + row.lead_time] += size
            position = position + size
            net = net + due[t]
            demand = rng.poisson(row.demand_mean, paths)
            if t >= before:
                served[t - before] += np.minimum(demand, np.maximum(net, 0)).sum()
                asked[t - before] += demand.sum()
            net, position = net - demand, position - demand
    return served / asked
