"""Scenarios of the study: changed worlds, regret, and the plan that holds up in all of them."""

import numpy as np
import pandas as pd
import pytest
from worlds.study import write_study

import simlab as sl
from simlab import api
from simlab.engine.laws.phases import plain_laws
from simlab.engine.laws.pmfs import pmf_of
from simlab.errors import InvalidInputError
from simlab.run import RunFolder
from simlab.study import Study
from simlab.verdict.stress import Change, changed, scaled

SCENARIOS = """
[scenarios]
late = { lead_time = 1.3 }
busy = { demand = 1.2 }
rough = { variance = 1.5 }
dear = { price = 1.1 }
outage = { supplier = "ACME", weeks = 3 }
"""


def study_with(folder, text):
    path = write_study(folder)
    path.write_text(path.read_text() + text)
    return path


@pytest.fixture(scope="module")
def opt(tmp_path_factory):
    data = sl.load(study_with(tmp_path_factory.mktemp("stress"), SCENARIOS))
    return sl.optimize(data, sl.segment(data), fill_rate=0.9)


def moments(law, item):
    first, share = pmf_of(law, item)
    values = first + np.arange(share.size)
    mean = (values * share).sum()
    return mean, ((values - mean) ** 2 * share).sum()


def test_changed_worlds_have_the_moments_that_were_asked_for(opt):
    world = opt.data.models.world
    busy = changed(world, Change(demand=1.2)).demand
    rough = changed(world, Change(variance=1.5)).demand
    for item in range(world.n_items):
        mean, variance = moments(world.demand, item)
        assert moments(busy, item)[0] == pytest.approx(1.2 * mean, rel=0.01)
        assert moments(rough, item)[0] == pytest.approx(mean, rel=0.01)
        if rough.true_variance[item] > mean:
            assert moments(rough, item)[1] == pytest.approx(1.5 * variance, rel=0.05)


@pytest.mark.parametrize("law", ["poisson", "negative_binomial", "intermittent", "empirical"])
def test_demand_with_a_season_is_scaled_in_every_phase_and_keeps_its_profile(law):
    """Means times 1.2 in each of twelve months, spreads with them; means stay where the variance grows."""
    world = seasonal(law, profile_by="category").models.world
    assert (world.demand.seasons.profile >= 0).all()
    base, busy, rough = (
        by_phase(one)
        for one in (world, changed(world, Change(demand=1.2)), changed(world, Change(variance=1.5)))
    )
    assert np.ptp(base[:, :, 0], axis=1).min() > 0.5
    np.testing.assert_allclose(busy[:, :, 0], 1.2 * base[:, :, 0], rtol=1e-4)
    np.testing.assert_allclose(rough[:, :, 0], base[:, :, 0], rtol=1e-4)
    spread = busy[:, :, 1] / base[:, :, 1]
    if law == "poisson":
        np.testing.assert_allclose(spread, 1.2, rtol=1e-4)
    else:
        assert 1.15 * 1.2 < spread.mean() < 1.05 * 1.44
    assert 1.3 < (rough[:, :, 1] / base[:, :, 1]).mean() < 1.7


def seasonal(law, **seasonality):
    """Ten items of two categories with a season of the year, 72 months."""
    rng = np.random.default_rng(4)
    rate = 6 * (1 + 0.7 * np.sin(2 * np.pi * np.arange(72) / 12))
    units = rng.negative_binomial(4, 4 / (4 + rate), (10, 72))
    names = [f"P{k}" for k in range(10)]
    items = pd.DataFrame({"sku": names, "location": "E", "unit_cost": 2.0, "lead_time": 30.0})
    items["category"], items["supplier"] = ["a", "b"] * 5, "ACME"
    first = np.datetime64("2018-01")
    rows = [
        (name, "E", f"{first + month}-01", int(one))
        for name, line in zip(names, units, strict=True)
        for month, one in enumerate(line)
    ]
    study = Study.default(
        period="month",
        models={"law": law, "seasonality": seasonality},
        lead_times={"law": "fixed"},
        policy={"review_period": 30.0, "targets": {}},
        segments={"by": ["category"]},
        simulation={"replications": 20, "batches": 10, "periods": 24},
        verdict={"replications": 20, "replay": False},
        optimize={"n_targets": 5, "fill_rate": 0.9},
        scenarios={"busy": {"demand": 1.3}, "rough": {"variance": 1.6}},
    )
    return sl.load_frames(
        items, pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"]), study=study
    )


def by_phase(world):
    """(n, phases, 2) mean and variance of every item in every phase, of the tables that are drawn from."""
    found = plain_laws(world.demand)
    return np.array([[moments(found.law, table) for table in line] for line in found.number.tolist()])


def test_a_study_with_a_season_runs_its_scenarios_and_its_audit_and_says_what_is_kept():
    data = seasonal("auto", profile_by="category")
    opt = sl.optimize(data)
    own = opt.stress.to_frame().query("plan == 'segmented'").set_index("scenario")["fill_rate"]
    assert own["busy"] < own["rough"] < own["as fitted"]
    said = "10 SKU-locations with a season keep its profile in scenario busy, rough"
    assert any(note.startswith(said) for note in opt.stress.notes)
    found = sl.audit(data, {"a": 0.95, "b": 0.95})
    assert any(line.startswith("10 SKU-locations with a season are audited") for line in found.statements)


