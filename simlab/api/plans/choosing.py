"""Which plan is chosen: the cheapest on the search seed, under chance limits, or by its lower bound."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.api.plans.surely import Judge, stacked
from simlab.api.plans.tails import TailResult, Tails, asks_for_tails, bounds_tails, tail_notes, tails_of
from simlab.api.requirements.accounting import LOST_MARGIN
from simlab.api.requirements.limits import chance_limits
from simlab.api.simulator.simulator import SEGMENTS, Simulator, chance_sums
from simlab.arrays import IntArray
from simlab.errors import InfeasibleError, InvalidInputError, Problem
from simlab.execution import PlanSums
from simlab.frontier import Asked, Chance, Frontier, Plan, SegmentCurves, TailSolution
from simlab.frontier import Problem as PlanProblem
from simlab.frontier.plan import BOUND, LISTED
from simlab.measures import format_money, format_rate
from simlab.measures.shown import Public

_LISTED = (
    "under limits on single replications, P95 or peak of stock value it is the best such plan among those of "
    "the plain frontier (listed)"
)
MAX_CANDIDATES = 8_000
BY_LOWER_BOUND = "lower_bound"
_NO_FLOOR = 1e-9
SMALL = 0.01
"""Share of cost up to which ``choose = "auto"`` pays for a floor that holds on fresh randomness."""


@dataclass(frozen=True, eq=False, repr=False)
class Choosing(Public):
    """How the plan was chosen beyond the frontier.

    Attributes
    ----------
    asked : Asked
        Everything that the study asks of a plan, on the search seed.
    kept : tuple of int
        Replications of the search in which the chosen plan holds each.
    lower_bound : float
        Lower bound of its service on the selection seed; NaN where that was not asked.
    notes : tuple of str
    tails : tuple of TailResult
        P95 or peak of stock value, where they are the objective or bounded.
    selection : dict of str to PlanSums, or None
        Every target in every segment on the selection seed (`SEGMENTS`), where floors were judged there, and
        today's levels or the habit on the same paths.
    """

    asked: Asked
    kept: tuple[int, ...] = ()
    lower_bound: float = float("nan")
    notes: tuple[str, ...] = ()
    tails: tuple[TailResult, ...] = ()
    selection: dict[str, PlanSums] | None = None

    @property
    def chances(self) -> tuple[Chance, ...]:
        """Limits on single replications, on the search seed."""
        return self.asked.chances


@dataclass(frozen=True, eq=False)
class _Asked:
    """Everything asked of a plan, its tails, and units by segment."""

    of: Asked
    tails: Tails | None
    plain: SegmentCurves


def choose(
    simulator: Simulator,
    problem: PlanProblem,
    frontier: Frontier,
    fill_rate: float | None,
    budget: float | None,
    plain: SegmentCurves,
) -> tuple[Plan, Choosing]:
    """The plan that the study asks for; `plain`: units and holding cost by segment.

    Raises
    ------
    InfeasibleError
        Nothing meets the limits; says what would.
    """
    asked = simulator.data.study.optimize
    if asked.objective == LOST_MARGIN and fill_rate is not None:
        if budget is None and not bounds_tails(asked):
            message, fix = "needs a budget: without one the highest targets lose least", "say optimize.budget"
            where = f'optimize.objective = "{LOST_MARGIN}"'
            raise InvalidInputError(
                [Problem("E-OPT-007", message, simulator.data.study.file, column=where, fix=fix)]
            )
        plan, choosing = choose(simulator, problem, frontier, None, budget, plain)
        if plan.served < problem.curves.needed(fill_rate):
            raise problem.no_plan(fill_rate, budget)
        return plan, choosing
    if simulator.data.study.optimize.choose == BY_LOWER_BOUND:
        _check_bound(simulator, fill_rate)
    tails = tails_of(simulator) if asks_for_tails(simulator.data.study.optimize) else None
    asked_of = _everything_asked(simulator, problem, frontier, tails)
    everything = _Asked(asked_of, tails, plain)
    if asked.choose == BY_LOWER_BOUND and fill_rate is not None:
        return _by_lower_bound(simulator, everything, fill_rate, budget)
    if asked.choose == "auto" and fill_rate is not None and tails is None and not asked_of.chances:
        return _if_cheap(simulator, everything, fill_rate, budget)
    plan, choosing, _ = _best(simulator, asked_of, tails, fill_rate, budget)
    return plan, choosing


def _check_bound(simulator: Simulator, fill_rate: float | None) -> None:
    study = simulator.data.study
    if study.optimize.objective == LOST_MARGIN:
        message, fix = f'together with the objective "{LOST_MARGIN}" is not in this version', "leave one out"
    elif fill_rate is None:
        message, fix = "needs a floor that the lower bound must meet", "say optimize.fill_rate = 0.95"
    else:
        return
    where = 'optimize.choose = "lower_bound"'
    raise InvalidInputError([Problem("E-OPT-020", message, study.file, column=where, fix=fix)])


def _everything_asked(
    simulator: Simulator, problem: PlanProblem, frontier: Frontier, tails: Tails | None
) -> Asked:
    """The problem with the study's limits on single replications, on P95 and peak of stock value."""
    chances = _searched_chances(simulator)
    if tails is None:
        return Asked(problem, frontier, chances)
    objective = tails.measures.get(tails.objective)
    return Asked(problem, frontier, chances, tuple(tails.limits.values()), objective)


