"""May the proposed policy replace the current one? The façade of the room."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data, load
from simlab.api.data.fitted import fit_tables
from simlab.api.output.manifest import core_facts, seeds_of
from simlab.api.output.writing import RunResult
from simlab.api.rollout.by_model import judged_by_model
from simlab.api.rollout.judging import Judged, Promise, judge
from simlab.api.rollout.pairs import Pairs, run_pairs
from simlab.api.rollout.saying import gate_sentences, lowered_lines
from simlab.api.rollout.settle import (
    MISFIT,
    ON_THE_WAY,
    REPLAYED,
    below_replay_limit,
    harmed_on_the_way,
    lowered_segments,
    settle,
)
from simlab.api.rollout.sides import Proposed, both_sides
from simlab.api.rollout.tables import Scale, gate_table, live_levels, live_plan, totals
from simlab.api.rollout.waves import WavePlan, wave_of_items, wave_tables
from simlab.api.rollout.writing import COMMAND, write_gate
from simlab.api.settings import Settings
from simlab.api.simulator.simulator import refuse_overflow, warmup_of
from simlab.engine.prepare.on_grid import parts_of
from simlab.engine.world.levels import Levels
from simlab.errors import UsageError
from simlab.execution import Progress
from simlab.measures.shown import Public
from simlab.models.terms import stock_record
from simlab.segments import Segmentation
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

    Examples
    --------
    >>> decided = sl.gate("mystudy/study.toml")  # doctest: +SKIP
    >>> decided.live_plan.to_csv("live.csv")  # doctest: +SKIP
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
        """One row per SKU-location."""
        return self.table

    def plot(self) -> Figure:
        """Service against today's, one mark per SKU-location, by decision."""
        from simlab.api.rollout.picture import plot_gate

        return plot_gate(self.table)

    def write(self, out: Path | None = None, progress: Progress | None = None) -> RunResult:
        """The gate's folder, which is a run: its plan is the live plan."""
        frames = {"gate": self.table, "plan": self.plan, "lists": self.lists, **self.waves}
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
    >>> decided = sl.gate("mystudy/study.toml", proposed="runs/spring")  # doctest: +SKIP
    >>> decided.go, decided.hold_back  # doctest: +SKIP
    """
    clock = time.perf_counter()
    data = study if isinstance(study, Data) else load(study)
    asked = data.study.gate
    then, now, current_said = both_sides(data, proposed, current)
    settings = _settings(data, replications, workers)
    refuse_overflow(data, [now, then.levels], settings)
    warmup, rule = warmup_of(data, [now, then.levels], settings)
    horizon = settings.horizon(COMMAND, warmup)
    times = {"load": time.perf_counter() - clock}
    clock = time.perf_counter()
    pairs = run_pairs(data, now, then.levels, horizon, settings, progress=progress)
    times["pairs"] = time.perf_counter() - clock
    names, code = np.unique(then.segment.astype(str), return_inverse=True)
    scale = Scale(
        horizon.exposure / data.study.periods_per_year,
        2.0 * horizon.exposure * settings.parts,
        settings.level,
        asked.q,
    )
    tolerance = _tolerance(data)
    promise = _promise(data, then, tolerance, code, scale)
    dependent = _opposite_factors(data)
    judged = judge(pairs, promise, asked.q, any_dependence=dependent)
    if data.models.redraws is not None:
        clock = time.perf_counter()
        judged = judged_by_model(data, (now, then.levels), horizon, settings, promise, judged, progress)
        times["draws"] = time.perf_counter() - clock
    lowered = lowered_segments(
        judged.segment_now,
        judged.segment_then,
        list(names),
        _by_segment(tolerance, code),
        (*asked.lowered, *release),
    )
    clock = time.perf_counter()
    way = _way(data, now, then.levels, settings, weeks, progress)
    further = _further(data, then, way, promise, judged, dependent)
    times["way and replay"] = time.perf_counter() - clock
    settled = settle(judged.decided.decision, judged.decided.reason, code, lowered, further)
    table = gate_table(data, then, (now, then.levels), pairs, judged, settled, scale, tolerance)
    live = live_levels(settled, now, then.levels)
    plan, shown = live_plan(data, table, live)
    cut = WavePlan(waves) if isinstance(waves, int) else waves or WavePlan()
    found = wave_of_items(data, table, cut)
    staged = (
        {}
        if found is None
        else wave_tables(data, table, pairs, (now, live), found, cut, horizon, settings, progress)
    )
    lists = totals(table)
    lines = lowered_lines(data, judged, code, names, lowered)
    said = gate_sentences(
        data, then, current_said, table, lists, lines, settled, scale, way is not None, dependent
    )
    facts = _facts(data, settings, warmup, rule, said, then, current_said)
    moves = None if live.offset is None or not live.moves().any() else live.offset[:, 0, :]
    return Gate(data, table, lists, lines, said, shown, plan, facts, times, staged, moves)


def _settings(data: Data, replications: int | None, workers: int | None) -> Settings:
    asked = data.study.gate.replications if replications is None else replications
    if asked < FEWEST:
        raise UsageError(f"the gate needs at least {FEWEST} replications: its errors lie in the tails")
    return Settings.of(
        data.study,
        verdict_replications=asked,
        workers=workers,
        window_scale=data.models.window_scale,
        parts=parts_of(data.models.world),
    )


def _tolerance(data: Data) -> FloatArray:
    """(n,) of service: the column, else the study's figure."""
    own = data.catalog.numbers.get("tolerance", np.full(data.catalog.n_items, np.nan))
    return np.asarray(np.where(np.isnan(own), data.study.gate.tolerance, own))


