"""Calibration tables: coverage, PIT, exceedance and scores by class, horizon and method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import TextArray, mean_of
from simlab.measures import ALL, mean_estimate
from simlab.verdict.replay.sums import HIGH, LOW, Judged

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Predictions of one method from one origin.

    Attributes
    ----------
    method : str
        Which laws.
    origin : str
        Date of the cut.
    horizon : str
        What was predicted, such as ``R + L`` or ``4``.
    group : (m,) object
        Class of each prediction.
    judged : Judged
    """

    method: str
    origin: str
    horizon: str
    group: TextArray
    judged: Judged


def calibration(forecasts: Sequence[Forecasts], level: float = 0.95) -> pd.DataFrame:
    """One row per horizon, group and method, and per horizon and method for all groups.

    Parameters
    ----------
    forecasts : sequence of Forecasts
        Any number of origins, methods and horizons.
    level : float
        Of the intervals of `pit_share`.

    Returns
    -------
    DataFrame
        horizon, group, method, n, origins, coverage (of the nominal 90 % interval), implied (the chance
        that the laws themselves give it), pit_share (randomised PIT in [0.05, 0.95]), pit_share_low and
        _high (a t interval of the origins' shares, since items share shocks; NaN with one origin),
        low_share (below 0.05), exceedance (of the upper 95 %), implied_exceedance, log_score, crps (÷
        mean observed demand), bias (predicted ÷ observed demand).
    """
    import pandas as pd

    rows = [_row(key, group, found, level) for key, group, found in _cells(forecasts)]
    return pd.DataFrame(rows)


def _cells(
    forecasts: Sequence[Forecasts],
) -> Iterator[tuple[tuple[str, str], str, list[tuple[str, Judged]]]]:
    """Horizon and method, group, and per origin the predictions of that group."""
    keys = sorted({(one.horizon, one.method) for one in forecasts})
    for key in keys:
        mine = [one for one in forecasts if (one.horizon, one.method) == key]
        groups = sorted({str(name) for one in mine for name in one.group})
        for group in [ALL, *(groups if len(groups) > 1 else [])]:
            yield key, group, [(one.origin, _rows(one, group)) for one in mine]


def _rows(forecast: Forecasts, group: str) -> Judged:
    if group == ALL:
        return forecast.judged
    rows = forecast.group == group
    return Judged(*(getattr(forecast.judged, name)[rows] for name in Judged.__dataclass_fields__))


def _row(
    key: tuple[str, str], group: str, found: list[tuple[str, Judged]], level: float
) -> dict[str, object]:
    pits = [one.pit(seed) for seed, (_, one) in enumerate(found)]
    inside = [(pit >= LOW) & (pit <= HIGH) for pit in pits]
    low = [pit < LOW for pit in pits]
    share = mean_estimate(np.array([rows.mean() for rows in inside if rows.size]), level, kind="history")
    n, several = sum(pit.size for pit in pits), len({origin for origin, _ in found}) > 1

    def mean(name: str) -> float:
        values = np.concatenate([getattr(one, name) for _, one in found])
        return mean_of(values.astype(np.float64)) if values.size else float("nan")

    observed = mean("observed")
    return {
        "horizon": key[0],
        "group": group,
        "method": key[1],
        "n": n,
        "origins": len(found),
        "coverage": mean("covered"),
        "implied": mean("implied"),
        "pit_share": float(np.concatenate(inside).mean()) if n else float("nan"),
        "pit_share_low": max(share.low, 0.0) if several else float("nan"),
        "pit_share_high": min(share.high, 1.0) if several else float("nan"),
        "low_share": float(np.concatenate(low).mean()) if n else float("nan"),
        "exceedance": mean("exceeded"),
        "implied_exceedance": mean("implied_exceeded"),
        "log_score": mean("log_score"),
        "crps": mean("crps") / observed if observed > 0 else float("nan"),
        "bias": mean("mean") / observed if observed > 0 else float("nan"),
    }


def pit_shares(forecasts: Sequence[Forecasts], bins: int = 10) -> pd.DataFrame:
    """Histograms of the randomised PIT: horizon, group, method, low, high, share, n."""
    import pandas as pd

    edges = np.linspace(0, 1, bins + 1)
    rows = []
    for (horizon, method), group, found in _cells(forecasts):
        pit = np.concatenate([one.pit(seed) for seed, (_, one) in enumerate(found)])
        counts, _ = np.histogram(pit, edges)
        rows += [
            {"horizon": horizon, "group": group, "method": method, "low": edges[k], "high": edges[k + 1]}
            | {"share": float(counts[k] / max(pit.size, 1)), "n": pit.size}
            for k in range(bins)
        ]
    return pd.DataFrame(rows)
