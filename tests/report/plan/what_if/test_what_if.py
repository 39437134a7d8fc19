"""The panel chooses what the command chooses, to the last unit, and reads what the first screen says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worlds.what_if import Base, Setting, opened, settings, typed, write_quick, write_shop

from simlab.api.output.what_if.cells import cells_frame
from simlab.errors import InfeasibleError

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base.of(write_quick(tmp_path_factory.mktemp("quick")))


@pytest.fixture(scope="module")
def page(browser: Any, base: Base) -> Any:
    return opened(browser, base.opt.explore().write(base.folder / "what_if.html"))


def compare(page: Any, base: Base, setting: Setting) -> bool:
    """Whether a plan exists; where it does, page and command agree to the unit."""
    answer, study = typed(page, setting)
    if answer["choice"] is None:
        with pytest.raises(InfeasibleError):
            base.commanded(study)
        return False
    opt = base.commanded(study)
    cost, value, good = opt.chosen.totals
    fresh, sums = opt.verdict["segmented"], answer["sums"]
    found = [answer["objective"], sums["value"], sums["good"], sums["stock"], sums["served"]]
    wanted = [cost, value, good, fresh.stock_value.sum(), fresh.served.sum()]
    assert found == [str(int(one)) for one in wanted], setting
    assert answer["choice"] == opt.chosen.choice.tolist(), setting
    return True


def asked(base: Base, n: int, seed: int) -> list[Setting]:
    return settings(n, len(base.opt.chosen.choice), len(base.opt.targets), base.opt.chosen.value_money, seed)


def test_a_dozen_settings_give_the_plan_of_the_command(page: Any, base: Base) -> None:
    """Same targets, same whole numbers, on the search and on the verdict seed."""
    found = [compare(page, base, one) for one in asked(base, 12, seed=3)]
    assert sum(found) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_200_settings_give_the_plan_of_the_command(page: Any, base: Base, part: int) -> None:
    """Floors, budgets, both, pins, floors by segment, holding rates, prices of a lost unit; twenty a part."""
    found = [compare(page, base, one) for one in asked(base, 200, seed=11)[part::10]]
    assert len(found) == 20
    assert sum(found) >= 8


@pytest.mark.slow
def test_settings_on_fitted_laws_too(browser: Any, tmp_path: Path) -> None:
    """A shop with histories, packs and several holding rates; service weighed by margin."""
    base = Base.of(write_shop(tmp_path))
    page = opened(browser, base.opt.explore().write(tmp_path / "what_if.html"))
    found = [compare(page, base, one) for one in asked(base, 30, seed=5)]
    assert sum(found) >= 15


@pytest.mark.slow
def test_floors_of_the_study_hold_in_the_page_too(browser: Any, tmp_path: Path) -> None:
    """On whole segments of one category; the panel says them."""
    floors = 'points = 2\nfloors = [{ by = "category", at_least = { a = 0.985, c = 0.9 } }]'
    base = Base.of(write_quick(tmp_path, **{"points = 2": floors}))
    page = opened(browser, base.opt.explore().write(tmp_path / "what_if.html"))
    assert "category a at least 98.5" in page.inner_text("#what-if-panel")
    found = [compare(page, base, one) for one in asked(base, 20, seed=9)]
    assert sum(found) >= 6


@pytest.mark.slow
def test_the_command_itself_finds_the_plan_of_the_saved_study(browser: Any, tmp_path: Path) -> None:
    """As a user goes: run, page, button, `simlab optimize what_if.toml --curves run`."""
    write_quick(tmp_path)

    def optimize(*words: str) -> None:
        command = [sys.executable, "-m", "simlab", "optimize", *words]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    def manifest(run: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / run / "manifest.json").read_text("utf-8"))
        return found

    optimize("study.toml", "--out", "run")
    page = opened(browser, tmp_path / "run" / "report.html")
    answer, _ = typed(page, Setting(fill="96.5", rate="27", price="3", floors=((1, "97.5"),)))
    with page.expect_download() as saved:
        page.locator("#what-if-write").click()
    saved.value.save_as(tmp_path / "what_if.toml")
    optimize("what_if.toml", "--curves", "run", "--out", "again")
    targets = manifest("run")["targets"]
    assert list(manifest("again")["chosen"].values()) == [targets[t] for t in answer["choice"]]


def test_limits_that_the_page_does_not_take_are_said(browser: Any, tmp_path: Path) -> None:
    """Then targets are set by hand, and read."""
    base = Base.of(write_quick(tmp_path, **{"points = 2": 'points = 2\nordered = ["A", "B", "C"]'}))
    page = opened(browser, base.opt.explore().write(tmp_path / "what_if.html"))
    assert "set by hand only: the study has the order of targets" in page.inner_text("#what-if-panel")
    assert page.locator("#what-if-fill").count() == 0
    page.select_option("#what-if-pin-0", "0")
    answer = page.evaluate("JSON.parse(document.getElementById('what-if-panel').dataset.result)")
    assert answer["choice"] == [0, *base.opt.chosen.choice[1:].tolist()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(browser: Any, base: Base, tmp_path: Path, scheme: str) -> None:
    """axe-core finds nothing serious, every field has a name, and nothing is asked of a network."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = opened(browser, base.opt.explore().write(tmp_path / "what_if.html"), scheme)
    page.fill("#what-if-fill", "97")
    page.locator("#what-if-fill").press("Tab")
    found = axe.run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_the_button_saves_the_study(page: Any) -> None:
    """As a file beside the study, under the policy of the page."""
    with page.expect_download() as saved:
        page.locator("#what-if-write").click()
    assert saved.value.suggested_filename == "what_if.toml"


