"""Audit of targets: why the 98 % in the ERP is 91 % on the shelf."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simlab.api.audits.tables import audit_frame, plot_audit, summary_frame
from simlab.api.data.data import Data
from simlab.api.learning.learning import segment
from simlab.api.output.manifest import core_facts, seeds_of
from simlab.api.output.record import Record, RunResult, write_run
from simlab.api.requirements.refusals import refuse
from simlab.api.settings import Clock, Settings
from simlab.api.simulator.size import RunSize, refuse_what_does_not_fit
from simlab.arrays import FloatArray
from simlab.engine.prepare.on_grid import all_in_parts, horizon_in_parts, parts_of
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Progress
from simlab.measures import ALL
from simlab.measures.decision import short_rate
from simlab.measures.shown import Public
from simlab.measures.words import subject
from simlab.models import is_plain, marginal
from simlab.policies import Policy
from simlab.policies.levels.lost import losing
from simlab.run import RunFolder
from simlab.run.spreadsheet import csv_bytes
from simlab.run.statements import Statement, lines, plain
from simlab.segments import Segmentation, habit_targets
from simlab.verdict.audit import (
    AuditCase,
    Beliefs,
    PolicyAudit,
    audit_case,
    audit_warmup,
    plan_as,
    statements,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


HABIT = "habit"
TARGETS = "targets"

_STATED = {
    "demand_mean": "planned_demand_mean",
    "demand_variance": "planned_demand_variance",
    "review_period": "planned_review_period",
}
"""Columns of items that say what the formula believed; the last one in `data.time_unit`."""


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Public):
    """Targets asked, planned and achieved per segment, and the causes of the difference.

    Attributes
    ----------
    data : Data
    segmentation : Segmentation
    policies : tuple of PolicyAudit
        ``targets`` and ``habit``, or the one asked for.
    settings : Settings
    warmup_rule : str
        Where the warm-up comes from.
    times : dict
        Seconds per stage.

    Examples
    --------
    >>> found = sl.audit(data)
    >>> found.statements, found.plot()
    """

    data: Data
    segmentation: Segmentation
    policies: tuple[PolicyAudit, ...]
    settings: Settings
    warmup_rule: str = ""
    times: dict[str, float] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[str, ...]:
        """One sentence per policy and segment, largest causes named; what stood for rhythms and seasons."""
        return lines(self.told)

    @property
    def told(self) -> tuple[Statement, ...]:
        """The sentences with their keys, see `subject`; notes have none."""
        own = tuple(
            Statement("none", "", text, subject(policy.policy, account.name), "audit")
            for policy in self.policies
            for account, text in zip(policy.accounts, statements(policy), strict=True)
        )
        return own + plain("audit", (*_alike_notes(self.data), *_loss_notes(self.data)))

    def policy(self, name: str) -> PolicyAudit:
        """The accounts of one policy by name.

        Examples
        --------
        >>> found.policy("habit").accounts
        """
        for one in self.policies:
            if one.policy == name:
                return one
        known = ", ".join(one.policy for one in self.policies)
        raise UsageError(f"no policy '{name}' was audited: one of {known}")

    def to_frame(self) -> pd.DataFrame:
        """One row per policy, segment and line of the waterfall.

        Examples
        --------
        >>> found.to_frame()
        """
        years = self.settings.exposure * self.settings.replications / self.data.study.periods_per_year
        return audit_frame(self.policies, years)

    def summary(self) -> pd.DataFrame:
        """One row per policy and segment: asked, planned, achieved, and each cause in points of demand.

        Examples
        --------
        >>> found.summary()
        """
        return summary_frame(self.policies)

    def plot(self, policy: str | None = None) -> Figure:
        """A waterfall per segment, from planned to achieved fill rate.

        Parameters
        ----------
        policy : str, optional
            Which one; the first if left out.

        Examples
        --------
        >>> found.plot("habit").savefig("why.svg")
        """
        return plot_audit(self.policies[0] if policy is None else self.policy(policy))

    def __repr__(self) -> str:
        said = (
            f"{one.policy} planned {short_rate(all_.planned_fill)} of units, "
            f"achieved {short_rate(all_.achieved.value)}"
            for one in self.policies
            for all_ in one.accounts
            if all_.name == ALL
        )
        return f"Audit({'; '.join(said)}; {self.segmentation.n_segments} segments)"

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.summary())


def audit(
    data: Data,
    policy: Policy | Mapping[str, float] | str | None = None,
    *,
    segmentation: Segmentation | None = None,
    believed: Beliefs | None = None,
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Account for the difference between planned and achieved service, cause by cause.

    Parameters
    ----------
    data : Data
        From `load`, `load_frames` or `demo`.
    policy : Policy, mapping, "habit" or None
        A policy from `Policy.from_targets`, targets per segment (of the study's measure, family and
        planning), or the habit (A 98 %, B 95 %, C 90 % cycle service by the normal formula). None: the
        study's `policy.targets`, where it has any, and the habit.
    segmentation : Segmentation, optional
        The policy's, else the study's, if left out.
    believed : Beliefs, optional
        What the formula took for true. Default: what its kind leaves out, and the columns
        `planned_demand_mean`, `planned_demand_variance` (per period) and `planned_review_period` (in
        `data.time_unit`; 0 = the formula covers the lead time alone) of items where given.
    replications, seed, workers : int, optional
        The study's if left out. Workers change no result.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    Audit
        ``.to_frame()``, ``.plot()``; the lines of a segment add up to planned − achieved exactly.

    Notes
    -----
    Levels stay fixed; the world is switched from the formula's to the real one (see
    `simlab.verdict.audit`). Shapley's value shares the difference out over the orders of switching.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> found = sl.audit(data, {"A": 0.95, "B": 0.95, "C": 0.95}, segmentation=sl.segment(data, "abc"),
    ...                  replications=10)
    >>> found.to_frame().columns[:2].tolist()
    ['policy', 'segment']
    """
    refuse(data, "audit")
    parts = parts_of(data.models.world)
    settings = Settings.of(
        data.study,
        window_scale=data.models.window_scale,
        replications=replications,
        seed=seed,
        workers=workers,
    )
    refuse_what_does_not_fit(data, RunSize.of(data, settings, 1, verdict=False), progress)
    clock = Clock(progress)
    with clock.stage("fit"):
        segments = _segmentation(data, policy, segmentation)
    with clock.stage("plan"):
        cases = _cases(_of_single_periods(data), policy, segments, believed or stated_beliefs(data))
        warmup, rule = _warmup(data, cases, settings)
    horizon = horizon_in_parts(settings.horizon("search", warmup), parts)
    done = []
    for case in cases:
        with clock.stage(f"audit {case.name}"):
            found = audit_case(
                case,
                segments,
                horizon,
                level=settings.level,
                workers=settings.workers,
                progress=progress,
            )
        done.append(replace(found, warmup=warmup))
    return Audit(data, segments, tuple(done), settings, rule, clock.times)


