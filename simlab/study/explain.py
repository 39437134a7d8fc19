"""What pydantic found, said in the house format with the likely fix."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simlab.errors import Problem, did_you_mean
from simlab.study.section import HEADER

_INTERNAL = {*HEADER, "schema_version", "source", "folder", "file"}
_KINDS = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def problems_of(
    error: ValidationError, raw: Mapping[str, Any], file: str, whole: type[BaseModel]
) -> list[Problem]:
    """One problem per option that pydantic refused.

    Parameters
    ----------
    error : ValidationError
        Raised by `Study.model_validate`.
    raw : mapping
        The study as read from TOML.
    file : str
        Name of the study file.
    whole : type
        The model of a whole study, which knows what options there are.
    """
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        path = _path_in_file(detail["loc"], raw)
        option = _dotted(path)
        problem = _explain(detail, path, option, file, whole)
        if option not in found or problem.code == "E-STU-003":
            found[option] = problem
    return list(found.values())


def _path_in_file(loc: Sequence[int | str], raw: Mapping[str, Any]) -> tuple[int | str, ...]:
    """The place in the file; names that pydantic adds for branches of a union are left out."""
    head = str(loc[0])
    if head in HEADER or head.startswith("study."):
        return ("study", head.removeprefix("study."), *loc[1:])
    path: list[int | str] = []
    value: Any = raw
    for position, key in enumerate(loc):
        last = position == len(loc) - 1
        inside = (isinstance(value, Mapping) and key in value) or (
            isinstance(value, (list, tuple)) and isinstance(key, int) and key < len(value)
        )
        if inside:
            value = value[key]
            path.append(key)
        elif last and isinstance(value, Mapping) and isinstance(key, str) and "[" not in key:
            path.append(key)
    return tuple(path)


def _dotted(path: Sequence[int | str]) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _explain(
    detail: ErrorDetails, path: tuple[int | str, ...], option: str, file: str, whole: type[BaseModel]
) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    value = detail["input"]
    shown = f"{option} = {_shown(value)}"
    if kind == "extra_forbidden":
        return _unknown(path, option, file, whole)
    if kind == "missing":
        return Problem("E-STU-005", "is missing and required", file, column=option)
    if kind == "fraction":
        return Problem("E-STU-003", str(context["text"]), file, column=shown)
    if kind == "day":
        return Problem("E-STU-006", str(context["text"]), file, column=shown)
    if kind == "literal_error":
        return _not_among(str(context["expected"]), value, shown, file)
    if kind in _BOUNDS:
        key, word = _BOUNDS[kind]
        return Problem("E-STU-007", f"must be {word} {context[key]}", file, column=shown)
    if kind in _KINDS:
        return Problem("E-STU-006", f"is not {_KINDS[kind]}", file, column=shown)
    return Problem("E-STU-006", detail["msg"][:1].lower() + detail["msg"][1:], file, column=shown)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, str)):
        return repr(value)
    return "{…}" if isinstance(value, Mapping) else "[…]" if isinstance(value, (list, tuple)) else str(value)


def _not_among(expected: str, value: Any, shown: str, file: str) -> Problem:
    names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    fix = did_you_mean(str(value), names)
    return Problem("E-STU-006", f"is not one of {expected}", file, column=shown, fix=fix)


def _unknown(path: tuple[int | str, ...], option: str, file: str, whole: type[BaseModel]) -> Problem:
    key = str(path[-1])
    known = sorted(_known_at(whole, path[:-1]))
    fix = did_you_mean(key, known) or _elsewhere(whole, key) or f"known here: {', '.join(known)}"
    return Problem("E-STU-004", f"unknown option '{key}'", file, column=option, fix=fix)


def _elsewhere(whole: type[BaseModel], key: str) -> str:
    """Sections that do know the option."""
    homes = [name for name in _known_at(whole, ()) if key in _known_at(whole, (name,))]
    return f"it belongs to [{homes[0]}]" if homes else ""


def _known_at(whole: type[BaseModel], path: Sequence[int | str]) -> set[str]:
    """Names allowed inside the table at this path of the file."""
    if not path:
        return {name for name in whole.model_fields if name not in _INTERNAL} | {"schema", "study"}
    if path[0] == "study":
        return set(HEADER)
    model: type[BaseModel] | None = whole
    for key in path:
        if isinstance(key, int) or model is None:
            continue
        field = model.model_fields.get(key)
        model = next(_models_in(field.annotation), None) if field else model
    return set(model.model_fields) if model else set()


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for part in typing.get_args(annotation):
        yield from _models_in(part)