def test_at_the_run_s_own_settings_it_reads_what_the_first_screen_says(page: Any, base: Base) -> None:
    """Value by value, from sums by segment, target and batch."""
    page.locator("#what-if-back").click()
    answer = page.evaluate("JSON.parse(document.getElementById('what-if-panel').dataset.result)")
    own = base.opt.decision.to_frame().set_index("measure")["proposed"]
    assert answer["stock"] == pytest.approx(own["inventory_value"], rel=1e-9)
    assert answer["holding"] == pytest.approx(own["holding_cost"], rel=1e-9)
    assert answer["margin"] == pytest.approx(own["lost_margin"], rel=1e-9)
    for name in ("units", "value", "margin", "items"):
        assert answer["served"][name] == pytest.approx(own[f"served_{name}"], rel=1e-12)


def test_the_cells_add_up_to_the_plan(base: Base) -> None:
    """`results/what_if.parquet`: segment × target × batch, integers."""
    cells = cells_frame(base.opt)
    assert cells is not None
    chosen = pd.DataFrame({"segment": base.opt.segmentation.names, "column": base.opt.chosen.choice})
    mine = cells.merge(chosen, on=["segment", "column"]).groupby("sample").sum(numeric_only=True)
    fresh = base.opt.verdict["segmented"]
    for name in ("served", "demanded_value", "served_margin", "stock_value", "lost_margin"):
        assert int(mine.loc["verdict", name]) == int(getattr(fresh, name).sum()), name
    assert int(mine.loc["search", "cost"]) == base.opt.chosen.cost


def test_a_plan_set_by_hand_is_read_without_a_floor(page: Any) -> None:
    """Every segment pinned: no service asked."""
    n = page.locator("#what-if-segments tbody tr").count()
    answer, study = typed(page, Setting(pins=tuple((row, 0) for row in range(n))))
    assert answer["choice"] == [0] * n
    assert study.count("target = ") >= n


def test_what_cannot_be_had_is_said_with_what_can(page: Any) -> None:
    """Highest service, smallest budget."""
    answer, _ = typed(page, Setting(fill="99.9999"))
    assert answer["choice"] is None
    assert "the most is" in answer["why"]
    answer, _ = typed(page, Setting(budget="1"))
    assert "smallest budget that works" in answer["why"]
