"""Compile what a run needs last in a process of its own, while the run begins.

On a machine that has never run simlab, half of the first run is compiling. Numba compiles one function at
a time in a process; the loops that write stock down by period are wanted only when a plan is chosen.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from simlab.children import start_python
from simlab.engine._jit import cache_folder
from simlab.engine.kernels.streams import item_keys
from simlab.engine.kernels.types import Reach, Rule
from simlab.engine.lanes.lanes import run_column
from simlab.engine.prepare.arrays import item_arrays
from simlab.engine.prepare.workspace import schedule
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Start, World
from simlab.execution.backends.spread import Progress
from simlab.execution.backends.workers import Workers
from simlab.execution.blocks import run_curves
from simlab.execution.by_period.sums import profile_of, stock_of, work_of

COMPILING = "compiling the simulator (once on this machine)"
_FUNCTIONS = 120
"""Functions under the largest kernel: what progress of compiling is a share of."""

LATE = ("lanes", "follow_by_period")
_CODE = f"from {__name__} import compile_late; compile_late()"


@contextmanager
def kernels_ahead() -> Iterator[Callable[[], None]]:
    """Compile the late kernels meanwhile, unless they are kept already; what is yielded waits for them.

    Nothing depends on it: where it fails, they are compiled when they are called.
    """
    process = None
    if _missing():
        try:
            process = start_python(_CODE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            process = None
    try:
        yield (lambda: None) if process is None else (lambda: _wait(process))
    finally:
        if process is not None:
            process.kill()
            process.wait()


def compile_for(world: World, levels: Levels, horizon: Horizon, progress: Progress | None) -> None:
    """Simulate one replication of the first SKU-location, so that the kernel asked for is compiled, and told.

    Where its code is kept already this loads it.
    """
    first = np.arange(min(1, world.n_items))
    short = replace(horizon, replications=1, slots=1)
    with _told(progress):
        run_curves(world.take(first), levels.take(first), short, workers=Workers(1))


@contextmanager
def _told(progress: Progress | None) -> Iterator[None]:
    """Tell every function that is compiled meanwhile; nothing where none is."""
    if progress is None:
        yield
        return
    from numba.core import event

    tell, done = progress, 0

    class Compiled(event.Listener):
        def on_start(self, event: object) -> None:
            tell(COMPILING, min(done, _FUNCTIONS - 1), _FUNCTIONS)

        def on_end(self, event: object) -> None:
            nonlocal done
            done += 1

    with event.install_listener("numba:compile", Compiled()):
        yield
    if done:
        tell(COMPILING, _FUNCTIONS, _FUNCTIONS)


def compile_late() -> None:
    """Run the late kernels once on the smallest world there is."""
    world, levels = _one_item()
    horizon = Horizon(periods=2, warmup=0, replications=1, slots=1, seed=1)
    group, value = np.zeros(1, np.int64), np.ones(1, np.int64)
    compile_column(world, horizon)
    run_curves(world, levels, horizon, workers=Workers(1))  # single plans, wanted before the rest
    stock_of(world, levels, horizon, group, value, n_groups=1)
    profile_of(world, levels, horizon, group, value, n_groups=1, start=Start(value, value))


def compile_column(world: World, horizon: Horizon) -> None:
    """Compile the loop of a single plan, which draws nothing: meanwhile the run itself compiles what draws.

    What the one keeps the other finds.
    """
    import numba

    items, run = item_arrays(world, horizon), schedule(horizon, grouped=False)
    of = (items, Rule(0, 0, 0, 0, 0, 0), run, Reach(0, 0, True), work_of(world, items, run))
    kind_of: Any = numba.typeof
    column: Any = run_column
    first, *rest = (kind_of(one) for one in of)
    column.compile((first, numba.int64, *rest))


def _wait(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def works_beside(workers: Workers, n_items: int) -> bool:
    """Whether copies of this process should work beside it: of threads there are two, and all is compiled.

    Else each of them would compile anew; of few SKU-locations a copy costs more than it saves, and of very
    many it takes memory (4 kB each) that the run itself needs.
    """
    compiled = cache_folder() is not None and not _missing()
    worth = _WORTH <= n_items <= _MOST
    return compiled and workers.backend == "threads" and workers.n_workers > 1 and worth


def load_shared() -> None:
    """Load what this process and its copies all take, so that each of them need not: a second of imports."""
    import scipy.special  # noqa: F401
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


_WORTH, _MOST = 1_000, 150_000


def _missing() -> bool:
    """Whether there is a folder for compiled code, and one of the late kernels is not in it."""
    folder = cache_folder()
    return folder is not None and not all(any(folder.rglob(f"*.{name}-*.nbi")) for name in LATE)


def _one_item() -> tuple[World, Levels]:
    none, one = np.zeros(1, np.int64), np.ones(1, np.int64)
    kind, mean = np.full(1, LawKind.POISSON, np.int8), np.ones(1)
    demand = DemandLaw(kind, mean, mean, np.zeros(1), none, none, none[:0], none[:0])
    lead = LeadTimeLaw(none, none, one, one, one, False)
    world = World(
        item_keys(["a"], ["b"]), demand, lead, OrderTerms(one, none, one, none, none, none.astype(np.int8))
    )
    top = np.full((1, 1), 4)
    return world, Levels(np.full(1, Family.ORDER_UP_TO, np.int8), top - 1, top, 0 * top)
