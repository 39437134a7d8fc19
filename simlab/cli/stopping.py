"""Ctrl-C and SIGTERM end a command within seconds, whatever it is doing, and leave no process behind.

Python hands a signal to the main thread when that comes back to the interpreter; compiled loops, a compiler
and solvers may keep it away for minutes. A thread therefore watches the byte that the system's own handler
writes: what has not ended by itself after a moment is ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from simlab.children import end_children

PATIENCE = 1.5
"""Seconds that a command gets to end by itself."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHELL = 128  # shells report a signal as this plus its number


class _Seen:
    number = 0
    told = False
    watched = False


def exit_code() -> int | None:
    """The exit code of the signal that came; None if none did."""
    return _SHELL + _Seen.number if _Seen.number else None


def watch_signals() -> None:
    """Begin to watch; once in a process, from its main thread."""
    if _Seen.watched or threading.current_thread() is not threading.main_thread():
        return
    _Seen.watched = True
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    for number in _SIGNALS:
        signal.signal(number, _raise)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=_watch, args=(reader, writer), name="signals", daemon=True)
    thread.start()


def _raise(number: int, frame: FrameType | None) -> None:
    _Seen.number = number
    raise KeyboardInterrupt


def _watch(reader: socket.socket, writer: socket.socket) -> None:
    """Wait for a signal, then for the command, then for nothing more; `writer` is kept open by it."""
    while (byte := reader.recv(1)) and byte[0] not in _SIGNALS:
        pass
    if not byte:
        return
    _Seen.number = byte[0]
    time.sleep(PATIENCE)
    end_children()
    writer.close()
    said_once()
    os._exit(_SHELL + byte[0])


def said_once() -> None:
    """Say that it was interrupted, unless that was said."""
    if not _Seen.told:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{words()}\n")
            sys.stderr.flush()


def words() -> str:
    """What is said on the way out, with the run that was left behind."""
    _Seen.told = True
    return "; ".join(["interrupted", *left_behind()])


def left_behind() -> list[str]:
    """What the run that this process began and did not complete is good for."""
    folder = sys.modules.get("simlab.run.folder")
    begun = [] if folder is None else [path for path in folder.BEGUN if (path / "manifest.json").is_file()]
    if not begun:
        return []
    if _sealed(begun[-1]):
        return [f"the tables of {begun[-1]} are complete: simlab report {begun[-1]} draws its page"]
    return [f"{begun[-1]} is not complete: simlab resume {begun[-1]}"]


def _sealed(run: Path) -> bool:
    """Whether nothing but drawing is left."""
    try:
        return bool(json.loads((run / "manifest.json").read_text("utf-8")).get("status") == "sealed")
    except (OSError, ValueError, AttributeError):
        return False