def _of_single_periods(data: Data) -> Data:
    """Demand with a rhythm or a season as independent periods that are all alike, as the formulas take it."""
    models = data.models
    if is_plain(models.world.demand).all():
        return data
    world = replace(models.world, demand=marginal(models.world.demand))
    return data.with_models(replace(models, world=world))


def _alike_notes(data: Data) -> tuple[str, ...]:
    """Which demand was audited as if all its periods were alike."""
    law, notes = data.models.world.demand, []
    if rows := int(law.has_rhythm.sum()):
        notes.append(f"{rows} SKU-locations with a rhythm are audited with the law of their single periods")
    if law.seasons is not None and (rows := int((law.seasons.profile >= 0).sum())):
        notes.append(
            f"{rows} SKU-locations with a season are audited with the law of any one of their periods, mixed "
            "over the cycle: what the season costs in service is not among the causes (simulate and optimize "
            "have it)"
        )
    return tuple(notes)


def _loss_notes(data: Data) -> tuple[str, ...]:
    """That the exact formula is audited where planning itself measures what is lost."""
    rows = int(losing(data.models.world).sum())
    if rows == 0 or data.study.policy.planning != "exact":
        return ()
    return (
        f"{rows} SKU-locations can lose demand: audited is the exact formula, as if all demand waited; "
        "simulate and optimize find their levels by simulation instead",
    )


def stated_beliefs(data: Data) -> Beliefs:
    """What the items table says that the formula believed; gaps mean: as fitted."""
    given = {
        name: data.catalog.numbers[column]
        for name, column in _STATED.items()
        if column in data.catalog.numbers
    }
    if "review_period" in given:
        given["review_period"] = np.rint(given["review_period"] * data.study.time_unit_periods)
    problems = [
        Problem("E-POL-005", "is below 0", "items", column=_STATED[name], fix="0 or more, or no entry")
        for name, values in given.items()
        if (values < 0).any()
    ]
    if problems:
        raise InvalidInputError(problems)
    return Beliefs(
        demand_mean=given.get("demand_mean"),
        demand_variance=given.get("demand_variance"),
        review_period=given.get("review_period"),
    )


