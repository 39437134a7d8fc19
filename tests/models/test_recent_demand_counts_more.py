"""Older periods count less where a half-life says so; one is chosen where it predicts better."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from worlds.places import ROOT

from simlab.catalog import from_frames
from simlab.engine.world.demand_law import LawKind
from simlab.errors import InvalidInputError
from simlab.models import fit, read_history
from simlab.models.demand.scoring.half_lives import HALF_LIVES, _as_near
from simlab.models.history.history import effective_periods, total_weight
from simlab.models.history.reading import with_memory
from simlab.study import Study

WEEKS = 104


def catalogue(make_catalog, weekly, lines, categories=None, **models):
    sales = {f"P{k:03d}": weekly("2020-01-06", line) for k, line in enumerate(lines)}
    items = {} if categories is None else {"category": list(categories)}
    return make_catalog(sales, items=items, period="week", demand={"life": "window"}, models=models)


def remembered(make_catalog, weekly, lines, half_life):
    catalog = catalogue(make_catalog, weekly, lines)
    history = read_history(catalog)
    return with_memory(catalog, history, np.full(len(lines), float(half_life)))


def weights(n, half_life):
    """2^(−age ÷ half-life), adding up to (Σw)² ÷ Σw²."""
    raw = 0.5 ** (np.arange(n - 1, -1, -1) / half_life)
    return raw * raw.sum() / (raw**2).sum()


def test_moments_are_those_of_the_weighted_periods(make_catalog, weekly) -> None:
    line = np.random.default_rng(1).poisson(4, WEEKS)
    found = remembered(make_catalog, weekly, [line], 13)
    w = weights(WEEKS, 13.0)
    mean = (w * line).sum() / w.sum()
    assert found.n_effective[0] == pytest.approx(w.sum())
    assert found.mean[0] == pytest.approx(mean)
    assert found.variance[0] == pytest.approx((w * (line - mean) ** 2).sum() / (w.sum() - 1))


def test_an_endless_half_life_is_a_plain_history(make_catalog, weekly) -> None:
    lines = np.random.default_rng(2).poisson([[0.1], [4]], (2, WEEKS))
    plain = read_history(catalogue(make_catalog, weekly, lines))
    endless = remembered(make_catalog, weekly, lines, np.inf)
    assert (endless.mean == plain.mean).all()
    assert endless.variance == pytest.approx(plain.variance, rel=1e-14)
    assert (endless.n_effective == plain.n_observed).all()


@pytest.mark.parametrize("half_life", [13.0, 52.0])
def test_effective_periods_in_closed_form(half_life) -> None:
    """Σw of endless histories is 1 ÷ (1 − ρ), what they are worth (1 + ρ) ÷ (1 − ρ), ρ = 2^(−1/h)."""
    ratio = 0.5 ** (1 / half_life)
    many, one = np.array([10_000]), np.array([half_life])
    assert total_weight(many, one) == pytest.approx(1 / (1 - ratio))
    assert effective_periods(many, one) == pytest.approx((1 + ratio) / (1 - ratio))


def test_every_law_follows_the_last_level(make_catalog, weekly) -> None:
    """From 10 units a week to 30 half a year ago: the mean of every law is that of the weighted weeks.

    Series hold recent stretches several times: within 2 % of it.
    """
    rng = np.random.default_rng(3)
    line = np.concatenate([rng.poisson(10, WEEKS - 26), rng.poisson(30, 26)])
    w = weights(WEEKS, 13.0)
    expected = (w * line).sum() / w.sum()
    for law in ("poisson", "negative_binomial", "intermittent", "empirical", "moving_blocks", "markov"):
        models = fit(catalogue(make_catalog, weekly, [line], law=law, memory=13.0))
        assert models.world.demand.mean[0] == pytest.approx(expected, rel=0.02), law
        assert "half-life 13" in models.demand_reason[0]


def test_an_empirical_table_weighs_its_periods(make_catalog, weekly) -> None:
    line = np.where(np.arange(WEEKS) < 52, 3, 8)
    law = fit(catalogue(make_catalog, weekly, [line], law="empirical", memory=26.0)).world.demand
    assert law.kind[0] == LawKind.EMPIRICAL
    w = weights(WEEKS, 26.0)
    shares = law.weights / law.weights.sum()
    assert law.values.tolist() == [3, 8]
    assert shares[1] == pytest.approx(w[52:].sum() / w.sum(), abs=1e-5)


def test_unseen_demand_is_estimated_from_recent_weeks(make_catalog) -> None:
    """Stocked out in the last weeks: with a memory of a quarter they stand for the level of these weeks."""
    rng = np.random.default_rng(4)
    line = np.concatenate([rng.poisson(4, WEEKS - 30), rng.poisson(40, 30)])
    short = np.zeros(WEEKS, np.bool_)
    short[-8::2] = True
    line[short] = 1
    found = {}
    for memory in ("all", 13.0):
        models = fit(_with_stockouts(line, short, memory))
        found[memory] = models.world.demand.mean[0]
    plain = float(line.mean())
    recent = weights(WEEKS, 13.0)[~short] @ line[~short] / weights(WEEKS, 13.0)[~short].sum()
    assert found["all"] > plain
    assert found[13.0] == pytest.approx(recent, rel=0.1)


def _with_stockouts(line, short, memory):
    items = pd.DataFrame({"sku": ["P0"], "location": "EAST", "unit_cost": 1.0, "lead_time": 14.0})
    dates = [str(np.datetime64("2020-01-06") + 7 * week) for week in range(line.size)]
    sales = pd.DataFrame(
        {"sku": "P0", "location": "EAST", "date": dates, "quantity": line, "stockout": short.astype(int)}
    )
    study = Study.default(
        period="week",
        demand={"censoring": "stockout_column", "life": "window"},
        models={"memory": memory},
        lead_times={"crossing": False},
    )
    return from_frames(study, items, sales, None)


@pytest.fixture(scope="module")
def two_kinds(make_catalog, weekly):
    """60 items whose level moves by a random walk, and 60 that never move."""
    rng = np.random.default_rng(5)
    walk = 20 * np.exp(np.cumsum(rng.normal(0, 0.12, (60, WEEKS)), axis=1))
    moving, still = rng.poisson(walk), rng.poisson(rng.uniform(5, 40, (60, 1)), (60, WEEKS))
    lines = np.concatenate([moving, still])
    names = ["moving"] * 60 + ["still"] * 60
    return lines, names, fit(catalogue(make_catalog, weekly, lines, names))


def test_moving_levels_are_remembered_shortly_and_still_ones_for_ever(two_kinds) -> None:
    _, _, models = two_kinds
    assert models.memory.half_life[:60].max() <= HALF_LIVES[0]
    assert np.isinf(models.memory.half_life[60:]).all()
    assert models.memory.n_sums.min() >= 100


def test_four_items_that_halve_every_half_year_are_remembered_shortly(make_catalog, weekly) -> None:
    """24 sums, 21 standard errors: it stayed the whole history, whose mean is six times the last year's.

    Four of still demand keep all, at every seed: few sums need four standard errors.
    """

    def fitted(means, seed):
        rng = np.random.default_rng(seed)
        sales = {f"P{k}": weekly("2020-01-06", rng.poisson(means).tolist()) for k in range(4)}
        return fit(make_catalog(sales, period="week", demand={"life": "window"}))

    dying = fitted(200 * 0.5 ** (np.arange(130) / 26), 1)
    assert dying.memory.n_sums.max() < 100
    assert (dying.memory.half_life == HALF_LIVES[0]).all()
    for seed in range(8):
        assert np.isinf(fitted(np.full(130, 9.0), seed).memory.half_life).all()


def test_the_order_of_rows_chooses_nothing(make_catalog, weekly, two_kinds) -> None:
    lines, names, models = two_kinds
    order = np.random.default_rng(6).permutation(len(lines))
    sales = {f"P{k:03d}": weekly("2020-01-06", lines[k]) for k in order}
    items = {"category": [names[k] for k in order]}
    other = fit(make_catalog(sales, items=items, period="week", demand={"life": "window"}))
    assert (other.memory.half_life == models.memory.half_life[order]).all()


def test_the_study_may_say_all(make_catalog, weekly, two_kinds) -> None:
    lines, names, _ = two_kinds
    models = fit(catalogue(make_catalog, weekly, lines[:3], names[:3], memory="all"))
    assert models.memory is None
    assert models.world.demand.mean == pytest.approx(lines[:3].mean(axis=1))


def test_a_half_life_needs_every_period(make_catalog, weekly) -> None:
    """Where absent dates are unknown a named half-life is refused; auto remembers all."""
    demand = {"life": "window", "absent_dates": "unknown"}
    sales = {"P0": weekly("2020-01-06", [3, 4] * 40)}
    with pytest.raises(InvalidInputError, match="half-life needs every period"):
        fit(make_catalog(sales, period="week", demand=demand, models={"memory": 13.0}))
    assert fit(make_catalog(sales, period="week", demand=demand)).memory is None


def test_a_season_is_no_change(make_catalog, weekly) -> None:
    """Three years of a yearly season: with the profile in, the whole history is remembered."""
    rng = np.random.default_rng(7)
    wave = 1 + 0.6 * np.sin(2 * np.pi * np.arange(156) / 52)
    lines = rng.poisson(rng.uniform(5, 40, (60, 1)) * wave)
    models = fit(catalogue(make_catalog, weekly, lines, seasonality={"profile_by": ""}))
    assert models.world.demand.seasons is not None
    assert np.isinf(models.memory.half_life).all()


def test_redrawn_parameters_know_what_periods_are_worth(make_catalog, weekly) -> None:
    """A half-life of 13 weeks leaves 37.5 weeks' worth: means vary by √(mean ÷ 37.5)."""
    lines = np.random.default_rng(8).poisson(20, (1, 260))
    options = {"law": "poisson", "memory": 13.0, "parameter_uncertainty": True}
    models = fit(catalogue(make_catalog, weekly, lines, **options))
    means = [models.redraws.draw(models.world, k).demand.mean[0] for k in range(400)]
    spread = np.std(means, ddof=1) / (20 / 37.5) ** 0.5
    low, high = (stats.chi2.ppf([0.0005, 0.9995], 399) / 399) ** 0.5
    assert low * 0.97 < spread < high * 1.03


