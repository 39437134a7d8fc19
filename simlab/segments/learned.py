"""Segments learned from what each target would cost each SKU-location, told as rules.

A tree of questions on named columns is grown directly on the loss (say holding cost plus a price per unit
short, from the curves of a search run): every question splits one class where that lowers the loss most,
when each class gets the target that is best for it. The result is a set of conditions in the grammar of
`simlab.segments.grammar`, which a planner can follow and an ERP can code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.segments.classes import ranked
from simlab.segments.scheme import SchemeInput
from simlab.segments.segmentation import Segmentation, combine

Bounds: TypeAlias = Mapping[str, tuple[float, float]]

ATTRIBUTES = (
    "unit_cost",
    "holding_cost",
    "annual_units",
    "annual_value",
    "cv",
    "mean_lead_time",
    "cv_lead_time",
    "order_size",
    "tbs",
    "zhs",
    "uncertainty_cost",
    "uncertainty_share",
)
"""Columns that may be asked about unless others are named."""


@dataclass(frozen=True, eq=False)
class LearnedRules:
    """A learned segmentation.

    Attributes
    ----------
    rules : tuple of (name, condition)
        One per class; every SKU-location meets exactly one.
    segmentation : Segmentation
    column : (classes,) int64
        Column of the loss (the target) that is best for each segment, in the order of its names.
    loss : float
        Sum over the SKU-locations at those columns, on the data that was learned from.
    """

    rules: tuple[tuple[str, str], ...]
    segmentation: Segmentation
    column: IntArray
    loss: float

    def study_text(self) -> str:
        """The classes as an option of a study file: they sort the same SKU-locations the same way."""
        lines = [f'    {{ name = "{name}", where = "{where}" }},' for name, where in self.rules]
        return "\n".join(("[segments]", 'by = ["rules"]', "rules = [", *lines, "]", ""))


@dataclass(frozen=True)
class _Split:
    """A question: is `attribute` ≤ `cut`? `gain` is what asking it saves."""

    gain: float
    attribute: str
    cut: float


@dataclass(frozen=True, eq=False)
class _Class:
    """One leaf: its rows, its bounds (low < attribute ≤ high) and its best further question."""

    rows: IntArray
    bounds: Bounds = field(default_factory=dict)
    split: _Split | None = None


def usable(data: SchemeInput, attributes: Sequence[str] = ATTRIBUTES) -> tuple[str, ...]:
    """Those of the attributes that have no gaps and are not the same everywhere."""
    columns = ((name, data.numbers.get(name)) for name in attributes)
    return tuple(
        name
        for name, column in columns
        if column is not None and np.isfinite(column).all() and np.ptp(column) > 0
    )


def learn_rules(
    data: SchemeInput,
    loss: FloatArray,
    attributes: Sequence[str],
    *,
    classes: int,
    min_size: int = 20,
) -> LearnedRules:
    """Grow at most `classes` classes on numeric columns, the most worthwhile question first.

    Parameters
    ----------
    data : SchemeInput
        n SKU-locations and their columns.
    loss : (n, k) float
        What each of k targets would cost each SKU-location.
    attributes : sequence of str
        Numeric columns that may be asked about; no gaps.
    classes, min_size : int
        Most classes, and the least SKU-locations in one.

    Returns
    -------
    LearnedRules
        The same for every order of the rows. Judge it on other replications than it was learned from.

    Raises
    ------
    InvalidInputError
        A column is missing or has gaps; more classes than SKU-locations.
    """
    if not 1 <= classes <= data.n_items:
        raise data.refuse("E-SEG-012", f"{classes} classes for {data.n_items} SKU-locations")
    order = ranked(np.zeros(data.n_items), data.sku, data.location)
    columns = {name: data.number(name) for name in dict.fromkeys(attributes)}
    leaves = [_asked(_Class(order), columns, loss, min_size)]
    while len(leaves) < classes:
        gains = [leaf.split.gain if leaf.split else 0.0 for leaf in leaves]
        place = int(np.argmax(gains))
        split = leaves[place].split
        if split is None or gains[place] <= 0:
            break
        halves = _halves(leaves[place], split, columns)
        leaves[place : place + 1] = [_asked(half, columns, loss, min_size) for half in halves]
    bounds = tuple(leaf.bounds for leaf in leaves)
    return told(data, [leaf.rows for leaf in leaves], bounds, loss)


def _asked(leaf: _Class, columns: dict[str, FloatArray], loss: FloatArray, min_size: int) -> _Class:
    """The leaf with its best question, if any helps."""
    best: _Split | None = None
    losses = loss[leaf.rows]
    alone = float(losses.sum(axis=0).min())
    for name, column in columns.items():
        found = _best_cut(name, column[leaf.rows], losses, alone, min_size)
        if found is not None and (best is None or found.gain > best.gain):
            best = found
    return _Class(leaf.rows, leaf.bounds, best)


def _best_cut(
    name: str, values: FloatArray, losses: FloatArray, alone: float, min_size: int
) -> _Split | None:
    """The cut of one column that lowers the loss most, both sides at their own best target."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    left = np.cumsum(losses[order], axis=0)
    together = left[:-1].min(axis=1) + (left[-1] - left[:-1]).min(axis=1)
    size = np.arange(1, values.size)
    allowed = (ascending[:-1] < ascending[1:]) & (size >= min_size) & (values.size - size >= min_size)
    if not allowed.any():
        return None
    together = np.where(allowed, together, np.inf)
    place = int(np.argmin(together))
    gain = alone - float(together[place])
    noise = 1e-12 * float(np.abs(left[-1]).max())
    return _Split(gain, name, short_between(*ascending[place : place + 2])) if gain > noise else None


