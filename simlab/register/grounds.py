"""What may speak for a law of demand or a lead time, one record each: keys for programs, words for people.

`items.demand_grounds` and `items.lead_time_grounds` hold the keys; the page counts them. The sentences beside
them (`demand_reason`) carry the numbers of a SKU-location and are read by people alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Ground:
    """Something that spoke for a law.

    Attributes
    ----------
    key : str
        In `items`, several joined by a space.
    text : str
        On the page.
    """

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a SKU-location has its law.

    Attributes
    ----------
    seen : str
        What was seen, with its numbers.
    grounds : tuple of str
        Keys of what spoke for the law.
    law : str
        The law that follows, and who named it; empty where `seen` says it.
    """

    seen: str
    grounds: tuple[str, ...] = ()
    law: str = ""

    def __str__(self) -> str:
        return f"{self.seen} → {self.law}" if self.law else self.seen

    @property
    def keys(self) -> str:
        """Keys as a cell of a table has them."""
        return _joined(self.grounds)

    def adding(self, text: str, *grounds: str) -> Reason:
        """The reason with something more at its end; itself where there is nothing to say."""
        if not text:
            return self
        own = tuple(key for key in grounds if key not in self.grounds)
        if self.law:
            return Reason(self.seen, together(self.grounds, own), self.law + text)
        return Reason(self.seen + text, together(self.grounds, own))


@cache
def together(grounds: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Grounds and further ones: one and the same tuple for all SKU-locations of which the same speaks."""
    return grounds + more


@cache
def _joined(grounds: tuple[str, ...]) -> str:
    """One and the same text for all SKU-locations of which the same speaks."""
    return " ".join(grounds)


NOTHING = Reason("")
FORECAST, STATED, NAMED, NO_DEMAND, TOO_WIDE = "forecast", "stated", "named", "no_demand", "too_wide"
SCORED, REGULAR, RATE_SHARED, SIZES_SHARED = "scored", "regular", "rate_shared", "sizes_shared"
RECENT, BLOCKS, STEPS = "recent", "blocks", "steps"
OWN_RECEIPTS, INNER_GROUP, FEW_RECEIPTS, NO_RECEIPTS = "own_receipts", "group", "few_receipts", "no_receipts"
STATED_SPREAD, IN_PARTS = "stated_spread", "in_parts"


def _by_key(*grounds: Ground) -> dict[str, Ground]:
    return {one.key: one for one in grounds}


OF_DEMAND = _by_key(
    Ground(FORECAST, "your forecast and its error"),
    Ground(STATED, "stated in the items table"),
    Ground(NAMED, "named in the study"),
    Ground(NO_DEMAND, "no demand in the history"),
    Ground(TOO_WIDE, "varies too much for any other model"),
    Ground(SCORED, "predicted best what was left out of the fit, like items together"),
    Ground(REGULAR, "time between sales varies less than chance"),
    Ground(RATE_SHARED, "rate partly that of comparable items: few sales"),
    Ground(SIZES_SHARED, "size of orders partly that of comparable items"),
    Ground(RECENT, "recent periods count more"),
    Ground(BLOCKS, "drawn in blocks of the history"),
    Ground(STEPS, "in multiples of a pack"),
)
OF_LEAD_TIME = _by_key(
    Ground(OWN_RECEIPTS, "receipts of its own supplier or group"),
    Ground(INNER_GROUP, "mixed with those around it"),
    Ground(FEW_RECEIPTS, "all receipts: too few of its own"),
    Ground(NO_RECEIPTS, "all receipts: none of its own, and no lead_time"),
    Ground(STATED, "stated in the items table, constant"),
    Ground(STATED_SPREAD, "stated in the items table, with its spread"),
    Ground(IN_PARTS, "orders come in parts"),
)
