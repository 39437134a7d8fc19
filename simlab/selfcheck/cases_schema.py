"""Exact cases as they stand in a file: reading, and refusing what makes no sense."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInputError, Problem

KINDS = ("evaluate", "finite_horizon", "transient", "optimise_sS", "ci_calibration")
DEMANDS = {
    "poisson": ("mean",),
    "negbin": ("mean", "var"),
    "geometric0": ("mean",),
    "gamma": ("mean", "cv"),
    "normal": ("mean", "sd"),
    "normal_rounded": ("mean", "sd"),
    "pmf": (),
}
POLICIES = {"base_stock": ("S",), "sS": ("s", "S"), "nQ": ("s", "Q")}
_LEAD_TIMES = ("deterministic", "iid", "iid_maxrule")

_MOST = 1e18
"""Largest number of a case: units and periods beyond it cannot be counted exactly."""

_FINEST = 10**6
"""Largest denominator of a number of units: nearest fractions are less than 1e-12 away."""
_TOO_LARGE = f"numbers up to {_MOST:g} can be counted exactly"
_KNOWN_STARTS = "only starts with nothing on order and nothing owed are known"
_ELSEWHERE = r"(order|owed|backorders|pipeline)"
_NOTHING_THERE = re.compile(rf"\b(no|none|nothing|empty)\b|{_ELSEWHERE}\s*[=:]\s*0\s*$")


@dataclass(frozen=True)
class Demand:
    """Demand of a period: a named law with its parameters, or points with probabilities."""

    kind: str
    mean: float
    variance: float
    points: tuple[tuple[Fraction, float], ...] = ()

    @property
    def is_continuous(self) -> bool:
        return self.kind in ("gamma", "normal")


@dataclass(frozen=True)
class LeadTime:
    """Lead time in periods, one draw per review; `crossing` if an order may overtake another."""

    points: tuple[tuple[int, float], ...]
    crossing: bool

    @property
    def longest(self) -> int:
        return self.points[-1][0]

    @property
    def is_constant(self) -> bool:
        return len(self.points) == 1


@dataclass(frozen=True)
class Rule:
    """Ordering rule with the levels that its kind has; units."""

    kind: str
    s: Fraction
    S: Fraction
    Q: Fraction


@dataclass(frozen=True)
class Costs:
    """Per period: h per unit on the shelf, p per unit owed or lost, K per order."""

    h: float
    p: float
    K: float


@dataclass(frozen=True)
class Case:
    """One instance with the exact values of its measures, where the file has them.

    Attributes
    ----------
    exact : mapping of str to float or None
        Measures named by the file; None where only the name is given.
    start : Fraction or None
        Units on the shelf before the first period; None if they are S.
    """

    id: str
    kind: str
    lost: bool
    demand: Demand
    lead_time: LeadTime
    review: int
    rule: Rule | None
    costs: Costs | None
    horizon: int | None
    target: float | None
    start: Fraction | None
    exact: Mapping[str, float | None]
    source: str


class _FieldError(Exception):
    """A field of a case that cannot be read."""

    def __init__(self, field: str, text: str, fix: str = "") -> None:
        super().__init__(text)
        self.field, self.fix = field, fix


def published_cases() -> tuple[Case, ...]:
    """The cases that come with simlab, each with its source."""
    text = resources.files("simlab.selfcheck").joinpath("published", "cases.json").read_text("utf-8")
    return parse_cases(text, "published cases")


def read_cases(path: Path) -> tuple[Case, ...]:
    """Cases of a file.

    Raises
    ------
    InvalidInputError
        The file cannot be read, or a case makes no sense: all problems at once.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInputError([Problem("E-CAS-001", f"cannot be read: {reason}", str(path))]) from None
    return parse_cases(text, str(path))


