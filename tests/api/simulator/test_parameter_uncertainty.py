"""Parameters drawn again: intervals that cover the truth where those of the plug-in law cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds.small import small_levels
from worlds.study import STUDY, write_study

import simlab as sl
from simlab.api.commands import run_optimize
from simlab.api.data.data import Data, load_frames
from simlab.api.output.statements import _redrawn_lines
from simlab.api.output.tables import segment_frame, verdict_frame
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.errors import InvalidInputError
from simlab.execution import (
    Horizon,
    PlanRequest,
    PlanSums,
    Weights,
    Workers,
    batches_of,
    run_plans,
    run_redrawn,
)
from simlab.measures import nested_variances
from simlab.models import Redraws, Uncertainty
from simlab.models.demand.redrawn import redrawn_demand
from simlab.segments import Segmentation
from simlab.study import Study

WEEKS = 26
START = np.datetime64("2022-01-03")


def truth(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance per week of n negative binomial laws."""
    mean = rng.uniform(1.0, 12.0, n)
    return mean, mean * rng.uniform(1.5, 4.0, n)


def histories(mean: np.ndarray, variance: np.ndarray, rng: np.random.Generator) -> Data:
    """Catalogue whose every item has a short history from its true law."""
    size = mean**2 / (variance - mean)
    drawn = rng.negative_binomial(size[:, None], (mean / variance)[:, None], (mean.size, WEEKS))
    names = [f"P{k:04d}" for k in range(mean.size)]
    items = pd.DataFrame({"sku": names, "location": "EAST", "unit_cost": 5.0, "lead_time": 21.0})
    dates = [str(START + 7 * week) for week in range(WEEKS)]
    rows = [
        (sku, "EAST", *cell)
        for sku, line in zip(names, drawn, strict=True)
        for cell in zip(dates, line, strict=True)
    ]
    sales = pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])
    study = Study.default(
        period="week",
        demand={"life": "window"},
        lead_times={"law": "fixed"},
        models={"law": "negative_binomial", "parameter_uncertainty": True},
        policy={"review_period": 7.0},
        simulation={"replications": 80, "batches": 20, "periods": 52},
    )
    return load_frames(items, sales, study=study)


def covered(n_items: int, per_segment: int, seed: int) -> tuple[float, float]:
    """Shares of segments whose true fill rate lies in the simulation and in the model interval."""
    rng = np.random.default_rng(seed)
    mean, variance = truth(n_items, rng)
    data = histories(mean, variance, rng)
    codes = np.arange(n_items) // per_segment
    names = tuple(f"S{code:03d}" for code in range(codes.max() + 1))
    segments = Segmentation(codes, names, "by hand", tuple((name,) for name in names), ("hand",))
    policy = sl.Policy.from_targets(segments, fill_rate=dict.fromkeys(names, 0.95))
    found = sl.simulate(data, policy)
    frame = found.to_frame().iloc[:-1]
    world = data.models.world
    kind = np.full(n_items, LawKind.NEGATIVE_BINOMIAL, np.int8)
    law: DemandLaw = replace(world.demand, kind=kind, mean=mean, variance=variance)
    horizon = replace(found.settings.horizon("verdict", found.warmup), replications=400)
    request = PlanRequest(np.zeros((n_items, 1), np.int16), codes, len(names))
    weights = Weights(data.models.costs.unit_cost, data.models.costs.holding)
    (sums,) = run_plans(replace(world, demand=law), found.planned.levels, [request], weights, horizon)
    true = sums.served[0].sum(axis=1) / sums.demanded[0].sum(axis=1)
    plain = (frame["fill_rate_low"] <= true) & (true <= frame["fill_rate_high"])
    model = (frame["fill_rate_model_low"] <= true) & (true <= frame["fill_rate_model_high"])
    return float(plain.mean()), float(model.mean())


