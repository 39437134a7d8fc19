"""Unit costs: 0 is a fact, a fraction of a cent is counted, and what rounding does is said."""

from __future__ import annotations

import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.errors import InvalidInputError

FOUND = TESTS / "found" / "zero-cost"


def items(*costs: object, **more: object) -> pd.DataFrame:
    frame = {"sku": [f"s{k}" for k in range(len(costs))], "location": "X", "unit_cost": list(costs)}
    return pd.DataFrame(frame | {"lead_time": 7, "demand_law": "poisson", "demand_mean": 3.0} | more)


def load(table: pd.DataFrame, **data: object) -> sl.Data:
    short = {"periods": 56, "replications": 8, "batches": 4}
    study = {"study": {"period": "day"}, "segments": {"by": "all"}, "simulation": short, "data": data}
    return sl.load_frames(table, study=study | {"verdict": {"replications": 8}, "optimize": {"n_targets": 5}})


def remark(data: sl.Data, what: str) -> str:
    return next(entry.note for entry in data.quality.entries if entry.what == what)


def test_samples_and_consignment_cost_nothing() -> None:
    """Found: refused. Units count, money does not: value and holding cost are those of the one item owned."""
    data = sl.load(FOUND / "study.toml")
    assert data.catalog.unit_cost.tolist() == [0, 0, 100_000]
    assert "2 SKU-locations cost nothing" in remark(data, "unit_cost 0")
    assert data.models.annual_value.tolist() == [0.0, 0.0, 5 * 365 * 10.0]


def test_a_free_item_is_served_like_one_that_costs_money() -> None:
    """Same ids, so same demand: units and service are equal, and the value is that of the other two."""
    free, paid = (load(items(cost, 2.0, 3.0)) for cost in (0, 5.0))
    policy = {"all": 0.9}
    runs = [
        sl.simulate(data, sl.Policy.from_targets(sl.segment(data, "all"), fill_rate=policy))
        for data in (free, paid)
    ]
    assert runs[0].fill_rate.value == runs[1].fill_rate.value
    stock = runs[1].curves.on_hand.sum(axis=(1, 2)) + runs[1].curves.on_hand_start.sum(axis=(1, 2))
    share = (stock[1] * 2 + stock[2] * 3) / (stock[0] * 5 + stock[1] * 2 + stock[2] * 3)
    assert runs[0].inventory_value.value / runs[1].inventory_value.value == pytest.approx(share)


def test_a_catalogue_that_costs_nothing_is_planned() -> None:
    """Every plan costs 0: the one that serves most is as cheap as any."""
    opt = sl.optimize(load(items(0, 0)), "all", fill_rate=0.9)
    assert opt.scores("segmented").inventory_value.value == 0
    assert opt.scores("segmented").fill_rate.value > 0.9


def test_a_catalogue_that_costs_nothing_has_no_service_by_value() -> None:
    """Said so, and not that nothing was demanded."""
    short = {"periods": 56, "replications": 8, "batches": 4}
    asked = {"service": {"measure": "fill_rate", "weight": "value"}, "n_targets": 3}
    study = {"study": {"period": "day"}, "segments": {"by": "all"}, "simulation": short, "optimize": asked}
    with pytest.raises(InvalidInputError, match="every unit_cost of items is 0"):
        sl.optimize(sl.load_frames(items(0, 0), study=study), "all")


def test_money_becomes_finer_where_a_cost_needs_it() -> None:
    """Found: 0.00075 became 0.0008 and 0.012345 became 0.0123 without a word."""
    data = load(items("0.00075", "0.012345", "80000"))
    assert data.study.data.cost_resolution == 1e-6
    assert data.catalog.unit_cost.tolist() == [750, 12_345, 80_000_000_000]
    assert data.models.annual_value[1] == pytest.approx(3 * 365 * 0.012345)
    assert "0.000001" in remark(data, "money counted finer")
    assert data.study.resolved()["data"]["cost_resolution"] == 1e-6


@pytest.mark.parametrize(
    ("cost", "resolution", "counted"),
    [("0.00025", 1e-5, 25), ("0.0000123", 1e-7, 123), ("0.0375", 0.0001, 375), ("0.02505", 1e-5, 2_505)],
)
def test_money_is_as_fine_as_the_cheapest_item_needs(cost, resolution, counted) -> None:
    """The coarsest power of ten, not above 0.0001, that holds the cost: 0.00025 = 25 x 0.00001, by hand."""
    data = load(items(cost, "5"))
    assert data.study.data.cost_resolution == resolution
    assert data.catalog.unit_cost[0] == counted
    assert data.models.annual_value[0] == pytest.approx(3 * 365 * float(cost), rel=1e-12)


@pytest.mark.parametrize(
    ("cost", "resolution", "counted", "size"),
    [("0.0124", 0.001, 12, "0.032"), ("0.37", 0.1, 4, "0.081"), ("7.3", 1.0, 7, "0.041")],
)
def test_the_size_of_other_roundings_is_told_too(cost, resolution, counted, size) -> None:
    """12 ÷ 12.4 = 1 - 0.032; 4 ÷ 3.7 = 1 + 0.081; 7 ÷ 7.3 = 1 - 0.041."""
    data = load(items(cost, "2"), cost_resolution=resolution)
    assert data.catalog.unit_cost[0] == counted
    assert f"at most by {size} of the cost ({cost})" in remark(data, "unit_cost rounded")


@pytest.mark.parametrize("cost", ["33.33333333", "1234.5", "0.99999999", "8.00009"])
def test_money_stays_where_rounding_is_nothing(cost: str) -> None:
    """Below 1 in 10,000 the resolution stays, and the size of the rounding is said."""
    data = load(items(cost, "2"))
    assert data.study.data.cost_resolution == 0.0001
    rounded = float(data.catalog.unit_cost[0]) / 1e4
    exact = float(cost)
    if rounded != exact:
        note = remark(data, "unit_cost rounded")
        assert f"at most by {abs(rounded / exact - 1):.2g} of the cost ({cost})" in note


def test_a_resolution_that_is_said_is_kept_and_its_effect_told() -> None:
    """0.00075 at 0.0001 is 0.0008: 6.7 % too much."""
    data = load(items("0.00075", "2"), cost_resolution=0.0001)
    assert data.catalog.unit_cost.tolist() == [8, 20_000]
    assert "at most by 0.067 of the cost (0.00075)" in remark(data, "unit_cost rounded")
    with pytest.raises(InvalidInputError, match="less than half the cost resolution"):
        load(items("0.00001", "2"), cost_resolution=0.0001)


def test_very_dear_and_very_cheap_do_not_overflow() -> None:
    """Where finer money would leave exact integers the rounding stays, said."""
    data = load(items("0.000123456", "90000000"))
    assert data.catalog.unit_cost.max() < 2**53
    assert "of the cost (0.000123456)" in remark(data, "unit_cost rounded")


def test_what_binary_numbers_add_is_no_rounding() -> None:
    """A table of frames or of another tool's floats says 4.603000000000001."""
    items = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": [4.603000000000001], "lead_time": 1.0})
    items = items.assign(demand_law="poisson", demand_mean=2.0)
    found = sl.load_frames(items, study={"study": {"period": "day"}, "segments": {"by": "all"}})
    assert not any("rounded" in entry.what for entry in found.quality.entries)
