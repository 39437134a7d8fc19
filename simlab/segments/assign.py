"""From a catalogue and its models to segments: schemes, columns, and their products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray
from simlab.errors import InvalidInputError, Problem, UsageError, did_you_mean
from simlab.segments.classes import Classes
from simlab.segments.inputs import scheme_input
from simlab.segments.scheme import Cutter, Scheme, SchemeInput, known_schemes
from simlab.segments.segmentation import Segmentation, combine

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.models import Models


COLUMN = "column:"
HABIT = {"A": 0.98, "B": 0.95, "C": 0.90}

LEARNED = "learned"
"""Segments by the study's method of learning from what service costs."""

OPTIMISED = "optimised"
"""Sizes found by what service costs: ``sizes = "optimised"``, or ``optimised:`` before a scheme's name."""
_MOST_SEGMENTS = 1_000


def assign(
    catalog: Catalog,
    models: Models,
    by: Sequence[str] | str,
    spec: object = None,
    *,
    options: Mapping[str, Mapping[str, object]] | None = None,
    cutter: Cutter | None = None,
) -> Segmentation:
    """Sort every SKU-location into a segment.

    Parameters
    ----------
    catalog : Catalog
    models : Models
    by : str or sequence of str
        Scheme names or columns of `items`; several give their product. A scheme's name wins over a
        column of the same name, ``column:NAME`` means the column; ``optimised:NAME`` is a scored scheme
        with classes of the sizes that cost least.
    spec : the study's ``segments`` section, optional
        Options of the schemes: its attribute of the scheme's name (``spec.abc``).
    options : mapping, optional
        The same as a plain mapping, scheme → option → value; wins over `spec`.
    cutter : callable, optional
        Finds sizes that are to be optimised; see `simlab.segments.learned_cuts`.

    Returns
    -------
    Segmentation
        The same for every order of the rows.

    Raises
    ------
    InvalidInputError
        Unknown scheme or column; a column with gaps or with one value only; bad options. All problems
        of all entries of `by` together.
    """
    found = assign_input(scheme_input(catalog, models), by, spec, options=options, cutter=cutter)
    if catalog.without_history is None:
        return found
    labels = tuple(
        (*known, *(value for value in values_left_out(catalog, name) if value not in known))
        for name, known in zip(found.by, found.labels, strict=True)
    )
    return replace(found, labels=labels)


def values_left_out(catalog: Catalog, by: str) -> tuple[str, ...]:
    """Values of a column that SKU-locations left out without history have; none of a scheme."""
    left = catalog.without_history
    if left is None or (by in known_schemes() and not by.startswith(COLUMN)):
        return ()
    plain = by.removeprefix(COLUMN)
    values = {"sku": left.sku, "location": left.location}.get(plain, left.texts.get(plain, ()))
    return tuple(sorted({str(value) for value in values if value is not None}))


def assign_input(
    data: SchemeInput,
    by: Sequence[str] | str,
    spec: object = None,
    *,
    options: Mapping[str, Mapping[str, object]] | None = None,
    cutter: Cutter | None = None,
) -> Segmentation:
    """As `assign`, from plain columns."""
    wanted = (by,) if isinstance(by, str) else tuple(by)
    if not wanted:
        raise UsageError("segment by what? name at least one scheme or column, for example 'abc'")
    problems = list(_unknown_tables(spec))
    found: list[tuple[str, Classes]] = []
    for name in dict.fromkeys(wanted):
        try:
            found.append((name, _classes(data, name, spec, options or {}, cutter)))
        except InvalidInputError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInputError(problems)
    parts = [(name, classes.labels, classes.codes) for name, classes in found]
    same = tuple(classes.rule for _, classes in found if not classes.divides)
    segmentation = replace(combine(parts, "\n".join(one.rule for _, one in found)), undivided=same)
    if segmentation.n_segments > _MOST_SEGMENTS:
        message = f"{segmentation.n_segments} segments by {', '.join(wanted)}, at most {_MOST_SEGMENTS} work"
        raise InvalidInputError([_problem("E-SEG-005", message, "segment by a column with fewer values")])
    return segmentation


def habit(catalog: Catalog, models: Models, spec: object = None) -> Segmentation:
    """The ABC classes that the habit A 98 %, B 95 %, C 90 % speaks of (two cuts, by annual value)."""
    options = _given_options(known_schemes()["abc"], spec, {})
    cuts = options.get("cuts")
    plain = {"cuts": cuts} if isinstance(cuts, tuple) and len(cuts) == 2 else {}
    return assign(catalog, models, "abc", options={"abc": plain})


def habit_targets(catalog: Catalog, models: Models, spec: object = None) -> FloatArray:
    """(n,) cycle service that the habit asks of each SKU-location: A 98 %, B 95 %, C 90 %."""
    classes = habit(catalog, models, spec)
    by_segment = np.array([HABIT[name] for name in classes.names], dtype=np.float64)
    return by_segment[classes.codes]


