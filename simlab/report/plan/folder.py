"""From a run folder to the tables of its page, checked for the columns that page and sections need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInputError, Problem
from simlab.report.plan.items.closely import NEEDS
from simlab.report.plan.items.gated import gate_beside
from simlab.report.plan.section import known_sections
from simlab.report.plan.tables import NEEDED, RunTables

if TYPE_CHECKING:
    import pandas as pd

    from simlab.run import RunFolder


_MAX_POINTS, _MAX_TARGETS = 400, 60_000
_ALWAYS = ("items", "segments")
GATE = "gate_beside"


def read_tables(run: RunFolder) -> RunTables:
    """Read what the report shows.

    Raises
    ------
    InvalidInputError
        A table lacks a column.
    """
    needed = dict(NEEDED)
    for needs in (NEEDS, *(one.needs for one in known_sections())):
        for name, columns in needs.items():
            needed[name] = tuple(dict.fromkeys((*needed.get(name, ()), *columns)))
    present = {name: _read(run, name) for name in needed if name in _ALWAYS or run.has_table(name)}
    problems = [
        Problem("E-RUN-006", "the report needs this column", file=f"{name}.parquet", column=column)
        for name, table in present.items()
        for column in needed[name]
        if not {column, _SAID_BY.get(column)} & {*table.columns} and (len(table) or name in _ALWAYS)
    ]
    if problems:
        raise InvalidInputError(problems)
    some = {name: table for name, table in present.items() if name in _ALWAYS or not table.empty}
    tables: dict[str, Any] = {name: table for name, table in some.items() if name in NEEDED}
    if "frontier" in tables:
        tables["frontier"] = thin(tables["frontier"], len(run.manifest.get("segments") or ()))
    more = {name: table for name, table in some.items() if name not in NEEDED}
    if (gate := gate_beside(run, tables.get("plan"))) is not None:
        more[GATE] = gate
    return RunTables(manifest=run.manifest, more=more, study=_study(run), folder=run.path.name, **tables)


_SAID_BY = {"demand_reason": "demand_grounds", "lead_time_reason": "lead_time_grounds"}
"""Texts of half a kilobyte a SKU-location, and the keys that say the same in runs that have them."""


def _read(run: RunFolder, name: str) -> pd.DataFrame:
    """A table without texts whose keys are there."""
    held = run.column_names(name)
    said = {text for text, keys in _SAID_BY.items() if keys in held}
    return run.read_table(name, [one for one in held if one not in said] if said else None)


def _study(run: RunFolder) -> str:
    """The study file as it was; empty for a run whose data did not come from files."""
    path = run.path / "study.toml"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def thin(frontier: pd.DataFrame, n_segments: int) -> pd.DataFrame:
    """A frontier short enough to show: every k-th point of a kind, with ends and chosen point."""
    limit = max(20, min(_MAX_POINTS, _MAX_TARGETS // max(n_segments, 1)))
    frontier = frontier.sort_values(["kind", "holding_cost"], kind="stable")
    rank = frontier.groupby("kind").cumcount()
    size = frontier.groupby("kind")["point"].transform("size")
    step = -(-size // limit)
    keep = (rank % step == 0) | (rank == size - 1) | frontier["chosen"].astype(bool)
    return frontier[keep].reset_index(drop=True)
