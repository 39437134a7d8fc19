"""Limits of a study on the command line: exact messages, exit codes 3 and 4, nothing half-written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simlab.cli import main


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are looked for in messages, which a narrow terminal breaks."""
    monkeypatch.setenv("COLUMNS", "400")


ITEMS = """sku,location,unit_cost,lead_time,demand_law,demand_mean,category,channel,customer_group,criticality
00123,EAST,12.50,14,poisson,20,core,web,retail,high
00124,EAST,3.10,14,poisson,6,core,shop,retail,low
0A,EAST,80,28,poisson,1.5,niche,web,trade,high
00123,WEST,12.50,21,poisson,9,core,shop,trade,low
00124,WEST,3.10,21,poisson,2,core,web,trade,high
0A,WEST,80,28,poisson,0.4,niche,shop,retail,low
"""

STUDY = """schema = 1
[study]
name = "tiny"
currency = "EUR"
[data.items]
path = "items.csv"
[lead_times]
law = "fixed"
[segments]
by = ["category"]
[policy]
targets = {}
[simulation]
periods = 20
replications = 10
batches = 10
[verdict]
replications = 10
[optimize]
n_targets = 4
"""

Command = Callable[[str], tuple[int, str, str]]


@pytest.fixture
def optimize(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run ``simlab optimize`` with further lines under [optimize]; gives exit code, stdout and stderr."""

    def run(lines: str) -> tuple[int, str, str]:
        (tmp_path / "items.csv").write_text(ITEMS, "utf-8")
        (tmp_path / "study.toml").write_text(STUDY + lines + "\n", "utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["simlab", "optimize", "study.toml", "--out", "made"])
        with pytest.raises(SystemExit) as end:
            main()
        seen = capsys.readouterr()
        return int(end.value.code or 0), seen.out, seen.err

    return run


INVALID = {
    "a budget of zero": ("budget = 0.0", "optimize.budget = 0.0: must be above 0"),
    "a budget below zero": ("budget = -5.0", "optimize.budget = -5.0: must be above 0"),
    "a floor of one": ("fill_rate = 1.0", "a target of exactly 1.0 would need endless stock"),
    "a target of one": ("targets = [0.9, 1.0]", "a target of exactly 1.0 would need endless stock"),
    "a pin at one": (
        'pinned = [{ segment = "core", target = 1.0 }]',
        "a target of exactly 1.0 would need endless stock",
    ),
    "a group floor of one": (
        'floors = [{ by = "location", at_least = { EAST = 1.0 } }]',
        "a target of exactly 1.0 would need endless stock",
    ),
    "an empty group": (
        'floors = [{ by = "location", at_least = { MARS = 0.9 } }]',
        "no SKU-location has location 'MARS': the group is empty",
    ),
    "a grouping that is not there": (
        'ceilings = [{ by = "planet", at_most = { MARS = 9.0 } }]',
        "'planet' is no column of items, no scheme and no segment",
    ),
    "a ceiling below zero": (
        'ceilings = [{ by = "location", at_most = { EAST = -1.0 } }]',
        "must be above 0",
    ),
    "an order of strangers": ('ordered = ["core", "nope"]', "neither segments nor values of one attribute"),
    "a pin against a range": (
        'pinned = [{ segment = "core", target = 0.8 }]\n'
        'target_ranges = [{ segment = "core", at_least = 0.9 }]',
        "no target is left for segment 'core'",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_what_cannot_be_meant_exits_3_writing_nothing(optimize: Command, tmp_path: Path, case: str) -> None:
    lines, said = INVALID[case]
    code, out, err = optimize(lines)
    assert (code, out) == (3, "")
    assert said in err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["items.csv", "study.toml"]


INFEASIBLE = {
    "a floor above any target": ("targets = [0.5, 0.6]\nfill_rate = 0.999", "the highest reachable is "),
    "a group floor above any target": (
        'targets = [0.5, 0.6]\nfill_rate = 0.6\nfloors = [{ by = "location", at_least = { EAST = 0.999 } }]',
        "'fill rate of EAST ≥ 99.9%'",
    ),
    "a budget that buys nothing": (
        "fill_rate = 0.9\nbudget = 1.0",
        "within a budget of EUR 1.00: the smallest budget that works is EUR ",
    ),
    "limits that contradict each other": (
        'fill_rate = 0.6\nfloors = [{ by = "location", at_least = { EAST = 0.98 } }]\n'
        'ceilings = [{ by = "location", at_most = { EAST = 500.0 } }]',
        "no plan on the grid meets 'fill rate of EAST ≥ 98.0%' and 'inventory value of EAST ≤ EUR 500.00' "
        "together; what works: 'fill rate of EAST ≥ 98.0%' down to ",
    ),
    "ranges that bar the floor": (
        'fill_rate = 0.999\ntarget_ranges = [{ segment = "core", at_most = 0.6 }]',
        "the highest reachable is ",
    ),
    "a chance nobody has": (
        "fill_rate = 0.6\ntargets = [0.5, 0.6]\nchance = [{ at_least = 0.999, probability = 0.9 }]",
        "≥ 99.9% in 90% of replications",
    ),
    "one target that misses the floor": ("targets = [0.6]\nfill_rate = 0.999", "the highest reachable is "),
}


@pytest.mark.parametrize("case", INFEASIBLE)
def test_what_no_plan_meets_exits_4_with_a_way_out_and_writes_nothing(
    optimize: Command, tmp_path: Path, case: str
) -> None:
    lines, said = INFEASIBLE[case]
    code, out, err = optimize(lines)
    assert (code, out) == (4, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["items.csv", "study.toml"]
