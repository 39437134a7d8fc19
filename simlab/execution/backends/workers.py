"""How the work is spread, and how a caller says so for everything that happens inside a ``with``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from simlab.errors import UsageError

BACKENDS = ("serial", "threads", "loky", "dask")
_BLOCKS_PER_WORKER = 8
_FEWEST_ITEMS = 64
"""Blocks smaller than this cost more to hand out than they gain; `block_items` may still ask for them."""


@dataclass(frozen=True)
class Workers:
    """How the work is spread; none of it changes a result.

    Attributes
    ----------
    n_workers : int
        Threads or processes.
    block_items : int
        SKU-locations per block.
    backend : {"threads", "serial", "loky", "dask"}
        Threads of this process (the kernels release the GIL), this thread alone, processes of their own, or
        the workers of a Dask cluster.
    scheduler : str, optional
        Address of the Dask cluster; without one, `n_workers` local processes are its workers for the run.
    """

    n_workers: int = 2
    block_items: int = 512
    backend: str = "threads"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.n_workers < 1 or self.block_items < 1:
            raise ValueError("workers and block_items are at least 1")
        if self.backend not in BACKENDS:
            raise ValueError(f"backend '{self.backend}' is not one of {', '.join(BACKENDS)}")

    @property
    def shares_memory(self) -> bool:
        """Whether what a worker places is seen by all: no further process computes."""
        return self.backend in ("serial", "threads")

    def block_size(self, n_items: int) -> int:
        """Items per block: at most `block_items`, fewer where that shares the work out more evenly."""
        fair = -(-n_items // (_BLOCKS_PER_WORKER * self.n_workers))
        return min(self.block_items, max(fair, _FEWEST_ITEMS))


@dataclass(frozen=True)
class Asked:
    """What a caller says of the workers, whatever the study says; None: as the study says."""

    backend: str | None = None
    scheduler: str | None = None
    n_workers: int | None = None


_ASKED: ContextVar[Asked | None] = ContextVar("workers that a caller asks for", default=None)


@contextmanager
def backend(
    name: str | None = None, *, scheduler: str | None = None, workers: int | None = None
) -> Iterator[None]:
    """Let others compute the blocks of everything that happens inside; no result changes.

    Parameters
    ----------
    name : {"serial", "threads", "loky", "dask"}, optional
        As `run.backend` of a study; ``"dask"`` where a scheduler is named.
    scheduler : str, optional
        Address of a Dask cluster such as ``"tcp://10.0.0.5:8786"``.
    workers : int, optional
        Threads or processes, where a call does not say a number itself.

    Raises
    ------
    UsageError
        There is no such backend, or a scheduler goes with another than Dask.

    Examples
    --------
    >>> import simlab as sl
    >>> with sl.backend("dask", scheduler="tcp://10.0.0.5:8786"):  # doctest: +SKIP
    ...     opt = sl.optimize(sl.load("study.toml"))
    """
    name = "dask" if name is None and scheduler is not None else name
    if name is not None and name not in BACKENDS:
        raise UsageError(f"backend '{name}' is not one of {', '.join(BACKENDS)}")
    if scheduler is not None and name != "dask":
        raise UsageError(f"a scheduler goes with the backend dask, not {name}")
    if workers is not None and workers < 1:
        raise UsageError("at least one worker is needed")
    token = _ASKED.set(Asked(name, scheduler, workers))
    try:
        yield
    finally:
        _ASKED.reset(token)


def asked() -> Asked:
    """What the innermost `backend` around the caller says."""
    return _ASKED.get() or Asked()
