"""The gate's tables: one row per SKU-location, the lists added up, and the live plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.api.data.data import Data
from simlab.api.output.plan_csv import rounded, text_column
from simlab.api.rollout.judging import Judged
from simlab.api.rollout.pairs import HeldPairs, Pairs, Side
from simlab.api.rollout.settle import Settled
from simlab.api.rollout.sides import Proposed
from simlab.api.simulator.levels import families
from simlab.engine.prepare.arrays import ahead
from simlab.engine.world.levels import Family, Levels
from simlab.measures import ratio_interval
from simlab.measures.student import t_quantile
from simlab.verdict.gate.decisions import DECISIONS, GO, UNCHANGED, UNDECIDED

if TYPE_CHECKING:
    from simlab.arrays import FloatArray, IntArray


_POWER = 0.8416212335729143  # normal quantile of 0.8


@dataclass(frozen=True)
class Scale:
    """From sums to measures.

    Attributes
    ----------
    years : float
        Length of a replication.
    stock_weight : float
        What sums of stock are divided by for mean parts on the shelf.
    level : float
        Of intervals.
    q : float
    """

    years: float
    stock_weight: float
    level: float
    q: float


def gate_table(
    data: Data,
    proposed: Proposed,
    sides: tuple[Levels, Levels],
    pairs: HeldPairs,
    judged: Judged,
    settled: Settled,
    scale: Scale,
    tolerance: FloatArray,
) -> pd.DataFrame:
    """One row per SKU-location: both sides, changes with paired intervals, decision and reason.

    Units of the files, fractions, money and orders a year. `worse` is the probability that a replication
    serves less, by more than the tolerance.
    """
    now, then = sides
    parts, family = data.catalog.parts, data.study.policy.family
    cost: FloatArray = np.float64(data.models.costs.cost_resolution) * data.models.costs.unit_cost
    found = [_of_items(part, cost[at], parts[at], tolerance[at], scale) for at, part in pairs]
    seen = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    worse = seen.pop("worse")
    effect, needed = _could(judged, scale, pairs.replications)
    open_ = settled.decision == UNDECIDED
    return pd.DataFrame(
        {
            "sku": list(data.catalog.sku),
            "location": list(data.catalog.location),
            "product": text_column(data, "product"),
            "supplier": text_column(data, "supplier"),
            "segment": proposed.segment,
            "decision": settled.decision,
            "reason": settled.reason,
            **_levels(now, "_now", parts, family),
            **_levels(then, "_proposed", parts, family),
            **seen,
            "tolerance": tolerance,
            "worse": worse,
            "p_go": judged.decided.p_go,
            "p_hold": judged.decided.p_hold,
            "could_show": np.where(open_, effect, np.nan),
            "replications_needed": np.where(open_, needed, np.nan),
            "target": proposed.target,
        }
    )


def _of_items(
    pairs: Pairs, cost: FloatArray, parts: IntArray, tolerance: FloatArray, scale: Scale
) -> dict[str, FloatArray]:
    """Both sides and their differences of some items, from sums by replication."""
    now, then = pairs.now, pairs.then
    lost = now.served - then.served
    served = _paired(-lost / parts[:, None] / scale.years, scale.level)
    stock = _paired((then.stock - now.stock) / scale.stock_weight * cost[:, None], scale.level)
    orders = _paired((then.orders - now.orders) / scale.years, scale.level)
    bought = _paired((then.ordered - now.ordered) * cost[:, None] / scale.years, scale.level)
    return {
        "service_now": _fill(pairs, now, scale.level),
        "service": _fill(pairs, then, scale.level),
        **_columns("served_change", served),
        "stock_value_now": now.stock.mean(axis=1) / scale.stock_weight * cost,
        "stock_value": then.stock.mean(axis=1) / scale.stock_weight * cost,
        **_columns("stock_value_change", stock),
        "orders_now": now.orders.mean(axis=1) / scale.years,
        **_columns("orders_change", orders),
        **_columns("purchases_change", bought),
        "worse": (lost > tolerance[:, None] * pairs.demanded).mean(axis=1),
    }


def _fill(pairs: Pairs, side: Side, level: float) -> FloatArray:
    return ratio_interval(side.served, pairs.demanded, level).value


def _paired(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and half width of a paired difference over replications."""
    r = values.shape[1]
    half = t_quantile(0.5 + level / 2, r - 1) * values.std(axis=1, ddof=1) / np.sqrt(r)
    return values.mean(axis=1), half


def _columns(name: str, paired: tuple[FloatArray, FloatArray]) -> dict[str, FloatArray]:
    mean, half = paired
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def _levels(levels: Levels, end: str, parts: IntArray, family: str) -> dict[str, object]:
    up_to = levels.family == Family.ORDER_UP_TO
    point = pd.Series(levels.reorder_point[:, 0] / parts).mask(up_to)
    return {
        f"family{end}": families(levels, family),
        f"reorder_point{end}": point,
        f"order_up_to{end}": levels.order_up_to[:, 0] / parts,
        f"order_quantity{end}": levels.order_quantity[:, 0] / parts,
    }


