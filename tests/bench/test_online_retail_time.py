"""How long the Online Retail study takes: ``SIMLAB_DATA=… pytest -m bench -s tests/bench``."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from worlds.places import ROOT

pytestmark = [pytest.mark.bench, pytest.mark.realdata]

SECONDS = 45.0
MEGABYTES = 1500.0
FOLDER = ROOT / "experiments" / "01_online_retail"

# Prepares the tables, optimises the study, and tells its peak memory on the last line (kilobytes on Linux).
MEASURED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import prepare
from simlab import api
work = Path(sys.argv[2])
study = prepare.write(prepare.prepare(prepare.data_folder(), "main"), work / "tables", "main")
api.run_optimize(study, out=work / "run", workers=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_the_online_retail_study_keeps_within_time_and_memory(tmp_path):
    """From the raw sales to the report, warm kernels, two threads."""
    if not os.environ.get("SIMLAB_DATA"):
        pytest.skip("SIMLAB_DATA does not name the data folder")
    words = [sys.executable, "-c", MEASURED, str(FOLDER)]
    for run in ("warm-up", "measured"):
        start = time.perf_counter()
        done = subprocess.run([*words, str(tmp_path / run)], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        assert done.returncode == 0, done.stderr
    megabytes = float(done.stdout.splitlines()[-1]) / 1000
    print(f"\n| Online Retail study, preparation included | {seconds:.1f} s | {megabytes:.0f} MB |")
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
