"""An optimised run fits a screen: at most fourteen lines of 80 columns, then one row per segment."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from simlab.api.output.brief import Brief
from simlab.cli.show.screen import LINES, WIDTH, screen, segment_lines
from simlab.run.statements import ADVICE_BY_REPLAY, Statement

LONG = "The sentence goes on and on, as sentences about stock and service sometimes do, " * 3


def brief(n_segments=9, name="A-X"):
    rows = [(what, "98.0%", "98.0%", "95.0%", "-3.0 points") for what in ("Units", "Value")]
    rows += [
        (what, "EUR 1.73m", "EUR 1.45m", "EUR 1.04m", "-EUR 682k (-40%)") for what in ("Stock", "Holding")
    ]
    rows += [("Margin late a year", "EUR 250k", "EUR 300k", "EUR 1.58m", "+EUR 1.33m (+532%)")]
    segments = [
        (f"{name}{number}", "1,234", "99.9%", "98.0%", "95.0%", "1.73m", "1.04m", "-682k")
        for number in range(n_segments)
    ]
    segments.append(("all", "1,800", "", "98.0%", "95.0%", "1.73m", "1.04m", "-682k"))
    header = ("Segment", "items", "target", "served today", "proposed", "stock today", "proposed", "change")
    top = ("", "Today", "Same service", "Proposed", "Change")
    whole = pd.DataFrame()
    return Brief("retailer: 1,800 items", top, tuple(rows), header, tuple(segments), whole, "simlab demo")


def result(*looks):
    head = Statement(
        "open", "EUR 682k less stock, but 13 points less of the value.", LONG, "headline", "headline"
    )
    told = [head, Statement("open", "On the line.", "Not decided.", "floor", "limit")]
    told += [Statement("open", text, text, "x", "look") for text in looks]
    page, book = Path("runs/x/report.html"), Path("runs/x/report.xlsx")
    drawn = {"report": page, "book": book, "book_on_request": False}
    return SimpleNamespace(told=tuple(told), folder=Path("runs/x"), **drawn)


@pytest.mark.parametrize("looks", [(), ("Short.",), (LONG,) * 8])
def test_the_screen_has_at_most_fourteen_lines_of_eighty_columns(looks):
    lines = screen(result(*looks), brief())
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].startswith("≈ EUR 682k less stock, but")
    assert lines[-1].startswith("next: ")


def test_a_workbook_that_waits_to_be_asked_for_is_named():
    """The issue's 100,000: above it the screen named a page and no workbook, and not how to get one."""
    shown = result("Short.")
    shown.book, shown.book_on_request = None, True
    assert "Excel: report --excel" in screen(shown, brief())[-2]
    assert max(map(len, screen(shown, brief()))) <= WIDTH


def test_what_does_not_fit_is_said_to_be_left_out():
    said = "\n".join(screen(result(*(LONG,) * 8), brief()))
    assert "(-v)" in said


def test_the_reason_of_the_advice_goes_first_unless_the_headline_has_it():
    reason = "at the same margin served today's levels would cost less."
    shown = result("Short.")
    shown.told += (Statement("bad", "Not recommended:", reason, "advice", "advice"),)
    said = "\n".join(screen(shown, brief()))
    assert "Not recommended. EUR 682k less" in said
    assert "At the same margin served today's levels would cost less. The sentence" in said
    shown.told = (
        *shown.told[:-1],
        Statement("open", "Not recommended yet:", reason, ADVICE_BY_REPLAY, "advice"),
    )
    assert "would cost less" not in "\n".join(screen(shown, brief()))


def test_segments_stand_in_one_table_of_eighty_columns_today_beside_proposed():
    lines = segment_lines(brief(name="a segment with a name that is far too long for a line of a terminal "))
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) == 11
    many = segment_lines(brief(900))
    assert len(many) == 43
    assert "860 more segments" in many[-1]


def test_sixty_columns_lose_columns_and_no_row(monkeypatch):
    """A narrow terminal keeps today beside the plan and the change; no line is broken by it."""
    monkeypatch.setenv("COLUMNS", "60")
    lines, segments = screen(result("Short."), brief()), segment_lines(brief())
    assert len(lines) <= LINES
    assert (
        max(len(line) for line in (*lines, *segments) if not line.startswith("in ")) <= 60
    )  # paths stay whole
    assert any(line.split() == ["Today", "Proposed", "Change"] for line in lines)
    assert len(segments) == 11
    assert segments[1].split() == ["A-X0", "1,234", "98.0%", "95.0%", "-682k"]
