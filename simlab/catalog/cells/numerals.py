"""Our own grammar of numbers: what a cell must look like to be one, and what to do if it does not.

``float`` reads ``1_2``, ``١٢`` and ``nan``; here they are mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from simlab.catalog import findings as found
from simlab.catalog.cells.text import NOTHING_SAID

BLANKS = " \t\u00a0\u202f"


@dataclass(frozen=True)
class Fault:
    """Why a cell is refused: number of the problem's code, sentence, likely fix."""

    number: int
    message: str
    fix: str = ""


@dataclass(frozen=True)
class Notation:
    """How a table writes numbers.

    Attributes
    ----------
    decimal : str
        "." or ",".
    thousands : str
        Sign between groups of three digits; empty: none.
    proved : bool
        The decimal sign was proved by the cells, not declared.
    declared : bool
        The study says the signs itself.
    """

    decimal: str = "."
    thousands: str = ""
    proved: bool = False
    declared: bool = False


PLAIN: Final = Notation()
_COMMA_DECIMAL = re.compile(r"[+-]?[0-9]+,[0-9]+")
_OF_COMMANDS = frozenset({"current", "stock", "plan", "day_demand", "day_receipts"})
_COMMA_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+")
GROUPS = 'decimal = "," and thousands = "."'
"""Where points may stand between thousands: 1.234."""
_POINT_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?")
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_BLANK_GROUPS = re.compile(rf"[+-]?[0-9]{{1,3}}(?:[{BLANKS}][0-9]{{3}})+")
_PERCENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?\s*%")
_BRACKETS = re.compile(r"\([0-9.,]+\)|[0-9.,]+-")


def pattern(notation: Notation) -> re.Pattern[str]:
    """Regular expression of a whole number cell."""
    digits = "[0-9]+"
    if notation.thousands:
        sign = re.escape(notation.thousands)
        if notation.thousands == " ":
            sign = f"[{BLANKS}]"
        digits = f"(?:[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+|[0-9]+)"
    decimal = re.escape(notation.decimal)
    return re.compile(f"[+-]?(?:{digits}(?:{decimal}[0-9]+)?|{decimal}[0-9]+)")


def number_of(cell: str, notation: Notation, grammar: re.Pattern[str]) -> Decimal | None:
    """The number a cell writes; None if it writes none."""
    text = cell.strip(BLANKS)
    if grammar.fullmatch(text) is None:
        return None
    if notation.thousands:
        signs = BLANKS if notation.thousands == " " else notation.thousands
        text = text.translate({ord(sign): None for sign in signs})
    return Decimal(text.replace(",", ".") if notation.decimal == "," else text)


def says_nothing(cell: str) -> bool:
    """Whether a cell is one of the usual ways to write that a value is not known."""
    return cell.strip(BLANKS).lower() in NOTHING_SAID


def not_a_number(cell: str, table: str, notation: Notation) -> Fault:
    """The fault of a cell that is not a number, with the remedy that its looks suggest."""
    return Fault(
        found.NOT_A_NUMBER, f"{cell!r} is not a plain number", _remedy(cell.strip(BLANKS), table, notation)
    )


def declare(words: str, table: str) -> str:
    """The remedy of a notation that a study can declare; tables of a command have no section there."""
    if table in _OF_COMMANDS:
        return "fix the cell: digits, and '.' before decimals"
    return f"declare {words} under [data.{table}], or fix the cell"


def _remedy(text: str, table: str, notation: Notation) -> str:
    if says_nothing(text):
        return "leave the cell empty where nothing is known"
    if _COMMA_GROUPS.fullmatch(text) and notation.decimal == ".":
        return declare('thousands = ","', table)
    if _COMMA_DECIMAL.fullmatch(text) and notation.decimal == ".":
        return declare('decimal = ","', table)
    if _POINT_GROUPS.fullmatch(text):
        return declare(GROUPS, table)
    if _BLANK_GROUPS.fullmatch(text):
        return declare('thousands = " "', table)
    if _PERCENT.fullmatch(text):
        return "write a fraction, such as 0.20 for 20%"
    if _EXPONENT.fullmatch(text):
        return "write the number out, without an exponent"
    if _BRACKETS.fullmatch(text):
        return "write a minus sign before the number"
    if any(ch.isdigit() and not ch.isascii() for ch in text):
        return "use the digits 0 to 9"
    return f"digits with {notation.decimal!r} as decimal sign are allowed, nothing else"


def grouped(cell: str) -> bool:
    """Whether a cell may be one with points between its thousands: 1.234."""
    return _POINT_GROUPS.fullmatch(cell.strip(BLANKS)) is not None


def one_or_a_thousand(cells: Iterable[str], notation: Notation) -> frozenset[str]:
    """Cells of a column of whole numbers that may be 1 or 1000: 1.000 where others have no decimals.

    Programs that write three decimals write them in every cell.
    """
    if notation.declared:
        return frozenset()
    texts = [cell.strip(BLANKS) for cell in cells]
    groups = re.compile(rf"[+-]?[1-9][0-9]{{0,2}}{re.escape(notation.decimal)}000")
    if all(notation.decimal in text for text in texts if text):
        return frozenset()
    return frozenset(text for text in texts if groups.fullmatch(text))


def which_of_both(cell: str, table: str, notation: Notation) -> Fault:
    """The fault of a cell that `one_or_a_thousand` has found."""
    sign, other = notation.decimal, "," if notation.decimal == "." else "."
    one, thousand = cell.split(sign)[0], cell.replace(sign, "")
    message = f"{cell!r} may be {one} or {thousand}: other cells of the column have no decimals"
    if table in _OF_COMMANDS:
        return Fault(found.NOT_A_NUMBER, message, f"write {one} or {thousand}")
    says = f'decimal = "{other}" and thousands = "{sign}" under [data.{table}] if it is {thousand}'
    return Fault(found.NOT_A_NUMBER, message, f'declare {says}, decimal = "{sign}" if it is {one}')


def notation_of(cells: Iterable[str], *, decimal: str, thousands: str, declared: bool) -> Notation:
    """The notation of a table: the declared one, or decimal commas where the cells prove them.

    Proved: no cell has a decimal point, every cell that is not a plain number is one with a decimal comma,
    and at least one of them cannot be groups of thousands.

    Parameters
    ----------
    cells : iterable of str
        Distinct cells of all numeric columns.
    decimal, thousands : str
        Of the study.
    declared : bool
        Whether the study says either of them itself.
    """
    if declared:
        return Notation(decimal, thousands, declared=True)
    plain = pattern(PLAIN)
    proof = False
    for cell in cells:
        text = cell.strip(BLANKS)
        if plain.fullmatch(text):
            if "." in text:
                return Notation(decimal, thousands)
        elif _COMMA_DECIMAL.fullmatch(text):
            proof = proof or _COMMA_GROUPS.fullmatch(text) is None
        elif not says_nothing(text):
            return Notation(decimal, thousands)
    return Notation(",", "", proved=True) if proof else Notation(decimal, thousands)