def parse_cases(text: str, name: str) -> tuple[Case, ...]:
    """Cases of a JSON text; `name` is what problems call it."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        problem = Problem("E-CAS-001", f"no JSON: {error.msg}", name, error.lineno)
        raise InvalidInputError([problem]) from None
    except ValueError:  # an integer of more digits than Python reads
        raise InvalidInputError([Problem("E-CAS-001", "a number has too many digits", name)]) from None
    except RecursionError:
        raise InvalidInputError([Problem("E-CAS-001", "no JSON: nested too deeply", name)]) from None
    if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
        raise InvalidInputError([Problem("E-CAS-001", "a list of cases is expected", name)])
    cases, problems = [], []
    seen: set[str] = set()
    for number, entry in enumerate(document, 1):
        label = str(entry.get("id", f"case {number}"))
        try:
            case = _case(entry)
            if case.id in seen:
                raise _FieldError("id", "this id occurs twice")
            seen.add(case.id)
            cases.append(case)
        except _FieldError as wrong:
            problems.append(
                Problem("E-CAS-002", str(wrong), name, column=f"{label}.{wrong.field}", fix=wrong.fix)
            )
    if problems:
        raise InvalidInputError(problems)
    return tuple(cases)


def _case(entry: Mapping[str, Any]) -> Case:
    kind = _choice(entry, "kind", KINDS)
    _choice(entry, "event_order", ("AODC",), default="AODC")
    review = _whole(entry, "review", 1, default=1)
    lead_time = _lead_time(_table(entry, "lead_time"), review)
    rule = None if kind == "optimise_sS" else _rule(_table(entry, "policy"))
    costs = _costs(_table(entry, "costs")) if entry.get("costs") else None
    if kind == "optimise_sS" and costs is None:
        raise _FieldError("costs", "missing", "h, p and K are needed")
    has_horizon = kind in ("finite_horizon", "transient")
    return Case(
        id=_text(entry, "id"),
        kind=kind,
        lost=_choice(entry, "unmet", ("backorder", "lost"), default="backorder") == "lost",
        demand=_demand(_table(entry, "demand")),
        lead_time=lead_time,
        review=review,
        rule=rule,
        costs=costs,
        horizon=_whole(entry, "horizon", 1) if has_horizon else None,
        target=_number(entry, "target") if entry.get("target") is not None else None,
        start=_start(entry.get("initial")) if has_horizon else None,
        exact=_exact(entry.get("metrics")),
        source=str(entry.get("source", "")),
    )


def _demand(table: Mapping[str, Any]) -> Demand:
    kind = _choice(table, "kind", tuple(DEMANDS), where="demand")
    if kind == "pmf":
        points = tuple(_pmf(table, "demand"))
        mean = sum(float(value) * share for value, share in points)
        square = sum(float(value) ** 2 * share for value, share in points)
        return Demand(kind, mean, max(square - mean**2, 0.0), points)
    mean, *rest = (_number(table, name, "demand") for name in DEMANDS[kind])
    if mean < 0 or (mean == 0 and rest):
        raise _FieldError("demand.mean", f"{mean:g} is no mean demand")
    spread = rest[0] if rest else 0.0
    variances = {
        "poisson": mean,
        "geometric0": mean * (1.0 + mean),
        "negbin": spread,
        "gamma": (spread * mean) ** 2,
        "normal": spread**2,
        "normal_rounded": spread**2,
    }
    if rest and spread <= 0:
        raise _FieldError(f"demand.{DEMANDS[kind][1]}", f"{spread:g} is not above 0")
    if kind == "negbin" and spread <= mean:
        raise _FieldError("demand.var", "a negative binomial law needs var > mean", "use poisson")
    return Demand(kind, mean, variances[kind])


def _pmf(table: Mapping[str, Any], where: str) -> Iterator[tuple[Fraction, float]]:
    """Points in ascending order with probabilities that sum to 1."""
    pmf = table.get("pmf")
    if not isinstance(pmf, dict) or not pmf:
        raise _FieldError(f"{where}.pmf", "probabilities by value are expected")
    points = {}
    for key, share in pmf.items():
        value = _fraction(key, f"{where}.pmf")
        if value < 0 or isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise _FieldError(f"{where}.pmf", f"{key}: {share} is no probability of a value ≥ 0")
        points[value] = float(share)
    total = math.fsum(points.values())
    if abs(total - 1.0) > 1e-6:
        raise _FieldError(f"{where}.pmf", f"the probabilities sum to {total:g}")
    for value in sorted(points):
        if points[value] > 0:
            yield value, points[value] / total


def _lead_time(table: Mapping[str, Any], review: int) -> LeadTime:
    kind = _choice(table, "kind", _LEAD_TIMES, where="lead_time")
    if kind == "deterministic":
        return LeadTime(((_whole(table, "value", 0, where="lead_time"), 1.0),), False)
    points = []
    for value, share in _pmf(table, "lead_time"):
        if value.denominator != 1:
            raise _FieldError("lead_time.pmf", f"{value} is no whole number of periods")
        points.append((int(value), share))
    crossing = table.get("crossing")
    narrow = points[-1][0] - points[0][0] < review
    if kind == "iid" and crossing is None and not narrow:
        raise _FieldError("lead_time.crossing", "missing", "say true or false: orders could overtake")
    return LeadTime(tuple(points), kind == "iid" and bool(crossing))


def _rule(table: Mapping[str, Any]) -> Rule:
    kind = _choice(table, "kind", tuple(POLICIES), where="policy")
    levels = {name: _fraction(_given(table, name, "policy"), f"policy.{name}") for name in POLICIES[kind]}
    zero = Fraction(0)
    s, S, Q = (levels.get(name, zero) for name in "sSQ")
    if kind == "nQ" and Q <= 0:
        raise _FieldError("policy.Q", f"{Q} is no order quantity")
    if kind == "sS" and s >= S:
        raise _FieldError("policy.s", "s must lie below S")
    return Rule(kind, s, s + Q if kind == "nQ" else S, Q)


def _costs(table: Mapping[str, Any]) -> Costs:
    h, p = _number(table, "h", "costs"), _number(table, "p", "costs")
    K = _number(table, "K", "costs") if "K" in table else 0.0
    if min(h, p, K) < 0:
        raise _FieldError("costs", "costs are at least 0")
    return Costs(h, p, K)


def _start(initial: object) -> Fraction | None:
    """Units on the shelf at the start; None stands for S (and nothing on order)."""
    if initial is None:
        return None
    if isinstance(initial, Mapping):
        if any(initial.get(name) for name in ("on_order", "backorders", "pipeline")):
            raise _FieldError("initial", _KNOWN_STARTS)
        initial = initial.get("on_hand", "S")
    if isinstance(initial, str):
        shelf = [part for part in re.split(r"[,;]|\band\b", initial) if not _NOTHING_THERE.search(part)]
        if len(shelf) != 1 or re.search(_ELSEWHERE, shelf[0]):
            raise _FieldError("initial", f"{initial!r}: {_KNOWN_STARTS}")
        if "full" in shelf[0] or re.fullmatch(r"[^\d+*/-]*\bS", shelf[0].strip()):
            return None
        initial = re.sub(r"\bon[ _]hand\b|\bunits?\b|[=:]", "", shelf[0]).strip()
    return _fraction(initial, "initial")


def _exact(metrics: object) -> dict[str, float | None]:
    if metrics is None:
        return {}
    if isinstance(metrics, list):
        return {str(name): None for name in metrics}
    if not isinstance(metrics, Mapping):
        raise _FieldError("metrics", "values by name are expected")
    return {
        str(name): None if value is None else _number(metrics, str(name), "metrics")
        for name, value in metrics.items()
    }


def _given(table: Mapping[str, Any], name: str, where: str = "") -> Any:
    if name not in table:
        raise _FieldError(f"{where}.{name}" if where else name, "missing")
    return table[name]


def _table(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = _given(entry, name)
    if not isinstance(value, dict):
        raise _FieldError(name, f"{value!r} is no object")
    return value


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = _given(entry, name)
    if not isinstance(value, str) or not value:
        raise _FieldError(name, f"{value!r} is no name")
    return value


def _choice(
    table: Mapping[str, Any],
    name: str,
    allowed: tuple[str, ...],
    *,
    where: str = "",
    default: str | None = None,
) -> str:
    value = table.get(name, default) if default is not None else _given(table, name, where)
    if value not in allowed:
        field = f"{where}.{name}" if where else name
        raise _FieldError(field, f"{value!r} is not known", "allowed: " + ", ".join(allowed))
    return str(value)


def _number(table: Mapping[str, Any], name: str, where: str = "") -> float:
    value = _given(table, name, where)
    field = f"{where}.{name}" if where else name
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise _FieldError(field, f"{value!r} is no number")
    if abs(value) > _MOST:
        raise _FieldError(field, _TOO_LARGE)
    return float(value)


def _whole(
    table: Mapping[str, Any], name: str, least: int, *, where: str = "", default: int | None = None
) -> int:
    if default is not None and table.get(name) is None:
        return default
    value = _number(table, name, where)
    if value != int(value) or value < least:
        field = f"{where}.{name}" if where else name
        raise _FieldError(field, f"{value:g} is no whole number of at least {least}")
    return int(value)


def _fraction(value: object, field: str) -> Fraction:
    """A decimal number as written, to twelve decimals."""
    text = str(value)
    if re.search(r"[eE][-+]?0*[1-9]\d{3,}$", text):  # would be written out
        raise _FieldError(field, f"{value!r}: {_TOO_LARGE}")
    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise _FieldError(field, f"{value!r} is no number") from None
    if abs(number) > _MOST:
        raise _FieldError(field, _TOO_LARGE)
    return number.limit_denominator(_FINEST)
