"""Why each demand law was taken: keys, and words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import repeat

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray
from simlab.models.demand.choice import AskedLaws, too_wide
from simlab.models.demand.scoring.scores import Scores
from simlab.register import grounds as of
from simlab.register.grounds import Reason
from simlab.register.laws import OF_MEAN_KINDS, LawKind, law_of, spoken

_WORTH_SAYING = 0.1
_AT_ONCE = 8192
_OF_NO_VARIANCE = frozenset(int(kind) for kind in (*OF_MEAN_KINDS, LawKind.EMPIRICAL))


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
    asked : AskedLaws
        Laws that the study names.
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
    asked: AskedLaws
    weight: FloatArray
    half_life: FloatArray
    worth: FloatArray


def reasons(
    grounds: Grounds, borrowed: FloatArray, scores: Scores | None, n_positive: IntArray
) -> list[Reason]:
    """One per item.

    Such as ``n=104 periods, variance/mean 3.1 (sizes of demand 12 % pooled: 3.4); log score …``; `borrowed`
    is the weight of the group in the variation of sizes.
    """
    ratio = grounds.variance / np.where(grounds.mean > 0, grounds.mean, 1.0)
    used = grounds.used / np.where(grounds.fitted > 0, grounds.fitted, 1.0)
    lognormal = grounds.asked.name == law_of(LawKind.LOGNORMAL).name
    kind = np.where(lognormal, LawKind.LOGNORMAL, grounds.kind).astype(np.int8)
    wide = too_wide(grounds.mean, grounds.variance, kind)
    sold, short = (grounds.mean > 0).tolist(), grounds.short.tolist()
    words = {code: spoken(code) for code in np.unique(grounds.kind).tolist()}
    counted = (grounds.kind == LawKind.EMPIRICAL) & wide
    kinds, shares, spreads = grounds.kind.tolist(), borrowed.tolist(), used.tolist()
    texts = zip(_periods(grounds), _rare(grounds, n_positive), _scored(grounds, scores), strict=True)
    lengths, ratios, asked = grounds.n_observed.tolist(), ratio.tolist(), grounds.asked.said
    out = []
    for row, ((seen, by), rare, told) in enumerate(texts):
        each = ratios[row]
        if not sold[row]:
            out.append(Reason(f"{seen}, all without demand", of.together(by, (of.NO_DEMAND,)), "zero demand"))
        elif counted[row]:
            why = f"{seen}, variance/mean {each:.3g}, too wide for any other law"
            out.append(Reason(why, of.together(by, (of.TOO_WIDE,)), "empirical"))
        else:
            own = "" if short[row] and lengths[row] < 2 else f", variance/mean {each:.3g}"
            share, said = shares[row], asked[row]
            shrunk = "" if share < _WORTH_SAYING else _shrunk(kinds[row], spreads[row], share)
            spoke = bool(rare), bool(shrunk), bool(told), bool(said)
            law = f"{words[kinds[row]]}{said}" if said else words[kinds[row]]
            out.append(Reason(f"{seen}{rare}{own}{shrunk}{told}", of.together(by, _spoken(spoke)), law))
    return out


@cache
def _spoken(spoke: tuple[bool, ...]) -> tuple[str, ...]:
    """Keys of what spoke for a law: the rate, the sizes, the scores, the study."""
    keys = (of.RATE_SHARED, of.SIZES_SHARED, of.SCORED, of.NAMED)
    return tuple(key for key, one in zip(keys, spoke, strict=True) if one)


def _periods(grounds: Grounds) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Length of every history, and how long it is remembered; keys of what spoke."""
    lives, worth = grounds.half_life.tolist(), grounds.worth.tolist()
    for row, (n, forgets) in enumerate(
        zip(grounds.n_observed.tolist(), np.isfinite(grounds.half_life).tolist(), strict=True)
    ):
        if forgets:
            yield f"n={n} periods (half-life {lives[row]:g}: worth {worth[row]:.0f})", (of.RECENT,)
        else:
            yield f"n={n} periods", ()


def _rare(grounds: Grounds, n_positive: IntArray) -> Iterator[str]:
    """How every rate was shrunk, where comparable items weigh 10 % or more."""
    fitted, means, sold = grounds.fitted.tolist(), grounds.mean.tolist(), n_positive.tolist()
    for row, few in enumerate((~(grounds.weight < _WORTH_SAYING)).tolist()):
        if not few:
            yield ""
            continue
        n = sold[row]
        demands = "1 demand" if n == 1 else f"{n} demands"
        yield (
            f", {demands}: rate as of comparable items (mean {fitted[row]:.3g} for {means[row]:.3g} a period)"
        )


def _shrunk(kind: int, used: float, borrowed: float) -> str:
    """How the variance was shrunk, where the law uses it."""
    if kind in _OF_NO_VARIANCE:
        return ""
    return f" (sizes of demand {100 * borrowed:.0f}% pooled: {used:.3g})"


def _scored(grounds: Grounds, scores: Scores | None) -> Iterator[str]:
    """The scores that chose the law, for items without a law named by the study."""
    if scores is None:
        yield from repeat("", grounds.n_observed.size)
        return
    each = ", ".join(f"{name.replace('_', ' ')} %.2f" for name in scores.laws)
    every = zip(scores.n_predicted.tolist(), grounds.asked.said, _lines(scores.mean), strict=True)
    for n, said, mean in every:
        told = not said and n > 0
        yield f"; {scores.name} score of {n} periods out of sample: {each % (*mean,)}" if told else ""


def _lines(table: FloatArray) -> Iterator[list[float]]:
    """Rows as lists, some thousand made at a time."""
    for first in range(0, len(table), _AT_ONCE):
        yield from table[first : first + _AT_ONCE].tolist()
