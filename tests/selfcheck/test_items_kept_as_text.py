"""SKU-locations as the text that a run keeps for `simlab verify`."""

from __future__ import annotations

import json

import pytest

from simlab.selfcheck import reference
from simlab.selfcheck.plain_items import from_text, to_text

BUSY, QUIET = ([0, 2], [2**31, 2**32 - 1]), ([0], [2**32 - 1])


def _seasonal(phases) -> reference.Item:
    laws = {"values": [0, 2], "thresholds": [2**31, 2**32 - 1], "lead_times": [2], "lead_weights": [1]}
    return reference.Item(key=3, **laws, crossing=False, family=0, s=0, S=10, Q=0, R=7, phases=phases)


def test_a_law_that_many_periods_share_stands_once() -> None:
    """A year of two laws: two tables and a number for each period, and the same item again."""
    item = _seasonal([BUSY, BUSY, QUIET] * 120)
    text = to_text(item)
    assert len(text) < 2_000
    assert json.loads(text)["phases"]["tables"] == [list(BUSY), list(QUIET)]
    again = from_text(text)
    assert [tuple(one) for one in again.phases] == item.phases
    asked = 5, 0, 28, 364
    assert reference.simulate(again, *asked) == reference.simulate(item, *asked)


def test_a_table_for_every_period_is_read_as_before() -> None:
    """Run folders of 0.2.0 have them."""
    raw = json.loads(to_text(_seasonal([BUSY, QUIET])))
    raw["phases"] = [list(BUSY), list(QUIET)]
    assert from_text(json.dumps(raw)).phases == [list(BUSY), list(QUIET)]


@pytest.mark.parametrize("of", [[0, 2], [-1], ["0"]])
def test_a_period_without_a_table_is_no_item(of) -> None:
    """What was changed by hand is refused, not read as something else."""
    raw = json.loads(to_text(_seasonal([BUSY, QUIET])))
    raw["phases"]["of"] = of
    with pytest.raises(ValueError, match="a period without a table"):
        from_text(json.dumps(raw))
