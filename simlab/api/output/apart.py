"""Analyses of what was simulated, each on its own: one that fails takes nothing along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from simlab.run import RunFolder
from simlab.run.statements import Statement

Found = TypeVar("Found")


@dataclass(eq=False)
class Analyses:
    """What is derived from a run's sums; faults are kept, said and put into the manifest.

    Attributes
    ----------
    folder : RunFolder
        Its log gets a line for every fault.
    faults : dict of str to str
        What failed, and how.
    """

    folder: RunFolder | None = None
    faults: dict[str, str] = field(default_factory=dict)

    def of(self, name: str, find: Callable[[], Found], otherwise: Found) -> Found:
        """What an analysis finds; `otherwise` if it fails, for the sums are worth more than any of them."""
        try:
            return find()
        except Exception as error:
            words = (str(error).splitlines() or [""])[0]
            self.faults[name] = f"{type(error).__name__}: {words}".rstrip(": ")
            if self.folder is not None:
                self.folder.log("fault", analysis=name, error=self.faults[name])
            return otherwise

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
