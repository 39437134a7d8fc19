"""People who watch are told in one line what is done and how long the rest takes; pipes every ten seconds."""

import io
import random
import re
import threading
from itertools import pairwise

import pytest

from simlab.cli import progress
from simlab.cli.progress import Watch, so_far


@pytest.mark.parametrize(
    ("done", "total", "seconds", "left", "told"),
    [
        (0, 0, 3.0, None, "0:03"),
        (1, 1, 63.0, None, "1:03"),
        (0, 1800, 3.0, None, "0% 0:03"),
        (1, 1800, 3.0, None, "0% 0:03"),
        (600, 1800, 6.0, 12.0, "33% about 0:12 left"),
        (3, 20, 3600.0, 20400.0, "15% about 5:40:00 left"),
        (20, 20, 6.0, 0.0, "100% 0:06"),
    ],
)
def test_the_rest_is_told_where_it_is_known(done, total, seconds, left, told):
    assert so_far(done, total, seconds, left) == told


def test_the_line_has_the_number_of_a_known_stage_and_a_clock_of_its_own():
    now = [0.0]
    watch = Watch(("load", "verdict"), clock=lambda: now[0])
    assert watch.line() == ""
    watch("load", 0, 1)
    now[0] = 10.0
    watch("verdict", 0, 100)
    now[0] = 22.0
    watch("verdict", 25, 100)
    assert watch.line() == "[2/2] verdict 25% 0:12"
    now[0] = 28.0
    watch("verdict", 50, 100)
    assert watch.line() == "[2/2] verdict 50% about 0:12 left"
    watch("redrawn", 0, 0)
    assert watch.line() == "redrawn 0:00"


def told(times, total, until=None):
    """(second, seconds left as told) every quarter of a second; `times`: when each part is done."""
    now = [0.0]
    watch = Watch(clock=lambda: now[0])
    watch("simulate", 0, total)
    lines = []
    for tick in range(4 * int(max(times) if until is None else until)):
        now[0] = tick / 4
        done = sum(time <= now[0] for time in times)
        watch("simulate", done, total)
        if found := re.search(r"about ([\d:]+) left", watch.line()):
            clock = [int(part) for part in found[1].split(":")]
            lines.append((now[0], sum(part * 60**k for k, part in enumerate(reversed(clock)))))
    return lines


@pytest.mark.parametrize("seed", range(8))
def test_the_rest_is_not_told_wildly_on_a_busy_machine(seed):
    """Compiling first, then parts of a second that others make three times as long now and then: by
    what was spent so far over what was done, the first part of 300 spoke of hours."""
    draw = random.Random(seed)
    time, times = 60.0, []
    while len(times) < 300:
        time += draw.choice([0.2, 0.5, 1.0, 1.0, 3.0])
        times.append(time)
    lines = told(times, 300)
    assert lines[0][0] < 75
    for second, left in lines:
        assert left < 3.5 * (times[-1] - second) + 10, (second, left)
        assert left > 0.3 * (times[-1] - second) - 10, (second, left)
    for (_, before), (_, after) in pairwise(lines):
        assert abs(after - before) < 0.4 * before + 5


def test_one_part_that_takes_a_minute_does_not_speak_of_hours():
    times = [2.0 * k for k in range(1, 51)] + [160.0 + 2 * k for k in range(1, 101)]
    left = dict(told(times, 150))
    assert abs(left[100.0] - 200) < 10
    assert max(left.values()) < 700  # of 300 that were left
    assert left[250.0] < 1.5 * (times[-1] - 250)


def test_a_run_that_goes_on_does_not_count_what_was_done_before_as_fast():
    now = [0.0]
    watch = Watch(clock=lambda: now[0])
    for second in range(21):
        now[0] = float(second)
        watch("simulate", 900 + second, 1000)
    assert watch.line() == "simulate 92% about 1:20 left"


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
