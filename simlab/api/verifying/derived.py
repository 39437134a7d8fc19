"""Numbers of a run derived again from those that they are made of."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from simlab.api.output.groups import group_frames
from simlab.api.verifying.finding import Ledger, ratio
from simlab.arrays import FloatArray, IntArray
from simlab.measures import ALL, ratio_interval
from simlab.run import RunFolder

_CURVES = ("demanded", "served")


def derive(run: RunFolder, ledger: Ledger) -> None:
    """Totals of SKU-locations, segments, plans and the frontier, limits, dominance and the manifest."""
    facts = run.manifest.get("world")
    if not facts:
        ledger.checked.append("no numbers were derived: the run is of a version that kept no sums")
        return
    tables = {name: run.read_table(name) for name in _WANTED if run.has_table(name)}
    _items(tables, facts, ledger)
    _levels(tables, ledger)
    _today(tables, facts, ledger)
    _groups(tables, ledger)
    _segments(tables, run.manifest, ledger)
    if "frontier" in tables:
        _references(tables, run.manifest, ledger)
        _in_exact_sums(tables, run, ledger)
        _frontier(tables, run.manifest, ledger)
        _limits(tables, run.manifest, ledger)
    _manifest(tables, run.manifest, ledger)


_WANTED = (
    *("items", "world", "segments", "plan", "replications", "reference", "frontier", "curves", "cells"),
    *("suppliers", "locations"),
)


def _names(frame: pd.DataFrame) -> list[str]:
    return [f"{sku}@{location}" for sku, location in zip(frame["sku"], frame["location"], strict=True)]


def _items(tables: dict[str, pd.DataFrame], facts: dict[str, Any], ledger: Ledger) -> None:
    """Rates and stock of every SKU-location from its integer sums; the plan has the same."""
    items, plan, world = tables["items"], tables["plan"], tables["world"]
    names = _names(items)
    if len(set(names)) != len(names):
        ledger.wrong("items", "sku", "a SKU-location stands twice")
    paths = 2.0 * facts["exposure"] * facts["parts"] * facts["replications"]
    for column, part, whole in (
        ("fill_rate", "sum_served", "sum_demanded"),
        ("cycle_service_level", "sum_good_receipts", "sum_receipts"),
    ):
        found = [ratio(float(a), float(b)) for a, b in zip(items[part], items[whole], strict=True)]
        ledger.same("items", column, found, items[column], names)
    counted = world.drop(columns=["item", "left_out"])
    joined = items.merge(counted, on=["sku", "location"], suffixes=("", "_sum"))
    stock = joined["sum_stock"] / paths
    some = _names(joined)
    ledger.same("items", "mean_on_hand", stock / joined["parts"], joined["mean_on_hand"], some)
    money = stock * joined["unit_cost_sum"] * facts["cost_resolution"]
    ledger.same("items", "inventory_value", money, joined["inventory_value"], some)
    held = stock * joined["holding"] * facts["cost_resolution"] / 100
    ledger.same("items", "holding_cost", held, joined["holding_cost"], some)
    if _names(plan) != names:
        ledger.wrong("plan", "sku", "other SKU-locations, or in another order, than in items")
        return
    for column in ("fill_rate", "fill_rate_low", "target"):
        ledger.same("plan", column, items[column], plan[column], names)
    ledger.checked.append(f"rates, stock and money of {len(items):,} SKU-locations, from their integer sums")


_LEVELS = (
    (("order_up_to", "S"),),
    (("reorder_point", "s"), ("order_quantity", "Q")),
    (("reorder_point", "s"), ("order_up_to", "S")),
)
"""Column of the plan and field of the plain item, by family."""


def _levels(tables: dict[str, pd.DataFrame], ledger: Ledger) -> None:
    """The plan's levels are those that were simulated."""
    plan, world = tables["plan"], tables["world"]
    world = world[world["item"] != ""]
    lines = plan.set_index(["sku", "location"])
    compared = 0
    for row in world.to_dict("records"):
        item = json.loads(row["item"])
        name, stands = f"{row['sku']}@{row['location']}", lines.loc[(row["sku"], row["location"])]
        if item["offset"] != [0]:
            continue
        compared += 1
        for column, field in _LEVELS[item["family"]]:
            ledger.same("plan", column, [item[field] / row["parts"]], [stands[column]], [name])
    ledger.checked.append(f"levels of {compared:,} SKU-locations in the plan, from what was simulated")


