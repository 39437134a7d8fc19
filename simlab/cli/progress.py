"""Progress on stderr in one line: people who watch see it move, pipes and logs get it every ten seconds."""

from __future__ import annotations

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
_BEAT, _FIRST = 0.25, 0.5
_BEGUN = 19
"""Place of the start in what follows the name in /proc/self/stat."""
_LONG_AGO = 60.0
"""Seconds above which a process did something else before it was asked."""


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

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._stage, self._begun = stage, self._clock()
        self._done, self._total = done, total

    def line(self) -> str:
        """``[7/9] verdict 57% about 0:12 left``; empty before the first stage."""
        if not self._stage:
            return ""
        number = ""
        if self._stage in self._stages:
            number = f"[{self._stages.index(self._stage) + 1}/{len(self._stages)}] "
        told = so_far(self._done, self._total, self._clock() - self._begun)
        return f"{number}{self._stage} {told}".strip()


def so_far(done: int, total: int, seconds: float) -> str:
    """What is done, and the time that the rest will take: ``57% about 0:12 left``; else the time spent."""
    if total <= 1 or done == 0 or seconds < _FIRST:
        return f"0% {clock_time(seconds)}" if total > 1 and done == 0 else clock_time(seconds)
    share = f"{int(100 * done / total)}%"
    if done >= total:
        return f"{share} {clock_time(seconds)}"
    return f"{share} about {clock_time(seconds / done * (total - done))} left"


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
