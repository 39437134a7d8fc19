"""Kinds of limits, one file each in `kinds/`, found by themselves; checks, rows and tables follow from them.

On means of groups (`limit_kind`), on single replications (`chance_kind`), on the targets that may be chosen
(`target_kind`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.api.requirements.grouping import Grouping
from simlab.api.settings import Settings
from simlab.arrays import BoolArray, IntArray
from simlab.errors import Problem, listed
from simlab.execution import Curves, PlanSums
from simlab.frontier import Chance, Limit, pin_items
from simlab.models import Costs
from simlab.segments import Segmentation

SHOWN = 6


@dataclass(frozen=True, eq=False)
class Counts:
    """What amounts are counted from; `costs`: money per unit."""

    data: Data
    curves: Curves
    settings: Settings
    costs: Costs

    @property
    def stock(self) -> IntArray:
        """(n, k) unit-periods on the shelf, after ordering and at the count, over all replications."""
        return np.asarray((self.curves.on_hand + self.curves.on_hand_start).sum(axis=-1))

    @property
    def exposure(self) -> int:
        """Unit-periods that one unit on the shelf makes."""
        return 2 * self.settings.counted * self.settings.replications

    @property
    def resolution(self) -> Fraction:
        """Money of one count of cost."""
        return Fraction(repr(self.data.study.data.cost_resolution))

    @property
    def per_year(self) -> Fraction:
        """What one event of the run is a year."""
        exposure = self.settings.exposure * self.settings.replications
        return Fraction(365) / self.data.study.days_per_period / exposure


@dataclass(frozen=True, eq=False)
class Asked:
    """One entry of a section of limits, and what its rows are made from.

    Attributes
    ----------
    spec : Spec
        As the study says it.
    groups : Grouping
        What it is grouped by.
    segmentation : Segmentation
    counts : Counts
        Sums of the search.
    items, columns : (m,) int64
        Pinned SKU-locations and the number of the target they keep.
    """

    spec: Any
    groups: Grouping
    segmentation: Segmentation
    counts: Counts
    items: IntArray
    columns: IntArray

    def table(self, sums: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n, k) sums at every target, of pinned items those of their own; (n, 1) stands for all targets."""
        curves = self.counts.curves
        whole = np.broadcast_to(sums, (curves.n_items, curves.n_columns))
        return pin_items(whole, self.items, self.columns)

    @property
    def place(self) -> dict[str, Any]:
        """Segments and groups, as the makers of rows in `simlab.frontier` take them."""
        return {
            "codes": self.segmentation.codes,
            "n_segments": self.segmentation.n_segments,
            "groups": self.groups.codes,
            "group_names": self.groups.names,
        }


@dataclass(frozen=True, eq=False)
class Drawn:
    """One entry of a section of limits on single replications, and what its rows are made from.

    Attributes
    ----------
    spec : Spec
        As the study says it.
    groups : Grouping
    segmentation : Segmentation
    cells : PlanSums
        Target × cell × replication; a cell is a segment ∩ a group.
    periods : int
        Counted periods (parts of them on a working grid).
    """

    spec: Any
    groups: Grouping
    segmentation: Segmentation
    cells: PlanSums
    periods: int

    def rows(self, group: int) -> IntArray:
        """(n_segments,) cells of a group."""
        return np.arange(self.segmentation.n_segments) * (len(self.groups.names) + 1) + group

    def of(self, sums: IntArray, group: int) -> IntArray:
        """(n_segments, n_targets, n_replications) sums of a group."""
        return np.ascontiguousarray(sums[:, self.rows(group)].transpose(1, 0, 2))

    @property
    def item_periods(self) -> IntArray:
        """(cells,) SKU-locations × counted periods."""
        of_items = self.groups.cells(self.segmentation)
        sizes = np.bincount(of_items, minlength=self.cells.served.shape[1])
        return np.asarray(sizes * self.periods, dtype=np.int64)


@dataclass(eq=False)
class Shape:
    """Targets that segments and SKU-locations may take, narrowed by one section after the other.

    Attributes
    ----------
    targets : tuple of float
        Of the grid, ascending.
    problems : list of Problem
        What is wrong with the study's limits.
    allowed : (n_segments, n_targets) bool
    pairs : list of (int, int)
        Segments (a, b): the target of a is at least that of b.
    items : dict of int to int
        Row of a SKU-location → number of the target it keeps.
    """

    data: Data
    segmentation: Segmentation
    targets: tuple[float, ...]
    problems: list[Problem]
    allowed: BoolArray
    pairs: list[tuple[int, int]] = field(default_factory=list)
    items: dict[int, int] = field(default_factory=dict)

    def segments_of(self, name: str, where: str) -> list[int]:
        """Segments of this name, or with this value of an attribute; none is refused."""
        segmentation = self.segmentation
        known = zip(segmentation.names, segmentation.attributes, strict=True)
        rows = [row for row, (own, values) in enumerate(known) if name == own or name in values]
        if not rows:
            fix = f"segments: {listed(segmentation.names, SHOWN)}"
            self.refuse("E-OPT-016", f"'{name}' names no segment and no value of one", where, fix)
        return rows

    def refuse(self, code: str, message: str, where: str, fix: str) -> None:
        """Note a problem of the study."""
        self.problems.append(Problem(code, message, self.data.study.file, column=where, fix=fix))


