"""Drawing in a process of its own, which may die without taking the numbers along.

A chart library in another language can abort (a name that it cannot draw, memory that is limited); then the
run stands, and its page can be drawn later.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simlab.children import start_python
from simlab.errors import SimlabError
from simlab.report.render import render
from simlab.run import RunFolder

_CODE = f"from {__name__} import draw_here; draw_here()"


class DrawingError(SimlabError):
    """The page could not be drawn; the run's tables are complete."""


def draw_apart(folder: Path) -> Path:
    """Draw the page of a sealed run in another process.

    Raises
    ------
    DrawingError
        It ended without a page; the message has its last words.
    """
    try:
        process = start_python(_CODE, str(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise DrawingError(f"the page was not drawn: {error.strerror or error}") from error
    try:
        path, words = process.communicate()
    finally:
        process.kill()
        process.wait()
    if process.returncode == 0:
        return Path(path.decode("utf-8"))
    last = [line for line in words.decode("utf-8", "replace").splitlines() if line.strip()][-1:]
    ended = f"its process ended with {process.returncode}"
    why = last[0].strip() if last and process.returncode > 0 else ended
    raise DrawingError(f"the page was not drawn: {why}")


def draw_here() -> None:
    """What the other process does: its argument is the run folder, its output the path of the page."""
    page = render(RunFolder.open(Path(sys.argv[1]), sealed=True))
    sys.stdout.buffer.write(str(page).encode("utf-8"))
