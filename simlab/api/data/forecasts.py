"""A user's forecasts beside simlab's laws: errors, coverage of sums over R + L, stock at equal service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.models import DemandLaw, origin_before
from simlab.models.forecasts.errors import PastSums, past_sums
from simlab.register.laws import LawKind
from simlab.run.statements import Statement
from simlab.verdict.replay.equal_service import Kept, kept_by
from simlab.verdict.replay.sums import HIGH, LOW, Judged, judge

if TYPE_CHECKING:
    from simlab.api.data.data import Data
    from simlab.arrays import FloatArray, IntArray
    from simlab.models.forecasts.errors import ErrorEstimates

SERVICE = 0.95
"""Share of the value asked that both serve where their stock is compared."""
YOURS, OURS = "your forecast", "simlab's laws"
_MOST_ITEMS, _MOST_ORIGINS, _FEWEST_OTHERS = 500, 3, 4
_Z = 1.959964


def forecast_tables(data: Data) -> dict[str, pd.DataFrame]:
    """Tables `forecast_errors`, `forecast_horizons` and `forecast_compared`; what there is to say."""
    paths = data.models.paths
    if paths is None or paths.errors is None or data.catalog.forecast_errors is None:
        return {}
    found = {"forecast_errors": _by_item(data, paths.errors), "forecast_horizons": _by_horizon(data)}
    compared = compared_with_laws(data)
    return found if compared is None else {**found, "forecast_compared": compared}


def _by_item(data: Data, errors: ErrorEstimates) -> pd.DataFrame:
    rows = np.flatnonzero(errors.known)
    parts = data.catalog.parts[rows]
    independent = errors.span * errors.sd**2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = errors.sum_variance / independent
    return pd.DataFrame(
        {
            "sku": [data.catalog.sku[row] for row in rows],
            "location": [data.catalog.location[row] for row in rows],
            "periods": errors.span[rows],
            "origins": errors.n_origins[rows],
            "bias": errors.bias[rows] / parts,
            "bias_se": errors.bias_se[rows] / parts,
            "biased": errors.biased[rows],
            "sd": errors.sd[rows] / parts,
            "sum_sd": np.sqrt(errors.sum_variance[rows]) / parts,
            "variance_ratio": ratio[rows],
            "pooled": errors.pooled[rows],
        }
    )


def _by_horizon(data: Data) -> pd.DataFrame:
    """Bias and root mean squared error relative to the mean of what came, by horizon over all items."""
    table = data.catalog.forecast_errors
    assert table is not None
    frame = pd.DataFrame({"horizon": table.horizon, "error": table.actual - table.forecast})
    frame = frame.assign(actual=table.actual, square=frame["error"] ** 2)
    groups = frame.groupby("horizon")
    total = groups["actual"].mean()
    out = pd.DataFrame({"horizon": total.index, "n": groups.size().to_numpy()})
    with np.errstate(divide="ignore", invalid="ignore"):
        out["bias"] = (groups["error"].mean() / total).to_numpy()
        out["rmse"] = (np.sqrt(groups["square"].mean()) / total).to_numpy()
    return out


@dataclass(frozen=True, eq=False)
class _Predicted:
    """One prediction per row: of both, and what came."""

    yours: DemandLaw
    ours: list[tuple[DemandLaw, IntArray]]
    rows: IntArray
    observed: FloatArray


def compared_with_laws(data: Data) -> pd.DataFrame | None:
    """Both predictions of demand over R + L at past origins, judged by what came; None without a history.

    Notes
    -----
    Up to three origins, the latest of which R + L has passed, and 500 SKU-locations by the hash of their
    keys. The laws are fitted to what was known at the origin. The forecast's error (and its bias, where
    that is corrected) is estimated from its other origins, those that share no period with the one judged.
    """
    predicted = _predicted(data)
    if predicted is None:
        return None
    catalog = data.catalog
    cost = catalog.unit_cost[predicted.rows] * catalog.study.data.cost_resolution
    worth = np.asarray(cost, np.float64)
    ones = np.ones(predicted.rows.size, np.int64)
    whole = np.rint(predicted.observed).astype(np.int64)
    judged = {YOURS: judge(predicted.yours, ones, whole), OURS: _joined(predicted, whole)}
    kept = {YOURS: kept_by(predicted.yours, ones, whole.astype(np.float64)), OURS: _kept(predicted, whole)}
    left = {name: one.at(SERVICE, worth) for name, one in kept.items()}
    base = left[YOURS]
    lines = []
    for name, one in judged.items():
        pit, at = one.pit(), left[name]
        line: dict[str, object] = {
            "method": name,
            "sums": one.observed.size,
            "sku_locations": int(np.unique(predicted.rows).size),
            "origins": len(predicted.ours),
            "inside": float(((pit >= LOW) & (pit <= HIGH)).mean()),
            "above": float((pit > HIGH).mean()),
            "bias": float(one.mean.sum() / max(one.observed.sum(), 1e-300) - 1.0),
            "crps": float(one.crps.sum() / max(one.observed.sum(), 1e-300)),
            "service": SERVICE,
            "stock_left": np.nan if at is None else float(at[1].sum()) / len(predicted.ours),
        }
        line |= _difference(at, base, predicted, len(predicted.ours))
        lines.append(line)
    return pd.DataFrame(lines)


def _difference(
    at: tuple[float, FloatArray] | None, base: tuple[float, FloatArray] | None, predicted: _Predicted, n: int
) -> dict[str, float]:
    """Stock left at equal service less that of the forecast, with a 95 % interval over SKU-locations."""
    if at is None or base is None:
        return {"difference": np.nan, "difference_low": np.nan, "difference_high": np.nan}
    change = np.bincount(predicted.rows, weights=at[1] - base[1])[np.unique(predicted.rows)] / n
    half = _Z * float(change.std(ddof=1)) * np.sqrt(change.size) if change.size > 1 else np.nan
    total = float(change.sum())
    return {"difference": total, "difference_low": total - half, "difference_high": total + half}


def _predicted(data: Data) -> _Predicted | None:
    """Predictions of the sums that can be judged."""
    paths, table = data.models.paths, data.catalog.forecast_errors
    if paths is None or paths.errors is None or table is None or data.catalog.demand is None:
        return None
    errors = paths.errors
    key = data.models.world.keys
    some = np.flatnonzero(errors.known & paths.mask)
    some = some[np.argsort(key[some], kind="stable")][:_MOST_ITEMS]
    sums = past_sums(table, errors.span)
    mine = np.isin(sums.item, some) & (-1 - sums.origin >= errors.span[sums.item])
    origins = np.unique(sums.origin[mine])[::-1]
    found: list[tuple[DemandLaw, IntArray]] = []
    rows, mean, variance, observed, last = [], [], [], [], 1
    for origin in origins.tolist():
        if len(found) == _MOST_ORIGINS or origin > last:
            continue
        after = -1 - origin
        periods = int(errors.span[some][errors.span[some] <= after].max(initial=0))
        past = origin_before(data.catalog, after, periods) if periods else None
        if past is None:
            continue
        place = {int(row): k for k, row in enumerate(past.rows)}
        own = _known_apart(sums, np.flatnonzero(mine & (sums.origin == origin)), errors, place, data)
        if own is None:
            continue
        at, expected, spread = own
        law = past.models.world.demand.take(np.array([place[int(row)] for row in sums.item[at]]))
        found.append((law, errors.span[sums.item[at]]))
        rows.append(sums.item[at])
        mean.append(expected)
        variance.append(spread)
        observed.append(sums.actual[at])
        last = origin - periods  # the next one shares no period with this one
    if not found:
        return None
    yours = _law_of(np.concatenate(mean), np.concatenate(variance))
    return _Predicted(yours, found, np.concatenate(rows), np.concatenate(observed))


def _known_apart(
    sums: PastSums, at: IntArray, errors: ErrorEstimates, place: dict[int, int], data: Data
) -> tuple[IntArray, FloatArray, FloatArray] | None:
    """Rows of the sums of an origin, what was expected of them, and the variance by the other origins."""
    spec = data.study.data.forecast_errors
    corrects = spec is not None and spec.bias == "correct"
    kept, mean, variance = [], [], []
    for row in at.tolist():
        item = int(sums.item[row])
        begin, end = np.searchsorted(sums.item, [item, item + 1])
        apart = np.abs(sums.origin[begin:end] - sums.origin[row]) >= errors.span[item]
        error = (sums.actual - sums.forecast)[begin:end][apart]
        if error.size < _FEWEST_OTHERS or item not in place or not error.var() > 0:
            continue
        shift = float(error.mean()) if corrects and errors.biased[item] else 0.0
        kept.append(row)
        mean.append(max(float(sums.forecast[row]) + shift, 1e-6))
        variance.append(float(error.var(ddof=1)))
    if not kept:
        return None
    return np.array(kept, np.int64), np.array(mean), np.array(variance)


def _law_of(mean: FloatArray, variance: FloatArray) -> DemandLaw:
    """Sums as one period each: negative binomial, or gamma where they vary less."""
    n, nothing = mean.size, np.zeros(mean.size, np.int64)
    kind = np.where(variance > mean, LawKind.NEGATIVE_BINOMIAL, LawKind.GAMMA).astype(np.int8)
    return DemandLaw(kind, mean, variance, np.zeros(n), nothing, nothing, nothing[:0], nothing[:0])


def _joined(predicted: _Predicted, observed: IntArray) -> Judged:
    parts, begin = [], 0
    for law, periods in predicted.ours:
        parts.append(judge(law, periods, observed[begin : begin + law.n_items]))
        begin += law.n_items
    names = Judged.__dataclass_fields__
    return Judged(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _kept(predicted: _Predicted, observed: IntArray) -> Kept:
    parts, begin = [], 0
    for law, periods in predicted.ours:
        parts.append(kept_by(law, periods, observed[begin : begin + law.n_items].astype(np.float64)))
        begin += law.n_items
    names = Kept.__dataclass_fields__
    return Kept(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def forecast_statements(tables: dict[str, pd.DataFrame], currency: str) -> tuple[Statement, ...]:
    """One line: coverage of both, and which needs less stock for the same service."""
    frame = tables.get("forecast_compared")
    if frame is None:
        return ()
    yours, ours = (frame[frame["method"] == name].iloc[0] for name in (YOURS, OURS))
    text = (
        f"Of {int(yours['sums']):,} sums over R + L at {int(yours['origins'])} past origins "
        f"{yours['inside']:.0%} lay between the 5% and 95% points of your forecast and "
        f"{ours['inside']:.0%} of simlab's laws (right: 90%)."
    )
    state = "none"
    if np.isfinite(ours["difference"]):
        low, high = float(ours["difference_low"]), float(ours["difference_high"])
        more = "more" if ours["difference"] > 0 else "less"
        share = abs(float(ours["difference"])) / max(float(yours["stock_left"]), 1e-300)
        text += (
            f" At {SERVICE:.0%} of value served simlab's laws leave {currency} "
            f"{abs(ours['difference']):,.0f} ({share:.0%}) {more} on the shelf than your forecast "
            f"({currency} {yours['stock_left']:,.0f})"
        )
        text += "." if low > 0 or high < 0 else "; the 95% interval contains zero."
        state = "good" if low > 0 else "bad" if high < 0 else "open"
    titles = {
        "good": "Your forecast needs less stock than simlab's laws.",
        "bad": "simlab's laws need less stock than your forecast.",
        "open": "Your forecast and simlab's laws need about the same stock.",
        "none": "Your forecast beside simlab's laws.",
    }
    return (Statement(state, titles[state], text, "forecast", "look"),)
