"""Blocks in flight at workers that may be slow or die: what is late or lost is submitted again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol

from simlab.arrays import IntArray
from simlab.errors import IncompleteError
from simlab.execution.backends.guilty import Deadly, guilty


class Pool(Protocol):
    """Workers that compute blocks: an executor of another library, whose faults have names."""

    @property
    def slots(self) -> int:
        """Blocks computed at a time."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What a block ends with whose worker died, so that it is submitted again."""

    def submit(self, work: Callable[..., Any], arguments: tuple[Any, ...], *, instead: bool = False) -> Any:
        """A `concurrent.futures.Future`; `instead`: of a block that is late somewhere."""

    def check(self) -> None:
        """Fail with `IncompleteError` where nobody is left who could compute."""


@dataclass(frozen=True)
class Patience:
    """When a block is late: longer in flight than `times` the median of those that came back, and `seconds`.

    `attempts` is how often a block may be lost before the run ends.
    """

    times: float = 5.0
    seconds: float = 30.0
    attempts: int = 4
    look: float = 0.5


@dataclass
class _Block:
    """A block in flight: what computes it, since when the last of them, and how often it was lost."""

    futures: list[Future[Any]]
    begun: float
    lost: int = 0


@dataclass
class Flight:
    """Blocks of one call, in their order.

    Attributes
    ----------
    pool : Pool
    work : callable
        Of a module, from the arguments of a block to its result.
    part : callable
        From the rows of a block to its arguments.
    blocks : sequence of (m,) int64
        Rows of each block.
    stored : callable
        From rows to a result that is kept already, or None.
    name : callable
        What users call the SKU-location of a row; empty if it has no name.
    """

    pool: Pool
    work: Callable[..., Any]
    part: Callable[[IntArray], tuple[Any, ...]]
    blocks: Sequence[IntArray]
    stored: Callable[[IntArray], Any | None]
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    name: Callable[[int], str] = lambda _: ""
    _out: dict[int, _Block] = field(default_factory=dict)
    _back: dict[int, tuple[Any, bool]] = field(default_factory=dict)
    _took: list[float] = field(default_factory=list)

    def results(self) -> Iterator[tuple[IntArray, Any, bool]]:
        """Rows and result of every block in order, and whether it was computed now.

        Raises
        ------
        IncompleteError
            A block was lost too often, or nobody is left to compute.
        """
        upcoming, at = 0, 0
        try:
            while at < len(self.blocks):
                upcoming = self._send(upcoming, at)
                while at in self._back:
                    result, new = self._back.pop(at)
                    yield self.blocks[at], result, new
                    at += 1
                if self._out and at not in self._back:
                    self._look()
        finally:
            for block in self._out.values():
                _cancel(block.futures)

    def _send(self, upcoming: int, at: int) -> int:
        """Keep every worker busy with one block more waiting; results ahead of their turn are bounded."""
        slots = self.pool.slots
        most = min(len(self.blocks), at + 4 * slots + 4)
        while upcoming < most and len(self._out) < slots + max(1, slots // 2):
            rows = self.blocks[upcoming]
            kept = self.stored(rows)
            if kept is not None:
                self._back[upcoming] = kept, False
            else:
                self._out[upcoming] = _Block([self._submit(rows)], self.clock())
            upcoming += 1
        return upcoming

    def _submit(self, rows: IntArray, instead: bool = False) -> Future[Any]:
        future: Future[Any] = self.pool.submit(self.work, self.part(rows), instead=instead)
        return future

    def _look(self) -> None:
        """Wait for the next result, or for a moment; take what came, replace what is lost or late."""
        every = [future for block in self._out.values() for future in block.futures]
        wait(every, timeout=self.patience.look, return_when=FIRST_COMPLETED)
        now = self.clock()
        for number in list(self._out):
            if number in self._out:  # unless all were waited for meanwhile
                self._take(number, now)
        self.pool.check()
        if self._took:
            longest = max(self.patience.times * median(self._took), self.patience.seconds)
            for number, block in self._out.items():
                if now - block.begun > longest and len(block.futures) < self.patience.attempts:
                    block.futures.append(self._submit(self.blocks[number], instead=True))
                    block.begun = now

    def _take(self, number: int, now: float) -> None:
        block = self._out[number]
        for future in [one for one in block.futures if one.done()]:
            error = CancelledError() if future.cancelled() else future.exception()
            if error is None:
                self._took.append(now - block.begun)
                self._back[number] = future.result(), True
                _cancel([one for one in block.futures if one is not future])
                del self._out[number]
                return
            if not isinstance(error, (*self.pool.lost, CancelledError)):
                raise error
            block.futures.remove(future)
            block.lost += 1
            self.pool.check()
            if block.lost >= self.patience.attempts:
                self._try_alone(number, error)
                return
            if not block.futures:
                block.futures.append(self._submit(self.blocks[number]))
                block.begun = now

    def _try_alone(self, number: int, error: BaseException) -> None:
        """Blocks that are lost again and again, each with nothing beside it: one of them may kill the others.

        Raises
        ------
        IncompleteError
            One kills its worker alone, too; what of it does so is named.
        """
        lost = self._out[number].lost
        _cancel(self._out[number].futures)
        self._land()
        for suspect in [number, *(one for one in self._out if one != number)]:
            rows = self.blocks[suspect]
            found = self._alone(rows)
            if isinstance(found, Deadly):
                raise IncompleteError(
                    f"workers died {lost} times ({_reason(error)}), each time over {self._place(rows)}; "
                    f"{guilty(rows, self._alone, self._place)}"
                ) from error
            self._back[suspect] = found, True
            self._out.pop(suspect, None)

    def _land(self) -> None:
        """Wait until nothing is in flight, and take what came back."""
        for number in list(self._out):
            block = self._out[number]
            wait(block.futures, timeout=max(self.patience.seconds, self.patience.look))
            done = [one for one in block.futures if one.done() and not one.cancelled()]
            good = [one for one in done if one.exception() is None]
            _cancel([one for one in block.futures if one not in good])
            if good:
                self._back[number] = good[0].result(), True
                del self._out[number]

    def _alone(self, rows: IntArray) -> Any:
        """The result of some rows with nothing else in flight; `Deadly` where their worker dies twice."""
        lost: tuple[type[BaseException], ...] = (*self.pool.lost, CancelledError)
        for _ in range(_TWICE):
            future = self._submit(rows)
            try:
                return future.result()
            except lost as error:
                self.pool.check()
                died = error
        return Deadly(died)

    def _place(self, rows: IntArray) -> str:
        first, last = int(rows[0]), int(rows[-1])
        if first == last:
            return self.name(first) or f"SKU-location {first + 1:,}"
        if last - first + 1 != rows.size:
            return f"{rows.size:,} SKU-locations, among them {self.name(first) or f'the {first + 1:,}th'}"
        return f"SKU-locations {first + 1:,} to {last + 1:,}"


_TWICE = 2


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _cancel(futures: Sequence[Future[Any]]) -> None:
    for future in futures:
        future.cancel()
