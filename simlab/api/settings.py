"""How a command runs: the study's numbers, with what the caller overrides."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from simlab import mapped
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.prepare.evaluators import followed_alone
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Horizon, Progress, Workers, asked
from simlab.execution.backends.asking import by_item
from simlab.measures.shown import Public
from simlab.study import Study
from simlab.verdict.scores import Scale

if TYPE_CHECKING:
    from simlab.engine.world.world import World
    from simlab.execution import Levels


@dataclass(frozen=True, repr=False)
class Settings(Public):
    """Replications, seed and workers of one call.

    Attributes
    ----------
    periods : int
        Periods counted in every replication.
    replications, verdict_replications : int
        Of the search, and of the verdict.
    batches : int
        Batches of the search's intervals.
    seed : int
        The study's seed; each phase derives its own.
    level : float
        Of all intervals.
    workers : Workers
        Threads or processes, and block size: no influence on any result.
    window_scale : int
        `Horizon.scale`: above 1 where items are counted over windows of their own.
    parts : int
        Parts of a period that sums over periods count in: those of the working grid, else 1.
    """

    periods: int
    replications: int
    verdict_replications: int
    batches: int
    seed: int
    level: float
    workers: Workers
    window_scale: int = 1
    parts: int = 1

    def __post_init__(self) -> None:
        if self.replications < 2 or self.verdict_replications < 2:
            raise UsageError("at least 2 replications are needed for an interval")

    @classmethod
    def of(
        cls,
        study: Study,
        *,
        replications: int | None = None,
        verdict_replications: int | None = None,
        seed: int | None = None,
        workers: int | None = None,
        window_scale: int = 1,
        parts: int = 1,
    ) -> Settings:
        """The study's settings where the caller says nothing else; `window_scale` is that of its models."""
        return cls(
            periods=study.simulation.periods,
            replications=_first(replications, study.simulation.replications),
            verdict_replications=_first(verdict_replications, study.verdict.replications),
            batches=study.simulation.batches,
            seed=_first(seed, study.simulation.seed),
            level=study.verdict.level,
            workers=workers_of(study, workers),
            window_scale=window_scale,
            parts=parts,
        )

    @property
    def exposure(self) -> int:
        """Periods that the sums of a replication speak of."""
        return self.periods * self.window_scale

    @property
    def counted(self) -> int:
        """Parts of periods that stock sums of a replication speak of: what they are divided by."""
        return self.exposure * self.parts

    def horizon(self, phase: str, warmup: int) -> Horizon:
        """What to simulate in a phase (``search``, ``selection`` or ``verdict``)."""
        replications = self.replications if phase == "search" else self.verdict_replications
        return Horizon(
            periods=self.periods,
            warmup=warmup,
            replications=replications,
            slots=min(self.batches, replications),
            seed=phase_seed(self.seed, phase),
            scale=self.window_scale,
        )

    def scale(self, study: Study) -> Scale:
        """Sums → rates and money per year."""
        return Scale(
            self.exposure, study.periods_per_year, study.data.cost_resolution, self.level, self.parts
        )


def threads_of(workers: Workers) -> int:
    """Threads that may compute in this process: one where others do."""
    return workers.n_workers if workers.backend == "threads" else 1


def give_back() -> None:
    """Return memory that is free to the system, so that the next stage's peak does not stand on this one's.

    Arrow and the C library keep what was freed: a third of a gigabyte at 30,000 SKU-locations. Arrays in
    files (`simlab.mapped`) keep the pages that were read.
    """
    mapped.rest()
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.default_memory_pool().release_unused()
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """What the C library of Linux offers for it; None elsewhere."""
    return _of_c_library("malloc_trim")


@cache
def give_back_at_once() -> None:
    """Have arrays above `_APART` bytes returned to the system when they are freed.

    By itself the C library of Linux takes up to 32 MB from what it keeps: columns of a million SKU-locations
    (8 MB each) then lie between others that stay, and their memory stays, too.
    """
    if (choose := _of_c_library("mallopt")) is not None:
        choose(_MMAP_THRESHOLD, _APART)


_MMAP_THRESHOLD, _APART = -3, 4 << 20


def _of_c_library(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found


_ASKED: ContextVar[float | None] = ContextVar("when the command was asked for", default=None)


def asked_at(at: float) -> None:
    """Say when the command was asked for, by `time.perf_counter`: what passes until it begins are imports."""
    _ASKED.set(at)


def imports(started: float) -> dict[str, float]:
    """The stage before the first one, where the command line said when it was asked for."""
    at = _ASKED.get()
    _ASKED.set(None)
    return {} if at is None else {"imports": started - at}


@dataclass
class Clock:
    """Seconds per stage, in the order of the stages, reported as progress."""

    progress: Progress | None = None
    times: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, and announce it."""
        if self.progress is not None:
            self.progress(name, 0, 1)
        started = time.perf_counter()
        yield
        give_back()
        self.times[name] = self.times.get(name, 0.0) + time.perf_counter() - started
        if self.progress is not None:
            self.progress(name, 1, 1)


def workers_of(study: Study, workers: int | None = None) -> Workers:
    """Who computes: a number that a call says, else what a `backend` around it says, else the study."""
    said, spec = asked(), study.run
    backend = said.backend or spec.backend
    scheduler = spec.scheduler if said.backend is None else said.scheduler
    number = _first(workers, _first(said.n_workers, spec.workers))
    return Workers(number, spec.block_items, backend, scheduler if backend == "dask" else None)


def _first(said: int | None, otherwise: int) -> int:
    return otherwise if said is None else said


ADDRESSES = 3e9
"""Bytes of addresses that `optimize` of nine SKU-locations needs, its kernels compiled: seen on two cores."""


def refuse_little_address_space() -> None:
    """Refuse a limit of addresses (``ulimit -v``) under which libraries abort or wait for ever.

    Raises
    ------
    InvalidInputError
        With the limit and what is needed.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < ADDRESSES:
        message = (
            f"addresses are limited to {limit / 1e9:.1f} GB here (ulimit -v); fitting laws and compiling "
            f"need {ADDRESSES / 1e9:.0f} GB of them, most of which take no memory"
        )
        raise InvalidInputError([Problem("E-STU-043", message, fix="raise it: ulimit -v unlimited")])


_SECONDS = 22e-9
"""Of a SKU-period followed by itself, on one core: 20 to 26 ns; `tests/bench` prints it beside lanes."""
_SHORT = 10.0


def announce(
    world: World,
    levels: Levels,
    settings: Settings,
    warmup: int,
    replications: int,
    progress: Progress | None,
) -> str | None:
    """Tell the time that paths followed by themselves will take; None where it is short or there are none.

    Parameters
    ----------
    world, levels
        What will be simulated.
    settings : Settings
        Counted periods and workers.
    warmup, replications : int
        Periods before counting, and replications of all phases together.
    progress : callable or None
        Told the sentence as a stage that is done.
    """
    alone = int(by_item(followed_alone, world, levels).sum())
    periods = alone * levels.n_columns * replications * (warmup + settings.periods)
    seconds = periods * _SECONDS / settings.workers.n_workers
    if seconds < _SHORT:
        return None
    about = f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{10 * round(seconds / 10):.0f} seconds"
    text = f"every path of {alone:,} SKU-locations by itself: about {about}"
    if progress is not None:
        progress(text, 1, 1)
    return text
