"""Outcomes in sentences: who won, what was met, how sure, and what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlab.api.data.assumptions import as_if_waiting, transient
from simlab.api.data.dead_stock import dead_stock
from simlab.api.data.ordering import levels_of_when
from simlab.api.decision.decision import Decision, decision
from simlab.api.decision.headline import Replay, pairs_of
from simlab.api.decision.look import at_lowest, look_first, most_raised, why_more
from simlab.api.decision.past import Held, not_replayed
from simlab.api.decision.statements import break_even, verdict_statements
from simlab.measures import PLAN_NAMES, format_estimate, format_rate, sentence
from simlab.policies.policy import GIVEN
from simlab.run.statements import Statement, plain

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.data.data import Data
    from simlab.api.finance.finance import Finance
    from simlab.api.plans.outcome import Outcome
    from simlab.api.simulation import Simulation


GIVEN_LEVELS = (
    "Levels are those of the items table (current_reorder_point, current_order_up_to, "
    "current_order_quantity); targets play no part."
)


def optimize_statements(
    finance: Finance, achieved: pd.DataFrame, held: Held | None, replay: Replay | None
) -> Said:
    """The decision and everything said of it.

    Parameters
    ----------
    finance : Finance
    achieved : DataFrame
        Fill rate of every SKU-location under the chosen plan.
    held : Held or None
        The last periods, replayed.
    replay : Replay or None
        What the headline says of them.
    """
    from simlab.api.finance.statements import finance_statements

    opt, table = finance.outcome, decision(finance.outcome)
    pairs = pairs_of(finance.weights, finance.weighed.deciding)
    said = (
        *verdict_statements(opt, table, pairs, replay),
        *((*held.look(), *held.statements()) if held is not None else not_replayed(opt.data)),
        *_moving(opt.data),
        *break_even(finance.weights, opt.references.now, opt.data.study.currency),
        *why_more(pairs, finance.weights, most_raised(opt)),
        *look_first(opt, finance.capital, achieved, finance.served_below),
        *plain("plan", _plan_lines(opt)),
        *plain("finance", finance_statements(finance)),
        *plain("note", _notes(opt)),
    )
    at = [opt.segmentation.names[row] for row in at_lowest(opt)]
    return Said(table, said, {"at_lowest_target": at})


@dataclass(frozen=True, eq=False)
class Said:
    """The table of the decision, the statements, and what the manifest says besides."""

    decision: Decision
    statements: tuple[Statement, ...]
    facts: dict[str, Any]


def _plan_lines(opt: Outcome) -> list[str]:
    data = opt.data
    return [
        chosen_plan(opt),
        *data.models.left_out,
        *as_if_waiting(data, data.study.policy.planning),
        *transient(data),
        *_redrawn_lines(opt),
    ]


def chosen_plan(opt: Outcome) -> str:
    """What the chosen plan serves and ties up."""
    currency, scores = opt.data.study.currency, opt.scores("segmented")
    where = f"{opt.segmentation.n_segments} segments by {' × '.join(opt.segmentation.by)}"
    return (
        f"Chosen plan ({where}): fill rate {format_estimate(scores.fill_rate, 'fill_rate')} on fresh "
        f"random demand, inventory {format_estimate(scores.inventory_value, 'inventory_value', currency)}, "
        f"holding cost {format_estimate(scores.holding_cost, 'holding_cost', currency)} per year."
    )


def _notes(opt: Outcome) -> list[str]:
    rivals = [
        sentence(f"under the study's limits, the {PLAN_NAMES[one.b].noun}: {opt.solved.rivals[one.b]}")
        for one in opt.comparisons
        if opt.solved.rivals.get(one.b)
    ]
    return [*rivals, *(sentence(note) for note in (*opt.solved.notes, *opt.references.notes))]


def _redrawn_lines(opt: Outcome) -> list[str]:
    """What redrawn parameters say of the chosen plan."""
    from simlab.api.simulator.redrawn import statements

    if opt.redrawn is None:
        return []
    fill = opt.scores("segmented").fill_rate
    return list(statements(opt.redrawn, "segmented", fill, opt.solved.fill_rate))


def _moving(data: Data) -> tuple[Statement, ...]:
    """Of which period the levels of the plan are, where they move with a forecast."""
    text = levels_of_when(data)
    if not text:
        return ()
    title = f"levels of plan.csv are of one {data.study.period}: they move with the forecast"
    return (Statement("open", title, text, "levels by period", "look"),)


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
        *as_if_waiting(simulation.data, simulation.policy.planning),
        *transient(simulation.data),
        *((when,) if (when := levels_of_when(simulation.data)) else ()),
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
