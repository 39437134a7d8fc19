"""Floors by every grouping that the study may name, pins and order: held in exact sums, the cheapest plan."""

from fractions import Fraction

import numpy as np
import pytest
from worlds.limits import every_plan, frames, run, sums

import simlab as sl
from simlab import api
from simlab.api.finance.limits import limits_frame
from simlab.study import Study

GROUPINGS = ("location", "channel", "customer_group", "category", "criticality", "supplier", "segment")


def tables():
    found = frames()
    items = found["items"]
    n = len(items)
    items["customer_group"] = ["retail" if i % 3 else "trade" for i in range(n)]
    items["category"] = ["core" if i < n // 2 else "niche" for i in range(n)]
    items["criticality"] = ["high" if i % 4 == 0 else "low" for i in range(n)]
    return found


def study(optimize):
    return Study.default(
        "groupings",
        currency="EUR",
        period="day",
        policy={"review_period": 1, "targets": {}},
        lead_times={"crossing": False},
        segments={"by": ["segment", "column:location"]},
        simulation={"periods": 30, "replications": 10, "batches": 10},
        verdict={"replications": 10},
        optimize={"n_targets": 4, "fill_rate": 0.7} | optimize,
    )


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_floor_by_any_grouping_is_kept_by_the_cheapest_plan(by):
    data = api.load_frames(**tables(), study=study({}))
    groups = np.array(data.catalog.location if by == "location" else data.catalog.texts[by])
    name = sorted(set(groups))[0]
    by_name = f"column:{by}" if by == "segment" else by
    data = api.load_frames(**tables(), study=study({"floors": [{"by": by_name, "at_least": {name: 0.96}}]}))
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.7)
    rows = np.flatnonzero(groups == name)
    served, asked = sums(opt, "served"), sums(opt, "demanded")

    def reached(choice):
        columns = np.array(choice)[opt.segmentation.codes]
        good, whole = (int(table[rows, columns[rows]].sum()) for table in (served, asked))
        return Fraction(good, whole)

    curves = opt.frontier.curves
    able = [
        choice
        for choice in every_plan(opt)
        if reached(choice) >= Fraction("0.96") and curves.totals(choice)[2] >= curves.needed(0.7)
    ]
    assert reached(opt.chosen.choice) >= Fraction("0.96")
    assert opt.chosen.cost == min(curves.totals(choice)[0] for choice in able)
    rows = limits_frame(opt)
    assert rows.loc[rows["kind"] == "mean", "met"].all()


def test_values_of_an_attribute_are_ordered_in_every_segment_alike():
    """slow ≥ fast holds within each location, and costs no less than without the order."""
    free = run({"fill_rate": 0.9}, by=("segment", "column:location"), n_targets=4)
    opt = run({"fill_rate": 0.9, "ordered": ["slow", "fast"]}, by=("segment", "column:location"), n_targets=4)
    target = opt.chosen.by_segment()
    for place in ("EAST", "WEST"):
        own = {name: one for name, one in target.items() if place in name}
        slow, fast = (next(t for name, t in own.items() if word in name) for word in ("slow", "fast"))
        assert slow >= fast
    assert opt.chosen.cost >= free.chosen.cost


def test_a_pin_keeps_one_location_of_a_sku_and_leaves_the_others_free():
    asked = {"fill_rate": 0.9, "pinned": [{"sku": "P-1001", "location": "EAST", "target": 0.55}]}
    opt = run(asked)
    for row, (sku, place) in enumerate(zip(opt.data.catalog.sku, opt.data.catalog.location, strict=True)):
        own = opt.solved.targets["segmented"][row]
        of_segment = opt.chosen.by_segment()[opt.segmentation.names[opt.segmentation.codes[row]]]
        assert own == (0.55 if (sku, place) == ("P-1001", "EAST") else of_segment)


def test_along_a_curve_a_higher_target_never_lowers_fill_nor_stock():
    """On the same random numbers, for every SKU-location: waiting demand, lost sales, a highest position."""
    for policy in ({}, {"unmet": "lost"}, {"unmet": {"waits": 0.5}}):
        opt = run({"fill_rate": 0.6}, n_targets=12, policy=policy)
        levels = opt.planned.levels.order_up_to
        assert (np.diff(levels, axis=1) >= 0).all()
        for name in ("served", "on_hand", "on_hand_start"):
            assert (np.diff(sums(opt, name), axis=1) >= 0).all(), (policy, name)
        curves = opt.frontier.curves
        assert (np.diff(curves.served, axis=1) >= 0).all()
        assert (np.diff(curves.value, axis=1) >= 0).all()
