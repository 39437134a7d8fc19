"""What is compiled of EM adds up as NumPy does, to the bit."""

import numpy as np
import pytest

from simlab.models.demand.rates import _em


def by_numpy(log, weight, group, borrowed):
    n_groups, n_classes = borrowed.shape
    likelihood = np.exp(log - log.max(axis=1, keepdims=True))
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n_groups))
    likelihood, weight, code = likelihood[order], weight[order], group[order]
    shares = np.full((n_groups, n_classes), 1.0 / n_classes)
    for _ in range(400):
        joint = likelihood * shares[code]
        joint *= (weight / np.maximum(joint.sum(axis=1), 1e-300))[:, None]
        total = np.zeros((n_groups, n_classes))
        filled = np.flatnonzero(np.diff(np.append(starts, code.size)) > 0)
        total[filled] = np.add.reduceat(joint, starts[filled], axis=0)
        total += borrowed
        whole = total.sum(axis=1, keepdims=True)
        new = np.where(whole > 0, total / np.maximum(whole, 1e-300), shares)
        moved, shares = float(np.abs(new - shares).max()), new
        if moved < 1e-7:
            break
    return shares


@pytest.mark.parametrize(("cells", "groups"), [(1, 1), (7, 1), (130, 2), (1_000, 1), (700, 30), (257, 3)])
@pytest.mark.parametrize("classes", [3, 27])
def test_shares_are_those_of_sums_of_arrays(cells, groups, classes):
    rng = np.random.default_rng(cells)
    log = -rng.gamma(2.0, 4.0, (cells, classes))
    weight, group = rng.integers(0, 5, cells).astype(float), rng.integers(0, groups, cells)
    group = np.where(group == 1, 0, group)  # a group without cells
    borrowed = rng.random((groups, classes)) * (groups > 1)
    assert np.array_equal(_em(log, weight, group, borrowed), by_numpy(log, weight, group, borrowed))
