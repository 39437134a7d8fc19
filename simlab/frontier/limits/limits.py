"""Limits as users state them, over any grouping of items, turned into integer rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.errors import UsageError
from simlab.frontier.curves import Sums, exact_amount, exact_rate, exact_sum, sum_by_group
from simlab.frontier.limits.program import Limit
from simlab.frontier.plan import money_up
from simlab.measures import format_rate


def service_floors(
    codes: IntArray,
    n_segments: int,
    *,
    groups: IntArray,
    group_names: Sequence[str],
    part: IntArray,
    whole: IntArray,
    at_least: Mapping[str, float],
    what: str = "fill rate",
) -> tuple[Limit, ...]:
    """Floors on a ratio of sums in groups of items, such as the fill rate of each location.

    Parameters
    ----------
    codes, groups : (n,) int
        Segment and group of each item.
    group_names : sequence of str
        Names of the groups.
    part, whole : (n, k) int64
        Served and demanded, good and all cycles, or periods with stock and all periods; `whole`
        may be (n,) or (n, 1) where it is the same at every target.
    at_least : mapping of group name to rate
        The floors.
    what : str
        Name of the measure, for messages.

    Raises
    ------
    UsageError
        For a group that no item belongs to or whose whole is zero.
    """
    whole = whole[:, None] if whole.ndim == 1 else whole
    limits = []
    for name, level in at_least.items():
        members = _members(name, groups, group_names)
        rate = exact_rate(level)
        inside = np.where(members, codes, -1)
        good, every = (sum_by_group(inside, n_segments, table) for table in (part, whole))
        if not exact_sum(every):
            raise UsageError(f"{what} of '{name}': nothing was demanded there, so no floor can be met")
        of = f"{what} of {name}"
        floor = ratio_floor(f"{of} ≥ {format_rate(float(rate))}", good, every, rate, of=of)
        limits.append(floor)
    return tuple(limits)


def ratio_floor(name: str, part: Sums, whole: Sums, rate: Fraction, *, of: str = "") -> Limit:
    """Floor on Σ part ÷ Σ whole as a whole-number row, without a division."""
    every = np.asarray(np.broadcast_to(whole, part.shape))
    table = scaled_difference(part, every, rate)
    return Limit(name, table, at_least=0, part=part, whole=every, of=of, rate=rate)


def scaled_difference(part: Sums, whole: Sums, rate: Fraction) -> Sums:
    """denominator · part − numerator · whole in Python integers: ≥ 0 where the ratio meets the rate."""
    wide = np.broadcast_to(whole, part.shape).astype(object)
    return np.asarray(part.astype(object) * rate.denominator - wide * rate.numerator)


def ceilings(
    codes: IntArray,
    n_segments: int,
    *,
    groups: IntArray,
    group_names: Sequence[str],
    amount: IntArray,
    at_most: Mapping[str, Any],
    unit: Fraction = Fraction(1),
    what: str = "inventory value",
    currency: str = "",
) -> tuple[Limit, ...]:
    """Ceilings on an additive measure in groups of items, such as stock value per supplier.

    Parameters
    ----------
    amount : (n, k) int64
        Sums of each item at each target (stock value, volume).
    at_most : mapping of group name to amount
        The ceilings in money or volume.
    unit : Fraction
        Money or volume of one unit of `amount`.
    """
    limits = []
    for name, most in at_most.items():
        members = _members(name, groups, group_names)
        limit = exact_amount(most)
        table = sum_by_group(np.where(members, codes, -1), n_segments, amount)
        text = f"{what} of {name} ≤ {money_up(limit, currency)}"
        limits.append(Limit(text, table, at_most=int(limit / unit // 1), unit=unit, currency=currency))
    return tuple(limits)


def _members(name: str, groups: IntArray, group_names: Sequence[str]) -> BoolArray:
    names = list(group_names)
    at = names.index(name) if name in names else -1
    members = np.asarray(groups == at)
    if at < 0 or not members.any():
        raise UsageError(f"no item belongs to '{name}'; known: {', '.join(names)}")
    return members


def allowed_targets(
    targets: FloatArray,
    names: Sequence[str],
    *,
    pinned: Mapping[str, float] | None = None,
    minimum: Mapping[str, float] | None = None,
    maximum: Mapping[str, float] | None = None,
) -> BoolArray:
    """(n_segments, n_targets) targets that each segment may take.

    Parameters
    ----------
    pinned : mapping of segment name to target
        A target of the grid that the segment keeps.
    minimum, maximum : mapping of segment name to target
        Smallest and largest target.
    """
    allowed = np.ones((len(names), targets.size), dtype=np.bool_)
    for mapping, keeps in (
        (pinned, lambda t: np.isclose(targets, t, rtol=0, atol=1e-12)),
        (minimum, lambda t: targets >= t - 1e-12),
        (maximum, lambda t: targets <= t + 1e-12),
    ):
        for name, target in (mapping or {}).items():
            if name not in names:
                raise UsageError(f"'{name}' is no segment; known: {', '.join(names)}")
            allowed[list(names).index(name)] &= keeps(target)
    for row, name in enumerate(names):
        if not allowed[row].any():
            raise UsageError(f"no target of the grid is left for segment '{name}'")
    return allowed


def pin_items(table: npt.NDArray[Any], items: IntArray, columns: IntArray) -> npt.NDArray[Any]:
    """A copy of an (n, k) table in which some items stay at one column, in a file where it is large."""
    pinned = mapped.room(table.shape, table.dtype)
    pinned[:] = table
    pinned[items] = table[items, columns][:, None]
    return pinned
