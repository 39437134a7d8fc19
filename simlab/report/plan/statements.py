"""The verdict in words: pure functions of the numbers, with nothing claimed beyond their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlab.measures import PLAN_NAMES, SAME_COST
from simlab.measures.decision import short_rate
from simlab.report.kit.counted import USUAL, Counted
from simlab.report.kit.formats import interval, is_number, money, money_short, percent, target
from simlab.report.kit.sheet import Statement

IF_LAWS = "if the demand model is right"


def other_plan(row: Mapping[str, Any]) -> str:
    """The plan that the chosen one is compared with; runs up to 0.2.0 have "segmented vs uniform" alone."""
    return str(row.get("rival") or str(row["comparison"]).rpartition(" vs ")[2])


def compare(row: Mapping[str, Any], currency: str, counted: Counted = USUAL) -> Statement:
    """One row of the verdict table at equal service, as a sentence; the sign follows the interval only."""
    plan = other_plan(row)
    other = PLAN_NAMES[plan].the if plan in PLAN_NAMES else plan
    difference, low, high = (row.get(f"difference{end}") for end in ("", "_low", "_high"))
    if not is_number(difference):
        text = (
            f"No number against {other}: the two do not reach a common {counted.service} on fresh random "
            f"demand, and nothing is extrapolated."
        )
        return Statement("none", f"Not comparable with {other}", text)
    at = f"At the same {counted.service} of {percent(row['at_fill'])}"
    if _is_same(row):
        return Statement(
            "none", f"Costs the same as {other}", f"{at} planning by segment costs as much as {other}."
        )
    if plan == "per_sku":
        return _price(at, row, currency, counted)
    if is_number(high) and high < 0:
        less = _amount(row, currency, counted, sign=-1)
        return Statement(
            "good",
            f"Costs less than {other}, by {counted.weight}",
            f"{at} planning by segment costs {less} less {counted.spent} than {other}.",
        )
    if is_number(low) and low > 0:
        more = _amount(row, currency, counted)
        return Statement(
            "bad",
            f"Costs more than {other}",
            f"{at} planning by segment costs {more} more {counted.spent} than {other}.",
        )
    gap = _amount(row, currency, counted)
    text = (
        f"{at} planning by segment and {other} cannot be distinguished: the difference is {gap}, "
        f"and zero is not excluded."
    )
    return Statement("open", f"Too close to {other} to call", text)


def service(
    total: Mapping[str, Any], floor: float | None, level: float, counted: Counted = USUAL
) -> Statement:
    """Whether the plan reaches the floor on service: claimed only if the lower simulation bound does."""
    fill, low, high = (total.get(f"fill_rate{end}") for end in ("", "_low", "_high"))
    if not is_number(fill):
        return Statement("none", "Fill rate", f"Nothing was demanded, so there is no {counted.service}.")
    span = interval(low, high, percent)
    reached = f"{counted.service} {percent(fill)} ({percent(level, 0)} simulation interval {span})"
    if floor is None or not is_number(floor):
        return Statement("none", "Fill rate", f"The plan reaches a {reached}, {IF_LAWS}.")
    asked = target(floor)
    if is_number(low) and low >= floor:
        return Statement("good", f"Serves the {asked} asked", f"The plan reaches it: {reached}, {IF_LAWS}.")
    if is_number(high) and high < floor:
        text = f"Below what was asked in the re-test on fresh random demand: {reached}."
        return Statement("bad", f"Misses the {asked} asked", text)
    text = (
        f"On the line: {reached}. More repetitions of the re-test, or a little more service asked for, "
        f"would settle it."
    )
    return Statement("open", f"On the line of the {asked} asked", text)


def budget(total: Mapping[str, Any], ceiling: float | None, currency: str) -> Statement | None:
    """Whether mean inventory value stays within the budget; None without one."""
    value, high = total.get("inventory_value"), total.get("inventory_value_high")
    low = total.get("inventory_value_low")
    if ceiling is None or not is_number(ceiling) or not is_number(value):
        return None
    span = interval(low, high, lambda x: money(x, currency))
    seen = f"mean inventory value {money(value, currency)} ({span})"
    limit = money(ceiling, currency)
    if is_number(high) and high <= ceiling:
        return Statement(
            "good", f"Within the {limit} budget", f"The plan stays within it: {seen}, {IF_LAWS}."
        )
    if is_number(low) and low > ceiling:
        return Statement("bad", f"Over the {limit} budget", f"The plan goes beyond it out of sample: {seen}.")
    return Statement("open", f"At the edge of the {limit} budget", f"Not shown either way: {seen}.")


def headline(statements: Mapping[str, Statement], total: Mapping[str, Any], currency: str) -> Statement:
    """The sentence on top: against the best uniform target, else against the first comparison there is."""
    for plan in ("uniform", "habit", "today"):
        if plan in statements and statements[plan].state != "none":
            return statements[plan]
    if not is_number(total.get("fill_rate")):
        return Statement("none", "What was simulated", "Nothing was demanded.")
    stock = money_short(total["inventory_value"], currency)
    title = f"{short_rate(total['fill_rate'])} of units served at once, from {stock} of stock"
    cost = money_short(total.get("holding_cost"), currency)
    return Statement("none", title, f"Holding it costs {cost} a year. Nothing was compared with it.")


def _price(at: str, row: Mapping[str, Any], currency: str, counted: Counted) -> Statement:
    title = "Price of segmentation"
    low, high = row.get("difference_low"), row.get("difference_high")
    if is_number(low) and low > 0:
        less = _amount(row, currency, counted)
        text = f"{at} planning every SKU-location for itself would cost {less} less {counted.spent}."
        return Statement("none", title, text)
    if is_number(high) and high < 0:
        less = _amount(row, currency, counted, sign=-1)
        return Statement(
            "good",
            title,
            f"{at} planning by segment costs {less} less {counted.spent} than the per-SKU plan tried.",
        )
    gap = _amount(row, currency, counted)
    text = f"{at} planning by segment and the per-SKU plan cannot be distinguished: the difference is {gap}."
    return Statement("open", title, text)


def _is_same(row: Mapping[str, Any]) -> bool:
    """Whether the whole interval lies so near to zero that the costs are the same to the reader."""
    ends = (row.get("percent_low"), row.get("percent_high"))
    return all(is_number(end) and abs(end) < SAME_COST for end in ends)


def _amount(row: Mapping[str, Any], currency: str, counted: Counted, sign: int = 1) -> str:
    """`£2,100 a year (8.4%; 95% interval £1,800 to £2,400)`, turned round if the sign is -1."""
    share, low, high = row.get("percent"), row.get("difference_low"), row.get("difference_high")
    notes = [percent(sign * share, 1)] if is_number(share) else []
    if is_number(low) and is_number(high):
        ends = sorted((sign * low, sign * high))
        level = percent(float(row.get("level") or 0.95), 0)
        notes.append(f"{level} interval {interval(ends[0], ends[1], lambda x: money(x, currency))}")
    amount = money(sign * row["difference"], currency)
    return f"{amount}{counted.a_year}" + (f" ({'; '.join(notes)})" if notes else "")
