"""A run folder of an audit, made up: segments, causes and lines that add up to the last bit of a decimal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from worlds.fake_run import HOSTILE, quality_table

from simlab.run import RunFolder

CAUSES = {
    "shape": ("demand is not normal", "demand shape: normal with the same mean and variance → the law"),
    "lead_time": ("lead times are random", "lead time: always its mean → random, in sequence"),
    "packs": ("pack and order sizes", "packs: none → real"),
    "formula": ("formula's own error", ""),
}
LINES = {
    "A": (0.0102, 0.0251, -0.0047, 0.0013),
    "B": (0.0041, 0.0304, -0.0108, -0.0062),
    "C": (0.0007, 0.0433, -0.0291, -0.0352),
}
PLANNED = {"A": 0.9921, "B": 0.9754, "C": 0.9482}
ASKED = {"A": 0.98, "B": 0.95, "C": 0.90}
UNITS = {"A": 900.0, "B": 400.0, "C": 200.0}


def build_fake_audit(folder: Path, *, hostile: bool = False, empty: bool = False) -> RunFolder:
    """A sealed run folder; `hostile` names segments like an attack, `empty` adds one without demand."""
    names = dict(zip("ABC", HOSTILE, strict=True)) if hostile else {}
    frames = [
        audit_table(policy, factor, names, empty) for policy, factor in (("targets", 0.4), ("habit", 1))
    ]
    run = RunFolder.create(folder / "run", "fake", folder)
    table = pd.concat(frames, ignore_index=True)
    run.write_table("audit", table)
    run.write_table("quality", quality_table())
    run.write_text("results/audit.csv", table.to_csv(index=False))
    run.write_text("study.toml", "schema = 1\n")
    run.write_manifest(
        {
            "command": "audit",
            "study": "electronics-demo",
            "currency": "GBP",
            "period": "week",
            "by": ["abc"],
            "segments": list(PLANNED),
            "policy": {"family": "order_up_to", "planning": "normal", "target_measure": "fill_rate"},
            "seeds": {"study": 7, "search": 8123456789},
            "evaluator": "lanes",
            "warmup": 12,
            "warmup_rule": "longest L + R - 1",
            "periods": 52,
            "replications": 200,
            "batches": 20,
            "level": 0.95,
            "inputs": {"items.csv": "3f" * 32},
            "assumptions": ["Weeks are independent: demand of one week tells nothing about the next."],
            "intervals": {"kind": "simulation", "level": 0.95},
            "notes": [],
            "statements": [],
            "times": {"load": 0.4, "audit habit": 4.9},
        }
    )
    return run


def audit_table(policy: str, factor: float, names: dict[str, str], empty: bool) -> pd.DataFrame:
    """The waterfall of one policy as `simlab audit` writes it."""
    total = sum(UNITS.values())
    share = {name: units / total for name, units in UNITS.items()}
    lines = {name: tuple(factor * points for points in LINES[name]) for name in LINES}
    planned = dict(PLANNED)
    lines["(all)"] = tuple(sum(share[name] * lines[name][k] for name in LINES) for k in range(len(CAUSES)))
    planned["(all)"] = sum(share[name] * PLANNED[name] for name in PLANNED)
    rows = []
    for name, points in lines.items():
        units = UNITS.get(name, total)
        rows += _rows(policy, names.get(name, name), name, planned[name], points, units)
    if empty:
        rows += _rows(policy, "none sold", "none sold", np.nan, (np.nan,) * len(CAUSES), 0.0)
    return pd.DataFrame(rows)


def _rows(
    policy: str, shown: str, name: str, planned: float, points: tuple[float, ...], units: float
) -> list[dict[str, object]]:
    fill = planned - sum(points)
    level, rows = planned, []
    for place, ((cause, (what, edit)), lost) in enumerate(zip(CAUSES.items(), points, strict=True), start=1):
        rows.append(
            {
                "policy": policy,
                "segment": shown,
                "n_items": 120 if name != "(all)" else 360,
                "target_measure": "fill_rate" if policy == "targets" else "cycle_service_level",
                "planning": "normal",
                "target": ASKED.get(name, np.nan),
                "fill_rate_planned": planned,
                "fill_rate": fill,
                "fill_rate_low": fill - 0.0008,
                "fill_rate_high": fill + 0.0008,
                "cycle_service_level": fill - 0.03,
                "cycle_service_level_low": fill - 0.031,
                "cycle_service_level_high": fill - 0.029,
                "line": place,
                "cause": cause,
                "what": what,
                "edit": edit,
                "from_level": level,
                "to_level": level - lost,
                "points": lost,
                "points_low": lost - 0.0003,
                "points_high": lost + 0.0003,
                "units_per_year": units * lost,
                "sampling_error": 0.0,
            }
        )
        level -= lost
    return rows
