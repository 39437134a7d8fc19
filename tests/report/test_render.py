"""The page: complete, self-contained, and safe whatever the segments and SKUs are called."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from worlds.fake_run import HOSTILE, build_fake_run

from simlab.errors import InvalidInputError
from simlab.measures import ALL
from simlab.register.grounds import OF_DEMAND, OF_LEAD_TIME
from simlab.report.kit import style
from simlab.report.kit.beside import beside
from simlab.report.kit.shell import TABS, script_json, script_text, unpack
from simlab.report.plan.folder import read_tables
from simlab.report.plan.html import figure_specs, page_html, page_specs
from simlab.report.plan.page import matrix, segment_table
from simlab.report.plan.reasons import demand_grounds, lead_time_grounds
from simlab.report.render import render
from simlab.run import RunFolder, verify


class Page(HTMLParser):
    """Text, element names, attributes and scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        if tag == "script":
            self.scripts.append("")
        for name, value in attrs:
            if name in ("src", "href", "action", "data"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] += data
        elif self._open != "style":
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = build_fake_run(tmp_path_factory.mktemp("rendered"), n_items=120)
    render(run)
    return run


def test_the_page_is_one_file_that_fetches_nothing(rendered: RunFolder) -> None:
    page = Page((rendered.path / "report.html").read_text(encoding="utf-8"))
    assert page.links
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "default-src 'none'" in (rendered.path / "report.html").read_text(encoding="utf-8")


