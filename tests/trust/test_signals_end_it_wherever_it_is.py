"""SIGINT and SIGTERM end a command within five seconds while it compiles, in HiGHS and while it draws.

No process is left, the run goes on: ``pytest -s -m slow tests/trust/test_signals_end_it_wherever_it_is.py``
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from worlds.nine import nine_items
from worlds.trust_figures import noted

from simlab import api
from simlab.run import verify

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SIMLAB = [sys.executable, "-m", "simlab"]
SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
MOST = 5.0
ENDED: dict[str, list[float]] = {}

IN_HIGHS = """
import sys
import numpy as np
from simlab.cli.stopping import watch_signals
from simlab.frontier.solvers.highs import HighsSolver
from simlab.frontier.solvers.model import Mixed
import scipy.sparse as sp
watch_signals()
rng = np.random.default_rng(1)
m, n = 7, 60  # a market split: no solver proves it within minutes (Cornuejols & Dawande 1998)
a = rng.integers(0, 100, (m, n)).astype(float)
rows = np.hstack([a, np.eye(m), -np.eye(m)])
half = np.floor(a.sum(axis=1) / 2)
model = Mixed(
    np.r_[np.zeros(n), np.ones(2 * m)],
    sp.csr_array(rows),
    half,
    half,
    np.zeros(n + 2 * m),
    np.r_[np.ones(n), np.full(2 * m, 1e4)],
    np.r_[np.ones(n, bool), np.zeros(2 * m, bool)],
)
print("in", flush=True)
HighsSolver().solve(model, 120.0)
print("out", flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def counted():
    """Figures of the table of promises."""
    yield
    load = f"{os.getloadavg()[1]:.0f}"
    for place, took in ENDED.items():
        noted(
            f"signals {place}", tried=len(took), longest=f"{max(took):.1f}", load=load, cores=os.cpu_count()
        )


def left_of(session):
    """Processes of a session that are still there."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(place.parent.name))
    return found


def ends(process, number, code, place):
    """Send a signal; the process ends by it in time and leaves nothing."""
    begun = time.monotonic()
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    took = time.monotonic() - begun
    assert process.returncode == code, words[-500:]
    ENDED.setdefault(place, []).append(took)
    assert left_of(process.pid) == []
    assert took < MOST


def started(*command, **environment):
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        start_new_session=True,
    )


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_while_compiling(tmp_path, number, code):
    study = nine_items(tmp_path)
    out = tmp_path / "run"
    cold = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    process = started(*SIMLAB, "optimize", str(study), "--out", str(out), **cold)
    while not (out / "blocks" / "begun.json").is_file():
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(3)
    ends(process, number, code, "while compiling")
    assert json.loads((out / "manifest.json").read_text())["status"] == "running"


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_in_highs(number, code):
    process = started(sys.executable, "-c", IN_HIGHS)
    assert process.stdout.readline() == b"in\n"
    time.sleep(2)
    assert process.poll() is None, process.stderr.read()[-800:]
    ends(process, number, code, "in HiGHS")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_while_drawing(tmp_path, number, code):
    study = nine_items(tmp_path)
    out = api.run_optimize(study, tmp_path / "run", draw=False).folder
    process = started(*SIMLAB, "report", str(out))
    while len(left_of(process.pid)) < 2:
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(0.5)
    ends(process, number, code, "while drawing")
    assert json.loads((out / "manifest.json").read_text())["status"] == "sealed"
    subprocess.run([*SIMLAB, "report", str(out)], check=True, capture_output=True)
    assert verify(out) == []