@pytest.mark.slow
def test_stationary_demand_is_remembered_whole(make_catalog, weekly) -> None:
    """Right: at least 90 % of groups; 15 histories of 1,000 items × 160 weeks in four classes, two R + L."""
    sys.path.insert(0, str(ROOT / "experiments" / "07_simulated_histories"))
    import run
    import truths

    from simlab.models.demand.laws import how_long

    chosen = []
    for seed in range(15):
        rows, *_, names = truths.classes(np.random.default_rng(seed))
        catalog = run.data(rows, category=list(names), memory="auto").catalog
        history = read_history(catalog)
        for span in (3.0, 6.0):
            every, none = np.full(len(rows), span), np.zeros(len(rows), np.bool_)
            chosen += how_long(catalog, history, every, none, none).chosen.tolist()
    assert len(chosen) >= 150
    assert np.isinf(chosen).mean() >= 0.9


def test_one_sale_on_the_last_day_is_not_remembered_as_a_rate(make_catalog, weekly) -> None:
    """Beside 60 items whose level moves, a unit sold once in 104 weeks, in the last, is one in two years.

    With the half-life of its neighbours, 13 weeks, it was 2 of 38 weeks: five times as often.
    """
    rng = np.random.default_rng(12)
    level = np.exp(np.cumsum(rng.normal(0, 0.15, (60, WEEKS)), axis=1)).clip(0.05, 20)
    lines = [*rng.poisson(1.5 * level), np.eye(1, WEEKS, WEEKS - 1, dtype=int)[0]]
    models = fit(catalogue(make_catalog, weekly, lines))
    assert any("half-life" in reason for reason in models.demand_reason[:60])
    assert "half-life" not in models.demand_reason[60]
    assert models.world.demand.mean[60] < 3 / WEEKS


def test_a_half_life_may_not_miss_the_total_by_more_than_all_periods() -> None:
    """Two groups of 30 SKUs, two origins. In the first all sold 12 with 10 and 20 expected; in the second 18.

    Counted one by one a peak that they share looks like 60 findings; of the total there are two.
    """
    group, age = np.repeat([0, 1], 60), np.tile([3, 9], 60)
    came = np.where(group == 0, 12.0, 18.0)
    totals = np.column_stack([came, np.full(120, 10.0), *[np.full(120, 20.0)] * 4])
    near = _as_near(group, age, totals, 2)
    assert near.shape == (2, len(HALF_LIVES))
    assert not near[0].any()  # off by 8, the whole history by 2
    assert near[1].all()
    apart = totals.copy()
    apart[:60:4, 2:] = -20.0  # too much of one, too little of the other: right in total at the first origin
    apart[2:60:4, 2:] = 44.0
    apart[1:60:2, 2:] = 12.0
    assert _as_near(group, age, apart, 2)[0].all()
