"""Curves of an earlier run used again: no search is simulated where nothing that it rests on changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import IntArray
from simlab.catalog import Catalog
from simlab.errors import InvalidInputError, Problem
from simlab.execution import Curves, Horizon, Levels

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from simlab.models import Models
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
            if set(differ) <= {"targets", "levels"} and "targets" in differ:
                message += _which(wanted["targets"], found.get("targets") or [])
                grid = ", ".join(f"{target:.12g}" for target in found.get("targets") or [])
                fix = f"take the grid of that run: [optimize] targets = [{grid}]; or {fix}"
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


def _which(here: list[float], there: list[float]) -> str:
    """Targets that only one of two grids has; a habit's targets come with segments by abc."""
    only = {"that run alone has": set(there) - set(here), "this study alone has": set(here) - set(there)}
    said = [
        f"{who} {', '.join(f'{target:.12g}' for target in sorted(some))}"
        for who, some in only.items()
        if some
    ]
    return f" ({'; '.join(said)})"


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
        "periods": horizon.exposure,
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


_ITEMS_AT_ONCE = 1024


def curves_table(catalog: Catalog, curves: Curves, targets: tuple[float, ...]) -> pa.Table:
    """Totals per SKU-location × target over all replications of the search seed.

    Units served and demanded are kept by batch too, so that `--curves` can use the table again.
    """
    import pyarrow as pa

    n, k = curves.n_items, curves.n_columns

    def wide(name: str) -> IntArray:
        table: IntArray = getattr(curves, name)
        return np.broadcast_to(table[:, None] if table.ndim == 2 else table, (n, k, table.shape[-1]))

    def names(ids: Sequence[str]) -> pa.Array:
        return pa.array(np.repeat(np.array(ids, dtype=object), k), pa.large_string())

    def lists(table: IntArray) -> pa.ChunkedArray:
        blocks = range(0, n, _ITEMS_AT_ONCE)
        return pa.chunked_array([_lists(table[first : first + _ITEMS_AT_ONCE]) for first in blocks])

    return pa.table(
        {
            "sku": names(catalog.sku),
            "location": names(catalog.location),
            "column": np.tile(np.arange(k), n),
            "target": np.tile(np.array(targets), n),
            **{field.name: wide(field.name).sum(axis=-1).ravel() for field in fields(Curves)},
            **{f"{name}_by_batch": lists(wide(name)) for name in ("demanded", "served")},
        }
    )


def _lists(table: IntArray) -> pa.Array:
    """The last axis as lists of a column, without an object for each."""
    import pyarrow as pa

    rows = table.reshape(-1, table.shape[-1])
    starts = np.arange(rows.shape[0] + 1, dtype=np.int32) * rows.shape[1]
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pa.array(rows.ravel()))


def table_hash(models: Models) -> str:
    """SHA-256 over every array that the laws and order terms consist of."""
    digest = hashlib.sha256()
    world = models.world
    laws = (world.demand, world.lead_time, world.terms, world.supply, world.dependence, world.start)
    for record in (*laws, world.grid):
        _digest_record(digest, record)
    return digest.hexdigest()


def _digest_record(digest: Any, record: object) -> None:
    """Enter the arrays of a record, and of the records inside it, that are there."""
    for name, value in sorted(vars(record).items()) if record is not None else ():
        if value is not None:
            digest.update(name.encode())
            if is_dataclass(value):
                _digest_record(digest, value)
            else:
                digest.update(np.ascontiguousarray(value).tobytes())
