"""The first screen and the terminal: gain and loss against today, no claim without its weight."""

import importlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from worlds.places import ROOT
from worlds.study import write_study

from simlab import api
from simlab.catalog.columns import TABLES as CATALOG
from simlab.cli.show.screen import screen
from simlab.report.plan.decision import buys, charts
from simlab.report.plan.decision.weighed import served_by_weight
from simlab.report.plan.folder import read_tables
from simlab.run import RunFolder


class Words(HTMLParser):
    """What a reader sees of a page: no scripts, no styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.seen.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())


WEIGHT = re.compile(r"\bby (units|value|margin|items)\b|\b(units|value|margin|items) served")


def judge(result, page: str) -> None:
    """No tick and no "cheaper" without the weight named, no tick where a weight disagrees."""
    weights = pd.read_parquet(result.folder / "results" / "weights.parquet")
    told = result.told
    for one in told:
        if one.group in ("headline", "comparison") and one.state == "good":
            plan = one.key.removeprefix("against ")
            rows = weights if one.group == "headline" else weights[weights["plan"] == plan]
            marks = set(rows.loc[~rows["plan"].isin(["segmented", "per_sku", "same_service"]), "mark"])
            assert marks == {"less"}, one
    for text in (page, *(one.line for one in told)):
        assert "cheaper than" not in text.casefold()
    head = next(one for one in told if one.group == "headline")
    assert WEIGHT.search(head.title)
    assert " than " in head.title  # against today
    if head.state != "none":
        assert WEIGHT.search(head.text)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    study = write_study(folder, **{"n_targets = 8": "n_targets = 12"})
    return api.run_optimize(study, out=folder / "run")


def test_page_and_terminal_say_gain_and_loss_with_their_weight(result):
    words = Words((result.folder / "report.html").read_text(encoding="utf-8")).text
    judge(result, words)
    head = next(one for one in result.told if one.group == "headline")
    assert head.title.replace("EUR ", "€") in words
    lines = screen(result, result.brief)
    assert " ".join(" ".join(lines).split()).count("less stock than") == 1
    assert len(lines) <= 14


def test_the_first_screen_has_today_value_and_margin_and_asks_for_current_levels(result):
    words = Words((result.folder / "report.html").read_text(encoding="utf-8")).text
    for text in ("A98 B95 C90 (no current levels given)", "Same service", "Proposed", "Change"):
        assert text in words
    for text in ("Value served at once", "Margin served at once", "Margin late a year", "Stock turns a year"):
        assert text in words
    assert "Give them to see what changes." in words


def test_no_segment_carries_a_tick(result):
    """Targets that the optimiser chose itself are no promise to be met."""
    words = Words((result.folder / "report.html").read_text(encoding="utf-8")).text
    segments = words[words.index("Targets and what they serve") :]
    assert "✓" not in segments[: segments.index("Can we believe it?")]


def test_stock_goes_from_the_first_column_to_the_plan_segment_by_segment(result):
    tables = read_tables(RunFolder.open(result.folder))
    steps = charts.steps_of(tables)
    assert steps["end"].iloc[-2] == pytest.approx(steps["end"].iloc[-1])
    marks = buys.points_of(tables)
    assert list(marks["name"]) == ["A98 B95 C90", "Same service", "Proposed"]  # no levels of today are given
    assert steps["name"].iloc[0] == "A98 B95 C90"
    row = tables.decision.set_index("measure").loc["inventory_value"]
    assert marks["stock"].iloc[0] == row["today"]


def test_the_curve_can_be_read_by_every_weight(result):
    """The panel's sums give the service that the verdict gave; the proposed plan lies on its curve."""
    tables = read_tables(RunFolder.open(result.folder))
    frontier, read = tables.frontier, served_by_weight(tables)
    own = frontier["kind"].isin(["segmented", "uniform"])
    assert set(read) == {"units", "value", "margin"}
    weight = tables.manifest["decision"]["weight"]
    assert read[weight][own] == pytest.approx(frontier.loc[own, "service_verdict"].to_numpy(), rel=1e-9)
    assert read["units"][own] == pytest.approx(frontier.loc[own, "fill_rate_verdict"].to_numpy(), rel=1e-9)
    rows = tables.decision.set_index("measure")
    chosen = (frontier["chosen"] & (frontier["kind"] == "segmented")).to_numpy()
    for name, rates in read.items():
        assert rates[chosen] == pytest.approx(rows.loc[f"served_{name}", "proposed"], rel=1e-9)
    others = buys.buys_chart(tables).chart.to_dict(validate=False)["usermeta"]["weights"]
    assert set(others) == {"units", "value", "margin"} - {weight}
    assert all(one["labels"] and one["lines"] for one in others.values())


