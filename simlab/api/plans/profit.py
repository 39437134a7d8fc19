"""Profit of a plan: margin of demand less what is lost of it, holding and orders."""

from __future__ import annotations

import numpy as np

from simlab.api.plans.outcome import Outcome
from simlab.api.requirements.accounting import counted_scale
from simlab.arrays import FloatArray
from simlab.errors import UsageError
from simlab.measures import Estimate, format_estimate, mean_estimate


def profit(opt: Outcome, kind: str = "segmented", sample: str = "verdict") -> Estimate:
    """Σ margin × (demanded − x × not served at once) − holding − order cost × orders, money a year.

    Raises
    ------
    UsageError
        The study's objective is another, so that x and the cost of an order are not known.
    """
    return mean_estimate(_by_replication(opt, kind, sample), opt.settings.level)


def _by_replication(opt: Outcome, kind: str, sample: str) -> FloatArray:
    if opt.accounting.keys["objective"] != "profit":
        raise UsageError('profit needs optimize.objective = "profit" and optimize.costs.lost_share')
    sums = (opt.verdict if sample == "verdict" else opt.search)[kind]
    scale = counted_scale(opt.settings.scale(opt.data.study), opt.accounting)
    money = scale.cost_resolution * scale.periods_per_year / opt.settings.exposure
    earned = sums.asked_margin[0].sum(axis=0) * money
    return np.asarray(earned - sums.cost[0].sum(axis=0) * scale.holding, dtype=np.float64)


def profit_statements(opt: Outcome) -> tuple[str, ...]:
    """What the plan earns, and against today (or the habit), paired."""
    if opt.accounting.keys["objective"] != "profit":
        return ()
    currency, now = opt.data.study.currency, opt.references.now
    own, theirs = (_by_replication(opt, kind, "verdict") for kind in ("segmented", now))
    level = opt.settings.level
    earned = format_estimate(mean_estimate(own, level), "holding_cost", currency)
    more = format_estimate(mean_estimate(own - theirs, level), "holding_cost", currency)
    against = "today's levels" if now == "today" else "the A 98 / B 95 / C 90 habit"
    first = ""
    if opt.data.study.policy.unmet != "lost":
        first = " (first order: simulated customers wait, a share of them is taken as lost)"
    return (f"The plan earns {earned} a year before other costs{first}; against {against}: {more}.",)
