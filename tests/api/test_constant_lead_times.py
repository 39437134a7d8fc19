"""Found: a constant lead time of ten days in a monthly study became 0 or 1 month at random.

`tests/found/lead-time-of-ten-days-in-months`: about 305 units a month, L = 10 days, R = one month, 95 % fill.
Right, without simlab: the units that find no stock in a cycle are E[(D(R + L) − S)+] − E[(D(L) − S)+], D the
demand of so many days, so that Poisson demand wants S = 394 (fill 0.9507, time-averaged stock 141.8), and
S = 439 for cycle service, P(D(R + L) ≤ S) ≥ 0.95. In parts of a third of a month L is 10.14 days, which is
said: 396, fill 0.952, 0.5 % of the level more. Version 0.1.0 asked whether the lead time crosses, and
planned 565.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom, poisson
from worlds.places import TESTS

import simlab as sl

FOUND = TESTS / "found" / "lead-time-of-ten-days-in-months"
MONTH = 365 / 12


def right(mean: float, ratio: float, parts: tuple[int, int, int], level: int) -> tuple[float, float]:
    """Fill and mean stock (after ordering and at the count) of a level: m parts, L and R in parts, summed up.

    Demand of a period is Poisson (`ratio` 1) or negative binomial with that variance ÷ mean.
    """
    m, lead, review = parts
    units = np.arange(level + 40 + int(60 * (lead + review) * mean / m + 40 * np.sqrt(mean)))

    def law(n: int) -> np.ndarray:
        at = mean * n / m
        if n == 0:
            return (units == 0).astype(float)
        return poisson.pmf(units, at) if ratio == 1 else nbinom.pmf(units, at / (ratio - 1), 1 / ratio)

    def short(n: int) -> float:
        return float((np.maximum(units - level, 0) * law(n)).sum())

    def held(n: int) -> float:
        return float((np.maximum(level - units, 0) * law(n)).sum())

    fill = 1 - (short(lead + review) - short(lead)) / (mean * review / m)
    ages = range(lead, lead + review)
    return fill, float(np.mean([(held(n) + held(n + 1)) / 2 for n in ages]))


def simulated(options: dict, items: dict, level: float = 0.95, **more):
    table = pd.DataFrame({"sku": "A", "location": "X", "unit_cost": 1.0, **items}, index=range(1))
    study = {**options, "simulation": {"periods": 60, "replications": 200}}
    data = sl.load_frames(table, study=study)
    segments = sl.segment(data, by="all")
    return data, sl.simulate(data, sl.Policy.from_targets(segments, fill_rate={"all": level}, **more))


def test_ten_days_in_a_monthly_study_are_ten_days() -> None:
    """The files as found: no question, and the levels that days give."""
    data = sl.load(FOUND / "study.toml")
    law, grid = data.models.world.demand, data.models.world.grid
    assert grid is not None
    assert (grid.parts, grid.lead_time.tolist(), grid.review_period.tolist()) == (3, [1], [3])
    policy = sl.Policy.from_targets(sl.segment(data), fill_rate={"A": 0.95})
    result = sl.simulate(data, policy, replications=200)
    level = int(result.planned.levels.order_up_to[0, 0])
    ratio = float(law.variance[0] / law.mean[0])
    fill, stock = right(float(law.mean[0]), ratio, (3, 1, 3), level)
    below, _ = right(float(law.mean[0]), ratio, (3, 1, 3), level - 1)
    assert below < 0.95 <= fill
    assert level == 396
    assert result.fill_rate.value == pytest.approx(fill, abs=0.002)
    assert result.inventory_value.value / 5 == pytest.approx(stock, rel=0.005)
    (row,) = data.to_frame().to_dict("records")
    assert row["mean_lead_time"] * MONTH == pytest.approx(10.14, abs=0.01)
    assert row["lead_time_rounded_by"] * MONTH == pytest.approx(0.139, abs=0.001)


def test_poisson_demand_of_305_a_month_wants_what_the_exact_sums_say() -> None:
    """396 and 441 on thirds of a month, where L is 10.14 days; 394 and 439 at 10 days: by convolution."""
    options = {"study": {"period": "month"}, "policy": {"review_period": 30.4375}}
    items = {"lead_time": 10.0, "demand_law": "poisson", "demand_mean": 305.1944}
    _, by_fill = simulated(options, items)
    assert int(by_fill.planned.levels.order_up_to[0, 0]) == 396
    fill, stock = right(305.1944, 1, (3, 1, 3), 396)
    assert fill == pytest.approx(0.9521, abs=0.0001)
    assert by_fill.fill_rate.value == pytest.approx(fill, abs=0.0015)
    assert by_fill.inventory_value.value == pytest.approx(stock, rel=0.005)


def test_no_grid_of_31_parts_comes_nearer_to_ten_days_than_thirds() -> None:
    """394 at ten days exactly; the nearest fraction of a month with m <= 31 is 1/3, and there 396 is least.

    10 ÷ (365/12) = 24/73; 1/3 lies 0.0046 of a month (0.139 days) above it, 10/31 0.0062 below.
    The remainder is 0.34 % of R + L, within the 1 % that a grid may leave, and half a per cent of the level:
    the two units are what is said by item (`lead_time_rounded_by`), fill 0.0013 above what ten days give.
    """
    exact = 10 / MONTH
    fractions = {(round(exact * m), m): abs(round(exact * m) / m - exact) for m in range(1, 32)}
    nearest = min(fractions, key=lambda one: (round(fractions[one], 12), one[1]))
    assert nearest == (1, 3)
    assert fractions[nearest] / (1 + exact) == pytest.approx(0.0034, abs=1e-4)
    mean, units = 305.1944, np.arange(900)

    def fill(level: int, lead: float) -> float:
        late = np.maximum(units - level, 0)
        short = [float(late @ poisson.pmf(units, mean * periods)) for periods in (1 + lead, lead)]
        return 1 - (short[0] - short[1]) / mean

    least = [min(s for s in range(388, 400) if fill(s, lead) >= 0.95) for lead in (exact, 1 / 3)]
    assert least == [394, 396]
    assert fill(396, 1 / 3) - fill(394, exact) == pytest.approx(0.0014, abs=0.0004)


@pytest.mark.parametrize(
    ("period", "lead", "review", "law", "parts"),
    [
        ("week", 3.0, 7.0, ("poisson", 8.0, 1.0), (7, 3, 7)),
        ("week", 10.0, 7.0, ("negative_binomial", 8.0, 3.0), (7, 10, 7)),
        ("month", 45.0, MONTH, ("negative_binomial", 20.0, 2.5), (17, 25, 17)),
        ("month", 61.0, 14.0, ("poisson", 20.0, 1.0), (24, 48, 11)),
    ],
    ids=["3 days in weeks", "10 days in weeks", "45 days in months", "two weeks of review in months"],
)
def test_other_constant_times_reach_what_exact_sums_say(period, lead, review, law, parts) -> None:
    """Fill and stock within 4 standard errors of sums over the parts, levels minimal."""
    name, mean, ratio = law
    options = {"study": {"period": period}, "policy": {"review_period": review}}
    items = {"lead_time": lead, "demand_law": name, "demand_mean": mean, "demand_variance": ratio * mean}
    _, result = simulated(options, items, 0.9)
    level = int(result.planned.levels.order_up_to[0, 0])
    fill, stock = right(mean, ratio, parts, level)
    below, _ = right(mean, ratio, parts, level - 1)
    assert below < 0.9 <= fill + 1e-9
    for found, wanted in ((result.fill_rate, fill), (result.inventory_value, stock)):
        assert abs(found.value - wanted) < 4 * (found.high - found.low) / (2 * 1.96)


def test_stock_does_not_depend_on_the_unit() -> None:
    """The same supply chain in days and in weeks: ready rate, turns and stock agree."""
    items = {"lead_time": 10.0, "demand_law": "poisson"}
    weekly = {"study": {"period": "week"}, "policy": {"review_period": 7.0}}
    daily = {"study": {"period": "day"}, "policy": {"review_period": 7.0}}
    _, by_week = simulated(weekly, {**items, "demand_mean": 21.0})
    _, by_day = simulated(daily, {**items, "demand_mean": 3.0})
    assert by_week.planned.levels.order_up_to.tolist() == by_day.planned.levels.order_up_to.tolist()
    week, day = by_week.total, by_day.total
    assert week.inventory_value.value == pytest.approx(day.inventory_value.value, rel=0.03)
    assert week.ready_rate.value == pytest.approx(day.ready_rate.value, abs=0.01)
    assert week.turns.value == pytest.approx(day.turns.value, rel=0.03)
    assert week.stockout_periods.value * 7 == pytest.approx(day.stockout_periods.value, rel=0.12)