def test_model_intervals_cover_the_truth_where_simulation_intervals_cannot() -> None:
    """Half a year of history: nominal 95 % intervals of 100 segments, short form."""
    plain, model = covered(300, 3, seed=1)
    assert plain < 0.5
    assert 0.90 <= model <= 0.99


@pytest.mark.slow
def test_coverage_of_model_intervals_at_length() -> None:
    """3,000 segments of one item and 900 of ten: python -m pytest -m slow -k coverage_of_model_intervals."""
    for per_segment, n_items in ((1, 1000), (10, 3000)):
        shares = [covered(n_items, per_segment, seed) for seed in (1, 2, 3)]
        plain, model = np.mean(shares, axis=0)
        assert plain < 0.5
        assert 0.91 <= model <= 0.99


@pytest.fixture(scope="module")
def data() -> Data:
    rng = np.random.default_rng(5)
    return histories(*truth(40, rng), rng)


def sums_of(data: Data, rows: np.ndarray, known: Uncertainty, workers: Workers) -> PlanSums:
    """Sums of one plan over some items with redrawn parameters."""
    world = data.models.world.take(rows)
    redraws = Redraws(known.take(rows), data.models.redraws.seed)
    horizon = Horizon(periods=20, warmup=4, replications=14, slots=14, seed=3)
    request = PlanRequest(np.zeros((rows.size, 1), np.int16), np.zeros(rows.size, np.int64), 1)
    weights = Weights(data.models.costs.unit_cost[rows], data.models.costs.holding[rows])
    levels = small_levels(world, 1)
    batch = batches_of(14, 4)
    (found,) = run_redrawn(world, redraws, levels, [request], weights, horizon, batch, workers=workers)
    return found


def test_draws_do_not_depend_on_rows_blocks_or_workers(data: Data) -> None:
    """Rows in another order, smaller blocks and two threads give the same integers."""
    known = data.models.redraws.known
    rows = np.arange(40)
    first = sums_of(data, rows, known, Workers(1, 512))
    again = sums_of(data, rows[::-1].copy(), known, Workers(2, 7))
    assert first.served.tolist() == again.served.tolist()
    assert first.stock_value.tolist() == again.stock_value.tolist()


def test_without_uncertainty_every_replication_is_that_of_the_plug_in_run(data: Data) -> None:
    """Laws that are given are not redrawn: batches of unequal size still hold the very same paths."""
    rows = np.arange(40)
    known = replace(data.models.redraws.known, n_observed=np.zeros(40, np.int64))
    found = sums_of(data, rows, known, Workers(1, 16))
    world = data.models.world
    horizon = Horizon(periods=20, warmup=4, replications=14, slots=14, seed=3)
    request = PlanRequest(np.zeros((40, 1), np.int16), np.zeros(40, np.int64), 1)
    weights = Weights(data.models.costs.unit_cost, data.models.costs.holding)
    (plain,) = run_plans(world, small_levels(world, 1), [request], weights, horizon)
    assert found.demanded.tolist() == plain.demanded.tolist()
    assert found.served.tolist() == plain.served.tolist()
    assert found.holding.tolist() == plain.holding.tolist()


def test_draws_have_the_fitted_mean_and_the_variance_of_a_mean(data: Data) -> None:
    """400 draws: the mean of the means within 4 standard errors, their variance that of n periods."""
    law, redraws, keys = data.models.world.demand, data.models.redraws, data.models.world.keys
    draws = [redrawn_demand(law, redraws.known, keys, redraws.seed, number) for number in range(400)]
    means = np.array([one.mean for one in draws])
    error = np.sqrt(law.variance / WEEKS)
    assert (np.abs(means.mean(axis=0) - law.mean) < 4 * error / np.sqrt(400)).all()
    assert np.median(means.std(axis=0) / error) == pytest.approx(1.0, abs=0.06)


