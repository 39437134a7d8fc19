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
