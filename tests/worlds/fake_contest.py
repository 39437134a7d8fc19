"""A run folder of a contest of schemes, made up: five schemes, random controls, classes, regret, ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from worlds.fake_run import HOSTILE, quality_table

from simlab.run import RunFolder

SCHEMES = {"tree": 106.0, "tbs": 106.1, "abc+xyz": 112.0, "abc": 124.0, "one class": 125.0}
CLASSES = {"tree": 4, "tbs": 3, "abc+xyz": 9, "abc": 3, "one class": 1}
MEASURES = ("fill_rate", "value_fill_rate", "cycle_service_level")
FILLS = (0.95, 0.98)
PER_SKU = 100.0
KS = (1, 2, 3, 4, 6)
TABLES = ("controls", "classes", "regret", "stability")


def build_fake_contest(
    folder: Path, *, hostile: bool = False, leave_empty: tuple[str, ...] = (), reached: bool = True
) -> RunFolder:
    """A sealed run folder.

    `hostile` names schemes and segments like an attack, `leave_empty` names tables without rows,
    `reached` False: no scheme reaches the deciding floor.
    """
    names = dict(zip(("tree", "abc", "tbs"), HOSTILE, strict=True)) if hostile else {}
    called = {name: names.get(name, name) for name in SCHEMES}
    rng = np.random.default_rng(3)
    tables = {
        "tournament": pd.DataFrame(list(_standings(called, reached))),
        "pairs": pd.DataFrame(list(_pairs(called, reached))),
        "controls": _controls(called, rng),
        "classes": pd.DataFrame(list(_classes(called))),
        "free_classes": pd.DataFrame(list(_free())),
        "regret": _regret(called["tree"]),
        "stability": _stability(called, rng),
        "scheme_frontiers": _frontiers(called),
        "scheme_segments": pd.DataFrame(list(_segments(called))),
        "scheme_rules": pd.DataFrame(_rules(called["tree"])),
        "left_out": pd.DataFrame([{"scheme": "margin", "reason": "items has no column 'price'"}]),
    }
    run = RunFolder.create(folder / "run", "fake", folder)
    for name, table in tables.items():
        run.write_table(name, table.iloc[:0] if name in leave_empty else table)
    run.write_table("quality", quality_table())
    run.write_text("study.toml", "schema = 1\n")
    run.write_manifest(_manifest(called))
    return run


def _spread(name: str, value: float, half: float) -> dict[str, float]:
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def _standings(called: dict[str, str], reached: bool) -> Any:
    for fill in FILLS:
        known = 1.0 if reached or fill != FILLS[0] else np.nan
        for rank, (name, cost) in enumerate(SCHEMES.items(), start=1):
            one = name == "one class"
            yield {
                "scheme": called[name],
                "at_fill": fill,
                "rank": rank,
                "n_segments": CLASSES[name],
                **_spread("holding_cost", 1000 * cost * known, 150.0),
                **_spread("percent_vs_one_class", (cost / 125 - 1) * known, 0.0 if one else 0.002),
                **_spread("percent_vs_per_sku", (cost / PER_SKU - 1) * known, 0.002),
                **_spread("percent_vs_free", (cost / 103 - 1) * known, 0.002),
                "may_be_best": name in ("tree", "tbs"),
                "control_share": np.nan if one else 0.4 if name == "abc" else 0.05,
                "beats_random": name not in ("abc", "one class"),
                "n_targets": CLASSES[name],
                "explained": 0.0 if one else 0.55,
                **_spread("fill_at_capital", 0.95 + (125 - cost) / 1000, 0.0004),
                "rule": (
                    "learned: L1 where unit_cost <= 9; L2 where unit_cost > 9"
                    if name == "tree"
                    else f"{called[name]}: ranked by annual value\nties by sku"
                ),
            }


def _rules(tree: str) -> list[dict[str, object]]:
    """The learned classes of one scheme, a question each."""
    bounds = (("L1", "unit_cost <= 9.0", np.nan, 9.0), ("L2", "unit_cost > 9.0", 9.0, np.nan))
    return [
        {"scheme": tree, "segment": n, "where": w, "attribute": "unit_cost", "above": low, "up_to": high}
        for n, w, low, high in bounds
    ]


def _pairs(called: dict[str, str], reached: bool) -> Any:
    order = list(SCHEMES)
    for fill in FILLS:
        for place, a in enumerate(order):
            for b in order[place + 1 :]:
                value = (SCHEMES[a] / SCHEMES[b] - 1) if reached else np.nan
                yield {
                    "a": called[a],
                    "b": called[b],
                    "at_fill": fill,
                    **_spread("percent", value, 0.003),
                    "told_apart": abs(value) > 0.003,
                    "level": 0.95,
                    "batches": 20,
                    "sign_changes": False,
                    "not_told_apart_on": 2 if (a, b) == ("abc", "one class") else 0,
                }


def _controls(called: dict[str, str], rng: np.random.Generator) -> pd.DataFrame:
    rows = [
        {"scheme": called[name], "at_fill": fill, "draw": draw + 1, "holding_cost": cost}
        for name in list(SCHEMES)[:-1]
        for fill in FILLS
        for draw, cost in enumerate(1000 * rng.normal(124.5, 0.6, 20))
    ]
    return pd.DataFrame(rows)


def _classes(called: dict[str, str]) -> Any:
    for name, floor in (("tree", 0.03), ("abc", 0.22), ("random", 0.245)):
        for k in KS:
            price = floor + (0.25 - floor) / k**1.5
            yield {
                "scheme": called.get(name, name),
                "classes": k,
                **_spread("percent_vs_per_sku", price, 0.003),
                "gain_vanishes": name == "abc" and k == 6,
                "recommended": k == 4,
            }


def _free() -> Any:
    for fill in FILLS:
        for k in KS:
            yield {"classes": k, "at_fill": fill, **_spread("percent_vs_per_sku", 0.25 / k**2.2, 0.002)}


def _regret(scheme: str) -> pd.DataFrame:
    rows = [
        {
            "scheme": scheme,
            "made_for": made,
            "judged_by": judge,
            "achieved": 0.95 - 0.05 * abs(i - j),
            **_spread("regret", np.nan if (i, j) == (2, 0) else 0.06 * abs(i - j), 0.002),
        }
        for i, made in enumerate(MEASURES)
        for j, judge in enumerate(MEASURES)
    ]
    return pd.DataFrame(rows)


def _stability(called: dict[str, str], rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for of, n in (("seed", 3), ("catalogue", 20)):
        for number in range(n):
            costs = {name: cost + rng.normal(0, 0.4) for name, cost in SCHEMES.items()}
            ranked = sorted(costs, key=lambda name, at=costs: at[name])
            rows += [
                {"of": of, "number": number + 1, "scheme": called[name], "rank": rank}
                for rank, name in enumerate(ranked, start=1)
            ]
    return pd.DataFrame(rows)


def _frontiers(called: dict[str, str]) -> pd.DataFrame:
    fill = 1 - np.geomspace(0.2, 0.004, 18)
    parts = [
        pd.DataFrame({"scheme": name, "fill_rate": fill, "holding_cost": 300 * cost / (1 - fill) ** 0.4})
        for name, cost in [
            *((called[name], cost) for name, cost in SCHEMES.items()),
            ("per-SKU plan", PER_SKU),
        ]
    ]
    return pd.concat(parts, ignore_index=True)


def _segments(called: dict[str, str]) -> Any:
    for name, n in CLASSES.items():
        for k in range(n):
            yield {
                "scheme": called[name],
                "segment": called["abc"] if k == 0 else f"S{k}",
                "n_items": 100 + k,
                "annual_value": 1e6 / (k + 1),
                "target": 0.99 - 0.03 * k,
                **_spread("achieved", 0.99 - 0.03 * k, 0.001),
            }


def _manifest(called: dict[str, str]) -> dict[str, object]:
    return {
        "command": "compare schemes",
        "study": "electronics-demo",
        "currency": "GBP",
        "period": "week",
        "n_items": 400,
        "policy": {"family": "order_up_to", "planning": "exact", "target_measure": "fill_rate"},
        "seeds": {"study": 7, "search": 8123456789, "selection": 91234567, "verdict": 17171717},
        "warmup": 12,
        "periods": 52,
        "replications": 200,
        "verdict_replications": 400,
        "batches": 20,
        "level": 0.95,
        "at_fill": list(FILLS),
        "capital": 812000.0,
        "schemes": list(called.values()),
        "winner": called["tree"],
        "rounds": {"controls": 20, "catalogues": 20, "classes": list(KS), "rule_cost": 250.0},
        "statements": [f"Cheapest: {called['tree']}."],
        "intervals": {"kind": "simulation", "level": 0.95, "notes": ["Intervals are paired jackknives."]},
        "notes": [],
        "assumptions": ["Weeks are independent."],
        "times": {"load": 0.4, "tournament": 4.9},
    }
