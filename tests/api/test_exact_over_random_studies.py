"""Random studies in days, weeks and months against closed forms: arrive, order, demand, count.

One SKU-location each: R from 1 to 400 days, L from 0 to 120 days, Poisson or negative binomial, a level of
its own. Fill rate and mean stock of simulated (R,S) lie within 4 standard errors of sums over the parts that
the study goes by; where nothing was rounded these are the sums over exact days.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom, poisson

import simlab as sl

DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12}


class Chain:
    """One item under (R,S): demand a day, lead time and review period in days, and its level."""

    def __init__(self, rng: np.random.Generator, period: str) -> None:
        self.period = period
        self.lead = float(rng.choice([rng.integers(0, 13), rng.integers(0, 121)]))
        self.review = float(round(np.exp(rng.uniform(0, np.log(400)))))
        self.daily = float(np.exp(rng.uniform(np.log(0.02), np.log(20))))
        self.ratio = float(rng.choice([1.0, rng.uniform(1.2, 6)]))
        middle = self.daily * (self.lead + 0.6 * self.review)
        self.level = max(1, int(middle + rng.normal(0.3, 0.7) * math.sqrt(self.ratio * middle)))

    def law(self, days: float):
        """Demand of so many days."""
        mean = self.daily * days
        if self.ratio == 1:
            return poisson(mean)
        return nbinom(mean / (self.ratio - 1), 1 / self.ratio)

    def short(self, days: float) -> float:
        """Mean units beyond the level in so many days."""
        if days <= 0:
            return 0.0
        units = np.arange(self.level + 1)
        return (
            self.daily * days - self.level + float(((self.level - units) * self.law(days).pmf(units)).sum())
        )

    def held(self, days: float) -> float:
        return self.short(days) + self.level - self.daily * days

    def fill(self, lead: float, review: float) -> float:
        return 1 - (self.short(lead + review) - self.short(lead)) / (self.daily * review)

    def stock(self, lead: float, lengths: list[float]) -> float:
        """Mean of the stock after ordering and at the count, over the parts of a cycle from a receipt on."""
        at = [self.held(lead + sum(lengths[:number])) for number in range(len(lengths) + 1)]
        return (sum(at[:-1]) + sum(at[1:])) / (2 * (len(at) - 1))


def study_of(one: Chain, seed: int, periods: int) -> sl.Data:
    """A study of that item with its given level."""
    days = DAYS[one.period]
    items = pd.DataFrame(
        {
            "sku": f"S{seed}",
            "location": "X",
            "unit_cost": 1.0,
            "lead_time": one.lead,
            "review_period": one.review,
            "demand_law": "poisson" if one.ratio == 1 else "negative_binomial",
            "demand_mean": one.daily * days,
            "demand_variance": one.ratio * one.daily * days,
            "current_order_up_to": one.level,
        },
        index=range(1),
    )
    policy, simulation = {"family": "given"}, {"periods": periods}
    study = {"study": {"period": one.period}, "policy": policy, "simulation": simulation}
    return sl.load_frames(items, study=study)


def check(seed: int, period: str) -> bool:
    """One study; whether nothing of it had to be rounded."""
    one = Chain(np.random.default_rng([seed, len(period)]), period)
    found = study_of(one, seed, 12).models
    assert found.parts is not None
    m = 1 if found.world.grid is None else found.world.grid.parts
    taken = float(found.parts.lead_time_taken[0])
    lead, review = (round(float(time) * m) for time in (taken, found.parts.review_period_taken[0]))
    part, cycle = DAYS[period] / m, review // math.gcd(review, m)
    data = study_of(one, seed, max(1, round(120 / cycle)) * cycle)
    result = sl.simulate(data, sl.Policy.given(sl.segment(data, by="all")), replications=300, seed=seed + 1)
    who = f"{period} {seed}: L {one.lead}, R {one.review}, S {one.level}, {m} parts"
    days, lengths = lead * part, [part] * review
    grid = found.world.grid
    if grid is not None and grid.exact is not None:  # parts before a receipt, and those after it
        days, inside = taken * DAYS[period], lead % m
        before = (days - (lead - inside) * part) / inside
        after = (DAYS[period] - before * inside) / (m - inside)
        lengths = ([after] * (m - inside) + [before] * inside) * (review // m)
    fill, stock = one.fill(days, review * part), one.stock(days, lengths)
    for known, wanted, least in (
        (result.fill_rate, fill, 2e-4),
        (result.inventory_value, stock, 1e-4 * one.level),
    ):
        error = max((known.high - known.low) / (2 * 1.96), least)
        assert abs(known.value - wanted) < 4 * error, f"{who}: {known} for {wanted:.5f}"
    rounded = max(abs(days - one.lead), abs(review * part - one.review)) > 1e-6 * one.review
    told = any("nearest part" in note.what for note in found.notes)
    assert told or not rounded or abs(days - one.lead) < 0.006 * (one.lead + one.review), who
    if not rounded:
        assert fill == pytest.approx(one.fill(one.lead, one.review), abs=1e-9), who
    return not rounded


@pytest.mark.parametrize("period", ["week", "month"])
def test_a_few_random_studies_reach_their_closed_forms(period: str) -> None:
    for seed in range(4):
        check(seed, period)


@pytest.mark.slow
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_hundreds_of_random_studies_reach_their_closed_forms(period: str) -> None:
    """A hundred each; of 600 comparisons at 4 standard errors hardly one may fail by chance."""
    exact = [check(seed, period) for seed in range(100, 200)]
    assert all(exact) or period != "day"
