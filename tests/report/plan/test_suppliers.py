"""The page says what the receipts tell of suppliers, from the run's own table."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from simlab.api.data.data import load_frames
from simlab.report.plan.sections.suppliers import suppliers
from simlab.study import Study

ITEMS = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": 1.0, "supplier": "ACME"}).assign(
    demand_law="poisson", demand_mean=1.0
)


def page(partial: str) -> dict:
    """ACME: ten orders of two receipts, the second late; BOLT: one receipt."""
    placed = pd.date_range("2024-01-01", periods=10, freq="7D")
    first = pd.DataFrame(
        {"order_id": range(10), "order_date": placed, "receipt_date": placed + pd.Timedelta("9D")}
    )
    second = first.assign(receipt_date=placed + pd.Timedelta("12D"))
    table = pd.concat([first, second]).assign(supplier="ACME", quantity=[30] * 10 + [10] * 10)
    table["promised_date"] = placed.append(placed) + pd.Timedelta("10D")
    one = pd.DataFrame({"order_id": ["z"], "order_date": [placed[0]], "receipt_date": [placed[1]]})
    table = pd.concat([table, one.assign(supplier="BOLT", quantity=5)])
    dates = ["order_date", "receipt_date", "promised_date"]
    for name in dates:
        table[name] = table[name].dt.date.astype(object).where(table[name].notna(), None)
    table["order_id"] = table["order_id"].astype(str)
    study = Study.default(
        period="day", as_of="2024-12-31", lead_times={"crossing": False, "partial": partial}
    )
    return suppliers(
        SimpleNamespace(
            table={"lead_times": load_frames(ITEMS, None, table, study=study).lead_times()}.get, period="week"
        )
    )


def test_suppliers_on_the_page() -> None:
    """Lead times, promises and flags per supplier, most receipts first; parts where asked for."""
    found = page("full")
    times, effects, simulated, parts = found.tables
    assert [row[0] for row in times["rows"]] == ["ACME", "BOLT"]
    assert times["rows"][0][1:6] == ["10", "0", "12.0", "0.0", "12.0"]
    assert times["rows"][0][6] == "–"  # always 12 days: nothing is rounded at random
    assert times["rows"][0][7:11] == ["10", "100.00%", "2.0", "2.0"]
    assert times["rows"][1][7:11] == ["0", "–", "–", "–"]
    untold = ["–", "–", "cannot tell", "–", "–", "cannot tell", "–", "cannot tell"]
    assert effects["rows"][1][1:] == untold
    assert simulated["rows"][0] == ["ACME", "12.00", "0.00", "12.00", "0.00", "no", "0.00"]
    assert parts["rows"][0][1:] == ["10", "10", "75.00%", "3.0", "0.00%"]
    assert found.texts[0].startswith("2 suppliers. No drift found.")
    assert "nothing can be told about drift: fewer than 8 order days" in found.texts[0]
    assert len(page("rows").tables) == 3
