"""A seeded electronics retailer: items, two years of daily demand, purchase receipts.

The shop's own habit comes with it: order-up-to levels that were set by the textbook normal formula for
98, 95 and 90 % cycle service in the classes A, B and C.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.samples.assortment import CATEGORIES, CLOSED, KINDS, LOCATIONS, SUPPLIERS
from simlab.segments import HABIT
from simlab.segments.classes import by_share, ranked

if TYPE_CHECKING:
    import pandas as pd


SEED = 2026
LAST_DATE = "2025-12-31"
N_DAYS = 731
REVIEW_DAYS = 7
VAT = 1.19
"""Shelf prices hold 19 % of it; `price` of items is what the shop keeps."""
_FULL_RANGE = 600
# per kind of SKU: median units a day over all locations, its spread (log), shape of the daily noise
_RATE = {"core": (1.6, 0.7), "seasonal": (0.8, 0.6), "promotional": (0.7, 0.6), "niche": (0.10, 0.6)}
_NOISE = {"core": 8.0, "seasonal": 5.0, "promotional": 3.0, "niche": 1.5}
_SLOWEST = 0.05
_ORDER_EVERY = (6, 22)  # days between two purchase orders of a supplier for one location


@dataclass(frozen=True, eq=False)
class SampleFrames:
    """The three tables of a sample, as they would stand in files."""

    items: pd.DataFrame
    demand: pd.DataFrame
    receipts: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Range:
    """The SKUs: one row each."""

    sku: list[str]
    product: list[str]
    category: IntArray
    supplier: IntArray
    kind: IntArray
    price: FloatArray  # on the shelf, with VAT
    unit_cost: FloatArray
    rate: FloatArray


def retailer(seed: int = SEED, *, n_skus: int = _FULL_RANGE) -> SampleFrames:
    """A mid-sized electronics retailer with two stores and an e-commerce warehouse.

    Parameters
    ----------
    seed : int
        ≥ 0; the same seed gives the same tables.
    n_skus : int
        SKUs, each held at all three locations.

    Returns
    -------
    SampleFrames
        ``items`` (n_skus × 3 rows; money in EUR, times in days), ``demand`` (units per day over 731 days
        to 2025-12-31, rows where something was sold), ``receipts`` (one line per purchase order).
    """
    if seed < 0 or n_skus < 1:
        raise UsageError(f"seed {seed} and n_skus {n_skus}: the seed must be ≥ 0 and n_skus ≥ 1")
    streams = [np.random.Generator(np.random.PCG64(child)) for child in np.random.SeedSequence(seed).spawn(4)]
    skus = _range(streams[0], n_skus)
    quantity = _daily_demand(streams[1], skus)
    receipts = _receipts(streams[2], skus, quantity)
    items = _items(streams[3], skus, quantity, receipts)
    return SampleFrames(items, _demand_frame(skus, quantity), receipts)


def _range(rng: np.random.Generator, n_skus: int) -> _Range:
    """SKUs with category, brand, kind, price and rate of sale."""
    counts = np.array([category.n_skus for category in CATEGORIES])
    bounds = np.floor(np.cumsum(counts) * (n_skus / counts.sum()) + 0.5).astype(np.int64)
    category = np.searchsorted(bounds, np.arange(n_skus), side="right").astype(np.int64)
    draw = rng.random((n_skus, 2))
    shares = np.cumsum(np.array([entry.kinds for entry in CATEGORIES]), axis=1)[category]
    kind = np.minimum((draw[:, :1] >= shares).sum(axis=1), len(KINDS) - 1)
    brands = [(brand, number) for number, entry in enumerate(SUPPLIERS) for brand in entry.brands]
    chosen = (draw[:, 1] * len(brands)).astype(np.int64)
    median = np.array([entry.price for entry in CATEGORIES])[category]
    price = np.floor(median * np.exp(rng.normal(0.0, 0.55, n_skus))) + 0.99
    margin = np.array([entry.margin for entry in CATEGORIES])[category] * rng.uniform(0.8, 1.2, n_skus)
    centre, spread = np.array([_RATE[name] for name in KINDS])[kind].T
    rate = centre * np.exp(rng.normal(0.0, 1.0, n_skus) * spread) * (price / 100.0) ** -0.25
    model = rng.integers(100, 1000, n_skus)
    return _Range(
        sku=[f"EL-{10001 + number}" for number in range(n_skus)],
        product=[
            f"{brands[brand][0]} {CATEGORIES[group].noun} {number}"
            for brand, group, number in zip(chosen.tolist(), category.tolist(), model.tolist(), strict=True)
        ],
        category=category,
        supplier=np.array([number for _, number in brands], dtype=np.int64)[chosen],
        kind=kind.astype(np.int64),
        price=price,
        unit_cost=np.round(price / VAT * (1.0 - margin), 2),
        rate=np.maximum(rate, _SLOWEST),
    )


def _daily_demand(rng: np.random.Generator, skus: _Range) -> IntArray:
    """(n_skus, n_locations, n_days) units sold: Poisson around a noisy, seasonal, promoted rate."""
    n = len(skus.sku)
    share = np.array([location.share for location in LOCATIONS]) * np.exp(rng.normal(0.0, 0.25, (n, 3)))
    weekday = (_days().astype(np.int64) + 3) % 7
    by_weekday = np.array([location.weekdays for location in LOCATIONS])[:, weekday]
    over_time = _season(skus) * _promotions(rng, skus) * _life(rng, skus) * _open()
    rate = skus.rate[:, None, None] * share[:, :, None] * by_weekday[None] * over_time[:, None, :]
    shape = np.array([_NOISE[name] for name in KINDS])[skus.kind][:, None, None]
    units: IntArray = rng.poisson(rate * rng.gamma(shape, 1.0 / shape, rate.shape)).astype(np.int64)
    never = np.argwhere(units.sum(axis=2) == 0)
    units[never[:, 0], never[:, 1], N_DAYS // 2 + 2 + never[:, 0] % 300] = 1  # whatever is listed sold once
    return units


def _days() -> npt.NDArray[np.datetime64]:
    return np.datetime64(LAST_DATE, "D") - np.arange(N_DAYS - 1, -1, -1)


def _open() -> npt.NDArray[np.bool_]:
    return ~np.isin(_days(), np.array(CLOSED, dtype="datetime64[D]"))


def _season(skus: _Range) -> FloatArray:
    """(n_skus, n_days) factor of the season: a hill around the peak day for seasonal SKUs, else mild."""
    day = (_days() - _days().astype("datetime64[Y]")).astype(np.int64)
    peak = np.array([category.peak for category in CATEGORIES])[skus.category]
    distance = np.abs(day[None, :] - peak[:, None])
    hill = np.exp(-0.5 * (np.minimum(distance, 365 - distance) / 25.0) ** 2)
    height = np.array([0.3, 4.0, 0.5, 0.2])[skus.kind][:, None]
    return np.asarray((1.0 + height * hill) / (1.0 + height * 0.17))


def _promotions(rng: np.random.Generator, skus: _Range) -> FloatArray:
    """(n_skus, n_days) factor of promotions: six campaigns of 7 to 14 days for promotional SKUs."""
    factor = np.ones((len(skus.sku), N_DAYS))
    for row in np.flatnonzero(skus.kind == KINDS.index("promotional")):
        starts = rng.integers(0, N_DAYS - 14, 6)
        for start, length, lift in zip(starts, rng.integers(7, 15, 6), rng.uniform(2.5, 6.0, 6), strict=True):
            factor[row, start : start + length] = lift
    return factor


def _life(rng: np.random.Generator, skus: _Range) -> npt.NDArray[np.bool_]:
    """(n_skus, n_days) whether the SKU is listed: one in eight came during the first 18 months."""
    late = rng.random(len(skus.sku)) < 0.125
    first = np.where(late, rng.integers(30, 540, len(skus.sku)), 0)
    return np.asarray(np.arange(N_DAYS)[None, :] >= first[:, None])


def _demand_frame(skus: _Range, quantity: IntArray) -> pd.DataFrame:
    import pandas as pd

    item, location, day = np.nonzero(quantity)
    names = np.array([entry.name for entry in LOCATIONS], dtype=object)
    return pd.DataFrame(
        {
            "sku": np.array(skus.sku, dtype=object)[item],
            "location": names[location],
            "date": _days()[day].astype("datetime64[s]"),
            "quantity": quantity[item, location, day],
        }
    )


def _receipts(rng: np.random.Generator, skus: _Range, quantity: IntArray) -> pd.DataFrame:
    """Purchase order lines per supplier and location, received by the last date."""
    import pandas as pd

    rows: list[tuple[str, str, str, int, int, int]] = []
    total = quantity.sum(axis=2)
    for number, supplier in enumerate(SUPPLIERS):
        bought = np.flatnonzero(skus.supplier == number)
        if bought.size == 0:
            continue
        shape = 1.0 / supplier.cv**2
        for place, location in enumerate(LOCATIONS):
            ordered = np.cumsum(rng.integers(*_ORDER_EVERY, N_DAYS // _ORDER_EVERY[0])) - _ORDER_EVERY[0]
            lead = np.maximum(np.floor(rng.gamma(shape, supplier.mean / shape, ordered.size) + 0.5), 1)
            chosen = bought[rng.integers(0, bought.size, ordered.size)]
            units = np.maximum(1, np.ceil(total[chosen, place] * (14 / N_DAYS))).astype(np.int64)
            arrived = ordered + lead.astype(np.int64)
            rows += [
                (supplier.name, skus.sku[sku], location.name, start, end, size)
                for sku, start, end, size in zip(
                    chosen.tolist(), ordered.tolist(), arrived.tolist(), units.tolist(), strict=True
                )
                if end < N_DAYS
            ]
    frame = pd.DataFrame(
        rows, columns=["supplier", "sku", "location", "order_date", "receipt_date", "quantity"]
    )
    for column in ("order_date", "receipt_date"):
        frame[column] = _days()[frame[column].to_numpy(dtype=np.int64)].astype("datetime64[s]")
    return frame


def _items(
    rng: np.random.Generator, skus: _Range, quantity: IntArray, receipts: pd.DataFrame
) -> pd.DataFrame:
    """One row per SKU-location, with the shop's levels and today's stock."""
    import pandas as pd

    n, places = len(skus.sku), len(LOCATIONS)
    category = [CATEGORIES[number] for number in skus.category]
    supplier = [SUPPLIERS[number] for number in skus.supplier]
    pack = np.array([entry.pack_size for entry in category])
    moq = np.where(rng.random(n) < 0.08, 2.0 * pack, np.nan)
    levels = _habit_levels(skus, quantity, receipts)
    on_hand, on_order = _stock_today(rng, skus, quantity, levels)
    per_sku = {
        "sku": skus.sku,
        "product": skus.product,
        "category": [entry.name for entry in category],
        "range_role": [KINDS[number] for number in skus.kind],
        "supplier": [entry.name for entry in supplier],
        "unit_cost": skus.unit_cost,
        "price": np.round(skus.price / VAT, 2),
        "holding_rate": [entry.holding_rate for entry in category],
        "pack_size": pack,
        "moq": moq,
        "review_period": [REVIEW_DAYS] * n,
        "lead_time": [max(1, round(0.9 * entry.mean)) for entry in supplier],
        "criticality": np.array(["vital", "essential", "desirable"], dtype=object)[
            np.searchsorted([0.15, 0.55], rng.random(n))
        ],
        "unit_volume": [entry.volume / 1000 for entry in category],  # m³
        "lines_per_unit": np.round(rng.uniform(0.35, 1.0, n) ** np.where(pack > 1, 1.0, 0.2), 2),
    }
    frame = pd.DataFrame({name: np.repeat(np.asarray(column), places) for name, column in per_sku.items()})
    frame.insert(1, "location", [location.name for location in LOCATIONS] * n)
    frame["moq"] = frame["moq"].astype("Int64")
    frame["channel"] = [location.channel for location in LOCATIONS] * n
    frame["on_hand"], frame["on_order"] = on_hand.reshape(-1), on_order.reshape(-1)
    frame["current_order_up_to"] = levels.reshape(-1)
    return frame


def _habit_levels(skus: _Range, quantity: IntArray, receipts: pd.DataFrame) -> IntArray:
    """(n_skus, n_locations) S = m(R + L) + z √((R + L)·s² + m²·s_L²), rounded up, from what was seen.

    m, s: mean and standard deviation of a day's demand since the first sale, closed days left out;
    L, s_L: mean and standard deviation of the supplier's lead time in days.
    """
    mean, deviation = _since_first_sale(quantity)
    lead = (receipts["receipt_date"] - receipts["order_date"]).dt.days
    groups = lead.groupby(receipts["supplier"])
    names = [supplier.name for supplier in SUPPLIERS]
    lead_mean = groups.mean().reindex(names).to_numpy(dtype=np.float64)[skus.supplier][:, None]
    lead_deviation = groups.std(ddof=0).reindex(names).to_numpy(dtype=np.float64)[skus.supplier][:, None]
    span = REVIEW_DAYS + lead_mean
    sd = np.sqrt(span * deviation**2 + (mean * lead_deviation) ** 2)
    z = np.array([NormalDist().inv_cdf(target) for target in HABIT.values()])[_abc(skus, mean)]
    levels: IntArray = np.ceil(mean * span + z * sd).astype(np.int64)
    return levels


def _since_first_sale(quantity: IntArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of a day's demand, per SKU-location."""
    sold = (np.cumsum(quantity, axis=2) > 0) & _open()
    days = np.maximum(sold.sum(axis=2), 1)
    mean = quantity.sum(axis=2) / days
    square = (quantity.astype(np.float64) ** 2).sum(axis=2) / days
    variance = np.maximum(square - mean**2, 0.0) * (days / np.maximum(days - 1, 1))
    return mean, np.sqrt(variance)


def _abc(skus: _Range, mean: FloatArray) -> IntArray:
    """(n_skus, n_locations) 0, 1, 2 for A, B, C by value."""
    value = (mean * skus.unit_cost[:, None]).reshape(-1)
    sku = np.repeat(skus.sku, len(LOCATIONS)).tolist()
    location = [place.name for place in LOCATIONS] * len(skus.sku)
    return by_share(value, ranked(value, sku, location), (0.80, 0.95)).reshape(mean.shape)


def _stock_today(
    rng: np.random.Generator, skus: _Range, quantity: IntArray, levels: IntArray
) -> tuple[IntArray, IntArray]:
    """On hand and on order: the level, less what was sold since the last review and is on order."""
    mean, _ = _since_first_sale(quantity)
    lead = np.array([supplier.mean for supplier in SUPPLIERS])[skus.supplier][:, None]
    since_review = rng.poisson(mean * math.ceil(REVIEW_DAYS / 2))
    on_order = np.minimum(rng.poisson(mean * lead), levels)
    return np.maximum(levels - on_order - since_review, 0), on_order.astype(np.int64)
