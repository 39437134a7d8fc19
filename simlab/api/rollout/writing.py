"""The gate's folder: a run whose plan is the live plan."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data import ordering
from simlab.api.data.data import Data
from simlab.api.output.plan_csv import PLACE, sorted_plan
from simlab.api.output.record import Record, RunResult, write_run
from simlab.execution import Progress
from simlab.run import RunFolder
from simlab.run.spreadsheet import csv_bytes
from simlab.run.statements import plain

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import IntArray


COMMAND = "gate"


def write_gate(
    data: Data,
    frames: dict[str, pd.DataFrame],
    shown_plan: pd.DataFrame,
    statements: tuple[str, ...],
    facts: dict[str, Any],
    times: dict[str, float],
    out: Path | None,
    progress: Progress | None = None,
    moves: IntArray | None = None,
) -> RunResult:
    """Tables `gate`, `plan` (the live plan) and `lists`, their CSV, and what orders need.

    Parameters
    ----------
    frames : dict of str to DataFrame
    shown_plan : DataFrame
        The live plan as `plan.csv` has it.
    facts, times
        Of the manifest.
    moves : (n, cycle) int64, optional
        Units that the live levels lie above the plan's, by period; none where all stand still.
    """
    plan = frames["plan"]
    moved = (np.zeros((0, 1), np.int64), 0)
    if moves is not None:
        moved = moves, ordering.moved_levels(data, plan)[1]
    started = time.perf_counter()
    folder = RunFolder.create(out, f"{data.study.name}-gate", data.study.folder)
    record = Record(
        data=data,
        command=COMMAND,
        frames=frames,
        shown={name: frames[name] for name in ("lists", "waves") if name in frames},
        told=plain("gate", statements),
        facts=facts,
        times=times,
        files={
            PLACE: csv_bytes(sorted_plan(shown_plan)),
            "results/gate.csv": csv_bytes(_with_commands(frames["gate"], folder.path)),
            ordering.PLACE: ordering.packed(ordering.ordering_of(data, moved)),
            **{
                f"results/{name}.csv": csv_bytes(frame.round(6))
                for name, frame in frames.items()
                if name.startswith("waves")
            },
        },
    )
    return write_run(record, folder, started, progress)


def _with_commands(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The table with the command that follows each SKU-location, and rounded money and rates."""
    trace = [
        f"simlab trace {shlex.quote(str(folder))} {shlex.quote(f'{sku}@{place}')} --levels proposed"
        for sku, place in zip(table["sku"], table["location"], strict=True)
    ]
    digits = {
        name: 2 if "value" in name or "purchases" in name else 6
        for name in table.columns
        if table[name].dtype.kind == "f"
    }
    return table.round(digits).assign(trace=trace)
