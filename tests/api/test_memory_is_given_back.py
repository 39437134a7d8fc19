"""What a stage freed goes back to the system before the next one takes its own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import simlab.api.settings as settings
from simlab.api.settings import Clock, give_back


def resident() -> float:
    """MB of this process in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


@pytest.mark.skipif(sys.platform != "linux" or settings._trim() is None, reason="no malloc_trim here")
def test_freed_memory_leaves_the_process_when_a_stage_ends():
    clock = Clock()
    with clock.stage("fit"):
        tables = [np.ones(8_000) for _ in range(3_000)]  # 64 kB each, kept apart by what lies between
        between = [np.ones(8_000) for _ in range(10)]
        full = resident()
        del tables
    assert resident() < full - 150
    assert len(between) == 10


CODE = """
import sys
import numpy as np
from simlab.api.settings import give_back_at_once
if sys.argv[1] == "at once":
    give_back_at_once()
def resident():
    with open("/proc/self/status") as status:
        return int(status.read().split("VmRSS:")[1].split()[0]) / 1000
del [np.ones(3_000_000)][:]  # 24 MB: what is as large as that is kept from now on
tables, between = [], []
for _ in range(40):
    tables.append(np.ones(1_000_000))
    between.append(np.ones(10_000))
full = resident()
tables.clear()
print(full - resident())
"""


@pytest.mark.skipif(sys.platform != "linux" or settings._trim() is None, reason="no malloc_trim here")
def test_large_arrays_leave_the_process_as_soon_as_nobody_holds_them():
    def left(how):
        called = [sys.executable, "-c", CODE, how]
        return float(subprocess.run(called, check=True, capture_output=True, text=True).stdout)

    assert left("at once") > 300 > left("as ever") + 100


def test_other_systems_keep_theirs(monkeypatch):
    monkeypatch.setattr("simlab.api.settings.sys.platform", "darwin")
    settings._trim.cache_clear()
    give_back()
    assert settings._trim() is None
    settings._trim.cache_clear()
