"""64 made-up histories and the digest of their fit: whether two machines fit the same laws."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.catalog.load import from_frames
from simlab.models.fitting import fit
from simlab.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

N_PROBES, _WEEKS = 64, 104
_FIRST = np.datetime64("2024-01-01", "D")


@cache
def probe_digest() -> str:
    """SHA-256 over every number of the demand laws fitted to 64 histories that are drawn as integers.

    Rare, lumpy, smooth and growing ones, so that every step of a fit takes part: exponentials, logarithms,
    gamma functions, scores and choices.
    """
    items, demand = _tables()
    study = Study.default(period="week", currency="EUR", lead_times={"law": "fixed"})
    digest = hashlib.sha256()
    _feed(digest.update, fit(from_frames(study, items, demand)).world.demand)
    return digest.hexdigest()


def _tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Items and demand."""
    import pandas as pd

    rng = np.random.default_rng(64)
    names = [f"P{number:02d}" for number in range(N_PROBES)]
    largest = 2 + 7 * (np.arange(N_PROBES) % 8)
    share = 5 + 3 * (np.arange(N_PROBES) % 32)
    size = 1 + rng.integers(0, largest[:, None], (N_PROBES, _WEEKS))
    there = rng.integers(0, 100, (N_PROBES, _WEEKS)) < share[:, None]
    growth = 1 + (np.arange(N_PROBES) % 16 == 0)[:, None] * np.arange(_WEEKS) // 26
    units = np.where(there, size * growth, 0)
    units[:, 0] += units.sum(axis=1) == 0
    item, week = np.nonzero(units)
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 1.0, "lead_time": 14.0})
    demand = pd.DataFrame(
        {
            "sku": np.array(names, object)[item],
            "location": "X",
            "date": (_FIRST + 7 * week).astype("datetime64[s]"),
            "quantity": units[item, week],
        }
    )
    return items, demand


def _feed(update: Callable[[bytes], object], record: Any) -> None:
    for one in fields(record):
        value = getattr(record, one.name)
        if is_dataclass(value):
            _feed(update, value)
        elif value is not None:
            update(one.name.encode() + np.ascontiguousarray(value).tobytes())
