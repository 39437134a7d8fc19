"""Intervals of `compare_policies` cover what they should with three SKUs, whose frontiers are coarse stairs.

One verdict of many replications is cut into blocks; every block is read as a comparison of its own, and the
truth is what all of them say together. In version 0.1.0 0.917 of nominal 0.95 held it.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.comparison import policies as module
from simlab.api.data.data import load_frames
from simlab.execution import PlanSums
from simlab.study import Study

PER, BLOCKS = 60, 150


def three(seed: int) -> sl.Data:
    """Three SKUs, each a segment of its own."""
    rng = np.random.default_rng(seed)
    mean = np.round(rng.lognormal(1.2, 0.8, 3), 2)
    items = pd.DataFrame({"sku": list("ABC"), "location": "X", "lead_time": 14.0, "kind": list("abc")})
    items = items.assign(
        unit_cost=np.round(rng.lognormal(2, 0.8, 3), 2),
        demand_law="negative_binomial",
        demand_mean=mean,
        demand_variance=3 * mean,
        order_quantity=np.ceil(3 * mean).astype(int),
    )
    study = Study.default(
        simulation={"periods": 26, "replications": 200, "batches": 8},
        optimize={"n_targets": 8, "fill_rate": 0.93, "target_min": 0.5, "service": {"weight": "units"}},
        verdict={"replications": PER * BLOCKS},
        lead_times={"law": "fixed"},
        segments={"by": "kind"},
        run={"workers": 1},
    )
    return load_frames(items, study=study)


def block(run, rows: slice):
    def cut(sums: PlanSums) -> PlanSums:
        return PlanSums(**{one.name: getattr(sums, one.name)[..., rows] for one in fields(sums)})

    return replace(run, plan=cut(run.plan), frontier=cut(run.frontier), whole=cut(run.whole))


def share_covered(seed: int, monkeypatch: pytest.MonkeyPatch, names: list[str]) -> dict[str, float]:
    """By policy: share of blocks whose interval of the difference holds the difference of all blocks."""
    kept = []
    told = module._compared

    def compared(data, runs, *rest):
        kept.append((data, runs, rest))
        return told(data, runs, *rest)

    monkeypatch.setattr(module, "_compared", compared)
    truth = {one.name: one.difference.value for one in sl.compare_policies(three(seed), names).entries}
    ((data, runs, rest),) = kept
    held = {one.name: 0 for one in runs[1:]}
    for k in range(BLOCKS):
        found = told(data, [block(run, slice(k * PER, (k + 1) * PER)) for run in runs], *rest)
        for one in found.entries[1:]:
            held[one.name] += one.difference.low <= truth[one.name] <= one.difference.high
    return {name: n / BLOCKS for name, n in held.items()}


@pytest.mark.slow
def test_three_skus_with_one_challenger(monkeypatch) -> None:
    """Nominal 0.95: 150 blocks of 60 replications in each of three worlds."""
    worlds = ((1, "reorder_quantity"), (2, "reorder_quantity"), (3, "reorder_up_to"))
    shares = [share_covered(seed, monkeypatch, [name])[name] for seed, name in worlds]
    assert 0.92 <= np.mean(shares) <= 0.98
