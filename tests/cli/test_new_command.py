"""A stranger adds a command by two files: the example of CONTRIBUTING, dropped into a copy."""

from __future__ import annotations

from worlds.recipes import copy_with, python
from worlds.study import STUDY, write_study

PROGRAM = """
from typer.testing import CliRunner
from simlab.cli.app import app

print(CliRunner().invoke(app, ["--help"]).output)
print("== laws")
print(CliRunner().invoke(app, ["laws", {study!r}]).output)
"""


def test_two_files_make_the_command(tmp_path):
    """In the help, with its own line, and doing its work."""
    folder, touched = copy_with("A command**", folder=tmp_path / "copy")
    assert touched == ["simlab/api/data/law_counts.py", "simlab/cli/commands/laws.py"]
    study = write_study(tmp_path, STUDY)
    told, counted = python(folder, PROGRAM.format(study=str(study))).split("== laws")
    assert "laws       Count demand laws." in told
    names = {line.split()[1] for line in counted.strip().splitlines()}
    assert names <= {"poisson", "negative_binomial", "empirical", "intermittent", "renewal"}
    assert names