def write_audit(
    result: Audit, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Write tables, seal the run, render the report, which draws the charts."""
    started = time.perf_counter()
    frame = result.to_frame()
    record = Record(
        data=result.data,
        command="audit",
        frames={"audit": frame},
        shown={"audit": result.summary()},
        told=result.told,
        facts=audit_facts(result),
        times={**times, **result.times},
        files={"results/audit.csv": csv_bytes(frame)},
    )
    return write_run(record, folder, started, progress)


def _segmentation(
    data: Data, policy: Policy | Mapping[str, float] | str | None, given: Segmentation | None
) -> Segmentation:
    own = policy.segmentation if isinstance(policy, Policy) else None
    return given or own or segment(data)


def _cases(
    data: Data,
    policy: Policy | Mapping[str, float] | str | None,
    segments: Segmentation,
    believed: Beliefs,
) -> list[AuditCase]:
    if isinstance(policy, str) and policy != HABIT:
        raise UsageError(f"'{policy}' is no policy: 'habit', targets per segment, or a Policy")
    wanted = data.study.policy.targets if policy is None else policy
    cases = []
    if not isinstance(wanted, str) and (policy is not None or wanted):
        chosen = wanted if isinstance(wanted, Policy) else _policy(data, segments, wanted)
        cases.append(_targets_case(data, chosen, segments, believed))
    if policy is None or policy == HABIT:
        cases.append(_habit_case(data, believed))
    return cases


def _policy(data: Data, segments: Segmentation, targets: Mapping[str, float]) -> Policy:
    study = data.study.policy
    asked: dict[str, Any] = {study.target_measure: targets}
    return Policy.from_targets(segments, **asked, family=study.family, planning=study.planning)


def _targets_case(data: Data, policy: Policy, segments: Segmentation, believed: Beliefs) -> AuditCase:
    if policy.targets is None or len(policy.targets) != segments.n_segments:
        raise UsageError("this policy names no targets by segment: make it with Policy.from_targets")
    if policy.order is not None:
        raise UsageError("an audit takes apart formulas, not rules of your own: simulate knows them")
    asked = np.array(policy.targets, dtype=np.float64)[segments.codes]
    return _case(data, TARGETS, asked, policy, believed)


def _habit_case(data: Data, believed: Beliefs) -> AuditCase:
    asked = habit_targets(data.catalog, data.models, data.study.segments)
    policy = Policy(data.study.policy.family, "cycle_service_level", "normal")
    return _case(data, HABIT, asked, policy, believed)


def _case(data: Data, name: str, asked: FloatArray, policy: Policy, believed: Beliefs) -> AuditCase:
    parts = parts_of(data.models.world)
    plan = plan_as(
        replace(data.models, world=all_in_parts(data.models.world)),
        asked,
        family=policy.family,
        target_measure=policy.target_measure,
        beliefs=_beliefs_in_parts(replace(believed, planning=policy.planning), parts),
    )
    return AuditCase(name, policy.target_measure, asked, plan)


def _beliefs_in_parts(believed: Beliefs, parts: int) -> Beliefs:
    """What is believed of a period, said of its parts."""
    if parts == 1:
        return believed

    def times(value: npt.ArrayLike | None, factor: float) -> npt.ArrayLike | None:
        return None if value is None else np.asarray(value, dtype=np.float64) * factor

    return replace(
        believed,
        review_period=times(believed.review_period, parts),
        demand_mean=times(believed.demand_mean, 1 / parts),
        demand_variance=times(believed.demand_variance, 1 / parts),
    )


def _warmup(data: Data, cases: list[AuditCase], settings: Settings) -> tuple[int, str]:
    said = data.study.simulation.warmup
    if said != "auto":
        return int(said), "said in the study"
    parts = parts_of(data.models.world)
    horizon = horizon_in_parts(settings.horizon("search", 0), parts)
    periods, rule = max((audit_warmup(case.plan, horizon) for case in cases), key=lambda one: one[0])
    return -(-periods // parts), rule


def audit_facts(audit: Audit) -> dict[str, Any]:
    """The manifest of an audit of targets."""
    facts = core_facts(audit.data, audit.settings, audit.statements, audit.segmentation)
    return facts | {
        "seeds": seeds_of(audit.settings, ("search",)),
        "evaluator": " and ".join(sorted({way for one in audit.policies for way in one.evaluators})),
        "warmup": audit.policies[0].warmup,
        "warmup_rule": audit.warmup_rule,
        "worlds": {one.policy: one.n_worlds for one in audit.policies},
        "constraints": {},
        "notes": [*_alike_notes(audit.data), *_loss_notes(audit.data)],
    }
