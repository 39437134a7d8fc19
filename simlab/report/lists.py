"""A page of sentences and tables, for commands that have no run of their own: orders, policies, runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simlab.measures import words
from simlab.measures.decision import short_rate
from simlab.report.kit.formats import DASH, in_signs, is_number, money, number, span
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import (
    FULL,
    NARROW,
    WIDE,
    Cell,
    Drawing,
    Listing,
    Picture,
    Pictures,
    Says,
    Section,
    Statement,
    Table,
    Text,
    picture,
    sheet_html,
)
from simlab.report.kit.shell import DECISION

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS, _MOST_BARS = 500, 15
_PERCENT = "percent"
"""Beginning of columns that are fractions and no service."""
_OF_MEASURE = ("value_a", "value_b", "difference")
"""Columns whose unit is that of the row's measure."""


@dataclass(frozen=True)
class Shown:
    """A table and where it stands.

    Attributes
    ----------
    title : str
    frame : DataFrame
        Columns by their keys in `measures.words`.
    tab : str
        A key of `kit.shell.TABS`.
    bars : str
        Column that is drawn, too: with its bounds as intervals, without as bars; empty for none.
    headings : mapping of str to str
        Of columns that are called otherwise than in `measures.words`.
    """

    title: str
    frame: pd.DataFrame
    tab: str = DECISION
    bars: str = ""
    headings: Mapping[str, str] = field(default_factory=dict)


def lists_html(
    question: str, facts: Mapping[str, Any], said: Sequence[str], tables: Sequence[Shown], n_items: int = 0
) -> str:
    """The page as text.

    Parameters
    ----------
    question : str
        Under the name of the study.
    facts : mapping of str to object
        `command`, `study`, `currency` and `period`, as a manifest has them.
    said : sequence of str
        The outcome in sentences, the first of them on top.
    """
    said = [in_signs(text, str(facts.get("currency") or "")) for text in said]
    head = Says(Statement("none", said[0] if said else question, ""))
    sections = [Section("said", "In short", "", [head, Listing(said[1:])], DECISION)]
    sections += [
        Section(f"table-{place}", one.title, one.title, _blocks(one, facts), one.tab)
        for place, one in enumerate(tables)
        if not one.frame.empty
    ]
    return sheet_html(question, dict(facts), n_items, sections)


def _blocks(shown: Shown, facts: Mapping[str, Any]) -> list[Table | Text | Pictures]:
    currency, period = str(facts.get("currency") or ""), str(facts.get("period") or "")
    every = [str(name) for name in shown.frame]
    bounded = {name for name in every if {f"{name}_low", f"{name}_high"} <= set(every)}
    ends = {f"{name}{end}" for name in bounded for end in ("_low", "_high")}
    names = [name for name in every if name not in ends]
    names, below = _stacked([name for name in names if name != "at_fill" or "measure" not in names])
    header = [_heading(name, shown, currency, period, below) for name in names]
    rows = [
        [_with_ends(row, name, currency, name in bounded, below.get(name, "")) for name in names]
        for row in records(shown.frame.head(_MOST_ROWS))
    ]
    blocks: list[Table | Text | Pictures] = [Table(shown.title, header, rows)]
    if shown.bars:
        drawn = _picture(shown, currency, period) if shown.bars in bounded else _bars(shown, currency)
        blocks.insert(0, Pictures([drawn]))
    left = len(shown.frame) - _MOST_ROWS
    if left > 0:
        blocks.append(Text(f"{left:,} more rows are in the files beside this page.", "note"))
    return blocks


