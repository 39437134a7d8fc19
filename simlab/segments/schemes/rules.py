"""Segments by the user's own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from simlab.arrays import BoolArray
from simlab.errors import InvalidInputError, Problem
from simlab.segments.classes import Classes
from simlab.segments.grammar import holds
from simlab.segments.scheme import SchemeInput, scheme


@scheme("rules", source="the user", options={"rules": ()})
def rules(data: SchemeInput) -> Classes:
    """One segment per rule ``{ name, where }``; every SKU-location must meet exactly one rule.

    Notes
    -----
    The grammar of ``where`` is that of `simlab.segments.grammar`. Rules that overlap and SKU-locations that
    no rule covers are named with their counts; a rule that nothing meets leaves an empty class.
    """
    given = _given(data)
    names = tuple(name for name, _ in given)
    meets: list[BoolArray] = []
    problems: list[Problem] = []
    for name, where in given:
        try:
            meets.append(holds(where, replace(data, scheme=f"rules, '{name}'")))
        except InvalidInputError as error:
            problems.extend(error.problems)
    if not problems:
        problems.extend(_conflicts(data, names, np.array(meets)))
    if problems:
        raise InvalidInputError(problems)
    codes = np.argmax(np.array(meets), axis=0).astype(np.int64)
    return Classes(codes, names, "rules: " + "; ".join(f"{name} where {where}" for name, where in given))


def _given(data: SchemeInput) -> list[tuple[str, str]]:
    """Names and conditions, complete and distinct."""
    entries = data.options["rules"]
    if not isinstance(entries, tuple) or not entries:
        fix = 'add segments.rules = [{ name = "…", where = "…" }]'
        raise data.refuse("E-SEG-031", "no rule is given", fix)
    given = []
    for entry in entries:
        if not isinstance(entry, Mapping) or not all(
            isinstance(entry.get(key), str) for key in ("name", "where")
        ):
            raise data.refuse("E-SEG-031", f"a rule needs a name and a condition 'where', not {entry!r}")
        if not entry["name"].strip() or not entry["name"].isprintable():
            raise data.refuse("E-SEG-031", f"{entry['name']!r} is no name for a segment")
        given.append((entry["name"], entry["where"]))
    twice = sorted({name for name, _ in given if [one for one, _ in given].count(name) > 1})
    if twice:
        raise data.refuse("E-SEG-031", f"two rules are called '{twice[0]}'", "join their conditions by 'or'")
    return given


def _conflicts(data: SchemeInput, names: tuple[str, ...], meets: BoolArray) -> Iterator[Problem]:
    """Pairs of rules that overlap, and SKU-locations that none covers."""
    for one, other in combinations(range(len(names)), 2):
        both: BoolArray = np.logical_and(meets[one], meets[other])
        if both.any():
            message = f"rules '{names[one]}' and '{names[other]}' both hold for {_counted(data, both)}"
            yield from data.refuse("E-SEG-032", message, "make one of them exclude the other").problems
    none: BoolArray = np.logical_not(np.any(meets, axis=0))
    if none.any():
        message = f"no rule holds for {_counted(data, none)}"
        yield from data.refuse("E-SEG-033", message, "add a rule that covers the rest").problems


def _counted(data: SchemeInput, rows: BoolArray) -> str:
    first = min((data.sku[row], data.location[row]) for row in np.flatnonzero(rows))
    return f"{int(rows.sum())} of {data.n_items} SKU-locations, the first is {first[0]}@{first[1]}"
