"""Outcomes in sentences: who won, what was met, how sure, and what was assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.api.data.assumptions import transient
from simlab.api.data.dead_stock import dead_stock
from simlab.measures import PLAN_NAMES, Estimate, format_estimate, format_money, format_rate, sentence
from simlab.policies.policy import GIVEN

if TYPE_CHECKING:
    from simlab.api.finance.finance import Finance
    from simlab.api.plans.outcome import Outcome
    from simlab.api.simulation import Simulation


GIVEN_LEVELS = (
    "Levels are those of the items table (current_reorder_point, current_order_up_to, "
    "current_order_quantity); targets play no part."
)


def optimize_statements(finance: Finance) -> tuple[str, ...]:
    """The verdict: the chosen plan, then who won at equal fill, then what finance asks."""
    from simlab.api.finance.statements import finance_statements

    opt = finance.outcome
    currency = opt.data.study.currency
    scores = opt.scores("segmented")
    where = f"{opt.segmentation.n_segments} segments by {' × '.join(opt.segmentation.by)}"
    lines = [
        f"Chosen plan ({where}): fill rate {format_estimate(scores.fill_rate, 'fill_rate')} on the verdict "
        f"seed, inventory {format_estimate(scores.inventory_value, 'inventory_value', currency)}, "
        f"holding cost {format_estimate(scores.holding_cost, 'holding_cost', currency)} per year."
    ]
    if opt.solved.fill_rate is not None:
        lines.append(met(opt.service, opt.solved.fill_rate, opt.data.study.optimize.material))
    if opt.solved.budget is not None:
        lines.append(_within(scores.inventory_value, opt.solved.budget, currency))
    lines += [*opt.data.models.left_out, *transient(opt.data)]
    lines += _redrawn_lines(opt)
    lines += [one.statement(currency) for one in opt.comparisons]
    lines += finance_statements(finance)
    lines += [
        sentence(f"under the study's limits, the {PLAN_NAMES[one.b].noun}: {opt.solved.rivals[one.b]}")
        for one in opt.comparisons
        if opt.solved.rivals.get(one.b)
    ]
    lines += [sentence(note) for note in (*opt.solved.notes, *opt.references.notes)]
    return tuple(lines)


def _redrawn_lines(opt: Outcome) -> list[str]:
    """What redrawn parameters say of the chosen plan."""
    from simlab.api.simulator.redrawn import statements

    if opt.redrawn is None:
        return []
    fill = opt.scores("segmented").fill_rate
    return list(statements(opt.redrawn, "segmented", fill, opt.solved.fill_rate))


def met(fill: Estimate, floor: float, material: float = 0.0) -> str:
    """Whether the floor is met: only if the lower end of the interval reaches it.

    A value that lies below it by less than `material` is on the line, and neither met nor missed.
    """
    asked = format_rate(floor)
    if fill.low < floor and floor - material < fill.value < floor:
        short = 100 * (floor - fill.value)
        shown = format_estimate(fill, "fill_rate")
        return (
            f"It is on the line of the floor {asked}: {shown}, {short:.2g} points below, less than the "
            f"{100 * material:g} points that matter (optimize.material)."
        )
    level = f"{100 * fill.level:g} %"
    if fill.low >= floor:
        return (
            f"It meets the floor {asked}, if the fitted laws are right: the lower {level} bound reaches it."
        )
    if fill.high < floor:
        return f"It misses the floor {asked} on the verdict seed: the whole {level} interval lies below it."
    shown = format_estimate(fill, "fill_rate")
    return f"Whether it meets the floor {asked} is not decided: the {level} interval contains it: {shown}."


def simulate_statements(simulation: Simulation) -> tuple[str, ...]:
    """What the policy achieves, beside what it asked."""
    currency = simulation.data.study.currency
    total = simulation.total
    asked = simulation.policy.target_measure.replace("_", " ")
    if simulation.policy.planning == "optimal":
        asked = "critical ratio"
    lines = [
        f"Fill rate {format_estimate(total.fill_rate, 'fill_rate')}, cycle service level "
        f"{format_estimate(total.cycle_service_level, 'cycle_service_level')}, inventory "
        f"{format_estimate(total.inventory_value, 'inventory_value', currency)}, holding cost "
        f"{format_estimate(total.holding_cost, 'holding_cost', currency)} per year.",
        *simulation.data.models.left_out,
        *transient(simulation.data),
        *dead_stock(simulation.data).statements(currency),
    ]
    if simulation.policy.family == GIVEN:
        return (*lines, GIVEN_LEVELS)
    for name, target in zip(simulation.segmentation.names, simulation.targets, strict=True):
        scores = simulation.segment(name)
        achieved = getattr(scores, simulation.policy.target_measure)
        key = simulation.policy.target_measure
        lines.append(
            f"{name}: {asked} asked {format_rate(target)}, achieved {format_estimate(achieved, key)}."
        )
    if simulation.redrawn is not None:
        from simlab.api.simulator.redrawn import statements

        lines += statements(simulation.redrawn, "given", total.fill_rate, None)
    return tuple(lines)


def _within(value: Estimate, budget: float, currency: str) -> str:
    text = format_estimate(value, "inventory_value", currency)
    inside = (
        "keeps within"
        if value.high <= budget
        else "exceeds"
        if value.low > budget
        else "is not distinguishable from"
    )
    return f"Mean inventory {text} {inside} the budget of {format_money(budget, currency)}."
