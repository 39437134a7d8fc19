"""What can go wrong, how it is said, and the exit code it ends in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

EXIT_OK = 0
EXIT_UNEXPECTED = 1
EXIT_USAGE = 2
EXIT_INVALID = 3
EXIT_INFEASIBLE = 4
EXIT_INCOMPLETE = 5
EXIT_HELD_BACK = 6
EXIT_NOT_VERIFIED = 7
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
_ROWS_SHOWN = 5
_SIGNS_SHOWN = 80
_LONG = re.compile(r"'([^'\n]{200,})'")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NO_WIDTH = "\xad\u061c\u180e\u200b\u200e\u200f\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_SHOWN = re.compile(f"{_UNSEEN.pattern[:-1]}{_NO_WIDTH}]")
_SHOWN_IN_LINES = re.compile("(?![\n\t])" + _SHOWN.pattern)
_ITEM = re.compile(r"item (\d+)\b")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input, placed where an editor would show it.

    Attributes
    ----------
    code : str
        Stable code such as ``E-DEM-007``.
    message : str
        What is wrong, with the offending value, in one sentence without a full stop.
    file : str
        File name as the user wrote it; empty if the problem has no file.
    row : int or None
        Line number as a text editor counts it (the header is line 1).
    column : str
        Column or option name; empty if the whole row or file is meant.
    fix : str
        What is allowed or the likely remedy.
    more_rows : tuple of int
        Further lines with the same problem.
    """

    code: str
    message: str
    file: str = ""
    row: int | None = None
    column: str = ""
    fix: str = ""
    more_rows: tuple[int, ...] = field(default=())

    def format(self) -> str:
        """Text in the house format: where, what, and on the next line the likely fix."""
        where = self.file + (f":{self.row}" if self.row is not None else "")
        column = f"column '{self.column}'" if self.column and self.row is not None else self.column
        head = " ".join(part for part in (f"error[{self.code}]", where, column) if part)
        text = f"{head}: {self.message}" if where or column else f"{head} {self.message}"
        tail = "; ".join(part for part in (self.fix, self._more()) if part)
        return visible(_short(text)) + (f"\n  {visible(_short(tail))}" if tail else "")

    def _more(self) -> str:
        if not self.more_rows:
            return ""
        shown = ", ".join(str(row) for row in self.more_rows[:_ROWS_SHOWN])
        dots = ", …" if len(self.more_rows) > _ROWS_SHOWN else ""
        n = len(self.more_rows)
        return f"({n} more row{'s' if n > 1 else ''}: {shown}{dots})"


def _short(text: str) -> str:
    """The text whose very long quoted values end in dots and their length."""
    return _LONG.sub(lambda found: f"'{found[1][:_SIGNS_SHOWN]}…' ({len(found[1]):,} signs)", text)


def is_visible(text: str) -> bool:
    """Whether a text holds no sign that steers terminals or hides others: controls, line ends, overrides of
    the direction of writing, halves of surrogate pairs."""
    return text.isprintable() or _UNSEEN.search(text) is None


def visible(text: str, *, lines: bool = False) -> str:
    """The text with each such sign, and each without a width but joiners of letters, written as its code,
    ``\\x1b``; `lines`: line feeds and tabs stay."""
    return (_SHOWN_IN_LINES if lines else _SHOWN).sub(_code_of, text)


def visible_json(document: str) -> str:
    """A JSON document with the same signs in the way that JSON writes them."""
    return _SHOWN_IN_LINES.sub(lambda sign: json.dumps(sign.group())[1:-1], document)


def _code_of(sign: re.Match[str]) -> str:
    number = ord(sign.group())
    if number < 256:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 2**16 else f"\\U{number:08x}"


class SimlabError(Exception):
    """Base of every error simlab raises on purpose.

    Examples
    --------
    >>> import simlab as sl
    >>> try:
    ...     sl.load("nowhere.toml")
    ... except sl.SimlabError as error:
    ...     print(type(error).__name__)
    InvalidInputError
    """

    exit_code = EXIT_UNEXPECTED


