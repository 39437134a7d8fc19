"""Why each demand law was taken, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray
from simlab.models.demand.choice import too_wide
from simlab.models.demand.scoring.scores import Scores
from simlab.register.laws import OF_MEAN_KINDS, LawKind, spoken

_WORTH_SAYING = 0.1


@dataclass(frozen=True, eq=False)
class Grounds:
    """What spoke for the laws.

    Attributes
    ----------
    n_observed : (n,) int64
        Periods of history.
    mean, variance : (n,) float
        Of the history, per period.
    fitted, used : (n,) float
        Mean and variance of the law taken.
    kind : (n,) int8
        The law taken.
    short : (n,) bool
        Too few periods for a dispersion of their own.
    said : tuple of str
        Who named the law, where the study did.
    weight : (n,) float
        How far the rate is that of comparable items.
    half_life : (n,) float
        Periods after which a period counts half; infinite: all alike.
    worth : (n,) float
        Periods that the observed ones are worth.
    """

    n_observed: IntArray
    mean: FloatArray
    variance: FloatArray
    fitted: FloatArray
    used: FloatArray
    kind: CodeArray
    short: BoolArray
    said: tuple[str, ...]
    weight: FloatArray
    half_life: FloatArray
    worth: FloatArray


def reasons(grounds: Grounds, borrowed: FloatArray, scores: Scores | None, n_positive: IntArray) -> list[str]:
    """One sentence per item.

    Such as ``n=104 periods, variance/mean 3.1 (sizes of demand 12 % pooled: 3.4); log score …``; `borrowed`
    is the weight of the group in the variation of sizes.
    """
    ratio = grounds.variance / np.where(grounds.mean > 0, grounds.mean, 1.0)
    used = grounds.used / np.where(grounds.fitted > 0, grounds.fitted, 1.0)
    asked = np.array(["lognormal" in text for text in grounds.said], dtype=np.bool_)
    kind = np.where(asked, LawKind.LOGNORMAL, grounds.kind).astype(np.int8)
    wide = too_wide(grounds.mean, grounds.variance, kind)
    told = _scored(grounds, scores)
    out = []
    for row, n in enumerate(grounds.n_observed.tolist()):
        law = spoken(grounds.kind[row])
        head = f"n={n} periods"
        if np.isfinite(grounds.half_life[row]):
            head += f" (half-life {grounds.half_life[row]:g}: worth {grounds.worth[row]:.0f})"
        if not grounds.mean[row] > 0:
            out.append(f"{head}, all without demand → zero demand")
        elif grounds.kind[row] == LawKind.EMPIRICAL and wide[row]:
            out.append(f"{head}, variance/mean {ratio[row]:.3g}, too wide for any other law → empirical")
        else:
            rare = _rare(grounds, row, int(n_positive[row]))
            shrunk = _shrunk(int(grounds.kind[row]), float(used[row]), float(borrowed[row]))
            own = "" if grounds.short[row] and n < 2 else f", variance/mean {ratio[row]:.3g}"
            out.append(f"{head}{rare}{own}{shrunk}{told[row]} → {law}{grounds.said[row]}")
    return out


def _rare(grounds: Grounds, row: int, n_positive: int) -> str:
    """How the rate was shrunk, where comparable items weigh 10 % or more."""
    if grounds.weight[row] < _WORTH_SAYING:
        return ""
    demands = "1 demand" if n_positive == 1 else f"{n_positive} demands"
    return (
        f", {demands}: rate as of comparable items (mean {grounds.fitted[row]:.3g} for "
        f"{grounds.mean[row]:.3g} a period)"
    )


def _shrunk(kind: int, used: float, borrowed: float) -> str:
    """How the variance was shrunk, where the law uses it and the group weighs 10 % or more."""
    if borrowed < _WORTH_SAYING or kind in (*OF_MEAN_KINDS, LawKind.EMPIRICAL):
        return ""
    return f" (sizes of demand {100 * borrowed:.0f}% pooled: {used:.3g})"


def _scored(grounds: Grounds, scores: Scores | None) -> list[str]:
    """The scores that chose the law, for items without a law named by the study."""
    if scores is None:
        return [""] * grounds.n_observed.size
    out = []
    for row, (n, said) in enumerate(zip(scores.n_predicted.tolist(), grounds.said, strict=True)):
        if said or n == 0:
            out.append("")
            continue
        each = ", ".join(
            f"{name.replace('_', ' ')} {value:.2f}"
            for name, value in zip(scores.laws, scores.mean[row].tolist(), strict=True)
        )
        out.append(f"; {scores.name} score of {n} periods out of sample: {each}")
    return out