def test_pictures_say_what_they_show_of_which_run(result, tmp_path):
    folder = Path(shutil.copytree(result.folder, tmp_path / "run"))
    assert not (folder / "figures").exists()
    api.render_report(folder, excel=False, figures=True)
    svg = (folder / "figures" / "what_stock_buys.svg").read_text(encoding="utf-8")
    manifest = RunFolder.open(folder).manifest
    assert "figures/what_stock_buys.svg" in manifest["files"]
    assert "What stock buys" in svg
    assert f"{manifest['study']} · optimize · {manifest['finished'][:10]}" in svg


def test_every_column_of_a_run_has_its_unit_and_meaning_on_the_page_of_tables(result, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    tables = importlib.import_module("tables")
    told = tables.tables()
    unknown = {}
    for file in sorted((result.folder / "results").glob("*.parquet")):
        listed, columns = tables.LISTED.get(file.stem, []), pq.read_schema(file).names
        families = tuple(tables.SAID["families"])
        left = [name for name in columns if name not in listed and not name.startswith(families)]
        unknown |= {f"{file.stem}.{name}": "is on no list" for name in left}
        assert all(tables.said_of(name, file.stem)[1] for name in columns)
        assert f"### `{file.stem}`" in told
    assert unknown == {}
    for name, columns in CATALOG.items():
        assert all(f"| `{column}` |" in told for column in columns), name


BANNED = re.compile(
    r"\b(seeds?|frontiers?|floors?|laws?|replications?|as optimised|certified|bounds?|hull|lagrangian|"
    r"equal fill|set free|not told)\b|\bPIT\b",
    re.IGNORECASE,
)
"""Words for researchers."""


def tabs_of(page: str) -> dict[str, str]:
    """Text of every tab, by its hash."""
    parts = re.split(r'<div class="tab" id="(\w+)">', page.split("<footer>")[0])
    return {name: Words(text).text for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_words_for_researchers_stay_on_the_tabs_for_researchers(result):
    tabs = tabs_of((result.folder / "report.html").read_text(encoding="utf-8"))
    assert {"decision", "finance", "segments", "items", "locations", "believe", "method"} <= set(tabs)
    for name in set(tabs) - {"believe", "method"}:
        found = [match.group(0) for match in BANNED.finditer(tabs[name])]
        assert found == [], name
    assert "seed" in tabs["method"]


def test_the_first_screen_answers_five_questions(result):
    """Gain, loss, largest risk, next step, what was not tested: each has its sentence."""
    text = tabs_of((result.folder / "report.html").read_text(encoding="utf-8"))["decision"]
    assert re.search(r"(less|more) stock than", text)
    assert re.search(r"(less|more) of the (units|value|margin|items) served", text) or "points" in text
    assert "Next:" in text
    assert "Not tested:" in text


@pytest.mark.slow
def test_the_demo_says_what_is_gained_and_lost_and_claims_nothing_that_a_weight_denies(
    tmp_path: Path,
) -> None:
    result = api.run_demo(out=tmp_path / "run")
    judge(result, Words((result.folder / "report.html").read_text(encoding="utf-8")).text)
    title = next(one for one in result.told if one.group == "headline").title
    assert "less stock than today" in title
    assert "points less of the" in title
    assert "not confirmed" not in title or "a season not" in title
    segments = pd.read_parquet(result.folder / "results" / "segments.parquet")
    chosen = segments[(segments["plan"] == "segmented") & (segments["sample"] == "verdict")]
    assert chosen.loc[chosen["segment"].str.startswith("A"), "fill_rate"].min() >= 0.80
