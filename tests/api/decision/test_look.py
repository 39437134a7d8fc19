"""What to look at before one signs: vital items, the dip, the budget and the first orders on the way."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd

from simlab.api.decision.headline import Pair
from simlab.api.decision.look import dip, first_orders, lifts, most_raised, over_budget, vital, why_more


def way(stock, bought=None, dip=None, lump=0, dead=0.0, on_order=0.0):
    frame = pd.DataFrame({"inventory_value": stock})
    frame["purchases"] = np.ones(len(stock)) if bought is None else bought
    frame["dead_stock"], frame["on_order_value"] = dead, on_order
    return SimpleNamespace(frame=frame, dip=dip, lump=lump, unknown=0, period="week", currency="EUR")


def test_vital_items_below_eighty_percent_are_counted():
    words = np.array(["vital", "V ", "essential", None], dtype=object)
    keys = ["A@X", "B@X", "C@X", "D@X"]
    one = vital(words, np.array([0.7, 0.9, 0.1, 0.1]), keys, lambda rows: (np.full(rows.size, 31.4), "EUR"))
    assert one.title == "1 of 2 vital items below 80%"
    assert "less than 80%: A@X 70.0%; EUR 31" in one.text
    two = vital(words, np.array([0.7, 0.4, 0.1, 0.1]), keys, lambda rows: (np.array([np.nan, 9.0]), "EUR"))
    assert "a year lifts 1 of them" in two.text
    assert vital(words, np.array([0.8, 0.9, 0.1, 0.1]), keys, None) is None
    assert vital(None, np.array([0.1]), keys, None) is None


def test_the_dip_is_said_unless_orders_without_dates_make_it():
    assert dip(way([1.0], dip=(7, 0.816))).title == "dips to 81.6% in week 8"
    assert dip(way([1.0], dip=(7, 0.816), lump=3)) is None
    assert dip(way([1.0])) is None


def test_a_budget_exceeded_on_the_way_is_said_with_its_length_and_peak():
    found = over_budget(way([900.0, 1_200.0, 1_100.0, 800.0]), 1_000.0)
    assert found.title == "over budget on the way for 2 weeks, peak EUR 1,200"
    assert over_budget(way([900.0]), 1_000.0) is None
    assert over_budget(way([9e9]), None) is None


def test_the_budget_on_the_way_counts_what_the_budget_counts():
    """A shelf of 900 beside dead stock of 12,000 that no budget counts keeps a budget of 1,000."""
    late = way([12_900.0, 13_100.0], dead=12_000.0)
    assert over_budget(late, 1_000.0).title == "over budget on the way for 1 week, peak EUR 1,100"
    assert over_budget(late, 1_200.0) is None
    assert over_budget(way([900.0], on_order=200.0), 1_000.0) is None
    assert (
        "for 1 week, peak EUR 1,100"
        in over_budget(way([900.0], on_order=200.0), 1_000.0, pipeline=True).title
    )


def test_large_first_orders_are_said_against_what_is_usual():
    bought = [3_000.0] * 4 + [1_000.0] * 48
    found = first_orders(way([1.0] * 52, bought))
    assert found.text == "Orders of the first 4 weeks: EUR 12.0k, against EUR 4,000 usually."
    assert first_orders(way([1.0] * 52)) is None


def test_why_the_plan_needs_more_than_the_habit_is_said_with_what_a_target_per_sku_would_save():
    weights = pd.DataFrame({"plan": ["per_sku"], "weight": ["margin"], "percent": [0.25]})
    more = Pair("habit", {"margin": "more"}, {"margin": 0.04}, "margin")
    (said,) = why_more([more], weights)
    assert said.title == "why more: one target a segment; a target per SKU needs 20% less"
    assert "the A98 B95 C90 habit tells them apart" in said.text
    assert "20% less at equal margin served" in said.text
    (plain,) = why_more([more], weights.assign(percent=0.0))
    assert "would save next to nothing: keep the A98 B95 C90 habit, cheaper for the same" in plain.text
    assert why_more([Pair("habit", {"margin": "more"}, {"margin": 0.004}, "margin")], weights) == ()
    assert why_more([Pair("habit", {"margin": "less"}, {"margin": -0.04}, "margin")], weights) == ()
    assert why_more([], weights) == ()


def test_a_single_item_that_takes_most_of_the_stock_is_named():
    """One level rises by a unit of EUR 80,000, twenty by a unit of EUR 5; many alike are not named."""
    cost = np.array([80_000.0, *[5.0] * 20]) * 100
    before = np.zeros((21, 1), np.int64)
    opt = SimpleNamespace(
        references=SimpleNamespace(now="habit", levels={"habit": SimpleNamespace(order_up_to=before)}),
        solved=SimpleNamespace(kept={"segmented": SimpleNamespace(order_up_to=before + 1)}),
        data=SimpleNamespace(
            models=SimpleNamespace(costs=SimpleNamespace(unit_cost=cost, cost_resolution=0.01)),
            catalog=SimpleNamespace(keys=["RARE@X", *[f"S{k}@X" for k in range(20)]]),
            study=SimpleNamespace(currency="EUR"),
        ),
    )
    assert most_raised(opt) == " Most of what rises is in RARE@X (level 0 to 1, EUR 80.0k)."
    opt.references.levels["habit"].order_up_to += 100  # a hundredth more is not named
    opt.solved.kept["segmented"].order_up_to += 100
    assert most_raised(opt) == ""
    before[:], opt.data.models.costs.unit_cost[0] = 0, 500.0
    assert most_raised(opt) == ""


@dataclass(frozen=True)
class TwoItems:
    """Sums of two SKU-locations at four targets."""

    on_hand: np.ndarray
    on_hand_start: np.ndarray
    served: np.ndarray
    demanded: np.ndarray

    @property
    def n_items(self) -> int:
        return len(self.demanded)

    @property
    def n_columns(self) -> int:
        return self.on_hand.shape[1]


def test_lifting_an_item_costs_what_its_next_target_that_serves_holds_more():
    """Two items of ten units, four targets; the first stands at the second, the last at the top."""
    one = np.ones((2, 4, 1), np.int64)
    stock = np.array([[1, 2, 3, 7], [1, 2, 3, 4]])[:, :, None]
    served = np.array([[5, 8, 8, 9], [1, 2, 3, 4]])[:, :, None]
    curves = TwoItems(stock, stock, served, 10 * one[:, 0])
    costs = SimpleNamespace(unit_cost=np.array([100, 100]), holding=np.array([2_000, 2_000]))
    opt = SimpleNamespace(
        curves=curves,
        solved=SimpleNamespace(columns={"segmented": np.array([1, 3])}),
        settings=SimpleNamespace(counted=1, replications=1),
        data=SimpleNamespace(
            models=SimpleNamespace(costs=costs),
            study=SimpleNamespace(currency="EUR", data=SimpleNamespace(cost_resolution=0.01)),
        ),
    )
    money, currency = lifts(opt, np.arange(2))
    assert currency == "EUR"
    assert money[0] == 2 * 2_000 * (3 - 2) * 0.01 / 100 / 2  # one unit more, before and after ordering
    assert np.isnan(money[1])
