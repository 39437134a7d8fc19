"""Tables for terminals of any width, and the same tables as JSON."""

from __future__ import annotations

import json
import math
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from simlab.cli.say import printing, say, width_of
from simlab.errors import visible, visible_json

if TYPE_CHECKING:
    import pandas as pd


ROWS_SHOWN = 40
SENTENCES = 14
"""Lines of sentences before the first table, unless all are asked for."""
_KEYS = 3
_AMOUNT = re.compile(r"\b([A-Z]{3}) (?=\d)")
"""Between currency and amount no line ends."""
_TEXT_WIDTH, _PROSE_WIDTH = 32, 18
"""Text that names a row, and other text, are wrapped to no less than this."""
_LEAST_HEADING = 8
_WIDE = 10_000
_GAP = 2
_DIGITS = 3
_MOST_DIGITS = 5
_MISSING = "–"
_RATES = ("target", "service", "at_fill", "served_value", "served_margin", "served_items", "value_rate")
_SHARES = ("percent", "explained", "chance", "worse", "p_go", "share", "late_share", "with_order")
"""Beginnings of columns that are fractions: service, and shares of something else."""


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of a table as plain values that JSON knows: NaN and missing become null."""
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain(value: object) -> object:
    """A value without NumPy, pandas or infinities in it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return None if str(value) == "NaT" else value.isoformat()
    if value is None or isinstance(value, str | int):
        return value
    return None if str(value) in ("<NA>", "NaT") else str(value)


