"""Segments learned, ruled and scored from the study file: learned on one seed, sized on another."""

from __future__ import annotations

import re
import tomllib

import numpy as np
import pandas as pd
import pytest
from worlds.places import ROOT

import simlab as sl
from simlab import api
from simlab.api.learning import learning
from simlab.api.requirements.accounting import accounting
from simlab.api.simulator import simulator as references
from simlab.errors import InvalidInputError
from simlab.frontier import free_classes
from simlab.study import Study, parse_study


def shop(n=60):
    """Cheap and dear SKUs with given laws: what a unit costs is what tells them apart."""
    rng = np.random.default_rng(4)
    mean = rng.uniform(1, 12, n).round(1)
    return pd.DataFrame(
        {
            "sku": [f"S{row:03d}" for row in range(n)],
            "location": "X",
            "unit_cost": np.where(np.arange(n) % 3 == 0, 80.0, 2.0) + rng.uniform(0, 1, n).round(2),
            "price": 120.0,
            "lead_time": 14,
            "unit volume": rng.uniform(0, 1, n),
            "colour": "red",
            "size": 7.0,
            "demand_law": "poisson",
            "demand_mean": mean,
            "demand_variance": mean,
        }
    )


def study(segments, **sections):
    base = {
        "segments": segments,
        "simulation": {"periods": 40, "replications": 24, "batches": 8},
        "verdict": {"replications": 30},
        "optimize": {"n_targets": 8, "fill_rate": 0.93, "target_min": 0.5, "service": {"weight": "units"}},
    }
    return api.load_frames(shop(), study=Study.default(**{**base, **sections}))


def tables(data):
    settings = learning.Settings.of(data.study)
    return learning._grid(data, settings, accounting(data), data.study.targets(), None)


@pytest.mark.parametrize("method", ["tree", "cuts"])
def test_what_is_learned_separates_cheap_from_dear_and_beats_one_class(method):
    """The planted difference is found, the rule reproduces the classes, and the plan costs less."""
    data = study({"by": "learned", "learned": {"classes": 3, "method": method, "min_size": 8}})
    segments = sl.segment(data)
    assert segments.by == ("learned",)
    assert 2 <= segments.n_segments <= 3
    assert segments.sizes.min() >= 8
    dear = shop()["unit_cost"].to_numpy() > 50
    for code in range(segments.n_segments):
        assert dear[segments.codes == code].all() or not dear[segments.codes == code].any()
    rules = [
        {"name": name, "where": where} for name, where in re.findall(r"(L\d) where ([^;\n]+)", segments.rule)
    ]
    again = sl.segment(study({"by": "rules", "rules": rules}))
    assert again.codes.tolist() == segments.codes.tolist()
    opt = sl.optimize(data, segments, fill_rate=0.93)
    assert opt.chosen.cost < opt.solved.best_uniform.cost


def test_free_classes_cost_no_more_than_any_rule():
    """bound ≤ free plan ≤ learned scheme ≤ one class, on the sums that all were chosen on."""
    data = study({"by": "learned", "learned": {"classes": 3, "min_size": 5}})
    free = sl.segment(study({"by": "learned", "learned": {"classes": 3, "method": "free"}}))
    assert free.names == ("F1", "F2", "F3")
    search, selection = tables(data)
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.93)
    need = opt.solved.frontier.curves.needed(0.93)
    (plan,) = free_classes(search.cost, search.served, need, [3], known=[opt.solved.columns["segmented"]])
    by_free = sl.optimize(data, free, fill_rate=0.93)
    assert plan.bound <= plan.cost <= opt.chosen.cost <= opt.solved.best_uniform.cost
    assert plan.bound <= by_free.chosen.cost
    assert not np.array_equal(search.served, selection.served)


