"""``python -m simlab`` is the command line, too."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def leave_the_working_folder() -> None:
    """Import nothing more from where ``python -m`` was called, unless simlab itself lies there."""
    if not sys.path or sys.flags.safe_path:
        return
    try:
        first = Path(sys.path[0] or os.curdir).resolve()
        Path.cwd()
    except FileNotFoundError:  # it was removed; the command line says so
        del sys.path[0]
        return
    if first == Path.cwd() and first != Path(__file__).resolve().parent.parent:
        del sys.path[0]


leave_the_working_folder()

from simlab.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