def _could(judged: Judged, scale: Scale, replications: int) -> tuple[FloatArray, FloatArray]:
    """Of what is undecided, by the measure that left it open: the least harm that these replications would
    have told from the tolerance, and how many would settle it if the means stay where they are.

    With power 0.8, at the level that the last go of the list has (q ÷ n where there is none), halved where
    either of two promises rules harm out.
    """
    decision, why = judged.decided.decision, judged.decided.why
    n_open = max(int((decision != UNCHANGED).sum()), 1)
    level = scale.q * max(int((decision == GO).sum()), 1) / n_open / 2.0
    quantile = t_quantile(1.0 - level, replications - 1) + _POWER
    effect, needed = np.full(decision.size, np.nan), np.full(decision.size, np.nan)
    for name, evidence in judged.evidence.items():
        mine = np.array([name in names for names in why], np.bool_) & (decision == UNDECIDED)
        effect[mine] = quantile * evidence.error[mine]
        needed[mine] = np.ceil(quantile**2 * evidence.doubt[mine] * replications)
    return effect, needed


def held_table(settled: Settled) -> pd.DataFrame:
    """Table `held_back`: how many SKU-locations each reason holds back, the most frequent first."""
    rows = settled.held().most_common()
    return pd.DataFrame(rows, columns=["reason", "n_items"])


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """One row per list and one for all: what it changes a year; the lists add up to the last row."""
    names = ["served_change", "stock_value_now", "stock_value", "stock_value_change", "orders_change"]
    names += ["purchases_change"]
    rows = []
    for decision in (*DECISIONS, "(all)"):
        own = table if decision == "(all)" else table[table["decision"] == decision]
        rows.append({"decision": decision, "n_items": len(own), **{name: own[name].sum() for name in names}})
    return pd.DataFrame(rows)


def live_levels(settled: Settled, now: Levels, then: Levels) -> Levels:
    """(n, 1) what goes live: proposed where the decision is go or unchanged, else current."""
    goes = np.isin(settled.decision, (GO, UNCHANGED))

    def pick(a: IntArray, b: IntArray) -> IntArray:
        return np.where(goes[:, None], a, b)

    return Levels(
        np.where(goes, then.family, now.family).astype(np.int8),
        pick(then.reorder_point, now.reorder_point),
        pick(then.order_up_to, now.order_up_to),
        pick(then.order_quantity, now.order_quantity),
        None if then.offset is None else np.where(goes[:, None, None], then.offset, 0),
    )


def live_plan(data: Data, table: pd.DataFrame, live: Levels) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `plan` table of the gate's folder, and `plan.csv`."""
    parts = data.catalog.parts
    goes = table["decision"].isin((GO, UNCHANGED))
    chosen = _levels(live, "", parts, data.study.policy.family)
    mean = _mean_ahead(data)
    up_to = live.family == Family.ORDER_UP_TO
    base = np.where(up_to, live.order_up_to[:, 0], live.reorder_point[:, 0]) / parts
    service = table["service"].where(goes, table["service_now"])
    value = table["stock_value"].where(goes, table["stock_value_now"])
    review = data.models.world.terms.review_period
    plan = pd.DataFrame(
        {
            "sku": table["sku"],
            "location": table["location"],
            "segment": table["segment"],
            "target": table["target"].where(goes),
            "planning_method": np.where(goes, "as proposed", "as today"),
            "safety_stock": base - mean,
            **{name: chosen[name] for name in ("reorder_point", "order_up_to", "order_quantity")},
            "review_period": review,
            "fill_rate": service,
            "sample": "gate",
            "family": chosen["family"],
            "decision": table["decision"],
        }
    )
    whole = (parts == 1).all()
    plan["reorder_point"] = plan["reorder_point"].astype("Float64")
    if whole:
        plan["reorder_point"] = plan["reorder_point"].astype("Int64")
        for name in ("order_up_to", "order_quantity"):
            plan[name] = plan[name].astype(np.int64)
    shown = plan.assign(
        product=table["product"],
        supplier=table["supplier"],
        family_now=table["family_now"],
        pack_size=data.models.world.terms.pack_size / parts,
        service=service,
        service_now=table["service_now"],
        stock_value=value,
        stock_value_now=table["stock_value_now"],
        stock_value_change=value - table["stock_value_now"],
        reason=table["reason"],
        **{
            f"{name}_now": table[f"{name}_now"] for name in ("reorder_point", "order_up_to", "order_quantity")
        },
    )
    return plan, rounded(shown)


def _mean_ahead(data: Data) -> FloatArray:
    """(n,) mean demand of R + E[L], units of the files."""
    world, paths = data.models.world, data.models.paths
    lead = np.array([float(np.dot(*world.lead_time.support(row))) for row in range(world.n_items)])
    mean = world.demand.mean * (world.terms.review_period + lead)
    if paths is not None:
        mean = np.where(paths.mask, ahead(paths.path, world.terms.review_period + lead)[:, 0], mean)
    return np.asarray(mean / data.catalog.parts, np.float64)
