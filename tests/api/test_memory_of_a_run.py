"""A whole run of a large catalogue stays within the memory that its sums were promised."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

STATUS = Path("/proc/self/status")
MOST = 1_500_000_000
STUDY = """
schema = 1
study = { name = "large", period = "week", as_of = 2026-01-04 }
data = { items = { path = "items.csv" } }
lead_times = { law = "fixed" }
segments = { by = ["category"] }
policy = { review_period = 7, unmet = "UNMET" }
simulation = { periods = 8, warmup = 8, replications = 32, batches = 32, seed = 7 }
optimize = { fill_rate = 0.95, n_targets = 24, points = 10 }
verdict = { replications = 16 }
run = { workers = 2 }
"""
RUN = """
import sys
from pathlib import Path
from simlab.cli import main

sys.argv = ["simlab", "optimize", "study.toml", "--out", "run", "--quiet"]
try:
    main()
finally:
    print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from /proc/self/status")
@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_optimizing_thirty_thousand_items_at_24_targets_and_32_batches_fits(unmet, tmp_path):
    """Only the batches that a run writes are kept, and they are written without an object for each."""
    mean = np.random.default_rng(1).lognormal(0.5, 1.0, 30_000).round(3) + 0.05
    rows = ["sku,location,unit_cost,lead_time,holding_rate,demand_law,demand_mean,category"]
    rows += [f"S{i},HUB,10,{7 * (1 + i % 4)},0.2,poisson,{m:.3f},C{i % 5}" for i, m in enumerate(mean)]
    (tmp_path / "items.csv").write_text("\n".join(rows), "utf-8")
    (tmp_path / "study.toml").write_text(STUDY.replace("UNMET", unmet), "utf-8")
    done = subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    peak = 1024 * int(done.stdout.split()[-1])
    assert peak <= MOST, f"{peak / 1e9:.2f} GB"
