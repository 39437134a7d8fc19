"""The contest: every scheme at its own best targets, read at equal service on fresh randomness."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.measures import Estimate
from simlab.segments import Segmentation, random_like
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.entry import Entry, Reading
from simlab.verdict.tournament.free import enter_free
from simlab.verdict.tournament.multiple import Multiple

ONE = "one class"
PER_SKU = "per-SKU plan"
FEWEST_CONTROLS = 20
_CONTROL_SEED = 1

Told = Callable[[int, int], None]
"""Called with the schemes done and their number."""


@dataclass(frozen=True, eq=False)
class Entrant:
    """A segmentation that takes part, under its own name."""

    name: str
    segmentation: Segmentation


@dataclass(frozen=True, eq=False)
class Tournament:
    """What every scheme costs at equal fill on the verdict seed, and how sure that is.

    Attributes
    ----------
    arena : Arena
    entrants : tuple of Entrant
    entries : dict of str to Entry
        Per scheme, with `ONE` (the best common target) among them.
    per_sku : Entry
        The feasible plan with one target per SKU-location.
    free : dict of int to Entry
        Number of classes → the best plan with so many targets and free assignment, where known.
    controls : dict of str to (fills, draws) float
        Scheme → holding cost per year of random partitions of the same sizes.
    level : float
        Of every interval, and of all pairs together.
    """

    arena: Arena
    entrants: tuple[Entrant, ...]
    entries: dict[str, Entry]
    per_sku: Entry
    free: dict[int, Entry]
    controls: dict[str, FloatArray]
    level: float

    @property
    def names(self) -> tuple[str, ...]:
        """Schemes in the order given, the one class last."""
        return tuple(self.entries)

    @property
    def fill(self) -> float:
        """The floor that decides."""
        return self.arena.fills[0]

    @cached_property
    def _multiples(self) -> dict[float, Multiple]:
        return {fill: self._multiple(fill) for fill in self.arena.fills}

    def multiple(self, fill: float | None = None) -> Multiple:
        """Logarithms of yearly holding cost at a floor, all schemes together."""
        return self._multiples[self.fill if fill is None else fill]

    def _multiple(self, fill: float) -> Multiple:
        readings = [entry.cost_at(fill) for entry in self.entries.values()]
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.log(np.array([reading.value for reading in readings]))
            left = np.log(np.array([reading.left for reading in readings]))
            again = np.log(np.array([reading.again for reading in readings]))
        return Multiple(value, left, self.level, again)

    def cost(self, name: str, fill: float | None = None) -> Estimate:
        """Holding cost per year of a scheme at a floor."""
        return self.entries[name].cost_at(self.fill if fill is None else fill).estimate(self.level)

    def percent(self, name: str, against: Entry, fill: float | None = None) -> Estimate:
        """(scheme − other) ÷ other at equal fill as a fraction, its own paired interval."""
        return self.relative(self.entries[name], against, self.fill if fill is None else fill)

    def relative(self, one: Entry, other: Entry, fill: float) -> Estimate:
        """(one − other) ÷ other at equal fill as a fraction."""
        return relative(one.cost_at(fill), other.cost_at(fill), self.level)

    def pair(self, a: str, b: str, fill: float | None = None) -> Estimate:
        """(a − b) ÷ b at equal fill as a fraction, with an interval that holds for all pairs together.

        Notes
        -----
        Made from differences of logarithms, so that a against b says the same as b against a.
        """
        difference = self.multiple(fill).difference(self.names.index(a), self.names.index(b))
        value, low, high = (math.expm1(x) for x in (difference.value, difference.low, difference.high))
        return Estimate(value, low, high, self.level, "simulation", difference.n, difference.note)

    def ranking(self, fill: float | None = None) -> tuple[str, ...]:
        """Schemes from the cheapest at equal fill to the dearest; those without a number last."""
        value = self.multiple(fill).value
        return tuple(
            self.names[i] for i in np.argsort(np.where(np.isnan(value), np.inf, value), kind="stable")
        )

    def may_be_best(self, name: str, fill: float | None = None) -> bool:
        """Whether the comparison with the best leaves it possible that no other scheme is better."""
        many, at = self.multiple(fill), self.names.index(name)
        low, _ = many.with_best
        return bool(low[at] < 0 or many.value[at] == np.nanmin(many.value))

    def control_share(self, name: str, fill: float | None = None) -> float:
        """(1 + random partitions at least as cheap) ÷ (1 + all of them): small = better than chance."""
        if name not in self.controls:
            return math.nan
        at = self.arena.fills.index(self.fill if fill is None else fill)
        drawn = self.controls[name][at]
        cost = self.entries[name].cost_at(self.arena.fills[at]).value
        if math.isnan(cost) or np.isnan(drawn).any():
            return math.nan
        return float((1 + (drawn <= cost).sum()) / (1 + drawn.size))

    def n_targets(self, name: str) -> int:
        """Different targets in the plan at the deciding floor: rules that do something."""
        asked = self.entries[name].asked.get(self.fill)
        return 0 if asked is None else int(np.unique(asked).size)

    def explained(self, name: str) -> float:
        """Share of SKU-locations a planner has to explain: those not at the plan's commonest target."""
        asked = self.entries[name].asked.get(self.fill)
        codes = self._codes(name)
        if asked is None or not codes.size:
            return math.nan
        return float(1.0 - np.bincount(asked[codes]).max() / codes.size)

    def _codes(self, name: str) -> IntArray:
        found = {one.name: one.segmentation.codes for one in self.entrants}
        return found.get(name, np.zeros(self.arena.n_items, dtype=np.int64))