def _searched_chances(simulator: Simulator) -> tuple[Chance, ...]:
    """The chance limits on the replications of the search, by one further run of its streams."""
    if not simulator.rules.chances:
        return ()
    sums = simulator.run(simulator.chance_cells(), "search", "chance limits: the same streams again")
    cells = chance_sums(sums, simulator.rules)
    return chance_limits(simulator.rules, simulator.segmentation, cells, simulator.settings.counted)


def _best(
    simulator: Simulator, asked: Asked, tails: Tails | None, fill_rate: float | None, budget: float | None
) -> tuple[Plan, Choosing, TailSolution | None]:
    """The best plan on the search seed under everything asked."""
    free = fill_rate is None and simulator.accounting.weighs_service
    least = _NO_FLOOR if free else fill_rate
    if tails is not None:
        plan, found = asked.with_tails(fill_rate=least, budget=budget)
        return plan, _told_of_tails(simulator, asked, tails, found), found
    try:
        plan = asked.at(fill_rate=least, budget=budget)
    except InfeasibleError:
        if free and budget is not None:
            asked.at(budget=budget)  # says what would work, of the budget alone
        raise
    notes = []
    if asked.chances:
        notes.append("chance limits were solved on an extra run of the search's own random streams")
    if asked.chances and plan.certificate == "bound":
        notes.append(
            f"the time limit ended the search for the best plan under chance limits: it can be cheaper by "
            f"{100 * plan.gap:.2f}% at most (bounded, not certified)"
        )
    return plan, Choosing(asked, _kept(asked, plan), notes=tuple(notes)), None


def _kept(asked: Asked, plan: Plan) -> tuple[int, ...]:
    return tuple(int(chance.kept(plan.choice[None, :])[0]) for chance in asked.chances)


def _told_of_tails(simulator: Simulator, asked: Asked, tails: Tails, found: TailSolution) -> Choosing:
    results = tails.results(found)
    kept = tuple(int(chance.kept(found.choice[None, :])[0]) for chance in asked.chances)
    return Choosing(asked, kept, notes=tail_notes(simulator, tails, found, results), tails=results)


def _by_lower_bound(
    simulator: Simulator, asked: _Asked, fill_rate: float, budget: float | None
) -> tuple[Plan, Choosing]:
    """The best plan whose lower bounds on the selection seed meet the floors."""
    judge, sums = _judge(simulator, fill_rate)
    of, tails = asked.of, asked.tails
    if not of.chances and tails is None:
        return _surely(judge, sums, asked, fill_rate, budget)
    best, choosing, found = _best(simulator, of, tails, fill_rate, budget)
    choosing = replace(choosing, selection=sums)
    points = _keeping(of, _candidates(of.problem, of.frontier, fill_rate, budget))
    choices = np.concatenate([best.choice[None, :].astype(np.int16), of.frontier.choice[points]])
    met = judge.first(choices)
    if met is None:
        raise _none_surely(judge, fill_rate)
    at, low = met
    if at == 0:
        return best, replace(choosing, lower_bound=low, notes=(*choosing.notes, judge.note(low)))
    plan, notes = of.frontier.plan(int(points[at - 1])), [judge.note(low), _LISTED]
    if tails is None or found is None:
        plan = replace(plan, certificate=LISTED, bound=min(best.bound, float(plan.cost)))
        choosing = replace(choosing, kept=_kept(of, plan))
        notes.append(f"its bound is that of the limits alone, gap {100 * plan.gap:.2f}%")
    else:
        value = plan.cost if of.objective is None else of.objective.value(plan.choice)
        found = replace(found, choice=plan.choice, value=value, certificate=BOUND)
        choosing = replace(_told_of_tails(simulator, of, tails, found), selection=sums)
        if of.objective is None:
            plan = replace(plan, certificate=LISTED, bound=min(best.bound, float(plan.cost)))
    return plan, replace(choosing, lower_bound=low, notes=(*choosing.notes, *notes))


def _judge(simulator: Simulator, fill_rate: float) -> tuple[Judge, dict[str, PlanSums]]:
    """Floors on the selection seed."""
    groups = simulator.segment_cells(simulator.settings.verdict_replications)
    if not groups:
        message = "too many segments × targets × replications to be kept"
        where = 'optimize.choose = "lower_bound"'
        raise InvalidInputError(
            [Problem("E-OPT-021", message, column=where, fix="fewer segments or replications")]
        )
    sums = simulator.run([*groups, *simulator.beside], "selection", "selection")
    level = simulator.settings.level
    return Judge.of(sums[SEGMENTS], fill_rate, simulator.rules, simulator.segmentation, level), sums


