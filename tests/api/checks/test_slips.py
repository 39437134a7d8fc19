"""What looks like a slip in items is a question, not "No problems": units, commas, receipts of nobody."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.remarks.slips import overtaken, slips
from simlab.errors import InvalidInputError

N = 6
WEEKS = pd.date_range("2023-01-02", periods=104, freq="W-MON").strftime("%Y-%m-%d")


def sales() -> pd.DataFrame:
    """About ten a week of each of six SKUs: 520 a year."""
    return pd.DataFrame(
        {
            "sku": np.repeat([f"S{k}" for k in range(N)], len(WEEKS)),
            "location": "X",
            "date": np.tile(WEEKS, N),
            "quantity": np.random.default_rng(3).poisson(10, N * len(WEEKS)),
        }
    )


def receipts(days: int, supplier: str = "V") -> pd.DataFrame:
    ordered = pd.date_range("2023-01-04", periods=40, freq="14D")
    came = ordered + pd.to_timedelta(days + np.arange(40) % 2 * (days > 0), unit="D")
    return pd.DataFrame(
        {
            "supplier": supplier,
            "order_date": ordered.strftime("%Y-%m-%d"),
            "receipt_date": came.strftime("%Y-%m-%d"),
            "quantity": np.arange(40) + 20,
        }
    )


def told(came: pd.DataFrame | None = None, **columns) -> dict[str, str]:
    """Remarks by key on a weekly study with these columns of items."""
    table = {
        "sku": [f"S{k}" for k in range(N)],
        "location": "X",
        "unit_cost": 10.0,
        "lead_time": 14.0,
        **columns,
    }
    data = sl.load_frames(
        pd.DataFrame(table),
        demand=sales(),
        receipts=came,
        study={"study": {"period": "week"}, "lead_times": {"crossing": False}},
    )
    return {key: text for key, text, _ in slips(data)}


def last(value: float, others: float) -> list[float]:
    return [others] * (N - 1) + [value]


def test_usual_items_raise_no_question() -> None:
    assert told() == {}
    assert told(receipts(14), supplier="V", on_hand=60.0, moq=12, pack_size=6, current_order_up_to=50.0) == {}


@pytest.mark.parametrize("name", ["on_hand", "moq", "pack_size", "current_order_up_to"])
def test_quantities_that_last_for_years_are_asked_about(name) -> None:
    """50,000 where 520 a year are sold: 96 years."""
    found = told(**{name: last(50_000, 40)})
    assert list(found) == [f"years of {name}"]
    assert found[f"years of {name}"].startswith(
        f"{name} of 1 SKU-locations lasts for more than 5 years: S5@X 50,000"
    )
    years = int(found[f"years of {name}"].split("(")[1].split(" years")[0])
    assert years == pytest.approx(96, abs=3)


def test_a_spare_on_the_shelf_lasts_for_years_and_is_none() -> None:
    """Five units of something cheap that sells once a year are no slip: nobody's plan moves by them."""
    table = pd.concat(
        [sales(), pd.DataFrame({"sku": "R", "location": "X", "date": [WEEKS[9], WEEKS[70]], "quantity": 1})]
    )
    items = pd.DataFrame({"sku": [*(f"S{k}" for k in range(N)), "R"], "location": "X", "unit_cost": 10.0})
    items["lead_time"], items["on_hand"] = 14.0, [40.0] * N + [8.0]
    data = sl.load_frames(items, demand=table, study={"study": {"period": "week"}})
    assert list(slips(data)) == []


def test_a_lost_decimal_sign_of_a_cost_is_asked_about() -> None:
    text = told(unit_cost=last(125_000.0, 12.5))["unit_cost far above the others"]
    assert text.startswith("unit_cost of S5@X 125,000 is a thousand times the usual")
    assert told(unit_cost=last(125.0, 12.5)) == {}


def test_stated_lead_times_that_receipts_contradict_are_asked_about() -> None:
    """Two, meant in weeks, where receipts show fifteen days."""
    text = told(receipts(15), supplier="V", lead_time=2.0)["stated lead times"]
    assert "@X 2 days stated, 15.5 received" in text
    assert told(receipts(15), supplier="V", lead_time=12.0) == {}


def test_lead_times_of_years_and_of_no_day_at_all_are_asked_about() -> None:
    """5,000 days among fourteens: 9,999 units on the shelf; all 0: a column that was never filled."""
    text = told(lead_time=last(5_000.0, 14.0))["years of lead time"]
    assert text.startswith("lead_time of 1 SKU-locations is longer than 3 years: S5@X 5,000 days")
    assert told(lead_time=last(700.0, 14.0)) == {}
    assert list(told(lead_time=0.0)) == ["no lead time"]
    assert told(lead_time=last(14.0, 0.0)) == {}


def test_receipts_on_the_day_of_their_order_are_asked_about() -> None:
    assert "All 40 receipts came on the day" in told(receipts(0), supplier="V")["receipts at once"]


