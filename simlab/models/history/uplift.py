"""Promotions and prices as drivers: their effects estimated, and taken out of the history if asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow, Status
from simlab.models.history.drivers import Drivers
from simlab.models.history.effects import Effects, Exposed, grouped_effects
from simlab.models.history.history import Changes, History, Uplift, unit_cost
from simlab.models.keys import keys_of
from simlab.models.shared import Sharing

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_Z = 1.959964  # normal quantile of a 95 % interval
_LOWER_PRICE = float(np.log(0.9))
_SHOWN = 8
_PRICE = "; prices beyond half or double the usual count as that; no effect where quantity sets the price"
_SOLD = "; of dates with rows alone: given that something was sold, where rows are sales"
_PURPOSE = 2  # of the streams that thin demand; 1 draws what stock-outs hid


def without_uplift(
    catalog: Catalog, history: History, drivers: Drivers, sharing: Sharing | None = None
) -> tuple[History, tuple[QualityRow, ...]]:
    """The history as future periods are expected to be, with the effects estimated from it.

    Parameters
    ----------
    catalog : Catalog
        `demand.uplift` of its study; `models.pool_by` makes the groups.
    history : History
        Outliers and stock-outs treated.
    drivers : Drivers
        Periods under promotion or at other prices.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    ``observed`` leaves the history as it is: promotions come back as often as they came. ``none`` divides
    the demand of every driven period by its effect u: where u > 1 each unit is kept with probability 1/u
    (thinning turns a Poisson or negative binomial demand into one of the same shape), where u < 1 demand
    ÷ u is rounded at random so that its mean is kept. A share s keeps promotions in a share s of the
    periods: as observed where there were that many, else in further periods whose demand is multiplied by
    the effect; prices are then the usual ones.
    """
    drivers = _without_gaps(drivers, history)
    spec = catalog.study.demand.uplift
    assert spec is not None
    column, sharing = catalog.study.models.pool_by, sharing or Sharing()
    group, names = sharing.groups(column, catalog.texts.get(column), catalog.n_items)
    exposed = _exposed(history, drivers, spec.drivers)
    found = sharing.of("effects", Effects, lambda: grouped_effects(exposed, group, len(names)))
    told = tuple(_told(history, drivers, spec.drivers, found, group, names))
    history = replace(history, uplift=told)
    if spec.future == "observed" or drivers.item.size == 0:
        return history, tuple(_notes(catalog, told, drivers, (0.0, 0.0)))
    share = 0.0 if spec.future == "none" else float(spec.future)
    effect = _per_driver(found, spec.drivers)[:, group]
    after = _as_expected(catalog, history, drivers, effect, share)
    changed = after != history.quantity
    at = drivers.rows(history)
    promoted = (at >= 0) & np.append(drivers.promoted, False)[at]
    priced = (at >= 0) & (np.append(drivers.log_price, 0.0)[at] != 0)
    what = np.where(promoted & priced, "promotion and price", np.where(priced, "price", "promotion"))
    changes = Changes(
        history.item[changed],
        history.period[changed],
        what[changed].astype(object),
        history.quantity[changed],
        after[changed],
    )
    joined = changes if history.changes is None else history.changes.joined(changes)
    away = (history.quantity - after).astype(np.float64)
    moved = (float(away.sum()), float((away * unit_cost(catalog)[history.item]).sum()))
    return replace(history, quantity=after, changes=joined), tuple(_notes(catalog, told, drivers, moved))


def _without_gaps(drivers: Drivers, history: History) -> Drivers:
    gaps = history.gap_item * drivers.width + history.gap_period
    kept = ~np.isin(drivers.item * drivers.width + drivers.period, gaps)
    return replace(
        drivers,
        item=drivers.item[kept],
        period=drivers.period[kept],
        promoted=drivers.promoted[kept],
        log_price=drivers.log_price[kept],
    )


def _exposed(history: History, drivers: Drivers, names: tuple[str, ...]) -> Exposed:
    """What the regression sees."""
    n = history.n_items
    at = drivers.rows(history)
    quantity = np.zeros(drivers.item.size)
    quantity[at[at >= 0]] = history.quantity[at >= 0]
    usual = history.item[at < 0]
    base = history.quantity[at < 0].astype(np.float64)
    regressors = {"promotion": drivers.promoted.astype(np.float64), "price": drivers.log_price}
    return Exposed(
        drivers.item,
        np.array([regressors[name] for name in names]).T.reshape(drivers.item.size, len(names)),
        quantity,
        (history.n_observed - np.bincount(drivers.item, minlength=n)).astype(np.float64),
        np.bincount(usual, weights=base, minlength=n).astype(np.float64),
        np.bincount(usual, weights=base**2, minlength=n).astype(np.float64),
    )


def _per_driver(found: Effects, names: tuple[str, ...]) -> FloatArray:
    """(2, groups) effect of a promotion and elasticity of price; 0 for what is no driver."""
    out = np.zeros((2, found.value.shape[0]))
    for place, name in enumerate(names):
        out[("promotion", "price").index(name)] = found.value[:, place]
    return out


def _told(
    history: History,
    drivers: Drivers,
    names: tuple[str, ...],
    found: Effects,
    group: IntArray,
    labels: list[str],
) -> Iterator[Uplift]:
    """One row per driver and group that shows it."""
    shows = {"promotion": drivers.promoted, "price": drivers.log_price != 0}
    for place, name in enumerate(names):
        times = 1.0 if name == "promotion" else _LOWER_PRICE
        for code, label in enumerate(labels):
            cells = shows[name] & (group[drivers.item] == code)
            if not cells.any():
                continue
            middle = float(found.value[code, place]) * times
            half = _Z * float(np.sqrt(found.variance[code, place])) * abs(times)
            ends = [float(np.exp(min(value, 50.0))) for value in (middle, middle - half, middle + half)]
            n_items = int(np.unique(drivers.item[cells]).size)
            yield Uplift(
                name,
                label,
                ends[0],
                ends[1],
                ends[2],
                n_items,
                int(cells.sum()),
                float(found.borrowed[code, place]),
            )


def _as_expected(
    catalog: Catalog, history: History, drivers: Drivers, effect: FloatArray, share: float
) -> IntArray:
    """(c,) units of each row of the history as if drivers were those of the future."""
    at = drivers.rows(history)
    driven = at >= 0
    promoted = driven & np.append(drivers.promoted, False)[at]
    price = np.exp(np.where(driven, np.append(drivers.log_price, 0.0)[at], 0.0) * effect[1, history.item])
    uplift = np.exp(effect[0, history.item])
    keeps, lifts = _shares(history, drivers, share)
    keys = keys_of(catalog)
    bounds = history.bounds
    out = history.quantity.astype(np.int64)
    touched = np.unique(history.item[driven]) if share == 0 else np.unique(history.item)
    for item in touched.tolist():
        rows = slice(int(bounds[item]), int(bounds[item + 1]))
        stream = np.random.Generator(np.random.Philox(key=np.array([_PURPOSE, keys[item]], dtype=np.uint64)))
        stays = stream.random(out[rows].size) < np.where(promoted[rows], keeps[item], lifts[item])
        factor = price[rows] * np.where(promoted[rows] & ~stays, uplift[rows], 1.0)
        factor = np.where(~promoted[rows] & stays, factor / uplift[rows], factor)
        out[rows] = _divided(out[rows], factor, stream)
    return out


def _shares(history: History, drivers: Drivers, share: float) -> tuple[FloatArray, FloatArray]:
    """(n,) chance that a promotion stays, and that a period without one gets one."""
    n = history.n_observed.astype(np.float64)
    had = np.bincount(drivers.item[drivers.promoted], minlength=history.n_items).astype(np.float64)
    wanted = share * n
    keeps = np.minimum(wanted / np.maximum(had, 1), 1.0)
    lifts = np.maximum(wanted - had, 0.0) / np.maximum(n - had, 1.0)
    return keeps, np.minimum(lifts, 1.0)


def _divided(quantity: IntArray, factor: FloatArray, stream: np.random.Generator) -> IntArray:
    """Demand ÷ factor in whole units: thinned where the factor is above 1, else rounded at random."""
    thinned = stream.binomial(quantity, np.minimum(1 / np.maximum(factor, 1.0), 1.0))
    value = quantity / np.maximum(factor, 1e-3)
    rounded = np.floor(value + stream.random(quantity.size)).astype(np.int64)
    plain: BoolArray = np.abs(factor - 1) < 1e-12
    return np.asarray(np.where(plain, quantity, np.where(factor > 1, thinned, rounded)))


def _notes(
    catalog: Catalog, told: tuple[Uplift, ...], drivers: Drivers, moved: tuple[float, float]
) -> Iterator[QualityRow]:
    spec = catalog.study.demand.uplift
    assert spec is not None
    period = catalog.study.period
    for name in spec.drivers:
        mine = [one for one in told if one.driver == name]
        if not mine:
            note = f"no {period} of a life shows one: nothing is estimated, demand stays as it is"
            yield QualityRow("demand", f"uplift by {name}", "used", 0, note=note, notice="look")
            continue
        per = "a promotion multiplies demand by" if name == "promotion" else "a price 10% lower multiplies by"
        each = [
            f"{one.factor:.2f} ({one.low:.2f} to {one.high:.2f}){f' in {one.group}' if one.group else ''}"
            for one in mine[:_SHOWN]
        ]
        more = f" and {len(mine) - _SHOWN} more groups" if len(mine) > _SHOWN else ""
        n = sum(one.n_periods for one in mine)
        note = f"{per} {', '.join(each)}{more}; seen in {n:,} SKU-location × {period}s"
        note += _PRICE if name == "price" else ""
        note += _SOLD if catalog.study.demand.absent_dates == "unknown" else ""
        yield QualityRow("demand", f"uplift by {name}", "used", 0, note=note)
    if drivers.item.size:
        what = "future promotions and prices"
        status: Status = "used" if moved == (0.0, 0.0) else "repaired"
        yield QualityRow("demand", what, status, 0, *moved, note=_future(spec.future))


def _future(future: float | str) -> str:
    if future == "observed":
        return (
            'as often as in the history (uplift.future = "observed"): the laws rest on the history as it is'
        )
    if future == "none":
        return 'none (uplift.future = "none"): their effect is taken out of the history'
    return f"in {100 * float(future):g}% of the periods (uplift.future), at usual prices"
