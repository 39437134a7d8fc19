"""A run folder written and sealed: tables, log, manifest, report; one way for every command."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.api.data.replay import replay_plan
from simlab.api.decision.decision import decision
from simlab.api.finance.finance import Finance
from simlab.api.finance.stock_value import with_lost_margin, with_stock_value
from simlab.api.output import tables
from simlab.api.output.manifest import optimize_facts, simulate_facts, study_place
from simlab.api.output.statements import optimize_statements, simulate_statements
from simlab.api.output.tables import optimization_sums, simulation_sums
from simlab.api.simulation import Simulation
from simlab.api.simulator import items
from simlab.api.simulator.stored import curves_table
from simlab.engine.world.levels import Levels
from simlab.execution import Progress
from simlab.models.history.no_history import no_history_frame
from simlab.run import RunFolder
from simlab.run.sheets import to_csv
from simlab.segments import Segmentation


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


@dataclass(frozen=True, eq=False)
class Record:
    """What a command leaves in its run folder.

    Attributes
    ----------
    data : Data
    command : str
        As users type it.
    frames : dict of str to DataFrame
        Tables under `results`.
    shown : dict of str to DataFrame
        What a person wants to see of them.
    statements : tuple of str
        The outcome in sentences.
    facts : dict
        The manifest, without command and times.
    times : dict of str to float
        Seconds per stage so far.
    files : dict of str to bytes
        Further files by their place in the folder.
    """

    data: Data
    command: str
    frames: dict[str, pd.DataFrame]
    shown: dict[str, pd.DataFrame]
    statements: tuple[str, ...]
    facts: dict[str, Any]
    times: dict[str, float]
    files: dict[str, bytes] = field(default_factory=dict)


def logged(folder: RunFolder, progress: Progress | None) -> Progress:
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
def kept_if_used(folder: RunFolder) -> Iterator[None]:
    """Take the run folder back if nothing came of it."""
    try:
        yield
    except BaseException:
        folder.discard()
        raise


def write_optimization(
    finance: Finance, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Write every table, seal the run, render the report."""
    opt, started = finance.outcome, time.perf_counter()
    frames, said = with_history(
        optimization_frames(finance), opt.data, opt.segmentation, opt.solved.kept["segmented"]
    )
    statements = (*optimize_statements(finance), *said)
    facts = optimize_facts(opt, statements)
    times = {**times, **opt.times}
    record = Record(opt.data, "optimize", frames, tables.shown(frames), statements, facts, times)
    return write_run(record, folder, started, progress)


