"""A plan on the real last periods: tables and sentences for the run folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from simlab.api.data.data import Data
from simlab.api.pictures import dots, row
from simlab.api.show import Column, Kind, ResultTable
from simlab.arrays import FloatArray, IntArray
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.world.levels import Levels
from simlab.measures import ALL, t_quantile
from simlab.measures.shown import Public
from simlab.models import FITTED, AtCut, HeldOut, recorded_lead_times, rolling_origins, split, stock_at_cut
from simlab.segments import Segmentation
from simlab.verdict.replay.calibration import calibration, pit_shares
from simlab.verdict.replay.origins import forecasts
from simlab.verdict.replay.replay import ReplaySums, protection, replay_plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure


PATHS = 60
"""Draws of start and lead times behind a replay."""
_JUDGED = {
    "demand": ("demand", Kind.COUNT),
    "fill_rate": ("fill rate", Kind.RATE),
    "inventory_value": ("inventory value", Kind.MONEY),
}
_SHOWN = (
    Column("segment", "segment", Kind.TEXT),
    Column("n_judged", "SKU-locations judged", Kind.COUNT),
    *(
        column
        for name, (heading, kind) in _JUDGED.items()
        for column in (
            Column(name, f"{heading}, real", kind),
            Column(f"{name}_expected", f"{heading}, expected", kind),
            Column(f"{name}_inside", f"{heading} inside", Kind.TEXT),
        )
    ),
)


@dataclass(frozen=True, eq=False, repr=False)
class Replayed(Public):
    """What the hold-out says.

    Attributes
    ----------
    replay : DataFrame
        Per segment: real demand and fill rate beside what the plan expected of these periods.
    calibration : DataFrame
        Per segment and method: coverage, PIT, exceedance and scores of demand over R + L.
    pit : DataFrame
        Per segment and tenth of [0, 1]: share of the randomised PIT of the fitted laws; 0.1 each if right.
    statements : tuple of str
        The same in sentences, with the rules that were followed.
    currency : str
    """

    replay: pd.DataFrame
    calibration: pd.DataFrame
    pit: pd.DataFrame
    statements: tuple[str, ...]
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """Reality beside what was expected, per segment."""
        return self.replay

    def plot(self) -> Figure:
        """Share of the real last periods that would have been served, beside what was expected."""
        rows = self.replay.to_dict("records")
        nan = float("nan")
        expected = [(float(one["fill_rate_expected"]), *row(one, "fill_rate")[1:]) for one in rows]
        series = {
            "expected, with its prediction interval": expected,
            "real": [(float(one["fill_rate"]), nan, nan) for one in rows],
        }
        return dots([str(one["segment"]) for one in rows], series, "Fraction served at once", zero=False)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Those of the run folder."""
        found = {"replay": self.replay}
        if not self.calibration.empty:
            found |= {"calibration": self.calibration, "pit": self.pit}
        return found

    def _table(self) -> ResultTable:
        names = {f"{name}_{end}": f"{name}_expected_{end}" for name in _JUDGED for end in ("low", "high")}
        frame = self.replay.rename(columns=names)
        return ResultTable("Replay", frame, " ".join(self.statements), _SHOWN, self.currency)


def replay_plan(data: Data, segmentation: Segmentation, levels: Levels, level: float) -> Replayed | None:
    """Replay one plan over the periods that its laws do not know; None where they know all.

    Parameters
    ----------
    data : Data
        As it was known before the cut (`simulator.before`).
    segmentation : Segmentation
    levels : Levels
        One column: the plan.
    level : float
        Of the intervals.
    """
    holdout = data.catalog.held_out
    if not holdout:
        return None
    _, held = split(data.catalog, holdout)
    world = data.models.world
    seed = phase_seed(data.study.simulation.seed, "selection")
    recorded = lead_times_of(data, held)
    opening = stock_at_cut(data.catalog, held)
    ((real, expected),) = replay_plans(
        world, [levels], held, paths=PATHS, seed=seed, recorded=recorded, opening=opening
    )
    table = pd.DataFrame(list(compared_rows(data, segmentation, real, expected, level)))
    names = np.array(segmentation.names, dtype=object)[segmentation.codes]
    origins = rolling_origins(data.catalog, holdout)
    found = list(forecasts(origins, names))
    judged = calibration(found, level)
    return Replayed(
        table,
        judged,
        pit_shares(found),
        tuple(_statements(data, held, table, judged, level, opening)),
        data.study.currency,
    )


def lead_times_of(data: Data, held: HeldOut) -> IntArray | None:
    """Those that the orders of these periods really had, where the study's [replay] asks for them."""
    spec = data.study.replay
    recorded = spec is not None and spec.lead_times == "recorded"
    return recorded_lead_times(data.catalog, held) if recorded else None


def compared_rows(
    data: Data, segmentation: Segmentation, real: ReplaySums, expected: ReplaySums, level: float
) -> Iterator[dict[str, object]]:
    """One row per segment and for all: reality beside what was expected, by units and by value."""
    codes = segmentation.codes
    every = np.arange(codes.size)
    for code, name in enumerate([*segmentation.names, ALL]):
        rows = every if name == ALL else np.flatnonzero(codes == code)
        judged = rows[real.n_counted[rows] > 0]
        row: dict[str, object] = {"segment": name, "n_items": rows.size, "n_judged": judged.size}
        row["item_periods"] = int(real.n_counted[judged].sum())
        for what, of in _MEASURED.items():
            row |= _compared(what, of(data, real, judged), of(data, expected, judged), level)
        yield row


