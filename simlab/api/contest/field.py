"""Who takes part in a contest of schemes: named by the user, or everything that the items allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simlab.api.data.data import Data
from simlab.api.learning.growers import CUTS, TREE, grower, is_grown, learned_spec
from simlab.api.learning.learning import product
from simlab.errors import InvalidInputError, Problem, SimlabError, UsageError
from simlab.segments import Segmentation, known_schemes
from simlab.segments.assign import LEARNED, assign
from simlab.verdict.tournament import Arena, Entrant
from simlab.verdict.tournament.classes import options_for
from simlab.verdict.tournament.grown import free_in, grow_in

JOIN = "+"
_CONTROLS = ("all", "random", "rules")
_COLUMNS = ("supplier", "location", "channel", "category", "customer_group")
Scheme = str | Sequence[str] | Segmentation
Schemes = Sequence[Scheme] | Mapping[str, Scheme]


@dataclass(frozen=True, eq=False)
class Field:
    """The schemes that take part.

    Attributes
    ----------
    entrants : tuple of Entrant
        Those that sort by themselves.
    grown : mapping of str to str
        Name → what is grown once the arena stands: ``tree``, ``cuts``, ``learned``, ``optimised:tbs`` …,
        and products that have one of these as a part (``abc+tree``).
    left_out : tuple of (str, str)
        Schemes that cannot take part, and why; only where the user named none.
    notes : tuple of str
        Classes without a SKU-location, and the like.
    """

    entrants: tuple[Entrant, ...]
    grown: Mapping[str, str]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def field_of(data: Data, schemes: Schemes | None) -> Field:
    """The schemes named (all problems of all of them together), or all that the items allow.

    Raises
    ------
    InvalidInputError
        A scheme or column that is unknown, missing, constant or partly empty; more classes than
        SKU-locations; rules that overlap or leave SKU-locations uncovered.
    UsageError
        No scheme, or two that share a name.
    """
    if schemes is not None and not schemes:
        raise UsageError("compare which schemes? name at least one, for example abc,xyz,abc+xyz")
    given = _named(schemes) if schemes is not None else [(_name(one), one) for one in _everything(data)]
    if schemes is None:
        given.append((TREE, TREE))
    grown: dict[str, str] = {}
    entrants: list[Entrant] = []
    left_out: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for name, one in given:
        try:
            parts = _parts(one)
            if any(_grows(data, part) for part in parts):
                _refuse_parts(data, parts)
                grown[name] = JOIN.join(parts)
                continue
            entrants.append(Entrant(name, _segmentation(data, one)))
        except InvalidInputError as error:
            problems.extend(error.problems)
            left_out.append((name, error.problems[0].message))
        except SimlabError as error:
            if schemes is not None:
                raise
            left_out.append((name, str(error)))
    if problems and schemes is not None:
        raise InvalidInputError(problems)
    names = [name for name, _ in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"scheme '{twice[0]}' takes part twice")
    return Field(tuple(entrants), grown, tuple(left_out), tuple(_notes(entrants)))


def grown_in(data: Data, arena: Arena, one: str, classes: int | None = None) -> Segmentation:
    """Segments grown on the arena's search seed; as many as the study's `segments.learned` says at most.

    Parts of a product are grown each by itself, on all SKU-locations, and then crossed.
    """
    parts = one.split(JOIN)
    if len(parts) > 1:
        spec = data.study.segments
        return product(
            [
                grown_in(data, arena, part, classes)
                if _grows(data, part)
                else assign(data.catalog, data.models, part, spec)
                for part in parts
            ]
        )
    learned = learned_spec(data)
    classes = min(learned.classes, data.catalog.n_items) if classes is None else classes
    if one == LEARNED and learned.method == "free":
        return free_in(arena, classes, LEARNED)
    grow = grower(data, one, learned)
    return grow_in(arena, lambda loss: grow(loss, classes))


def _parts(one: Scheme) -> tuple[str, ...]:
    """Schemes of a product; none of a segmentation that is given."""
    if isinstance(one, Segmentation):
        return ()
    return tuple(dict.fromkeys(one.split(JOIN) if isinstance(one, str) else one))


def _refuse_parts(data: Data, parts: Sequence[str]) -> None:
    """Refuse before anything is simulated what cannot be grown or assigned."""
    for part in parts:
        if _grows(data, part):
            grower(data, part, learned_spec(data))
        else:
            assign(data.catalog, data.models, part, data.study.segments)


def _grows(data: Data, one: str) -> bool:
    return one in (TREE, CUTS) or is_grown(data, one)


def with_classes(data: Data, arena: Arena, scheme: str, numbers: Sequence[int]) -> dict[int, Segmentation]:
    """The scheme with so many classes each, as far as it can; one class always."""
    whole = assign(data.catalog, data.models, "all")
    found = {1: whole}
    for k in sorted(set(numbers) - {1}):
        if k > data.catalog.n_items:
            break
        if _grows(data, scheme):
            found[k] = grown_in(data, arena, scheme, k)
            continue
        options = options_for(scheme, k, data.models.cv)
        if options is None:
            continue
        try:
            found[k] = assign(
                data.catalog, data.models, scheme, data.study.segments, options={scheme: options}
            )
        except InvalidInputError:
            break
    return found


def _everything(data: Data) -> Iterator[Scheme]:
    yield from (name for name in known_schemes() if name not in _CONTROLS)
    if data.study.segments.rules:
        yield "rules"
    yield ("abc", "xyz")
    for name in _COLUMNS:
        values = data.catalog.location if name == "location" else data.catalog.texts.get(name)
        if values is not None and len(set(values)) > 1:
            yield name


def _named(schemes: Schemes) -> list[tuple[str, Scheme]]:
    if isinstance(schemes, Mapping):
        return list(schemes.items())
    return [(_name(one), one) for one in schemes]


def _segmentation(data: Data, one: Scheme) -> Segmentation:
    if isinstance(one, Segmentation):
        if one.codes.size != data.catalog.n_items:
            raise UsageError(f"a segmentation of {one.codes.size} SKU-locations, not {data.catalog.n_items}")
        return one
    by = one.split(JOIN) if isinstance(one, str) else list(one)
    return assign(data.catalog, data.models, by, data.study.segments)


def _name(one: Scheme) -> str:
    if isinstance(one, str):
        return one
    return JOIN.join(one.by if isinstance(one, Segmentation) else one)


def _notes(entrants: Sequence[Entrant]) -> Iterator[str]:
    for one in entrants:
        segmentation = one.segmentation
        if segmentation.n_segments == 1:
            yield f"scheme '{one.name}' puts every SKU-location in one class, '{segmentation.names[0]}'"
        elif len(segmentation.labels) == 1:
            used = {values[0] for values in segmentation.attributes}
            empty = [label for label in segmentation.labels[0] if label not in used]
            if empty:
                yield f"scheme '{one.name}': no SKU-location is in class {', '.join(empty)}"


def id_order(data: Data) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """SKU-locations in the order of sku and location, whatever the order of the rows."""
    pairs = list(zip(data.catalog.sku, data.catalog.location, strict=True))
    return np.array(sorted(range(len(pairs)), key=pairs.__getitem__), dtype=np.int64)
