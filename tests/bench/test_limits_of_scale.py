"""Every limit of "Speed and size" beside what was measured, in one command:

``SIMLAB_YARDSTICK=<folder of peer_c.py> pytest -m bench -s tests/bench/test_limits_of_scale.py``

Half an hour of two idle cores and 3 GB beside the scratch folder; `-k "first or help"` for some of them,
`SIMLAB_MILLION=1` for a million SKU-locations, too (an hour). What the engine itself is held to stands in
`test_speed_table.py`. Limits are told, not asserted: they are those of an idle machine, so every row says the
load that it began at and CPU seconds. A second table says what the seconds are made of: by stage, by who
computed (the main thread, other threads, copies of the process), by module (`worlds/profiled.py`).
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from worlds.profiled import BY_FUNCTION, BY_SAMPLES, added, arguments, by_stage
from worlds.whole_runs import BY_CLOCK, Run, run, watched

from simlab.execution import Workers, run_curves
from simlab.execution.backends.spread import close_pools
from simlab.execution.blocks import BY_SLOT, curves_of_block, shapes_of
from simlab.execution.kept import Apart
from simlab.selfcheck import speed

pytestmark = pytest.mark.bench

TIMES, PLUS = 2.5, 5.0
"""Whole run ≤ 2.5 × core + 5 s."""
WHOLE = {"demo": (6.0, 0.7), "30000": (18.0, 1.2), "100000": (60.0, 2.0), "1000000": (900.0, 4.0)}
"""Seconds on two idle cores, and GB of the process tree."""
FIRST, COMPILING, HELP, GENERATOR = 40.0, 50.0, 0.5, 300.0
PER_ITEM, OF_THE_GAIN, WHOLE_GAIN, DASK = 1.15, 0.9, 1.6, 1.25
PARQUET, CSV, OF_ROWS = 10.0, 25.0, 1.0
ROWS = 10_000_000
_SHOWN = 5
"""Stages that a row shows."""


@dataclass
class Table:
    """Rows as they are measured."""

    lines: list[str] = field(default_factory=list)
    made_of: list[str] = field(default_factory=list)

    def tell(self, what: str, clock: float, cpu: str, parts: str) -> None:
        """A row of what seconds are made of."""
        self.made_of.append(f"| {what} | {clock:.1f} s | {cpu} | {parts} |")
        sys.stderr.write(self.made_of[-1] + "\n")

    def add(
        self, what: str, measured: float, limit: float, unit: str, made_of: str, *, least: bool = False
    ) -> None:
        """A row: met, or by how much it is missed, and what it is made of."""
        met = measured >= limit if least else measured <= limit
        share = 1 - measured / limit if least else measured / limit - 1
        said = "met" if met else f"**missed by {100 * share:.0f}%**"
        asked = "at least" if least else "at most"
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        self.lines.append(
            f"| {what} | {measured:.3g} {unit} | {asked} {limit:g} {unit} | {said} | {made_of} | {load} |"
        )
        sys.stderr.write(self.lines[-1] + "\n")  # whoever waits sees it at once


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """The table, printed at the end."""
    found = Table()
    yield found
    head = ["", "| | measured | limit | | made of | load |", "| --- | --- | --- | --- | --- | --- |"]
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n".join([*head, *found.lines, *_MADE_OF, *found.made_of]))


_MADE_OF = (
    "",
    "| what the seconds are made of | clock | CPU, by whom | most of the CPU in |",
    "| --- | --- | --- | --- |",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Studies, runs and byte code; kernels are compiled before anything is measured."""
    folder = tmp_path_factory.mktemp("scale")
    run(["demo"], BY_CLOCK, folder / "warm")
    return folder


def study(place: Path, size: int) -> Path:
    """The study of `simlab init --scale`, written once."""
    folder = place / f"study-{size}"
    if not folder.is_dir():
        words = [sys.executable, "-m", "simlab", "init", str(folder), "--scale", str(size)]
        subprocess.run(words, check=True, capture_output=True)
    return folder / "study.toml"


_KNOWN: dict[tuple[str, int, str], Run] = {}


def whole(place: Path, name: str, workers: int = 2, code: str = BY_CLOCK) -> Run:
    """A whole run, from files to page, measured once."""
    key = (name, workers, code)
    if key not in _KNOWN:
        words = ["demo"] if name == "demo" else ["optimize", str(study(place, int(name)))]
        _KNOWN[key] = run(words, code, place / f"{name}-{workers}-{len(_KNOWN)}", workers=workers)
    return _KNOWN[key]


def stages(clock: Run) -> str:
    """CPU of all processes, and the longest stages by the clock."""
    longest = sorted(clock.stages, key=clock.stages.__getitem__, reverse=True)[:_SHOWN]
    return f"{clock.cpu:.0f} s of CPU; " + ", ".join(f"{name} {clock.stages[name]:.1f}" for name in longest)


