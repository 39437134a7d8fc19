"""XYZ: how steady demand is."""

from __future__ import annotations

import numpy as np

from simlab.segments.classes import Classes, by_size, by_threshold
from simlab.segments.scheme import SchemeInput, scheme


@scheme("xyz", source="practice; cuts as in Scholz-Reiter et al. (2012)", options={"cuts": (0.5, 1.0)})
def xyz(data: SchemeInput) -> Classes:
    """X steady, Y variable, Z erratic, by the coefficient of variation of demand per period.

    Notes
    -----
    X up to and including the first cut, Y up to the second, Z above; no demand at all is Z. With
    ``cuts = "terciles"`` a third of the SKU-locations each, steadiest first, ties by sku, location.
    """
    cv = data.numbers["cv"]
    if data.options["cuts"] == "terciles":
        rule = (
            "xyz: thirds by coefficient of variation of demand per period, X steadiest; ties by sku, location"
        )
        data.refuse_bad_sizes((1.0, 1.0, 1.0))
        data.refuse_flat(np.round(cv, 9), "coefficient of variation")
        return Classes(by_size(data.ranked(-cv), (1.0, 1.0, 1.0)), ("X", "Y", "Z"), rule)
    cuts = data.cuts()
    names = _names(len(cuts) + 1)
    bounds = ", ".join(f"{name} up to {cut:g}" for name, cut in zip(names, cuts, strict=False))
    rule = (
        f"xyz: coefficient of variation of demand per period: {bounds}, {names[-1]} above or without demand"
    )
    return Classes(by_threshold(cv, cuts), names, rule)


def _names(n: int) -> tuple[str, ...]:
    first = ord("X") if n <= 3 else ord("Z") - n + 1
    return tuple(chr(first + number) for number in range(n))
