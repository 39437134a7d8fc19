"""What two finished runs were told and made of: options, inputs, seeds, versions, plans, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from simlab.run import RunFolder

_COUNTS = (
    "command",
    "n_items",
    "as_of",
    "periods",
    "replications",
    "verdict_replications",
    "batches",
    "warmup",
)
_MADE = ("evaluator", "kernel_hash", "table_hash", "laws")
_VERSIONS = ("simlab", "python", "numpy", "numba", "scipy", "pandas")
_KEYS = ["sku", "location"]
_LEVELS = ("target", "reorder_point", "order_up_to", "order_quantity", "review_period", "segment")


def differing(runs: Sequence[RunFolder], labels: Sequence[str]) -> pd.DataFrame:
    """One row per thing that is not the same in all runs: kind, what, and a column per run."""
    told = [dict(_facts(run)) for run in runs]
    names = list(dict.fromkeys(name for facts in told for name in facts))
    rows = []
    for kind, what in names:
        values = [_text(facts.get((kind, what))) for facts in told]
        if len(set(values)) > 1:
            rows.append({"kind": kind, "what": what, **dict(zip(labels, values, strict=True))})
    return pd.DataFrame(rows, columns=["kind", "what", *labels])


def _facts(run: RunFolder) -> Iterator[tuple[tuple[str, str], Any]]:
    path = run.path / "resolved.json"
    if path.is_file():
        for option, value in _flat(json.loads(path.read_text(encoding="utf-8"))):
            if option not in ("schema", "study.name"):
                yield ("option", option), value
    manifest = run.manifest
    for table, digest in dict(manifest.get("inputs") or {}).items():
        yield ("input", table), digest
    for phase, seed in dict(manifest.get("seeds") or {}).items():
        yield ("seed", phase), seed
    for kind, names in (("run", _COUNTS), ("made of", _MADE)):
        for name in names:
            yield (kind, name.replace("_", " ")), manifest.get(name)
    for name in _VERSIONS:
        yield ("version", name), dict(manifest.get("environment") or {}).get(name)
    for segment, target in dict(manifest.get("chosen") or {}).items():
        yield ("target", segment), target


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted option names; lists and empty tables stay whole."""
    if isinstance(value, Mapping) and value:
        for key, inside in value.items():
            yield from _flat(inside, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value[:16] + "…" if len(value) == 64 else value
    return json.dumps(value, ensure_ascii=False)


def item_changes(a: RunFolder, b: RunFolder) -> pd.DataFrame:
    """One row per SKU-location of either run: segments, targets and levels of both, and stock at the level.

    `changed`: some level differs. `level_value`: order-up-to level (of a reorder point: that) × unit cost,
    b − a, in study currency; what is bound at most, not the mean stock. Largest change first.
    """
    tables = [_plan(run) for run in (a, b)]
    both = tables[0].merge(tables[1], on=_KEYS, how="outer", suffixes=("_a", "_b"), indicator="found")
    both["found"] = both["found"].map({"both": "both", "left_only": "a", "right_only": "b"}).astype(str)
    differs = [
        (both[f"{name}_a"] != both[f"{name}_b"]) & ~(both[f"{name}_a"].isna() & both[f"{name}_b"].isna())
        for name in ("reorder_point", "order_up_to", "order_quantity", "review_period")
    ]
    both["changed"] = pd.concat([one.fillna(True).astype(bool) for one in differs], axis=1).any(axis=1)
    cost = both["unit_cost_b"].fillna(both["unit_cost_a"])
    both["level_value"] = (both["order_up_to_b"].fillna(0) - both["order_up_to_a"].fillna(0)) * cost
    order = both["level_value"].abs().sort_values(ascending=False, kind="stable").index
    return both.loc[order].drop(columns=["unit_cost_a", "unit_cost_b"]).reset_index(drop=True)


def _plan(run: RunFolder) -> pd.DataFrame:
    plan = run.read_table("plan")
    costs = run.read_table("items")[[*_KEYS, "unit_cost"]]
    kept = plan[[*_KEYS, *(name for name in _LEVELS if name in plan)]].merge(costs, on=_KEYS, how="left")
    for name in ("reorder_point", "order_up_to", "order_quantity", "review_period"):
        kept[name] = kept[name].astype("Float64")
    return kept
