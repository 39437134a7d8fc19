"""Results as DataFrames: the tables of the run folder, and what ``.to_frame()`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simlab.api.data.fitted import REASON, model_frame
from simlab.api.show import spread
from simlab.api.simulator.levels import families, level_frame
from simlab.api.simulator.redrawn import SUFFIX
from simlab.arrays import FloatArray, IntArray
from simlab.catalog import Catalog
from simlab.frontier import Frontier
from simlab.measures import ALL, ratio_interval
from simlab.models import Models
from simlab.policies import PlannedLevels
from simlab.segments import Segmentation

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome
    from simlab.api.simulation import Simulation
    from simlab.execution import PlanSums
    from simlab.verdict.scores import Scale


_TAKEN = frozenset({"segment", "sku", "location", "supplier", "plan", "sample", "target", "n_items", "point"})


def item_frame(
    catalog: Catalog,
    models: Models,
    segmentation: Segmentation,
    achieved: pd.DataFrame,
    *,
    reasons: bool = True,
) -> pd.DataFrame:
    """Models, segment, what was achieved, and the user's own columns as ``item_…``.

    Without `reasons` the column `packed_texts` is left to whoever writes the table.
    """
    frame = model_frame(catalog, models, reasons=reasons)
    frame.insert(2, "segment", np.array(segmentation.names, dtype=object)[segmentation.codes])
    for place, name in enumerate(attribute_columns(segmentation)):
        values = np.array([attribute[place] for attribute in segmentation.attributes], dtype=object)
        frame[name if name not in frame else f"by_{name}"] = values[segmentation.codes]
    frame = pd.concat([frame, achieved], axis=1)
    for name, texts in catalog.texts.items():
        if name not in ("supplier", "unmet"):
            frame[f"item_{name}"] = pd.Series(list(texts), dtype="object")
    return frame


def packed_texts(items: pd.DataFrame, models: Models) -> dict[str, tuple[int, Sequence[str]]]:
    """What `item_frame` without reasons lacks, with its place, as `RunFolder.write_table` takes it."""
    return {REASON: (list(items.columns).index("lead_time_reason"), models.demand_reason)}


def plan_frame(
    catalog: Catalog,
    models: Models,
    segmentation: Segmentation,
    targets: FloatArray,
    planned: PlannedLevels,
    column: IntArray,
    achieved: pd.DataFrame,
) -> pd.DataFrame:
    """What an ERP imports: one row per SKU-location with its levels."""
    frame = level_frame(catalog, models, segmentation, targets, planned, column)
    names = ["fill_rate", "fill_rate_low", "sample"]
    added = {name: achieved[name] for name in names} | {
        "family": families(planned.levels, catalog.study.policy.family)
    }
    return frame.assign(**added)[[*_LEVELS, *names, *frame.columns.drop(list(_LEVELS)), "family"]]


_LEVELS = (
    *("sku", "location", "segment", "target", "planning_method", "safety_stock"),
    *("reorder_point", "order_up_to", "order_quantity", "review_period"),
)


def simulation_frame(simulation: Simulation) -> pd.DataFrame:
    """The `segments` table of a simulated policy."""
    frame = simulation.by("segment").to_frame()
    frame.insert(0, "plan", "given")
    frame.insert(1, "sample", "search")
    for place, name in enumerate(attribute_columns(simulation.segmentation)):
        values = [attribute[place] for attribute in simulation.segmentation.attributes]
        frame[name] = [*values, None]
    return frame


def segment_frame(opt: Outcome) -> pd.DataFrame:
    """The `segments` table: every kept plan × segment (and all), on both samples."""
    rows: list[dict[str, Any]] = []
    segmentation = opt.segmentation
    for sample in ("search", "verdict"):
        for kind in opt.kinds:
            targets, columns = opt.targets_of(kind), opt.segment_scores(kind, sample)
            for place, segment in enumerate(segmentation.names):
                rows.append(
                    {
                        "plan": kind,
                        "sample": sample,
                        "segment": segment,
                        **_attributes(segmentation, place),
                        "n_items": int(segmentation.sizes[place]),
                        "target": targets[place],
                        **{name: values[place] for name, values in columns.items()},
                        **_redrawn(opt, kind, sample, place),
                    }
                )
            rows.append(
                {
                    "plan": kind,
                    "sample": sample,
                    "segment": ALL,
                    **_attributes(segmentation, None),
                    "n_items": segmentation.codes.size,
                    "target": opt.target_of(kind, None),
                    **opt.scores(kind, sample).columns(),
                    **_redrawn(opt, kind, sample, None),
                }
            )
    return pd.DataFrame(rows)


def _redrawn(opt: Outcome, kind: str, sample: str, place: int | None) -> dict[str, float]:
    """Measures with model intervals, on the verdict sample where parameters were drawn again."""
    if opt.redrawn is None or sample != "verdict":
        return {}
    return opt.redrawn.scores(kind, None if place is None else np.array([place])).columns(SUFFIX)


def frontier_frame(opt: Outcome) -> pd.DataFrame:
    """The `frontier` table: segmented, uniform and per-SKU plans, in and out of sample."""
    solved = opt.solved
    points = solved.shown
    frames = [
        _points(opt, "segmented", points, (points.choice == solved.chosen.choice).all(axis=1)),
        _points(
            opt, "uniform", solved.uniform, (solved.uniform.choice == solved.best_uniform.choice).all(axis=1)
        ),
        _item_points(opt),
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame.insert(0, "point", frame.groupby("kind", sort=False).cumcount())
    return frame


def _points(opt: Outcome, kind: str, points: Frontier, chosen: npt.NDArray[np.bool_]) -> pd.DataFrame:
    plain = opt.solved.plain
    totals = [plain.totals(choice) for choice in points.choice.astype(np.int64)]
    return pd.DataFrame(
        {
            "kind": kind,
            "fill_rate": [served / max(1, plain.total_demanded) for _, _, served in totals],
            "holding_cost": [float(cost * plain.cost_unit) for cost, _, _ in totals],
            "inventory_value": [float(value * plain.value_unit) for _, value, _ in totals],
            "service": points.fill_rate,
            "objective": points.cost_money,
            **_retested(opt, kind, points.n_points),
            "certificate": points.certificate.astype(str),
            "bound": [float(int(bound) * points.curves.cost_unit) for bound in points.bound],
            "gap": points.gap,
            "gap_between": gap_between(opt) if kind == "segmented" else np.nan,
            "rechecked": kind == "segmented",
            "chosen": chosen,
            "targets": points.targets.tolist(),
        }
    )


def gap_between(opt: Outcome) -> FloatArray:
    """(p,) `Frontier.gap_between` of the points shown; NaN for a chosen plan beside the frontier."""
    own, shown = opt.solved.thinned.frontier, opt.solved.shown
    if shown.n_points == own.n_points:
        return own.gap_between
    at = np.flatnonzero((shown.choice == opt.chosen.choice).all(axis=1))[0]
    return np.insert(own.gap_between, int(at), np.nan)


def _item_points(opt: Outcome) -> pd.DataFrame:
    items, curves = opt.solved.items, opt.solved.frontier.curves
    n = items.choice.shape[0]
    cost = [float(cost * curves.cost_unit) for cost in items.cost]
    fresh = _retested(opt, "per_sku", n)
    usual = opt.accounting.plain
    return pd.DataFrame(
        {
            "kind": "per_sku",
            "fill_rate": items.fill_rate if usual else fresh["fill_rate_verdict"],
            "holding_cost": cost if usual else fresh["holding_cost_verdict"],
            "inventory_value": [float(value * curves.value_unit) for value in items.value],
            "service": items.fill_rate,
            "objective": cost,
            **fresh,
            "certificate": "exact",
            "bound": cost,
            "gap": 0.0,
            "gap_between": np.nan,
            "rechecked": True,
            "chosen": False,
            "targets": [None] * n,
        }
    )


def _retested(opt: Outcome, kind: str, n: int) -> dict[str, FloatArray]:
    """What the first n plans of a frontier did on the verdict seed."""
    scale = opt.settings.scale(opt.data.study)
    sums = opt.verdict[f"frontier:{kind}"]
    fill = ratio_interval(sums.served[:n, 0], sums.demanded[:n, 0], scale.level)
    asked = np.broadcast_to(sums.asked, sums.good.shape)[:n, 0]
    service = ratio_interval(sums.good[:n, 0], asked, scale.level)
    return {
        "service_verdict": sums.good[:n, 0].sum(axis=1) / np.maximum(asked.sum(axis=1), 1),
        "service_verdict_low": service.low,
        "service_verdict_high": service.high,
        "fill_rate_verdict": fill.value,
        "fill_rate_verdict_low": fill.low,
        "fill_rate_verdict_high": fill.high,
        "holding_cost_verdict": sums.holding[:n, 0].mean(axis=1) * scale.holding,
        "inventory_value_verdict": sums.stock_value[:n, 0].mean(axis=1) * scale.value,
    }


def verdict_frame(opt: Outcome) -> pd.DataFrame:
    """The `verdict` table: comparisons at equal fill with their sentences."""
    currency = opt.data.study.currency
    model = opt.redrawn_comparisons or ((),) * len(opt.comparisons)
    return pd.DataFrame(
        [
            {
                "comparison": f"{one.a} vs {one.b}",
                "rival": one.b,
                "basis": "equal fill",
                "at_fill": one.at_fill,
                "cost_a": one.cost_a,
                "cost_b": one.cost_b,
                **spread("difference", one.difference),
                **spread("percent", one.percent),
                "level": one.difference.level,
                "replications": one.difference.n,
                "statement": one.statement(currency),
                "limits": opt.solved.rivals.get(one.b, ""),
                **dict(
                    pair
                    for name, drawn in zip(("difference", "percent"), more, strict=False)
                    for pair in spread(f"{name}{SUFFIX}", drawn).items()
                ),
            }
            for one, more in zip(opt.comparisons, model, strict=True)
        ]
    )


def reference_frame(opt: Outcome) -> pd.DataFrame:
    """The `reference` table: where each kept plan stands, in and out of sample."""
    rows = []
    for sample in ("search", "verdict"):
        for kind in opt.kinds:
            scores = opt.scores(kind, sample)
            rows.append(
                {
                    "plan": kind,
                    "sample": sample,
                    **spread("service", opt.service_of(kind, sample)),
                    "fill_rate": scores.fill_rate.value,
                    "fill_rate_low": scores.fill_rate.low,
                    "fill_rate_high": scores.fill_rate.high,
                    "holding_cost": scores.holding_cost.value,
                    "inventory_value": scores.inventory_value.value,
                }
            )
    return pd.DataFrame(rows)


def shown(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The few rows and columns of a run that fit a terminal: plans, and segments of the main plan."""
    segments = frames["segments"]
    sample = "verdict" if (segments["sample"] == "verdict").any() else "search"
    rows = segments[segments["sample"] == sample]
    service = ["fill_rate", "fill_rate_low", "fill_rate_high"]
    service += [name for end in ("", "_low", "_high") if (name := f"fill_rate{SUFFIX}{end}") in rows]
    money = ["inventory_value", "holding_cost"]
    main = rows[rows["plan"] == rows["plan"].iloc[0]]
    found = {"segments": main[["segment", "n_items", "target", *service, *money]].reset_index(drop=True)}
    if rows["plan"].nunique() > 1:
        totals = rows[rows["segment"] == ALL]
        found = {"plans": totals[["plan", *service, *money]].reset_index(drop=True), **found}
    return found


