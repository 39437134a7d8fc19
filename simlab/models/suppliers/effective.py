"""Lead times as orders get them where they keep their sequence, beside those that are stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.prepare.sequence import effective_law
from simlab.errors import listed

if TYPE_CHECKING:
    from simlab.arrays import FloatArray, IntArray
    from simlab.catalog import Catalog
    from simlab.engine.world.world import LeadTimeLaw


_MUCH = 0.05
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class EffectiveLeadTimes:
    """Lead times of orders placed at every review, kept in sequence where orders may not overtake.

    Attributes
    ----------
    stated_mean, stated_sd, mean, sd : (n,) float
        Periods: of the law, and of what the closest orders get.
    """

    stated_mean: FloatArray
    stated_sd: FloatArray
    mean: FloatArray
    sd: FloatArray

    def differs(self) -> np.typing.NDArray[np.bool_]:
        """(n,) whether mean or spread differ by more than 5 % (of the mean)."""
        far = np.maximum(np.abs(self.mean - self.stated_mean), np.abs(self.sd - self.stated_sd))
        return np.asarray(far > _MUCH * np.maximum(self.stated_mean, 1e-9))


def effective_lead_times(lead: LeadTimeLaw, review_period: IntArray) -> EffectiveLeadTimes:
    """Of every SKU-location.

    Notes
    -----
    An order that is placed has the stated law, whatever the review period and however rare the orders
    (`simlab.engine.prepare.sequence`). Only a law that orders so close cannot have in sequence, as of
    receipts that overtook each other, is replaced by the nearest with the same mean: the spread then
    shows it.
    """
    pairs, which = np.unique(np.stack([lead.law, review_period], axis=1), axis=0, return_inverse=True)
    rows = np.array([_moments(lead, law, R) for law, R in pairs.tolist()])
    return EffectiveLeadTimes(*rows[which.ravel()].T)


def _moments(lead: LeadTimeLaw, law: int, review_period: int) -> tuple[float, float, float, float]:
    rows = slice(int(lead.start[law]), int(lead.start[law] + lead.length[law]))
    periods, weights = lead.periods[rows], lead.weights[rows]
    stated = _mean_and_sd(periods, weights / weights.sum())
    if lead.crossing or periods.size == 1:
        return (*stated, *stated)
    shares = effective_law(periods, weights, review_period)
    return (*stated, *_mean_and_sd(np.arange(shares.size), shares))


def _mean_and_sd(periods: IntArray, shares: FloatArray) -> tuple[float, float]:
    mean = float(shares @ periods)
    return mean, max(float(shares @ (periods - mean) ** 2), 0.0) ** 0.5


def sequence_remarks(
    catalog: Catalog, lead: LeadTimeLaw, review_period: IntArray, rounding: FloatArray
) -> Iterator[QualityRow]:
    """By supplier: laws that orders in sequence cannot have, and the variance that rounding adds."""
    effective = effective_lead_times(lead, review_period)
    names = _suppliers(catalog)
    period = catalog.study.period
    parts = [
        f"{names[row]} {_days(effective.stated_mean[row], effective.stated_sd[row])}, in sequence "
        f"{_days(effective.mean[row], effective.sd[row])} {period}s"
        for row in _first_of_each(names, effective.differs())
    ]
    if parts:
        text = (
            f"orders at every review cannot have these lead times and arrive in sequence: {_listed(parts)}; "
            "[lead_times] crossing = true if orders do overtake, or a longer review period"
        )
        what = "lead times change by 5% or more in sequence"
        yield QualityRow("receipts", what, "used", 0, note=text, notice="look")
    parts = [
        f"{names[row]} {rounding[row]:.2g} of {effective.stated_sd[row] ** 2:.2g}"
        for row in _first_of_each(names, rounding > 0)
    ]
    if parts:
        text = (
            f"variance of the lead time in {period}s², that of rounding to whole {period}s: {_listed(parts)}"
        )
        yield QualityRow("lead times", "rounding to whole periods adds variance", "used", 0, note=text)


def _suppliers(catalog: Catalog) -> list[str]:
    words = catalog.texts.get("supplier")
    every = [None] * catalog.n_items if words is None else list(words)
    text = {word: f"'{word}'" if word else "without a supplier" for word in set(every)}
    return [text[word] for word in every]


def _first_of_each(names: Sequence[str], where: np.typing.NDArray[np.bool_]) -> list[int]:
    """Rows of the first SKU-location of each supplier."""
    first: dict[str, int] = {}
    for row in np.flatnonzero(where).tolist():
        first.setdefault(names[row], row)
    return list(first.values())


def _days(mean: float, sd: float) -> str:
    return f"{mean:.3g} ± {sd:.3g}"


def _listed(parts: Sequence[str]) -> str:
    return listed(parts, _SHOWN, "; ")
