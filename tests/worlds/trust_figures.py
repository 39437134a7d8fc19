"""Figures of the promises: what a test tried and found, kept where the table of promises is made from."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from worlds.places import ROOT

Case = TypeVar("Case")

PLACE = "SIMLAB_FIGURES"
"""The environment's name of the file that figures go to; without it nothing is kept."""
PIECE = "SIMLAB_PIECE"
"""The environment's name of the piece that is run of a long test: "2/5", the second of five."""
FAULTS = "faults.json"
"""Beside that file: every planted fault with what saw it, at first and when it was last tried."""


def noted(key: str, **numbers: float | str) -> None:
    """Keep what a test tried and found, under a name that the table uses."""
    if place := os.environ.get(PLACE):
        put(Path(place), key, numbers)


def piece() -> tuple[int, int]:
    """Which piece of a long test is run: its number from 1, of how many."""
    number, _, of = os.environ.get(PIECE, "1/1").partition("/")
    return int(number), int(of)


def piece_of(cases: Sequence[Case]) -> list[Case]:
    """Those of a long test's cases that belong to the piece."""
    number, of = piece()
    return list(cases[number - 1 :: of])


def noted_piece(
    key: str, said: Callable[[Counter[str]], dict[str, float | str]], counts: Counter[str]
) -> None:
    """Keep what a piece counted, and what is said of it with the other pieces of the day."""
    if place := os.environ.get(PLACE):
        number, of = piece()
        known = dict(read(Path(place)).get(key, {}).get("pieces", {}))
        today = dt.datetime.now(dt.UTC).date().isoformat()
        known = {name: one for name, one in known.items() if one["of"] == of and one["on"] == today}
        known[str(number)] = {"of": of, "on": today, "counts": dict(counts)}
        total = sum((Counter(one["counts"]) for one in known.values()), Counter())
        put(Path(place), key, {**said(total), "pieces": known})


def noted_fault(name: str, seen_by: str) -> None:
    """Keep which test saw a planted fault; what was found at the first try stays."""
    if place := os.environ.get(PLACE):
        path = Path(place).with_name(FAULTS)
        first = read(path).get(name, {}).get("first", seen_by)
        put(path, name, {"first": first, "last": seen_by})


def put(path: Path, key: str, numbers: dict[str, Any]) -> None:
    """Write figures, with the day and the commit they were seen at."""
    known = read(path)
    known[key] = {**numbers, "on": dt.datetime.now(dt.UTC).date().isoformat(), "commit": commit()}
    path.write_text(json.dumps(dict(sorted(known.items())), indent=2, ensure_ascii=False) + "\n", "utf-8")


def commit() -> str:
    """The commit of the tree, in short; "+" if sources or tests were changed since."""
    if given := os.environ.get("SIMLAB_COMMIT"):
        return given
    short = _git("rev-parse", "--short=7", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "simlab", "tests/**/*.py")
    return short + "+" * bool(changed)


@cache
def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def read(path: Path) -> dict[str, dict[str, Any]]:
    """All figures."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}