def attribute_columns(segmentation: Segmentation) -> list[str]:
    """Column names of the attributes segmented by: ``abc``; ``by_segment`` where a name is taken."""
    plain = [name.removeprefix("column:") for name in segmentation.by]
    return [f"by_{name}" if name in _TAKEN else name for name in plain]


def _attributes(segmentation: Segmentation, place: int | None) -> dict[str, str | None]:
    return {
        name: None if place is None else segmentation.attributes[place][number]
        for number, name in enumerate(attribute_columns(segmentation))
    }


FRONTIER = "frontier"
"""Name of the rows that hold the segmented frontier, one plan after the other."""


def optimization_sums(opt: Outcome) -> pd.DataFrame:
    """Kept plans and the segmented frontier on the verdict seed.

    One row per plan: plan, point (of the frontier), sample, and lists over replications: demanded and
    served (units, and by unit cost, margin and item), inventory_value, holding_cost, lost_margin (a year).
    """
    scale = opt.settings.scale(opt.data.study)
    rows = [row for kind in opt.kinds for row in _rows(kind, "verdict", opt.verdict[kind], scale)]
    return pd.DataFrame([*rows, *_rows(FRONTIER, "verdict", opt.verdict["frontier:segmented"], scale)])


def simulation_sums(simulation: Simulation) -> pd.DataFrame:
    """The given plan on the search seed; columns as those of an optimized run."""
    scale = simulation.settings.scale(simulation.data.study)
    return pd.DataFrame(_rows("given", "search", simulation.sums, scale))


def _rows(plan: str, sample: str, sums: PlanSums, scale: Scale) -> list[dict[str, Any]]:
    whole = sums.total()
    money = scale.cost_resolution * scale.periods_per_year / scale.periods
    return [
        {
            "plan": plan,
            "point": point,
            "sample": sample,
            "demanded": whole.demanded[point, 0],
            "served": whole.served[point, 0],
            "inventory_value": whole.stock_value[point, 0] * scale.value,
            "holding_cost": whole.holding[point, 0] * scale.holding,
            **{
                f"{what}_{weight}": getattr(whole, f"{what}_{weight}")[point, 0]
                for weight in ("value", "margin", "items")
                for what in ("demanded", "served")
            },
            "lost_margin": whole.lost_margin[point, 0] * money,
        }
        for point in range(whole.n_plans)
    ]
