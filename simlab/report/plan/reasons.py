"""Why models were taken, counted over SKU-locations: the keys that the run wrote, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from simlab.register.grounds import OF_DEMAND, OF_LEAD_TIME, Ground
from simlab.report.kit.formats import number

Counted = list[tuple[str, int]]
_MOST, _MOST_LEAD_TIMES = 3, 12


def demand_grounds(items: pd.DataFrame) -> Counted:
    """At how many SKU-locations something spoke for their law, the most frequent first."""
    if "demand_grounds" not in items:
        return as_they_stand(items["demand_reason"], _MOST)
    counts = Counter[str]()
    codes, values = pd.factorize(items["demand_grounds"].astype(str))  # no text is made of a million
    sizes = np.bincount(codes[codes >= 0], minlength=len(values))
    for at in np.argsort(-sizes, kind="stable").tolist():
        for key in str(values[at]).split() or ["none"]:
            counts[key] += int(sizes[at])
    return [(_text(OF_DEMAND, key), n) for key, n in counts.most_common()]


def lead_time_grounds(items: pd.DataFrame, period: str) -> Counted:
    """At how many SKU-locations a lead time comes from where, with the range of its mean."""
    if "lead_time_grounds" not in items:
        return as_they_stand(items["lead_time_reason"], _MOST_LEAD_TIMES)
    some = items[[name for name in ("lead_time_grounds", "mean_lead_time") if name in items]]
    groups = some.groupby(some["lead_time_grounds"].astype(str), sort=True)
    rows = [(", ".join(_text(OF_LEAD_TIME, key) for key in str(keys).split()), own) for keys, own in groups]
    found = [(f"{text}{_range(own, period)}", len(own)) for text, own in rows]
    return sorted(found, key=lambda row: -row[1])


def as_they_stand(reasons: pd.Series[str], most: int) -> Counted:
    """The most frequent reasons of a run without keys, which versions up to 0.2.0 wrote."""
    counts = Counter(one if isinstance(one, str) else "not stated" for one in reasons)
    common = counts.most_common(most)
    rest = sum(counts.values()) - sum(n for _, n in common)
    return [*common, ("other reasons", rest)] if rest else common


def _text(known: Mapping[str, Ground], key: str) -> str:
    return known[key].text if key in known else key.replace("_", " ")


def _range(own: pd.DataFrame, period: str) -> str:
    """Mean lead times of some SKU-locations."""
    if "mean_lead_time" not in own or own["mean_lead_time"].isna().all():
        return ""
    low, high = (number(float(end), 1) for end in (own["mean_lead_time"].min(), own["mean_lead_time"].max()))
    return f": mean {low if low == high else f'{low} to {high}'} {period}s"
