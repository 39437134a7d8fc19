"""Levels that move: by a calendar, or by a forecast that sees nothing but the past."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.engine import FORECAST, METHODS, plain, world_of

from simlab.engine import run
from simlab.engine.recorder.ledger import ledger
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon
from simlab.errors import EngineFaultError

HORIZON = Horizon(periods=60, warmup=4, replications=4, slots=2, seed=11)


def test_a_falling_level_places_no_negative_order():
    """After a peak season the position lies above the level: nothing is ordered, nothing sent back."""
    x = plain() | {"offset": [[0, 0, 60, 60, 0, 0, 0, 0]], "R": 1, "lead_times": [1], "lead_weights": [1]}
    world, levels = world_of(x)
    book = ledger(world, levels, HORIZON, 0, 0).periods
    above = book["position_at_review"] > book["level"]
    assert above.any()
    assert (book["ordered"][above] == 0).all()
    assert (book["ordered"] >= 0).all()
    assert (book["inventory_position"][above] > book["level"][above] - 60).all()


def test_the_level_of_a_period_is_that_of_its_phase():
    x = plain() | {"offset": [[0, 5, -3]], "phase0": 2}
    world, levels = world_of(x)
    book = ledger(world, levels, HORIZON, 0, 0).periods
    assert book["level"][:7].tolist() == [37, 40, 45, 37, 40, 45, 37]


def test_a_constant_offset_is_a_higher_level():
    x = plain()
    world, levels = world_of(x)
    for family in Family:
        some = replace(levels, family=np.array([family], np.int8), order_quantity=levels.order_quantity + 1)
        higher = replace(some, reorder_point=some.reorder_point + 6, order_up_to=some.order_up_to + 6)
        moved = replace(some, offset=np.full((1, 1, 4), 6))
        a, b = (run.simulate_items(world, one, HORIZON) for one in (higher, moved))
        assert all(np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_changing_the_future_changes_no_level(method):
    """No peeking: the level of a period depends on the demand of earlier periods alone.

    Two worlds share all random words; in the second, large words demand twice as much. Levels agree
    up to and including the first period in which demands differ, and differ later on.
    """
    x = plain() | {"forecast": FORECAST | {"method": method, "factor": [1.0, 1.0, 1.0]}}
    values = [0, 3, 9, 30]
    usual = world_of(x | {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, values, [40, 40, 40, 1])})
    other = world_of(x | {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, [0, 3, 9, 60], [40, 40, 40, 1])})
    seen = 0
    for path in range(4):
        a, b = (ledger(world, levels, HORIZON, 0, path).periods for world, levels in (usual, other))
        differ = np.flatnonzero(a["demanded"] != b["demanded"])
        if differ.size == 0 or differ[0] > 55:
            continue
        seen += 1
        first = int(differ[0])
        assert np.array_equal(a["level"][: first + 1], b["level"][: first + 1])
        assert (a["level"][first + 1 :] != b["level"][first + 1 :]).any()
    assert seen


def test_under_constant_demand_the_forecast_is_that_demand_and_the_error_fades():
    """S = 9 a period × 4 periods, once the warm start (5 a period, error 6) is forgotten."""
    said = FORECAST | {
        "level": 5.0,
        "lead_variance": 0.0,
        "gamma": 0.3,
        "alpha": 0.3,
        "beta": 0.3,
        "window": 5,
    }
    for method in METHODS:
        x = plain() | {"demand": (LawKind.EMPIRICAL, 0.0, 0.0, [9], [1]), "s": [-1, 0, 1], "S": [0, 1, 2]}
        world, levels = world_of(x | {"forecast": said | {"method": method, "share": 1.0}})
        level = ledger(world, levels, replace(HORIZON, periods=150), 0, 0).periods["level"]
        settled = 36 if method != "sba" else None
        if settled is None:  # SBA takes beta / 2 off the mean
            assert abs(int(level[-1]) - 36 * 0.85) < 36 * 0.15 + 2
        else:
            assert settled <= level[-1] <= settled + 1
        assert level[0] > 20


def test_seasonal_indices_carry_the_level_ahead_of_the_season():
    season = [0.2, 0.2, 0.2, 3.4]
    said = FORECAST | {"season": season, "alpha": 0.0, "gamma": 0.0, "lead_variance": 0.0, "interval": 2.0}
    x = plain() | {"forecast": said | {"factor": [0.0] * 3, "level": 10.0}, "s": [-1, 0, 1], "S": [0, 1, 2]}
    world, levels = world_of(x)
    level = ledger(world, levels, HORIZON, 0, 0).periods["level"]
    assert level[:8].tolist() == [4, 4, 36, 36] * 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"forecast": FORECAST | {"alpha": 1.5}}, "alpha lies in 0"),
        ({"forecast": FORECAST | {"share": 0.0}}, "share of periods with demand"),
        ({"forecast": FORECAST | {"window": 0}}, "window is at least 1"),
        ({"forecast": FORECAST | {"interval": 0.0}}, "interval is above 0"),
        ({"forecast": FORECAST | {"level": float("nan")}}, "warm start"),
        ({"forecast": FORECAST | {"factor": [0.0, 1.0, float("inf")]}}, "factors are finite"),
        ({"forecast": FORECAST | {"method": "tsb", "season": [0.5, 1.5]}}, "go with smoothing"),
        ({"forecast": FORECAST | {"season": [0.0, 2.0]}}, "indices are above 0"),
        ({"offset": [[1, 2], [3, 4]]}, "offsets of levels have shape"),
        ({"offset": [[1, 2]], "phase0": 2}, "phase of period 0"),
    ],
)
def test_movements_that_cannot_be_are_refused(wrong, message):
    world, levels = world_of(plain() | wrong)
    with pytest.raises(EngineFaultError, match=message):
        run.simulate_items(world, levels, HORIZON)


def test_rows_and_columns_are_taken_with_their_movements():
    """An item alone, and a column alone, give the sums they give among others."""
    x = plain() | {"forecast": FORECAST | {"factor": [0.0, 1.0, 2.5]}, "offset": [[0, 4], [1, 1], [0, -3]]}
    world, levels = world_of(x | {"phase0": 0})
    both = run.simulate_items(world, levels, HORIZON)
    for column in range(3):
        alone = run.simulate_items(world, levels.columns(np.array([column])), HORIZON)
        assert np.array_equal(alone.on_hand[:, 0], both.on_hand[:, column])
    twice = world.take(np.array([0, 0])), levels.take(np.array([0, 0]))
    assert np.array_equal(run.simulate_items(*twice, HORIZON).served[1], both.served[0])
