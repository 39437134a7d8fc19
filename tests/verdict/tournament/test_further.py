"""Simultaneous factors, stability, numbers of classes, and definitions of service."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.tournament import arena, by_cost, by_lot, entrants, ids, sample

from simlab.measures import t_quantile
from simlab.verdict.tournament import Multiple, hold
from simlab.verdict.tournament.classes import class_rows, options_for
from simlab.verdict.tournament.service import beside, definitions, regret_matrix
from simlab.verdict.tournament.stability import catalogue_costs, stability


@pytest.fixture(scope="module")
def ring():
    return arena()


@pytest.fixture(scope="module")
def held(ring):
    return hold(ring, entrants(ring), ids(ring.n_items), level=0.95, n_controls=0)


def readings(rng, truth, b=25, spread=1.0):
    """Means of b batches and their leave-one-out means."""
    batches = truth[:, None] + spread * rng.standard_normal((truth.size, b))
    total = batches.sum(axis=1)
    return Multiple(total / b, (total[:, None] - batches) / (b - 1), 0.95)


@pytest.mark.parametrize("b", [4, 25])
def test_two_schemes_need_the_factor_of_one_t_interval(b):
    """With one pair nothing is simultaneous; four batches leave three degrees of freedom."""
    many = readings(np.random.default_rng(1), np.zeros(2), b)
    assert many.factor == pytest.approx(t_quantile(0.975, b - 1), rel=0.03)
    again = np.zeros((2, 3)) + many.value[:, None] + np.array([[1.0, -2.0, 1.0], [0.0, 0.5, -0.5]])
    fewer = replace(many, again=again)  # three choices: the less known part decides
    assert fewer.factor == pytest.approx(t_quantile(0.975, 2), rel=0.05)


def test_all_pairs_and_the_best_are_covered_together():
    """Both statements hold in about 95 of 100 samples, for all schemes at once."""
    rng = np.random.default_rng(2)
    truth = np.array([0.0, 0.0, 0.1, 0.4, 1.0])
    excess = truth - np.array([np.delete(truth, i).min() for i in range(5)])
    pairs = best = 0
    for _ in range(120):
        many = readings(rng, truth)
        ends = [many.difference(i, j) for i in range(5) for j in range(i)]
        gaps = [truth[i] - truth[j] for i in range(5) for j in range(i)]
        pairs += all(one.low <= gap <= one.high for one, gap in zip(ends, gaps, strict=True))
        low, high = many.with_best
        best += bool(((low <= excess) & (excess <= high)).all())
    assert pairs >= 107  # of 120 at 95 %: more than three standard errors below
    assert best >= 107


def test_nothing_called_different_changes_sign_on_other_seeds(ring, held):
    """Ranks on further seeds and resampled catalogues; those that lose significance are listed."""
    further = [(seed, arena(1).search, fresh(seed)) for seed in (11, 12)]
    found = stability(held, further, np.arange(ring.n_items), n_catalogues=5)
    assert found.names == held.names
    assert found.seeds == (11, 12)
    assert found.seed_ranks.shape == (2, 4)
    assert found.catalogue_ranks.shape == (5, 4)
    assert found.reversed_pairs == ()
    assert (found.seed_ranks[:, held.names.index("cost 4")] == 1).all()


def fresh(seed):
    """Another verdict seed of the world of `arena(1)`."""
    rng = np.random.default_rng(1)
    size = rng.lognormal(2, 1, 60)
    rng.lognormal(2, 1, 60)
    spread = rng.uniform(0.5, 2, 60)
    return sample(np.random.default_rng(seed), size, spread)


def test_a_sign_that_changes_is_reported(ring, held):
    """Planted: on the further seed the SKU-locations that were cheap to stock are dear."""
    factor = (np.median(ring.unit_cost) / ring.unit_cost)[:, None, None] ** 2
    turned = replace(ring.verdict, stock=np.rint(ring.verdict.stock * factor).astype(np.int64))
    found = stability(held, [(9, ring.search, turned)], np.arange(ring.n_items), n_catalogues=1)
    assert ("cost 4", "lot 3") in found.reversed_pairs
    assert not any(pair[:2] in found.reversed_pairs for pair in found.lost_pairs)


def test_resampled_catalogues_do_not_depend_on_the_order_of_rows(ring):
    """The draw depends on the SKU-locations' ids, through `order`."""
    same = catalogue_costs(ring, entrants(ring), np.arange(ring.n_items), 2)
    again = catalogue_costs(ring, entrants(ring), np.arange(ring.n_items), 2)
    assert np.array_equal(same, again)
    assert not np.allclose(same[0], same[1])


def test_more_classes_of_lots_gain_nothing_on_fresh_seeds(ring):
    """Over-segmentation: by cost the second class pays; by lot the gain is small or vanishes."""
    selection = arena(1).verdict
    per_sku = ring.enter_per_item("per SKU", ring.per_item())
    by_k = {k: by_cost(ring, k) for k in (1, 2, 3)}
    rows = list(class_rows(ring, selection, per_sku, "cost", by_k, rule_cost=0.0, level=0.95))
    assert [row.k for row in rows] == [1, 2, 3]
    assert rows[1].gain.low > 0.01
    assert not rows[1].vanishes
    assert sum(row.recommended for row in rows) == 1
    assert all(row.price.value > 0 for row in rows)
    costly = list(class_rows(ring, selection, per_sku, "cost", by_k, rule_cost=1e9, level=0.95))
    assert [row.recommended for row in costly] == [True, False, False]
    lots = {k: by_lot(ring, k) for k in (1, 2, 3)}
    drawn = list(class_rows(ring, selection, per_sku, "lot", lots, rule_cost=0.0, level=0.95))
    assert drawn[1].gain.value < rows[1].gain.value


