"""The page of a run that did not finish: what is there, with a watermark on every sheet of it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInputError, SimlabError
from simlab.report.kit.formats import number, percent
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import (
    Cell,
    Facts,
    Listing,
    Says,
    Section,
    Statement,
    Table,
    Text,
    sheet_html,
)
from simlab.report.kit.shell import DECISION, FINANCE, ITEMS, METHOD, SEGMENTS, asset
from simlab.run.folder import BEGINNING, BLOCKS, LOG, PARTIAL, refuse_newer

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from simlab.run import RunFolder


TITLE = "This run did not finish: nothing on this page is a result"
QUESTION = f"INCOMPLETE. {TITLE}."
_MOST = 200
_SHOWN = {
    "segments": (SEGMENTS, "Segments", ("plan", "sample", "segment", "fill_rate", "inventory_value")),
    "frontier": (FINANCE, "Frontier", ("kind", "point", "fill_rate", "inventory_value", "holding_cost")),
    "plan": (ITEMS, "Levels", ("sku", "location", "segment", "reorder_point", "order_up_to", "fill_rate")),
}
"""Tables that are shown: tab, name, columns."""
_RATES = frozenset({"fill_rate"})


def render_unfinished(run: RunFolder) -> Path:
    """Write `report.partial.html`, which is noted nowhere and goes when the run goes on.

    Returns
    -------
    Path
        The page.
    """
    begun, events = _begun(run.path), _events(run.path)
    facts = {"command": begun.get("command") or "run", "study": run.path.name}
    tables = sorted((run.path / "results").glob("*.parquet"))
    sections = [_what_it_is(begun, events, len(tables)), *_tables(run)]
    sections += [_stages(events), _files(run, tables)]
    page = sheet_html(QUESTION, facts, 0, sections)
    marked = page.replace("</style>", f"{asset('unfinished.css')}</style>", 1)
    return run.write_text(PARTIAL, marked)


def _begun(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads((folder / BEGINNING).read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _events(folder: Path) -> list[dict[str, Any]]:
    """Lines of the log; one that was being written when it ended is left out.

    Raises
    ------
    UsageError
        The log is of a newer schema.
    """
    found: list[dict[str, Any]] = []
    with suppress(OSError):
        for line in (folder / LOG).read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                event = json.loads(line)
                found += [event] if isinstance(event, dict) else []
    if found:
        refuse_newer(folder / LOG, found[0])
    return found


def _what_it_is(begun: dict[str, Any], events: list[dict[str, Any]], n_tables: int) -> Section:
    """What happened to it, and how it goes on."""
    last = events[-1] if events else {}
    why = next((str(one["why"]) for one in reversed(events) if one.get("event") == "stopped"), "")
    failed = next((one for one in reversed(events) if one.get("event") == "failed"), None)
    if not why and failed is not None:
        why = f"stage “{failed.get('stage')}” ended with {failed.get('error')}"
    told = Statement("bad", TITLE, why or "It was stopped, or is still being computed.", "", "")
    pairs = [
        ("last sign of life", f"{last.get('time', 'none')} (after {number(last.get('elapsed'), 1)} s)"),
        ("tables that are whole", number(n_tables)),
        ("to go on", "simlab resume RUN: the end has the same bytes as if it had never stopped"),
    ]
    if not begun:
        pairs[-1] = ("to go on", "it stopped before anything was kept: run it again")
    return Section("unfinished", "What this is", "", [Says(told), Facts(pairs)], DECISION)


def _tables(run: RunFolder) -> list[Section]:
    """The first rows of tables that are whole."""
    found = []
    for name, (tab, title, columns) in _SHOWN.items():
        if run.table_path(name).is_file():
            try:
                frame = run.read_table(name)
            except (InvalidInputError, SimlabError) as error:
                found.append(Section(name, title, title, [Text(str(error), "note")], tab))
                continue
            found.append(Section(name, title, title, _rows(frame, title, columns), tab))
    return found


def _rows(frame: pd.DataFrame, title: str, columns: tuple[str, ...]) -> list[Any]:
    names = [name for name in columns if name in frame]
    body = [[_cell(name, row[name]) for name in names] for row in records(frame[names].head(_MOST))]
    heads = [name.replace("_", " ") for name in names]
    blocks: list[Any] = [Table(f"{title}, of an incomplete run", heads, body)]
    if len(frame) > _MOST:
        blocks.append(Text(f"{len(frame) - _MOST:,} more rows are in the table.", "note"))
    return blocks


def _cell(name: str, value: Any) -> Cell:
    if name in _RATES:
        return Cell(percent(value))
    if isinstance(value, float):
        return Cell(number(value, 2))
    return Cell(str(value))


def _stages(events: list[dict[str, Any]]) -> Section:
    """What it did, in its order."""
    lines = []
    for event in events:
        what = event.get("stage") or event.get("analysis") or event.get("part") or ""
        seconds = event.get("seconds")
        took = f", {number(seconds, 1)} s" if isinstance(seconds, float | int) else ""
        error = f": {event['error']}" if "error" in event else ""
        lines.append(f"{event.get('event')} {what}{took}{error}")
    blocks: list[Any] = [Listing(lines)] if lines else [Text("It wrote no line of its log.")]
    return Section("stages", "What it did", "What it did until then", blocks, METHOD)


def _files(run: RunFolder, tables: list[Path]) -> Section:
    """What lies in the folder."""
    blocks = list((run.path / BLOCKS).glob("*.block"))
    size = sum(one.stat().st_size for one in blocks) / 1e6
    pairs = [("blocks kept to go on from", f"{number(len(blocks))} ({number(size, 1)} MB)")]
    pairs += [(f"results/{one.name}", "whole") for one in tables]
    return Section("files", "Files", "What is there", [Facts(pairs)], METHOD)
