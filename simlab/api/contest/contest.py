"""A contest of segmentation schemes: the one page that wires simulation, tournament and further rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.contest.field import Field, Schemes, field_of, grown_in, id_order, with_classes
from simlab.api.contest.outcome import RANDOM, ContestOutcome, Rounds
from simlab.api.contest.services import services_of
from simlab.api.contest.statements import contest_statements
from simlab.api.contest.tables import contest_frames, tournament_frame
from simlab.api.data.data import Data, settings_of
from simlab.api.requirements.accounting import DEFAULT_FILL_RATE
from simlab.api.requirements.refusals import refuse
from simlab.api.settings import Clock, Settings
from simlab.api.show import describe
from simlab.api.simulator.simulator import plan_columns, warmup_of
from simlab.api.simulator.size import RunSize, refuse_what_does_not_fit
from simlab.errors import UsageError
from simlab.execution import Progress, run_curves
from simlab.measures import format_rate
from simlab.policies import PlannedLevels
from simlab.verdict.tournament import KEPT, Arena, Entrant, Sample, Tournament, batches_of, hold
from simlab.verdict.tournament.classes import ClassRow, class_rows
from simlab.verdict.tournament.entry import Service
from simlab.verdict.tournament.service import WEIGHTED, Regret, beside, regret_matrix
from simlab.verdict.tournament.stability import stability

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Contest(ContestOutcome):
    """What came out of a contest of schemes, with its tables, sentences and picture.

    Examples
    --------
    >>> contest = sl.compare(data, ["abc", "tree"])
    >>> contest.plot()
    """

    @property
    def statements(self) -> tuple[str, ...]:
        """The outcome in sentences."""
        return contest_statements(self)

    def to_frame(self) -> pd.DataFrame:
        """One row per scheme and floor, the cheapest first.

        Examples
        --------
        >>> contest.to_frame()[["scheme", "holding_cost"]]
        """
        return tournament_frame(self)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table of the contest by name, as in the run folder.

        Examples
        --------
        >>> contest.frames()["pairs"]
        """
        return contest_frames(self)

    def plot(self) -> Figure:
        """Price of segmentation per scheme with simultaneous intervals, random controls beside it.

        Examples
        --------
        >>> contest.plot().savefig("schemes.svg")
        """
        return plot_contest(self)

    def __repr__(self) -> str:
        n = len(self.tournament.entries)
        return f"Contest({n} schemes, {self.data.catalog.n_items} SKU-locations, cheapest: {self.winner})"

    def _repr_html_(self) -> str:
        return describe(repr(self), self.to_frame())


