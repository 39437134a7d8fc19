"""One dictionary for page, workbook and terminal: endings, units, tabs."""

import pytest

from simlab.measures.decision import ROWS
from simlab.measures.words import TABS, WORDS, heading, word


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("inventory_value_now", "Stock, today (EUR)"),
        ("inventory_value", "Stock (EUR)"),
        ("fill_rate_change", "Units served at once, change (points)"),
        ("fill_rate_low", "Units served at once, at least"),
        ("review_period", "Review period (days)"),
        ("fill_rate_inside", "Units served at once as expected?"),
        ("never_heard_of", "Never heard of"),
    ],
)
def test_a_heading_names_what_when_and_in_which_unit(key, text):
    assert heading(key, "EUR", "day") == text


def test_no_currency_no_sign():
    assert heading("inventory_value", "money") == "Stock"


def test_the_rows_of_the_decision_are_called_as_in_its_table():
    for key in ("holding_cost", "lost_margin", "turns", "days_of_supply", "served_value"):
        assert WORDS[key].name == ROWS[key].name
        assert word(key).unit == ROWS[key].unit


def test_sheets_have_names_that_a_workbook_takes_and_tabs_are_told_apart():
    assert all(0 < len(tab.sheet) <= 31 and not set(tab.sheet) & set("[]:*?/\\'") for tab in TABS)
    assert len({tab.id for tab in TABS}) == len({tab.sheet for tab in TABS}) == len(TABS)
