"""How long, and how unsteadily, an item is on order."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray
from simlab.segments.classes import Classes, by_threshold
from simlab.segments.scheme import SchemeInput, scheme


@scheme("lead_time_class", source="practice", options={"cuts": "terciles"})
def lead_time_class(data: SchemeInput) -> Classes:
    """Short, medium or long mean lead time, in periods; items with the same lead time stay together."""
    return _three(
        data, data.numbers["mean_lead_time"], "mean lead time in periods", ("short", "medium", "long")
    )


@scheme("supplier_reliability", source="practice", options={"cuts": (0.2, 0.4)})
def supplier_reliability(data: SchemeInput) -> Classes:
    """Reliable, fair or poor delivery: coefficient of variation of the supplier's lead time."""
    names = ("reliable", "fair", "poor")
    return _three(data, data.numbers["cv_lead_time"], "coefficient of variation of the lead time", names)


def _three(data: SchemeInput, value: FloatArray, what: str, names: tuple[str, str, str]) -> Classes:
    """Classes up to the first cut, up to the second, above; or about a third each."""
    if np.ptp(value) == 0 and data.n_items > 1:
        raise data.refuse("E-SEG-003", f"the {what} is {value[0]:g} everywhere, it segments nothing")
    if data.options["cuts"] == "terciles":
        ascending = np.sort(value)
        places = np.ceil(np.array([1, 2]) * value.size / 3).astype(np.int64) - 1
        cuts = tuple(ascending[places].tolist())
    else:
        cuts = data.cuts()
    if len(cuts) != 2:
        raise data.refuse("E-SEG-011", f"cuts = {list(cuts)}: {', '.join(names)} need two")
    bounds = f"{names[0]} up to {cuts[0]:.4g}, {names[1]} up to {cuts[1]:.4g}, {names[2]} above"
    return Classes(by_threshold(value, cuts), names, f"{data.scheme}: {what}: {bounds}")
