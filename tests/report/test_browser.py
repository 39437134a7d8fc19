"""The page in a real browser: no network, no console error, and the frontier answers to hand and keyboard."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worlds.fake_run import build_fake_run

from simlab.report.render import render

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
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


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(
        build_fake_run(tmp_path_factory.mktemp("browser"), n_items=150, finance=True, fit=True, groups=True)
    )


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(build_fake_run(tmp_path_factory.mktemp("hostile"), n_items=40, hostile=True))


def open_page(browser: Any, report: Path, width: int) -> tuple[Any, list[str], list[str]]:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{report.as_uri()}#finance")
    page.wait_for_selector("#frontier-chart svg .role-axis-label")
    return page, said, asked


def targets(page: Any) -> list[str]:
    return list(page.locator("#targets .here").all_inner_texts())


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_opens_offline_without_a_word_on_the_console(browser: Any, report: Path, width: int) -> None:
    page, said, asked = open_page(browser, report, width)
    page.locator("input[name=measure][value=inventory_value]").check()
    page.locator("input[name=range][value=whole]").check()
    page.wait_for_timeout(300)
    assert said == []
    assert asked
    assert all(url.startswith("file://") for url in asked)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.context.close()


def test_tabs_open_by_hash_and_by_keyboard(browser: Any, report: Path) -> None:
    page, said, _ = open_page(browser, report, 1280)
    assert not page.locator("#decision").is_visible()
    page.goto(f"{report.as_uri()}#laws")
    assert page.locator("#believe").is_visible()
    page.locator("a.skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.locator("#believe").is_visible()
    page.get_by_role("link", name="Method").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#method", state="visible")
    assert not page.locator("#believe").is_visible()
    page.go_back()
    page.wait_for_selector("#believe", state="visible")
    assert said == []
    page.context.close()


def test_without_script_every_tab_is_there_one_after_the_other(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    shown = [tab.is_visible() for tab in page.locator(".tab").all()]
    assert len(shown) > 3
    assert all(shown)
    context.close()


def test_the_items_are_found_sorted_and_looked_at(browser: Any, report: Path) -> None:
    page, said, asked = open_page(browser, report, 1280)
    page.goto(f"{report.as_uri()}#items?seg=A-X")
    page.wait_for_selector("#items[data-made]")
    segments = page.locator("#item-table tbody td.segment")
    assert {one.inner_text() for one in segments.all()} == {"A-X"}
    page.locator("#item-segment").select_option("")
    page.get_by_role("button", name="Down").click()
    first = page.locator("#item-table tbody td.stock_change").first.inner_text()
    assert first.startswith("\u2212£")
    page.get_by_role("button", name="All", exact=True).click()
    page.locator(".dt-search input").fill("10001")
    page.locator("#item-table tbody button").first.click()
    page.wait_for_selector("#item-path svg .role-axis-label")
    assert "10001" in page.locator("#item-name").inner_text()
    assert page.locator("#item-range svg").is_visible()
    assert said == []
    assert all(url.startswith("file://") for url in asked)
    page.context.close()


def test_every_chart_can_be_saved_with_its_title_and_run(browser: Any, report: Path, tmp_path: Path) -> None:
    """No figures are drawn unasked: the page hands out each as it shows it, on white, as wide as a figure."""
    page, said, _ = open_page(browser, report, 400)
    charts = page.locator("#finance .chart:visible")
    assert page.locator("#finance .save:visible").count() == charts.count() > 2
    saved = {}
    for kind in ("SVG", "PNG"):
        with page.expect_download() as download:
            page.locator("#frontier-chart + .save").get_by_role("button", name=f"Save as {kind}").click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
        saved[download.value.suggested_filename] = (tmp_path / download.value.suggested_filename).read_bytes()
    assert saved["holding_cost.png"].startswith(b"\x89PNG")
    svg = saved["holding_cost.svg"].decode()
    assert "What service costs: holding cost a year" in svg
    assert " · simlab" in svg
    assert int(re.search(r'width="(\d+)"', svg).group(1)) > 700  # type: ignore[union-attr]
    page.emulate_media(media="print")
    assert page.locator(".save:visible").count() == 0
    assert said == []
    page.context.close()


def test_print_has_every_tab_from_a_new_page_and_every_last_tick(browser: Any, report: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    page, _, _ = open_page(browser, report, 1280)
    ticks = page.evaluate(LAST_TICKS)
    pdf = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    page.context.close()
    assert len(ticks) >= 6
    width, seen, texts = float(pdf.pages[0].mediabox.width), set(), []
    for sheet in pdf.pages:
        found = sheet.extract_text(
            visitor_text=lambda text, cm, tm, font, size: seen.add((text.strip(), at(cm, tm)))
        )
        texts.append(" ".join(found.split()))
    for title in ("Finance", "Segments", "Items", "Suppliers & orders", "Locations", "Method"):
        assert any(text.startswith(title) for text in texts), title
    assert all(-1 < x < width for text, x in seen if text)
    whole = " ".join(texts)
    missing = [tick for tick in ticks if tick["text"] not in whole]
    assert missing == []
    assert "Largest decreases of stock" in whole


def test_no_table_is_cut_on_paper(browser: Any, report: Path) -> None:
    """A sheet of A4 between its margins is 695 pixels wide; seen cut: what was proposed of the items."""
    page, _, _ = open_page(browser, report, 695)
    page.emulate_media(media="print")
    page.evaluate(LAST_TICKS)
    beyond = page.evaluate("""() => [...document.querySelectorAll("table")]
      .filter((one) => one.checkVisibility({ contentVisibilityAuto: true }))
      .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((one) => one.innerText.slice(0, 60))""")
    tall = page.evaluate("""() => {
      document.querySelector("#finance section").insertAdjacentHTML("beforeend",
        '<div class="chart"><svg id="tall" width="644" height="1107" viewBox="0 0 644 1107"></svg></div>');
      const chart = document.getElementById("tall");
      return chart.getBoundingClientRect().height;
    }""")
    page.context.close()
    assert beyond == []
    assert 800 < tall < 1024  # one of 644 by 1107, as ten histories are, stays on one sheet


def test_a_dozen_warnings_and_fifteen_segments_stay_on_one_sheet(browser: Any, report: Path) -> None:
    """The size of the first tab on paper follows from what it holds."""
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    page, said, _ = open_page(browser, report, 1280)
    page.evaluate("""() => {
      const name = "A-Y and a name of a segment that is as long as some are, with further words";
      const warning = `<li>Lowest target for 600 of 1,800 SKU-locations: ${name} (9, 84.3% of units)</li>`;
      const row = `<tr><th scope="row">${name}</th><td>98.0%</td><td>95.0%</td><td>3.0 points</td></tr>`;
      document.querySelector("#decision section").insertAdjacentHTML("beforeend",
        `<ul>${warning.repeat(12)}</ul><div class="scroll"><table>${row.repeat(15)}</table></div>`);
    }""")
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    page.context.close()
    assert sheets[1].extract_text().lstrip().startswith("Finance")
    assert said == []


LAST_TICKS = """async () => {
  const drawn = () => [...document.querySelectorAll("[data-chart] svg, #frontier-chart svg")];
  drawn().forEach((svg) => { svg.dataset.before = "yes"; });
  window.dispatchEvent(new Event("beforeprint"));
  for (let waited = 0; waited < 150; waited += 1) {
    const charts = document.querySelectorAll("[data-chart], #frontier-chart").length;
    if (drawn().filter((svg) => !svg.dataset.before).length >= charts) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  return [...document.querySelectorAll("[data-chart], #frontier-chart")].map((chart) => {
    const labels = [...chart.querySelectorAll(".role-axis-label text")].filter((one) => one.textContent);
    return { id: chart.id, text: labels.length ? labels[labels.length - 1].textContent : "no label" };
  });
}"""
"""Draws every chart as print does; the text of the last tick of each."""


def at(cm: list[float], tm: list[float]) -> float:
    """Where a text begins on the sheet, in points from the left."""
    return cm[0] * tm[4] + cm[2] * tm[5] + cm[4]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_nobody_is_shut_out(browser: Any, report: Path, scheme: str) -> None:
    """axe-core finds nothing serious on any tab."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{report.as_uri()}#items")
    page.wait_for_selector("#items[data-made]")
    for tab in ("decision", "finance", "segments", "items", "suppliers", "locations", "believe", "method"):
        page.evaluate(f"location.hash = '{tab}'")
        page.wait_for_selector(f"#{tab}", state="visible")
        if page.locator(f"#{tab} [data-chart]").count():
            page.wait_for_selector(f"#{tab} [data-chart] svg")
    page.evaluate("simlab.tabs.forEach((tab) => { tab.hidden = false; })")  # all at once: a fifth of the time
    serious = [
        (one["id"], node["target"], node["failureSummary"])
        for one in axe.run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert serious == []
    context.close()


def test_tables_fit_a_phone(browser: Any, report: Path) -> None:
    """Wider than the screen they are set tighter, or a row stands as a card, each cell under its column."""
    page, said, _ = open_page(browser, report, 390)
    page.wait_for_selector("table.cards", state="visible")
    for tab in ("finance", "decision"):
        page.evaluate(f"location.hash = '{tab}'")
        page.wait_for_selector(f"#{tab}", state="visible")
        page.wait_for_timeout(200)
        wide = page.evaluate("""() => [...document.querySelectorAll(".tab:not([hidden]) .scroll")]
          .filter((box) => box.scrollWidth > box.clientWidth + 1)
          .map((box) => box.getAttribute("aria-label"))""")
        assert wide == []
    cell = page.locator("#compared table.cards td").first
    assert cell.evaluate("(one) => getComputedStyle(one, '::before').content").startswith('"at units served"')
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("location.hash = 'finance'")
    page.wait_for_selector("#compared table:not(.cards)", state="visible")
    assert said == []
    page.context.close()


def test_hostile_names_run_nothing(browser: Any, hostile_report: Path) -> None:
    page, said, asked = open_page(browser, hostile_report, 400)
    assert said == []
    assert all(url.startswith("file://") for url in asked)
    page.context.close()


def test_choosing_another_point_shows_its_targets(browser: Any, report: Path) -> None:
    page, said, _ = open_page(browser, report, 1280)
    before, fill = targets(page), page.locator("#point-fill").inner_text()
    slider = page.locator("#point-slider")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    after = targets(page)
    assert after != before
    assert page.locator("#point-fill").inner_text() != fill
    assert page.locator("#point-kind").inner_text() == "Another plan"
    assert "served at once" in (slider.get_attribute("aria-valuetext") or "")
    page.get_by_role("button", name="Proposed plan").click()
    assert targets(page) == before
    page.locator("#point-back").click()
    assert targets(page) != before
    assert said == []
    page.context.close()


def test_a_click_on_a_dot_chooses_it(browser: Any, report: Path) -> None:
    page, said, _ = open_page(browser, report, 1280)
    before = targets(page)
    page.locator("#frontier-chart").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    frame = page.locator("#frontier-chart svg .role-frame > g > path.background").first.bounding_box()
    centres = page.evaluate("""() =>
      [...document.querySelectorAll("#frontier-chart svg path[fill-opacity='0']")]
        .map((dot) => dot.getBoundingClientRect())
        .map((box) => [box.x + box.width / 2, box.y + box.height / 2])""")
    shown = [(x, y) for x, y in centres if frame["y"] < y < frame["y"] + frame["height"]]
    assert len(shown) > 5
    page.mouse.click(*shown[-1])
    page.get_by_text("Another plan").wait_for(timeout=3000)
    assert targets(page) != before
    assert said == []
    page.context.close()


def test_the_segment_table_can_show_another_plan(browser: Any, report: Path) -> None:
    page, _, _ = open_page(browser, report, 1280)
    page.get_by_role("link", name="Segments", exact=True).click()
    page.wait_for_selector("#service-chart svg .role-axis-label")
    page.locator("#plan-chooser").select_option("uniform")
    assert page.locator("[data-plan=uniform]").is_visible()
    assert not page.locator("[data-plan=segmented]").is_visible()
    page.context.close()
