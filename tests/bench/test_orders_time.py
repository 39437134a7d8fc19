"""The orders of a day by the clock: ``pytest -m bench -s tests/bench/test_orders_time.py``.

A made-up catalogue (`SIMLAB_SCALES=100000`) is simulated once, briefly; then `simlab orders` runs in a
process of its own, all lists and the page included: once to compile what is not kept, then three times.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

LIMITS = {"100000": 5.0}
"""Seconds on two idle cores."""
BRIEF = {
    "periods = 104": "periods = 26",
    "replications = 50\nbatches = 20": "replications = 10\nbatches = 10",
}


@pytest.fixture(scope="module", autouse=True)
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Sources are compiled once, as in any installation: PYTHONDONTWRITEBYTECODE costs 0.7 s a start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


def simlab(*words: str) -> tuple[float, float]:
    """A command in a process of its own: seconds by the clock, and of CPU."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "simlab", *words], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def finished(folder: Path, scale: str) -> Path:
    """A finished run of so many SKU-locations."""
    simlab("init", str(folder / "study"), "--scale", scale)
    study = folder / "study" / "study.toml"
    text = study.read_text("utf-8")
    for old, new in BRIEF.items():
        assert old in text
        text = text.replace(old, new)
    study.write_text(text, "utf-8")
    run = folder / "run"
    simlab("simulate", str(study), "--out", str(run), "--quiet")
    return run


@pytest.mark.parametrize("scale", os.environ.get("SIMLAB_SCALES", "100000").split(","))
def test_the_orders_of_a_day_take_seconds(
    scale: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished(tmp_path, scale)
    simlab("orders", str(run), "--out", str(tmp_path / "first"), "--quiet")  # compiles what is not kept
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    times = [simlab("orders", str(run), "--out", str(tmp_path / f"orders-{k}"), "--quiet") for k in range(3)]
    lines = (tmp_path / "orders-0" / "orders.csv").read_bytes().count(b"\n") - 1
    seconds, cpu = min(times)
    with capsys.disabled():
        print(
            f"\nsimlab orders, {int(scale):,} SKU-locations, {lines:,} lines ({platform.machine()}, "
            f"{os.cpu_count()} cores; load average of other work {load:.1f}): {seconds:.2f} s, "
            f"CPU {cpu:.2f} s"
        )
    assert seconds <= LIMITS.get(scale, float("inf"))
