"""What an audit says: planned and achieved in a sentence, causes in words, the largest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from simlab.errors import enumerated
from simlab.report.audit.tables import FORMULA, PACKS, Account, Line, total
from simlab.report.kit.formats import interval, is_number, number, percent
from simlab.report.kit.sheet import Statement
from simlab.report.plan.statements import IF_LAWS

POLICIES = {"targets": "The study's targets", "habit": "The habit A 98 / B 95 / C 90"}
MEASURES = {"fill_rate": "fill rate", "cycle_service_level": "cycle service level"}
_LARGEST = 3
_LEAST = 0.0005  # of demand: smaller lines are not worth a word


def policy_name(policy: str) -> str:
    """How a policy is called."""
    return POLICIES.get(policy, policy)


def points(change: float, *, signed: bool = False) -> str:
    """A change in points of fill: 1.88, or +1.88."""
    text = number(100 * change, 2)
    return f"+{text}" if signed and is_number(change) and round(100 * change, 2) > 0 else text


def verdict(some: Sequence[Account], level: float) -> Statement:
    """One policy, all segments together."""
    all_together = total(some)
    name = policy_name(all_together.policy)
    planned, (fill, low, high) = all_together.planned, all_together.fill
    if not is_number(fill):
        return Statement("none", f"{name}: no number", "Nothing was demanded in the simulation.")
    seen = f"{percent(fill)} ({percent(level, 0)} simulation interval {interval(low, high, percent)})"
    text = (
        f"The {all_together.planning} formula expects a fill rate of {percent(planned)}; the simulation "
        f"serves {seen}, {IF_LAWS}: {because(all_together)}. {_kept(some)}"
    )
    missed = sum(one.state == "below" for one in some if one is not all_together)
    title = f"{name}: {_against_plan(all_together)}"
    if missed:
        told = sum(one.state != "none" for one in some if one is not all_together)
        share = f"{missed} of {told} segments {'miss' if missed > 1 else 'misses'} what was asked"
        return Statement("bad", f"{title}; {share}", text)
    state = "bad" if high < planned and abs(all_together.change) >= _LEAST else "good"
    return Statement(state, title, text)


def _against_plan(account: Account) -> str:
    """Achieved against planned fill, in a few words."""
    _, low, high = account.fill
    if low <= account.planned <= high or abs(account.change) < _LEAST:
        return "served as planned"
    more = "more" if account.change > 0 else "less"
    return f"{points(abs(account.change))} points of fill {more} than planned"


def because(account: Account) -> str:
    """The largest sure lines, losses and gains apart."""
    lines = [line for line in account.ranked if abs(line.change) >= _LEAST and line.is_sure][:_LARGEST]
    losses = [line for line in lines if line.change < 0]
    gains = [line for line in lines if line.change > 0]
    said = [f"{word} {_listed(part)}" for word, part in (("it loses", losses), ("it gains", gains)) if part]
    if not said:
        return "as planned" if abs(account.change) < _LEAST else "many small causes"
    causes = "; ".join(said)
    return f"as planned, though {causes}" if abs(account.change) < _LEAST else causes


def largest(account: Account) -> str:
    """The largest sure cause in few words, with its points; empty if there is none."""
    for line in account.ranked:
        if line.is_sure and abs(line.change) >= _LEAST:
            return f"{line.what} ({points(line.change, signed=True)})"
    return ""


def _kept(some: Sequence[Account]) -> str:
    """How many segments reach what was asked."""
    states = Counter(one.state for one in some if one is not total(some))
    told = sum(states[state] for state in ("above", "below", "open"))
    if not told:
        return ""
    measure = MEASURES.get(some[0].measure, some[0].measure)
    reach = "reaches" if states["above"] == 1 else "reach"
    parts = [f"{states['above']} of {told} segments {reach} the {measure} asked for"]
    parts += (
        [f"{states['below']} {'miss' if states['below'] > 1 else 'misses'} it"] if states["below"] else []
    )
    parts += [f"{states['open']} too close to call"] if states["open"] else []
    return f"{enumerated(parts)}."


def _listed(lines: Sequence[Line]) -> str:
    return enumerated([f"{points(abs(line.change))} points {_because(line)}" for line in lines])


def _because(line: Line) -> str:
    if line.cause == FORMULA:
        return f"because the formula is {'optimistic' if line.change < 0 else 'pessimistic'}"
    return f"because of {line.what}" if line.cause == PACKS else f"because {line.what}"
