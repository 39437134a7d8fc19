"""What a notebook asks for first: segments by name, segments as a table, levels of a plan."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.errors import UsageError

LEVELS = ["sku", "location", "segment", "target", "planning_method", "safety_stock", "reorder_point"]


def small(**segments: object) -> sl.Data:
    n = 24
    rng = np.random.default_rng(5)
    items = {
        "sku": [f"s{k:02d}" for k in range(n)],
        "location": "X",
        "unit_cost": rng.uniform(1, 60, n).round(2),
        "lead_time": 7,
        "demand_law": "poisson",
        "demand_mean": rng.uniform(0.2, 6, n).round(2),
        "category": ["a", "b"] * (n // 2),
    }
    study = {"study": {"period": "day"}, "simulation": {"periods": 28, "replications": 8, "batches": 4}}
    study |= {"verdict": {"replications": 8}, "optimize": {"n_targets": 5}}
    return sl.load_frames(pd.DataFrame(items), study=study | ({"segments": segments} if segments else {}))


@pytest.fixture(scope="module")
def data() -> sl.Data:
    return small()


@pytest.mark.parametrize("by", ["abc", ["abc", "category"], "abc+category"])
def test_segments_by_name_are_those_of_segment(data: sl.Data, by: str | list[str]) -> None:
    """Found: a bare AttributeError."""
    opt = sl.optimize(data, by)
    assert np.array_equal(opt.segmentation.codes, sl.segment(data, by).codes)
    assert opt.segmentation.n_segments > 1


def test_the_study_says_by_what_where_nothing_is_said(data: sl.Data) -> None:
    """`optimize(data)` is `optimize(data, segment(data))`."""
    assert sl.optimize(data).segmentation.by == ("abc", "xyz")


def test_something_else_than_segments_is_answered_with_what_to_write(data: sl.Data) -> None:
    """Not with the name of a missing attribute."""
    with pytest.raises(UsageError, match=r"sl\.segment\(data, by="):
        sl.optimize(data, pd.DataFrame())  # type: ignore[arg-type]


def test_segments_show_themselves(data: sl.Data) -> None:
    """Found: a TypeError, for want of a catalogue."""
    frame = sl.segment(data, ["abc", "category"]).to_frame()
    assert list(frame.columns) == ["sku", "location", "segment", "abc", "category"]
    assert frame["sku"].tolist() == list(data.catalog.sku)
    assert (frame["segment"] == frame["abc"] + "-" + frame["category"]).all()


def test_a_plan_knows_its_levels(data: sl.Data) -> None:
    """Those of every SKU-location at the target of its segment; the chosen plan's are the run's."""
    opt = sl.optimize(data, "abc", fill_rate=0.9)
    for plan in (opt.plan, opt.chosen, opt.at(fill_rate=0.8), opt.knee):
        frame = plan.levels()
        assert list(frame.columns[:7]) == LEVELS
        asked = frame["segment"].map(plan.by_segment())
        assert (frame["target"] == asked).all()
        column = [opt.targets.index(target) for target in frame["target"]]
        level = opt.planned.levels.order_up_to[np.arange(len(frame)), column]
        assert frame["order_up_to"].tolist() == level.tolist()
        assert plan.to_frame().equals(frame)
    assert opt.levels().equals(opt.plan.levels())


def test_a_simulated_policy_knows_its_levels(data: sl.Data) -> None:
    """Under lots too."""
    seg = sl.segment(data, "abc")
    policy = sl.Policy.from_targets(seg, fill_rate={"A": 0.98, "B": 0.95, "C": 0.9})
    frame = sl.simulate(data, policy).levels()
    assert frame["target"].tolist() == [{"A": 0.98, "B": 0.95, "C": 0.9}[name] for name in frame["segment"]]


@pytest.mark.parametrize("name", ["tree", "cuts"])
def test_segments_take_the_names_of_a_contest(name: str) -> None:
    """`compare` speaks of "tree": so does a study."""
    found = small(by=[name], learned={"classes": 2, "min_size": 4, "method": "tree"})
    segmentation = sl.segment(found)
    assert segmentation.by == (name,)
    assert 1 <= segmentation.n_segments <= 2
    opt = sl.optimize(found)
    assert opt.segmentation.by == (name,)


def test_a_product_of_a_contest_is_a_product_of_a_study() -> None:
    """`by = ["abc+category"]` is `by = ["abc", "category"]`; the habit's targets hold for both."""
    one, two = small(by=["abc+category"]), small(by=["abc", "category"])
    assert one.study.segments.by == two.study.segments.by == ("abc", "category")
    assert one.study.policy.targets == two.study.policy.targets
