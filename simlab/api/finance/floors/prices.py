"""What each floor costs a year, and a point more of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.frontier import Limit, NoPlanError, Plan, Problem, ratio_floor
from simlab.frontier.curves import exact_rate
from simlab.measures import format_money, format_rate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome

POINT = 0.01
_SECONDS = 10.0
_SHOWN = 3
_COLUMNS = (
    "floor",
    "at_least",
    "reached",
    "cost",
    "cost_of_point",
    "service",
    "service_of_point",
    "certificate",
)
_UNLIMITED = 1e-9


def price_of_floor(opt: Outcome) -> pd.DataFrame:
    """One row per floor of the study, that on all items first; on the search seed, all other limits kept.

    ``cost``: what the plan costs more than the best plan without the floor (NaN: none is found without it);
    ``cost_of_point``: what a floor one point higher costs more (NaN: out of reach); both in money of the
    objective (a year). ``service`` and ``service_of_point``: what they do to service in all, as a fraction;
    with a budget and no floor on all items the floors cost service instead of money.
    """
    import pandas as pd

    problem = replace(opt.solved.problem, time_limit=min(_SECONDS, opt.solved.problem.time_limit))
    floor, budget = opt.solved.fill_rate, opt.solved.budget
    usual = _plan(problem, floor, budget)
    rows = []
    if floor is not None and usual is not None:
        row = {"floor": opt.accounting.service, "at_least": floor, "reached": usual.fill_rate}
        most = _plan(problem, None if budget is None and problem.limits else _UNLIMITED, budget)
        rows.append(row | _prices(usual, most, _plan(problem, min(floor + POINT, 1.0), budget)))
    for at in range(_n_floors(opt)):
        limit = problem.limits[at]
        if limit.part is None or limit.whole is None or usual is None:
            continue
        without = replace(problem, limits=(*problem.limits[:at], *problem.limits[at + 1 :]))
        rate = np.nan if limit.rate is None else float(limit.rate)
        row = {"floor": limit.of or limit.name, "at_least": rate, "reached": _reached(limit, usual)}
        raised = None if np.isnan(rate) else _raised(problem, at, rate)
        point = None if raised is None else _plan(raised, floor, budget)
        rows.append(row | _prices(usual, _plan(without, floor, budget), point))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _n_floors(opt: Outcome) -> int:
    return sum(len(spec.at_least) for spec, _ in opt.rules.floors)


def _raised(problem: Problem, at: int, rate: float) -> Problem | None:
    """The problem with one floor a point higher; None beyond 1."""
    limit = problem.limits[at]
    if rate + POINT > 1.0 or limit.part is None or limit.whole is None:
        return None
    higher = ratio_floor(limit.name, limit.part, limit.whole, exact_rate(round(rate + POINT, 6)))
    return replace(problem, limits=(*problem.limits[:at], higher, *problem.limits[at + 1 :]))


def _plan(problem: Problem, floor: float | None, budget: float | None) -> Plan | None:
    try:
        return problem.at(fill_rate=floor, budget=budget)
    except NoPlanError:
        return None


def _prices(usual: Plan, without: Plan | None, point: Plan | None) -> dict[str, Any]:
    found: dict[str, Any] = {"certificate": usual.certificate}
    for end, plan, sign in (("", without, 1), ("_of_point", point, -1)):
        found[f"cost{end}"] = np.nan if plan is None else sign * (usual.cost_money - plan.cost_money)
        found[f"service{end}"] = np.nan if plan is None else sign * (usual.fill_rate - plan.fill_rate)
    return found


def _reached(limit: Limit, plan: Plan) -> float:
    rows = np.arange(plan.choice.size)
    part, whole = (
        np.asarray(table)[rows, plan.choice].sum() for table in (limit.part, limit.whole) if table is not None
    )
    return float(part) / float(whole) if whole else float("nan")


def price_statements(opt: Outcome, frame: pd.DataFrame) -> tuple[str, ...]:
    """The dearest floors, and what a point more of each costs."""
    if len(frame) == 0 or opt.solved.fill_rate is None:
        return ()
    currency, per = opt.data.study.currency, " a year" if opt.accounting.yearly else ""
    lines = []
    for row in frame.sort_values("cost", ascending=False, kind="stable").head(_SHOWN).to_dict("records"):
        if not np.isfinite(row["cost"]):
            continue
        point = "a point more is out of reach"
        if np.isfinite(row["cost_of_point"]):
            point = f"a point more {format_money(row['cost_of_point'], currency)}"
        money = format_money(row["cost"], currency)
        lines.append(f"{row['floor']} ≥ {format_rate(row['at_least'])} costs {money}{per}, {point}")
    return (f"Price of the floors (search seed): {'; '.join(lines)}.",) if lines else ()
