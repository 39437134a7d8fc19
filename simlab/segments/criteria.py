"""Several criteria at once: the table of criteria, its Pareto front, and best or worst weights."""

from __future__ import annotations

from itertools import combinations, islice

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.scheme import SchemeInput

CRITERIA = ("annual_value", "unit_cost", "mean_lead_time")
SIZES = (0.20, 0.30, 0.50)
_MOST_COMBINATIONS = 2_000_000
_AT_ONCE = 200_000
_SLACK = 1e-9


def criteria_table(data: SchemeInput) -> FloatArray:
    """(n, m) the option ``criteria``: non-negative columns, more = more important, none zero everywhere."""
    names = data.strings("criteria")
    if not names:
        raise data.refuse("E-SEG-010", "option 'criteria' names no column")
    columns = [data.number(name) for name in names]
    for name, column in zip(names, columns, strict=True):
        if not np.isfinite(column).all() or column.min() < 0:
            raise data.refuse("E-SEG-013", f"criterion '{name}' has negative or infinite values")
        if np.ptp(column) == 0 and data.n_items > 1:
            raise data.refuse(
                "E-SEG-003", f"criterion '{name}' is {column[0]:g} everywhere, it ranks nothing"
            )
    return np.stack(columns, axis=1)


def named(data: SchemeInput) -> str:
    """The criteria for a rule text."""
    return ", ".join(data.strings("criteria"))


def unit_range(table: FloatArray) -> FloatArray:
    """Every column stretched to 0 … 1; a constant column becomes 0."""
    low, span = table.min(axis=0), np.ptp(table, axis=0)
    return np.asarray((table - low) / np.where(span > 0, span, 1.0))


def best_scores(table: FloatArray) -> FloatArray:
    """(n,) max over w ≥ 0 of w·x subject to w·y ≤ 1 for every item y: each item's most favourable weights."""
    scaled = table / table.max(axis=0)
    front = pareto_front(scaled)
    corners = _corners(front, 1.0)
    return _by_programs(scaled, front, 1.0) if corners is None else (scaled @ corners.T).max(axis=1)


def worst_scores(table: FloatArray) -> FloatArray:
    """(n,) min over w ≥ 0 of w·x subject to w·y ≥ 1 for every item y: the least favourable weights.

    Every item needs at least one positive criterion.
    """
    scaled = table / table.max(axis=0)
    front = -pareto_front(-scaled)
    corners = _corners(front, -1.0)
    return _by_programs(scaled, front, -1.0) if corners is None else (scaled @ corners.T).min(axis=1)


def pareto_front(table: FloatArray) -> FloatArray:
    """(f, m) the distinct rows that no other row reaches or exceeds in every column."""
    rows = np.unique(table, axis=0)
    rows = rows[np.argsort(-rows.sum(axis=1), kind="stable")]
    front = []
    while rows.shape[0]:
        head = rows[0]
        front.append(head)
        rows = rows[(rows > head).any(axis=1)]
    return np.array(front)


def _corners(front: FloatArray, sense: float) -> FloatArray | None:
    """Corners of {w ≥ 0 : sense·(w·y) ≤ sense for y in front}; None where enumeration would be long.

    A linear objective over the set has its optimum at a corner, so one enumeration serves all items.
    """
    m = front.shape[1]
    planes = np.vstack([front, np.eye(m)])
    right = np.concatenate([np.ones(front.shape[0]), np.zeros(m)])
    number = 1.0
    for step in range(m):
        number *= (planes.shape[0] - step) / (step + 1)
    if number > _MOST_COMBINATIONS:
        return None
    corners = []
    choices = combinations(range(planes.shape[0]), m)
    while chosen := list(islice(choices, _AT_ONCE)):
        matrices, sides = planes[np.array(chosen)], right[np.array(chosen)]
        solvable = np.linalg.det(matrices) != 0  # however small: skewed criteria have tiny determinants
        weights = np.linalg.solve(matrices[solvable], sides[solvable][:, :, None])[:, :, 0]
        weights = weights[(weights >= -_SLACK).all(axis=1)]
        corners.append(weights[(sense * (weights @ front.T) <= sense + _SLACK).all(axis=1)])
    return np.asarray(np.maximum(np.concatenate(corners), 0.0))


def _by_programs(scaled: FloatArray, front: FloatArray, sense: float) -> FloatArray:
    """The same by one small linear program per distinct item."""
    from scipy.optimize import linprog

    distinct, inverse = np.unique(scaled, axis=0, return_inverse=True)
    programs = [_program(row, front, sense) for row in distinct]
    sizes = np.array([size for *_, size in programs])
    values = [linprog(cost, A_ub=left, b_ub=right).fun for cost, left, right, _ in programs]
    return np.asarray(-sense * (sizes * np.array(values, dtype=np.float64))[inverse.reshape(-1)])


def _program(
    row: FloatArray, front: FloatArray, sense: float
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Costs, left and right sides of one item's program, and the unit of its value.

    The least weights of skewed criteria are huge and would drown in the solver's tolerances: they are
    counted in units of the item, and every condition is divided by its largest number.
    """
    if sense > 0:
        return -row, front, np.ones(front.shape[0]), 1.0
    unit = np.where(row > 0, row, 1.0)
    sides = front / unit
    right = 1.0 / sides.max(axis=1)
    size = float(right.max())
    return row / unit, -sides * right[:, None], -right / size, size
