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


def test_an_option_and_a_signed_amount_stay_on_one_line():
    said = ["First.", "Settled by --every-item <b>, \u2212€6.45 - - well-known -- text."]
    page = lists_html("What?", {"command": "orders", "currency": "EUR"}, said, [])
    option, amount = (f'<span class="keep">{one}</span>' for one in ("--every-item", "\u2212€6.45"))
    assert f"by {option} &lt;b&gt;, {amount} - - well-known -- text" in page


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
    for text in ("Units served at once", "95.1%", "−1.23 points", "€1,200", "+€34.00", "17.10"):
        assert f">{text}<" in page, text
    assert "−2.00 to −1.00" in page
    assert "Difference, at least" not in page
    assert "Difference by units (%)" in page


def test_amounts_are_drawn_as_bars_and_a_location_stands_below_its_sku():
    frame = pd.DataFrame({"supplier": ["A & B", "Ly"], "value": [1200.0, -300.0]})
    lines = pd.DataFrame({"sku": ["K-1"], "location": ["EAST"], "quantity": [3]})
    shown = [Shown("By supplier", frame, bars="value"), Shown("Lines", lines, "items")]
    page = lists_html("What?", {"command": "orders", "currency": "EUR"}, ["Said."], shown)
    assert page.count("<svg") == 3
    for text in (
        "A &amp; B</text>",
        "€1,200</text>",
        '<span class="span">EAST</span>',
        ">SKU, location</th>",
    ):
        assert text in page, text
    assert "−€300" in page


def test_names_of_rows_are_whole_on_a_phone():
    rules = ["order_up_to:normal", "reorder_quantity:normal"]
    spread = {f"percent{end}": [0.1, 0.2] for end in ("", "_low", "_high")}
    frame = pd.DataFrame({"policy": rules, **spread})
    page = lists_html(
        "What?", {"command": "compare policies"}, ["Said."], [Shown("All", frame, bars="percent")]
    )
    for line in (
        "order up to S at every",
        "review (R,S)",
        "lots Q at or below s",
        "(R,s,nQ)",
        "normal formula",
    ):
        assert f">{line}</t" in page, line
    assert "\u2026</t" not in page


def test_a_comparison_of_runs_has_its_currency_and_what_is_alike_left_out():
    from types import SimpleNamespace

    from simlab.api.comparison.pages import runs_page

    items = pd.DataFrame(
        {
            "sku": ["K-1", "K-2"],
            "location": ["EAST", "WEST"],
            "target_a": [0.95, 0.9],
            "order_up_to_a": [7, 5],
            "review_period_a": [7, 7],
            "segment_a": ["A", "B"],
            "target_b": [0.9, 0.9],
            "order_up_to_b": [6, 4],
            "review_period_b": [7, 7],
            "segment_b": ["A", "B"],
            "found": ["both", "both"],
            "changed": [True, True],
            "level_value": [-12.0, -7.5],
        }
    )
    pair = SimpleNamespace(a="spring", b="autumn", currency="EUR", items=items, results=(), decides="units")
    empty, plans = pd.DataFrame(), pd.DataFrame({"a": ["spring"], "b": ["autumn"], "in_both": [2]})
    found = SimpleNamespace(
        labels=("spring", "autumn"), pairs=(pair,), results=empty, plans=plans, differences=empty
    )
    found.statements = ("Said.",)
    page = runs_page(found)
    for text in ("Target, spring", "Order up to, autumn", "−€12.00", "95.0%", "money in EUR"):
        assert text in page, text
    assert "Review" not in page
    assert page.index(">Run</th>") < page.index(">autumn</th>") < page.index(">spring</td>")
    assert "<svg" in page


def test_runs_are_compared_a_measure_a_row_under_their_own_names():
    from types import SimpleNamespace

    from simlab.api.comparison.pages import _results
    from simlab.report.lists import _blocks

    results = pd.DataFrame(
        {
            "a": "spring",
            "b": "Autumn_2",
            "measure": ["served_margin", "cost_at_equal_margin"],
            "decides": [True, False],
            "value_a": [0.95, 1200.0],
            "value_b": [0.94, 1190.0],
            "difference": [-0.01, -10.0],
            "difference_low": [-0.02, -30.0],
            "difference_high": [-0.005, 10.0],
            "at_fill": [float("nan"), 0.951],
            "mark": ["less", "open"],
        }
    )
    shown = _results(SimpleNamespace(a="spring", b="Autumn_2"), results)
    (table,) = _blocks(shown, {"currency": "EUR"})
    assert table.header == ["Measure", "spring", "Autumn_2", "Change", "Note"]
    assert [cell.text for cell in table.rows[0]] == [
        "Margin served at once",
        "95.0%",
        "94.0%",
        "−1.00 points",
        "what decides",
    ]
    assert [cell.text for cell in table.rows[1]][-1] == "too close to call"
    assert table.rows[1][0].span == "at 95.1%"
