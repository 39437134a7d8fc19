"""What to look at before one signs: segments at the lowest target, vital items, the way from today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.decision.headline import noun
from simlab.api.finance.floors.served_below import served_below_statements
from simlab.api.plans.sums import ItemTables
from simlab.arrays import FloatArray, IntArray, TextArray
from simlab.measures import PLAN_NAMES
from simlab.measures.decision import short_money, short_rate
from simlab.measures.words import WHAT_IS_VITAL, is_vital
from simlab.run.statements import Statement

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.decision.headline import Pair
    from simlab.api.finance.capital import Capital
    from simlab.api.plans.outcome import Outcome

LOW = 0.80
"""Vital SKU-locations served less than this are counted."""
_NAMED, _FEW_RAISED = 4, 3
_FINER = 0.02
"""A target per SKU-location that saves more than this shows that segments are too coarse."""
_LITTLE, _MUCH = 0.01, 0.05
"""Less than this more needs no reason; levels that rise by less than this of all levels are not named."""


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
        vital(
            opt.data.catalog.texts.get("criticality"),
            achieved["fill_rate"].to_numpy(),
            opt.data.catalog.keys,
            partial(lifts, opt),
        ),
        below(opt, served_below),
        lowest(opt),
        dip(capital),
        over_budget(capital, opt.solved.budget, pipeline="pipeline" in opt.data.study.optimize.budget_on),
        first_orders(capital),
    )
    return tuple(one for one in found if one is not None)


def why_more(pairs: Sequence[Pair], weights: pd.DataFrame, raised: str = "") -> tuple[Statement, ...]:
    """Why the plan needs more than today's levels or the habit at equal service, as far as this run shows it.

    Parameters
    ----------
    pairs : sequence of Pair
        The plan against the others.
    weights : DataFrame
        `opt.weights()`: the plan against a target per SKU-location, by weight.
    raised : str
        Where most of the further stock goes, from `most_raised`.
    """
    marks = {pair.plan: pair for pair in pairs}
    pair = marks.get("today", marks.get("habit"))
    if pair is None or pair.mark != "more" or pair.percents[pair.deciding] < _LITTLE:
        return ()
    now = PLAN_NAMES[pair.plan].short
    rows = weights[(weights["plan"] == "per_sku") & (weights["weight"] == pair.deciding)]
    over = float(rows["percent"].iloc[0]) if len(rows) else float("nan")
    verb = "tells" if pair.plan == "habit" else "tell"
    text = f"Why more than {now}: a segment's SKU-locations all get one target, {now} {verb} them apart. "
    cheaper = "cheaper for the same service"
    if over > _FINER:
        less = f"{100 * over / (1 + over):.0f}%"
        text += f"A target for each would hold {less} less at equal {noun(pair.deciding)} served"
        text += f": sort more finely (simlab compare schemes), or keep {now}, {cheaper}."
        title = f"why more: one target a segment; a target per SKU needs {less} less"
    else:
        text += f"A target of the grid for each would save next to nothing: keep {now}, {cheaper}."
        title = f"why more: one target a segment, {now} {verb} items apart"
    text += raised
    return (Statement("open", title, text, "why more", "look"),)


def most_raised(opt: Outcome) -> str:
    """The few SKU-locations whose levels take most of what rises, in money; empty where many share it."""
    now, then = opt.references.levels[opt.references.now], opt.solved.kept["segmented"]
    before, after = (table.order_up_to[:, 0] for table in (now, then))
    costs = opt.data.models.costs
    more = np.maximum(after - before, 0) * (costs.unit_cost * costs.cost_resolution)
    order = np.argsort(-more, kind="stable")[:_FEW_RAISED]
    least = _MUCH * float((before * (costs.unit_cost * costs.cost_resolution)).sum())
    if not more.sum() > least or more[order].sum() < more.sum() / 2:
        return ""
    keys, currency = opt.data.catalog.keys, opt.data.study.currency
    named = [
        f"{keys[row]} (level {before[row]:,} to {after[row]:,}, {short_money(float(more[row]), currency)})"
        for row in order.tolist()
        if more[row] >= more.sum() / 10
    ]
    return f" Most of what rises is in {', '.join(named)}."


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
    """Segments with demand at the lowest target that the study allows them, where it allows several."""
    choice, allowed = opt.chosen.choice, opt.rules.allowed
    free = np.ones((choice.size, len(opt.targets)), np.bool_) if allowed is None else allowed
    first, several = free.argmax(axis=1), free.sum(axis=1) > 1
    demanded = np.isfinite(opt.segment_scores("segmented")["fill_rate"])
    return np.flatnonzero((choice == first) & several & demanded)


def lowest(opt: Outcome) -> Statement | None:
    """Segments that sit at the lowest target that the study allows them, where it allows several."""
    choice, names = opt.chosen.choice, opt.segmentation.names
    fill = opt.segment_scores("segmented")["fill_rate"]
    at = at_lowest(opt)
    if not at.size:
        return None
    order = at[np.argsort(fill[at], kind="stable")]
    sizes = opt.segmentation.sizes
    said = [
        f"{names[row]} ({sizes[row]:,}, {short_rate(float(fill[row]))} of units served)"
        for row in order[:_NAMED]
    ]
    more = f" and {at.size - _NAMED} more" if at.size > _NAMED else ""
    least = short_rate(float(min(opt.targets[choice[row]] for row in at)))
    title = f"lowest target ({least}) in {', '.join(names[row] for row in order[:_NAMED])}{more}"
    share = f"{int(sizes[at].sum()):,} of {int(sizes.sum()):,} SKU-locations"
    text = f"Lowest target allowed ({least}) for {share}: {', '.join(said)}{more}."
    return _look("lowest target", title, text)


def vital(
    criticality: TextArray | None,
    fill: FloatArray,
    keys: Sequence[str],
    lifts: Callable[[IntArray], tuple[FloatArray, str]],
) -> Statement | None:
    """The vital SKU-locations that are served less than `LOW`, the lowest first, and what lifting them costs.

    Parameters
    ----------
    criticality : (n,) str or None
    fill : (n,) float
    keys : sequence of str
        ``SKU@LOCATION``.
    lifts : callable
        Rows → money a year for each (NaN: no target of the grid does it), and the currency.
    """
    if criticality is None:
        return None
    own = np.array([is_vital(word) for word in criticality])
    low = np.flatnonzero(own & (fill < LOW))
    if not low.size:
        return None
    low = low[np.argsort(fill[low], kind="stable")]
    n, verb, them = int(own.sum()), "is" if low.size == 1 else "are", "it" if low.size == 1 else "them"
    named = ", ".join(f"{keys[row]} {short_rate(float(fill[row]))}" for row in low[:_NAMED].tolist())
    more = f" and {low.size - _NAMED:,} more" if low.size > _NAMED else ""
    limit = f"{100 * LOW:.0f}%"
    money, currency = lifts(low)
    able = np.isfinite(money)
    price = "no target of the grid lifts " + them
    if able.any():
        some = them if able.all() else f"{int(able.sum()):,} of them"
        price = f"{short_money(float(money[able].sum()), currency)} a year lifts {some} to {limit}"
    counted = f"{low.size:,} of {n:,} vital SKU-locations ({WHAT_IS_VITAL}) {verb} served less than {limit}"
    text = f"{counted}: {named}{more}; {price}."
    return _look("vital", f"{low.size:,} of {n:,} vital items below {limit}", text)


def lifts(opt: Outcome, rows: IntArray) -> tuple[FloatArray, str]:
    """(k,) holding cost a year that each item more costs at the next target that serves `LOW` of its units.

    On the search seed; NaN where no target of the grid does.
    """
    tables = ItemTables.of(opt.curves, opt.data.models, rows)
    cost, now = tables.cost, opt.solved.columns["segmented"][rows]
    able = tables.served >= LOW * tables.demanded[:, None]
    able &= np.arange(cost.shape[1]) > now[:, None]
    to = able.argmax(axis=1)
    at = np.arange(rows.size)
    settings, resolution = opt.settings, opt.data.study.data.cost_resolution
    unit = resolution / 100 / (2 * settings.counted * settings.replications)
    more = np.maximum(cost[at, to] - cost[at, now], 0) * unit
    return np.where(able.any(axis=1), more, np.nan), opt.data.study.currency


def dip(capital: Capital) -> Statement | None:
    """Where service falls on the way from today to the plan."""
    if capital.dip is None or capital.lump or capital.unknown:
        return None
    at, fill = capital.dip
    served, when = short_rate(fill), f"{capital.period} {at + 1}"
    text = f"On the way there service falls to {served} of units in {when}."
    return _look("dip", f"dips to {served} in {when}", text)


def over_budget(capital: Capital, budget: float | None, *, pipeline: bool = False) -> Statement | None:
    """Whether what the budget counts exceeds it on the way from today, and for how long.

    Parameters
    ----------
    capital : Capital
        The way from today.
    budget : float or None
        What it leaves for stock that plans move: dead stock counts on neither side.
    pipeline : bool
        The budget counts open orders too.
    """
    if budget is None:
        return None
    stock = (capital.frame["inventory_value"] - capital.frame["dead_stock"]).to_numpy()
    if pipeline:
        stock = stock + capital.frame["on_order_value"].to_numpy()
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
    span = f"{n} {capital.period}s" if n != 1 else capital.period
    money = [short_money(x, capital.currency) for x in (first, usual)]
    text = f"Orders of the first {span}: {money[0]}, against {money[1]} usually."
    return _look("first orders", f"first orders {money[0]} against {money[1]} usually", text)
