"""Page and workbook of a run whose tables are complete, drawn when the numbers are told, or anew."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from pathlib import Path

from simlab.api.output.record import RunResult
from simlab.api.settings import give_back
from simlab.run import RunFolder
from simlab.run.folder import refuse_damaged


def draw_report(result: RunResult, *, figures: bool = False) -> RunResult:
    """Draw page and workbook of a run made with ``draw=False``, in processes of their own, and complete it.

    Where such a process dies the run is complete all the same, without a page; `RunResult.faults` says so.
    `figures`: as of `render_report`.
    """
    from simlab.report.apart import draw_apart
    from simlab.report.book.book import on_request

    started = time.perf_counter()
    drawn = draw_apart(result.folder, figures=figures, let_go=_let_go)
    folder = RunFolder.open(result.folder, sealed=True)
    folder.complete()
    seconds = time.perf_counter() - started
    folder.log("stage", stage="report", seconds=round(seconds, 3), **drawn.faults)
    faults, times = {**result.faults, **drawn.faults}, {**result.times, "report": seconds}
    result = replace(result, report=drawn.report, book=drawn.book, faults=faults, times=times)
    return replace(result, book_on_request=on_request(folder.manifest))


def _let_go() -> None:
    """Free what was simulated: nothing is drawn from it."""
    gc.collect()
    give_back()


def with_places(result: RunResult) -> RunResult:
    """The result with page and workbook where they will be, for a screen that is printed before."""
    from simlab.report.book.book import BOOK, on_request, wanted
    from simlab.report.kit.reading import REPORT

    manifest = RunFolder.open(result.folder, sealed=True).manifest
    book = result.folder / BOOK if wanted(manifest) else None
    return replace(result, report=result.folder / REPORT, book=book, book_on_request=on_request(manifest))


def render_report(
    run_dir: str | Path,
    *,
    apart: bool = False,
    excel: bool | None = None,
    figures: bool = False,
    partial: bool = False,
) -> Path:
    """Draw page and workbook of a finished run anew from its tables.

    Parameters
    ----------
    apart : bool
        In processes of their own.
    excel : bool, optional
        Whether the workbook is made; left out: for runs of up to 100,000 SKU-locations.
    figures : bool
        Every chart of the page as `figures/<name>.svg` and `.png`, too. Pages of contests, audits and gates
        carry theirs anyhow.
    partial : bool
        Of a run that did not finish: a page of what is there, with a watermark; `resume` removes it.

    Raises
    ------
    DrawingError
        One of them could not be made.
    IncompleteError
        The run did not finish, and `partial` was not asked for.
    InvalidInputError
        A table of the run is missing or was changed.
    """
    from simlab.report.apart import DrawingError, draw_apart, draw_here
    from simlab.report.unfinished import render_unfinished

    unfinished = RunFolder.unfinished(Path(run_dir)) if partial else None
    if unfinished is not None:
        return render_unfinished(unfinished)
    folder = RunFolder.open(Path(run_dir), sealed=True)
    refuse_damaged(folder, drawn=False)
    if apart:
        drawn = draw_apart(folder.path, excel=excel, figures=figures)
    else:
        drawn = draw_here(folder, excel=excel, figures=figures)
    if drawn.report is None or drawn.faults:
        raise DrawingError("; ".join(drawn.faults.values()))
    RunFolder.open(folder.path, sealed=True).complete()
    return drawn.report
