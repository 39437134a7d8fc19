"""Commands that leave a run folder: simulate, optimize, demo, and the report of a finished run."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api import items, tables
from simlab.api.assign import segment
from simlab.api.data import Data, demo, load
from simlab.api.finance import finance_frames
from simlab.api.kept_sums import optimization_sums, simulation_sums
from simlab.api.lost_margin import with_lost_margin
from simlab.api.manifest import optimize_facts, simulate_facts
from simlab.api.optimization import Optimization
from simlab.api.optimizing import optimize
from simlab.api.replaying import with_history
from simlab.api.reuse import StoredCurves
from simlab.api.simulation import Simulation, simulate
from simlab.api.stock_value import with_stock_value
from simlab.api.words import optimize_statements, simulate_statements
from simlab.errors import InvalidInputError, Problem
from simlab.execution import Progress
from simlab.execution.ahead import kernels_ahead
from simlab.policies import Policy
from simlab.policies.policy import GIVEN
from simlab.run import RunFolder
from simlab.segments import Segmentation

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a command leaves behind.

    Attributes
    ----------
    folder : Path
        The run folder.
    report : Path or None
        The report in it.
    statements : tuple of str
        The outcome in sentences, with intervals.
    tables : dict of str to DataFrame
        What a person wants to see of it; everything lies under `results`.
    times : dict of str to float
        Seconds per stage.
    """

    folder: Path
    report: Path | None
    statements: tuple[str, ...]
    tables: dict[str, pd.DataFrame]
    times: dict[str, float] = field(default_factory=dict)


