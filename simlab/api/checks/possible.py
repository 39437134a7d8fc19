"""Whether any plan can keep what is asked: the search of `optimize` itself, with its own random numbers."""

from __future__ import annotations

from dataclasses import replace

from simlab.api.data.data import Data
from simlab.api.data.dead_stock import movable
from simlab.api.plans.choosing import BY_LOWER_BOUND, choose
from simlab.api.plans.rivals import any_limit
from simlab.api.plans.search import Ready, prepare, search_curves
from simlab.api.plans.solved import floor_of
from simlab.api.plans.sums import ItemTables, segment_curves
from simlab.api.plans.tails import bounds_tails, tails_of
from simlab.api.requirements.accounting import DEFAULT_FILL_RATE
from simlab.api.requirements.constraints import Constraints
from simlab.api.requirements.limits import chance_limits, limits_on_means
from simlab.api.settings import Clock, Settings
from simlab.api.simulator.simulator import chance_sums
from simlab.errors import InfeasibleError, InvalidInputError, Problem, listed
from simlab.execution import Curves
from simlab.frontier import Chance, Explanation, Limit, solve
from simlab.frontier import Problem as PlanProblem
from simlab.frontier.limits.conflict import explain
from simlab.measures import format_money
from simlab.segments import Segmentation

WORK = 2_000_000
"""SKU-locations × replications that a check simulates at most: seconds."""
WORK_OF_ITS_OWN = 500_000
"""The same where limits on P95 and peaks, or the selection seed, take a further run."""
MOST_ITEMS = 100_000
_FEWEST = 10
_HIGH = 0.98
"""Service from which a floor on everything alone is looked at."""
_MARGIN = 1.05
"""Of ceilings where the search has more replications than the check."""
_SHORT = 1.5
"""Of what a floor leaves unserved, likewise."""
_SECONDS = 20.0


