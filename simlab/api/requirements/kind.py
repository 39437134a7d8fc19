"""A kind of limit on means: one file in `kinds/`, found by itself; checks, rows and tables follow from it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.api.requirements.grouping import Grouping
from simlab.api.settings import Settings
from simlab.arrays import IntArray
from simlab.errors import Problem
from simlab.execution import Curves
from simlab.frontier import Limit, pin_items
from simlab.models import Costs
from simlab.segments import Segmentation


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
        whole = np.array(np.broadcast_to(sums, self.counts.curves.served.shape[:2]))
        return pin_items(whole, self.items, self.columns) if self.items.size else whole

    @property
    def place(self) -> dict[str, Any]:
        """Segments and groups, as the makers of rows in `simlab.frontier` take them."""
        return {
            "codes": self.segmentation.codes,
            "n_segments": self.segmentation.n_segments,
            "groups": self.groups.codes,
            "group_names": self.groups.names,
        }


Rows = Callable[[Asked], Iterable[Limit]]
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


_KINDS: dict[str, Kind] = {}


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
        if name in _KINDS and _KINDS[name].rows.__module__ != rows.__module__:
            raise ValueError(f"two kinds of limits are called '{name}'")
        _KINDS[name] = Kind(name, noun, bound, place, rows, refuse, flows)
        return rows

    return enter


@cache
def _import_all() -> None:
    package = importlib.import_module("simlab.api.requirements.kinds")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def kinds() -> list[Kind]:
    """Every kind of limit on means, in the order of their places."""
    _import_all()
    return sorted(_KINDS.values(), key=lambda one: (one.place, one.name))
