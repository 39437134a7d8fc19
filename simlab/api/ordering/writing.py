"""`orders.csv` and `excess.csv` beside the run, all at once or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.errors import UsageError
from simlab.run.spreadsheet import csv_bytes

if TYPE_CHECKING:
    import pandas as pd


_UNSAFE = re.compile(r"[^\w.+-]+")


def write_lists(
    lists: Mapping[str, pd.DataFrame],
    suppliers: Mapping[str, pd.DataFrame],
    place: Path,
    further: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a day's lists into a new folder.

    Parameters
    ----------
    lists : mapping of str to DataFrame
        Name of the file, without ``.csv``.
    suppliers : mapping of str to DataFrame
        One list per supplier, under `suppliers`.
    place : Path
        A folder that does not exist yet.
    further : mapping of str to bytes, optional
        Other files by their names.

    Raises
    ------
    UsageError
        The folder exists, or nothing may be written there.
    """
    files = {f"{name}.csv": csv_bytes(_finite(frame)) for name, frame in lists.items()}
    files |= _by_supplier(suppliers)
    files |= further or {}
    if place.exists():
        raise UsageError(f"{place}: exists already; nothing is ever replaced")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".orders-", dir=place.parent))
        try:
            for name, content in files.items():
                (scratch / name).parent.mkdir(exist_ok=True)
                (scratch / name).write_bytes(content)
            scratch.chmod(0o755)
            scratch.rename(place)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {place}: {error.strerror or error}") from error
    return place


def _finite(frame: pd.DataFrame) -> pd.DataFrame:
    """Days of cover that never end are left empty."""
    return frame.replace([float("inf")], float("nan"))


def _by_supplier(suppliers: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name, frame in suppliers.items():
        stem = _UNSAFE.sub("_", name).strip("._") or "no_supplier"
        number, key = 1, f"suppliers/{stem}.csv"
        while key in files:
            number += 1
            key = f"suppliers/{stem}-{number}.csv"
        files[key] = csv_bytes(frame)
    return files


def free(place: Path) -> Path:
    """A path that does not exist: the given one, else -2, -3, …"""
    number, path = 1, place
    while path.exists():
        number += 1
        path = place.with_name(f"{place.name}-{number}")
    return path
