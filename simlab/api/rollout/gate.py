"""May the proposed policy replace the current one? The façade of the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data, load, settings_of
from simlab.api.data.ordering import MOVE
from simlab.api.output.manifest import core_facts, seeds_of
from simlab.api.output.record import RunResult
from simlab.api.rollout.by_model import judged_by_model
from simlab.api.rollout.judging import Judged, Promise, judge
from simlab.api.rollout.misfits import Misfit, flagged_rows, misfits
from simlab.api.rollout.pairs import HeldPairs, run_pairs
from simlab.api.rollout.saying import gate_sentences, lowered_lines, with_heading
from simlab.api.rollout.settle import (
    MISFIT,
    ON_THE_WAY,
    REPLAYED,
    below_replay_limit,
    harmed_on_the_way,
    lowered_segments,
    refuse_unknown,
    settle,
)
from simlab.api.rollout.sides import Proposed, both_sides
from simlab.api.rollout.tables import Scale, gate_table, held_table, live_levels, live_plan, totals
from simlab.api.rollout.waves import WavePlan, wave_of_items, wave_tables
from simlab.api.rollout.writing import COMMAND, write_gate
from simlab.api.settings import Clock, Settings
from simlab.api.simulator.simulator import refuse_overflow, warmup_of
from simlab.api.simulator.size import RunSize, refuse_what_does_not_fit
from simlab.engine.world.levels import Levels
from simlab.errors import UsageError
from simlab.execution import Horizon, Progress
from simlab.measures.shown import Public
from simlab.models.opening import stock_record
from simlab.verdict.gate.decisions import GO, HOLD_BACK, UNCHANGED, UNDECIDED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.arrays import BoolArray, FloatArray, IntArray


FEWEST = 400
_WEEKS = 13


@dataclass(frozen=True, eq=False, repr=False)
class Gate(Public):
    """The decision on every SKU-location.

    Attributes
    ----------
    table : DataFrame
        One row per SKU-location; see `tables.gate_table`.
    lists : DataFrame
        What each list changes a year; the lists add up to the last row.
    lowered : tuple of str
        Segments whose service the plan lowers, one line each.
    statements : tuple of str
        The outcome in sentences.
    waves : dict of str to DataFrame
        `waves` (capital and service of each) and `waves_cash` (purchases by week); empty without waves.
    live_plan : DataFrame
        What goes live: proposed where the decision is go or unchanged, today's levels elsewhere.
    moves : (n, cycle) int64 or None
        Units that live levels which follow a forecast lie above those of the first period; None without.
    held : DataFrame
        How many SKU-locations each reason holds back.

    Examples
    --------
    >>> decided = sl.gate("mystudy/study.toml")
    >>> decided.live_plan.to_csv("live.csv")
    """

    data: Data = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    lists: pd.DataFrame
    lowered: tuple[str, ...]
    statements: tuple[str, ...]
    live_plan: pd.DataFrame = field(repr=False)
    plan: pd.DataFrame = field(repr=False)
    facts: dict[str, Any] = field(repr=False)
    times: dict[str, float] = field(repr=False)
    waves: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    moves: IntArray | None = field(default=None, repr=False)
    held: pd.DataFrame | None = field(default=None, repr=False)

    def _list(self, decision: str) -> pd.DataFrame:
        return self.table[self.table["decision"] == decision].reset_index(drop=True)

    @property
    def go(self) -> pd.DataFrame:
        """SKU-locations of which harm is ruled out."""
        return self._list(GO)

    @property
    def hold_back(self) -> pd.DataFrame:
        """SKU-locations that stay on today's levels, with the reason."""
        return self._list(HOLD_BACK)

    @property
    def undecided(self) -> pd.DataFrame:
        """SKU-locations of which neither is shown."""
        return self._list(UNDECIDED)

    @property
    def unchanged(self) -> pd.DataFrame:
        """SKU-locations of which nothing differs on any path."""
        return self._list(UNCHANGED)

    def to_frame(self) -> pd.DataFrame:
        """One row per SKU-location.

        Examples
        --------
        >>> gate.to_frame()[["sku", "location", "decision", "reason"]]
        """
        return self.table

    def plot(self) -> Figure:
        """Service against today's, one mark per SKU-location, by decision.

        Examples
        --------
        >>> gate.plot().savefig("gate.svg")
        """
        from simlab.api.rollout.picture import plot_gate

        return plot_gate(self.table)

    def write(self, out: str | Path | None = None, progress: Progress | None = None) -> RunResult:
        """The gate's folder, which is a run: its plan is the live plan.

        Examples
        --------
        >>> gate.write("runs/gate").folder
        """
        out = None if out is None else Path(out)
        frames = {"gate": self.table, "plan": self.plan, "lists": self.lists, **self.waves}
        frames |= {} if self.held is None else {"held_back": self.held}
        return write_gate(
            self.data,
            frames,
            self.live_plan,
            self.statements,
            self.facts,
            self.times,
            out,
            progress,
            self.moves,
        )

    def __repr__(self) -> str:
        return " ".join(self.statements)

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.lists)


