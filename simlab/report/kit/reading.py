"""Tables of a run by name, checked for the columns that a page needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInputError, Problem
from simlab.measures import PLAN_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from simlab.run import RunFolder


def read_named(
    run: RunFolder, needed: Mapping[str, Sequence[str]], optional: Sequence[str] = ()
) -> dict[str, pd.DataFrame]:
    """Tables by name; an optional one that the run lacks is left out.

    Parameters
    ----------
    needed : mapping of str to sequence of str
        Columns by name of the table.
    optional : sequence of str
        Those of `needed` that a run may lack.

    Raises
    ------
    UsageError
        The run has no such table.
    InvalidInputError
        A table is damaged or lacks a column.
    """
    present = {name: run.read_table(name) for name in needed if name not in optional or run.has_table(name)}
    problems = [
        Problem("E-RUN-006", "the report needs this column", file=f"{name}.parquet", column=column)
        for name, table in present.items()
        for column in needed[name]
        if column not in table.columns
    ]
    if problems:
        raise InvalidInputError(problems)
    return present


def records(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows of a table as dicts by column name; none of no table."""
    if table is None:
        return []
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def plan_name(plan: str) -> str:
    """How a plan is called in the report."""
    return PLAN_NAMES[plan].heading if plan in PLAN_NAMES else plan


REPORT = "report.html"
MOST_IN_BOOK = 100_000
"""SKU-locations of a run up to which its workbook is made without being asked for."""
