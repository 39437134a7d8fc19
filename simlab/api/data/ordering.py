"""What placing orders needs of a study, kept in the run folder so that no history is read again."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.engine.world.demand_law import Chain, DemandLaw, Dependence, Past, Seasons
from simlab.engine.world.working_grid import WorkingGrid
from simlab.engine.world.world import LeadTimeLaw, OrderTerms, Supply, World
from simlab.models.opening import pipeline_today
from simlab.policies.levels.by_period import follows_table, moves_of_levels
from simlab.policies.levels.forecasting import FORECAST, METHODS, calendar_offsets
from simlab.policies.policy import GIVEN
from simlab.register.families import TARGET_FAMILIES, has_point

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.data.data import Data
    from simlab.arrays import FloatArray, IntArray


PLACE = "results/ordering.npz"
VERSION = 1
MOVE = "levels_move_with_forecast"
"""Of a run's manifest: first day of the period that its levels are of, where these move with a forecast."""
_EPSILON = 1e-9
_RECORDS: dict[str, type] = {
    "": World,
    "demand": DemandLaw,
    "demand.seasons": Seasons,
    "demand.past": Past,
    "demand.chain": Chain,
    "lead_time": LeadTimeLaw,
    "terms": OrderTerms,
    "supply": Supply,
    "dependence": Dependence,
    "grid": WorkingGrid,
}
_LEFT_OUT = ("start", "names")


@dataclass(frozen=True, eq=False)
class Ordering:
    """Laws, terms and money of the SKU-locations, and the stock that the study knows.

    Attributes
    ----------
    sku, location : tuple of str
        In the order of the run's tables.
    supplier, product : tuple of str
        Empty where nothing is said.
    world : World
        Without a start; period 0 of its laws is the first one after `as_of`.
    parts : (n,) int64
        Parts of a unit that everything here is counted in; 1 = whole.
    unit_cost : (n,) float
        Money per part.
    price, shortage_cost, unit_volume, carrying : (n,) float
        Per part, NaN where not said; `carrying` is the cost of holding a part for a year.
    on_hand : (n,) float
        Parts on the shelf at the end of `as_of`; NaN where not known.
    undated : (n,) int64
        Parts on order without a date.
    due_item, due_day, due_units : (k,) int64
        Open orders: row, day (since 1970) and parts.
    on_order_known : bool
        Whether anything says what is on order.
    level_offset : (n or 0, cycle) int64
        Parts by which levels of every period lie above those of the plan, which are of period 0; none where
        levels stand still.
    level_periods : int
        Periods whose levels a forecast knows, from period 0 on; 0: all of them.
    order_weekday : tuple of str
        The day of the week on which an item may be ordered, as items say it; empty words, or none at all.
    minimum_order_value : (n or 0,) float
        Smallest order of an item's supplier as items say it, money; NaN where they do not.
    container_volume : (n or 0,) float
        Room in its supplier's container as items say it; NaN where they do not.
    """

    sku: tuple[str, ...]
    location: tuple[str, ...]
    supplier: tuple[str, ...]
    product: tuple[str, ...]
    world: World
    parts: IntArray
    unit_cost: FloatArray
    price: FloatArray
    shortage_cost: FloatArray
    unit_volume: FloatArray
    carrying: FloatArray
    on_hand: FloatArray
    undated: IntArray
    due_item: IntArray
    due_day: IntArray
    due_units: IntArray
    on_order_known: bool
    level_offset: IntArray = field(default_factory=lambda: np.zeros((0, 1), np.int64))
    level_periods: int = 0
    order_weekday: tuple[str, ...] = ()
    minimum_order_value: FloatArray = field(default_factory=lambda: np.zeros(0))
    container_volume: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def n_items(self) -> int:
        return len(self.sku)

    @property
    def keys(self) -> tuple[str, ...]:
        """``SKU@LOCATION`` of every item."""
        return tuple(f"{sku}@{place}" for sku, place in zip(self.sku, self.location, strict=True))


