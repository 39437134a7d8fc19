"""The process that draws a page may begin before there is a run: the same page, and none is left behind."""

import os
import sys

import pytest
from worlds.fake_run import build_fake_run

from simlab.report import apart
from simlab.run import RunFolder

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux"),
]


def page_of(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_the_page_is_that_of_a_process_begun_then(tmp_path):
    folder = build_fake_run(tmp_path / "run").path
    apart.begin_drawing(folder)
    (copy,) = apart._AHEAD.values()
    drawn = apart.draw_apart(folder, excel=False)
    assert drawn.report is not None
    assert not drawn.faults
    assert not apart._AHEAD
    assert not is_there(copy.pid)
    first = page_of(folder)
    assert not (folder / "figures").exists()
    again = apart.draw_apart(folder, excel=False)
    assert again.report == drawn.report
    assert page_of(folder) == first
    apart.begin_drawing(folder)
    pictured = apart.draw_apart(folder, excel=False, figures=True)
    assert pictured.report == drawn.report
    assert (folder / "figures" / "frontier_holding_cost.svg").is_file()
    assert page_of(folder) != first  # its list of files names them
    RunFolder.open(folder, sealed=True)


@pytest.mark.parametrize("ahead", [True, False])
def test_memory_is_let_go_of_while_the_page_is_drawn_where_its_process_was_begun_ahead(
    tmp_path, monkeypatch, ahead
):
    """Looking through it takes a third of a second; a copy begun after it is the smaller one."""
    folder = build_fake_run(tmp_path / "run").path
    told = []
    monkeypatch.setattr(apart, "_made", lambda *_, **__: {})
    if ahead:
        apart.begin_drawing(folder)
        (copy,) = apart._AHEAD.values()
        monkeypatch.setattr(copy, "ask", lambda _: told.append("asked"))
    else:
        monkeypatch.setattr(apart, "begin_copy", None)
        real = apart.copied
        monkeypatch.setattr(apart, "copied", lambda *words: (told.append("begun"), real(*words))[1])
    monkeypatch.setattr(apart, "_collect", lambda *_: None)
    apart.draw_apart(folder, excel=False, let_go=lambda: told.append("let go"))
    assert told == (["asked", "let go"] if ahead else ["let go", "begun"])


def test_nothing_is_left_of_one_that_nobody_asks(tmp_path):
    apart.begin_drawing(tmp_path)
    (copy,) = apart._AHEAD.values()
    assert is_there(copy.pid)
    apart.end_drawing(tmp_path)
    assert not is_there(copy.pid)
    apart.end_drawing(tmp_path)  # once more is nothing
