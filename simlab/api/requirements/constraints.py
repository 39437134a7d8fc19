"""What the study demands of a plan besides floor and budget, checked before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.api.requirements.grouping import Grouping, empty_groups, everything, group_by
from simlab.api.requirements.kind import kinds
from simlab.arrays import BoolArray, IntArray
from simlab.errors import InvalidInputError, Problem, SimlabError, listed
from simlab.measures.shown import Public
from simlab.segments import Segmentation
from simlab.study.optimize_sections import ChanceSpec, FloorSpec, PinnedSpec, TargetRangeSpec

_SHOWN = 6


@dataclass(frozen=True, eq=False, repr=False)
class Constraints(Public):
    """Limits in the user's terms, with the groups they speak of.

    Attributes
    ----------
    on_means : mapping of str to tuple of (spec, Grouping)
        Limits on means by the name of their kind (`kind.kinds`).
    chances : tuple of (ChanceSpec, Grouping)
    ordered : tuple of (int, int)
        Pairs of segments (a, b): the target of a is at least that of b.
    allowed : (n_segments, n_targets) bool or None
        Targets that segments may take; None where none is pinned or held in a range.
    items, columns : (m,) int64
        Pinned SKU-locations and the number of the target they keep.
    """

    on_means: Mapping[str, tuple[tuple[Any, Grouping], ...]]
    chances: tuple[tuple[ChanceSpec, Grouping], ...]
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


def constraints(data: Data, segmentation: Segmentation, targets: tuple[float, ...]) -> Constraints:
    """Read the study's limits against the items and segments that there are.

    Raises
    ------
    InvalidInputError
        With every limit that names what does not exist, or that contradicts another outright.
    """
    asked = data.study.optimize
    problems: list[Problem] = []
    maker = _Maker(data, segmentation, targets, problems)
    on_means = {
        kind.name: tuple(maker.grouped(kind.name, spec, kind.bound) for spec in getattr(asked, kind.name))
        for kind in kinds()
    }
    chances = tuple(maker.grouped("chance", spec, None) for spec in asked.chance)
    ordered = tuple(maker.ordered(asked.ordered))
    allowed = maker.allowed(asked.pinned, asked.target_ranges)
    items, columns = maker.pinned_items(asked.pinned)
    problems += [problem for kind in kinds() for problem in kind.refuse(data)]
    if problems:
        raise InvalidInputError(problems)
    return Constraints(on_means, chances, ordered, allowed, items, columns)


@dataclass(frozen=True, eq=False)
class _Maker:
    data: Data
    segmentation: Segmentation
    targets: tuple[float, ...]
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
            fix = f"group by one of: {listed(list(dict.fromkeys(known)), _SHOWN)}"
            message = f"'{spec.by}' is no column of items, no scheme and no segment"
            self._refuse("E-OPT-010", message, f"optimize.{what}.by", fix)
            return spec, everything(self.data)
        gone = empty_groups(self.data, grouping, spec.by, limits)
        if gone and bound is not None:
            kept = {name: value for name, value in limits.items() if name not in gone}
            spec = spec.model_copy(update={bound: kept})
        for name in limits:
            if name not in grouping.names and name not in gone:
                fix = f"{spec.by} is one of: {listed(grouping.names, _SHOWN)}"
                message = f"no SKU-location has {spec.by} '{name}': the group is empty"
                self._refuse("E-OPT-011", message, f"optimize.{what}", fix)
        return spec, grouping

    def ordered(self, names: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        """Pairs of segments; values of one attribute order the segments alike in the others."""
        segmentation = self.segmentation
        if len(names) == 1 or len(set(names)) < len(names):
            self._refuse("E-OPT-012", "names at least two different segments", "optimize.ordered", "A, B, C")
            return
        if all(name in segmentation.names for name in names):
            rows = [segmentation.names.index(name) for name in names]
            yield from pairwise(rows)
            return
        place = self._attribute_of(names)
        if place is None:
            return
        alike: dict[tuple[str, ...], dict[str, int]] = {}
        for row, attribute in enumerate(segmentation.attributes):
            rest = attribute[:place] + attribute[place + 1 :]
            alike.setdefault(rest, {})[attribute[place]] = row
        for found in alike.values():
            yield from pairwise(found[name] for name in names if name in found)

    def _attribute_of(self, names: tuple[str, ...]) -> int | None:
        for place, labels in enumerate(self.segmentation.labels):
            if all(name in labels for name in names):
                return place
        fix = f"segments: {listed(self.segmentation.names, _SHOWN)}"
        message = f"{list(names)} are neither segments nor values of one attribute"
        self._refuse("E-OPT-013", message, "optimize.ordered", fix)
        return None

    def allowed(
        self, pinned: tuple[PinnedSpec, ...], ranges: tuple[TargetRangeSpec, ...]
    ) -> BoolArray | None:
        """Targets that each segment may take."""
        allowed = self._pinned(pinned)
        targets = np.array(self.targets)
        for span in ranges:
            low = 0.0 if span.at_least is None else span.at_least
            high = 1.0 if span.at_most is None else span.at_most
            for row in self._segments_of(span.segment, "optimize.target_ranges"):
                left = allowed[row] & (targets >= low) & (targets <= high)
                if allowed[row].any() and not left.any():
                    message = f"no target is left for segment '{self.segmentation.names[row]}'"
                    fix = f"its ranges and pins contradict each other at {low:g} to {high:g}"
                    self._refuse("E-OPT-022", message, "optimize.target_ranges", fix)
                allowed[row] = left
        return None if allowed.all() else allowed

    def _pinned(self, pinned: tuple[PinnedSpec, ...]) -> BoolArray:
        allowed = np.ones((self.segmentation.n_segments, len(self.targets)), dtype=np.bool_)
        for pin in pinned:
            if (pin.segment is None) == (pin.sku is None):
                fix = (
                    '{ segment = "C", target = 0.90 } or { sku = "00123", location = "EAST", target = 0.99 }'
                )
                self._refuse("E-OPT-014", "a pin names a segment or a SKU", "optimize.pinned", fix)
            elif pin.segment is not None:
                rows = self._segments_of(pin.segment, "optimize.pinned")
                allowed[rows] &= np.array(self.targets) == pin.target
                if rows and not allowed[rows].any(axis=1).all():
                    message = f"segment '{pin.segment}' is pinned to two targets"
                    self._refuse("E-OPT-015", message, "optimize.pinned", "keep one of them")
        return allowed

    def _segments_of(self, name: str, where: str) -> list[int]:
        segmentation = self.segmentation
        known = zip(segmentation.names, segmentation.attributes, strict=True)
        rows = [row for row, (own, values) in enumerate(known) if name == own or name in values]
        if not rows:
            fix = f"segments: {listed(segmentation.names, _SHOWN)}"
            message = f"'{name}' names no segment and no value of one"
            self._refuse("E-OPT-016", message, where, fix)
        return rows

    def pinned_items(self, pinned: tuple[PinnedSpec, ...]) -> tuple[IntArray, IntArray]:
        """Pinned SKU-locations and their target numbers."""
        catalog, found = self.data.catalog, dict[int, int]()
        for pin in pinned:
            if pin.sku is None or pin.segment is not None:
                continue
            rows = [
                row
                for row, (sku, place) in enumerate(zip(catalog.sku, catalog.location, strict=True))
                if sku == pin.sku and pin.location in (None, place)
            ]
            where = f"{pin.sku}@{pin.location}" if pin.location else pin.sku
            if not rows:
                self._refuse(
                    "E-OPT-017", f"SKU '{where}' is not in items", "optimize.pinned", "correct the id"
                )
            column = self.targets.index(pin.target)
            if any(found.get(row, column) != column for row in rows):
                message = f"SKU '{where}' is pinned to two targets"
                self._refuse("E-OPT-015", message, "optimize.pinned", "keep one of them")
            found |= dict.fromkeys(rows, column)
        items = np.array(sorted(found), dtype=np.int64)
        return items, np.array([found[row] for row in items.tolist()], dtype=np.int64)

    def _refuse(self, code: str, message: str, where: str, fix: str) -> None:
        self.problems.append(Problem(code, message, self.data.study.file, column=where, fix=fix))
