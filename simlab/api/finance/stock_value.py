"""P95 and peak of stock value of the plans that are compared, exact on fresh replications."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.pictures import dots
from simlab.api.plans.tails import MEASURES, P95
from simlab.api.show import Column, Kind, ResultTable
from simlab.arrays import AnyArray, IntArray
from simlab.execution import beside, by_family
from simlab.execution.by_period.profiles import run_stock
from simlab.frontier import QuantileOfTotal
from simlab.measures import ALL, Estimate, format_estimate, mean_estimate
from simlab.measures.shown import Public
from simlab.register.limits import TAIL_NAMES, TAILS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.plans.outcome import Outcome
    from simlab.execution import Horizon


HIGHEST = "peak_inventory_value_p95"
COLUMNS = (*TAIL_NAMES, HIGHEST)
REPLICATIONS = 100
FEWEST = 20

_WORK = 20_000_000
"""SKU-location-periods simulated at most, as long as `FEWEST` replications allow it."""
_SHOWN = (
    Column("plan", "plan", Kind.TEXT),
    Column("segment", "segment", Kind.TEXT),
    Column("inventory_value", "mean", Kind.MONEY),
    Column("p95_inventory_value", "P95 of all periods", Kind.MONEY),
    Column("peak_inventory_value", "highest period, mean", Kind.MONEY),
    Column("peak_inventory_value_p95", "highest period, P95", Kind.MONEY),
)


@dataclass(frozen=True, eq=False, repr=False)
class StockValue(Public):
    """How high the stock value of each plan goes, in the long run and in study currency.

    Attributes
    ----------
    frame : DataFrame
        One row per plan × segment (and all together), on the verdict seed:
        ``inventory_value``, the mean over replications × periods; ``p95_inventory_value``, the least
        value that 95 % of replications × periods stay at or below; ``peak_inventory_value``, the mean
        over replications of the largest value of any counted period; ``peak_inventory_value_p95``, the
        95 % quantile over replications of that largest value. Each of the group's total: segments do
        not add up to all. A period's value is that of `inventory_value`: the mean of the stock after
        ordering and at the count.
    replications : int
        Of the verdict that were kept by period.
    currency : str
    by_location : (locations, r, periods) int64 or None
        Stock value of the chosen plan, as `run_stock` counts it, where `location_stock` wants it and segments
        × locations are few.
    """

    frame: pd.DataFrame
    replications: int
    currency: str
    by_location: IntArray | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per plan × segment."""
        return self.frame

    def plot(self) -> Figure:
        """Mean, P95 and highest period of every plan's whole stock."""
        rows = self.frame[self.frame["segment"] == ALL]
        names = {"inventory_value": "mean", "p95_inventory_value": "P95 of all periods"}
        names |= {"peak_inventory_value": "highest period"}
        nan = float("nan")
        series = {word: [(float(x), nan, nan) for x in rows[key]] for key, word in names.items()}
        return dots(rows["plan"].tolist(), series, f"Stock value ({self.currency})", zero=True)

    def of(self, plan: str, segment: str = ALL) -> dict[str, float]:
        """The three measures of one plan, in all or in one segment."""
        rows = self.frame[(self.frame["plan"] == plan) & (self.frame["segment"] == segment)]
        return {name: float(rows[name].iloc[0]) for name in COLUMNS}

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> ResultTable:
        note = f"of each group's total, {self.replications} replications of the verdict seed"
        return ResultTable("Stock value by period", self.frame, note, _SHOWN, self.currency)


