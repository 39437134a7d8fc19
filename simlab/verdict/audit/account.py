"""The account of a segment: what was asked, planned and achieved, and where the difference comes from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from simlab.measures import Estimate


@dataclass(frozen=True)
class Line:
    """One cause of the difference.

    Attributes
    ----------
    cause : str
        Key of a switch, or ``formula``: what the formula says of its own world against that world.
    units : Fraction
        Units not served because of it, over all replications, exact; negative where more is served.
    points : Estimate
        The same as a fraction of demand.
    sampling_error : float
        Standard error of `points` from drawing orders; 0 where all orders are counted.
    """

    cause: str
    units: Fraction
    points: Estimate
    sampling_error: float = 0.0


@dataclass(frozen=True)
class SegmentAudit:
    """A segment's account; `planned` − `served` is the sum of the lines, exactly.

    Attributes
    ----------
    name : str
    n_items : int
    asked : float
        Target; NaN where its SKU-locations were asked different ones.
    demanded, served : int
        Units in the real world, over all replications.
    planned : Fraction
        Units that the formula expects to serve of them.
    achieved, cycle_service : Estimate
        Fill rate and cycle service level in the real world.
    lines : tuple of Line
        Active switches in their order, the closing line last.
    """

    name: str
    n_items: int
    asked: float
    demanded: int
    served: int
    planned: Fraction
    achieved: Estimate
    cycle_service: Estimate
    lines: tuple[Line, ...]

    @property
    def gap(self) -> Fraction:
        """Planned less served units, exact."""
        return self.planned - self.served

    @property
    def planned_fill(self) -> float:
        """Fill rate that the formula expects; NaN where nothing was demanded."""
        return float(self.planned / self.demanded) if self.demanded else float("nan")

    def line(self, cause: str) -> Line | None:
        """A cause's line; None where it is not active."""
        return next((line for line in self.lines if line.cause == cause), None)


@dataclass(frozen=True)
class PolicyAudit:
    """The accounts of one policy.

    Attributes
    ----------
    policy : str
        ``targets`` or ``habit``.
    target_measure, planning : str
        What was asked, and the formula that planned it.
    segments : tuple of SegmentAudit
    total : SegmentAudit
        All segments: their lines added up.
    n_worlds : int
        Worlds simulated (sets of switches).
    evaluators : tuple of str
        How they were simulated, see `engine.run.Evaluator`.
    warmup : int
        Periods run before counting.
    """

    policy: str
    target_measure: str
    planning: str
    segments: tuple[SegmentAudit, ...]
    total: SegmentAudit
    n_worlds: int
    evaluators: tuple[str, ...]
    warmup: int

    @property
    def accounts(self) -> tuple[SegmentAudit, ...]:
        """Every segment, then all together."""
        return (*self.segments, self.total)
