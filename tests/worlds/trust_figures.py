"""Figures of the promises: what a test tried and found, kept where the table of promises is made from."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

PLACE = "SIMLAB_FIGURES"
"""The environment's name of the file that figures go to; without it nothing is kept."""


def noted(key: str, **numbers: float | str) -> None:
    """Keep what a test tried and found, under a name that the table uses."""
    if place := os.environ.get(PLACE):
        put(Path(place), key, numbers)


def put(path: Path, key: str, numbers: dict[str, float | str]) -> None:
    """Write figures, with the day."""
    known = read(path)
    known[key] = {**numbers, "on": dt.datetime.now(dt.UTC).date().isoformat()}
    path.write_text(json.dumps(dict(sorted(known.items())), indent=2, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> dict[str, dict[str, float | str]]:
    """All figures."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}
