"""The same bytes under any clock, zone, language, seed of hashes; who may not write is told; two keep apart.

Run: ``pytest -s -m slow tests/trust/test_other_circumstances.py`` (setpriv needs root, faketime and strace
their packages; what is missing is skipped by name). The points of strace take 12 minutes of one core, a
quarter of them with ``SIMLAB_PIECE=1/4``.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter

import pytest
from worlds.nine import nine_items, same_bytes
from worlds.trust_figures import noted, noted_piece, piece_of

from simlab.errors import EXIT_INCOMPLETE, EXIT_USAGE
from simlab.run import verify
from simlab.run.folder import BEGINNING

pytestmark = [pytest.mark.slow, pytest.mark.processes]

RUN = """
import sys
from pathlib import Path
from simlab import api
from simlab.run import RunFolder
folder = api.run_optimize(sys.argv[1], Path(sys.argv[2]), draw=False).folder
RunFolder.open(folder, sealed=True).complete()
"""
SIMLAB = [sys.executable, "-m", "simlab"]
POINTS = int(os.environ.get("SIMLAB_POINTS", "20"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    study = nine_items(tmp_path_factory.mktemp("nine"))
    whole = study.parent / "whole"
    run(study, whole)
    return study, whole


def run(study, out, *, before=(), python=(), environment=None):
    """A run in a process of its own."""
    command = [*before, sys.executable, *python, "-c", RUN, str(study), str(out)]
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-800:]


CIRCUMSTANCES = {
    "east of all": {"environment": {"TZ": "Pacific/Kiritimati"}},
    "west of all": {"environment": {"TZ": "Etc/GMT+12"}},
    "another language": {"environment": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}},
    "ASCII alone": {"environment": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}},
    "hashes 1": {"environment": {"PYTHONHASHSEED": "1"}},
    "hashes 2": {"environment": {"PYTHONHASHSEED": "2"}},
    "without asserts": {"python": ["-O"]},
    "warnings are errors": {"python": ["-W", "error"]},
    "a home that nobody may write": {"environment": {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none"}},
    "the last second of February 2032": {"before": ["faketime", "2032-02-29 23:59:58"]},
}


SAME = []


@pytest.fixture(scope="module", autouse=True)
def counted():
    """Figures of the table of promises."""
    yield
    if SAME:
        noted("circumstances", tried=len(CIRCUMSTANCES), same=len(SAME))


@pytest.mark.parametrize("name", CIRCUMSTANCES)
def test_the_same_bytes(world, tmp_path, name):
    study, whole = world
    how = CIRCUMSTANCES[name]
    if how.get("before") and shutil.which(how["before"][0]) is None:
        pytest.skip(f"{how['before'][0]} is not installed")
    run(study, tmp_path / "run", **how)
    assert same_bytes(whole, tmp_path / "run") == []
    assert verify(tmp_path / "run") == []
    SAME.append(name)


def as_nobody(*command):
    """A command as a user whom permission bits bind."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("another user can only be had by root, with setpriv")
    bound = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]
    environment = {**os.environ, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*bound, *command], capture_output=True, text=True, env=environment)


def opened(folder):
    """A folder that anybody may enter, up to the root of temporary ones."""
    while folder != folder.parent and folder.stat().st_uid == os.geteuid() and str(folder) != "/tmp":
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent


def test_who_may_not_write_or_read_is_told_so(world, tmp_path):
    study, _ = world
    opened(tmp_path)
    opened(study.parent)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = as_nobody(*SIMLAB, "optimize", str(study), "--out", str(closed / "run"))
    assert done.returncode == EXIT_USAGE, (done.returncode, done.stderr)
    assert "cannot write a run folder" in done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    items = study.parent / "items.csv"
    items.chmod(0o600)
    try:
        done = as_nobody(*SIMLAB, "check", str(study))
    finally:
        items.chmod(0o644)
    assert done.returncode == EXIT_USAGE or done.returncode == 3, (done.returncode, done.stderr)
    assert "cannot be read: Permission denied" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_twenty_pairs_of_runs_into_one_folder_give_one_whole_run(world, tmp_path):
    study, whole = world
    for number in range(20):
        out = tmp_path / str(number)
        command = [sys.executable, "-c", RUN, str(study), str(out)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        first = subprocess.Popen(command, **quiet)
        time.sleep(0.05 * number)
        second = subprocess.Popen(command, **quiet)
        said = [one.communicate()[1] for one in (first, second)]
        codes = sorted((first.returncode, second.returncode))
        assert codes == [0, 1], said
        assert "nothing is ever replaced" in " ".join(said) or "another process" in " ".join(said), said
        assert same_bytes(whole, out) == []
        assert verify(out) == []
        shutil.rmtree(out)
    noted("two runs into one folder", pairs=20, whole=20)


def by_strace(total):
    """What became of the points."""
    words = ", ".join(f"{total[word]} {word}" for word in sorted(total))
    return {"points": total.total(), "survived": total.total(), "said": words}


def test_points_that_the_system_itself_fails_leave_a_run_to_go_on_from(world, tmp_path):
    """The k-th fsync, write or rename of the main thread ends with ENOSPC, by strace."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    study, whole = world
    found = []
    for number in piece_of(range(POINTS)):
        call, most = (("fsync", 90), ("rename", 45), ("write", 90))[number % 3]
        at = 2 + (most - 2) * (number // 3) // (POINTS // 3)
        out = tmp_path / str(number)
        trace = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        command = [*SIMLAB, "optimize", str(study), "--out", str(out), "--quiet"]
        fault = [f"-einject={call}:error=ENOSPC:when={at}"]
        done = subprocess.run([*trace, *fault, *command], capture_output=True, text=True)
        assert "Traceback" not in done.stderr, (call, at, done.stderr[-800:])
        manifest = out / "manifest.json"
        if not manifest.is_file():
            assert done.returncode in (EXIT_INCOMPLETE, EXIT_USAGE), (call, at, done.stderr[-400:])
            assert not (out / "results").exists()
            found.append("no folder")
            continue
        status = re.search(r'"status": "(\w+)"', manifest.read_text("utf-8"))
        word = status[1] if status else "none"
        if word != "complete":
            assert done.returncode == EXIT_INCOMPLETE, (call, at, done.returncode, done.stderr[-400:])
            again = {"running": "resume", "sealed": "report"}[word]
            begun = word == "sealed" or (out / BEGINNING).is_file()
            done = subprocess.run([*SIMLAB, again, str(out)], capture_output=True, text=True)
            assert done.returncode == (0 if begun else EXIT_USAGE), (call, at, done.stderr[-400:])
            if not begun:
                assert "before anything was kept: run it again" in " ".join(done.stderr.split())
                assert not (out / "results").exists()
                found.append("not begun")
                continue
        found.append(word)
        assert same_bytes(whole, out) == []
        assert verify(out) == []
        shutil.rmtree(out)
    print({word: found.count(word) for word in sorted(set(found))})
    noted_piece("points by strace", by_strace, Counter(found))
