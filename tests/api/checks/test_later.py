"""Whatever simulate and optimize would refuse before simulating, check refuses, all of it in one round."""

from __future__ import annotations

import pytest

from simlab import api
from simlab.errors import InvalidInputError

ITEMS = "sku,location,unit_cost,lead_time,demand_law,demand_mean,category,supplier\n" + "\n".join(
    f"S{k},{place},{10 + k},14,poisson,{1 + k},{'pumps' if k < 4 else 'seals'},{'Acme' if k % 2 else 'Bolt'}"
    for k, place in enumerate(["EAST", "WEST"] * 4)
)
STUDY = """
[study]
period = "week"
[data.items]
path = "items.csv"
[segments]
by = ["category"]
"""


def write(folder, more: str = ""):
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "study.toml").write_text(STUDY + more, "utf-8")
    return folder / "study.toml"


def codes(path) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        api.check(path)
    return sorted(problem.code for problem in refused.value.problems)


def test_the_study_itself_passes(tmp_path) -> None:
    ending = api.check(write(tmp_path)).ending
    assert ending.endswith("study.toml")
    assert "simlab optimize " in ending


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('floors = [{ by = "location", at_least = { NORTH = 0.9 } }]', "E-OPT-011"),
        ('floors = [{ by = "colour", at_least = { red = 0.9 } }]', "E-OPT-010"),
        ('pinned = [{ segment = "valves", target = 0.9 }]', "E-OPT-016"),
        ('pinned = [{ sku = "S99", target = 0.9 }]', "E-OPT-017"),
        ('ordered = ["pumps", "valves"]', "E-OPT-013"),
        ('target_ranges = [{ segment = "valves", at_least = 0.9 }]', "E-OPT-016"),
        (
            'ordered = ["pumps", "seals"]\n'
            'pinned = [{ segment = "pumps", target = 0.8 }, { segment = "seals", target = 0.9 }]',
            "E-OPT-023",
        ),
        ("budget = 1.0\ntarget_min = 0.9", "E-OPT-024"),
        ('objective = "total_cost"', "E-OPT-003"),
        ('service = { measure = "fill_rate", weight = "margin" }', "E-OPT-002"),
        ('[scenarios]\nlate = { supplier = "Nobody", weeks = 3 }', "E-OPT-030"),
        ("[simulation]\nreplications = 100000000000", "E-STU-042"),
    ],
)
def test_one_mistake_is_found_by_check_as_optimize_would_find_it(tmp_path, more: str, code: str) -> None:
    path = write(tmp_path, f"[optimize]\n{more}\n")
    assert code in codes(path)


def test_all_of_them_are_told_at_once(tmp_path) -> None:
    """Limits, costs, scenarios and targets are stages of their own; none hides another."""
    path = write(
        tmp_path,
        "[policy]\ntargets = { pumps = 0.9, seals = 0.9, valves = 0.9 }\n"
        '[optimize]\nobjective = "total_cost"\n'
        'floors = [{ by = "location", at_least = { NORTH = 0.9 } }]\nordered = ["pumps", "valves"]\n'
        '[scenarios]\nlate = { supplier = "Nobody", weeks = 3 }\n',
    )
    assert codes(path) == ["E-OPT-003", "E-OPT-011", "E-OPT-013", "E-OPT-030", "E-SEG-022"]


def test_a_mistake_in_the_study_does_not_hide_one_in_the_table(tmp_path) -> None:
    path = write(tmp_path, "[optimize]\nfill_rate = 95\nn_target = 3\n")
    (tmp_path / "items.csv").write_text(ITEMS.replace("S3,WEST,13", "S3,WEST,13 EUR"), "utf-8")
    with pytest.raises(InvalidInputError) as refused:
        api.check(path)
    told = str(refused.value)
    assert "did you mean 0.95" in told
    assert "n_target" in told
    assert "'13 EUR'" in told
    assert len(refused.value.problems) == 3


def test_a_mistake_in_the_study_does_not_hide_a_floor_of_an_unknown_group(tmp_path) -> None:
    more = '[optimize]\nfill_rate = 95\nfloors = [{ by = "location", at_least = { NORTH = 0.9 } }]\n'
    assert codes(write(tmp_path, more)) == ["E-OPT-011", "E-STU-003"]


def test_an_ample_budget_passes(tmp_path) -> None:
    """Pins and ranges that leave a plan, too."""
    limits = 'ordered = ["pumps", "seals"]\npinned = [{ segment = "seals", target = 0.9 }]'
    checked = api.check(write(tmp_path, f"[optimize]\nbudget = 5000\n{limits}\n"))
    assert checked.data.study.optimize.budget == 5000


def test_names_of_learned_segments_are_not_refused(tmp_path) -> None:
    path = write(tmp_path, '[optimize]\nordered = ["L1", "L2"]\n')
    path.write_text(path.read_text("utf-8").replace('by = ["category"]', 'by = ["cuts"]'), "utf-8")
    assert any("found by simulation" in line for line in api.check(path).facts)


@pytest.mark.parametrize("option", ["lowered", "accept_misfit"])
def test_segments_of_the_gate_that_there_are_not_are_found_before_the_gate(tmp_path, option) -> None:
    assert codes(write(tmp_path, f'[gate]\n{option} = ["Q"]\n')) == ["E-SEG-022"]


def test_a_column_to_tell_by_that_there_is_not_is_found_before_anything_is_simulated(tmp_path) -> None:
    """`told_by` was looked up after the whole run: its table was lost."""
    assert codes(write(tmp_path, '[optimize]\ntold_by = "colour"\n')) == ["E-OPT-040"]
    assert api.check(write(tmp_path, '[optimize]\ntold_by = "supplier"\n')).ending
