"""A whole run computed again, from its own study and tables, and compared cell by cell."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from simlab.api.commands import computed
from simlab.api.output.beginning import changed_since
from simlab.api.verifying.finding import CHANGED, TOLERANCE, Ledger
from simlab.api.verifying.inputs import input_files
from simlab.errors import Problem, SimlabError, UsageError
from simlab.execution import Progress
from simlab.run import RunFolder
from simlab.run.environment import environment
from simlab.run.tables import decode
from simlab.study import parse_study

SOON = 300.0
"""Seconds that a run took, up to which it is computed again without being asked."""
_COMPARED = ("results/", "quality.parquet", "resolved.json")
_DEMO = "demo"


def compute_again(
    run: RunFolder, ledger: Ledger, *, packed: bool, asked: bool | None, progress: Progress | None
) -> None:
    """Compute a run again and compare every table with it; what stands in the way is said.

    Parameters
    ----------
    asked : bool or None
        Whether this was asked for; None: where nothing stands in the way and it took less than `SOON`.

    Raises
    ------
    UsageError
        It was asked for and cannot be done.
    """
    if asked is False:
        return
    why = _in_the_way(run, ledger) or _takes_long(run, asked)
    if not why:
        with tempfile.TemporaryDirectory(prefix="simlab-again-") as scratch:
            try:
                other = _computed(run, Path(scratch), packed, progress)
            except SimlabError as error:
                why = str(error)
            else:
                names = compare(run, other, ledger)
                ledger.checked.append(f"the whole run computed again: {names:,} tables, cell by cell")
                return
    if asked:
        raise UsageError(f"{run.path.name} cannot be computed again: {why}")
    ledger.checked.append(f"not computed again: {why}")


def _in_the_way(run: RunFolder, ledger: Ledger) -> str:
    """Why a run cannot be computed again here; empty where it can."""
    if not run.manifest.get("begun"):
        return "the run does not say by which command and code it was made"
    if run.manifest["begun"]["options"].get("curves"):
        return "it took its curves from an earlier run"
    if differ := changed_since(run):
        return "; ".join(differ)
    if run.manifest["begun"]["command"] == _DEMO:
        return ""
    if any(one.code == "E-RUN-007" for one in ledger.problems):
        return "its inputs are not those that it was computed from"
    files = input_files(run)
    wanted = run.manifest.get("inputs") or {}
    missing = [name for name in wanted if not (name in files and files[name].exists())]
    return f"the inputs {', '.join(missing)} are not found from here" if missing else ""


def _takes_long(run: RunFolder, asked: bool | None) -> str:
    seconds = sum(float(one) for one in (run.manifest.get("times") or {}).values())
    return "" if asked or seconds <= SOON else f"it took {seconds / 60:.0f} minutes (--again does it)"


def _computed(run: RunFolder, scratch: Path, packed: bool, progress: Progress | None) -> Path:
    """The folder of the same run, made again."""
    begun = run.manifest["begun"]
    study = Path() if begun["command"] == _DEMO else _study(run, scratch / "study", packed)
    folder = RunFolder.passing(scratch / "run")
    return computed(folder, begun["command"], study, begun["options"], progress).folder


def _study(run: RunFolder, folder: Path, packed: bool) -> Path:
    """The run's own study under the name it had, reading tables where the first one read them."""
    noted = Path(str(run.manifest["study_file"]))
    base = _laid_out(run, folder / "a" / "b" / "c") if packed else (run.path / noted).parent.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"study_file": str(base / noted.name)}), "utf-8")
    study = folder / noted.name
    shutil.copyfile(run.path / "study.toml", study)
    return study


def _laid_out(run: RunFolder, base: Path) -> Path:
    """The tables of a pack put where its study names them, below a folder of this call alone."""
    study = parse_study((run.path / "study.toml").read_text("utf-8"), base, "study")
    top = base.parents[2]
    for name, file in input_files(run).items():
        path = study.path_of(getattr(study.data, name))
        if path is None or not path.resolve().is_relative_to(top.resolve()):
            raise UsageError(f"its study names the table '{name}' by a place of one machine")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, path)
    base.mkdir(parents=True, exist_ok=True)
    return base


def compare(run: RunFolder, other: Path, ledger: Ledger) -> int:
    """Note every table of a run that is not the same in another folder; how many were compared.

    On the processor that computed the run the bytes are compared, on another one numbers as far as verify
    compares them elsewhere.
    """
    exact = (run.manifest.get("environment") or {}).get("cpu") == environment()["cpu"]
    names = {key for folder in (run.path, other) for key in _tables(folder)}
    for name in sorted(names):
        here, there = run.path / name, other / name
        if not (here.is_file() and there.is_file()):
            what = "it is not made again" if here.is_file() else "it is missing"
        elif (a := here.read_bytes()) == (b := there.read_bytes()):
            continue
        else:
            what = _difference(name, a, b, 0.0 if exact else TOLERANCE)
        if what:
            ledger.problems.append(Problem(CHANGED, f"the run was computed again: {what}", name))
    return len(names)


def _tables(folder: Path) -> list[str]:
    keys = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [key for key in keys if key.startswith(_COMPARED)]


def _difference(name: str, a: bytes, b: bytes, tolerance: float) -> str:
    """Where two files of a run first differ; empty where they do not by more than `tolerance`."""
    try:
        here, there = _columns(name, a), _columns(name, b)
    except (ValueError, OSError, UsageError) as error:
        return f"it cannot be read ({type(error).__name__})"
    if list(here) != list(there):
        return "its columns are others"
    for column, values in here.items():
        others = there[column]
        if len(values) != len(others):
            return f"{len(values):,} rows stand where {len(others):,} come out"
        for row, (one, another) in enumerate(zip(values, others, strict=True)):
            if not _alike(one, another, tolerance):
                return f"column '{column}', row {row + 1}: {one} stands where {another} comes out"
    return "" if tolerance else "its bytes are others, its numbers the same"


def _columns(name: str, data: bytes) -> dict[str, Any]:
    """What a file holds, by column."""
    if name.endswith(".parquet"):
        columns: dict[str, Any] = decode(data).to_pydict()
        return columns
    if name.endswith(".npz"):
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {key: np.atleast_1d(arrays[key]).ravel().tolist() for key in sorted(arrays.files)}
    return {"": list(csv.reader(data.decode("utf-8").splitlines()))}


def _alike(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(_alike(one, another, tolerance) for one, another in pairs)
    try:
        x, y = float(a), float(b)
    except (TypeError, ValueError):
        return bool(a == b)
    same = x == y or (math.isnan(x) and math.isnan(y))
    return same or abs(x - y) <= tolerance * max(abs(x), abs(y))
