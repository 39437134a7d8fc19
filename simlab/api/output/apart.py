"""Analyses of what was simulated, each on its own: one that fails takes nothing along."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simlab.api.settings import give_back
from simlab.children import Copy, Form, LostError, copied
from simlab.errors import IncompleteError
from simlab.execution import Progress
from simlab.execution.backends.message import unpacked, whole
from simlab.run import RunFolder
from simlab.run.statements import Statement

Found = TypeVar("Found")
_LONG = 1.0
"""Seconds of an analysis that the log tells."""


@dataclass(eq=False)
class Analyses:
    """What is derived from a run's sums; faults are kept, said and put into the manifest.

    Attributes
    ----------
    folder : RunFolder
        Its log gets a line for every fault.
    faults : dict of str to str
        What failed, and how.
    progress : callable, optional
        Told of stage "write" after every analysis.
    total : int
        Analyses that are to come in all.
    """

    folder: RunFolder | None = None
    faults: dict[str, str] = field(default_factory=dict)
    progress: Progress | None = None
    total: int = 0
    _done: list[str] = field(default_factory=list)
    _begun: dict[str, Copy] = field(default_factory=dict)
    _found: dict[str, tuple[Any, float]] = field(default_factory=dict)

    @contextmanager
    def beside(self, finds: Mapping[str, Callable[[], object]], *, worth: bool) -> Iterator[None]:
        """Begin some analyses in a copy of this process, where that is worth it; `of` then waits for them.

        Parameters
        ----------
        finds : mapping of str to callable
            Those that need nothing that is found meanwhile; what they return travels.
        worth : bool
            Else all are found by `of`, as are those that fail in the copy.
        """
        if not worth:
            yield
            return
        with copied(lambda _: _timed(finds), Form(whole, unpacked)) as copy:
            if copy is not None:
                copy.collect()
            self._begun = {} if copy is None else dict.fromkeys(finds, copy)
            yield
            self._begun = {}

    def _found_beside(self, name: str) -> tuple[Any, float] | None:
        """What the copy found, and in how many seconds; None where there is nothing."""
        if name in self._begun:
            copy = self._begun[name]
            with suppress(LostError):
                self._found |= copy.answer()
            self._begun = {}
        return self._found.pop(name, None)

    def of(self, name: str, find: Callable[[], Found], otherwise: Found) -> Found:
        """What an analysis finds; `otherwise` if it fails, for the sums are worth more than any of them.

        Raises
        ------
        IncompleteError
            The disk is full or workers are lost: the run stops, and goes on to the same bytes.
        """
        started = time.perf_counter()
        try:
            if (found := self._found_beside(name)) is not None:
                return found[0]  # type: ignore[no-any-return]
            return find()
        except IncompleteError:
            raise
        except Exception as error:
            words = (str(error).splitlines() or [""])[0]
            self.faults[name] = f"{type(error).__name__}: {words}".rstrip(": ")
            if self.folder is not None:
                self.folder.log("fault", analysis=name, error=self.faults[name])
            return otherwise
        finally:
            seconds = time.perf_counter() - started
            if seconds >= _LONG / 4:
                give_back()
            self._tell(name, seconds)

    def _tell(self, name: str, seconds: float) -> None:
        """Progress, and a line in the log for what took long."""
        self._done.append(name)
        if self.progress is not None and self.total > 1:
            self.progress("write", min(len(self._done), self.total), self.total)
        if self.folder is not None and seconds >= _LONG:
            self.folder.log("part", stage="write", part=name, seconds=round(seconds, 3))

    def told(self) -> tuple[Statement, ...]:
        """A sentence for every fault."""
        return tuple(
            Statement(
                "bad",
                f"A fault of simlab: '{name}' could not be found",
                f"({error}). All else of the run stands.",
                f"fault {name}",
                "note",
            )
            for name, error in self.faults.items()
        )


def _timed(finds: Mapping[str, Callable[[], object]]) -> dict[str, tuple[object, float]]:
    """What analyses find, with their seconds; those that fail are left to whoever asked."""
    found: dict[str, tuple[object, float]] = {}
    for name, find in finds.items():
        started = time.perf_counter()
        with suppress(Exception):
            found[name] = find(), time.perf_counter() - started
    return found
