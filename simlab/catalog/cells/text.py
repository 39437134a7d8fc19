"""A table as text: per column the distinct cells and which row holds which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import BoolArray
from simlab.catalog.findings import Findings

CodeArray = npt.NDArray[np.int32]
_PIECE = 1 << 16  # rows of a part of a table from which its codes lie in a file

NOTHING_SAID = ("", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "?")
"""How files write that a number or date is not known (in lower case). Ids are never read so."""


@dataclass(frozen=True, eq=False)
class TextColumn:
    """One column.

    Attributes
    ----------
    codes : (m,) int32
        Which of `values` a row holds; −1 where the cell is empty.
    values : tuple of str
        Distinct non-empty cells, in order of appearance.
    typed : bool
        The file says itself that these are numbers or dates, so that declared decimal signs and
        date formats do not apply.
    fractional : bool
        The file stores floating-point numbers.
    """

    codes: CodeArray
    values: tuple[str, ...]
    typed: bool = False
    fractional: bool = False

    @property
    def n_rows(self) -> int:
        return int(self.codes.size)

    def missing(self) -> BoolArray:
        """(m,) where the cell is empty."""
        return np.asarray(self.codes < 0)

    def cell(self, row: int) -> str:
        """Text of one cell; empty where nothing stands."""
        code = int(self.codes[row])
        return self.values[code] if code >= 0 else ""


@dataclass
class GrowingColumn:
    """A column that grows: the number of each distinct cell, and the codes of each part of the rows."""

    number: dict[str, int] = field(default_factory=dict)
    codes: list[CodeArray] = field(default_factory=list)
    typed: bool = False
    fractional: bool = False

    def add(self, part: TextColumn) -> None:
        """Some more rows."""
        own = [self.number.setdefault(value, len(self.number)) for value in part.values]
        table = np.array([*own, -1], np.int32)
        self.codes.append(mapped.away(table[part.codes], piece=part.codes.size >= _PIECE))
        self.typed, self.fractional = part.typed or self.typed, part.fractional or self.fractional

    def whole(self) -> TextColumn:
        """All rows."""
        codes = mapped.joined(self.codes) if self.codes else np.zeros(0, np.int32)
        return TextColumn(codes, tuple(self.number), self.typed, self.fractional)


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table as read, before any typing.

    Attributes
    ----------
    name : str
        items, demand or receipts.
    columns : dict of str to TextColumn
        By our name where the study maps it, else by the file's name.
    labels : dict of str to str
        Our name → name in the file, where they differ.
    n_rows : int
    findings : Findings
        What is wrong so far, with the file's name and line numbers.
    delimiter : str
        Sign between fields; empty for other kinds of file.
    notes : list of (what, note)
        Remarks for the quality account.
    sha256 : str
        Of the file; empty for DataFrames.
    questions : list of (what, note)
        Remarks that somebody should look at.
    """

    name: str
    columns: dict[str, TextColumn]
    labels: dict[str, str]
    n_rows: int
    findings: Findings
    delimiter: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    sha256: str = ""
    questions: list[tuple[str, str]] = field(default_factory=list)

    def label(self, column: str) -> str:
        """Name of a column as the file has it."""
        return self.labels.get(column, column)


def encoded(cells: Sequence[str | None]) -> TextColumn:
    """A text column from plain cells; None and empty text are missing."""
    number: dict[str, int] = {}
    codes = np.empty(len(cells), dtype=np.int32)
    for row, cell in enumerate(cells):
        codes[row] = number.setdefault(cell, len(number)) if cell else -1
    return TextColumn(codes, tuple(number))
