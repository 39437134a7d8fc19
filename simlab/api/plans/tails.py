"""P95 and peak of stock value as objective or limit: from scenarios of the search seed to a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from simlab.api.simulator.simulator import Simulator
from simlab.arrays import IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.execution.by_period.profiles import run_stock
from simlab.frontier import MeanPeak, QuantileOfTotal, TailLimit, TailSolution
from simlab.measures import format_money
from simlab.register.limits import TAILS
from simlab.study.optimize_sections import OptimizeSpec

P95 = 0.95
NAMES = {one.name: one.noun for one in TAILS.values()}
Measured: TypeAlias = QuantileOfTotal | MeanPeak


def _quantile(stock: IntArray, share: float, noun: str, unit: Fraction) -> QuantileOfTotal:
    """Of stock over replications × periods."""
    return QuantileOfTotal(stock.reshape(*stock.shape[:2], -1), share, noun, unit)


MEASURES: Mapping[str, Callable[[IntArray, str, Fraction], Measured]] = {
    "p95_inventory_value": lambda stock, noun, unit: _quantile(stock, P95, noun, unit),
    "peak_inventory_value": lambda stock, noun, unit: MeanPeak(stock, noun, unit / stock.shape[2]),
}
"""From (segments, targets, replications, periods) stock, a noun and the money of one count, by measure."""
_MAX_CELLS = 40_000_000
_MAX_WORK = 3_000_000_000
_COLUMNS_AT_ONCE = 12
_FEWEST = 20


@dataclass(frozen=True)
class TailResult:
    """A quantile or peak of the chosen plan on the scenarios that chose it, in money.

    Attributes
    ----------
    measure : str
        ``p95_inventory_value`` or ``peak_inventory_value``.
    value : float
        Of the chosen plan.
    at_most : float
        The ceiling; NaN for the objective.
    bound : float
        No plan under the same limits has less; NaN for a ceiling.
    certificate : str
        ``certified`` at gap 0, else ``bounded``; empty for a ceiling.
    replications : int
        Of the search, whose periods are the scenarios.
    """

    measure: str
    value: float
    at_most: float
    bound: float
    certificate: str
    replications: int

    @property
    def gap(self) -> float:
        """Largest possible saving as a fraction of the value."""
        return max(0.0, 1.0 - self.bound / self.value) if self.value > 0 else 0.0


def asks_for_tails(asked: OptimizeSpec) -> bool:
    """Whether the study makes a quantile or a peak of stock value small, or bounds one."""
    return asked.objective in TAILS or bounds_tails(asked)


def bounds_tails(asked: OptimizeSpec) -> bool:
    """Whether the study bounds the P95 or the peak of stock value."""
    return any(getattr(asked, one.option) is not None for one in TAILS.values())


@dataclass(frozen=True, eq=False)
class Tails:
    """Scenarios of the search and what the study asks of them.

    Attributes
    ----------
    measures : dict of str to QuantileOfTotal or MeanPeak
        Those that are asked for.
    objective : str
        Key of `measures`; empty where the objective adds up over segments.
    limits : dict of str to TailLimit
        Ceilings on them.
    replications : int
    """

    measures: dict[str, Measured]
    objective: str
    limits: dict[str, TailLimit]
    replications: int

    def results(self, found: TailSolution) -> tuple[TailResult, ...]:
        """What the plan found reaches, in money."""
        rows = []
        for name, tail in self.measures.items():
            limit = self.limits.get(name)
            value = float(tail.value(found.choice) * tail.unit)
            most = float("nan") if limit is None else float(limit.at_most * tail.unit)
            own = name == self.objective
            bound = float(Fraction(max(0.0, found.bound)) * tail.unit) if own else float("nan")
            label = ("certified" if found.certificate != "bound" else "bounded") if own else ""
            rows.append(TailResult(name, value, most, bound, label, self.replications))
        return tuple(rows)


def tails_of(simulator: Simulator) -> Tails:
    """Simulate the scenarios and read the study's objective and ceilings."""
    asked = simulator.data.study.optimize
    stock = stock_scenarios(simulator)
    half = Fraction(repr(simulator.data.study.data.cost_resolution)) / (2 * simulator.settings.parts)
    every: dict[str, Measured] = {}
    limits: dict[str, TailLimit] = {}
    for name, one in TAILS.items():
        most = getattr(asked, one.option)
        if most is None and asked.objective != name:
            continue
        every[name] = tail = MEASURES[name](stock, one.noun, half)
        if most is not None:
            text = f"{one.noun} ≤ {format_money(most, simulator.data.study.currency)}"
            ceiling = _whole_ceiling(float(most), tail.unit)
            limits[name] = TailLimit(tail, ceiling, text, simulator.data.study.currency)
    objective = asked.objective if asked.objective in every else ""
    return Tails(every, objective, limits, stock.shape[2])


