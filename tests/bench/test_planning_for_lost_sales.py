"""Planning for lost sales beside the sweep that follows it:

``pytest -m bench -s tests/bench/test_planning_for_lost_sales.py``

Levels where demand is lost are found by simulation (`simlab.policies.levels.lost`), which may take three
times a lost-sales sweep: every target of the study's grid on the seed of the search, a year at the default
replications. Held to CPU seconds: by the clock a run has a copy beside that fits the past. Precision is what
planning is held to, so that a sweep of fewer periods makes the share larger.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest

import simlab
from simlab.api.data.data import settings_of
from simlab.execution import Workers, run_curves
from simlab.policies.levels import lost
from simlab.policies.planning import plan

pytestmark = pytest.mark.bench

LIMIT = 3.0


@dataclass
class Spent:
    """Seconds by the clock and of CPU."""

    clock: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> Spent:
        self.began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.clock += time.perf_counter() - self.began[0]
        self.cpu += time.process_time() - self.began[1]


def by_day(folder):
    """The demo: 1,800 SKU-locations, reviewed every seven days, seasons of a week and of the year."""
    return simlab.demo(study={"policy": {"unmet": "lost"}})


def by_week(folder):
    """5,000 SKU-locations of the generator."""
    subprocess.run([sys.executable, "-m", "simlab", "init", str(folder), "--scale", "5000"], check=True)
    file = folder / "study.toml"
    written = file.read_text("utf-8").replace("[policy]", '[policy]\nunmet = "lost"')
    written = re.sub(r"(?m)^unmet = \"backorder\".*\n", "", written)
    for two_years, year in (("periods = 104", "periods = 52"), ("replications = 50", "replications = 200")):
        written = written.replace(two_years, year, 1)
    file.write_text(written, "utf-8")
    return simlab.load(file)


@pytest.mark.parametrize("study", [by_day, by_week])
def test_planning_takes_at_most_three_sweeps(monkeypatch, tmp_path, study):
    data = study(tmp_path / "made")
    targets = np.array(data.study.targets())
    searching, inner = Spent(), lost.levels_by_simulation

    def watched(*given):
        with searching:
            return inner(*given)

    monkeypatch.setattr(lost, "levels_by_simulation", watched)
    models = data.models
    plan(models, targets[-2:], threads=2)  # compiles
    searching.clock = searching.cpu = 0.0
    with Spent() as whole:
        planned = plan(models, targets, seed=data.study.simulation.seed, threads=2)
    horizon = settings_of(data).horizon("search", 0)
    sweep = [Spent() for _ in range(2)]
    for one in sweep:
        with one:
            run_curves(models.world, planned.levels, horizon, workers=Workers(2))
    last = sweep[-1]
    sys.stderr.write(
        f"\nplanning for lost sales {searching.clock:.1f} s ({searching.cpu:.1f} of CPU), all planning "
        f"{whole.clock:.1f} ({whole.cpu:.1f}), sweep {last.clock:.1f} ({last.cpu:.1f})\n"
    )
    assert searching.cpu <= LIMIT * last.cpu
