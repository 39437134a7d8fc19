"""What to look at before one signs: segments at the lowest target, vital items, the way from today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.api.finance.floors.served_below import served_below_statements
from simlab.arrays import FloatArray, IntArray, TextArray
from simlab.measures.decision import short_money, short_rate
from simlab.run.statements import Statement

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.finance.capital import Capital
    from simlab.api.plans.outcome import Outcome

VITAL = frozenset({"v", "vital"})
LOW = 0.80
"""Vital SKU-locations served less than this are counted."""
_NAMED = 4


def look_first(
    opt: Outcome, capital: Capital, achieved: pd.DataFrame, served_below: pd.DataFrame
) -> tuple[Statement, ...]:
    """Warnings, the gravest first.

    Parameters
    ----------
    opt : Outcome
    capital : Capital
        The way from today.
    achieved : DataFrame
        One row per SKU-location: `fill_rate`.
    served_below : DataFrame
        Segments below `optimize.warn_below`: `segment`, `service`.
    """
    found = (
        vital(opt.data.catalog.texts.get("criticality"), achieved["fill_rate"].to_numpy()),
        below(opt, served_below),
        lowest(opt),
        dip(capital),
        over_budget(capital, opt.solved.budget),
        first_orders(capital),
    )
    return tuple(one for one in found if one is not None)


def _look(key: str, title: str, text: str) -> Statement:
    """A title for a line of the terminal, and the sentence."""
    return Statement("open", title, text, key, "look")


def below(opt: Outcome, frame: pd.DataFrame) -> Statement | None:
    """Segments served below the limit that the study warns at, with the price of lifting each."""
    texts = served_below_statements(opt, frame)
    if not texts:
        return None
    named = [
        f"{row['segment']} {short_rate(row['service'])}" for row in frame.head(_NAMED).to_dict("records")
    ]
    more = f" and {len(frame) - _NAMED} more" if len(frame) > _NAMED else ""
    limit = f"{100 * opt.data.study.optimize.warn_below:g}%"
    return _look("served below", f"below {limit}: {', '.join(named)}{more}", texts[0])


def at_lowest(opt: Outcome) -> IntArray:
    """Numbers of the segments at the lowest target that the study allows them, where it allows several."""
    choice, allowed = opt.chosen.choice, opt.rules.allowed
    free = np.ones((choice.size, len(opt.targets)), np.bool_) if allowed is None else allowed
    first, several = free.argmax(axis=1), free.sum(axis=1) > 1
    return np.flatnonzero((choice == first) & several)


def lowest(opt: Outcome) -> Statement | None:
    """Segments that sit at the lowest target that the study allows them, where it allows several."""
    choice, names = opt.chosen.choice, opt.segmentation.names
    fill = opt.segment_scores("segmented")["fill_rate"]
    at = at_lowest(opt)
    at = at[np.isfinite(fill[at])]  # elsewhere nothing is demanded
    if not at.size:
        return None
    order = at[np.argsort(fill[at], kind="stable")]
    said = [
        f"{names[row]} ({opt.segmentation.sizes[row]:,} SKU-locations, {short_rate(float(fill[row]))} served)"
        for row in order[:_NAMED]
    ]
    more = f" and {at.size - _NAMED} more" if at.size > _NAMED else ""
    least = short_rate(float(min(opt.targets[choice[row]] for row in at)))
    title = f"lowest target ({least}) in {', '.join(names[row] for row in order[:_NAMED])}{more}"
    return _look("lowest target", title, f"Lowest target allowed ({least}) in {', '.join(said)}{more}.")


def vital(criticality: TextArray | None, fill: FloatArray) -> Statement | None:
    """How many vital SKU-locations are served less than `LOW`."""
    if criticality is None:
        return None
    is_vital = np.array([str(word).strip().casefold() in VITAL for word in criticality])
    low = int((is_vital & (fill < LOW)).sum())
    if not low:
        return None
    n, verb = int(is_vital.sum()), "is" if low == 1 else "are"
    text = f"{low:,} of {n:,} vital SKU-locations {verb} served less than {100 * LOW:.0f}%."
    return _look("vital", f"{low:,} of {n:,} vital items below {100 * LOW:.0f}%", text)


def dip(capital: Capital) -> Statement | None:
    """Where service falls on the way from today to the plan."""
    if capital.dip is None or capital.lump or capital.unknown:
        return None
    at, fill = capital.dip
    served, when = short_rate(fill), f"{capital.period} {at + 1}"
    text = f"On the way there service falls to {served} of units in {when}."
    return _look("dip", f"dips to {served} in {when}", text)


def over_budget(capital: Capital, budget: float | None) -> Statement | None:
    """Whether stock exceeds the budget on the way from today, and for how long."""
    if budget is None:
        return None
    stock = capital.frame["inventory_value"].to_numpy()
    n = int((stock > budget).sum())
    if not n:
        return None
    periods = f"{n:,} {capital.period}{'s' if n != 1 else ''}"
    peak = short_money(float(stock.max()), capital.currency)
    money = short_money(budget, capital.currency)
    text = f"The budget of {money} is exceeded on the way for {periods}, peak {peak}."
    return _look("budget on the way", f"over budget on the way for {periods}, peak {peak}", text)


def first_orders(capital: Capital) -> Statement | None:
    """The first orders against what is ordered later, where they are at least twice as large."""
    bought = capital.frame["purchases"].to_numpy()
    n = min(bought.size // 4, {"day": 28, "week": 4}.get(capital.period, 1))
    if n < 1:
        return None
    first, usual = float(bought[:n].sum()), float(bought[-(bought.size // 2) :].mean()) * n
    if usual <= 0 or first < 2 * usual:
        return None
    span = f"{n} {capital.period}{'s' if n != 1 else ''}"
    money = [short_money(x, capital.currency) for x in (first, usual)]
    text = f"Orders of the first {span}: {money[0]}, against {money[1]} usually."
    return _look("first orders", f"first orders {money[0]} against {money[1]} usually", text)
