"""Lead times that were really recorded in the hold-out, for orders that the replay places there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.models.orders import observe
from simlab.models.working_days import elapsed

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.models.holdout import HeldOut

IntArray = npt.NDArray[np.int64]

UNKNOWN = -1


def recorded_lead_times(catalog: Catalog, held: HeldOut) -> IntArray:
    """(n, N) lead time of an order placed in each held-out period, in whole periods; −1 if unknown.

    Parameters
    ----------
    catalog : Catalog
        The whole catalogue: `items.supplier` and receipts.
    held : HeldOut
        The periods.

    Notes
    -----
    The receipt of the same supplier ordered in the hold-out whose order date is nearest to the period's
    first day, rounded to the nearest whole period. Suppliers without one are unknown: sampled instead.
    """
    out = np.full((catalog.n_items, held.n_periods), UNKNOWN, dtype=np.int64)
    receipts, supplier = catalog.receipts, catalog.texts.get("supplier")
    seen = observe(catalog)
    if receipts is None or seen is None or supplier is None:
        return out
    lead = elapsed(catalog.study, receipts.order_date, receipts.receipt_date)
    if catalog.study.lead_times.partial != "rows":
        receipts, lead = seen.table.take(~seen.is_open), seen.days[~seen.is_open]
    inside = receipts.order_date >= held.days[0]
    periods = np.rint(lead * seen.ratio[0] / seen.ratio[1]).astype(np.int64)
    for name in sorted({str(one) for one in supplier if one is not None}):
        rows = np.flatnonzero(inside & (receipts.supplier == name))
        if rows.size:
            apart = np.abs(receipts.order_date[rows][None, :] - held.days[:, None])
            out[supplier == name] = periods[rows[apart.argmin(axis=1)]]
    return out
