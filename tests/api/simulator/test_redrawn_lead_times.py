"""Lead times drawn again: model intervals that cover the truth where few receipts tell it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.assumptions import assumptions
from simlab.api.data.data import Data, load_frames
from simlab.engine.world.world import LeadTimeLaw
from simlab.execution import PlanRequest, Weights, run_plans
from simlab.models.suppliers.lead_times import moments
from simlab.segments import Segmentation
from simlab.study import Study

START = np.datetime64("2024-01-01")
PER_SUPPLIER = 3


def truth(n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Chances of 7, 14 … 63 days for each of n suppliers."""
    return [rng.dirichlet(np.array([1, 3, 5, 5, 3, 2, 1, 1, 1]) / 2) for _ in range(n)]


def receipts(laws: list[np.ndarray], n: int, rng: np.random.Generator) -> pd.DataFrame:
    """n orders at every supplier, a week apart."""
    rows = [
        (f"V{k:03d}", START + 7 * j, START + 7 * j + 7 * (1 + int(rng.choice(9, p=law))), 10)
        for k, law in enumerate(laws)
        for j in range(n)
    ]
    table = pd.DataFrame(rows, columns=["supplier", "order_date", "receipt_date", "quantity"])
    return table.astype({"order_date": str, "receipt_date": str})


def load(table: pd.DataFrame, n_suppliers: int, **lead_times: object) -> Data:
    """Poisson demand as stated, so that receipts alone leave anything open."""
    n = n_suppliers * PER_SUPPLIER
    items = pd.DataFrame(
        {
            "sku": [f"P{k:04d}" for k in range(n)],
            "location": "EAST",
            "unit_cost": 5.0,
            "supplier": [f"V{k // PER_SUPPLIER:03d}" for k in range(n)],
            "demand_law": "poisson",
            "demand_mean": 5.0 + np.arange(n) % 4,
        }
    )
    study = Study.default(
        period="week",
        lead_times={"crossing": False, **lead_times},
        models={"parameter_uncertainty": True},
        policy={"review_period": 7.0},
        simulation={"replications": 80, "batches": 20, "periods": 52},
    )
    return load_frames(items, study=study, receipts=table)


def covered(n_suppliers: int, n_receipts: int, seed: int, **lead_times: object) -> tuple[float, float]:
    """Shares of suppliers whose true fill rate lies in the simulation and in the model interval."""
    rng = np.random.default_rng(seed)
    laws = truth(n_suppliers, rng)
    data = load(receipts(laws, n_receipts, rng), n_suppliers, **lead_times)
    codes = np.arange(data.catalog.n_items) // PER_SUPPLIER
    names = tuple(f"S{code:03d}" for code in range(n_suppliers))
    segments = Segmentation(codes, names, "by hand", tuple((name,) for name in names), ("hand",))
    found = sl.simulate(data, sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(names, 0.95)))
    frame = found.to_frame().iloc[:-1]
    points = np.tile(np.arange(1, 10), n_suppliers)
    weights = np.rint(np.concatenate(laws) * 1e6).astype(np.int64)
    number = np.arange(n_suppliers)
    real = LeadTimeLaw(codes, 9 * number, np.full(n_suppliers, 9), points, weights, False)
    horizon = replace(found.settings.horizon("verdict", found.warmup), replications=400)
    request = PlanRequest(np.zeros((codes.size, 1), np.int16), codes, n_suppliers)
    costs = Weights(data.models.costs.unit_cost, data.models.costs.holding)
    world = replace(data.models.world, lead_time=real)
    (sums,) = run_plans(world, found.planned.levels, [request], costs, horizon)
    true = sums.served[0].sum(axis=1) / sums.demanded[0].sum(axis=1)
    plain = (frame["fill_rate_low"] <= true) & (true <= frame["fill_rate_high"])
    model = (frame["fill_rate_model_low"] <= true) & (true <= frame["fill_rate_model_high"])
    return float(plain.mean()), float(model.mean())


def test_model_intervals_cover_what_a_dozen_receipts_leave_open() -> None:
    """Nominal 95 % intervals of 60 suppliers with 12 receipts each."""
    plain, model = covered(60, 12, seed=3)
    assert plain < 0.3
    assert 0.88 <= model <= 1.0


@pytest.mark.slow
def test_coverage_of_redrawn_lead_times_at_length() -> None:
    """Receipts of its own (8, 12, 30) or borrowed (4): pytest -m slow -k redrawn_lead_times_at_length."""
    for n_receipts in (4, 8, 12, 30):
        shares = [covered(60, n_receipts, seed) for seed in (3, 4, 5, 6, 7)]
        plain, model = np.mean(shares, axis=0)
        assert plain < 0.3
        assert 0.90 <= model <= 0.99


