"""The demo retailer: reproducible, plausible, complete; `write_sample` replaces nothing."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.errors import UsageError
from simlab.models import fit
from simlab.policies import plan
from simlab.samples import study_text, write_sample
from simlab.samples.retailer import retailer
from simlab.segments import habit_targets
from simlab.study import parse_study


@pytest.fixture(scope="module")
def frames():
    return retailer()


def text(frames):
    return [table.to_csv(index=False) for table in (frames.items, frames.demand, frames.receipts)]


def test_same_seed_same_bytes_other_seed_other_bytes():
    small = text(retailer(3, n_skus=30))
    assert small == text(retailer(3, n_skus=30))
    assert all(one != other for one, other in zip(small, text(retailer(4, n_skus=30)), strict=True))


def test_size_is_that_of_a_mid_sized_retailer(frames):
    assert len(frames.items) == 1800
    assert frames.items["sku"].nunique() == 600
    assert sorted(frames.items["location"].unique()) == ["ECOM", "STORE-CENTRE", "STORE-NORTH"]
    assert frames.items["supplier"].nunique() == 12
    assert 150_000 < len(frames.demand) < 350_000
    assert not frames.items.drop(columns="moq").isna().any().any()


def test_two_years_of_daily_demand_without_zeros_and_closed_days(frames):
    demand = frames.demand
    assert demand["quantity"].min() > 0
    assert str(demand["date"].max().date()) == "2025-12-31"
    assert str(demand["date"].min().date()) > "2024-01-01"
    assert not (demand["date"].dt.strftime("%m-%d") == "12-25").any()
    assert not demand.duplicated(["sku", "location", "date"]).any()
    assert len(demand.groupby(["sku", "location"])) == 1800  # everything sold at least once


def test_prices_are_without_vat_so_that_margins_are_those_of_a_retailer(frames):
    """A third of sales would be no electronics retailer's margin: shelf prices hold 19 % VAT."""
    units = frames.demand.groupby(["sku", "location"])["quantity"].sum().reset_index()
    sold = frames.items.merge(units)
    share = 1 - (sold["unit_cost"] * sold["quantity"]).sum() / (sold["price"] * sold["quantity"]).sum()
    assert 0.12 < share < 0.25
    assert (sold["price"] > sold["unit_cost"]).all()


def test_value_is_concentrated_so_that_abc_bites(frames):
    units = frames.demand.groupby(["sku", "location"])["quantity"].sum().reset_index()
    value = frames.items.merge(units).eval("unit_cost * quantity").sort_values(ascending=False)
    share_a = ((value.cumsum() / value.sum()) < 0.8).mean()
    assert 0.1 < share_a < 0.3
    assert 5e6 < value.sum() / 2 < 5e7


def test_suppliers_differ_in_mean_and_spread_and_have_enough_receipts(frames):
    lead = (frames.receipts["receipt_date"] - frames.receipts["order_date"]).dt.days
    by = lead.groupby(frames.receipts["supplier"])
    assert by.size().min() >= 8
    assert lead.min() >= 1
    assert by.mean().max() > 5 * by.mean().min()
    assert (by.std() / by.mean()).max() > 3 * (by.std() / by.mean()).min()
    assert frames.receipts["receipt_date"].max() <= pd.Timestamp("2025-12-31")


def test_core_sells_fast_niche_slow_seasonal_in_season(frames):
    units = frames.demand.merge(frames.items[["sku", "location", "range_role", "category"]])
    per_role = units.groupby("range_role")["quantity"].sum() / frames.items.groupby("range_role").size()
    assert per_role["core"] > 10 * per_role["niche"]
    fans = units[(units["category"] == "cooling") & (units["range_role"] == "seasonal")]
    by_month = fans.groupby(fans["date"].dt.month)["quantity"].sum()
    assert by_month[7] > 3 * by_month[1]


