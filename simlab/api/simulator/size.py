"""What a run needs of the machine's memory: estimated before it begins, and refused where it does not fit."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simlab import mapped
from simlab.api.simulator.simulator import machine_memory
from simlab.api.simulator.stored import keeps_curves
from simlab.errors import InvalidInputError, Problem
from simlab.execution.ahead import works_beside

if TYPE_CHECKING:
    from simlab.api.data.data import Data
    from simlab.api.settings import Settings
    from simlab.execution import Progress

GB = 1e9
SHARE = 0.8
"""Of the memory there is: what a run may need unless `run.memory_gb` says another number."""
_TOLD = 0.25
"""Share of the limit above which the estimate is told before the run begins."""
_BASE = 400e6
_ITEM, _ROW, _LEVEL = 1_400, 14, 45
"""Bytes measured from 10,000 to 1,000,000 SKU-locations (`experiments/09_scale`), large arrays in files: of a
SKU-location in all tables, of a row of demand, and of a target of a SKU-location (its levels, and the sums of
the search in narrow numbers)."""
_WHOLE_ITEM, _WHOLE_ROW, _WHOLE_LEVEL = 5_700, 40, 64
"""The same where all lies in memory: a program that calls `optimize`, a folder that nobody may write to."""
_WORD = 8
_BY_BATCH, _KEPT = 2, 10
"""Bytes of a batch of a target where curves are kept, and of a replication of plans kept by SKU-location."""
_OF_SAMPLES, _TOTALS = 3, 12
"""Measures by batch and as a total, in whole words, where curves of several samples are held: so many as a
contest was measured to take (`tests/bench/test_memory_of_commands.py`)."""
_LEVELS = 3
_MOST_KEPT = 10_000_000
_COPY, _COPIED = 100e6, 2_500
"""Bytes that copies of the process take beside it, and for each SKU-location: laws of the past."""
_IN_FLIGHT = 90e6
"""Bytes of the block that a worker simulates, with the sums that it makes."""


@dataclass(frozen=True)
class RunSize:
    """The numbers that memory and time of a run are made of.

    Attributes
    ----------
    n_items, demand_rows : int
        SKU-locations, and rows of their histories.
    n_targets : int
        Levels of each SKU-location; 1 for a plan that is given.
    replications, verdict_replications, batches : int
        0 replications of the verdict where there is none; 0 batches where the curves of SKU-locations are not
        kept.
    n_workers : int
    samples : int
        Runs whose curves are held at a time; a contest of schemes holds four.
    copies : bool
        Whether copies of the process find the past beside it.
    files : bool
        Whether large arrays lie in files (`mapped.beside`).
    """

    n_items: int
    demand_rows: int
    n_targets: int
    replications: int
    verdict_replications: int
    batches: int
    n_workers: int
    samples: int = 1
    copies: bool = False
    files: bool = True

    @classmethod
    def of(
        cls, data: Data, settings: Settings, n_targets: int, *, verdict: bool = True, samples: int = 1
    ) -> RunSize:
        """Of an optimization, or of a policy that is simulated (`verdict` false)."""
        demand = data.catalog.demand
        fresh = settings.verdict_replications if verdict else 0
        return cls(
            n_items=data.catalog.n_items,
            demand_rows=0 if demand is None else demand.n_rows,
            n_targets=n_targets,
            replications=settings.replications,
            verdict_replications=fresh,
            batches=min(settings.batches, settings.replications) if samples > 1 or keeps_curves(data) else 0,
            n_workers=settings.workers.n_workers,
            samples=samples,
            copies=verdict and works_beside(settings.workers, data.catalog.n_items),
            files=mapped.in_use(),
        )

    @property
    def memory(self) -> float:
        """Bytes that the process and its copies will take at their peak, about."""
        kept = self.verdict_replications or self.replications
        item, row = (_ITEM, _ROW) if self.files else (_WHOLE_ITEM, _WHOLE_ROW)
        by_item = item + self.n_targets * self._each_target
        by_item += _COPIED if self.copies else 0
        if self.n_items * kept <= _MOST_KEPT:
            by_item += _KEPT * kept
        return self._fixed + self.n_items * by_item + self.demand_rows * row

    @property
    def _fixed(self) -> float:
        """Bytes whatever the SKU-locations."""
        return _BASE + self.n_workers * _IN_FLIGHT + (_COPY if self.copies else 0.0)

    @property
    def _each_target(self) -> float:
        """Bytes of a SKU-location's target."""
        if self.samples == 1:
            return (_LEVEL if self.files else _WHOLE_LEVEL) + _BY_BATCH * self.batches
        return _WORD * (_LEVELS + self.samples * (_OF_SAMPLES * self.batches + _TOTALS))

    def most_items(self, limit: float) -> int:
        """SKU-locations with histories as long as these that would fit."""
        each = max(1.0, (self.memory - self._fixed) / max(1, self.n_items))
        return max(0, math.floor((limit - self._fixed) / each))


def memory_limit(data: Data) -> float:
    """Bytes that a run may take: `run.memory_gb`, else `SHARE` of what the machine (or its container) has."""
    said = data.study.run.memory_gb
    return GB * said if said is not None else SHARE * memory_here()


def memory_here() -> float:
    """Bytes of the machine, or what the container that this runs in may take of it."""
    most = machine_memory()
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            most = min(most, float(Path(file).read_text("ascii")))
    return most


def refuse_what_does_not_fit(data: Data, size: RunSize, progress: Progress | None = None) -> None:
    """Tell what a large run will need; refuse it, with the estimate, where that is more than there is.

    Raises
    ------
    InvalidInputError
        Naming the estimate, the limit, how many SKU-locations would fit and which options need less.
    """
    needs, limit = size.memory, memory_limit(data)
    if needs <= limit:
        if needs > _TOLD * limit and progress is not None:
            progress(f"about {needs / GB:.1f} GB of memory (limit {limit / GB:.1f} GB)", 1, 1)
        return
    said = data.study.run.memory_gb
    column = "run.memory_gb" if said is None else f"run.memory_gb = {said:g}"
    whose = f"{SHARE:.0%} of the memory here is" if said is None else "the limit is"
    most = size.most_items(limit)
    fix = (
        f"about {most:,} SKU-locations like these fit, in several runs; fewer optimize.n_targets or "
        "simulation.batches need less; or say run.memory_gb if there is more"
    )
    message = (
        f"{size.n_items:,} SKU-locations × {size.n_targets} targets need about {needs / GB:.1f} GB; "
        f"{whose} {limit / GB:.1f} GB"
    )
    raise InvalidInputError([Problem("E-STU-043", message, data.study.file, column=column, fix=fix)])