def compare(
    data: Data,
    schemes: Schemes | None = None,
    *,
    fill_rate: float | Sequence[float] | None = None,
    rounds: Rounds | None = None,
    replications: int | None = None,
    verdict_replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Contest:
    """Which segmentation scheme is worth its rules?

    Every scheme gets its own best targets on the search seed; all are read at equal service on the
    verdict seed, on the same random numbers, weighed as the study's `optimize.service` says; the other
    weights stand beside.

    Parameters
    ----------
    data : Data
    schemes : sequence or mapping, optional
        Names of schemes or columns, products as ``"abc+xyz"`` or ``("abc", "xyz")``, ``"tree"`` (learned
        questions), ``"cuts"`` (of one column), ``"learned"`` (as the study says), ``"optimised:tbs"`` (a
        scheme's score in classes of the sizes that cost least), or segmentations of your own; a mapping
        gives each a name to appear under. Everything that the items allow if left out.
    fill_rate : float or sequence of float, optional
        Floors at which schemes are compared; the first decides. The study's, else 0.95.
    rounds : Rounds, optional
        Controls, further seeds, catalogues, numbers of classes.
    replications, verdict_replications, seed, workers : int, optional
        The study's if left out. Workers change no result.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    Contest

    Raises
    ------
    InvalidInputError
        With every problem of every scheme that was named.

    Examples
    --------
    >>> contest = sl.compare(data, ["abc", "xyz", "abc+xyz", "tree"])
    >>> contest.winner, contest.to_frame()
    """
    refuse(data, "compare")
    rounds = rounds or Rounds()
    settings = settings_of(
        data,
        replications=replications,
        verdict_replications=verdict_replications,
        seed=seed,
        workers=workers,
    )
    fills = floors_of(data, fill_rate)
    refuse_what_does_not_fit(data, RunSize.of(data, settings, len(data.study.targets()), samples=4), progress)
    for replications_of_phase in (settings.replications, settings.verdict_replications):
        batches_of(replications_of_phase)
    clock = Clock(progress)
    with clock.stage("fit"):
        entered = field_of(data, schemes)
    with clock.stage("plan"):
        planned = plan_columns(data, np.array(data.study.targets()))
        warmup, rule = warmup_of(data, [planned.levels], settings)
    stage = _Stage(data, planned, warmup, settings, progress)
    with clock.stage("simulate"):
        arena = stage.arena(fills)
    with clock.stage("tournament"):
        tournament = _main_round(data, arena, entered, settings, rounds)
    with clock.stage("classes"):
        classes = tuple(_classes(data, tournament, stage, rounds)) if rounds.classes else ()
    with clock.stage("stability"):
        again = ((number, *stage.samples(number)) for number in stage.further(rounds.seeds))
        stable = stability(tournament, again, id_order(data), n_catalogues=rounds.catalogues)
    with clock.stage("services"):
        services = services_of(data)
        weights = beside(tournament, [one for one in services[1:] if one.name in WEIGHTED])
        regrets = _regrets(data, tournament, services) if rounds.services else ()
    return Contest(
        data,
        entered,
        tournament,
        capital_of(data, tournament),
        stable,
        classes,
        regrets,
        weights,
        settings,
        rounds,
        planned,
        warmup,
        rule,
        clock.times,
    )


def floors_of(data: Data, fill_rate: float | Sequence[float] | None) -> tuple[float, ...]:
    """The floors, the deciding one first."""
    asked = data.study.optimize.fill_rate if fill_rate is None else fill_rate
    given = (
        (DEFAULT_FILL_RATE if asked is None else asked,) if not isinstance(asked, Sequence) else tuple(asked)
    )
    for fill in given:
        if not 0 < fill < 1:
            hint = f", did you mean {fill / 100:g}?" if 1 < fill < 100 else ""
            raise UsageError(f"fill rate {fill:g}: fill rates are fractions between 0 and 1{hint}")
    if not given:
        raise UsageError("compare at which fill rate? name at least one")
    return tuple(dict.fromkeys(float(fill) for fill in given))


def capital_of(data: Data, tournament: Tournament) -> float:
    """Inventory value at which fills are compared: the study's budget, else what one class ties up."""
    budget = data.study.optimize.budget
    if budget is not None:
        return float(budget)
    last = tournament.entries[tournament.names[-1]]
    return last.capital_at(tournament.fill).value


@dataclass(frozen=True, eq=False)
class _Stage:
    """Simulates samples of one world: same items, levels and warm-up, whatever the seed."""

    data: Data
    planned: PlannedLevels
    warmup: int
    settings: Settings
    progress: Progress | None

    def sample(self, phase: str, seed: int | None = None) -> Sample:
        """Sums of one phase by equally long batches."""
        settings = self.settings if seed is None else replace(self.settings, seed=seed)
        horizon = settings.horizon(phase, self.warmup)
        horizon = replace(horizon, slots=batches_of(horizon.replications))
        curves = run_curves(
            self.data.models.world,
            self.planned.levels,
            horizon,
            workers=settings.workers,
            progress=self.progress,
            stage="simulate" if seed is None else "further seeds",
            by_slot=KEPT,
        )
        return Sample.of(curves, self.settings.counted, horizon.replications)

    def samples(self, seed: int) -> tuple[Sample, Sample]:
        """Search and verdict of a further seed."""
        return self.sample("search", seed), self.sample("verdict", seed)

    def further(self, n: int) -> Iterator[int]:
        """Seeds that follow the study's."""
        return (self.settings.seed + 1 + number for number in range(n))

    def arena(self, fills: tuple[float, ...]) -> Arena:
        """Search and verdict of the study's own seed."""
        data, costs = self.data, self.data.models.costs
        return Arena(
            search=self.sample("search"),
            verdict=self.sample("verdict"),
            holding=costs.holding,
            unit_cost=costs.unit_cost,
            cost_resolution=data.study.data.cost_resolution,
            currency=data.study.currency,
            targets=np.array(data.study.targets()),
            service=services_of(data)[0],
            fills=fills,
        )


def _main_round(data: Data, arena: Arena, entered: Field, settings: Settings, rounds: Rounds) -> Tournament:
    entrants = list(entered.entrants)
    entrants += [Entrant(name, grown_in(data, arena, one)) for name, one in entered.grown.items()]
    ids = (data.catalog.sku, data.catalog.location)
    return hold(
        arena, entrants, ids, level=settings.level, n_controls=rounds.controls, classes=rounds.classes
    )


def _classes(data: Data, tournament: Tournament, stage: _Stage, rounds: Rounds) -> Iterator[ClassRow]:
    """Every scheme that can be scaled, and random partitions, with growing numbers of classes."""
    selection = stage.sample("selection")
    for name in dict.fromkeys([*(one.name for one in tournament.entrants), RANDOM]):
        by_k = with_classes(data, tournament.arena, name, rounds.classes)
        if len(by_k) > 1:
            yield from class_rows(
                tournament.arena,
                selection,
                tournament.per_sku,
                name,
                by_k,
                rule_cost=rounds.rule_cost,
                level=tournament.level,
            )


def _regrets(data: Data, tournament: Tournament, services: Sequence[Service]) -> tuple[Regret, ...]:
    winner = tournament.ranking()[0]
    for one in tournament.entrants:
        if one.name == winner:
            codes, names = one.segmentation.codes, one.segmentation.names
            break
    else:
        codes, names = np.zeros(data.catalog.n_items, dtype=np.int64), ("all",)
    return regret_matrix(tournament.arena, codes, names, services, tournament.level)


def plot_contest(contest: ContestOutcome) -> Figure:
    """Holding cost over the per-SKU plan at equal fill: schemes with intervals, random controls in grey."""
    from simlab.api.show import picture

    held = contest.tournament
    names = [name for name in reversed(held.ranking()) if np.isfinite(held.cost(name).value)]
    figure = picture(8.0, 1.5 + 0.28 * len(names))
    axes = figure.subplots()
    base = held.per_sku.cost_at(held.fill).value
    at = held.arena.fills.index(held.fill)
    for row, name in enumerate(names):
        drawn = held.controls.get(name)
        if drawn is not None:
            axes.plot(100 * (drawn[at] / base - 1), np.full(drawn.shape[1], row), "|", color="0.6")
        one = held.percent(name, held.per_sku)
        sides = [[100 * (one.value - one.low)], [100 * (one.high - one.value)]]
        colour = "#0072B2" if held.may_be_best(name) else "#D55E00"
        axes.errorbar(100 * one.value, row, xerr=sides, fmt="o", color=colour, capsize=3)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(left=0)
    axes.set_xlabel("Holding cost over the per-SKU plan, % (verdict seed; grey: random partitions)")
    axes.set_title(f"Price of segmentation at equal fill {format_rate(held.fill)}")
    return figure
