"""A floor that holds: lower limits on the selection seed, simultaneous over plans tried and floors."""

import numpy as np
import pytest
from worlds.limits import run

from simlab.frontier.bounds.noise import joint_level

FLOOR = {"fill_rate": 0.9}


@pytest.fixture(scope="module")
def surely():
    return run(FLOOR | {"choose": "lower_bound"}, n_targets=8)


def test_in_every_weight_the_lower_bound_meets_the_floor_of_that_weight():
    for weight in ("value", "margin", "items"):
        opt = run(FLOOR | {"choose": "lower_bound", "service": {"weight": weight}}, n_targets=8)
        assert opt.solved.choosing.lower_bound >= 0.9
        assert opt.accounting.keys["weight"] == weight


def test_a_floor_of_a_segment_is_judged_too_and_one_across_segments_is_named():
    floors = [{"by": "segment", "at_least": {"slow": 0.93}}, {"by": "location", "at_least": {"EAST": 0.5}}]
    asked = {"fill_rate": 0.85, "floors": floors}
    opt = run(asked | {"choose": "lower_bound"}, n_targets=8)
    cells = opt.solved.choosing.selection["cells:segments"]
    at = opt.segmentation.names.index("slow")
    served = cells.served[opt.chosen.choice[at], at].sum() / cells.demanded[0, at].sum()
    assert served > 0.93
    assert opt.chosen.cost >= run(asked, n_targets=8).chosen.cost
    note = next(note for note in opt.solved.notes if "selection seed" in note)
    assert "1 further floor" in note
    assert "location EAST" in note


def test_auto_takes_it_where_it_is_cheap_and_says_the_price_and_names_it_where_it_is_not(monkeypatch):
    plain = run(FLOOR | {"choose": "in_sample"}, n_targets=12)
    surely = run(FLOOR | {"choose": "lower_bound"}, n_targets=12)
    assert surely.chosen.cost > plain.chosen.cost
    monkeypatch.setattr("simlab.api.plans.choosing.SMALL", 10.0)
    opt = run(FLOOR | {"choose": "auto"}, n_targets=12)
    assert opt.chosen.cost == surely.chosen.cost
    assert any("margin for chance costs" in note for note in opt.solved.notes)
    monkeypatch.setattr("simlab.api.plans.choosing.SMALL", -1.0)
    opt = run(FLOOR | {"choose": "auto"}, n_targets=12)
    assert opt.chosen.cost == plain.chosen.cost
    assert any('choose = "lower_bound" takes it' in note for note in opt.solved.notes)


def test_auto_falls_back_where_no_plan_surely_meets_the_floor():
    highest = run(FLOOR, n_targets=8).frontier.fill_rate[-1]
    opt = run({"fill_rate": float(np.floor(highest * 1e6) / 1e6), "choose": "auto"}, n_targets=8)
    assert any("without a margin for chance" in note for note in opt.solved.notes)


def test_limits_that_hold_together_are_as_often_right_as_they_say():
    """40 ratios of different noise, 60 replications: all inside at once in about 95 % of trials."""
    from simlab.measures import ratio_interval

    rng, inside, trials = np.random.default_rng(1), 0, 100
    truth = np.linspace(0.6, 0.9, 40)[:, None]
    for _ in range(trials):
        whole = np.full(60, 1000.0)
        part = np.clip(truth * 1000 + rng.normal(0, 40, (40, 60)), 0, 1000)
        level = joint_level([(part[:20], whole), (part[20:], whole)], 0.95, draws=1000)
        found = ratio_interval(part, whole, level)
        inside += bool(((found.low <= truth[:, 0]) & (truth[:, 0] <= found.high)).all())
    assert 0.90 <= inside / trials <= 0.99


def test_one_plan_alone_keeps_about_the_usual_level():
    rng = np.random.default_rng(2)
    part = 900 + rng.normal(0, 20, (1, 200))
    assert joint_level([(part, np.full(200, 1000.0))], 0.95) == pytest.approx(0.95, abs=0.01)
