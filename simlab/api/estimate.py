"""What a run would take, measured for a second on a few of its SKU-locations; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simlab import mapped
from simlab.api.data.data import Data, load, settings_of
from simlab.api.simulator.simulator import plan_columns, warmup_of
from simlab.api.simulator.size import GB, RunSize, memory_limit, refuse_what_does_not_fit
from simlab.arrays import IntArray
from simlab.execution import Horizon, Levels, Progress, Workers, World, run_curves
from simlab.execution.ahead import compile_for
from simlab.models import take
from simlab.policies.policy import GIVEN

COMMANDS = ("optimize", "simulate")
_ITEMS, _BLOCK = 512, 32
_SECONDS = 1.0
_SHARED = 0.9
"""Of a further core's time that a worker gains."""
_REST, _REST_ITEM = 4.0, 1.4e-3
"""Seconds beside fit, plan and simulation, and of a SKU-location: sums by plan, analyses, tables, page."""


@dataclass(frozen=True)
class DryRun:
    """The estimate of a run.

    Attributes
    ----------
    command : str
    size : RunSize
    sku_periods : int
        SKU-location × replication × period (warm-up included) that are simulated in all phases; each serves
        all targets.
    memory, limit : float
        Bytes: what the run needs, and what it may take.
    seconds : dict of str to float
        By stage: ``read`` as it took here, the others scaled from the sample.
    measured : int
        SKU-periods simulated to find out.
    per_sku_period : float
        Seconds of one core for a SKU-period at all targets.
    """

    command: str
    size: RunSize
    sku_periods: int
    memory: float
    limit: float
    seconds: dict[str, float]
    measured: int
    per_sku_period: float

    @property
    def total(self) -> float:
        """Seconds of the whole run."""
        return sum(self.seconds.values())

    def to_dict(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "command": self.command,
            "sku_locations": self.size.n_items,
            "demand_rows": self.size.demand_rows,
            "targets": self.size.n_targets,
            "workers": self.size.n_workers,
            "sku_periods": self.sku_periods,
            "memory_bytes": round(self.memory),
            "memory_limit_bytes": round(self.limit),
            "seconds": {stage: round(value, 2) for stage, value in self.seconds.items()},
            "total_seconds": round(self.total, 1),
            "measured_sku_periods": self.measured,
            "nanoseconds_per_sku_period": round(1e9 * self.per_sku_period, 2),
        }

    def lines(self) -> list[str]:
        """For people: size, SKU-periods, memory, time, and what they rest on."""
        size, stages = self.size, ", ".join(f"{name} {_time(value)}" for name, value in self.seconds.items())
        return [
            f"{size.n_items:,} SKU-locations, {size.demand_rows:,} rows of demand, {size.n_targets} targets",
            f"SKU-periods  {self.sku_periods:,} (× targets, warm-up included)",
            f"Memory       about {self.memory / GB:.1f} GB of {self.limit / GB:.1f} GB that it may take",
            f"Time         about {_time(self.total)} with {size.n_workers} workers ({stages})",
            f"Measured     {self.measured:,} SKU-periods here, {1e9 * self.per_sku_period:.1f} ns each on "
            "one core; the rest is scaled from a reference run. Nothing was written.",
        ]


def dry_run(
    study_path: str | Path,
    command: str = "optimize",
    workers: int | None = None,
    progress: Progress | None = None,
) -> DryRun:
    """Estimate memory and time of a command from its tables and one second of simulation.

    Raises
    ------
    InvalidInputError
        The study or its tables are wrong, or the run would need more memory than it may take.
    """
    with mapped.beside(Path(study_path).parent):
        return _estimated(study_path, command, workers, progress)


def _estimated(
    study_path: str | Path, command: str, workers: int | None, progress: Progress | None
) -> DryRun:
    """`dry_run` where large arrays lie in files, as those of the command would."""
    started = time.perf_counter()
    data = load(study_path, threads=workers)
    read = time.perf_counter() - started
    study = data.study
    given = command == "simulate" and study.policy.family == GIVEN
    targets = (0.5,) if given else study.targets()
    if command == "simulate":
        targets = targets[-1:]
    sample = Data(take(data.catalog, _spread(data.catalog.n_items)), workers)
    (fitting, planning), levels = _planned(sample, targets)
    settings = settings_of(sample, workers=workers)
    size = RunSize.of(data, settings, len(targets), verdict=command == "optimize")
    refuse_what_does_not_fit(data, size)
    world = sample.models.world
    compile_for(world, levels, settings.horizon("search", 0), progress)
    warmup, _ = warmup_of(sample, [levels], settings)
    seconds, measured = _simulated(world, levels, settings.horizon("search", warmup))
    each = seconds / measured
    runs = size.replications + size.verdict_replications
    periods = size.n_items * runs * (warmup + settings.periods)
    scale = size.n_items / sample.catalog.n_items
    cores = 1.0 + _SHARED * (size.n_workers - 1)
    return DryRun(
        command=command,
        size=size,
        sku_periods=periods,
        memory=size.memory,
        limit=memory_limit(data),
        seconds={
            "read": read,
            "fit": fitting * scale,
            "plan": planning * scale,
            "simulate": each * periods / cores,
            "rest": _REST + _REST_ITEM * size.n_items,
        },
        measured=measured,
        per_sku_period=each,
    )


def _spread(n_items: int) -> IntArray:
    """Rows of a sample spread over the whole table."""
    return np.unique(np.linspace(0, n_items - 1, min(n_items, _ITEMS)).astype(np.int64))


def _planned(sample: Data, targets: tuple[float, ...]) -> tuple[tuple[float, float], Levels]:
    """Seconds of fitting and of planning, and the levels; compiled code is loaded before the clock runs."""
    few = Data(take(sample.catalog, np.arange(min(2, sample.catalog.n_items))))
    plan_columns(few, np.array(targets))
    fitting, _ = _timed(lambda: sample.models)
    planning, planned = _timed(lambda: plan_columns(sample, np.array(targets)))
    return (fitting, planning), planned.levels


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _simulated(world: World, levels: Levels, horizon: Horizon) -> tuple[float, int]:
    """Seconds of one core and SKU-periods simulated, after about a second or when the sample is through."""
    started, done, alone = time.perf_counter(), 0, Workers(1)
    every = np.random.default_rng(0).permutation(world.n_items)
    for first in range(0, world.n_items, _BLOCK):
        rows = np.sort(every[first : first + _BLOCK])
        run_curves(world.take(rows), levels.take(rows), horizon, workers=alone)
        done += rows.size
        if time.perf_counter() - started > _SECONDS:
            break
    per_item = horizon.replications * (horizon.warmup + horizon.periods)
    return time.perf_counter() - started, done * per_item


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
