"""What every test shares: pages are drawn in the test's own process, which has the chart library loaded.

Specifications of charts are made for every page; pictures of them, which take a third of a small run, in the
tests of the report and where a test is marked `figures` or `processes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simlab.report import apart
from simlab.report.kit import beside, style
from simlab.run import RunFolder

_OWN = {(apart, "draw_apart"): apart.draw_apart, (beside, "beside"): beside.beside}


def _draw(folder: Path, *, excel: bool | None = None) -> apart.Drawn:
    return apart.draw_here(RunFolder.open(folder, sealed=True), excel=excel)


@contextmanager
def _alone(version: str) -> Iterator[beside.Beside]:
    yield beside.Beside(version, None)


_SVG, _PNG = '<svg xmlns="http://www.w3.org/2000/svg"/>', b"\x89PNG\r\n\x1a\n"
_REAL = {"pictures_of": beside.pictures_of, "to_svg": style.to_svg, "to_png": style.to_png}
_wanted = {"figures": True}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before fixtures of modules are made: whether this test has its charts drawn as pictures."""
    marked = any(item.get_closest_marker(name) for name in ("figures", "processes"))
    _wanted["figures"] = bool(marked) or "report" in item.path.parts[:-1]


def _pictures_of(specs: dict[str, Any], version: str) -> beside.Pictures:
    real = _wanted["figures"]
    return _REAL["pictures_of"](specs, version) if real else dict.fromkeys(specs, (_SVG, _PNG))


def _to_svg(spec: dict[str, Any], *, background: str = "white") -> str:
    return _REAL["to_svg"](spec, background=background) if _wanted["figures"] else _SVG


def _to_png(svg: str) -> bytes:
    return _REAL["to_png"](svg) if _wanted["figures"] else _PNG


@pytest.fixture(scope="session", autouse=True)
def _pages_are_drawn_here() -> Iterator[None]:
    """Two more interpreters for every page would cost each test of a run folder seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "draw_apart", _draw)
        patch.setattr(beside, "beside", _alone)
        patch.setattr(beside, "bundle", cache(beside.bundle))
        patch.setattr(beside, "pictures_of", _pictures_of)
        patch.setattr(style, "to_svg", _to_svg)
        patch.setattr(style, "to_png", _to_png)
        yield


@pytest.fixture(autouse=True)
def _or_in_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test marked `processes` has pages and figures made as users have it."""
    if request.node.get_closest_marker("processes"):
        for (module, name), own in _OWN.items():
            monkeypatch.setattr(module, name, own)
