"""Copies of this process that work beside it: what they hand back, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simlab import children
from simlab.children import Form, LostError, copied
from simlab.execution.backends.message import unpacked, whole

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")


def test_a_copy_has_what_is_in_memory_and_answers_what_it_is_asked() -> None:
    """Also where question and answer are larger than what a pipe holds."""
    table = np.arange(300_000)
    with copied(lambda wait: (os.getpid(), table + wait()), Form(whole, unpacked)) as copy:
        assert copy is not None
        copy.ask(np.full(300_000, 2))
        pid, found = copy.answer()
    assert pid == copy.pid != os.getpid()
    np.testing.assert_array_equal(found, table + 2)


def test_a_copy_that_fails_or_dies_says_how_and_is_lost() -> None:
    with copied(lambda _: {}["missing"]) as copy:
        with pytest.raises(LostError, match="KeyError: 'missing'"):
            copy.answer()
        with pytest.raises(LostError, match="has ended"):
            copy.answer()
    with copied(lambda _: os.abort()) as copy, pytest.raises(LostError, match="ended with -6"):
        copy.answer()
    with copied(lambda _: sys.exit(3)) as copy, pytest.raises(LostError, match="ended with 1"):
        copy.answer()


def test_a_copy_that_waits_for_ever_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that waits for a lock which a thread held when it was copied."""
    monkeypatch.setattr(children, "_PATIENCE", 1.0)
    with copied(lambda _: signal.pause()) as copy, pytest.raises(LostError):
        copy.answer()


def test_a_copy_that_nobody_asks_ends_with_the_block() -> None:
    with copied(lambda _: time.sleep(600)) as copy:
        assert Path(f"/proc/{copy.pid}").exists()
    assert not Path(f"/proc/{copy.pid}").exists()


@pytest.mark.parametrize("collects", [True, False])
def test_a_copy_whose_answer_is_collected_ends_before_it_is_asked_for(collects: bool) -> None:
    """Else it stays until then with all its memory: the answer is larger than what a pipe holds."""
    with copied(lambda _: "x" * 300_000) as copy:
        assert copy is not None
        if collects:
            copy.collect()
            copy.collect()
        deadline = time.monotonic() + (20 if collects else 1)
        while not (ended := _is_zombie(copy.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert ended == collects
        assert copy.answer() == "x" * 300_000
        with pytest.raises(LostError, match="has ended"):
            copy.answer()
    with copied(lambda _: time.sleep(600)) as copy:
        assert copy is not None
        copy.collect()
    assert not Path(f"/proc/{copy.pid}").exists()


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_copy_holds_no_claim_and_no_stream_of_this_process(tmp_path: Path) -> None:
    """A lock on a folder is free when the process that took it lets go, whatever goes on beside."""
    import fcntl

    handle = os.open(tmp_path / "claim", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with copied(lambda wait: wait()) as copy:
        time.sleep(0.2)
        os.close(handle)
        other = os.open(tmp_path / "claim", os.O_RDWR)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        copy.ask("still there")
        assert copy.answer() == "still there"


def test_where_nothing_can_be_copied_there_is_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    with copied(lambda _: 1) as copy:
        assert copy is None
    monkeypatch.setattr(children, "can_copy", lambda: False)
    with copied(lambda _: 1) as copy:
        assert copy is None


def test_a_copy_ends_when_the_process_that_it_copies_is_killed() -> None:
    """SIGKILL asks nobody; what is computed beside would go on for nobody, for minutes."""
    code = """
import os, signal, sys, time
from simlab.children import copied
with copied(lambda _: time.sleep(600)) as copy:
    print(copy.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    stat = Path(f"/proc/{int(done.stdout)}/stat")
    until = time.monotonic() + 20
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.01)
