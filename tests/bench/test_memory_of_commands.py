"""Memory of every command that sees all SKU-locations, at two sizes:

``pytest -m bench -s tests/bench/test_memory_of_commands.py`` (an hour of two cores; others by
``SIMLAB_SIZES=2000,10000``). Half a year by few replications: what is held does not grow with either.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from worlds.whole_runs import watched

pytestmark = pytest.mark.bench

SIZES = tuple(map(int, os.environ.get("SIMLAB_SIZES", "5000,40000").split(",")))
MOST = 85e3
"""Bytes of a SKU-location: what a contest takes, and little more."""
SHORT = {"periods = 104": "periods = 26", "replications = 50": "replications = 20"}
MORE = {
    "study": "",
    "scenarios": "[scenarios]\nlate = { lead_time = 1.3 }\nmore = { demand = 1.2 }\n",
    "redrawn": "[models]\nparameter_uncertainty = true\n",
}
RUN = "{place}/run-{n}"
COMMANDS = {
    "optimize": ["optimize", "{study}", "--out", RUN],
    "optimize, two scenarios": ["optimize", "{scenarios}", "--out", "{place}/scenarios-{n}"],
    "optimize, redrawn worlds": ["optimize", "{redrawn}", "--out", "{place}/redrawn-{n}"],
    "simulate": ["simulate", "{study}", "--out", "{place}/simulate-{n}"],
    "check": ["check", "{study}"],
    "optimize --dry-run": ["optimize", "{study}", "--dry-run"],
    "audit": ["audit", "{study}", "--out", "{place}/audit-{n}"],
    "gate": ["gate", "{study}", "--proposed", RUN, "--exit-zero", "--out", "{place}/gate-{n}"],
    "compare schemes": ["compare", "schemes", "{study}", "--seeds", "1", "--out", "{place}/schemes-{n}"],
    "compare policies": ["compare", "policies", "{study}"],
    "compare runs": ["compare", "runs", RUN, "{place}/scenarios-{n}"],
    "trace": ["trace", RUN, "{item}"],
    "orders": ["orders", RUN, "--out", "{place}/orders-{n}"],
    "export": ["export", RUN, "--for", "odoo17", "--out", "{place}/export-{n}"],
    "report --excel": ["report", RUN, "--excel"],
    "verify --no-again": ["verify", RUN, "--no-again"],
    "verify --again": ["verify", RUN, "--again"],
    "pack": ["pack", RUN, "--out", "{place}/pack-{n}.zip"],
}
"""What is measured → words; runs before what reads them."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("memory")


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The table, printed at the end."""
    found = [f"| | {' | '.join(f'{n:,}' for n in SIZES)} | a SKU-location |", "| --- | --- | --- | --- |"]
    yield found
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + "\n".join(found))


def studies(place: Path, n: int) -> dict[str, str]:
    """The studies of one size, and one of its SKU-locations."""
    folder = place / f"study-{n}"
    if not folder.is_dir():
        words = [sys.executable, "-m", "simlab", "init", str(folder), "--scale", str(n)]
        subprocess.run(words, check=True, capture_output=True)
        text = (folder / "study.toml").read_text("utf-8")
        for old, new in SHORT.items():
            assert old in text
            text = text.replace(old, new)
        for name, more in MORE.items():
            (folder / f"{name}.toml").write_text(f"{text}\n{more}", "utf-8")
    first = pq.read_table(folder / "items.parquet", columns=["sku", "location"]).slice(0, 1).to_pylist()[0]
    item = f"{first['sku']}@{first['location']}"
    others = {"item": item, "n": str(n), "place": str(place)}
    return {name: str(folder / f"{name}.toml") for name in MORE} | others


@pytest.mark.parametrize("what", COMMANDS)
def test_memory(rows: list[str], place: Path, what: str) -> None:
    """Peak of all processes of a command."""
    found = []
    for n in SIZES:
        words = [word.format(**studies(place, n)) for word in COMMANDS[what]]
        found.append(watched([sys.executable, "-m", "simlab", *words], place).gigabytes)
    each = 1e9 * (found[-1] - found[0]) / (SIZES[-1] - SIZES[0])
    rows.append(f"| {what} | {' | '.join(f'{one:.2f} GB' for one in found)} | {each / 1e3:.1f} kB |")
    sys.stderr.write(rows[-1] + "\n")
    assert each < MOST
