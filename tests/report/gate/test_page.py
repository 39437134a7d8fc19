"""The page of a gate says what may go, what stays and why, which segments fall, and the waves."""

import html
import re

import pytest
from worlds.gates import base_stock_data, plan_file

import simlab as sl
from simlab.report.gate.page import _change

N = 12


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Every third plan serves much less than today's, every third less within its tolerance, others stay."""
    folder = tmp_path_factory.mktemp("gate")
    suppliers, tolerance = [f"P{k % 3}" for k in range(N)], [(0.02, 0.2, 0.02)[k % 3] for k in range(N)]
    data = base_stock_data(N, [14] * N, mean=4.0, supplier=suppliers, tolerance=tolerance)
    levels = [(9, 13, 14)[k % 3] for k in range(N)]
    segments = [("A", "B", "C")[k % 3] for k in range(N)]
    plan = plan_file(folder, data, levels, segment=segments)
    found = sl.gate(data, proposed=plan, waves=2, workers=1)
    result = found.write(folder / "run")
    return found, result, html.unescape((folder / "run" / "report.html").read_text("utf-8"))


def test_every_list_has_its_section_with_reasons(page):
    found, result, text = page
    assert len(found.go) == N // 3
    assert result.report is not None
    assert "May the proposed plan go live?" in text
    for name, own in (("Go", found.go), ("Hold back", found.hold_back), ("Undecided", found.undecided)):
        assert (f"{name}: {len(own):,} SKU-locations" in text) == (not own.empty), name
    for row in found.hold_back.itertuples():
        assert f'{row.sku}<span class="span">{row.location}</span>' in text
        assert row.reason.split(", ")[0] in text


def test_segments_that_fall_and_waves_are_told(page):
    found, _, text = page
    assert found.lowered
    assert all(line.split(":")[0] in text for line in found.lowered)
    assert "Capital and service of each wave" in text
    assert "Cash needed week by week" in text


def test_changes_have_their_sign_a_true_minus_and_none_for_nothing():
    said = [
        _change(value, digits) for value, digits in ((-1149.2, 0), (20.4, 0), (0.3, 0), (-0.04, 1), (2.5, 1))
    ]
    assert said == ["−1,149", "+20", "0", "0.0", "+2.5"]
    assert _change(None, 1) == "–"


def test_nothing_is_fetched_and_no_script_runs_but_that_of_the_tabs(page):
    text = page[2]
    assert text.count("<script") == 1
    for tab in ("decision", "items", "finance", "method"):
        assert f'<div class="tab" id="{tab}">' in text
    assert not re.search(r'(src|href)="https?://', text)