def relative(a: Reading, b: Reading, level: float) -> Estimate:
    """(a − b) ÷ b with a paired jackknife interval, from logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log = Reading(
            float(np.log(a.value) - np.log(b.value)),
            np.asarray(np.log(a.left) - np.log(b.left)),
            _log_ratio(a, b),
        ).estimate(level)
    value, low, high = (math.expm1(x) for x in (log.value, log.low, log.high))
    return Estimate(value, low, high, level, "simulation", log.n, log.note)


def _log_ratio(a: Reading, b: Reading) -> FloatArray:
    """Logarithms of the ratio over redrawn searches; a plan that was not chosen again stays as it is."""
    if not (a.again.size or b.again.size):
        return np.zeros(0)
    over = a.again if a.again.size else np.array([a.value])
    under = b.again if b.again.size else np.array([b.value])
    return np.asarray(np.log(over) - np.log(under))


def hold(
    arena: Arena,
    entrants: Sequence[Entrant],
    ids: tuple[Sequence[str], Sequence[str]],
    *,
    level: float,
    n_controls: int = FEWEST_CONTROLS,
    classes: Sequence[int] = (),
    told: Told | None = None,
) -> Tournament:
    """Let every scheme bring its best plans and judge them side by side.

    Parameters
    ----------
    arena : Arena
        Items, paths, costs, service and floors.
    entrants : sequence of Entrant
        Names must differ.
    ids : (sku, location)
        For the lots of the random controls.
    level : float
        Of the intervals.
    n_controls : int
        Random partitions per vector of class sizes; 0: none.
    classes : sequence of int
        Numbers of classes for which the best plan with free assignment is wanted besides those of the
        entrants.
    told : callable, optional
        Progress.
    """
    entries: dict[str, Entry] = {}
    for entry in entered(arena, entrants):
        entries[entry.name] = entry
        if told is not None:
            told(len(entries), len(entrants) + 1)
    known = [(entries[one.name], one.segmentation) for one in entrants]
    numbers = {1, *classes, *(one.segmentation.n_segments for one in entrants)}
    return Tournament(
        arena=arena,
        entrants=tuple(entrants),
        entries=entries,
        per_sku=arena.enter_per_item(PER_SKU, arena.per_item()),
        free=enter_free(arena, numbers, known),
        controls=_controls(arena.pooled(), entrants, ids, n_controls) if n_controls else {},
        level=level,
    )


def entered(arena: Arena, entrants: Sequence[Entrant]) -> Iterator[Entry]:
    """The entries of all schemes and, last, of the one class."""
    for one in entrants:
        yield arena.enter(one.name, one.segmentation.codes, one.segmentation.names)
    if all(one.name != ONE for one in entrants):
        yield arena.enter(ONE, np.zeros(arena.n_items, dtype=np.int64), ("all",))


def _controls(
    arena: Arena, entrants: Sequence[Entrant], ids: tuple[Sequence[str], Sequence[str]], n: int
) -> dict[str, FloatArray]:
    """Costs of random partitions, drawn once per vector of class sizes."""
    by_sizes: dict[tuple[int, ...], FloatArray] = {}
    found = {}
    for one in entrants:
        sizes = tuple(sorted(one.segmentation.sizes.tolist()))
        if len(sizes) < 2:
            continue
        if sizes not in by_sizes:
            drawn = random_like(one.segmentation, *ids, n=n, seed=_CONTROL_SEED)
            costs = [control_costs(arena, control) for control in drawn]
            by_sizes[sizes] = np.array(costs).T
        found[one.name] = by_sizes[sizes]
    return found


def control_costs(arena: Arena, segmentation: Segmentation) -> list[float]:
    """Holding cost per year at every floor, without intervals (`arena` is pooled)."""
    entry = arena.enter("control", segmentation.codes, segmentation.names)
    return [entry.cost_at(fill).value for fill in arena.fills]
