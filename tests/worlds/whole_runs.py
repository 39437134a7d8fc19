"""Commands in processes of their own, watched from outside: seconds, CPU, memory of the tree, stages."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

STAGES = ("load", "fit and segment", "plan", "simulate", "simulate")
"""Of the core of a run: what an answer needs, every target simulated on two seeds."""
BY_CPU = """
import resource, sys, time
time.perf_counter = time.process_time
from simlab.cli import main
sys.argv = ["simlab", *sys.argv[1:]]
main()
"""
BY_CLOCK = BY_CPU.replace("time.perf_counter = time.process_time\n", "")


@dataclass(frozen=True)
class Run:
    """One run: seconds by the clock and of CPU, peak GB of the tree, seconds by stage; what stderr said."""

    seconds: float
    cpu: float
    gigabytes: float
    stages: dict[str, float]
    told: str = ""

    @property
    def core(self) -> float:
        """Seconds of the core's stages."""
        return sum(self.stages.get(stage, 0.0) for stage in STAGES)


def run(
    words: list[str], code: str, out: Path, *, workers: int = 2, variables: dict[str, str] | None = None
) -> Run:
    """A command that leaves a run folder."""
    words = [*words, "--out", str(out), "--workers", str(workers), "--quiet"]
    found = watched([sys.executable, "-c", code, *words], out.parent, variables)
    return Run(found.seconds, found.cpu, found.gigabytes, stages_of(out))


def watched(command: list[str], scratch: Path, variables: dict[str, str] | None = None) -> Run:
    """Any command, in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, most = time.perf_counter(), 0
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**as_installed(scratch), **(variables or {})},
    )
    while process.poll() is None:
        most = max(most, sum(memory(pid) for pid in tree(process.pid)))
        time.sleep(0.05)
    seconds = time.perf_counter() - start
    _, words_left = process.communicate()
    assert process.returncode == 0, words_left
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, cpu, most / 1e6, {}, words_left)


def as_installed(folder: Path) -> dict[str, str]:
    """The environment in which byte code is kept from the first run on, as an installed package has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def stages_of(folder: Path) -> dict[str, float]:
    """Seconds by stage, as the run's log has them."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    found: dict[str, float] = {}
    for line in lines:
        if line["event"] == "stage":
            found[line["stage"]] = found.get(line["stage"], 0.0) + line["seconds"]
    return found


def tree(pid: int) -> list[int]:
    """A process and all that it started, as far as Linux tells."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            words = children.read_text().split()
        except OSError:
            continue
        for child in words:
            found += tree(int(child))
    return found


def memory(pid: int) -> int:
    """Kilobytes of a process, shared pages by their share; 0 where nothing tells."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
