"""Orders day by day, with the simulation's demand and receipts, give the ledger of `simlab trace`."""

import json
from pathlib import Path

import pandas as pd
import pytest
from worlds.study import STUDY, write_study

from simlab import api

DAYS = 18
_STUDY = STUDY.replace("review_period = 1", 'review_period = 3\nstart = "today"').replace(
    "periods = 60\nreplications = 24\nbatches = 8", f"periods = {DAYS}\nreplications = 2\nbatches = 2"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("daily")
    study = write_study(folder, _STUDY)
    items = pd.read_csv(folder / "items.csv", dtype=str)
    items["on_order"], items["pack_size"] = "0", ["1", "5"] * (len(items) // 2)
    items["unmet"] = ["backorder", "backorder", "lost"] * (len(items) // 3)
    items.to_csv(folder / "items.csv", index=False)
    return api.run_simulate(study, out=folder / "runs" / "small").folder


def _write(path: Path, rows: list[tuple[str, str, int]]) -> Path:
    pd.DataFrame(rows, columns=["sku", "location", "quantity"]).to_csv(path, index=False)
    return path


def test_every_order_stock_and_debt_is_that_of_the_trace(run, tmp_path):
    """Twelve SKU-locations, random lead times in sequence, packs, backorders and lost sales."""
    plan = pd.read_parquet(run / "results" / "plan.parquet")
    names = list(zip(plan["sku"], plan["location"], strict=True))
    traces = {name: api.trace(run, "@".join(name)) for name in names}
    periods = {name: one.periods.set_index("period") for name, one in traces.items()}
    state = None
    for day in range(DAYS):
        demand = [(*name, int(periods[name].loc[day, "demanded"])) for name in names]
        came = [(*name, int(periods[name].loc[day, "received"])) for name in names]
        state_out = tmp_path / f"{day}.json"
        morning = {} if state is None else {"state": state}
        found = api.run_orders(
            run,
            **morning,
            receipts=_write(tmp_path / "came.csv", [one for one in came if one[2]]),
            demand=_write(tmp_path / "demand.csv", demand),
            state_out=state_out,
            out=tmp_path / f"orders-{day}",
        )
        ordered = dict.fromkeys(names, 0) | {
            (one["sku"], one["location"]): int(one["quantity"])
            for one in found.orders.orders.to_dict("records")
        }
        assert ordered == {name: int(periods[name].loc[day, "ordered"]) for name in names}, day
        state = state_out
        rows = json.loads(state.read_text("utf-8"))["items"]
        after = pd.DataFrame(rows).set_index(["sku", "location"])
        for column in ("on_hand", "backorders"):
            expected = [int(periods[name].loc[day, column]) for name in names]
            assert after.loc[names, column].tolist() == expected, (day, column)
    assert sum(one.loc[0:, "ordered"].sum() for one in periods.values()) > 1000


MONTHS = """schema = 2
[study]
name = "months"
period = "month"
as_of = 2025-12-31
[data]
time_unit = "months"
[data.items]
path = "items.csv"
[segments]
by = ["abc"]
[policy]
review_period = 1
start = "today"
targets = { A = 0.95, B = 0.95, C = 0.95 }
[simulation]
periods = 18
warmup = 0
replications = 2
batches = 2
"""


def test_months_are_those_of_the_calendar(tmp_path):
    """An order of January with two months of lead time comes in March; February has its own morning."""
    n = 6
    items = pd.DataFrame({"sku": [f"s{row}" for row in range(n)], "location": "X", "unit_cost": 10.0})
    items["demand_law"], items["demand_mean"] = "poisson", 4.0
    items["lead_time"], items["on_hand"], items["on_order"] = [1, 2, 3] * 2, 12, 0
    items.to_csv(tmp_path / "items.csv", index=False)
    (tmp_path / "study.toml").write_text(MONTHS, "utf-8")
    run = api.run_simulate(tmp_path / "study.toml", out=tmp_path / "run").folder
    names = [(sku, "X") for sku in items["sku"]]
    periods = {name: api.trace(run, "@".join(name)).periods.set_index("period") for name in names}
    state, days = {}, []
    for month in range(18):
        demand = [(*name, int(periods[name].loc[month, "demanded"])) for name in names]
        out = tmp_path / f"{month}.json"
        found = api.run_orders(
            run, **state, demand=_write(tmp_path / "d.csv", demand), state_out=out, out=tmp_path / f"o{month}"
        )
        days.append(found.orders.day)
        told = found.orders.orders.set_index("sku")["quantity"]
        assert {sku: int(told.get(sku, 0)) for sku, _ in names} == {
            sku: int(periods[sku, "X"].loc[month, "ordered"]) for sku, _ in names
        }, month
        state = {"state": out}
    assert days[:4] == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    assert sum(one.loc[0:, "ordered"].sum() for one in periods.values()) > 200
