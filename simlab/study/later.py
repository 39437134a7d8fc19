"""Options that the interface names and this version does not do yet: refused by name, never ignored.

One table: whoever makes an option work deletes its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simlab.errors import Problem

WORKS: dict[str, tuple[Any, ...]] = {
    "simulation.precision": (),
}
"""Dotted option → the values that work; an empty tuple: the option must stay unset or empty."""
_EMPTY: tuple[Any, ...] = (None, "", (), [], {})


def not_in_this_version(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """A problem for every option given a value that does not work yet.

    Parameters
    ----------
    raw : mapping
        The study as read from TOML, before defaults.
    file : str
        Name of the study file.
    """
    for option, works in WORKS.items():
        value = value_at(raw, option)
        if value in _EMPTY or value in works:
            continue
        allowed = " or ".join(repr(one) for one in works)
        fix = f"use {allowed}" if works else "leave it out"
        shown = f" = {value!r}" if isinstance(value, (str, bool, int, float)) else ""
        yield Problem("E-STU-009", "not in this version", file, column=option + shown, fix=fix)


def value_at(raw: Mapping[str, Any], option: str) -> Any:
    """The value at a dotted name, None if absent."""
    value: Any = raw
    for key in option.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
