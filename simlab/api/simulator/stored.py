"""Curves of an earlier run used again: no search is simulated where nothing that it rests on changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import IntArray
from simlab.catalog import Catalog
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Curves, Horizon, Levels, cell_sums, in_parts

if TYPE_CHECKING:
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
    table : pyarrow.Table
        `results/curves.parquet`.
    manifest : dict
        Of that run.
    where : str
        The run folder, for messages.
    """

    table: pa.Table
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
        if not run.has_table("curves"):
            raise UsageError(f"{path}: this run kept no curves ([run] keep_curves); leave --curves out")
        return cls(run.read_arrow("curves"), run.manifest, str(path))

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
        if not differ and not self._names_are(data.catalog, len(targets)):
            differ = ["order of the SKU-locations"]
        if differ:
            message = f"its curves cannot be used again: {', '.join(differ)} differ"
            fix = "simulate anew: leave --curves out"
            if set(differ) <= {"targets", "levels"} and "targets" in differ:
                message += _which(wanted["targets"], found.get("targets") or [])
                grid = ", ".join(f"{target:.12g}" for target in found.get("targets") or [])
                fix = f"take the grid of that run: [optimize] targets = [{grid}]; or {fix}"
            raise InvalidInputError([Problem("E-RUN-010", message, self.where, fix=fix)])
        return self._curves(data.catalog.n_items, len(targets))

    def _names_are(self, catalog: Catalog, k: int) -> bool:
        """Whether these are the catalogue's items in its order, of a table with k rows each."""
        import pyarrow as pa

        rows, text = np.arange(0, self.table.num_rows, max(1, k)), pa.large_string()
        names = ((self.table[name], getattr(catalog, name)) for name in ("sku", "location"))
        return all(
            column.take(rows).cast(text).combine_chunks().equals(pa.array(own, text)) for column, own in names
        )

    def _curves(self, n: int, k: int) -> Curves:
        """The sums, from the buffers of the table."""
        import pyarrow.compute as pc

        parts: dict[str, IntArray] = {}
        for field in fields(Curves):
            batches = f"{field.name}_by_batch"
            column = self.table[field.name]
            if batches in self.table.column_names:
                column = pc.list_flatten(self.table[batches])
            table = column.to_numpy().astype(np.int64, copy=False).reshape(n, k, -1)
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


ITEMS_AT_ONCE = 1024
"""SKU-locations of a row group: what stands in memory while the table is written."""
MOST_KEPT = 50_000
"""SKU-locations up to which a run keeps the curves of each, unless `run.keep_curves` says otherwise."""


def keeps_curves(data: Data) -> bool:
    """Whether a run writes the curves of every SKU-location."""
    said = data.study.run.keep_curves
    return data.catalog.n_items <= MOST_KEPT if said == "auto" else bool(said)


def curves_parts(catalog: Catalog, curves: Curves, targets: tuple[float, ...]) -> Iterator[pa.Table]:
    """Totals per SKU-location × target over all replications of the search seed, some items at a time.

    Units served and demanded are kept by batch too, so that `--curves` can use the table again.
    """
    for rows, some in in_parts(curves, ITEMS_AT_ONCE):
        at = slice(int(rows[0]), int(rows[-1]) + 1)
        yield _curves_part(catalog.sku[at], catalog.location[at], some, targets)


def _curves_part(
    sku: Sequence[str], location: Sequence[str], curves: Curves, targets: tuple[float, ...]
) -> pa.Table:
    """Rows of some items."""
    import pyarrow as pa

    n, k = curves.n_items, curves.n_columns

    def wide(name: str) -> IntArray:
        table: IntArray = getattr(curves, name)
        return np.broadcast_to(table[:, None] if table.ndim == 2 else table, (n, k, table.shape[-1]))

    def names(ids: Sequence[str]) -> pa.Array:
        return pa.array(np.repeat(np.array(ids, dtype=object), k), pa.large_string())

    return pa.table(
        {
            "sku": names(sku),
            "location": names(location),
            "column": np.tile(np.arange(k), n),
            "target": np.tile(np.array(targets), n),
            **{field.name: wide(field.name).sum(axis=-1).ravel() for field in fields(Curves)},
            **{f"{name}_by_batch": _lists(wide(name)) for name in BY_BATCH},
        }
    )


def cells_table(
    segments: Sequence[str], codes: IntArray, curves: Curves, targets: tuple[float, ...]
) -> pa.Table:
    """The same added up by segment: totals and batches of every segment × target, one row each."""
    import pyarrow as pa

    n, k = len(segments), curves.n_columns
    totals = cell_sums(curves, codes, n)
    sums = {name: np.broadcast_to(table, (n, k, table.shape[-1])) for name, table in totals.items()}
    return pa.table(
        {
            "segment": pa.array(np.repeat(np.array(segments, dtype=object), k), pa.large_string()),
            "column": np.tile(np.arange(k), n),
            "target": np.tile(np.array(targets), n),
            "n_items": np.repeat(np.bincount(codes, minlength=n), k),
            **{name: table.sum(axis=-1).ravel() for name, table in sums.items()},
            **{f"{name}_by_batch": _lists(sums[name]) for name in BY_BATCH},
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