def sized_by_cost(name: str, spec: object = None) -> bool:
    """Whether a scheme's class sizes are to be optimised, so that it needs what service costs."""
    if name.startswith(f"{OPTIMISED}:"):
        return True
    table = (getattr(spec, "options", None) or {}).get(name)
    return isinstance(table, Mapping) and table.get("sizes") == OPTIMISED


def _classes(
    data: SchemeInput,
    name: str,
    spec: object,
    options: Mapping[str, Mapping[str, object]],
    cutter: Cutter | None,
) -> Classes:
    known = known_schemes()
    if name.startswith(COLUMN):
        return _column(data, name.removeprefix(COLUMN))
    plain = name.removeprefix(f"{OPTIMISED}:")
    if plain not in known:
        return _column(data, name)
    chosen = known[plain]
    merged = {**chosen.options, **_given_options(chosen, spec, options)}
    data = replace(data, options=merged, scheme=name)
    if plain == name and merged.get("sizes") != OPTIMISED:
        return chosen.function(data)
    return _optimised(data, chosen, cutter)


def _optimised(data: SchemeInput, chosen: Scheme, cutter: Cutter | None) -> Classes:
    """The scheme with classes cut by the cutter; refused where there is none, or no score to cut."""
    if cutter is None:
        raise data.refuse("E-SEG-035", "optimised sizes are found by simulation, here there is none")
    scores: list[FloatArray] = []

    def cut(given: SchemeInput, score: FloatArray, why: str) -> Classes:
        scores.append(score)
        return cutter(given, score, why)

    classes = chosen.function(replace(data, cutter=cut))
    if not scores:
        scored = (name for name, one in known_schemes().items() if "thresholds" in one.options)
        fix = f"scored: abc and its kin, {', '.join(scored)}"
        raise data.refuse("E-SEG-035", "has no score to cut, sizes cannot be optimised", fix)
    return classes


def _unknown_tables(spec: object) -> Iterator[Problem]:
    """Tables of options in the study that belong to no scheme."""
    known = known_schemes()
    for name in getattr(spec, "options", None) or {}:
        if name not in known:
            fix = did_you_mean(name, known) or f"schemes: {', '.join(known)}"
            yield Problem("E-SEG-010", "no scheme has this name", column=f"segments.{name}", fix=fix)


def _given_options(
    chosen: Scheme, spec: object, options: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    """Options of a scheme from the study section and the call; lists become tuples."""
    section = getattr(spec, chosen.name, None) or (getattr(spec, "options", None) or {}).get(chosen.name)
    section = _frozen(section)
    if section is not None and not isinstance(section, Mapping):
        # a section that is one value stands for the option of the same name ("rules")
        section = {chosen.name: section}
    merged = {**(section or {}), **options.get(chosen.name, {})}
    given = {key: value for key, value in merged.items() if value is not None}
    unknown = sorted(set(given) - set(chosen.options))
    if unknown:
        allowed = ", ".join(sorted(chosen.options)) or "none"
        message = f"scheme '{chosen.name}' has no option '{unknown[0]}'"
        raise InvalidInputError([_problem("E-SEG-010", message, f"options: {allowed}")])
    return {key: _frozen(value) for key, value in given.items()}


def _frozen(value: object) -> object:
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        value = dump()
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry) for entry in value)
    return value


def _column(data: SchemeInput, name: str) -> Classes:
    """Segments by the values of one column of the items."""
    data = replace(data, scheme=f"{COLUMN}{name}")
    if name not in data.texts and name not in data.numbers and name not in ("sku", "location"):
        raise _unknown(data, name)
    labels, codes = np.unique(data.text(name).astype(str), return_inverse=True)
    if labels.size > _MOST_SEGMENTS:
        raise data.refuse(
            "E-SEG-005", f"column '{name}' has {labels.size} values, at most {_MOST_SEGMENTS} segments work"
        )
    rule = f"{name}: the value of the column '{name}' ({labels.size} values)"
    if labels.size == 1:
        rule = f"{name}: the column '{name}' is '{labels[0]}' everywhere, so that it makes one class"
    return Classes(codes.astype(np.int64), tuple(labels.tolist()), rule, labels.size > 1)


def _unknown(data: SchemeInput, name: str) -> InvalidInputError:
    hint = did_you_mean(name, [*data.texts, *known_schemes(), *data.numbers])
    columns = ", ".join(sorted(data.texts)[:12])
    schemes = ", ".join([*known_schemes(), "tree", "cuts", "learned"])
    fix = f"{hint} schemes: {schemes}; columns: {columns}".strip()
    return InvalidInputError(
        [_problem("E-SEG-004", f"no scheme and no column of items is called '{name}'", fix)]
    )


def _problem(code: str, message: str, fix: str) -> Problem:
    return Problem(code, message, column="segments.by", fix=fix)