def run_simulate(
    study_path: str | Path,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Replay the study's targets per segment, or its given levels, and write the run folder.

    Raises
    ------
    InvalidInputError
        The study names no `policy.targets`.
    """
    started = time.perf_counter()
    data = load(study_path)
    times = {"load": time.perf_counter() - started}
    study = data.study
    if not study.policy.targets and study.policy.family != GIVEN:
        raise InvalidInputError(
            [
                Problem(
                    "E-STU-040",
                    "simulate needs a target for every segment",
                    file=study.file,
                    column="policy.targets",
                    fix="under [policy] add targets = { A = 0.98, B = 0.95, C = 0.90 }, or optimize",
                )
            ]
        )
    started = time.perf_counter()
    segmentation = segment(data, workers=workers, progress=progress)
    times["fit and segment"] = time.perf_counter() - started
    policy = _policy(data, segmentation)
    folder = RunFolder.create(out, study.name, study.folder)
    with _kept_if_used(folder):
        simulation = simulate(
            data, policy, segmentation=segmentation, workers=workers, progress=_logged(folder, progress)
        )
    return write_simulation(simulation, folder, times, progress)


def _policy(data: Data, segmentation: Segmentation) -> Policy:
    """What the study asks of its segments, or the levels that its items state."""
    spec = data.study.policy
    if spec.family == GIVEN:
        return Policy.given(segmentation)
    asked: dict[str, Any] = {spec.target_measure: spec.targets}
    forecast = None if spec.forecast is None else spec.forecast.model_dump()
    return Policy.from_targets(
        segmentation, **asked, family=spec.family, planning=spec.planning, forecast=forecast
    )


def run_optimize(
    study_path: str | Path,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    curves: Path | None = None,
) -> RunResult:
    """Optimise the study's segment targets, test them, and write the run folder.

    `curves` is the folder of an earlier run whose curves are used again, where laws, levels, grid and
    seed are the same; what is fresh (the verdict) is simulated either way.
    """
    started = time.perf_counter()
    if progress is not None:
        progress("load", 0, 1)
    stored = None if curves is None else StoredCurves.open(curves)
    data = load(study_path)
    times = {"load": time.perf_counter() - started}
    folder = RunFolder.create(out, data.study.name, data.study.folder)
    return _optimize(data, folder, workers, progress, times, stored)


def run_demo(
    out: Path | None = None, workers: int | None = None, progress: Progress | None = None
) -> RunResult:
    """The made-up retailer from data to report; the run folder lies under the current folder."""
    started = time.perf_counter()
    if progress is not None:
        progress("load", 0, 1)
    data = demo()
    times = {"load": time.perf_counter() - started}
    return _optimize(data, RunFolder.create(out, data.study.name, Path.cwd()), workers, progress, times)


def _optimize(
    data: Data,
    folder: RunFolder,
    workers: int | None,
    progress: Progress | None,
    times: dict[str, float],
    stored: StoredCurves | None = None,
) -> RunResult:
    asked = data.study.optimize
    with kernels_ahead() as compiled:
        with _kept_if_used(folder):
            started = time.perf_counter()
            segmentation = segment(data, workers=workers, progress=progress)
            times = {**times, "fit and segment": time.perf_counter() - started}
            opt = optimize(
                data,
                segmentation,
                fill_rate=asked.fill_rate,
                budget=asked.budget,
                workers=workers,
                progress=_logged(folder, progress),
                curves=stored,
            )
        compiled()
        return write_optimization(opt, folder, times, progress)


def _logged(folder: RunFolder, progress: Progress | None) -> Progress:
    """Progress that also writes a line to the run's log when a stage ends, so that a dead run tells where."""
    begun: dict[str, float] = {}

    def tell(stage: str, done: int, total: int) -> None:
        if (done, total) == (0, 1):
            begun[stage] = time.perf_counter()
        elif (done, total) == (1, 1) and stage in begun:
            folder.log("stage", stage=stage, seconds=round(time.perf_counter() - begun.pop(stage), 3))
        if progress is not None:
            progress(stage, done, total)

    return tell


@contextmanager
def _kept_if_used(folder: RunFolder) -> Iterator[None]:
    """Take the run folder back if nothing came of it."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise


def write_optimization(
    opt: Optimization, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Write every table, seal the run, render the report."""
    started = time.perf_counter()
    frames, said = with_history(
        optimization_frames(opt), opt.data, opt.segmentation, opt.solved.kept["segmented"]
    )
    statements = (*optimize_statements(opt), *said)
    _write(folder, opt.data, frames)
    times = {**times, **opt.times, "write": time.perf_counter() - started}
    facts = optimize_facts(opt, statements, times)
    return _finish(folder, tables.shown(frames), statements, times, facts, progress)


def write_simulation(
    simulation: Simulation, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Write every table, seal the run, render the report."""
    started = time.perf_counter()
    frames, said = with_history(
        simulation_frames(simulation), simulation.data, simulation.segmentation, simulation.planned.levels
    )
    statements = (*simulate_statements(simulation), *said)
    _write(folder, simulation.data, frames)
    times = {**times, **simulation.times, "write": time.perf_counter() - started}
    facts = simulate_facts(simulation, statements, times)
    return _finish(folder, tables.shown(frames), statements, times, facts, progress)


def optimization_frames(opt: Optimization) -> dict[str, pd.DataFrame]:
    """The tables under `results`."""
    data, segmentation = opt.data, opt.segmentation
    column = opt.solved.columns["segmented"]
    fresh = opt.settings.horizon("verdict", opt.warmup)
    achieved = items.achieved(data, opt.solved.kept["segmented"], fresh, opt.settings, "verdict")
    asked = np.array(opt.targets)[column]
    plan = tables.plan_frame(data.catalog, data.models, segmentation, asked, opt.planned, column, achieved)
    return {
        "items": tables.item_frame(data.catalog, data.models, segmentation, achieved.assign(target=asked)),
        "segments": with_lost_margin(with_stock_value(tables.segment_frame(opt), opt.stock_value), opt),
        "curves": tables.curves_table(data.catalog, opt.curves, opt.targets),
        "frontier": tables.frontier_frame(opt),
        "plan": plan,
        "verdict": tables.verdict_frame(opt),
        "replications": optimization_sums(opt),
        "reference": with_lost_margin(with_stock_value(tables.reference_frame(opt), opt.stock_value), opt),
        **finance_frames(opt),
    }


def simulation_frames(simulation: Simulation) -> dict[str, pd.DataFrame]:
    """The tables under `results` of a simulated policy."""
    data, segmentation = simulation.data, simulation.segmentation
    column = np.zeros(segmentation.codes.size, dtype=np.int64)
    settings = simulation.settings
    horizon = settings.horizon("search", simulation.warmup)
    achieved = items.achieved(data, simulation.planned.levels, horizon, settings, "search")
    asked = np.asarray(simulation.targets)[segmentation.codes]
    plan = tables.plan_frame(
        data.catalog, data.models, segmentation, asked, simulation.planned, column, achieved
    )
    return {
        "items": tables.item_frame(data.catalog, data.models, segmentation, achieved.assign(target=asked)),
        "segments": tables.simulation_frame(simulation),
        "replications": simulation_sums(simulation),
        "plan": plan,
    }


def _write(folder: RunFolder, data: Data, frames: dict[str, pd.DataFrame]) -> None:
    study = data.study
    if study.source:
        folder.write_text("study.toml", study.source)
    folder.write_json("resolved.json", study.resolved_with_times())
    for name, frame in frames.items():
        folder.write_table(name, frame)
    folder.write_table("quality", data.quality.to_frame())


def _finish(
    folder: RunFolder,
    shown: dict[str, pd.DataFrame],
    statements: tuple[str, ...],
    times: dict[str, float],
    facts: dict[str, Any],
    progress: Progress | None,
) -> RunResult:
    for stage in ("load", "fit and segment", "write"):
        if stage in times:
            folder.log("stage", stage=stage, seconds=round(times[stage], 3))
    folder.write_manifest(facts)
    if progress is not None:
        progress("report", 0, 1)
    started = time.perf_counter()
    report = render_report(folder.path)
    times = {**times, "report": time.perf_counter() - started}
    folder.log("stage", stage="report", seconds=round(times["report"], 3))
    if progress is not None:
        progress("report", 1, 1)
    return RunResult(folder.path, report, statements, shown, times)


def render_report(run_dir: str | Path) -> Path:
    """Draw the report of a finished run anew from its tables."""
    from simlab.report import render

    return render(RunFolder.open(Path(run_dir)))


def report_to(opt: Optimization, path: Path) -> Path:
    """The report alone, as one file."""
    with tempfile.TemporaryDirectory() as scratch:
        result = write_optimization(opt, RunFolder.create(Path(scratch) / "run", "run", Path(scratch)), {})
        shutil.copyfile(result.folder / "report.html", path)
    return path
