"""Intervals at equal fill cover what they should where plans lie closer together than their noise.

A few SKUs in three segments have hundreds of efficient plans. Replications are drawn here: nine SKUs with a
base stock each, negative binomial demand of 52 weeks; frontier and truth are counted without simlab.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from simlab.measures import equal_fill_difference, equal_fill_to_point

N, LEVELS, PERIODS, LEAD = 9, 12, 26, 2


def world(seed: int, replications: int, n: int = N):
    """(n, levels, replications) cost and units served, and (replications,) units demanded."""
    rng = np.random.default_rng(seed)
    mean, unit = rng.lognormal(np.log(3), 1, n), rng.lognormal(np.log(20), 1, n)
    cost, served = np.zeros((2, n, LEVELS, replications))
    demanded = np.zeros(replications)
    for i in range(n):
        x = rng.negative_binomial(mean[i] / 2, 1 / 3, (replications, PERIODS + LEAD))
        upto = np.concatenate([np.zeros((replications, 1)), np.cumsum(x, axis=1)], axis=1)
        before, now = upto[:, LEAD : LEAD + PERIODS] - upto[:, :PERIODS], x[:, LEAD:]
        demanded += now.sum(axis=1)
        protection = before + now
        for k, share in enumerate(1 - 10 ** np.linspace(np.log10(0.4), -2.6, LEVELS)):
            shelf = np.maximum(np.quantile(protection, share).round() - before, 0)
            cost[i, k] = unit[i] * (shelf.mean(axis=1) + np.maximum(shelf - now, 0).mean(axis=1)) / 2
            served[i, k] = np.minimum(shelf, now).sum(axis=1)
    return mean * unit, cost, served, demanded


def plans(value, cost, served, search):
    """Sums of the efficient plans of three segments by value, chosen on the search replications."""
    group = np.argsort(np.argsort(-value)) * 3 // value.size
    of_group = [(cost[group == g].sum(axis=0), served[group == g].sum(axis=0)) for g in range(3)]
    every = np.array(list(product(range(LEVELS), repeat=3)))
    total = [sum(of_group[g][part][every[:, g]][:, search].sum(axis=1) for g in range(3)) for part in (0, 1)]
    order = np.lexsort((-total[1], total[0]))
    best = np.maximum.accumulate(total[1][order])
    kept = every[order[np.append(True, best[1:] > best[:-1])]]
    return [sum(of_group[g][part][kept[:, g]] for g in range(3)) for part in (0, 1)]


def share_covered(seed: int, per: int = 100, times: int = 120) -> float:
    """Share of verdicts of `per` replications whose interval holds the difference of all of them together."""
    value, cost, served, demanded = world(seed, 200 + per * times)
    a = plans(value, cost, served, slice(0, 200))
    today = np.random.default_rng(seed).integers(6, 10, N)
    b = cost[np.arange(N), today].sum(axis=0), served[np.arange(N), today].sum(axis=0)

    def difference(rows: slice):
        return equal_fill_to_point(
            a[0][:, rows], a[1][:, rows], b[0][rows], b[1][rows], demanded[rows]
        ).difference

    truth = difference(slice(200, None)).value
    blocks = [difference(slice(200 + per * k, 200 + per * (k + 1))) for k in range(times)]
    return float(np.mean([one.low <= truth <= one.high for one in blocks]))


@pytest.mark.slow
def test_nine_skus_against_todays_levels() -> None:
    """Nominal 0.95; 0.65 to 0.79 where a plan's neighbours were a matter of chance."""
    assert 0.92 <= np.mean([share_covered(seed) for seed in (1, 2, 3)]) <= 0.98


def share_covered_against_one_target(seed: int, n: int, per: int = 100, times: int = 100) -> float:
    """The same against one target for all SKUs, both read at a fill rate between their plans."""
    value, cost, served, demanded = world(seed, 200 + per * times, n)
    a = plans(value, cost, served, slice(0, 200))
    b = cost.sum(axis=0), served.sum(axis=0)

    def difference(rows: slice):
        cut = [part[:, rows] for part in (*a, *b)]
        return equal_fill_difference(*cut, demanded[rows], 0.93).difference

    truth = difference(slice(200, None)).value
    blocks = [difference(slice(200 + per * k, 200 + per * (k + 1))) for k in range(times)]
    return float(np.mean([one.low <= truth <= one.high for one in blocks]))


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 20, 40])
def test_other_numbers_of_skus_against_one_target(n: int) -> None:
    """Nominal 0.95; 0.88 with 40 SKUs in version 0.1.0. Of 300 blocks 0.91 is three standard errors low."""
    assert 0.91 <= np.mean([share_covered_against_one_target(seed, n) for seed in (1, 2, 3)]) <= 0.985


def normal_plans(rng, mean_cost, mean_served, sd, n):
    return mean_cost[:, None] + rng.normal(0, 1, (mean_cost.size, n)), mean_served[:, None] + rng.normal(
        0, sd, (mean_cost.size, n)
    )


def test_a_stair_finer_than_the_noise_is_read_from_a_line() -> None:
    """60 plans on one line, each with noise of several steps: read twice as sharply as between neighbours."""
    n, demanded = 50, np.full(50, 1000.0)
    served, cost = 900 + np.arange(60) * 1.0, 500 + np.arange(60) * 2.0
    errors, inside = [], 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        a = normal_plans(rng, cost, served, 40.0, n)
        b = normal_plans(rng, np.array([700.0]), np.array([930.0]), 0.0, n)
        found = equal_fill_to_point(*a, b[0][0], b[1][0], demanded)
        errors.append(found.difference.value - (560 - 700))
        inside += found.difference.low <= 560 - 700 <= found.difference.high
    assert np.sqrt(np.mean(np.square(errors))) < 6.0
    assert inside >= 184


def test_plans_farther_apart_than_their_noise_are_read_by_interpolation() -> None:
    rng = np.random.default_rng(1)
    n, demanded = 40, np.full(40, 1000.0)
    a = normal_plans(rng, np.array([100.0, 200.0, 400.0]), np.array([800.0, 900.0, 950.0]), 1.0, n)
    b = normal_plans(rng, np.array([150.0, 350.0]), np.array([800.0, 960.0]), 1.0, n)
    found = equal_fill_difference(*a, *b, demanded, 0.92)
    read = [np.interp(0.92, s.sum(axis=1) / demanded.sum(), c.mean(axis=1)) for c, s in (a, b)]
    assert found.difference.value == pytest.approx(read[0] - read[1], rel=1e-12)