def _today(tables: dict[str, pd.DataFrame], facts: dict[str, Any], ledger: Ledger) -> None:
    """Today's side of the plan: levels as they were simulated, service and stock from their sums."""
    items, plan, world = tables["items"], tables["plan"], tables["world"]
    if "sum_served_now" not in plan or "now" not in world:
        return
    names = _names(plan)
    served, asked = plan["sum_served_now"], items["sum_demanded"]
    fill = [ratio(float(a), float(b)) for a, b in zip(served, asked, strict=True)]
    ledger.same("plan", "fill_rate_now", fill, plan["fill_rate_now"], names)
    paths = 2.0 * facts["exposure"] * facts["parts"] * facts["replications"]
    joined = plan.merge(world[["sku", "location", "unit_cost", "now", "parts"]], on=["sku", "location"])
    money = joined["sum_stock_now"] / paths * joined["unit_cost"] * facts["cost_resolution"]
    ledger.same("plan", "inventory_value_now", money, joined["inventory_value_now"], _names(joined))
    for row in joined[joined["now"] != ""].to_dict("records"):
        now, name = json.loads(row["now"]), f"{row['sku']}@{row['location']}"
        for column, field in _LEVELS[now["family"]]:
            stands = row[f"{column}_now"]
            ledger.same("plan", f"{column}_now", [now[field] / row["parts"]], [stands], [name])
    ledger.checked.append(f"today's levels, service and stock of {int(served.notna().sum()):,} SKU-locations")


def _groups(tables: dict[str, pd.DataFrame], ledger: Ledger) -> None:
    """Suppliers and locations from their SKU-locations; the plan's stock and its change from the items'."""
    items, plan = tables["items"], tables["plan"]
    if "locations" not in tables or "inventory_value_change" not in plan:
        return
    ledger.same("plan", "inventory_value", items["inventory_value"], plan["inventory_value"], _names(plan))
    moved = plan["inventory_value"] - plan["inventory_value_now"]
    ledger.same("plan", "inventory_value_change", moved, plan["inventory_value_change"], _names(plan))
    for name, frame in group_frames(items, plan).items():
        by, stands = name.removesuffix("s"), tables[name]
        if list(stands[by]) != list(frame[by]):
            ledger.wrong(name, by, f"other {name}, or in another order, than those of the plan")
            continue
        names = [str(one) for one in frame[by]]
        for column in frame.columns.drop([by, "volume"]):
            ledger.same(name, column, frame[column], stands[column], names)
    ledger.checked.append("totals of suppliers and locations, from their SKU-locations")


def _segments(tables: dict[str, pd.DataFrame], manifest: dict[str, Any], ledger: Ledger) -> None:
    """Totals of segments of the plan from those of their SKU-locations."""
    items, segments = tables["items"], tables["segments"]
    sample = manifest["world"]["sample"]
    main = segments[(segments["sample"] == sample) & (segments["plan"] == segments["plan"].iloc[0])]
    groups: dict[str, pd.DataFrame] = {ALL: items}
    groups |= {str(name): part for name, part in items.groupby("segment", sort=False)}
    names = [str(name) for name in main["segment"]]
    if set(names) != set(groups):
        ledger.wrong("segments", "segment", "other segments than those of items")
        return
    parts = [groups[name] for name in names]
    fill = [ratio(float(p["sum_served"].sum()), float(p["sum_demanded"].sum())) for p in parts]
    ledger.same("segments", "fill_rate", fill, main["fill_rate"], names)
    cycle = [ratio(float(p["sum_good_receipts"].sum()), float(p["sum_receipts"].sum())) for p in parts]
    ledger.same("segments", "cycle_service_level", cycle, main["cycle_service_level"], names)
    for column in ("inventory_value", "holding_cost"):
        ledger.same("segments", column, [p[column].sum() for p in parts], main[column], names)
    ledger.same("segments", "n_items", [len(p) for p in parts], main["n_items"], names)
    ledger.checked.append(f"totals of {len(names) - 1:,} segments and of all, from their SKU-locations")


