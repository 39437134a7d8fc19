"""Orders in parts, working days, weekdays of orders, shared delays, promises: what receipts tell."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simlab.api.data.data import load_frames
from simlab.errors import InvalidInputError
from simlab.models import fit, lead_time_drift, recorded_lead_times, split, supplier_records
from simlab.models.statistics import kruskal_p
from simlab.models.suppliers.orders import elapsed, observe, periods_per_day
from simlab.study import Study

FRIDAY = np.datetime64("2024-03-01")
ITEMS = pd.DataFrame(
    {"sku": ["P0"], "location": "X", "unit_cost": 1.0, "supplier": "ACME"}
    | {"demand_law": "poisson", "demand_mean": 1.0}
)


def receipts(*rows, columns=("order_id", "order_date", "receipt_date", "quantity")) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns)).assign(supplier="ACME")
    return table.astype(object).where(table.notna(), None)


def catalogue(table, period="day", as_of="2024-12-31", receipts_before="refuse", **lead_times):
    study = Study.default(
        period=period,
        as_of=as_of,
        data={"receipts": {"receipt_before_order": receipts_before}},
        lead_times={"crossing": False, "min_receipts": 2, **lead_times},
    )
    return load_frames(ITEMS, None, table, study=study).catalog


PARTS = receipts(
    ("A", "2024-01-01", "2024-01-11", 30),
    ("A", "2024-01-01", "2024-01-21", 10),
    ("B", "2024-01-01", "2024-01-15", 40),
    ("C", "2024-01-01", "2024-01-05", 20),
    ("C", "2024-01-03", "2024-01-25", 20),
)


@pytest.mark.parametrize(
    ("partial", "days"),
    [("rows", [4, 10, 14, 20, 22]), ("first", [4, 10, 14]), ("full", [14, 20, 24]), ("units", [12, 14, 14])],
)
def test_the_lead_time_of_an_order_in_parts(partial, days) -> None:
    """A: 10 days for 30, 20 for 10 units; C runs from its earliest date; rows stand alone unless asked."""
    seen = observe(catalogue(PARTS, partial=partial))
    assert sorted(seen.days.tolist()) == days
    assert not seen.is_open.any()
    models = fit(catalogue(PARTS, partial=partial))
    assert models.lead_time_moments[0][0] == pytest.approx(np.mean(days))


def test_shares_of_first_receipts_and_delays_of_the_rest() -> None:
    catalog = catalogue(PARTS, partial="first")
    (record,) = supplier_records(catalog)
    assert (record.parts.n_orders, record.parts.n_partial) == (3, 2)
    assert record.parts.first_share == pytest.approx(90 / 120)
    assert record.parts.rest_days == pytest.approx((10 * 10 + 20 * 20) / 30)
    assert record.parts.short_share == 0
    assert any("2 of 3 complete orders" in note.note for note in fit(catalog).notes)
    (plain,) = supplier_records(catalogue(PARTS))
    assert plain.parts.n_orders == 0
    assert np.isnan(plain.parts.first_share)


def short(received_second: object = 15, day_second: object = "2024-01-21") -> pd.DataFrame:
    columns = ("order_id", "order_date", "receipt_date", "quantity", "received_quantity")
    return receipts(
        ("A", "2024-01-01", "2024-01-11", 40, 25),
        ("A", "2024-01-01", day_second, 40, received_second),
        ("B", "2024-01-01", "2024-01-13", 10, None),
        ("D", "2024-01-02", "2024-01-13", 10, 4),
        columns=columns,
    )


def test_an_order_short_of_units_is_open_until_it_is_too_old() -> None:
    """D got 4 of 10: a year later it counts as full, a month later as still open."""
    late = observe(catalogue(short(), partial="full", as_of="2025-06-30"))
    assert sorted(late.days.tolist()) == [11, 12, 20]
    early = observe(catalogue(short(), partial="full", as_of="2024-02-01"))
    days = dict(zip(early.days.tolist(), early.is_open.tolist(), strict=True))
    assert days == {20: False, 12: False, 30: True}
    (record,) = supplier_records(catalogue(short(), partial="full", as_of="2025-06-30"))
    assert record.parts.short_share == pytest.approx(6 / 60)


def test_a_part_still_under_way_keeps_its_order_open() -> None:
    table = short(None, None)
    full = observe(catalogue(table, partial="full", as_of="2024-02-01"))
    assert sorted(zip(full.days.tolist(), full.is_open.tolist(), strict=True)) == [
        (12, False),
        (30, True),
        (31, True),
    ]
    first = observe(catalogue(table, partial="first", as_of="2024-02-01"))
    assert sorted(first.days.tolist()) == [10, 11, 12]
    assert not first.is_open.any()


def test_orders_need_a_name_or_a_sku() -> None:
    table = PARTS.drop(columns="order_id")
    with pytest.raises(InvalidInputError, match="which receipts belong to one order"):
        fit(catalogue(table, partial="full"))
    by_sku = catalogue(table.assign(sku="P0"), partial="full")
    assert sorted(observe(by_sku).days.tolist()) == [20, 22]


def test_received_quantities_are_read_only_where_they_count() -> None:
    table = PARTS.assign(received_quantity="many")
    assert fit(catalogue(table)).n_items == 1
    with pytest.raises(InvalidInputError, match="'many' is not a plain number"):
        catalogue(table, partial="full")


def test_longer_than_allowed_goes_for_the_whole_order() -> None:
    seen = observe(catalogue(PARTS, partial="full", longest_days=15))
    assert (sorted(seen.days.tolist()), seen.n_refused, seen.units_refused) == ([14], 4, 80)
    assert observe(catalogue(PARTS, partial="first", longest_days=15)).n_refused == 0


@given(st.integers(0, 400), st.integers(0, 40))
def test_working_days_are_those_after_the_order(start: int, days: int) -> None:
    """Against NumPy's business days, holidays included."""
    holiday = FRIDAY + 5
    lead_times = {"weekdays": ["saturday", "sunday"], "closed": [str(holiday)], "calendar": "working_days"}
    study = Study.default(period="day", lead_times={"crossing": False, **lead_times})
    ordered = FRIDAY - 200 + start
    found = elapsed(study, np.array([ordered]), np.array([ordered + days]))
    assert found[0] == np.busday_count(ordered + 1, ordered + days + 1, holidays=[holiday])


