"""How much a review orders, and what the lanes may assume about sizes.

With the position p measured from S (p = position − S, s = S − gap), an order is placed where
p ≤ −gap. (R,S) is gap = 1. The size is, in this order: −p, or for (R,s,nQ) the least n·Q that
lifts the position above s; raised to the MOQ; rounded up to packs; capped at the largest order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.engine._jit import jit
from simlab.engine.kernel_types import Cells, Rule


@jit
def order_rows(position: Cells, rule: Rule, row: int, out: Cells) -> None:
    """Orders of all lanes at one review; the positions are raised by them.

    Parameters
    ----------
    position : (lanes,) int
        Position − S, units; updated.
    out : (epochs, lanes) int
        Row `row` receives the units ordered.
    """
    cast = position.dtype.type
    gap, moq, cap = cast(rule.gap), cast(rule.moq), cast(rule.cap)
    quantity, pack = cast(rule.quantity), cast(rule.pack)
    zero = cast(0)
    lanes = position.size
    if quantity == 0 and pack == 1 and cap == 0:
        for lane in range(lanes):
            deficit = cast(-position[lane])
            size = max(deficit, moq) if deficit >= gap else zero
            out[row, lane] = size
            position[lane] = cast(position[lane] + size)
        return
    for lane in range(lanes):
        out[row, lane] = order_size(cast(-position[lane]), gap, quantity, moq, pack, cap)
    for lane in range(lanes):
        position[lane] = cast(position[lane] + out[row, lane])


@jit
def order_size(deficit: Any, gap: Any, quantity: Any, moq: Any, pack: Any, cap: Any) -> Any:
    """Units ordered where the position is `deficit` below S; 0 while it is above s = S − gap.

    Division in float64 is exact here: both sides are integers below 2**52.
    """
    size = np.int64(deficit)
    if quantity > 0:
        size = (np.int64(np.float64(deficit - gap) / np.float64(quantity)) + 1) * quantity
    size = max(size, np.int64(moq))
    if pack > 1:
        size = np.int64(np.float64(size + pack - 1) / np.float64(pack)) * pack
    if cap > 0:
        size = min(size, np.int64(cap))
    return size if deficit >= gap else np.int64(0)
