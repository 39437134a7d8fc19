"""What a stage freed goes back to the system before the next one takes its own."""

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


def test_other_systems_keep_theirs(monkeypatch):
    monkeypatch.setattr("simlab.api.settings.sys.platform", "darwin")
    settings._trim.cache_clear()
    give_back()
    assert settings._trim() is None
    settings._trim.cache_clear()