@pytest.mark.parametrize("name", ["demo", "30000", "100000", "1000000"])
def test_whole_runs(table: Table, place: Path, name: str) -> None:
    """From files to report, and what stands around the core."""
    if name == "1000000" and not os.environ.get("SIMLAB_MILLION"):
        pytest.skip("a million takes an hour: SIMLAB_MILLION=1")
    clock = whole(place, name)
    seconds, gigabytes = WHOLE[name]
    table.add(f"{name}: whole run", clock.seconds, seconds, "s", stages(clock))
    table.add(f"{name}: memory of the tree", clock.gigabytes, gigabytes, "GB", "proportional")
    core = f"core {clock.core:.1f} s"
    table.add(f"{name}: whole beside core", clock.seconds, TIMES * clock.core + PLUS, "s", core)


@pytest.mark.parametrize("name", ["demo", "30000", "100000"])
def test_what_the_seconds_are_made_of(table: Table, place: Path, name: str) -> None:
    """By stage, by who computed, by module: a run more of each, its threads sampled."""
    words = ["demo"] if name == "demo" else ["optimize", str(study(place, int(name)))]
    profile(
        table, place, name, [*words, "--out", str(place / f"{name}-sampled"), "--workers", "2", "--quiet"]
    )


def profile(table: Table, place: Path, name: str, words: list[str]) -> None:
    """A row of every stage of a command, and one of all."""
    scratch = place / f"{name}-stacks"
    watched([sys.executable, "-c", BY_SAMPLES, arguments(scratch, words)], place)
    found = by_stage(scratch)
    for stage, one in {**found, "all": added(found.values())}.items():
        table.tell(f"{name}: {stage}", one.clock, one.by_whom(), one.most(_SHOWN))


def test_the_first_run_compiles(table: Table, place: Path) -> None:
    """With an empty folder for compiled code."""
    empty = place / "empty"
    first = run(["demo"], BY_CLOCK, place / "first", variables={"NUMBA_CACHE_DIR": str(empty)})
    warm = whole(place, "demo")
    files = Counter[str]()
    for path in empty.rglob("*.nbc"):
        files[path.name.split(".")[-4].split("-")[0]] += path.stat().st_size / 1e6
    made = ", ".join(f"{name} {size:.1f} MB" for name, size in files.most_common(_SHOWN))
    table.add("first run of the demo", first.seconds, FIRST, "s", stages(first))
    told = f"CPU of the first run less that of the next; largest code: {made}"
    table.add("… compiling", first.cpu - warm.cpu, COMPILING, "s of CPU", told)
    late = place / "late"
    found = watched([sys.executable, "-c", BY_FUNCTION], place, {"NUMBA_CACHE_DIR": str(late)})
    table.tell("compiling the late kernels", found.seconds, f"{found.cpu:.1f} with imports", found.told)


def test_time_of_an_item(table: Table, place: Path) -> None:
    """From 10,000 to 100,000 SKU-locations."""
    small, large = whole(place, "10000"), whole(place, "100000")
    told = f"CPU of an item {1e3 * large.cpu / 1e5:.2f} ms for {1e3 * small.cpu / 1e4:.2f}"
    times = (large.seconds / 1e5) / (small.seconds / 1e4)
    table.add("time of an item at 100,000", times, PER_ITEM, "× that at 10,000", told)


def test_help(table: Table, place: Path) -> None:
    """`simlab --help`, median of five."""
    runs = [watched([sys.executable, "-m", "simlab", "--help"], place) for _ in range(6)][1:]
    cpu = statistics.median(one.cpu for one in runs)
    seconds = statistics.median(one.seconds for one in runs)
    table.add("simlab --help", seconds, HELP, "s", f"{cpu:.2f} s of CPU: Python, typer")


def test_two_workers(table: Table, place: Path) -> None:
    """Beside what a second thread brings hand-written C in the same run."""
    gain = second_thread()
    one, two = whole(place, "100000", workers=1), whole(place, "100000")
    both = [sum(found.stages[name] for name in ("simulate", "verdict")) for found in (one, two)]
    told = f"{both[0]:.1f} → {both[1]:.1f} s; the C loop gains {gain:.2f}"
    table.add("two workers: simulate + verdict", both[0] / both[1], OF_THE_GAIN * gain, "×", told, least=True)
    spent = {name: seconds - two.stages.get(name, 0.0) for name, seconds in one.stages.items()}
    least = sorted(two.stages, key=lambda name: spent.get(name, 0.0) - two.stages[name])[:_SHOWN]
    told = ", ".join(f"{name} {one.stages.get(name, 0.0):.1f} → {two.stages[name]:.1f} s" for name in least)
    times = one.seconds / two.seconds
    table.add(
        "two workers: whole run of 100,000", times, WHOLE_GAIN, "×", f"least gained: {told}", least=True
    )


