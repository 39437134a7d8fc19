"""A segment that is served below the limit is named with the price of lifting it."""

import numpy as np
from worlds.limits import run

from simlab.api.finance.finance import Finance
from simlab.api.finance.floors.served_below import served_below_statements

ASKED = {"fill_rate": 0.9, "service": {"weight": "margin"}}


def test_each_segment_below_the_limit_is_named_with_its_cheapest_way_above_it():
    opt = run(ASKED | {"warn_below": 0.97}, n_targets=8)
    frame = Finance(opt).served_below
    curves = opt.frontier.curves
    sums = opt.verdict["segmented"]
    service = sums.good[0].sum(axis=1) / sums.asked[0].sum(axis=1)
    low = [name for name, one in zip(opt.segmentation.names, service, strict=True) if one < 0.97]
    assert low
    assert sorted(frame["segment"]) == sorted(low)
    assert frame["service"].is_monotonic_increasing
    for row in frame.to_dict("records"):
        at = curves.names.index(row["segment"])
        able = [k for k in range(curves.n_targets) if curves.served[at, k] >= 0.97 * curves.demanded[at]]
        costs = [float(curves.cost[at, k] * curves.cost_unit) for k in able]
        now = float(curves.cost[at, opt.chosen.choice[at]] * curves.cost_unit)
        if able:
            assert row["cost"] == max(0.0, min(costs) - now) or np.isclose(row["cost"], min(costs) - now)
        else:
            assert np.isnan(row["cost"])
    said = served_below_statements(opt, frame)[0]
    assert all(name in said for name in low)
    assert "warn_below" in said


def test_nothing_is_said_where_no_segment_is_below():
    opt = run(ASKED | {"warn_below": 0.0})
    assert served_below_statements(opt, Finance(opt).served_below) == ()