def _by_segment(tolerance: FloatArray, code: np.ndarray[Any, Any]) -> FloatArray:
    """(s,) the smallest tolerance in each segment."""
    out = np.full(int(code.max()) + 1, np.inf)
    np.minimum.at(out, code, tolerance)
    return out


def _promise(
    data: Data, then: Proposed, tolerance: FloatArray, code: np.ndarray[Any, Any], scale: Scale
) -> Promise:
    asked, costs = data.study.gate, data.models.costs
    money = costs.unit_cost * costs.cost_resolution
    with np.errstate(divide="ignore", invalid="ignore"):
        stock = np.where(money > 0, then.stock_value / money, np.nan)
    return Promise(
        tolerance,
        asked.stock_tolerance,
        asked.order_tolerance,
        stock,
        then.orders,
        code,
        asked.against == "today_or_plan",
        scale.years,
        scale.stock_weight,
    )


def _opposite_factors(data: Data) -> bool:
    """Whether common factors move items in both directions, so that they are not positively dependent."""
    common = data.models.world.dependence
    if common is None:
        return False
    return any(bool((one > 0).any() and (one < 0).any()) for one in (common.market, common.group))


def _way(
    data: Data, now: Levels, then: Levels, settings: Settings, weeks: float | None, progress: Progress | None
) -> Pairs | None:
    """Both sides from today's stock; None where it is not known."""
    record = stock_record(data.catalog, data.models.world.lead_time)
    if record is None:
        return None
    world = data.models.world
    longest = int((world.terms.review_period + world.lead_time.longest()).max())
    asked = _WEEKS if weeks is None else weeks
    periods = max(1, round(asked * 7 / data.study.period_days))
    if weeks is None:
        periods = max(periods, longest)
    horizon = replace(settings.horizon(COMMAND, 0), periods=periods, scale=1)
    return run_pairs(
        data, now, then, horizon, settings, start=record[0], progress=progress, stage="way from today"
    )


def _further(
    data: Data, then: Proposed, way: Pairs | None, promise: Promise, judged: Judged, dependent: bool
) -> list[tuple[BoolArray, str]]:
    """What can only hold back."""
    out: list[tuple[BoolArray, str]] = []
    names, code = np.unique(then.segment.astype(str), return_inverse=True)
    if way is not None:
        planned = judged.segment_then[code] if promise.against_plan else None
        q = data.study.gate.q
        out.append((harmed_on_the_way(way, promise.tolerance, planned, q, dependent), ON_THE_WAY))
    segmentation = _segments_of(data, names, code)
    if segmentation is not None:
        fit = fit_tables(data.catalog, data.models, data.history, segmentation).get("fit_test")
        if fit is not None:
            bad = fit.loc[fit["flagged"].astype(bool), "segment"].astype(str)
            flagged = np.isin(names[code], bad[bad != "(all)"].to_numpy())
            out.append((np.asarray(flagged), MISFIT))
    out.append((below_replay_limit(data, then), REPLAYED))
    return out


def _segments_of(data: Data, names: np.ndarray[Any, Any], code: np.ndarray[Any, Any]) -> Any:
    """The plan's segments as the fit test takes them; None without a history."""
    if data.history is None:
        return None

    words = tuple(str(name) for name in names)
    return Segmentation(code, words, "segments of the plan", tuple((word,) for word in words), ("plan",))


def _facts(
    data: Data,
    settings: Settings,
    warmup: int,
    rule: str,
    said: tuple[str, ...],
    then: Proposed,
    current: str,
) -> dict[str, Any]:
    facts = core_facts(data, settings, said)
    asked = data.study.gate
    return facts | {
        "seeds": seeds_of(settings, (COMMAND,)),
        "warmup": warmup,
        "warmup_rule": rule,
        "proposed": then.said,
        "current": current,
        "gate": asked.model_dump(mode="json"),
        "constraints": {},
        "notes": [],
    }