def print_json(document: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
    """One strict JSON document on stdout (no NaN, UTF-8)."""
    text = json.dumps(plain(document), ensure_ascii=False, allow_nan=False, indent=2)
    say(visible_json(text))


def print_sentences(sentences: Iterable[str], most: int | None = None, further: int = 0) -> None:
    """One sentence after the other, wrapped between words where the width is known; lines of its own stay.

    With `most`, whole sentences in so many lines, the last of which says how many -v would add, including
    `further` that are not among these.
    """
    texts = [_wrapped(sentence) for sentence in sentences]
    kept, used = 0, 0
    for place, lines in enumerate(texts):
        used += len(lines)
        if most is not None and place and used + (place + 1 < len(texts) or further > 0) > most:
            break
        kept += 1
    for line in (line for lines in texts[:kept] for line in lines):
        say(line)
    if left := len(texts) - kept + further:
        say(f"{left} more {'sentence' if left == 1 else 'sentences'}: -v.")


def _wrapped(sentence: str) -> list[str]:
    lines = []
    for line in sentence.split("\n"):
        hanging = line[: len(line) - len(line.lstrip())] + "  "
        whole = _AMOUNT.sub("\\1\u00a0", line)
        lines += textwrap.wrap(whole, _width(), subsequent_indent=hanging, break_on_hyphens=False) or [""]
    return [line.replace("\u00a0", " ") for line in lines]


def print_table(
    frame: pd.DataFrame,
    title: str = "",
    rows_shown: int = ROWS_SHOWN,
    *,
    spare: Sequence[str] = (),
    in_words: bool = False,
) -> None:
    """Print a table in the width there is.

    Where it does not fit, headings are broken, then columns of `spare` left out one after the other, and only
    then the rest follows below. The leading text columns name a row and are repeated in front of every part;
    where they do not tell rows apart, rows are numbered. A value and its bounds (``x``, ``x_low``,
    ``x_high``) share one column, ``95.1% [94.8%, 95.4%]``.

    Parameters
    ----------
    frame : DataFrame
    title : str
    rows_shown : int
    spare : sequence of str
        Columns that may be left out, the first ones first; ``x_low`` stands for the bounds of ``x``.
    in_words : bool
        Headings as the pages have them (`measures.words`).
    """
    width = _width()
    columns, parts = _fitted(frame.head(rows_shown), width, in_words)
    for name in spare:
        if len(parts) == 1:
            break
        gone = [name, f"{name.removesuffix('_low')}_high" if name.endswith("_low") else f"{name}_low"]
        gone += [] if name.endswith("_low") else [f"{name}_high"]
        frame = frame.drop(columns=[one for one in gone if one in frame])
        columns, parts = _fitted(frame.head(rows_shown), width, in_words)
    if len(parts) > 1 and not _told_apart(parts):
        parts = list(_parts([_row_numbers(columns), *columns], width))
    for part in parts:
        say()
        if title:
            say(title)
            title = ""
        _print_part(part, width)
    if len(frame) > rows_shown:
        say(f"  … {len(frame) - rows_shown:,} more rows (--format json prints all)")


def _fitted(frame: pd.DataFrame, width: int, in_words: bool) -> tuple[list[_Column], list[list[_Column]]]:
    """Columns, and the parts they take; headings are broken only where that is needed."""
    columns = _columns(frame, in_words)
    parts = list(_parts(columns, width))
    if len(parts) > 1:
        columns = [column.lower() for column in columns]
        parts = list(_parts(columns, width))
    return columns, parts


def number(value: object, name: str = "", digits: int = _DIGITS) -> str:
    """A cell as people read it: rates never rounded up to 1, thousands separated, missing as '–'.

    Parameters
    ----------
    value : object
        The cell; text stays as it is.
    name : str
        Its column: one that begins with a measure's key takes that measure's format.
    digits : int
        Of rates.
    """
    value = plain(value)
    if value is None:
        return _MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _decimal(value, name, digits)
    if isinstance(value, list):
        return " ".join(number(item, name, digits) for item in value)
    return str(value)


def _decimal(value: float, name: str, digits: int) -> str:
    from simlab.measures.display import MEASURES, Unit, format_measure, format_number
    from simlab.measures.words import word

    key = next((key for key in MEASURES if name.startswith(key)), "")
    if name.startswith(_RATES) or (key and MEASURES[key].unit is Unit.RATE):
        return _percent(value, digits - 2)
    if name.startswith(_SHARES):
        return f"{format_number(100 * value, digits - 2)}%"
    if key:
        return format_measure(value, key)
    if value == 0 or word(name).unit == "count":
        return format_number(value, 0 if value == 0 or abs(value) >= 100 else 1)
    return format_number(value, 4 if abs(value) < 1 else 2 if abs(value) < 1000 else 0)


def _percent(value: float, digits: int) -> str:
    """A rate in per cent; what is below 1 never reads 100%."""
    for places in range(digits, digits + 4):
        text = f"{100 * value:.{places}f}"
        if value >= 1.0 or float(text) < 100.0:
            return f"{text}%"
    return ">99.99%"


@dataclass(frozen=True)
class _Column:
    """A column as it is shown; `names_row` if it says what the row is about."""

    name: str
    cells: list[str]
    is_text: bool
    names_row: bool

    @property
    def width(self) -> int:
        """Columns of the terminal it asks for; text may be wrapped, numbers may not."""
        heading = max(map(len, self.name.split("\n")))
        longest = max([heading, *map(len, self.cells)])
        wrapped = max(heading, _TEXT_WIDTH if self.names_row else _PROSE_WIDTH)
        return _GAP + (min(longest, wrapped) if self.is_text else longest)

    def lower(self) -> _Column:
        """The column with its heading on as many lines as its cells ask for."""
        room = max([_LEAST_HEADING, *map(len, self.cells)])
        lines: list[str] = []
        for part in self.name.replace("_", "_\n").replace(" ", " \n").split("\n"):
            if lines and len((lines[-1] + part).rstrip()) <= room:
                lines[-1] += part
            else:
                lines.append(part)
        return replace(self, name="\n".join(line.rstrip() for line in lines))


def _columns(frame: pd.DataFrame, in_words: bool = False) -> list[_Column]:
    """The columns to show: bounds join their value, empty ones are left out."""
    from simlab.measures import words

    names = [str(name) for name in frame.columns]
    columns: list[_Column] = []
    for name in names:
        bounded = f"{name}_low" in names and f"{name}_high" in names
        cells = _estimates(frame, name) if bounded else _cells(frame[name], name)
        if _is_bound(name, names) or (frame.shape[0] and not any(cells)):
            continue
        is_text = all(value is None or isinstance(value, str) for value in frame[name])
        leads = is_text and len(columns) < _KEYS and all(column.names_row for column in columns)
        columns.append(_Column(words.heading(name) if in_words else name, cells, is_text, leads))
    return columns


def _cells(values: pd.Series[Any], name: str) -> list[str]:
    """A column as text; one that holds whole numbers only shows no decimals."""
    plain_values = [plain(value) for value in values]
    numbers = [value for value in plain_values if isinstance(value, float)]
    if numbers and all(value.is_integer() for value in numbers) and max(map(abs, numbers)) > 1:
        plain_values = [int(value) if isinstance(value, float) else value for value in plain_values]
    return [number(value, name) for value in plain_values]


def _is_bound(name: str, names: Sequence[str]) -> bool:
    for tail in ("_low", "_high"):
        stem = name.removesuffix(tail)
        if stem != name and stem in names and f"{stem}_low" in names and f"{stem}_high" in names:
            return True
    return False


def _estimates(frame: pd.DataFrame, name: str) -> list[str]:
    """Values with their bounds, in as many digits as tell the bounds apart (rates: 3 to 5)."""
    sides = [frame[name], frame[f"{name}_low"], frame[f"{name}_high"]]
    alike = list(sides[1] == sides[2])
    for digits in range(_DIGITS, _MOST_DIGITS + 1):
        value, low, high = ([number(cell, name, digits) for cell in side] for side in sides)
        if all(a != b or same or a[0] in "–1" for a, b, same in zip(low, high, alike, strict=True)):
            break
    rows = zip(value, low, high, strict=True)
    return [v if (a, b) == (_MISSING, _MISSING) else f"{v} [{a}, {b}]" for v, a, b in rows]


def _parts(columns: Sequence[_Column], width: int) -> Iterable[list[_Column]]:
    """Split columns into groups that fit the width, those that name the row in front of each."""
    keys = [column for column in columns if column.names_row]
    while keys and sum(column.width for column in keys) > 2 * width // 3:
        keys.pop()
    part = list(keys)
    for column in columns[len(keys) :]:
        if len(part) > len(keys) and sum(other.width for other in (*part, column)) > width:
            yield part
            part = list(keys)
        part.append(column)
    if part:
        yield part


def _told_apart(parts: Sequence[Sequence[_Column]]) -> bool:
    """Whether what stands in front of every part names each row alone."""
    first, *others = parts
    keys = [column for column in first if all(column in part for part in others)]
    rows = list(zip(*(column.cells for column in keys), strict=True))
    return bool(keys) and len(set(rows)) == len(rows)


def _row_numbers(columns: Sequence[_Column]) -> _Column:
    numbers = [str(row + 1) for row in range(len(columns[0].cells))]
    return _Column("#", numbers, is_text=False, names_row=True)


def _print_part(columns: Sequence[_Column], width: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify: Literal["left", "right"] = "left" if column.is_text else "right"
        table.add_column(
            Text(visible(column.name, lines=True)),
            justify=justify,
            overflow="fold",
            no_wrap=not column.is_text or (column.names_row and column.width <= _TEXT_WIDTH),
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(Text(visible(cell)) for cell in row))
    with printing():
        Console(file=sys.stdout, width=width, highlight=False).print(table)


def _width() -> int:
    """Columns to fill: of the terminal, of COLUMNS, or (into a pipe or file) as many as needed."""
    return width_of(sys.stdout) or _WIDE
