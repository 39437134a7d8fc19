"""Sums by segment and target: what plans are chosen from, and read on, without a simulator."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simlab.api.plans.tails import asks_for_tails
from simlab.api.requirements.accounting import order_weight, per_year_of, short_stated
from simlab.api.requirements.grouping import Grouping
from simlab.api.simulator.simulator import SEGMENTS
from simlab.arrays import IntArray
from simlab.frontier import pin_items
from simlab.frontier.curves import sum_by_group
from simlab.measures import t_quantile

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome

CELLS = "what_if"
MOST_SEGMENTS = 30
"""Above it the verdict is kept as one batch: values without intervals."""
READ = (
    *(f"{part}{weight}" for weight in ("", "_value", "_margin", "_items") for part in ("demanded", "served")),
    "stock_value",
    "holding",
    "lost_margin",
)
CHOSEN_BY = ("cost", "value", "good", "asked", "short", "orders")


def cells_frame(opt: Outcome) -> pd.DataFrame | None:
    """One row per sample × segment × target × batch, integer sums; None where they were too many to keep.

    ``search``: totals of the search seed (batch 0), from which a plan is chosen: `cost`, `value` and `good`
    of `asked` as the study counts them, units `served` of `demanded`, `short` (units not served at once),
    `orders` (at their cost, in the unit of `cost`), `stock_value`, `holding`. ``verdict``: sums of the
    replications whose number modulo that of batches is `batch`, on which a plan is read.
    """
    fresh, search = opt.verdict.get(SEGMENTS), _search(opt)
    if fresh is None or any(table.dtype == object for table in search.values()):
        return None
    n, k = search["cost"].shape
    n_batches = batches(opt)
    tables = {name: _batched(getattr(fresh, name), n_batches) for name in READ}
    places = {"segment": np.array(opt.segmentation.names, dtype=object), "column": np.arange(k)}
    first = _rows("search", search, places, np.arange(1)) if n else None
    second = _rows("verdict", tables, places, np.arange(n_batches))
    frame = pd.concat([first, second], ignore_index=True)
    numbers = [*dict.fromkeys((*CHOSEN_BY, *READ))]
    frame[numbers] = frame[numbers].astype("Int64")
    frame.insert(3, "target", np.array(opt.targets)[frame["column"]])
    return frame


def batches(opt: Outcome) -> int:
    """Batches of the verdict: those of the study, or one with many segments."""
    few = opt.segmentation.n_segments <= MOST_SEGMENTS
    return min(opt.settings.batches, opt.settings.verdict_replications) if few else 1


def _search(opt: Outcome) -> dict[str, IntArray]:
    """(n_segments, k) sums of the search seed."""
    grid, plain, solved = opt.solved.problem.curves, opt.solved.plain, opt.solved
    k = grid.n_targets
    asked, demanded = (
        np.repeat(one.demanded[:, None], k, axis=1) if one.demanded.dtype != object else one.demanded[:, None]
        for one in (grid, plain)
    )
    short = demanded - plain.served
    tables = {"cost": grid.cost, "value": grid.value, "good": grid.served, "asked": asked}
    tables |= {"served": plain.served, "demanded": demanded, "short": short}
    tables |= {"stock_value": plain.value, "holding": plain.cost, "orders": np.zeros_like(short)}
    weight = order_weight(opt.data)
    if weight is not None and weight.any():
        orders = opt.curves.orders.sum(axis=-1).astype(object) * weight[:, None].astype(object)
        if opt.rules.items.size:
            orders = pin_items(
                np.broadcast_to(orders, (orders.shape[0], k)), opt.rules.items, opt.rules.columns
            )
        found = sum_by_group(opt.segmentation.codes, opt.segmentation.n_segments, orders)
        found = np.broadcast_to(found, (found.shape[0], k))
        if solved.problem.curves.columns is not None:
            found = np.take_along_axis(found, solved.problem.curves.columns, axis=1)
        small = max((abs(int(one)) for one in found.ravel()), default=0) < 2**62
        tables["orders"] = found.astype(np.int64) if small else found
    return tables


def _batched(table: IntArray, n: int) -> IntArray:
    """(n_segments, k, n) sums of the replications r with r mod n = b, from (k, n_segments, r)."""
    return np.stack([table[:, :, b::n].sum(axis=2) for b in range(n)], axis=2).transpose(1, 0, 2)


def _rows(sample: str, tables: dict[str, IntArray], places: dict[str, Any], batch: IntArray) -> pd.DataFrame:
    shape = (places["segment"].size, places["column"].size, batch.size)
    index = np.indices(shape).reshape(3, -1)
    known = {name: table.reshape(*shape).ravel() for name, table in tables.items()}
    keys = {"sample": sample, "segment": places["segment"][index[0]], "column": places["column"][index[1]]}
    return pd.DataFrame(keys | {"batch": batch[index[2]]} | known)


def what_if_facts(opt: Outcome) -> dict[str, Any]:
    """What the panel of the page needs beside the table: money of a sum, the run's settings, what is fixed.

    Amounts of a unit are fractions as text; `can` says which settings the panel may move, `fixed` why it
    does not move others.
    """
    grid, asked, study = opt.solved.problem.curves, opt.data.study.optimize, opt.data.study
    runs, n = opt.settings.verdict_replications, batches(opt)
    resolution = Fraction(repr(study.data.cost_resolution))
    stock = resolution / (2 * opt.settings.counted * runs)
    can, fixed = _movable(opt)
    columns = grid.columns
    allowed = None if columns is None else columns == np.arange(grid.n_targets)
    return {
        "cost_unit": str(grid.cost_unit),
        "value_unit": str(grid.value_unit),
        "stock_unit": str(stock),
        "holding_unit": str(stock / 100),
        "margin_per_year": float(
            study.data.cost_resolution * study.periods_per_year / opt.settings.exposure / runs
        ),
        "short_weight": per_year_of(opt.data),
        "batches": n,
        "level": opt.settings.level,
        "t": float(t_quantile(0.5 + opt.settings.level / 2, n - 1)) if n > 1 else None,
        "targets": [float(target) for target in opt.targets],
        "allowed": None if allowed is None else [np.flatnonzero(row).tolist() for row in allowed],
        "choice": [int(column) for column in opt.chosen.choice],
        "fill_rate": opt.solved.fill_rate,
        "weighs_service": opt.accounting.weighs_service,
        "budget": opt.solved.budget,
        "choose": asked.choose,
        "service": opt.accounting.service,
        "counted": opt.accounting.keys,
        "objective": opt.accounting.objective,
        "yearly": opt.accounting.yearly,
        "groups": _groups(opt) or [],
        "can": can,
        "fixed": fixed,
    }


def _movable(opt: Outcome) -> tuple[dict[str, bool], list[str]]:
    """What the panel may move, and in a sentence each why it does not move the rest."""
    data, asked, rules, fixed = opt.data, opt.data.study.optimize, opt.rules, list[str]()
    limits = {
        "the order of targets": bool(rules.ordered),
        **dict.fromkeys(rules.named(), True),
        "limits on single replications": bool(rules.chances),
        "floors of groups that share a segment, or of another measure than units served": _groups(opt)
        is None,
        "P95 or peak of stock value": asks_for_tails(asked),
        f'objective = "{asked.objective}"': asked.objective in ("lost_margin", "profit"),
    }
    names = [name for name, there in limits.items() if there]
    if names:
        fixed.append(
            f"Here targets are set by hand only: the study has {', '.join(names)}, which the command alone "
            "solves."
        )
    if rules.items.size:
        fixed.append(f"{rules.items.size:,} SKU-locations keep the target that the study pins them to.")
    solve = not names
    budget = solve and "dead_stock" not in asked.budget_on
    if not budget and solve:
        fixed.append("The budget counts dead stock: it is fixed here.")
    rate = solve and asked.objective == "holding_cost" and data.study.policy.family == "order_up_to"
    rate = rate and data.study.policy.planning != "optimal"
    price = rate and not short_stated(data) and order_weight(data) is not None
    if solve and not rate:
        fixed.append("The holding rate and the price of a lost unit are those of the study.")
    elif rate and not price:
        fixed.append(
            "The price of a lost unit is that of the items (shortage_cost), or order costs are incomplete."
        )
    if asked.choose != "in_sample" and opt.solved.fill_rate is not None:
        fixed.append(
            "The run's plan keeps a margin for chance on top of what is asked; plans found here do not, and "
            'the study that is written says so: choose = "in_sample".'
        )
    return {"solve": solve, "budget": budget, "rate": rate, "price": price}, fixed


def _groups(opt: Outcome) -> list[dict[str, Any]] | None:
    """Floors of the study on units of whole segments, disjoint; None where some are of another kind."""
    found, taken = list[dict[str, Any]](), set[int]()
    for spec, grouping in opt.rules.floors:
        if spec.measure != "fill_rate":
            return None
        for name, at_least in spec.at_least.items():
            inside = _whole_segments(grouping, name, opt)
            if inside is None or taken & set(inside):
                return None
            taken |= set(inside)
            found.append({"name": f"{spec.by} {name}", "segments": inside, "at_least": float(at_least)})
    return found


def _whole_segments(grouping: Grouping, name: str, opt: Outcome) -> list[int] | None:
    """Segments that make up a group; None where it takes a part of one."""
    members = grouping.codes == grouping.names.index(name)
    inside = np.bincount(opt.segmentation.codes[members], minlength=opt.segmentation.n_segments)
    whole = inside == opt.segmentation.sizes
    return np.flatnonzero(whole & (inside > 0)).tolist() if (whole | (inside == 0)).all() else None
