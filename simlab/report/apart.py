"""Drawing in processes of their own, which may die without taking the numbers along.

A chart library in another language can abort (a name that it cannot draw, memory that is limited); then the
run stands, and its page can be drawn later. The workbook of a large run is written beside the page.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.children import Copy, LostError, begin_copy, can_copy, copied, start_python
from simlab.errors import SimlabError
from simlab.report.book.book import BOOK, has_book, wanted, write_book
from simlab.report.kit.reading import REPORT
from simlab.run import RunFolder

if TYPE_CHECKING:
    from simlab.report.kit.beside import Beside

_CODE = f"from {__name__} import work; work()"
_SMALL = 3_000
"""SKU-locations up to which a process of its own costs more than the workbook."""
_LARGE = 50_000
"""SKU-locations above which page and workbook are drawn in turn: each reads tables of all of them."""
PAGE = "report"
WORKBOOK = "workbook"


class DrawingError(SimlabError):
    """The page, or the workbook, could not be made; the run's tables are complete."""


@dataclass(frozen=True)
class Drawn:
    """What was made of a run's tables.

    Attributes
    ----------
    report, book : Path or None
        Page and workbook.
    faults : dict of str to str
        What could not be made, and why.
    """

    report: Path | None = None
    book: Path | None = None
    faults: dict[str, str] = field(default_factory=dict)


def draw_apart(
    folder: Path,
    *,
    excel: bool | None = None,
    figures: bool = False,
    let_go: Callable[[], None] = lambda: None,
) -> Drawn:
    """Page and workbook of a sealed run, drawn in other processes and noted in its manifest.

    Parameters
    ----------
    folder : Path
    excel : bool, optional
        Whether the workbook is made; left out: where the command has one and the run is not very large.
    figures : bool
        Whether the charts of a plan's page are drawn as SVG and PNG, too; other pages carry theirs anyhow.
    let_go : callable
        Frees memory of this process: meanwhile where the page's process was begun ahead, else before it is.
    """
    ahead = folder.resolve() in _AHEAD
    if not ahead:
        let_go()
    book = _with_book(RunFolder.open(folder, sealed=True), excel)
    n = _n_items(folder)
    alone, later = can_copy() or n > _SMALL, n > _LARGE
    found, faults = dict[str, Path](), dict[str, str]()
    first = [PAGE, WORKBOOK] if book and not alone else [PAGE]
    second = [WORKBOOK] if book and alone and not later else []
    with _started(folder, first, figures) as process:
        if ahead:
            let_go()
        with _started(folder, second) as other:
            _collect(process, first, found, faults)
            _collect(other, second, found, faults)
    missed = PAGE in faults and len(first) > 1 and WORKBOOK not in found
    if missed or (book and alone and later):
        with _started(folder, [WORKBOOK]) as process:
            _collect(process, [WORKBOOK], found, faults)
    return _noted(folder, found, faults)


def draw_here(run: RunFolder, *, excel: bool | None = None, figures: bool = False) -> Drawn:
    """Page and workbook in this process, but for the workbook of a large run.

    Raises
    ------
    InvalidInputError
        A table is damaged or lacks a column.
    """
    found, faults, book = dict[str, Path](), dict[str, str](), _with_book(run, excel)
    large = book and _n_items(run.path) > _SMALL
    with _started(run.path, [WORKBOOK] if large else []) as process:
        found[PAGE] = render(run, figures=figures)
        if large:
            _collect(process, [WORKBOOK], found, faults)
    if book and not large:
        found[WORKBOOK] = write_book(run)
    drawn = Drawn(found.get(PAGE), found.get(WORKBOOK), faults)
    if drawn.book is not None:
        run.register([drawn.book])
    return drawn


def _with_book(run: RunFolder, excel: bool | None) -> bool:
    return wanted(run.manifest) if excel is None else excel and has_book(run.manifest)


def _n_items(folder: Path) -> int:
    return int(RunFolder.open(folder, sealed=True).manifest.get("n_items") or 0)


def _noted(folder: Path, found: dict[str, Path], faults: dict[str, str]) -> Drawn:
    """The workbook in the manifest; the page is there already, or nothing of it where it came to no end."""
    run = RunFolder.open(folder, sealed=True)
    if PAGE in faults:
        files = run.manifest.get("files", {})
        for path in (folder / REPORT, *sorted((folder / "figures").glob("*"))):
            if path.relative_to(folder).as_posix() not in files:
                path.unlink(missing_ok=True)
    if WORKBOOK in found:
        run.register([found[WORKBOOK]])
    return Drawn(found.get(PAGE), found.get(WORKBOOK), faults)


