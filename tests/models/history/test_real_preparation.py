"""Demand of a real wholesaler made ready: returns, closed days, outliers, prices; every row accounted for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.catalog.quality import full_account
from simlab.errors import InvalidInputError
from simlab.models import fit, read_history
from simlab.study import Study

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not os.environ.get("SIMLAB_DATA"), reason="SIMLAB_DATA does not name the folder of public data"
    ),
]


@pytest.fixture(scope="module")
def sales():
    """150 products of the United Kingdom, invoice lines with their prices; returns are negative."""
    path = Path(os.environ["SIMLAB_DATA"]) / "online_retail" / "transactions.parquet"
    lines = pd.read_parquet(path, columns=["sku", "quantity", "datetime", "unit_price", "country"])
    lines["sku"] = lines["sku"].str.upper()
    kept = (
        lines["sku"].str.match(r"^\d{5}") & (lines["country"] == "United Kingdom") & (lines["unit_price"] > 0)
    )
    lines = lines[kept]
    chosen = lines.groupby("sku")["quantity"].sum().sort_values(ascending=False).index[:900:6]
    lines = lines[lines["sku"].isin(chosen)]
    demand = pd.DataFrame(
        {
            "sku": lines["sku"],
            "location": "UK",
            "date": lines["datetime"].dt.date.astype(str),
            "quantity": lines["quantity"],
            "price": lines["unit_price"],
        }
    )
    items = pd.DataFrame({"sku": chosen, "location": "UK", "unit_cost": 1.0, "lead_time": 28.0})
    return items, demand


def catalogue(sales, period="week", **demand):
    study = Study.default(
        period=period,
        as_of="2011-12-04",
        lead_times={"crossing": False},
        data={"demand": {"duplicates": "sum", "returns": "net"}},
        demand=demand,
    )
    return from_frames(study, *sales)


def test_every_line_is_accounted_for_and_returns_are_counted(sales) -> None:
    catalog = catalogue(sales)
    models = fit(catalog)
    account = full_account(catalog.quality, models.notes)
    assert account.rows("demand") == len(sales[1])
    netted = [entry for entry in account.entries if entry.what.startswith("return")]
    assert sum(entry.rows for entry in netted) == int(
        ((sales[1]["quantity"] < 0) & (sales[1]["date"] <= "2011-12-04")).sum()
    )


def test_the_days_on_which_the_firm_was_closed_are_found_and_then_named(sales) -> None:
    daily = catalogue(sales, "day")
    told = next(note.note for note in read_history(daily).notes if note.what == "days without any row")
    assert "every saturday" in told
    closed = catalogue(sales, "day", weekdays=["saturday"], closed=["2010-12-24/2011-01-03"])
    notes = {note.what: note.note for note in read_history(closed).notes}
    assert "every saturday" in notes["closed days of the study"]
    assert "every saturday" not in notes.get("days without any row", "")


def test_outliers_clipped_and_prices_taken_out_leave_a_sound_history(sales) -> None:
    rule = {"rule": "mad", "k": 8.0, "action": "clip"}
    uplift = {"drivers": ["price"], "future": "none"}
    with pytest.raises(InvalidInputError, match="weeks without sales have no row"):
        read_history(catalogue(sales, outliers=rule, uplift=uplift))
    catalog = catalogue(sales, outliers=rule, uplift=uplift, absent_dates="unknown")
    history = read_history(catalog)
    (price,) = history.uplift
    assert 1.0 < price.low < price.factor < price.high < 2.0
    clipped = history.changes.what == "outlier"
    assert clipped.sum() > 20
    assert (history.changes.after[clipped] < history.changes.before[clipped]).all()
    by_price = history.changes.what == "price"
    ratio = history.changes.after[by_price] / history.changes.before[by_price]
    assert ratio.max() < 12
    assert np.isfinite(fit(catalog).world.demand.variance).all()
