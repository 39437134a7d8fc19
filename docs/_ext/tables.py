"""The page of tables: every column that goes in and every column that comes out, with unit and meaning.

What goes in is read off the catalogue's columns, what comes out is named by the program's dictionary
(`simlab.measures.words`); `columns.toml` says the rest, `tables.json` which columns a table has. A test
compares both with the tables of a run.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from simlab.catalog.columns import DEMAND_FURTHER, RECEIVED, TABLES, Column
from simlab.catalog.meanings import MEANINGS
from simlab.measures.words import FORMS, WORDS, word

HERE = Path(__file__).parent
SAID: dict[str, Any] = tomllib.loads((HERE / "columns.toml").read_text("utf-8"))
LISTED: dict[str, list[str]] = json.loads((HERE / "tables.json").read_text("utf-8"))
_FURTHER = {"demand": DEMAND_FURTHER, "receipts": RECEIVED}
_UNITS = {"text": "text", "money": "money", "rate": "service, 0 to 1", "share": "fraction", "count": "count"}
_ENDS = ("_low", "_high")


def tables() -> str:
    """The page."""
    lines = [
        "# Tables",
        "",
        "Every column, read off the program. Amounts are in the study's currency, quantities in units,",
        "service, shares and their changes in fractions (0.95) unless the unit is points, times in periods",
        "unless it says days. `x_low` and `x_high` are the ends of the interval of `x`; `x_now` is today's.",
        "",
        "## What you bring",
        "",
        "Names of your own are mapped under `[data.TABLE.columns]`. [What you bring](../bring.md) says which",
        "tables are needed for what.",
        "",
    ]
    for name, columns in TABLES.items():
        lines += [f"### {name}", "", *_inputs(name, {**columns, **_FURTHER.get(name, {})}), ""]
    lines += [
        "## What comes out",
        "",
        "`results/TABLE.parquet` of a run folder; [The run folder](../results.md).",
        "",
    ]
    for name in sorted(LISTED):
        lines += [
            f"### `{name}`",
            "",
            f"A row is {SAID['tables'][name]}.",
            "",
            *_outputs(name, LISTED[name]),
            "",
        ]
    return "\n".join(lines)


def _inputs(table: str, columns: dict[str, Column]) -> list[str]:
    rows = ["| column | holds | needed | meaning |", "| --- | --- | --- | --- |"]
    for name, column in columns.items():
        needed = "yes" if column.required else ""
        rows.append(f"| `{name}` | {_holds(column)} | {needed} | {_cell(meaning_in(table, name))} |")
    return rows


def meaning_in(table: str, column: str) -> str:
    """What a column that goes in means; an error where nobody says it."""
    own: dict[str, str] = {**MEANINGS.get(table, {}), **SAID["inputs"].get(table, {})}
    return own[column]


def _holds(column: Column) -> str:
    if column.choices:
        words = ", ".join(column.choices)
        return f"{words} or a share" if column.or_share else words
    kinds = {
        "id": "text, never empty",
        "whole": "whole number",
        "flag": "yes or no",
        "money": "money, 0 or more",
    }
    kind = kinds.get(column.kind, column.kind)
    if column.kind not in ("number", "whole", "fraction"):
        return kind
    low = f"above {column.low:g}" if column.above else f"{column.low:g} or more" if column.low > -1e11 else ""
    high = f"at most {column.high:g}" if column.high < 1e11 else ""
    return ", ".join(part for part in (kind, low, high) if part)


def _outputs(table: str, columns: list[str]) -> list[str]:
    rows = ["| column | unit | meaning |", "| --- | --- | --- |"]
    for name in columns:
        if any(name.endswith(end) and name.removesuffix(end) in columns for end in _ENDS):
            continue
        unit, meaning = said_of(name, table)
        ends = "".join(f", `{end}`" for end in _ENDS if f"{name}{end}" in columns)
        rows.append(f"| `{name}`{ends} | {unit} | {_cell(meaning)} |")
    return rows


def said_of(column: str, table: str = "") -> tuple[str, str]:
    """Unit and meaning of a column that comes out; a table may mean its own by it.

    Raises
    ------
    KeyError
        Nobody says what it means.
    """
    own = {**SAID["columns"], **SAID["of"].get(table, {})}
    if column in own:
        unit, meaning = own[column]
        return _UNITS.get(unit, unit), meaning
    if column in WORDS:
        one = word(column)
        return _UNITS.get(one.unit, one.unit), f"{one.name}: {one.what}" if one.what else one.name
    for beginning, (unit, meaning) in SAID["families"].items():
        if column.startswith(beginning):
            return unit, meaning
    for ending in FORMS:
        if column.endswith(ending):
            stem = column.removesuffix(ending)
            if stem in WORDS and stem not in own:
                one = word(column)
                return _UNITS.get(one.unit, one.unit), f"{one.name}: {one.what}" if one.what else one.name
            unit, meaning = said_of(stem, table)
            if ending == "_inside":
                unit = "flag"
            return unit, f"{meaning}{FORMS[ending]}"
    raise KeyError(column)


def _cell(text: str) -> str:
    return (text[:1].upper() + text[1:]).replace("|", "\\|").replace("<", "&lt;")
