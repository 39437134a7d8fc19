"""A run folder: tables, log, manifest and page written and sealed, one way for every command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from simlab.api.data.data import Data
from simlab.api.output.apart import Analyses
from simlab.api.output.beginning import begun_as
from simlab.api.output.brief import Brief
from simlab.api.output.manifest import study_place
from simlab.errors import IncompleteError, SimlabError
from simlab.execution import Progress
from simlab.execution.kept import keeping
from simlab.measures.shown import Public
from simlab.models.history.no_history import no_history_frame
from simlab.run import RunFolder
from simlab.run.folder import BLOCKS, SEALED
from simlab.run.spreadsheet import csv_text
from simlab.run.statements import TABLE as STATEMENTS
from simlab.run.statements import Statement, lines, statements_frame

_UNLOGGED = ("imports", "load", "fit and segment", "write")
"""Stages that end before a folder's log begins, or after progress is told."""


Written: TypeAlias = dict[str, Callable[[], pd.DataFrame | None]]
"""Weak references to tables that lie in the folder, by name."""


def _nothing() -> None:
    """No table of that name was written."""


@dataclass(frozen=True, eq=False, repr=False)
class RunResult(Public):
    """What a command leaves behind.

    Attributes
    ----------
    folder : Path
        The run folder.
    report, book : Path or None
        The report in it, as a page and as a workbook.
    told : tuple of Statement
        The outcome in sentences, with how each stands.
    tables : dict of str to DataFrame
        What a person wants to see of it; everything lies under `results`.
    times : dict of str to float
        Seconds per stage.
    faults : dict of str to str
        Analyses, or the page, that could not be made, and why; everything else stands.
    brief : Brief or None
        What fits a screen, where the command decides on a plan.
    book_on_request : bool
        Whether the workbook is made only when it is asked for, as the run is very large.
    """

    folder: Path
    report: Path | None
    told: tuple[Statement, ...]
    tables: dict[str, pd.DataFrame]
    times: dict[str, float] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    brief: Brief | None = None
    book: Path | None = None
    book_on_request: bool = False

    @property
    def statements(self) -> tuple[str, ...]:
        """The outcome in sentences, with intervals."""
        return lines(self.told)


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
    told : tuple of Statement
        The outcome in sentences.
    facts : dict
        The manifest, without command and times.
    times : dict of str to float
        Seconds per stage so far.
    files : dict of str to bytes
        Further files by their place in the folder.
    analyses : Analyses
        What failed of them.
    written : dict of str to weak reference
        Tables that lie in the folder already; one that was replaced is let go.
    has_page : bool
        Whether a report is drawn.
    texts : dict
        Columns that lie packed beside their tables, as `RunFolder.write_table` takes them.
    """

    data: Data
    command: str
    frames: dict[str, pd.DataFrame]
    shown: dict[str, pd.DataFrame]
    told: tuple[Statement, ...]
    facts: dict[str, Any]
    times: dict[str, float]
    files: dict[str, bytes] = field(default_factory=dict)
    analyses: Analyses = field(default_factory=Analyses)
    written: Written = field(default_factory=dict)
    has_page: bool = True
    texts: dict[str, dict[str, tuple[int, Sequence[str]]]] = field(default_factory=dict)


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
    """Store blocks as they finish; take the run folder back where the study has no answer.

    A run that is stopped, or fails, is kept: `simlab resume` goes on from its blocks.
    """
    folder.lock()
    try:
        with keeping(folder.path / BLOCKS):
            yield
    except (SimlabError, ValueError, TypeError) as error:
        if not isinstance(error, IncompleteError):
            folder.discard()
            raise
        _stopped(folder, error)  # the disk is full, workers are lost: what is there is gone on from
        raise
    except BaseException as error:
        _stopped(folder, error)
        raise


@contextmanager
def kept_while_written(folder: RunFolder) -> Iterator[None]:
    """Store blocks that analyses compute, too; whatever fails, what was simulated stays."""
    try:
        with keeping(folder.path / BLOCKS):
            yield
    except BaseException as error:
        _stopped(folder, error)
        raise


def _stopped(folder: RunFolder, error: BaseException) -> None:
    """Say in the log why a run ends before its end, and let another process go on."""
    told = _without_places(str(error), folder.path)
    with suppress(IncompleteError):
        why = told if isinstance(error, IncompleteError) else f"It ended with {type(error).__name__}."
        folder.log("stopped", why=why)
    folder.release()


def _without_places(words: str, folder: Path) -> str:
    """A message as the log keeps it: nobody else's folders."""
    return words.replace(str(folder), "RUN")


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
        if frame is not record.written.get(name, _nothing)():
            folder.write_table(name, frame, record.texts.get(name))
    folder.write_table(STATEMENTS, statements_frame(record.told))
    folder.write_table("quality", record.data.quality.to_frame())
    left_out = no_history_frame(record.data.catalog)
    if left_out is not None:
        folder.write_table("no_history", left_out)
        folder.write_text("results/no_history.csv", csv_text(left_out))
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
            **begun_as(folder),
            "times": rounded,
            **({"faults": record.analyses.faults} if record.analyses.faults else {}),
        },
        status=SEALED,
    )
    folder.drop_blocks()
    faults = dict(record.analyses.faults)
    result = RunResult(folder.path, None, record.told, record.shown, times, faults)
    if not record.has_page:
        folder.complete()
        return result
    return result if folder.drawn_later else _drawn(result, folder, progress)


def _drawn(result: RunResult, folder: RunFolder, progress: Progress | None) -> RunResult:
    """The result with page and workbook, drawn in this process, and the run complete."""
    from simlab.report.apart import draw_here

    if progress is not None:
        progress("report", 0, 1)
    started = time.perf_counter()
    drawn = draw_here(folder)
    folder.complete()
    times = {**result.times, "report": time.perf_counter() - started}
    folder.log("stage", stage="report", seconds=round(times["report"], 3))
    if progress is not None:
        progress("report", 1, 1)
    faults = {**result.faults, **drawn.faults}
    return replace(result, report=drawn.report, book=drawn.book, faults=faults, times=times)
