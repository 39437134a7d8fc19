"""Whatever simulate and optimize would refuse before simulating, check refuses, all of it in one round."""

from __future__ import annotations

import numpy as np
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


ROWS = "sku,location,date,quantity\n" + "\n".join(
    f"S{k},{place},{week},{1 + (k * 7 + n * 5) % 4}"
    for k, place in enumerate(["EAST", "WEST"] * 4)
    for n, week in enumerate(np.arange("2023-01-02", "2024-12-30", 7, dtype="datetime64[D]"))
)
STOCKED = "sku,location,unit_cost,lead_time,on_hand,category,supplier\n" + "\n".join(
    f"S{k},{place},{10 + k},14,{5 + k},{'pumps' if k < 4 else 'seals'},{'Acme' if k % 2 else 'Bolt'}"
    for k, place in enumerate(["EAST", "WEST"] * 4)
)
IN_TABLES = {
    "a cost below 0": ("items", "S3,WEST,13", "S3,WEST,-13", "E-ITM-017"),
    "stock that is no number": ("items", ",14,7,", ",14,7x,", "E-ITM-007"),
    "a row twice": ("items", STOCKED, f"{STOCKED}\nS1,WEST,11,14,6,pumps,Acme", "E-ITM-014"),
    "a quantity that is no number": ("demand", "S2,EAST,2023-02-06,", "S2,EAST,2023-02-06,z", "E-DEM-007"),
    "an unknown SKU": ("demand", ROWS, f"{ROWS}\nQ9,EAST,2023-02-06,3", "E-DEM-015"),
    "a date that is none": ("demand", "S4,EAST,2023-03-06", "S4,EAST,2023-13-06", "E-DEM-011"),
}
IN_THE_STUDY = {
    "a floor": ('[optimize]\nfloors = [{ by = "location", at_least = { NORTH = 0.9 } }]', "E-OPT-011"),
    "a pin": ('[optimize]\npinned = [{ sku = "S99", target = 0.9 }]', "E-OPT-017"),
    "an order": ('[optimize]\nordered = ["pumps", "valves"]', "E-OPT-013"),
    "a range": ('[optimize]\ntarget_ranges = [{ segment = "taps", at_least = 0.9 }]', "E-OPT-016"),
    "a scenario": ('[scenarios]\nlate = { supplier = "Nobody", weeks = 3 }', "E-OPT-030"),
    "memory": ("[simulation]\nreplications = 100000000000", "E-STU-042"),
    "an objective": ('[optimize]\nobjective = "total_cost"', "E-OPT-003"),
    "a gate": ('[gate]\nlowered = ["Q"]', "E-SEG-022"),
    "a pool": ('[models]\npool_by = "colours"', "E-MOD-007"),
    "a season": ('[models.seasonality]\nprofile_by = "colours"', "E-MOD-007"),
    "a supplier": ('[[suppliers]]\nname = "Nonesuch"\nminimum_order_value = 100', "E-MOD-021"),
}


def with_history(folder, more: str, *, wrong: tuple[str, str, str, str] | None = None):
    texts = {"items": STOCKED, "demand": ROWS}
    if wrong is not None:
        table, good, bad, _ = wrong
        texts[table] = texts[table].replace(good, bad)
        assert texts[table] not in (STOCKED, ROWS)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    study = STUDY.replace("[segments]", '[data.demand]\npath = "demand.csv"\n[segments]')
    (folder / "study.toml").write_text(f"{study}{more}\n", "utf-8")
    return folder / "study.toml"


@pytest.mark.parametrize("in_table", IN_TABLES)
@pytest.mark.parametrize("in_study", IN_THE_STUDY)
def test_a_wrong_cell_hides_nothing_that_later_stages_refuse(tmp_path, in_table, in_study) -> None:
    """Cells that are wrong stopped a check before it came to floors, pins, order, scenarios and memory."""
    more, code = IN_THE_STUDY[in_study]
    path = with_history(tmp_path, more, wrong=IN_TABLES[in_table])
    assert codes(path) == sorted([IN_TABLES[in_table][3], code])


@pytest.mark.parametrize("of_laws", ["a pool", "a season", "a supplier"])
@pytest.mark.parametrize("later", ["a floor", "a pin", "an order", "a range", "a scenario", "memory"])
def test_what_laws_refuse_hides_nothing_that_later_stages_refuse(tmp_path, of_laws, later) -> None:
    (first, one), (second, two) = IN_THE_STUDY[of_laws], IN_THE_STUDY[later]
    assert codes(with_history(tmp_path, f"{first}\n{second}")) == sorted([one, two])


@pytest.mark.parametrize("in_table", IN_TABLES)
def test_what_is_left_of_a_refused_study_brings_no_refusal_of_its_own(tmp_path, in_table) -> None:
    """Neither numbers put in for wrong ones nor rows left out are held against the study."""
    path = with_history(tmp_path, "[optimize]\nbudget = 1.0", wrong=IN_TABLES[in_table])
    assert codes(path) == [IN_TABLES[in_table][3]]


def test_a_table_that_cannot_be_used_at_all_leaves_the_names_of_items(tmp_path) -> None:
    """Without a column of costs floors, pins and scenarios can still be held against names."""
    more = "\n".join(IN_THE_STUDY[what][0].removeprefix("[optimize]\n") for what in ("a floor", "a pin"))
    path = with_history(tmp_path, f"[optimize]\n{more}\n{IN_THE_STUDY['a scenario'][0]}")
    items = tmp_path / "items.csv"
    items.write_text(items.read_text("utf-8").replace("unit_cost", "what_it_is"), "utf-8")
    assert codes(path) == ["E-ITM-004", "E-OPT-011", "E-OPT-017", "E-OPT-030"]


def test_a_segment_column_that_there_is_not_hides_no_floor_of_a_place(tmp_path) -> None:
    path = with_history(tmp_path, IN_THE_STUDY["a floor"][0])
    path.write_text(path.read_text("utf-8").replace('["category"]', '["category", "shade"]'), "utf-8")
    assert codes(path) == ["E-OPT-011", "E-SEG-004"]


def test_a_table_whose_rows_are_all_refused_is_not_called_empty(tmp_path) -> None:
    path = with_history(tmp_path, "")
    (tmp_path / "demand.csv").write_text("sku,location,date,quantity\nS99,EAST,2024-01-01,1\n", "utf-8")
    assert codes(path) == ["E-DEM-015"]
