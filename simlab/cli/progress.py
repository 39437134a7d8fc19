"""Progress on stderr in one line: people who watch see it move, pipes and logs get it every ten seconds."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

_ASKED: list[float] = []
Report = Callable[[str, int, int], None]

STAGES = ("load", "plan", "simulate", "solve", "same service", "in-sample", "verdict", "write", "report")
"""Of a run that optimizes, in their order; other stages are told without a number."""
HEARTBEAT = 10.0
"""Seconds between two lines where nobody watches."""
_BEAT = 0.25
_FIRST, _LEAST, _OF_LATE = 10.0, 0.02, 30.0
"""Seconds or share of a stage after which its rest is told; seconds that count as of late."""
_BEGUN = 19
"""Place of the start in what follows the name in /proc/self/stat."""
_LONG_AGO = 60.0
"""Seconds above which a process did something else before it was asked."""


class Pace:
    """How fast a stage goes: half of late, half since its first part was done.

    What went before that (compiling, the way to the workers) is no sign of the rest, nor is one slow part.
    """

    def __init__(self, now: float, done: int) -> None:
        self._begun = self._at = now
        self._first = self._done = done
        self._parts = self._seconds = 0.0

    def saw(self, now: float, done: int) -> None:
        """So much is done."""
        kept = math.exp((self._at - now) / _OF_LATE)
        self._parts = kept * self._parts + done - self._done
        self._seconds = kept * self._seconds + now - self._at
        self._at, self._done = now, done

    def left(self, now: float, total: int) -> float | None:
        """Seconds that the rest will take; None where too little is known."""
        seconds, parts = now - self._begun, self._done - self._first
        if parts <= 0 or seconds <= 0 or (seconds < _FIRST and parts < _LEAST * total):
            return None
        of_late = self._parts / (self._seconds + now - self._at)
        return (total - self._done) / ((of_late + parts / seconds) / 2)


class Watch:
    """What a command is doing, for the line that says so.

    Parameters
    ----------
    stages : sequence of str
        Those whose number is told.
    clock : callable
        Seconds.
    """

    def __init__(self, stages: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._stages, self._clock = tuple(stages), clock
        self._stage, self._done, self._total, self._begun = "", 0, 0, clock()
        self._pace: Pace | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._clock()
        if stage != self._stage:
            self._stage, self._begun, self._pace = stage, now, None
        if self._pace is None or done < self._done:
            self._pace = Pace(now, done) if done else None
        elif done > self._done:
            self._pace.saw(now, done)
        self._done, self._total = done, total

    def line(self) -> str:
        """``[7/9] verdict 57% about 0:12 left``; empty before the first stage."""
        if not self._stage:
            return ""
        number = ""
        if self._stage in self._stages:
            number = f"[{self._stages.index(self._stage) + 1}/{len(self._stages)}] "
        now, pace = self._clock(), self._pace
        left = None if pace is None else pace.left(now, self._total)
        told = so_far(self._done, self._total, now - self._begun, left)
        return f"{number}{self._stage} {told}".strip()


def so_far(done: int, total: int, seconds: float, left: float | None = None) -> str:
    """What is done, and the time that the rest will take: ``57% about 0:12 left``; else the time spent."""
    if total <= 1:
        return clock_time(seconds)
    share = f"{int(100 * done / total)}%"
    if left is None or done >= total:
        return f"{share} {clock_time(seconds)}"
    return f"{share} about {clock_time(left)} left"


def clock_time(seconds: float) -> str:
    """``0:12``, ``1:02:03``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def watched(quiet: bool, stages: Sequence[str] = STAGES) -> Iterator[Report | None]:
    """Give a callable that takes ``(stage, done, total)``; None if nothing is to be said."""
    if quiet:
        yield None
        return
    watch, ended = Watch(stages), threading.Event()
    writer = threading.Thread(target=_tell, args=(watch, sys.stderr, ended), daemon=True)
    writer.start()
    try:
        yield watch
    finally:
        ended.set()
        writer.join()


def _tell(watch: Watch, out: TextIO, ended: threading.Event) -> None:
    """Write the line again and again until it has ended; a terminal is left as it was."""
    seen = out.isatty()
    width = 0
    while not ended.wait(_BEAT if seen else HEARTBEAT):
        line = watch.line()
        try:
            if seen:
                out.write("\r" + line[: _room()].ljust(width))
                width = len(line)
            elif line:
                out.write(f"{line}\n")
            out.flush()
        except (OSError, ValueError):  # nobody reads any more
            return
    if seen and width:
        out.write("\r" + " " * min(width, _room()) + "\r")
        out.flush()


def _room() -> int:
    import shutil

    return max(20, shutil.get_terminal_size().columns - 1)


def asked_now() -> None:
    """This process is asked for its command: what it imports is a stage of its times, its own start, too."""
    _ASKED[:] = [max(0.0, time.perf_counter() - _age())]


def _age() -> float:
    """Seconds since this process was begun; 0 where the system does not tell (other than Linux)."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[_BEGUN])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError, ValueError, IndexError):
        return 0.0
    return age if 0.0 <= age < _LONG_AGO else 0.0


def tell_asked() -> None:
    """Let the run that begins know since when it is waited for."""
    from simlab.api.settings import asked_at

    if _ASKED:
        asked_at(_ASKED.pop())
