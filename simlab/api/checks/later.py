"""What later stages would refuse, found before them and told together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.api.checks.possible import can_be_asked, left_open, refuse_impossible
from simlab.api.checks.steps import Steps
from simlab.api.data.data import Data, settings_of
from simlab.api.data.dead_stock import movable
from simlab.api.requirements.accounting import SERVICE, accounting
from simlab.api.requirements.constraints import Constraints, constraints
from simlab.api.requirements.grouping import group_by
from simlab.api.requirements.kind import chance_kinds, kinds, target_kinds
from simlab.api.requirements.refusals import check_scenarios
from simlab.api.settings import Settings
from simlab.api.simulator.redrawn import batch_of
from simlab.api.simulator.simulator import MAX_SUMS, machine_memory, refuse_large_runs, refuse_overflow
from simlab.arrays import FloatArray
from simlab.errors import InvalidInputError, Problem, SimlabError, UsageError, listed
from simlab.execution import BY_SLOT, Levels
from simlab.measures import format_money
from simlab.policies import PlannedLevels, current_levels, given_levels, plan
from simlab.policies.levels.best import check_costs
from simlab.policies.levels.forecasting import FORECAST, stated_forecasts
from simlab.policies.planning import lots_of
from simlab.policies.policy import GIVEN
from simlab.register.families import has_point
from simlab.segments import Segmentation
from simlab.segments.scheme import known_schemes

_CURVES = 14  # measures kept per SKU-location × target
_BYTES = 8
_BY_SEGMENT = frozenset({"E-OPT-011", "E-OPT-013", "E-OPT-016", "E-OPT-010"})


def later_problems(steps: Steps, data: Data, segmentation: Segmentation | None, *, learned: bool) -> str:
    """Ask what simulate and optimize would refuse before they simulate anything; say what was not asked.

    Parameters
    ----------
    steps : Steps
        Keeps what is refused.
    segmentation : Segmentation or None
        None where it was refused itself: what names segments cannot be checked then.
    learned : bool
        Segments are found by simulation, so that names of segments are not known yet.
    """
    policy = data.study.policy
    settings = steps.do(lambda: settings_of(data), "simulation.replications")
    if policy.family == GIVEN:
        steps.do(lambda: given_levels(data.models))
        return ""
    steps.do(lambda: current_levels(data.models))
    steps.do(lambda: lots_of(data.models, policy.family))
    if policy.forecast is not None and policy.forecast.method == "given":
        steps.do(lambda: stated_forecasts(data.models))
    if policy.planning == "optimal":
        steps.do(lambda: check_costs(data.models))
    if policy.targets and segmentation is not None and not learned:
        found = segmentation
        steps.do(lambda: found.resolve(policy.targets, "policy.targets"))
    steps.do(lambda: accounting(data))
    steps.do(lambda: check_scenarios(data))
    if segmentation is not None and (told_by := data.study.optimize.told_by) is not None:
        whole = segmentation
        steps.do(lambda: _refuse_unknown(data, whole, told_by), "optimize.told_by")
    if settings is not None:
        run = settings
        steps.do(lambda: batch_of(data, run.verdict_replications, run))
        steps.do(lambda: _refuse_memory(data, segmentation, run))
    if segmentation is not None and not learned:
        parts = segmentation
        steps.do(lambda: _refuse_unknown_segments(data, parts))
    rules = None if segmentation is None else _rules(steps, data, segmentation, learned)
    if rules is not None and segmentation is not None and settings is not None:
        kept, segments, run = rules, segmentation, settings
        steps.do(lambda: _refuse_cells(data, segments, kept, run))
        steps.do(lambda: _refuse_silent_groups(data, kept))
        steps.do(lambda: _refuse_order(data, segments, kept))
    if not steps.problems and settings is not None:
        run = settings
        steps.do(lambda: _refuse_levels(data, segmentation, rules, run, learned=learned))
        return left_open(data, rules, run.replications, learned=learned)
    steps.do(lambda: movable(data, data.study.optimize.budget))
    return ""


def _refuse_unknown(data: Data, segmentation: Segmentation, by: str) -> None:
    """A column to tell the plan by that there is not: it was told so after all was simulated."""
    try:
        group_by(data, segmentation, by)
    except SimlabError:
        columns = listed(["segment", *segmentation.by, "sku", "location", *data.catalog.texts], 9)
        raise UsageError(f"'{by}' is no column of items: {columns}") from None


def _refuse_unknown_segments(data: Data, segmentation: Segmentation) -> None:
    """Segments of the gate that there are not: the gate would refuse the plan that was optimized for it."""
    problems = []
    for option in ("lowered", "accept_misfit"):
        named = tuple(getattr(data.study.gate, option))
        unknown = [name for name in named if name not in segmentation.names]
        if unknown:
            what = f"names {listed(unknown, 9)}, and there is no such segment"
            fix = f"segments are {listed(list(segmentation.names), 9)}"
            problems.append(Problem("E-SEG-022", what, data.study.file, column=f"gate.{option}", fix=fix))
    if problems:
        raise InvalidInputError(problems)


def _rules(steps: Steps, data: Data, segmentation: Segmentation, learned: bool) -> Constraints | None:
    """The study's limits; of learned segments only what needs no name of a segment."""
    targets = data.study.targets()
    try:
        return constraints(data, segmentation, targets)
    except InvalidInputError as error:
        found = error.problems
    if learned:
        steps.do(lambda: constraints(_by_columns(data), segmentation, targets))
        found = tuple(one for one in found if one.code not in _BY_SEGMENT)
    steps.keep(found)
    return None