def gate(
    study: str | Path | Data,
    *,
    proposed: str | Path | None = None,
    current: str | Path | None = None,
    release: Sequence[str] = (),
    accept_misfit: Sequence[str] = (),
    replications: int | None = None,
    weeks: float | None = None,
    waves: int | WavePlan | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Gate:
    """Decide, SKU-location by SKU-location, whether a proposed plan may replace today's levels.

    Parameters
    ----------
    study : path or Data
        The study file, or its data.
    proposed : path, optional
        A run folder, or a plan file (CSV or Parquet with sku, location, order_up_to and what the rule needs).
        Default: the newest finished optimize run of the study's name.
    current : path, optional
        A plan file, an items file with ``current_…`` columns, or ``"habit"``. Default: those of items.
    release : sequence of str
        Segments whose lower service is wanted; beside `gate.lowered` of the study.
    accept_misfit : sequence of str
        Segments that may go although the fit test flags their laws; beside `gate.accept_misfit`.
    replications : int, optional
        At least 400, the default.
    weeks : float, optional
        How long the way from today is followed. Default: the longest R + L, and at least 13.
    waves : int or WavePlan, optional
        How the rollout is cut: a number of waves that keep suppliers together, or more. Default: by the
        column `wave` of items, if there is one.
    workers : int, optional
        Threads; no influence on the result.

    Returns
    -------
    Gate

    Raises
    ------
    UsageError
        No such run, plan or segment.
    InvalidInputError
        Everything wrong with plan or levels, at once.

    Notes
    -----
    Both sides meet the same demand and lead times, on a seed that chose nothing. Harm is measured against the
    lower of two promises, today's and the plan's (`gate.against`). The share of false go's is at most q, and
    that of false hold backs, by Benjamini and Hochberg (1995). With `models.parameter_uncertainty` decisions
    are Bayesian: π is the share of 200 draws of the parameters that harm, and go is the largest list whose
    mean π is at most q.

    Examples
    --------
    >>> decided = sl.gate("mystudy/study.toml", proposed="runs/spring")
    >>> decided.go, decided.hold_back
    """
    clock = Clock()
    with clock.stage("load"):
        data = study if isinstance(study, Data) else load(study, threads=workers)
        settings = _settings(data, replications, workers)
        refuse_what_does_not_fit(data, RunSize.of(data, settings, n_targets=2), progress)
        trial = _trial(data, proposed, current, settings)
        accepted = (*data.study.gate.accept_misfit, *accept_misfit)
        refuse_unknown((*data.study.gate.lowered, *release, *accepted), list(trial.names))
    with clock.stage("pairs"):
        pairs = run_pairs(data, *trial.sides, trial.horizon, trial.settings, progress=progress)
    judged = judge(pairs, trial.promise, data.study.gate.q, any_dependence=trial.dependent)
    if data.models.redraws is not None:
        with clock.stage("draws"):
            judged = judged_by_model(
                data, trial.sides, trial.horizon, trial.settings, trial.promise, judged, progress
            )
    lowered = _lowered(trial, judged, release)
    with clock.stage("way and replay"):
        way = _way(trial, weeks, progress)
        misfit = misfits(data, trial.names, trial.code, accepted)
        further = _further(trial, way, judged, misfit)
    settled = settle(judged.decided.decision, judged.decided.why, trial.code, lowered, further)
    table = gate_table(
        data, trial.then, trial.sides, pairs, judged, settled, trial.scale, trial.promise.tolerance
    )
    live = live_levels(settled, *trial.sides)
    plan, shown = live_plan(data, table, live)
    lists = totals(table)
    lines = lowered_lines(data, judged, trial.code, trial.names, lowered)
    said = gate_sentences(
        data,
        trial.then,
        trial.current,
        table,
        lists,
        lines,
        settled,
        trial.scale,
        way is not None,
        trial.dependent,
        misfit,
    )
    return Gate(
        data,
        table,
        lists,
        lines,
        said,
        shown,
        plan,
        _facts(trial, said, lines) | {"accept_misfit": list(accepted)},
        clock.times,
        _staged(trial, table, pairs, live, waves, progress),
        None if live.offset is None or not live.moves().any() else live.offset[:, 0, :],
        held_table(settled),
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    """Both sides, what was promised of them, and how they are run against each other.

    Attributes
    ----------
    current : str
        Where today's levels come from, in words.
    names, code : (s,) str and (n,) int64
        Segments of the plan, and each item's.
    dependent : bool
        Whether common factors move items in both directions.
    """

    data: Data
    now: Levels
    then: Proposed
    current: str
    settings: Settings
    warmup: int
    warmup_rule: str
    names: np.ndarray[Any, Any]
    code: np.ndarray[Any, Any]
    scale: Scale
    promise: Promise
    dependent: bool

    @property
    def sides(self) -> tuple[Levels, Levels]:
        """Today's levels and the proposed ones."""
        return self.now, self.then.levels

    @property
    def horizon(self) -> Horizon:
        """The long run, after the warm-up, on the gate's own seed."""
        return self.settings.horizon(COMMAND, self.warmup)


def _trial(data: Data, proposed: str | Path | None, current: str | Path | None, settings: Settings) -> _Trial:
    """Both sides read, refused where sums could leave 64 bits, with their warm-up and promises."""
    then, now, current_said = both_sides(data, proposed, current)
    refuse_overflow(data, [now, then.levels], settings)
    warmup, rule = warmup_of(data, [now, then.levels], settings)
    names, code = np.unique(then.segment.astype(str), return_inverse=True)
    exposure = settings.horizon(COMMAND, warmup).exposure
    scale = Scale(
        exposure / data.study.periods_per_year,
        2.0 * exposure * settings.parts,
        settings.level,
        data.study.gate.q,
    )
    promise = _promise(data, then, code, scale)
    dependent = _opposite_factors(data)
    return _Trial(
        data, now, then, current_said, settings, warmup, rule, names, code, scale, promise, dependent
    )


def _lowered(trial: _Trial, judged: Judged, release: Sequence[str]) -> tuple[int, ...]:
    """Segments whose service the plan lowers beyond what their items tolerate, and nobody wants lowered."""
    return lowered_segments(
        judged.segment_now,
        judged.segment_then,
        list(trial.names),
        _by_segment(trial.promise.tolerance, trial.code),
        (*trial.data.study.gate.lowered, *release),
    )


def _staged(
    trial: _Trial,
    table: pd.DataFrame,
    pairs: HeldPairs,
    live: Levels,
    waves: int | WavePlan | None,
    progress: Progress | None,
) -> dict[str, pd.DataFrame]:
    """Tables of the waves; none where nothing says how the rollout is cut."""
    plan = WavePlan(waves) if isinstance(waves, int) else waves or WavePlan()
    found = wave_of_items(trial.data, table, plan)
    if found is None:
        return {}
    sides = (trial.now, live)
    return wave_tables(trial.data, table, pairs, sides, found, plan, trial.horizon, trial.settings, progress)


def _settings(data: Data, replications: int | None, workers: int | None) -> Settings:
    asked = data.study.gate.replications if replications is None else replications
    if asked < FEWEST:
        raise UsageError(f"the gate needs at least {FEWEST} replications: its errors lie in the tails")
    return settings_of(data, verdict_replications=asked, workers=workers)


def _tolerance(data: Data) -> FloatArray:
    """(n,) of service: the column, else the study's figure."""
    own = data.catalog.numbers.get("tolerance", np.full(data.catalog.n_items, np.nan))
    return np.asarray(np.where(np.isnan(own), data.study.gate.tolerance, own))


def _by_segment(tolerance: FloatArray, code: np.ndarray[Any, Any]) -> FloatArray:
    """(s,) the smallest tolerance in each segment."""
    out = np.full(int(code.max()) + 1, np.inf)
    np.minimum.at(out, code, tolerance)
    return out


def _promise(data: Data, then: Proposed, code: np.ndarray[Any, Any], scale: Scale) -> Promise:
    asked, costs = data.study.gate, data.models.costs
    money = costs.unit_cost * costs.cost_resolution
    with np.errstate(divide="ignore", invalid="ignore"):
        stock = np.where(money > 0, then.stock_value / money, np.nan)
    return Promise(
        _tolerance(data),
        asked.stock_tolerance,
        asked.order_tolerance,
        stock,
        then.orders,
        code,
        asked.against == "today_or_plan",
        scale.years,
        scale.stock_weight,
        np.asarray(money > 0),
        then.as_planned,
    )


def _opposite_factors(data: Data) -> bool:
    """Whether common factors move items in both directions, so that they are not positively dependent."""
    common = data.models.world.dependence
    if common is None:
        return False
    return any(bool((one > 0).any() and (one < 0).any()) for one in (common.market, common.group))


def _way(trial: _Trial, weeks: float | None, progress: Progress | None) -> HeldPairs | None:
    """Both sides from today's stock; None where it is not known."""
    data, world = trial.data, trial.data.models.world
    record = stock_record(data.catalog, world.lead_time)
    if record is None:
        return None
    longest = int((world.terms.review_period + world.lead_time.longest()).max())
    asked = _WEEKS if weeks is None else weeks
    periods = max(1, round(asked * 7 / data.study.period_days))
    if weeks is None:
        periods = max(periods, longest)
    horizon = replace(trial.settings.horizon(COMMAND, 0), periods=periods, scale=1)
    stage = "way from today"
    return run_pairs(
        data, *trial.sides, horizon, trial.settings, start=record[0], progress=progress, stage=stage
    )


def _further(
    trial: _Trial, way: HeldPairs | None, judged: Judged, misfit: Sequence[Misfit]
) -> list[tuple[BoolArray, str]]:
    """What can only hold back."""
    data, promise, names, code = trial.data, trial.promise, trial.names, trial.code
    out: list[tuple[BoolArray, str]] = []
    if way is not None:
        planned = judged.segment_then[code] if promise.against_plan else None
        q = data.study.gate.q
        out.append((harmed_on_the_way(way, promise.tolerance, planned, q, trial.dependent), ON_THE_WAY))
    out.append((flagged_rows(misfit, names, code) & ~trial.data.models.follows_forecast, MISFIT))
    out.append((below_replay_limit(data, trial.then), REPLAYED))
    return out


def _facts(trial: _Trial, said: tuple[str, ...], lowered: tuple[str, ...]) -> dict[str, Any]:
    data = trial.data
    core = core_facts(data, trial.settings, said)
    return core | {
        "seeds": seeds_of(trial.settings, (COMMAND,)),
        "warmup": trial.warmup,
        "warmup_rule": trial.warmup_rule,
        "proposed": trial.then.said,
        "proposed_run": trial.then.run,
        "current": trial.current,
        "lowered": with_heading(lowered),
        "gate": data.study.gate.model_dump(mode="json"),
        "constraints": {},
        "notes": [],
        **({MOVE: ""} if MOVE in core and trial.then.levels.offset is None else {}),
    }
