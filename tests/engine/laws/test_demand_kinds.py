"""Seasons, series, chains and common factors: the demand that is drawn has the properties that were asked."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.engine import demanding_world, one_law, past_of, plain, world_of

from simlab.engine import run
from simlab.engine.kernels import copula
from simlab.engine.kernels.streams import group_keys, item_keys
from simlab.engine.laws.pmfs import moments_of, pmf_of, pmf_of_phase
from simlab.engine.laws.tables import jittered
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.demand_law import Chain, DemandLaw, Dependence, LawKind, Seasons
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon
from simlab.errors import EngineFaultError
from simlab.selfcheck import reference

HORIZON = Horizon(periods=400, warmup=0, replications=64, slots=1, seed=3)


def world_with(law, n=1, dependence=None):
    """n items with one law and keys of their own."""
    world, _ = world_of(plain())
    rows = np.zeros(n, np.int64)
    many = replace(world, supply=None).take(rows)
    keys = item_keys([str(i) for i in range(n)], ["X"] * n)
    return replace(many, keys=keys, demand=law.take(rows), dependence=dependence)


def mean_and_variance(first, shares):
    x = first + np.arange(shares.size)
    mean = (x * shares).sum()
    return mean, (shares * (x - mean) ** 2).sum()


SEASON = np.array([[0.5, 1.0, 1.75, 0.75]])


@pytest.mark.parametrize(
    ("kind", "variance", "kept"),
    [
        (LawKind.POISSON, 8.0, lambda m: 8 * m),
        (LawKind.NEGATIVE_BINOMIAL, 24.0, lambda m: 8 * m + (8 * m) ** 2 / 4),
        (LawKind.GEOMETRIC, 72.0, lambda m: 8 * m * (1 + 8 * m)),
        (LawKind.STUTTERING_POISSON, 24.0, lambda m: 24 * m),
        (LawKind.BINOMIAL, 4.0, lambda m: 4 * m),
        (LawKind.GAMMA, 24.0, lambda m: 24 * m**2 + 1 / 6),
        (LawKind.LOGNORMAL, 24.0, lambda m: 24 * m**2 + 1 / 6),
    ],
)
def test_a_multiplier_scales_the_mean_and_keeps_what_the_law_promises(kind, variance, kept):
    law = replace(one_law(kind, 8.0, variance, [], []), seasons=Seasons(np.array([0]), SEASON, 2))
    for phase, m in enumerate(SEASON[0]):
        mean, spread = mean_and_variance(*pmf_of_phase(law, 0, phase))
        assert mean == pytest.approx(8 * m, rel=1e-4)
        assert spread == pytest.approx(kept(m), rel=0.02)
    mean, spread = mean_and_variance(*pmf_of(law, 0))
    assert mean == pytest.approx(8.0, rel=1e-4)
    assert spread == pytest.approx(np.mean([kept(m) + (8 * m) ** 2 for m in SEASON[0]]) - 64, rel=0.02)


def test_counted_values_are_stretched_and_rare_demand_comes_more_or_less_often():
    counted = replace(
        one_law(LawKind.EMPIRICAL, 0, 0, [0, 3, 10], [5, 3, 2]), seasons=Seasons(np.array([0]), SEASON)
    )
    rare = replace(counted, kind=np.array([LawKind.INTERMITTENT], np.int8), probability=np.array([0.6]))
    rare = replace(rare, values=np.array([1, 3, 10]))
    for phase, m in enumerate(SEASON[0]):
        assert mean_and_variance(*pmf_of_phase(counted, 0, phase))[0] == pytest.approx(2.9 * m, rel=1e-6)
        first, shares = pmf_of_phase(rare, 0, phase)
        assert mean_and_variance(first, shares)[0] == pytest.approx(0.6 * 3.4 * m, rel=1e-6)
        never = shares[0] if first == 0 else 0.0
        assert 1 - never == pytest.approx(min(0.6 * m, 1.0), abs=1e-9)


def test_every_period_has_the_mean_of_its_phase():
    law = replace(one_law(LawKind.POISSON, 8.0, 8.0, [], []), seasons=Seasons(np.array([0]), SEASON, 2))
    drawn = demand_paths(world_with(law), HORIZON)[0].reshape(64, 100, 4)
    means = drawn.mean(axis=(0, 1))
    assert np.abs(means - 8 * SEASON[0][[2, 3, 0, 1]]).max() < 5 * np.sqrt(14 / 6400)


def test_a_season_of_ones_changes_no_bit():
    world, levels = world_of(plain())
    flat = replace(world.demand, seasons=Seasons(np.array([0]), np.ones((1, 7)), 3))
    a = run.simulate_items(world, levels, HORIZON)
    b = run.simulate_items(replace(world, demand=flat), levels, HORIZON)
    assert (a.served == b.served).all()


def test_near_multipliers_share_a_table_and_the_mean_stays():
    rng = np.random.default_rng(1)
    raw = rng.gamma(9, 1 / 9, (3, 52)) * 7
    raw[2] = np.repeat([1.0, 3.0], 26)
    got = Seasons.rounded(np.zeros(1, np.int64), raw).multipliers
    assert [np.unique(row).size for row in got] == [16, 16, 2]
    assert np.abs(got.mean(axis=1) - 1).max() < 1e-12
    assert np.abs(got - raw / raw.mean(axis=1, keepdims=True)).max() < 0.12
    assert (np.argsort(got[0], kind="stable")[-1:] == np.argsort(raw[0], kind="stable")[-1:]).all()


def test_a_calendar_draws_observations_of_its_own_phase_only():
    series = np.array([1, 10, 100, 2, 20, 200, 3, 30, 300])
    past = past_of(series, phases=np.arange(9) % 3, cycle=3, phase=2)
    law = replace(one_law(LawKind.CALENDAR, 0, 0, [], []), past=past)
    drawn = demand_paths(world_with(law), HORIZON)[0]
    for t in range(6):
        assert set(np.unique(drawn[:, t])) == {1 * 10 ** ((t + 2) % 3) * k for k in (1, 2, 3)}
    assert mean_and_variance(*pmf_of_phase(law, 0, 2))[0] == pytest.approx(200)
    assert mean_and_variance(*pmf_of(law, 0))[0] == pytest.approx(74)


@pytest.mark.parametrize("kind", [LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS])
def test_blocks_keep_the_marginal_law_and_the_runs_of_the_series(kind):
    rng = np.random.default_rng(4)
    level = np.zeros(200)
    for t in range(1, 200):
        level[t] = 0.9 * level[t - 1] + rng.normal()
    series = np.maximum(np.rint(20 + 5 * level), 0).astype(np.int64)
    law = replace(one_law(kind, 0, 0, [], []), past=past_of(series, 25))
    drawn = demand_paths(world_with(law), replace(HORIZON, replications=256))[0]
    assert drawn.mean() == pytest.approx(series.mean(), abs=0.4)
    assert drawn.var() == pytest.approx(series.var(), rel=0.05)
    mean, variance = moments_of(law)
    assert mean[0] == pytest.approx(series.mean())
    assert variance[0] == pytest.approx(series.var())
    at_one = np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]
    own = np.corrcoef(series, np.roll(series, 1))[0, 1]
    assert at_one == pytest.approx(own * 24 / 25, abs=0.02)
    place = {tuple(pair) for pair in zip(series, np.roll(series, -1), strict=True)}
    follows = [tuple(pair) in place for pair in zip(drawn[0, :-1], drawn[0, 1:], strict=True)]
    assert np.mean(follows) > 0.9


def test_a_chain_keeps_its_chances_and_sizes():
    chain = Chain(np.array([2**30]), np.array([3 * 2**30]), np.array([False]))
    law = replace(one_law(LawKind.MARKOV, 0, 0, [1, 4, 9], [6, 3, 1]), chain=chain)
    drawn = demand_paths(world_with(law), replace(HORIZON, replications=256))[0]
    happens = drawn > 0
    assert happens[:, 1:][happens[:, :-1]].mean() == pytest.approx(0.75, abs=0.01)
    assert happens[:, 1:][~happens[:, :-1]].mean() == pytest.approx(0.25, abs=0.01)
    assert happens[:, 0].mean() == pytest.approx(0.5, abs=0.15)
    shares = [(drawn[happens] == size).mean() for size in (1, 4, 9)]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.01)
    first, pmf = pmf_of(law, 0)
    assert (first, pmf.sum()) == (0, pytest.approx(1.0))
    assert pmf[[0, 1, 4, 9]] == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=1e-8)
    mean, variance = moments_of(law)
    assert (mean[0], variance[0]) == pytest.approx(mean_and_variance(first, pmf))


def test_jitter_spreads_sizes_and_keeps_their_mean():
    first, shares = jittered(np.array([1, 5, 60]), np.array([2, 1, 1]))
    mean, variance = mean_and_variance(first, shares)
    plain_variance = np.average((np.array([1, 5, 60]) - 16.75) ** 2, weights=[2, 1, 1])
    assert mean == pytest.approx(16.75)
    assert variance == pytest.approx(plain_variance + (0 + 4.6 + 60) / 4, rel=0.01)
    assert first == 1


def test_the_copula_tables_are_the_same_on_every_machine():
    """No entry is so near to a rounding boundary that the last bits of a libm could turn it."""
    for values in (copula.score_values(), copula.word_values()):
        x = np.array(values)
        assert np.abs(x - np.floor(x) - 0.5).min() > 1e-5


def correlated(n, market, group, member, law=None, horizon=HORIZON):
    law = one_law(LawKind.NEGATIVE_BINOMIAL, 2000.0, 300_000.0, [], []) if law is None else law
    common = Dependence.of(
        np.broadcast_to(np.asarray(market, float), n),
        np.broadcast_to(np.asarray(group, float), n),
        np.asarray(member),
        group_keys(["a", "b"]),
    )
    return demand_paths(world_with(law, n, common), horizon)


def test_demand_is_correlated_as_asked():
    """Rank correlation of two normal scores is 6/π · arcsin(ρ/2)."""
    market, group = np.array([0.6, 0.6, -0.5, 0.0]), np.array([0.5, 0.5, 0.7, 0.9])
    drawn = correlated(4, market, group, [0, 0, 1, 0]).reshape(4, -1)
    ranks = drawn.argsort(axis=1).argsort(axis=1)
    got = np.corrcoef(ranks)
    for i, j in ((0, 1), (0, 2), (0, 3), (2, 3)):
        same = 1.0 if (i, j) in ((0, 1), (0, 3)) else 0.0
        rho = market[i] * market[j] + same * group[i] * group[j]
        assert got[i, j] == pytest.approx(6 / np.pi * np.arcsin(rho / 2), abs=0.02)
    later = np.corrcoef(
        drawn.reshape(4, 64, 400)[0, :, 1:].ravel(), drawn.reshape(4, 64, 400)[1, :, :-1].ravel()
    )
    assert abs(later[0, 1]) < 0.02


def test_a_copula_leaves_every_law_as_it_is():
    """Chances of the drawn words, also far out, stay within the stated error of uniform ones."""
    thresholds = 2.0 ** -np.arange(1, 17)
    tails = np.concatenate([thresholds[::-1], 1 - thresholds[1:]])
    cut = np.floor(np.cumsum(np.diff(tails, prepend=0.0, append=1.0)) * 2**30).astype(np.int64)
    law = one_law(LawKind.EMPIRICAL, 0, 0, np.arange(cut.size), np.diff(cut, prepend=0))
    horizon = replace(HORIZON, replications=512, periods=1000)
    drawn = correlated(4, [0.5, 0.02, 0.9, 0.7], [0.5, 0.0, 0.1, 0.7], [0, 0, 1, 1], law, horizon)
    for one in drawn.reshape(4, -1):
        seen = np.searchsorted(np.sort(one), np.arange(tails.size), side="right") / one.size
        assert (np.abs(seen - tails) < 1e-5 + 4.5 * np.sqrt(tails * (1 - tails) / one.size)).all()


def test_scores_and_words_undo_each_other_within_the_stated_error():
    """The copula with no factor at all would have to give every word back."""
    scores, chances = copula.tables()
    words = np.unique(np.concatenate([2 ** np.arange(4, 32), np.arange(1, 4096) << 20]))

    halves = [[(int(x) & 0xFFFFFFFF, int(x) >> 32) for x in table] for table in (scores, chances)]
    of = reference.Factors(0, 0, 0, *halves)
    back = np.array([reference.coupled(of, 0, 0, 0, int(w)) for w in words])
    assert np.abs(back - words).max() / 2**32 < 5e-6
    tail = words < 2**22
    assert (np.abs(back - words) / words)[tail & (words > 430)].max() < 0.02


def test_items_without_loadings_keep_their_bits_beside_others_that_have_some():
    world, levels = demanding_world()
    free = (world.dependence.market == 0) & (world.dependence.group == 0)
    assert free.sum() > 3
    short = replace(HORIZON, periods=40, slots=64)
    a = run.simulate_items(world, levels, short)
    b = run.simulate_items(replace(world, dependence=None), levels, short)
    assert (a.served[free] == b.served[free]).all()
    assert (a.demanded[~free] != b.demanded[~free]).any(axis=1).all()


def test_loadings_whose_squares_sum_to_one_by_rounding_are_loadings():
    """One part in 10⁹ beside a full loading is 1 in floats and more in fixed point: it ended in a fault."""
    small = np.array([1.2e-9, 1.0, -0.6, 2.0**-30, 1.0 / np.sqrt(2)])
    large = np.sqrt(1 - small**2) * np.array([1, 1, -1, 1, 1])
    both = Dependence.of(small, large, np.zeros(5, np.int64), group_keys(["x"]))
    assert (both.market**2 + both.group**2 <= 2**60).all()
    assert np.abs(both.market - small * 2**30).max() <= 2
    assert np.abs(both.group - large * 2**30).max() <= 2
    world = world_with(one_law(LawKind.POISSON, 1.0, 1.0, [], []), 5, both)
    assert (demand_paths(world, replace(HORIZON, periods=4, replications=1)) >= 0).all()


def test_many_blocks_of_lanes_see_the_market_of_their_own_replications(monkeypatch):
    """Whether or not the market's scores of all blocks fit into memory at once."""
    world, levels = demanding_world()
    long = Horizon(periods=60, warmup=3, replications=700, slots=5, seed=9)
    whole = run.simulate_items(world, levels, long)
    monkeypatch.setattr("simlab.engine.prepare.workspace._MARKET_BYTES", 0)
    tight = run.simulate_items(world, levels, long)
    assert (whole.served == tight.served).all()
    halves = [
        run.simulate_items(world, levels, replace(long, replications=350, first_replication=k))
        for k in (0, 350)
    ]
    assert (run.merge(*halves).served == whole.served).all()


