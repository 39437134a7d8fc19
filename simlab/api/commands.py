"""Commands that leave files: simulate, optimize, demo, init, and the report of a finished run."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import asdict, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from simlab import mapped
from simlab.api.audits.audit import audit, write_audit
from simlab.api.contest.contest import compare
from simlab.api.contest.outcome import Rounds
from simlab.api.contest.record import write_contest
from simlab.api.data.data import Data, demo, load
from simlab.api.decision.beside import begun_beside
from simlab.api.learning.learning import segment
from simlab.api.optimization import optimize
from simlab.api.output.beginning import begin, went_on
from simlab.api.output.record import RunResult, kept_if_used, kept_while_written, logged
from simlab.api.output.writing import write_optimization, write_simulation
from simlab.api.rollout.gate import Gate, gate
from simlab.api.rollout.waves import WavePlan
from simlab.api.settings import give_back_at_once, imports, workers_of
from simlab.api.simulation import simulate
from simlab.api.simulator.stored import StoredCurves
from simlab.api.starting.init import init_from_book, init_from_tables
from simlab.api.starting.template import init_template
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Progress, Workers, reach
from simlab.execution.ahead import kernels_ahead, works_beside
from simlab.policies import Policy
from simlab.policies.policy import GIVEN
from simlab.reading import folders_of, read_from, remember
from simlab.run import RunFolder
from simlab.run.folder import BEGUN
from simlab.segments import Segmentation

Command = TypeVar("Command", bound=Callable[..., Any])


def _files_beside(command: Command) -> Command:
    """Let large arrays of a command lie in files without a name beside its run folder, or its study.

    Those that do not are given back to the system as soon as nobody holds them.
    """

    @wraps(command)
    def run(study_path: str | Path, *args: Any, **options: Any) -> Any:
        give_back_at_once()
        out = options.get("out")
        place = Path(study_path).parent if out is None else Path(out).absolute().parent
        with mapped.beside(place if place.is_dir() else Path(study_path).parent):
            return command(study_path, *args, **options)

    return cast(Command, run)


@_files_beside
def run_simulate(
    study_path: str | Path,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    draw: bool = True,
) -> RunResult:
    """Replay the study's targets per segment, or its given levels, and write the run folder.

    Raises
    ------
    InvalidInputError
        The study names no `policy.targets`.
    """
    started = time.perf_counter()
    data = _reached(load(study_path, threads=workers), workers, progress)
    times = {**imports(started), "load": time.perf_counter() - started}
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
    folder = _begun(data, "simulate", {"workers": workers}, out, study.folder, draw, times)
    with kept_if_used(folder):
        simulation = simulate(
            data, policy, segmentation=segmentation, workers=workers, progress=logged(folder, progress)
        )
    with kept_while_written(folder):
        return write_simulation(simulation, folder, times, progress)


def _reached(data: Data, workers: int | None, progress: Progress | None) -> Data:
    """The data, where whoever computes is there: a cluster that does not answer is said before all else."""
    reach(workers_of(data.study, workers), progress)
    return data


_RESUMED: ContextVar[RunFolder | None] = ContextVar("run that is resumed", default=None)


def _new_run(out: Path | None, name: str, base: Path, draw: bool) -> RunFolder:
    """The folder of a run; `draw`: with its page, else `draw_report` draws it later."""
    resumed = _RESUMED.get()
    folder = RunFolder.create(out, name, base) if resumed is None else resumed
    folder.drawn_later = not draw
    return folder


def _begun(
    data: Data,
    command: str,
    options: dict[str, Any],
    out: Path | None,
    base: Path,
    draw: bool,
    times: dict[str, float],
) -> RunFolder:
    """The folder of a run, which notes what the run is made of: the end of reading, and counted there."""
    started = time.perf_counter()
    folder = _new_run(out, data.study.name, base, draw)
    begin(folder, data, command, options)
    times["load"] += time.perf_counter() - started
    return folder


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


@_files_beside
def run_optimize(
    study_path: str | Path,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    curves: Path | None = None,
    draw: bool = True,
) -> RunResult:
    """Optimise the study's segment targets, test them, and write the run folder.

    `curves` is the folder of an earlier run whose curves are used again, where laws, levels, grid and
    seed are the same; what is fresh (the verdict) is simulated either way.
    """
    started = time.perf_counter()
    if progress is not None:
        progress("load", 0, 1)
    stored = None if curves is None else StoredCurves.open(curves)
    data = _reached(load(study_path, threads=workers), workers, progress)
    times = {**imports(started), "load": time.perf_counter() - started}
    options = {"workers": workers, "curves": None if curves is None else str(curves)}
    folder = _begun(data, "optimize", options, out, data.study.folder, draw, times)
    return _optimize(data, folder, workers, progress, times, stored)


def run_demo(
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    draw: bool = True,
) -> RunResult:
    """The made-up retailer from data to report; the run folder lies under the current folder."""
    started = time.perf_counter()
    if progress is not None:
        progress("load", 0, 1)
    data = _reached(replace(demo(), threads=workers), workers, progress)
    times = {**imports(started), "load": time.perf_counter() - started}
    folder = _begun(data, "demo", {"workers": workers}, out, Path.cwd(), draw, times)
    return _optimize(data, folder, workers, progress, times)


def _optimize(
    data: Data,
    folder: RunFolder,
    workers: int | None,
    progress: Progress | None,
    times: dict[str, float],
    stored: StoredCurves | None = None,
) -> RunResult:
    asked = data.study.optimize
    computing, entered = workers_of(data.study, workers), time.perf_counter()
    with begun_beside(data, computing) as last, kernels_ahead() as compiled, ExitStack() as unless_done:
        times = {**times, "imports": times.get("imports", 0.0) + time.perf_counter() - entered}
        data = last.data
        with kept_if_used(folder):
            started = time.perf_counter()
            segmentation = segment(data, workers=workers, progress=progress)
            times = {**times, "fit and segment": time.perf_counter() - started}
            opt = optimize(
                data,
                segmentation,
                fill_rate=asked.fill_rate,
                budget=asked.budget,
                workers=workers,
                progress=logged(folder, progress),
                curves=stored,
                solved=lambda plan, level: last.begin(data, segmentation, plan, level),
            )
        started = time.perf_counter()
        compiled()
        times["compile"] = opt.times.pop("compile", 0.0) + time.perf_counter() - started
        entered = time.perf_counter()
        end_drawing = _begin_drawing(folder, data, computing)  # not before: it takes 0.12 GB
        unless_done.callback(end_drawing)
        times["imports"] += time.perf_counter() - entered
        with kept_while_written(folder):
            result = write_optimization(opt.finance, folder, times, progress, last)
            unless_done.pop_all()
    weakref.finalize(result, end_drawing)
    return result


def _begin_drawing(folder: RunFolder, data: Data, workers: Workers) -> Callable[[], None]:
    """Begin the process that `draw_report` draws the page in, where it is worth one; how it is ended."""
    from simlab.report.apart import begin_drawing, end_drawing

    if folder.drawn_later and folder.path in BEGUN and works_beside(workers, data.catalog.n_items):
        begin_drawing(folder.path)
    return partial(end_drawing, folder.path)


@_files_beside
def run_compare_schemes(
    study_path: str | Path,
    schemes: Sequence[str] | None = None,
    out: Path | None = None,
    rounds: Rounds | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    draw: bool = True,
) -> RunResult:
    """Hold a contest of schemes on a study and write its run folder.

    Parameters
    ----------
    schemes : sequence of str, optional
        As in `compare`; everything that the items allow if left out.
    """
    started = time.perf_counter()
    if progress is not None:
        progress("load", 0, 1)
    data = _reached(load(study_path, threads=workers), workers, progress)
    times = {**imports(started), "load": time.perf_counter() - started}
    said = None if schemes is None else list(schemes)
    asked = None if rounds is None else asdict(rounds)
    options = {"workers": workers, "schemes": said, "rounds": asked}
    folder = _begun(data, "compare schemes", options, out, data.study.folder, draw, times)
    with kept_if_used(folder):
        contest = compare(data, schemes, rounds=rounds, workers=workers, progress=logged(folder, progress))
    with kept_while_written(folder):
        return write_contest(contest, folder, times, progress)


def init(
    folder: str | Path,
    items: str | Path | None = None,
    demand: str | Path | None = None,
    receipts: str | Path | None = None,
    *,
    book: str | Path | None = None,
    template: bool = False,
    scale: int | None = None,
) -> list[Path]:
    """Write a study file that fits tables of one's own, or the demo's tables and study; nothing is replaced.

    Parameters
    ----------
    folder : path
        Made if it does not exist.
    items, demand, receipts : path, optional
        CSV, Parquet or a workbook of one sheet. The study points to them, they stay as they are: period,
        dates, columns under other names and rows that need a rule are found. Studies in `folder` may read
        where they lie from now on, for this user. None of them: the demo.
    book : path, optional
        A workbook that holds all tables: which sheet is which is found by the columns.
    template : bool
        Write an empty workbook to fill in, and a study that reads it.
    scale : int, optional
        Write a made-up study of so many SKU-locations by the week, block by block as Parquet: to see what
        a size takes.

    Raises
    ------
    UsageError
        The folder already holds a study, one of `items` and `demand` is missing, or more than one way is
        named (tables, book, template).
    InvalidInputError
        Files that are not there and columns that are needed, all at once; nothing is written.
    """
    own = items is not None or demand is not None or receipts is not None
    if own + (book is not None) + template + (scale is not None) > 1:
        raise UsageError("tables (--items …), --book, --template and --scale: one of them at a time")
    if scale is not None:
        from simlab.samples import write_scale

        return list(write_scale(Path(folder), scale))
    named = [Path(one) for one in (items, demand, receipts, book) if one is not None]
    places = folders_of(named)
    read_from(places)  # who names them here need not allow them again
    if book is not None:
        written = init_from_book(Path(folder), Path(book))
        remember(Path(folder), places)
        return written
    if template:
        return init_template(Path(folder))
    if not own:
        from simlab.samples import write_sample

        return list(write_sample(Path(folder)))
    tables = [None if one is None else Path(one) for one in (items, demand, receipts)]
    written = init_from_tables(Path(folder), tables[0], tables[1], tables[2])
    remember(Path(folder), places)
    return written


@_files_beside
def run_audit(
    study_path: str | Path,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    draw: bool = True,
) -> RunResult:
    """Audit the study's targets and the habit, and write the run folder.

    `results/audit.parquet` and `results/audit.csv` hold the waterfall, `figures` its charts; `report.html`
    shows both.
    """
    started = time.perf_counter()
    data = _reached(load(study_path, threads=workers), workers, progress)
    times = {**imports(started), "load": time.perf_counter() - started}
    folder = _begun(data, "audit", {"workers": workers}, out, data.study.folder, draw, times)
    with kept_if_used(folder):
        result = audit(data, workers=workers, progress=logged(folder, progress))
    with kept_while_written(folder):
        return write_audit(result, folder, times, progress)


@_files_beside
def run_gate(
    study_path: str | Path,
    *,
    proposed: Path | None = None,
    current: str | None = None,
    release: Sequence[str] = (),
    accept_misfit: Sequence[str] = (),
    replications: int | None = None,
    weeks: float | None = None,
    waves: int | None = None,
    by: str = "supplier",
    weeks_apart: int = 4,
    out: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Gate, RunResult]:
    """Decide whether a proposed plan may replace today's levels, and write the gate's folder."""
    found = gate(
        study_path,
        proposed=proposed,
        current=current,
        release=release,
        accept_misfit=accept_misfit,
        replications=replications,
        weeks=weeks,
        waves=WavePlan(waves, by, weeks_apart),
        workers=workers,
        progress=progress,
    )
    return found, found.write(out, progress)


def resume(run: str | Path, progress: Progress | None = None, draw: bool = True) -> RunResult:
    """Compute a run that did not finish to its end; blocks that it stored are not simulated again.

    Raises
    ------
    UsageError
        There is no such run, nothing of it is left to do, or another process computes it.
    InvalidInputError
        Inputs, study, sources or versions are not those that the run began with; each is named.
    """
    folder = RunFolder.reopen(Path(run))
    return computed(folder, *went_on(folder), progress, draw)


def computed(
    folder: RunFolder,
    command: str,
    study_file: Path,
    options: dict[str, Any],
    progress: Progress | None = None,
    draw: bool = False,
) -> RunResult:
    """Compute what a command would into a folder that is there; `options` as the folder's beginning notes."""
    workers = options.get("workers")
    token = _RESUMED.set(folder)
    try:
        if command == "demo":
            return run_demo(None, workers, progress, draw)
        if command == "simulate":
            return run_simulate(study_file, None, workers, progress, draw)
        if command == "audit":
            return run_audit(study_file, None, workers, progress, draw)
        if command == "compare schemes":
            rounds = None if options["rounds"] is None else Rounds(**_tuples(options["rounds"]))
            schemes = options["schemes"]
            return run_compare_schemes(study_file, schemes, None, rounds, workers, progress, draw)
        curves = None if options.get("curves") is None else Path(options["curves"])
        return run_optimize(study_file, None, workers, progress, curves, draw)
    finally:
        _RESUMED.reset(token)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Lists of JSON as the tuples that they were."""
    return {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