def test_lead_times_are_stretched_with_their_mean(opt):
    law = opt.data.models.world.lead_time
    longer = scaled(law, 1.3)
    for item in range(opt.data.catalog.n_items):
        periods, share = law.support(item)
        stretched, other = longer.support(item)
        assert (stretched * other).sum() == pytest.approx(1.3 * (periods * share).sum(), rel=0.01)


def test_harder_worlds_serve_less_and_prices_move_money_alone(opt):
    frame = opt.stress.to_frame()
    own = frame[frame["plan"] == "segmented"].set_index("scenario")
    base = own.loc["as fitted"]
    for name in ("late", "busy", "rough", "outage"):
        assert own.loc[name, "fill_rate"] < base["fill_rate"]
    assert own.loc["dear", "fill_rate"] == base["fill_rate"]
    assert own.loc["dear", "holding_cost"] == pytest.approx(1.1 * base["holding_cost"], rel=1e-3)
    assert not base["regret"] < 0
    assert (own["least_cost"].dropna() > 0).all()


def test_the_robust_plan_reaches_the_floor_everywhere_with_the_least_regret(opt):
    robust = opt.stress.robust
    assert robust is not None
    worst = robust.regret.max()
    frame = opt.stress.to_frame()
    rows = frame[frame["plan"] == "least regret"]
    assert rows["regret"].max() == pytest.approx(worst)
    assert robust.price >= 0
    assert robust.gap == 0


def test_scenarios_without_a_reachable_floor_are_named(tmp_path):
    data = sl.load(study_with(tmp_path, "[scenarios]\nflood = { demand = 4.0 }\n"))
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.97)
    assert any("flood" in note for note in opt.stress.notes)
    assert opt.stress.robust is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("odd = {}", "changes nothing"),
        ("odd = { supplier = 'NOBODY', weeks = 2 }", "no item has supplier"),
        ("odd = { supplier = 'ACME' }", "needs a supplier and its weeks"),
        ("odd = { supplier = 'ACME', weeks = 99 }", "weeks = 99"),
    ],
)
def test_scenarios_that_make_no_sense_are_refused_before_anything_runs(tmp_path, line, said):
    with pytest.raises(InvalidInputError, match=said):
        api.run_optimize(study_with(tmp_path, f"[scenarios]\n{line}\n"))
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.pages
def test_the_run_folder_tells_of_scenarios(tmp_path):
    result = api.run_optimize(study_with(tmp_path, "[scenarios]\nlate = { lead_time = 1.3 }\n"))
    run = RunFolder.open(result.folder)
    assert set(run.read_table("stress")["scenario"]) == {"as fitted", "late"}
    assert any("Scenario 'late'" in line for line in result.statements)
    assert "otherwise" in (result.folder / "report.html").read_text(encoding="utf-8")


LIMITED = """[optimize]
floors = [{ by = "location", at_least = { EAST = 0.85 } }]
ordered = ["fast", "slow"]
"""
COUNTED = """[optimize]
objective = "total_cost"
costs = { order = 5.0, shortage_per_unit = 1.0 }
service = { measure = "fill_rate", weight = "value" }
"""
LATE = "[scenarios]\nlate = { lead_time = 1.1 }\ndear = { price = 1.2 }\n"


def optimized(folder, text, floor=0.9):
    path = write_study(folder, **{"[optimize]\n": text})
    path.write_text(path.read_text() + LATE)
    data = sl.load(path)
    return sl.optimize(data, sl.segment(data), fill_rate=floor)


def test_the_plan_of_least_regret_keeps_the_floors_and_the_order_of_the_study(tmp_path):
    """A floor of one location holds in every scenario; regret is against plans that keep it too."""
    opt = optimized(tmp_path, LIMITED, floor=0.8)
    found = opt.stress
    frame = found.to_frame()
    robust = frame[frame["plan"] == "least regret"]
    assert robust["keeps_limits"].all()
    assert (robust["regret"] >= 0).all()
    assert found.robust.plan.choice[0] >= found.robust.plan.choice[1]
    own = frame[frame["plan"] == "segmented"].set_index("scenario")
    assert own.loc["as fitted", "keeps_limits"]
    assert own.loc["as fitted", "regret"] == 0
    broken = frame[frame["keeps_limits"] == False]  # noqa: E712
    assert broken["regret"].isna().all()
    assert any("in every scenario" in note for note in found.notes)


def test_regret_is_counted_as_the_study_counts(tmp_path):
    """Least cost of the fitted world is the objective's; prices move stock, not orders or shortages."""
    opt = optimized(tmp_path, COUNTED)
    frame = opt.stress.to_frame().set_index(["scenario", "plan"])
    base = frame.loc[("as fitted", "segmented")]
    assert base["least_cost"] == pytest.approx(opt.chosen.cost_money, rel=5e-3)  # its own warm-up
    assert base["regret"] >= 0
    assert base["service"] == pytest.approx(opt.service.value, abs=2e-3)
    dear = frame.loc[("dear", "segmented")]
    assert dear["service"] == base["service"]
    more = 0.2 * base["holding_cost"]
    assert dear["objective"] - base["objective"] == pytest.approx(more, rel=1e-2)
    assert any("total relevant cost" in note for note in opt.stress.notes)
