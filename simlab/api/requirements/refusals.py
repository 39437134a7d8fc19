"""Commands that a study's policy cannot be asked for: refused by name, with what does work."""

from __future__ import annotations

from typing import Literal

import numpy as np

from simlab.api.data.data import Data
from simlab.engine.world.demand_law import DemandLaw
from simlab.errors import InvalidInputError, Problem
from simlab.register.families import TARGET_FAMILIES
from simlab.register.laws import SERIAL_KINDS, LawKind
from simlab.study.sections import ScenarioSpec

Command = Literal["optimize", "compare", "audit", "learned segments"]
_GIVEN = {
    "optimize": "levels given in items leave nothing to optimise",
    "compare": "levels given in items are the same under every segmentation",
    "audit": "levels given in items come from no formula that could be audited",
    "learned segments": "levels given in items are the same at every target, so classes cannot be learned",
}


def refuse(data: Data, command: Command) -> None:
    """Refuse a command that this study's policy has no answer for.

    Raises
    ------
    InvalidInputError
        With every reason at once.
    """
    policy, problems = data.study.policy, []
    if policy.family == "given":
        fix = (
            f"simlab simulate evaluates them; or say family = {_either(tuple(TARGET_FAMILIES))}: today's "
            "levels then stand beside the plan as a reference"
        )
        problems.append(
            Problem(
                "E-POL-010", _GIVEN[command], data.study.file, column=_said("family", policy.family), fix=fix
            )
        )
    if command == "audit" and policy.family == "forecast":
        what = "an audit takes apart formulas of levels that stand still: not in this version"
        fix = 'audit family = "order_up_to"; simulate, optimize and compare know forecasts'
        where = _said("family", policy.family)
        problems.append(Problem("E-POL-012", what, data.study.file, column=where, fix=fix))
    if command == "audit" and policy.planning == "optimal":
        what = "optimal levels promise no service that could be audited: their targets are prices"
        fix = 'say planning = "exact" or "normal" for the audit'
        where = _said("planning", policy.planning)
        problems.append(Problem("E-POL-011", what, data.study.file, column=where, fix=fix))
    if command == "audit" and policy.start == "today":
        what = "an audit compares with formulas of the long run"
        fix = 'say start = "stationary" for the audit; simulate and optimize start from today\'s stock'
        problems.append(
            Problem("E-POL-011", what, data.study.file, column=_said("start", policy.start), fix=fix)
        )
    if command in ("compare", "audit") and data.study.models.parameter_uncertainty:
        what = f"{command} takes the fitted parameters as true: not in this version"
        fix = "leave it out for this command; simulate and the verdict of optimize draw parameters again"
        where = "models.parameter_uncertainty = true"
        problems.append(Problem("E-STU-009", what, data.study.file, column=where, fix=fix))
    if command == "compare" and not data.models.costs.holding.any() and data.study.optimize.costs is None:
        what = "nothing costs anything: what serves as much for less cannot be told"
        fix = "fill unit_cost in items, or a holding_rate and unit_cost above 0 for some of them"
        problems.append(Problem("E-OPT-041", what, data.study.file, column="items.unit_cost", fix=fix))
    if command == "audit" and not _of_single_periods(data.models.world.demand):
        what = "an audit compares with formulas of independent periods"
        fix = "audit with a law of single periods (no blocks, chains or phases)"
        problems.append(Problem("E-POL-012", what, data.study.file, column="models.law", fix=fix))
    if problems:
        raise InvalidInputError(problems)


def _either(names: tuple[str, ...]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _said(option: str, value: str) -> str:
    return f'policy.{option} = "{value}"'


BASE = "as fitted"


def _of_single_periods(law: DemandLaw) -> bool:
    """Whether all laws are of single periods, with a season or not; rhythms have their own way."""
    return bool((~np.isin(law.kind, SERIAL_KINDS) | law.has_rhythm).all())


def check_scenarios(data: Data) -> None:
    """Refuse scenarios that say nothing or name what does not exist.

    Raises
    ------
    InvalidInputError
        All of them at once.
    """
    law = data.models.world.demand
    scaled = ~np.isin(law.kind, SERIAL_KINDS) | law.has_rhythm | (law.kind == LawKind.CALENDAR)
    plain = not data.study.scenarios or bool(scaled.all())
    suppliers = set(data.catalog.texts.get("supplier", ()))
    problems = []
    for name, spec in data.study.scenarios.items():
        where = f"scenarios.{name}"
        if all(getattr(spec, field) is None for field in ScenarioSpec.model_fields):
            problems.append(_problem(data, where, "changes nothing", "say demand = 1.2, or lead_time = 1.3"))
        if (spec.demand is not None or spec.variance is not None) and not plain:
            what = "demand drawn from series or chains cannot be scaled in this version"
            fix = "leave demand and variance out of the scenario, or name a law of single periods"
            problems.append(_problem(data, where, what, fix))
        if name == BASE:
            problems.append(_problem(data, where, "is the name of the fitted world", "choose another name"))
        if (spec.supplier is None) != (spec.weeks is None):
            fix = 'say both: { supplier = "ACME", weeks = 6 }'
            problems.append(_problem(data, where, "an outage needs a supplier and its weeks", fix))
        elif spec.supplier is not None and spec.supplier not in suppliers:
            problems.append(
                _problem(data, where, f"no item has supplier '{spec.supplier}'", "correct the name")
            )
        if spec.weeks is not None and not 0 < spec.weeks <= 40:
            problems.append(_problem(data, where, f"weeks = {spec.weeks:g}", "between 0 and 40 weeks"))
    if problems:
        raise InvalidInputError(problems)


def _problem(data: Data, where: str, message: str, fix: str) -> Problem:
    return Problem("E-OPT-030", message, data.study.file, column=where, fix=fix)
