"""One record per policy family: what a study may name, and which levels a rule has."""

from typing import get_args

import numpy as np
import pytest
from worlds.engine import plain, world_of

from simlab.engine.prepare.arrays import level_arrays
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import OrderTerms
from simlab.register.families import (
    FAMILY_NAMES,
    POLICY_FAMILIES,
    RULES,
    TARGET_FAMILIES,
    Family,
    by_lot,
    fills_up,
    has_point,
    rule_of,
)
from simlab.study import PolicySpec


def test_every_rule_stands_at_its_number():
    assert [rule.family for rule in RULES] == list(Family)


def test_a_study_may_name_every_family_and_nothing_else():
    assert get_args(PolicySpec.model_fields["family"].annotation) == FAMILY_NAMES
    assert len({one.text for one in POLICY_FAMILIES}) == len(POLICY_FAMILIES)


def test_arrays_of_families_say_what_their_rules_say():
    every = np.array(list(Family), np.int8)
    assert has_point(every).tolist() == [rule.has_point for rule in RULES]
    assert by_lot(every).tolist() == [rule.by_lot for rule in RULES]
    assert fills_up(every).tolist() == [False, False, True]


@pytest.mark.parametrize("family", list(Family))
def test_kernels_order_by_the_reorder_point_that_the_record_speaks_of(family):
    """(R,S) orders below S whatever s is; lots make S of s + Q."""
    terms = world_of(plain())[0].terms
    levels = Levels(np.array([family], np.int8), *(np.array([[x]]) for x in (4, 9, 3)))
    assert isinstance(terms, OrderTerms)
    made = level_arrays(terms, levels)
    low = int(made.top[0, 0] - made.gap[0, 0])
    assert low == (4 if rule_of(family).has_point else 8)
    assert int(made.top[0, 0]) == (low + int(made.quantity[0, 0]) if rule_of(family).by_lot else 9)
    assert (int(made.quantity[0, 0]) > 0) == rule_of(family).by_lot


def test_families_with_targets_have_a_rule():
    assert set(TARGET_FAMILIES) == {"order_up_to", "reorder_quantity", "reorder_up_to"}
