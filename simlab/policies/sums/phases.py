"""Demand of the consecutive periods that follow a review, where every period has the law of its phase."""

from __future__ import annotations

import numpy as np

from simlab.arrays import ComplexArray, FloatArray, IntArray

_TOGETHER = (
    1 << 17
)  # products by weight, review and frequency at a time: above, the library would use threads
_NOTHING = 1e-20  # transforms below it change no chance


def transforms_of(
    laws: tuple[IntArray, IntArray, FloatArray], points: int, step: int
) -> tuple[ComplexArray, FloatArray]:
    """Transforms on the lattice of an item's laws, and their chances of no demand.

    Parameters
    ----------
    laws : law, value, share
        As `simlab.models.Drawn.of` gives them.

    Returns
    -------
    (k, points/2 + 1) complex, (k,) float
    """
    law, value, share = laws
    n = int(law[-1]) + 1
    below, rest = np.divmod(value, step)
    upper = share * (rest / step)
    at = np.concatenate([np.minimum(below, points - 1), np.minimum(below + 1, points - 1)])
    parts = np.concatenate([share - upper, upper])
    lines = np.bincount(at + points * np.concatenate([law, law]), weights=parts, minlength=n * points)
    none = value == 0
    nothing = np.bincount(law[none], weights=share[none], minlength=n).astype(np.float64)
    return np.fft.rfft(lines.reshape(n, points)), nothing


def phase_sums(
    tables: ComplexArray, silent: FloatArray, which: IntArray, weights: FloatArray, quiet: int = 0
) -> ComplexArray:
    """Σ_n weights[n]·transform of the demand of n periods from a review on, averaged over reviews.

    Parameters
    ----------
    tables : (k, f) complex
        Transforms of the laws.
    silent : (k,) float
        Their chances of no demand.
    which : (reviews, gap) int64
        Laws of the periods from each review of a cycle up to the next one that may come.
    weights : (m,) float
    quiet : int
        First periods without demand, a multiple of the gap; n below it have no weight.

    Notes
    -----
    n = a·gap + r: the products of the first r periods of a gap are shared by all a, and weighted; from the
    last gap back, what has been found is multiplied by the whole gap before it. Frequencies whose transforms
    have vanished by the least n that counts are left out.
    """
    out = np.zeros(tables.shape[1], dtype=np.complex128)
    counts = np.flatnonzero(weights)
    if counts.size == 0:
        return out
    gap = which.shape[1]
    rows = np.zeros((int(counts[-1]) // gap + 1, gap))
    rows.ravel()[: counts[-1] + 1] = weights[: counts[-1] + 1]
    kept = np.flatnonzero(np.abs(tables).max(axis=0) ** int(counts[0] - quiet) > _NOTHING)
    size = max(1, _TOGETHER // (which.size * len(rows)))
    for begin in range(0, kept.size, size):
        some = kept[begin : begin + size]
        out[some] = _gap_by_gap(tables[:, some], silent, which, rows, quiet // gap)
    return out


def _gap_by_gap(
    tables: ComplexArray, silent: FloatArray, which: IntArray, rows: FloatArray, quiet: int
) -> ComplexArray:
    """`phase_sums` of some frequencies; `rows` are weights by gap, of which the first `quiet` have none."""
    reviews, gap = which.shape
    n = tables.shape[1]
    begun = np.empty((gap, reviews, n), dtype=np.complex128)
    begun[0] = 1.0
    for r in range(1, gap):
        last = tables[which[:, r - 1]]
        if r == 1:
            begun[1] = last
        else:
            np.multiply(begun[r - 1], last, out=begun[r])
    whole = begun[-1] * tables[which[:, -1]] if gap > 1 else tables[which[:, 0]]
    nothing = silent[which].prod(axis=1)[:, None]
    weighted: FloatArray = rows @ begun.view(np.float64).reshape(gap, -1)
    coming = weighted.view(np.complex128).reshape(len(rows), reviews, n)
    found, before = coming[-1], np.empty((reviews, n), dtype=np.complex128)  # by the review where it begins
    for a in range(len(rows) - 2, -1, -1):
        one = nothing if a < quiet else whole
        np.multiply(one[:-1], found[1:], out=before[:-1])
        np.multiply(one[-1], found[0], out=before[-1])
        found = coming[a]
        found += before
    mean: ComplexArray = found.sum(axis=0) / reviews
    return mean