def _by_columns(data: Data) -> Data:
    """The data whose study has only limits of groups that are no segments."""
    asked, unknown = data.study.optimize, {"segment", *data.study.segments.by, *known_schemes()}
    names = [*(kind.name for kind in kinds()), *(kind.name for kind in chance_kinds())]
    limits = {name: tuple(one for one in getattr(asked, name) if one.by not in unknown) for name in names}
    none: dict[str, object] = {kind.name: type(getattr(asked, kind.name))() for kind in target_kinds()}
    study = data.study.model_copy(update={"optimize": asked.model_copy(update={**limits, **none})})
    return Data(replace(data.catalog, study=study), data.threads).with_models(data.models)


def _refuse_cells(data: Data, segmentation: Segmentation, rules: Constraints, settings: Settings) -> None:
    """Chance limits keep sums per segment, group, target and replication."""
    for one in rules.chances:
        cells = segmentation.n_segments * (len(one.groups.names) + 1)
        if cells * len(data.study.targets()) * settings.replications > MAX_SUMS:
            message = "too many cells × targets × replications to be kept"
            fix = "fewer segments, targets or replications"
            raise _refused(data, "E-OPT-021", message, f"optimize.{one.kind.name}", fix)


def _refuse_silent_groups(data: Data, rules: Constraints) -> None:
    """No floor can be met where nothing is demanded."""
    moving = ~data.models.silent
    problems = []
    for spec, grouping in rules.floors:
        for name in spec.at_least:
            group = grouping.codes == grouping.names.index(name)
            if spec.measure != "ready_rate" and not (group & moving).any():
                what = (
                    f"{SERVICE[spec.measure]} of '{name}': nothing is demanded there, so no floor can be met"
                )
                problems.append(
                    Problem("E-OPT-019", what, data.study.file, column="optimize.floors", fix="drop it")
                )
    if problems:
        raise InvalidInputError(problems)


def _refuse_order(data: Data, segmentation: Segmentation, rules: Constraints) -> None:
    """Order, pins and ranges together must leave every segment a target."""
    if not rules.ordered or rules.allowed is None:
        return
    n, k = rules.allowed.shape
    low = np.where(rules.allowed.any(axis=1), rules.allowed.argmax(axis=1), 0)
    high = k - 1 - rules.allowed[:, ::-1].argmax(axis=1)
    for _ in range(n):
        for above, below in rules.ordered:
            low[above] = max(low[above], low[below])
            high[below] = min(high[below], high[above])
    rows = np.flatnonzero(low > high).tolist()
    if rows:
        names = ", ".join(segmentation.names[row] for row in rows[:6])
        message = f"pins or ranges contradict the order: no target is left for {names}"
        fix = "a segment that comes earlier in optimize.ordered never has the lower target"
        raise _refused(data, "E-OPT-023", message, "optimize.ordered", fix)


