"""Floors: least service of groups of items."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simlab.api.requirements.accounting import SERVICE
from simlab.api.requirements.kind import Asked, Counts, limit_kind
from simlab.arrays import IntArray
from simlab.frontier import Limit, service_floors


@limit_kind("floors", noun="floors of groups", bound="at_least", place=10)
def floors(asked: Asked) -> Iterable[Limit]:
    """A row per group: Σ good part ≥ rate · Σ whole."""
    part, whole = _service(asked.spec.measure, asked.counts)
    return service_floors(
        **asked.place,
        part=asked.table(part),
        whole=asked.table(whole),
        at_least=asked.spec.at_least,
        what=SERVICE[asked.spec.measure],
    )


def _service(measure: str, of: Counts) -> tuple[IntArray, IntArray]:
    """(n, k) good part, and what it is a part of."""
    curves = of.curves
    if measure == "cycle_service_level":
        return curves.good_receipts.sum(axis=-1), curves.receipts.sum(axis=-1)
    if measure == "ready_rate":
        ready: IntArray = curves.ready.sum(axis=-1)
        periods = of.settings.counted * of.settings.replications
        return ready, np.full((ready.shape[0], 1), periods, dtype=np.int64)
    return curves.served.sum(axis=-1), curves.demanded.sum(axis=-1)[:, None]
