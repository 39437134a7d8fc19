"""Values without each replication: what an interval between two runs rests on."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures import jackknife, mean_estimate
from simlab.verdict.between_runs import _mean


@pytest.mark.parametrize("n", [2, 3, 30])
def test_without_one_means_are_those_of_the_others_and_give_the_t_interval(n: int) -> None:
    """The jackknife of a mean is the interval of Student: nothing of it is an approximation."""
    values = np.random.default_rng(n).gamma(2.0, 50.0, n)
    mean, left = _mean(values)
    assert left == pytest.approx([np.delete(values, k).mean() for k in range(n)])
    found, known = jackknife(mean, left, 0.9), mean_estimate(values, 0.9)
    assert (found.value, found.low, found.high) == pytest.approx((known.value, known.low, known.high))
