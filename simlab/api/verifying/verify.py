"""Is a run what it was, do its numbers follow from each other, and do they come out again?"""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from simlab.api.verifying.derived import derive
from simlab.api.verifying.finding import Ledger
from simlab.api.verifying.inputs import INPUTS, check_inputs
from simlab.api.verifying.pack import unpacked
from simlab.api.verifying.simulated import simulate_again
from simlab.errors import InvalidInputError, Problem
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


def verify(place: str | Path, n_items: int = N_ITEMS) -> Verification:
    """Check a finished run, or a pack of one.

    Parameters
    ----------
    place : path
        Run folder, or a zip from `pack`.
    n_items : int
        SKU-locations to simulate again with the plain simulator.

    Raises
    ------
    UsageError
        There is no run at `place`, or a newer simlab wrote it.
    """
    path = Path(place)
    if path.is_file() and zipfile.is_zipfile(path):
        with tempfile.TemporaryDirectory() as scratch:
            return _verified(unpacked(path, Path(scratch)), str(place), n_items, packed=True)
    return _verified(path, str(place), n_items, packed=False)


def _verified(folder: Path, place: str, n_items: int, *, packed: bool) -> Verification:
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
    return Verification(place, tuple(ledger.checked), tuple(ledger.problems))
