"""Whether the plan is recommended, in words: the first line that somebody who signs looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simlab.api.decision.headline import Pair, Replay, noun, without_habit
from simlab.measures import PLAN_NAMES
from simlab.measures.decision import short_rate
from simlab.run.statements import ADVICE_BY_REPLAY, Statement

if TYPE_CHECKING:
    from simlab.api.decision.decision import Decision

YES, IF, YET, NO, NONE = (
    "Recommended:",
    "Recommended with a condition:",
    "Not recommended yet:",
    "Not recommended:",
    "No recommendation:",
)


def advice(
    decision: Decision, pairs: Sequence[Pair], limits: Sequence[Statement], replay: Replay | None
) -> Statement:
    """Recommended or not, and the one reason that decides it: what stands against the plan goes first.

    Parameters
    ----------
    decision : Decision
    pairs : sequence of Pair
        The plan against the others at equal service, as the headline has them, the worst first.
    limits : sequence of Statement
        Floor and budget.
    replay : Replay or None
        The last periods.
    """
    missed = next((one for one in limits if one.state == "bad"), None)
    if missed is not None:
        return _said("bad", NO, f"{_lowered(missed.title.rstrip('.'))}.")
    pairs = without_habit(pairs)
    if replay is not None and replay.confirmed is False:
        said = f"the last {replay.length} did not confirm the service that it promises."
        if cheaper := _cheaper(decision, pairs):
            return _said("bad", NO, f"{cheaper}, and {said}")
        return _said("open", YET, said, ADVICE_BY_REPLAY)
    if not pairs:
        return _said("none", NONE, "there is no other plan to compare it with at the same service.")
    return _compared(decision, pairs)


def _compared(decision: Decision, pairs: Sequence[Pair]) -> Statement:
    own, served = noun(decision.weight), decision.row_of(decision.row)["proposed"]
    if cheaper := _cheaper(decision, pairs):
        return _said("bad", NO, f"{cheaper}.")
    unclear = [PLAN_NAMES[pair.plan].short for pair in pairs if pair.mark != "less"]
    if unclear:
        names = " and ".join(unclear)
        return _said("open", YET, f"at the same {own} served no gain over {names} is shown.")
    want = f"{short_rate(served)} of {own} served at once is the service you want"
    other = dict.fromkeys(noun(weight) for pair in pairs for weight in pair.others)
    if other:
        return _said("open", IF, f"{want}, and {own} is what you count by, not {' or '.join(other)}.")
    return _said("good", YES, f"if {want}.")


def _cheaper(decision: Decision, pairs: Sequence[Pair]) -> str:
    """That other plans cost less at the same service; empty where none does."""
    names = [PLAN_NAMES[pair.plan].short for pair in pairs if pair.mark == "more"]
    own = noun(decision.weight)
    return f"at the same {own} served {' and '.join(names)} would cost less" if names else ""


def _lowered(text: str) -> str:
    """As it goes on after the colon: "it misses 95.0% of units", "in the long run stock exceeds …"."""
    who = "it " if text.startswith("Misses") else ""
    return f"{who}{text[:1].lower()}{text[1:]}"


def _said(state: str, title: str, text: str, key: str = "advice") -> Statement:
    return Statement(state, title, text, key, "advice")
