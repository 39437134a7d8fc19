"""Go, hold back, undecided or unchanged: lists whose share of errors is controlled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, FloatArray, ObjectArray
    from simlab.verdict.gate.pvalues import MeanTest


GO, HOLD_BACK, UNDECIDED, UNCHANGED = "go", "hold back", "undecided", "unchanged"
DECISIONS = (GO, HOLD_BACK, UNDECIDED, UNCHANGED)


@dataclass(frozen=True, eq=False)
class Evidence:
    """p-values of one measure of harm.

    Attributes
    ----------
    harmless : (n,) float
        Small where harm is ruled out.
    harm : (n,) float
        Small where harm is shown.
    error : (n,) float
        Standard error of the harm, in the unit of its tolerance: fill, share of stock, orders a year.
    doubt : (n,) float
        Squared ratio of error and mean of the test that says most: times the squared quantile, the factor
        by which replications would have to grow. NaN: none would tell.
    """

    harmless: FloatArray
    harm: FloatArray
    error: FloatArray
    doubt: FloatArray


def either(first: FloatArray, second: FloatArray) -> FloatArray:
    """p of "both hold" against "one of the two does not": twice the smaller (Bonferroni)."""
    return np.asarray(np.minimum(2.0 * np.minimum(first, second), 1.0))


def doubt_of(*tests: MeanTest) -> FloatArray:
    """(n,) `Evidence.doubt`: one mean below 0 rules harm out, all above 0 show it."""
    mean, error = (np.array([getattr(test, name) for test in tests]) for name in ("mean", "error"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(mean == 0, np.inf, (error / mean) ** 2)
    below = np.where(mean < 0, ratio, np.inf).min(axis=0)
    found = np.where((mean > 0).all(axis=0), ratio.max(axis=0), below)
    return np.where(np.isfinite(found), found, np.nan)


def rejected(p: FloatArray, q: float, *, any_dependence: bool = False) -> BoolArray:
    """(n,) hypotheses rejected with a false discovery rate of at most q.

    Benjamini and Hochberg (1995) for independent or positively dependent items; `any_dependence`: Benjamini
    and Yekutieli (2001), which divides q by 1 + 1/2 + … + 1/n.
    """
    n = p.size
    if n == 0:
        return np.zeros(0, np.bool_)
    level = q / float((1.0 / np.arange(1, n + 1)).sum()) if any_dependence else q
    order = np.argsort(p, kind="stable")
    passes = np.flatnonzero(p[order] <= level * np.arange(1, n + 1) / n)
    out = np.zeros(n, np.bool_)
    if passes.size:
        out[order[: passes[-1] + 1]] = True
    return out


@dataclass(frozen=True, eq=False)
class Decided:
    """The decision on every item.

    Attributes
    ----------
    decision : (n,) object
        One of `DECISIONS`.
    why : (n,) object
        Names of the measures that held an item back or left it open, a tuple each; empty for go and
        unchanged.
    p_go, p_hold : (n,) float
        Of the whole item: the largest over measures; the smallest, times their number.
    """

    decision: ObjectArray
    why: ObjectArray
    p_go: FloatArray
    p_hold: FloatArray

    @property
    def reason(self) -> ObjectArray:
        """(n,) `why` in words."""
        return in_words(self.decision, self.why)


def in_words(decision: ObjectArray, why: ObjectArray) -> ObjectArray:
    """(n,) reasons of every item as one text, as the table `gate` has them."""
    out = np.full(why.size, "", dtype=object)
    for row, names in enumerate(why.tolist()):
        open_ = "cannot tell: " if decision[row] == UNDECIDED and names else ""
        out[row] = open_ + ", ".join(names)
    return out


def no_reasons(n: int) -> ObjectArray:
    """(n,) empty tuples."""
    out = np.empty(n, dtype=object)
    out[:] = [()] * n
    return out


def decide(
    evidence: Mapping[str, Evidence], unchanged: BoolArray, q: float, *, any_dependence: bool = False
) -> Decided:
    """Lists of all pairs that are not unchanged.

    Parameters
    ----------
    evidence : mapping of str to Evidence
        By measure, under the names that reasons have.
    unchanged : (n,) bool
        Nothing differs on any path.
    q : float
        Share of false go's, and of false hold backs, at most.
    """
    names = list(evidence)
    p_go = np.max([evidence[name].harmless for name in names], axis=0)
    p_hold = np.minimum(len(names) * np.min([evidence[name].harm for name in names], axis=0), 1.0)
    n = unchanged.size
    rows = np.flatnonzero(~unchanged)
    go, hold = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    go[rows] = rejected(p_go[rows], q, any_dependence=any_dependence)
    hold[rows] = rejected(p_hold[rows], q, any_dependence=any_dependence)
    hold &= ~go
    decision = np.full(n, UNDECIDED, dtype=object)
    why = no_reasons(n)
    decision[unchanged], decision[go], decision[hold] = UNCHANGED, GO, HOLD_BACK
    for row in np.flatnonzero(hold).tolist():
        shown = [name for name in names if len(names) * evidence[name].harm[row] <= p_hold[hold].max()]
        why[row] = tuple(shown)
    for row in np.flatnonzero(decision == UNDECIDED).tolist():
        why[row] = (max(names, key=lambda name: evidence[name].harmless[row]),)
    return Decided(decision, why, p_go, p_hold)
