"""What every test shares: how pages are drawn, and that workers compile a kernel once between them.

Page, workbook and pictures of charts are two thirds of a small run. They are made in the tests of the report,
in slow tests and where a test is marked `pages`, in the test's own process, which has the chart library
loaded; as users have it, in processes of their own, where it is marked `processes`. Else a page is one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from worlds.kernels import compiled_once

from simlab.report import apart
from simlab.report.kit import beside
from simlab.report.kit.reading import REPORT
from simlab.run import RunFolder

_OWN = {(apart, "draw_apart"): apart.draw_apart, (beside, "beside"): beside.beside}
_draw_here = apart.draw_here
_wanted = {"pages": True}
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # a busy machine is no fault


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before fixtures of modules are made: whether this test has its pages drawn."""
    marked = any(item.get_closest_marker(name) for name in ("pages", "processes", "slow"))
    _wanted["pages"] = marked or "report" in item.path.parts[:-1]


def _drawn(run: RunFolder, *, excel: bool | None = None, figures: bool = False) -> apart.Drawn:
    if _wanted["pages"]:
        return _draw_here(run, excel=excel, figures=figures)
    page = run.write_text(REPORT, "<!doctype html><html><p>a page</p></html>")
    run.register([page])
    return apart.Drawn(page)


def _draw(
    folder: Path, *, excel: bool | None = None, figures: bool = False, let_go: object = None
) -> apart.Drawn:
    return _drawn(RunFolder.open(folder, sealed=True), excel=excel, figures=figures)


@contextmanager
def _alone(version: str) -> Iterator[beside.Beside]:
    yield beside.Beside(version, None)


@pytest.fixture(scope="session", autouse=True)
def _pages_are_drawn_here() -> Iterator[None]:
    """Two more interpreters for every page would cost each test of a run folder seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "draw_apart", _draw)
        patch.setattr(apart, "draw_here", _drawn)
        patch.setattr(beside, "beside", _alone)
        patch.setattr(beside, "bundle", cache(beside.bundle))
        yield


@pytest.fixture(scope="session", autouse=True)
def _kernels_are_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(autouse=True)
def _or_in_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test marked `processes` has pages and figures made as users have it."""
    if request.node.get_closest_marker("processes"):
        for (module, name), own in _OWN.items():
            monkeypatch.setattr(module, name, own)
