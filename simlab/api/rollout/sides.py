"""The two sides of the gate: what is proposed and what runs today, as levels of the study's SKU-locations."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.api.data.ordering import MOVE, moved_levels
from simlab.api.simulator.simulator import references
from simlab.api.simulator.stored import table_hash
from simlab.catalog import findings as found
from simlab.catalog.files.csvfile import read_csv
from simlab.catalog.files.parquet import read_parquet
from simlab.catalog.tables.today import TodayTable, money_of, read_today
from simlab.engine.world.levels import Family, Levels
from simlab.errors import InvalidInputError, Problem, SimlabError, UsageError, listed
from simlab.policies import current_levels
from simlab.policies.levels.forecasting import FORECAST
from simlab.register.families import TARGET_FAMILIES, by_lot, has_point
from simlab.run import RunFolder
from simlab.study import TableSource

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import BoolArray, FloatArray


HABIT = "habit"
_CURRENT = ("current_reorder_point", "current_order_up_to", "current_order_quantity")
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Proposed:
    """What may go live.

    Attributes
    ----------
    levels : Levels
        (n, 1).
    segment : (n,) object
        Of the plan; one and the same where it names none.
    stock_value, orders : (n,) float
        What the plan promises: mean stock value, and orders a year; NaN where it says nothing.
    target : (n,) float
    said : str
        Where it comes from, in words.
    run : str
        Folder of the run that it is the plan of; empty: a file.
    as_planned : bool
        The run planned by these very laws, for the long run: what its plan promises is what its levels do on
        the gate's own paths, without the error of the run's estimates.
    """

    levels: Levels
    segment: np.ndarray[tuple[int], np.dtype[np.object_]]
    stock_value: FloatArray
    orders: FloatArray
    target: FloatArray
    said: str
    run: str = ""
    as_planned: bool = False


def both_sides(
    data: Data, proposed: str | Path | None, current: str | Path | None
) -> tuple[Proposed, Levels, str]:
    """What is proposed, today's levels, and where these come from.

    Raises
    ------
    InvalidInputError
        Everything wrong with either side, at once.
    """
    problems: list[Problem] = []
    then = now = None
    try:
        then = proposed_side(data, proposed)
    except InvalidInputError as error:
        problems += error.problems
    try:
        now = current_side(data, current)
    except InvalidInputError as error:
        problems += error.problems
    if then is None or now is None:
        raise InvalidInputError(problems)
    return then, *now


def proposed_side(data: Data, source: str | Path | None) -> Proposed:
    """A run's plan, or a plan file; left out: the newest complete optimize run of the study's name.

    Raises
    ------
    InvalidInputError
        No run of the study, or no such file; a plan with unknown or missing SKU-locations, or levels that
        make no rule; all at once.
    """
    path = _newest(data) if source is None else Path(source)
    if path.is_dir():
        run = RunFolder.open(path)
        return _of_run(data, run)
    table = _plan_table(data, path, "proposed")
    segment = _words(table, "segment", data.catalog.n_items)
    value = _spread(table, money_of(table, "stock_value"), data.catalog.n_items)
    nothing = np.full(data.catalog.n_items, np.nan)
    target = _spread(table, money_of(table, "target"), data.catalog.n_items)
    return Proposed(_levels(data, table), segment, value, nothing, target, f"plan {path.name}")


def _newest(data: Data) -> Path:
    """The newest complete optimize run of the study's name, under `runs` beside the study."""
    best: tuple[str, Path] | None = None
    for place in sorted((data.study.folder / "runs").glob("*/manifest.json")):
        try:
            facts = RunFolder.open(place.parent).manifest
        except SimlabError:  # unfinished or damaged: not what is looked for
            continue
        if facts.get("command") == "optimize" and facts.get("study") == data.study.name:
            finished = str(facts.get("finished", ""))
            if best is None or finished > best[0]:
                best = finished, place.parent
    if best is None:
        where = data.study.folder / "runs"
        what = f"no finished optimize run of '{data.study.name}' lies under {where}: nothing is proposed"
        fix = "simlab optimize makes one, or name a run or plan with --proposed"
        raise InvalidInputError([Problem("E-GAT-003", what, data.study.file, fix=fix)])
    return best[1]


