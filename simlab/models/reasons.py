"""Why each demand law was taken, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.engine.types import CodeArray, FloatArray, IntArray, LawKind
from simlab.models.calendar import BoolArray
from simlab.models.choice import too_wide
from simlab.models.given import LAW_NAMES
from simlab.models.pooling import Pool


@dataclass(frozen=True, eq=False)
class Grounds:
    """What spoke for the laws.

    Attributes
    ----------
    n_observed : (n,) int64
        Periods of history.
    mean, variance : (n,) float
        Of the history, per period.
    kind : (n,) int8
        The law taken.
    short : (n,) bool
        Too few periods for a dispersion of their own.
    gap : (n,) float
        Largest gap between histogram and negative binomial; 0 where not looked at.
    said : tuple of str
        Who named the law, where the study did.
    """

    n_observed: IntArray
    mean: FloatArray
    variance: FloatArray
    kind: CodeArray
    short: BoolArray
    gap: FloatArray
    said: tuple[str, ...]


def reasons(grounds: Grounds, pool: Pool, enough: int) -> list[str]:
    """One sentence per item, such as ``n=104 periods, variance/mean 3.1 → negative binomial``."""
    ratio = grounds.variance / np.where(grounds.mean > 0, grounds.mean, 1.0)
    rows = zip(
        grounds.n_observed.tolist(),
        grounds.mean.tolist(),
        ratio.tolist(),
        grounds.kind.tolist(),
        grounds.short.tolist(),
        grounds.gap.tolist(),
        grounds.said,
        strict=True,
    )
    wide = too_wide(grounds.mean, grounds.variance).tolist()
    out = []
    for row, (n, mean, index, kind, is_short, gap, said) in enumerate(rows):
        if not mean > 0:
            out.append(f"n={n} periods, all without demand → zero demand")
        elif kind == LawKind.EMPIRICAL and wide[row]:
            out.append(f"n={n} periods, variance/mean {index:.3g}, too wide for any other law → empirical")
        elif is_short:
            head = f"n={n} periods, fewer than {enough}: mean kept, variance/mean {pool.ratio[row]:.3g}"
            out.append(f"{head} {pool.name[row]} → {LAW_NAMES[kind]}{said}")
        else:
            out.append(
                f"n={n} periods, variance/mean {index:.3g}{_miss(kind, gap, said)} → {LAW_NAMES[kind]}{said}"
            )
    return out


def _miss(kind: int, gap: float, said: str) -> str:
    if kind != LawKind.EMPIRICAL or gap == 0 or said:
        return ""
    return f", the negative binomial misses the histogram by {gap:.2f}"
