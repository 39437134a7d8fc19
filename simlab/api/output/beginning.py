"""What a run begins with, so that it can go on only with the same."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import zip_longest
from pathlib import Path
from typing import Any

from simlab.api.data.data import Data, demo, load
from simlab.api.output.manifest import study_place
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.run import RunFolder
from simlab.run.environment import environment, sources
from simlab.run.folder import BEGINNING

_CODE = "E-RUN-009"
_SAME = ("python", "simlab", "numpy", "numba", "scipy", "pandas", "pyarrow", "cpu")


def begin(folder: RunFolder, data: Data, command: str, options: dict[str, Any]) -> None:
    """Note what the run is made of before anything is simulated; a resumed run has it already."""
    if (folder.path / BEGINNING).is_file():
        return
    place = study_place(data, folder.path)
    begun = {"command": command, "options": options, **place, "basis": _basis(data)}
    folder.write_json(BEGINNING, {**begun, "study": data.study.source})


def begun_as(folder: RunFolder) -> dict[str, Any]:
    """What the manifest keeps of it, so that the run can be computed again: command, options, code."""
    try:
        begun = json.loads((folder.path / BEGINNING).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    options = {name: one for name, one in begun["options"].items() if name != "workers"}
    if options.get("curves") is not None:
        options["curves"] = "of an earlier run"  # not where it lay
    return {"begun": {"command": begun["command"], "options": options, "sources": begun["basis"]["sources"]}}


def changed_since(run: RunFolder) -> list[str]:
    """What of a finished run's code and versions is another here, each with then and now."""
    known, here = run.manifest.get("environment") or {}, environment()
    differ = [name for name in _SAME if name != "cpu" and str(known.get(name)) != str(here.get(name))]
    told = [f"{name} {known.get(name)} then, {here.get(name)} now" for name in differ]
    if run.manifest["begun"]["sources"] != sources():
        told.append("the code of simlab is another")
    return told


def _basis(data: Data) -> dict[str, str]:
    """Everything that the run's bytes depend on, by name."""
    known = environment()
    return {
        "study": hashlib.sha256(data.study.source.encode("utf-8")).hexdigest(),
        **{f"input {name}": digest for name, digest in data.catalog.inputs.items()},
        "sources": sources(),
        **{name: str(known.get(name)) for name in _SAME},
    }


def went_on(folder: RunFolder) -> tuple[str, Path, dict[str, Any]]:
    """The command, study file and options of a run that goes on, compared with what is there now.

    Raises
    ------
    UsageError
        The run stopped before it noted anything, or its study is not found.
    InvalidInputError
        Something changed; every difference.
    """
    try:
        begun = json.loads((folder.path / BEGINNING).read_text("utf-8"))
        command, options, basis = begun["command"], dict(begun["options"]), dict(begun["basis"])
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise UsageError(f"{folder.path}: it stopped before anything was kept: run it again") from error
    study = folder.path / str(begun.get("study_file", "")) if command != "demo" else Path()
    if command != "demo" and not study.is_file():
        raise UsageError(f"{folder.path}: its study file is not found ({os.fspath(study)})")
    data = demo() if command == "demo" else load(study)
    now = _basis(data)
    differ = [name for name in {**basis, **now} if basis.get(name) != now.get(name)]
    if differ:
        fix = "run it anew, or bring back what it began with"
        shown = {name: _shown(basis, now, name) for name in differ}
        if "study" in shown:
            shown["study"] = _lines(str(begun.get("study", "")), data)
        raise InvalidInputError(
            [Problem(_CODE, f"{name} changed since the run began: {shown[name]}", fix=fix) for name in differ]
        )
    return command, study, options


def _shown(basis: dict[str, str], now: dict[str, str], name: str) -> str:
    """A version then and now; of what has no name, the first digits of its SHA-256."""
    then, here = str(basis.get(name, "none")), str(now.get(name, "none"))
    return f"{then} then, {here} now" if name in _SAME else f"SHA-256 {then[:12]} then, {here[:12]} now"


def _lines(then: str, data: Data) -> str:
    """The first line of a study that is another one."""
    pairs = zip_longest(then.splitlines(), data.study.source.splitlines(), fillvalue="")
    for number, (old, new) in enumerate(pairs, 1):
        if old != new:
            return f"line {number} was {old.strip()!r}, is {new.strip()!r}"
    return "its line ends"
