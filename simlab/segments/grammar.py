"""Conditions on columns, as planners write them: ``lead_time > 30 and criticality == 'A'``.

Known are columns, numbers, quoted words, ``and or not``, parentheses, ``== != < <= > >=``, chains such as
``10 < lead_time <= 30`` and ``in`` with a list. Nothing is ever executed: the text is parsed, checked
against this list and walked over arrays.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simlab.arrays import BoolArray
from simlab.errors import InvalidInputError, did_you_mean
from simlab.segments.scheme import SchemeInput

_MOST_CHARACTERS = 2000
_MOST_DEPTH = 40
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_GRAMMAR = "write conditions such as: lead_time > 30 and criticality == 'A'"


@dataclass(frozen=True)
class _Column:
    name: str


_Operand = _Column | float | str


def holds(condition: str, data: SchemeInput) -> BoolArray:
    """(n,) for which SKU-locations a condition holds.

    Parameters
    ----------
    condition : str
        In the grammar of this module.
    data : SchemeInput
        Where the columns come from; a column with gaps is refused.

    Raises
    ------
    InvalidInputError
        The condition is not in the grammar, names an unknown column, or compares a number with a word.
    """
    return _walk(_parsed(condition, data), data, 0)


def _parsed(condition: str, data: SchemeInput) -> ast.expr:
    if len(condition) > _MOST_CHARACTERS:
        raise _refuse(data, f"the condition has {len(condition)} characters, at most {_MOST_CHARACTERS} work")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(condition.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refuse(data, f"cannot read the condition {condition!r}") from None


def _walk(node: ast.expr, data: SchemeInput, depth: int) -> BoolArray:
    """Truth of a condition per row; anything but and, or, not and comparisons is refused."""
    if depth > _MOST_DEPTH:
        raise _refuse(data, "the condition is nested too deeply")
    if isinstance(node, ast.BoolOp):
        parts = [_walk(part, data, depth + 1) for part in node.values]
        together = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return np.asarray(together.reduce(parts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_walk(node.operand, data, depth + 1)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        result = np.ones(data.n_items, dtype=np.bool_)
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            result &= _compared(left, op, right, data)
        return result
    raise _refuse(data, f"'{_shown(node)}' is not a condition")


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr, data: SchemeInput) -> BoolArray:
    if isinstance(op, ast.In | ast.NotIn):
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            raise _refuse(data, f"after 'in' comes a list such as ['A', 'B'], not '{_shown(right)}'")
        column = _operand(left, data)
        found = [_pair(operator.eq, column, _operand(entry, data), data) for entry in right.elts]
        member = np.asarray(np.logical_or.reduce(found))
        return member if isinstance(op, ast.In) else ~member
    compare = _COMPARE.get(type(op))
    if compare is None:
        raise _refuse(data, f"'{_shown(left)} … {_shown(right)}' compares in a way that is not known")
    return _pair(compare, _operand(left, data), _operand(right, data), data)


def _operand(node: ast.expr, data: SchemeInput) -> _Operand:
    """A column, a number or a word."""
    if isinstance(node, ast.Name):
        return _Column(_known(node.id, data))
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
        node = node.operand
        if not (isinstance(node, ast.Constant) and _is_number(node.value)):
            raise _refuse(data, f"a sign belongs before a number, not before '{_shown(node)}'")
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            return node.value
        if _is_number(node.value):
            return sign * _plain(node.value, data)
    raise _refuse(data, f"'{_shown(node)}' is neither a column nor a number nor a quoted word")


def _plain(value: Any, data: SchemeInput) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _refuse(data, "a number in the condition is too large")
    return number


def _pair(
    compare: Callable[[Any, Any], Any], left: _Operand, right: _Operand, data: SchemeInput
) -> BoolArray:
    """Compare two operands of one kind; words only for equality."""
    if not isinstance(left, _Column) and not isinstance(right, _Column):
        raise _refuse(data, f"'{left}' and '{right}' are both fixed: one side must be a column")
    words = _is_word(left, right, data)
    if words and compare not in (operator.eq, operator.ne):
        raise _refuse(data, "words can be compared by == and != only")
    one, other = _values(left, words, data), _values(right, words, data)
    return np.broadcast_to(np.asarray(compare(one, other), dtype=np.bool_), (data.n_items,))


def _is_word(left: _Operand, right: _Operand, data: SchemeInput) -> bool:
    """Whether two operands are compared as words; a number against a word is refused."""
    kinds = [_kinds(side, data) for side in (left, right)]
    common = kinds[0] & kinds[1]
    if not common:
        names = [side.name if isinstance(side, _Column) else repr(side) for side in (left, right)]
        raise _refuse(
            data, f"{names[0]} and {names[1]} cannot be compared: one is a number, the other a word"
        )
    return "number" not in common


def _kinds(side: _Operand, data: SchemeInput) -> set[str]:
    if isinstance(side, _Column):
        kinds = {"number"} if side.name in data.numbers else set()
        return kinds | ({"word"} if side.name in data.texts or side.name in ("sku", "location") else set())
    return {"word"} if isinstance(side, str) else {"number"}


def _values(side: _Operand, words: bool, data: SchemeInput) -> Any:
    if not isinstance(side, _Column):
        return side
    return data.text(side.name).astype(str) if words else data.number(side.name)


def _known(name: str, data: SchemeInput) -> str:
    names = ["sku", "location", *data.numbers, *data.texts]
    if name in names:
        return name
    hint = did_you_mean(name, names)
    quoted = f"a word needs quotes: '{name}'"
    raise _refuse(data, f"no column is called '{name}'", f"{hint} {quoted}".strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError):
        return "…"
    return text if len(text) <= 60 else text[:57] + "…"


def _refuse(data: SchemeInput, message: str, fix: str = _GRAMMAR) -> InvalidInputError:
    return data.refuse("E-SEG-030", message, fix)
