"""Lead times in whole periods: rounding that keeps the mean, who lends to whom, crossing said aloud."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlab.errors import InvalidInputError
from simlab.models import fit
from simlab.models.suppliers.lead_times import merge_points, split_days
from simlab.models.suppliers.stated import split_periods

GIVEN = {"demand_law": "poisson", "demand_mean": 2.0}


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.sampled_from(["day", "week", "month"]))
def test_rounding_keeps_the_mean_exactly(days: list[int], period: str) -> None:
    per_day = {"day": (1, 1), "week": (1, 7), "month": (12, 365)}[period]
    periods, weights = merge_points(*split_days(np.array(days), per_day))
    share = per_day[1] / per_day[0]
    assert (periods * weights).sum() / weights.sum() == pytest.approx(np.mean(days) / share, rel=1e-12)
    assert (np.diff(periods) > 0).all()


def test_a_stated_lead_time_lies_between_two_whole_periods() -> None:
    periods, weights = split_periods(2.3)
    assert periods.tolist() == [2, 3]
    assert (weights / weights.sum()).tolist() == [0.7, 0.3]
    assert split_periods(2.0)[0].tolist() == [2]


def lead(models, item: int) -> dict[int, float]:
    periods, shares = models.world.lead_time.support(item)
    return dict(zip(periods.tolist(), shares.round(6).tolist(), strict=True))


def test_receipts_by_supplier_then_pooled_then_the_items_column(make_catalog) -> None:
    receipts = [("ACME", 14)] * 4 + [("ACME", 21)] * 4 + [("BOLT", 7)] * 2
    items = {**GIVEN, "supplier": ["ACME", "BOLT", "NEW", None], "lead_time": [1.0, 1.0, 28.0, None]}
    catalog = make_catalog({f"P{i}": {} for i in range(4)}, receipts, items, period="week")
    models = fit(catalog)
    assert lead(models, 0) == {2: 0.5, 3: 0.5}
    assert lead(models, 1) == {1: 0.2, 2: 0.4, 3: 0.4}
    assert lead(models, 2) == {4: 1.0}
    assert lead(models, 3) == {1: 0.2, 2: 0.4, 3: 0.4}
    reasons = models.lead_time_reason
    assert reasons[0] == "supplier 'ACME': 8 receipts, mean 17.5 days"
    assert "2 receipts, fewer than 8 → all 10 pooled" in reasons[1]
    assert reasons[2] == "supplier 'NEW' has no receipts: items.lead_time = 28 days"
    assert reasons[3].startswith("no supplier and no lead_time → all 10 receipts pooled")
    assert any("pooled over all suppliers" in note.what for note in models.notes)
    mean, variance = models.lead_time_moments
    assert mean.tolist() == pytest.approx([2.5, 2.2, 4.0, 2.2])
    assert variance[:3].tolist() == pytest.approx([0.25, 0.56, 0.0])


def test_fixed_lead_times_use_the_items_column_alone(make_catalog) -> None:
    items = {**GIVEN, "supplier": "ACME", "lead_time": 21.0}
    catalog = make_catalog({"P0": {}}, [("ACME", 14)] * 9, items, period="week", lead_times={"law": "fixed"})
    assert lead(fit(catalog), 0) == {3: 1.0}


def test_lead_times_longer_than_allowed_are_refused_and_counted(make_catalog) -> None:
    receipts = [("ACME", 14)] * 8 + [("ACME", 365)]
    catalog = make_catalog({"P0": {}}, receipts, {**GIVEN, "supplier": "ACME"}, period="week")
    models = fit(catalog)
    assert lead(models, 0) == {2: 1.0}
    note = next(note for note in models.notes if note.status == "refused")
    assert (note.table, note.rows) == ("receipts", 1)


def test_one_receipt_alone_is_pooled_with_itself_and_said(make_catalog) -> None:
    catalog = make_catalog({"P0": {}}, [("ACME", 14)], {**GIVEN, "supplier": "ACME"}, period="week")
    assert "1 receipts, fewer than 8 → all 1 pooled" in fit(catalog).lead_time_reason[0]


def test_without_any_source_the_items_are_named(make_catalog) -> None:
    catalog = make_catalog({"P0": {}}, None, {**GIVEN, "lead_time": None}, period="week")
    with pytest.raises(InvalidInputError, match=r"no lead time for P0@EAST"):
        fit(catalog)


def test_crossing_must_be_said_where_a_lead_time_is_random(make_catalog) -> None:
    """A constant one of ten days in weeks is not: it goes by parts of a week."""
    items = {**GIVEN, "lead_time": 10.0}
    assert fit(make_catalog({"P0": {}}, None, items, period="week", lead_times={})).world.grid is not None
    assert fit(make_catalog({"P0": {}}, None, items, period="day", lead_times={})).world.grid is None
    random = {**items, "lead_time_sd": 5.0}
    with pytest.raises(InvalidInputError, match="crossing"):
        fit(make_catalog({"P0": {}}, None, random, period="week", lead_times={}))
    models = fit(make_catalog({"P0": {}}, None, random, period="week", lead_times={"crossing": True}))
    assert models.world.lead_time.crossing
