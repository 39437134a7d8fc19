"""Lists by redrawn parameters: the largest ones whose mean probability of being wrong is at most q."""

import numpy as np

from simlab.verdict.gate.by_model import decide_by_model, largest_list
from simlab.verdict.gate.decisions import GO, HOLD_BACK, UNCHANGED, UNDECIDED


def draws(shares, n=200):
    """(items, draws) harm in the stated share of the draws."""
    return np.arange(n)[None, :] < np.round(np.array(shares) * n)[:, None]


def test_the_list_is_the_largest_with_mean_at_most_q():
    """By hand: 0, 0, 0.1, 0.12 have means 0, 0, 0.033, 0.055."""
    assert largest_list(np.array([0.12, 0.0, 0.1, 0.0]), 0.05).tolist() == [False, True, True, True]
    assert not largest_list(np.array([0.2, 0.3]), 0.05).any()


def test_go_hold_back_and_undecided_with_the_measure_that_harms():
    less, more = draws([0.0, 0.99, 0.5, 0.0]), draws([0.02, 0.0, 0.3, 0.0])
    found = decide_by_model({"serves less": less, "ties up more": more}, np.array([0, 0, 0, 1], bool), 0.05)
    assert found.decision.tolist() == [GO, HOLD_BACK, UNDECIDED, UNCHANGED]
    assert found.reason.tolist() == ["", "serves less", "cannot tell: serves less", ""]
    assert found.p_go[:3].tolist() == [0.02, 0.99, 0.5]
    assert (found.p_go + found.p_hold == 1).all()


def test_the_share_of_false_goes_is_at_most_q_where_draws_are_right():
    """Harm drawn with the very π of each item: the mean share of false go's over 300 worlds."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(300):
        p = rng.beta(0.4, 0.8, 60)
        go = largest_list(p, 0.05)
        shares.append((rng.random(60) < p)[go].mean() if go.any() else 0.0)
    error = np.std(shares, ddof=1) / np.sqrt(300)
    assert np.mean(shares) <= 0.05 + 2 * error
    assert np.mean(shares) > 0.03
