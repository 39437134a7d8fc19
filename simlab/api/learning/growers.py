"""Ways to grow segments on what each target costs, by the name that users write."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import FloatArray
from simlab.errors import InvalidInputError, Problem
from simlab.segments import SchemeInput, Segmentation, sized_by_cost
from simlab.segments.assign import LEARNED, assign
from simlab.segments.classes import Classes
from simlab.segments.inputs import scheme_input
from simlab.segments.learned import learn_rules, usable
from simlab.segments.learned_cuts import learn_cuts, optimised_classes
from simlab.study.sections import LearnedSpec

Grow: TypeAlias = Callable[[FloatArray, int], Segmentation]
"""(n, k) loss of every SKU-location at every target, and the most classes → segments that lose least."""

TREE, CUTS = "tree", "cuts"
"""Segments by questions; by cuts on one column."""
_CLASSES, _MIN_SIZE = 4, 20


def is_grown(data: Data, name: str) -> bool:
    """Whether an entry of `segments.by` needs what service costs."""
    return name in (LEARNED, TREE, CUTS) or sized_by_cost(name, data.study.segments)


def learned_spec(data: Data) -> LearnedSpec:
    """How the study learns; without a word about it four classes of at least 20, or 5 % of a small study."""
    given = data.study.segments.learned
    if given is not None:
        return given
    return LearnedSpec(classes=_CLASSES, min_size=min(_MIN_SIZE, max(1, data.catalog.n_items // 20)))


def grower(data: Data, name: str, spec: LearnedSpec) -> Grow:
    """What grows the segments called `name`; refused before anything is simulated if it cannot.

    Parameters
    ----------
    name : str
        ``learned``, ``tree``, ``cuts``, or a scheme whose sizes are to be optimised.
    spec : LearnedSpec
        Method of ``learned``, attributes and least size; the number of classes is asked for each time.

    Raises
    ------
    InvalidInputError
        A column that is missing, constant, partly empty or not writable in a rule; a scheme without a score.
    """
    if name not in (LEARNED, TREE, CUTS):
        grow = partial(_sized, data, name, spec.min_size)
        grow(np.zeros((data.catalog.n_items, 1)), 1)
        return grow
    columns, attributes = learned_columns(data, spec)
    cuts = name == CUTS or (name == LEARNED and spec.method == CUTS)
    return partial(_ruled, columns, attributes, spec.min_size, cuts)


def _ruled(
    columns: SchemeInput,
    attributes: Sequence[str],
    min_size: int,
    cuts: bool,
    loss: FloatArray,
    classes: int,
) -> Segmentation:
    """Cuts of one column, or the tree; a tree may ask about one column only, where that loses least."""
    cut = learn_cuts(columns, loss, attributes, classes=classes, min_size=min_size)
    if cuts:
        return cut.segmentation
    tree = learn_rules(columns, loss, attributes, classes=classes, min_size=min_size)
    fewer = cut.loss < tree.loss and cut.segmentation.n_segments == tree.segmentation.n_segments
    return (cut if fewer else tree).segmentation


def _sized(data: Data, name: str, min_size: int, loss: FloatArray, classes: int) -> Segmentation:
    def cutter(given: SchemeInput, score: FloatArray, why: str) -> Classes:
        return optimised_classes(given, score, why, loss, classes=classes, min_size=min_size)

    return assign(data.catalog, data.models, name, data.study.segments, cutter=cutter)


def learned_columns(data: Data, spec: LearnedSpec) -> tuple[SchemeInput, tuple[str, ...]]:
    """The columns of the SKU-locations, and the names of those that rules may ask about."""
    columns = replace(scheme_input(data.catalog, data.models), scheme=LEARNED)
    if not spec.attributes:
        return columns, usable(columns)
    problems: list[Problem] = []
    for name in spec.attributes:
        try:
            _check(columns, name)
        except InvalidInputError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInputError(problems)
    return columns, tuple(spec.attributes)


def _check(columns: SchemeInput, name: str) -> None:
    values = columns.number(name)
    if np.ptp(values) == 0 and columns.n_items > 1:
        raise columns.refuse(
            "E-SEG-003", f"column '{name}' is {values[0]:g} everywhere, it tells nothing apart"
        )
    if not name.isidentifier() or keyword.iskeyword(name):
        fix = f'give it a plain name: [data.items] columns = {{ plain_name = "{name}" }}'
        raise columns.refuse("E-SEG-034", f"column '{name}' cannot stand in a rule", fix)


def refuse_many(data: Data, name: str, spec: LearnedSpec) -> None:
    """Refuse more classes than SKU-locations."""
    n = data.catalog.n_items
    if spec.classes > n:
        message = f"scheme '{name}': {spec.classes} classes for {n} SKU-locations"
        raise InvalidInputError([Problem("E-SEG-012", message, column="segments")])
