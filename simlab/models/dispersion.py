"""Is a history a Poisson one? Vectorised over items."""

from __future__ import annotations

import numpy as np

from simlab.engine.types import FloatArray, IntArray

_TEST_LEVEL = 0.05  # two-sided


def dispersion_bounds(n: IntArray) -> tuple[FloatArray, FloatArray]:
    """Central 95 % range of variance/mean over n periods of Poisson demand.

    Notes
    -----
    (n − 1)·variance/mean is χ² with n − 1 degrees of freedom (Fisher 1950, The significance of
    deviations from expectation in a Poisson series).
    """
    from scipy.special import chdtri

    freedom = np.maximum(n - 1, 1).astype(np.float64)
    low = chdtri(freedom, 1 - _TEST_LEVEL / 2) / freedom
    high = chdtri(freedom, _TEST_LEVEL / 2) / freedom
    return np.asarray(low), np.asarray(high)
