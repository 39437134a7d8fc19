"""How wrong is a normal lead time, and what does it do to achieved service? Writes the tables of results/.

SIMLAB_DATA=… python run.py
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from simlab.api.data.data import load_frames
from simlab.engine.kernels.streams import phase_seed
from simlab.execution import Horizon, run_curves
from simlab.measures import ratio_estimate
from simlab.models import fit
from simlab.models.suppliers.delays import DayLaw, pooled, product_limit, smoothed
from simlab.policies import plan
from simlab.study import read_study
from simlab.verdict.replay.calibration import Forecasts, calibration
from simlab.verdict.replay.sums import HIGH, LOW, Judged

HERE = Path(__file__).parent
BY = ("supplier", "country", "mode")
METHODS = ("hierarchy", "hierarchy gamma", "hierarchy lognormal", "vendor", "all", "normal by vendor")
TARGETS = (0.80, 0.90, 0.95, 0.98)
LEAST, STRENGTH, LONGEST = 10, 8.0, 364


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    orders, account = purchase_orders(data_folder())
    cuts = list(
        np.quantile(orders["order_date"].astype("int64"), (0.4, 0.55, 0.7, 0.85)).astype("datetime64[s]")
    )
    found = [
        one for cut, end in zip(cuts, [*cuts[1:], None], strict=True) for one in judged(orders, cut, end)
    ]
    tables = {
        "account": account,
        "calibration_final": calibration(found[-len(METHODS) :]),
        "calibration_origins": calibration(found),
        "service": service(orders),
    }
    for name, table in tables.items():
        table.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.5g")
        print(table.to_string())
    print(f"{time.perf_counter() - start:.0f} s")


def data_folder() -> Path:
    """The folder of public data, from SIMLAB_DATA."""
    folder = os.environ.get("SIMLAB_DATA", "")
    if not folder:
        raise SystemExit("set SIMLAB_DATA to the folder that holds scms_deliveries/")
    return Path(folder)


def purchase_orders(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per vendor, country, mode, PO date and delivery date of direct deliveries."""
    columns = {
        "vendor": "supplier",
        "country": "country",
        "shipment_mode": "mode",
        "po_sent_to_vendor_date_iso": "order_date",
        "delivered_to_client_date_iso": "receipt_date",
    }
    lines = pd.read_parquet(folder / "scms_deliveries" / "deliveries.parquet", columns=list(columns))
    lines = lines.rename(columns=columns)
    count = {"lines read": len(lines)}
    known = lines["order_date"].notna() & lines["receipt_date"].notna()
    count["lines with both dates (direct deliveries)"] = int(known.sum())
    orders = lines[known].drop_duplicates().reset_index(drop=True)
    for name in ("order_date", "receipt_date"):
        orders[name] = pd.to_datetime(orders[name]).astype("datetime64[s]")
    count["distinct orders"] = len(orders)
    days = (orders["receipt_date"] - orders["order_date"]).dt.days
    count["delivered before the order: dropped"] = int((days < 0).sum())
    count[f"over {LONGEST} days: dropped"] = int((days > LONGEST).sum())
    orders = orders.assign(days=days)[(days >= 0) & (days <= LONGEST)].reset_index(drop=True)
    count["used"] = len(orders)
    return orders, pd.DataFrame({"what": list(count), "rows": list(count.values())})


def judged(orders: pd.DataFrame, cut, end) -> list[Forecasts]:
    """Lead times of orders placed from `cut` to `end`, predicted from what was known at `cut`, by method."""
    before = orders["order_date"] < cut
    known = orders[before]
    is_open = (known["receipt_date"] >= cut).to_numpy()
    so_far = (cut - known["order_date"].to_numpy()).astype("timedelta64[D]").astype(np.int64)
    days = np.where(is_open, so_far, known["days"])
    later = orders[~before & (orders["order_date"] < end if end is not None else True)]
    laws = _Laws(known, days, is_open)
    out = []
    for method in METHODS:
        facts = [laws.facts(method, row) for row in later.itertuples(index=False)]
        columns = (np.array(column, dtype=np.float64) for column in zip(*facts, strict=True))
        group = np.array([str(mode) for mode in later["mode"]], dtype=object)
        out.append(Forecasts(method, str(cut)[:10], "lead time", group, Judged(*columns)))
    return out


