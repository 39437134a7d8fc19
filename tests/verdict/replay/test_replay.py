"""Replays: equal to the plain simulator, the transient rule, and calibration of laws that are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import MILLION, LeadTimeLaw, OrderTerms, Supply, World
from simlab.errors import InvalidInputError
from simlab.models import HeldOut, fit, split
from simlab.study import Study
from simlab.verdict.replay.calibration import Forecasts, calibration
from simlab.verdict.replay.replay import protection, replay
from simlab.verdict.replay.sums import judge


def world(n=3, lead=((2, 1),), crossing=False, unmet=0, pack=1, mean=4.0) -> World:
    whole = np.zeros(n, np.int64)
    periods = np.array([p for p, _ in lead])
    weights = np.array([w for _, w in lead])
    law = DemandLaw(
        np.full(n, LawKind.POISSON, np.int8), np.full(n, mean), np.full(n, mean), np.zeros(n), whole, whole,
        whole[:0], whole[:0],
    )  # fmt: skip
    times = LeadTimeLaw(whole, np.array([0]), np.array([periods.size]), periods, weights, crossing)
    terms = OrderTerms(whole + 1, whole, whole + pack, whole, whole, np.full(n, unmet, np.int8))
    return World(np.arange(1, n + 1).astype(np.uint64), law, times, terms)


def base_stock(level, n=3) -> Levels:
    up_to = np.full((n, 1), level)
    return Levels(np.full(n, Family.ORDER_UP_TO, np.int8), up_to - 1, up_to, up_to * 0)


def held(quantity) -> HeldOut:
    table = np.atleast_2d(quantity)
    days = np.datetime64("2024-01-01") + 7 * np.arange(table.shape[1])
    return HeldOut(table, np.ones(table.shape[1], bool), days)


def test_a_base_stock_replay_is_arithmetic() -> None:
    """R = 1, L = 2: net stock at the count is S less the last three demands."""
    real = np.random.default_rng(4).poisson(5, (3, 20))
    found = replay(world(), base_stock(16), held(real), paths=5, seed=1)
    assert found.n_counted.tolist() == [17] * 3
    for item in range(3):
        served, stock = 0, 0
        for t in range(3, 20):
            before = 16 - real[item, t - 2 : t].sum()
            served += min(real[item, t], max(before, 0))
            stock += max(before, 0) + max(before - real[item, t], 0)
        assert found.served[item].tolist() == [served] * 5
        assert found.on_hand[item].tolist() == [stock] * 5
        assert found.demanded[item].tolist() == [real[item, 3:].sum()] * 5


def test_lots_and_packs_keep_the_position_within_a_lot_above_the_reorder_point() -> None:
    levels = base_stock(30)
    lots = Levels(
        np.full(3, Family.REORDER_QUANTITY, np.int8),
        levels.order_up_to - 12,
        levels.order_up_to,
        levels.order_up_to * 0 + 12,
    )
    found = replay(world(lead=((0, 1),), pack=4), lots, held(np.full((3, 30), 4)), paths=3, seed=1)
    assert (found.served == found.demanded).all()
    mean = found.on_hand / 2 / found.n_counted[:, None]
    assert (mean > 18 - 4).all()
    assert (mean < 30).all()


def test_lost_sales_leave_no_debt() -> None:
    real = np.full((3, 12), 10)
    kept = replay(world(unmet=1), base_stock(12), held(real), paths=2, seed=1)
    owed = replay(world(), base_stock(12), held(real), paths=2, seed=1)
    assert kept.served.sum() > owed.served.sum() == 0


def test_a_share_that_waits_and_a_highest_position_are_replayed() -> None:
    """A share of all or of nothing is backorders or lost sales; a ceiling below S is the level that acts."""
    real = np.random.default_rng(5).poisson(6, (3, 20))

    def served(levels, unmet, **more) -> list[int]:
        one = world(unmet=unmet)
        terms = replace(one.terms, **{name: np.full(3, value) for name, value in more.items()})
        found = replay(replace(one, terms=terms), levels, held(real), paths=2, seed=1)
        return [int(found.served.sum()), int(found.on_hand.sum())]

    low = base_stock(14)
    assert served(low, 2, waits=1_000_000) == served(low, 0)
    assert served(low, 2, waits=0) == served(low, 1)
    assert served(low, 0)[0] < served(low, 2, waits=500_000)[0] < served(low, 1)[0]
    assert served(base_stock(30), 0, max_position=14) == served(low, 0)


def test_a_short_hold_out_is_not_counted() -> None:
    """Below 2·max(R + L) = 6 nothing of the plan is judged; at 6 the last three periods are."""
    assert protection(world()).tolist() == [3, 3, 3]
    for n, counted in ((5, 0), (6, 3)):
        found = replay(world(), base_stock(12), held(np.full((3, n), 4)), paths=2, seed=1)
        assert found.n_counted.tolist() == [counted] * 3
        assert found.demanded.sum() == counted * 3 * 2 * 4


def test_rows_do_not_decide_what_is_drawn() -> None:
    """An item's draws depend on its key."""
    lead = ((1, 1), (4, 1))
    everything = world(lead=lead)
    rows = np.array([2, 0])
    real = held(np.random.default_rng(5).poisson(4, (3, 30)))
    part = HeldOut(real.quantity[rows], real.is_open, real.days)
    whole = replay(everything, base_stock(20), real, paths=6, seed=3)
    some = replay(everything.take(rows), base_stock(20).take(rows), part, paths=6, seed=3)
    np.testing.assert_array_equal(some.served, whole.served[rows])


