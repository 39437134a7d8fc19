"""Notebooks run from the first cell to the last, and stay what they are: short walks on the public API."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from worlds.places import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_a_walk_not_a_program(path: Path) -> None:
    """It imports only simlab, defines nothing, is stored without outputs, ends with what was seen."""
    notebook = read(path)
    nodes = list(ast.walk(ast.parse(code_of(notebook))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} == {"simlab"}
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in nodes)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert re.match(r"\*\*What was seen:\*\* .+\.\)?$", notebook.cells[-1].source, re.DOTALL)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_site_shows_this_notebook_with_small_outputs_and_nothing_of_a_machine(path: Path) -> None:
    """`python docs/_ext/run_notebooks.py` stores them: the same cells, run."""
    shown = ROOT / "docs" / "notebooks" / path.name
    text = shown.read_text("utf-8")
    assert [cell.source for cell in read(shown).cells] == [cell.source for cell in read(path).cells]
    assert len(text) < 300_000
    assert not re.findall(r"/(?:tmp|home|root|work|Users|var)/", text)
    code = [cell for cell in read(shown).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


RUN = [
    pytest.param(NOTEBOOKS[0], {"sl.demo()": "sl.demo(n_skus=12)"}, id="first-small"),
    *(pytest.param(path, {}, id=path.stem, marks=pytest.mark.slow) for path in NOTEBOOKS),
]


@pytest.mark.parametrize(("path", "changes"), RUN)
def test_notebook_runs(path: Path, changes: dict[str, str], tmp_path: Path) -> None:
    """A newcomer who presses "run all" sees no error and no warning; by default on a small assortment."""
    notebook = read(path)
    for cell in notebook.cells:
        for old, new in changes.items():
            cell.source = cell.source.replace(old, new)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert any("image/png" in output.get("data", {}) for output in outputs)
