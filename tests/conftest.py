"""What every test shares: pages are drawn in the test's own process, which has the chart library loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from simlab.report import apart
from simlab.report.kit import beside
from simlab.run import RunFolder

_OWN = {(apart, "draw_apart"): apart.draw_apart, (beside, "beside"): beside.beside}


def _draw(folder: Path, *, excel: bool | None = None) -> apart.Drawn:
    return apart.draw_here(RunFolder.open(folder, sealed=True), excel=excel)


@contextmanager
def _alone(version: str) -> Iterator[beside.Beside]:
    yield beside.Beside(version, None)


@pytest.fixture(scope="session", autouse=True)
def _pages_are_drawn_here() -> Iterator[None]:
    """Two more interpreters for every page would cost each test of a run folder seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "draw_apart", _draw)
        patch.setattr(beside, "beside", _alone)
        patch.setattr(beside, "bundle", cache(beside.bundle))
        yield


@pytest.fixture(autouse=True)
def _or_in_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test marked `processes` has pages and figures made as users have it."""
    if request.node.get_closest_marker("processes"):
        for (module, name), own in _OWN.items():
            monkeypatch.setattr(module, name, own)
