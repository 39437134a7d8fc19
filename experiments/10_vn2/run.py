"""What do the orders of a plan cost where a lost sale costs 1 and a unit left over 0.2 a week?

SIMLAB_DATA=… python run.py            # six earlier origins: results/origins.csv and results/rules.csv
SIMLAB_DATA=… python run.py --rounds   # the six real rounds by score.py: results/rounds.csv; looked at once
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

import simlab as sl
from simlab.api.commands import run_optimize

HERE = Path(__file__).parent
ORIGINS, APART = 6, 8
WARM = 10  # weeks before an origin, run by a rule's own levels
FIRST, LAST = 3, 8  # weeks after it that its orders decide
LEAD, HOLDING, SHORTAGE = 2, 0.2, 1.0
WINDOW, COVER = 13, 3.5
MARGIN = (
    SHORTAGE + HOLDING / 2
)  # simlab counts stock before and after demand: half a week more of a sold unit
BENCHMARK = "13-week mean x 3.5"
MEMORIES = ("auto", "all")
DAY, WEEK = np.timedelta64(1, "D"), np.timedelta64(7, "D")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", action="store_true", help="play the six real rounds instead")
    parser.add_argument("--origins", type=int, default=ORIGINS, help="fewer, for a quick look")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.rounds:
        table = pd.DataFrame(real_rounds(History()))
        table.to_csv(arguments.out / "rounds.csv", index=False)
        print(table.to_string(index=False))
        return
    costs = pd.concat([judged(History(), number) for number in range(arguments.origins)])
    origins = costs.groupby(["origin", "rule"], sort=False)["cost"].agg(["size", "sum"]).reset_index()
    origins.columns = ["origin", "rule", "store_products", "cost"]
    origins.to_csv(arguments.out / "origins.csv", index=False, float_format="%.1f")
    rules = compared(costs)
    rules.to_csv(arguments.out / "rules.csv", index=False, float_format="%.4g")
    print(rules.to_string(index=False))


def data_folder() -> Path:
    """The folder of public data, from SIMLAB_DATA."""
    folder = os.environ.get("SIMLAB_DATA", "")
    if not folder:
        raise SystemExit("set SIMLAB_DATA to the folder that holds vn2/")
    return Path(folder) / "vn2"


class History:
    """Weekly sales of 599 store-products, and the weeks in which nothing could be sold."""

    def __init__(self) -> None:
        self.rows = pd.read_parquet(data_folder() / "demand.parquet")
        self.items = pd.read_csv(data_folder() / "state.csv", dtype={"sku": str, "location": str})
        pairs = pd.MultiIndex.from_frame(self.items[["sku", "location"]])
        dates = pd.date_range(self.rows["date"].min(), self.rows["date"].max(), freq="7D")
        self.weeks = dates.to_numpy("datetime64[D]")

        def table(column: str) -> np.ndarray:
            wide = self.rows.assign(date=pd.to_datetime(self.rows["date"])).pivot_table(
                index=["sku", "location"], columns="date", values=column, aggfunc="sum"
            )
            return wide.reindex(index=pairs, columns=dates).fillna(0).to_numpy(np.int64)

        self.sold, self.out = table("quantity"), table("stockout") > 0

    def known(self, end: int) -> np.ndarray:
        """(n,) store-products that sold before week number `end`."""
        return self.sold[:, :end].sum(axis=1) > 0


def levels_of_benchmark(sold: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Order up to 3.5 weeks of the mean of the last 13 weeks with stock."""
    means = []
    for line, empty in zip(sold, out, strict=True):
        stocked = line[~empty][-WINDOW:]
        means.append(stocked.mean() if stocked.size else 0.0)
    return np.round(COVER * np.array(means)).astype(np.int64)


def write(folder: Path, history: History, end: int, rows: np.ndarray, memory: str) -> Path:
    """Items, demand before week number `end`, and the study."""
    items = history.items.loc[rows, ["sku", "location", "category", "department"]]
    items.assign(unit_cost=1.0, price=1.0 + MARGIN, holding_rate=HOLDING * 365 / 7, lead_time=LEAD).to_csv(
        folder / "items.csv", index=False
    )
    last = history.weeks[end - 1]
    kept = history.rows[pd.to_datetime(history.rows["date"]) <= pd.Timestamp(last)]
    kept.merge(items[["sku", "location"]]).to_csv(folder / "demand.csv", index=False)
    text = (HERE / "study.toml").read_text("utf-8")
    text = text.replace('memory = "auto"', f'memory = "{memory}"')
    text = text.replace('period = "week"', f'period = "week"\nas_of = {last + 6 * DAY}')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def planned(
    folder: Path, history: History, end: int, rows: np.ndarray, memory: str, *, draw: bool = False
) -> Path:
    """The run folder of a plan that knows the weeks before number `end`; orders need one with its page."""
    path = write(folder, history, end, rows, memory)
    run_optimize(path, out=folder / "run", draw=draw)
    return folder / "run"


def levels_of_run(run: Path, history: History, rows: np.ndarray) -> np.ndarray:
    plan = pd.read_parquet(run / "results" / "plan.parquet").set_index(["sku", "location"])
    pairs = pd.MultiIndex.from_frame(history.items.loc[rows, ["sku", "location"]])
    return plan["order_up_to"].reindex(pairs).to_numpy(np.int64)


