"""Which SKU-location of a block kills its worker, found by halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simlab.arrays import IntArray


@dataclass(frozen=True)
class Deadly:
    """What stands in place of a result: the worker died, alone with these rows."""

    error: BaseException


def guilty(rows: IntArray, alone: Callable[[IntArray], Any], place: Callable[[IntArray], str]) -> str:
    """In words, what of a block that kills its worker does so.

    Parameters
    ----------
    rows : (m,) int64
        Of the block; it was tried alone and killed its worker.
    alone : callable
        Computes some rows with nothing else in flight; `Deadly` where their worker dies.
    place : callable
        What rows are called.
    """
    while rows.size > 1:
        half = rows.size // 2
        deadly = [part for part in (rows[:half], rows[half:]) if isinstance(alone(part), Deadly)]
        if not deadly:
            return (
                f"only {place(rows)} together kill theirs, no half of them: was there memory enough? "
                "fewer workers or a smaller run.block_items need less"
            )
        rows = deadly[0]
    return f"{place(rows)} kills its worker each time, alone too: leave it out, or correct it"