def test_learning_looks_at_search_and_selection_and_never_at_the_verdict(monkeypatch):
    """Judged on replications that neither the rule nor the number of classes has seen."""
    seeds, run = [], learning.run_curves
    monkeypatch.setattr(
        learning,
        "run_curves",
        lambda w, p, horizon, **k: seeds.append(horizon.seed) or run(w, p, horizon, **k),
    )
    data = study({"by": "learned", "learned": {"classes": 2, "min_size": 5}})
    sl.segment(data)
    settings = learning.Settings.of(data.study)
    expected = [settings.horizon(phase, 0).seed for phase in ("search", "selection")]
    assert seeds == expected
    assert settings.horizon("verdict", 0).seed not in seeds


def test_what_is_learned_follows_the_service_that_counts():
    """Fill weighted by value asks for other classes, and the rule says what it was learned for."""
    learned = {"classes": 2, "min_size": 5, "attributes": ["unit_cost"]}
    service = {"n_targets": 8, "fill_rate": 0.93, "target_min": 0.5, "service": {"weight": "value"}}
    data = study({"by": "learned", "learned": learned}, optimize=service)
    segments = sl.segment(data)
    assert "fill rate weighted by value 93.0%" in segments.rule
    assert sl.optimize(data, segments, fill_rate=0.93).chosen.fill_rate >= 0.93


def test_one_grid_is_planned_once(monkeypatch):
    """Planning is the dearest stage: what learning planned, optimising takes over."""
    calls, planned = [], references.planned
    monkeypatch.setattr(references, "planned", lambda *a: calls.append(a[2].shape) or planned(*a))
    data = study({"by": "abc"})
    grid = np.array(data.study.targets())
    first = references.plan_columns(data, grid)
    assert references.plan_columns(data, grid.copy()) is first
    assert len(calls) == 1
    assert references.plan_columns(data, grid[:3]).levels.order_up_to.shape == (60, 3)
    assert references.plan_columns(study({"by": "abc"}), grid[:3]) is not first


def test_learned_segments_multiply_with_others():
    data = study({"by": ["abc", "learned"], "learned": {"classes": 2, "min_size": 5}})
    both = sl.segment(data)
    assert both.by == ("abc", "learned")
    assert {name.split("-")[1] for name in both.names} == {"L1", "L2"}
    assert sl.segment(data, "abc").names == tuple(sorted({name.split("-")[0] for name in both.names}))


def test_check_simulates_nothing(tmp_path, monkeypatch):
    shop().to_csv(tmp_path / "items.csv", index=False)
    text = '[data.items]\npath = "items.csv"\n[segments]\nby = ["learned"]\n'
    (tmp_path / "study.toml").write_text(text)
    monkeypatch.setattr(learning, "run_curves", None)
    checked = api.check(tmp_path / "study.toml")
    assert checked.segmentation.names == ("all",)
    assert any("Learned segments (at most 4, tree)" in line for line in checked.lines)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (["weight"], "needs the numeric column 'weight'"),
        (["colour"], "needs the numeric column 'colour'"),
        (["size"], "column 'size' is 7 everywhere"),
        (["unit volume"], "column 'unit volume' cannot stand in a rule"),
    ],
)
def test_attributes_that_cannot_be_asked_about_are_refused_before_simulating(attributes, said, monkeypatch):
    monkeypatch.setattr(learning, "run_curves", None)
    with pytest.raises(InvalidInputError, match=said):
        sl.segment(study({"by": "learned", "learned": {"classes": 2, "attributes": attributes}}))


def test_more_classes_than_items_are_refused():
    with pytest.raises(InvalidInputError, match="61 classes for 60"):
        sl.segment(study({"by": "learned", "learned": {"classes": 61}}))


