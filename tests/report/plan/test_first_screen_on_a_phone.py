"""The first screen on a phone, in Chromium: charts have room, and say what they are counted by."""

import io
import shutil

import pytest
from worlds.study import write_study

from simlab import api

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    folder = tmp_path_factory.mktemp("phone")
    run = api.run_optimize(write_study(folder), out=folder / "run").folder
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 390, "height": 844})
        opened.goto((run / "report.html").as_uri())
        opened.wait_for_selector("#stock_by_segment-chart svg .mark-text text")
        yield opened
        browser.close()


def test_the_waterfall_lies_down_with_its_amounts_beside_the_bars(page):
    over = page.evaluate(
        """() => {
          const boxes = (marks) => [...document.querySelectorAll("#stock_by_segment-chart " + marks)]
            .map((mark) => mark.getBoundingClientRect());
          const bars = boxes(".mark-rect path");
          const texts = boxes(".mark-text text").filter((box) => box.width > 0);
          const meets = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
          const over = texts.filter((text) => bars.some((bar) => meets(bar, text)));
          const heights = new Set(bars.map((bar) => Math.round(bar.height)));
          return [bars.length, texts.length, over.length, heights.size];
        }"""
    )
    assert over[0] >= 4
    assert over[1] >= over[0]
    assert over[2] == 0
    assert over[3] == 1  # bars of one height: they lie


def test_marks_carry_their_names_alone(page):
    page.wait_for_selector("#what_stock_buys-chart svg .mark-text text")
    texts = page.locator("#what_stock_buys-chart .mark-text text").all_text_contents()
    assert "Proposed" in [name for text in texts for name in text.split(" = ")]
    assert not any("€" in text and "%" in text for text in texts)


def test_the_curve_follows_the_weight_that_is_chosen(page):
    """Axis, lines and marks: what today serves by value is another number than by margin."""
    note, chart = page.locator("#buys-fixed"), "#what_stock_buys-chart"
    own = note.get_attribute("data-weight")
    other = next(w for w in ("value", "margin", "units") if w != own)
    before = page.locator(f"{chart} .mark-line path").first.get_attribute("d")
    page.locator(f"input[name=map-weight][value={other}]").check()
    page.wait_for_function(f"""() => [...document.querySelectorAll("{chart} .role-axis-title text")]
        .some((text) => text.textContent.toLowerCase() === "{other} served at once")""")
    assert not note.is_visible()
    assert page.locator(f"{chart} .mark-line path").first.get_attribute("d") != before
    page.locator(f"input[name=map-weight][value={own}]").check()
    page.wait_for_function(f"""() => [...document.querySelectorAll("{chart} .role-axis-title text")]
        .some((text) => text.textContent.toLowerCase() === "{own} served at once")""")


def test_the_decision_prints_on_one_page(page):
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(1500)
    pdf = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert "Stock, A98 B95 C90 →" in pdf.pages[0].extract_text()
    assert pdf.pages[1].extract_text().lstrip().startswith("Finance")
