"""Histories that say little or nonsense: a stated fallback or a refusal with remedy, never a NaN stock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.cli.app import app
from simlab.errors import InvalidInputError
from simlab.models import read_history
from simlab.policies import plan
from simlab.study import Study

START = np.datetime64("2024-01-01")
WEEKS = 40

STUDY = """
schema = 1
[study]
name = "hard"
period = "week"
[data.items]
path = "items.csv"
[data.demand]
path = "demand.csv"
{demand}
[data.receipts]
path = "receipts.csv"
{receipts}
[lead_times]
crossing = false
[segments]
by = ["abc"]
[simulation]
periods = 26
replications = 8
batches = 4
[verdict]
replications = 8
"""

Table = pd.DataFrame


@dataclass
class Files:
    """The three tables of a sound study: two ordinary SKUs, X for the odd one."""

    items: Table
    demand: Table
    receipts: Table


def sound() -> Files:
    rng = np.random.default_rng(12)
    items = pd.DataFrame(
        {"sku": ["A", "B", "X"], "location": "EAST", "unit_cost": [4.0, 9.0, 7.0], "supplier": "ACME"}
    )
    weeks = (START + 7 * np.arange(WEEKS)).astype(str)
    demand = pd.DataFrame(
        {
            "sku": np.repeat(["A", "B", "X"], WEEKS),
            "location": "EAST",
            "date": np.tile(weeks, 3),
            "quantity": rng.negative_binomial(3, 0.3, 3 * WEEKS),
        }
    )
    ordered = START + 14 * np.arange(18)
    receipts = pd.DataFrame(
        {
            "supplier": "ACME",
            "order_date": ordered.astype(str),
            "receipt_date": (ordered + rng.integers(8, 20, 18)).astype(str),
            "quantity": 20,
        }
    )
    return Files(items, demand, receipts)


def of_x(files: Files, quantity: list[int]) -> None:
    """The odd SKU's weeks; weeks beyond the list have no row."""
    mine = files.demand["sku"] == "X"
    weeks = (START + 7 * np.arange(len(quantity))).astype(str)
    odd = pd.DataFrame({"sku": "X", "location": "EAST", "date": weeks, "quantity": quantity})
    files.demand = pd.concat([files.demand[~mine], odd], ignore_index=True)


def write(files: Files, folder: Path, demand: str = "", receipts: str = "") -> Path:
    for name, table in vars(files).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    path = folder / "study.toml"
    path.write_text(STUDY.format(demand=demand, receipts=receipts), encoding="utf-8")
    return path


def call(*words: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, list(words))
    return ended.exit_code, " ".join(ended.stdout.split()), " ".join(ended.stderr.split())


def zeros(files: Files) -> None:
    of_x(files, [0] * WEEKS)


def one_observation(files: Files) -> None:
    of_x(files, [])
    row = {"sku": "X", "location": "EAST", "date": str(START + 7 * (WEEKS - 1)), "quantity": 7}
    files.demand = pd.concat([files.demand, pd.DataFrame([row])], ignore_index=True)


def constant(files: Files) -> None:
    of_x(files, [5] * WEEKS)


def one_period(files: Files) -> None:
    of_x(files, [900] + [0] * (WEEKS - 1))


def more_returned_than_sold(files: Files) -> None:
    of_x(files, [3, -2, 0, -40, 0, -1] + [0] * (WEEKS - 6))


def one_receipt(files: Files) -> None:
    files.items.loc[2, "supplier"] = "RARE"
    row = {"supplier": "RARE", "order_date": "2024-03-04", "receipt_date": "2024-04-08", "quantity": 9}
    files.receipts = pd.concat([files.receipts, pd.DataFrame([row])], ignore_index=True)


def supplier_never_seen(files: Files) -> None:
    files.items.loc[2, "supplier"] = "GHOST"


def no_supplier(files: Files) -> None:
    files.items.loc[2, "supplier"] = None


@dataclass(frozen=True)
class Case:
    """What is odd, the rules that take it, and what is said of it."""

    change: Callable[[Files], None]
    said: tuple[str, ...]
    reason: str = ""
    demand: str = ""
    receipts: str = ""


ACCEPTED = {
    "zeros": Case(
        zeros,
        ("no demand in any week of the history: zero demand", "X@EAST"),
        "all without demand",
        '[demand]\nno_history = "zero"',
    ),
    "one observation": Case(
        one_observation, ("demand in a single week of the history", "X@EAST"), "1 demand: rate as of"
    ),
    "constant": Case(constant, (), "variance/mean 0"),
    "one period": Case(one_period, ("demand in a single week of the history", "X@EAST"), "variance/mean"),
    "more returned than sold": Case(
        more_returned_than_sold,
        ("units returned beyond sales",),
        "",
        'returns = "net"\n[demand]\nno_history = "zero"',
    ),
    "one receipt": Case(one_receipt, ("RARE",), ""),
    "supplier never seen": Case(supplier_never_seen, ("GHOST",), ""),
    "no supplier": Case(no_supplier, ("X@EAST",), ""),
}