def short_between(low: float, high: float) -> float:
    """The number with the fewest digits that is at least `low` and below `high`: a cut to write down."""
    for digits in range(1, 18):
        for value in (f"{high:.{digits}g}", f"{(low + high) / 2:.{digits}g}", f"{low:.{digits}g}"):
            if low <= float(value) < high:
                return float(value)
    return float(low)


def _halves(leaf: _Class, split: _Split, columns: dict[str, FloatArray]) -> tuple[_Class, _Class]:
    low, high = leaf.bounds.get(split.attribute, (-np.inf, np.inf))
    below = columns[split.attribute][leaf.rows] <= split.cut
    return (
        _Class(leaf.rows[below], {**leaf.bounds, split.attribute: (low, split.cut)}),
        _Class(leaf.rows[~below], {**leaf.bounds, split.attribute: (split.cut, high)}),
    )


def told(
    data: SchemeInput, rows: Sequence[IntArray], bounds: Sequence[Bounds], loss: FloatArray
) -> LearnedRules:
    """Classes as named segments with their conditions and best columns.

    Parameters
    ----------
    rows : sequence of (m,) int
        SKU-locations of each class; every one in exactly one class.
    bounds : sequence of mapping
        Per class: column → (low, high], infinite where open.
    loss : (n, k) float
    """
    width = len(str(len(rows)))
    names = tuple(f"L{number:0{width}d}" for number in range(1, len(rows) + 1))
    codes = np.empty(data.n_items, dtype=np.int64)
    for number, members in enumerate(rows):
        codes[members] = number
    rules = tuple((name, condition(one)) for name, one in zip(names, bounds, strict=True))
    text = "learned: " + "; ".join(f"{name} where {where}" for name, where in rules)
    sums = np.array([loss[members].sum(axis=0) for members in rows])
    return LearnedRules(
        rules,
        replace(combine([("learned", names, codes)], text), bounds=tuple(zip(names, bounds, strict=True))),
        sums.argmin(axis=1).astype(np.int64),
        float(sums.min(axis=1).sum()),
    )


def condition(bounds: Bounds) -> str:
    """Bounds in the grammar of user rules; no bound at all: true of everything."""
    parts = []
    for name, (low, high) in sorted(bounds.items()):
        if np.isinf(low):
            parts.append(f"{name} <= {high!r}")
        elif np.isinf(high):
            parts.append(f"{name} > {low!r}")
        else:
            parts.append(f"{low!r} < {name} <= {high!r}")
    return " and ".join(parts) or "sku != ''"
