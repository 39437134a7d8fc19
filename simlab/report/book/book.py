"""`report.xlsx` of a finished run: sheets in the order of the page's tabs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simlab.errors import UsageError
from simlab.report.book import decision, other, plan, rollout, trust
from simlab.report.book.sheet import Sheet
from simlab.report.book.writing import Titles, workbook_bytes
from simlab.report.kit.reading import MOST_IN_BOOK
from simlab.report.plan.folder import read_tables
from simlab.run.statements import TABLE as STATEMENTS
from simlab.run.statements import statements_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from simlab.run import RunFolder


BOOK = "report.xlsx"
_PLANS = ("optimize", "demo", "simulate")
_OF_TRUST = ("held_out", "levels_to_look_at", "quality")


def write_book(run: RunFolder) -> Path:
    """Write `report.xlsx` of a run; it is not noted in the manifest yet.

    Raises
    ------
    InvalidInputError
        A table is damaged or lacks a column.
    UsageError
        The command has no workbook.
    """
    return run.write_bytes(BOOK, workbook_bytes(sheets(run), titles(run)))


def has_book(manifest: Mapping[str, Any]) -> bool:
    """Whether runs of this command have a workbook."""
    return manifest.get("command") in (*_PLANS, *other.MAIN, rollout.COMMAND)


def wanted(manifest: Mapping[str, Any]) -> bool:
    """Whether a run gets its workbook without being asked."""
    return has_book(manifest) and int(manifest.get("n_items") or 0) <= MOST_IN_BOOK


def on_request(manifest: Mapping[str, Any]) -> bool:
    """Whether a run gets its workbook only when it is asked for."""
    return has_book(manifest) and not wanted(manifest)


def titles(run: RunFolder) -> Titles:
    """What stands on every sheet."""
    manifest = run.manifest
    try:
        made = datetime.fromisoformat(str(manifest.get("finished")).replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        made = datetime(2000, 1, 1, tzinfo=UTC)
    return Titles(
        str(manifest.get("study") or ""),
        f"{run.path.name} · {run.id} · finished {made:%Y-%m-%d %H:%M} UTC",
        str(manifest.get("currency") or ""),
        str(manifest.get("period") or "period"),
        made.replace(tzinfo=None, microsecond=0),
    )


def sheets(run: RunFolder) -> list[Sheet]:
    """The sheets of a run: ReadMe first."""
    manifest = run.manifest
    if not has_book(manifest):
        raise UsageError(f"{run.path}: simlab {manifest.get('command')} has no workbook")
    told = statements_of(run.read_table(STATEMENTS)) if run.has_table(STATEMENTS) else ()
    own = _own_sheets(run, [one.line for one in told])
    tables = {name: run.read_table(name) for name in _OF_TRUST if run.has_table(name)}
    found = [*own, trust.believe_sheet(manifest, told, tables), trust.method_sheet(run, told)]
    return [trust.readme_sheet(found, manifest), *found]


def _own_sheets(run: RunFolder, told: Sequence[str]) -> list[Sheet]:
    """What the command itself tells."""
    command = run.manifest["command"]
    if command in _PLANS:
        return _plan_sheets(run)
    return rollout.gate_sheets(run, told) if command == rollout.COMMAND else _other_sheets(run, told)


def _plan_sheets(run: RunFolder) -> list[Sheet]:
    tables = read_tables(run)
    further = {
        name: run.read_table(name) for name in _FURTHER if name not in tables.more and run.has_table(name)
    }
    tables = replace(tables, more={**tables.more, **further})
    found = [
        decision.decision_sheet(tables),
        plan.finance_sheet(tables),
        plan.segments_sheet(tables),
        plan.items_sheet(tables),
        plan.group_sheet(tables, "suppliers", "suppliers", "supplier"),
        plan.group_sheet(tables, "locations", "locations", "location"),
    ]
    return [sheet for sheet in found if sheet is not None]


_FURTHER = ("accounts", "bridge", "weights", "suppliers", "locations", "lead_times")
"""Tables that the page's first screens do not read."""


def _other_sheets(run: RunFolder, told: Sequence[str]) -> list[Sheet]:
    command = str(run.manifest["command"])
    tables: dict[str, pd.DataFrame] = {
        name: run.read_table(name) for name in other.MAIN[command] if run.has_table(name)
    }
    return [other.told_sheet(command, tuple(told), tables)]
