"""What lies beside somebody's data is never imported: not by simlab, not by a process that it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import simlab
from simlab.children import SAFE_PATH, safe_path, start_python

PACKAGE = Path(simlab.__file__).parent
CANARY = "open({mark!r}, 'a').write(__name__ + chr(10))\nraise ImportError('planted')\n"
PLANTED = ("altair", "random", "secrets", "jinja2", "pandas", "joblib", "vl_convert", "sitecustomize")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with planted modules, and the file in which they would say that they ran."""
    mark = tmp_path / "ran.txt"
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(CANARY.format(mark=str(mark)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    return mark


def ran(mark):
    return mark.read_text().split() if mark.exists() else []


def test_a_planted_module_would_be_seen(folder):
    """The canaries sing: an ordinary ``python -c`` imports them."""
    subprocess.run([sys.executable, "-c", "import random"], capture_output=True)
    assert ran(folder) == ["random"]


def test_children_import_what_is_installed(folder):
    process = start_python("import random, secrets, jinja2", stdout=subprocess.DEVNULL)
    assert process.wait() == 0
    assert ran(folder) == []


def test_the_page_s_child_and_the_compiler_s_child_start_so():
    """No interpreter is started in any other way."""
    started = [
        path
        for path in PACKAGE.rglob("*.py")
        if "sys.executable" in path.read_text("utf-8") and path.name != "children.py"
    ]
    assert started == []


def test_python_m_leaves_the_working_folder(folder):
    done = subprocess.run([sys.executable, "-m", "simlab", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ran(folder) == []


@pytest.mark.parametrize("name", ["typing", "dataclasses", "re", "__future__", "copy", "enum"])
def test_python_m_leaves_it_before_anything_of_ours_is_imported(folder, name):
    """Python itself imports what `runpy` needs from there; from the first line of simlab on nothing is."""
    (folder.parent / f"{name}.py").write_text(CANARY.format(mark=str(folder)))
    done = subprocess.run([sys.executable, "-m", "simlab", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ran(folder) == []


def test_worker_processes_keep_away_too(folder):
    """joblib starts them by ``python -m`` and ``python -c``, which put the working folder on the path."""
    code = f"""
import sys
sys.path[:] = [one for one in sys.path if one not in ("", {str(folder.parent)!r})]
from joblib import Parallel, delayed
from simlab.children import safe_path
with safe_path():
    list(Parallel(n_jobs=2, backend="loky", return_as="generator")(delayed(abs)(k) for k in (-1, 2)))
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ran(folder) == []


def test_the_environment_is_given_back():
    before = os.environ.get(SAFE_PATH)
    with safe_path():
        assert os.environ[SAFE_PATH] == "1"
    assert os.environ.get(SAFE_PATH) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loky", "dask"])
def test_workers_of_a_run_keep_away_too(folder, name):
    """A real call by each backend that starts processes, from the folder that holds the canaries."""
    code = f"""
import sys
sys.path[:] = [one for one in sys.path if one not in ("", {str(folder.parent)!r})]
if __name__ == "__main__":
    from worlds.small import HORIZON, small_levels, small_world
    from simlab.execution import Workers, close_pools, run_curves
    world = small_world(12)
    found = run_curves(world, small_levels(world), HORIZON, workers=Workers(2, 2, {name!r}))
    close_pools()
    print(found.n_items)
"""
    tests = str(Path(__file__).parents[1])
    paths = os.pathsep.join([str(PACKAGE.parent), tests])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["12"], done.stderr
    assert ran(folder) == []
