"""Scores turned into classes: by share of a total, by number of items, by threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray

_ROUNDING = 1e-9
"""Shares this close to a cut have reached it: sums of equal items are not exact in floating point."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVW"


@dataclass(frozen=True, eq=False)
class Classes:
    """What a scheme returns: the class of every SKU-location.

    Attributes
    ----------
    codes : (n,) int64
        Row number into `labels`.
    labels : tuple of str
        Every class the scheme knows, best first; a class may be empty.
    rule : str
        How the classes came about, in words a planner can follow.
    divides : bool
        False: the column says the same everywhere, so that it makes one class.
    """

    codes: IntArray
    labels: tuple[str, ...]
    rule: str
    divides: bool = True


def ranked(score: FloatArray, sku: Sequence[str], location: Sequence[str]) -> IntArray:
    """Rows from the highest score to the lowest; ties by sku, then location; NaN last.

    The order does not depend on the order of the rows.
    """
    key = np.where(np.isnan(score), np.inf, -score)
    return np.lexsort((np.asarray(location, dtype=str), np.asarray(sku, dtype=str), key))


def by_share(weight: FloatArray, order: IntArray, cuts: Sequence[float]) -> IntArray:
    """Class by cumulated share of a total, walking down `order`.

    An item is in the first class as long as the items *before* it carry less than the first cut of the
    total, so the item that crosses a cut still belongs above it and the first class is never empty.

    Parameters
    ----------
    weight : (n,) float
        What is shared out, ≥ 0 (negative or NaN counts as zero). Items of weight 0 are in the last class.
    order : (n,) int
        Rows in the order of walking.
    cuts : sequence of float
        Ascending shares between 0 and 1.

    Returns
    -------
    (n,) int64
        0 = first class, ``len(cuts)`` = last.
    """
    clean = np.where(weight > 0, weight, 0.0)
    sorted_weight = clean[order]
    running = np.cumsum(sorted_weight)
    total = running[-1] if running.size else 0.0
    codes = np.full(weight.size, len(cuts), dtype=np.int64)
    if total <= 0:
        return codes
    before = np.concatenate(([0.0], running[:-1])) / total
    reached = np.asarray(cuts, dtype=np.float64) - _ROUNDING
    codes[order] = np.searchsorted(reached, before, side="right")
    codes[clean == 0] = len(cuts)
    return codes


def by_size(order: IntArray, sizes: Sequence[float]) -> IntArray:
    """Class by number of items: the first ``sizes[0]`` of the rows in `order`, and so on.

    Parameters
    ----------
    order : (n,) int
        Rows, best first.
    sizes : sequence of float
        Shares of the number of items; they are taken relative to their sum. Bounds are rounded half up.
    """
    shares = np.cumsum(np.asarray(sizes, dtype=np.float64))
    bounds = np.floor(order.size * shares / shares[-1] + 0.5).astype(np.int64)
    codes = np.empty(order.size, dtype=np.int64)
    codes[order] = np.searchsorted(bounds[:-1], np.arange(order.size), side="right")
    return codes


def by_threshold(value: FloatArray, cuts: Sequence[float]) -> IntArray:
    """Class by value: first class up to and including the first cut; NaN in the last class."""
    codes = np.searchsorted(np.asarray(cuts, dtype=np.float64), value, side="left").astype(np.int64)
    codes[np.isnan(value)] = len(cuts)
    return codes


def letters(n: int) -> tuple[str, ...]:
    """Class names A, B, C, … for n classes."""
    return tuple(LETTERS[:n]) if n <= len(LETTERS) else tuple(f"C{number:02d}" for number in range(1, n + 1))


def percents(shares: Sequence[float]) -> str:
    """Shares for a rule text: ``20 / 30 / 50 %``."""
    return " / ".join(f"{100 * share:g}" for share in shares) + "%"