def test_empirical_and_poisson_laws_are_redrawn_in_their_own_way(data: Data) -> None:
    """Bayesian bootstrap keeps the values seen; Poisson stays Poisson; nothing else moves."""
    n = 3
    kind = np.array([LawKind.EMPIRICAL, LawKind.POISSON, LawKind.EMPIRICAL], np.int8)
    law = DemandLaw(
        kind,
        np.array([2.0, 4.0, 0.0]),
        np.array([6.0, 4.0, 0.0]),
        np.zeros(n),
        np.array([0, 0, 3]),
        np.array([3, 0, 1]),
        np.array([0, 2, 6, 0]),
        np.array([10, 10, 5, 30]),
    )
    seen, positive = np.array([25, 30, 30]), np.array([15, 29, 0])
    known = Uncertainty(seen, positive, np.full(n, 0.5), np.zeros(n, bool))
    keys = data.models.world.keys[:n]
    draws = [redrawn_demand(law, known, keys, 7, number) for number in range(300)]
    assert all(one.kind.tolist() == kind.tolist() for one in draws)
    assert all(one.values.tolist() == law.values.tolist() for one in draws)
    means = np.array([one.mean for one in draws])
    assert means[:, 0].mean() == pytest.approx(2.0, abs=0.12)
    assert means[:, 0].std() == pytest.approx(np.sqrt(law.variance[0] / 26), rel=0.25)
    assert means[:, 1].std() == pytest.approx(np.sqrt(4 / 30), rel=0.15)
    assert (means[:, 2] == 0).all()


def test_variance_is_split_into_draws_and_chance() -> None:
    """Known variances between (4) and within (9 over 30 replications) come back."""
    rng = np.random.default_rng(2)
    batch = np.repeat(np.arange(400), 30)
    values = rng.normal(0, 2, 400)[batch] + rng.normal(0, 3, batch.size)
    found = nested_variances(values, None, batch)
    assert found.model == pytest.approx(4.0, rel=0.15)
    assert found.simulation == pytest.approx(9 / 30, rel=0.05)


WITH = STUDY + "\n[models]\nparameter_uncertainty = true\n"


def test_both_intervals_stand_side_by_side(tmp_path) -> None:
    """optimize: the verdict gets columns and sentences of both kinds, all else stays to the last bit."""
    (tmp_path / "plain").mkdir()
    found = {}
    for name, text in (("with", WITH), ("plain", STUDY)):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        loaded = sl.load(write_study(folder, text))
        found[name] = sl.optimize(loaded, sl.segment(loaded))
    frame, before = (segment_frame(found[name]) for name in ("with", "plain"))
    fresh = frame[frame["sample"] == "verdict"]
    assert fresh["fill_rate_model_low"].notna().all()
    assert frame[frame["sample"] == "search"]["fill_rate_model_low"].isna().all()
    chosen = fresh[fresh["plan"] == "segmented"]
    wider = chosen["fill_rate_model_high"] - chosen["fill_rate_model_low"]
    assert (wider > chosen["fill_rate_high"] - chosen["fill_rate_low"]).all()
    assert "difference_model_low" in verdict_frame(found["with"])
    assert any("model interval" in text for text in _redrawn_lines(found["with"]))
    assert not [name for name in before if "_model" in name]
    pd.testing.assert_frame_equal(before, frame[list(before)])
    pd.testing.assert_frame_equal(
        verdict_frame(found["plain"]), verdict_frame(found["with"])[list(verdict_frame(found["plain"]))]
    )


@pytest.mark.slow
@pytest.mark.pages
def test_the_report_shows_both_intervals(tmp_path) -> None:
    """From study to page: python -m pytest -m slow -k shows_both_intervals."""
    result = run_optimize(write_study(tmp_path, WITH), tmp_path / "run")
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert page.count('<span class="span">model ') >= 6
    assert "marked “model”" in page


def test_commands_that_would_leave_it_out_say_so(data: Data) -> None:
    """compare and audit take the fitted parameters as true, and refuse."""
    for command in (sl.compare, sl.audit):
        with pytest.raises(InvalidInputError, match="parameter_uncertainty"):
            command(data)
