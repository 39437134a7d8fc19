"""Measures per segment or per attribute value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simlab.api.simulation import Breakdown, Simulation
from simlab.errors import UsageError
from simlab.execution import PlanSums
from simlab.segments import Segmentation
from simlab.verdict.scores import score


def breakdown(simulation: Simulation, what: str) -> Breakdown:
    """Scores of every group of segments that share a value, then of all together."""
    segmentation = simulation.segmentation
    names, groups = grouped(segmentation, what)
    scale = simulation.settings.scale(simulation.data.study)
    sizes = segmentation.sizes
    asked = np.asarray(simulation.targets, dtype=np.float64)
    scores, counts, targets, redrawn = [], [], [], []
    for group in groups:
        together = _merged(simulation.sums, group)
        n = int(sizes[group].sum())
        scores.append(score(together, 0, 0, n, scale))
        counts.append(n)
        if simulation.redrawn is not None:
            redrawn.append(simulation.redrawn.scores("given", group))
        targets.append(float(asked[group][0]) if np.ptp(asked[group]) == 0 else float("nan"))
    if simulation.redrawn is not None:
        redrawn.append(simulation.redrawn.scores("given"))
    return Breakdown(
        what,
        (*names, "(all)"),
        (*targets, float(asked[0]) if np.ptp(asked) == 0 else float("nan")),
        (*counts, int(sizes.sum())),
        (*scores, simulation.total),
        tuple(redrawn),
    )


def grouped(segmentation: Segmentation, what: str) -> tuple[list[str], list[npt.NDArray[np.int64]]]:
    """Names of the groups, and the segments in each."""
    if what == "segment":
        return list(segmentation.names), [np.array([code]) for code in range(segmentation.n_segments)]
    if what not in segmentation.by:
        known = ", ".join(("segment", *segmentation.by))
        raise UsageError(f"by what? '{what}' is not one of: {known}")
    place = segmentation.by.index(what)
    values = np.array([attribute[place] for attribute in segmentation.attributes])
    names = sorted(set(values.tolist()))
    return names, [np.flatnonzero(values == name) for name in names]


def _merged(sums: PlanSums, cells: npt.NDArray[np.int64]) -> PlanSums:
    return sums.cells(cells).total()
