"""A study file with mistakes, read on without the options that are wrong, so that tables are checked too."""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInputError, Problem
from simlab.reading import bytes_of
from simlab.study import Study, parse_study, read_study

_ROUNDS = 5
_NEEDED = ("data.items",)
_INDEX = re.compile(r"\[\d+\]")


def readable(path: str | Path) -> tuple[Study, list[Problem]]:
    """The study, and what is wrong with its file; options that are wrong take their defaults.

    Raises
    ------
    InvalidInputError
        The file cannot be read on: it is no TOML, or names no items table.
    """
    try:
        return read_study(path), []
    except InvalidInputError as error:
        study = without(Path(path), list(error.problems))
        if study is None:
            raise
        return study, list(error.problems)


def without(path: Path, problems: list[Problem]) -> Study | None:
    """The study without the options that problems name; None where there are none, or no study is left."""
    try:
        raw = tomllib.loads(bytes_of(path).decode("utf-8-sig"))
        left = copy.deepcopy(raw)
    except (OSError, ValueError, RecursionError):
        return None
    for _ in range(_ROUNDS):
        changed = [_remove(left, problem.column) for problem in problems]
        if not any(changed):
            return None
        try:
            return parse_study(left, path.parent, path.stem, file=path.name)
        except InvalidInputError as error:
            problems = list(error.problems)
    return None


def _remove(raw: dict[str, Any], column: str) -> bool:
    """Take an option out, by its path as a message names it; whether something went."""
    option = _INDEX.sub("", column.split(" = ")[0].split(" and ")[0].strip())
    if option in _NEEDED or option.startswith("data.items.path"):
        return False
    *way, last = option.split(".")
    at: Any = raw
    for place, key in enumerate(way):
        if not isinstance(at, dict) or key not in at:
            return False
        if isinstance(at[key], list):
            way, last = way[:place], key
            break
        at = at[key]
    if not isinstance(at, dict) or last not in at:
        return False
    del at[last]
    return True
