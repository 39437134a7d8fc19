"""Steps of a check: what each refuses is kept, and told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from simlab.errors import InvalidInputError, OutOfRangeError, Problem, UsageError

Result = TypeVar("Result")


def everything(problem: Problem) -> bool:
    """Any problem is believed."""
    return True


@dataclass(eq=False)
class Steps:
    """Steps that may each refuse the study; what they refuse is told at once.

    Attributes
    ----------
    file : str
        Name of the study file.
    problems : list of Problem
    believes : callable
        Whether a problem is one of the study as it stands: not all are once something was left out of it.
    """

    file: str
    problems: list[Problem] = field(default_factory=list)
    believes: Callable[[Problem], bool] = everything

    def do(self, step: Callable[[], Result], where: str = "") -> Result | None:
        """What a step returns; None if it refused, its problems kept."""
        try:
            return step()
        except InvalidInputError as error:
            self.keep(error.problems)
        except (UsageError, OutOfRangeError) as error:
            self.keep([Problem("E-OPT-040", str(error), self.file, column=where)])
        return None

    def keep(self, problems: Iterable[Problem]) -> None:
        """Those that are new and believed."""
        self.problems += [one for one in problems if one not in self.problems and self.believes(one)]

    def finish(self) -> None:
        """Refuse with everything found.

        Raises
        ------
        InvalidInputError
            Something was refused.
        """
        if self.problems:
            raise InvalidInputError(self.problems)
