"""Rooms that show or judge results read keys and numbers; what was written for people is not searched."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import simlab

PACKAGE = Path(simlab.__file__).parent
SHOW = ("report", "cli")
READERS = (*SHOW, "api", "verdict", "segments", "policies", "frontier")

SEARCHES = frozenset(
    {
        "contains",
        "count",
        "endswith",
        "extract",
        "find",
        "findall",
        "fullmatch",
        "index",
        "match",
        "partition",
    }
    | {"removeprefix", "removesuffix", "rfind", "rpartition", "rsplit", "search", "split", "startswith"}
)

# Patterns that are matched against what is no sentence of a run, each with its reason.
PATTERNS = {
    "report/kit/sheet.py": "ids inside a drawing",
    "report/kit/shell.py": "amounts of money, which stand right in a column",
    "report/plan/items/bundle.py": "exports of a script",
    "report/plan/what_if/study.py": "lines of the user's study file",
    "report/book/rows.py": "what a workbook takes for a code or drops as a blank, in any text of a cell",
    "cli/say.py": "the head of a message, which gets its colour",
    "cli/tables.py": "a currency and its amount, between which no line ends",
}

# Words with a space that are searched for, each with its reason.
WORDS = {
    ("report/plan/items/bundle.py", " as "): "exports of a script",
    ("api/checks/reading.py", " and "): "two options at one place of a study file",
    ("api/data/moved_defaults.py", "[optimize] "): "a line of a study file, of its own table of lines",
    ("api/finance/finance.py", " from"): "the heading of a column of its own table",
    ("report/plan/statements.py", " vs "): "names of two plans, in runs up to 0.2.0",
}


def is_sentence(text: object) -> bool:
    """Whether a text that is searched for has words: a space between or beside letters."""
    return isinstance(text, str) and " " in text.strip(",;:") and any(sign.isalpha() for sign in text)


def constants(tree: ast.AST) -> dict[str, ast.expr]:
    """Values of plain assignments, by name."""
    single = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and len(node.targets) == 1]
    return {node.targets[0].id: node.value for node in single if isinstance(node.targets[0], ast.Name)}


def words_of(node: ast.expr, known: dict[str, ast.expr]) -> Iterator[str]:
    """Texts with words that an argument stands for."""
    node = known.get(node.id, node) if isinstance(node, ast.Name) else node
    for one in node.elts if isinstance(node, ast.Tuple) else [node]:
        if isinstance(one, ast.Constant) and is_sentence(one.value):
            yield str(one.value)


def searched(tree: ast.AST) -> Iterator[str]:
    """Texts with words that a source looks for in other texts."""
    known = constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SEARCHES:
            for argument in node.args:
                yield from words_of(argument, known)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            into = node.comparators[0]
            if not isinstance(into, ast.Tuple | ast.List | ast.Set | ast.Dict):
                yield from words_of(node.left, known)


def uses_patterns(tree: ast.AST) -> bool:
    names = [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
    return "re" in names


def sources(rooms: tuple[str, ...] = READERS) -> dict[str, ast.Module]:
    paths = [path for room in rooms for path in sorted((PACKAGE / room).rglob("*.py"))]
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def test_no_sentence_is_searched() -> None:
    """A reason, a note or a statement may be worded anew without a page that loses a line."""
    found = {(where, text) for where, tree in sources().items() for text in searched(tree)}
    assert found == set(WORDS)


def test_report_and_terminal_match_patterns_only_where_no_sentence_stands() -> None:
    assert {where for where, tree in sources(SHOW).items() if uses_patterns(tree)} == set(PATTERNS)


@pytest.mark.parametrize(
    "source",
    [
        'text.startswith("All together")',
        'rows["reason"].str.contains("rate as of comparable items")',
        '"too wide for" in reason',
        'line.endswith(("makes one class", "x"))',
        'name.partition(" where ")',
        'HEAD = "Segments whose"\nline.startswith(HEAD)',
    ],
)
def test_a_search_is_seen(source: str) -> None:
    assert len(list(searched(ast.parse(source)))) == 1


def test_keys_may_be_looked_for() -> None:
    keys = 'name.startswith("served_"); "demand_grounds" in items; x in ("hold back", "go"); text.split(" ")'
    assert list(searched(ast.parse(keys))) == []