class _Laws:
    """Laws of what was known at an origin, by method and group."""

    def __init__(self, known: pd.DataFrame, days: np.ndarray, is_open: np.ndarray) -> None:
        self.days, self.open = days, is_open
        self.keys = list(known[list(BY)].fillna("").astype(str).itertuples(index=False, name=None))
        self.found: dict[tuple[str, ...], DayLaw | None] = {}
        self.shares: dict[tuple[str, tuple[str, ...]], tuple[np.ndarray, np.ndarray]] = {}

    def law(self, prefix: tuple[str, ...]) -> DayLaw:
        """The hierarchy that simlab fits: all, vendor, country within vendor, mode within both."""
        if prefix not in self.found:
            rows = np.array([key[: len(prefix)] == prefix for key in self.keys])
            n = int((rows & ~self.open).sum())
            parent = self.law(prefix[:-1]) if prefix else None
            if n == 0:
                law = parent
            else:
                law = product_limit(self.days[rows], self.open[rows])
                law = law if parent is None else pooled(law, parent, n, STRENGTH)
            self.found[prefix] = law
        return self.found[prefix]

    def facts(self, method: str, row) -> tuple[float, ...]:
        """The fields of `Judged` for one order."""
        key = tuple("" if value is None else str(value) for value in (row.supplier, row.country, row.mode))
        key = {"vendor": key[:1], "all": (), "normal by vendor": key[:1]}.get(method, key)
        if (method, key) not in self.shares:
            self.shares[method, key] = self._shares(method, key)
        values, shares = self.shares[method, key]
        return _facts(values, shares, float(row.days))

    def _shares(self, method: str, key: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        law = self.law(key)
        if method.startswith("normal"):
            edges = np.arange(-LONGEST, 2 * LONGEST) - 0.5
            below = stats.norm.cdf(edges, law.mean, max(law.variance, 1.0) ** 0.5)
            return np.arange(-LONGEST, 2 * LONGEST - 1), np.diff(below)
        kind = method.removeprefix("hierarchy").strip()
        law = smoothed(law, kind, LONGEST) if kind else law
        return law.days, law.weights / law.weights.sum()


def _facts(values: np.ndarray, shares: np.ndarray, x: float) -> tuple[float, ...]:
    upto = np.cumsum(shares)
    at, below = (float(shares[values <= y].sum()) for y in (x, x - 1))
    first, last = np.searchsorted(upto, (LOW, HIGH))
    low, high = values[first], values[min(last, values.size - 1)]
    implied = float(shares[(values >= low) & (values <= high)].sum())
    mean = float((values * shares).sum())
    spread = float(np.sum(np.diff(values) * upto[:-1] * (1 - upto[:-1])))
    crps = float((shares * np.abs(values - x)).sum()) - spread
    log = -np.log(max(at - below, 1e-12))
    beyond = float(shares[values > high].sum())
    return (below, at, low <= x <= high, implied, x > high, beyond, log, crps, mean, x)


def service(orders: pd.DataFrame) -> pd.DataFrame:
    """Achieved fill under the empirical lead times of levels that were planned with either law.

    One SKU per vendor with enough receipts, negative binomial weekly demand with mean 20 and variance 80
    (assumed), weekly review, orders in sequence. The vendors' own laws are taken as the truth.
    """
    big = orders.groupby("supplier").filter(lambda rows: len(rows) >= LEAST)
    vendors = sorted(big["supplier"].unique())
    items = pd.DataFrame(
        {
            "sku": [f"at {name}" for name in vendors],
            "location": "any",
            "unit_cost": 1.0,
            "supplier": vendors,
            "demand_law": "negative_binomial",
            "demand_mean": 20.0,
            "demand_variance": 80.0,
        }
    )
    receipts = big[["supplier", "order_date", "receipt_date"]].assign(quantity=1)
    rows = []
    for crossing in (False, True):
        lead = read_study(HERE / "study.toml").lead_times
        lead = lead.model_copy(update={"by": ("supplier",), "crossing": crossing})
        study = read_study(HERE / "study.toml").model_copy(update={"lead_times": lead})
        models = fit(load_frames(items, None, receipts, study=study).catalog)
        asked = {
            "empirical": (models, "exact"),
            "normal shape": (_with_lead_time(models, _normal), "exact"),
            "normal formula": (models, "normal"),
            "mean only": (_with_lead_time(models, _constant), "exact"),
        }
        for name, (believed, planning) in asked.items():
            for measure in ("fill_rate", "cycle_service_level"):
                planned = plan(believed, np.array(TARGETS), target_measure=measure, planning=planning)
                found = _simulated(models.world, planned.levels, measure, study)
                arrivals = "crossing" if crossing else "in sequence"
                rows += [{"arrivals": arrivals, "planned with": name, **row} for row in found]
    return pd.DataFrame(rows)


def _with_lead_time(models, law):
    """The models with every lead-time law replaced by `law(mean, sd)`, weights by whole weeks."""
    times = models.world.lead_time
    mean, variance = models.lead_time_moments
    weights = [law(m, v**0.5) for m, v in zip(mean, variance, strict=True)]
    periods = [np.flatnonzero(one) for one in weights]  # a law names what can happen
    length = np.array([one.size for one in periods])
    believed = replace(
        times,
        law=np.arange(length.size),
        start=np.cumsum(length) - length,
        length=length,
        periods=np.concatenate(periods),
        weights=np.concatenate([one[one > 0] for one in weights]),
    )
    return replace(models, world=replace(models.world, lead_time=believed))


def _normal(mean: float, sd: float) -> np.ndarray:
    """A normal law cut at zero, on whole weeks."""
    last = int(np.ceil(mean + 5 * sd))
    below = stats.norm.cdf(np.arange(-1, last + 1) + 0.5, mean, sd)
    below[0] = 0.0
    return np.maximum(np.rint(np.diff(below) * 1e6), 1).astype(np.int64)


def _constant(mean: float, sd: float) -> np.ndarray:
    """The mean alone, split over two whole weeks."""
    whole = int(mean)
    weights = np.zeros(whole + 2, np.int64)
    weights[whole + 1] = round((mean - whole) * 1e6)
    weights[whole] = 1_000_000 - weights[whole + 1]
    return weights


def _simulated(world, levels, measure: str, study) -> list[dict[str, object]]:
    warmup = int((world.lead_time.longest() + world.terms.review_period).max())
    seed = phase_seed(study.simulation.seed, "verdict")
    n = study.simulation.replications
    horizon = Horizon(study.simulation.periods, warmup, n, 20, seed)
    curves = run_curves(world, levels, horizon)
    part, whole = (
        (curves.served, curves.demanded[:, None, :])
        if measure == "fill_rate"
        else (curves.good_receipts, curves.receipts)
    )
    out = []
    for column, target in enumerate(TARGETS):
        above = part[:, column].sum(axis=0)
        below = whole[:, min(column, whole.shape[1] - 1)].sum(axis=0)
        reached = ratio_estimate(above, below)
        per_vendor = part[:, column].sum(axis=1) / whole[:, min(column, whole.shape[1] - 1)].sum(axis=1)
        out.append(
            {
                "measure": measure,
                "target": target,
                "achieved": reached.value,
                "low": reached.low,
                "high": reached.high,
                "worst vendor": float(per_vendor.min()),
                "best vendor": float(per_vendor.max()),
                "mean level": float(levels.order_up_to[:, column].mean()),
            }
        )
    return out


if __name__ == "__main__":
    main()