def test_todays_levels_are_the_normal_formula_of_the_habit(frames):
    """Recomputed for one fast item: S = m(R + L) + z √((R + L)s² + m²·s_L²), rounded up."""
    item = frames.items.sort_values("current_order_up_to").iloc[-1]
    assert item["review_period"] == 7
    key = (frames.demand["sku"] == item["sku"]) & (frames.demand["location"] == item["location"])
    sales = frames.demand[key].set_index("date")["quantity"]
    days = pd.date_range(sales.index.min(), "2025-12-31")
    closed = pd.to_datetime(["2024-12-25", "2025-01-01", "2025-12-25"])
    series = sales.reindex(days.difference(closed), fill_value=0).to_numpy()
    own = frames.receipts[frames.receipts["supplier"] == item["supplier"]]
    lead = (own["receipt_date"] - own["order_date"]).dt.days.to_numpy()
    span, mean = 7 + lead.mean(), series.mean()
    sd = np.sqrt(span * series.var(ddof=1) + mean**2 * lead.var())
    levels = [int(np.ceil(mean * span + z * sd)) for z in (2.0537489, 1.6448536, 1.2815516)]
    assert item["current_order_up_to"] in levels


def test_todays_levels_are_those_that_the_study_calls_habit(frames):
    """Nearly: the fitted variance is the mean where demand passes for Poisson, and shrunk elsewhere.

    The shop set its levels as if every day of the year were alike, so that no season is modelled here.
    """
    alike = study_text().replace("\nseasonality = ", "\n# seasonality = ")
    assert alike != study_text()
    catalog = from_frames(parse_study(alike), frames.items, frames.demand, frames.receipts)
    models = fit(catalog)
    targets = habit_targets(catalog, models, catalog.study.segments)[:, None]
    asked = {"family": "order_up_to", "target_measure": "cycle_service_level", "planning": "normal"}
    planned = plan(models, targets, **asked).levels.order_up_to[:, 0]
    today = frames.items["current_order_up_to"].to_numpy()
    away = np.abs(planned - today)
    assert (away <= np.maximum(1, 0.15 * today)).mean() > 0.97
    assert (planned == today).mean() > 0.85


def test_packs_and_smallest_orders_agree(frames):
    items = frames.items
    asked = items["moq"].dropna().astype(int)
    assert 0 < len(asked) < 400
    assert (asked % items.loc[asked.index, "pack_size"] == 0).all()
    assert (items["on_hand"] >= 0).all()
    assert (items["on_order"] >= 0).all()


def test_the_study_file_is_accepted_as_it_stands():
    study = parse_study(study_text())
    assert study.period == "day"
    assert study.simulation.periods == 364
    assert study.optimize.fill_rate == 0.95
    assert study.lead_times.crossing is False


def test_every_option_of_the_study_file_is_explained():
    lines = [line for line in study_text().splitlines() if " = " in line and not line.startswith("#")]
    assert [line for line in lines if "#" not in line] == []


def test_written_files_read_back_as_the_frames(tmp_path):
    paths = write_sample(tmp_path / "new" / "shop", seed=5)
    assert [path.name for path in paths] == ["study.toml", "items.csv", "demand.csv", "receipts.csv"]
    frames = retailer(5)
    again = pd.read_csv(paths[2], parse_dates=["date"])
    assert again["quantity"].sum() == frames.demand["quantity"].sum()
    assert len(again) == len(frames.demand)
    assert b"\r" not in paths[1].read_bytes()
    assert "nan" not in paths[1].read_text().lower()
    pd.testing.assert_frame_equal(
        pd.read_csv(StringIO(frames.items.to_csv(index=False))), pd.read_csv(paths[1])
    )


def test_nothing_is_ever_replaced(tmp_path):
    (tmp_path / "demand.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"demand\.csv"):
        write_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["demand.csv"]
    assert (tmp_path / "demand.csv").read_text() == "mine"
    with pytest.raises(UsageError, match="is a file"):
        write_sample(tmp_path / "demand.csv")


@pytest.mark.parametrize(("seed", "n_skus"), [(-1, 10), (1, 0)])
def test_senseless_requests_are_usage_errors(seed, n_skus):
    with pytest.raises(UsageError):
        retailer(seed, n_skus=n_skus)