@pytest.mark.parametrize(
    ("period", "demand", "lead", "expected"),
    [
        ("week", [], ["saturday", "sunday"], Fraction(1, 5)),
        ("month", [], ["saturday", "sunday"], Fraction(84, 1825)),
        ("day", [], ["saturday", "sunday"], Fraction(7, 5)),
        ("day", ["saturday", "sunday"], [], Fraction(1)),
        ("day", ["sunday"], ["saturday", "sunday"], Fraction(6, 5)),
    ],
)
def test_a_working_day_in_periods(period, demand, lead, expected) -> None:
    """Five working days are a week; daily periods are the days on which demand is open."""
    study = Study.default(
        period=period,
        demand={"weekdays": demand},
        lead_times={"crossing": False, "calendar": "working_days", "weekdays": lead},
    )
    assert Fraction(*periods_per_day(study, FRIDAY, FRIDAY + 100)) == expected


def test_the_mean_survives_the_way_through_working_days() -> None:
    """Orders on Fridays that take one or six working days: in weeks exactly 0.7, mean kept."""
    rows = [("A", str(FRIDAY), str(FRIDAY + 3), 1), ("B", str(FRIDAY), str(FRIDAY + 10), 1)] * 4
    table = receipts(*rows)
    weekend = ["saturday", "sunday"]
    models = fit(catalogue(table, period="week", calendar="working_days", weekdays=weekend))
    assert models.lead_time_moments[0][0] == pytest.approx(0.7)
    assert "mean 3.5 working days" in models.lead_time_reason[0]
    assert fit(catalogue(table, period="week")).lead_time_moments[0][0] == pytest.approx(6.5 / 7)


