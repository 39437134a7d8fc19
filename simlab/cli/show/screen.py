"""An optimised run on one screen: at most fourteen lines, then one row per segment in 80 columns."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.cli.say import say, width_of

if TYPE_CHECKING:
    from simlab.api.output.brief import Brief
    from simlab.api.output.record import RunResult

WIDTH = 80
LINES = 14
_NARROW_DECISION, _NARROW_SEGMENTS = (0, 1, 3, 4), (0, 1, 3, 4, 7)
"""Columns that remain where 80 are not there: without the same service, without both stocks."""
_SEGMENTS = 40
_HEADLINE = 4


def print_screen(result: RunResult, brief: Brief) -> None:
    """Title, headline, decision, comparisons, what to look at, where to go on; then the segments."""
    for line in screen(result, brief):
        say(line)
    say()
    for line in segment_lines(brief):
        say(line)


def screen(result: RunResult, brief: Brief) -> list[str]:
    """The first lines, `LINES` at most: what does not fit is cut, and -v shows it."""
    head = next(one for one in result.told if one.group == "headline")
    advised = "".join(f"{one.title.rstrip(':')}. " for one in result.told if one.group == "advice")
    lines = [brief.title[: _width()], *_wrapped(f"{head.mark} {advised}{head.title}".strip(), _HEADLINE)]
    lines += aligned(_columns((brief.header, *brief.rows), _NARROW_DECISION), _width())
    ends = _ends(result, brief)
    free = LINES - len(lines) - len(ends)
    looks = _looks(result)
    pays = "".join(f"{one.title} " for one in result.told if one.group == "break-even")
    claims = _wrapped(f"{_reason(result)}{pays}{head.text}", min(2, free - bool(looks)))
    return [*lines, *claims, *_wrapped(looks, free - len(claims)), *ends]


def _width() -> int:
    """Columns of the terminal, 80 at most."""
    return min(WIDTH, width_of(sys.stdout) or WIDTH)


def _columns(rows: Sequence[Sequence[str]], kept: Sequence[int]) -> list[Sequence[str]]:
    """All columns where there is room for them, else the kept ones."""
    return list(rows) if _width() >= WIDTH else [[row[at] for at in kept if at < len(row)] for row in rows]


def _reason(result: RunResult) -> str:
    """Why it is recommended or not, where the headline does not say so."""
    advised = next((one for one in result.told if one.group == "advice"), None)
    return f"{advised.reason} " if advised is not None and advised.reason else ""


def _looks(result: RunResult) -> str:
    """What to look at before one signs, in short."""
    titles = [one.title for one in result.told if one.group == "look"]
    titles += [one.title.rstrip(".") for one in result.told if one.group == "limit" and one.state != "good"]
    return f"! {'; '.join(titles)}" if titles else ""


def _wrapped(text: str, most: int) -> list[str]:
    if not text or most < 1:
        return []
    return textwrap.wrap(
        text, _width(), max_lines=most, placeholder=" … (-v)", subsequent_indent="  ", break_on_hyphens=False
    )


def _ends(result: RunResult, brief: Brief) -> list[str]:
    plan = result.folder / "results" / "plan.csv"
    plan = plan if plan.exists() else plan.with_suffix(".parquet")
    drawn = [one.name for one in (result.report, result.book) if one is not None]
    page = "".join(f" {name}," for name in drawn)
    files, more = f"in {_near(result.folder)}:{page} results/{plan.name}", " (more: -v)"
    more = " (Excel: report --excel)" if result.book_on_request else more
    what = f"  # {brief.what}" if brief.what and len(brief.next + brief.what) + 10 <= _width() else ""
    return [f"{files}{more if len(files + more) <= _width() else ''}", f"next: {brief.next}{what}"]


def _near(path: Path) -> str:
    """Relative to the current folder where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def aligned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The first column left, the others right; the first one gives way where the width is short."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    others = sum(widths[1:]) + 2 * (len(widths) - 1)
    widths[0] = max(8, min(widths[0], width - others))
    lines = []
    for row in rows:
        first = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
        cells = (text.rjust(size) for text, size in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((first.ljust(widths[0]), *cells)).rstrip())
    return lines


def segment_lines(brief: Brief) -> list[str]:
    """One row per segment; of many those whose stock changes most."""
    rows, total = brief.segments[:-1], brief.segments[-1]
    shown = _columns((brief.segment_header, *rows[:_SEGMENTS], total), _NARROW_SEGMENTS)
    lines = aligned(shown, _width())
    if len(rows) > _SEGMENTS:
        lines.append(f"… {len(rows) - _SEGMENTS:,} more segments (--format json prints all)")
    return lines
