"""A rollout in waves: what each one frees or ties up, and the cash it needs week by week."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.api.finance.changeover import can_change_over, profile_of_change
from simlab.api.rollout.pairs import HeldPairs
from simlab.api.settings import Settings
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.errors import InvalidInputError, Problem, listed
from simlab.execution import Progress
from simlab.measures.shown import Public
from simlab.verdict.gate.decisions import GO, UNCHANGED

if TYPE_CHECKING:
    from simlab.arrays import FloatArray, IntArray


COLUMN = "wave"
_REPLICATIONS = 100
_NAMED = 5


@dataclass(frozen=True, repr=False)
class WavePlan(Public):
    """How the rollout is cut.

    Attributes
    ----------
    number : int or None
        Waves to make; None: the column `wave` of items.
    by : str
        Column whose values stay together in one wave.
    weeks_apart : int
        Weeks from one wave to the next.
    """

    number: int | None = None
    by: str = "supplier"
    weeks_apart: int = 4


def wave_of_items(
    data: Data, table: pd.DataFrame, asked: WavePlan
) -> tuple[tuple[str, ...], IntArray] | None:
    """Names of the waves in their order, and (n,) the wave of every SKU-location; None without waves.

    Values of `by` are put together so that waves have about the same number of SKU-locations, those that move
    the least stock value first.

    Raises
    ------
    InvalidInputError
        No such column, empty cells in it, or more waves than it has values.
    """
    if asked.number is None:
        return _of_column(data)
    words = np.array(_words(data, asked.by), dtype=object)
    moved = table["stock_value_change"].abs().where(table["decision"] == GO, 0.0).to_numpy()
    names, code = np.unique(words.astype(str), return_inverse=True)
    if asked.number > names.size:
        what = f"{asked.number} waves of the {names.size} values of {asked.by}"
        raise InvalidInputError([Problem("E-GAT-003", what, column="--waves", fix=f"at most {names.size}")])
    order = np.argsort(np.bincount(code, moved), kind="stable")
    sizes = np.bincount(code)[order]
    before = np.cumsum(sizes) - sizes / 2
    place = np.minimum((before * asked.number / code.size).astype(np.int64), asked.number - 1)
    place = np.maximum.accumulate(np.maximum(place, np.arange(names.size) - (names.size - asked.number)))
    place = np.minimum(place, np.arange(names.size))
    wave = np.empty(names.size, np.int64)
    wave[order] = place
    return tuple(str(number + 1) for number in range(asked.number)), wave[code]


def _of_column(data: Data) -> tuple[tuple[str, ...], IntArray] | None:
    if COLUMN not in data.catalog.texts:
        return None
    words = _words(data, COLUMN)
    numeric = data.catalog.numbers.get(COLUMN)
    names = sorted(set(words), key=(lambda w: (float(w), w)) if numeric is not None else None)
    number = {name: place for place, name in enumerate(names)}
    return tuple(names), np.array([number[word] for word in words], np.int64)


def _words(data: Data, name: str) -> list[str]:
    column = data.catalog.texts.get(name)
    if name == "location":
        return list(data.catalog.location)
    if column is None:
        known = listed(sorted(data.catalog.texts), _NAMED) or "none"
        fix = f"columns of text are location, {known}"
        raise InvalidInputError([Problem("E-GAT-003", f"items has no column '{name}'", "items", fix=fix)])
    empty = [row for row, word in enumerate(column) if not word]
    if empty:
        names = listed([data.catalog.keys[row] for row in empty[:_NAMED]], _NAMED)
        what = f"{len(empty):,} SKU-locations say nothing: {names}"
        raise InvalidInputError([Problem("E-GAT-003", what, "items", column=name, fix="fill every cell")])
    return [str(word) for word in column]


def wave_tables(
    data: Data,
    table: pd.DataFrame,
    pairs: HeldPairs,
    sides: tuple[Levels, Levels],
    waves: tuple[tuple[str, ...], IntArray],
    asked: WavePlan,
    horizon: Horizon,
    settings: Settings,
    progress: Progress | None = None,
) -> dict[str, pd.DataFrame]:
    """`waves`: capital and service of each; `waves_cash`: purchases week by week.

    Parameters
    ----------
    sides : (Levels, Levels)
        Today's levels, and those that go live.
    horizon : Horizon
        Of the gate; purchases are counted from the first wave on until a quarter after the last.
    """
    names, code = waves
    goes = table["decision"].isin((GO, UNCHANGED)).to_numpy()
    served_now = pairs.of_items(lambda part: part.now.served.sum(axis=1))
    served = np.where(goes, pairs.of_items(lambda part: part.then.served.sum(axis=1)), served_now)
    value = table["stock_value"].where(goes, table["stock_value_now"]).to_numpy()

    def total(values: FloatArray | IntArray) -> FloatArray:
        return np.bincount(code, values, minlength=len(names)).astype(np.float64)

    demanded = pairs.of_items(lambda part: part.demanded.sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        service_now = total(served_now) / total(demanded)
        service = total(served) / total(demanded)
    now = total(table["stock_value_now"].to_numpy())
    frame = pd.DataFrame(
        {
            "wave": list(names),
            "starts_week": np.arange(len(names)) * asked.weeks_apart,
            "n_items": np.bincount(code, minlength=len(names)),
            "n_go": total((table["decision"] == GO).to_numpy().astype(np.float64)).astype(np.int64),
            "service_now": service_now,
            "service": service,
            "stock_value_now": now,
            "stock_value": total(value),
            "stock_value_change": total(value) - now,
        }
    )
    frame["stock_value_change_so_far"] = frame["stock_value_change"].cumsum()
    found = {"waves": frame}
    if can_change_over(sides[0]) and can_change_over(sides[1]):
        cash = _cash(data, sides, waves, asked, horizon, settings, progress)
        found["waves_cash"] = cash
    return found


def _cash(
    data: Data,
    sides: tuple[Levels, Levels],
    waves: tuple[tuple[str, ...], IntArray],
    asked: WavePlan,
    horizon: Horizon,
    settings: Settings,
    progress: Progress | None,
) -> pd.DataFrame:
    """Money bought week by week: today's orders until a wave begins, then those of its change."""
    names, code = waves
    costs = data.models.costs
    step = max(1, round(7 / data.study.period_days))  # periods of a week; a month stays a month
    apart = max(1, round(asked.weeks_apart * 7 / data.study.period_days))
    after = max(1, round(91 / data.study.period_days))
    n_periods = -(-(apart * (len(names) - 1) + after) // step) * step
    run = replace(
        horizon, periods=n_periods, replications=min(_REPLICATIONS, horizon.replications), slots=1, scale=1
    )
    changed, usual = (
        profile_of_change(
            data.models.world,
            sides[0],
            new,
            run,
            costs.unit_cost,
            code,
            len(names),
            workers=settings.workers,
            progress=progress,
            stage="waves",
        )
        .purchases_value[0]
        .mean(axis=1)
        * costs.cost_resolution
        for new in (sides[1], sides[0])
    )
    rows = []
    for wave, name in enumerate(names):
        begin = min(wave * apart, n_periods)
        usually = usual[wave].mean()
        bought = np.full(n_periods, usually)
        bought[begin:] = changed[wave][: n_periods - begin]
        for week, money in enumerate(bought.reshape(-1, step).sum(axis=1).tolist()):
            rows.append({"week": week, "wave": name, "purchases": money, "purchases_now": usually * step})
    return pd.DataFrame(rows)
