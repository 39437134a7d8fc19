"""Chance: floors that must hold in a share of the replications."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from simlab.api.requirements.accounting import SERVICE
from simlab.api.requirements.kind import Drawn, chance_kind
from simlab.arrays import IntArray
from simlab.frontier import Chance
from simlab.measures import format_rate


@chance_kind("chance", place=10)
def chance(drawn: Drawn) -> Iterator[Chance]:
    """Per group: Σ good part − rate · Σ whole ≥ 0, in whole numbers, in a share of the replications."""
    spec = drawn.spec
    rate = Fraction(repr(float(spec.at_least)))
    for group, name in enumerate(drawn.groups.names):
        part, whole = _service(spec.measure, drawn, group)
        surplus = part * rate.denominator - whole * rate.numerator
        of = "" if spec.by is None else f" of {name}"
        text = (
            f"{SERVICE[spec.measure]}{of} ≥ {format_rate(float(rate))} in {100 * spec.probability:g}% "
            "of replications"
        )
        yield Chance(text, np.ascontiguousarray(surplus), spec.probability)


def _service(measure: str, drawn: Drawn, group: int) -> tuple[IntArray, IntArray]:
    """(n_segments, n_targets, n_replications) good part and whole of one group."""
    cells = drawn.cells
    if measure == "cycle_service_level":
        return drawn.of(cells.good_receipts, group), drawn.of(cells.receipts, group)
    if measure == "ready_rate":
        ready = drawn.of(cells.ready, group)
        every = drawn.item_periods[drawn.rows(group)][:, None, None]
        return ready, np.broadcast_to(every, ready.shape)
    return drawn.of(cells.served, group), drawn.of(cells.demanded, group)
