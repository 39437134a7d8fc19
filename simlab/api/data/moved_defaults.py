"""Defaults that have moved since a study was written, each with the line that keeps the old answer."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from simlab.study import Study
from simlab.study.later import value_at


@dataclass(frozen=True)
class Moved:
    """A default of schema 1 that is another in schema 2.

    Attributes
    ----------
    option : str
        Dotted name in the study file.
    before : str
        The line, under its section, that keeps the old answer.
    now : str
        What counts without it.
    table : str
        Table of [data] that it speaks of; empty: any study.
    objective : str
        Objective that it speaks of; empty: any.
    """

    option: str
    before: str
    now: str
    table: str = ""
    objective: str = ""


SERVICE = (
    Moved(
        "optimize.service",
        '[optimize] service = { weight = "units" }',
        "service is weighed by margin where prices cover it, else by value",
    ),
    Moved("optimize.target_min", "[optimize] target_min = 0.50", "no segment gets a target below 0.80"),
    Moved(
        "optimize.choose",
        '[optimize] choose = "in_sample"',
        "a floor is met with a margin for chance where that costs little",
    ),
    Moved(
        "optimize.fill_rate",
        "[optimize] fill_rate = 0.95",
        "total cost with a cost of units short has no floor but one that is named",
        objective="total_cost",
    ),
    Moved(
        "optimize.objective",
        '[optimize] objective = "holding_cost"',
        "total cost is made least within a budget, where service was made highest whatever the objective",
        objective="total_cost",
    ),
)
"""Which decide what plan is chosen."""
MOVED = (
    *SERVICE,
    Moved("demand.life", '[demand] life = "first_sale"', "every open period is an observation"),
    Moved("demand.no_history", '[demand] no_history = "zero"', "what never sold is left out and counted"),
    Moved("demand.on_closed", '[demand] on_closed = "drop"', "demand on closed days is refused"),
    Moved("policy.level_limit", "[policy] level_limit = 0", "no level above 3 × the largest demand in R + L"),
    Moved("simulation.periods", "[simulation] periods = 52", "364 days, 52 weeks or 12 months count"),
    Moved(
        "models.candidates",
        '[models] candidates = ["poisson", "negative_binomial", "intermittent", "empirical"]',
        "laws with a rhythm are compared, too",
    ),
    Moved("models.memory", '[models] memory = "all"', "older periods count less where that predicts better"),
    Moved(
        "data.receipts.duplicates",
        '[data.receipts] duplicates = "keep"',
        "receipts pasted twice are refused",
        "receipts",
    ),
    Moved(
        "data.demand.isolated",
        '[data.demand] isolated = "keep"',
        "a row or two years away from all others are refused",
        "demand",
    ),
)


def moved(study: Study, among: tuple[Moved, ...] = MOVED) -> tuple[Moved, ...]:
    """Defaults that move a study of schema 1, because it does not say them; none of one of schema 2."""
    if study.schema_version != 1:
        return ()
    raw: Any = tomllib.loads(study.source) if study.source else study.model_dump(exclude_unset=True)
    within_budget = study.optimize.budget is not None and value_at(raw, "optimize.fill_rate") is None
    return tuple(
        one
        for one in among
        if (within_budget if one.option == "optimize.objective" else value_at(raw, one.option) is None)
        and (not one.table or getattr(study.data, one.table) is not None)
        and one.objective in ("", study.optimize.objective)
        and not (one.option == "optimize.target_min" and study.optimize.targets)
        and not (one.option == "optimize.fill_rate" and study.optimize.budget is not None)
    )


def moved_note(study: Study) -> tuple[str, ...]:
    """One remark on a study of schema 1 whose plan is chosen otherwise now."""
    found = moved(study, SERVICE)
    if not found:
        return ()
    lines = ", ".join(one.before.removeprefix("[optimize] ") for one in found)
    now = "; ".join(one.now for one in found)
    return (
        f"defaults of [optimize] have moved since this study was written (schema 1): {now}. "
        f"The old answer: {lines}; schema = 2 accepts the new ones and ends this remark",
    )


def moved_lines(study: Study) -> str:
    """All of them in one sentence each; empty where none moves."""
    return "".join(f"\n    {one.before}  # now: {one.now}" for one in moved(study))
