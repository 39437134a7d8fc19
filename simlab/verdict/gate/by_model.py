"""Decisions by redrawn parameters: how likely harm is, given what the histories leave open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simlab.arrays import BoolArray, FloatArray
from simlab.verdict.gate.decisions import GO, HOLD_BACK, UNCHANGED, UNDECIDED, Decided, no_reasons

FEWEST_DRAWS = 200


def decide_by_model(harmed: Mapping[str, BoolArray], unchanged: BoolArray, q: float) -> Decided:
    """The largest lists whose mean probability of being wrong is at most q.

    Parameters
    ----------
    harmed : mapping of str to (n, d) bool
        Whether a draw of the parameters harms an item, by measure, in the words of the reason.
    unchanged : (n,) bool
        Nothing differs on any path.
    q : float
        Mean probability of harm among go's, and of no harm among hold backs, at most.

    Notes
    -----
    π of an item is the share of draws with harm in some measure, and `p_go` = π, `p_hold` = 1 − π. The
    expected share of false go's is the mean of π over the list, whatever the items have in common.

    References
    ----------
    Müller, Parmigiani & Rice (2007), FDR and Bayesian multiple comparisons rules. Newton et al. (2004),
    Detecting differential gene expression with a semiparametric hierarchical mixture method.
    """
    names = list(harmed)
    some = np.any([harmed[name] for name in names], axis=0)
    p = some.mean(axis=1)
    n = unchanged.size
    rows = np.flatnonzero(~unchanged)
    go, hold = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    go[rows] = largest_list(p[rows], q)
    hold[rows] = largest_list(1.0 - p[rows], q)
    hold &= ~go
    decision = np.full(n, UNDECIDED, dtype=object)
    why = no_reasons(n)
    decision[unchanged], decision[go], decision[hold] = UNCHANGED, GO, HOLD_BACK
    shares = {name: harmed[name].mean(axis=1) for name in names}
    for row in np.flatnonzero(hold).tolist():
        shown = [name for name in names if shares[name][row] > 0.5]
        why[row] = tuple(shown or [max(names, key=lambda name: shares[name][row])])
    for row in np.flatnonzero(decision == UNDECIDED).tolist():
        why[row] = (max(names, key=lambda name: shares[name][row]),)
    return Decided(decision, why, p, 1.0 - p)


def largest_list(p: FloatArray, q: float) -> BoolArray:
    """(n,) the largest list, likeliest first, whose mean p is at most q."""
    out = np.zeros(p.size, np.bool_)
    order = np.argsort(p, kind="stable")
    means = np.cumsum(p[order]) / np.arange(1, p.size + 1)
    within = np.flatnonzero(means <= q)
    if within.size:
        out[order[: within[-1] + 1]] = True
    return out
