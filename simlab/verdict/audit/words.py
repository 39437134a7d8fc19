"""An account in sentences: what was asked, planned and achieved, and the largest causes."""

from __future__ import annotations

from simlab.errors import enumerated
from simlab.measures.decision import short_rate
from simlab.verdict.audit.account import Line, PolicyAudit, SegmentAudit
from simlab.verdict.audit.switches import CAUSES, FORMULA, Switch

_LARGEST = 3
_LEAST = 0.0005  # of demand: smaller lines are not worth a word


def statements(audit: PolicyAudit) -> tuple[str, ...]:
    """One sentence per segment, then one for all together."""
    return tuple(statement(account, audit) for account in audit.accounts)


def statement(account: SegmentAudit, audit: PolicyAudit) -> str:
    """Why a segment's target is not what is on the shelf."""
    head = f"{_title(account, audit)}: {_asked(account, audit)}"
    if not account.demanded:
        return f"{head}; nothing was demanded in the simulation."
    gap = account.planned_fill - account.achieved.value
    found = (
        f"{head}the {audit.planning} formula expects {_rate(account.planned_fill)} fill, "
        f"the simulation serves {_rate(account.achieved.value)}"
    )
    direction = "less" if gap > 0 else "more"
    if abs(gap) < _LEAST:
        return f"{found}: as planned{_balance(account)}."
    return f"{found}, {_points(abs(gap))} {direction}: {_causes(account)}."


def _title(account: SegmentAudit, audit: PolicyAudit) -> str:
    return f"{'All together' if account.name == '(all)' else account.name} ({audit.policy})"


def _asked(account: SegmentAudit, audit: PolicyAudit) -> str:
    if account.asked != account.asked:
        return ""
    return f"asked for {_rate(account.asked)} {audit.target_measure.replace('_', ' ')}, "


def _causes(account: SegmentAudit) -> str:
    """The largest lines, losses and gains apart."""
    losses, gains = _largest(account)
    parts = [
        f"{word} {_listed(lines)}" for word, lines in (("it loses", losses), ("it gains", gains)) if lines
    ]
    return "; ".join(parts) if parts else "many small causes"


def _balance(account: SegmentAudit) -> str:
    """That causes cancel, where large ones do."""
    losses, gains = _largest(account)
    return f", though {_causes(account)}" if losses or gains else ""


def _largest(account: SegmentAudit) -> tuple[list[Line], list[Line]]:
    lines = [line for line in account.lines if abs(line.points.value) >= _LEAST and _is_sure(line)]
    lines = sorted(lines, key=lambda line: -abs(line.points.value))[:_LARGEST]
    return [line for line in lines if line.units > 0], [line for line in lines if line.units < 0]


def _is_sure(line: Line) -> bool:
    """Whether a line's sign stands: neither simulation nor drawn orders leave it open."""
    apart = line.points.low > 0 or line.points.high < 0
    return apart and abs(line.points.value) > 2 * line.sampling_error


def _listed(lines: list[Line]) -> str:
    return enumerated([f"{_points(abs(line.points.value))} because {_because(line)}" for line in lines])


def _because(line: Line) -> str:
    if line.cause == FORMULA:
        return f"the formula is too {'optimistic' if line.units > 0 else 'pessimistic'}"
    return "of pack and order sizes" if line.cause == Switch.PACKS else CAUSES[line.cause]


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"


def _rate(value: float) -> str:
    return short_rate(value)
