"""The page of an audit: one file, lines that add up as printed, nothing claimed beyond intervals."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from worlds.fake_audit import audit_table, build_fake_audit
from worlds.fake_run import HOSTILE

from simlab.errors import InvalidInputError
from simlab.report.audit.charts import steps, waterfalls, window
from simlab.report.audit.page import lines_table, printed
from simlab.report.audit.statements import because, verdict
from simlab.report.audit.tables import accounts, apportion, total
from simlab.report.kit.shell import asset
from simlab.report.kit.style import to_spec
from simlab.report.render import render
from simlab.run import RunFolder, verify


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = build_fake_audit(tmp_path_factory.mktemp("audit"), empty=True)
    render(run)
    return run


def text_of(run: RunFolder) -> str:
    page = (run.path / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_page_is_one_file_with_the_script_of_its_tabs_alone(rendered: RunFolder) -> None:
    page = (rendered.path / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert page.count("<script") == 1
    assert asset("shell.js") in page
    assert re.findall(r'(?:src|href)="(?!#)', page) == []
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]*)\)", page)) <= set(ids)
    assert page.count("<svg") == 2 * (3 + 3)
    assert verify(rendered.path) == []


def test_causes_stand_in_words_the_largest_first(rendered: RunFolder) -> None:
    text = text_of(rendered)
    assert "The habit A 98 / B 95 / C 90: 2.11 points of fill less than planned; 2 of 3 segments" in text
    assert text.index("because lead times are random") < text.index("because demand is not normal")
    assert "3 of 3 segments reach the fill rate asked for" not in text
    assert "if the demand model is right" in text
    assert "nan" not in text.lower().replace("finance", "")


def test_printed_lines_add_up(rendered: RunFolder) -> None:
    found = accounts(rendered.read_table("audit"))
    for some in found.values():
        table = lines_table("lines", [one for one in some if one.segment != "none sold"])
        for row in table.rows:
            values = [float(cell.text.replace("%", "").replace("\u2212", "-")) for cell in row[1:]]
            assert sum(values[:-1]) == pytest.approx(values[-1], abs=1e-9)


@given(
    st.lists(st.floats(-0.3, 0.3, allow_nan=False), min_size=1, max_size=9),
    st.integers(-1, 1),
)
def test_rounding_adds_up_and_moves_no_line_by_more_than_a_step(parts: list[float], extra: int) -> None:
    whole = round(sum(parts) / 1e-4) + extra
    steps_of = apportion(parts, whole, 1e-4)
    assert sum(steps_of) == whole
    assert all(abs(k - part / 1e-4) <= 1 + 1e-6 + abs(extra) for k, part in zip(steps_of, parts, strict=True))


def test_lines_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    table = audit_table("habit", 1, {}, False)
    table.loc[2, "points"] += 1e-6
    with pytest.raises(InvalidInputError, match="E-RUN-007"):
        accounts(table)


def test_a_waterfall_ends_where_the_simulation_does(rendered: RunFolder) -> None:
    for some in accounts(rendered.read_table("audit")).values():
        for one in some[:3]:
            rows = steps(one)
            assert rows["to_level"].iloc[-2] == pytest.approx(one.fill[0], abs=1e-12)
            sizes = (rows["to_level"] - rows["from_level"]).abs().iloc[1:-1]
            assert sizes.is_monotonic_decreasing
        to_spec(waterfalls(some[:3], window(some), width=300), validate=True)


def test_nothing_demanded_is_a_dash(rendered: RunFolder) -> None:
    (some,) = (some for policy, some in accounts(rendered.read_table("audit")).items() if policy == "habit")
    none = next(one for one in some if one.segment == "none sold")
    assert printed(none) == [None] * 4
    assert "–" in text_of(rendered)
    assert total(some).segment == "(all)"


def test_a_cause_inside_its_noise_is_not_named() -> None:
    table = audit_table("habit", 1, {}, False)
    lead = table["cause"] == "lead_time"
    table.loc[lead, "points_low"] = -0.1
    (some,) = accounts(table).values()
    assert "lead times" not in because(total(some))


def test_a_plan_that_is_served_as_planned_says_so() -> None:
    (some,) = accounts(audit_table("targets", 0.0, {}, False)).values()
    said = verdict(some, 0.95)
    assert said.state == "good"
    assert said.title.endswith("served as planned")


def test_hostile_names_are_text(tmp_path: Path) -> None:
    run = build_fake_audit(tmp_path, hostile=True)
    page = render(run).read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "<b>&" not in page
    for name in HOSTILE:
        assert str(escape(name)) in page


def test_the_numbers_of_every_chart_are_csv(rendered: RunFolder) -> None:
    for place in (1, 2):
        for name in (f"waterfall_{place}", f"waterfalls_{place}"):
            frame = pd.read_csv(rendered.path / "figures" / f"{name}.csv")
            assert {"segment", "what", "from_level", "to_level"} <= set(frame.columns)
            assert (rendered.path / "figures" / f"{name}.png").is_file()


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    run = build_fake_audit(tmp_path)
    run.write_table("audit", run.read_table("audit").drop(columns="edit"))
    run.register([run.table_path("audit")])
    with pytest.raises(InvalidInputError, match="edit"):
        render(run)