def stock_value(opt: Outcome) -> StockValue:
    """Simulate the compared plans once more on the verdict seed, kept by period."""
    import pandas as pd

    plans = {**opt.solved.kept, **opt.references.levels}
    horizon = _kept_by_period(opt)
    replications = horizon.replications
    half = opt.data.models.costs.cost_resolution / (2 * opt.settings.parts)
    rows: list[dict[str, Any]] = []
    n, locations, by_location = opt.segmentation.n_segments, _locations(opt), None
    for kinds in by_family(list(plans.values())):
        names = [list(plans)[number] for number in kinds]
        groups, split = opt.segmentation.codes, 1
        if locations is not None and "segmented" in names:
            sums = n * len(names) * replications * horizon.periods
            groups, split = locations.within(groups, _MOST_SUMS // sums)
        stock = run_stock(
            opt.data.models.world,
            beside([plans[name] for name in names]),
            horizon,
            groups,
            opt.data.models.costs.unit_cost,
            n_groups=n * split,
            workers=opt.settings.workers,
            progress=opt.simulator.progress,
            stage="stock value by period",
        )
        for name, table in zip(names, stock, strict=True):
            whole = table.reshape(n, split, *table.shape[1:])
            rows += _rows(name, (*opt.segmentation.names, ALL), whole.sum(axis=1), half)
            by_location = whole.sum(axis=0) if name == "segmented" and split > 1 else by_location
    order = {name: place for place, name in enumerate(opt.kinds)}
    frame = pd.DataFrame(rows).sort_values("plan", key=lambda plan: plan.map(order), kind="stable")
    frame = frame.assign(replications=replications).reset_index(drop=True)
    return StockValue(frame, replications, opt.data.study.currency, by_location)


MOST_LOCATIONS = 500
"""With more of them no peaks by location are found."""


_MOST_SUMS = 8_000_000
"""Plan × segment × location × replication × period sums up to which one simulation gives them all: 64 MB."""


@dataclass(frozen=True, eq=False)
class _Locations:
    """Names, and (n,) which of them each item lies at."""

    names: AnyArray
    codes: IntArray

    def within(self, groups: IntArray, most: int) -> tuple[IntArray, int]:
        """(n,) locations in each group, and how many: one for all where there are more than `most`."""
        split = int(self.names.size)
        return (groups * split + self.codes, split) if split <= most else (groups, 1)


def _locations(opt: Outcome) -> _Locations | None:
    """None for a single one or very many."""
    names, codes = np.unique(np.array(opt.data.catalog.location, dtype=object), return_inverse=True)
    return _Locations(names, codes.astype(np.int64)) if 2 <= names.size <= MOST_LOCATIONS else None


def location_stock(opt: Outcome, known: StockValue | None = None) -> pd.DataFrame | None:
    """How high the plan's stock goes at each location; None for a single one or very many.

    Parameters
    ----------
    known : StockValue, optional
        Where it kept the plan by location nothing is simulated again.

    Returns
    -------
    DataFrame or None
        `location`, `inventory_value` and `COLUMNS`, as in `StockValue`.
    """
    import pandas as pd

    locations = _locations(opt)
    if locations is None:
        return None
    half = opt.data.models.costs.cost_resolution / (2 * opt.settings.parts)
    stock = None if known is None else known.by_location
    if stock is None:
        (stock,) = run_stock(
            opt.data.models.world,
            opt.solved.kept["segmented"],
            _kept_by_period(opt),
            locations.codes,
            opt.data.models.costs.unit_cost,
            n_groups=int(locations.names.size),
            workers=opt.settings.workers,
        )
    return pd.DataFrame(
        {
            "location": str(name),
            "inventory_value": float(table.mean()) * half,
            **{key: value * half for key, value in measures(table).items()},
        }
        for name, table in zip(locations.names, stock, strict=True)
    )


def _kept_by_period(opt: Outcome) -> Horizon:
    """The verdict's horizon with as many replications as are kept by period."""
    horizon = opt.settings.horizon("verdict", opt.warmup)
    each = opt.data.catalog.n_items * (horizon.periods + horizon.warmup)
    able = max(_scenarios(opt), FEWEST, min(REPLICATIONS, _WORK // each))
    return replace(horizon, replications=min(able, opt.settings.verdict_replications), slots=1)


def _scenarios(opt: Outcome) -> int:
    """Replications that chose the plan: as many judge it."""
    return max((one.replications for one in opt.solved.choosing.tails), default=0)


def _rows(plan: str, names: tuple[str, ...], stock: IntArray, half: float) -> list[dict[str, Any]]:
    """One row per segment and for all, from (g, r, periods) sums of a plan."""
    tables = [*stock, stock.sum(axis=0)]
    return [
        {
            "plan": plan,
            "sample": "verdict",
            "segment": name,
            "inventory_value": float(table.mean()) * half,
            **{key: value * half for key, value in measures(table).items()},
        }
        for name, table in zip(names, tables, strict=True)
    ]


def measures(total: IntArray) -> dict[str, float]:
    """Every measure of `register.limits.TAILS`, and P95 of the peak, of one total in its own units.

    `total`: (r, periods) int64.

    Quantiles are order statistics of the total (the least amount that at least 95 % stay at or below),
    nothing is interpolated and nothing summed from items.
    """
    none = np.zeros(1, dtype=np.int64)
    peaks = total.max(axis=1)
    tails = {name: MEASURES[name](total[None, None], one.noun, Fraction(1)) for name, one in TAILS.items()}
    found = {name: float(tail.value(none) * tail.unit) for name, tail in tails.items()}
    return found | {HIGHEST: float(QuantileOfTotal(peaks.reshape(1, 1, -1), P95).value(none))}


def with_stock_value(frame: pd.DataFrame, found: StockValue) -> pd.DataFrame:
    """A table of plans with the measures beside its rows of the verdict seed; empty on other samples."""
    keys = ["plan", "sample", "segment"]
    own = found.frame[[*keys, *COLUMNS]]
    if "segment" in frame:
        return frame.merge(own, on=keys, how="left", validate="one_to_one")
    own = own[own["segment"] == ALL].drop(columns="segment")
    return frame.merge(own, on=keys[:2], how="left", validate="one_to_one")


def lost_margin(opt: Outcome, kind: str, sample: str, segment: str | None) -> Estimate | None:
    """Mean over replications of (price − unit cost) × units not served at once, scaled to a year.

    Parameters
    ----------
    kind, sample, segment
        As in `Outcome.scores`.

    Returns
    -------
    Estimate or None
        Study currency a year; None where a SKU-location has no price.
    """
    if opt.accounting.weights.margin is None:
        return None
    sums = (opt.verdict if sample == "verdict" else opt.search)[kind].lost_margin[0]
    rows = sums.sum(axis=0) if segment is None else sums[opt.segmentation.names.index(segment)]
    money = opt.data.models.costs.cost_resolution * opt.data.study.periods_per_year / opt.settings.exposure
    return mean_estimate(rows * money, opt.settings.level)


def with_lost_margin(frame: pd.DataFrame, opt: Outcome) -> pd.DataFrame:
    """A table of plans (by sample, and by segment) with lost margin and its interval, where prices are."""
    if opt.accounting.weights.margin is None:
        return frame
    segments = frame["segment"] if "segment" in frame else [ALL] * len(frame)
    found = [
        lost_margin(opt, plan, sample, None if segment == ALL else segment)
        for plan, sample, segment in zip(frame["plan"], frame["sample"], segments, strict=True)
    ]
    known = [(one.value, one.low, one.high) for one in found if one is not None]
    table = np.array(known, dtype=np.float64).reshape(-1, 3)
    return frame.assign(lost_margin=table[:, 0], lost_margin_low=table[:, 1], lost_margin_high=table[:, 2])


def lost_margin_statements(opt: Outcome) -> tuple[str, ...]:
    """What the plan loses, where prices are known."""
    found = lost_margin(opt, "segmented", "verdict", None)
    if found is None:
        return ()
    gone = "lost with them" if opt.data.study.policy.unmet == "lost" else "at risk or late with them"
    text = format_estimate(found, "holding_cost", opt.data.study.currency)
    return (f"Units not served at once carry a margin of {text} a year on fresh random demand ({gone}).",)
