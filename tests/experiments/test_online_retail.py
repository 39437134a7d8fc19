"""Experiment 01: the rules of preparation on small tables, and their counts on the real data."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.places import ROOT

from simlab.study import parse_study

FOLDER = ROOT / "experiments" / "01_online_retail"


def module(name):
    spec = importlib.util.spec_from_file_location(f"online_retail_{name}", FOLDER / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


prepare = module("prepare")
needs_data = pytest.mark.skipif(
    not os.environ.get("SIMLAB_DATA"), reason="SIMLAB_DATA does not name the folder of public data"
)


def lines(*rows):
    """(invoice, sku, quantity, minute, price, customer) → invoice lines of one day."""
    frame = pd.DataFrame(rows, columns=["invoice", "sku", "quantity", "minute", "unit_price", "customer_id"])
    start = pd.Timestamp("2011-03-01")
    frame["datetime"] = start + pd.to_timedelta(frame.pop("minute"), unit="min")
    frame["country"] = "EIRE"
    frame["customer_id"] = frame["customer_id"].astype("Int32")
    return frame


def kept(*rows):
    account = {}
    return prepare.without_cancelled(lines(*rows), account).index.tolist(), account


def test_a_cancellation_removes_the_latest_earlier_sale():
    rows = [("1", "10001", 5, 0, 2.0, 7), ("2", "10001", 5, 10, 2.0, 7), ("C3", "10001", -5, 20, 2.0, 7)]
    found, account = kept(*rows)
    assert found == [0]
    assert account["cancellations matched to a sale"] == 1


def test_a_sale_is_removed_once_and_later_or_simultaneous_sales_stay():
    rows = [
        ("1", "10001", 5, 0, 2.0, 7),
        ("C2", "10001", -5, 10, 2.0, 7),
        ("C3", "10001", -5, 20, 2.0, 7),
        ("4", "10001", 5, 20, 2.0, 7),
        ("5", "10001", 5, 30, 2.0, 7),
    ]
    found, account = kept(*rows)
    assert found == [3, 4]
    assert account["cancellations unmatched, not netted"] == 1


@pytest.mark.parametrize(
    "cancel",
    [
        ("C2", "10001", -4, 10, 2.0, 7),
        ("C2", "10001", -5, 10, 2.1, 7),
        ("C2", "10001", -5, 10, 2.0, 8),
        ("C2", "10002", -5, 10, 2.0, 7),
        ("C2", "10001", -5, 10, 2.0, None),
    ],
)
def test_quantity_price_customer_and_sku_must_agree(cancel):
    found, account = kept(("1", "10001", 5, 0, 2.0, 7), cancel)
    assert found == [0]
    assert account["cancellations unmatched, not netted"] == 1


def test_weeks_run_monday_to_sunday_and_ten_must_be_active():
    mondays = pd.date_range("2010-12-06", periods=10, freq="7D")
    stamps = [*(mondays + pd.Timedelta(days=6, hours=23)), mondays[0] + pd.Timedelta(days=1)]
    sales = pd.DataFrame({"sku": "10001", "country": "EIRE", "datetime": stamps})
    sales = sales.assign(quantity=2, unit_price=[1.0] * 10 + [2.0])
    weekly, items = prepare.weekly_demand(sales, {})
    assert weekly["date"].tolist() == mondays.tolist()
    assert weekly["quantity"].tolist() == [4] + [2] * 9
    assert items["unit_cost"].item() == pytest.approx(0.6 * 24 / 22, abs=1e-4)
    assert len(prepare.weekly_demand(sales.iloc[1:], {})[1]) == 1  # the Tuesday keeps week one active
    assert prepare.weekly_demand(sales.iloc[1:10], {})[1].empty


def test_the_hash_of_a_sku_is_the_same_everywhere():
    assert prepare.stable_hash("85123A") == 13617093870575065387


def test_the_study_file_is_accepted_in_every_setting():
    for setting in prepare.SETTINGS:
        study = parse_study(prepare.study_text(setting))
        assert study.lead_times.crossing is (setting == "crossing")
        assert study.period == "week"
        assert len(study.targets()) >= 24


def test_without_the_data_folder_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("SIMLAB_DATA", raising=False)
    with pytest.raises(SystemExit, match="SIMLAB_DATA"):
        prepare.data_folder()


@pytest.fixture(scope="module")
def real():
    start = time.perf_counter()
    prepared = prepare.prepare(prepare.data_folder())
    assert time.perf_counter() - start < 15
    return prepared


@pytest.mark.realdata
@needs_data
def test_counts_of_the_real_data(real):
    account = real.account
    assert account["lines read"] == 541_909
    assert account["SKU-locations"] == 3341
    assert account["SKU-locations United Kingdom"] == 2847
    assert account["vendors"] == 24
    assert account["cancellations matched to a sale"] == 2484
    assert account["deliveries over 364 days, refused"] == 19
    read = account["lines read"]
    dropped = ["lines of other countries", "lines without a product code", "lines without a positive price"]
    rest = ["cancellations", "cancellations matched to a sale", "other negative lines, ignored"]
    assert read == account["sales lines kept"] + sum(account[name] for name in dropped + rest)


@pytest.mark.realdata
@needs_data
def test_tables_of_the_real_data_keep_the_rules(real):
    demand, items, receipts = real.demand, real.items, real.receipts
    assert str(demand["date"].min().date()) == "2010-12-06"
    assert str(demand["date"].max().date()) == "2011-11-28"
    assert (demand["date"].dt.day_of_week == 0).all()
    assert not (demand["date"] == "2010-12-27").any()
    assert demand.groupby(["sku", "location"]).size().min() >= 10
    assert items["sku"].str.fullmatch(r"\d{5}.*").all()
    assert (items["sku"] == items["sku"].str.upper()).all()
    assert set(items["supplier"]) == set(receipts["supplier"])
    assert items.groupby("sku")["supplier"].nunique().max() == 1
    lead = (receipts["receipt_date"] - receipts["order_date"]).dt.days
    assert lead.groupby(receipts["supplier"]).mean().sub(28).abs().max() < 0.5
    assert receipts.groupby("supplier").size().min() >= 10
    assert np.isfinite(items["unit_cost"]).all()


@pytest.mark.realdata
@needs_data
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_preparation_from_the_command_line_stays_small(tmp_path):
    code = (
        "import runpy, sys; sys.argv = ['prepare.py', sys.argv[1]]; "
        f"runpy.run_path({str(FOLDER / 'prepare.py')!r}, run_name='__main__'); "
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    work = tmp_path / "work"
    done = subprocess.run([sys.executable, "-c", code, str(work)], capture_output=True, text=True, check=True)
    peak = int(done.stdout.split("VmHWM:")[1].split()[0])  # kilobytes
    assert peak < 1.5e6
    assert sorted(path.name for path in work.iterdir()) == [
        "demand.csv",
        "items.csv",
        "receipts.csv",
        "study.toml",
    ]


@pytest.mark.realdata
@needs_data
def test_recorded_lead_times_span_six_to_twenty_six_weeks():
    receipts = prepare.lead_time_shapes(prepare.data_folder(), {}, scaled=False)
    lead = (receipts["receipt_date"] - receipts["order_date"]).dt.days / 7
    means = lead.groupby(receipts["supplier"]).mean()
    assert 6 <= means.min() < 7
    assert 25 < means.max() <= 26
