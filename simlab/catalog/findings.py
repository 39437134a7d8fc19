"""What is wrong with a table, gathered until all of it is known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import numpy as np

from simlab.arrays import IntArray
from simlab.errors import Problem

CODES = {"items": "ITM", "demand": "DEM", "receipts": "REC", "periods": "PER", "open_orders": "OPO"} | {
    "forecast": "FOR",
    "forecast_errors": "FER",
    "stock": "STK",
    "day_demand": "DAY",
    "day_receipts": "DAY",
    "plan": "PLN",
    "current": "CUR",
}
MOST_ROWS_KEPT = 10_000
UNREADABLE = 1
EMPTY = 2
NO_ROWS = 3
MISSING_COLUMN = 4
DOUBLE_COLUMN = 5
RAGGED = 6
NOT_A_NUMBER = 7
QUOTE = 8
ENCODING = 9
MISSING_CELL = 10
NOT_A_DATE = 11
NOT_WHOLE = 12
NEGATIVE = 13
DUPLICATE = 14
UNKNOWN_ITEM = 15
FUTURE = 16
OUT_OF_RANGE = 17
NOT_A_CHOICE = 19
ORDER_OF_DATES = 20
LAW = 21
NO_HISTORY = 22
NOT_AN_ID = 23
GRAIN = 24
STALE = 25
ON_CLOSED = 26
ISOLATED = 27
GAP = 28
CROSSED = 29
TOO_SHORT = 30


class Findings:
    """Problems of one table, each placed where an editor shows it.

    Parameters
    ----------
    table : str
        items, demand or receipts: gives the letters of the codes.
    file : str
        File name as the user wrote it.
    lines : callable
        From row numbers (0-based, as read) to line numbers of the file.
    column_at : callable
        From a row and the name of a column to the name it has in the file, where that depends on the row.
    """

    def __init__(
        self,
        table: str,
        file: str,
        lines: Callable[[IntArray], IntArray] | None = None,
        column_at: Callable[[int, str], str] | None = None,
    ) -> None:
        self.table = table
        self.file = file
        self.lines = lines if lines is not None else _as_they_are
        self.column_at = column_at
        self.problems: list[Problem] = []
        self.parts: list[tuple[int, str]] = []  # first row and name of each file, where a table has several
        self.of_empty_cells = ""  # what may lie behind a cell that reads as empty

    def add(
        self,
        number: int,
        message: str,
        *,
        column: str = "",
        fix: str = "",
        line: int | None = None,
        file: str | None = None,
    ) -> None:
        """Something wrong with the file as a whole, or with one line of it; `file`: one of several."""
        where = self.file if file is None else file
        self.problems.append(Problem(self._code(number), message, where, line, column, fix))

    def add_lines(
        self, number: int, message: str, lines: list[int], *, column: str = "", fix: str = ""
    ) -> None:
        """One mistake on several lines; the message speaks of the first."""
        first, *more = sorted(lines)
        if number == MISSING_CELL and self.of_empty_cells:
            fix = "; ".join(part for part in (fix, self.of_empty_cells) if part)
        file, first, more, elsewhere = self._among_parts(first, more)
        fix = "; ".join(part for part in (fix, elsewhere) if part)
        self.problems.append(Problem(self._code(number), message, file, first, column, fix, tuple(more)))

    def place(self, row: int) -> str:
        """A row (0-based, as read) in words: its line, and its file where the table has several."""
        line = int(self.lines(np.array([row]))[0])
        file, line, _, _ = self._among_parts(line, [])
        return f"{line}" if file == self.file else f"{line} of {file}"

    def _among_parts(self, first: int, more: list[int]) -> tuple[str, int, list[int], str]:
        """File and line of the first of several lines, those in the same file, and a word on the others."""
        if not self.parts:
            return self.file, first, more, ""
        starts = [start for start, _ in self.parts]
        part = bisect_left(starts, first) - 1
        end = starts[part + 1] if part + 1 < len(starts) else float("inf")
        same = [line - starts[part] for line in more if line <= end]
        others = len(more) - len(same)
        elsewhere = f"{others} more rows in other files" if others else ""
        return self.parts[part][1], first - starts[part], same, elsewhere

    def add_rows(self, number: int, message: str, rows: IntArray, *, column: str = "", fix: str = "") -> None:
        """One mistake in several rows (0-based, ascending); the message speaks of the first."""
        lines = self.lines(np.asarray(rows[: MOST_ROWS_KEPT + 1], dtype=np.int64))
        if self.column_at is not None and rows.size:
            column = self.column_at(int(rows[0]), column)
        if rows.size > lines.size:
            fix = "; ".join(part for part in (fix, f"{rows.size:,} rows in all") if part)
        self.add_lines(number, message, [int(line) for line in lines], column=column, fix=fix)

    def _code(self, number: int) -> str:
        return f"E-{CODES[self.table]}-{number:03d}"

    def __bool__(self) -> bool:
        return bool(self.problems)


def _as_they_are(rows: IntArray) -> IntArray:
    return rows
