"""What service costs: exchange rates, next moves, releases and budgets, with what fresh randomness says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simlab.api.requirements.accounting import counted_scale
from simlab.api.show import spread
from simlab.api.simulator.simulator import SEGMENTS
from simlab.arrays import FloatArray
from simlab.errors import InfeasibleError, UsageError
from simlab.execution import PlanSums
from simlab.frontier import (
    Frontier,
    Move,
    Plan,
    Release,
    exchange_rates,
    knee,
    next_moves,
    release,
    release_moves,
    slope_estimate,
)
from simlab.frontier.problem import MANY
from simlab.frontier.thin import thin
from simlab.measures import ALL, Estimate, cost_at_fill, jackknife, mean_estimate

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome


N_RATES = 16
N_BUDGETS = 20


def rates_frame(opt: Outcome, n_points: int = N_RATES) -> pd.DataFrame:
    """Slopes between neighbouring plans: on the search seed, on the Lagrangian hull, and on fresh seeds.

    The fresh slope holds the two plans fixed and is paired; money per percentage point of service.
    """
    import pandas as pd

    shown = opt.solved.shown
    sums = opt.verdict["frontier:segmented"]
    part = thin(shown, n_points, keep=[chosen_point(opt)])
    rates = exchange_rates(part.frontier)
    factor = counted_scale(opt.settings.scale(opt.data.study), opt.accounting).holding
    value = opt.settings.scale(opt.data.study).value
    rows = []
    for at, (low, high) in enumerate(zip(part.index[:-1], part.index[1:], strict=True)):
        fresh = _slope(sums, "cost", int(low), int(high), opt.settings.level).scaled(factor)
        tied = _slope(sums, "stock_value", int(low), int(high), opt.settings.level).scaled(value)
        rows.append(
            {
                "fill_rate_from": rates.fill_rate[at, 0],
                "fill_rate": rates.fill_rate[at, 1],
                **spread("cost_per_point", fresh),
                "cost_per_point_search": rates.cost_per_point[at],
                "cost_per_point_hull": rates.hull_per_point[at],
                **spread("value_per_point", tied),
                "value_per_point_search": rates.value_per_point[at],
                "point_from": int(low),
                "point": int(high),
                "ends_at_chosen": bool(high == chosen_point(opt)),
            }
        )
    found = pd.DataFrame(rows, columns=None if rows else list(_RATES))
    return found if rows else found.astype(_RATES)


_ENDS = ("", "_low", "_high")
_RATES = {
    **dict.fromkeys(("fill_rate_from", "fill_rate"), "float64"),
    **{f"cost_per_point{end}": "float64" for end in _ENDS},
    **dict.fromkeys(("cost_per_point_search", "cost_per_point_hull"), "float64"),
    **{f"value_per_point{end}": "float64" for end in _ENDS},
    **dict.fromkeys(("value_per_point_search",), "float64"),
    **dict.fromkeys(("point_from", "point"), "int64"),
    "ends_at_chosen": "bool",
}
"""Columns of `rates_frame`, for a frontier of one point, which has no neighbours."""


def point_prices(opt: Outcome) -> dict[str, Estimate]:
    """What a whole point of service costs at the chosen plan: the last one below it, the next one above.

    Both frontiers' ends are read by linear interpolation between neighbouring plans on the verdict seed,
    one percentage point of service apart, paired; NaN where the plans do not reach so far.
    """
    sums = opt.verdict["frontier:segmented"]
    factor = counted_scale(opt.settings.scale(opt.data.study), opt.accounting).holding
    at = opt.solved.at_fill(opt.verdict)

    def cost(service: float) -> tuple[float, FloatArray]:
        return cost_at_fill(sums.cost[:, 0], sums.good[:, 0], sums.asked[0, 0], service)

    here, here_left = cost(at)
    found = {}
    for key, step in (("last_point", -0.01), ("next_point", 0.01)):
        there, there_left = cost(at + step)
        sign = 1.0 if step > 0 else -1.0
        price = jackknife(sign * (there - here), sign * (there_left - here_left), opt.settings.level)
        found[key] = price.scaled(factor)
    return found


def _slope(sums: PlanSums, name: str, low: int, high: int, level: float) -> Estimate:
    table = getattr(sums, name)
    cost = (table[low, 0], table[high, 0])
    return slope_estimate(cost, (sums.good[low, 0], sums.good[high, 0]), sums.asked[low, 0], level)


def chosen_point(opt: Outcome) -> int:
    """Number of the chosen plan among the points shown."""
    return int(np.flatnonzero((opt.solved.shown.choice == opt.chosen.choice).all(axis=1))[0])


def moves_frame(opt: Outcome, plan: Plan | None = None) -> pd.DataFrame:
    """Each segment's best next step up and down from a plan (the chosen one), best ratio first."""
    import pandas as pd

    start = opt.chosen if plan is None else plan
    rows = [
        {"direction": direction, **_move(opt, start, move)}
        for direction, moves in (("up", next_moves(start)), ("down", release_moves(start)))
        for move in moves
    ]
    return pd.DataFrame(rows, columns=None if rows else ["direction", "segment", "fill", "value"])