Rows = Callable[[Asked], Iterable[Limit]]
ChanceRows = Callable[[Drawn], Iterable[Chance]]
Narrow = Callable[[Shape, Any], None]
Refuse = Callable[[Data], Iterator[Problem]]


def _nothing(data: Data) -> Iterator[Problem]:
    yield from ()


@dataclass(frozen=True)
class Kind:
    """A kind of limit on means over groups of items.

    Attributes
    ----------
    name : str
        Its section of the study: `optimize.<name>`, a list of entries with `by`.
    noun : str
        In sentences.
    bound : {"at_least", "at_most"}
        Option of an entry that names groups and the figure of each.
    place : int
        Kinds stand in ascending order of it.
    rows : callable
        From an entry to its rows over segments × targets. A row that no target can move binds nothing where
        `flows` says so of the entry.
    refuse : callable
        What of the study cannot be asked of these tables.
    flows : callable
        Whether an entry limits a flow, of which a stationary policy moves as much at every target.
    """

    name: str
    noun: str
    bound: str
    place: int
    rows: Rows
    refuse: Refuse
    flows: Callable[[Any], bool]


@dataclass(frozen=True)
class ChanceKind:
    """A kind of limit on single replications.

    Attributes
    ----------
    name, place
        As of `Kind`.
    rows : callable
        From an entry and the sums of every replication to what must hold in a share of them.
    """

    name: str
    place: int
    rows: Callable[[Drawn], Iterable[Chance]]


@dataclass(frozen=True)
class TargetKind:
    """A kind of limit on the targets that may be chosen.

    Attributes
    ----------
    name, place
        As of `Kind`; the section need not be a list.
    narrow : callable
        From the targets left and the section to fewer.
    """

    name: str
    place: int
    narrow: Callable[[Shape, Any], None]


Entered = TypeVar("Entered", Kind, ChanceKind, TargetKind)
_KINDS: dict[str, Kind] = {}
_CHANCES: dict[str, ChanceKind] = {}
_ON_TARGETS: dict[str, TargetKind] = {}


def _enter(register: dict[str, Entered], kind: Entered, maker: Callable[..., Any], known: Any) -> None:
    """Enter a kind; refuse a name that another file has taken."""
    if kind.name in register and known(register[kind.name]).__module__ != maker.__module__:
        raise ValueError(f"two kinds of limits are called '{kind.name}'")
    register[kind.name] = kind


def limit_kind(
    name: str,
    *,
    noun: str,
    bound: str,
    place: int,
    refuse: Refuse = _nothing,
    flows: Callable[[Any], bool] = lambda spec: False,
) -> Callable[[Rows], Rows]:
    """Enter the decorated function, which makes rows, as the kind of this name."""

    def enter(rows: Rows) -> Rows:
        kind = Kind(name, noun, bound, place, rows, refuse, flows)
        _enter(_KINDS, kind, rows, lambda one: one.rows)
        return rows

    return enter


def chance_kind(name: str, *, place: int) -> Callable[[ChanceRows], ChanceRows]:
    """Enter the decorated function, which makes rows of single replications, as the kind of this name."""

    def enter(rows: ChanceRows) -> ChanceRows:
        _enter(_CHANCES, ChanceKind(name, place, rows), rows, lambda one: one.rows)
        return rows

    return enter


def target_kind(name: str, *, place: int) -> Callable[[Narrow], Narrow]:
    """Enter the decorated function, which narrows targets, as the kind of this name."""

    def enter(narrow: Narrow) -> Narrow:
        _enter(_ON_TARGETS, TargetKind(name, place, narrow), narrow, lambda one: one.narrow)
        return narrow

    return enter


@cache
def _import_all() -> None:
    package = importlib.import_module("simlab.api.requirements.kinds")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def kinds() -> list[Kind]:
    """Every kind of limit on means, in the order of their places."""
    return _sorted(_KINDS)


def chance_kinds() -> list[ChanceKind]:
    """Every kind of limit on single replications."""
    return _sorted(_CHANCES)


def target_kinds() -> list[TargetKind]:
    """Every kind of limit on targets, in the order in which they narrow."""
    return _sorted(_ON_TARGETS)


def _sorted(register: Mapping[str, Entered]) -> list[Entered]:
    _import_all()
    return sorted(register.values(), key=lambda one: (one.place, one.name))
