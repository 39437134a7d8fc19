"""Which law a history gets and why: dispersion, length, pooling, given laws, bad histories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.world.demand_law import LawKind
from simlab.errors import InvalidInputError
from simlab.models import fit
from simlab.models.demand.choice import AskedLaws, Moments, law_kinds
from simlab.study.history_sections import LawOverride

WINDOW = {"life": "window"}
RNG = np.random.default_rng(3)
POISSON = RNG.poisson(4, 104).tolist()
OVERDISPERSED = RNG.negative_binomial(2, 0.2, 104).tolist()
TWO_SIZES = RNG.permutation(np.tile([2, 2, 2, 40], 26)).tolist()
CONSTANT = [6] * 104
RARE = np.where(RNG.random(104) < 0.15, 30 + RNG.poisson(30, 104), 0).tolist()


def kinds(models) -> list[LawKind]:
    return [LawKind(int(kind)) for kind in models.world.demand.kind]


def test_the_best_score_out_of_sample_chooses_the_law(make_catalog, weekly) -> None:
    histories = {"P0": POISSON, "P1": OVERDISPERSED, "P2": TWO_SIZES, "P3": CONSTANT, "P4": RARE}
    sales = {sku: weekly("2022-01-03", q) for sku, q in histories.items()}
    items = {"category": list(histories)}
    for score in ("log", "crps"):
        options = {"models": {"score": score}}
        models = fit(make_catalog(sales, None, items, period="week", demand=WINDOW, **options))
        assert kinds(models) == [
            LawKind.POISSON,
            LawKind.NEGATIVE_BINOMIAL,
            LawKind.EMPIRICAL,
            LawKind.EMPIRICAL,
            LawKind.INTERMITTENT,  # 15 demands are too few for a histogram, whatever its score
        ]
        assert models.n_observed.tolist() == [104] * 5
        assert f"; {score} score of 34 periods out of sample: poisson -" in models.demand_reason[1]
    ratio = np.var(OVERDISPERSED, ddof=1) / np.mean(OVERDISPERSED)
    assert models.demand_reason[1].startswith(f"n=104 periods, variance/mean {ratio:.3g};")
    assert models.scores is not None


def test_without_scores_the_dispersion_chooses(make_catalog, weekly) -> None:
    """Periods without rows unknown: nothing can be predicted in order."""
    sales = {"P0": weekly("2022-01-03", POISSON), "P1": weekly("2022-01-03", OVERDISPERSED)}
    models = fit(make_catalog(sales, period="week", demand={"absent_dates": "unknown"}))
    assert kinds(models) == [LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL]
    assert "score" not in models.demand_reason[1]


def test_few_demands_borrow_the_variation_of_their_group(make_catalog, weekly) -> None:
    """Sizes seen three times lean on what sizes in the category do; others sold ten times as often."""
    rng = np.random.default_rng(8)
    histories = [np.where(rng.random(104) < 0.3, 1 + rng.geometric(0.02, 104), 0) for _ in range(30)]
    lonely = np.zeros(104, int)
    lonely[[5, 50, 90]] = 40, 41, 39
    sales = {f"P{k:02d}": weekly("2022-01-03", row.tolist()) for k, row in enumerate([*histories, lonely])}
    models = fit(make_catalog(sales, period="week", demand=WINDOW))
    law = models.world.demand
    own = np.var(lonely, ddof=1)
    as_geometric = 104 / 103 * 3 / 104 * 40**2 * (2 - 3 / 104)
    assert law.mean[30] == pytest.approx(lonely.mean(), rel=0.25)
    assert own * 1.2 < law.variance[30] < as_geometric
    assert "% pooled: " in models.demand_reason[30]
    many = np.array([np.var(row, ddof=1) for row in histories])
    np.testing.assert_allclose(law.variance[:30], many, rtol=0.35)


def test_moments_are_kept(make_catalog, weekly) -> None:
    histories = {"P0": OVERDISPERSED, "P1": TWO_SIZES}
    sales = {sku: weekly("2022-01-03", q) for sku, q in histories.items()}
    models = fit(make_catalog(sales, period="week", demand=WINDOW))
    law = models.world.demand
    for item, history in enumerate(histories.values()):
        first, shares = pmf_of(law, item)
        assert law.mean[item] == pytest.approx(np.mean(history))
        assert (shares * (first + np.arange(shares.size))).sum() == pytest.approx(np.mean(history), rel=1e-6)
        assert models.cv[item] == pytest.approx(np.std(history, ddof=1) / np.mean(history))
    assert models.annual_units[0] == pytest.approx(np.mean(OVERDISPERSED) * 365 / 7)
    assert models.annual_value[0] == pytest.approx(np.mean(OVERDISPERSED) * 365 / 7 * 10)


@pytest.mark.parametrize(
    ("law", "kind"),
    [
        ("poisson", LawKind.POISSON),
        ("negative_binomial", LawKind.NEGATIVE_BINOMIAL),
        ("empirical", LawKind.EMPIRICAL),
    ],
)
def test_the_study_may_name_the_law(make_catalog, weekly, law, kind) -> None:
    models = fit(
        make_catalog({"P0": weekly("2022-01-03", OVERDISPERSED)}, period="week", models={"law": law})
    )
    assert kinds(models) == [kind]
    assert f'law = "{law}"' in models.demand_reason[0]


def test_a_negative_binomial_needs_more_variance_than_mean(make_catalog, weekly) -> None:
    catalog = make_catalog(
        {"P0": weekly("2022-01-03", CONSTANT)}, period="week", models={"law": "negative_binomial"}
    )
    models = fit(catalog)
    assert kinds(models) == [LawKind.POISSON]
    assert "→ poisson" in models.demand_reason[0]


def test_empirical_laws_count_every_value_zeros_included(make_catalog, weekly) -> None:
    catalog = make_catalog(
        {
            "P0": weekly("2022-01-03", CONSTANT),
            "P1": weekly("2023-10-02", [3, 0, 0, 7, 3, 0, 3, 1, 0, 0, 2, 2]),
        },
        period="week",
        demand={"life": "first_sale"},
        models={"law": "empirical"},
    )
    law = fit(catalog).world.demand
    rows = slice(int(law.start[1]), int(law.start[1] + law.length[1]))
    assert law.values[rows].tolist() == [0, 1, 2, 3, 7]
    assert law.weights[rows].tolist() == [6, 1, 2, 3, 1]


def test_short_histories_borrow_the_variation_of_sizes(make_catalog, weekly) -> None:
    """Variance ÷ mean has a unit; what is borrowed is the squared variation of sizes, which has none."""
    demand = {"P0": weekly("2022-01-03", OVERDISPERSED), "P1": weekly("2022-01-03", POISSON)}
    demand["P2"] = demand["P3"] = {"2023-12-18": 500, "2023-12-25": 100}
    demand["P0"]["2022-01-03"] = demand["P1"]["2022-01-03"] = 4
    options = {"period": "week", "as_of": "2023-12-31", "demand": {"life": "first_sale"}}
    models = fit(make_catalog(demand, None, {"category": ["tv", "radio", "tv", None]}, **options))
    law = models.world.demand
    assert law.mean[2:].tolist() == [300, 300]
    assert 0.2 < law.variance[2] / law.mean[2] ** 2 < 0.7  # of its own two sizes (4/9) and of P0's
    assert law.variance[3] < law.variance[2]
    assert "n=2 periods" in models.demand_reason[2]
    assert any("P2@EAST, P3@EAST" in note.note for note in models.notes)


def test_with_nobody_to_borrow_from_two_sizes_speak_for_themselves(make_catalog, weekly) -> None:
    law = fit(make_catalog({"P0": weekly("2022-01-03", [2, 9])}, period="week")).world.demand
    assert law.mean[0] == 5.5
    assert law.variance[0] == pytest.approx(2 * 3.5**2, rel=0.2)


def test_a_single_sale_in_the_last_week_is_one_in_the_whole_window(make_catalog, weekly) -> None:
    demand = {"P0": weekly("2022-01-03", OVERDISPERSED), "P1": {"2023-12-25": 4}}
    models = fit(make_catalog(demand, period="week"))
    assert models.n_observed[1] == 104
    assert models.world.demand.mean[1] == pytest.approx(4 / 104, rel=0.5)
    assert "n=104 periods, 1 demand: rate as of comparable items" in models.demand_reason[1]
    assert np.isfinite(models.cv).all()


def test_all_mass_in_one_period_is_fitted(make_catalog, weekly) -> None:
    models = fit(make_catalog({"P0": weekly("2022-01-03", [500] + [0] * 103)}, period="week"))
    assert any("single week" in note.what and "P0@EAST" in note.note for note in models.notes)
    assert models.world.demand.mean[0] == pytest.approx(500 / 104)
    assert pmf_of(models.world.demand, 0)[1][0] > 0.9


def test_a_demand_too_large_for_any_table_is_its_own_history(make_catalog, weekly) -> None:
    demand = {"P0": weekly("2023-10-02", [10**9] + [0] * 12), "P1": {"2023-12-25": 10**11}}
    models = fit(make_catalog(demand, period="week", demand={"life": "first_sale"}))
    assert kinds(models) == [LawKind.EMPIRICAL] * 2
    assert "too wide for any other law → empirical" in models.demand_reason[0]
    assert models.world.demand.mean.tolist() == [10**9 / 13, 10**11]


def test_a_history_without_a_whole_period_is_refused_with_the_remedy(make_catalog) -> None:
    with pytest.raises(InvalidInputError, match="shorter than a month"):
        fit(make_catalog({"P0": {"2024-01-03": 1, "2024-01-20": 2}}, period="month"))


def test_items_without_history_or_law_are_refused_by_name_with_a_remedy(make_catalog, weekly) -> None:
    demand = {"P0": weekly("2022-01-03", POISSON), "P1": {}, "P2": {}}
    with pytest.raises(InvalidInputError, match=r"P1@EAST, P2@EAST") as refused:
        fit(make_catalog(demand, period="week", demand={"life": "first_sale"}))
    assert "demand_law" in refused.value.problems[0].fix
    for life in ("window", "evidence"):
        models = fit(make_catalog(demand, period="week", demand={"life": life}))
        assert models.world.demand.mean[1] == 0


def test_given_laws_need_no_history(make_catalog) -> None:
    items = {
        "sku": ["P0", "P1", "P2"],
        "demand_law": ["poisson", "negative_binomial", "poisson"],
        "demand_mean": [2.5, 3.0, 0.0],
        "demand_variance": [None, 9.0, None],
    }
    models = fit(make_catalog({"P0": {}, "P1": {}, "P2": {}}, None, items, period="week"))
    assert kinds(models) == [LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL, LawKind.POISSON]
    assert models.world.demand.mean.tolist() == [2.5, 3.0, 0.0]
    assert models.world.demand.variance.tolist() == [2.5, 9.0, 0.0]
    assert models.cv[1] == pytest.approx(1.0)
    assert models.demand_reason[0] == "given in items: poisson"
    assert models.n_observed.tolist() == [0, 0, 0]


def test_every_given_law_keeps_its_mean_and_variance(make_catalog) -> None:
    """What the simulator draws is what was stated; continuous laws gain at most 1/4 unit² on integers."""
    names = ["geometric", "binomial", "stuttering_poisson", "gamma", "lognormal", "normal"]
    items = {
        "sku": names,
        "demand_law": names,
        "demand_mean": [5.0] * 6,
        "demand_variance": [None, 2.5, 20.0, 20.0, 20.0, 4.0],
    }
    law = fit(make_catalog({name: {} for name in names}, None, items, period="week")).world.demand
    for row, expected in enumerate([30.0, 2.5, 20.0, 20.0, 20.0, 4.0]):
        first, shares = pmf_of(law, row)
        values = first + np.arange(shares.size)
        mean = (values * shares).sum()
        assert mean == pytest.approx(5, rel=1e-4)
        assert ((values - mean) ** 2 * shares).sum() == pytest.approx(expected, rel=2e-3, abs=0.26)


def test_a_given_law_wins_over_history(make_catalog, weekly) -> None:
    items = {"demand_law": ["poisson", None], "demand_mean": [9.0, None]}
    demand = {"P0": weekly("2022-01-03", POISSON), "P1": weekly("2022-01-03", POISSON)}
    models = fit(make_catalog(demand, None, items, period="week"))
    assert models.world.demand.mean[0] == 9.0
    assert models.world.demand.mean[1] == pytest.approx(np.mean(POISSON))


def test_models_do_not_depend_on_the_order_of_items(make_catalog, weekly) -> None:
    demand = {"P0": weekly("2022-01-03", OVERDISPERSED), "P1": weekly("2022-01-03", TWO_SIZES)}
    one = fit(make_catalog(demand, period="week"))
    other = fit(make_catalog(dict(reversed(demand.items())), period="week"))
    assert one.demand_reason == tuple(reversed(other.demand_reason))
    for name in ("kind", "mean", "variance", "length"):
        found, mirrored = getattr(one.world.demand, name), getattr(other.world.demand, name)
        np.testing.assert_array_equal(found, mirrored[::-1])


@pytest.mark.parametrize(
    "law", ["geometric", "stuttering_poisson", "intermittent", "gamma", "lognormal", "normal"]
)
def test_any_law_of_the_engine_may_be_named(law, make_catalog, weekly) -> None:
    sales = {"P0": weekly("2022-01-03", RARE)}
    models = fit(make_catalog(sales, period="week", models={"law": law}))
    assert kinds(models) == [LawKind[law.upper()]]
    first, shares = pmf_of(models.world.demand, 0)
    mean = (shares * (first + np.arange(shares.size))).sum()
    assert mean == pytest.approx(models.world.demand.mean[0], rel=1e-4)
    moments = Moments(
        np.array([104, 104, 104]),
        np.array([90, 30, 104]),
        np.array([8.0, 0.5, 6.0]),
        np.array([40.0, 1.5, 0.0]),
        np.full(3, -1, np.int8),
        np.zeros(3, bool),
    )
    asked = AskedLaws(np.full(3, law, dtype=object), ("",) * 3)
    kind = law_kinds(asked, moments)
    assert kind[0] == LawKind[law.upper()]
    assert kind[2] == (LawKind.POISSON if law == "stuttering_poisson" else LawKind[law.upper()])


def test_overrides_win_for_their_items_and_unknown_ones_are_refused(make_catalog, weekly) -> None:
    sales = {"P0": weekly("2022-01-03", OVERDISPERSED), "P1": weekly("2022-01-03", OVERDISPERSED)}
    catalog = make_catalog(sales, period="week", demand=WINDOW)
    override = [{"sku": "P1", "location": "EAST", "law": "intermittent"}]
    catalog = make_catalog(sales, period="week", demand=WINDOW, models={"override": override})
    models = fit(catalog)
    assert kinds(models) == [LawKind.NEGATIVE_BINOMIAL, LawKind.INTERMITTENT]
    spec = catalog.study.models
    assert models.demand_reason[1].endswith("→ intermittent (override)")
    first, shares = pmf_of(models.world.demand, 1)
    assert (shares * (first + np.arange(shares.size))).sum() == pytest.approx(
        np.mean(OVERDISPERSED), rel=1e-6
    )
    spec = spec.model_copy(update={"override": (LawOverride(sku="P9", law="poisson"),)})
    with pytest.raises(InvalidInputError, match="P9 is not in the items table"):
        fit(replace(catalog, study=catalog.study.model_copy(update={"models": spec})))
