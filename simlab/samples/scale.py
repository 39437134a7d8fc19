"""A sample of any size: the demo retailer's shapes by the week, written block by block as Parquet.

Demand is a folder of parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simlab.errors import UsageError
from simlab.samples.assortment import LOCATIONS
from simlab.samples.retailer import LAST_DATE, N_DAYS, SEED, SampleFrames, retailer

if TYPE_CHECKING:
    import os

    import pandas as pd

FILES = ("study.toml", "items.parquet", "demand", "receipts.parquet")
BLOCK_SKUS = 500
"""SKUs generated at a time: memory does not grow with the size of the sample."""
PART_BLOCKS = 40
"""Blocks in a part of demand: 60,000 SKU-locations; a sample of no more has one part."""
N_WEEKS = 104
_FIRST_DAY = np.datetime64(LAST_DATE, "D") - (N_DAYS - 1)  # a Monday
_STUDY = """\
# {n_items:,} SKU-locations of the demo retailer's kind, two years by the week
schema = 1
study = {{ name = "scale", currency = "EUR", period = "week", as_of = 2025-12-28 }}

[data]
time_unit = "days"
items = {{ path = "items.parquet" }}
demand = {{ path = "demand/" }}
receipts = {{ path = "receipts.parquet" }}

[lead_times]
law = "empirical"
by = ["supplier"]
crossing = false

[segments]
by = ["abc", "xyz"]

[policy]
family = "order_up_to"
review_period = 7
targets = {{ A = 0.98, B = 0.95, C = 0.90 }}
unmet = "backorder"

[simulation]
periods = 104
replications = 50
batches = 20
seed = 7

[optimize]
fill_rate = 0.95
n_targets = 24

[verdict]
replications = 50

[run]
workers = 2
"""


def write_scale(folder: str | os.PathLike[str], n_items: int, *, seed: int = SEED) -> tuple[Path, ...]:
    """Write a study of `n_items` SKU-locations: velocity, intermittency and suppliers of the demo.

    Parameters
    ----------
    folder : path
        Made if it does not exist. A file that stands there already is never replaced.
    n_items : int
        SKU-locations: a third of them SKUs (rounded up), each at three locations; at least 3.
    seed : int
        The same seed and size give the same tables; a larger sample begins with the same blocks.

    Returns
    -------
    tuple of Path
        study.toml, items and receipts (a Parquet file each), and the folder of demand, which has a part for
        every 60,000 SKU-locations. A block of SKUs is a row group.

    Raises
    ------
    UsageError
        One of the files exists, the folder is a file, or a number makes no sense.
    """
    if n_items < len(LOCATIONS) or seed < 0:
        raise UsageError(
            f"--scale {n_items}: at least {len(LOCATIONS)} SKU-locations, and a seed of 0 or more"
        )
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file, name a folder")
    paths = tuple(target / name for name in FILES)
    standing = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if standing:
        raise UsageError(f"{', '.join(standing)} exists already: nothing is replaced, name another folder")
    target.mkdir(parents=True, exist_ok=True)
    with paths[0].open("x", encoding="utf-8", newline="") as file:
        file.write(_STUDY.format(n_items=n_items))
    _write_tables(blocks(n_items, seed), paths[1:])
    return paths


def blocks(n_items: int, seed: int = SEED) -> Iterator[SampleFrames]:
    """The tables, block of SKUs by block; each block has random numbers of its own."""
    n_skus = -(-n_items // len(LOCATIONS))
    for number, first in enumerate(range(0, n_skus, BLOCK_SKUS)):
        keys = (seed,) if number == 0 else (seed, number)
        child = int(np.random.SeedSequence(keys).generate_state(1, np.uint64)[0] >> np.uint64(1))
        part = retailer(child, n_skus=BLOCK_SKUS)
        rows = min(n_items, (first + BLOCK_SKUS) * len(LOCATIONS)) - first * len(LOCATIONS)
        yield _as_weeks(part, first, rows)


def _as_weeks(part: SampleFrames, first: int, n_rows: int) -> SampleFrames:
    """A block by the week, its SKUs numbered from `first`, its first `n_rows` SKU-locations."""
    items = part.items.iloc[:n_rows].copy()
    names = items["sku"].drop_duplicates().tolist()
    renamed = {name: f"EL-{10_000_001 + first + place}" for place, name in enumerate(names)}
    kept = set(zip(items["sku"], items["location"], strict=True))
    items["sku"] = items["sku"].map(renamed)
    return SampleFrames(items, _weekly(part.demand, renamed, kept), _named(part.receipts, renamed, kept))


def _named(frame: pd.DataFrame, renamed: dict[str, str], kept: set[tuple[str, str]]) -> pd.DataFrame:
    """The rows of the SKU-locations kept, under their new names."""
    if len(kept) < BLOCK_SKUS * len(LOCATIONS):
        inside = [pair in kept for pair in zip(frame["sku"], frame["location"], strict=True)]
        frame = frame[inside]
    return frame.assign(sku=frame["sku"].map(renamed)).reset_index(drop=True)


def _weekly(demand: pd.DataFrame, renamed: dict[str, str], kept: set[tuple[str, str]]) -> pd.DataFrame:
    """Units per SKU-location and week, dated by its Monday; days after the last whole week are left out."""
    days = demand["date"].to_numpy().astype("datetime64[D]")
    week = (days - _FIRST_DAY).astype(np.int64) // 7
    dated = demand.assign(date=(_FIRST_DAY + 7 * week).astype("datetime64[s]"))[week < N_WEEKS]
    summed = dated.groupby(["sku", "location", "date"], sort=False)["quantity"].sum()
    return _named(summed.reset_index(), renamed, kept)


def _write_tables(blocks: Iterator[SampleFrames], paths: tuple[Path, ...]) -> None:
    """Items, demand and receipts, a row group a block, with checksums; demand in parts with one schema."""
    import pyarrow as pa
    from pyarrow import parquet

    demand = paths[1]
    demand.mkdir()
    writers: list[parquet.ParquetWriter] = []
    with ExitStack() as stack:
        for number, block in enumerate(blocks):
            frames = (block.items, block.demand, block.receipts)
            tables = [pa.Table.from_pandas(frame, preserve_index=False) for frame in frames]
            part = demand / f"part-{number // PART_BLOCKS:05}.parquet"
            for place, path in enumerate((paths[0], part, paths[2])):
                if place < len(writers) and (path != part or number % PART_BLOCKS):
                    continue
                schema = writers[place].schema if place < len(writers) else tables[place].schema
                opened = stack.enter_context(parquet.ParquetWriter(path, schema, write_page_checksum=True))
                if place < len(writers):
                    writers[place].close()
                writers[place : place + 1] = [opened]
            for writer, table in zip(writers, tables, strict=True):
                writer.write_table(table.cast(writer.schema))
