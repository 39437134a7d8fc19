"""Rivals keep the limits of the study too, or their row says that they do not."""

import numpy as np
from worlds.limits import run

from simlab.api.output.statements import _notes
from simlab.api.output.tables import verdict_frame


def test_without_limits_nothing_is_said_and_every_uniform_target_counts():
    opt = run({"fill_rate": 0.9})
    assert opt.solved.rivals == {}
    assert opt.solved.uniform_keeps.all()
    assert opt.solved.comparable(opt.verdict) is opt.verdict
    assert (verdict_frame(opt)["limits"] == "").all()


def test_uniform_targets_that_break_a_limit_are_not_compared_with():
    """At equal fill the plan would otherwise be measured against plans that the study forbids."""
    opt = run({"fill_rate": 0.8, "floors": [{"by": "location", "at_least": {"EAST": 0.95}}]}, n_targets=8)
    keeps = opt.solved.uniform_keeps
    assert keeps.any()
    assert not keeps.all()
    limit = opt.solved.problem.limits[0]
    for point, keep in enumerate(keeps):
        assert limit.met(opt.solved.uniform.choice[point].astype(np.int64)) == keep
    kept = opt.solved.comparable(opt.verdict)["frontier:uniform"]
    assert kept.n_plans == keeps.sum()
    row = verdict_frame(opt).set_index("comparison").loc["segmented vs uniform"]
    assert (
        row["limits"]
        == f"compared over the {keeps.sum()} of {keeps.size} uniform targets that keep the same limits"
    )
    fills = kept.served[:, 0].sum(axis=-1) / kept.demanded[0, 0].sum()
    if not fills.min() <= row["at_fill"] <= fills.max():
        assert np.isnan(row["difference"])
    rows = verdict_frame(opt).set_index("comparison")["limits"]
    assert "not asked of it" in rows["segmented vs per_sku"]
    assert "not asked of it" in rows["segmented vs habit"]
    assert any("best uniform target: compared over" in line for line in _notes(opt))


def test_the_best_uniform_target_keeps_chance_limits():
    opt = run({"fill_rate": 0.85, "chance": [{"at_least": 0.93, "probability": 0.8}]}, n_targets=8)
    assert all(one.met(opt.solved.best_uniform.choice) for one in opt.solved.choosing.chances)


def test_per_sku_plans_keep_pins_and_ranges_of_their_segments():
    """Else the price of segmentation would count what only the pin costs."""
    asked = {
        "fill_rate": 0.85,
        "target_ranges": [{"segment": "slow", "at_least": 0.9}],
        "pinned": [{"sku": "P-1001", "location": "EAST", "target": 0.6}],
    }
    opt = run(asked, n_targets=6)
    targets, slow = np.array(opt.targets), opt.segmentation.names.index("slow")
    pinned = opt.rules.items
    free = np.setdiff1d(np.flatnonzero(opt.segmentation.codes == slow), pinned)
    for choice in (opt.solved.items.choice, opt.solved.columns["per_sku"][None]):
        assert (targets[choice[:, free]] >= 0.9).all()
        assert (targets[choice[:, pinned]] == 0.6).all()
    per_sku = opt.solved.per_sku
    again = opt.search["per_sku"]
    assert (int(again.cost.sum()), int(again.good.sum())) == (per_sku.cost, per_sku.served)
    assert per_sku.cost <= opt.chosen.cost
    assert opt.solved.rivals["per_sku"] == "keeps pins and target ranges"


def test_per_sku_plans_keep_pinned_sku_locations_where_segments_are_free():
    """A pinned item's sums are the same in every column: the first one must not stand for it."""
    opt = run(
        {"fill_rate": 0.85, "pinned": [{"sku": "P-1001", "location": "EAST", "target": 0.95}]}, n_targets=6
    )
    pinned, targets = opt.rules.items, np.array(opt.targets)
    assert (targets[opt.solved.items.choice[:, pinned]] == 0.95).all()
    assert (targets[opt.solved.columns["per_sku"][pinned]] == 0.95).all()
    again = opt.search["per_sku"]
    assert (int(again.cost.sum()), int(again.good.sum())) == (
        opt.solved.per_sku.cost,
        opt.solved.per_sku.served,
    )


def test_the_bound_per_sku_sees_floors_of_groups():
    """It lies between the bound that sees the floor alone and the plan, which keeps the limits too."""
    asked = {"fill_rate": 0.8, "floors": [{"by": "supplier", "at_least": {"CORE": 0.97}}]}
    opt = run(asked, n_targets=8)
    found = opt.bounds()
    assert found.grid * (1 - 1e-6) <= found.limited <= found.plan
    assert found.limited > 1.01 * found.grid
    assert np.isnan(run({"fill_rate": 0.9}).bounds().limited)
