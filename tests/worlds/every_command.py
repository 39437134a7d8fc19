"""A small study through every command, and what two versions of the program leave that is not the same.

    PYTHONPATH=.:tests python -m worlds.every_command OUT             # run all commands into a folder
    PYTHONPATH=.:tests python -m worlds.every_command --compare A B   # tables that differ, column by column

For whoever moves code: run it before and after. The study has limits of every kind, today's levels and stock.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from worlds.study import STUDY, write_study

LIMITS = """[optimize]
fill_rate = 0.9
floors = [{ by = "location", at_least = { EAST = 0.85 } }]
ceilings = [{ by = "location", measure = "inventory_value", at_most = { EAST = 1e6 } }]
chance = [{ at_least = 0.7, probability = 0.8 }]
ordered = ["fast", "slow"]
target_ranges = [{ segment = "slow", at_most = 0.99 }]
budget_p95 = 1e7
"""


def study_in(folder: Path) -> Path:
    """The study, its items with stock and levels of today."""
    folder.mkdir(parents=True)
    path = write_study(folder, STUDY.replace("[optimize]\n", LIMITS))
    items = pd.read_csv(folder / "items.csv", dtype=str)
    n = len(items)
    items = items.assign(on_hand=[str(20 + 3 * k) for k in range(n)], on_order="0")
    items["current_order_up_to"] = [str(40 + 2 * k) for k in range(n)]
    items.to_csv(folder / "items.csv", index=False)
    return path


def run_all(out: Path) -> None:
    """Every command that reads a study or a run, its folders below `out`, its lines in `out/terminal.txt`."""
    from typer.testing import CliRunner

    from simlab.cli.app import app

    study, best = study_in(out / "study"), str(out / "optimize")
    commands = [
        ["check", str(study)],
        ["simulate", str(study), "--out", str(out / "simulate")],
        ["optimize", str(study), "--out", best],
        ["audit", str(study), "--out", str(out / "audit")],
        ["compare", "schemes", str(study), "--out", str(out / "schemes")],
        ["compare", "policies", str(study)],
        ["gate", str(study), "--proposed", best, "--out", str(out / "gate")],
        ["orders", best, "--out", str(out / "orders")],
        ["export", best, "--for", "odoo18", "--out", str(out / "export")],
        ["verify", best],
    ]
    told = []
    for words in commands:
        done = CliRunner().invoke(app, words)
        told.append(f"$ {' '.join(words[:2])} -> {done.exit_code}\n{done.output}")
        print(told[-1].splitlines()[0], flush=True)
    (out / "terminal.txt").write_text("\n".join(told).replace(str(out), "OUT"), "utf-8")


def tables_of(out: Path) -> dict[str, pd.DataFrame]:
    """Every table below a folder, by its place in it."""
    found = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.suffix == ".parquet":
            found[name] = pd.read_parquet(path)
        elif path.suffix == ".csv" and "figures/" not in name:
            found[name] = pd.read_csv(path, dtype=str)
    return found


def differing(before: Path, after: Path) -> Iterator[str]:
    """Tables and columns that are not equal to the last bit."""
    one, two = tables_of(before), tables_of(after)
    yield from (f"{name}: gone" for name in sorted(one.keys() - two.keys()))
    yield from (f"{name}: new" for name in sorted(two.keys() - one.keys()))
    for name in sorted(one.keys() & two.keys()):
        a, b = one[name], two[name]
        if len(a) != len(b):
            yield f"{name}: {len(a)} rows, then {len(b)}"
            continue
        yield from (f"{name}: column {column} gone" for column in a.columns.difference(b.columns))
        yield from (f"{name}: column {column} new" for column in b.columns.difference(a.columns))
        for column in a.columns.intersection(b.columns):
            left, right = (frame[column].astype(str).tolist() for frame in (a, b))
            if left != right and not a[column].equals(b[column]):
                row = next(k for k, pair in enumerate(zip(left, right, strict=True)) if pair[0] != pair[1])
                yield f"{name}: column {column}, row {row}: {left[row][:80]!r}, then {right[row][:80]!r}"
    yield f"{len(one)} tables before, {len(two)} after"


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        print("\n".join(differing(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        run_all(Path(sys.argv[1]).resolve())
