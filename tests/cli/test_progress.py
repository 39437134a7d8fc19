"""People who watch are told what is done, how quickly, and how long the rest will take."""

import pytest

from simlab.cli.progress import StageBars, so_far


@pytest.mark.parametrize(
    ("done", "total", "seconds", "told"),
    [
        (0, 0, 3.0, ""),
        (1, 1, 3.0, ""),
        (0, 1800, 3.0, "0/1800"),
        (5, 1800, 0.1, "5/1800"),
        (600, 1800, 2.0, "600/1800 · 300/s · 4 s left"),
        (3, 20, 6.0, "3/20 · 0.5/s · 34 s left"),
        (20, 20, 6.0, "20/20 · 3.3/s"),
    ],
)
def test_rate_and_remaining_time_follow_from_what_is_done(done, total, seconds, told):
    assert so_far(done, total, seconds) == told


def test_every_stage_has_a_bar_and_a_clock_of_its_own():
    class Bars:
        shown = ()

        def add_task(self, stage, **more):
            self.shown = (*self.shown, stage)
            return stage

        def update(self, task, **more):
            self.last = task, more["told"]

    now, bars = [0.0], Bars()
    stages = StageBars(bars, clock=lambda: now[0])
    stages("verdict", 0, 100)
    now[0] = 10.0
    stages("write", 0, 10)
    now[0] = 12.0
    stages("write", 5, 10)
    assert bars.shown == ("verdict", "write")
    assert bars.last == ("write", "5/10 · 2.5/s · 2 s left")