def _whole_ceiling(money: float, unit: Fraction) -> int:
    """Largest sum within a ceiling in money; a plan's own value, rounded as floats are, admits that plan."""
    most = int(Fraction(repr(money)) / unit // 1)
    return most + 1 if float((most + 1) * unit) <= money else most


def stock_scenarios(simulator: Simulator) -> IntArray:
    """(n_segments, n_targets, replications, periods) stock value of every segment at every target.

    Twice the mean of the stock after ordering and at the count, at unit cost: the same sums as the
    search's, kept apart by replication and period. The first replications only where all would take
    too much room or time.
    """
    replications = scenario_replications(simulator)
    horizon = replace(simulator.settings.horizon("search", simulator.warmup), replications=replications)
    horizon = replace(horizon, slots=min(horizon.slots, replications))
    choice, codes = simulator.every_target().astype(np.int64), simulator.segmentation.codes
    n_segments, k = simulator.segmentation.n_segments, choice.shape[1]
    stock = np.empty((n_segments, k, replications, horizon.periods), dtype=np.int64)
    for first in range(0, k, _COLUMNS_AT_ONCE):
        columns = slice(first, min(k, first + _COLUMNS_AT_ONCE))
        part = run_stock(
            simulator.data.models.world,
            simulator.planned.levels.columns(choice[:, columns]),
            horizon,
            codes,
            simulator.data.models.costs.unit_cost,
            n_groups=n_segments,
            workers=simulator.settings.workers,
            progress=simulator.progress,
            stage=f"stock value by period: targets {first + 1}–{columns.stop} of {k}",
        )
        stock[:, columns] = part.transpose(1, 0, 2, 3)
    return stock


def scenario_replications(simulator: Simulator) -> int:
    """Replications of the search whose periods are kept apart."""
    settings, k = simulator.settings, simulator.planned.levels.n_columns
    each = simulator.segmentation.n_segments * k * settings.periods
    work = simulator.segmentation.codes.size * k * (settings.periods + simulator.warmup)
    able = min(_MAX_CELLS // each, max(_FEWEST, _MAX_WORK // work))
    if able < 2:
        message = "too many segments × targets × periods to be kept apart by replication"
        where, fix = "optimize (P95 or peak of stock value)", "fewer segments, targets or periods"
        raise InvalidInputError(
            [Problem("E-OPT-021", message, simulator.data.study.file, column=where, fix=fix)]
        )
    return min(settings.replications, able)


def tail_notes(
    simulator: Simulator, tails: Tails, found: TailSolution, results: tuple[TailResult, ...]
) -> tuple[str, ...]:
    """What a reader must know of an objective or a limit that is no sum over segments."""
    currency, all_of = simulator.data.study.currency, simulator.settings.replications
    of = "all" if tails.replications == all_of else f"the first {tails.replications} of {all_of}"
    notes = [f"P95 and peak of stock value were solved on the periods of {of} replications of the search"]
    for one in results:
        if not np.isnan(one.at_most):
            notes.append(
                f"{NAMES[one.measure]} of the chosen plan on the search seed: "
                f"{format_money(one.value, currency)}, ceiling {format_money(one.at_most, currency)}"
            )
        if one.measure == tails.objective:
            notes.append(_objective_note(one, currency))
    if not tails.objective and found.certificate == "bound":
        notes.append(
            f"the time limit ended the search for the best plan under these limits: its objective can be "
            f"smaller by {100 * found.gap:.2f}% at most (bounded, not certified)"
        )
    return tuple(notes)


def _objective_note(one: TailResult, currency: str) -> str:
    proof = "certified: no plan of segment targets under the same limits has less"
    if one.certificate == "bounded":
        least = (
            "no lower bound was found"
            if np.isnan(one.bound)
            else f"at least {format_money(one.bound, currency)}"
        )
        proof = f"bounded, not certified: {least}, gap {100 * one.gap:.2f}%"
    return (
        f"the plan was chosen for the least {NAMES[one.measure]}: {format_money(one.value, currency)} on "
        f"the search seed ({proof}); the frontier and the comparisons beside it count mean inventory value, "
        "to which the plan's certificate in the frontier table refers"
    )
