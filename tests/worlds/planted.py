"""A copy of the package with mistakes in its source, run as plain Python so that nothing is compiled."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from worlds.places import TESTS

import simlab

PACKAGE = Path(simlab.__file__).parent

START = """
import sys
sys.path[:1] = sys.argv[1:4]
import simlab
assert simlab.__file__.startswith(sys.argv[1]), simlab.__file__
"""


def copy_of_package(folder: Path) -> Path:
    """The package, copied into a folder."""
    package = folder / "simlab"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


def plant(package: Path, where: str, right: str, wrong: str) -> None:
    """Replace a text, which must be there, in a source of the engine, found by its name in any sub-folder."""
    places = [path for path in (package / "engine").rglob("*.py") if path.as_posix().endswith("/" + where)]
    assert len(places) == 1, (where, places)
    file = places[0]
    source = file.read_text("utf-8")
    assert source.count(right) >= 1, right
    file.write_text(source.replace(right, wrong), "utf-8")


def told(package: Path, script: str, *arguments: str) -> str:
    """What a script prints that imports this copy, the tests' modules and those of `tests/engine`.

    The script finds its arguments in ``sys.argv[4:]``.
    """
    paths = (str(package.parent), str(TESTS), str(TESTS / "engine"))
    command = [sys.executable, "-c", START + script, *paths, *arguments]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
