"""Workbooks of commands that have no run of their own: the tables of their page, sheet by sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simlab.measures.words import TABS
from simlab.report.book.sheet import Block, Sheet
from simlab.report.book.trust import readme_sheet
from simlab.report.book.writing import Titles, workbook_bytes

if TYPE_CHECKING:
    from simlab.report.lists import Shown

_TAB = {tab.id: tab for tab in TABS}
_MADE = "Cells hold the numbers of the CSV files beside this workbook."


def lists_book(
    question: str, facts: Mapping[str, Any], said: Sequence[str], tables: Sequence[Shown], titles: Titles
) -> bytes:
    """The bytes of a workbook with one sheet per tab; sentences on the first.

    Parameters
    ----------
    question : str
        What the workbook answers.
    facts : mapping of str to object
        As of the page: `command`, `currency`, `period`, `as_of`.
    """
    by_tab: dict[str, list[Shown]] = {}
    for one in tables:
        if not one.frame.empty:
            by_tab.setdefault(one.tab, []).append(one)
    first = Sheet(_TAB["decision"].sheet, question, _blocks(by_tab.pop("decision", [])), tuple(said))
    rest = [
        Sheet(_TAB[tab].sheet, " · ".join(one.title for one in shown), _blocks(shown), frozen=2)
        for tab in _TAB
        if (shown := by_tab.get(tab))
    ]
    sheets = [first, *rest]
    return workbook_bytes([readme_sheet(sheets, facts, (_MADE,)), *sheets], titles)


def _blocks(tables: Sequence[Shown]) -> tuple[Block, ...]:
    return tuple(Block(f"{one.tab}-{place}", one.title, one.frame) for place, one in enumerate(tables))
