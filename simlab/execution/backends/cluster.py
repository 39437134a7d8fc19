"""Workers of a Dask cluster: one that is there, or processes started for the run."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import ExitStack, suppress
from typing import Any

from simlab.children import safe_path
from simlab.errors import IncompleteError, InvalidInputError, Problem
from simlab.execution.backends.message import packed, unpacked
from simlab.execution.backends.stamp import differences, stamp

_ANSWER, _START = 10, 60
"""Seconds that an address gets to answer, and local workers to start."""
_WARM = 120
"""Seconds that the first worker of a machine gets to compile before blocks are handed out."""
_LOOPBACK = "127.0.0.1"
_CODE = "E-RUN-020"
_INSTALL = 'pip install "simlab[dask]"'


class Cluster:
    """A client of a Dask cluster; `close` ends what it started.

    Parameters
    ----------
    scheduler : str or None
        Address of the cluster; None: `n_workers` processes of this machine, reached by its loopback alone
        and encrypted with keys made for the run.
    n_workers : int
        Of a cluster that is started.

    Raises
    ------
    InvalidInputError
        Dask is not installed, the address does not answer, there is no worker, or a worker has other
        versions, other sources or another fit.
    """

    def __init__(self, scheduler: str | None, n_workers: int) -> None:
        self._stack = ExitStack()
        self._where = scheduler or "the local cluster"
        self._warmed: set[tuple[str, str]] = set()
        _quiet()
        try:
            self._client = self._joined(scheduler) if scheduler else self._started(n_workers)
            self._executor = self._client.get_executor(pure=False)
            self._compare()
        except BaseException:
            self.close()
            raise

    @property
    def dashboard(self) -> str | None:
        """Address of Dask's own page of the cluster; None where it shows none."""
        return str(self._client.dashboard_link) if _has_pages() and self._client.dashboard_link else None

    @property
    def slots(self) -> int:
        """Threads of the workers that are there now."""
        threads = self._client.nthreads() if self._alive else {}
        return max(1, int(sum(threads.values())))

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        from distributed import KilledWorker

        return (KilledWorker,)

    @property
    def _alive(self) -> bool:
        return bool(self._client.status == "running")

    def submit(self, work: Callable[..., Any], arguments: tuple[Any, ...], *, instead: bool = False) -> Any:
        """Hand a block to the cluster; one that is late goes to a worker that computes nothing now."""
        options: dict[str, Any] = {}
        if instead and (free := self._free()):
            options = {"workers": free, "allow_other_workers": True}
        return self._sent(work, arguments, **options)

    def _sent(self, work: Callable[..., Any], arguments: tuple[Any, ...], **options: Any) -> Any:
        data, others = packed((work, arguments))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a block is large
            return self._executor.submit(_run, data, others, stamp(), **options)

    def warm(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Let one worker of every machine do this first: what it compiles there all others find.

        A machine that is not ready in time compiles with its first block.
        """
        name = getattr(arguments[0], "__qualname__", "")
        with suppress(Exception):  # a fault shows again in the block that it belongs to
            by_host = {address.rpartition(":")[0]: address for address in sorted(self._client.nthreads())}
            new = [address for host, address in by_host.items() if (host, name) not in self._warmed]
            self._warmed |= {(host, name) for host in by_host}
            sent = [self._sent(work, arguments, workers=[address]) for address in new]
            wait(sent, timeout=_WARM)

    def _free(self) -> list[str]:
        """Workers that compute nothing now."""
        with suppress(OSError, TimeoutError, ValueError):
            return [worker for worker, keys in self._client.processing().items() if not keys]
        return []

    def check(self) -> None:
        """Fail where the scheduler is gone."""
        if not self._alive:
            raise IncompleteError(f"the scheduler of {self._where} was lost")

    def close(self) -> None:
        """Leave the cluster, and end the workers that were started."""
        with suppress(Exception):  # whatever a cluster that is gone has to say
            self._stack.close()

    def _joined(self, scheduler: str) -> Any:
        distributed = _library()
        try:
            client = distributed.Client(scheduler, timeout=_ANSWER, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise _refused(
                f"no scheduler answers at {scheduler} within {_ANSWER} s ({type(error).__name__})",
                "start one with `dask scheduler`, workers with `dask worker ADDRESS`, and name tcp://host:port",
            ) from error
        self._stack.callback(client.close)
        if not client.nthreads():
            with suppress(TimeoutError):
                client.wait_for_workers(1, timeout=_ANSWER)
        if not client.nthreads():
            raise _refused(f"{scheduler} has no worker", f"start one: dask worker {scheduler}")
        return client

    def _started(self, n_workers: int) -> Any:
        distributed = _library()
        self._stack.enter_context(safe_path())  # workers that die are started again until the end
        cluster = self._stack.enter_context(
            distributed.LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                host=_LOOPBACK,
                dashboard_address=f"{_LOOPBACK}:0",
                silence_logs=logging.CRITICAL,
                security=_encrypted(),
                memory_limit=0,
            )
        )
        client = distributed.Client(cluster, timeout=_START, set_as_default=False)
        self._stack.callback(client.close)
        client.wait_for_workers(n_workers, timeout=_START)
        return client

    def _compare(self) -> None:
        """Refuse workers whose numbers would not be the client's, before the first block."""
        own, problems = stamp(), []
        for worker, other in sorted(self._client.run(stamp, on_error="return").items()):
            if isinstance(other, BaseException):
                told = f"cannot run simlab: {type(other).__name__}: {other}".partition("\n")[0]
            else:
                told = "; ".join(differences(own, other))
            if told:
                problems.append(_problem(f"worker {worker}: {told}", _SAME))
        if problems:
            raise InvalidInputError(problems)


_SAME = "install the same versions of simlab, numpy and numba on all workers, and use processors of one kind"


def _run(data: bytes, others: list[Any], expected: dict[str, str]) -> Any:
    """A block on a worker, which may have come later than the comparison."""
    if found := differences(expected, stamp()):
        raise InvalidInputError([_problem(f"a worker that came later: {'; '.join(found)}", _SAME)])
    work, arguments = unpacked(data, others)
    return work(*arguments)


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise _refused("the backend dask is not installed", _INSTALL) from error
    return distributed


def _encrypted() -> Any:
    """Keys of the run, so that nobody else on the machine can hand code to its workers."""
    from distributed.security import Security

    make: Any = Security.temporary
    try:
        return make()
    except ImportError as error:
        raise _refused("the backend dask needs cryptography, which is not installed", _INSTALL) from error


def _has_pages() -> bool:
    """Whether Dask can draw its dashboard."""
    from importlib.util import find_spec

    return find_spec("bokeh") is not None


def _quiet() -> None:
    """Dask's own words about workers that come and go; simlab says what it means for the run."""
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _problem(message: str, fix: str) -> Problem:
    return Problem(_CODE, message, column="run.backend = 'dask'", fix=fix)


def _refused(message: str, fix: str) -> InvalidInputError:
    return InvalidInputError([_problem(message, fix)])
