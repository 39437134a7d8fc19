"""Why models were taken, counted over SKU-locations: what the single reasons have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ground:
    """Something that a reason may say.

    Attributes
    ----------
    sign : str
        What stands in the reason of a SKU-location that has it (`models/demand/reasons.py`).
    text : str
        What a reader of the page is told.
    """

    sign: re.Pattern[str]
    text: str


def _ground(sign: str, text: str) -> Ground:
    return Ground(re.compile(sign), text)


GROUNDS = (
    _ground(r"your forecast", "your forecast and its error"),
    _ground(r"all without demand", "no demand in the history"),
    _ground(r"too wide for any other law", "varies too much for any other model"),
    _ground(
        r"score of \d+ \w+ out of sample", "predicted best what was left out of the fit, like items together"
    ),
    _ground(r"intervals vary less than chance", "time between sales varies less than chance"),
    _ground(r"rate as of comparable items", "rate partly that of comparable items: few sales"),
    _ground(r"% pooled", "size of orders partly that of comparable items"),
    _ground(r"half-life", "recent periods count more"),
    _ground(r"in multiples of", "in multiples of a pack"),
)
_DIGITS = re.compile(r"\d[\d.,]*\d|\d")
Counted = list[tuple[str, int]]


def grounds(reasons: Iterable[object]) -> Counted:
    """How many reasons say what, the most frequent first; those that say nothing known as patterns."""
    counts, others = Counter[str](), list[str]()
    for reason in map(_text, reasons):
        said = [one.text for one in GROUNDS if one.sign.search(reason)]
        counts.update(said)
        if not said:
            others.append(reason)
    return [*counts.most_common(), *patterns(others, most=3)]


def patterns(reasons: Iterable[object], most: int) -> Counted:
    """The most frequent reasons; of those that differ in their numbers alone, one with the range of each."""
    counts, texts = Counter[str](), dict[str, set[str]]()
    for reason, n in Counter(map(_text, reasons)).items():
        pattern = _DIGITS.sub("…", reason)
        counts[pattern] += n
        texts.setdefault(pattern, set()).add(reason)
    common = counts.most_common(most)
    shown = [(_spread(sorted(texts[pattern])), n) for pattern, n in common]
    rest = sum(counts.values()) - sum(n for _, n in common)
    return [*shown, ("other reasons", rest)] if rest else shown


def _text(reason: object) -> str:
    return reason if isinstance(reason, str) else "not stated"


def _spread(texts: list[str]) -> str:
    """Texts that differ in their numbers, as one: ``items.lead_time = 7 to 56 days``."""
    if len(texts) == 1:
        return texts[0]
    numbers = [_DIGITS.findall(text) for text in texts]
    ranges = iter([_range(column) for column in zip(*numbers, strict=True)])
    return _DIGITS.sub(lambda _: next(ranges), texts[0])


def _range(numbers: Iterable[str]) -> str:
    ordered = sorted(set(numbers), key=lambda text: float(text.replace(",", "")))
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"
