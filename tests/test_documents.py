"""What the documents promise is what the project does."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from worlds.places import ROOT

import simlab
from simlab.cli.app import app
from simlab.segments.scheme import SchemeInput, known_schemes


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("name", ["demo", "test"])
def test_readme_commands_are_one_line_each(name: str) -> None:
    """CI runs the line after the marker, literally; a newcomer copies the same one."""
    block = re.search(rf"<!-- command: {name} -->\n```sh\n(.*?)```", text_of("README.md"), re.DOTALL)
    assert block is not None
    lines = block[1].splitlines()
    assert len(lines) == 1
    assert "-c constraints.txt" in lines[0]


def test_readme_shows_every_command() -> None:
    """The tour misses no command and shows none that does not exist."""
    tour = text_of("README.md").split("## Sixty seconds on the command line")[1].split("```")[1]
    shown = set(re.findall(r"^simlab (\w+)", tour, re.MULTILINE))
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    assert shown | {"demo"} == known


def test_constraints_are_names_and_versions_only() -> None:
    """No address, no path, nothing twice."""
    lines = [line for line in text_of("constraints.txt").splitlines() if not line.startswith("#")]
    pins = [re.fullmatch(r"([A-Za-z0-9._-]+)==[0-9][A-Za-z0-9.]*", line) for line in lines]
    assert all(pins)
    names = [pin[1].lower().replace("_", "-") for pin in pins if pin]
    assert sorted(set(names)) == sorted(names)


def test_the_version_is_said_once() -> None:
    """README, citation and package name the same version."""
    assert f"version {simlab.__version__}" in text_of("README.md")
    assert f'version: "{simlab.__version__}"' in text_of("CITATION.cff")


def test_the_scheme_of_contributing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows the instructions gets a scheme that sorts."""
    register = sys.modules[SchemeInput.__module__]
    monkeypatch.setattr(register, "_SCHEMES", dict(known_schemes()))
    code = text_of("CONTRIBUTING.md").split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {"__name__": "bulk"}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    found = known_schemes()["bulk"]
    volume = np.array([0.005, 0.05, 0.5])
    data = SchemeInput(("a", "b", "c"), ("x",) * 3, {"unit_volume": volume}, {}, found.options, "bulk")
    classes = found.function(data)
    assert [classes.labels[code] for code in classes.codes] == ["S", "M", "L"]