def refuse_impossible(
    data: Data, segmentation: Segmentation, rules: Constraints, settings: Settings, *, learned: bool
) -> None:
    """Refuse floors, ceilings and a budget that no plan on the grid keeps together.

    Where all replications of the search can be run (`WORK`), these are the sums on which `optimize` will
    decide, so that it would refuse the same. Else there are fewer, floors of groups and limits on
    single years are left out, and refused is only what lies clearly beyond: where `_MARGIN` times the budget
    and `_SHORT` times what the floor leaves unserved would not do. Limits on P95 and peaks of stock, and
    floors by ``choose = "lower_bound"``, which take runs of their own, are looked at up to `WORK_OF_ITS_OWN`.

    Parameters
    ----------
    learned : bool
        Segments are found by simulation: asked for is then the least stock, which is that of any segments.

    Raises
    ------
    InvalidInputError
        With what conflicts and the smallest changes that work.
    """
    asked = data.study.optimize
    if not _might_be_beyond(data, rules):
        return
    fits = max(_FEWEST, WORK // max(1, data.models.n_items))
    whole = fits >= settings.replications
    run = settings if whole else replace(settings, replications=fits)
    ready = prepare(data, segmentation, run, Clock())
    curves = search_curves(ready, Clock(), None)
    problem, chances = _problem(ready, curves, whole=whole)
    floor = None if learned else floor_of(ready.simulator, asked.fill_rate, asked.budget)[0]
    left = movable(data, asked.budget)
    if not whole and not _clearly(problem, floor, left):
        return
    more = not learned and data.models.n_items * settings.replications <= WORK_OF_ITS_OWN
    tails = tuple(tails_of(ready.simulator).limits.values()) if more and bounds_tails(asked) else ()
    program = problem.program(fill_rate=floor, budget=left)
    found = explain(program, chances=chances, tails=tails, time_limit=_SECONDS)
    if found is not None:
        note = f", by the first {run.replications} of {settings.replications} replications"
        raise InvalidInputError([_told(problem, data, found, left, "" if whole else note)])
    if more and asked.choose == BY_LOWER_BOUND:
        _refuse_unsure(ready, curves, problem, floor, left)


def can_be_asked(data: Data, rules: Constraints, *, learned: bool) -> bool:
    """Whether a check has the time for it, and segments are known (of a budget alone any will do)."""
    if data.models.n_items > MOST_ITEMS:
        return False
    return not learned or (data.study.optimize.budget is not None and not any_limit(rules))


def left_open(data: Data, rules: Constraints | None, replications: int, *, learned: bool) -> str:
    """What is asked that a check looks at roughly or not at all, and why; empty where there is nothing.

    `rules` is None where limits name segments that are not known yet.
    """
    asked, n = data.study.optimize, data.models.n_items
    if rules is not None and not _might_be_beyond(data, rules):
        return ""
    reached = rules is not None and can_be_asked(data, rules, learned=learned)
    work = n * replications
    of_its_own = reached and not learned and work <= WORK_OF_ITS_OWN
    floor = asked.fill_rate or (None if asked.budget is not None else DEFAULT_FILL_RATE)
    wanted = []
    if not reached or learned or replications > max(_FEWEST, WORK // max(1, n)):
        wanted += [] if asked.budget is None or (reached and learned) else ["the budget"]
        wanted += [] if floor is None else [f"a fill rate of {100 * floor:g}%"]
        wanted += ["limits, pins and ranges"] if rules is None or any_limit(rules) else []
    if not of_its_own:
        wanted += ["limits on P95 and peaks"] if bounds_tails(asked) else []
        wanted += [f'what choose = "{BY_LOWER_BOUND}" asks'] if asked.choose == BY_LOWER_BOUND else []
    if not wanted:
        return ""
    why = "segments are learned by simulation"
    if not learned:
        why = f"{work:,} SKU-locations × replications are more than a check simulates"
    return (
        f"Not looked at, or only roughly: whether any plan keeps {listed(wanted, len(wanted))} ({why}). "
        "simlab optimize tells."
    )


def _might_be_beyond(data: Data, rules: Constraints) -> bool:
    """Whether anything is asked that a plan might not reach."""
    asked = data.study.optimize
    if asked.budget is not None or any_limit(rules) or bounds_tails(asked):
        return True
    if asked.choose == BY_LOWER_BOUND or data.study.policy.start == "today" or _capped(data):
        return True
    return (asked.fill_rate or DEFAULT_FILL_RATE) >= min(_HIGH, asked.target_max)


def _capped(data: Data) -> bool:
    """Whether orders or positions of any item are limited, so that the highest target may serve little."""
    terms = data.models.world.terms
    return bool(terms.max_order.any() or (terms.max_position is not None and terms.max_position.any()))


def _refuse_unsure(
    ready: Ready, curves: Curves, problem: PlanProblem, floor: float | None, budget: float | None
) -> None:
    """Refuse a floor that no plan surely meets, by the selection seed as `optimize` judges it."""
    run = ready.simulator
    data = run.data
    plain = segment_curves(
        ItemTables.of(curves, data.models).pinned(run.rules),
        data,
        run.segmentation,
        ready.targets,
        run.settings,
        rules=run.rules,
    )
    limited = bool(problem.limits or problem.ordered)
    frontier = problem.points(data.study.optimize.points) if limited else solve(problem.curves)
    try:
        choose(run, problem, frontier, floor, budget, plain)
    except InfeasibleError as error:
        where = f'optimize.choose = "{BY_LOWER_BOUND}"'
        raise InvalidInputError([Problem("E-OPT-024", str(error), data.study.file, column=where)]) from None


def _problem(ready: Ready, curves: Curves, *, whole: bool) -> tuple[PlanProblem, tuple[Chance, ...]]:
    """What `optimize` solves; of a part of its replications without floors of groups and chance limits."""
    run = ready.simulator
    data, rules, settings = run.data, run.rules, run.settings
    tables = ItemTables.of(curves, data.models)
    tables = tables.counted(curves, data, run.accounting, settings.replications).pinned(rules)
    grid = segment_curves(
        tables, data, run.segmentation, ready.targets, settings, accounting=run.accounting, rules=rules
    )
    limits, _ = limits_on_means(data, run.segmentation, rules, curves, settings)
    if not whole:
        limits = tuple(one for one in limits if one.at_most is not None and one.part is None)
    chances: tuple[Chance, ...] = ()
    if whole and rules.chances:
        sums = run.run(run.chance_cells(), "search", "chance limits")
        cells = chance_sums(sums, rules)
        chances = chance_limits(rules, run.segmentation, cells, settings.counted)
    return PlanProblem(grid, limits, rules.ordered, _SECONDS), chances


def _clearly(problem: PlanProblem, floor: float | None, budget: float | None) -> bool:
    """Whether nothing keeps even much less than is asked."""
    eased = replace(problem, limits=tuple(_eased(one) for one in problem.limits))
    lower = None if floor is None else 1 - _SHORT * (1 - floor)
    more = None if budget is None else _MARGIN * budget
    return explain(eased.program(fill_rate=lower, budget=more), time_limit=_SECONDS) is not None


def _eased(limit: Limit) -> Limit:
    most = limit.at_most or 0
    return replace(limit, at_most=most + abs(int(most * (_MARGIN - 1))))


def _told(problem: PlanProblem, data: Data, found: Explanation, left: float | None, note: str) -> Problem:
    """The conflict as a problem of the study: where, what, and what would work."""
    asked, currency = data.study.optimize, data.study.currency
    what, ways = found.reason, found.ways
    if left is not None and left != asked.budget:
        what += f" ({format_money(left, currency)} of the budget are left beside dead stock)"
    names = [limit.name for limit in found.conflict]
    where = "optimize"
    if left is not None and problem.budget_name(left) in names:
        where = f"optimize.budget = {asked.budget:g}"
    elif asked.fill_rate is not None and any(
        name.startswith(f"{problem.curves.service_name} ≥") for name in names
    ):
        where = f"optimize.fill_rate = {asked.fill_rate:g}"
    fix = f"what works: {ways}" if ways else "lower what is asked, or raise optimize.target_max"
    return Problem("E-OPT-024", what + note, data.study.file, column=where, fix=fix)
