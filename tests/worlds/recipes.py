"""Recipes of CONTRIBUTING, followed to the letter in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from worlds.places import ROOT

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
_BLOCK = re.compile(
    r"```python\n# (simlab/\S+?)(?:, (after|before) the line \"([^\n]*)\")?\n(.*?)```", re.DOTALL
)


def steps(title: str) -> list[tuple[str, str, str, str]]:
    """(file, where, line, code) of every block of the recipe that begins with this bold title."""
    text = CONTRIBUTING.read_text("utf-8")
    begin = text.index(f"**{title}")
    end = re.compile(r"^(\*\*|## )", re.MULTILINE).search(text, begin + 2)
    return _BLOCK.findall(text[begin : end.start() if end else None])


def files_of(title: str) -> list[str]:
    """Files that a recipe touches."""
    return sorted({name for name, *_ in steps(title)})


def copy_with(*titles: str, folder: Path) -> tuple[Path, list[str]]:
    """The package with some recipes followed, and the files touched."""
    package = folder / "simlab"
    shutil.copytree(ROOT / "simlab", package, ignore=shutil.ignore_patterns("__pycache__"))
    touched = []
    for name, where, line, code in [step for title in titles for step in steps(title)]:
        path = folder / name
        touched.append(name)
        if not where:
            assert not path.exists(), f"{name} exists already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, "utf-8")
            continue
        lines = path.read_text("utf-8").splitlines(keepends=True)
        at = [number for number, text in enumerate(lines) if text.rstrip("\n") == line]
        assert len(at) == 1, f"{name} has the line {line!r} {len(at)} times"
        lines.insert(at[0] + (where == "after"), code)
        path.write_text("".join(lines), "utf-8")
    return folder, sorted(set(touched))


def python(folder: Path, code: str, *, compiled: bool = False) -> str:
    """What a program says that imports the copy; as plain Python unless compiled, which takes a minute."""
    environment = os.environ | {"PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "0" if compiled else "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
