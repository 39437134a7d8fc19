"""What would be published: two equal builds, readable by an index, running where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest
from worlds.places import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(find_spec(name) for name in ("build", "hatchling", "twine")),
        reason="build, hatchling and twine are not installed (extra 'release')",
    ),
]
MOMENT = "1767225600"


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What a command prints; it must succeed."""
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", **environment}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=quiet, capture_output=True, text=True, timeout=560
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(out: Path) -> dict[str, bytes]:
    """Name and bytes of what `python -m build` makes of this tree."""
    run(sys.executable, "-m", "build", "-q", "--no-isolation", "-o", out, ROOT, SOURCE_DATE_EPOCH=MOMENT)
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build(out)
    return out


def test_two_builds_are_equal_byte_by_byte(built: Path, tmp_path: Path) -> None:
    """sdist and wheel, at one SOURCE_DATE_EPOCH."""
    first = {path.name: path.read_bytes() for path in built.iterdir()}
    assert sorted(Path(name).suffix for name in first) == [".gz", ".whl"]
    assert build(tmp_path) == first


def test_an_index_can_read_the_description(built: Path) -> None:
    """README and metadata as twine reads them, warnings as errors."""
    told = run(sys.executable, "-m", "twine", "check", "--strict", *sorted(built.iterdir()))
    assert told.count("PASSED") == 2


def test_the_wheel_runs_in_an_environment_of_its_own(built: Path, tmp_path: Path) -> None:
    """What pipx does: a fresh environment, the wheel, its command. Needs an index for the dependencies."""
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = built.glob("*.whl")
    pip = [scripts / "python", "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=tmp_path, PYTHONPATH="")
    simlab = scripts / "simlab"
    assert run(simlab, "--version", cwd=tmp_path, PYTHONPATH="").strip()
    run(simlab, "init", "shop", cwd=tmp_path, PYTHONPATH="")
    study = tmp_path / "shop" / "study.toml"
    short = (
        study.read_text("utf-8").replace("replications = 200", "replications = 20").replace("= 364", "= 28")
    )
    study.write_text(short, encoding="utf-8")
    run(simlab, "simulate", study, "--out", "run", cwd=tmp_path, PYTHONPATH="")
    assert (tmp_path / "run" / "report.html").stat().st_size > 100_000
