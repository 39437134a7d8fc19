"""A finished run as orders see it: levels, terms and laws, without reading any history again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.ordering import PLACE, Ordering, moved_levels, ordering_of, unpacked
from simlab.api.ordering.calendar import Calendar
from simlab.api.tracing import same_data
from simlab.engine.world.levels import Family
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.policies.levels.forecasting import FORECAST
from simlab.register.families import TARGET_FAMILIES, by_lot
from simlab.run import RunFolder
from simlab.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import CodeArray, IntArray

_READ = frozenset({"sku", "family", "reorder_point", "order_up_to", "order_quantity"})
"""Columns of the plan that ordering reads."""


@dataclass(frozen=True, eq=False)
class Source:
    """What a run says about ordering.

    Attributes
    ----------
    folder : RunFolder
    study : Study
        As resolved by the run.
    ordering : Ordering
        n SKU-locations.
    family : (n,) int8
    reorder_point, order_up_to, order_quantity : (n,) int64
        The live plan's levels, in parts of units.
    as_of : datetime64[D] or None
    """

    folder: RunFolder
    study: Study
    ordering: Ordering
    family: CodeArray
    reorder_point: IntArray
    order_up_to: IntArray
    order_quantity: IntArray
    as_of: np.datetime64 | None

    def calendar(self, day: np.datetime64) -> Calendar:
        """Periods from the day after `as_of` on; where the run knows none, from the day of ordering."""
        return Calendar(self.study, day if self.as_of is None else self.as_of + np.timedelta64(1, "D"))

    def on(self, day: np.datetime64) -> Source:
        """The levels of the period that a day lies in, where they follow a forecast.

        Raises
        ------
        UsageError
            The forecast ends before R + L from that day.
        """
        offset, known = self.ordering.level_offset, self.ordering.level_periods
        if offset.size == 0:
            return self
        period = int(self.calendar(day).period_of(np.array([day]))[0])
        if known and period >= known:
            raise UsageError(
                f"{self.folder.path}: the forecast of this run ends before review period and lead time from "
                f"{day}; its levels go {known} {self.study.period}s from {self.calendar(day).first} on: plan "
                "again with the newest forecast"
            )
        move = offset[:, period % offset.shape[1]]
        return replace(self, reorder_point=self.reorder_point + move, order_up_to=self.order_up_to + move)

    @property
    def top(self) -> IntArray:
        """(n,) highest position that the rule orders to, before packs: S, or s + Q."""
        lots = by_lot(self.family)
        return np.where(lots, self.reorder_point + self.order_quantity, self.order_up_to)

    def number(self) -> dict[tuple[str, str], int]:
        """Row of every SKU-location."""
        pairs = zip(self.ordering.sku, self.ordering.location, strict=True)
        return {pair: row for row, pair in enumerate(pairs)}


def open_run(run: str | Path, study: str | Path | None = None) -> Source:
    """Read a run folder for ordering.

    Parameters
    ----------
    run : path
        Run folder of `optimize`, `simulate`, `demo` or `gate`.
    study : path, optional
        The study file of a run that kept no laws (made before 0.4), if it is not where it was.

    Raises
    ------
    UsageError
        There is no such run, it has no plan, or its levels follow a forecast.
    InvalidInputError
        A file is not what the run wrote.
    """
    folder = RunFolder.open(Path(run))
    if not folder.has_table("plan"):
        raise UsageError(f"{folder.path}: this run has no plan; orders come from optimize, simulate or gate")
    plan = folder.read_table("plan", _READ)
    ordering = _ordering(folder, study, plan)
    if plan["sku"].to_numpy(object).astype(str).tolist() != list(ordering.sku):
        raise InvalidInputError([_damaged(folder, "its rows are not those of the plan")])
    family = _families(folder, plan, moves=ordering.level_offset.size > 0)
    parts = ordering.parts

    def units(name: str) -> IntArray:
        whole: IntArray = np.rint(plan[name].astype("float64").fillna(0).to_numpy() * parts).astype(np.int64)
        return whole

    top = units("order_up_to")
    low = np.where(family == Family.ORDER_UP_TO, top - 1, units("reorder_point"))
    return Source(
        folder, _study(folder), ordering, family, low, top, units("order_quantity"), _as_of(folder.manifest)
    )


def _ordering(folder: RunFolder, study: str | Path | None, plan: pd.DataFrame) -> Ordering:
    """As the run kept it; of older runs from the study's tables, whose laws must be the run's."""
    path = folder.path / PLACE
    if not path.is_file():
        data = same_data(folder, study)
        return ordering_of(data, moved_levels(data, plan))
    try:
        return unpacked(folder.read_bytes(PLACE))
    except ValueError as error:
        raise InvalidInputError([_damaged(folder, str(error))]) from error


def _damaged(folder: RunFolder, why: str) -> Problem:
    return Problem("E-ORD-001", why, str(folder.path / PLACE), fix="run it again")


def _families(folder: RunFolder, plan: pd.DataFrame, *, moves: bool) -> CodeArray:
    """(n,) the rule of every row; that of levels which move as the run keeps it is (R,S)."""
    named = folder.manifest["policy"]["family"]
    words = plan["family"].to_numpy(object) if "family" in plan else np.full(len(plan), named, dtype=object)
    distinct, place = np.unique(words.astype(str), return_inverse=True)
    distinct = np.array(["order_up_to" if moves and word == FORECAST else word for word in distinct], object)
    unknown = sorted(set(distinct) - set(TARGET_FAMILIES))
    if unknown:
        what = "levels updated inside the run" if FORECAST in unknown else f"levels '{unknown[0]}'"
        raise UsageError(
            f"{folder.path}: {what} are not in the plan's table, so no order follows from it; "
            "optimize with policy.family order_up_to, reorder_quantity or reorder_up_to"
        )
    return np.array([TARGET_FAMILIES[word] for word in distinct], np.int8)[place.ravel()]


def _study(folder: RunFolder) -> Study:
    """The options that the run resolved; only what ordering reads, where another version wrote the rest."""
    options = folder.read_json("resolved.json")
    if not isinstance(options, dict) or not isinstance(options.get("study"), dict):
        problem = Problem("E-RUN-002", "it does not hold the options of a study", "resolved.json")
        raise InvalidInputError([problem])
    plain = _without_none(options)
    plain = {key: value for key, value in plain.items() if key not in ("derived", "schema")}
    try:
        return Study.default(**plain)
    except InvalidInputError:
        head = {key: plain["study"][key] for key in ("name", "currency", "period", "week_starts")}
        demand = {key: plain.get("demand", {}).get(key) for key in ("closed", "weekdays")}
        return Study.default(study=head, demand=_without_none(demand))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_none(one) for one in value]
    return value


def _as_of(facts: dict[str, Any]) -> np.datetime64 | None:
    try:
        return np.datetime64(dt.date.fromisoformat(str(facts.get("as_of"))), "D")
    except ValueError:
        return None
