"""The rule of learned classes as a tree: questions from the top, answers indented, a class at every end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import altair as alt
import pandas as pd

from simlab.report.kit.formats import is_number, number, percent, target
from simlab.report.kit.reading import records
from simlab.report.kit.style import BLUE, GREY, Figure, named

if TYPE_CHECKING:
    from simlab.report.contest.tables import ContestTables, Row


Box: TypeAlias = dict[str, tuple[float, float]]
"""Column → (low, high] of one class."""
_LINE, _INDENT, _NARROW = 22, 26, 500
_COLUMNS = ["line", "x", "x_up", "line_up", "text", "kind"]


@dataclass(frozen=True)
class Line:
    """One line of the drawing: a question, or a class at its end."""

    depth: int
    up: int
    text: str
    name: str = ""


def classes_of(found: ContestTables, scheme: str) -> dict[str, Box]:
    """Bounds of every class of a learned rule; empty where the scheme has no such rule."""
    classes: dict[str, Box] = {}
    for row in found.learned(scheme):
        low, high = row["above"], row["up_to"]
        ends = (low if is_number(low) else -math.inf, high if is_number(high) else math.inf)
        classes.setdefault(str(row["segment"]), {})[str(row["attribute"])] = ends
    return classes if len(classes) > 1 else {}


def lines_of(classes: Mapping[str, Box]) -> list[Line]:
    """The tree from top to bottom; of the questions that divide the classes the most even is asked first."""
    return list(_lines(dict(classes), "", 0, -1, 0))


def _lines(classes: dict[str, Box], answer: str, depth: int, up: int, at: int) -> Iterator[Line]:
    if len(classes) == 1:
        (name,) = classes
        yield Line(depth, up, f"{answer}{name}", name)
        return
    asked = _question(classes)
    if asked is None:
        yield Line(depth, up, f"{answer}{' or '.join(classes)}")
        return
    column, cut, below = asked
    yield Line(depth, up, f"{answer}{column} ≤ {cut:g}?")
    yes = list(_lines({name: classes[name] for name in below}, "yes: ", depth + 1, at, at + 1))
    yield from yes
    rest = {name: box for name, box in classes.items() if name not in below}
    yield from _lines(rest, "no: ", depth + 1, at, at + 1 + len(yes))


def _question(classes: dict[str, Box]) -> tuple[str, float, list[str]] | None:
    """Column, cut and the classes at or below it, where every class is on one side."""
    best: tuple[int, str, float, list[str]] | None = None
    everywhere = (-math.inf, math.inf)
    for column, cut in sorted({(name, high) for box in classes.values() for name, (_, high) in box.items()}):
        ends = {name: box.get(column, everywhere) for name, box in classes.items()}
        below = [name for name, (_, high) in ends.items() if high <= cut]
        above = [name for name, (low, _) in ends.items() if low >= cut]
        if not below or not above or len(below) + len(above) < len(classes):
            continue
        uneven = abs(len(below) - len(above))
        if best is None or uneven < best[0]:
            best = uneven, column, cut, below
    return None if best is None else best[1:]


def learned_rules(found: ContestTables, most: int = 3) -> dict[str, str]:
    """File name → scheme, of the schemes whose rule is a tree, the cheapest first."""
    names = [str(row["scheme"]) for row in found.standings if classes_of(found, str(row["scheme"]))]
    return {f"rule_tree_{place}": name for place, name in enumerate(names[:most], start=1)}


def tree_chart(found: ContestTables, scheme: str, width: int) -> Figure:
    """The questions of one scheme's rule; classes with their size, target asked and service achieved."""
    table = found.tables["scheme_segments"]
    said = {str(row["segment"]): _said(row) for row in records(table[table["scheme"] == scheme])}
    lines = lines_of(classes_of(found, scheme))
    indent = _INDENT if width >= _NARROW else _INDENT // 2
    rows = pd.DataFrame(list(_rows(lines, said, width >= _NARROW)), columns=_COLUMNS)
    height = _LINE * int(rows["line"].max() + 1)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, width / indent], nice=False, zero=False))
    y = alt.Y(
        "line:Q", axis=None, scale=alt.Scale(domain=[-0.5, height / _LINE - 0.5], reverse=True, nice=False)
    )
    base = named("rows")
    stems = base.mark_rule(color=GREY).encode(
        x=alt.X("x_up:Q", axis=None), y=alt.Y("line_up:Q", axis=None), y2=alt.Y2("line:Q")
    )
    twigs = base.mark_rule(color=GREY).encode(x=alt.X("x_up:Q", axis=None), x2=alt.X2("x:Q"), y=y)
    colour = alt.condition("datum.kind == 'class'", alt.value(BLUE), alt.value(GREY))
    dots = (
        base.transform_filter("datum.kind != 'more'")
        .mark_point(filled=True, size=55, opacity=1)
        .encode(x=x, y=y, color=colour)
    )
    size = 13 if width >= _NARROW else 11
    text = base.mark_text(align="left", dx=9, fontSize=size).encode(x=x, y=y, text=alt.Text("text:N"))
    chart = alt.layer(stems, twigs, dots, text, width=width, height=height)
    return Figure(chart, {"rows": rows})


def _rows(lines: Sequence[Line], said: Mapping[str, list[str]], wide: bool) -> Iterator[tuple[object, ...]]:
    """Lines with places; on narrow screens a class takes a second line for what it holds."""
    places: list[int] = []
    at = 0
    for line in lines:
        places.append(at)
        more = said.get(line.name, [])
        text = " · ".join([line.text, *more]) if wide else line.text
        up = places[line.up] if line.up >= 0 else at
        x_up = line.depth - 1 if line.up >= 0 else line.depth
        yield at, line.depth, x_up, up, text, "class" if line.name else "question"
        at += 1
        if more and not wide:
            yield at, line.depth, line.depth, at, " · ".join(more), "more"
            at += 1


def _said(row: Row) -> list[str]:
    """What a class holds, in short."""
    return [
        f"{number(row['n_items'])} items",
        f"target {target(row['target'])}",
        f"achieved {percent(row['achieved'])}",
    ]
