"""Pages of commands without a run: sentences on top, cells as people read them, nothing but text."""

import pandas as pd
from worlds.fake_run import HOSTILE

from simlab.report.lists import Shown, lists_html


def test_cells_have_their_units_and_names_are_text():
    frame = pd.DataFrame(
        {
            "sku": list(HOSTILE),
            "fill_rate": [0.9544, 0.9999, float("nan")],
            "value": [1200.0, 3.5, None],
            "percent": [-0.021, 0.0, 0.01],
            "changed": [True, False, True],
        }
    )
    facts = {"command": "orders", "study": HOSTILE[0], "currency": "EUR", "environment": None}
    page = lists_html("What?", facts, ["First.", "Second."], [Shown("All", frame, "items")])
    assert "First." in page
    for text in ("95.4%", "99.99%", "€1,200", "€3.50", "−2.10", "yes", "–"):
        assert f">{text}<" in page, text
    assert page.count("<script") == 1
    assert "<b>&" not in page


def test_a_row_that_names_its_measure_is_written_in_its_unit_with_its_interval_below():
    frame = pd.DataFrame(
        {
            "measure": ["fill_rate", "holding_cost"],
            "value_a": [0.951, 1200.0],
            "difference": [-0.0123, 34.0],
            "difference_low": [-0.02, 30.0],
            "difference_high": [-0.01, 38.0],
            "percent_by_units": [0.171, -0.02],
        }
    )
    page = lists_html(
        "What?", {"command": "compare runs", "currency": "EUR"}, ["Said."], [Shown("All", frame)]
    )
    for text in ("Units served at once", "95.1%", "−1.23", "€1,200", "€34.00", "17.10"):
        assert f">{text}<" in page, text
    assert "Difference, at least" not in page
    assert "Difference by units (%)" in page
