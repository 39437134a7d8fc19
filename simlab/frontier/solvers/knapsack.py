"""One option per item under a ceiling: exact where few combinations are kept, else greedy with a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray

MOST_STATES = 100_000
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Options:
    """What one item may take; taking nothing (weight 0, value 0) is always allowed.

    Attributes
    ----------
    weight, value : (m,) float
        Weights above 0, ascending.
    """

    weight: FloatArray
    value: FloatArray


@dataclass(frozen=True, eq=False)
class Packed:
    """The choice.

    Attributes
    ----------
    choice : (n,) int64
        Option of each item, −1 for nothing.
    value, weight : float
        Of the choice.
    bound : float
        No choice is worth more.
    exact : bool
        Whether nothing better exists.
    """

    choice: IntArray
    value: float
    weight: float
    bound: float
    exact: bool

    @property
    def gap(self) -> float:
        """How far the best could lie above, as a share of it."""
        return 0.0 if self.bound <= 0 else max(self.bound - self.value, 0.0) / self.bound


def pack(items: Sequence[Options], ceiling: float, *, most_states: int = MOST_STATES) -> Packed:
    """The options of highest total value whose weights stay within a ceiling.

    Parameters
    ----------
    items : sequence of Options
    ceiling : float
    most_states : int
        Pairs of weight and value kept by the exact way (Nemhauser and Ullmann 1969, with one option per
        item); beyond, options are taken along each item's concave hull by value per weight (Sinha and
        Zoltners 1979), which gives a bound as well.
    """
    greedy = _greedy(items, ceiling)
    if greedy.gap <= _TINY:
        return greedy
    exact = _exact(items, ceiling, greedy.value, most_states)
    return greedy if exact is None else exact


def _exact(items: Sequence[Options], ceiling: float, floor: float, most: int) -> Packed | None:
    """By pairs that no other beats; None where they become too many."""
    weights, values = np.zeros(1), np.zeros(1)
    steps: list[tuple[IntArray, IntArray]] = []
    rest = np.cumsum([max(float(one.value.max(initial=0.0)), 0.0) for one in items][::-1])[::-1]
    for number, one in enumerate(items):
        more = np.concatenate([[0.0], one.weight])
        worth = np.concatenate([[0.0], one.value])
        w = (weights[:, None] + more[None, :]).ravel()
        v = (values[:, None] + worth[None, :]).ravel()
        later = float(rest[number + 1]) if number + 1 < len(items) else 0.0
        kept = np.flatnonzero((w <= ceiling + _TINY) & (v + later >= floor - _TINY))
        order = kept[np.lexsort((-v[kept], w[kept]))]
        best = np.maximum.accumulate(v[order])
        wins = np.concatenate([[True], v[order][1:] > best[:-1] + _TINY]) if order.size else np.zeros(0, bool)
        order = order[wins]
        if order.size > most:
            return None
        steps.append((order // more.size, order % more.size - 1))
        weights, values = w[order], v[order]
    at = int(np.argmax(values))
    total, load = float(values[at]), float(weights[at])
    choice = np.full(len(items), -1, np.int64)
    for number in range(len(items) - 1, -1, -1):
        before, option = steps[number]
        choice[number] = option[at]
        at = int(before[at])
    return Packed(choice, total, load, total, True)


def _greedy(items: Sequence[Options], ceiling: float) -> Packed:
    """Along the hulls by value per weight; what does not fit is passed over."""
    ratio, item, option, extra, gain = _steps(items)
    order = np.argsort(-ratio, kind="stable")
    choice = np.full(len(items), -1, np.int64)
    blocked = np.zeros(len(items), np.bool_)
    value = weight = bound = 0.0
    open_bound, room = True, ceiling
    for at in order.tolist():
        if open_bound:
            share = min(1.0, max(room, 0.0) / extra[at]) if extra[at] > 0 else 1.0
            bound += share * gain[at]
            room -= extra[at]
            open_bound = room > 0
        row = int(item[at])
        if blocked[row]:
            continue
        if weight + extra[at] <= ceiling + _TINY:
            choice[row] = option[at]
            weight += extra[at]
            value += gain[at]
        else:
            blocked[row] = True
    value, weight = _fill(items, ceiling, choice, value, weight)
    bound = max(bound, value)
    return Packed(choice, value, weight, bound, bound - value <= _TINY * max(1.0, abs(bound)))


def _fill(
    items: Sequence[Options], ceiling: float, choice: IntArray, value: float, weight: float
) -> tuple[float, float]:
    """Better options of single items that the room left over allows, the largest gain first."""
    moves = []
    for row, one in enumerate(items):
        now_w, now_v = (0.0, 0.0) if choice[row] < 0 else (one.weight[choice[row]], one.value[choice[row]])
        better = np.flatnonzero(one.value > now_v + _TINY)
        moves += [(float(one.value[k] - now_v), float(one.weight[k] - now_w), row, int(k)) for k in better]
    for gain, more, row, option in sorted(moves, key=lambda move: (-move[0], move[1], move[2])):
        one = items[row]
        now_w, now_v = (0.0, 0.0) if choice[row] < 0 else (one.weight[choice[row]], one.value[choice[row]])
        more, gain = float(one.weight[option] - now_w), float(one.value[option] - now_v)
        if gain > _TINY and weight + more <= ceiling + _TINY:
            choice[row], value, weight = option, value + gain, weight + more
    return value, weight


def _steps(
    items: Sequence[Options],
) -> tuple[FloatArray, IntArray, IntArray, FloatArray, FloatArray]:
    """Steps along every item's concave hull, by ratio: item, option reached, further weight and value."""
    columns: list[list[float]] = [[], [], [], [], []]
    for row, one in enumerate(items):
        w, v, at = 0.0, 0.0, -1
        while True:
            later = np.flatnonzero(one.weight > w + 0.0)
            if later.size == 0:
                break
            ratios = (one.value[later] - v) / (one.weight[later] - w)
            best = int(later[np.argmax(ratios)])
            if one.value[best] <= v + _TINY:
                break
            for column, number in zip(
                columns,
                (ratios.max(), row, best, one.weight[best] - w, one.value[best] - v),
                strict=True,
            ):
                column.append(float(number))
            w, v, at = float(one.weight[best]), float(one.value[best]), best
        del at
    ratio, item, option, extra, gain = (np.array(column) for column in columns)
    return ratio, item.astype(np.int64), option.astype(np.int64), extra, gain
