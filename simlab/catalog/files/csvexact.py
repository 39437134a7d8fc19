"""CSV line by line, slowly and exactly: finds every fault and the line where it begins.

The fast reader must agree with this one wherever nothing is wrong; where something is, this one says
where. Rules: fields may be quoted, a quote inside is doubled, a quoted field may span lines, nothing
but a delimiter or the end of the line follows a closing quote, blank lines do not count as rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_LONGEST_FIELD = 200  # lines a quoted field may span before its quote counts as never closed
_MOST_QUOTE_FAULTS = 100


@dataclass
class Records:
    """Rows that are whole, and the lines that are not.

    Attributes
    ----------
    rows : list of list of str
    lines : list of int
        Line (1-based) on which each row begins.
    open_quotes, after_quotes : list of int
        Lines where a quote opens and does not close, or where text follows a closing quote.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    open_quotes: list[int] = field(default_factory=list)
    after_quotes: list[int] = field(default_factory=list)


def read_exactly(text: str, delimiter: str, *, most: int | None = None) -> Records:
    """Split a CSV text into rows.

    Parameters
    ----------
    text : str
        Lines end in a line feed alone.
    delimiter : str
        One character.
    most : int, optional
        Stop after so many rows.
    """
    records = Records()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if most is not None and len(records.rows) >= most:
            break
        line = lines[at]
        if not line:
            at += 1
        elif '"' not in line:
            records.rows.append(line.split(delimiter))
            records.lines.append(at + 1)
            at += 1
        else:
            at = _quoted(lines, at, delimiter, records)
    return records


def _quoted(lines: list[str], at: int, delimiter: str, records: Records) -> int:
    """Read the row that begins on line `at`; returns the line after it."""
    fields: list[str] = []
    here, line, position = at, lines[at], 0
    while True:
        if line[position : position + 1] != '"':
            end = line.find(delimiter, position)
            fields.append(line[position:] if end < 0 else line[position:end])
        else:
            cell, here, end, fault = _inside_quotes(lines, here, position + 1, delimiter)
            if fault:
                kind = records.open_quotes if fault == "open" or here > at else records.after_quotes
                if len(records.open_quotes) + len(records.after_quotes) < _MOST_QUOTE_FAULTS:
                    kind.append(at + 1)
                return at + 1
            fields.append(cell)
            line = lines[here]
        if end < 0:
            break
        position = end + 1
    records.rows.append(fields)
    records.lines.append(at + 1)
    return here + 1


def _inside_quotes(lines: list[str], at: int, position: int, delimiter: str) -> tuple[str, int, int, str]:
    """A quoted field: its text, the line it ends on, where its delimiter stands (−1: none), the fault."""
    parts: list[str] = []
    last = min(len(lines), at + _LONGEST_FIELD)
    while at < last:
        line = lines[at]
        quote = line.find('"', position)
        if quote < 0:
            parts += [line[position:], "\n"]
            at, position = at + 1, 0
            continue
        parts.append(line[position:quote])
        after = line[quote + 1 : quote + 2]
        if after == '"':
            parts.append('"')
            position = quote + 2
        elif after == delimiter:
            return "".join(parts), at, quote + 1, ""
        else:
            return "".join(parts), at, -1, "after" if after else ""
    return "", at, -1, "open"