def test_expected_demand_is_that_of_the_law_and_recorded_lead_times_are_used() -> None:
    empty = held(np.zeros((3, 40), int))
    found = replay(world(), base_stock(16), empty, paths=100, seed=2, as_expected=True)
    assert found.demanded.mean() / 37 == pytest.approx(4, rel=0.05)
    real = held(np.full((3, 40), 4))
    late = np.full((3, 40), 2)
    late[:, 10] = 9
    widened = world(lead=((2, 10**6), (9, 1)))
    usual = replay(widened, base_stock(16), real, paths=4, seed=2)
    recorded = replay(widened, base_stock(16), real, paths=4, seed=2, recorded=late)
    assert recorded.served.sum() < usual.served.sum()


def test_holidays_of_the_supplier_are_those_of_the_hold_out() -> None:
    """Closed in its weeks 8 to 10: orders leave and arrive in the first open week from then on; by hand."""
    closed = np.zeros((1, 52), bool)
    closed[0, 8:11] = True
    one, no = np.zeros(1, np.int64), np.zeros(1, bool)
    supply = Supply(
        np.zeros(3, np.int64), np.ones(1, np.uint64), no, one, one, one + MILLION, one - 1, closed
    )
    real = np.random.default_rng(4).poisson(5, (3, 20))
    found = replay(replace(world(), supply=supply), base_stock(16), held(real), paths=5, seed=1)
    for item in range(3):
        net, due, served = 16, np.zeros(40, int), 0
        for t in range(20):
            net += due[t]
            leaves = 11 if 8 <= t <= 10 else t
            arrives = 11 if 8 <= leaves + 2 <= 10 else leaves + 2
            due[arrives] += real[item, t - 1] if t else 0  # of the demand since the last review
            served += min(real[item, t], max(net, 0)) if t >= 3 else 0
            net -= real[item, t]
        assert found.served[item].tolist() == [served] * 5


def frames(n=40, weeks=120, seed=1):
    rng = np.random.default_rng(seed)
    ids = [f"S{k:03d}" for k in range(n)]
    rate = np.exp(rng.normal(0.3, 1.0, n))
    counts = rng.negative_binomial(1.2, 1.2 / (1.2 + rate[:, None]), (n, weeks))
    days = (np.datetime64("2022-01-03") + 7 * np.arange(weeks)).astype(str)
    row, week = np.nonzero(counts)
    items = pd.DataFrame({"sku": ids, "location": "X", "unit_cost": 1.0, "lead_time": 14.0})
    demand = pd.DataFrame(
        {"sku": np.array(ids)[row], "location": "X", "date": days[week], "quantity": counts[row, week]}
    )
    return items, demand


