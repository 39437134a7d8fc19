"""Words that buyers read: no private dialect in documents, messages, titles and docstrings."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.places import ROOT

import simlab

PACKAGE = Path(simlab.__file__).parent

# What is not said, and what is said instead.
INSTEAD = {
    r"hangs? (?:on|together)": "depends on, belongs together",
    r"orders (?:then )?under way": "on order, in transit",
    r"told apart": "distinguishable",
    r"mend": "correct",
    r"dear|dearer|as dear as": "expensive, costs more",
    r"befalls?": "happens to",
    r"held against": "compared with",
    r"told on as": "reported as",
    r"rarer than they sold": "less often than they sold",
}
PATTERN = re.compile("|".join(rf"\b(?:{words})\b" for words in INSTEAD), re.IGNORECASE)


def documents() -> Iterator[tuple[str, str]]:
    """Name and text of everything that is read as text."""
    paths = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/*/README.md")]
    paths += [*PACKAGE.rglob("*.toml"), *PACKAGE.rglob("*.html")]
    for path in sorted(paths):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        yield path.relative_to(ROOT).as_posix(), "\n".join("".join(cell["source"]) for cell in cells)


def texts_of(source: str) -> Iterator[str]:
    """Docstrings and texts of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def found_in(name: str, text: str) -> list[str]:
    return [f"{name}: {match.group()}" for match in PATTERN.finditer(text)]


def test_documents_say_it_in_the_words_of_the_field() -> None:
    assert [one for name, text in documents() for one in found_in(name, text)] == []


def test_messages_titles_and_docstrings_say_it_in_the_words_of_the_field() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    found = [
        one
        for path in paths
        for text in texts_of(path.read_text("utf-8"))
        if " " in text
        for one in found_in(path.relative_to(PACKAGE).as_posix(), text)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["demand hangs on its past", "Mend the column", "dearer than uniform"])
def test_a_word_is_seen(text: str) -> None:
    assert len(found_in("here", text)) == 1