@pytest.fixture(scope="module")
def data() -> Data:
    """Eight suppliers: six with 12 receipts, one with 3 that borrows, one that never delivered."""
    rng = np.random.default_rng(8)
    laws = truth(7, rng)
    table = pd.concat([receipts(laws[:6], 12, rng), receipts(laws[6:], 3, rng).assign(supplier="V006")])
    return load(table, 8)


def drawn(data: Data, n: int = 200) -> list[LeadTimeLaw]:
    redraws, law = data.models.redraws, data.models.world.lead_time
    return [redraws.delays.draw(law, redraws.seed, number) for number in range(n)]


def test_draws_have_the_fitted_mean_and_vary_with_the_receipts_behind(data: Data) -> None:
    """Own receipts: the spread of a mean of 12 + 2; borrowed: at least that of min_receipts = 8."""
    mean, variance = data.models.lead_time_moments
    means = np.array([moments(law)[0] for law in drawn(data)])
    items = np.arange(0, 24, PER_SUPPLIER)
    spread = means.std(axis=0)[items]
    own, borrowed = items[:6], items[6:]
    assert spread[:6] == pytest.approx(np.sqrt(variance[own] / 15), rel=0.3)
    assert spread[6:] == pytest.approx(np.sqrt(variance[borrowed] / 9), rel=0.3)
    error = np.sqrt(variance[borrowed] / 9 / 200)
    assert (np.abs(means.mean(axis=0)[borrowed] - mean[borrowed]) < 4 * error).all()
    pull = (12 * mean[own] + 2 * mean[borrowed[0]]) / 14
    assert (np.abs(means.mean(axis=0)[own] - pull) < 4 * np.sqrt(variance[own] / 15 / 200)).all()


def test_items_of_a_supplier_share_its_draw_and_nothing_else_moves_it(data: Data) -> None:
    """One law per supplier and draw, whatever items are asked for, and in whatever order."""
    delays, law = data.models.redraws.delays, data.models.world.lead_time
    whole = delays.draw(law, 7, 3)
    rows = np.array([20, 1, 4, 3])
    some = delays.take(rows).draw(law.take(rows), 7, 3)
    assert delays.take(rows).parent.size < delays.parent.size
    for place, row in enumerate(rows.tolist()):
        for mine, other in zip(some.support(place), whole.support(row), strict=True):
            assert mine.tolist() == other.tolist()
    assert whole.law[3] == whole.law[4]
    assert whole.law[18] != whole.law[21]
    number = np.repeat(np.arange(whole.start.size), whole.length)
    assert (np.diff(whole.periods)[np.diff(number) == 0] > 0).all()


def test_groups_within_a_supplier_are_drawn_around_it() -> None:
    """Five receipts by air stay near the supplier's 30 (8 receipts' worth of them are borrowed)."""
    rng = np.random.default_rng(4)
    table = receipts(truth(1, rng), 35, rng)
    table["sku"] = np.where(np.arange(35) % 7 == 0, "P0000", "P0001")
    data = load(table, 1, by=["supplier", "sku"])
    delays = data.models.redraws.delays
    assert sorted(delays.borrowed.tolist()) == [0.0, 8.0, 8.0]
    mean, variance = data.models.lead_time_moments
    means = np.array([moments(law)[0] for law in drawn(data)])
    wide = np.sqrt(variance[0] / 14 * (1 + 8 / 14 * 14 / 36))
    assert means[:, 0].std() == pytest.approx(wide, rel=0.25)
    assert means[:, 0].mean() == pytest.approx(mean[0], abs=4 * wide / np.sqrt(200))


def test_stated_lead_times_say_that_nothing_is_drawn_again() -> None:
    """With demand fitted and lead times stated the model interval is that of demand alone, and says so."""
    rng = np.random.default_rng(1)
    items = pd.DataFrame({"sku": ["A", "B"], "location": "X", "unit_cost": 1.0, "lead_time": [14.0, 7.0]})
    dates = [str(START + 7 * week) for week in range(30)]
    rows = [(sku, "X", date, int(rng.poisson(4))) for sku in ("A", "B") for date in dates]
    sales = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    study = Study.default(period="week", models={"parameter_uncertainty": True})
    found = load_frames(items, sales, study=study)
    assert found.models.redraws.delays is None
    assert any("Of lead times nothing is drawn again: they are stated" in line for line in assumptions(found))


def test_receipts_behind_the_draws_are_counted_in_words(data: Data) -> None:
    lines = assumptions(data)
    assert any("Lead times are drawn again from 75 receipts (Bayesian bootstrap)" in line for line in lines)
    assert any("as 8 receipts would leave open at least" in line for line in lines)
