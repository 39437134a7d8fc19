"""Processes that simlab starts: they import what is installed, never what lies in the working folder.

Python puts the working folder first on its path in ``python -c`` and ``python -m``, so that a ``random.py``
beside somebody's data would run. PYTHONSAFEPATH (Python 3.11) ends that; the children of children inherit it.

Where the system can copy a process (Linux), work that holds the interpreter goes on in a copy beside this
one: it has all that is in memory already, and hands back what it found. Nothing depends on it: who asks a
copy that is lost does the work itself.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
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


def can_copy() -> bool:
    """Whether a copy of this process can work beside it: on Linux, asked for by the main thread."""
    return sys.platform == "linux" and threading.current_thread() is threading.main_thread()


class LostError(RuntimeError):
    """A copy ended without an answer; the message says how."""


@dataclass(frozen=True)
class Form:
    """How values travel between a process and its copy: bytes, of which nothing is executed.

    Attributes
    ----------
    packed : callable
        A value as bytes; TypeError or ValueError where it has no such form.
    unpacked : callable
        The value again.
    """

    packed: Callable[[Any], bytes] = lambda value: json.dumps(value).encode()
    unpacked: Callable[[bytes], Any] = json.loads


_JSON = Form()
_FOUND, _FAILED = b"+", b"-"
"""First byte of an answer; an error's words follow the second."""


@dataclass(eq=False)
class Copy:
    """A copy of this process that works beside it, until it has answered or is ended.

    Attributes
    ----------
    pid : int
    """

    pid: int
    _to: int
    _from: int
    _form: Form
    _code: int | None = field(default=None)
    _reader: threading.Thread | None = field(default=None)
    _answer: bytes = field(default=b"")

    def ask(self, request: object) -> None:
        """Send what its work takes, whenever it comes to read it.

        Raises
        ------
        LostError
            The request has no form in which it could be sent.
        """
        try:
            data = self._form.packed(request)
        except (TypeError, ValueError) as error:
            raise LostError(str(error)) from error
        handle, self._to = self._to, -1
        threading.Thread(target=_send, args=(handle, data), daemon=True).start()

    def collect(self) -> None:
        """Take what it returns as soon as it does, so that it ends then: until `answer` it would stay."""
        if self._from >= 0 and self._reader is None:
            self._reader = threading.Thread(target=self._take, daemon=True)
            self._reader.start()

    def _take(self) -> None:
        self._answer = _read(self._from, lambda: _hangs(self.pid))

    def answer(self) -> Any:
        """What its work returned.

        Raises
        ------
        LostError
            It failed, died, or does nothing any more.
        """
        if self._from < 0:
            raise LostError("it has ended")
        self._to = _closed(self._to)
        if self._reader is None:
            self._take()
        else:
            self._reader.join()
        data, self._answer = self._answer, b""
        self._from = _closed(self._from)
        if not data:  # dead already, or it hangs
            with suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
        self._end()
        if not data:
            raise LostError(f"its process ended with {self._code}")
        if data[:1] != _FOUND:
            raise LostError(data[1:].decode("utf-8"))
        return self._form.unpacked(data[1:])

    def end(self) -> None:
        """End it, whatever it does."""
        self._to = _closed(self._to)
        if self._code is None:
            with suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
            self._end()
        if self._reader is not None:
            self._reader.join()  # it has nothing to read any more
        self._from = _closed(self._from)

    def _end(self) -> None:
        if self._code is None:
            self._code = 0
            with suppress(OSError):
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def copied(work: Callable[[Callable[[], Any]], Any], form: Form = _JSON) -> Iterator[Copy | None]:
    """A copy of this process that does `work`; None where there can be none. It ends with the block.

    `work` is given a function that waits for what `Copy.ask` sends; that and what it returns travel in a form
    (JSON if left out). The copy has no files, streams or threads of this process, and ends when that does.
    """
    copy = begin_copy(work, form)
    try:
        yield copy
    finally:
        if copy is not None:
            copy.end()


def begin_copy(work: Callable[[Callable[[], Any]], Any], form: Form = _JSON) -> Copy | None:
    """As `copied`, for who ends it: with this process it ends anyhow."""
    return _copy(work, form) if can_copy() else None


def _copy(work: Callable[[Callable[[], Any]], Any], form: Form) -> Copy | None:
    """Fork; None where the system gives no further process."""
    (inbox, to), (back, outbox) = os.pipe(), os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the copy uses none of them
            pid = os.fork()
    except OSError:
        for handle in (inbox, to, back, outbox):
            os.close(handle)
        return None
    if pid:
        os.close(inbox)
        os.close(outbox)
        return Copy(pid, to, back, form)
    code = 1
    try:
        _alone(parent, inbox, outbox)
        for part in _done(work, inbox, form):
            _write(outbox, part)
        code = 0
    finally:
        os._exit(code)


def _done(work: Callable[[Callable[[], Any]], Any], inbox: int, form: Form) -> tuple[bytes, bytes]:
    """What the work found, or how it failed, as bytes."""
    try:
        return _FOUND, form.packed(work(lambda: form.unpacked(_read(inbox, lambda: False))))
    except Exception as error:
        return _FAILED, traceback.format_exception_only(error)[-1].strip().encode("utf-8", "replace")


def _alone(parent: int, *kept: int) -> None:
    """Let go of what belongs to the process that was copied: signals, streams, files and locks."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != parent:  # dead before that was asked for
        os._exit(1)
    gc.freeze()  # what was there stays shared
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout, sys.stderr = open(os.devnull, "w"), open(os.devnull, "w")  # noqa: SIM115
    mine = {0, 1, 2, *kept, sys.stdout.fileno(), sys.stderr.fileno()}
    for handle in [int(name) for name in os.listdir("/proc/self/fd")]:
        if handle not in mine:
            with suppress(OSError):
                os.dup2(nothing, handle)  # whoever holds it may close it later, and no other of that number


_PARENT_DEATH = 1
_PATIENCE = 20.0
"""Seconds without work after which a copy counts as lost; of one that works is waited for."""


def _closed(handle: int) -> int:
    if handle >= 0:
        os.close(handle)
    return -1


def _send(handle: int, data: bytes) -> None:
    with suppress(OSError):
        _write(handle, data)
    os.close(handle)


def _write(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _read(handle: int, lost: Callable[[], bool]) -> bytes:
    """All that comes until the other end is closed; nothing where it is lost meanwhile."""
    parts: list[bytes] = []
    while True:
        if select.select([handle], [], [], 1.0)[0]:
            part = os.read(handle, 1 << 20)
            if not part:
                return b"".join(parts)
            parts.append(part)
        elif lost():
            return b""


_SEEN: dict[int, tuple[float, float]] = {}


def _hangs(pid: int) -> bool:
    """Whether a process and all that it started sleep, and have not computed for `_PATIENCE` seconds."""
    spent, asleep, now = 0.0, True, time.monotonic()
    for one in (pid, *_descendants(pid)):
        with suppress(OSError):
            words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            spent += float(words[11]) + float(words[12])
            asleep &= words[0] in "SZ"
    before, since = _SEEN.get(pid, (-1.0, now))
    if spent != before or not asleep:
        _SEEN[pid] = spent, now
        return False
    return now - since > _PATIENCE


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