def test_the_paths_shown_are_those_that_the_sums_are_made_of():
    world, levels = demanding_world()
    short = replace(HORIZON, periods=30, warmup=5, replications=6, slots=6)
    shown = demand_paths(world, short)[:, :, 5:].sum(axis=2)
    assert (shown == run.simulate_items(world, levels, short).demanded).all()


def simulated(world):
    """The sums of a world at levels of 50."""
    steps = np.full((world.n_items, 1), 50)
    levels = Levels(np.zeros(world.n_items, np.int8), steps - 1, steps, steps * 0)
    return run.simulate_items(world, levels, HORIZON)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"seasons": Seasons(np.array([1]), SEASON)}, "no such seasonal profile"),
        ({"seasons": Seasons(np.array([0]), SEASON * 2)}, "average 1 over the cycle"),
        ({"seasons": Seasons(np.array([0]), SEASON, 4)}, "phase of the first period"),
        ({"seasons": Seasons(np.array([0]), np.linspace(0.5, 1.5, 17)[None, :])}, "16 distinct multipliers"),
        ({"kind": np.array([LawKind.MARKOV], np.int8)}, "needs a chain"),
        ({"kind": np.array([LawKind.CALENDAR], np.int8)}, "needs a past"),
    ],
)
def test_seasons_and_kinds_that_make_no_sense_are_refused_by_item(change, text):
    law = replace(one_law(LawKind.POISSON, 8.0, 8.0, [], []), **change)
    with pytest.raises(EngineFaultError, match=f"item 0: .*{text}"):
        simulated(world_with(law))


