"""Curves of an earlier run used again: no search is simulated where nothing that it rests on changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data import Data
from simlab.api.manifest import table_hash
from simlab.engine.types import IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.execution import Curves, Horizon, Levels

if TYPE_CHECKING:
    import pandas as pd

    from simlab.run import RunFolder

BY_BATCH = ("demanded", "served")
"""Measures that a run keeps by batch, because intervals per SKU-location are made of them."""


@dataclass(frozen=True, eq=False)
class StoredCurves:
    """The curves of a finished run, with what they rest on.

    Attributes
    ----------
    table : DataFrame
        `results/curves.parquet`.
    manifest : dict
        Of that run.
    where : str
        The run folder, for messages.
    """

    table: pd.DataFrame
    manifest: dict[str, Any]
    where: str

    @classmethod
    def open(cls, path: str | Path) -> StoredCurves:
        """The curves of a run folder.

        Raises
        ------
        UsageError, InvalidInputError, IncompleteError
            There is no such run, it is damaged, or it did not finish.
        """
        from simlab.run import RunFolder

        run: RunFolder = RunFolder.open(Path(path))
        return cls(run.read_table("curves"), run.manifest, str(path))

    @property
    def note(self) -> str:
        """That nothing was searched anew."""
        return (
            f"the search was not simulated again: its curves are those of the run '{Path(self.where).name}', "
            "which rest on the same laws, levels and seed"
        )

    def curves_for(self, data: Data, levels: Levels, horizon: Horizon, targets: tuple[float, ...]) -> Curves:
        """The curves, if this study would simulate the very same.

        Raises
        ------
        InvalidInputError
            Something that the sums depend on has changed; all of it is named.
        """
        wanted = basis(data, levels, horizon, targets)
        found = self.manifest.get("curves") or {}
        differ = [name for name, value in wanted.items() if found.get(name) != value]
        ids = list(zip(data.catalog.sku, data.catalog.location, strict=True))
        rows = self.table.iloc[:: max(1, len(targets))]
        if not differ and list(zip(rows["sku"], rows["location"], strict=True)) != ids:
            differ = ["order of the SKU-locations"]
        if differ:
            message = f"its curves cannot be used again: {', '.join(differ)} differ"
            fix = "simulate anew: leave --curves out"
            raise InvalidInputError([Problem("E-RUN-010", message, self.where, fix=fix)])
        return self._curves(len(ids), len(targets))

    def _curves(self, n: int, k: int) -> Curves:
        parts: dict[str, IntArray] = {}
        for field in fields(Curves):
            if f"{field.name}_by_batch" in self.table:
                values = np.array(self.table[f"{field.name}_by_batch"].tolist(), dtype=np.int64)
                table = values.reshape(n, k, -1)
            else:
                table = self.table[field.name].to_numpy(dtype=np.int64).reshape(n, k, 1)
            parts[field.name] = table[:, 0] if field.name == "demanded" else table
        return Curves(**parts)


def basis(data: Data, levels: Levels, horizon: Horizon, targets: tuple[float, ...]) -> dict[str, Any]:
    """Everything that the curves of the search depend on, by name."""
    from simlab.engine._jit import kernel_hash

    digest = hashlib.sha256()
    for table in _tables(levels):
        digest.update(np.ascontiguousarray(table).tobytes())
    return {
        "kernel hash": kernel_hash(),
        "table hash": table_hash(data.models),
        "levels": digest.hexdigest(),
        "targets": [float(target) for target in targets],
        "periods": horizon.periods,
        "warm-up": horizon.warmup,
        "replications": horizon.replications,
        "batches": horizon.slots,
        "seed": horizon.seed,
    }


def _tables(levels: Levels) -> list[Any]:
    """Everything that makes up levels, and what moves them."""
    tables = [levels.family, levels.reorder_point, levels.order_up_to, levels.order_quantity]
    if levels.offset is not None:
        tables += [levels.offset, np.array(levels.phase)]
    if levels.forecast is not None:
        tables += [getattr(levels.forecast, field.name) for field in fields(levels.forecast)]
    return [table for table in tables if table is not None]