def _refuse_memory(data: Data, segmentation: Segmentation | None, settings: Settings) -> None:
    """Sums that this machine cannot keep."""
    here = machine_memory()
    n, k = data.models.n_items, len(data.study.targets())
    slots = min(settings.batches, settings.replications)
    kept = len(BY_SLOT) * slots + (_CURVES - len(BY_SLOT))
    most = n * k * kept * _BYTES
    if most > here:
        message = (
            f"sums of SKU-locations × targets × batches need {most / 1e9:.1f} GB, this machine has "
            f"{here / 1e9:.1f} GB"
        )
        fix = "fewer optimize.n_targets or simulation.batches"
        raise _refused(data, "E-STU-042", message, "memory", fix)
    refuse_large_runs(data, 1 if segmentation is None else segmentation.n_segments, settings)


def _refuse_levels(
    data: Data,
    segmentation: Segmentation | None,
    rules: Constraints | None,
    settings: Settings,
    *,
    learned: bool,
) -> None:
    """Sums of money at the highest target that leave 64 bits; floors and a budget that no plan keeps."""
    planned = None
    if data.study.policy.family != FORECAST:
        planned = _at_the_ends(data, segmentation, rules)
        refuse_overflow(data, [planned.levels], settings)
    if segmentation is not None and rules is not None and can_be_asked(data, rules, learned=learned):
        refuse_impossible(data, segmentation, rules, settings, learned=learned)
    elif planned is not None:
        _refuse_budget(data, planned.levels)


def _at_the_ends(data: Data, segmentation: Segmentation | None, rules: Constraints | None) -> PlannedLevels:
    """Levels at the lowest target that each SKU-location may have, and at the highest of all."""
    policy, targets = data.study.policy, np.array(data.study.targets())
    ends = np.tile(targets[[0, -1]], (data.models.n_items, 1))
    if rules is not None and rules.allowed is not None and segmentation is not None:
        ends[:, 0] = targets[rules.allowed.argmax(axis=1)][segmentation.codes]
    if rules is not None:
        ends[rules.items, 0] = targets[rules.columns]
    return plan(
        data.models,
        ends,
        family=policy.family,
        target_measure=policy.target_measure,
        planning=policy.planning,
        seed=data.study.simulation.seed,
    )


def _refuse_budget(data: Data, levels: Levels) -> None:
    """A budget below what the stock of the lowest targets cannot fall below, whatever is demanded."""
    left = movable(data, data.study.optimize.budget)
    if left is None or data.study.policy.start == "today":
        return
    is_top = ~has_point(levels.family)
    position = np.where(is_top, levels.order_up_to[:, 0], levels.reorder_point[:, 0] + 1)
    least = _least_stock(data, position.astype(np.float64))
    if left < least:
        currency = data.study.currency
        message = (
            f"is below the stock of the lowest targets, at least {format_money(least, currency)} "
            "at unit cost, so that no plan can meet it"
        )
        fix = "raise it, or lower optimize.target_min"
        where = f"optimize.budget = {data.study.optimize.budget:g}"
        raise _refused(data, "E-OPT-024", message, where, fix)


def _least_stock(data: Data, position: FloatArray) -> float:
    """Money that mean stock cannot fall below: E[(S − D)⁺] ≥ (S − E[D])⁺ over the longest time of a cycle."""
    models = data.models
    mean, _ = models.lead_time_moments
    span = models.world.terms.review_period + mean + 1
    stock = np.maximum(position - models.world.demand.mean * span, 0.0)
    return float((stock * models.costs.unit_cost).sum() * models.costs.cost_resolution)


def _refused(data: Data, code: str, message: str, where: str, fix: str) -> InvalidInputError:
    return InvalidInputError([Problem(code, message, data.study.file, column=where, fix=fix)])
