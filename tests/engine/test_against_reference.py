"""Sweep and lanes agree to the unit with the plain-Python simulator, whatever the item."""

import os

import numpy as np
import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlab.engine import run
from simlab.engine.streams import item_keys
from simlab.engine.tables import table_of
from simlab.engine.types import (
    DemandLaw,
    Family,
    Horizon,
    LawKind,
    LeadTimeLaw,
    Levels,
    OrderTerms,
    Unmet,
    World,
)

PER_TEST = int(os.environ.get("SIMLAB_REFERENCE_INSTANCES", "500"))


@st.composite
def demands(draw):
    kind = draw(st.sampled_from(["poisson", "negative_binomial", "empirical", "none", "constant"]))
    mean = draw(st.floats(0.05, 12.0))
    if kind == "poisson":
        return LawKind.POISSON, mean, mean, [], []
    if kind == "negative_binomial":
        return LawKind.NEGATIVE_BINOMIAL, mean, mean * draw(st.floats(1.05, 12.0)), [], []
    if kind == "none":
        return LawKind.POISSON, 0.0, 0.0, [], []
    if kind == "constant":
        return LawKind.EMPIRICAL, 0.0, 0.0, [draw(st.integers(0, 9))], [1]
    values = sorted(draw(st.sets(st.integers(0, 5000), min_size=1, max_size=6)))
    return LawKind.EMPIRICAL, 0.0, 0.0, values, [draw(st.integers(1, 9)) for _ in values]


@st.composite
def instances(draw):
    """One SKU-location with its levels in three columns, and a horizon."""
    periods = sorted(draw(st.sets(st.integers(0, 9), min_size=1, max_size=4)))
    review = draw(st.integers(1, 12))
    family = draw(st.sampled_from(Family))
    shifting = draw(st.booleans())
    s = [draw(st.integers(-5, 60)) for _ in range(3)]
    gap = [draw(st.integers(1, 40)) for _ in range(3)]
    quantity = [draw(st.integers(1, 30)) for _ in range(3)]
    if shifting:
        gap, quantity = gap[:1] * 3, quantity[:1] * 3
    if family == Family.ORDER_UP_TO:
        gap, quantity = [1] * 3, [0] * 3
    if family == Family.REORDER_QUANTITY:
        gap = quantity
    pack = draw(st.sampled_from([1, 1, 1, 2, 6, 25]))
    slots = draw(st.sampled_from([1, 2, 5]))
    return {
        "demand": draw(demands()),
        "lead_times": periods,
        "lead_weights": [draw(st.integers(1, 5)) for _ in periods],
        "crossing": draw(st.booleans()),
        "family": family,
        "s": s,
        "S": [a + b for a, b in zip(s, gap, strict=True)],
        "Q": quantity,
        "R": review,
        "phase": draw(st.integers(0, review - 1)),
        "pack": pack,
        "moq": draw(st.sampled_from([0, 0, 1, 7, 50, 400])),
        "max_order": draw(st.sampled_from([0, 0, 0, pack, pack * 3 + 1, 200])) if pack <= 200 else 0,
        "lost": draw(st.booleans()),
        "undershoot": draw(st.sampled_from([True, True, True, False])),
        "horizon": Horizon(
            periods=draw(st.integers(1, 70)),
            warmup=draw(st.sampled_from([0, 0, 1, 5, 33, 64])),
            replications=draw(st.integers(1, 3)) * slots,
            slots=slots,
            seed=draw(st.integers(0, 2**64 - 1)),
            first_replication=draw(st.sampled_from([0, 50])),
        ),
    }


def world_of(x):
    kind, mean, variance, values, weights = x["demand"]

    def column(value, dtype=np.int64):
        return np.array([value], dtype)

    demand = DemandLaw(
        column(kind, np.int8),
        column(mean, float),
        column(variance, float),
        column(0, float),
        column(0),
        column(len(values)),
        np.array(values, np.int64),
        np.array(weights, np.int64),
    )
    lead = LeadTimeLaw(
        column(0),
        column(0),
        column(len(x["lead_times"])),
        np.array(x["lead_times"]),
        np.array(x["lead_weights"]),
        x["crossing"],
    )
    terms = OrderTerms(
        column(x["R"]),
        column(x["phase"]),
        column(x["pack"]),
        column(x["moq"]),
        column(x["max_order"]),
        column(Unmet.LOST if x["lost"] else Unmet.BACKORDER, np.int8),
    )
    levels = Levels(column(x["family"], np.int8), np.array([x["s"]]), np.array([x["S"]]), np.array([x["Q"]]))
    return World(item_keys(["007"], ["EAST"]), demand, lead, terms, x["undershoot"]), levels


def reference_sums(x, world, column):
    """Sums by slot from the plain simulator."""
    values, thresholds = table_of(world.demand, 0)
    item = reference.Item(
        key=int(world.keys[0]),
        values=values.tolist(),
        thresholds=thresholds.tolist(),
        lead_times=x["lead_times"],
        lead_weights=x["lead_weights"],
        crossing=x["crossing"],
        family=int(x["family"]),
        s=x["s"][column],
        S=x["S"][column],
        Q=x["Q"][column],
        **{name: x[name] for name in ("R", "phase", "pack", "moq", "max_order", "lost", "undershoot")},
    )
    h = x["horizon"]
    sums = {measure: [0] * h.slots for measure in reference.MEASURES}
    for path in range(h.first_replication, h.first_replication + h.replications):
        got = reference.simulate(item, h.seed, path, h.warmup, h.periods)
        for measure in reference.MEASURES:
            sums[measure][path % h.slots] += got[measure]
    return sums


def assert_equal(x, curves, world):
    for column in range(3):
        expected = reference_sums(x, world, column)
        for measure in reference.MEASURES:
            array = getattr(curves, measure)
            got = array[0] if array.ndim == 2 else array[0, column]
            assert got.tolist() == expected[measure], (measure, column)


def check(x):
    world, levels = world_of(x)
    assert_equal(x, run.simulate_items(world, levels, x["horizon"]), world)
    if run.evaluator_of(world, levels) == "sweep":
        sums = run.evaluate("lanes", world, levels, x["horizon"])
        assert_equal(x, sums, world)


@settings(
    max_examples=PER_TEST,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(instances())
def test_engine_equals_the_reference_unit_for_unit(x):
    check(x)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(instances())
def test_engine_equals_the_reference_on_ten_thousand_instances(x):
    check(x)