def _rows(frame: pd.DataFrame, level: float) -> dict[str, FloatArray]:
    """Fill rate with its interval, stock and cost of plans, from their replications."""
    demanded = np.array(frame["demanded"].tolist(), dtype=np.int64)
    served = np.array(frame["served"].tolist(), dtype=np.int64)
    fill = ratio_interval(served, demanded, level)
    found = {"fill_rate": fill.value, "fill_rate_low": fill.low, "fill_rate_high": fill.high}
    for name in ("inventory_value", "holding_cost"):
        found[name] = np.array(frame[name].tolist(), dtype=np.float64).mean(axis=1)
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def _references(tables: dict[str, pd.DataFrame], manifest: dict[str, Any], ledger: Ledger) -> None:
    """Compared plans, and totals of all segments of each, from sums by replication."""
    kept = tables["replications"]
    of_plans = kept[kept["point"] == 0].drop_duplicates("plan").set_index("plan", drop=False)
    for table, frame in (("reference", tables["reference"]), ("segments", tables["segments"])):
        fresh = frame[frame["sample"] == "verdict"]
        fresh = fresh[fresh["segment"] == ALL] if table == "segments" else fresh
        fresh = fresh[fresh["plan"].isin(of_plans.index)]
        found = _rows(of_plans.loc[fresh["plan"]], float(manifest["level"]))
        for column, values in found.items():
            ledger.same(table, column, values, fresh[column], [str(plan) for plan in fresh["plan"]])
    ledger.checked.append(f"{len(of_plans):,} plans with their intervals, from sums by replication")


def _in_exact_sums(tables: dict[str, pd.DataFrame], run: RunFolder, ledger: Ledger) -> None:
    """Every plan of the frontier added up again from the sums of its segments, these from their items'."""
    frontier, curves = tables["frontier"], tables.get("curves")
    segments, grid = list(run.manifest["segments"]), list(run.manifest["targets"])
    for table in ("curves", "cells"):
        for name in _CURVES if table in tables else ():
            frame = tables[table]
            called = _names(frame) if table == "curves" else [str(one) for one in frame["segment"]]
            batches = [int(np.sum(one)) for one in frame[f"{name}_by_batch"]]
            ledger.same(table, name, batches, frame[name], called)
    if _pinned(run) or (curves is not None and len(tables["items"]) * len(grid) != len(curves)):
        ledger.checked.append("not checked: plans of the frontier in exact sums (SKU-locations are pinned)")
        return
    by_segment = {name: _by_segment(tables, name, segments, len(grid), ledger) for name in _CURVES}
    demanded = float(by_segment["demanded"][:, 0].sum())
    column = {target: at for at, target in enumerate(grid)}
    names, fills, rows = list[str](), list[float](), list[Any]()
    chosen = frontier[frontier["kind"].isin(["segmented", "uniform"])]
    for index, row in zip(chosen.index, chosen.to_dict("records"), strict=True):
        targets = list(row["targets"])
        if len(targets) not in (1, len(segments)) or any(one not in column for one in targets):
            continue
        columns = [column[one] for one in targets] * (1 if len(targets) > 1 else len(segments))
        at = np.array(columns[: len(segments)])
        names.append(f"{row['kind']} {row['point']}")
        rows.append(index)
        fills.append(ratio(float(by_segment["served"][np.arange(at.size), at].sum()), demanded))
    ledger.same("frontier", "fill_rate", fills, frontier["fill_rate"].loc[rows], names)
    ledger.checked.append(f"{len(rows):,} plans of the frontier in exact sums of their segments")