def judged(history: History, number: int) -> pd.DataFrame:
    """Cost of every rule and store-product in the weeks 3 to 8 after an origin."""
    end = history.weeks.size - APART * (number + 1)
    fair = history.known(end) & ~history.out[:, end : end + LAST].any(axis=1)
    rows = np.flatnonzero(history.known(end))
    demand = history.sold[rows, end - WARM : end + LAST]
    rules = {BENCHMARK: levels_of_benchmark(history.sold[rows, :end], history.out[rows, :end])}
    for memory in MEMORIES:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as work:
            run = planned(Path(work), history, end, rows, memory)
            rules[f'orders, memory = "{memory}"'] = levels_of_run(run, history, rows)
        print(history.weeks[end], memory, f"{time.perf_counter() - start:.0f} s", flush=True)
    kept = fair[rows]
    names = history.items.loc[rows[kept], ["sku", "location"]].reset_index(drop=True)
    tables = []
    for rule, level in rules.items():
        cost = played(level[kept], demand[kept])
        origin = str(history.weeks[end - 1])
        tables.append(names.assign(origin=origin, rule=rule, level=level[kept], cost=cost))
    return pd.concat(tables)


def played(level: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """(n,) cost of ordering up to a level every week: arrive, order, demand, count; lost sales.

    The shelf begins full; the first `WARM` weeks bring the rule to its own long run.
    """
    on_hand, due = level.copy(), np.zeros((LEAD + demand.shape[1] + 1, level.size), np.int64)
    cost = np.zeros(level.size)
    for week in range(demand.shape[1]):
        on_hand = on_hand + due[week]
        position = on_hand + due[week + 1 :].sum(axis=0)
        due[week + LEAD] += np.maximum(level - position, 0)
        served = np.minimum(on_hand, demand[:, week])
        on_hand = on_hand - served
        if week >= WARM + FIRST - 1:
            cost += HOLDING * on_hand + SHORTAGE * (demand[:, week] - served)
    return cost


def compared(costs: pd.DataFrame) -> pd.DataFrame:
    """Total cost of every rule, and its difference to the benchmark paired over store-products."""
    wide = costs.pivot_table(index=["sku", "location"], columns="rule", values="cost", aggfunc="sum")
    total = wide.sum()
    lines = []
    for rule in costs["rule"].drop_duplicates():
        change = (wide[rule] - wide[BENCHMARK]).dropna()
        error = change.std(ddof=1) * np.sqrt(change.size)
        lines.append(
            {
                "rule": rule,
                "cost": total[rule],
                "difference": change.sum(),
                "low": change.sum() - 1.96 * error,
                "high": change.sum() + 1.96 * error,
                "share": total[rule] / total[BENCHMARK] - 1,
            }
        )
    return pd.DataFrame(lines)


def score() -> ModuleType:
    """The game, as published with the data."""
    spec = importlib.util.spec_from_file_location("score", data_folder() / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def real_rounds(history: History) -> list[dict[str, object]]:
    """Total cost of the six rounds: plans made once at week 0, orders of every week by `simlab orders`."""
    rows, end, game = np.arange(len(history.items)), history.weeks.size, score()
    level = levels_of_benchmark(history.sold, history.out)
    found = [{"rule": BENCHMARK, **game.play(lambda state, seen: np.maximum(level - on_way(state), 0))}]
    for memory in MEMORIES:
        with tempfile.TemporaryDirectory() as work:
            run = planned(Path(work), history, end, rows, memory, draw=True)
            result = game.play(Daily(run, Path(work), history.weeks[-1] + WEEK))
        found.append({"rule": f'orders, memory = "{memory}"', **result})
    return found


def on_way(state: pd.DataFrame) -> np.ndarray:
    return (state["on_hand"] + state["due_week_1"] + state["due_week_2"]).to_numpy(np.int64)


class Daily:
    """The buyer of a run: every Monday the stock and what is on order go in, an order list comes out."""

    def __init__(self, run: Path, folder: Path, monday: np.datetime64) -> None:
        self.run, self.folder, self.monday = run, folder, monday

    def __call__(self, state: pd.DataFrame, seen: pd.DataFrame) -> np.ndarray:
        day = self.monday
        stock, coming = self.folder / "stock.csv", self.folder / "coming.csv"
        shelf = state["on_hand"] + state["due_week_1"]  # arrived on the morning of the order
        state[["sku", "location"]].assign(on_hand=shelf).to_csv(stock, index=False)
        due = state.loc[state["due_week_2"] > 0, ["sku", "location"]]
        due = due.assign(quantity=state["due_week_2"], due_date=str(day + WEEK))
        due.to_csv(coming, index=False)
        found = sl.orders(self.run, stock=stock, open_orders=coming, date=str(day)).to_frame()
        pairs = pd.MultiIndex.from_frame(state[["sku", "location"]])
        self.monday = day + WEEK
        quantity = found.set_index(["sku", "location"])["quantity"] if len(found) else pd.Series(dtype=float)
        return quantity.reindex(pairs).fillna(0).to_numpy(np.int64)


if __name__ == "__main__":
    main()
