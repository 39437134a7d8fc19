"""Planned service against the simulator: equal within 4 standard errors where the formula is exact."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.prepare.evaluators import warmup_periods
from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.world import Horizon
from simlab.policies import plan
from simlab.policies.levels.exact import service_curve
from simlab.policies.planning import lots_of
from simlab.policies.problems import service_problems

NB, POISSON = (LawKind.NEGATIVE_BINOMIAL, 4.0, 12.0), (LawKind.POISSON, 5.0, 5.0)
PMF = {0: 50, 1: 30, 2: 15, 6: 5}
RANDOM = {1: 1, 4: 2, 8: 1}
IN_TURN = {3: 1, 4: 1, 5: 1, 6: 1}  # daily orders can have it and keep their sequence
TARGETS = [0.5, 0.9, 0.98]

# what, options, family, orders may cross, is cycle service exact too?
CASES = [
    ("fixed", {"demand": NB, "lead": {3: 1}}, "order_up_to", False, True),
    ("in sequence", {"demand": NB, "lead": IN_TURN}, "order_up_to", False, True),
    ("in sequence, R = 3", {"demand": POISSON, "lead": RANDOM, "review": 3}, "order_up_to", False, True),
    ("crossing", {"demand": NB, "lead": RANDOM}, "order_up_to", True, True),
    ("crossing, R = 2", {"demand": PMF, "lead": RANDOM, "review": 2}, "order_up_to", True, True),
    ("lognormal", {"demand": (LawKind.LOGNORMAL, 5.0, 50.0), "lead": IN_TURN}, "order_up_to", False, True),
    (
        "gamma",
        {"demand": (LawKind.GAMMA, 5.0, 50.0), "lead": {2: 1}, "review": 2},
        "order_up_to",
        False,
        True,
    ),
    ("packs", {"demand": NB, "lead": IN_TURN, "pack": 10}, "order_up_to", False, False),
    ("lots", {"demand": POISSON, "review": 3, "order_quantity": 40}, "reorder_quantity", False, True),
    ("(s,S)", {"demand": POISSON, "review": 3, "order_quantity": 40}, "reorder_up_to", False, True),
    ("(s,S), R = 1", {"demand": NB, "lead": {3: 1}, "order_quantity": 15}, "reorder_up_to", False, True),
    (
        "(s,S), Q below demand",
        {"demand": PMF, "lead": {2: 1}, "review": 2, "order_quantity": 3},
        "reorder_up_to",
        False,
        True,
    ),
    ("(s,S), random", {"demand": NB, "lead": IN_TURN, "order_quantity": 30}, "reorder_up_to", False, False),
    (
        "(s,S), packs",
        {"demand": NB, "lead": {2: 1}, "order_quantity": 30, "pack": 6},
        "reorder_up_to",
        False,
        False,
    ),
    ("lots, random", {"demand": NB, "lead": IN_TURN, "order_quantity": 30}, "reorder_quantity", False, False),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "family", "cross", "exact_cycle"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_planned_service_is_what_the_simulator_sees(
    options, family, cross, exact_cycle, item, make_models
) -> None:
    models = make_models(item(**options), crossing=cross)
    levels = plan(models, TARGETS, family=family).levels
    warmup = warmup_periods(models.world) + 200
    curves = simulate_items(models.world, levels, Horizon(2000, warmup, 64, 32, 11))
    depletes = family == "reorder_up_to"
    problems, _ = service_problems(models, lots_of(models, family), "fill_rate", depletes=depletes)
    level = levels.order_up_to[0] if family == "order_up_to" else levels.reorder_point[0] + 1
    pairs = [("fill_rate", curves.served[0], np.broadcast_to(curves.demanded[0], curves.served[0].shape))]
    if exact_cycle:
        pairs.append(("cycle_service_level", curves.good_receipts[0], curves.receipts[0]))
    for measure, good, all_of_them in pairs:
        at = np.flatnonzero(level >= 0)  # the curve begins at 0; see test_lots_are_planned_below_zero
        planned = service_curve(problems, measure, 0)[level[at]]
        good, all_of_them = good[at], all_of_them[at]
        ratio = good.sum(axis=-1) / all_of_them.sum(axis=-1)
        residual = good - ratio[:, None] * all_of_them
        error = residual.std(axis=-1, ddof=1) * np.sqrt(32) / all_of_them.sum(axis=-1)
        assert (np.abs(ratio - planned) <= 4 * error + 1e-9).all(), (measure, ratio, planned, error)
