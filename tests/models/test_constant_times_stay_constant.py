"""A constant lead time of ten days in a monthly study is ten days: the working grid of parts a period."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.prepare.on_grid import in_parts
from simlab.engine.world.demand_law import LawKind
from simlab.errors import InvalidInputError
from simlab.models import fit, supplier_records

MONTH = 365 / 12
GIVEN = {"demand_law": "poisson", "demand_mean": 30.0}


def models_of(make_catalog, lead: list[float], review: list[float], columns=None, **options):
    items = {**GIVEN, "lead_time": lead, "review_period": review, **(columns or {})}
    options.setdefault("period", "month")
    names = {f"P{number}": {} for number in range(len(lead))}
    return fit(make_catalog(names, None, items, lead_times={}, **options))


@pytest.mark.parametrize(
    ("period", "lead", "review", "parts", "taken"),
    [
        ("month", [10.0], [30.4375], 9, [(3, 9)]),
        ("week", [3.0, 10.0], [7.0, 7.0], 7, [(3, 7), (10, 7)]),
        ("month", [45.0], [MONTH], 17, [(25, 17)]),
        ("month", [61.0], [14.0], 30, [(61, 14)]),
        ("week", [3.5], [14.0], 5, [(2, 10)]),
    ],
    ids=["ten days", "3 and 10 days in weeks", "45 days", "two weeks of review", "half a week"],
)
def test_the_least_number_of_parts_that_fits(make_catalog, period, lead, review, parts, taken) -> None:
    """L and R in parts: whole to 1 % of R (so of R + L too), R nine or more, as few as that takes.

    Thirds of a month and halves of a week would do for L and R alone, beside three and four parts a review.
    """
    grid = models_of(make_catalog, lead, review, period=period).world.grid
    assert grid is not None
    assert grid.parts == parts
    assert list(zip(grid.lead_time.tolist(), grid.review_period.tolist(), strict=True)) == taken


def test_what_is_whole_or_nearly_whole_keeps_its_periods(make_catalog) -> None:
    """A month is 365/12 days: 30.4375 and 91.25 are whole; 20 are not, and only that item is split."""
    models = models_of(make_catalog, [91.25, 60.9, 20.0], [30.4375, 30.4, 30.4375])
    assert models.world.grid is not None
    assert models.world.grid.split.tolist() == [False, False, True]
    assert models.world.lead_time.longest().tolist()[:2] == [3, 2]
    assert models_of(make_catalog, [91.25, 60.9], [30.4375, 30.4]).world.grid is None


def test_days_have_no_parts(make_catalog) -> None:
    """2.3 days are two, and that is said; nothing becomes random."""
    models = models_of(make_catalog, [2.3], [1.0], period="day")
    assert models.world.grid is None
    assert models.world.lead_time.support(0)[0].tolist() == [2]
    (note,) = [one.note for one in models.notes if "nearest part" in one.what]
    assert "P0@EAST lead_time 2.3 → 2" in note


def test_random_lead_times_stay_as_they_are(make_catalog) -> None:
    """Only constant ones go by parts; a review period of theirs is the nearest whole one, and said."""
    items = {**GIVEN, "lead_time": 10.0, "lead_time_sd": [4.0, 0.0], "review_period": [45.0, 45.0]}
    names = {"P0": {}, "P1": {}}
    catalog = make_catalog(names, None, items, lead_times={"crossing": False}, period="month")
    models = fit(catalog)
    assert models.world.grid is not None
    assert models.world.grid.split.tolist() == [False, True]
    (note,) = [one.note for one in models.notes if "review periods that" in one.what]
    assert note.startswith("1 SKU-locations")


@pytest.mark.parametrize(("period", "review"), [("month", 0.5), ("week", 0.6), ("day", 0.4)])
def test_a_review_period_below_a_part_is_refused(make_catalog, period, review) -> None:
    """Twice a day cannot be simulated; where days would do the message says so."""
    with pytest.raises(InvalidInputError, match=r"below what the period allows: P0@EAST") as raised:
        models_of(make_catalog, [10.0], [review], period=period)
    assert ('use period = "day"' in str(raised.value)) == (period != "day")


def test_rounding_is_listed_by_item_and_time_is_said(make_catalog) -> None:
    """10 days become a third of a month, 10.14 days, where today is an (R,s,S): its long run has equal parts.

    Half of the items are simulated nine times as long, at most.
    """
    today = {"current_reorder_point": [20.0, 30.0], "current_order_up_to": [60.0, 70.0]}
    models = models_of(make_catalog, [10.0, MONTH], [MONTH, MONTH], today)
    told = {one.what: one.note for one in models.notes}
    assert (
        "P0@EAST lead_time 10 → 10.14"
        in told["constant lead times and review periods rounded to the nearest part"]
    )
    assert "up to 5 times as long" in told["working grid of 9 parts a month"]
    assert models.parts is not None
    off = models.parts.lead_time_taken - models.parts.lead_time
    np.testing.assert_allclose(off * MONTH, [0.1389, 0.0], atol=1e-4)


def test_parts_of_unequal_length_round_nothing(make_catalog) -> None:
    models = models_of(make_catalog, [10.0, MONTH], [MONTH, MONTH])
    told = {one.what: one.note for one in models.notes}
    assert "constant lead times and review periods rounded to the nearest part" not in told
    assert (
        "of 1 the parts are of unequal length, so that it is exact" in told["working grid of 9 parts a month"]
    )
    assert models.parts is not None
    np.testing.assert_array_equal(models.parts.lead_time_taken, models.parts.lead_time)


@pytest.mark.parametrize(
    ("period", "lead", "review", "parts", "taken", "policy"),
    [
        ("month", 45.0, MONTH / 2, 30, (44, 15), "order_up_to"),
        ("month", 20.0, MONTH * 1.5, 8, (5, 12), "order_up_to"),
        ("week", 4.0, 3.5, 6, (4, 3), "order_up_to"),
        ("week", 1.0, 20.0, 7, (1, 20), "reorder_up_to"),
    ],
    ids=["half a month", "six weeks", "half a week", "twenty days in weeks under (R,s,S)"],
)
def test_reviews_of_a_fraction_leave_nothing_to_round(
    make_catalog, period, lead, review, parts, taken, policy
) -> None:
    """Halves and days of a week have parts that fit, of unequal length but under (R,s,S); 1 % is not enough.

    A lead time that ends just before or after a review keeps a part of its own: four days are 1 1/7 halves.
    """
    models = models_of(make_catalog, [lead], [review], period=period, policy={"family": policy})
    assert models.world.grid is not None
    assert models.parts is not None
    assert models.world.grid.parts == parts
    assert (models.world.grid.lead_time[0], models.world.grid.review_period[0]) == taken
    assert not any("nearest part" in one.what for one in models.notes)
    assert models.parts.lead_time_taken[0] == pytest.approx(models.parts.lead_time[0])
    assert models.parts.review_period_taken[0] == pytest.approx(models.parts.review_period[0])


def test_reviews_of_no_fraction_have_parts_of_their_own(make_catalog) -> None:
    """155 days are 5.1 months: no number of parts up to 31 is exact. Nor is one of ten days."""
    models = models_of(make_catalog, [114.0, 20.0], [155.0, 10.0])
    grid = models.world.grid
    assert grid is not None
    assert models.parts is not None
    assert models.parts.review_period_taken == pytest.approx(models.parts.review_period, rel=1e-12)
    assert grid.review_period * grid.in_periods * MONTH == pytest.approx([155, 10])
    assert not any("review_period" in one.note for one in models.notes if "nearest part" in one.what)
    assert any("the review period is exact (" in one.note for one in models.notes)
    day = in_parts(models.world).demand.mean[1] / grid.in_periods[1] / MONTH
    assert day == pytest.approx(models.world.demand.mean[1] / MONTH)


def test_laws_without_pieces_say_the_variance_of_a_part(make_catalog) -> None:
    """An intermittent line stays whole: m parts vary more than the period they make."""
    items = {
        "lead_time": 10.0,
        "review_period": MONTH,
        "demand_law": ["geometric", "binomial"],
        "demand_mean": [3.0, 4.0],
        "demand_variance": [12.0, 2.0],
    }
    models = fit(make_catalog({"P0": {}, "P1": {}}, None, items, lead_times={}, period="month"))
    assert models.world.demand.kind.tolist() == [LawKind.GEOMETRIC, LawKind.BINOMIAL]
    (note,) = [one.note for one in models.notes if one.what == "laws divided by lines"]
    assert note.startswith("1 SKU-locations")
    assert "(binomial)" in note


def test_receipts_that_all_took_ten_days_are_constant(make_catalog) -> None:
    """Learned or stated, what never varies stays constant in months and weeks."""
    items = {**GIVEN, "supplier": "A", "review_period": MONTH}
    receipts = [("A", 10)] * 12
    models = fit(make_catalog({"P0": {}}, receipts, items, period="month"))
    assert models.world.grid is not None
    assert models.world.grid.lead_time.tolist() == [3]


def test_levels_that_follow_a_forecast_keep_whole_periods(make_catalog) -> None:
    """They are updated period by period: there a fraction is rounded at random, its mean kept."""
    items = {**GIVEN, "lead_time": 10.0, "review_period": MONTH}
    policy = {"family": "forecast", "planning": "normal"}
    models = fit(
        make_catalog({"P0": {}}, None, items, lead_times={"crossing": False}, period="month", policy=policy)
    )
    assert models.world.grid is None
    assert models.lead_time_moments[0][0] == pytest.approx(10 / MONTH, abs=1e-4)


def test_the_variance_that_whole_weeks_add_is_said_by_supplier(make_catalog) -> None:
    """10 and 18 days are 1 3/7 and 2 4/7 weeks: f(1 − f) = 12/49 week² each, 12 days²; 14 days add none."""
    receipts = [("A", 10), ("A", 18), ("A", 10), ("B", 14), ("B", 14)]
    records = {one.supplier: one for one in supplier_records(make_catalog({"P0": {}}, receipts, GIVEN))}
    assert records["A"].rounding_variance == pytest.approx(12.0)
    assert records["B"].rounding_variance == 0.0


def test_a_review_every_day_is_one_every_open_day(make_catalog) -> None:
    """With weekends closed a day is 5/7 of an open one: "every day" was refused as too short."""
    week = {"demand": {"weekdays": ["saturday", "sunday"]}, "period": "day"}
    models = models_of(make_catalog, [7.0, 7.0], [1.0, 7.0], **week)
    assert models.world.terms.review_period.tolist() == [1, 5]
    with pytest.raises(InvalidInputError, match="E-MOD-031"):
        models_of(make_catalog, [7.0], [0.5], **week)
