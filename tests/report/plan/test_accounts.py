"""The page shows finance's tables where the run has them, and nothing where it has none."""

from __future__ import annotations

import pandas as pd

from simlab.report.plan.sections.accounts import working_capital
from simlab.report.plan.tables import RunTables


def run_of(**more: pd.DataFrame) -> RunTables:
    empty = pd.DataFrame()
    return RunTables({"period": "week", "currency": "EUR"}, empty, empty, more=more)


def test_plans_bridge_shelf_and_age() -> None:
    plan = {"plan": "segmented", "segment": "(all)", "inventory_value": 1000.0, "days_of_supply": 36.5}
    found = working_capital(
        run_of(
            accounts=pd.DataFrame([plan | {"turns": 10.0, "capital_charge": 80.0}]),
            bridge=pd.DataFrame(
                {
                    "step": ["today", "levels", "plan"],
                    "name": ["Result a year today", "Stock held", "Result a year proposed"],
                    "cents": [12_345, -45, 12_300],
                    "lost_share": 0.3,
                }
            ),
            ageing=pd.DataFrame(
                [{"age": "up to 90 days", "n_items": 3, "value": 50.0, "rate": 0.5, "reserve": 25.0}]
            ),
        )
    )
    assert found is not None
    assert [one["title"] for one in found.tables] == [
        "Plans",
        "From today to the plan, a year (30% of late margin lost)",
        "How old the stock is",
    ]
    assert "of which 30% counts as lost;" in found.notes[1]
    assert found.tables[0]["rows"][0][2:4] == ["36.5", "10.0"]
    assert [row[1] for row in found.tables[1]["rows"]] == ["€123.45", "−€0.45", "€123.00"]
    assert found.tables[2]["rows"] == [["up to 90 days", "3", "€50", "50%", "€25"]]


def test_nothing_without_tables() -> None:
    assert working_capital(run_of()) is None