def test_every_section_is_there(rendered: RunFolder) -> None:
    page = Page((rendered.path / "report.html").read_text(encoding="utf-8"))
    wanted = {*TABS} - {"items", "suppliers", "locations"} | {"frontier", "matrix", "data", "laws", "files"}
    assert wanted <= set(page.ids)
    text = " ".join(" ".join(page.text).split())
    assert "≈ Costs less than the best uniform target, by units" in text  # one weight alone: no tick
    assert "It does not cover a wrong demand model." in text
    assert "Weeks are independent" in text
    assert "8123456789" in text
    assert "unknown_sku = 'drop'" in text
    assert "results/plan.parquet" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_figures_are_drawn_where_they_are_asked_for_and_registered(tmp_path: Path) -> None:
    """Without being asked there are none, and the page's list of files names none."""
    run = build_fake_run(tmp_path, n_items=60)
    without = render(run).read_text(encoding="utf-8")
    assert not (run.path / "figures").exists()
    with_them = render(run, figures=True).read_text(encoding="utf-8")
    names = sorted(path.name for path in (run.path / "figures").iterdir())
    assert {"frontier_holding_cost.png", "frontier_holding_cost.svg", "matrix.png"} <= set(names)
    assert all((run.path / "figures" / n).stat().st_size > 3000 for n in names)
    assert (run.path / "figures" / "matrix.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert ["<dt><code>figures/" in page for page in (without, with_them)] == [False, True]
    assert verify(run.path) == []
    assert render(run).read_text(encoding="utf-8") == with_them  # they stay, and are still true


def test_targets_on_the_page_are_those_of_the_table(rendered: RunFolder) -> None:
    page = Page((rendered.path / "report.html").read_text(encoding="utf-8"))
    data = json.loads(page.scripts[0])
    table = rendered.read_table("frontier")
    table = table[table["kind"] == "segmented"].set_index("point")
    for point in data["points"]:
        shown = [data["values"][code] for code in point["targets"]]
        assert shown == pytest.approx(table.loc[point["id"], "targets"].tolist(), abs=1e-6)
    chosen = data["points"][data["chosen"]]["id"]
    assert bool(table.loc[chosen, "chosen"])


def test_hostile_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    run = build_fake_run(tmp_path, n_items=120, hostile=True)
    text = page_html(read_tables(run), set())
    page = Page(text)
    assert "<script>alert(1)" not in text
    assert "<b>" not in text
    assert len(page.scripts) == 8  # two tables, five packed texts, the page's own
    json.loads(page.scripts[0])
    json.loads(page.scripts[1])
    shown = "".join(page.text)
    assert all(name in shown for name in HOSTILE)
    assert "49" not in HOSTILE[2]
    assert "`{{7*7}}" in shown


def test_a_browser_runs_no_script_but_those_that_the_page_names(tmp_path: Path) -> None:
    """The policy stands before all content, names one digest and lets nothing be loaded or sent."""
    text = page_html(read_tables(build_fake_run(tmp_path, n_items=20)), set())
    policy = re.search('<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert policy is not None
    assert policy.start() < text.index("<title>")
    said = dict(one.strip().split(" ", 1) for one in policy[1].split(";"))
    (own,) = re.findall("<script>(.*?)</script>", text, flags=re.S)
    libraries = re.findall('<script type="text/plain" id="[a-z]+-library">(.*?)</script>', text, flags=re.S)
    assert len(libraries) == 2  # charts and the table of items, which the page's script runs when needed
    known = [own, *map(unpack, libraries)]
    digests = (base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in known)
    assert said["script-src"] == " ".join(f"'sha256-{one}'" for one in digests)
    assert {said[name] for name in ("default-src", "base-uri", "form-action")} == {"'none'"}
    assert said["img-src"] == "data:"
    assert re.findall(r"<[^>]* on[a-z]+=", text.partition("<main")[2].partition("<script")[0]) == []
    assert '<meta name="simlab-schema" content="1">' in text


def test_script_content_cannot_end_its_element() -> None:
    value = {"</script><!--": ["\u2028", "&", None, float("nan")]}
    text = script_json(value)
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"</script><!--": ["\u2028", "&", None, None]}
    assert "</script" not in script_text('a = "</script>";')


@pytest.mark.parametrize("by", [("abc",), ("location",), ("abc", "xyz", "location")])
def test_any_number_of_attributes(tmp_path: Path, by: tuple[str, ...]) -> None:
    tables = read_tables(build_fake_run(tmp_path, n_items=120, by=by))
    picture = matrix(tables)
    assert (picture is None) == (len(by) == 3)
    assert ('id="matrix"' in page_html(tables, set())) == (len(by) != 3)


def test_a_run_without_frontier_and_verdict_still_reports(tmp_path: Path) -> None:
    run = build_fake_run(tmp_path, n_items=60, tables=(), floor=None, budget=None)
    segments = run.read_table("segments")
    only = segments[(segments["plan"] == "segmented") & (segments["sample"] == "search")]
    run.write_table("segments", only.assign(plan="given"))
    run.write_manifest({k: v for k, v in run.manifest.items() if k in ("command", "study", "currency")})
    text = page_html(read_tables(run), set())
    assert 'id="frontier"' not in text
    assert "Nothing was compared with it" in text
    assert "Given plan" in text


def test_reasons_of_laws_are_counted_by_their_keys() -> None:
    """What spoke for a law at how many SKU-locations: no example, no number, and no sentence is read."""
    items = pd.DataFrame(
        {
            "demand_grounds": ["scored", "scored", "rate_shared scored", "named", ""],
            "demand_reason": ["n=727 periods, 9 demands: rate as of comparable items"] * 5,
        }
    )
    texts = dict(demand_grounds(items))
    assert list(texts.values()) == [3, 1, 1, 1]
    assert not any(character.isdigit() for text in texts for character in text)
    assert texts[OF_DEMAND["named"].text] == 1


def test_lead_times_are_counted_by_where_they_come_from_with_the_range_of_their_means() -> None:
    items = pd.DataFrame(
        {
            "lead_time_grounds": ["stated", "own_receipts group", "stated", "own_receipts group", "stated"],
            "lead_time_reason": ["supplier 'pooled': 9 receipts"] * 5,
            "mean_lead_time": [1.0, 2.5, 8.0, 2.5, 3.0],
        }
    )
    assert lead_time_grounds(items, "week") == [
        (f"{OF_LEAD_TIME['stated'].text}: mean 1.0 to 8.0 weeks", 3),
        (f"{OF_LEAD_TIME['own_receipts'].text}, {OF_LEAD_TIME['group'].text}: mean 2.5 weeks", 2),
    ]


def test_a_run_without_keys_shows_its_most_frequent_reasons() -> None:
    reasons = ["b", "as given", "as given", "as given", None, "b", "c"]
    items = pd.DataFrame({"demand_reason": pd.Series(reasons, dtype="object")})
    assert demand_grounds(items) == [("as given", 3), ("b", 2), ("not stated", 1), ("other reasons", 1)]


def test_nan_is_shown_as_a_dash(tmp_path: Path) -> None:
    run = build_fake_run(tmp_path, n_items=60)
    segments = run.read_table("segments")
    first = segments["segment"] == segments["segment"].iloc[0]
    segments.loc[first, ["fill_rate", "fill_rate_low", "fill_rate_high", "turns"]] = float("nan")
    run.manifest["files"] = {}
    run.write_table("segments", segments)
    tables = read_tables(run)
    row = segment_table(tables, "segmented")["rows"][0]
    assert row["cells"][0] == {"value": "–", "span": "–", "model": ""}
    assert row["state"] == "none"
    page = re.sub(r"<script.*?</script>", "", page_html(tables, set()), flags=re.DOTALL)
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


def test_a_thousand_segments_are_cut_and_say_so(tmp_path: Path) -> None:
    run = build_fake_run(tmp_path, n_items=60)
    segments = run.read_table("segments")
    one = segments[(segments["segment"] != ALL) & (segments["plan"] == "segmented")].iloc[:1]
    many = pd.concat([one.assign(segment=f"S{i:04d}", sample="verdict") for i in range(1000)])
    run.manifest["files"] = {}
    run.write_table("segments", pd.concat([segments, many]))
    table = segment_table(read_tables(run), "segmented")
    assert table["left_out"] > 700


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    run = build_fake_run(tmp_path, n_items=60)
    run.manifest["files"] = {}
    run.write_table("segments", run.read_table("segments").drop(columns="turns"))
    with pytest.raises(InvalidInputError, match=r"E-RUN-006.*segments\.parquet turns"):
        read_tables(run)


def test_script_and_figures_made_beside_the_page_are_those_made_here(monkeypatch, tmp_path):
    """In a process of its own, or here where none can be started: the same bytes."""
    tables = read_tables(build_fake_run(tmp_path, n_items=60))
    version = style.vega_lite_version()
    specs = dict(list(figure_specs(tables, page_specs(tables)).items())[:2])
    with beside(version) as other, monkeypatch.context() as child_only:
        child_only.setattr(
            "simlab.report.kit.beside.bundle",
            lambda version: pytest.fail("the process of its own made nothing"),
        )
        other.draw(specs)
        script, drawn = other.library(), other.pictures()
    assert script == style.library()
    monkeypatch.setattr("simlab.children.sys.executable", "no-such-interpreter")
    with beside(version) as other:
        other.draw(specs)
        assert other.library() == script
        assert other.pictures() == drawn
