"""`orders.csv` and `excess.csv` beside the run, all at once or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.errors import UsageError
from simlab.run.spreadsheet import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.ordering.orders import Orders


_UNSAFE = re.compile(r"[^\w.+-]+")


def write_orders(found: Orders, folder: str | Path | None = None, *, by_supplier: bool = False) -> Path:
    """Write a day's lists into a new folder.

    Parameters
    ----------
    found : Orders
    folder : path, optional
        A folder that does not exist yet. Default: ``orders/<date>`` beside the run, else -2, -3, …
    by_supplier : bool
        Also one list per supplier, under `suppliers`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder exists, or nothing may be written there.
    """
    files = {"orders.csv": csv_bytes(found.orders), "excess.csv": csv_bytes(_finite(found.excess))}
    if by_supplier:
        files |= _lists(found)
    beside = found.source.folder.path.resolve().parent / "orders"
    place = _free(beside / found.day) if folder is None else Path(folder)
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


def _lists(found: Orders) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name, frame in found.by_supplier().items():
        stem = _UNSAFE.sub("_", name).strip("._") or "no_supplier"
        number, key = 1, f"suppliers/{stem}.csv"
        while key in files:
            number += 1
            key = f"suppliers/{stem}-{number}.csv"
        files[key] = csv_bytes(frame)
    return files


def _free(place: Path) -> Path:
    number, path = 1, place
    while path.exists():
        number += 1
        path = place.with_name(f"{place.name}-{number}")
    return path
