"""Declared treatment of histories: outliers, periods stocked out, promotions and prices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab import mapped
from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.models.grouping import per_item
from simlab.models.history.censoring import refuse_hardly_seen, unconstrained, without_stock
from simlab.models.history.drivers import Drivers, read_drivers
from simlab.models.history.history import Changes, History, unit_cost
from simlab.models.history.observable import check_effects
from simlab.models.history.uplift import without_uplift
from simlab.models.shared import Sharing
from simlab.study.history_sections import OutlierSpec

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_TO_SIGMA = 1.4826  # median absolute deviation → standard deviation of a normal law
_LEAST_DEMANDS = 8
_SHOWN = 5
_DID = {
    "list": "listed, not changed",
    "clip": "clipped to the bound",
    "drop": "dropped: the period is no observation",
}


def prepared(catalog: Catalog, history: History, short: BoolArray, sharing: Sharing) -> History:
    """The history with outliers, stock-outs, promotions and prices treated, and notes of what was done.

    Parameters
    ----------
    catalog : Catalog
        `demand.outliers`, `demand.censoring` and `demand.uplift` of its study; names and costs for the
        notes.
    history : History
        As counted; periods stocked out without sales have a row of 0.
    short : (c,) bool
        Periods in which the shelf was empty at some time.
    sharing : Sharing
        Pools of all items. What stock-outs and drivers hide is judged of all items alone.

    Notes
    -----
    In this order: outliers (a period under promotion is none where promotions are a driver), demand
    unseen in stock-outs, effects of promotions and prices.
    """
    spec = catalog.study.demand
    drivers = None if spec.uplift is None else read_drivers(catalog, history)
    noted: tuple[QualityRow, ...] = ()
    rules = per_item(catalog, "outliers")
    known = {id(one): one for one in rules}
    ids = np.array([id(one) for one in rules])
    for rule in dict.fromkeys([spec.outliers, *(one.outliers for one in spec.override if one.outliers)]):
        of_rule = np.isin(ids, [key for key, one in known.items() if one == rule])
        history, short, more = _outliers(catalog, history, short, drivers, rule, of_rule)
        noted += more
    if spec.censoring != "none":
        short = short & (per_item(catalog, "censoring") != "none")[history.item]
        if sharing.whole:
            refuse_hardly_seen(catalog, history, short)
        history, more = unconstrained(catalog, history, short)
        noted += (*more, *without_stock(catalog))
    if drivers is not None:
        if sharing.whole:
            check_effects(catalog, history, drivers)
        history, more = without_uplift(catalog, history, drivers, sharing)
        noted += more
    kept = history.quantity > 0
    return replace(
        history,
        item=mapped.chosen(history.item, kept),
        period=mapped.chosen(history.period, kept),
        quantity=mapped.chosen(history.quantity, kept),
        notes=(*history.notes, *noted),
    )


def outlier_bounds(history: History, k: float) -> FloatArray:
    """(n,) demand of a period above which it is an outlier: median + k · 1.4826 · MAD of the demands.

    Of periods with demand; infinite below 8 of them or where more than half are alike.
    """
    out = np.full(history.n_items, np.inf)
    bounds = history.bounds
    for item in np.flatnonzero(np.diff(bounds) >= _LEAST_DEMANDS).tolist():
        line = history.quantity[bounds[item] : bounds[item + 1]]
        middle = float(np.median(line))
        spread = float(np.median(np.abs(line - middle)))
        if spread > 0:
            out[item] = middle + k * _TO_SIGMA * spread
    return out


def _outliers(
    catalog: Catalog,
    history: History,
    short: BoolArray,
    drivers: Drivers | None,
    spec: OutlierSpec,
    of_rule: BoolArray,
) -> tuple[History, BoolArray, tuple[QualityRow, ...]]:
    """History and stock-out flags of its rows after one rule for its items, and a note."""
    if spec.rule == "none" or not of_rule.any():
        return history, short, ()
    usual = of_rule[history.item]
    usual &= True if drivers is None else ~drivers.promoted_rows(history)
    plain = replace(history, item=history.item[usual], quantity=history.quantity[usual])
    bound = outlier_bounds(plain, spec.k)[history.item]
    found = usual & (history.quantity > bound)
    if not found.any():
        row = QualityRow("demand", f"outliers beyond {spec.k:g} MAD", "used", 0, note="none")
        return history, short, (row,)
    after = history.quantity.copy()
    if spec.action == "clip":
        after[found] = np.floor(bound[found]).astype(np.int64)
    gone = found & (spec.action == "drop")
    away = (history.quantity - np.where(gone, 0, after)).astype(np.float64)
    removed = (float(away.sum()), float((away * unit_cost(catalog)[history.item]).sum()))
    share = _variance_share(history, found, bound)
    note = _outlier_note(catalog, history, found, spec.action) + (
        f"; what lies beyond the bounds is {100 * share:.0f}% of these SKU-locations' variance "
        "(skewed demand has such values by itself, without any error)"
    )
    row = QualityRow("demand", f"outliers beyond {spec.k:g} MAD", "repaired", 0, *removed, note=note)
    changes = Changes(
        history.item[found],
        history.period[found],
        np.full(int(found.sum()), "outlier", dtype=object),
        history.quantity[found],
        np.where(gone, -1, after)[found],
    )
    joined = changes if history.changes is None else history.changes.joined(changes)
    history = replace(history, quantity=after, changes=joined)
    return (_without(history, gone) if gone.any() else history), short[~gone], (row,)


def _variance_share(history: History, found: BoolArray, bound: FloatArray) -> float:
    """Share of the variance that clipping to the bounds takes away, over the items that have outliers."""
    clipped = replace(history, quantity=np.where(found, np.floor(bound), history.quantity).astype(np.int64))
    some = np.unique(history.item[found])
    before, after = (np.nan_to_num(one.variance)[some].sum() for one in (history, clipped))
    return float(1 - after / before) if before > 0 else 0.0


def _outlier_note(catalog: Catalog, history: History, found: BoolArray, action: str) -> str:
    names = [
        f"{catalog.sku[item]}@{catalog.location[item]}: {quantity:,}"
        for item, quantity in zip(history.item[found][:_SHOWN], history.quantity[found], strict=False)
    ]
    more = f" and {int(found.sum()) - _SHOWN:,} more" if found.sum() > _SHOWN else ""
    period = catalog.study.period
    return f"{int(found.sum()):,} SKU-location × {period}s {_DID[action]}: {', '.join(names)}{more}"


def _without(history: History, gone: BoolArray) -> History:
    """The history in which some periods were not observed."""
    gap_item = np.concatenate([history.gap_item, history.item[gone]])
    order = np.lexsort((np.concatenate([history.gap_period, history.period[gone]]), gap_item))
    lost: IntArray = np.bincount(history.item[gone], minlength=history.n_items)
    return replace(
        history,
        n_observed=history.n_observed - lost,
        item=history.item[~gone],
        period=history.period[~gone],
        quantity=history.quantity[~gone],
        gap_item=gap_item[order],
        gap_period=np.concatenate([history.gap_period, history.period[gone]])[order],
    )
