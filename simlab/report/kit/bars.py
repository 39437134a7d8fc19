"""Amounts as bars, one row each, written as SVG without a drawing library: orders are in a hurry."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_ROW, _BAR, _SIZE = 26, 14, 12
_LETTER = 7.2
"""Pixels that a letter takes at most, in any of the page's fonts."""
_MOST_LABEL = 0.4
_BLUE, _ORANGE, _GREY, _INK = "#0072B2", "#D55E00", "#6B7280", "#1F2933"


def bars_svg(rows: Sequence[tuple[str, float, str]], width: int) -> str:
    """The bars as an inline SVG.

    Parameters
    ----------
    rows : sequence of (str, float, str)
        Name, amount, and the amount as it is written; amounts below zero point left, in another colour.
    width : int
        Of the picture, in pixels.
    """
    labels = min(_MOST_LABEL * width, _LETTER * max(len(name) for name, _, _ in rows) + 8)
    texts = _LETTER * max(len(text) for _, _, text in rows) + 10
    least, most = (end(0.0, *(value for _, value, _ in rows)) for end in (min, max))
    left = labels + (texts if least < 0 else 0)
    scale = max(20.0, width - left - (texts if any(value >= 0 for _, value, _ in rows) else 0)) / (
        (most - least) or 1.0
    )
    zero = left - least * scale
    height = _ROW * len(rows) + 4
    parts = [_row(at, row, labels, zero, scale) for at, row in enumerate(rows)]
    line = f'<path d="M{zero:.1f},0V{height}" stroke="{_GREY}" stroke-width="1" fill="none"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    font = f'font-family="inherit" font-size="{_SIZE}"'
    return f'{head} viewBox="0 0 {width} {height}"><g {font}>{"".join(parts)}{line}</g></svg>'


def _row(at: int, row: tuple[str, float, str], labels: float, zero: float, scale: float) -> str:
    name, value, text = row
    middle, length = _ROW * at + _ROW / 2 + 2, abs(value) * scale
    start = zero - (length if value < 0 else 0)
    colour = _ORANGE if value < 0 else _BLUE
    beside, anchor = (start - 6, "end") if value < 0 else (start + length + 6, "start")
    outline = f"M{start:.1f},{middle - _BAR / 2:.1f}h{length:.1f}v{_BAR}h{-length:.1f}z"
    return (
        _text(labels - 8, middle, "end", _cut(name, round((labels - 8) / _LETTER)))
        + f'<path d="{outline}" fill="{colour}"/>'
        + _text(beside, middle, anchor, text)
    )


def _text(x: float, y: float, anchor: str, text: str) -> str:
    place = f'x="{x:.1f}" y="{y + _SIZE / 3:.1f}" text-anchor="{anchor}" fill="{_INK}"'
    return f"<text {place}>{escape(text)}</text>"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
