"""What the method of planned levels is called: the formula, and what it leaves out or takes as approximate.

Each function takes one name per item and adds to those of the items that it speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.world import Unmet
from simlab.policies.levels.exact import Measure
from simlab.policies.levels.lost import LOSES, LOSES_PART
from simlab.policies.sums.consecutive import Consecutive
from simlab.policies.sums.holidays import closing

if TYPE_CHECKING:
    from simlab.models import Models

OUT_OF_SEQUENCE = "lead times that orders so close cannot have in sequence: the nearest with their mean"
UNORDERED = "nothing is ordered (max_order = 0)"
OVER_PHASES = "each period by its law over all phases, independent"
_ALIKE = (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS, LawKind.MARKOV)
_WHOLE = 1_000_000  # millionths of an order that come at first


def also(words: list[str], where: BoolArray, text: str) -> list[str]:
    return [f"{word}, {text}" if here else word for word, here in zip(words, where.tolist(), strict=True)]


def near(words: list[str], where: BoolArray, text: str) -> list[str]:
    """As `_also`, and what was called exact is called approximate."""
    named = [
        word.replace("exact", "approximate", 1) if here else word
        for word, here in zip(words, where.tolist(), strict=True)
    ]
    return also(named, where, text)


def unordered(models: Models, words: list[str]) -> tuple[str, ...]:
    """The names, and of what may never be ordered that nothing was planned."""
    never = models.never_ordered & ~models.silent
    return tuple(UNORDERED if here else word for word, here in zip(words, never.tolist(), strict=True))


def of_serial_demand(words: list[str], consecutive: Consecutive | None) -> list[str]:
    """Where sums of consecutive periods were planned with, added to the names."""
    if consecutive is None:
        return words
    alike = np.isin(consecutive.law.kind, _ALIKE)
    words = also(words, consecutive.hanging & alike, "sums of consecutive periods")
    text = "sums of consecutive periods, averaged over phases"
    return also(words, consecutive.hanging & ~alike & ~consecutive.in_parts, text)


def of_serial_lots(
    models: Models,
    words: list[str],
    consecutive: Consecutive,
    lots: BoolArray,
    measure: Measure,
    depletes: bool,
) -> list[str]:
    """What periods that depend on each other make approximate, added to the names."""
    hanging = consecutive.hanging & (models.world.demand.mean > 0)
    random = models.lead_time_moments[1] > 0
    if models.world.lead_time.crossing:
        words = also(words, hanging & random, "open orders as if consecutive")
    elif measure == "cycle_service_level":
        words = also(words, hanging & random & ~lots, "orders that arrive together approximated")
    if depletes:
        words = also(words, hanging & lots, "positions as of independent reviews")
    if measure == "cycle_service_level":
        words = also(words, hanging & lots, "undershoot as independent of later demand")
    return words


def of_random_lead_times(
    models: Models,
    words: list[str],
    lots: BoolArray,
    apart: BoolArray,
    chained: BoolArray,
    measure: Measure,
    depletes: bool,
) -> list[str]:
    """What random lead times make approximate where orders come in lots, added to the names.

    `chained`: (n,) whether orders are held back behind every review; `depletes`: of (R,s,S).
    """
    spread = lots & (models.lead_time_moments[1] > 0)
    if models.world.lead_time.crossing:
        words = also(words, spread & apart, "crossing orders as independent lead times")
        words = also(words, spread & ~apart, "crossing orders as if every review ordered")
    elif measure == "cycle_service_level":
        words = near(words, spread, "orders that arrive together counted as the demand they replace")
    words = with_holidays(models, supply_left_out(models, words), lots, chained, measure, depletes)
    return [
        "no demand" if nothing else word for word, nothing in zip(words, models.silent.tolist(), strict=True)
    ]


def supply_left_out(models: Models, words: list[str]) -> list[str]:
    """What suppliers do that no formula knows, added to the names."""
    supply = models.world.supply
    if supply is not None:
        words = also(words, (supply.on_time < _WHOLE)[supply.supplier], "orders in parts as if whole")
        words = also(words, (supply.fails > 0)[supply.supplier], "outages left out")
    return words


def holidays_left_out(models: Models, words: list[str]) -> list[str]:
    """What is planned as if suppliers were always open, added to the names."""
    return also(words, closing(models.world), "suppliers' holidays left out")


def with_holidays(
    models: Models,
    words: list[str],
    lots: BoolArray,
    chained: BoolArray,
    measure: Measure,
    depletes: bool,
) -> list[str]:
    """What holidays make approximate where lead times are random or receipts are counted."""
    closes = closing(models.world)
    words = also(words, closes, "with suppliers' holidays")
    spread = closes & (models.lead_time_moments[1] > 0)
    words = near(words, spread & ~chained, "random lead times beside holidays as if of one order alone")
    if measure == "cycle_service_level":
        words = near(
            words, (closes if depletes else spread) & lots, "receipts of lots after holidays as if apart"
        )
    return words


def limits_left_out(models: Models, words: list[str]) -> list[str]:
    """Limits and lost demand that no formula knows, added to the names."""
    terms = models.world.terms
    words = also(words, terms.max_order > 0, "largest order left out")
    if terms.max_position is not None:
        words = also(words, terms.max_position > 0, "highest position left out")
    return losses_left_out(models, words)


def losses_left_out(models: Models, words: list[str]) -> list[str]:
    """Lost demand that is planned as if it waited, added to the names."""
    terms = models.world.terms
    words = also(words, terms.unmet == Unmet.LOST, LOSES.removeprefix(", "))
    return also(words, terms.unmet == Unmet.PARTLY, LOSES_PART.removeprefix(", "))
