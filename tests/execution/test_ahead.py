"""What a first run needs last is compiled meanwhile; nothing depends on it."""

import importlib

import pytest

from simlab.engine.lanes import lanes
from simlab.execution import ahead
from simlab.execution.by_period import lanes as by_period


class Recorded:
    """A process that was asked for, and what became of it."""

    def __init__(self):
        self.calls = []

    def __call__(self, command, **options):
        self.calls.append(command)
        return self

    def wait(self):
        self.calls.append("wait")

    def kill(self):
        self.calls.append("kill")


@pytest.fixture
def process(monkeypatch, tmp_path):
    found = Recorded()
    monkeypatch.setattr(ahead, "start_python", found)
    monkeypatch.setattr(ahead, "cache_folder", lambda: tmp_path)
    return found


def test_an_empty_cache_is_filled_meanwhile_and_waited_for(process):
    with ahead.kernels_ahead() as compiled:
        assert process.calls == [ahead._CODE]
        compiled()
    assert process.calls == [ahead._CODE, "wait", "kill", "wait"]


def test_a_cache_that_has_all_late_kernels_starts_nothing(process, tmp_path):
    for name in ahead.LATE:
        (tmp_path / f"stock.{name}-86.py311.nbi").write_bytes(b"")
    with ahead.kernels_ahead() as compiled:
        compiled()
    assert process.calls == []


def test_without_a_cache_or_a_process_the_run_goes_on(process, monkeypatch):
    def refused(*words, **options):
        raise OSError("no more processes")

    monkeypatch.setattr(ahead, "start_python", refused)
    with ahead.kernels_ahead() as compiled:
        assert compiled() is None
    monkeypatch.setattr(ahead, "cache_folder", lambda: None)
    with ahead.kernels_ahead() as compiled:
        assert compiled() is None
    assert process.calls == []


def test_what_is_named_by_text_is_there():
    """The code of the child and the names that the cache is searched for survive every move of a module."""
    words = ahead._CODE.split()
    assert getattr(importlib.import_module(words[1]), words[3].rstrip(";")) is ahead.compile_late
    assert all(hasattr(lanes, name) or hasattr(by_period, name) for name in ahead.LATE)


@pytest.mark.slow
def test_the_late_kernels_are_the_ones_that_runs_call():
    """Same signatures: after the smallest world, a real one compiles nothing more."""
    import numpy as np
    from worlds.engine import mixed_world

    from simlab.engine.lanes.lanes import run_column
    from simlab.engine.world.world import Horizon
    from simlab.execution.by_period.lanes import follow_by_period
    from simlab.execution.by_period.sums import stock_of

    ahead.compile_late()
    assert len(run_column.signatures) == 1  # compiled apart, then called by `lanes`
    before = len(follow_by_period.signatures)
    world, levels = mixed_world(6)
    group = np.zeros(world.n_items, np.int64)
    horizon = Horizon(periods=5, warmup=2, replications=2, slots=1, seed=1)
    stock_of(world, levels, horizon, group, group + 1, n_groups=1)
    assert len(follow_by_period.signatures) == before == 1
