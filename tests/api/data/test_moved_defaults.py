"""A study of schema 1 is told every default that moves it, with the line that keeps the old answer."""

import tomllib

import pytest

from simlab.api.data.moved_defaults import MOVED, moved, moved_lines, moved_note
from simlab.study import Study, parse_study
from simlab.study.later import value_at

TABLES = '[data.items]\npath = "i.csv"\n[data.demand]\npath = "d.csv"\n[data.receipts]\npath = "r.csv"\n'
TAIL = "[lead_times]\ncrossing = false\n"
USUAL = tuple(one for one in MOVED if not one.objective)


def test_a_study_that_says_nothing_is_told_all_of_them_and_one_of_schema_2_none():
    said_nothing = parse_study("schema = 1\n" + TABLES + TAIL)
    assert moved(said_nothing) == USUAL
    assert all(one.before in moved_lines(said_nothing) for one in USUAL)
    assert "schema = 2" in moved_note(said_nothing)[0]
    assert moved(parse_study("schema = 2\n" + TABLES + TAIL)) == ()
    assert moved(Study.default()) == ()


def test_a_file_without_a_schema_may_be_of_any_version():
    assert moved(parse_study(TABLES + TAIL)) == USUAL


def test_total_cost_without_a_floor_is_told_how_to_keep_it():
    """Its floor of 95 % is gone; a budget, or a floor that is named, decides as before."""
    head = "schema = 1\n" + TABLES + TAIL + '[optimize]\nobjective = "total_cost"\n'
    for more, told in (("", True), ("fill_rate = 0.9\n", False), ("budget = 5.0\n", False)):
        assert ("optimize.fill_rate" in [one.option for one in moved(parse_study(head + more))]) == told
    assert "fill_rate = 0.95" in moved_note(parse_study(head))[0]


def test_total_cost_within_a_budget_is_told_what_it_was():
    """Up to schema 1 a budget meant the highest service within it, whatever the objective said."""
    head = "schema = 1\n" + TABLES + TAIL + "[optimize]\nbudget = 5.0\n"
    for more, told in (('objective = "total_cost"\n', True), ("", False)):
        assert ("optimize.objective" in [one.option for one in moved(parse_study(head + more))]) == told
    floor = 'objective = "total_cost"\nfill_rate = 0.9\n'
    assert "optimize.objective" not in [one.option for one in moved(parse_study(head + floor))]
    assert 'objective = "holding_cost"' in moved_note(parse_study(head + 'objective = "total_cost"\n'))[0]


@pytest.mark.parametrize("one", MOVED, ids=lambda one: one.option)
def test_the_line_is_read_and_ends_the_remark(one):
    section, option = one.before[1:].split("] ", 1)
    given = tomllib.loads(f"[{section}]\n{option}\n")
    base = tomllib.loads("schema = 1\n" + TABLES + TAIL)
    target = base
    for key in section.split("."):
        target = target.setdefault(key, {})
    inner = given
    for key in section.split("."):
        inner = inner[key]
    target.update(inner)
    study = parse_study(base)
    assert value_at(study.model_dump(exclude_unset=True), one.option) is not None
    assert one not in moved(study)


def test_targets_that_are_listed_have_no_least_one():
    study = parse_study("schema = 1\n" + TABLES + TAIL + "[optimize]\ntargets = [0.6, 0.9]\n")
    assert "optimize.target_min" not in [one.option for one in moved(study)]