def _surely(
    judge: Judge, sums: dict[str, PlanSums], asked: _Asked, fill_rate: float, budget: float | None
) -> tuple[Plan, Choosing]:
    """The cheapest plan tried whose lower bounds meet the floors: of the frontier, or under raised floors."""
    of = asked.of
    if len(judge.floors) == 1:
        points = _candidates(of.problem, of.frontier, fill_rate, budget)
        met = judge.first(of.frontier.choice[points])
        plans = None if met is None else of.frontier.plan(int(points[met[0]]))
    else:
        best = of.at(fill_rate=fill_rate, budget=budget)
        tried = judge.lifted(of.problem, asked.plain, best, budget)
        met = judge.first(stacked(tried))
        plans = None if met is None else tried[met[0]]
    if met is None or plans is None:
        raise _none_surely(judge, fill_rate)
    return plans, Choosing(of, lower_bound=met[1], notes=(judge.note(met[1]),), selection=sums)


def _none_surely(judge: Judge, fill_rate: float) -> InfeasibleError:
    highest = max(judge.highest, default=float("nan"))
    return InfeasibleError(
        f"no plan on the grid has a lower {100 * judge.level:g}% bound of {format_rate(fill_rate)} on "
        f"the selection seed: the highest is {format_rate(highest)}; lower the floor, or use more "
        "replications"
    )


def _if_cheap(
    simulator: Simulator, asked: _Asked, fill_rate: float, budget: float | None
) -> tuple[Plan, Choosing]:
    """The plan of the lower bound where it costs little more than that of the search seed; said anyway."""
    plan, choosing, _ = _best(simulator, asked.of, None, fill_rate, budget)
    try:
        surely, found = _by_lower_bound(simulator, asked, fill_rate, budget)
    except (InfeasibleError, InvalidInputError) as error:
        note = f"the floor is met on the search seed, without a margin for chance: {error}"
        return plan, replace(choosing, notes=(*choosing.notes, note))
    more = float((surely.cost - plan.cost) * plan.curves.cost_unit)
    share = (surely.cost - plan.cost) / abs(plan.cost) if plan.cost else 0.0
    money = f"{format_money(more, plan.curves.currency)}{plan.curves.per} ({100 * share:.2f}%)"
    if share <= SMALL:
        price = (
            f"the margin for chance costs {money} more than the plan that meets the floor on the search seed"
        )
        priced = (price,) if more else ()  # the same plan: nothing to be said
        return surely, replace(found, notes=(*found.notes, *priced))
    note = (
        f"the floor is met on the search seed alone: a plan that surely meets it costs {money} more, above "
        f'{100 * SMALL:g}%, which is paid without asking; choose = "lower_bound" takes it'
    )
    return plan, replace(choosing, notes=(*choosing.notes, note), selection=found.selection)


def _keeping(asked: Asked, points: IntArray) -> IntArray:
    """The points of the frontier that keep all limits, ascending in the objective."""
    choices = asked.frontier.choice
    for chance in asked.chances:
        points = points[chance.kept(choices[points]) >= chance.wanted]
    for limit in asked.tails:
        met = [limit.met(choices[at].astype(np.int64)) for at in points]
        points = points[np.array(met, dtype=np.bool_)]
    if asked.objective is not None:
        value = [asked.objective.value(choices[at].astype(np.int64)) for at in points]
        points = points[np.argsort(value, kind="stable")]
    return points


def _candidates(problem: PlanProblem, frontier: Frontier, fill_rate: float, budget: float | None) -> IntArray:
    """Points in ascending cost that meet the floor on the search seed, within the budget."""
    curves = problem.curves
    able = np.asarray(frontier.served >= curves.needed(fill_rate), dtype=np.bool_)
    if budget is not None:
        able &= np.asarray(frontier.value <= curves.allowed(budget), dtype=np.bool_)
    points = np.flatnonzero(able)
    if not points.size:
        problem.at(fill_rate=fill_rate, budget=budget)  # says what would work
        raise InfeasibleError("no plan of the frontier meets floor and budget")
    every = -(-points.size // MAX_CANDIDATES)
    return np.asarray(points[::every], dtype=np.int64)


def plan_sums(cells: IntArray, choice: npt.NDArray[np.int16]) -> IntArray:
    """(p, r) sums of plans of segment targets from (k, c, r) sums of every target in every segment."""
    total = np.zeros((choice.shape[0], cells.shape[2]), dtype=np.int64)
    for segment in range(choice.shape[1]):
        total += cells[choice[:, segment], segment]
    return total
