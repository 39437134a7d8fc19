"""From decisions on the long run to the live plan: segments lowered, the way from today, the replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.api.data.replay import PATHS, lead_times_of
from simlab.api.rollout.pairs import HeldPairs
from simlab.api.rollout.sides import Proposed
from simlab.api.simulator.before import known_rows, past_of
from simlab.api.simulator.simulator import plan_columns
from simlab.engine.kernels.streams import phase_seed
from simlab.engine.world.levels import Levels
from simlab.errors import UsageError, listed
from simlab.models import split, stock_at_cut
from simlab.verdict.gate.decisions import GO, HOLD_BACK, UNCHANGED, UNDECIDED, in_words, rejected
from simlab.verdict.gate.pvalues import FEWEST, mean_tests
from simlab.verdict.replay.replay import ReplaySums, replay

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, FloatArray, IntArray, ObjectArray


_NAMED = 5
_LIMIT = 0.01
LOWERED, ON_THE_WAY, MISFIT, REPLAYED = (
    "segment's service is lowered",
    "serves less on the way from today",
    "law flagged by the fit test",
    "replay below its 1% limit",
)


@dataclass(frozen=True, eq=False)
class Settled:
    """The final lists.

    Attributes
    ----------
    decision, why : (n,) object
        The list of each item, and the names of what put it there.
    lowered : tuple of int
        Codes of the segments whose service the plan lowers by more than the tolerance and that nobody
        released.
    """

    decision: ObjectArray
    why: ObjectArray
    lowered: tuple[int, ...]

    @property
    def reason(self) -> ObjectArray:
        """(n,) `why` in words."""
        return in_words(self.decision, self.why)

    def held(self) -> Counter[str]:
        """How many items each reason holds back."""
        return Counter(name for names in self.why[self.decision == HOLD_BACK] for name in names)


def refuse_unknown(named: Sequence[str], names: Sequence[str]) -> None:
    """Refuse segments, released or accepted by name, that the plan does not have: before anything is run.

    Raises
    ------
    UsageError
        Names them.
    """
    unknown = [name for name in dict.fromkeys(named) if name not in names]
    if unknown:
        raise UsageError(
            f"the plan has no segment {listed(unknown, _NAMED)}: it has {listed(list(names), _NAMED)}"
        )


def lowered_segments(
    now: FloatArray, then: FloatArray, names: Sequence[str], tolerance: FloatArray, released: Sequence[str]
) -> tuple[int, ...]:
    """Segments that lose more than the tolerance, but for those that are released by name."""
    with np.errstate(invalid="ignore"):
        falls = now - then > tolerance
    return tuple(int(code) for code in np.flatnonzero(falls) if names[int(code)] not in released)


def hold_back(decision: ObjectArray, why: ObjectArray, where: BoolArray, name: str) -> None:
    """Add a reason, and hold back what was go or undecided; unchanged stays. In place."""
    for row in np.flatnonzero(where & (decision != UNCHANGED)).tolist():
        why[row] = (*why[row], name) if decision[row] == HOLD_BACK else (name,)
        decision[row] = HOLD_BACK


def harmed_on_the_way(
    pairs: HeldPairs, tolerance: FloatArray, planned: FloatArray | None, q: float, any_dependence: bool
) -> BoolArray:
    """(n,) items shown to serve less than both promises, beyond the tolerance, on the way from today.

    Parameters
    ----------
    planned : (n,) float or None
        Planned service of each item's segment; None: today's levels on the same way are the only promise.
    """
    parts, changed = [], []
    for of_items, part in pairs:
        demanded, allowed = part.demanded.astype(np.float64), tolerance[of_items, None]
        lost = part.now.served - part.then.served
        above = mean_tests(lost - allowed * demanded).above
        above = np.where((lost != 0).sum(axis=1) < FEWEST, 1.0, above)
        if planned is not None:
            level = np.nan_to_num(planned[of_items])[:, None] - allowed
            above = np.maximum(above, mean_tests(level * demanded - part.then.served).above)
        parts.append(above)
        changed.append(~part.unchanged)
    p, rows = np.concatenate(parts), np.flatnonzero(np.concatenate(changed))
    out = np.zeros(p.size, np.bool_)
    out[rows] = rejected(p[rows], q, any_dependence=any_dependence)
    return out


def below_replay_limit(data: Data, proposed: Proposed) -> BoolArray:
    """(n,) items whose real last periods lie below the 1 % limit of what the plan expected of them.

    Fill over the periods of the study's [replay], against the same periods with demand drawn from laws that
    do not know them. Levels are planned again from these laws at the plan's targets; where a plan file names
    none, its levels are taken as they are. Nothing without a hold-out.
    """
    n = data.models.n_items
    spec = data.study.replay
    if spec is None:
        return np.zeros(n, np.bool_)
    past = past_of(data, spec.holdout)
    rows = known_rows(past, data)
    levels, held = _planned_then(past, proposed, rows), split(past.catalog, spec.holdout)[1]
    world, seed = past.models.world, phase_seed(data.study.simulation.seed, "gate")
    recorded, opening = lead_times_of(past, held), stock_at_cut(past.catalog, held)
    paths = max(PATHS, round(4 / _LIMIT))
    real = replay(world, levels, held, paths=PATHS, seed=seed, recorded=recorded, opening=opening)
    expected = replay(world, levels, held, paths=paths, seed=seed, as_expected=True, opening=opening)
    limit = _fill(expected, by_path=True)
    with np.errstate(invalid="ignore"):
        low = np.nanquantile(np.where(np.isnan(limit), 1.0, limit), _LIMIT, axis=1)
    mine = _fill(real, by_path=False)[:, 0]
    out = np.zeros(n, np.bool_)
    out[rows] = (real.n_counted > 0) & (mine < low)
    return out


def _planned_then(past: Data, proposed: Proposed, rows: IntArray) -> Levels:
    """Levels at the plan's targets by the laws of the past; where it names no targets, its own."""
    target = proposed.target[rows]
    own = proposed.levels.take(rows)
    return plan_columns(past, target[:, None]).levels if np.isfinite(target).all() else own


def _fill(sums: ReplaySums, *, by_path: bool) -> FloatArray:
    served, demanded = sums.served, sums.demanded
    if not by_path:
        served, demanded = (one.sum(axis=1, keepdims=True) for one in (served, demanded))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(demanded > 0, served / demanded, np.nan))


def settle(
    decision: ObjectArray,
    why: ObjectArray,
    code: IntArray,
    lowered: tuple[int, ...],
    further: Sequence[tuple[BoolArray, str]],
) -> Settled:
    """The decisions with everything that can only hold back."""
    decision, why = decision.copy(), why.copy()
    for where, name in further:
        hold_back(decision, why, where, name)
    in_lowered = np.isin(code, np.array(lowered, np.int64))
    hold_back(decision, why, in_lowered & np.isin(decision, (GO, UNDECIDED)), LOWERED)
    return Settled(decision, why, lowered)
