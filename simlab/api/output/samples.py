"""A sample of SKU-locations looked at closely: what was sold, what the model expects, one simulated path."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.catalog.calendar.periods import first_day
from simlab.engine.recorder.ledger import ledger
from simlab.execution.by_period.lanes import covered
from simlab.execution.by_period.sums import profile_of
from simlab.models import rootograms
from simlab.models.demand.renewal import law_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simlab.api.data.data import Data
    from simlab.arrays import FloatArray, IntArray
    from simlab.engine.world.levels import Levels
    from simlab.engine.world.world import Horizon, World
    from simlab.models import History, Rootogram

MANY = 5_000
"""SKU-locations from which the sample is the smaller one."""
_SIZES = (120, 60)
_MOST_BARS = 105
TABLES = ("sample_history", "sample_law", "sample_path")


def sample_frames(
    data: Data, items: pd.DataFrame, plan: pd.DataFrame, levels: Levels, horizon: Horizon
) -> dict[str, pd.DataFrame]:
    """The tables `sample_history`, `sample_law` and `sample_path`, keyed by sku and location.

    Parameters
    ----------
    data : Data
    items, plan : DataFrame
        The run's tables of these names, n rows.
    levels, horizon
        What was simulated: (n, 1) levels; the path is that of the first replication.

    Returns
    -------
    dict of str to DataFrame
        `sample_history`: date (first day of the bar), units; `sample_law`: law, first, last (units in a
        period), seen, expected (periods); `sample_path`: period (1 is the first counted), stock (units
        on the shelf at its end). Those that have no rows are left out.
    """
    chosen = sample_of(items, plan)
    keys = {"sku": data.catalog.sku, "location": data.catalog.location}
    found = {"sample_path": _paths(data, levels, horizon, chosen)}
    if data.history is not None:
        found["sample_history"] = [_history(data.history, item) for item in chosen]
        found["sample_law"] = _laws(data, data.history, chosen)
    return {
        name: pd.concat(frames, ignore_index=True).assign(
            **{
                key: [
                    names[item] for item, frame in zip(chosen, frames, strict=True) for _ in range(len(frame))
                ]
                for key, names in keys.items()
            }
        )
        for name, frames in found.items()
        if any(len(frame) for frame in frames)
    }


def sample_of(items: pd.DataFrame, plan: pd.DataFrame) -> list[int]:
    """Rows to look at: half change most in stock, a quarter is served least by value, the rest is spread."""
    n = len(items)
    size = min(_SIZES[n > MANY], n)
    stock = items["inventory_value"].to_numpy(np.float64)
    moved = plan["inventory_value_change"].to_numpy(np.float64) if "inventory_value_change" in plan else stock
    short = (1 - items["fill_rate"].to_numpy(np.float64)) * items["annual_value"].to_numpy(np.float64)
    by_value = np.argsort(-np.nan_to_num(items["annual_value"].to_numpy(np.float64)), kind="stable")
    spread = by_value[np.linspace(0, n - 1, size).astype(np.int64)] if n else by_value
    ranked = (
        *_largest(np.abs(moved), size // 2),
        *_largest(short, size // 4),
        *spread.tolist(),
    )
    return list(dict.fromkeys(ranked))[:size]


def _largest(values: FloatArray, count: int) -> Sequence[int]:
    order = np.argsort(-np.nan_to_num(values), kind="stable")
    return [int(row) for row in order[:count] if np.nan_to_num(values[row]) > 0]


def _paths(data: Data, levels: Levels, horizon: Horizon, chosen: Sequence[int]) -> list[pd.DataFrame]:
    """Stock at the end of every counted period of the first replication, of each."""
    rows = np.array(chosen, dtype=np.int64)
    world, own = data.models.world.take(rows), levels.take(rows)
    able = np.flatnonzero(covered(world, own))
    found = {}
    if able.size:  # together, without the recorder: compiling that takes as long as many a run
        first, ones = replace(horizon, replications=1, slots=1), np.ones(able.size, np.int64)
        parts = (world.take(able), own.take(able), first, np.arange(able.size), ones)
        stock = profile_of(*parts, n_groups=able.size).stock_value[0, :, 0]
        found = dict(zip(able.tolist(), stock, strict=True))
    return [
        _path(data, horizon, item, found[place] if place in found else _recorded(world, own, horizon, place))
        for place, item in enumerate(chosen)
    ]


def _recorded(world: World, levels: Levels, horizon: Horizon, item: int) -> IntArray:
    """Stock at the end of the counted periods, or of their parts, of one item."""
    book = ledger(world, levels, horizon, item, horizon.first_replication)
    return np.asarray(book.periods["on_hand"][book.periods["counted"] == 1])


def _path(data: Data, horizon: Horizon, item: int, counted: IntArray) -> pd.DataFrame:
    parts = max(1, counted.size // horizon.periods)
    stock = counted[parts - 1 :: parts] / float(data.catalog.parts[item])
    return pd.DataFrame({"period": np.arange(1, stock.size + 1), "stock": stock})


def _history(history: History, item: int) -> pd.DataFrame:
    """Units sold from the first to the last period of its life, in at most 105 bars of equal length."""
    first, last = int(history.first[item]), int(history.last[item])
    if last < first:
        return pd.DataFrame({"date": [], "units": []})
    own = slice(*history.bounds[item : item + 2].tolist())
    width = -(-(last - first + 1) // _MOST_BARS)
    bar = (history.period[own] - first) // width
    units: IntArray = np.zeros((last - first) // width + 1, np.int64)
    np.add.at(units, bar, history.quantity[own])
    calendar = history.calendar
    starts = calendar.first + first + width * np.arange(units.size)
    dates = [str(first_day(int(k), calendar.period, calendar.week_starts)) for k in starts]
    return pd.DataFrame({"date": dates, "units": units})


def _laws(data: Data, history: History, chosen: Sequence[int]) -> list[pd.DataFrame]:
    """What each law expects beside what was seen; nothing of items without observed periods."""
    law, seen = data.models.world.demand, [item for item in chosen if history.n_observed[item] >= 1]
    names, bars = law_names(law.take(np.array(seen, dtype=np.int64))), rootograms(law, history, seen)
    found = {item: _bars(name, one) for item, name, one in zip(seen, names, bars, strict=True)}
    return [found.get(item, pd.DataFrame(dict[str, list[str]]())) for item in chosen]


def _bars(name: str, bars: Rootogram) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "law": name,
            **{end: values.astype(np.int64) for end, values in _ranges(bars.first, bars.last)},
            "seen": bars.observed,
            "expected": bars.expected,
        }
    )


def _ranges(first: IntArray, last: IntArray) -> Iterator[tuple[str, IntArray]]:
    yield "first", first
    yield "last", last
