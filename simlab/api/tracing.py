"""One SKU-location of a finished run, followed period by period: the world is made again and checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data, demo, load, settings_of
from simlab.api.data.ordering import MOVE
from simlab.api.simulator.size import RunSize, refuse_what_does_not_fit
from simlab.api.simulator.stored import table_hash
from simlab.engine.prepare.on_grid import parts_of, split_rows
from simlab.engine.recorder.ledger import Ledger, ledger
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.errors import UsageError
from simlab.measures.shown import Public
from simlab.policies import given_levels
from simlab.policies.levels.by_period import moves_of_levels
from simlab.policies.levels.forecasting import FORECAST, calendar_offsets, following
from simlab.register.families import TARGET_FAMILIES, family_named, rule_of
from simlab.run import RunFolder
from simlab.study.sections import ForecastSpec

if TYPE_CHECKING:
    import pandas as pd


_SAMPLES = ("verdict", "search", "gate")
_SIDES = {"proposed": "_proposed", "current": "_now"}
_GOES = "go"


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Public):
    """A replication of one SKU-location under the run's plan.

    Attributes
    ----------
    sku, location : str
    replication : int
    sample : str
        Seed of the run that was followed: ``"search"`` or ``"verdict"``.
    statements : tuple of str
        Levels, totals and how the replication was made again.
    periods : DataFrame
        One row per period, warm-up included (``counted`` is False there). Units.
    orders : DataFrame
        One row per order.
    """

    sku: str
    location: str
    replication: int
    sample: str
    statements: tuple[str, ...]
    periods: pd.DataFrame
    orders: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row per period."""
        return self.periods


def trace(
    run: str | Path,
    item: str,
    *,
    replication: int = 0,
    sample: str | None = None,
    study: str | Path | None = None,
    levels: str | None = None,
) -> Trace:
    """Follow one SKU-location through one replication of a finished run.

    Parameters
    ----------
    run : path
        Run folder of `optimize`, `simulate` or `demo`.
    item : str
        ``SKU@LOCATION``.
    replication : int
        Number of the replication, from 0.
    sample : {"verdict", "search"}, optional
        Default: the verdict where the run has one.
    study : path, optional
        The study file, if it is not where it was.
    levels : {"proposed", "current"}, optional
        Of a gate's folder: one of its two sides. Default: the plan's levels.

    Raises
    ------
    UsageError
        There is no such SKU-location or replication; the study file is not found; or it, its
        tables or this version of simlab give other laws than the run had.

    Notes
    -----
    Levels are those of the run's plan. Laws are fitted again from the study's tables; their hash
    must be the one in the manifest. Random numbers depend on seed, SKU-location and replication
    alone, so that this is the very path that the run added up.
    """
    folder = RunFolder.open(Path(run))
    facts = folder.manifest
    row, own = _planned(folder, item, levels)
    chosen = _sample(facts, sample)
    data = same_data(folder, study)
    own_levels = _levels(facts, data, row, own)
    horizon = _horizon(facts, chosen)
    if not 0 <= replication < horizon.replications:
        raise UsageError(f"the {chosen} sample has replications 0 … {horizon.replications - 1}")
    one = data.models.world.take(np.array([row]))
    book = ledger(one, own_levels, horizon, 0, replication)
    sku, location = data.catalog.sku[row], data.catalog.location[row]
    parts = parts_of(one) if split_rows(one, own_levels)[0] else 1
    words = (
        *_statements(facts, own_levels, book, f"{sku}@{location}", chosen, replication),
        *_by_parts(data, parts),
        *_in_units(int(data.catalog.parts[row])),
    )
    orders = _orders(book, horizon.warmup * parts)
    return Trace(sku, location, replication, chosen, words, _periods(book), orders)


def _by_parts(data: Data, parts: int) -> Iterator[str]:
    """That rows are parts of periods, where they are."""
    if parts > 1:
        period = data.study.period
        yield (
            f"It goes by parts of a {period}: a row, and every number of a period here, is one of "
            f"{parts} parts of {data.study.period_days / parts:.3g} days."
        )


