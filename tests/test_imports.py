"""The rooms of the house: who may import whom, and what starting up may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import simlab

PACKAGE = Path(simlab.__file__).parent

EVERYWHERE = frozenset({"errors", "measures"})

# The table of the design: a room and the rooms it may import, besides `errors` and `measures`.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "measures": frozenset(),
    "study": frozenset(),
    "catalog": frozenset({"study"}),
    "engine": frozenset(),
    "models": frozenset({"study", "catalog", "engine"}),
    "segments": frozenset({"study", "catalog", "models"}),
    "policies": frozenset({"study", "models", "engine", "segments"}),
    "samples": frozenset({"catalog", "segments", "policies"}),
    "run": frozenset({"study"}),
    "execution": frozenset({"engine", "models", "policies", "run"}),
    "frontier": frozenset(),
    "verdict": frozenset({"execution", "frontier", "policies", "models", "segments"}),
    "report": frozenset({"run"}),
    "api": frozenset(
        {"study", "catalog", "engine", "models", "segments", "policies", "samples", "run"}
        | {"execution", "frontier", "verdict", "report", "selfcheck"}
    ),
    "selfcheck": frozenset({"engine", "models", "policies"}),
    "testing": frozenset({"engine"}),
    "cli": frozenset({"api", "selfcheck"}),
    "__init__": frozenset({"api", "selfcheck"}),
    "__main__": frozenset({"cli"}),
}

# Rooms that must stay free of everything but these packages (and the standard library).
ONLY_PACKAGES: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "measures": frozenset({"numpy"}),
    "engine": frozenset({"numpy", "numba"}),
    # highspy: the extra `milp`, HiGHS with models that stay loaded; scipy brings its own where it is missing
    "frontier": frozenset({"numpy", "scipy", "highspy"}),
    "__init__": frozenset(),
}

# Exceptions, each with its reason; this should stay short.
ALSO_ALLOWED: frozenset[tuple[str, str]] = frozenset()

ONLY_FOR_TYPING = "_typeshed"

HEAVY = ("numba", "scipy", "pandas", "altair", "matplotlib", "pyarrow")


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def absolute_name(node: ast.ImportFrom, path: Path) -> str:
    """Name of the module that a ``from`` statement reads, relative dots resolved."""
    if not node.level:
        return node.module or ""
    parts = ("simlab", *path.relative_to(PACKAGE).parent.parts)
    base = parts[: len(parts) - node.level + 1]
    return ".".join((*base, node.module) if node.module else base)


def imported(path: Path) -> Iterator[str]:
    """Dotted names imported anywhere in a module, in functions and for typing as well."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute_name(node, path)
            if module == "simlab":
                yield from (f"simlab.{alias.name}" for alias in node.names)
            else:
                yield module


def forbidden_arrows(path: Path) -> list[str]:
    room = room_of(path)
    allowed = MAY_IMPORT[room] | EVERYWHERE | {room, "__version__"}
    packages = ONLY_PACKAGES.get(room)
    known = sys.stdlib_module_names | {ONLY_FOR_TYPING}
    where = path.relative_to(PACKAGE).as_posix()
    wrong = []
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "simlab":
            ok = rest.partition(".")[0] in allowed
        else:
            ok = packages is None or top in packages | known or (where, top) in ALSO_ALLOWED
        if not ok:
            wrong.append(f"simlab/{where} imports {name}")
    return wrong


def test_every_module_lives_in_a_room_of_the_design() -> None:
    """A new room needs a place in the table first, and none is a drawer for leftovers."""
    rooms = {room_of(path) for path in modules()}
    assert rooms <= set(MAY_IMPORT)
    assert not any("utils" in path.stem for path in modules())


def test_no_room_is_named_like_a_public_function() -> None:
    """``simlab.simulate`` must stay the function, whatever is imported first."""
    assert not {"load", "demo", "segment", "simulate", "optimize", "compare"} & set(MAY_IMPORT)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_arrows_of_the_design(path: Path) -> None:
    """Data flows one way: a room imports only the rooms that the design lists for it."""
    assert forbidden_arrows(path) == []


@pytest.mark.parametrize(
    "source",
    [
        "from simlab.api import load",
        "import simlab.report.page",
        "from simlab import verdict",
        "from ..execution import blocks",
        "from .. import cli",
        "def late():\n    from simlab.cli import main",
        "import pandas as pd",
    ],
)
def test_a_wrong_arrow_is_seen(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader of imports notices every way of writing one."""
    path = tmp_path / "simlab" / "frontier" / "merge.py"
    path.parent.mkdir(parents=True)
    path.write_text(source + "\n", "utf-8")
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "simlab")
    assert len(forbidden_arrows(path)) == 1


def loaded_after(code: str) -> set[str]:
    """Heavy packages loaded by a fresh interpreter that ran `code`."""
    tail = f"\nimport sys\nsys.__stdout__.write('\\n' + ' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HELP = """
import runpy, sys
sys.argv = ["simlab", "--help"]
try:
    runpy.run_module("simlab", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize("code", ["import simlab", "import simlab.cli", HELP], ids=["import", "cli", "help"])
def test_starting_up_loads_no_heavy_package(code: str) -> None:
    """Asking for help must not wait for compilers and plotting libraries."""
    assert loaded_after(code) == set()


def test_public_names_are_announced() -> None:
    """Completion in an editor or a notebook shows the lazy names."""
    assert set(simlab.__all__) <= set(dir(simlab))


def test_unknown_name_is_an_attribute_error() -> None:
    """``hasattr`` and typos behave as in any module."""
    assert not hasattr(simlab, "optimise")


@pytest.mark.bench
def test_help_is_quick() -> None:
    """``simlab --help``: best of five under half a second."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "simlab", "--help"], capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.5