def _compared(name: str, real: FloatArray, expected: FloatArray, level: float) -> dict[str, object]:
    """Mean of reality, expectation and its prediction interval, and whether reality lies inside."""
    value, centre = float(real.mean()), float(expected.mean())
    paths = expected.size
    half = t_quantile(0.5 + level / 2, paths - 1) * expected.std(ddof=1) * np.sqrt(1 + 1 / paths)
    low, high = centre - half, centre + half
    if name in ("fill_rate", "value_rate"):
        low, high = max(low, 0.0), min(high, 1.0)
    known = bool(np.isfinite(value) and np.isfinite(centre))
    inside = bool(low <= value <= high) if known else None
    return {
        name: value,
        f"{name}_expected": centre,
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_inside": inside,
    }


def _demand(data: Data, sums: ReplaySums, rows: npt.NDArray[np.int64]) -> FloatArray:
    return _or_nan(sums.demanded[rows].sum(axis=0).astype(np.float64), rows)


def _fill(data: Data, sums: ReplaySums, rows: npt.NDArray[np.int64]) -> FloatArray:
    demanded = sums.demanded[rows].sum(axis=0)
    served = sums.served[rows].sum(axis=0)
    return np.asarray(np.where(demanded > 0, served / np.maximum(demanded, 1), np.nan))


def _value(data: Data, sums: ReplaySums, rows: npt.NDArray[np.int64]) -> FloatArray:
    costs = data.models.costs
    weight = costs.unit_cost[rows] * costs.cost_resolution / 2 / np.maximum(sums.n_counted[rows], 1)
    money = sums.on_hand[rows] * weight[:, None]
    money.sort(axis=0)  # the same bits in any order of items
    return _or_nan(money.sum(axis=0), rows)


def _or_nan(values: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    return values if rows.size else np.full(values.size, np.nan)


def _value_rate(data: Data, sums: ReplaySums, rows: npt.NDArray[np.int64]) -> FloatArray:
    cost = data.models.costs.unit_cost[rows].astype(np.float64)
    demanded, served = (cost @ table[rows] for table in (sums.demanded, sums.served))
    return np.asarray(np.where(demanded > 0, served / np.maximum(demanded, 1), np.nan))


_MEASURED = {
    "demand": _demand,
    "fill_rate": _fill,
    "value_rate": _value_rate,
    "inventory_value": _value,
}


def _statements(
    data: Data,
    held: HeldOut,
    table: pd.DataFrame,
    judged: pd.DataFrame,
    level: float,
    opening: AtCut | None,
) -> Iterator[str]:
    period, span = data.study.period, protection(data.models.world)
    total = table.iloc[-1]
    short = int((held.n_periods < 2 * span).sum())
    first = held.days[0]
    yield (
        f"Replay of the last {held.n_periods} {period}s (from {first}): laws, segments and levels were made "
        f"again from data up to {first - np.timedelta64(1, 'D')}, with the same targets; those of the plan "
        f"use data up to {data.catalog.as_of}. The history counts what was sold, so this says sales, "
        "not demand; sales lost to empty shelves are not in it."
    )
    if total["n_judged"]:
        where = "inside" if total["fill_rate_inside"] else "outside"
        yield (
            f"The plan would have served {100 * total['fill_rate']:.1f}% of these sales; expected were "
            f"{100 * total['fill_rate_expected']:.1f}% ({100 * level:g}% prediction interval "
            f"{100 * total['fill_rate_low']:.1f} to {100 * total['fill_rate_high']:.1f}%): reality lies "
            f"{where}. The interval takes items as independent; real items share shocks."
        )
    yield _start(opening, data.catalog.n_items, data.study.period_days)
    if data.models.world.supply is not None:
        yield (
            "Orders of the replay are delayed one by one and come whole: shared delays, outages and orders "
            "in parts are not replayed; suppliers' holidays are."
        )
    if data.models.world.grid is not None:
        yield (
            f"Histories have no parts of a {period}: in the replay constant lead times and review periods "
            f"are the nearest whole number of {period}s."
        )
    if short:
        yield (
            f"{short:,} of {span.size:,} SKU-locations have a hold-out below 2 (R + L): only the forecast "
            "of their demand over R + L is judged, where it fits."
        )
    if judged.empty:
        yield "No R + L fits into the hold-out: no forecast is judged."
        return
    mine = judged[(judged["group"] == ALL) & (judged["method"] == FITTED)].iloc[0]
    n = int(mine["origins"])
    origins = "one origin" if n == 1 else f"{n} origins"
    yield (
        f"Demand over R + L fell between the 5% and 95% points of its forecast (randomised) in "
        f"{100 * mine['pit_share']:.1f}% of {int(mine['n']):,} cases from {origins}; "
        "right laws give 90%."
    )


def _start(opening: AtCut | None, n_items: int, period_days: float) -> str:
    """Where the replay begins."""
    transient = "of every SKU-location the first max(R + L) periods do not count."
    if opening is None:
        return (
            "No stock record reaches back to the cut, so the replay starts from draws of the plan's "
            f"simulated stationary state; {transient}"
        )
    n, orders = int(opening.known.sum()), int(opening.known[opening.item].sum())
    old = int((opening.age_days > period_days).sum())
    said = f" (the last record of {old:,} is older than a period)" if old else ""
    others = "" if n == n_items else "; the others start from draws of the plan's simulated stationary state"
    way = (
        f"{orders:,} open orders then arrive when they really did"
        if orders
        else "no open order then is recorded by SKU, so the first review orders up to the plan's level"
    )
    return (
        f"The replay starts from the stock recorded at the cut for {n:,} of {n_items:,} SKU-locations"
        f"{said}{others}; {way}; {transient}"
    )