def _by_segment(
    tables: dict[str, pd.DataFrame], name: str, segments: list[str], k: int, ledger: Ledger
) -> IntArray:
    """(segments, k) sums of the search by segment and target: as kept, and from the items where these are."""
    found: IntArray | None = None
    if "curves" in tables:
        code = tables["items"]["segment"].map({name: at for at, name in enumerate(segments)})
        found = np.zeros((len(segments), k), np.int64)
        np.add.at(found, code.to_numpy(np.int64), tables["curves"][name].to_numpy(np.int64).reshape(-1, k))
    if "cells" not in tables:
        return np.zeros((len(segments), k), np.int64) if found is None else found
    cells = tables["cells"].set_index("segment")
    kept = np.array([cells.loc[[one], name].to_numpy(np.int64) for one in segments])
    if found is not None:
        ledger.same("cells", name, found.ravel(), kept.ravel(), np.repeat(segments, k).tolist())
    return kept


def _pinned(run: RunFolder) -> bool:
    """Whether some SKU-locations keep a target of their own."""
    try:
        resolved = json.loads((run.path / "resolved.json").read_text("utf-8"))
        return bool((resolved.get("optimize") or {}).get("pinned"))
    except (OSError, ValueError, RecursionError, AttributeError):
        return True


def _frontier(tables: dict[str, pd.DataFrame], manifest: dict[str, Any], ledger: Ledger) -> None:
    """Plans on fresh randomness; none costs as much as another that serves more."""
    frontier = tables["frontier"]
    fresh = tables["replications"]
    fresh = fresh[fresh["plan"] == "frontier"]
    own = frontier[(frontier["kind"] == "segmented") & frontier["fill_rate_verdict"].notna()]
    if len(own) != len(fresh):
        message = f"{len(own):,} plans were judged, replications has {len(fresh):,}"
        ledger.wrong("frontier", "fill_rate_verdict", message)
        return
    for name, values in _rows(fresh, float(manifest["level"])).items():
        fresh_name = f"fill_rate_verdict{name[9:]}" if name.startswith("fill_rate") else f"{name}_verdict"
        ledger.same("frontier", fresh_name, values, own[fresh_name], [str(p) for p in own["point"]])
    ledger.checked.append(f"{len(own):,} plans of the frontier on fresh randomness, from sums by replication")
    own = frontier[frontier["kind"] == "segmented"]
    for column_name in ("objective", "service"):
        if (np.diff(own[column_name].to_numpy()) <= 0).any():
            ledger.wrong("frontier", column_name, "does not rise from plan to plan: one dominates another")
    ledger.checked.append("dominance: along the frontier cost and service both rise")


def _limits(tables: dict[str, pd.DataFrame], manifest: dict[str, Any], ledger: Ledger) -> None:
    """The chosen plan keeps floor and budget on the seed that chose it."""
    frontier = tables["frontier"]
    own = frontier[frontier["chosen"].astype(bool) & (frontier["kind"] == "segmented")]
    if own.empty:
        return
    row, limits = own.iloc[0], manifest.get("constraints") or {}
    floor, budget = limits.get("fill_rate"), limits.get("budget")
    if floor is not None and row["service"] < floor * (1 - 1e-12):
        message = f"the chosen plan serves {row['service']:.6g}, asked was {floor:g}"
        ledger.wrong("frontier", "service", message)
    if budget is not None and row["inventory_value"] > budget * (1 + 1e-12):
        ledger.wrong("frontier", "inventory_value", f"the chosen plan exceeds the budget of {budget:,.2f}")
    ledger.checked.append("floor and budget of the chosen plan")


def _manifest(tables: dict[str, pd.DataFrame], manifest: dict[str, Any], ledger: Ledger) -> None:
    """What the manifest says of the plan stands in the tables."""
    items = tables["items"]
    if int(manifest.get("n_items", -1)) != len(items):
        ledger.wrong("items", "sku", f"{len(items):,} rows, the manifest says {manifest.get('n_items')}")
    for segment, target in (manifest.get("chosen") or {}).items():
        asked = items.loc[items["segment"] == segment, "target"].to_numpy(np.float64)
        if asked.size and not np.isclose(asked, float(target), rtol=1e-12).any():
            ledger.wrong("items", "target", f"{segment}: no SKU-location has the chosen target {target}")
    ledger.checked.append("what the manifest says of the plan")
