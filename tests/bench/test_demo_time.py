"""How long `simlab demo` takes, everything included: run with ``pytest -m bench -s tests/bench``."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

# Limits of the design, for two cores. Other work on the machine counts against them.
COLD_SECONDS = 45.0
WARM_SECONDS = 12.0
WARM_RUNS = 3
QUIET_LOAD = 0.5

# Runs the command, then tells its peak memory on the last line of stderr (kilobytes on Linux).
MEASURED = """
import resource, sys
from simlab.cli import main
sys.argv = ["simlab", *sys.argv[1:]]
try:
    main()
finally:
    sys.stderr.write(f"\\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
"""


@dataclass(frozen=True)
class Timing:
    """One run of the demo: wall-clock seconds and peak resident memory (MB)."""

    seconds: float
    megabytes: float


def run_demo(out: Path, cache: Path) -> Timing:
    """`simlab demo` in a process of its own, kernels cached in the folder given."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    words = [sys.executable, "-c", MEASURED, "demo", "--out", str(out), "--workers", "2", "--quiet"]
    start = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    return Timing(seconds, float(done.stderr.splitlines()[-1]) / 1000)


def _beside(seconds: float, limit: float) -> str:
    """A time, its limit, and whether it is met: three cells."""
    return f"{seconds:.1f} s | {limit:g} s | {'met' if seconds <= limit else 'missed'}"


def table(cold: Timing, warm: list[Timing], load: float) -> str:
    """The rows that docs/speed.md shows."""
    median = statistics.median(run.seconds for run in warm)
    most = max(run.megabytes for run in [cold, *warm])
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    busy = f"; load average of other work {load:.1f}" if load > QUIET_LOAD else ""
    return "\n".join(
        (
            "",
            f"| `simlab demo`, everything included ({machine}{busy}) | measured | limit | |",
            "| --- | --- | --- | --- |",
            f"| cold: kernels compiled first | {_beside(cold.seconds, COLD_SECONDS)} |",
            f"| warm (median of {len(warm)}) | {_beside(median, WARM_SECONDS)} |",
            f"| peak memory | {most:,.0f} MB | | |",
        )
    )


def test_demo_is_quick_cold_and_warm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer's first run takes under 45 s on two cores, the next ones under 12 s."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    cache = tmp_path / "cache"
    cold = run_demo(tmp_path / "cold", cache)
    warm = [run_demo(tmp_path / f"warm-{number}", cache) for number in range(WARM_RUNS)]
    with capsys.disabled():
        print(table(cold, warm, load))
    assert cold.seconds < COLD_SECONDS
    assert statistics.median(run.seconds for run in warm) < WARM_SECONDS