def catalogue(n=40, weeks=120, seed=1, **options):
    study = Study.default(period="week", demand={"life": "window"}, as_of="2030-01-01", **options)
    items, demand = frames(n, weeks, seed)
    last = str((np.datetime64("2022-01-03") + 7 * weeks - 1).astype("datetime64[D]"))
    study = study.model_copy(update={"as_of": pd.Timestamp(last).date()})
    return from_frames(study, items, demand)


def test_fitting_sees_nothing_of_the_hold_out() -> None:
    whole = catalogue()
    past, real = split(whole, 8)
    assert real.quantity.shape == (40, 8)
    assert past.demand.date.max() < real.days[0]
    one, other = fit(replace(whole, held_out=8)), fit(past)
    assert (fit(catalogue(replay={"holdout": 8})).n_observed == 120).all()  # a plan knows its newest data
    np.testing.assert_array_equal(one.world.demand.mean, other.world.demand.mean)
    assert (one.n_observed == 112).all()
    assert any("held out" in note.what and note.rows > 0 for note in one.notes)
    earlier, before = split(whole, 8, skipped=8)
    np.testing.assert_array_equal(before.days + 56, real.days)
    assert earlier.as_of < past.as_of


def test_a_hold_out_as_long_as_the_history_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="leave no past"):
        fit(catalogue(weeks=20, replay={"holdout": 20}))


def test_right_laws_are_calibrated_and_wrong_ones_are_not() -> None:
    """Randomised PIT share 0.88 to 0.92 on simulated histories; a Poisson law of such demand fails."""
    found = []
    for seed in (1, 2):
        whole = catalogue(n=700, weeks=160, seed=seed)
        for skipped in (0, 8):
            past, real = split(whole, 8, skipped)
            observed = real.quantity[:, :4].sum(axis=1)
            for law in ("auto", "poisson"):
                models = fit(past if law == "auto" else catalogue_as(past, law))
                judged = judge(models.world.demand, np.full(700, 4), observed)
                group = np.where(models.world.demand.mean > 1, "fast", "slow").astype(object)
                found.append(Forecasts(law, f"{seed} {real.days[0]}", "4", group, judged))
    table = calibration(found).set_index(["group", "method"])
    auto = table.loc["(all)", "auto"]
    assert 0.88 <= auto["pit_share"] <= 0.92
    assert auto["pit_share_low"] < auto["pit_share"] < auto["pit_share_high"]
    assert auto["coverage"] == pytest.approx(auto["implied"], abs=0.02)
    assert auto["exceedance"] == pytest.approx(auto["implied_exceedance"], abs=0.02)
    poisson = table.loc["(all)", "poisson"]
    assert poisson["pit_share"] < 0.85
    assert auto["log_score"] < poisson["log_score"]
    assert auto["crps"] < poisson["crps"]
    assert set(table.index.get_level_values("group")) == {"(all)", "fast", "slow"}
    assert auto["bias"] == pytest.approx(1, abs=0.05)


def catalogue_as(catalog, law):
    from dataclasses import replace

    spec = catalog.study.models.model_copy(update={"law": law})
    return replace(catalog, study=catalog.study.model_copy(update={"models": spec}))


def test_judging_equals_plain_probabilities() -> None:
    from scipy import stats

    law = DemandLaw(
        np.array([0, 1], np.int8), np.array([2.0, 3.0]), np.array([2.0, 12.0]), np.zeros(2),
        np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64),
    )  # fmt: skip
    found = judge(law, np.array([3, 3]), np.array([9, 0]))
    poisson, size = stats.poisson(6), 9 / 9
    binomial = stats.nbinom(3 * size, 3 / 12)
    assert found.upto == pytest.approx([poisson.cdf(9), binomial.cdf(0)])
    assert found.below == pytest.approx([poisson.cdf(8), 0.0], abs=1e-12)
    assert found.log_score == pytest.approx([-poisson.logpmf(9), -binomial.logpmf(0)])
    low, high = poisson.ppf(0.05), poisson.ppf(0.95)
    assert found.implied[0] == pytest.approx(poisson.cdf(high) - poisson.cdf(low - 1))
    x = np.arange(200)
    assert found.crps[0] == pytest.approx(((poisson.cdf(x) - (x >= 9)) ** 2).sum())
    assert found.mean == pytest.approx([6, 9])
