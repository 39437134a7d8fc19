"""How much a page of 30,000 SKU-locations weighs, the sums of its panel "What if" included."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.fake_run import build_fake_run

from simlab.report.plan.folder import read_tables
from simlab.report.plan.html import page_html

TARGETS, BATCHES = 27, 20
SUMS = ("served", "demanded", "stock_value", "holding", "short", "orders")
IN_MONEY = [f"{side}_{weight}" for weight in ("value", "margin", "items") for side in ("served", "demanded")]


def sums_of(names: list[str]) -> pd.DataFrame:
    """Sums as large, and as hard to pack, as those of a real search and verdict."""
    rng = np.random.default_rng(1)

    def rows(sample: str, batches: int, columns: list[str]) -> pd.DataFrame:
        keys = pd.MultiIndex.from_product(
            [[sample], names, range(TARGETS), range(batches)], names=["sample", "segment", "column", "batch"]
        ).to_frame(index=False)
        keys.insert(3, "target", np.linspace(0.8, 0.999, TARGETS)[keys["column"]])
        return keys.assign(**{name: rng.integers(10**14, 10**15, len(keys)) for name in columns})

    search = rows("search", 1, ["cost", "value", "good", "asked", *SUMS])
    return pd.concat([search, rows("verdict", BATCHES, [*SUMS, *IN_MONEY, "lost_margin"])])


def facts_of(names: list[str]) -> dict[str, object]:
    units = {"cost_unit": "1/145600000000", "value_unit": "1/1456000000"}
    units |= {"stock_unit": "1/2912000000", "holding_unit": "1/291200000000"}
    found = {"margin_per_year": 2.5e-7, "short_weight": 7.27e8, "batches": BATCHES, "level": 0.95, "t": 2.09}
    found |= {
        "targets": np.linspace(0.8, 0.999, TARGETS).tolist(),
        "allowed": None,
        "groups": [],
        "fixed": [],
    }
    found |= {"choice": [3] * len(names), "fill_rate": 0.95, "weighs_service": False, "budget": None}
    found |= {"choose": "auto", "service": "fill rate", "objective": "holding cost", "yearly": True}
    found |= {"counted": {"objective": "holding_cost", "service": "fill_rate", "weight": "units"}}
    return found | units | {"can": dict.fromkeys(("solve", "budget", "rate", "price"), True)}


@pytest.mark.slow
def test_a_page_of_30000_items_with_its_what_if_is_below_3_mb(tmp_path: Path) -> None:
    """1.5 MB at 1,800 SKU-locations has its own test."""
    run = build_fake_run(tmp_path, n_items=30_000, finance=True, fit=True, groups=True)
    tables = read_tables(run)
    names = list(tables.manifest["segments"])
    manifest = {**tables.manifest, "what_if": facts_of(names)}
    more = {**tables.more, "what_if": sums_of(names)}
    page = page_html(replace(tables, manifest=manifest, more=more), set())
    assert 'id="what-if-panel"' in page
    assert 1_000_000 < len(page.encode()) < 3_000_000
