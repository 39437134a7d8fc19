"""Raw options checked and explained against a model handed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from simlab.errors import InvalidInputError, Problem, is_visible, visible
from simlab.study.checks import relations
from simlab.study.explain import problems_of
from simlab.study.later import not_in_this_version, value_at
from simlab.study.section import HEADER
from simlab.study.sections import parts_of

HABIT = {"A": 0.98, "B": 0.95, "C": 0.90}
"""Targets where segments are by abc and the study names none."""

DEFAULT_FLOOR = 0.95
"""Floor on the total fill rate where neither floor nor budget is named."""
_WINDOW = {"day": 364, "week": 52, "month": 12}
"""Periods counted where the study does not say: about a year, and whole weeks of days."""
_DEEPEST = 12
_LARGEST = 2**63
_CONDITIONS = ("where", "sql")
_SHOWN = 40
_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_REVIEW_DAYS = {"day": 7.0, "week": 7.0, "month": 365.0 / 12.0}
_UNIT_DAYS = {"days": 1.0, "weeks": 7.0, "months": 365.0 / 12.0}
_PERIOD_DAYS = {"day": 1.0, "week": 7.0, "month": 365.0 / 12.0}


def study_from_sections(
    whole: type[BaseModel], name: str, sections: Mapping[str, Any], file: str = "study"
) -> dict[str, Any]:
    """The validated fields of a study made in Python; see `Study.default`."""
    header = {key: sections[key] for key in HEADER if key in sections}
    rest = {key: value for key, value in sections.items() if key not in HEADER}
    raw = {**rest, "study": {"name": name, **dict(rest.get("study", {})), **header}}
    given = checked(whole, raw, name, file, from_file=False)
    return {**given, "file": file}


def checked(
    whole: type[BaseModel], raw: dict[str, Any], name: str, file: str, *, from_file: bool
) -> dict[str, Any]:
    """The fields of `whole`, a model of studies, dependent defaults filled in; refuses all mistakes."""
    if strange := _outlandish(raw, file):
        raise InvalidInputError(strange)
    raw = _fiscal_as_months(raw)
    flat, problems = _flattened(raw, file)
    try:
        whole.model_validate(flat)
    except ValidationError as error:
        problems += problems_of(error, raw, file, whole)
    wrong = {problem.column.split(" = ")[0] for problem in problems}
    for problem in (*relations(raw, file, from_file=from_file), *not_in_this_version(raw, file)):
        if problem.column.split(" = ")[0] not in wrong:
            problems.append(problem)
    if problems:
        raise InvalidInputError(problems)
    return _with_dependent_defaults({"name": name, **flat}, raw)


def _fiscal_as_months(raw: dict[str, Any]) -> dict[str, Any]:
    """period = "fiscal": rows by the table of periods, spread over calendar months, which have the laws."""
    header, demand = raw.get("study"), raw.get("demand", {})
    if not isinstance(header, Mapping) or header.get("period") != "fiscal" or not isinstance(demand, Mapping):
        return raw
    said = {"grain": "fiscal", **demand}
    return {**raw, "study": {**header, "period": "month"}, "demand": said}


def _flattened(raw: Mapping[str, Any], file: str) -> tuple[dict[str, Any], list[Problem]]:
    """The options of [study] lifted to the top, where `Study` has them."""
    header = raw.get("study", {})
    flat = {key: value for key, value in raw.items() if key != "study"}
    problems = []
    if not isinstance(header, Mapping):
        problems.append(Problem("E-STU-006", "is not a table", file, column="study"))
        header = {}
    return {
        **flat,
        **{f"study.{key}" if key not in HEADER else key: v for key, v in header.items()},
    }, problems


def _with_dependent_defaults(flat: dict[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    policy = dict(flat.get("policy", {}))
    optimize = dict(flat.get("optimize", {}))
    simulation = dict(flat.get("simulation", {}))
    by = value_at(raw, "segments.by") or ("abc", "xyz")
    if "targets" not in policy and "abc" in parts_of((by,) if isinstance(by, str) else by):
        policy["targets"] = dict(HABIT)
    if "review_period" not in policy:
        policy["review_period"] = _default_review(raw)
    free = optimize.get("objective") in ("profit", "total_cost")  # which weigh service, or are asked later
    if "fill_rate" not in optimize and "budget" not in optimize and not free:
        optimize["fill_rate"] = DEFAULT_FLOOR
    if "periods" not in simulation:
        simulation["periods"] = _WINDOW[value_at(raw, "study.period") or "week"]
    return {**flat, "policy": policy, "optimize": optimize, "simulation": simulation}


def _default_review(raw: Mapping[str, Any]) -> float:
    """Seven days or one period, whichever is longer, in `data.time_unit`."""
    period = value_at(raw, "study.period") or "week"
    unit = value_at(raw, "data.time_unit") or "days"
    days = _REVIEW_DAYS[period]
    closed = value_at(raw, "demand.weekdays")
    if period == "day" and unit == "periods" and isinstance(closed, list):
        return max(days - len({str(day) for day in closed}), 1.0)
    return days / (_PERIOD_DAYS[period] if unit == "periods" else _UNIT_DAYS[unit])


def _outlandish(raw: Mapping[str, Any], file: str) -> list[Problem]:
    """What no study says and every later check would trip over, so that it is told alone.

    Unseen signs, tables in tables without end, numbers of a thousand digits.
    """
    found: list[Problem] = []
    for option, depth, value in _walked(raw):
        if depth > _DEEPEST:
            message = f"tables stand in tables {_DEEPEST} deep, and deeper"
            return [Problem("E-STU-002", message, file, column=option, fix="no option stands so deep")]
        if isinstance(value, str) and not is_visible(_kept(option, value)):
            fix = "control signs, line ends and changes of the direction of writing have no place in a name"
            where = f"{option} = '{visible(value[:_SHOWN])}'"
            found.append(Problem("E-STU-007", "holds a sign that is not shown", file, column=where, fix=fix))
        if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            fix = "whole numbers have at most 18 digits here"
            message = f"a whole number of {value.bit_length()} bits"
            found.append(Problem("E-STU-003", message, file, column=option, fix=fix))
    return found


def _kept(option: str, value: str) -> str:
    """Conditions and queries may go over several lines, and columns may be parted by a tab."""
    name = option.rpartition(".")[2]
    over_lines = name in _CONDITIONS or (name == "delimiter" and value == "\t")
    return value.replace("\n", " ").replace("\r", " ").replace("\t", " ") if over_lines else value


def _walked(raw: Mapping[str, Any]) -> Iterator[tuple[str, int, Any]]:
    """Every key and value with its dotted name and depth; without recursion, whatever the depth."""
    left: list[tuple[str, int, Any]] = [("", 0, raw)]
    while left:
        option, depth, value = left.pop()
        yield visible(option), depth, value
        if depth > _DEEPEST:
            continue
        if isinstance(value, Mapping):
            for key, inner in reversed([*value.items()]):
                yield f"{visible(option)} (a key)", depth, str(key)
                left.append((f"{option}.{key}" if option else str(key), depth + 1, inner))
        elif isinstance(value, list | tuple):
            left += [(f"{option}[{k}]", depth + 1, inner) for k, inner in reversed([*enumerate(value)])]
