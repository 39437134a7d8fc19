"""The researcher's page: verdict in words, charts with their numbers, nothing claimed beyond intervals."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape
from worlds.fake_contest import SCHEMES, TABLES, build_fake_contest
from worlds.fake_run import HOSTILE

from simlab.errors import InvalidInputError
from simlab.report.contest.charts import drawings
from simlab.report.contest.page import regret_table, standings_table, weights_table
from simlab.report.contest.sorting import classes_table, rule_lines
from simlab.report.contest.statements import _less, boxes, headline
from simlab.report.contest.tables import NEEDED, OPTIONAL, ContestTables
from simlab.report.kit.reading import read_named
from simlab.report.kit.style import to_spec
from simlab.report.render import render
from simlab.run import RunFolder, verify


def tables_of(run: RunFolder) -> ContestTables:
    return ContestTables(run.manifest, read_named(run, NEEDED, OPTIONAL))


def text_of(run: RunFolder) -> str:
    page = (run.path / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = build_fake_contest(tmp_path_factory.mktemp("contest"))
    render(run)
    return run


def test_the_page_is_one_file_with_the_script_of_its_tabs_alone(rendered: RunFolder) -> None:
    page = (rendered.path / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert page.count("<script") == 1
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)
    assert re.findall(r'(?:src|href)="(?!#)', page) == []
    wanted = {"verdict", "schemes", "rules", "classes", "service", "stability", "sure", "data", "method"}
    assert wanted <= set(ids)
    assert page.count("<svg") == 3 * 5
    assert verify(rendered.path) == []


def test_the_verdict_names_the_best_and_who_is_not_told_apart(rendered: RunFolder) -> None:
    said = headline(tables_of(rendered))
    assert said.state == "open"
    assert said.title == "Learned tree costs least by units, but not alone"  # what runs of 0.2 counted
    assert said.text.endswith("all schemes together): margin ÷ holding (TBS).")
    assert "15.2% (95% interval 15.0% to 15.4%) less than one target" in said.text
    by_title = {box.title: box for box in boxes(tables_of(rendered))}
    assert "ABC by value" in by_title["Learned tree beats chance by units"].text
    assert "£250 per class" in by_title["Recommended: 4 classes"].text
    assert "ABC by value at 6" in by_title["Recommended: 4 classes"].text
    assert "The order by units is not the same everywhere" in by_title


def test_no_tick_where_another_weight_disagrees_and_every_weight_has_its_column(rendered: RunFolder) -> None:
    """The best alone by margin; by units its interval holds zero."""
    found = tables_of(rendered)
    rows = [
        ("tree", "margin_fill_rate", True, -0.10, -0.12, -0.08),
        ("tree", "fill_rate", False, 0.01, -0.02, 0.04),
        ("tree", "value_fill_rate", False, -0.05, -0.06, -0.04),
    ]
    names = ["scheme", "judged_by", "decides", "percent_vs_one_class"]
    names += ["percent_vs_one_class_low", "percent_vs_one_class_high"]
    standings = found.tables["tournament"].assign(may_be_best=lambda frame: frame["scheme"] == "tree")
    tables = {**found.tables, "tournament": standings, "scheme_weights": pd.DataFrame(rows, columns=names)}
    service = {"name": "margin_fill_rate", "counted": "margin served"}
    weighed = ContestTables({**found.manifest, "service": service}, tables)
    said = headline(weighed)
    assert (said.state, said.title) == ("open", "Learned tree costs least by margin; unit fill disagrees")
    assert "of margin served" in said.text
    shown = weights_table(weighed)
    assert shown.header[1:] == [
        f"at the same {name}" for name in ("fill by margin", "unit fill", "fill by value")
    ]
    assert shown.rows[0][2].text.startswith("1.0")
    assert [box.title for box in boxes(weighed) if box.state == "good"] == []
    assert next(box for box in boxes(weighed) if "chance" in box.title).text.endswith(
        "Looked at by margin alone."
    )
    assert {row[0].mark for row in standings_table(weighed).rows} == {"open", ""}
    agreed = weighed.tables["scheme_weights"].assign(percent_vs_one_class_high=-0.01)
    tick = headline(ContestTables(weighed.manifest, {**tables, "scheme_weights": agreed}))
    assert (tick.state, tick.title) == ("good", "Learned tree costs least by margin")


def test_differences_turn_round_exactly(rendered: RunFolder) -> None:
    against = tables_of(rendered).against_winner()
    for name, cost in SCHEMES.items():
        if name != "tree":
            one = against[name]
            assert one["value"] == pytest.approx(cost / SCHEMES["tree"] - 1, abs=1e-12)
            assert one["low"] < one["value"] < one["high"]
    assert not against["tbs"]["told_apart"]


def test_tables_show_every_scheme_and_dashes_where_there_is_no_number(rendered: RunFolder) -> None:
    found = tables_of(rendered)
    shown = [(row[0].text, row[0].span) for row in standings_table(found).rows]
    assert [span or text for text, span in shown] == list(SCHEMES)
    assert ("learned tree", "tree") in shown
    assert standings_table(found).rows[-1][6].text == "–"
    assert standings_table(found).rows[3][6].mark == "bad"
    cells = regret_table(found).rows
    assert cells[2][1].text == "–"
    assert cells[0][3].heat == pytest.approx(1.0)
    table = classes_table(found)
    assert table.rows[0][4].mark == "good"
    assert table.rows[1][5].mark == "bad"
    assert not re.search(r"\bnan\b", text_of(rendered).lower())


def test_rules_are_lines() -> None:
    rows = [("tree", "L1", "a <= 1.0", "a"), ("tree", "L2", "a > 1.0", "a"), ("tree", "L2", "a > 1.0", "b")]
    frame = pd.DataFrame(rows, columns=["scheme", "segment", "where", "attribute"])
    found = ContestTables({}, {"scheme_rules": frame})
    learned = {"scheme": "tree", "rule": "any; text"}
    assert rule_lines(learned, found) == ["L1 where a <= 1.0", "L2 where a > 1.0"]
    assert rule_lines({"scheme": "abc", "rule": "abc: ranked\nties"}, found) == ["abc: ranked", "ties"]


def test_the_numbers_of_every_chart_are_csv(rendered: RunFolder) -> None:
    figures = rendered.path / "figures"
    for name in ("differences", "frontiers_by_scheme", "price_by_classes", "regret_matrix", "ranks"):
        assert (figures / f"{name}.svg").is_file()
        assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert list(figures.glob(f"{name}*.csv"))
    schemes = pd.read_csv(figures / "differences_schemes.csv")
    assert schemes["scheme"].tolist() == list(SCHEMES)
    for drawing in drawings(tables_of(rendered)).values():
        for width in (840, 300):
            to_spec(drawing.make(width), validate=True)


@pytest.mark.parametrize("name", TABLES)
def test_a_contest_without_a_round_has_no_section_for_it(tmp_path: Path, name: str) -> None:
    run = build_fake_contest(tmp_path, leave_empty=(name,))
    render(run)
    ids = re.findall(r'<section id="([^"]*)"', (run.path / "report.html").read_text(encoding="utf-8"))
    section = {"classes": "classes", "regret": "service", "stability": "stability"}.get(name)
    assert section not in ids
    assert "verdict" in ids


def test_an_interval_that_a_small_study_lacks_is_not_named() -> None:
    row = {"saved": -0.081, "saved_low": math.nan, "saved_high": math.nan}
    assert _less(row, "saved", 0.95) == "8.1% less"
    row |= {"saved_low": -0.09, "saved_high": -0.07}
    assert _less(row, "saved", 0.95) == "8.1% (95% interval 7.0% to 9.0%) less"


def test_where_no_plan_reaches_the_floor_no_number_is_claimed(tmp_path: Path) -> None:
    run = build_fake_contest(tmp_path, reached=False)
    render(run)
    said = headline(tables_of(run))
    assert said.state == "none"
    assert "nothing is extrapolated" in said.text
    assert "cheapest scheme" not in text_of(run)


def test_hostile_names_are_text(tmp_path: Path) -> None:
    run = build_fake_contest(tmp_path, hostile=True)
    page = render(run).read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "<b>&" not in page
    for name in HOSTILE:
        assert str(escape(name)) in page


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    run = build_fake_contest(tmp_path)
    run.write_table("regret", run.read_table("regret").drop(columns="judged_by"))
    run.register([run.table_path("regret")])
    with pytest.raises(InvalidInputError, match="judged_by"):
        render(run)
