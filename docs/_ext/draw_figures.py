"""Draw the figures of the recipes: `python docs/_ext/draw_figures.py`.

Runs every Python block of recipes.md from top to bottom on a small part of the demo and saves what ends in a
picture as figures/<heading>.svg. Committed, so that the site builds without running anything.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl

DOCS = Path(__file__).parents[1]
sys.path.insert(0, str(DOCS.parent))
mpl.use("agg")
mpl.rcParams["svg.hashsalt"] = "simlab"
_BLOCK = re.compile(r"^## (?P<title>.+?)$|^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def slug(title: str) -> str:
    """Heading as file name: "Which ordering rule?" is which_ordering_rule."""
    return "_".join(re.findall(r"[a-z0-9]+", title.lower()))


def blocks(text: str) -> list[tuple[str, str]]:
    """Heading and code of every Python block, in order."""
    found, title = [], ""
    for match in _BLOCK.finditer(text):
        title = match["title"] or title
        if match["code"]:
            found.append((title, match["code"]))
    return found


def value_of(code: str, scope: dict[str, Any]) -> Any:
    """Run a block; the value of its last line where that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "recipes.md", "exec"), scope)
    return None if last is None else eval(compile(ast.Expression(last.value), "recipes.md", "eval"), scope)


def draw(folder: Path, n_skus: int | None = 60) -> list[Path]:
    """Save the figures; `n_skus`: how much of the demo, None for all of it."""
    import simlab as sl

    sl.demo = partial(sl.demo, n_skus=n_skus)
    scope: dict[str, Any] = {}
    folder.mkdir(exist_ok=True)
    drawn = []
    for title, code in blocks((DOCS / "recipes.md").read_text("utf-8")):
        shown = value_of(code, scope)
        if hasattr(shown, "savefig"):
            path = folder / f"{slug(title)}.svg"
            shown.savefig(path, metadata={"Date": None})
            drawn.append(path)
    return drawn


if __name__ == "__main__":
    for path in draw(DOCS / "figures"):
        sys.stdout.write(f"{path.relative_to(DOCS)}\n")