@pytest.mark.parametrize("name", list(ACCEPTED))
def test_check_says_the_fallback_and_simulate_ends_with_whole_stocks(name, tmp_path) -> None:
    case, files = ACCEPTED[name], sound()
    case.change(files)
    study = write(files, tmp_path, case.demand, case.receipts)
    code, out, err = call("check", "-v", str(study))
    assert code == 0, err
    for words in case.said:
        assert words in out + err, words
    data = sl.load(study)
    segments = sl.segment(data)
    targets = dict.fromkeys(segments.names, 0.95)
    done = sl.simulate(data, sl.Policy.from_targets(segments, fill_rate=targets))
    levels = done.planned.levels
    assert (levels.order_up_to >= 0).all()
    assert levels.order_up_to.max() < 50_000
    assert np.isfinite([done.inventory_value.value, done.fill_rate.value]).all()
    assert case.reason in data.models.demand_reason[data.catalog.sku.index("X")]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ACCEPTED))
@pytest.mark.pages
def test_a_run_folder_of_such_a_history_is_whole(name, tmp_path) -> None:
    """The same through the command, with its tables, diagnosis and report."""
    case, files = ACCEPTED[name], sound()
    case.change(files)
    study = write(files, tmp_path, case.demand, case.receipts)
    code, _, err = call("simulate", str(study), "--out", str(tmp_path / "run"))
    assert code == 0, err
    results = tmp_path / "run" / "results"
    plan, items = pd.read_parquet(results / "plan.parquet"), pd.read_parquet(results / "items.parquet")
    for column in ("order_up_to", "safety_stock"):
        assert np.isfinite(plan[column]).all(), column
    odd = items[items["sku"] == "X"].iloc[0]
    assert case.reason in odd["demand_reason"]
    assert odd["mean_on_hand"] >= 0
    assert (tmp_path / "run" / "report.html").stat().st_size > 0


def future(files: Files) -> None:
    files.demand.loc[files.demand.index[-1], "date"] = str(np.datetime64("today") + 40)


def receipt_before_order(files: Files) -> None:
    files.receipts.loc[4, "receipt_date"] = "2023-12-01"


def no_row_at_all(files: Files) -> None:
    of_x(files, [])


def negative(files: Files) -> None:
    of_x(files, [3, -2] + [0] * (WEEKS - 2))


@dataclass(frozen=True)
class Refusal:
    """What is odd, where it is said to be, and the remedy."""

    change: Callable[[Files], None]
    where: str
    remedy: str
    demand: str = ""


FIRST_SALE = '\n[demand]\nlife = "first_sale"'

REFUSED = {
    "future dates": Refusal(future, "demand.csv:121 column 'date'", "study.as_of"),
    "receipt before order": Refusal(receipt_before_order, "receipts.csv:6", 'receipt_before_order = "drop"'),
    "negative": Refusal(negative, "demand.csv:83 column 'quantity'", 'returns = "net"'),
    "no law and no history": Refusal(
        no_row_at_all,
        "X@EAST",
        "give demand_law and demand_mean in items",
        FIRST_SALE + '\nno_history = "refuse"\n',
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
@pytest.mark.parametrize("command", ["check", "simulate"])
def test_what_cannot_be_read_is_refused_with_row_and_remedy(name, command, tmp_path) -> None:
    case, files = REFUSED[name], sound()
    case.change(files)
    study = write(files, tmp_path, case.demand)
    extra = ["--out", str(tmp_path / "run")] if command == "simulate" else []
    code, _, err = call(command, str(study), *extra)
    assert code == 3
    assert case.where in err
    assert case.remedy in err
    assert not (tmp_path / "run").exists()


PREPARED = {
    "stocked out throughout": ({"censoring": "on_hand"}, {"on_hand": 0}),
    "promoted throughout": ({"uplift": {"future": "none"}}, {"promotion": 1}),
    "never promoted": ({"uplift": {"future": 0.2}}, {"promotion": 0}),
    "one price": ({"uplift": {"drivers": ["price"], "future": "none"}}, {"price": 2.5}),
    "given away": ({"uplift": {"drivers": ["price"], "future": "none"}}, {"price": 0}),
    "outliers dropped": ({"outliers": {"rule": "mad", "k": 1.0, "action": "drop"}}, {}),
    "to the last sale": ({"life": "first_to_last"}, {}),
    "unknown between": ({"absent_dates": "unknown"}, {}),
}


UNSEEN = {"promoted throughout": "E-MOD-061", "stocked out throughout": "E-MOD-062"}
"""Nothing to compare with: refused, not estimated."""


@pytest.mark.parametrize("prepared", list(PREPARED))
@pytest.mark.parametrize("name", ["zeros", "one observation", "constant", "one period"])
def test_every_preparation_of_every_odd_history_has_finite_laws_and_stocks(name, prepared) -> None:
    options, columns = PREPARED[prepared]
    files = sound()
    ACCEPTED[name].change(files)
    study = Study.default(lead_times={"crossing": False}, demand=options | {"no_history": "zero"})
    data = load_frames(files.items, files.demand.assign(**columns), files.receipts, study=study)
    if prepared in UNSEEN and (name, prepared) != ("one observation", "stocked out throughout"):
        with pytest.raises(InvalidInputError, match=UNSEEN[prepared]):
            _ = data.models
        return
    law = data.models.world.demand
    assert np.isfinite(law.mean).all()
    assert np.isfinite(law.variance).all()
    levels = plan(data.models, np.full((3, 1), 0.95)).levels
    assert (levels.order_up_to >= 0).all()
    assert (levels.order_up_to < 50_000).all()
    changes = read_history(data.catalog).changes
    assert changes is None or (changes.after >= -1).all()
