"""A complete run folder made up from the normal formula, to test the report without a simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from simlab.run import RunFolder

MEASURES = (
    "fill_rate",
    "cycle_service_level",
    "ready_rate",
    "stockout_periods",
    "turns",
    "inventory_value",
    "holding_cost",
)
GRID = 1 - np.exp(np.linspace(np.log(0.5), np.log(0.001), 24))
HABIT = {"A": 0.98, "B": 0.95, "C": 0.90}
HOSTILE = ("</script><script>alert(1)</script>", "=cmd|' /C calc'!A0", "<b>&\"'`{{7*7}}")


class Shop:
    """Items, their segments and, per item and target of `GRID`, what stock and service come of it."""

    def __init__(self, n_items: int, by: tuple[str, ...], seed: int, names: dict[str, str]) -> None:
        rng = np.random.default_rng(seed)
        self.rng, self.by = rng, by
        mean = np.exp(rng.normal(1.4, 1.3, n_items))
        sd = np.sqrt(mean) * rng.lognormal(0.35, 0.35, n_items)
        cost = np.round(np.exp(rng.normal(2.3, 0.9, n_items)), 2)
        lead = rng.choice([1.4, 2.0, 3.3, 4.6, 7.2], n_items)
        value = mean * 52 * cost
        share = np.cumsum(np.sort(value)[::-1])[np.argsort(np.argsort(-value))] / value.sum()
        attributes = {
            "abc": np.where(share <= 0.8, "A", np.where(share <= 0.95, "B", "C")),
            "xyz": np.where(sd / mean <= 0.6, "X", np.where(sd / mean <= 1.1, "Y", "Z")),
            "location": rng.choice(["Bristol", "Leeds", "Web"], n_items),
        }
        columns = [np.array([names.get(v, v) for v in attributes[name]], dtype=object) for name in by]
        self.attribute = dict(zip(by, columns, strict=True))
        self.segment = np.array(["-".join(row) for row in zip(*columns, strict=True)], dtype=object)
        self.segments = sorted(set(self.segment))
        self.abc = attributes["abc"]
        self.mean, self.sd, self.cost, self.lead, self.value = mean, sd, cost, lead, value
        self.location = attributes["location"]
        sigma, ask = sd * np.sqrt(lead + 1), mean
        z = np.linspace(-1.5, 5.5, 400)
        fills = 1 - np.outer(sigma / ask, norm.pdf(z) - z * norm.sf(z))
        wanted = np.array([np.interp(GRID, fill, z) for fill in fills])
        loss = norm.pdf(wanted) - wanted * norm.sf(wanted)
        self.fill = np.clip(1 - sigma[:, None] / ask[:, None] * loss, 0, 1)
        self.stock = (wanted * sigma[:, None] + ask[:, None] * 0.5 + sigma[:, None] * loss).clip(0)
        self.cycle = norm.cdf(wanted)

    def at(self, choice: np.ndarray, rows: np.ndarray | None = None) -> dict[str, float]:
        """Measures of some items when item i is planned at target `choice[i]` of the grid."""
        rows = np.arange(self.mean.size) if rows is None else rows
        pick = choice[rows]
        units, stock = self.mean[rows], self.stock[rows, pick]
        inventory = float((stock * self.cost[rows]).sum())
        fill = float((units * self.fill[rows, pick]).sum() / units.sum())
        cycle = float(self.cycle[rows, pick].mean())
        return {
            "fill_rate": fill,
            "cycle_service_level": cycle,
            "ready_rate": 1 - (1 - cycle) * 0.7,
            "stockout_periods": 52 * (1 - cycle) * 0.8,
            "turns": float(self.value[rows].sum() / inventory),
            "inventory_value": inventory,
            "holding_cost": 0.25 * inventory,
        }


def frontier_choices(shop: Shop, groups: np.ndarray, n_points: int) -> list[np.ndarray]:
    """Targets per group that maximise served − multiplier × cost, for a range of multipliers."""
    n_groups = int(groups.max()) + 1
    served = np.zeros((n_groups, GRID.size))
    cost = np.zeros((n_groups, GRID.size))
    np.add.at(served, groups, shop.fill * shop.mean[:, None])
    np.add.at(cost, groups, shop.stock * shop.cost[:, None] * 0.25)
    found: dict[tuple[int, ...], np.ndarray] = {}
    for multiplier in np.geomspace(1e-4, 2e2, n_points):
        pick = np.argmax(served - multiplier * cost, axis=1)
        found[tuple(pick)] = pick
    return sorted(found.values(), key=lambda pick: cost[np.arange(n_groups), pick].sum())


def build_fake_run(
    folder: Path,
    *,
    by: tuple[str, ...] = ("abc", "xyz"),
    n_items: int = 400,
    seed: int = 5,
    floor: float | None = 0.95,
    budget: float | None = 100000.0,
    hostile: bool = False,
    tables: tuple[str, ...] = ("frontier", "reference", "verdict", "plan"),
    finance: bool = False,
    fit: bool = False,
    groups: bool = False,
) -> RunFolder:
    """A sealed run folder with the given tables; `hostile` names segments and SKUs like an attack."""
    names = {"A": HOSTILE[0], "B": HOSTILE[1], "C": HOSTILE[2]} if hostile else {}
    shop = Shop(n_items, by, seed, names)
    codes = np.array([shop.segments.index(name) for name in shop.segment])
    points = frontier_choices(shop, codes, 400)
    fills = [shop.at(pick[codes])["fill_rate"] for pick in points]
    chosen = next((i for i, fill in enumerate(fills) if fill >= (floor or 0.95) + 0.004), len(fills) - 1)
    uniform = next(
        (i for i in range(GRID.size) if shop.at(np.full(n_items, i))["fill_rate"] >= fills[chosen]), 23
    )
    habit = np.array([np.abs(GRID - HABIT[c]).argmin() for c in shop.abc])
    today = np.clip(habit + shop.rng.integers(-7, 6, n_items), 0, 23)
    per_sku = frontier_choices(shop, np.arange(n_items), 60)
    best = min(per_sku, key=lambda pick: abs(shop.at(pick)["fill_rate"] - fills[chosen]))
    plans = {
        "segmented": points[chosen][codes],
        "uniform": np.full(n_items, uniform),
        "habit": habit,
        "today": today,
        "per_sku": best,
    }
    run = RunFolder.create(folder / "run", "fake", folder)
    run.write_table("items", items_table(shop, plans, hostile))
    run.write_table("segments", segments_table(shop, plans))
    if "frontier" in tables:
        run.write_table("frontier", frontier_table(shop, codes, points, per_sku, chosen))
    if "reference" in tables:
        run.write_table("reference", reference_table(shop, plans))
    if "verdict" in tables:
        run.write_table("verdict", verdict_table(shop, plans))
    if "plan" in tables:
        run.write_table("plan", plan_table(shop, plans, hostile))
    if finance:
        run.write_table("exchange_rates", exchange_rates_table(shop, codes, points))
        run.write_table("capital", capital_table(shop, plans))
    if groups:
        for name, frame in group_tables(shop, plans).items():
            run.write_table(name, frame)
    if fit:
        run.write_table("fit_test", fit_test_table(shop))
        run.write_table("fit_pit", fit_pit_table(shop))
    run.write_table("quality", quality_table())
    run.write_text("study.toml", "schema = 1\n")
    run.log("start", command="optimize")
    run.times = {"load": 0.41, "fit": 0.63, "plan": 0.88, "simulate": 5.31, "solve": 0.12, "verdict": 1.9}
    run.write_manifest(manifest(shop, points, chosen, floor, budget))
    return run


def fit_test_table(shop: Shop) -> pd.DataFrame:
    """Test of fit: the first segment sold more than its laws said, the last has too few periods."""
    names = ["(all)", *shop.segments]
    table = pd.DataFrame({"segment": names, "n_items": 60, "n_periods": 40, "n": 2400, "cut": "2024-05-03"})
    table["pit_mean"], table["pit_share"], table["p"] = 0.502, 0.897, 0.4
    table.loc[1, ["pit_mean", "pit_share", "p"]] = (0.61, 0.87, 0.00001)
    table.loc[len(names) - 1, "p"] = np.nan
    return table.assign(flagged=table["p"] < 0.01)


def fit_pit_table(shop: Shop) -> pd.DataFrame:
    """Flat histograms."""
    return pd.DataFrame(
        {"horizon": "1", "group": name, "method": "fitted", "low": k / 10, "high": (k + 1) / 10, "share": 0.1}
        for name in ["(all)", *shop.segments]
        for k in range(10)
    )


def items_table(shop: Shop, plans: dict[str, np.ndarray], hostile: bool) -> pd.DataFrame:
    n, pick = shop.mean.size, plans["segmented"]
    rows = np.arange(n)
    sku = np.array([f"{10000 + i}" for i in range(n)], dtype=object)
    if hostile:
        sku[:3] = HOSTILE
    fill = shop.fill[rows, pick]
    law = np.where(shop.sd**2 / shop.mean < 1.3, "poisson", "negative_binomial").astype(object)
    law[::17] = "empirical"
    ratio = shop.sd**2 / shop.mean
    reason = [f"variance/mean {r:.2f} over 104 periods" for r in ratio]
    return pd.DataFrame(
        {
            "sku": sku,
            "location": shop.location,
            "segment": shop.segment,
            "supplier": np.where(rows % 5 == 0, None, "ACME"),
            "demand_law": law,
            "demand_reason": reason,
            "lead_time_reason": np.where(rows % 9 == 0, "pooled: 3 receipts", "supplier's own receipts"),
            "demand_grounds": np.where(rows % 4 == 0, "scored recent", "scored rate_shared"),
            "lead_time_grounds": np.where(rows % 9 == 0, "few_receipts", "own_receipts"),
            "mean_demand": shop.mean,
            "sd_demand": shop.sd,
            "mean_lead_time": shop.lead,
            "review_period": np.ones(n),
            "unit_cost": shop.cost,
            "holding_rate": np.full(n, 0.25),
            "annual_value": shop.value,
            "item_criticality": np.where(rows % 7 == 0, "vital", "desirable"),
            **shop.attribute,
            "target": GRID[pick],
            "fill_rate": fill,
            "fill_rate_low": fill - 0.01,
            "fill_rate_high": np.minimum(fill + 0.01, 1),
            "cycle_service_level": shop.cycle[rows, pick],
            "inventory_value": shop.stock[rows, pick] * shop.cost,
            "holding_cost": shop.stock[rows, pick] * shop.cost * 0.25,
        }
    )


def segments_table(shop: Shop, plans: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for plan, pick in plans.items():
        for sample in ("search", "verdict"):
            for name in [*shop.segments, "(all)"]:
                where = np.flatnonzero(shop.segment == name) if name != "(all)" else np.arange(pick.size)
                asked = {float(GRID[p]) for p in pick[where]}
                row: dict[str, Any] = {"plan": plan, "sample": sample, "segment": name}
                row |= {b: None if name == "(all)" else shop.attribute[b][where[0]] for b in shop.by}
                row |= {"n_items": where.size, "target": asked.pop() if len(asked) == 1 else np.nan}
                rows.append(row | _with_interval(shop, shop.at(pick, where), sample, where.size))
    return pd.DataFrame(rows)


def _with_interval(shop: Shop, values: dict[str, float], sample: str, n: int) -> dict[str, float]:
    wiggle = 0.0 if sample == "search" else 0.05 / np.sqrt(n)
    row = {}
    for name, value in values.items():
        service = name in ("fill_rate", "cycle_service_level", "ready_rate")
        spread = wiggle * ((1 - value) if service else value) * 1.2
        seen = value + spread * shop.rng.normal(-0.6 if service else 0.1, 0.4)
        row |= {name: seen, f"{name}_low": seen - 1.2 * spread, f"{name}_high": seen + 1.2 * spread}
    return row


def frontier_table(
    shop: Shop,
    codes: np.ndarray,
    points: list[np.ndarray],
    per_sku: list[np.ndarray],
    chosen: int,
) -> pd.DataFrame:
    listed = [("segmented", pick[codes], GRID[pick].tolist()) for pick in points]
    k = len(shop.segments)
    listed += [("uniform", np.full(codes.size, i), [float(GRID[i])] * k) for i in range(GRID.size)]
    listed += [("per_sku", pick, None) for pick in per_sku]
    rows = []
    first = {kind: [k for k, *_ in listed].index(kind) for kind in ("segmented", "uniform", "per_sku")}
    for position, (kind, pick, targets) in enumerate(listed):
        number = position - first[kind]
        at = shop.at(pick)
        seen = at["fill_rate"] - 0.0012 * (1 + 2 * at["fill_rate"] * (1 - at["fill_rate"]) * 4)
        bound = kind == "per_sku"
        rows.append(
            {
                "point": number,
                "kind": kind,
                "fill_rate": at["fill_rate"],
                "holding_cost": at["holding_cost"],
                "inventory_value": at["inventory_value"],
                "fill_rate_verdict": np.nan if bound else seen,
                "fill_rate_verdict_low": np.nan if bound else seen - 0.0025,
                "fill_rate_verdict_high": np.nan if bound else seen + 0.0025,
                "holding_cost_verdict": np.nan if bound else at["holding_cost"] * 1.002,
                "inventory_value_verdict": np.nan if bound else at["inventory_value"] * 1.002,
                "certificate": "bound" if bound else "exact",
                "gap": 0.0,
                "chosen": kind != "per_sku" and number == chosen,
                "targets": targets,
            }
        )
    return pd.DataFrame(rows)


def reference_table(shop: Shop, plans: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for plan, pick in plans.items():
        at = shop.at(pick)
        for sample, shift in (("search", 0.0), ("verdict", 0.0015)):
            fill = at["fill_rate"] - shift
            rows.append(
                {
                    "plan": plan,
                    "fill_rate": fill,
                    "fill_rate_low": fill - 0.002,
                    "fill_rate_high": fill + 0.002,
                    "holding_cost": at["holding_cost"] * (1 + shift),
                    "inventory_value": at["inventory_value"] * (1 + shift),
                    "sample": sample,
                }
            )
    return pd.DataFrame(rows)


def verdict_table(shop: Shop, plans: dict[str, np.ndarray]) -> pd.DataFrame:
    ours = shop.at(plans["segmented"])
    rows = []
    share = {"uniform": -0.084, "habit": -0.121, "today": -0.19, "per_sku": 0.031}
    for plan, percent in share.items():
        cost = ours["holding_cost"]
        other = cost / (1 + percent)
        half = 0.012 if plan != "habit" else np.nan
        known = np.nan if plan == "habit" else 1.0
        rows.append(
            {
                "comparison": f"segmented vs {plan}",
                "rival": plan,
                "basis": "equal fill",
                "at_fill": ours["fill_rate"] - 0.0015,
                "cost_a": cost * known,
                "cost_b": other * known,
                "difference": (cost - other) * known,
                "difference_low": cost - other - half * other,
                "difference_high": cost - other + half * other,
                "percent": percent * known,
                "percent_low": percent - half,
                "percent_high": percent + half,
                "level": 0.95,
                "replications": 400,
                "statement": "",
            }
        )
    return pd.DataFrame(rows)


def plan_table(shop: Shop, plans: dict[str, np.ndarray], hostile: bool = False) -> pd.DataFrame:
    pick = plans["segmented"]
    rows = np.arange(pick.size)
    sku = [f"{10000 + i}" for i in rows]
    if hostile:
        sku[:3] = HOSTILE
    up_to = np.ceil(shop.mean * (shop.lead + 1) + shop.stock[rows, pick]).astype(np.int64)
    return pd.DataFrame(
        {
            "sku": sku,
            "location": shop.location,
            "segment": shop.segment,
            "target": GRID[pick],
            "planning_method": "exact",
            "safety_stock": up_to - shop.mean * (shop.lead + 1),
            "reorder_point": up_to - 1,
            "order_up_to": up_to,
            "order_quantity": np.zeros(pick.size, dtype=np.int64),
            "review_period": np.ones(pick.size, dtype=np.int64),
            "fill_rate": shop.fill[rows, pick],
            "product": [f"thing {i}" for i in rows],
            "order_up_to_now": np.ceil(shop.mean * (shop.lead + 1) + shop.stock[rows, plans["today"]]),
            "fill_rate_now": shop.fill[rows, plans["today"]],
            "inventory_value": shop.stock[rows, pick] * shop.cost,
            "inventory_value_now": shop.stock[rows, plans["today"]] * shop.cost,
        }
    )


def group_tables(shop: Shop, plans: dict[str, np.ndarray]) -> dict[str, pd.DataFrame]:
    """By supplier and location, and a sample of two items looked at closely."""
    rows = np.arange(shop.mean.size)
    frame = pd.DataFrame(
        {
            "location": shop.location,
            "supplier": np.where(rows % 5 == 0, "", "ACME"),
            "n_items": 1,
            "inventory_value_now": shop.stock[rows, plans["today"]] * shop.cost,
            "inventory_value": shop.stock[rows, plans["segmented"]] * shop.cost,
            "orders_per_year": 26.0,
            "annual_units": 52 * shop.mean,
            "annual_value": shop.value,
            "volume": 0.1 * shop.stock[rows, plans["segmented"]],
            "served_now": shop.mean * shop.fill[rows, plans["today"]],
            "served": shop.mean * shop.fill[rows, plans["segmented"]],
            "demanded": shop.mean,
        }
    )
    found = {}
    for by, name in (("location", "locations"), ("supplier", "suppliers")):
        sums = frame.groupby(by).sum(numeric_only=True).reset_index()
        served = {end: sums[f"served{end}"] / sums["demanded"] for end in ("_now", "")}
        found[name] = sums.assign(**{f"fill_rate{end}": rate for end, rate in served.items()})
    peak = found["locations"]["inventory_value"] * 1.2
    found["location_stock"] = found["locations"][["location"]].assign(peak_inventory_value_p95=peak)
    some = pd.DataFrame({"sku": ["10000", "10001"], "location": shop.location[:2]})
    week = pd.DataFrame({"period": np.arange(1, 53), "stock": (np.arange(52) * 7) % 11})
    found["sample_path"] = some.merge(week, how="cross")
    days = pd.DataFrame({"date": ["2025-01-06", "2025-01-13", "2025-01-20"], "units": [3, 0, 5]})
    found["sample_history"] = some.merge(days, how="cross")
    bars = pd.DataFrame({"law": "poisson", "first": [0, 1], "last": [0, 9], "seen": [1.0, 2.0]})
    found["sample_law"] = some.merge(bars.assign(expected=[1.2, 1.8]), how="cross")
    return found


def exchange_rates_table(shop: Shop, codes: np.ndarray, points: list[np.ndarray]) -> pd.DataFrame:
    at = pd.DataFrame([shop.at(pick[codes]) for pick in points])
    rate = at["holding_cost"].diff() / (at["fill_rate"].diff() * 100)
    frame = pd.DataFrame(
        {
            "point": np.arange(len(points)),
            "fill_rate": at["fill_rate"],
            "cost_per_point": rate,
            "cost_per_point_low": rate * 0.9,
            "cost_per_point_high": rate * 1.12,
        }
    )
    return frame.iloc[1:].reset_index(drop=True)


def capital_table(shop: Shop, plans: dict[str, np.ndarray]) -> pd.DataFrame:
    start = shop.at(plans["today"])["inventory_value"]
    end = shop.at(plans["segmented"])["inventory_value"]
    week = np.arange(53)
    value = end + (start - end) * np.exp(-week / 9)
    return pd.DataFrame(
        {
            "period": week,
            "inventory_value": value,
            "inventory_value_low": value * 0.96,
            "inventory_value_high": value * 1.04,
            "purchases": np.full(53, shop.value.sum() / 52) * (1 - 0.5 * np.exp(-week / 6)),
        }
    )


def quality_table() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("items", "rows", "used", 400, np.nan, np.nan, ""),
            ("demand", "rows", "used", 41213, 120331.0, 1543210.5, ""),
            ("demand", "duplicates", "repaired", 12, 31.0, 402.1, "summed, duplicates = 'sum'"),
            ("demand", "unknown SKU", "dropped", 7, 9.0, np.nan, "unknown_sku = 'drop'"),
            ("receipts", "over 364 days", "refused", 3, 120.0, np.nan, "longest_days = 364"),
        ],
        columns=["table", "what", "status", "rows", "units", "value", "note"],
    )


def manifest(
    shop: Shop, points: list[np.ndarray], chosen: int, floor: float | None, budget: float | None
) -> dict[str, object]:
    """What the run says of itself, under the keys that the report reads."""
    return {
        "command": "optimize",
        "study": "electronics-demo",
        "currency": "GBP",
        "period": "week",
        "by": list(shop.by),
        "segments": list(shop.segments),
        "segment_rule": "abc: annual value cut at 80 % and 95 %; xyz: coefficient of variation at 0.6, 1.1",
        "policy": {"family": "order_up_to", "planning": "exact", "target_measure": "fill_rate"},
        "seeds": {"study": 7, "search": 8123456789, "selection": 91234567, "verdict": 17171717},
        "evaluator": "sweep",
        "warmup": 12,
        "warmup_rule": "longest L + R - 1",
        "periods": 52,
        "replications": 200,
        "verdict_replications": 400,
        "batches": 20,
        "level": 0.95,
        "inputs": {"items.csv": "3f" * 32, "demand.csv": "a1" * 32, "receipts.csv": "0c" * 32},
        "kernel_hash": "ab" * 32,
        "table_hash": "cd" * 32,
        "assumptions": [
            "Weeks are independent: demand of one week tells nothing about the next.",
            "Holding rate 0.20 per year was used for 12 items that give none.",
            "Unmet demand waits (backorders).",
        ],
        "intervals": "Intervals are simulation intervals.",
        "notes": ["In-sample figures come from the seed that chose the plan."],
        "frontier": {"n_points": 20431, "n_shown": len(points), "largest_fill_gap": 0.0041},
        "constraints": {"fill_rate": floor, "budget": budget},
        "chosen": dict(zip(shop.segments, GRID[points[chosen]].tolist(), strict=True)),
    }
