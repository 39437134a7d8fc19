"""From the ledger of worlds to an account per segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from simlab.arrays import FloatArray, IntArray, TextArray
from simlab.execution import Horizon, Progress, Workers, common_warmup
from simlab.measures import ALL, ratio_estimate
from simlab.segments import Segmentation
from simlab.verdict.audit.account import Line, PolicyAudit, SegmentAudit
from simlab.verdict.audit.formula import Plan
from simlab.verdict.audit.ledger import Ledger, fill_ledger
from simlab.verdict.audit.shapley import attribute
from simlab.verdict.audit.switches import FORMULA, SWITCHES

_CAUSES = (*(str(switch) for switch in SWITCHES), FORMULA)


@dataclass(frozen=True, eq=False)
class AuditCase:
    """One policy to be audited.

    Attributes
    ----------
    name : str
        ``targets`` or ``habit``.
    target_measure : str
        What was asked.
    asked : (n,) float
        Target of each SKU-location.
    plan : Plan
        Its levels, the formula's world and the real one.
    """

    name: str
    target_measure: str
    asked: FloatArray
    plan: Plan


def audit_case(
    case: AuditCase,
    segmentation: Segmentation,
    horizon: Horizon,
    *,
    level: float = 0.95,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> PolicyAudit:
    """Account for planned − achieved of every segment.

    Parameters
    ----------
    case : AuditCase
    segmentation : Segmentation
    horizon : Horizon
        Slots are the batches of the intervals; the seed is common to all worlds.
    level : float
        Of the intervals.

    Notes
    -----
    A world counts with minus the units short in it: the served units of the real demand. Where planned
    and fitted mean demand differ, units short under planned demand are counted at real volume (× fitted
    ÷ planned mean, in millionths of a unit). Switches that change nothing in a segment are dropped
    there; the lines of all together are the sums of the segments' lines.
    """
    ledger = fill_ledger(
        case.plan,
        segmentation.codes,
        horizon,
        workers=workers,
        progress=progress,
        stage=f"audit {case.name}",
    )
    seed = horizon.seed
    parts = [_part(case, segmentation, ledger, code, seed) for code in range(segmentation.n_segments)]
    together = _joined(parts, case.asked)
    segments = tuple(part.account(level) for part in parts)
    return PolicyAudit(
        case.name,
        case.target_measure,
        case.plan.worlds.beliefs.planning,
        segments,
        together.account(level),
        ledger.n_worlds,
        tuple(sorted(ledger.evaluators)),
        horizon.warmup,
    )


def audit_warmup(plan: Plan, horizon: Horizon) -> tuple[int, str]:
    """Warm-up common to all worlds of a plan, and its rule."""
    real, own = plan.worlds.real, plan.worlds.own
    found = [common_warmup(world, [plan.levels], horizon) for world in (real, own)]
    periods, rule = max(found, key=lambda one: one[0])
    longest = np.maximum(real.lead_time.longest(), own.lead_time.longest())
    review = np.maximum(real.terms.review_period, own.terms.review_period)
    return max(periods, int((longest + review - 1).max())), rule


@dataclass(frozen=True, eq=False)
class _Part:
    """A segment's sums by batch: exact fractions and integers."""

    name: str
    n_items: int
    asked: float
    real: Mapping[str, IntArray]
    planned: TextArray
    lines: Mapping[str, TextArray]
    error: Mapping[str, float]

    def account(self, level: float) -> SegmentAudit:
        """The account with its intervals."""
        demanded = self.real["demanded"]
        return SegmentAudit(
            name=self.name,
            n_items=self.n_items,
            asked=self.asked,
            demanded=int(demanded.sum()),
            served=int(self.real["served"].sum()),
            planned=sum(self.planned.tolist(), Fraction()),
            achieved=ratio_estimate(self.real["served"], demanded, level),
            cycle_service=ratio_estimate(self.real["good_receipts"], self.real["receipts"], level),
            lines=tuple(self._line(cause, level) for cause in _CAUSES if cause in self.lines),
        )

    def _line(self, cause: str, level: float) -> Line:
        units, demanded = self.lines[cause], self.real["demanded"]
        points = ratio_estimate(units.astype(np.float64), demanded, level, proportion=False)
        volume = int(demanded.sum())
        error = self.error.get(cause, 0.0) / volume if volume else 0.0
        return Line(cause, sum(units.tolist(), Fraction()), points, error)


def _part(case: AuditCase, segmentation: Segmentation, ledger: Ledger, code: int, seed: int) -> _Part:
    rows = np.flatnonzero(segmentation.codes == code)
    real = {key: sums[rows].sum(axis=0) for key, sums in ledger.real.items()}
    found = attribute(ledger.groups.switches(code), lambda chosen: ledger.short_in(code, chosen), seed)
    planned = _expected(case.plan.fill_rate[rows], ledger.real["demanded"][rows])
    served_in_own = real["demanded"].astype(object) - _fractions(ledger.short_in(code, 0), ledger.parts)
    lines = {
        str(switch): _fractions(numerator, found.n_orders * ledger.parts)
        for switch, numerator in found.numerator.items()
    }
    lines[FORMULA] = planned - served_in_own
    error = {str(switch): units / ledger.parts for switch, units in found.error.items()}
    return _Part(segmentation.names[code], rows.size, _common(case.asked[rows]), real, planned, lines, error)


def _joined(parts: Sequence[_Part], asked: FloatArray) -> _Part:
    causes = [cause for cause in _CAUSES if any(cause in part.lines for part in parts)]
    return _Part(
        ALL,
        sum(part.n_items for part in parts),
        _common(asked),
        {key: np.sum([part.real[key] for part in parts], axis=0) for key in parts[0].real},
        np.sum([part.planned for part in parts], axis=0),
        {
            cause: np.sum([part.lines[cause] for part in parts if cause in part.lines], axis=0)
            for cause in causes
        },
        {cause: float(np.hypot.reduce([part.error.get(cause, 0.0) for part in parts])) for cause in causes},
    )


def _expected(fill: FloatArray, demanded: IntArray) -> TextArray:
    """(batches,) Σ planned fill × demanded over SKU-locations, exact."""
    shares = [Fraction(value) for value in fill.tolist()]
    totals = [
        sum((share * units for share, units in zip(shares, batch, strict=True)), Fraction())
        for batch in demanded.T.tolist()
    ]
    return np.array(totals, dtype=object)


def _fractions(numerator: TextArray, denominator: int) -> TextArray:
    return np.array([Fraction(int(value), denominator) for value in numerator], dtype=object)


def _common(asked: FloatArray) -> float:
    return float(asked[0]) if asked.size and np.ptp(asked) == 0 else float("nan")
