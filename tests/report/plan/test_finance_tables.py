"""Headings of the finance tables: every amount says of what, per which currency and whether per year."""

from types import SimpleNamespace

import pytest

from simlab.report.kit.counted import Counted
from simlab.report.plan.finance_tables import _bounds, _moves, _release


@pytest.mark.parametrize(
    ("objective", "said"),
    [(None, "holding cost per year"), ("mean inventory value", "mean inventory value")],
)
def test_headings_say_currency_and_year(objective, said):
    counted = Counted.of({"objective": objective, "service": "ready rate"})
    tables = SimpleNamespace(currency="GBP", counted=counted)
    assert _bounds(tables) == ("What", said, "")
    assert said in _release(tables)
    assert "points of ready rate" in _release(tables)
    assert _moves(tables)[-1] == "points per GBP 1,000 of stock"


def test_what_is_counted_is_read_from_keys_never_from_words():
    """A run of another wording, with keys, and one of version 0.1, which has words alone."""
    facts = {"objective": "inventory_value", "service": "fill_rate", "weight": "units", "yearly": False}
    reworded = Counted.of({"objective": "capital tied up", "service": "fill rate", "counted": facts})
    assert (reworded.per_year, reworded.spent) == ("", "in capital tied up")
    assert Counted.of({"objective": "mean inventory value"}).key == "inventory_value"
    assert Counted.of({}).spent == "to hold"