def _of_run(data: Data, run: RunFolder) -> Proposed:
    plan = run.read_table("plan")
    names = list(zip(plan["sku"].astype(str), plan["location"].astype(str), strict=True))
    own = {pair: row for row, pair in enumerate(names)}
    wanted = list(zip(data.catalog.sku, data.catalog.location, strict=True))
    missing = [pair for pair in wanted if pair not in own]
    known = set(wanted)
    unknown = [pair for pair in names if pair not in known]
    problems = []
    for pairs, what in ((missing, "has no levels for"), (unknown, "has SKU-locations that the study lacks:")):
        if pairs:
            shown = listed(["@".join(pair) for pair in pairs[:_NAMED]], _NAMED)
            more = f" ({len(pairs):,} in all)" if len(pairs) > _NAMED else ""
            fix = "plan again with the study's items, or name another --proposed"
            problems.append(Problem("E-GAT-001", f"the plan {what} {shown}{more}", str(run.path), fix=fix))
    if problems:
        raise InvalidInputError(problems)
    plan = plan.iloc[[own[pair] for pair in wanted]].reset_index(drop=True)
    levels = _levels_of_frame(data, plan, run)
    items = run.read_table("items").set_index(["sku", "location"]).loc[wanted]
    value = items["inventory_value"].to_numpy(np.float64)
    nothing = np.full(value.size, np.nan)
    orders = items["orders_per_year"].to_numpy(np.float64) if "orders_per_year" in items else nothing
    target = np.asarray(plan["target"].astype("float64"), np.float64)
    segment = plan["segment"].astype(object).to_numpy()
    folder = os.path.relpath(run.path)
    same = run.manifest.get("table_hash") == table_hash(data.models)
    start = dict(run.manifest.get("policy") or {}).get("start") or "stationary"
    said = f"run {folder}"
    return Proposed(levels, segment, value, orders, target, said, folder, same and start == "stationary")


