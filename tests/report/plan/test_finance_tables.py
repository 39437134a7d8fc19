"""Headings of the finance tables: every amount says of what, per which currency and whether per year."""

from types import SimpleNamespace

import pytest

from simlab.report.plan.finance_tables import _bounds, _moves, _release


@pytest.mark.parametrize(
    ("objective", "said"),
    [(None, "holding cost per year"), ("mean inventory value", "mean inventory value")],
)
def test_headings_say_currency_and_year(objective, said):
    tables = SimpleNamespace(currency="GBP", manifest={"objective": objective, "service": "ready rate"})
    assert _bounds(tables) == ("What", said, "")
    assert said in _release(tables)
    assert "points of ready rate" in _release(tables)
    assert _moves(tables)[-1] == "points per GBP 1,000 of stock"
