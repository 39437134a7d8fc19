"""The last sections of every page without script: assumptions, data read, how it was computed, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from simlab.report import method, page
from simlab.report.sheet import Cell, Facts, Heading, Listing, Section, Table, Text
from simlab.report.tables import RunTables

if TYPE_CHECKING:
    from simlab.report.method import Fact


def sections(manifest: dict[str, Any], quality: pd.DataFrame | None, files: Sequence[Fact]) -> list[Section]:
    """Data, method and files of a run that has neither items nor plans."""
    none = pd.DataFrame()
    tables = RunTables(manifest=manifest, items=none, segments=none, quality=quality)
    present = {*manifest.get("files", {}), "manifest.json", "figures/"}
    found = [(name, what) for name, what in files if any(path.startswith(name) for path in present)]
    return [
        Section("data", "Data", "Data read", [_quality(tables)]),
        Section("method", "Method", "How it was computed", _method(tables)),
        Section("files", "Files", "Files of this run", [Text("They lie beside this page."), Facts(found)]),
    ]


def _quality(tables: RunTables) -> Table | Text:
    rows = page.quality(tables)
    if not rows:
        return Text("This run keeps no account of rows: its data did not come from files.")
    header = ["Table", "what", "became", "rows", "units", "value", "note"]
    prose = ("what", "status", "note")
    names = ("table", "what", "status", "rows", "units", "value", "note")
    return Table(
        "Every row that was read is in one of these lines",
        header,
        [[Cell(row[name], prose=name in prose) for name in names] for row in rows],
    )


def _method(tables: RunTables) -> list[Any]:
    manifest = tables.manifest
    blocks: list[Any] = [Facts(method.facts(tables))]
    if assumed := [str(text) for text in manifest.get("assumptions") or ()]:
        blocks += [Heading("Assumed"), Listing(assumed)]
    if inputs := method.inputs(tables):
        blocks += [Heading("Input files (SHA-256)"), Facts(inputs)]
    if times := method.times(tables):
        blocks += [Heading("Time"), Facts(times)]
    return blocks
