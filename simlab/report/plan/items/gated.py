"""What a gate beside the run said of its plan: which SKU-locations stay as they are, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.errors import SimlabError
from simlab.run import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

_COMMAND, _TABLE = "gate", "gate"
_LEVELS = ("reorder_point", "order_up_to")
HELD = ("hold back", "undecided")
"""Decisions that leave today's levels."""


def gate_beside(run: RunFolder, plan: pd.DataFrame | None) -> pd.DataFrame | None:
    """The newest gate in the same folder that judged this very plan: decision and reason per SKU-location.

    A gate judged the plan if it proposes its levels, SKU-location by SKU-location.
    """
    if plan is None:
        return None
    for folder in _gates(run.path):
        try:
            gate = folder.read_table(_TABLE)
        except SimlabError:
            continue
        if _is_of(gate, plan):
            return gate[["sku", "location", "decision", "reason"]]
    return None


def _gates(path: Path) -> Iterator[RunFolder]:
    """Finished gates beside a run, the newest first."""
    found = []
    for manifest in path.resolve().parent.glob("*/manifest.json"):
        if manifest.parent == path.resolve():
            continue
        try:
            folder = RunFolder.open(manifest.parent)
        except (SimlabError, OSError):
            continue
        if folder.manifest.get("command") == _COMMAND and folder.has_table(_TABLE):
            found.append(folder)
    yield from sorted(found, key=lambda one: str(one.manifest.get("finished")), reverse=True)


def _is_of(gate: pd.DataFrame, plan: pd.DataFrame) -> bool:
    names = [name for name in _LEVELS if name in plan and f"{name}_proposed" in gate]
    keys = ["sku", "location"]
    if not names or len(gate) != len(plan) or not {*keys, "decision", "reason"} <= set(gate.columns):
        return False
    left = plan.sort_values(keys)[[*keys, *names]]
    right = gate.sort_values(keys)[[*keys, *(f"{name}_proposed" for name in names)]]
    if not (left[keys].to_numpy() == right[keys].to_numpy()).all():
        return False
    ours, theirs = (one.iloc[:, 2:].to_numpy(np.float64, na_value=np.nan) for one in (left, right))
    return np.array_equal(ours, theirs, equal_nan=True)
