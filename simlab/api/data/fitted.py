"""Test and picture of fit per segment, for every run that has a history."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simlab.api.show import COLOURS, Column, Kind, ResultTable
from simlab.arrays import FloatArray, IntArray
from simlab.catalog import Catalog
from simlab.errors import UsageError
from simlab.models import FITTED, History, Models, SupplierRecord, one_step, supplier_records
from simlab.models.demand.renewal import law_names
from simlab.models.demand.scoring.half_lives import HALF_LIVES
from simlab.segments import Segmentation
from simlab.verdict.replay.fit import fit_test, pit_of_segments

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_MOST_ITEMS, _MOST_SEGMENTS = 600, 60
_FEWEST_EACH, _MOST_EACH = 5, 60
_COLUMNS = (
    Column("segment", "segment", Kind.TEXT),
    Column("n_items", "SKU-locations judged", Kind.COUNT),
    Column("n_periods", "periods", Kind.COUNT),
    Column("pit_mean", "mean PIT (right: 0.5)", Kind.NUMBER),
    Column("pit_share", "PIT in 0.05–0.95 (right: 90%)", Kind.RATE),
    Column("p", "p of the test", Kind.NUMBER),
    Column("finding", "misfit found", Kind.TEXT),
)


def fit_table(
    catalog: Catalog, models: Models, history: History | None, segmentation: Segmentation
) -> ResultTable:
    """The test as a table that draws its PIT histograms.

    Raises
    ------
    UsageError
        No history is long enough to judge anything.
    """
    found = fit_tables(catalog, models, history, segmentation)
    if not found and models.follows_forecast.any():
        raise UsageError("demand follows the forecast table: no law of a history is there to be tested")
    if not found:
        raise UsageError("no history is long enough to test laws on periods that they were not fitted to")
    table = found["fit_test"]
    note = (
        f"laws fitted to the first two thirds of the history, every period from {table['cut'].iloc[0]} on "
        "judged by them; at most 5% of the flagged segments are expected to be flagged falsely"
    )

    def draw(_: ResultTable) -> Figure:

        return plot_pit(found["fit_pit"])

    return ResultTable("Fit of the laws, out of sample", table, note, _COLUMNS, catalog.study.currency, draw)


def fit_tables(
    catalog: Catalog, models: Models, history: History | None, segmentation: Segmentation
) -> dict[str, pd.DataFrame]:
    """Tables `fit_test` and `fit_pit`; empty where no history is long enough.

    Notes
    -----
    Items whose demand follows a forecast table are left out: their histories make no law. Judged are at
    most 60 items of a segment (fewer of many segments), drawn by the hash of their keys, and the 60 largest
    segments: a second fit of everything would double the time of a run.
    """
    if history is None:
        return {}
    rows = _judged(models, segmentation, (history.n_observed > 0) & ~models.follows_forecast)
    found = one_step(catalog, rows) if rows.size else None
    if found is None:
        return {}
    codes, names = segmentation.codes, segmentation.names
    table = fit_test(found, codes, names).assign(cut=found.cut)
    return {"fit_test": table, "fit_pit": pit_of_segments(found, codes, names, FITTED)}


def _judged(models: Models, segmentation: Segmentation, known: npt.NDArray[np.bool_]) -> IntArray:
    """Rows of the catalogue, ascending."""
    sizes = np.bincount(segmentation.codes[known], minlength=len(segmentation.names))
    largest = np.argsort(-sizes, kind="stable")[:_MOST_SEGMENTS]
    largest = largest[sizes[largest] > 0]
    each = int(np.clip(_MOST_ITEMS // max(largest.size, 1), _FEWEST_EACH, _MOST_EACH))
    key = models.world.keys
    rows = []
    for code in largest.tolist():
        mine = np.flatnonzero(known & (segmentation.codes == code))
        rows.append(mine[np.argsort(key[mine], kind="stable")][:each])
    return np.sort(np.concatenate(rows)) if rows else np.zeros(0, np.int64)


_PLOT_COLUMNS, _MOST = 4, 12


def plot_pit(table: pd.DataFrame) -> Figure:
    """Histograms of the randomised PIT, one per segment: flat at the dashed line where the laws are right."""
    from simlab.api.show import picture

    groups = list(dict.fromkeys(table["group"]))[:_MOST]
    rows, columns = ceil(len(groups) / _PLOT_COLUMNS), min(_PLOT_COLUMNS, len(groups))
    figure = picture(2.4 * columns, 0.4 + 1.8 * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(groups) :]:
        axes.set_axis_off()
    for axes, group in zip(grid.ravel(), groups, strict=False):
        mine = table[table["group"] == group]
        width = mine["high"] - mine["low"]
        axes.bar(mine["low"], mine["share"], width=0.92 * width, align="edge", color=COLOURS["segmented"])
        axes.axhline(float(width.mean()), color=COLOURS["habit"], linestyle="--", linewidth=1)
        axes.set_title(group, fontsize="small")
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("Randomised PIT", fontsize="small")
    figure.supylabel("Share of periods", fontsize="small")
    return figure


_NAN = float("nan")
_SIMULATED = ("law_mean", "law_sd", "effective_mean", "effective_sd", "rounding_variance")


def supplier_frame(catalog: Catalog, models: Models) -> pd.DataFrame:
    """One row per supplier of the receipts table; no rows without one.

    Days are as `lead_times.calendar` counts them (promises: calendar days, parts: from the first receipt
    on). `rounding_variance_days2` is what whole periods add to the variance of lead times (mean kept);
    constant ones have none, they go by parts of a period. Empty: not told, or too few receipts. `drifted`,
    `has_weekday` and `is_shared` are believed with at most 5 % of each expected to be false.
    Columns ``law_…`` and ``effective_…`` are in periods, means over
    the supplier's SKU-locations (NaN without any): lead times as stated or received, rounded to whole periods
    (which adds `rounding_variance`, periods²), and as orders at every review get them in sequence.
    """
    simulated = _simulated(catalog, models)
    nothing = dict.fromkeys(_SIMULATED, _NAN)
    return pd.DataFrame(
        [_row(one) | simulated.get(one.supplier, nothing) for one in supplier_records(catalog)]
    )


def _simulated(catalog: Catalog, models: Models) -> dict[str, dict[str, float]]:
    """Lead times in the simulation, by supplier: means over its SKU-locations."""
    words = catalog.texts.get("supplier")
    if words is None:
        return {}
    effective, rounding = models.effective_lead_times, models.lead_time_rounding
    mean, own = _taken(effective.stated_mean, models), _taken(effective.mean, models)
    columns = (mean, effective.stated_sd, own, effective.sd)
    known = np.full(models.n_items, _NAN) if rounding is None else rounding
    frame = pd.DataFrame(dict(zip(_SIMULATED, (*columns, known), strict=True)))
    frame.insert(0, "supplier", list(words))
    means = frame.dropna(subset="supplier").groupby("supplier", sort=True).mean()
    return {
        str(name): dict(zip(_SIMULATED, row, strict=True))
        for name, row in zip(means.index, means.to_numpy().tolist(), strict=True)
    }


def _row(one: SupplierRecord) -> dict[str, Any]:
    drift, weekday, shared = one.drift, one.weekday, one.shared
    return {
        "supplier": one.supplier,
        "received": one.n_received,
        "open": one.n_open,
        "mean_days": one.mean_days,
        "sd_days": one.sd_days,
        "p95_days": one.p95_days,
        "rounding_variance_days2": one.rounding_variance,
        "promised": one.promises.n,
        "late_share": one.promises.late_share,
        "late_days": one.promises.late_days,
        "mean_lateness_days": one.promises.mean_days,
        "overdue": one.promises.n_overdue,
        "older_days": _NAN if drift is None else drift.older,
        "newer_days": _NAN if drift is None else drift.newer,
        "drift_p": _NAN if drift is None else drift.p,
        "drifted": drift is not None and drift.flagged,
        "fastest_weekday": "" if weekday is None else weekday.fastest,
        "fastest_days": _NAN if weekday is None else weekday.fastest_days,
        "slowest_weekday": "" if weekday is None else weekday.slowest,
        "slowest_days": _NAN if weekday is None else weekday.slowest_days,
        "weekday_p": _NAN if weekday is None else weekday.p,
        "has_weekday": one.has_weekday,
        "order_days": 0 if shared is None else shared.n_days,
        "shared_correlation": _NAN if shared is None else shared.correlation,
        "shared_p": _NAN if shared is None else shared.p,
        "is_shared": one.is_shared,
        "complete_orders": one.parts.n_orders,
        "orders_in_parts": one.parts.n_partial,
        "first_share": one.parts.first_share,
        "rest_days": one.parts.rest_days,
        "short_share": one.parts.short_share,
    }


def review_periods(models: Models) -> npt.NDArray[Any]:
    """(n,) R in periods: whole numbers, unless items go by parts of a period."""
    return _taken(models.world.terms.review_period, models, "review_period_taken")


def _taken(whole: npt.ArrayLike, models: Models, name: str = "lead_time_taken") -> npt.NDArray[Any]:
    """Times by whole periods, those of items on the working grid by its parts."""
    if models.world.grid is None or models.parts is None:
        return np.asarray(whole)
    return np.where(models.world.grid.split, getattr(models.parts, name), whole)


def _parts(models: Models) -> dict[str, Any]:
    """Where constant times are no whole periods: parts of a period, and what L and R were rounded by."""
    found, grid = models.parts, models.world.grid
    if found is None or not found.on_grid.any():
        return {}
    parts = np.ones(models.n_items, np.int64) if grid is None else np.where(grid.split, grid.parts, 1)
    return {
        "parts_per_period": parts,
        "lead_time_rounded_by": np.where(found.on_grid, found.lead_time_taken - found.lead_time, 0.0),
        "review_period_rounded_by": np.where(
            found.on_grid, found.review_period_taken - found.review_period, 0.0
        ),
    }


def model_frame(catalog: Catalog, models: Models, *, reasons: bool = True) -> pd.DataFrame:
    """One row per SKU-location: laws, why they were chosen (unless without `reasons`), costs."""
    demand, lead = models.world.demand, models.world.lead_time
    parts = catalog.parts
    effective, rounding = models.effective_lead_times, models.lead_time_rounding
    return pd.DataFrame(
        {
            "sku": list(catalog.sku),
            "location": list(catalog.location),
            "supplier": _text(catalog, "supplier"),
            "demand_law": law_names(demand),
            **({REASON: list(models.demand_reason)} if reasons else {}),
            "lead_time_reason": list(models.lead_time_reason),
            **_keys(models),
            "n_observed": models.n_observed,
            "half_life": _half_life(models),
            "mean_demand": demand.mean / parts,
            "sd_demand": np.sqrt(demand.variance) / parts,
            "mean_lead_time": _taken(effective.stated_mean, models),
            "sd_lead_time": effective.stated_sd,
            "effective_lead_time": _taken(effective.mean, models),
            "effective_lead_time_sd": effective.sd,
            "lead_time_rounding_variance": np.nan if rounding is None else rounding,
            "longest_lead_time": _taken(lead.longest(), models),
            "review_period": review_periods(models),
            **_parts(models),
            "unit_cost": models.costs.unit_cost * models.costs.cost_resolution * parts,
            "holding_rate": models.costs.holding_rate,
            "annual_units": models.annual_units / parts,
            "annual_value": models.annual_value,
            "cv": models.cv,
        }
    )


REASON = "demand_reason"
"""Half a kilobyte of a SKU-location: packed until it is written."""


def _keys(models: Models) -> dict[str, list[str]]:
    """What spoke for the laws, as keys; nothing where it is not known."""
    keys = {
        "lead_time_source": models.lead_time_source,
        "demand_grounds": models.demand_grounds,
        "lead_time_grounds": models.lead_time_grounds,
    }
    return {name: list(values) for name, values in keys.items() if values}


def _half_life(models: Models) -> FloatArray:
    """(n,) periods after which a period of the history counts half; NaN where all count alike."""
    if models.memory is None:
        return np.full(models.n_items, np.nan)
    return np.where(np.isfinite(models.memory.half_life), models.memory.half_life, np.nan)


def memory_table(models: Models) -> pd.DataFrame | None:
    """Table `memory`: one row per group, what every half-life gains; None where none was compared."""
    found = models.memory
    if found is None or not found.group:
        return None
    half_life = np.where(np.isfinite(found.chosen), found.chosen, np.nan)
    columns: dict[str, Any] = {
        "group": [pool for pool, _ in found.group],
        "demand_comes": [often for _, often in found.group],
        "n_items": found.n_items,
        "n_sums": found.n_sums,
        "half_life": half_life,
    }
    for place, periods in enumerate(HALF_LIVES):
        columns |= {f"gain_{periods:g}": found.gain[:, place], f"error_{periods:g}": found.error[:, place]}
    return pd.DataFrame(columns)


def _text(catalog: Catalog, name: str) -> pd.Series[Any]:
    values = catalog.texts.get(name)
    return pd.Series(list(values) if values is not None else [None] * catalog.n_items, dtype="object")
