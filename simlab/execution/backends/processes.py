"""Processes of this machine, by joblib's loky; a pool that breaks is built again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from simlab.children import SAFE_PATH, safe_path

_IDLE = 60
"""Seconds without work after which the processes end."""


class Processes:
    """A pool of loky's processes."""

    def __init__(self, n_workers: int) -> None:
        self._n = n_workers

    @property
    def slots(self) -> int:
        return self._n

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        return (BrokenProcessPool,)

    def submit(self, work: Callable[..., Any], arguments: tuple[Any, ...], *, instead: bool = False) -> Any:
        """Hand a block to the pool; a broken one is replaced by a new one first."""
        from joblib.externals.loky import get_reusable_executor
        from joblib.externals.loky.process_executor import ShutdownExecutorError

        with safe_path():
            for _ in range(3):  # a pool may break between being given and being used
                pool = get_reusable_executor(max_workers=self._n, timeout=_IDLE, env={SAFE_PATH: "1"})
                try:
                    return pool.submit(work, *arguments)
                except (BrokenProcessPool, ShutdownExecutorError):
                    continue
            return get_reusable_executor(max_workers=self._n, kill_workers=True).submit(work, *arguments)

    def check(self) -> None:
        """Nothing: a pool can always be built anew."""
