"""The study's limits as integer rows over segments × targets, on means and on single replications."""

from __future__ import annotations

from simlab.api.data.data import Data
from simlab.api.requirements.constraints import Constraints
from simlab.api.requirements.kind import Asked, Counts, Drawn, kinds
from simlab.api.settings import Settings
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Curves, PlanSums
from simlab.frontier import Chance, Limit
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
    """What must hold in a share of the replications, from sums per (segment, group) × target.

    Parameters
    ----------
    sums : list of PlanSums
        Per chance limit: target × cell × replication.
    periods : int
        Counted periods (parts of them on a working grid), for the ready rate.
    """
    found: list[Chance] = []
    for one, cells in zip(rules.chances, sums, strict=True):
        found += one.kind.rows(Drawn(one.spec, one.groups, segmentation, cells, periods))
    return tuple(found)
