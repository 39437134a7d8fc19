"""Short or not before the next order can arrive: by hand, and against the Poisson law."""

import math

import numpy as np
import pytest
from worlds.ordering import make_run

from simlab.api.ordering.deciding import ahead, review_of
from simlab.api.ordering.source import open_run
from simlab.api.ordering.state import opening_state

DAY = np.datetime64("2026-01-05")


def looked(tmp_path, items, quantity, **more):
    source = open_run(make_run(tmp_path, items, **more))
    state = opening_state(source, DAY, None, None)
    review = review_of(source, DAY)
    rows = np.arange(len(items))
    return source, ahead(source, state, review, np.array(quantity), rows, windows=True)


def poisson_above(mean: float, k: int) -> float:
    return 1.0 - sum(math.exp(-mean) * mean**j / math.factorial(j) for j in range(k + 1))


def test_chance_of_being_short_is_that_of_the_law(tmp_path):
    """R = 2, L = 3: five days of demand meet the stock; the order comes after three of them."""
    item = {"sku": "a", "demand_mean": 4.0, "on_hand": 22, "lead_time": 3, "review_period": 2, "S": 40}
    _, found = looked(tmp_path, [item], [50], study={"orders": {"paths": 20_000}})
    short = found.short[0] / found.paths
    for place, chance in enumerate((poisson_above(20.0, 22), poisson_above(12.0, 22))):
        assert short[place] == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 20_000) + 1e-4)
    assert found.demanded[0] / found.paths == pytest.approx(20.0, abs=0.15)
    assert found.windows.sum() == found.demanded[0]


def test_open_orders_arrive_on_their_days_and_what_is_owed_counts(tmp_path):
    """A constant demand of 5 a day, by hand: without the order days 3 and 4 are short."""
    one = {"sku": "a", "demand_law": "negative_binomial", "demand_mean": 5.0, "demand_variance": 5.0}
    del one["demand_law"]
    item = {**one, "demand_law": "binomial", "demand_variance": 1e-9, "on_hand": 8, "lead_time": 3,
            "review_period": 2, "S": 40}  # fmt: skip
    due = [{"sku": "a", "location": "EAST", "quantity": 7, "due_date": "2026-01-06"}]
    _, found = looked(tmp_path, [item], [6], open_orders=due)
    assert found.short[0].tolist() == [found.paths, found.paths]
    # 8 + 7 last three days; days 3 and 4 ask for 10, of which 6 come with the order
    assert found.units[0].tolist() == [10 * found.paths, 4 * found.paths]


def test_lost_demand_is_not_delivered_later(tmp_path):
    item = {"sku": "a", "demand_law": "binomial", "demand_mean": 5.0, "demand_variance": 1e-9, "on_hand": 0,
            "lead_time": 2, "review_period": 2, "unmet": "lost", "S": 40}  # fmt: skip
    _, found = looked(tmp_path, [item], [10])
    assert found.units[0].tolist() == [20 * found.paths, 10 * found.paths]
    owed = {**item, "unmet": "backorder"}
    _, found = looked(tmp_path / "b", [owed], [10])
    assert found.units[0].tolist() == [20 * found.paths, 20 * found.paths]