def _levels_of_frame(data: Data, plan: pd.DataFrame, run: RunFolder) -> Levels:
    words = plan["family"] if "family" in plan else [run.manifest["policy"]["family"]] * len(plan)
    moving = _moving(data, plan, words, run)
    offset = moved_levels(data, plan)[0] if moving.any() else None
    if offset is not None and offset.size:
        words = ["order_up_to" if word == FORECAST else word for word in words]
    unknown = sorted({str(word) for word in words} - set(TARGET_FAMILIES))
    if unknown:
        raise UsageError(
            f"{run.path}: levels '{unknown[0]}' are updated inside the run, and are no plan to go live; "
            "optimize with policy.family order_up_to, reorder_quantity or reorder_up_to"
        )
    family = np.array([TARGET_FAMILIES[str(word)] for word in words], np.int8)
    parts = data.catalog.parts

    def units(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        out: np.ndarray[tuple[int, ...], np.dtype[np.int64]] = np.rint(
            plan[name].astype("float64").fillna(0).to_numpy() * parts
        ).astype(np.int64)
        return out

    top = units("order_up_to")
    low = np.where(family == Family.ORDER_UP_TO, top - 1, units("reorder_point"))
    still = Levels(family, low[:, None], top[:, None], units("order_quantity")[:, None])
    if offset is None or not offset.size:
        return still
    return replace(still, offset=np.where(moving[:, None], offset, 0)[:, None, :])


def _moving(data: Data, plan: pd.DataFrame, words: Iterable[Any], run: RunFolder) -> BoolArray:
    """(n,) levels of a run's plan that move as its forecast does; in a gate's folder those that go live."""
    if data.study.policy.family == FORECAST:
        return np.array([str(word) == FORECAST for word in words], np.bool_)
    if not run.manifest.get(MOVE):
        return np.zeros(len(plan), np.bool_)
    goes = plan["decision"].isin(("go", "unchanged")) if "decision" in plan else np.ones(len(plan))
    return np.asarray(goes, np.bool_)


def current_side(data: Data, source: str | Path | None) -> tuple[Levels, str]:
    """Today's levels: `current_…` of items, a plan file, an items file with these columns, or the habit.

    Raises
    ------
    InvalidInputError
        SKU-locations without levels, by name.
    """
    if source is not None and str(source) == HABIT:
        return references(data).levels[HABIT], "the habit A 98 / B 95 / C 90"
    if source is None:
        levels, known = current_levels(data.models)
        _refuse_unknown(data, known, "items", "fill current_order_up_to (or current_reorder_point) of items")
        return levels, "today's levels of items"
    path = Path(source)
    if _has(path, "order_up_to"):
        return _levels(data, _plan_table(data, path, "current")), f"the levels of {path.name}"
    table = _table(data, path, "current")
    columns = {name: np.full(data.catalog.n_items, np.nan) for name in _CURRENT}
    for name in _CURRENT:
        if name in table.units:
            values = np.where(table.given[name], table.units[name], np.nan)
            columns[name][table.item] = values
    levels, known = current_levels(replace(data.models, current={**data.models.current, **columns}))
    _refuse_unknown(data, known, path.name, "state the levels of every SKU-location")
    return levels, f"the levels of {path.name}"


def _refuse_unknown(data: Data, known: BoolArray, file: str, fix: str) -> None:
    rows = np.flatnonzero(~known)
    if rows.size:
        names = listed([data.catalog.keys[row] for row in rows[:_NAMED]], _NAMED)
        more = f" ({rows.size:,} in all)" if rows.size > _NAMED else ""
        what = f"no levels of today are known for {names}{more}"
        fix = f"{fix}; or name a file with --current FILE, or --current habit"
        raise InvalidInputError([Problem("E-GAT-002", what, file, column=_CURRENT[1], fix=fix)])


def _has(path: Path, column: str) -> bool:
    source = TableSource(path=str(path))
    parquet = path.suffix.lower() == ".parquet"
    table = read_parquet(path, "plan", source) if parquet else read_csv(path, "plan", source, ("sku",))
    return column in table.columns


def _table(data: Data, path: Path, kind: str, whole: str = "") -> TodayTable:
    pairs = zip(data.catalog.sku, data.catalog.location, strict=True)
    number = {pair: row for row, pair in enumerate(pairs)}
    table = read_today(path, kind, number, data.catalog.parts, unique=True, whole=whole)
    if not isinstance(table, TodayTable):
        raise InvalidInputError(table)
    return table


def _plan_table(data: Data, path: Path, side: str) -> TodayTable:
    """A plan file; every SKU-location of the study once."""
    fix = f"the {side} plan needs a row for every SKU-location of the study"
    table = _table(data, path, "plan", fix)
    rule = _families(table)
    low, top = table.units.get("reorder_point"), table.units["order_up_to"]
    nothing = np.zeros(table.item.size, np.bool_)
    for name, needs in (("reorder_point", has_point(rule)), ("order_quantity", by_lot(rule))):
        empty = needs & ~table.given.get(name, nothing)
        if empty.any():
            what = f"its rule needs {name}, of which nothing is said here"
            column = name if name in table.table.columns else "family"
            fix = "fill it, or say family = order_up_to"
            table.refuse(found.MISSING_CELL, what, empty, column=column, fix=fix)
    if low is not None:
        bad = (rule == Family.REORDER_UP_TO) & (top <= low)
        if bad.any():
            table.refuse(found.OUT_OF_RANGE, "must lie above the reorder point", bad,
                         column="order_up_to", fix="order-up-to levels of (R,s,S) lie above s")  # fmt: skip
    if table.table.findings.problems:
        raise InvalidInputError(table.table.findings.problems)
    return table


def _families(table: TodayTable) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    """The rule of each row: as named, else by the columns that are filled."""
    words = table.words.get("family", np.full(table.item.size, None, dtype=object))
    low = table.given.get("reorder_point", np.zeros(table.item.size, np.bool_))
    lots = table.given.get("order_quantity", np.zeros(table.item.size, np.bool_))
    lots = lots & (table.units.get("order_quantity", np.zeros(table.item.size, np.int64)) > 0)
    guess = np.where(low & lots, "reorder_quantity", np.where(low, "reorder_up_to", "order_up_to"))
    return np.array([TARGET_FAMILIES[str(w or g)] for w, g in zip(words, guess, strict=True)], np.int8)


def _levels(data: Data, table: TodayTable) -> Levels:
    n = data.catalog.n_items
    family, low = np.zeros(n, np.int8), np.zeros(n, np.int64)
    top, lot = np.zeros(n, np.int64), np.zeros(n, np.int64)
    rule = _families(table)
    none = np.zeros(table.item.size, np.int64)
    family[table.item] = rule
    top[table.item] = table.units["order_up_to"]
    up_to = rule == Family.ORDER_UP_TO
    low[table.item] = np.where(up_to, table.units["order_up_to"] - 1, table.units.get("reorder_point", none))
    lot[table.item] = np.where(up_to, 0, table.units.get("order_quantity", none))
    return Levels(family, low[:, None], top[:, None], lot[:, None])


def _spread(table: TodayTable, values: FloatArray, n: int) -> FloatArray:
    out = np.full(n, np.nan)
    out[table.item] = values
    return out


def _words(table: TodayTable, name: str, n: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    from simlab.catalog.cells.convert import texts

    out = np.full(n, "(all)", dtype=object)
    if name in table.table.columns:
        out[table.item] = [str(word or "(none)") for word in texts(table.table.columns[name])]
    return out
