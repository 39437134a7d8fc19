"""People who watch are told in one line what is done and how long the rest takes; pipes every ten seconds."""

import io
import threading

import pytest

from simlab.cli import progress
from simlab.cli.progress import Watch, so_far


@pytest.mark.parametrize(
    ("done", "total", "seconds", "told"),
    [
        (0, 0, 3.0, "0:03"),
        (1, 1, 63.0, "1:03"),
        (0, 1800, 3.0, "0% 0:03"),
        (600, 1800, 6.0, "33% about 0:12 left"),
        (3, 20, 3600.0, "15% about 5:40:00 left"),
        (20, 20, 6.0, "100% 0:06"),
    ],
)
def test_remaining_time_follows_from_what_is_done(done, total, seconds, told):
    assert so_far(done, total, seconds) == told


def test_the_line_has_the_number_of_a_known_stage_and_a_clock_of_its_own():
    now = [0.0]
    watch = Watch(("load", "verdict"), clock=lambda: now[0])
    assert watch.line() == ""
    watch("load", 0, 1)
    now[0] = 10.0
    watch("verdict", 0, 100)
    now[0] = 22.0
    watch("verdict", 50, 100)
    assert watch.line() == "[2/2] verdict 50% about 0:12 left"
    watch("redrawn", 0, 0)
    assert watch.line() == "redrawn 0:00"


def test_a_pipe_gets_a_line_now_and_then_and_a_terminal_is_left_clean(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for out in (io.StringIO(), Terminal()):
        monkeypatch.setattr(progress, "HEARTBEAT", 0.01)
        monkeypatch.setattr(progress, "_BEAT", 0.01)
        watch, ended = Watch(("load",)), threading.Event()
        watch("load", 1, 2)
        writer = threading.Thread(target=progress._tell, args=(watch, out, ended))
        writer.start()
        while "[1/1] load" not in out.getvalue():
            pass
        ended.set()
        writer.join(5)
        assert out.getvalue().endswith("\r" if out.isatty() else "\n")
