"""Gaps and rootograms: nought for a history that is its own law, large for a law that is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.models import fit, fit_gaps, read_history, rootogram

RNG = np.random.default_rng(12)


def fitted(make_catalog, weekly, line, law):
    catalog = make_catalog(
        {"P0": weekly("2021-01-04", line)}, period="week", demand={"life": "window"}, models={"law": law}
    )
    return fit(catalog).world.demand, read_history(catalog)


def test_gap_equals_the_plain_distance(make_catalog, weekly) -> None:
    line = RNG.poisson(3, 90)
    law, history = fitted(make_catalog, weekly, line, "poisson")
    seen = np.unique(line)
    share = np.array([(line <= v).mean() for v in seen])
    before = np.array([(line < v).mean() for v in seen])
    right = stats.poisson(line.mean())
    expected = max(np.abs(share - right.cdf(seen)).max(), np.abs(before - right.cdf(seen - 1)).max())
    assert fit_gaps(law, history)[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("law", "least", "most"), [("empirical", 0.0, 1e-8), ("poisson", 0.3, 1.0)])
def test_wrong_laws_have_large_gaps(make_catalog, weekly, law, least, most) -> None:
    line = RNG.permutation(np.tile([0, 0, 0, 40], 30))
    fits, history = fitted(make_catalog, weekly, line, law)
    assert least <= fit_gaps(fits, history)[0] <= most


def test_rootograms_count_every_period(make_catalog, weekly) -> None:
    line = RNG.negative_binomial(1, 0.05, 120)
    law, history = fitted(make_catalog, weekly, line, "negative_binomial")
    bars = rootogram(law, history, 0)
    assert bars.observed.sum() == 120
    assert bars.expected.sum() == pytest.approx(120, rel=0.1)
    assert bars.first[0] == bars.last[0] == 0
    assert (bars.first[1:] == bars.last[:-1] + 1).all()
    assert bars.observed.size <= 13
