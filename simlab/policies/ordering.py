"""How much a review orders: the rule of every family, for arrays of items (or items × paths)."""

from __future__ import annotations

import numpy as np

from simlab.arrays import CodeArray, IntArray
from simlab.engine.world.world import OrderTerms
from simlab.register.families import by_lot, has_point


def order_sizes(
    terms: OrderTerms,
    family: CodeArray,
    reorder_point: IntArray,
    order_up_to: IntArray,
    order_quantity: IntArray,
    position: IntArray,
) -> IntArray:
    """Units ordered where a review finds a position; the engine's rule (`engine/kernels/rules.py`).

    Parameters
    ----------
    terms : OrderTerms
        n items: packs, MOQ, largest order, highest position.
    family : (n,) int8; reorder_point, order_up_to, order_quantity : (n,) int64
        s, S and Q; a family of (R,S) uses S alone.
    position : (n,) or (n, paths) int64

    Returns
    -------
    (n,) or (n, paths) int64
        The deficit, or the least n·Q that lifts the position above s; raised to the MOQ, rounded up to
        packs, at most the largest order; cut to whole packs or lots below the highest position, to nothing
        where less than the MOQ is left.
    """
    wide = position.ndim == 2

    def column(values: IntArray | CodeArray) -> IntArray:
        return np.asarray(values[:, None] if wide else values, np.int64)

    s, S = column(reorder_point), column(order_up_to)
    pack, moq = column(terms.pack_size), column(terms.moq)
    rule = column(family)
    lots = by_lot(rule)
    lot = -(-np.maximum(np.maximum(column(order_quantity), moq), 1) // pack) * pack
    places = np.where(has_point(rule), position <= s, position < S)
    size = np.where(lots, ((s - position) // lot + 1) * lot, S - position)
    size = -(-np.maximum(size, moq) // pack) * pack
    cap = column(terms.max_order) // pack * pack
    size = np.where(places, np.where(cap > 0, np.minimum(size, cap), size), 0)
    if terms.max_position is None:
        return np.asarray(size)
    ceiling = column(terms.max_position)
    unit = np.where(lots, lot, pack)
    cut = np.maximum(ceiling - position, 0) // unit * unit
    cut = np.where(cut >= moq, cut, 0)
    return np.asarray(np.where((ceiling == 0) | (size <= ceiling - position), size, cut))
