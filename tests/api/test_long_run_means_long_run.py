"""What is reported is the long run, however long a review period is against the counted window."""

import numpy as np
import pandas as pd
import pytest
from worlds.exact_long_run import long_run
from worlds.places import TESTS

import simlab as sl
from simlab.errors import InvalidInputError

FOUND = TESTS / "found" / "cycle-longer-than-window"


def simulated(data, replications=None):
    """Fill rate and mean stock in units by segment, each with its standard error; unit cost 10."""
    found = sl.simulate(data, sl.Policy.given(sl.segment(data)), replications=replications)
    frame = found.to_frame().set_index("segment")
    out = {}
    for name in frame.index[:-1]:
        row = frame.loc[name]
        out[name] = tuple(
            (row[key] / unit, (row[f"{key}_high"] - row[f"{key}_low"]) / unit / 3.92)
            for key, unit in (("fill_rate", 1), ("inventory_value", 10))
        )
    return out


def assert_right(found, right, name):
    for (value, error), expected in zip(found, right, strict=True):
        assert abs(value - expected) < 4 * error, (name, value, expected, error)


FOUND_ROWS = {"r182": (182, 420), "r91": (91, 250), "r365": (365, 800), "r30": (30, 130)}


def test_the_exact_values_are_those_that_were_found():
    """As written beside the files; R = 365 by another law than exp(−800), which is no number."""
    assert long_run(2, 2, 182, 35, 420) == pytest.approx((0.9531, 168.76), abs=0.005)
    assert long_run(2, 2, 91, 35, 250) == pytest.approx((0.9595, 89.41), abs=0.005)
    assert long_run(2, 2, 365, 35, 800) == pytest.approx((0.9845, 365.27), abs=0.005)
    assert long_run(2, 2, 30, 35, 130) == pytest.approx((0.9242, 30.52), abs=0.005)


@pytest.mark.parametrize("study", ["study.toml", "study_364.toml", "study_3640.toml"])
def test_cycles_longer_than_the_window_are_simulated_as_in_the_long_run(study):
    """The default window of a daily study is 364 days; half-yearly orders were read off 52 of them."""
    data = sl.load(FOUND / study)
    found = simulated(data, None if study.endswith("3640.toml") else 2000)
    for name, (review, level) in FOUND_ROWS.items():
        assert_right(found[name], long_run(2, 2, review, 35, level), name)


def made(rows, period="day", phase=None, **options):
    """Items with a law given outright and today's (R,S) levels, each its own segment."""
    frame = pd.DataFrame(
        rows, columns=["sku", "review_period", "lead_time", "demand_mean", "current_order_up_to"]
    )
    frame = frame.assign(location="W", unit_cost=10, demand_law="poisson", category=frame["sku"])
    if phase is not None:
        frame["review_phase"] = phase
    study = {"study": {"period": period}, "data": {"time_unit": "periods"}, "segments": {"by": "category"}}
    return sl.load_frames(frame, study=study | {"policy": {"family": "given"}} | options)


@pytest.mark.parametrize(
    ("period", "rows"),
    [
        ("day", [("R60", 60, 3, 0.5, 36), ("R8", 8, 0, 3.0, 26), ("R400", 400, 20, 0.3, 125)]),
        ("week", [("R8", 8, 2, 4.0, 36), ("R20", 20, 5, 1.5, 36), ("R30", 30, 0, 2.0, 58)]),
        ("month", [("R5", 5, 1, 6.0, 34), ("R7", 7, 2, 2.0, 18)]),
    ],
)
def test_reviews_that_do_not_divide_the_default_window_are_unbiased(period, rows):
    """Members of the kind: monthly and longer orders in days, 8, 20 and 30 weeks, 5 and 7 months."""
    found = simulated(made(rows, period), 2000)
    for sku, review, lead, mean, level in rows:
        assert_right(found[sku], long_run(mean, mean, review, lead, level), sku)


def test_a_given_phase_is_never_moved_and_its_window_holds_whole_cycles():
    """R = 30 over 390 days, R = 365 over 365, R = 91 over the study's 364: sums of one number of days."""
    rows = [("R30", 30, 35, 2.0, 130), ("R365", 365, 35, 2.0, 800), ("R91", 91, 35, 2.0, 250)]
    data = made(rows, phase=[7, 100, 50])
    assert data.models.world.terms.window.tolist() == [390, 365, 0]
    found = simulated(data, 2000)
    for sku, review, lead, mean, level in rows:
        assert_right(found[sku], long_run(mean, mean, review, lead, level), sku)
    assert any("whole cycles" in row.note for row in data.models.notes)


def test_sums_over_windows_of_their_own_are_exact_where_a_common_multiple_is_small():
    """R = 30 alone: 364 · 15 = 390 · 14, so that demand is 14 times that of 390 days, to the unit."""
    from dataclasses import replace

    from simlab.engine.run import simulate_items
    from simlab.policies import given_levels

    data = made([("R30", 30, 35, 2.0, 130), ("R7", 7, 35, 2.0, 90)], phase=[7, 0])
    assert data.models.window_scale == 15
    horizon = sl_horizon(data)
    levels = given_levels(data.models).levels
    world = data.models.world
    both = simulate_items(world, levels, horizon)
    first, second = np.array([0]), np.array([1])
    alone = simulate_items(world.take(first), levels.take(first), replace(horizon, periods=390, scale=1))
    other = simulate_items(world.take(second), levels.take(second), replace(horizon, scale=1))
    for name in ("demanded", "served", "on_hand", "orders", "ready"):
        assert (getattr(both, name)[0] == 14 * getattr(alone, name)[0]).all(), name
        assert (getattr(both, name)[1] == 15 * getattr(other, name)[0]).all(), name