def levels_moving(data: Data) -> int:
    """SKU-locations whose levels move with the forecast table."""
    policy, paths = data.study.policy, data.models.paths
    if policy.family == GIVEN or paths is None:
        return 0
    if policy.family != FORECAST:
        return int(follows_table(data.models).sum())
    given = policy.forecast is not None and policy.forecast.method == "given"
    return int(paths.mask.sum()) if given and paths.moves else 0


def levels_of_when(data: Data) -> str:
    """Of which period the plan's levels are, and how they go on; empty where they stand still."""
    n, paths = levels_moving(data), data.models.paths
    if n == 0 or paths is None:
        return ""
    text = (
        f"Levels of {n:,} SKU-locations move with the forecast: those of the plan are of the "
        f"{data.study.period} of {paths.first}, and simlab orders takes those of its date."
    )
    if data.study.policy.family == FORECAST:
        return text
    return f'{text} Where one level must hold for long, as in an ERP: levels = "still" under [data.forecast].'


def moved_levels(data: Data, plan: pd.DataFrame) -> tuple[IntArray, int]:
    """`Ordering.level_offset` and `level_periods` of a study whose levels follow a forecast not updated.

    Parameters
    ----------
    data : Data
    plan : DataFrame
        Levels of the first period, in the order of the study: safety stocks that move are read off them.
    """
    none = np.zeros((0, 1), np.int64)
    policy = data.study.policy
    if policy.family == FORECAST:
        if policy.forecast is None or policy.forecast.method in METHODS:
            return none, 0
        offset, phase = calendar_offsets(data.models, policy.forecast, _units(data, plan, "order_up_to"))
    else:
        offset, phase = _with_table(data, plan), 0
    if offset is None:
        return none, 0
    models, paths = data.models, data.models.paths
    known = 0
    if paths is not None and paths.moves:
        interval = np.ceil(models.world.terms.review_period + models.lead_time_moments[0] - _EPSILON)
        known = max(int(paths.cycle - interval[paths.mask].max() + 1), 1)
    return np.roll(offset[:, 0, :], -phase, axis=1), known


def _with_table(data: Data, plan: pd.DataFrame) -> IntArray | None:
    """(n, 1, cycle) parts of units by which levels of a rule move with the forecast table."""
    if data.study.policy.family == GIVEN or not follows_table(data.models).any():
        return None
    named = plan["family"] if "family" in plan else [data.study.policy.family] * len(plan)
    words = [str(word) for word in named]
    points = has_point(np.array([TARGET_FAMILIES.get(word, 0) for word in words], np.int64))
    low, top = (_units(data, plan, name) for name in ("reorder_point", "order_up_to"))
    return moves_of_levels(data.models, np.where(points[:, None], low, top), points)


def _units(data: Data, plan: pd.DataFrame, name: str) -> IntArray:
    """(n, 1) levels of a plan whose rows are those of the study, parts of units."""
    whole = plan[name].astype("float64").fillna(0).to_numpy(np.float64)
    return np.asarray(np.rint(whole * data.catalog.parts), np.int64)[:, None]


def ordering_of(data: Data, moved: tuple[IntArray, int]) -> Ordering:
    """The same from a study's data.

    Parameters
    ----------
    data : Data
    moved : (offset, periods)
        As `moved_levels` gives them.
    """
    offset, periods = moved
    catalog, models = data.catalog, data.models
    costs = models.costs
    nothing = np.full(catalog.n_items, np.nan)
    pipeline = pipeline_today(catalog, models.world.lead_time) if catalog.as_of is not None else None
    item, day, units = _due(data, pipeline)
    return Ordering(
        sku=catalog.sku,
        location=catalog.location,
        supplier=_words(data, "supplier"),
        product=_words(data, "product"),
        world=replace(models.world, start=None, names=None),
        parts=catalog.parts,
        unit_cost=np.asarray(costs.unit_cost * costs.cost_resolution, np.float64),
        price=catalog.numbers.get("price", nothing),
        shortage_cost=catalog.numbers.get("shortage_cost", nothing),
        unit_volume=catalog.numbers.get("unit_volume", nothing),
        carrying=costs.unit_cost * costs.cost_resolution * costs.holding_rate,
        on_hand=catalog.numbers.get("on_hand", nothing).astype(np.float64),
        undated=np.zeros(catalog.n_items, np.int64) if pipeline is None else pipeline.undated,
        due_item=item,
        due_day=day,
        due_units=units,
        on_order_known=pipeline is not None and not bool(pipeline.unknown.all()),
        level_offset=offset,
        level_periods=periods,
        order_weekday=_words(data, "order_weekday"),
        minimum_order_value=catalog.numbers.get("minimum_order_value", nothing).astype(np.float64),
        container_volume=catalog.numbers.get("container_volume", nothing).astype(np.float64),
    )