def test_working_days_need_closed_days() -> None:
    with pytest.raises(InvalidInputError, match="no closed day is named"):
        catalogue(PARTS, calendar="working_days")
    with pytest.raises(InvalidInputError, match="is a closed weekday"):
        catalogue(PARTS, weekdays=["sunday"], order_weekday="sunday")
    every = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    with pytest.raises(InvalidInputError, match="no day is open"):
        fit(catalogue(PARTS, calendar="working_days", weekdays=every))


def by_weekday(n_weeks: int, slow: int) -> pd.DataFrame:
    """Two order days a week; what is ordered on Fridays takes `slow` days longer."""
    rng = np.random.default_rng(5)
    rows = []
    for week in range(n_weeks):
        for weekday, extra in ((0, 0), (4, slow)):
            day = np.datetime64("2022-01-03") + 7 * week + weekday
            rows.append((None, str(day), str(day + 10 + extra + int(rng.integers(0, 4))), 1))
    return receipts(*rows)


def test_weekdays_are_told_and_used_where_asked() -> None:
    """Friday's orders take 4 days longer: flagged; the law of Friday's orders is theirs, mixed with all."""
    catalog = catalogue(by_weekday(60, 4))
    (record,) = supplier_records(catalog)
    assert record.has_weekday
    assert (record.weekday.fastest, record.weekday.slowest) == ("monday", "friday")
    assert any("differ by weekday" in note.what for note in fit(catalog).notes)
    own = record.weekday.slowest_days
    every = fit(catalog).lead_time_moments[0][0]
    models = fit(catalogue(by_weekday(60, 4), order_weekday="friday"))
    assert models.lead_time_moments[0][0] == pytest.approx((60 * own + 2 * every) / 62, rel=1e-4)
    assert "ordered on 'friday': 60 of them" in models.lead_time_reason[0]
    (plain,) = supplier_records(catalogue(by_weekday(60, 0)))
    assert not plain.has_weekday


def test_kruskal_wallis_against_scipy() -> None:
    rng = np.random.default_rng(2)
    values, group = rng.integers(0, 12, 80).astype(float), rng.integers(0, 4, 80)
    expected = stats.kruskal(*(values[group == k] for k in range(4))).pvalue
    assert kruskal_p(values, group) == pytest.approx(expected, rel=1e-10)
    assert np.isnan(kruskal_p(np.ones(5), np.arange(5)))


