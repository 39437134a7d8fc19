"""Experiment 09: time and memory by size, workers and backend, and what fifty million would take.

    python run.py                            # 1,000 and 10,000 SKU-locations, all backends
    python run.py --sizes 100000 --backends threads --workers 2
    python run.py --sizes 1000000            # hours, and the memory that the dry run says
    python run.py --predict                  # the cost model alone, from results/runs.csv

Every case is a process of its own: `simlab optimize` of the study that `simlab init --scale N` writes (104
weeks, 50 replications of search and verdict, 24 targets and those of the habit), with compiled code at hand.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from simlab import api

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SIZES = (1_000, 10_000)
CASES = (("threads", 1), ("threads", 2), ("loky", 2), ("dask", 2))
LARGE = 50_000_000
CODE = (
    "import sys; from pathlib import Path; from simlab import api\n"
    "if __name__ == '__main__':\n"
    "    with api.backend(sys.argv[3], workers=int(sys.argv[4])):\n"
    "        api.run_optimize(sys.argv[1], out=Path(sys.argv[2]), draw=False)\n"
)
BLOCKS = ["stage simulate", "stage in-sample", "stage verdict"]


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes that a process holds (resident), and that it and all below it hold (pages of both once)."""
    own = total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            own = _kilobytes(one, "status", "VmRSS:") if one == pid else own
            total += _kilobytes(one, "smaps_rollup", "Pss:")
            for task in Path(f"/proc/{one}/task").glob("*/children"):
                waiting += [int(child) for child in task.read_text().split()]
        except (OSError, StopIteration):
            continue
    return 1024 * own, 1024 * total


def _kilobytes(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def measured(study: Path, out: Path, backend: str, workers: int) -> dict[str, object]:
    """One run in a process of its own: seconds, CPU seconds of the tree, peaks of memory, stages."""
    peaks = [0, 0]
    script = out.parent / "call.py"
    script.write_text(CODE)
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen([sys.executable, str(script), str(study), str(out), backend, str(workers)])

    def watch() -> None:
        while process.poll() is None:
            peaks[:] = [max(a, b) for a, b in zip(peaks, memory_of(process.pid), strict=True)]
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    if process.wait() != 0:
        raise SystemExit(f"{backend} with {workers} workers failed")
    watcher.join()
    after, seconds = os.times(), time.perf_counter() - started
    times = json.loads((out / "manifest.json").read_text())["times"]
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_gb": round(peaks[0] / 1e9, 3),
        "peak_tree_gb": round(peaks[1] / 1e9, 3),
        "load_average": round(os.getloadavg()[0], 1),
        **{f"stage {name}": value for name, value in times.items()},
    }


def rows_of(sizes: list[int], cases: list[tuple[str, int]]) -> Iterator[dict[str, object]]:
    """One row per size, backend and number of workers; and what the dry run said before."""
    with tempfile.TemporaryDirectory() as scratch:
        for n in sizes:
            folder = Path(scratch) / str(n)
            api.init(folder, scale=n)
            study = folder / "study.toml"
            said = api.dry_run(study).to_dict()
            digests = set()
            for backend, workers in cases:
                out = folder / f"{backend}-{workers}"
                row = measured(study, out, backend, workers)
                digests.add(digest(out))
                shutil.rmtree(out)
                facts = {"sku_locations": n, "demand_rows": said["demand_rows"]}
                facts |= {"backend": backend, "workers": workers}
                told = {
                    "said_gb": round(said["memory_bytes"] / 1e9, 2),
                    "said_seconds": said["total_seconds"],
                }
                yield {**facts, **row, **told, "sku_periods": said["sku_periods"]}
            if len(digests) != 1:
                raise SystemExit(f"{n}: the backends disagree")


