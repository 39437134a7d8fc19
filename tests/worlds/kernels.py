"""Workers of one test run compile every kernel once between them: who comes second waits and reads it."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_MOST_SECONDS = 120.0
"""Waiting longer than this, a worker compiles for itself: no two can wait for each other for ever."""


@contextmanager
def alone(path: Path, seconds: float = _MOST_SECONDS) -> Iterator[None]:
    """Hold a file as the only process; after so many seconds of waiting without it."""
    import fcntl

    with path.open("w") as file:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.02)
        yield


@contextmanager
def compiled_once() -> Iterator[None]:
    """Inside, a worker of pytest-xdist compiles no kernel that another worker is compiling."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None or os.name != "posix":
        yield
        return
    from numba.core.dispatcher import Dispatcher

    folder = Path(tempfile.gettempdir()) / f"simlab-tests-{run}"
    folder.mkdir(exist_ok=True)
    real, mine = Dispatcher.compile, threading.local()

    def compile_or_wait(self: Any, signature: Any) -> Any:
        name = f"{self.py_func.__module__}.{self.py_func.__name__}"
        held = vars(mine).setdefault("held", set())
        if name in held:
            return real(self, signature)
        held.add(name)
        try:
            with alone(folder / name):
                return real(self, signature)
        finally:
            held.discard(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatcher, "compile", compile_or_wait)
        yield