def test_stock_below_zero_is_asked_about() -> None:
    """It was taken off the value of today's stock without a word."""
    [text] = told(lead_time=12.0, on_hand=[-5.0, 6.0] + [9.0] * (N - 2)).values()
    assert "lies below zero: S0@X -5" in text


def test_a_supplier_written_in_two_ways_is_asked_about() -> None:
    text = told(receipts(14, "Acme Ltd."), supplier="ACME")["suppliers without receipts"]
    assert "('Acme Ltd.')" in text
    assert "('ACME'; 6 SKU-locations)" in text
    both = pd.concat([receipts(14, "ACME"), receipts(14, "Other")])
    assert told(both, supplier="ACME") == {}, "receipts of suppliers of other items are usual"


def test_issues_booked_with_a_minus_are_no_returns() -> None:
    table = sales().assign(quantity=lambda rows: -rows["quantity"])
    items = pd.DataFrame(
        {"sku": [f"S{k}" for k in range(N)], "location": "X", "unit_cost": 1.0, "lead_time": 7}
    )
    for returns in ("refuse", "net", "drop"):
        study = {"study": {"period": "week"}, "data": {"demand": {"returns": returns}}}
        with pytest.raises(InvalidInputError, match="booked with a minus") as refused:
            sl.load_frames(items, demand=table, study=study)
        assert "turn the sign of the table" in str(refused.value)


def overtaking(days: list[int]) -> pd.DataFrame:
    """Orders every three days, of one SKU and supplier, that take so many days in turn."""
    ordered = pd.date_range("2023-01-04", periods=60, freq="3D")
    came = ordered + pd.to_timedelta(np.resize(days, 60), unit="D")
    table = {"sku": "S0", "location": "X", "supplier": "V", "quantity": 20}
    return pd.DataFrame(
        {"order_date": ordered.strftime("%Y-%m-%d"), "receipt_date": came.strftime("%Y-%m-%d"), **table}
    )


def test_orders_that_overtook_where_the_study_keeps_all_in_sequence() -> None:
    """20 and 4 days in turn: every second order comes before the one placed three days earlier, 30 of 59."""
    found = told(overtaking([20, 4]), supplier="V")
    assert found["orders that overtook"].startswith("30 of 59 receipts (51%) came before an order")
    assert "crossing = true" in found["orders that overtook"]
    assert "orders that overtook" not in told(overtaking([14, 15]), supplier="V")


def test_orders_of_one_day_and_of_other_skus_do_not_overtake() -> None:
    day = np.array(["2023-01-02", "2023-01-02", "2023-01-05", "2023-01-05"], "datetime64[D]")
    came = np.array(["2023-01-20", "2023-01-10", "2023-01-09", "2023-01-25"], "datetime64[D]")
    assert overtaken(list("aaaa"), day, came) == (2, 1)
    assert overtaken(list("abca"), day, came) == (1, 0)


def test_open_orders_for_years_and_the_same_order_twice_are_asked_about(tmp_path) -> None:
    items = pd.DataFrame(
        {"sku": ["S0", "S1"], "location": "X", "unit_cost": 10.0, "lead_time": 14.0, "on_hand": 9}
    )
    due = pd.DataFrame({"sku": ["S0", "S0", "S1"], "location": "X", "quantity": [5, 5, 50_000]})
    items.to_csv(tmp_path / "items.csv", index=False)
    due.assign(due_date="2025-01-20").to_csv(tmp_path / "open_orders.csv", index=False)
    sales()[lambda rows: rows["sku"].isin(["S0", "S1"])].to_csv(tmp_path / "demand.csv", index=False)
    (tmp_path / "study.toml").write_text(
        'schema = 2\n[study]\nperiod = "week"\n[data.items]\npath = "items.csv"\n[data.demand]\n'
        'path = "demand.csv"\n[data.open_orders]\npath = "open_orders.csv"\n[lead_times]\nlaw = "fixed"\n'
    )
    data = sl.load(tmp_path / "study.toml")
    (key, text, _) = next(one for one in slips(data))
    assert key == "years of open orders"
    assert "open orders of 1 SKU-locations lasts for more than 5 years: S1@X 50,000 (" in text
    (row,) = [one for one in data.quality.entries if "more than once" in one.what]
    assert row.notice == "look"
    assert row.note.startswith("row 3 (S0) says what row 2 says in every column")


def test_orders_that_never_came_are_asked_about() -> None:
    """Two years without a receipt: it counted as on order without a word; one of three weeks is none."""
    came = receipts(10).assign(sku="S1", location="X")
    still = {"supplier": "V", "sku": "S0", "location": "X", "receipt_date": None, "quantity": 70}
    new = pd.DataFrame([{**still, "order_date": "2024-12-10"}])
    old = pd.DataFrame([{**still, "order_date": "2023-02-01"}])
    assert "orders that never came" not in told(pd.concat([came, new]))
    text = told(pd.concat([came, new, old]))["orders that never came"]
    assert text.startswith(
        "1 order had no receipt for longer than [lead_times] longest_days = 364: S0@X of 2023-"
    )
    ahead = old.assign(promised_date="2026-01-01")
    assert "orders that never came" not in told(pd.concat([came, ahead]))
