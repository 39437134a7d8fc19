"""No level is planned above three times the largest demand in any R + L of the history."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.errors import InvalidInputError
from simlab.models import fit
from simlab.models.demand.past.largest import NOT_KNOWN, largest_demands, level_limits
from simlab.models.history.reading import read_history
from simlab.policies import plan
from simlab.study import Study

MONTHS = [f"{2021 + m // 12}-{m % 12 + 1:02d}-01" for m in range(48)]


def catalog(counts: np.ndarray, policy: dict | None = None, **columns):
    """Items of a monthly history, lead time two months, review one: R + L = 3."""
    n = counts.shape[0]
    sku = [f"P{k:03d}" for k in range(n)]
    items = pd.DataFrame({"sku": sku, "location": "X", "unit_cost": 5.0, "lead_time": 2.0, **columns})
    item, month = np.nonzero(counts)
    dates = np.array(MONTHS)[month]
    demand = pd.DataFrame(
        {"sku": np.array(sku)[item], "location": "X", "date": dates, "quantity": counts[item, month]}
    )
    study = Study.default(
        period="month",
        as_of="2024-12-31",
        demand={"life": "window"},
        data={"time_unit": "months"},
        lead_times={"law": "fixed", "crossing": False},
        policy={"review_period": 1.0, **(policy or {})},
    )
    return from_frames(study, items, demand, None)


def histories(seed: int = 1, n: int = 80) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.5, 0.3, n)
    counts = rng.poisson(np.repeat(rate[:, None], 48, axis=1)) * rng.geometric(0.3, (n, 48))
    counts[counts.sum(axis=1) == 0, 7] = 1
    return counts


def plainly_largest(line: np.ndarray, span: int) -> int:
    return max(int(line[t : t + span].sum()) for t in range(line.size))


def test_the_largest_demand_is_that_of_a_plain_loop() -> None:
    counts = histories()
    history = read_history(catalog(counts))
    for span in (1, 3, 11, 60):
        found = largest_demands(history, np.full(80, span))
        assert found.tolist() == [plainly_largest(line, span) for line in counts]


@pytest.mark.parametrize("family", ["order_up_to", "reorder_quantity", "reorder_up_to"])
@pytest.mark.parametrize("pack", [1, 4])
def test_no_level_exceeds_the_limit_at_any_target(family, pack) -> None:
    counts = histories()
    models = fit(catalog(counts, pack_size=pack, order_quantity=8))
    levels = plan(models, [0.5, 0.95, 0.999], family=family).levels
    level = levels.order_up_to if family == "order_up_to" else levels.reorder_point
    most = np.array([max(2, 3 * plainly_largest(line, 3)) for line in counts])
    limit = -(-most // pack) * pack
    assert (level <= limit[:, None]).all()
    assert (level[:, 2] == limit).any()  # it binds somewhere, and says so
    free = plan(
        fit(catalog(counts, {"level_limit": 0}, pack_size=pack, order_quantity=8)), [0.999], family=family
    )
    own = free.levels.order_up_to if family == "order_up_to" else free.levels.reorder_point
    assert (own[:, 0] > limit).any()
    assert np.array_equal(level[:, 2], np.minimum(own[:, 0], limit))


def test_given_laws_have_no_limit_and_short_histories_are_stretched() -> None:
    limit = level_limits(
        np.array([5, 5, 0, NOT_KNOWN]), np.array([48, 2, 48, 0]), np.full(4, 6), 3.0, np.array([1, 1, 1, 1])
    )
    assert limit[:3].tolist() == [15, 45, 2]
    assert limit[3] > 10**15


def test_a_limit_below_what_was_demanded_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 or more"):
        Study.default(policy={"level_limit": 0.5})


def test_a_lead_time_just_below_a_whole_period_does_not_widen_the_window() -> None:
    """19.99 months are drawn as 20 and now and then 19: the largest demand is that of R + L = 21 months."""
    counts = np.zeros((1, 48), np.int64)
    counts[0, [0, 21, 42]] = 1
    limit = {}
    for lead_time in (20.0, 19.99):
        models = fit(catalog(counts, lead_time=lead_time))
        limit[lead_time] = (int(models.largest[0]), int(models.level_limit[0]))
    assert limit[20.0] == limit[19.99] == (1, 3)
