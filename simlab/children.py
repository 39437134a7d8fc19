"""Processes that simlab starts: they import what is installed, never what lies in the working folder.

Python puts the working folder first on its path in ``python -c`` and ``python -m``, so that a ``random.py``
beside somebody's data would run. PYTHONSAFEPATH (Python 3.11) ends that; the children of children inherit it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

SAFE_PATH = "PYTHONSAFEPATH"
_STARTED: WeakSet[subprocess.Popen[bytes]] = WeakSet()


def start_python(
    code: str,
    *arguments: str,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
) -> subprocess.Popen[bytes]:
    """An interpreter that runs `code`; streams as of `subprocess.Popen`.

    Raises
    ------
    OSError
        The system gives no further process.
    """
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, SAFE_PATH: "1"}
    process = subprocess.Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)
    _STARTED.add(process)
    return process


@contextmanager
def safe_path() -> Iterator[None]:
    """Whatever is started meanwhile, by whichever library, keeps away from the working folder."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SAFE_PATH, None)
        else:
            os.environ[SAFE_PATH] = before


def end_children() -> None:
    """Kill every process that this one started, and theirs; for one that is about to end itself."""
    for process in list(_STARTED):
        with suppress(OSError):
            process.kill()
    for pid in _descendants(os.getpid()):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    """Processes below one, the farthest first; none where the system does not tell."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                found += [*_descendants(int(child)), int(child)]
    return found