def _words(data: Data, name: str) -> tuple[str, ...]:
    column = data.catalog.texts.get(name)
    if column is None:
        return ("",) * data.catalog.n_items
    return tuple("" if word is None else str(word) for word in column)


def _due(data: Data, pipeline: Any) -> tuple[IntArray, IntArray, IntArray]:
    """Open orders with their days: as stated, else the first day of the period that they are expected in."""
    none = np.zeros(0, np.int64)
    catalog = data.catalog
    if pipeline is None:
        return none, none, none
    if catalog.due is not None:
        days = catalog.due.due.astype("datetime64[D]").astype(np.int64)
        return catalog.due.item.astype(np.int64), days, catalog.due.quantity.astype(np.int64)
    if pipeline.item.size == 0:
        return none, none, none
    first = np.datetime64(str(catalog.as_of), "D").astype(np.int64) + 1
    days = first + np.rint(pipeline.period * data.study.period_days).astype(np.int64)
    return pipeline.item, days, pipeline.units


def packed(ordering: Ordering) -> bytes:
    """The bytes of a compressed ``.npz``: arrays by dotted name, texts as JSON; no pickled object."""
    arrays: dict[str, Any] = {"version": np.int64(VERSION)}
    texts = {}
    for entry in fields(ordering):
        value = getattr(ordering, entry.name)
        if entry.name == "world":
            _flatten("", value, arrays)
        elif isinstance(value, tuple):
            texts[entry.name] = list(value)
        else:
            arrays[f"ordering.{entry.name}"] = np.asarray(value)
    text = json.dumps(texts, ensure_ascii=False).encode("utf-8")
    arrays["ordering.texts"] = np.frombuffer(text, dtype=np.uint8)
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


def _flatten(prefix: str, record: Any, arrays: dict[str, Any]) -> None:
    for entry in fields(record):
        value = getattr(record, entry.name)
        name = f"{prefix}.{entry.name}" if prefix else entry.name
        if value is None or name in _LEFT_OUT:
            continue
        if is_dataclass(value):
            _flatten(name, value, arrays)
        else:
            arrays[f"world.{name}"] = np.asarray(value)


def unpacked(data: bytes) -> Ordering:
    """What `packed` wrote.

    Raises
    ------
    ValueError
        Another version wrote the file, or it is damaged.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if int(arrays.get("version", -1)) != VERSION:
        raise ValueError("written by another version of simlab")
    texts: dict[str, Any] = {
        name: tuple(words) for name, words in json.loads(arrays.pop("ordering.texts").tobytes()).items()
    }
    own = {name.removeprefix("ordering."): _plain(a) for name, a in arrays.items() if "ordering." in name}
    return Ordering(**texts, **own, world=_record("", arrays))


def _record(prefix: str, arrays: dict[str, Any]) -> Any:
    kind = _RECORDS[prefix]
    values: dict[str, Any] = {}
    for entry in fields(kind):
        name = f"{prefix}.{entry.name}" if prefix else entry.name
        if name in _RECORDS:
            inside = any(key.startswith(f"world.{name}.") for key in arrays)
            values[entry.name] = _record(name, arrays) if inside else None
        elif f"world.{name}" in arrays:
            values[entry.name] = _plain(arrays[f"world.{name}"])
        else:
            values[entry.name] = None
    return kind(**values)


def _plain(array: Any) -> Any:
    """A scalar where the array has no axes."""
    return array.item() if array.ndim == 0 else array
