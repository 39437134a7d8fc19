"""Amounts of the table Today / Same service / Proposed, as people say them."""

import math

from simlab.measures.decision import change


def test_a_change_from_nothing_has_no_share():
    """From EUR 0 to EUR 89.1k was told as "+inf%"."""
    row = {"change": 89_100.0, "change_share": math.inf, "unit": "money"}
    assert change(row, "EUR") == "+EUR 89.1k"
    assert change(row | {"change_share": 0.5}, "EUR") == "+EUR 89.1k (+50%)"
    below_zero = row | {"change": -752.0, "change_share": -6.43}  # from 117 to -635: no share says that
    assert change(below_zero, "EUR") == "-EUR 752"
