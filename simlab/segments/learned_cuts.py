"""Cut points on one score: the classes of a single column that lose least, found exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.segments.classes import Classes, letters, ranked
from simlab.segments.learned import LearnedRules, short_between, told
from simlab.segments.scheme import SchemeInput

MOST_PLACES = 256
"""Places where a column may be cut; more distinct values than that are thinned evenly by rank."""
_NOISE = 1e-12


def learn_cuts(
    data: SchemeInput,
    loss: FloatArray,
    attributes: Sequence[str],
    *,
    classes: int,
    min_size: int = 20,
) -> LearnedRules:
    """Cut one numeric column into at most `classes` ranges; of the columns named, the best one.

    Parameters
    ----------
    data, loss, attributes, classes, min_size
        As for `simlab.segments.learned.learn_rules`.

    Notes
    -----
    A dynamic programme over the places where a column may be cut: no other cuts of that column, at those
    places, lose less. The first of equal columns is taken, and of equal numbers of classes the least.

    Raises
    ------
    InvalidInputError
        A column is missing or has gaps; more classes than SKU-locations.
    """
    if not 1 <= classes <= data.n_items:
        raise data.refuse("E-SEG-012", f"{classes} classes for {data.n_items} SKU-locations")
    order = ranked(np.zeros(data.n_items), data.sku, data.location)
    best: tuple[float, str, IntArray, list[int]] | None = None
    for name in dict.fromkeys(attributes):
        rows = order[np.argsort(data.number(name)[order], kind="stable")]
        total, ends = _cut(data.number(name)[rows], loss[rows], classes, min_size)
        if best is None or total < best[0] - _NOISE * abs(best[0]):
            best = (total, name, rows, ends)
    if best is None:
        raise data.refuse("E-SEG-001", "needs at least one numeric column to cut")
    _, name, rows, ends = best
    values = data.number(name)[rows]
    cuts = [short_between(values[end - 1], values[end]) for end in ends]
    edges = [-np.inf, *cuts, np.inf]
    bounds = [{name: pair} if cuts else {} for pair in pairwise(edges)]
    return told(data, np.split(rows, ends), bounds, loss)


def optimised_classes(
    data: SchemeInput, score: FloatArray, why: str, loss: FloatArray, *, classes: int, min_size: int = 20
) -> Classes:
    """Classes A, B, … of a score, the highest first, of the sizes that lose least.

    Parameters
    ----------
    data : SchemeInput
        n SKU-locations.
    score : (n,) float
        NaN: below all others. Equal scores stay together.
    why : str
        What the score is, for the rule.
    loss, classes, min_size
        As for `learn_cuts`.

    Returns
    -------
    Classes
        The same for every order of the rows. The bounds in the rule work as option ``thresholds``.
    """
    if not 1 <= classes <= data.n_items:
        raise data.refuse("E-SEG-012", f"{classes} classes for {data.n_items} SKU-locations")
    known, place = np.unique(np.where(np.isnan(score), -np.inf, score), return_inverse=True)
    order = ranked(np.zeros(data.n_items), data.sku, data.location)
    rows = order[np.argsort(place[order], kind="stable")]
    _, ends = _cut(place[rows].astype(np.float64), loss[rows], classes, min_size)
    codes = np.empty(data.n_items, dtype=np.int64)
    codes[rows] = len(ends) - np.searchsorted(ends, np.arange(data.n_items), side="right")
    names = letters(len(ends) + 1)
    least = [known[place[rows[end]]] for end in reversed(ends)]
    below = [known[place[rows[end]] - 1] for end in reversed(ends)]
    cuts = [-short_between(-high, -low) for low, high in zip(below, least, strict=True)]
    bounds = [f"{name} from {cut!r}" for name, cut in zip(names, cuts, strict=False)]
    rest = f"{names[-1]} {'below' if ends else 'for all'}"
    return Classes(codes, names, f"{data.scheme}: {why}, sizes optimised; {', '.join([*bounds, rest])}")


def _cut(values: FloatArray, losses: FloatArray, classes: int, min_size: int) -> tuple[float, list[int]]:
    """Least loss of at most so many ranges of ascending values, and where all but the last end."""
    places = _places(values, min_size)
    running = np.concatenate((np.zeros((1, losses.shape[1])), np.cumsum(losses, axis=0)))[places]
    n = places.size
    alone = np.full((n, n), np.inf)
    for a in range(n - 1):
        wide = places[a + 1 :] - places[a] >= min_size
        within = (running[a + 1 :] - running[a]).min(axis=1)
        alone[a, a + 1 :] = np.where(wide, within, np.inf)
    alone[0, n - 1] = (running[-1] - running[0]).min()
    least = alone[0].copy()
    totals, parents = [float(least[-1])], []
    for _ in range(1, classes):
        joined = least[:, None] + alone
        parents.append(joined.argmin(axis=0))
        least = joined.min(axis=0)
        totals.append(float(least[-1]))
    noise = _NOISE * float(np.abs(running[-1]).max())
    used = next(k for k, total in enumerate(totals) if total <= min(totals) + noise)
    ends, at = [], n - 1
    for k in range(used - 1, -1, -1):
        at = int(parents[k][at])
        ends.append(int(places[at]))
    return totals[used], ends[::-1]


def _places(values: FloatArray, min_size: int) -> IntArray:
    """Ranks at which a new class may begin, with both ends."""
    n = values.size
    between = np.flatnonzero(values[:-1] < values[1:]) + 1
    between = between[(between >= min_size) & (n - between >= min_size)]
    if between.size > MOST_PLACES:
        between = between[np.linspace(0, between.size - 1, MOST_PLACES).round().astype(np.int64)]
    return np.concatenate(([0], between, [n])).astype(np.int64)
