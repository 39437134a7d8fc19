"""One record per measure of a ceiling: what a study may limit, and how it is counted."""

from typing import get_args

from simlab.api.requirements.kinds.ceilings import AMOUNTS
from simlab.catalog.columns import ITEMS
from simlab.register.limits import CEILING_NAMES, CEILINGS
from simlab.study.optimize_sections import CeilingSpec


def test_a_study_may_limit_every_measure_and_each_is_counted():
    assert get_args(CeilingSpec.model_fields["measure"].annotation) == CEILING_NAMES
    assert set(AMOUNTS) == set(CEILING_NAMES)


def test_columns_that_a_measure_needs_are_columns_of_items():
    """The refusal names a column that people can fill, and says what belongs there."""
    for one in CEILINGS.values():
        assert not one.column or (one.column in ITEMS and one.needs)
