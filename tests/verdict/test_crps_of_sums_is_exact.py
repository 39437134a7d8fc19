"""The replay's CRPS of demand over several periods, against closed forms of the sum's own law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.verdict.replay.sums import judge


def law_of(kind: LawKind, mean: float, variance: float) -> DemandLaw:
    none = np.zeros(1, np.int64)
    return DemandLaw(
        np.array([kind], np.int8), np.array([mean]), np.array([variance]), np.zeros(1), none, none,
        np.zeros(0, np.int64), np.zeros(0, np.int64),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mean", "variance", "periods", "x"),
    [
        (3.0, 3.0, 5, 15),
        (3.0, 12.0, 7, 40),
        (2000.0, 90_000.0, 6, 12_345),
        (9_000.0, 5.0e7, 6, 54_321),  # more than 2^15 values: a coarser lattice
        (9_000.0, 5.0e7, 6, 71_003),
        (9_000.0, 5.0e7, 6, 1_000_000),  # beyond its end
    ],
)
def test_crps_of_a_sum_equals_the_sum_over_every_whole_number(mean, variance, periods, x) -> None:
    """A sum of negative binomials with one p is a negative binomial."""
    kind = LawKind.NEGATIVE_BINOMIAL if variance > mean else LawKind.POISSON
    found = judge(law_of(kind, mean, variance), np.array([periods]), np.array([x])).crps[0]
    m, v = mean * periods, variance * periods
    exact = stats.nbinom(m**2 / (v - m), m / v) if v > m else stats.poisson(m)
    k = np.arange(max(x + 1, int(m + 14 * v**0.5)))
    assert found == pytest.approx(float(((exact.cdf(k) - (k >= x)) ** 2).sum()), rel=2e-5)
