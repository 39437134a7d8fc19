"""Options that a study says and that change nothing, because another option rules them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simlab.register.limits import TAILS
from simlab.study.checked import HABIT
from simlab.study.study import Study

_BLOCKS = ("moving_blocks", "stationary_blocks")


def idle_options(study: Study) -> tuple[str, ...]:
    """One sentence per option that the study says itself and that has no effect: "… unless …"."""
    return tuple(
        f"{option} has no effect unless {condition}"
        for option, idle, condition in (*_lead_times(study), *_optimize(study), *_others(study))
        if idle and _said(study, option)
    )


def _said(study: Study, option: str) -> bool:
    """Whether the study names an option, rather than leaving it to the default."""
    value: Any = study
    for key in option.split("."):
        if value is None or key not in value.model_fields_set:
            return False
        value = getattr(value, key)
    return value not in (None, (), {})


Rows = Iterator[tuple[str, bool, str]]


def _lead_times(study: Study) -> Rows:
    spec, receipts = study.lead_times, study.data.receipts is not None
    for name in ("weekdays", "closed"):
        working = 'lead_times.calendar = "working_days"'
        yield f"lead_times.{name}", spec.calendar != "working_days", working
    laws = {spec.law, *(one.law for one in spec.override)}
    for name in ("min_receipts", "longest_days", "by"):
        yield f"lead_times.{name}", not receipts, "there are receipts ([data.receipts])"
        yield f"lead_times.{name}", receipts and laws == {"fixed"}, 'lead_times.law is another than "fixed"'
    fixed = receipts and laws == {"fixed"}
    yield "lead_times.order_weekday", fixed, 'lead_times.law is another than "fixed"'


def _optimize(study: Study) -> Rows:
    asked = study.optimize
    for name in ("order", "shortage_per_unit"):
        other = asked.objective != "total_cost" and not (name == "order" and asked.objective == "profit")
        yield f"optimize.costs.{name}", other, 'optimize.objective = "total_cost"'
    lost = asked.objective != "profit"
    yield "optimize.costs.lost_share", lost, 'optimize.objective = "profit"'
    for name in ("target_min", "target_max", "n_targets"):
        yield f"optimize.{name}", bool(asked.targets), "optimize.targets is left out"
    yield "optimize.budget_on", asked.budget is None, "there is an optimize.budget"
    options = [one.option for one in TAILS.values()]
    tails = bool(asked.chance) or asked.objective in TAILS
    tails = tails or any(getattr(asked, option) is not None for option in options)
    limit = f"there are chance limits, a {', a '.join(options)}, or such an objective"
    yield "optimize.time_limit", not tails, limit


def _others(study: Study) -> Rows:
    given = study.policy.family == "given"
    for name in ("targets", "planning", "target_measure"):
        habit = name == "targets" and study.policy.targets == HABIT  # what is filled in where none is said
        yield f"policy.{name}", given and not habit, 'policy.family is another than "given"'
    laws = {study.models.law, *(one.law for one in study.models.override)}
    yield "models.block_length", not laws & set(_BLOCKS), "a law is moving_blocks or stationary_blocks"
    for name in ("candidates", "score"):
        yield f"models.{name}", "auto" not in laws, 'models.law = "auto"'
    yield "run.scheduler", study.run.backend != "dask", 'run.backend = "dask"'
    yield "week_starts", study.period != "week", 'study.period = "week"'