def _in_units(size: int) -> Iterator[str]:
    """That units are parts of the unit of the files, where they are."""
    if size > 1:
        yield f"Units are {1 / size:g} of the unit of the files here (unit_resolution of items)."


def _planned(folder: RunFolder, item: str, side: str | None = None) -> tuple[int, pd.Series[Any]]:
    """Row of a SKU-location in the run's plan, and what stands there (of a gate: on one of its sides)."""
    if side is not None and side not in _SIDES:
        raise UsageError(f"levels are proposed or current, not '{side}'")
    if side is not None and not folder.has_table("gate"):
        raise UsageError(f"{folder.path}: only a gate's folder has proposed and current levels")
    plan = folder.read_table("plan" if side is None else "gate")
    names = plan["sku"].astype(str) + "@" + plan["location"].astype(str)
    rows = np.flatnonzero((names == item).to_numpy())
    if rows.size == 0:
        near = [name for name in names if name.split("@")[0] == item.split("@")[0]][:3]
        hint = f"; did you mean {', '.join(near)}?" if near else f", such as {names.iloc[0]}"
        raise UsageError(f"the run has no SKU-location '{item}': write SKU@LOCATION{hint}")
    row = int(rows[0])
    own = plan.iloc[row]
    if side is None:
        return row, own
    one = own.rename({f"{name}{_SIDES[side]}": name for name in _OF_RULE})
    one["decision"] = _GOES if side == "proposed" else ""
    return row, one


_OF_RULE = ("family", "reorder_point", "order_up_to", "order_quantity")


def _levels(facts: dict[str, Any], data: Data, row: int, own: pd.Series[Any]) -> Levels:
    """Levels of the run's plan; of given levels, each item has a rule of its own."""
    named = facts["policy"]["family"]
    if named == FORECAST and "safety_factor" in own:
        factor = np.zeros((data.models.n_items, 1))
        factor[row] = own["safety_factor"]
        spec = ForecastSpec(**facts["policy"]["forecast"])
        return following(data.models, spec, factor).take(np.array([row]))
    family = TARGET_FAMILIES.get(str(own.get("family")), family_named(named).rule)
    if family is None:  # given levels of runs of 0.2 and before, which do not say each item's
        family = given_levels(data.models).levels.family[row]
    parts = int(data.catalog.parts[row])  # the plan is in the files' units
    top = round(own["order_up_to"] * parts)
    low = round(own["reorder_point"] * parts) if rule_of(family).has_point else top - 1
    s, S, Q = (np.array([[value]]) for value in (low, top, round(own["order_quantity"] * parts)))
    still = Levels(np.array([family], np.int8), s, S, Q)
    if named != FORECAST:
        return _with_table(facts, data, row, own, still)
    if own.get("family", FORECAST) != FORECAST:
        return still
    every = np.zeros((data.models.n_items, 1), np.int64)
    every[row] = top
    offset, phase = calendar_offsets(data.models, ForecastSpec(**facts["policy"]["forecast"]), every)
    return replace(still, offset=None if offset is None else offset[[row]], phase=phase)


def _with_table(facts: dict[str, Any], data: Data, row: int, own: pd.Series[Any], still: Levels) -> Levels:
    """The levels of one row, moved with the forecast table where the run's are; today's stand still."""
    goes = str(own.get("decision", _GOES)) in (_GOES, "unchanged")
    if not facts.get(MOVE) or not goes:
        return still
    points = rule_of(int(still.family[0])).has_point
    every = np.zeros((data.models.n_items, 1), np.int64)
    every[row] = still.reorder_point[0] if points else still.order_up_to[0]
    offset = moves_of_levels(data.models, every, np.full(data.models.n_items, points))
    return replace(still, offset=None if offset is None else offset[[row]])


def _sample(facts: dict[str, Any], sample: str | None) -> str:
    """The sample asked for, if the run has it."""
    known = [name for name in _SAMPLES if name in facts["seeds"]]
    if sample is None:
        return known[0]
    if sample not in known:
        raise UsageError(f"this run has no sample '{sample}': {' or '.join(known)}")
    return sample


