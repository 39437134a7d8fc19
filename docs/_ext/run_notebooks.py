"""Run the notebooks and store them with their outputs: `python docs/_ext/run_notebooks.py [NAME …]`.

notebooks/*.ipynb stay as they are, without outputs; docs/notebooks/ has copies that the site shows without
running anything. What is stored is what a reader sees: no times, no counters of a machine, no paths of it.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
SHOWN = ROOT / "docs" / "notebooks"
_KINDS = ("image/png", "text/html", "text/plain")
_PATHS = re.compile(r"(?:/(?:tmp|home|root|work|Users|var)|[A-Z]:\\)[^\s'\"<>)]*[/\\]")


def run(path: Path) -> nbformat.NotebookNode:
    """The notebook after its last cell, in a folder of its own."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": folder}}).execute()
    return notebook


def stripped(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with what a reader sees of its outputs, and nothing of the machine."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [_shown(output) for output in cell.outputs if output.get("name") != "stderr"]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    return notebook


def _shown(output: Any) -> Any:
    output.pop("metadata", None)
    if "data" in output:
        kind = next((one for one in _KINDS if one in output.data), None)
        output.data = {} if kind is None else {kind: output.data[kind]}
        output.metadata = {}
        if kind in ("text/html", "text/plain"):
            output.data[kind] = _PATHS.sub("", output.data[kind])
    elif "text" in output:
        output.text = _PATHS.sub("", output.text)
    return output


def main(names: list[str]) -> None:
    """Run the named notebooks, or all."""
    SHOWN.mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not names or path.stem in names:
            nbformat.write(stripped(run(path)), SHOWN / path.name)
            sys.stdout.write(f"{path.name} {(SHOWN / path.name).stat().st_size // 1000} kB\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