def second_thread() -> float:
    """What a second thread brings the C loop; 2, the most there is, where there is no yardstick."""
    if "SIMLAB_YARDSTICK" not in os.environ:
        return 2.0
    from bench.test_speed_table import loaded, second_core

    with loaded(os.environ["SIMLAB_YARDSTICK"]) as peers:
        return second_core(peers)


@pytest.mark.parametrize("work", [speed.sweep(12_000), speed.lost_sales(6_000)], ids=lambda one: one.name)
def test_dask(table: Table, work: speed.Workload) -> None:
    """A local cluster beside threads, on blocks of about half a second; the cluster is there already."""
    per_item = work.nanoseconds() * 1e-9 * work.cells / work.world.n_items
    size = max(1, round(0.5 / per_item))
    seconds = {}
    for backend in ("threads", "dask"):
        workers = Workers(2, block_items=size, backend=backend)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            run_curves(work.world, work.levels, work.horizon, workers=workers)
            times.append(time.perf_counter() - start)
        seconds[backend] = statistics.median(times[1:])
    close_pools()
    told = f"{seconds['threads']:.1f} s by threads, {seconds['dask']:.1f} by Dask, blocks of {size} items; "
    shapes = shapes_of(work.world, work.levels, work.horizon, BY_SLOT)
    sums = 8 * size * sum(math.prod(shape) for shape in shapes.values())
    told += f"a block's sums are {sums / 1e6:.0f} MB, {travelling(work, size) / 1e6:.0f} on the way"
    table.add(f"local Dask, {work.name}", seconds["dask"] / seconds["threads"], DASK, "× threads", told)


def travelling(work: speed.Workload, size: int) -> int:
    """Bytes of a block's sums as they come back."""
    rows = np.arange(size)
    sums = curves_of_block(work.world.take(rows), work.levels.take(rows), work.horizon, BY_SLOT)
    apart = Apart.of(sums)
    assert apart is not None
    return sum(one.nbytes for one in apart.arrays)


READ = "import sys, simlab; simlab.load(sys.argv[1])"


@pytest.mark.parametrize(("kind", "limit"), [("Parquet", PARQUET), ("CSV", CSV)])
def test_ten_million_rows(table: Table, place: Path, kind: str, limit: float) -> None:
    """Read and checked, in a process of their own."""
    file = of_rows(place)
    if kind == "CSV":
        file = as_csv(file)
    found = watched([sys.executable, "-c", READ, str(file)], place)
    told = f"{found.cpu:.1f} s of CPU, imports in it"
    table.add(f"{ROWS:,} rows of {kind}", found.seconds, limit, "s", told)
    table.add("… memory", found.gigabytes, OF_ROWS, "GB", "proportional")
    profile(table, place, f"{ROWS:,} rows of {kind}", ["load", str(file)])


def of_rows(place: Path) -> Path:
    """A study of ten million rows of demand: how many SKU-locations have them, a small one tells."""
    from pyarrow.dataset import dataset

    small = dataset(study(place, 10_000).parent / "demand").count_rows()
    return study(place, round(ROWS * 10_000 / small))


def as_csv(file: Path) -> Path:
    """The same study with its demand as CSV."""
    from pyarrow import csv
    from pyarrow.parquet import ParquetFile

    parts = [ParquetFile(part) for part in sorted((file.parent / "demand").iterdir())]
    with csv.CSVWriter(file.parent / "demand.csv", parts[0].schema_arrow) as writer:
        for rows in parts:
            for number in range(rows.num_row_groups):
                writer.write_table(rows.read_row_group(number))
    other = file.with_name("csv.toml")
    other.write_text(file.read_text("utf-8").replace("demand/", "demand.csv"), "utf-8")
    return other


def test_the_generator(table: Table, place: Path) -> None:
    """A million SKU-locations × 104 weeks."""
    words = [sys.executable, "-m", "simlab", "init", str(place / "million"), "--scale", "1000000"]
    found = watched(words, place)
    told = f"{found.cpu:.0f} s of CPU, {found.gigabytes:.2f} GB"
    table.add("generator, 1,000,000 × 104 weeks", found.seconds, GENERATOR, "s", told)


def test_a_row_says_what_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """The table itself."""
    table = Table()
    table.add("a", 12.0, 10.0, "s", "x")
    table.add("b", 1.0, 2.0, "×", "y", least=True)
    table.add("c", 1.0, 2.0, "s", "z")
    cells = [line.split(" | ")[1:4] for line in table.lines]
    assert cells[0] == ["12 s", "at most 10 s", "**missed by 20%**"]
    assert cells[1] == ["1 ×", "at least 2 ×", "**missed by 50%**"]
    assert cells[2][2] == "met"
