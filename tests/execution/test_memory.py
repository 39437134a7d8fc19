"""Sums of a large catalogue fit into the memory that was promised for them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
MOST = 1_500_000_000
RUN = """
import json
from dataclasses import replace
from pathlib import Path
from simlab.execution import Workers, run_curves
from simlab.selfcheck import speed

work = speed.{workload}(30_000)
horizon = replace(work.horizon, periods=5, replications=32, slots=32)
curves = run_curves(work.world, work.levels, horizon, workers=Workers(2))
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps([curves.served.shape, int(peak) * 1024]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from /proc/self/status")
@pytest.mark.parametrize("workload", ["sweep", "lost_sales"])
def test_sums_of_thirty_thousand_items_at_24_targets_and_32_batches_fit(workload):
    """Blocks are copied to their place as they come: no second copy of all of them is ever held."""
    run = RUN.format(workload=workload)
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    shape, peak = json.loads(done.stdout)
    assert shape == [30_000, 24, 32]
    assert peak <= MOST, f"{peak / 1e9:.2f} GB"