def _stacked(names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Columns side by side, and those that stand in small print below another: the location below its SKU."""
    if names[:2] != ["sku", "location"]:
        return names, {}
    return [name for name in names if name != "location"], {"sku": "location"}


def _heading(name: str, shown: Shown, currency: str, period: str, below: Mapping[str, str]) -> str:
    if name in shown.headings:
        return shown.headings[name]
    heading = words.heading(name, currency, period)
    return f"{heading}, {words.heading(below[name]).lower()}" if name in below else heading


def _with_ends(row: Mapping[str, Any], name: str, currency: str, bounded: bool, below: str = "") -> Cell:
    """A cell, its interval in small print; of a row that names its measure, in the measure's unit."""
    if below:
        return replace(_cell(row[name], name, currency), span=_cell(row[below], below, currency).text)
    if name == "measure":
        at = f"at {short_rate(float(row['at_fill']))}" if is_number(row.get("at_fill")) else ""
        return Cell(words.word(str(row[name])).name, at, prose=True)
    if "measure" in row and name in _OF_MEASURE:
        if name == "difference":
            return _difference(row, currency)
        name, row = str(row["measure"]), {str(row["measure"]): row[name]}
    cell = _cell(row[name], name, currency)
    if not bounded or not is_number(row[f"{name}_low"]):
        return cell
    return replace(
        cell, span=span(row[f"{name}_low"], row[f"{name}_high"], lambda x: _cell(x, name, currency).text)
    )


def _difference(row: Mapping[str, Any], currency: str) -> Cell:
    """A change with its sign in the unit of the row's measure, its interval in small print."""
    measure = str(row["measure"])
    in_points = words.word(measure).unit == "rate"

    def shows(value: float) -> str:
        text = number(100 * value, 2) if in_points else _cell(value, measure, currency).text
        return f"+{text}" if value > 0 else text

    value, low, high = (row.get(f"difference{end}") for end in ("", "_low", "_high"))
    if not is_number(value):
        return Cell(DASH)
    return Cell(f"{shows(value)} points" if in_points else shows(value), span(low, high, shows))


def _bars(shown: Shown, currency: str) -> Picture:
    """The largest amounts of a column, one bar each."""
    from simlab.report.kit.bars import bars_svg

    frame, name = shown.frame.dropna(subset=[shown.bars]), shown.bars
    frame = frame.loc[frame[name].abs().sort_values(ascending=False, kind="stable").index].head(_MOST_BARS)
    values = [float(value) for value in frame[name]]
    names = [_cell(value, str(frame.columns[0]), currency).text for value in frame.iloc[:, 0]]
    texts = [_cell(value, name, currency).text for value in values]
    rows = list(zip(names, values, texts, strict=True))
    title = f"{shown.title}: {words.heading(name, currency)}"
    return Picture(
        f"{name}-bars", title, "", bars_svg(rows, WIDE), bars_svg(rows, NARROW), bars_svg(rows, FULL)
    )


def _picture(shown: Shown, currency: str, period: str) -> Picture:
    """Values with their intervals, one row each, beside zero."""
    import pandas as pd

    from simlab.report.kit.spans import spans_chart

    frame, name = shown.frame.dropna(subset=[shown.bars]), shown.bars
    scale = 100.0 if name.startswith(_PERCENT) else 1.0
    labels = [_cell(value, str(frame.columns[0]), currency).text for value in frame.iloc[:, 0]]
    ends = {"value": name, "low": f"{name}_low", "high": f"{name}_high"}
    rows = pd.DataFrame({"name": labels, **{end: scale * frame[column] for end, column in ends.items()}})
    title = words.heading(name, currency, period)
    return picture(f"{name}-spans", Drawing(shown.title, lambda width: spans_chart(rows, title, width)))


def _cell(value: Any, name: str, currency: str) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if not is_number(value):
        missing = value is None or value != value
        text = DASH if missing else words.policy_title(value) if name == "policy" else str(value)
        return Cell(text, "" if text in (DASH, str(value)) else str(value), prose=not missing)
    unit = words.word(name.partition(":")[0]).unit
    if name.startswith(_PERCENT) or unit == "points":
        return Cell(number(100 * value, 2))
    if unit in ("rate", "share"):
        return Cell(short_rate(float(value)))
    if unit == "money":
        return Cell(money(value, currency))
    if unit in ("count", "days"):
        return Cell(number(value, 0 if float(value).is_integer() or abs(value) >= 100 else 1))
    return Cell(number(value, 0 if float(value).is_integer() else 2))
