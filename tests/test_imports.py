"""The rooms of the house: who may import whom, and what starting up may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import simlab
from simlab import api

PACKAGE = Path(simlab.__file__).parent

EVERYWHERE = frozenset(
    {"arrays", "caches", "children", "errors", "mapped", "measures", "reading", "register"}
)

# The table of the design: a room and the rooms it may import, besides those allowed everywhere.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "arrays": frozenset(),
    "caches": frozenset(),
    "children": frozenset(),
    "errors": frozenset(),
    "mapped": frozenset(),
    "place": frozenset(),
    "measures": frozenset(),
    "reading": frozenset(),
    "register": frozenset(),
    "version": frozenset(),
    "study": frozenset(),
    "catalog": frozenset({"study"}),
    "engine": frozenset({"version"}),
    "models": frozenset({"study", "catalog", "engine"}),
    "segments": frozenset({"study", "catalog", "models"}),
    "policies": frozenset({"study", "models", "engine", "segments"}),
    "samples": frozenset({"catalog", "segments", "policies"}),
    "run": frozenset({"study", "version"}),
    "execution": frozenset({"engine", "models", "policies", "run", "version"}),
    "frontier": frozenset(),
    "verdict": frozenset({"execution", "frontier", "policies", "models", "segments"}),
    "report": frozenset({"run"}),
    "api": frozenset(
        {"study", "catalog", "engine", "models", "segments", "policies", "samples", "run"}
        | {"execution", "frontier", "verdict", "report", "selfcheck"}
    ),
    "selfcheck": frozenset({"engine", "models", "policies"}),
    "testing": frozenset({"engine"}),
    "cli": frozenset({"api", "selfcheck", "version"}),
    "__init__": frozenset({"api", "place", "selfcheck", "version"}),
    "__main__": frozenset({"cli"}),
}

# The order of sub-rooms: a folder or file of a room imports only those of the lines before it. Those of one
# line know nothing of each other.
ORDER: dict[str, tuple[tuple[str, ...], ...]] = {
    "api": (
        ("settings", "show"),
        ("pictures",),
        ("data",),
        ("requirements",),
        ("remarks", "simulator"),
        ("plans", "simulation", "tracing"),
        ("finance", "learning"),
        ("accounts", "decision"),
        ("output",),
        ("exporting", "ordering", "rollout"),
        ("audits", "checks", "comparison", "contest", "estimate", "optimization"),
        ("reference", "starting"),
        ("commands",),
        ("daily", "verifying"),
    ),
    "catalog": (
        ("columns", "findings", "meanings", "quality"),
        ("cells",),
        ("files", "parts"),
        ("coming",),
        ("catalog",),
        ("calendar",),
        ("tables",),
        ("forecasts", "mended"),
        ("load",),
    ),
    "engine": (
        ("_jit", "world"),
        ("laws",),
        ("kernels",),
        ("lanes", "prepare"),
        ("recorder",),
        ("run",),
    ),
    "frontier": (
        ("curves",),
        ("merge", "plan", "solvers"),
        ("bounded", "bounds", "limits"),
        ("classes", "frontier"),
        ("exchange", "problem", "thin"),
        ("asked", "robust", "service"),
    ),
    "models": (
        ("correlation", "drawn", "grouping", "keys", "statistics"),
        ("shared",),
        ("working_parts",),
        ("review_cycles", "terms"),
        ("history", "margins", "opening"),
        ("forecasts", "suppliers"),
        ("demand",),
        ("fitting",),
        ("backtest", "probe"),
    ),
    "policies": (
        ("sums",),
        ("levels",),
        ("methods", "quantities"),
        ("problems",),
        ("planning",),
        ("ordering", "policy", "stock_reward", "today"),
    ),
    "report": (
        ("kit",),
        ("plan", "lists", "unfinished"),
        ("audit", "contest", "gate"),
        ("book",),
        ("render",),
        ("apart",),
    ),
    "verdict": (
        ("audit", "between_runs", "gate", "growing", "replay", "retest", "scores"),
        ("compare", "stress", "tournament"),
    ),
}

MOST_MODULES = 13  # in one folder, `__init__` not counted; a register of schemes may hold more
REGISTERS = frozenset({"segments/schemes", "report/plan/sections", "cli/commands"})

# Rooms that must stay free of everything but these packages (and the standard library).
ONLY_PACKAGES: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "measures": frozenset({"numpy", "scipy"}),  # scipy inside functions
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


@cache
def statements(text: str) -> frozenset[tuple[int, str, str]]:
    """(dots, module, name) of every import of a source, in functions and for typing as well.

    The name is empty where the module alone is imported. A source is parsed once for all tests.
    """
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found |= {(node.level, node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(0, alias.name, "") for alias in node.names}
    return frozenset(found)


def absolute_name(dots: int, module: str, path: Path) -> str:
    """Name of the module that a ``from`` statement reads, relative dots resolved."""
    if not dots:
        return module
    parts = ("simlab", *path.relative_to(PACKAGE).parent.parts)
    base = parts[: len(parts) - dots + 1]
    return ".".join((*base, module) if module else base)


def imported(path: Path) -> Iterator[str]:
    """Dotted names imported anywhere in a module."""
    for dots, module, name in statements(path.read_text("utf-8")):
        whole = absolute_name(dots, module, path)
        yield f"simlab.{name}" if name and whole == "simlab" else whole


def forbidden_arrows(path: Path) -> list[str]:
    room = room_of(path)
    allowed = MAY_IMPORT[room] | EVERYWHERE | {room}
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


def test_imports_follow_the_arrows_of_the_design() -> None:
    """Data flows one way: a room imports only the rooms that the design lists for it."""
    assert [wrong for path in modules() for wrong in forbidden_arrows(path)] == []


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


def known_modules(root: Path) -> dict[str, Path]:
    """Dotted name → file of every module below a folder that holds the package."""
    found = {}
    for path in sorted((root / "simlab").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def arrows(root: Path) -> set[tuple[str, str]]:
    """(importing, imported) modules of the package, whoever imports late or for typing only included."""
    files = known_modules(root)
    found = set()
    for name, path in files.items():
        for dots, module, part in statements(path.read_text("utf-8")):
            each = f"{module}.{part}"
            if not dots:
                found.add((name, each if each in files else module))
    return {(a, b) for a, b in found if b in files and b not in {a, "simlab"}}


def circles(pairs: set[tuple[str, str]]) -> list[list[str]]:
    """Groups of names that reach each other along the arrows (Tarjan 1972, without recursion)."""
    follow: dict[str, set[str]] = {}
    for a, b in pairs:
        follow.setdefault(a, set()).add(b)
        follow.setdefault(b, set())
    # Peel off what has no arrow out, then what has none in: only circles and ways between them are left.
    left = {name: set(targets) for name, targets in follow.items()}
    while ends := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in ends:
            del left[name]
    while starts := left.keys() - {target for name in left for target in left[name]}:
        for name in starts:
            del left[name]
    return [sorted(left)] if left else []


def folder_of(name: str, files: dict[str, Path]) -> str:
    return name if files[name].name == "__init__.py" else name.rpartition(".")[0]


def folder_arrows(root: Path) -> set[tuple[str, str]]:
    """The same between folders; a folder and those inside it are one place."""
    files = known_modules(root)
    pairs = {(folder_of(a, files), folder_of(b, files)) for a, b in arrows(root)}
    return {(a, b) for a, b in pairs if a != b and not a.startswith(f"{b}.") and not b.startswith(f"{a}.")}


def test_no_files_import_each_other_in_a_circle() -> None:
    """There is a bottom to begin reading at; imports in functions and for typing count."""
    assert circles(arrows(PACKAGE.parent)) == []


def test_no_folders_import_each_other_in_a_circle() -> None:
    assert circles(folder_arrows(PACKAGE.parent)) == []


def test_a_circle_is_seen_even_if_one_of_its_imports_is_late(tmp_path: Path) -> None:
    """Two files, one of which imports the other inside a function; likewise two folders."""
    for name, source in {
        "simlab/__init__.py": "",
        "simlab/a/__init__.py": "",
        "simlab/b/__init__.py": "",
        "simlab/a/one.py": "from simlab.b import two",
        "simlab/b/two.py": "def late():\n    from simlab.a.one import what",
        "simlab/b/three.py": "from simlab.b.two import late",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    assert circles(arrows(tmp_path)) == [["simlab.a.one", "simlab.b.two"]]
    assert circles(folder_arrows(tmp_path)) == [["simlab.a", "simlab.b"]]


def test_no_folder_is_a_hall() -> None:
    """A folder with more modules than one sees at a glance wants a sub-folder with a noun."""
    held: dict[str, int] = {}
    for path in modules():
        if path.name != "__init__.py":
            place = path.parent.relative_to(PACKAGE).as_posix()
            held[place] = held.get(place, 0) + 1
    assert {place: n for place, n in held.items() if n > MOST_MODULES and place not in REGISTERS} == {}


def backward(room: str, root: Path) -> list[str]:
    """Arrows inside a room that do not lead to an earlier line of `ORDER`."""
    rank = {name: line for line, names in enumerate(ORDER[room]) for name in names}
    wrong = []
    for a, b in sorted(arrows(root)):
        ours, theirs = a.split("."), b.split(".")
        if len(ours) < 3 or len(theirs) < 3 or {ours[1], theirs[1]} != {room} or ours[2] == theirs[2]:
            continue
        if rank.get(theirs[2], len(rank)) >= rank.get(ours[2], -1):
            wrong.append(f"{a} imports {b}")
    return wrong


@pytest.mark.parametrize("room", ORDER)
def test_imports_inside_a_room_follow_the_order_of_its_sub_rooms(room: str) -> None:
    """Every file or folder of a big room has its line, and imports only from the lines before it."""
    places = {
        path.relative_to(PACKAGE / room).parts[0].removesuffix(".py")
        for path in modules()
        if room_of(path) == room
    }
    assert places - {"__init__"} == {name for names in ORDER[room] for name in names}
    assert backward(room, PACKAGE.parent) == []


def test_a_backward_arrow_inside_a_room_is_seen(tmp_path: Path) -> None:
    for name, source in {
        "simlab/__init__.py": "",
        "simlab/report/__init__.py": "",
        "simlab/report/render.py": "",
        "simlab/report/kit/__init__.py": "",
        "simlab/report/kit/style.py": "def late():\n    from simlab.report import render",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    assert backward("report", tmp_path) == ["simlab.report.kit.style imports simlab.report.render"]


def hidden_modules() -> list[str]:
    """Modules whose name their package has given to something else."""
    files = known_modules(PACKAGE.parent)
    hidden = []
    for name, path in files.items():
        if path.name != "__init__.py":
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                hidden += [f"{name}.{alias.asname or alias.name}" for alias in node.names]
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                hidden.append(f"{name}.{node.name}")
    return [each for each in hidden if each in files]


def test_no_module_is_hidden_by_a_name_of_its_package() -> None:
    """``import simlab.room.module as m`` gives the module, never a function of the same name."""
    assert hidden_modules() == []


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


API = "import simlab.api\nassert set(simlab.api.__all__) <= set(dir(simlab.api))"


@pytest.mark.parametrize(
    "code", ["import simlab", "import simlab.cli", HELP, API], ids=["import", "cli", "help", "api"]
)
def test_starting_up_loads_no_heavy_package(code: str) -> None:
    """Asking for help must not wait for compilers and plotting libraries."""
    assert loaded_after(code) == set()


def test_public_names_are_announced() -> None:
    """Completion in an editor or a notebook shows the lazy names."""
    assert set(simlab.__all__) <= set(dir(simlab))


def test_names_of_the_api_are_found_where_type_checkers_look_for_them() -> None:
    """The table of lazy names says what the imports for typing say, and hides no module."""
    typed = {}
    for node in ast.walk(ast.parse(Path(api.__file__).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("simlab"):
            typed |= {alias.name: node.module for alias in node.names}
    assert typed == api._WHERE
    assert set(typed) == set(api.__all__)
    assert not {f"simlab.api.{name}" for name in typed} & set(known_modules(PACKAGE.parent))
    assert all(getattr(api, name) is not None for name in api.__all__)
    with pytest.raises(AttributeError):
        api.nothing  # noqa: B018


def test_orders_do_not_wait_for_what_plans_a_study() -> None:
    """A list of every morning: no contest, audit or optimization is loaded for it."""
    code = "import simlab, sys\nsimlab.orders\nassert not [m for m in sys.modules if m.startswith(%r)]"
    never = ("simlab.api.contest", "simlab.api.audits", "simlab.api.optimization", "simlab.verdict.audit")
    assert "matplotlib" not in loaded_after(code % (never,))


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