def test_schemes_scale_to_a_number_of_classes():
    """Published class sizes are met at three and at six."""
    cv = np.linspace(0.1, 3, 50)
    assert options_for("tbs", 3, cv)["sizes"] == pytest.approx((0.2, 0.3, 0.5), abs=0.02)
    assert options_for("tbs", 6, cv)["sizes"] == pytest.approx((0.04, 0.07, 0.1, 0.16, 0.25, 0.38), abs=0.01)
    assert options_for("abc", 3, cv)["cuts"] == pytest.approx((0.8, 0.95))
    assert len(options_for("xyz", 4, cv)["cuts"]) == 3
    assert options_for("kmeans", 5, cv) == {"classes": 5}
    assert options_for("adi_cv2", 5, cv) is None
    assert options_for("a column", 5, cv) is None


def test_every_definition_is_served_best_by_its_own_plan(ring):
    """The diagonal of the regret matrix is nothing; the rest is mostly a loss."""
    margin = 200 + ring.unit_cost
    services = definitions(ring.unit_cost, margin, np.linspace(0.1, 1, ring.n_items))
    assert len(services) == 6
    assert len(definitions(ring.unit_cost)) == 4
    assert len(definitions(0 * ring.unit_cost, items=margin)) == 4  # nothing has a value
    segmentation = by_cost(ring, 3)
    found = regret_matrix(ring, segmentation.codes, segmentation.names, services, 0.95)
    assert len(found) == 36
    for one in found:
        if one.made_for == one.judged_by:
            assert one.regret.value == pytest.approx(0, abs=0.01)
            assert one.achieved.value == pytest.approx(ring.fills[0], abs=0.06)
    others = [one.regret.value for one in found if one.made_for != one.judged_by]
    assert np.nanmax(others) > 0.005
    assert np.nanmin(others) > -0.03


def test_plans_are_read_by_other_weights_as_they_stand(ring, held):
    """Against sums and a linear reading of our own, scheme by scheme; the deciding weight chose the plans."""
    value = definitions(ring.unit_cost)[1]
    found = {one.scheme: one for one in beside(held, [value])}
    assert set(found) == set(held.entries)
    scale = ring.cost_resolution / 100 / (2 * ring.verdict.exposure * ring.verdict.n_batches)
    whole = float((ring.verdict.demanded.sum(axis=1) * ring.unit_cost).sum())

    def plan(codes, choice):
        rows = np.arange(ring.n_items)
        served, stock = (
            t[rows, choice[codes]].sum(axis=1) for t in (ring.verdict.served, ring.verdict.stock)
        )
        return float((served * ring.unit_cost).sum()) / whole, float((stock * ring.holding).sum()) * scale

    codes = {one.name: one.segmentation.codes for one in held.entrants}
    one_class = np.zeros(ring.n_items, dtype=np.int64)
    at, cost = plan(one_class, held.entries[held.names[-1]].asked[held.fill])
    for name, entry in held.entries.items():
        mine = codes.get(name, one_class)
        assert found[name].achieved.value == pytest.approx(plan(mine, entry.asked[held.fill])[0])
        points = sorted(plan(mine, choice) for choice in entry.choice.astype(np.int64))
        kept = [p for p in points if not any(q[0] >= p[0] and q[1] < p[1] for q in points)]
        own = float(np.interp(at, *zip(*kept, strict=True)))
        assert found[name].percent.value == pytest.approx(own / cost - 1, abs=2e-3)
        assert found[name].percent.low <= found[name].percent.value <= found[name].percent.high


def test_cycles_that_move_with_the_target_are_optimised_level_by_level(ring):
    """Where the receipts themselves depend on the level, the ratio is met by one solve per floor."""
    moving = replace(
        ring,
        search=replace(ring.search, receipts=np.repeat(ring.search.receipts, 8, axis=1)),
        verdict=replace(ring.verdict, receipts=np.repeat(ring.verdict.receipts, 8, axis=1)),
    )
    cycle = next(one for one in definitions(ring.unit_cost) if one.part == "good_receipts")
    segmentation = by_cost(ring, 3)
    fixed, ratio = (
        replace(one, service=cycle).enter("x", segmentation.codes, segmentation.names)
        for one in (ring, moving)
    )
    for fill in ring.fills:
        assert ratio.search_cost[fill] == pytest.approx(fixed.search_cost[fill])
        assert ratio.cost_at(fill).value == pytest.approx(fixed.cost_at(fill).value, rel=0.03)


def test_intervals_cover_the_choice_of_plans_too():
    """Redrawn searches add spread, and a redraw that changes nothing reads the scheme's own cost."""
    ring = arena(noise=0.6, k=20)
    segmentation = by_cost(ring, 3)
    full = ring.enter("x", segmentation.codes, segmentation.names)
    fixed = replace(ring, redraw=False).enter("x", segmentation.codes, segmentation.names)
    for fill in ring.fills:
        wide, narrow = (one.cost_at(fill).estimate(0.95) for one in (full, fixed))
        assert wide.value == narrow.value
        assert wide.low <= narrow.low < narrow.high <= wide.high
        assert np.isfinite(full.again[fill]).all()
        assert full.again[fill].mean() == pytest.approx(wide.value, rel=0.02)
    assert any(full.again[fill].std() > 0 for fill in ring.fills)
    assert fixed.again == {}
