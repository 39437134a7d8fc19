"""Analyses of what was simulated, each on its own: one that fails takes nothing along."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from simlab.api.settings import give_back
from simlab.errors import IncompleteError
from simlab.execution import Progress
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

    def of(self, name: str, find: Callable[[], Found], otherwise: Found) -> Found:
        """What an analysis finds; `otherwise` if it fails, for the sums are worth more than any of them.

        Raises
        ------
        IncompleteError
            The disk is full or workers are lost: the run stops, and goes on to the same bytes.
        """
        started = time.perf_counter()
        try:
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
