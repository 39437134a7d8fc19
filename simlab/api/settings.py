"""How a command runs: the study's numbers, with what the caller overrides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from simlab.engine.streams import phase_seed
from simlab.errors import UsageError
from simlab.execution import Horizon, Progress, Workers
from simlab.study import Study
from simlab.verdict.scores import Scale


@dataclass(frozen=True)
class Settings:
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
    """

    periods: int
    replications: int
    verdict_replications: int
    batches: int
    seed: int
    level: float
    workers: Workers

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
    ) -> Settings:
        """The study's settings where the caller says nothing else."""
        return cls(
            periods=study.simulation.periods,
            replications=_first(replications, study.simulation.replications),
            verdict_replications=_first(verdict_replications, study.verdict.replications),
            batches=study.simulation.batches,
            seed=_first(seed, study.simulation.seed),
            level=study.verdict.level,
            workers=Workers(_first(workers, study.run.workers), study.run.block_items, study.run.backend),
        )

    def horizon(self, phase: str, warmup: int) -> Horizon:
        """What to simulate in a phase (``search``, ``selection`` or ``verdict``)."""
        replications = self.replications if phase == "search" else self.verdict_replications
        return Horizon(
            periods=self.periods,
            warmup=warmup,
            replications=replications,
            slots=min(self.batches, replications),
            seed=phase_seed(self.seed, phase),
        )

    def scale(self, study: Study) -> Scale:
        """Sums → rates and money per year."""
        return Scale(self.periods, study.periods_per_year, study.data.cost_resolution, self.level)


@dataclass
class Clock:
    """Seconds per stage, in the order of the stages, told on as progress."""

    progress: Progress | None = None
    times: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, and announce it."""
        if self.progress is not None:
            self.progress(name, 0, 1)
        started = time.perf_counter()
        yield
        self.times[name] = self.times.get(name, 0.0) + time.perf_counter() - started
        if self.progress is not None:
            self.progress(name, 1, 1)


def _first(said: int | None, otherwise: int) -> int:
    return otherwise if said is None else said
