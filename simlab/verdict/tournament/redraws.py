"""How much of a scheme's cost depends on the luck of the search: its plans chosen again on redrawn batches.

The jackknife over the verdict seed takes the plans as they are. A statement about schemes has to cover the
choice of the plans, too: the batches of the search seed are drawn with replacement, the frontier is
solved again, and the plans found are read on the same verdict seed. The draws are the same for every scheme.
"""

from __future__ import annotations

import math

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.frontier.merge import merge
from simlab.measures import cost_at_fill

N_DRAWS = 20
_SEED = 20260303
_WORK = 500_000
_NEAR = np.exp(np.linspace(-0.45, 0.45, 9))


def multiplicities(n_batches: int, n_draws: int = N_DRAWS) -> IntArray:
    """(draws, b) how often each batch of the search counts."""
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(n_batches, np.full(n_batches, 1.0 / n_batches), size=n_draws)
    return np.asarray(drawn, dtype=np.int64)


def redrawn_costs(
    search: tuple[IntArray, IntArray, IntArray],
    verdict: tuple[IntArray, ...],
    fills: tuple[float, ...],
    times: IntArray,
) -> FloatArray:
    """(fills, draws) sums of cost on the verdict seed of plans chosen on redrawn searches.

    Parameters
    ----------
    search : (cost, part, whole), each (s, k or 1, b) int64
        Of the segments, by batch; the whole does not move with the target.
    verdict : (cost, part, whole), each (s, k or 1) int64
        Of the segments, all batches together.
    fills : tuple of float
        Where the plans are read.
    times : (draws, b) int64
        From `multiplicities`.
    """
    found = np.full((len(fills), times.shape[0]), math.nan)
    for draw, weights in enumerate(times):
        cost, part, whole = (table @ weights for table in search)
        merged = merge(cost, part, max_candidates=_WORK)
        total = int(whole.sum())
        for row, fill in enumerate(fills):
            floors = np.ceil((1.0 - (1.0 - fill) * _NEAR) * total)
            at = np.searchsorted(merged.served, floors.astype(merged.served.dtype))
            choice = np.unique(merged.choice[at[at < merged.served.size]], axis=0)
            if choice.size:
                found[row, draw] = _read(verdict, choice, fill)
    return found


def _read(
    verdict: tuple[IntArray, ...], choice: np.ndarray[tuple[int, int], np.dtype[np.int16]], fill: float
) -> float:
    rows = np.arange(choice.shape[1])
    cost, part = (table[rows, choice].sum(axis=1)[:, None] for table in verdict[:2])
    return cost_at_fill(cost, part, verdict[2].sum(keepdims=True)[0], fill)[0]
