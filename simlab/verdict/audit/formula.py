"""What a formula plans, and the fill rate that it expects of its own levels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import FloatArray
from simlab.execution import Levels
from simlab.models import Models
from simlab.policies import PlannedLevels, plan
from simlab.policies.levels.exact import service_at
from simlab.policies.levels.normal import loss, undershooting
from simlab.policies.planning import lots_of
from simlab.policies.problems import plannable, service_problems
from simlab.register.families import TARGET_FAMILIES, fills_up, has_point
from simlab.verdict.audit.switches import Switch
from simlab.verdict.audit.worlds import Beliefs, Worlds, sooner


@dataclass(frozen=True, eq=False)
class Plan:
    """Levels as a formula planned them.

    Attributes
    ----------
    worlds : Worlds
        The formula's world, the real one, and those between.
    planned : PlannedLevels
        One column.
    fill_rate : (n,) float
        What the formula expects of these integer levels.
    """

    worlds: Worlds
    planned: PlannedLevels
    fill_rate: FloatArray

    @property
    def levels(self) -> Levels:
        return self.planned.levels


def plan_as(
    models: Models, targets: FloatArray, *, family: str, target_measure: str, beliefs: Beliefs
) -> Plan:
    """Levels for (n,) targets by a formula that holds these beliefs.

    Notes
    -----
    Exact planning solves its own world (every switch off). The textbook formula knows mean and
    variance of demand and of the real lead time, so random lead times raise its safety stock although
    its world has none; its reorder point covers R + L, R being the allowance for undershoot, so that it
    expects less than its world without undershoot serves; that of (R,s,S) is corrected for undershoot,
    which is real in its world. Expected fill of the textbook formula:
    1 − σ·G(z)/lot at the rounded level, not below 0.
    """
    quantity = lots_of(models, family)
    rule = np.full(models.n_items, TARGET_FAMILIES[family], dtype=np.int8)
    if fills_up(rule).any() and beliefs.planning == "normal" and beliefs.ignores is None:
        beliefs = replace(beliefs, ignores=[str(one) for one in beliefs.ignored - {Switch.UNDERSHOOT}])
    worlds = Worlds(models.world, rule, quantity, beliefs)
    asked = replace(models, world=worlds.own)
    if beliefs.planning == "normal":
        asked = _textbook(models, worlds)
    planned = plan(
        asked,
        targets[:, None],
        family=family,
        target_measure=target_measure,
        planning=beliefs.planning,
        moving=False,
    )
    expected = _normal_fill if beliefs.planning == "normal" else _exact_fill
    worlds = replace(worlds, quantity=planned.levels.order_quantity[:, 0])
    return Plan(worlds, planned, expected(asked, planned.levels))


def _textbook(models: Models, worlds: Worlds) -> Models:
    """The models with R, mean and variance as the textbook formula takes them."""
    own, real = worlds.own, models.world
    demand = replace(real.demand, mean=worlds.mean, variance=worlds.variance)
    lead = sooner(real.lead_time, worlds.review_period == 0)
    terms = replace(real.terms, review_period=own.terms.review_period, review_phase=own.terms.review_phase)
    return replace(models, world=replace(real, demand=demand, lead_time=lead, terms=terms))


def _normal_fill(models: Models, levels: Levels) -> FloatArray:
    demand, review = models.world.demand, models.world.terms.review_period
    mean_lead, variance_lead = models.lead_time_moments
    interval = review + mean_lead
    sd = np.sqrt(interval * demand.variance + demand.mean**2 * variance_lead)
    by_point = has_point(levels.family)
    lot = np.where(by_point, levels.order_quantity[:, 0], demand.mean * review)
    level = np.where(by_point, levels.reorder_point[:, 0], levels.order_up_to[:, 0])
    mean = demand.mean * interval
    falls = fills_up(levels.family)
    if falls.any():
        own = undershooting(models, levels.order_quantity[:, 0])
        mean, sd, lot = (np.where(falls, x, y) for x, y in zip(own, (mean, sd, lot), strict=True))
    above = level - mean
    certain = np.maximum(-above, 0.0)
    short = np.where(sd > 0, sd * loss(above / np.where(sd > 0, sd, 1.0)), certain)
    expected = 1.0 - short / np.where(lot > 0, lot, 1.0)
    return np.asarray(np.where(demand.mean > 0, np.clip(expected, 0.0, 1.0), 1.0))


def _exact_fill(models: Models, levels: Levels) -> FloatArray:
    by_point = has_point(levels.family)
    lowest = np.where(by_point, levels.reorder_point[:, 0] + 1, levels.order_up_to[:, 0])
    quantity = np.where(by_point, levels.order_quantity[:, 0], 0)
    depletes = bool(fills_up(levels.family).any())
    models, consecutive = plannable(models)
    problems, _ = service_problems(models, quantity, "fill_rate", depletes=depletes, consecutive=consecutive)
    return service_at(problems, lowest, "fill_rate")