def kept(path: Path, row: dict[str, object]) -> None:
    """Put a row into the table of runs, in place of an older one of the same case."""
    keys = ["sku_locations", "backend", "workers"]
    rows = pd.DataFrame([row])
    if path.is_file():
        rows = pd.concat([pd.read_csv(path), rows]).drop_duplicates(keys, keep="last").sort_values(keys)
    rows.to_csv(path, index=False)
    print(pd.Series(row).to_string(), end="\n\n", flush=True)


def digest(run: Path) -> str:
    """Of the result tables of a run, as its manifest has them."""
    files = json.loads((run / "manifest.json").read_text())["files"]
    return json.dumps({name: one["sha256"] for name, one in files.items() if name.startswith("results/")})


def model(runs: pd.DataFrame) -> dict[str, float]:
    """Seconds of one core and bytes: fixed, and of a SKU-location; from threads, by least squares.

    Of the process and its copies; from 10,000 SKU-locations on, and not of runs of older versions (which say
    nothing of rows of demand).
    """
    known = (runs["backend"] == "threads") & runs["demand_rows"].notna() & (runs["sku_locations"] >= 10_000)
    threads = runs[known]
    peak = threads[["peak_gb", "peak_tree_gb"]].max(axis=1)
    n = threads["sku_locations"].to_numpy(float)
    design = np.column_stack([np.ones_like(n), n])
    cpu = np.linalg.lstsq(design, threads["cpu_seconds"].to_numpy(float), rcond=None)[0]
    memory = np.linalg.lstsq(design, peak.to_numpy(float) * 1e9, rcond=None)[0]
    largest = threads[threads["sku_locations"] == n.max()]
    stages = largest.filter(like="stage ")
    share = float((stages[BLOCKS].sum(axis=1) / stages.sum(axis=1)).mean())
    return {
        "fixed_cpu_seconds": float(cpu[0]),
        "cpu_seconds_per_sku_location": float(cpu[1]),
        "share_of_time_in_blocks": share,
        "fixed_bytes": float(memory[0]),
        "bytes_per_sku_location": float(memory[1]),
        "sku_periods_per_sku_location": float(largest["sku_periods"].iloc[0] / n.max()),
    }


def predicted(found: dict[str, float], n: int, cores: int) -> dict[str, float]:
    """What is spread over cores, what stays on the first machine, and its memory; by CPU, not the clock."""
    every = found["fixed_cpu_seconds"] + found["cpu_seconds_per_sku_location"] * n
    blocks = found["share_of_time_in_blocks"] * every
    return {
        "sku_locations": n,
        "cores": cores,
        "hours_of_blocks_on_these_cores": blocks / cores / 3600,
        "hours_on_the_first_machine": (every - blocks) / 3600,
        "gigabytes_on_the_first_machine": (found["fixed_bytes"] + found["bytes_per_sku_location"] * n) / 1e9,
    }


def main() -> None:
    """Run, fit the cost model, predict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--backends", nargs="+", default=None, help="threads, loky, dask")
    parser.add_argument("--workers", type=int, default=None, help="cases of so many alone")
    parser.add_argument("--predict", action="store_true")
    asked = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "runs.csv"
    if not asked.predict:
        cases = [one for one in CASES if asked.backends is None or one[0] in asked.backends]
        cases = [one for one in cases if asked.workers in (None, one[1])]
        for row in rows_of(asked.sizes, cases):
            kept(path, row)
    found = model(pd.read_csv(path))
    cost = pd.DataFrame([{"quantity": name, "value": float(f"{one:.4g}")} for name, one in found.items()])
    cost.to_csv(RESULTS / "cost_model.csv", index=False)
    cases = [(1_000_000, 2), (1_000_000, 32), (LARGE, 32), (LARGE, 320)]
    frame = pd.DataFrame([predicted(found, n, cores) for n, cores in cases]).round(2)
    frame.to_csv(RESULTS / "predicted.csv", index=False)
    print(cost.to_string(index=False), frame.to_string(index=False), sep="\n\n")


if __name__ == "__main__":
    main()
