"""What the study demands of a plan besides floor and budget, checked before anything is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.api.data.data import Data
from simlab.api.requirements.grouping import Grouping, empty_groups, everything, group_by
from simlab.api.requirements.kind import SHOWN, ChanceKind, Shape, chance_kinds, kinds, target_kinds
from simlab.arrays import BoolArray, ChoiceArray, IntArray
from simlab.errors import InvalidInputError, Problem, SimlabError, listed
from simlab.measures.shown import Public
from simlab.segments import Segmentation
from simlab.study.optimize_sections import FloorSpec


class OfReplications(NamedTuple):
    """A limit on single replications: its kind, what the study says, and its groups."""

    kind: ChanceKind
    spec: Any
    groups: Grouping


@dataclass(frozen=True, eq=False, repr=False)
class Constraints(Public):
    """Limits in the user's terms, with the groups they speak of.

    Attributes
    ----------
    on_means : mapping of str to tuple of (spec, Grouping)
        Limits on means by the name of their kind (`kind.kinds`).
    chances : tuple of OfReplications
        Limits on single replications.
    ordered : tuple of (int, int)
        Pairs of segments (a, b): the target of a is at least that of b.
    allowed : (n_segments, n_targets) bool or None
        Targets that segments may take; None where none is pinned or held in a range.
    items, columns : (m,) int64
        Pinned SKU-locations and the number of the target they keep.
    """

    on_means: Mapping[str, tuple[tuple[Any, Grouping], ...]]
    chances: tuple[OfReplications, ...]
    ordered: tuple[tuple[int, int], ...]
    allowed: BoolArray | None
    items: IntArray
    columns: IntArray

    @property
    def any_on_means(self) -> bool:
        """Whether the plan is bound by more than floor, budget and pins."""
        return bool(any(self.on_means.values()) or self.ordered)

    @property
    def floors(self) -> tuple[tuple[FloorSpec, Grouping], ...]:
        """Floors of groups."""
        return self.on_means["floors"]

    def named(self) -> list[str]:
        """Kinds of limits on means, other than floors, that the study has: their nouns."""
        return [kind.noun for kind in kinds() if kind.name != "floors" and self.on_means[kind.name]]

    def choice_of_items(self, segmentation: Segmentation, choice: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(…, n) target number of each item, from (…, n_segments) of each segment and the pins."""
        of_items = np.array(choice[..., segmentation.codes])
        of_items[..., self.items] = self.columns
        return of_items

    def plans_of_items(self, codes: IntArray, choice: npt.NDArray[Any]) -> ChoiceArray:
        """(n, p) the same of (p, n_segments) side by side, in a file where they are many."""
        of_items = mapped.taken(np.ascontiguousarray(choice.T, dtype=np.int16), codes)
        of_items[self.items] = self.columns[:, None]
        return of_items


def constraints(data: Data, segmentation: Segmentation, targets: tuple[float, ...]) -> Constraints:
    """Read the study's limits against the items and segments that there are.

    Raises
    ------
    InvalidInputError
        With every limit that names what does not exist, or that contradicts another outright.
    """
    asked = data.study.optimize
    problems: list[Problem] = []
    maker = _Maker(data, segmentation, problems)
    on_means = {
        kind.name: tuple(maker.grouped(kind.name, spec, kind.bound) for spec in getattr(asked, kind.name))
        for kind in kinds()
    }
    chances = tuple(
        OfReplications(kind, *maker.grouped(kind.name, spec, None))
        for kind in chance_kinds()
        for spec in getattr(asked, kind.name)
    )
    every = np.ones((segmentation.n_segments, len(targets)), dtype=np.bool_)
    shape = Shape(data, segmentation, targets, problems, every)
    for kind_of_targets in target_kinds():
        if section := getattr(asked, kind_of_targets.name):
            kind_of_targets.narrow(shape, section)
    problems += [problem for kind in kinds() for problem in kind.refuse(data)]
    if problems:
        raise InvalidInputError(problems)
    allowed = None if shape.allowed.all() else shape.allowed
    items = np.array(sorted(shape.items), dtype=np.int64)
    columns = np.array([shape.items[row] for row in items.tolist()], dtype=np.int64)
    return Constraints(on_means, chances, tuple(shape.pairs), allowed, items, columns)


@dataclass(frozen=True, eq=False)
class _Maker:
    data: Data
    segmentation: Segmentation
    problems: list[Problem]

    def grouped(self, what: str, spec: Any, bound: str | None) -> tuple[Any, Grouping]:
        """The groups of one limit; every name that its `bound` gives a figure must hold an item."""
        limits: Mapping[str, float] = {} if bound is None else getattr(spec, bound)
        if spec.by is None:
            return spec, everything(self.data)
        try:
            grouping = group_by(self.data, self.segmentation, spec.by)
        except SimlabError:
            known = ("segment", *self.segmentation.by, "location", *self.data.catalog.texts)
            fix = f"group by one of: {listed(list(dict.fromkeys(known)), SHOWN)}"
            message = f"'{spec.by}' is no column of items, no scheme and no segment"
            self._refuse("E-OPT-010", message, f"optimize.{what}.by", fix)
            return spec, everything(self.data)
        gone = empty_groups(self.data, grouping, spec.by, limits)
        if gone and bound is not None:
            kept = {name: value for name, value in limits.items() if name not in gone}
            spec = spec.model_copy(update={bound: kept})
        for name in limits:
            if name not in grouping.names and name not in gone:
                fix = f"{spec.by} is one of: {listed(grouping.names, SHOWN)}"
                message = f"no SKU-location has {spec.by} '{name}': the group is empty"
                self._refuse("E-OPT-011", message, f"optimize.{what}", fix)
        return spec, grouping

    def _refuse(self, code: str, message: str, where: str, fix: str) -> None:
        self.problems.append(Problem(code, message, self.data.study.file, column=where, fix=fix))
