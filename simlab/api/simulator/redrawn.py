"""Results under redrawn parameters, beside those under the fitted ones: the `model` intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.execution import PlanSums, batches_of
from simlab.measures import Estimate, format_estimate, format_rate, nested_ratio, t_quantile
from simlab.measures.shown import Public
from simlab.verdict.compare import Comparison
from simlab.verdict.scores import Scale, Scores, score

if TYPE_CHECKING:
    from simlab.api.requirements.accounting import Accounting
    from simlab.api.settings import Settings


SUFFIX = "_model"
"""Ends the names of columns that hold results under redrawn parameters."""
_MOST_MISSING = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class Redrawn(Public):
    """Sums of plans with one parameter draw per batch of replications.

    Attributes
    ----------
    sums : dict of str to PlanSums
        Per kind of plan, segment and replication; the random numbers are those of the plug-in result.
    batch : (r,) int64
        Parameter draw of each replication.
    scale : Scale
        Money and periods.
    sizes : (c,) int64
        SKU-locations per segment.
    """

    sums: dict[str, PlanSums]
    batch: IntArray
    scale: Scale
    sizes: IntArray

    @property
    def n_draws(self) -> int:
        """Parameter draws."""
        return int(self.batch.max()) + 1

    def scores(self, kind: str, cells: IntArray | None = None) -> Scores:
        """Measures with model intervals, of some segments (all if left out) together."""
        sums = self.sums[kind]
        rows = np.arange(self.sizes.size) if cells is None else cells
        together, n = sums.cells(rows).total(), int(self.sizes[rows].sum())
        return score(together, 0, 0, n, self.scale, self.batch)

    def service(self, kind: str) -> Estimate:
        """Service as the study counts it, in total."""
        sums = self.sums[kind]
        good, asked = sums.good[0].sum(axis=0), sums.asked[0].sum(axis=0)
        return nested_ratio(good, asked, self.batch, self.scale.level)

    def draw(self, number: int) -> dict[str, PlanSums]:
        """The sums of one parameter draw."""
        rows = np.flatnonzero(self.batch == number)
        return {kind: _some(sums, rows) for kind, sums in self.sums.items()}


def batch_of(data: Data, replications: int, settings: Settings) -> IntArray | None:
    """(r,) parameter draw of each replication; None where the study draws none.

    Raises
    ------
    InvalidInputError
        Fewer than two batches of two replications.
    """
    if data.models.redraws is None:
        return None
    batch = batches_of(replications, settings.batches)
    if batch[-1] < 1:
        why = f"{replications} replications in {settings.batches} batches leave no two draws to compare"
        fix = "4 replications and 2 batches at least; 20 batches or more are better"
        where = "models.parameter_uncertainty = true"
        raise InvalidInputError([Problem("E-MOD-020", why, data.study.file, column=where, fix=fix)])
    return batch


def compared(
    redrawn: Redrawn,
    at_fill: float,
    accounting: Accounting,
    plain: Sequence[Comparison],
    comparable: Callable[[dict[str, PlanSums]], dict[str, PlanSums]],
) -> tuple[tuple[Estimate, Estimate], ...]:
    """Model intervals of the differences in money and of the relative ones, per comparison.

    Notes
    -----
    Each draw is compared alone, at the same service. Variance of a draw's difference within its batch: its
    own jackknife's. A comparison without a number in more than a tenth of the draws has no interval.
    """
    from simlab.api.requirements.accounting import compare_counted

    draws = [
        compare_counted(comparable(redrawn.draw(number)), at_fill, redrawn.scale, accounting)
        for number in range(redrawn.n_draws)
    ]
    level = redrawn.scale.level
    found = []
    for place in range(len(plain)):
        several = [one[place] for one in draws]
        found.append(
            (
                _over([one.difference for one in several], level),
                _over([one.percent for one in several], level),
            )
        )
    return tuple(found)


def _over(draws: list[Estimate], level: float) -> Estimate:
    """One estimate from those of every draw."""
    known = [one for one in draws if not math.isnan(one.value)]
    n = len(known)
    missing = len(draws) - n
    if n < 2 or missing > _MOST_MISSING * len(draws):
        note = f"{missing} of {len(draws)} draws give no number at this service"
        return Estimate(math.nan, math.nan, math.nan, level, "model", n, note)
    values = np.array([one.value for one in known])
    noise = [(one.half_width / t_quantile(0.5 + level / 2, one.n - 1.0)) ** 2 for one in known if one.n > 1]
    within = float(np.nanmean(noise)) if noise and not np.isnan(noise).all() else 0.0
    model = max(float(values.var(ddof=1)) - within, 0.0)
    half = float(t_quantile(0.5 + level / 2, n - 1.0)) * math.sqrt(model * (1 + 1 / n) + within / n)
    value = float(values.mean())
    return Estimate(value, value - half, value + half, level, "model", n)


def statements(redrawn: Redrawn, kind: str, plug_in: Estimate, floor: float | None) -> Iterator[str]:
    """What redrawn parameters say of the fill rate, beside the plug-in result."""
    fill = redrawn.scores(kind).fill_rate
    level = f"{100 * fill.level:g}%"
    yield (
        f"With parameters drawn again ({redrawn.n_draws} draws, one per batch): fill rate "
        f"{format_estimate(fill, 'fill_rate')} ({level} model interval); with the fitted ones "
        f"{format_estimate(plug_in, 'fill_rate')} ({level} simulation interval)."
    )
    if floor is None:
        return
    service = redrawn.service(kind)
    asked = format_rate(floor)
    if service.low >= floor:
        yield f"The floor {asked} is met with parameters drawn again, too: the lower model bound reaches it."
    elif service.high < floor:
        yield f"The floor {asked} is missed with parameters drawn again: the whole model interval lies below."
    else:
        shown = format_estimate(service, "fill_rate")
        why = "what histories leave open"
        yield f"Whether the floor {asked} is met depends on {why}: model interval {shown}."


def _some(sums: PlanSums, rows: IntArray) -> PlanSums:
    return PlanSums(**{f.name: getattr(sums, f.name)[:, :, rows] for f in fields(PlanSums)})
