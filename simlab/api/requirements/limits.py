"""The study's limits as integer rows over segments × targets, on means and on single replications."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.api.requirements.accounting import SERVICE
from simlab.api.requirements.constraints import Constraints
from simlab.api.requirements.grouping import Grouping
from simlab.api.requirements.kind import Asked, Counts, kinds
from simlab.api.settings import Settings
from simlab.arrays import IntArray
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Curves, PlanSums
from simlab.frontier import Chance, Limit
from simlab.measures import format_rate
from simlab.models import Costs
from simlab.segments import Segmentation


def limits_on_means(
    data: Data,
    segmentation: Segmentation,
    rules: Constraints,
    curves: Curves,
    settings: Settings,
    *,
    costs: Costs | None = None,
) -> tuple[tuple[Limit, ...], tuple[Limit, ...]]:
    """Limits of every kind over any grouping of items, as totals over all replications.

    `costs`: money per unit where it is not that of the data (a scenario of prices).

    Returns
    -------
    binding, constant : tuple of Limit
        What the plan must keep; and flows that are the same at every target, which bind nothing.
    """
    counts = Counts(data, curves, settings, data.models.costs if costs is None else costs)
    binding: list[Limit] = []
    constant: list[Limit] = []
    for kind in kinds():
        problems: list[Problem] = []
        for spec, groups in rules.on_means[kind.name]:
            try:
                rows = kind.rows(Asked(spec, groups, segmentation, counts, rules.items, rules.columns))
                for limit in rows:
                    (constant if limit.constant and kind.flows(spec) else binding).append(limit)
            except UsageError as error:
                where = f"optimize.{kind.name}"
                problems.append(
                    Problem("E-OPT-019", str(error), data.study.file, column=where, fix="drop it")
                )
        if problems:
            raise InvalidInputError(problems)
    return tuple(binding), tuple(constant)


def chance_limits(
    rules: Constraints, segmentation: Segmentation, sums: list[PlanSums], periods: int
) -> tuple[Chance, ...]:
    """Floors that must hold in a share of the replications, from sums per (segment, group) × target.

    Parameters
    ----------
    sums : list of PlanSums
        Per chance limit: target × cell × replication.
    periods : int
        Counted periods (parts of them on a working grid), for the ready rate.
    """
    found: list[Chance] = []
    for (spec, groups), cells in zip(rules.chances, sums, strict=True):
        sizes = np.bincount(groups.cells(segmentation), minlength=cells.served.shape[1])
        for at, name in enumerate(groups.names):
            part, whole = _of_group(spec.measure, cells, groups, at, segmentation, sizes * periods)
            rate = Fraction(repr(float(spec.at_least)))
            surplus = part * rate.denominator - whole * rate.numerator
            of = "" if spec.by is None else f" of {name}"
            text = (
                f"{SERVICE[spec.measure]}{of} ≥ {format_rate(float(rate))} in {100 * spec.probability:g}% "
                "of replications"
            )
            found.append(Chance(text, np.ascontiguousarray(surplus), spec.probability))
    return tuple(found)


def _of_group(
    measure: str,
    cells: PlanSums,
    groups: Grouping,
    at: int,
    segmentation: Segmentation,
    exposure: npt.NDArray[np.int64],
) -> tuple[IntArray, IntArray]:
    """(n_segments, n_targets, n_replications) good part and whole of one group."""
    width = len(groups.names) + 1
    rows = np.arange(segmentation.n_segments) * width + at

    def of(table: IntArray) -> IntArray:
        return np.ascontiguousarray(table[:, rows].transpose(1, 0, 2))

    if measure == "cycle_service_level":
        return of(cells.good_receipts), of(cells.receipts)
    if measure == "ready_rate":
        ready = of(cells.ready)
        return ready, np.broadcast_to(exposure[rows][:, None, None], ready.shape)
    return of(cells.served), of(cells.demanded)
