"""A page of plain blocks, its pictures drawn beforehand for wide and narrow screens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from simlab.report.kit.formats import DASH, money_in
from simlab.report.kit.shell import BELIEVE, Part, asset, environment, page_of
from simlab.run.spreadsheet import csv_text
from simlab.run.statements import Statement as Statement

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from simlab.report.kit.style import Figure
    from simlab.run import RunFolder


FULL, WIDE, NARROW, PANEL = 1240, 840, 340, 300
"""Widths of a picture on a screen as wide as the page, on paper and in between, on a phone, and of one among
many, in pixels."""
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_SPOKEN = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
"""What a drawn chart says of its parts: on the page the frame around it is the image and has its name."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text, span : str
        What it says, and the small print under it.
    mark : str
        A state of `Statement`, "above" or "below"; empty for none.
    heat : float or None
        Strength of its shade, 0 to 1.
    prose : bool
        Whether it holds words, to be set left and wrapped.
    """

    text: str
    span: str = ""
    mark: str = ""
    heat: float | None = None
    prose: bool = False

    @property
    def small(self) -> str:
        """The small print, if it says anything."""
        return "" if self.span == DASH else self.span


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its heading, rows numbered in `totals` stand out."""

    kind: ClassVar[str] = "table"
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    totals: frozenset[int] = frozenset()
    heat: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph: "lead", "note" or plain."""

    kind: ClassVar[str] = "text"
    text: str
    look: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Says:
    """The sentence on top of a page."""

    kind: ClassVar[str] = "says"
    statement: Statement


@dataclass(frozen=True)
class Boxes:
    """Further statements side by side."""

    kind: ClassVar[str] = "boxes"
    statements: Sequence[Statement]


@dataclass(frozen=True)
class Listing:
    """Lines with a bullet; `code` sets them as a rule that can be copied."""

    kind: ClassVar[str] = "listing"
    lines: Sequence[str]
    code: bool = False


@dataclass(frozen=True)
class Facts:
    """Label and value, in two columns."""

    kind: ClassVar[str] = "facts"
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Folded:
    """Blocks behind a line that opens them; print shows them open."""

    kind: ClassVar[str] = "folded"
    title: str
    blocks: Sequence[Any]
    is_open: bool = False


@dataclass(frozen=True)
class Drawing:
    """A chart before it is drawn.

    Attributes
    ----------
    title : str
        What it shows, for those who do not see it.
    make : callable
        The figure at a plot width, in pixels.
    heading : str
        Heading above it on the page; empty for none.
    on_page : bool
        False: only as files.
    """

    title: str
    make: Callable[[int], Figure]
    heading: str = ""
    on_page: bool = True


@dataclass(frozen=True)
class Picture:
    """A drawn chart as inline SVG, for screens of every width."""

    name: str
    title: str
    heading: str
    wide: str
    narrow: str
    full: str = ""


@dataclass(frozen=True)
class Pictures:
    """Pictures one below the other, or side by side where there is room."""

    kind: ClassVar[str] = "pictures"
    pictures: Sequence[Picture]
    columns: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page with its place in the menu of its tab (a key of `shell.TABS`)."""

    id: str
    menu: str
    title: str
    blocks: Sequence[Any] = field(default_factory=tuple)
    tab: str = BELIEVE


def draw(run: RunFolder, drawings: Mapping[str, Drawing]) -> tuple[dict[str, Picture], list[Path]]:
    """Write every chart as SVG, PNG and CSV under `figures/`; returns pictures for the page and paths."""
    from simlab.report.kit import style

    pictures, written = {}, []
    for name, drawing in drawings.items():
        figure = drawing.make(WIDE)
        spec = style.to_spec(figure)
        svg = style.to_svg(style.titled(spec, drawing.title, run.manifest))
        written.append(run.write_text(f"figures/{name}.svg", svg))
        written.append(run.write_bytes(f"figures/{name}.png", style.to_png(svg)))
        for file, frame in _numbers(name, figure).items():
            written.append(run.write_text(file, csv_text(frame)))
        if drawing.on_page:
            pictures[name] = picture(
                name, drawing, wide=style.to_svg(style.with_room(spec), background="transparent")
            )
    return pictures, written


def picture(name: str, drawing: Drawing, *, wide: str | None = None) -> Picture:
    """A chart drawn for the page; ids inside are made its own, because a page has each id once."""
    from simlab.report.kit import style

    def inline(width: int) -> str:
        return style.to_svg(style.with_room(style.to_spec(drawing.make(width))), background="transparent")

    wide = inline(WIDE) if wide is None else wide
    return Picture(
        name,
        drawing.title,
        drawing.heading,
        _own_ids(wide, f"{name}-w-"),
        _own_ids(inline(NARROW), f"{name}-n-"),
        _own_ids(inline(FULL), f"{name}-f-"),
    )


def small_picture(name: str, drawing: Drawing) -> Picture:
    """One of many: drawn once, narrow, for screens of every width."""
    from simlab.report.kit import style

    svg = style.to_svg(style.to_spec(drawing.make(PANEL)), background="transparent")
    return Picture(name, drawing.title, drawing.heading, _own_ids(svg, f"{name}-"), "")


def sheet_html(question: str, manifest: Mapping[str, Any], n_items: int, sections: Sequence[Section]) -> str:
    """The page as text, everything escaped but the pictures, which escape themselves."""
    templates = environment()
    made = templates.get_template("sheet.html").make_module()
    parts = [
        Part(one.tab, one.id, one.menu, str(made.section_part(one)))  # type: ignore[attr-defined]
        for one in sections
    ]
    return page_of(
        templates,
        parts,
        manifest,
        n_items=f"{n_items:,}" if n_items else "",
        money_in=money_in(str(manifest.get("currency") or "")),
        question=question,
        style=asset("style.css") + asset("sheet.css"),
        data={},
        packed={},
        script=asset("shell.js") + "simlab.start();",
    )


def _numbers(name: str, figure: Figure) -> dict[str, pd.DataFrame]:
    """The tables of a figure by file: one if they have the same columns, else one each."""
    import pandas as pd

    frames = list(figure.data.values())
    if len({tuple(frame.columns) for frame in frames}) == 1:
        return {f"figures/{name}.csv": pd.concat(frames, ignore_index=True)}
    return {f"figures/{name}_{part}.csv": frame for part, frame in figure.data.items()}


def _own_ids(svg: str, prefix: str) -> str:
    return _ID.sub(lambda match: match.group(1) + prefix, _SPOKEN.sub("", svg))