def _move(opt: Outcome, start: Plan, move: Move) -> dict[str, Any]:
    curves = start.curves
    row = curves.names.index(move.segment)
    column = int(np.argmin(np.abs(curves.targets - move.to_target)))
    after = start.choice.copy()
    after[row] = column
    return {
        "segment": move.segment,
        "from_target": move.from_target,
        "to_target": move.to_target,
        "cost": move.cost,
        "value": move.value,
        "fill": move.fill,
        "points_per_1000": 1e5 * move.per_value,
        **_fresh_move(opt, row, int(start.choice[row]), column),
        "keeps_limits": not opt.solved.problem.program().broken(after) if opt.rules.any_on_means else True,
    }


def _fresh_move(opt: Outcome, row: int, old: int, new: int) -> dict[str, float]:
    """The same step on the verdict seed: change of service and of stock value, paired."""
    cells = opt.verdict.get(SEGMENTS)
    if cells is None:
        return {}
    level = opt.settings.level
    gain = (cells.good[new, row] - cells.good[old, row]).astype(np.float64)
    asked = cells.asked[0].sum(axis=0).astype(np.float64)
    left = (gain.sum() - gain) / (asked.sum() - asked)
    fill = jackknife(float(gain.sum() / asked.sum()), left, level)
    tied = cells.stock_value[new, row] - cells.stock_value[old, row]
    value = mean_estimate(tied * opt.settings.scale(opt.data.study).value, level)
    return {**spread("fill_verdict", fill), **spread("value_verdict", value)}


def release_of(opt: Outcome, amount: float) -> Release:
    """Money released at the least loss of service, and from which segments."""
    if 0 < amount < 1:
        raise UsageError(
            f"an amount of money is expected, not {amount:g}: for a share of the plan's stock write "
            f"{amount:g} * opt.scores('segmented').inventory_value.value"
        )
    source = opt.solved.problem if opt.rules.any_on_means else opt.solved.frontier
    return release(cast(Frontier, source), opt.chosen, amount)


def release_frame(found: Release) -> pd.DataFrame:
    """What each segment gives up, largest release first."""
    import pandas as pd

    rows = [
        {
            "segment": move.segment,
            "from_target": move.from_target,
            "to_target": move.to_target,
            "value": move.value,
            "cost": move.cost,
            "fill": move.fill,
        }
        for move in found.by_segment
    ]
    total = {
        "segment": ALL,
        "value": found.after.value_money - found.before.value_money,
        "cost": found.after.cost_money - found.before.cost_money,
        "fill": found.after.fill_rate - found.before.fill_rate,
    }
    return pd.DataFrame([*rows, total])


def sweep_frame(opt: Outcome, n_points: int = N_BUDGETS) -> pd.DataFrame:
    """The best plan at budgets spread evenly over what the frontier ties up.

    Floors, ceilings and order of the study hold; limits on single replications and on P95 or peak of
    stock value bind the chosen plan alone. Under limits with very many segments these are the best of
    the frontier's points (``listed``).
    """
    import pandas as pd

    curves = opt.solved.frontier.curves
    values = opt.solved.frontier.value_money
    listed = opt.solved.frontier.kind == "limited" and curves.n_segments > MANY
    source = opt.solved.problem if opt.rules.any_on_means and not listed else opt.solved.frontier
    rows: list[dict[str, Any]] = []
    for budget in np.unique(np.linspace(float(values.min()), float(values.max()), n_points)):
        if budget <= 0:
            continue
        try:
            plan = source.at(budget=float(budget))
        except InfeasibleError:
            continue
        rows.append(
            {
                "budget": float(budget),
                "fill_rate": plan.fill_rate,
                "objective": plan.cost_money,
                "inventory_value": plan.value_money,
                "certificate": plan.certificate,
                "gap": plan.gap,
                "targets": [float(target) for target in curves.targets[plan.choice]],
            }
        )
    return pd.DataFrame(rows)


def knee_of(opt: Outcome) -> Plan:
    """The plan farthest below the straight line between the ends of the frontier."""
    return opt.solved.frontier.plan(knee(opt.solved.frontier))


SHARES = (0.05, 0.10, 0.20)
"""Parts of the plan's stock whose release a run answers without being asked."""
_NAMED = 3


def releases_frame(opt: Outcome) -> pd.DataFrame:
    """What each segment gives up (or gains) if a share of the plan's stock must be released.

    The best plan for what is left under the study's limits but not its floor; under limits with very
    many segments the best of the frontier's points. One row ``(all)`` per share; a share that no plan
    releases is left out.
    """
    import pandas as pd

    solved = opt.solved
    few = opt.rules.any_on_means and solved.frontier.curves.n_segments <= MANY
    source = cast(Frontier, solved.problem if few else solved.frontier)
    frames = []
    for share in SHARES:
        amount = share * opt.chosen.value_money
        if amount <= 0:
            continue
        try:
            found = release(source, opt.chosen, amount)
        except InfeasibleError:
            continue
        frame = release_frame(found)
        frame.insert(0, "share", share)
        frame.insert(1, "amount", amount)
        frames.append(frame.assign(service_after=found.after.fill_rate))
    empty = pd.DataFrame(columns=["share", "amount", "segment", "value", "cost", "fill", "service_after"])
    return pd.concat(frames, ignore_index=True) if frames else empty
