"""The tables that a run was computed from: the same bytes as then?"""

from __future__ import annotations

from pathlib import Path

from simlab.api.verifying.finding import Ledger
from simlab.catalog.columns import TABLES
from simlab.catalog.files.parquet import sha256_of
from simlab.errors import InvalidInputError, Problem
from simlab.run import RunFolder, sha256
from simlab.study import Study, parse_study

INPUTS = "inputs"
"""Folder of a pack that holds the tables."""


def input_files(run: RunFolder) -> dict[str, Path]:
    """Where the tables of a run lie, by their names; empty where its study is not found again."""
    kept, noted = run.path / "study.toml", run.manifest.get("study_file")
    if not kept.is_file():
        return {}
    packed = run.path / INPUTS
    base = packed if packed.is_dir() else (run.path / str(noted)).parent if noted else None
    if base is None:
        return {}
    try:
        study = parse_study(kept.read_text("utf-8"), base, "study")
    except InvalidInputError:
        return {}
    return {name: path for name, path in _paths(study, packed.is_dir()) if name in run.manifest["inputs"]}


def _paths(study: Study, packed: bool) -> list[tuple[str, Path]]:
    found = []
    for name in TABLES:
        source = getattr(study.data, name)
        path = None if source is None else study.path_of(source)
        if path is not None:
            found.append((name, study.folder / f"{name}{path.suffix}" if packed else path))
    return found


def check_inputs(run: RunFolder, ledger: Ledger, *, packed: bool) -> None:
    """Compare the tables with the hashes in the manifest; those that are not there are said, not refused."""
    wanted: dict[str, str] = dict(run.manifest.get("inputs") or {})
    files = input_files(run)
    there = {name: path for name, path in files.items() if path.exists()}
    for name, path in there.items():
        if (sha256_of(path) if path.is_dir() else sha256(path)) != wanted[name]:
            message = f"the table '{name}' is not the one that the run was computed from"
            ledger.problems.append(Problem("E-RUN-007", message, path.name))
    missing = [name for name in wanted if name not in there]
    if there:
        ledger.checked.append(f"SHA-256 of the inputs {', '.join(there)}")
    if missing:
        where = "the pack holds their hashes alone" if packed else "they are not found from here"
        ledger.checked.append(f"not checked: the inputs {', '.join(missing)} ({where})")
