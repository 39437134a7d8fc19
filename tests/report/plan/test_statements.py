"""Numbers and sentences of the report: a claim never goes beyond its interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simlab.report.kit.formats import interval, money, money_short, number, percent, span, target
from simlab.report.plan import statements as words

T = "\u202f"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.4, "£1,234,567"),
        (-1234.0, "−£1,234"),
        (12.345, "£12.35"),
        (0.0, "£0"),
        (-0.001, "£0.00"),
        (np.float64(5e9), "£5,000,000,000"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "–"),
    ],
)
def test_money(value: float | None, text: str) -> None:
    assert money(value, "GBP") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(94799.0, "£94.8k"), (9479.0, "£9,479"), (1234567.0, "£1.23m"), (-5.2e9, "−£5.20bn")],
)
def test_short_money_keeps_its_size(value: float, text: str) -> None:
    assert money_short(value, "GBP") == text


def test_other_formats() -> None:
    assert money(1500, "SEK") == f"1,500{T}SEK"
    assert percent(0.95432) == "95.43%"
    assert percent(math.nan) == "–"
    assert target(0.95) == "95%"
    assert target(0.999) == "99.9%"
    assert number(-3.14159, 2) == "−3.14"
    assert interval(0.1, 0.2, percent) == "10.00% to 20.00%"
    assert interval(math.nan, 0.2, percent) == "–"
    assert span(1.0, 2.0, number) == f"1{T}–{T}2"
    assert span(-1.0, 2.0, number) == "−1 to 2"


def row(difference: float, low: float, high: float, plan: str = "uniform") -> dict[str, Any]:
    return {
        "comparison": f"segmented vs {plan}",
        "basis": "equal fill",
        "at_fill": 0.95,
        "difference": difference,
        "difference_low": low,
        "difference_high": high,
        "percent": difference / 10000,
        "level": 0.95,
    }


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (-300, -100, "good"),
        (-300, 10, "open"),
        (100, 300, "bad"),
        (-300, 0, "open"),
        (math.nan, math.nan, "open"),
    ],
)
def test_the_winner_is_named_only_outside_the_interval(low: float, high: float, state: str) -> None:
    assert words.compare(row((low + high) / 2 if low == low else -200, low, high), "GBP").state == state


def test_a_saving_is_told_with_its_interval_turned_round() -> None:
    said = words.compare(row(-200, -300, -100), "GBP")
    assert said.text == (
        "At the same fill rate of 95.00% planning by segment costs £200 a year "
        "(2.0%; 95% interval £100 to £300) less to hold than the best uniform target."
    )


def test_no_number_is_said_to_be_no_number() -> None:
    said = words.compare(row(math.nan, math.nan, math.nan, "habit"), "GBP")
    assert said.state == "none"
    assert "nothing is extrapolated" in said.text


def test_the_per_sku_plan_is_a_price_not_a_defeat() -> None:
    said = words.compare(row(200, 100, 300, "per_sku"), "GBP")
    assert (said.state, said.title) == ("none", "Price of segmentation")
    assert "would cost £200 a year" in said.text


@pytest.mark.parametrize(
    ("low", "high", "state", "title"),
    [
        (0.951, 0.955, "good", "Serves"),
        (0.949, 0.955, "open", "On the line"),
        (0.940, 0.949, "bad", "Misses"),
    ],
)
def test_meeting_a_floor_needs_the_lower_bound(low: float, high: float, state: str, title: str) -> None:
    total = {"fill_rate": (low + high) / 2, "fill_rate_low": low, "fill_rate_high": high}
    said = words.service(total, 0.95, 0.95)
    assert said.state == state
    assert said.title.startswith(title)
    assert (words.IF_LAWS in said.text) == (state == "good")


def test_nothing_demanded_has_no_fill_rate() -> None:
    assert "Nothing was demanded" in words.service({"fill_rate": math.nan}, 0.95, 0.95).text


@pytest.mark.parametrize(("ceiling", "state"), [(120.0, "good"), (100.0, "open"), (80.0, "bad")])
def test_budget(ceiling: float, state: str) -> None:
    total = {"inventory_value": 100.0, "inventory_value_low": 90.0, "inventory_value_high": 110.0}
    said = words.budget(total, ceiling, "GBP")
    assert said is not None
    assert said.state == state
    assert words.budget(total, None, "GBP") is None


def test_equal_costs_are_called_equal_and_an_undecided_price_stays_open():
    """A plan that is the uniform one is neither a win nor 'not distinguishable'."""
    row = {"comparison": "segmented vs uniform", "at_fill": 0.95, "difference": 0.0, "percent": 0.0}
    row |= {"difference_low": -9.0, "difference_high": 9.0, "percent_low": -5e-5, "percent_high": 5e-5}
    assert words.compare(row, "EUR").title.startswith("Costs the same as")
    wide = row | {"comparison": "segmented vs per_sku", "percent_low": -0.02, "percent_high": 0.02}
    assert words.compare(wide, "EUR").state == "open"
