"""Pages of blocks in a real browser: nothing fetched, nothing said, nothing wider than the screen."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report.test_browser import ARGUMENTS
from worlds.fake_audit import build_fake_audit
from worlds.fake_contest import SCHEMES, build_fake_contest

from simlab.report.contest.charts import drawings
from simlab.report.contest.page import QUESTION, sections
from simlab.report.contest.tables import NEEDED, OPTIONAL, ContestTables
from simlab.report.kit.reading import read_named
from simlab.report.kit.sheet import draw, sheet_html
from simlab.report.lists import Shown, lists_html
from simlab.report.render import render

CHROMIUM = shutil.which("chromium")
MAKERS = {"contest": build_fake_contest, "audit": build_fake_audit}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=["contest", "audit"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(MAKERS[request.param](tmp_path_factory.mktemp(request.param), hostile=True))


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_offline_and_fits(browser: Any, report: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate("simlab.tabs.forEach((tab) => { tab.hidden = false; })")
    for closed in page.locator("summary").all():
        closed.click()
    assert said == []
    assert asked == [report.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shown = [box for box in (one.bounding_box() for one in page.locator("figure svg").all()) if box]
    assert shown
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in shown)
    wide = page.locator(".for-wide").first.is_visible()
    assert wide == (width > 832)
    assert page.locator(".for-narrow").first.is_visible() != wide
    context.close()


def test_text_in_charts_is_read_on_dark(browser: Any, report: Path) -> None:
    context = browser.new_context(offline=True, color_scheme="dark")
    page = context.new_page()
    page.goto(report.as_uri())
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    fills = page.evaluate(
        "[...document.querySelectorAll('figure svg text')].map((e) => getComputedStyle(e).fill)"
    )
    assert paper == "rgb(18, 23, 29)"
    assert {sum(map(int, fill[4:-1].split(","))) > 400 for fill in fills} == {True}
    context.close()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_nobody_is_shut_out_of_pages_of_blocks(browser: Any, report: Path, scheme: str) -> None:
    """axe-core finds nothing serious, and no two parts of a page that a screen reader calls the same."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("simlab.tabs.forEach((tab) => { tab.hidden = false; })")
    found = axe.run(page).response["violations"]
    told = [
        (one["id"], node["target"])
        for one in found
        if one["impact"] in ("serious", "critical") or one["id"] == "landmark-unique"
        for node in one["nodes"][:3]
    ]
    assert told == []
    context.close()


def a_contest_by_every_weight(folder: Path) -> str:
    run = build_fake_contest(folder)
    ends = {"": -0.1, "_low": -0.2, "_high": -0.05}
    interval = {f"percent_vs_one_class{end}": value for end, value in ends.items()}
    weights = ("value_fill_rate", "fill_rate", "margin_fill_rate", "cycle_service_level", "line_fill_rate")
    rows = [
        {"scheme": scheme, "judged_by": weight, "decides": weight == "fill_rate", **interval}
        for scheme in SCHEMES
        for weight in weights
    ]
    tables = {**read_named(run, NEEDED, OPTIONAL), "scheme_weights": pd.DataFrame(rows)}
    found = ContestTables(run.manifest, tables)
    pictures, _ = draw(run, drawings(found))
    return sheet_html(QUESTION, run.manifest, 54, sections(found, pictures))


def six_rules(_: Path) -> str:
    rules = [
        f"{name}{how}"
        for name in ("order_up_to", "reorder_quantity", "reorder_up_to")
        for how in ("", ":normal")
    ]
    spread = {f"percent{end}": [None, *[0.2] * 5] for end in ("", "_low", "_high")}
    equal = pd.DataFrame({"policy": rules, "at_fill": 0.95, "cost_at_fill": 6000.0, **spread})
    served = {f"fill_rate{end}": 0.96 for end in ("", "_low", "_high")}
    plans = pd.DataFrame({"policy": rules, **served, "inventory_value": 30_000.0, "orders_per_year": 281.0})
    other = {
        f"percent_by_{by}{end}": [None, *[0.1] * 5]
        for by in ("units", "value", "items")
        for end in ("", "_low", "_high")
    }
    said = [
        "Lots Q at or below s (R,s,nQ), normal formula costs 24.7% [22.6%, 26.8%] more than order up to S at "
        "every review (R,S) in holding cost at the same 95.0% of margin served at once (EUR 1,488), and by "
        "every other weight."
    ] * 5
    targets = pd.DataFrame({"segment": ["A-X"], "target": [0.95]})
    shown = (
        Shown("Holding cost at the same service", equal, bars="percent"),
        Shown("The same plans, service counted otherwise", pd.DataFrame({"policy": rules, **other})),
        Shown("Plans", plans),
        Shown("Targets of each rule", targets, "segments"),
    )
    return lists_html(
        "Which?", {"command": "compare policies", "study": "Rules", "currency": "EUR"}, said, shown
    )


@pytest.mark.parametrize(
    ("made", "second"), [(a_contest_by_every_weight, "Finance"), (six_rules, "Segments")]
)
def test_the_first_tab_is_one_sheet_of_paper(browser: Any, tmp_path: Path, made: Any, second: str) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    path = tmp_path / "page.html"
    path.write_text(made(tmp_path), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    first = size_and_second_sheet(page, pypdf)
    page.evaluate(MORE, 4)  # ten rules, ten sentences on them
    more = size_and_second_sheet(page, pypdf)
    page.close()
    assert first[1].startswith(second)
    assert more[1].startswith(second)
    assert first[0] > 0.6 > more[0]


MORE = """(n) => document.querySelectorAll("#decision tbody, #decision ul").forEach((one) => {
  for (let k = 0; k < n; k += 1) one.append(one.lastElementChild.cloneNode(true));
})"""


def size_and_second_sheet(page: Any, pypdf: Any) -> tuple[float, str]:
    """The size of the first tab on paper, and what the second sheet says."""
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    size = page.evaluate("document.getElementById('decision').style.getPropertyValue('--sheet')")
    return float(size), sheets[1].extract_text().lstrip()
