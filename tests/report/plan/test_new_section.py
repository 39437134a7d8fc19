"""A stranger adds a section of the page by one file: the example of CONTRIBUTING, dropped into a copy."""

from __future__ import annotations

import re

import pytest
from worlds.fake_run import build_fake_run
from worlds.recipes import copy_with, python

PROGRAM = """
import sys
from pathlib import Path
from simlab.errors import InvalidInputError
from simlab.report.plan.folder import read_tables
from simlab.report.plan.html import page_html
from simlab.run import RunFolder
import pandas as pd

run = RunFolder.open(Path({folder!r}))
print(page_html(read_tables(run), set(), library=lambda: ""))
frame = pd.DataFrame({{"kind": ["never demanded"], "n_items": [3], "value": [1200.0]}})
frame.to_parquet(run.path / "results" / "dead_stock.parquet")
try:
    read_tables(run)
except InvalidInputError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return copy_with("A section of the page", folder=tmp_path_factory.mktemp("copy"))


def test_one_file_is_touched(copy):
    assert copy[1] == ["simlab/report/plan/sections/dead_stock.py"]


def test_the_file_alone_makes_the_section(copy, tmp_path):
    """In the menu, on the page in its place, and its columns are checked."""
    import pandas as pd

    run = build_fake_run(tmp_path, n_items=60)
    frame = pd.DataFrame({"kind": ["never demanded"], "n_items": [3], "units": [40], "value": [1200.0]})
    frame.to_parquet(run.path / "results" / "dead_stock.parquet")
    said = python(copy[0], PROGRAM.format(folder=str(run.path)))
    assert '<li><a href="#dead_stock">Dead stock</a></li>' in said
    section = re.search(r'<section id="dead_stock">.*?</section>', said, re.DOTALL)[0]
    assert "Stock of what never sells" in section
    assert "never demanded" in section
    assert "dead_stock.parquet" in said.split("E-RUN-006")[1]
    assert "units" in said.split("E-RUN-006")[1]
