"""Statements of a run: written once as a table, printed by the terminal and by the page alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TABLE = "statements"
MARKS = {"good": "✓", "bad": "✗", "open": "≈"}
"""Signs of states; "none" has none."""
ADVICE_BY_REPLAY = "advice by replay"
"""Key of an advice whose reason the headline tells, too."""


@dataclass(frozen=True)
class Statement:
    """A sentence and how it stands.

    Attributes
    ----------
    state : str
        "good", "bad", "open" (cannot be told, or not by every weight), or "none" (no verdict).
    title : str
        In short; empty for sentences that belong to a paragraph.
    text : str
        In full.
    key : str
        What it is about, for programs: "headline", "against uniform", "floor", …
    group : str
        "headline", "advice" (recommended or not), "comparison", "limit", "look" (to be looked at before
        one signs), "plan", "finance", "replay" or "note".
    """

    state: str
    title: str
    text: str
    key: str = ""
    group: str = ""

    @property
    def mark(self) -> str:
        """The sign of its state; empty for none."""
        return MARKS.get(self.state, "")

    @property
    def reason(self) -> str:
        """The text of an advice as a sentence of its own; empty where the headline has said it."""
        return "" if self.key == ADVICE_BY_REPLAY else f"{self.text[:1].upper()}{self.text[1:]}"

    @property
    def line(self) -> str:
        """All of it in one line; a title that is only the short form of a text stands aside for it."""
        if self.group == "look" and self.text and not self.title.endswith("."):
            return self.text
        return " ".join(part for part in (self.title, self.text) if part)


def plain(group: str, texts: Iterable[str]) -> tuple[Statement, ...]:
    """Sentences that are no verdict."""
    return tuple(Statement("none", "", text, "", group) for text in texts)


def lines(statements: Iterable[Statement]) -> tuple[str, ...]:
    """Every statement as a line of text."""
    return tuple(one.line for one in statements)


def statements_frame(statements: Iterable[Statement]) -> pd.DataFrame:
    """One row per statement: key, group, state, title, text."""
    import pandas as pd

    names = ["key", "group", "state", "title", "text"]
    return pd.DataFrame([asdict(one) for one in statements], columns=names, dtype="object")


def statements_of(frame: pd.DataFrame | None) -> tuple[Statement, ...]:
    """The statements of a run; none of a run that wrote no such table."""
    if frame is None:
        return ()
    rows = frame.to_dict("records")
    return tuple(Statement(r["state"], r["title"], r["text"], r["key"], r["group"]) for r in rows)