class UsageError(SimlabError):
    """A call or a command line that makes no sense, whatever the data."""

    exit_code = EXIT_USAGE


class InvalidInputError(SimlabError):
    """The study or the data are wrong; carries every problem found, not the first only.

    Examples
    --------
    >>> import simlab as sl
    >>> try:
    ...     sl.demo(n_skus=6, study={"optimize": {"fill_rate": 95}})
    ... except sl.InvalidInputError as error:
    ...     print(error.problems[0].code)
    E-STU-003
    """

    exit_code = EXIT_INVALID

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(format_problems(self.problems))

    def __reduce__(self) -> tuple[type[InvalidInputError], tuple[tuple[Problem, ...]]]:
        """As workers of other processes hand it back."""
        return type(self), (self.problems,)


class InfeasibleError(SimlabError):
    """No plan on the grid meets the constraints; the message names what would work.

    Examples
    --------
    >>> import simlab as sl
    >>> try:
    ...     sl.optimize(data, "abc", fill_rate=0.999999)
    ... except sl.InfeasibleError as error:
    ...     print(error)
    """

    exit_code = EXIT_INFEASIBLE


class IncompleteError(SimlabError):
    """A run stopped before its end and can be resumed."""

    exit_code = EXIT_INCOMPLETE


class EngineFaultError(SimlabError):
    """A guard of the simulator was breached: the run is worthless and says where."""

    exit_code = EXIT_UNEXPECTED

    def among(self, rows: Sequence[int], name: Callable[[int], str] = lambda _: "") -> EngineFaultError:
        """The same fault, its item named by its row among all items and by its own name.

        Parameters
        ----------
        rows
            Of the items that were run, among all.
        name : callable
            From a row among all to what users call the item; empty if it has no name.
        """
        found = _ITEM.match(str(self))
        if found is None or int(found[1]) >= len(rows):
            return self
        row = int(rows[int(found[1])])
        known = f" ({name(row)})" if name(row) else ""
        return type(self)(f"item {row}{known}{str(self)[found.end() :]}")


class OutOfRangeError(EngineFaultError):
    """Refused before the run: its integers could leave their range, so the input is at fault."""

    exit_code = EXIT_INVALID


def format_problems(problems: Sequence[Problem]) -> str:
    """All problems, then their count and the assurance that nothing ran."""
    n = len(problems)
    lines = [problem.format() for problem in problems]
    lines.append(f"{n} problem{'s' if n != 1 else ''}, nothing was run")
    return "\n".join(lines)


def listed(names: Sequence[str], most: int, between: str = ", ") -> str:
    """The first `most` names, and how many more there are: ``a, b and 3 more``."""
    shown = between.join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def enumerated(parts: Sequence[str], last: str = "and") -> str:
    """All of them, at least one: ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


_ALIKE = 0.6
"""Names that share less than this of their letters are another word, not a mistyped one."""


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that a mistyped word most likely means; empty where none is alike.

    The fewest letters changed, left out, put in or swapped decide (optimal string alignment; Damerau, 1964,
    doi:10.1145/363958.363994), then the longest common beginning, then the order of `names`. Case is ignored.
    """
    own = word.casefold()
    alike = [name for name in names if SequenceMatcher(None, own, name.casefold()).ratio() >= _ALIKE]
    ranked = ((_changes(own, name.casefold()), -_shared_start(own, name.casefold())) for name in alike)
    best = min(zip(ranked, range(len(alike)), strict=True), default=None)
    return "" if best is None else alike[best[1]]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A question that names the `nearest`; empty where none is alike."""
    near = nearest(word, names)
    return f"did you mean '{near}'?" if near else ""


def _shared_start(a: str, b: str) -> int:
    """Letters that both begin with."""
    return next(
        (at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b))
    )


def _changes(a: str, b: str) -> int:
    """Letters changed, left out, put in, or swapped with their neighbour, to make one word the other."""
    rows = [list(range(len(b) + 1))]
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            least = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                least = min(least, rows[-2][j - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