def _horizon(facts: dict[str, Any], sample: str) -> Horizon:
    """Periods, warm-up, replications and seed as the run had them."""
    n = facts["replications" if sample == "search" else "verdict_replications"]
    return Horizon(facts["periods"], facts["warmup"], n, 1, facts["seeds"][sample])


def same_data(folder: RunFolder, study: str | Path | None) -> Data:
    """The study's data, loaded again and checked against the run's hash of laws and terms."""
    wanted = folder.manifest["table_hash"]
    source = _study_file(folder) if study is None else Path(study)
    if source is None and folder.manifest["inputs"]:
        raise UsageError(_lost(folder))
    data = demo() if source is None else load(source)
    refuse_what_does_not_fit(data, RunSize.of(data, settings_of(data), 1, verdict=False))
    if table_hash(data.models) != wanted:
        raise UsageError(
            f"{source or 'the demo'}: laws or order terms differ from those of the run "
            "(study, tables or simlab's version changed since), so its paths cannot be made again"
        )
    return data


def _study_file(folder: RunFolder) -> Path | None:
    """The file whose text the run kept: where it lay, where `runs` lies, beside the run, or here."""
    kept = folder.path / "study.toml"
    if not kept.is_file():
        return None
    text = kept.read_bytes()
    noted = folder.manifest.get("study_file")
    here = folder.path.resolve()
    places = (here.parent.parent, here.parent, Path.cwd())
    near = (path for place in places for path in sorted(place.glob("*.toml")))
    for path in (*([here / str(noted)] if noted else []), *near):
        if path.is_file() and path.read_bytes() == text:
            return path
    return None


def _lost(folder: RunFolder) -> str:
    """What to do about a study file that is gone, or says something else by now."""
    noted = folder.manifest.get("study_file")
    then = folder.path / str(noted)
    if noted and then.is_file():
        why = "the study was changed since the run; name a copy of it as it was with --study FILE"
        return f"{os.path.relpath(then)}: {why}"
    was = f" ({noted}, seen from the run folder)" if noted else ""
    return f"{folder.path}: the study file of this run is not where it was{was}; name it with --study FILE"


def _statements(
    facts: dict[str, Any], levels: Levels, book: Ledger, name: str, sample: str, replication: int
) -> Iterator[str]:
    yield f"{name} {rule_text(levels)}. Replication {replication} of the {sample} sample."
    demanded, served = book.total("demanded"), book.total("served")
    fill = f", fill rate {served / demanded:.3f}" if demanded else ""
    yield (
        f"In {facts['periods']} {facts['period']}s after {facts['warmup']} of warm-up: {demanded:,} units "
        f"demanded, {served:,} served at once{fill}; {book.total('orders')} orders."
    )
    from simlab.engine._jit import kernel_hash

    if facts["kernel_hash"] != kernel_hash():
        yield "The run was made by other kernels than these; the laws and terms are the same."


def rule_text(levels: Levels) -> str:
    """What the only item's levels order, in words."""
    top, low = int(levels.order_up_to[0, 0]), int(levels.reorder_point[0, 0])
    if levels.forecast is not None:
        factor = float(levels.forecast.factor[0, 0])
        sign = "−" if factor < 0 else "+"
        return f"orders up to its forecast {sign} {abs(factor):.2f} standard errors ({top} at first)"
    return rule_of(levels.family[0]).says.format(S=top, s=low, Q=int(levels.order_quantity[0, 0]))


def _periods(book: Ledger) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(book.periods)
    frame["period"] -= int((frame["counted"] == 0).sum())
    frame["counted"] = frame["counted"] == 1
    return frame


def _orders(book: Ledger, warmup: int) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(book.orders)
    arrives = frame["rest_arrival"] >= 0
    for name in ("placed", "left", "arrival", "rest_arrival"):
        frame[name] -= warmup
    frame["rest_arrival"] = frame["rest_arrival"].astype("Int64").where(arrives)
    return frame
