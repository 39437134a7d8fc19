"""What `check` asks about: rows pasted twice that an export's own numbers tell apart, and one wild row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl

DAYS = pd.date_range("2023-01-01", "2023-12-31").strftime("%Y-%m-%d")
ITEMS = pd.DataFrame({"sku": ["A", "B", "C"], "location": "X", "unit_cost": 10.0, "lead_time": 9.0})
SUM = {"demand": {"duplicates": "sum"}}


def sales() -> pd.DataFrame:
    """A year of days, 0 to 4 units of each SKU; days without sales have no row."""
    rng = np.random.default_rng(7)
    parts = [
        pd.DataFrame({"sku": sku, "location": "X", "date": DAYS, "quantity": rng.poisson(0.6, len(DAYS))})
        for sku in ITEMS["sku"]
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[table["quantity"] > 0].reset_index(drop=True)


def receipts() -> pd.DataFrame:
    ordered = pd.date_range("2023-01-04", periods=40, freq="7D")
    days = np.random.default_rng(8).integers(7, 12, 40)
    return pd.DataFrame(
        {
            "sku": np.resize(ITEMS["sku"].to_numpy(), 40),
            "location": "X",
            "supplier": "V",
            "order_date": ordered.strftime("%Y-%m-%d"),
            "receipt_date": (ordered + pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d"),
            "quantity": 20,
        }
    )


def asked(sold: pd.DataFrame, came: pd.DataFrame | None = None, **source: object) -> list[str]:
    """What is asked about, of both tables."""
    study = {"study": {"period": "day"}, "data": source or SUM, "lead_times": {"crossing": False}}
    data = sl.load_frames(ITEMS, demand=sold, receipts=came, study=study)
    return [f"{one.what}: {one.note}" for one in data.quality.entries if one.notice == "look"]


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(line=np.arange(len(table)))


def test_sales_pasted_twice_are_asked_about_where_doubles_are_summed() -> None:
    """Summed in silence, a table pasted twice is twice the demand; own numbers of lines hide it."""
    table = sales()
    assert asked(numbered(table)) == []
    twice = asked(numbered(pd.concat([table, table])))
    assert len(twice) == 1
    assert twice[0].startswith("every row stands an even number of times")
    part = asked(numbered(pd.concat([table, table[100:180]])))
    n = len(table)
    assert len(part) == 1
    assert part[0].startswith("80 rows are earlier ones over again")
    assert f"rows {n} to {n + 79} say what rows 100 to 179 say (sku, location, date, quantity)" in part[0]
    in_order = pd.concat([table, table]).sort_values(["sku", "date"])
    assert asked(numbered(in_order))[0].startswith("every row stands an even number of times")


def test_lines_alike_by_chance_are_not_asked_about() -> None:
    """Two customers a day, one or two units each: alike often, in no sequence."""
    rng = np.random.default_rng(9)
    table = sales()
    more = table.assign(quantity=rng.integers(1, 3, len(table))).iloc[rng.permutation(len(table))]
    assert asked(numbered(pd.concat([table.assign(quantity=1), more]))) == []


def test_receipts_pasted_twice_are_asked_about_though_each_has_its_number() -> None:
    came = receipts()
    assert asked(sales(), numbered(came)) == []
    for table in (pd.concat([came, came]), pd.concat([came, came[5:30]])):
        found = asked(sales(), numbered(table))
        assert len(found) == 1
        assert "pasted twice?" in found[0]
        assert 'if both came, say duplicates = "keep"' in found[0]
        assert asked(sales(), numbered(table), receipts={"duplicates": "keep"}) == []


def test_receipts_pasted_again_under_another_supplier_are_asked_about() -> None:
    came = receipts().assign(supplier=np.resize(["V", "V Ltd"], 40))
    assert asked(sales(), came) == []
    other = came.assign(supplier=came["supplier"].map({"V": "V Ltd", "V Ltd": "V"}))
    found = asked(sales(), pd.concat([came, other]))
    assert len(found) == 1
    assert "pasted twice?" in found[0]


@pytest.mark.parametrize("returns", ["drop", "net"])
def test_a_sale_of_thousands_taken_back_is_asked_about_unless_it_is_netted(returns: str) -> None:
    """As on Online Retail: one line of 80,995 units, cancelled within minutes; its level was 80,910."""
    table = sales()
    wild = pd.DataFrame(
        {"sku": "B", "location": "X", "date": ["2023-11-02", "2023-11-04"], "quantity": [4000, -4000]}
    )
    found = asked(pd.concat([table, wild]), demand={"returns": returns, "duplicates": "sum"})
    if returns == "net":
        assert found == []
        return
    assert len(found) == 1
    assert found[0].startswith("rows 20 times all others of their SKU-location")
    assert f"row {len(table)} (B, 2023-11-02) says 4000" in found[0]
    most = int(table.loc[table["sku"] == "B", "quantity"].max())
    assert f"next largest {most}" in found[0]


def test_a_slip_of_the_keyboard_is_asked_about_and_large_orders_of_small_value_are_not() -> None:
    table = sales()
    table.loc[200, "quantity"] = 400
    assert "says 400" in asked(table)[0]
    table.loc[200, "quantity"] = 15 * int(table["quantity"].drop(200).max())
    assert asked(table) == []


@pytest.mark.parametrize(("row", "year"), [(30, "2013"), (0, "2021")])
def test_a_receipt_years_from_all_others_is_asked_about(row: int, year: str) -> None:
    came = receipts()
    for name in ("order_date", "receipt_date"):
        came.loc[row, name] = year + came.loc[row, name][4:]
    found = asked(sales(), came)
    assert len(found) == 1
    assert f"row {row} ({came.loc[row, 'order_date']})" in found[0]
    assert "days from all other rows: a wrong year?" in found[0]


@pytest.mark.parametrize("due", ["1999-07-11", "2099-07-11"])
def test_an_open_order_years_away_is_asked_about(due: str) -> None:
    dates = ["2024-01-20", due]
    orders = pd.DataFrame({"sku": ["A", "B"], "location": "X", "quantity": 20, "due_date": dates})
    study = {"study": {"period": "day", "as_of": "2023-12-31"}}
    data = sl.load_frames(ITEMS, demand=sales(), open_orders=orders, study=study)
    found = [one for one in data.quality.entries if one.notice == "look"]
    assert len(found) == 1
    assert f"row 1 (B) is due {due}" in found[0].note


def test_a_receipt_of_an_order_with_a_wrong_year_is_named_by_its_row() -> None:
    """Laws leave it out as too long; which row it was had to be searched for."""
    came = receipts()
    came.loc[20, "order_date"] = str(int(came.loc[20, "order_date"][:4]) - 1) + came.loc[20, "order_date"][4:]
    study = {"study": {"period": "day"}, "lead_times": {"crossing": False}}
    data = sl.load_frames(ITEMS, demand=sales(), receipts=came, study=study)
    notes = [one.note for one in data.quality.entries if one.what == "very long lead times"]
    assert len(notes) == 1
    assert notes[0].startswith(f"row 20, ordered {came.loc[20, 'order_date']}, came after 37")
    assert not [one for one in data.quality.entries if "far from all others" in one.what]


def test_names_that_look_alike_are_asked_about() -> None:
    """A blank at the end, capitals, é of one sign or of two: each a SKU of its own, and said."""
    names = ["A", "A ", "é1", "e\u03011", "b", "B", "C"]
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 1.0})
    items = items.assign(demand_law="poisson", demand_mean=1.0)
    entries = sl.load_frames(items, study={"segments": {"by": "all"}}).catalog.quality.entries
    said = [entry for entry in entries if "look alike" in entry.what]
    assert [entry.what for entry in said] == [
        "3 SKU-locations stand more than once under names that look alike"
    ]
    assert said[0].notice == "look"
    assert "'A@X' and 'A @X'" in said[0].note
    entries = sl.load_frames(items.iloc[[0, 2, 4, 6]]).catalog.quality.entries
    assert not [entry for entry in entries if "look alike" in entry.what]


def test_places_and_suppliers_that_look_alike_are_asked_about() -> None:
    """Two laws of lead times for one supplier, and nobody knew; of descriptions each row has its own."""
    items = pd.DataFrame({"sku": list("ABCD"), "location": "X", "unit_cost": 1.0, "demand_law": "poisson"})
    items = items.assign(demand_mean=1.0, supplier=["ACME", "Acme ", "B", "B"], text=["x", "X", "y", "z"])
    entries = sl.load_frames(items, study={"segments": {"by": "all"}}).catalog.quality.entries
    [said] = [entry for entry in entries if "look alike" in entry.what]
    assert (said.what, said.notice) == ("column 'supplier' has values that look alike", "look")
    assert "'ACME' and 'Acme '" in said.note
    items = items.assign(supplier="B", text=["M8  x 20", *["M8 x 20"] * 3])
    [said] = [one for one in sl.load_frames(items).catalog.quality.entries if "look alike" in one.what]
    assert said.notice == ""  # nothing is grouped by it
    assert "'M8··x 20' and 'M8 x 20'" in said.note


def test_receipts_of_nobody_and_of_nothing_are_told() -> None:
    """A supplier in small letters had receipts that no item learned from; 0 units counted as a delivery."""
    came = receipts()
    came.loc[5, "supplier"], came.loc[6, "quantity"] = "v", 0
    study = {"study": {"period": "day"}, "lead_times": {"crossing": False}}
    data = sl.load_frames(ITEMS.assign(supplier="V"), demand=sales(), receipts=came, study=study)
    [said] = [entry for entry in data.quality.entries if "suppliers that no item has" in entry.what]
    assert (said.what, said.notice) == ("1 row of suppliers that no item has", "look")
    assert said.note.startswith("'v' looks like 'V' of items: one and the same?")
    assert [one.what for one in data.quality.entries if "of 0 units" in one.what] == ["1 receipt of 0 units"]


def test_a_sku_that_differs_by_a_sign_that_nobody_sees_is_told_its_twin() -> None:
    """'A' is not in the items table, said the message, and the reader saw A in both."""
    demand = sales()
    demand.loc[3, "sku"] = "A\u200b"
    with pytest.raises(sl.InvalidInputError) as refused:
        sl.load_frames(ITEMS, demand=demand, study={"study": {"period": "day"}})
    [problem] = refused.value.problems
    assert problem.fix.startswith("'A\\u200b' looks like 'A' of items: one and the same?")


def test_a_sku_without_the_zeros_before_it_is_told_its_twin() -> None:
    """As a spreadsheet leaves 00123: 123."""
    items = ITEMS.assign(sku=["00123", "B", "C"])
    with pytest.raises(sl.InvalidInputError) as caught:
        sl.load_frames(items, demand=sales().replace({"sku": {"A": "123"}}), study={"data": SUM})
    (problem,) = caught.value.problems
    assert problem.fix.startswith("'123' looks like '00123' of items: one and the same?")
