"""The study that the panel writes is the run's own with other settings of [optimize]."""

from __future__ import annotations

import tomllib

import pytest

from simlab.report.plan.what_if.study import ALONE, opened
from simlab.samples import study_text

OWN = """[study]
name = "x"
[optimize]
fill_rate = 0.95   # a floor
target_min = 0.7
pinned = [
  { sku = "00123", location = "EAST", target = 0.99 },  # vital [really]
  { segment = "C", target = 0.9 },
]
costs = { order = 25.0, holding_rate = 0.2 }
[optimize.service]
weight = "units"
[[optimize.floors]]
by = "location"
at_least = { "A \\"b\\"" = 0.96 }
[verdict]
replications = 30
"""


def rest(text: str, *names: str) -> dict[str, object]:
    found = tomllib.loads(text)
    return {**found, "optimize": {k: v for k, v in found["optimize"].items() if k not in names}}


def test_everything_else_stays_as_it_was() -> None:
    """Sub-tables, arrays over lines and brackets in comments among it."""
    gap = opened(OWN)
    now = tomllib.loads(f"{gap.before}fill_rate = 0.9\n{gap.after}")
    assert now["optimize"].pop("fill_rate") == 0.9
    assert now == rest(OWN, "fill_rate", "pinned", "costs", "floors")
    assert "# a floor" not in gap.before + gap.after


def test_what_the_panel_does_not_move_is_kept() -> None:
    """Pinned SKUs, floors of groups, other cost rates; as TOML that reads the same."""
    gap = opened(OWN)
    line = f"pinned = [{', '.join(gap.pins)}]\nfloors = [{', '.join(gap.floors)}]\n"
    line += f"costs = {{ {gap.costs[0]} }}\n"
    now = tomllib.loads(f"{gap.before}{line}{gap.after}")["optimize"]
    own = tomllib.loads(OWN)["optimize"]
    assert now["pinned"] == own["pinned"][:1]
    assert now["floors"] == own["floors"]
    assert now["costs"] == {"order": 25.0}


@pytest.mark.parametrize("text", [study_text(), '[study]\nname = "x"\n'])
def test_the_sample_and_a_study_without_optimize_can_be_opened(text: str) -> None:
    """The comments of the sample stay."""
    gap = opened(text)
    now = tomllib.loads(f"{gap.before}budget = 1.0\n{gap.after}")
    assert now["optimize"]["budget"] == 1.0
    assert {k: v for k, v in now.items() if k != "optimize"} == {
        k: v for k, v in tomllib.loads(text).items() if k != "optimize"
    }


@pytest.mark.parametrize("text", ["", 'optimize = { fill_rate = 0.9 }\n[study]\nname = "x"\n', "not toml"])
def test_what_cannot_be_opened_safely_is_left_alone(text: str) -> None:
    """Then the options alone are written."""
    assert opened(text) == ALONE