def sl_horizon(data):
    from simlab.api.settings import Settings

    return Settings.of(data.study, window_scale=data.models.window_scale, replications=40).horizon(
        "search", 70
    )


def test_the_same_mix_costs_the_same_with_phases_given_or_drawn():
    """Budgets, holding cost, orders a year and floors speak of equal periods: optimal plans nearly agree."""
    rng = np.random.default_rng(3)
    rows = [
        (f"S{k}", r, 20, float(rng.uniform(0.5, 4)), 0) for k, r in enumerate([30, 45, 7, 60, 30, 14] * 3)
    ]
    frames = {}
    for name, phase in (("drawn", None), ("given", 2)):
        frame = pd.DataFrame(rows, columns=["sku", "review_period", "lead_time", "demand_mean", "x"]).drop(
            columns="x"
        )
        frame = frame.assign(location="W", unit_cost=10, demand_law="poisson", category=["a", "b", "c"] * 6)
        frames[name] = frame if phase is None else frame.assign(review_phase=phase)
    plans = {}
    for name, frame in frames.items():
        study = {"study": {"period": "day"}, "segments": {"by": "category"}, "verdict": {"replications": 100}}
        data = sl.load_frames(frame, study=study)
        opt = sl.optimize(data, sl.segment(data), fill_rate=0.95, replications=100)
        plans[name] = opt
        assert opt.scores("segmented").fill_rate.value == pytest.approx(0.95, abs=0.01)
    assert plans["given"].settings.window_scale == 45
    given, drawn = plans["given"].chosen, plans["drawn"].chosen
    assert given.value_money == pytest.approx(drawn.value_money, rel=0.03)
    assert given.cost_money == pytest.approx(drawn.cost_money, rel=0.03)


def test_a_given_phase_whose_cycle_exceeds_ten_years_is_refused():
    """R = 400 days under a season of 364 phases would be 36,400 days; without a season 400 are fine."""
    made([("R400", 400, 3, 1.0, 500)], phase=5)
    with pytest.raises(InvalidInputError, match="more than ten years"):
        _ = made([("R3999", 3999, 3, 1.0, 500)], phase=5).models


def test_default_windows_are_about_a_year_and_whole_weeks():
    for period, n in (("day", 364), ("week", 52), ("month", 12)):
        assert (
            sl.load_frames(
                made([("A", 1, 1, 1.0, 3)]).catalog and _items(), study={"study": {"period": period}}
            ).study.simulation.periods
            == n
        )


def _items():
    return pd.DataFrame(
        {
            "sku": ["A"],
            "location": ["W"],
            "unit_cost": [1.0],
            "lead_time": [1],
            "demand_law": ["poisson"],
            "demand_mean": [1.0],
        }
    )


def random_studies(n, seed):
    """Days: R 1 to 400, L 0 to 120, Poisson and negative binomial, levels for a fill of about 0.7 to 0.99."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        review, lead = int(rng.integers(1, 401)), int(rng.integers(0, 121))
        mean = float(np.exp(rng.uniform(np.log(0.05), np.log(8.0))))
        variance = mean * float(rng.choice([1.0, 1.0 + rng.exponential(2.0)]))
        spread = np.sqrt((review + lead) * variance)
        level = max(
            int(np.ceil((review * rng.uniform(0.75, 1.0) + lead) * mean + rng.uniform(0, 1.5) * spread)), 1
        )
        rows.append((f"S{k:03d}", review, lead, mean, variance, level))
    return rows


def check_random_studies(n, seed, replications):
    """Fill and mean stock against the closed form: within 4 standard errors, all but what chance explains."""
    rows = random_studies(n, seed)
    frame = pd.DataFrame(
        rows,
        columns=[
            "sku",
            "review_period",
            "lead_time",
            "demand_mean",
            "demand_variance",
            "current_order_up_to",
        ],
    )
    frame = frame.assign(location=frame["sku"], unit_cost=1, category=frame["sku"])
    frame["demand_law"] = np.where(
        frame["demand_variance"] > frame["demand_mean"], "negative_binomial", "poisson"
    )
    frame.loc[frame["demand_law"] == "poisson", "demand_variance"] = np.nan
    data = sl.load_frames(
        frame,
        study={"study": {"period": "day"}, "segments": {"by": "category"}, "policy": {"family": "given"}},
    )
    found = sl.simulate(data, sl.Policy.given(sl.segment(data)), replications=replications)
    sums, cells = found.sums, {name: at for at, name in enumerate(found.segmentation.names)}
    off = []
    for sku, review, lead, mean, variance, level in rows:
        at = cells[sku]
        fill, stock = long_run(mean, variance, review, lead, level)
        served, demanded = sums.served[0, at].astype(float), sums.demanded[0, at].astype(float)
        ratio = served.sum() / demanded.sum()
        error = np.sqrt(((served - ratio * demanded) ** 2).sum()) / demanded.sum()
        mean_stock = sums.stock_value[0, at] / (2 * 364 * data.study.data.cost_resolution**-1)
        stock_error = mean_stock.std(ddof=1) / np.sqrt(replications)
        off.append(((ratio - fill) / max(error, 1e-6), (mean_stock.mean() - stock) / max(stock_error, 1e-6)))
    z = np.array(off)
    assert (np.abs(z) < 4).all(), [rows[k] for k in np.flatnonzero((np.abs(z) >= 4).any(axis=1))]
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(n)


def test_random_studies_agree_with_closed_forms():
    check_random_studies(40, seed=14, replications=400)


@pytest.mark.slow
def test_three_hundred_random_studies_agree_with_closed_forms():
    check_random_studies(300, seed=15, replications=2000)
