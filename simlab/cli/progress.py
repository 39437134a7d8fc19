"""Progress bars on stderr, for people who watch; nothing at all for pipes and logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


_ASKED: list[float] = []
Report = Callable[[str, int, int], None]


class StageBars:
    """One bar per stage of a command; a stage of unknown length (total 0) pulses."""

    def __init__(self, bars: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._bars, self._clock = bars, clock
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total or None, told="")
            self._begun[stage] = self._clock()
        told = so_far(done, total, self._clock() - self._begun[stage])
        self._bars.update(self._tasks[stage], completed=done, total=total or None, told=told)


def so_far(done: int, total: int, seconds: float) -> str:
    """What is done, how quickly, and the time that the rest will take: ``512/1800 · 210/s · 6 s left``."""
    if total <= 1:
        return ""
    if done == 0 or seconds < _FIRST:
        return f"{done}/{total}"
    rate = done / seconds
    speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
    left = (total - done) / rate
    return f"{done}/{total} · {speed}" + (f" · {left:,.0f} s left" if done < total else "")


_FIRST = 0.5
"""Seconds before a rate is told."""


@contextmanager
def watched(quiet: bool) -> Iterator[Report | None]:
    """Give a callable that draws ``(stage, done, total)``, or None if nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), expand=True) as bars:
        yield StageBars(bars)


def asked_now() -> None:
    """This process is asked for its command now: imports, which follow, are a stage of its times."""
    _ASKED[:] = [time.perf_counter()]


def tell_asked() -> None:
    """Let the run that begins know since when it is waited for."""
    from simlab.api.settings import asked_at

    if _ASKED:
        asked_at(_ASKED.pop())
