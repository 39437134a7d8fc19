"""The eight ways in which a formula's world differs from the real one, each a documented edit."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Switch(StrEnum):
    """What is switched from the formula's world to the real one, in the order of the documentation."""

    SHAPE = "shape"
    PARAMETERS = "parameters"
    LEAD_TIME = "lead_time"
    CROSSING = "crossing"
    REVIEW = "review"
    UNDERSHOOT = "undershoot"
    PACKS = "packs"
    UNMET = "unmet"


SWITCHES = tuple(Switch)

FORMULA = "formula"
"""Key of the closing line: what the formula says of its own world, against that world simulated."""

EDITS = {
    Switch.SHAPE: "demand shape: normal with the same mean and variance → as fitted",
    Switch.PARAMETERS: "demand parameters: as planned → as fitted",
    Switch.LEAD_TIME: "lead time: always its mean → random, in sequence",
    Switch.CROSSING: "orders: in sequence → may overtake each other",
    Switch.REVIEW: "review: the R that the formula used → the true R",
    Switch.UNDERSHOOT: "undershoot: units below s put on the shelf at once → not",
    Switch.PACKS: "packs, smallest and largest order: none (or as far as planned) → real",
    Switch.UNMET: "unmet demand: waits → is lost",
}
"""Each switch in words: the formula's world → the real one."""

CAUSES = {
    Switch.SHAPE: "demand is not normal",
    Switch.PARAMETERS: "demand is not what was planned",
    Switch.LEAD_TIME: "lead times are random",
    Switch.CROSSING: "orders overtake each other",
    Switch.REVIEW: "the review period is not the formula's",
    Switch.UNDERSHOOT: "orders are placed below the reorder point",
    Switch.PACKS: "pack and order sizes",
    Switch.UNMET: "unmet demand is lost",
    FORMULA: "formula's own error",
}
"""Each line of the account as a cause."""

NORMAL_IGNORES = frozenset(SWITCHES) - {Switch.PARAMETERS, Switch.REVIEW}
"""What the textbook formula leaves out; parameters and R differ only where the caller says so."""

EXACT_IGNORES = frozenset({Switch.UNMET})
"""What the exact formula leaves out; of packs and limits it leaves out what `Beliefs` documents. Where demand
can be lost `plan` measures levels by simulation instead; audited is the formula, as if all waited."""


def code_of(switches: Iterable[Switch]) -> int:
    """A set of switches as a bit mask."""
    return sum(1 << SWITCHES.index(switch) for switch in set(switches))


def members(code: int) -> tuple[Switch, ...]:
    """The switches of a bit mask, in their order."""
    return tuple(switch for place, switch in enumerate(SWITCHES) if code >> place & 1)