def same_day(shared: float, own: float, drift: float, n_days: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    rows = []
    for day in range(n_days):
        common = 40 + shared * rng.normal() + drift * day / n_days
        date = np.datetime64("2022-01-03") + day
        rows += [
            (None, str(date), str(date + max(0, round(common + own * rng.normal()))), 1) for _ in range(3)
        ]
    return receipts(*rows)


def test_shared_delays_are_measured_and_a_drift_is_none() -> None:
    """Variance 16 shared and 16 own: 0.5; a slow change of 40 days alone is no shared delay."""
    (half,) = supplier_records(catalogue(same_day(4, 4, 0)))
    assert half.shared.correlation == pytest.approx(0.5, abs=0.12)
    assert half.is_shared
    (none,) = supplier_records(catalogue(same_day(0, 4, 40)))
    assert none.shared.correlation < 0.1
    assert not none.is_shared
    assert none.drift is not None
    assert none.drift.flagged
    (all_,) = supplier_records(catalogue(same_day(6, 0.2, 0)))
    assert all_.shared.correlation > 0.95
    notes = [note for note in fit(catalogue(same_day(6, 0.2, 0))).notes if "late together" in note.what]
    assert "shared_delay = true is nearer" in notes[0].note


def test_promises_by_supplier_with_orders_overdue() -> None:
    columns = ("order_date", "receipt_date", "promised_date", "quantity")
    table = receipts(
        ("2024-01-01", "2024-01-11", "2024-01-11", 1),
        ("2024-01-01", "2024-01-13", "2024-01-10", 1),
        ("2024-01-01", "2024-01-09", "2024-01-10", 1),
        ("2024-01-01", None, "2024-01-10", 1),
        ("2024-01-10", "2024-01-11", "2024-01-02", 1),
        columns=columns,
    )
    catalog = catalogue(table, as_of="2024-02-01")
    (record,) = supplier_records(catalog)
    promises = record.promises
    assert (promises.n, promises.late_share, promises.n_overdue) == (4, 0.5, 1)
    assert promises.late_days == pytest.approx((3 + 9) / 2)
    assert promises.mean_days == pytest.approx((0 + 3 - 1 + 9) / 4)
    assert any("promised before its order" in note.what for note in fit(catalog).notes)


def test_suppliers_as_a_table_and_bad_rows() -> None:
    """One receipt: told, nothing tested; a receipt before its order is dropped where the study says so."""
    table = receipts(("A", "2024-01-05", "2024-01-01", 5), ("B", "2024-01-05", "2024-01-09", 5))
    with pytest.raises(InvalidInputError, match="lies before the order"):
        catalogue(table)
    catalog = catalogue(table, receipts_before="drop")
    (record,) = supplier_records(catalog)
    assert (record.n_received, record.mean_days, record.drift, record.shared) == (1, 4.0, None, None)
    data = load_frames(ITEMS, None, PARTS, study=catalogue(PARTS, partial="units").study)
    frame = data.lead_times()
    assert frame["supplier"].tolist() == ["ACME"]
    assert frame["first_share"].tolist() == [0.75]
    assert load_frames(ITEMS.assign(lead_time=3.0), study=Study.default(period="day")).lead_times().empty


def test_replayed_and_drifting_lead_times_count_as_the_laws_do() -> None:
    """Recorded lead times of the hold-out are those of whole orders, in working days where asked."""
    weekend = ["saturday", "sunday"]
    sales = pd.DataFrame(
        {"sku": "P0", "location": "X", "date": pd.date_range("2024-01-01", "2024-01-28").astype(str)}
    ).assign(quantity=1)
    study = Study.default(
        period="week",
        lead_times={"crossing": False, "partial": "full", "calendar": "working_days", "weekdays": weekend},
    )
    items = ITEMS.drop(columns=["demand_law", "demand_mean"])
    table = receipts(
        ("A", "2024-01-15", "2024-01-18", 3),
        ("A", "2024-01-15", "2024-01-29", 3),
        ("B", "2024-01-02", "2024-01-09", 3),
    )
    study = study.model_copy(update={"as_of": np.datetime64("2024-01-31").item()})
    catalog = load_frames(items, sales, table, study=study).catalog
    _, held = split(catalog, 2)
    assert recorded_lead_times(catalog, held).tolist() == [[2, 2]]
    assert lead_time_drift(catalog) == ()


def test_what_only_receipts_can_tell_is_refused_without_any_all_at_once() -> None:
    """Never left out without a word."""
    items = ITEMS.assign(lead_time=3.0)
    how = {"partial": "split", "order_weekday": "monday", "calendar": "working_days", "weekdays": ["sunday"]}
    with pytest.raises(InvalidInputError) as refused:
        fit(load_frames(items, study=Study.default(period="day", lead_times=how)).catalog)
    assert [(one.code, one.column) for one in refused.value.problems] == [
        ("E-STU-008", "lead_times.partial"),
        ("E-STU-008", "lead_times.order_weekday"),
        ("E-STU-008", "lead_times.calendar"),
    ]