@pytest.mark.parametrize(
    ("kind", "past", "text"),
    [
        (LawKind.MOVING_BLOCKS, past_of(np.array([1, 2]), 0), "at least one period"),
        (LawKind.STATIONARY_BLOCKS, past_of(np.array([1, -2]), 3), "observed demand must be ≥ 0"),
        (LawKind.STATIONARY_BLOCKS, past_of(np.zeros(0, np.int64), 3), "needs observations"),
        (LawKind.CALENDAR, past_of(np.array([1, 2]), phases=np.array([0, 0]), cycle=2), "every phase"),
        (
            LawKind.CALENDAR,
            past_of(np.array([1, 2]), phases=np.array([0, 1]), cycle=2, phase=2),
            "phase of the",
        ),
    ],
)
def test_pasts_that_make_no_sense_are_refused_by_item(kind, past, text):
    law = replace(one_law(kind, 1.0, 1.0, [], []), past=past)
    with pytest.raises(EngineFaultError, match=f"item 0: .*{text}"):
        simulated(world_with(law))


@pytest.mark.parametrize(
    ("none", "some", "sizes", "text"),
    [
        (-1, 5, [1], "chances of demand"),
        (0, 2**32, [1], "able to change"),
        (5, 5, [0, 1], "sizes of at least 1"),
    ],
)
def test_chains_that_make_no_sense_are_refused_by_item(none, some, sizes, text):
    law = one_law(LawKind.MARKOV, 1.0, 1.0, sizes, [1] * len(sizes))
    chain = Chain(np.array([none]), np.array([some]), np.array([False]))
    with pytest.raises(EngineFaultError, match=f"item 0: .*{text}"):
        simulated(world_with(replace(law, chain=chain)))


def test_common_factors_that_make_no_sense_are_refused():
    law = one_law(LawKind.POISSON, 8.0, 8.0, [], [])
    half = np.array([0.5])
    with pytest.raises(EngineFaultError, match="loadings² exceed 1"):
        Dependence.of(np.array([0.9]), np.array([0.9]))
    with pytest.raises(EngineFaultError, match=r"item 0: .*needs a group"):
        simulated(world_with(law, 1, Dependence.of(half, half)))
    with pytest.raises(EngineFaultError, match=r"item 0: .*no such group"):
        simulated(world_with(law, 1, Dependence.of(half, half, np.array([3]), group_keys(["a"]))))
    blocks: DemandLaw = replace(
        one_law(LawKind.MOVING_BLOCKS, 1.0, 1.0, [], []), past=past_of(np.array([1, 2]), 2)
    )
    with pytest.raises(EngineFaultError, match=r"item 0: .*know no common factors"):
        simulated(world_with(blocks, 1, Dependence.of(half)))
