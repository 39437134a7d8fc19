"""The small study with prices, volumes and channels, optimised under any limits; and its plans listed."""

import itertools

import numpy as np
import pandas as pd
from worlds.places import TESTS

import simlab as sl
from simlab import api
from simlab.study import Study

BASELINE = TESTS / "bad_inputs" / "baseline"


BEFORE = {"target_min": 0.5, "service": {"weight": "units"}, "choose": "in_sample"}
"""Units count and targets begin low: the arithmetic of limits is that of any weight."""


def frames():
    found = {
        name: pd.read_csv(BASELINE / f"{name}.csv", dtype={"sku": str, "location": str})
        for name in ("items", "demand", "receipts")
    }
    items = found["items"]
    n = len(items)
    items["price"] = items["unit_cost"] * np.linspace(1.2, 2.0, n)
    items["unit_volume"] = np.linspace(0.1, 1.0, n).round(3)
    items["lines_per_unit"] = np.linspace(0.2, 1.0, n).round(2)
    items["channel"] = ["web" if i % 2 else "shop" for i in range(n)]
    return found


def load(optimize, *, n_targets=5, by=("segment",), policy=None, **sections):
    study = Study.default(
        "limits",
        currency="EUR",
        period="day",
        policy={"review_period": 1, "targets": {}} | (policy or {}),
        lead_times={"crossing": False},
        segments={"by": list(by)},
        simulation={"periods": 40, "replications": 20, "batches": 10},
        verdict={"replications": 20},
        optimize={"n_targets": n_targets} | BEFORE | optimize,
        **sections,
    )
    return api.load_frames(**frames(), study=study)


def run(optimize, **options):
    data = load(optimize, **options)
    asked = data.study.optimize
    return sl.optimize(data, sl.segment(data), fill_rate=asked.fill_rate, budget=asked.budget)


def every_plan(opt):
    curves = opt.frontier.curves
    return itertools.product(range(curves.n_targets), repeat=curves.n_segments)


def sums(opt, name, rows=None):
    """(n, k) totals of a measure of the curves, items outside `rows` left out."""
    table = getattr(opt.curves, name).sum(axis=-1)
    table = np.broadcast_to(table if table.ndim == 2 else table[:, None], opt.curves.served.shape[:2])
    return table if rows is None else table[rows]