def write_simulation(
    simulation: Simulation, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Write every table, seal the run, render the report."""
    started = time.perf_counter()
    frames, said = with_history(
        simulation_frames(simulation), simulation.data, simulation.segmentation, simulation.planned.levels
    )
    statements = (*simulate_statements(simulation), *said)
    facts = simulate_facts(simulation, statements)
    times = {**times, **simulation.times}
    record = Record(simulation.data, "simulate", frames, tables.shown(frames), statements, facts, times)
    return write_run(record, folder, started, progress)


def optimization_frames(finance: Finance) -> dict[str, pd.DataFrame]:
    """The tables under `results`."""
    opt = finance.outcome
    data, segmentation = opt.data, opt.segmentation
    column = opt.solved.columns["segmented"]
    fresh = opt.settings.horizon("verdict", opt.warmup)
    achieved = items.achieved(data, opt.solved.kept["segmented"], fresh, opt.settings, "verdict")
    asked = np.array(opt.targets)[column]
    plan = tables.plan_frame(data.catalog, data.models, segmentation, asked, opt.planned, column, achieved)
    return {
        "items": tables.item_frame(data.catalog, data.models, segmentation, achieved.assign(target=asked)),
        "segments": with_lost_margin(with_stock_value(tables.segment_frame(opt), finance.stock_value), opt),
        "curves": curves_table(data.catalog, opt.curves, opt.targets),
        "frontier": tables.frontier_frame(opt),
        "plan": plan,
        "verdict": tables.verdict_frame(opt),
        "replications": optimization_sums(opt),
        "reference": with_lost_margin(
            with_stock_value(tables.reference_frame(opt), finance.stock_value), opt
        ),
        **finance.frames(),
        "decision": decision(opt).to_frame(),
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


def write_run(
    record: Record, folder: RunFolder, started: float, progress: Progress | None = None
) -> RunResult:
    """The one way into a run folder: inputs' study, tables, log, manifest last, then the report.

    Parameters
    ----------
    record : Record
    folder : RunFolder
        Made by the command; stages of `logged` stand in its log already.
    started : float
        When the command began to make tables, by `time.perf_counter`.
    """
    study = record.data.study
    if study.source:
        folder.write_text("study.toml", study.source)
    folder.write_json("resolved.json", study.resolved_with_times())
    for name, frame in record.frames.items():
        folder.write_table(name, frame)
    folder.write_table("quality", record.data.quality.to_frame())
    left_out = no_history_frame(record.data.catalog)
    if left_out is not None:
        folder.write_table("no_history", left_out)
        folder.write_text("results/no_history.csv", to_csv(left_out))
    for name, content in record.files.items():
        folder.write_bytes(name, content)
    times = {**record.times, "write": time.perf_counter() - started}
    for stage in _UNLOGGED:
        if stage in times:
            folder.log("stage", stage=stage, seconds=round(times[stage], 3))
    rounded = {stage: round(seconds, 3) for stage, seconds in times.items()}
    folder.write_manifest(
        {
            "command": record.command,
            **record.facts,
            **study_place(record.data, folder.path),
            "times": rounded,
        }
    )
    if progress is not None:
        progress("report", 0, 1)
    started = time.perf_counter()
    report = render_report(folder.path)
    times = {**times, "report": time.perf_counter() - started}
    folder.log("stage", stage="report", seconds=round(times["report"], 3))
    if progress is not None:
        progress("report", 1, 1)
    return RunResult(folder.path, report, record.statements, record.shown, times)


_UNLOGGED = ("load", "fit and segment", "write")
"""Stages that end before a folder's log begins, or after progress is told."""


def render_report(run_dir: str | Path) -> Path:
    """Draw the report of a finished run anew from its tables."""
    from simlab.report.render import render

    return render(RunFolder.open(Path(run_dir)))


def report_to(finance: Finance, path: Path) -> Path:
    """The report alone, as one file."""
    with tempfile.TemporaryDirectory() as scratch:
        result = write_optimization(
            finance, RunFolder.create(Path(scratch) / "run", "run", Path(scratch)), {}
        )
        shutil.copyfile(result.folder / "report.html", path)
    return path


def with_history(
    frames: dict[str, pd.DataFrame], data: Data, segmentation: Segmentation, levels: Levels
) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    """The tables of a run with what its histories look like and, with [replay], what they did to the plan."""
    from simlab.api.data.fitted import fit_tables, memory_table
    from simlab.api.data.histories import adjustments, diagnosis_columns, uplift, worst_fits
    from simlab.api.data.levels_to_look_at import TABLE, levels_to_look_at

    items = frames["items"]
    further = diagnosis_columns(data)
    further = further[[name for name in further if name not in items]]
    found = {**frames, "items": pd.concat([items, further], axis=1)}
    worst = worst_fits(data)
    further_tables = {"worst_fits": worst, "adjustments": adjustments(data), "uplift": uplift(data)}
    found |= {name: table for name, table in further_tables.items() if not table.empty}
    found |= fit_tables(data.catalog, data.models, data.history, segmentation)
    remembered = memory_table(data.models)
    if remembered is not None:
        found["memory"] = remembered
    looked = levels_to_look_at(data, levels, items["inventory_value"].to_numpy())
    found[TABLE] = looked.table
    suppliers = data.lead_times()
    if not suppliers.empty:
        found["lead_times"] = suppliers
    replayed = replay_plan(data, segmentation, levels, data.study.verdict.level)
    if replayed is None:
        return found, looked.statements()
    tables = {"replay": replayed.replay}
    if not replayed.calibration.empty:
        tables |= {"calibration": replayed.calibration, "pit": replayed.pit}
    return {**found, **tables}, (*looked.statements(), *replayed.statements)
