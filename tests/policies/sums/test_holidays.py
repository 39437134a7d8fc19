"""Random lead times beside holidays: the spans of demand that a level covers, against orders one by one."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.prepare.sequence import drawn_law
from simlab.policies.sums.holidays import Holidays, around_holidays
from simlab.policies.sums.protection import of_one_order

CYCLE, CLOSED = 28, (5, 6, 7, 8, 9, 20)
PERIODS, SHARES = np.array([1, 2, 3, 4, 5]), np.array([1.0, 2.0, 4.0, 2.0, 1.0])


def followed(review: int, years: int = 60_000) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the ages of the youngest order there on a day, and of demand gone from S before a receipt."""
    rng = np.random.default_rng(5)
    law = drawn_law(PERIODS, SHARES.astype(np.int64), review)
    placed = np.arange(0, years * CYCLE, review)
    wait = np.zeros(CYCLE, int)
    for day in reversed(range(2 * CYCLE)):
        at = day % CYCLE
        wait[at] = wait[(at + 1) % CYCLE] + 1 if at in CLOSED else 0
    leaves = placed + wait[placed % CYCLE]
    arrives = np.maximum.accumulate(leaves + rng.choice(law.size, placed.size, p=law / law.sum()))
    arrives += wait[arrives % CYCLE]
    days = np.arange(CYCLE, placed[-1] - CYCLE)
    ages = days - placed[np.searchsorted(arrives, days, side="right") - 1]
    own = np.arange(20, placed.size - 20)
    before = arrives[own] - placed[np.searchsorted(arrives, arrives[own], side="left") - 1]
    return np.bincount(ages) / ages.size, np.bincount(before) / own.size


@pytest.mark.parametrize("review", [1, 2, 7])
def test_orders_that_leave_together_after_a_holiday_are_kept_in_sequence(review: int) -> None:
    """As if of one order alone, levels were short: 0.9466 of 0.95 with lead times of 10 ± 4 days."""
    wait = np.zeros(CYCLE, np.int64)
    for day in reversed(range(2 * CYCLE)):
        at = day % CYCLE
        wait[at] = wait[(at + 1) % CYCLE] + 1 if at in CLOSED else 0
    holidays = Holidays.of(wait, review, 0, drawn=False)
    one = of_one_order(PERIODS, SHARES, review, 1, False)
    found = around_holidays(one, holidays, False, drawn_law(PERIODS, SHARES.astype(np.int64), review))
    ages, before = followed(review)
    weights = -np.cumsum(found.short)[: ages.size] / review  # of a cycle of reviews
    assert weights == pytest.approx(ages, abs=0.004)
    assert found.cycle[: before.size] == pytest.approx(before, abs=0.004)
    alone = around_holidays(one, holidays, False)
    if review < 7:
        assert np.abs(-np.cumsum(alone.short)[: ages.size] / review - ages).max() > 0.01