_Process = Copy | subprocess.Popen[bytes] | OSError | None


@contextmanager
def _started(folder: Path, what: list[str], figures: bool = False) -> Iterator[_Process]:
    """A process that makes `what`; None of nothing, the error where the system gives no process.

    A copy of this one where there can be: it has imported already what reading tables takes. For the page the
    one that was begun ahead, see `begin_drawing`.
    """
    ahead = _AHEAD.pop(folder.resolve(), None) if PAGE in what else None
    if ahead is not None:
        with suppress(LostError):
            ahead.ask([str(folder), what, figures])
        try:
            yield ahead
        finally:
            ahead.end()
        return
    if what and can_copy():
        with copied(lambda _: _paths(_made(folder, what, figures=figures))) as copy:
            yield OSError("the system gives no process") if copy is None else copy
        return
    process: subprocess.Popen[bytes] | OSError | None = None
    try:
        if what:
            pipe, pictured = subprocess.PIPE, "figures" if figures else ""
            process = start_python(_CODE, str(folder), pictured, *what, stdout=pipe, stderr=pipe)
    except OSError as error:
        process = error
    try:
        yield process
    finally:
        if isinstance(process, subprocess.Popen):
            process.kill()
            process.wait()


_AHEAD: dict[Path, Copy] = {}


def begin_drawing(folder: Path) -> None:
    """Begin the process that will draw the page of a run: it imports what that takes while the run goes on.

    `draw_apart` takes it; whoever comes to no page ends it by `end_drawing`.
    """
    copy = begin_copy(_when_told)
    if copy is not None:
        _AHEAD[folder.resolve()] = copy


def end_drawing(folder: Path) -> None:
    """End the process of `begin_drawing` that nobody asked for a page."""
    copy = _AHEAD.pop(folder.resolve(), None)
    if copy is not None:
        copy.end()


def _when_told(wait: Callable[[], Any]) -> dict[str, str]:
    """What the process of `begin_drawing` does."""
    from simlab.report.render import ready

    with ready() as drawing:
        folder, what, figures = wait()
        return _paths(_made(Path(folder), what, drawing, figures=figures))


def _collect(
    process: _Process,
    what: list[str],
    found: dict[str, Path],
    faults: dict[str, str],
) -> None:
    """Wait for a process: what it made, and why not."""
    if process is None:
        return
    if isinstance(process, OSError):
        faults.update(dict.fromkeys(what, f"was not made: {process.strerror or process}"))
        return
    if isinstance(process, Copy):
        try:
            found.update({name: Path(path) for name, path in process.answer().items()})
        except LostError as error:
            faults.update({name: _fault(name, str(error)) for name in what})
        return
    made, words = process.communicate()
    lines = [json.loads(line) for line in made.decode("utf-8").splitlines() if line.startswith("{")]
    for line in lines:
        found.update({name: Path(path) for name, path in line.items()})
    missing = [name for name in what if name not in found]
    last = [line for line in words.decode("utf-8", "replace").splitlines() if line.strip()][-1:]
    ended = f"its process ended with {process.returncode}"
    why = last[0].strip() if last and process.returncode > 0 else ended
    faults.update({name: _fault(name, why) for name in missing})


def _fault(name: str, why: str) -> str:
    return f"the {'page' if name == PAGE else name} was not drawn: {why}"


def _made(
    folder: Path, what: list[str], drawing: Beside | None = None, *, figures: bool = False
) -> dict[str, Path]:
    """Make page or workbook here."""
    runs = {name: RunFolder.open(folder, sealed=True) for name in what}
    return {
        name: render(run, drawing, figures=figures) if name == PAGE else write_book(run)
        for name, run in runs.items()
    }


def _paths(made: dict[str, Path]) -> dict[str, str]:
    return {name: str(path) for name, path in made.items()}


def render(run: RunFolder, drawing: Beside | None = None, *, figures: bool = False) -> Path:
    """The page; the charts' library, which takes half a second to import, is imported for it alone."""
    from simlab.report.render import render as drawn

    return drawn(run, drawing, figures=figures)


def work() -> None:
    """What the other process does: arguments are folder, "figures" or nothing, what to make; JSON lines."""
    folder, pictured, *what = sys.argv[1:]
    for name in what:
        made = _made(Path(folder), [name], figures=bool(pictured))
        sys.stdout.write(json.dumps(_paths(made)) + "\n")
        sys.stdout.flush()


__all__ = ["BOOK", "DrawingError", "Drawn", "draw_apart", "draw_here"]