def test_options_of_schemes_work_from_the_study():
    """[segments.tbs], abc.measure and rules reach their schemes; a table of no scheme is refused."""
    six = [0.04, 0.07, 0.10, 0.16, 0.25, 0.38]
    assert sl.segment(study({"by": "tbs", "tbs": {"sizes": six}})).names == ("A", "B", "C", "D", "E", "F")
    volume = sl.segment(study({"by": "abc", "abc": {"measure": "volume"}}))
    assert volume.codes.tolist() != sl.segment(study({"by": "abc"})).codes.tolist()
    assert volume.codes.tolist() == sl.segment(study({"by": "abc_volume"})).codes.tolist()
    rules = [{"name": "dear", "where": "unit_cost > 50"}, {"name": "cheap", "where": "unit_cost <= 50"}]
    assert sl.segment(study({"by": "rules", "rules": rules})).sizes.tolist() == [40, 20]
    with pytest.raises(
        InvalidInputError, match=r"segments.tbz: no scheme has this name\n  did you mean 'tbs'"
    ):
        sl.segment(study({"by": "abc", "tbz": {"sizes": six}}))
    with pytest.raises(InvalidInputError, match="has no option 'size'"):
        sl.segment(study({"by": "tbs", "tbs": {"size": six}}))


def test_every_segments_option_of_the_reference_is_accepted():
    """The section as the interface shows it reads without a refusal."""
    text = """
    [data.items]
    path = "items.csv"
    [segments]
    by = ["abc", "xyz"]
    abc = { measure = "value", cuts = [0.80, 0.95] }
    xyz = { cuts = [0.5, 1.0] }
    rules = [{ name = "long-A", where = "lead_time > 30 and criticality == 'A'" }]
    learned = { classes = 4, method = "tree", attributes = ["unit_cost", "lead_time"], min_size = 20 }
    """
    assert parse_study(text).segments.learned.attributes == ("unit_cost", "lead_time")


def test_the_segments_of_the_documents_work():
    """The block that a newcomer copies: learned classes, and rules that cover every SKU-location once."""
    page = (ROOT / "docs" / "segments.md").read_text("utf-8")
    shown = tomllib.loads(page.split("```toml\n[segments]")[1].split("```")[0])
    assert sl.segment(study(shown)).by == ("learned",)
    assert set(sl.segment(study({**shown, "by": "rules"})).names) <= {"costly", "rest"}


@pytest.mark.parametrize("by", ["optimised:tbs", "tbs"])
def test_optimised_sizes_cost_no_more_than_given_ones_and_can_be_pasted_back(by):
    """Cuts of a score beat the usual shares in the sample; as thresholds they sort the same way."""
    table = {"tbs": {"sizes": "optimised"}} if by == "tbs" else {}
    data = study({"by": by, "learned": {"classes": 3, "min_size": 6}, **table})
    found = sl.segment(data)
    assert found.by == (by,)
    assert 2 <= found.n_segments <= 3
    assert found.sizes.min() >= 6
    assert "cuts on the score" in found.rule
    cuts = [float(cut) for cut in re.findall(r"[A-Z] from ([\d.e+-]+\d)", found.rule)]
    again = sl.segment(study({"by": "tbs", "tbs": {"thresholds": cuts}}))
    assert again.codes.tolist() == found.codes.tolist()
    plain = study({"by": "tbs"})
    usual = sl.optimize(plain, sl.segment(plain), fill_rate=0.93)
    assert sl.optimize(data, found, fill_rate=0.93).chosen.cost < usual.chosen.cost


def test_sizes_of_other_schemes_can_be_optimised_where_there_is_a_score(monkeypatch):
    """ABC by value and products; a scheme that has no score is refused before anything is simulated."""
    learned = {"classes": 2, "min_size": 5}
    both = sl.segment(study({"by": ["optimised:abc", "xyz"], "learned": learned}))
    assert {name[:2] for name in both.names} == {"A-", "B-"}
    assert "annual value" in both.rule
    monkeypatch.setattr(learning, "run_curves", None)
    with pytest.raises(InvalidInputError, match="'optimised:xyz': has no score to cut"):
        sl.segment(study({"by": "optimised:xyz", "learned": learned}))
    with pytest.raises(InvalidInputError, match="no scheme and no column of items is called 'optimised:tbz'"):
        sl.segment(study({"by": "optimised:tbz", "learned": learned}))
    with pytest.raises(InvalidInputError, match="61 classes for 60"):
        sl.segment(study({"by": "optimised:tbs", "learned": {"classes": 61}}))
