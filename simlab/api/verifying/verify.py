"""Is a run what it was, do its numbers follow from each other, and do they come out again?"""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from simlab.api.verifying.again import compute_again
from simlab.api.verifying.derived import derive
from simlab.api.verifying.finding import Ledger
from simlab.api.verifying.inputs import INPUTS, check_inputs
from simlab.api.verifying.pack import unpacked
from simlab.api.verifying.simulated import simulate_again
from simlab.errors import InvalidInputError, Problem
from simlab.execution import Progress
from simlab.measures.shown import Public
from simlab.run import RunFolder
from simlab.run.folder import verify as verify_files

N_ITEMS = 5


@dataclass(frozen=True, repr=False)
class Verification(Public):
    """What was checked, and what is wrong.

    Attributes
    ----------
    place : str
        Run or pack, as named.
    checked : tuple of str
    problems : tuple of Problem
        Empty if all is well.
    """

    place: str
    checked: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def is_well(self) -> bool:
        return not self.problems


def verify(
    place: str | Path,
    n_items: int = N_ITEMS,
    *,
    again: bool | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check a finished run, or a pack of one.

    Parameters
    ----------
    place : path
        Run folder, or a zip from `pack`.
    n_items : int
        SKU-locations to simulate again with the plain simulator.
    again : bool, optional
        Whether to compute the whole run again from its tables, which finds any number that was changed, and
        takes as long as the run did. Left out: where nothing is wrong so far, tables, code and versions are
        those of the run, and it took less than five minutes.

    Raises
    ------
    UsageError
        There is no run at `place`, a newer simlab wrote it, or it cannot be computed `again`.
    """
    path = Path(place)
    if path.is_file() and zipfile.is_zipfile(path):
        with tempfile.TemporaryDirectory() as scratch:
            folder = unpacked(path, Path(scratch))
            return _verified(folder, str(place), n_items, packed=True, again=again, progress=progress)
    return _verified(path, str(place), n_items, packed=False, again=again, progress=progress)


def _verified(
    folder: Path, place: str, n_items: int, *, packed: bool, again: bool | None, progress: Progress | None
) -> Verification:
    problems = [one for one in verify_files(folder) if not (packed and one.file.startswith(f"{INPUTS}/"))]
    ledger = Ledger(problems=list(problems))
    if any(problem.code == "E-RUN-003" or problem.file == "manifest.json" for problem in problems):
        return Verification(place, (), tuple(problems))
    run = RunFolder.open(folder)
    ledger.checked.append(f"SHA-256 of {len(run.manifest.get('files', {})):,} files and of the manifest")
    check_inputs(run, ledger, packed=packed)
    for step in (derive, lambda run, ledger: simulate_again(run, n_items, ledger)):
        try:
            step(run, ledger)
        except InvalidInputError as error:
            ledger.problems += [one for one in error.problems if one not in ledger.problems]
        except (KeyError, ValueError, TypeError, IndexError) as error:
            what = f"a table has not the form that the run wrote ({type(error).__name__}: {error})"
            ledger.problems.append(Problem("E-RUN-002", what, "results"))
    if again or not ledger.problems:
        compute_again(run, ledger, packed=packed, asked=again, progress=progress)
    return Verification(place, tuple(ledger.checked), tuple(ledger.problems))
