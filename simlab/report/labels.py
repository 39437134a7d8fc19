"""Where the names of points go, so that they cover neither each other nor the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Box = tuple[float, float, float, float]

_CHARACTER, _LINE = 7.2, 16.0


@dataclass(frozen=True)
class Label:
    """Where a name stands relative to its point: text alignment and shift in pixels (y downwards)."""

    align: Literal["left", "right"]
    dx: float
    dy: float


_SHIFTS = (0.0, -15.0, 15.0, -30.0, 30.0)
_SIDES = (*(Label("left", 11.0, dy) for dy in _SHIFTS), *(Label("right", -11.0, dy) for dy in _SHIFTS))


def place_labels(
    points: Sequence[Point], names: Sequence[str], curve: Sequence[Point], *, width: float
) -> list[Label]:
    """The side of each point at which its name collides least, taken greedily in order.

    Parameters
    ----------
    points, curve : sequence of (x, y)
        Pixels, y downwards: the points to name and the points of the lines to keep free.
    width : float
        Width of the chart, in pixels; no name should end beyond it.
    """
    placed: list[Box] = []
    labels = []
    for point, name in zip(points, names, strict=True):
        others = [p for p in points if p != point]
        boxes = [_box(point, name, side) for side in _SIDES]
        scores = [_score(box, placed, others, curve, width) + 0.1 * k for k, box in enumerate(boxes)]
        best = scores.index(min(scores))
        placed.append(boxes[best])
        labels.append(_SIDES[best])
    return labels


def _box(point: Point, name: str, side: Label) -> Box:
    length = _CHARACTER * len(name)
    x0 = point[0] + side.dx - (length if side.align == "right" else 0.0)
    y0 = point[1] + side.dy - _LINE / 2
    return (x0, y0, x0 + length, y0 + _LINE)


def _score(
    box: Box, placed: Sequence[Box], others: Sequence[Point], curve: Sequence[Point], width: float
) -> float:
    outside = 200.0 * (box[0] < 0 or box[2] > width)
    covered = 100.0 * sum(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in placed)
    hidden = 60.0 * sum(_inside(p, box) for p in others)
    return outside + covered + hidden + 4.0 * sum(_inside(p, box) for p in curve)


def _inside(point: Point, box: Box) -> bool:
    return box[0] - 6 <= point[0] <= box[2] + 6 and box[1] - 4 <= point[1] <= box[3] + 4
