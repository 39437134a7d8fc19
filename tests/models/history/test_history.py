"""Rows → counts per whole period: calendars, lives, closed and part periods, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.catalog import from_frames
from simlab.catalog.quality import full_account
from simlab.errors import InvalidInputError
from simlab.models import fit, read_history
from simlab.study import Study


def test_weeks_are_whole_and_part_weeks_at_the_ends_are_left_out(make_catalog) -> None:
    """Wednesday 3 January to Tuesday 30 January: the three weeks from Monday the 8th."""
    sold = {"2024-01-03": 5, "2024-01-08": 1, "2024-01-14": 2, "2024-01-22": 4, "2024-01-30": 7}
    history = read_history(make_catalog({"P0": sold}, period="week"))
    assert history.calendar.n_periods == 3
    assert history.n_observed.tolist() == [3]
    assert history.period.tolist() == [0, 2]
    assert history.quantity.tolist() == [3, 4]
    assert [(note.status, note.rows, note.units, note.value) for note in history.notes] == [
        ("dropped", 2, 12, 120)
    ]


def test_weeks_may_start_on_any_day(make_catalog) -> None:
    sold = {"2024-01-03": 5, "2024-01-08": 1, "2024-01-09": 9, "2024-01-16": 1}
    history = read_history(make_catalog({"P0": sold}, period="week", week_starts="wednesday"))
    assert history.quantity.tolist() == [15, 1]


def test_months_are_calendar_months(make_catalog) -> None:
    sold = {"2024-01-01": 5, "2024-02-29": 1, "2024-03-15": 9, "2024-04-02": 3}
    history = read_history(make_catalog({"P0": sold}, period="month"))
    assert history.quantity.tolist() == [5, 1, 9]
    assert history.n_observed.tolist() == [3]


@pytest.mark.parametrize("day", ["01", "15", "last"])
def test_a_table_that_is_already_monthly_keeps_its_last_month(make_catalog, day) -> None:
    ends = {"2024-01": "31", "2024-02": "29", "2024-03": "31"}
    sold = {f"{month}-{end if day == 'last' else day}": 2 for month, end in ends.items()}
    history = read_history(make_catalog({"P0": sold}, period="month"))
    assert history.n_observed.tolist() == [3]


def test_a_table_that_is_already_weekly_keeps_its_last_week(make_catalog, weekly) -> None:
    history = read_history(make_catalog({"P0": weekly("2024-01-03", [1, 0, 2, 3])}, period="week"))
    assert history.n_observed.tolist() == [4]
    assert history.mean.tolist() == [1.5]


def test_absent_dates_are_zero_inside_a_life(make_catalog) -> None:
    demand = {"P0": {"2024-01-01": 4, "2024-01-10": 2}, "P1": {"2024-01-03": 1, "2024-01-05": 1}}
    lives = {}
    for life in ("first_sale", "first_to_last", "window", "evidence"):
        history = read_history(make_catalog(demand, period="day", demand={"life": life}))
        lives[life] = history.n_observed.tolist()
    assert lives == {
        "first_sale": [10, 8],
        "first_to_last": [10, 3],
        "window": [10, 10],
        "evidence": [10, 10],
    }


def test_absent_dates_may_be_unknown(make_catalog) -> None:
    demand = {"P0": {"2024-01-01": 4, "2024-01-04": 0, "2024-01-10": 2}}
    history = read_history(make_catalog(demand, period="day", demand={"absent_dates": "unknown"}))
    assert history.n_observed.tolist() == [3]
    assert history.mean.tolist() == [2.0]


def test_rows_of_zero_begin_no_life_of_an_item_that_sells_later(make_catalog) -> None:
    demand = {"P0": {"2024-01-01": 0, "2024-01-09": 3, "2024-01-10": 1}, "P1": {"2024-01-06": 0}}
    history = read_history(make_catalog(demand, period="day", demand={"life": "first_sale"}))
    assert history.n_observed.tolist() == [2, 5]
    assert history.mean.tolist() == [2.0, 0.0]
    assert read_history(make_catalog(demand, period="day")).n_observed.tolist() == [10, 10]


def test_closed_days_are_no_observation(make_catalog) -> None:
    """2 and 3 January are closed; what was sold then is left out and counted."""
    demand = {"P0": {"2024-01-01": 4, "2024-01-02": 9, "2024-01-05": 2}}
    catalog = make_catalog(
        demand, period="day", demand={"closed": ["2024-01-02/2024-01-03"], "on_closed": "drop"}
    )
    history = read_history(catalog)
    assert history.n_observed.tolist() == [3]
    assert history.mean.tolist() == [2.0]
    assert catalog.quality.rows("demand", "dropped") == 1


def test_a_week_counts_unless_all_its_days_are_closed(make_catalog) -> None:
    sold = {"2024-01-01": 4, "2024-01-09": 1, "2024-01-21": 2}
    for closed, n in (("2024-01-08/2024-01-14", 2), ("2024-01-08/2024-01-13", 3)):
        history = read_history(
            make_catalog({"P0": sold}, period="week", demand={"closed": [closed], "on_closed": "drop"})
        )
        assert history.n_observed.tolist() == [n]


def test_the_account_still_adds_up(make_catalog) -> None:
    sold = {"2024-01-03": 5, "2024-01-08": 1, "2024-01-22": 4, "2024-01-30": 7}
    catalog = make_catalog({"P0": sold}, period="week")
    history = read_history(catalog)
    account = full_account(catalog.quality, history.notes)
    assert account.rows("demand") == account.read["demand"] == 4
    assert account.rows("demand", "dropped") == 2
    assert account.units("demand", "used") == 5


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 9)),
        min_size=1,
        max_size=60,
        unique_by=lambda row: row[:2],
    ),
    st.sampled_from(["day", "week", "month"]),
    st.randoms(use_true_random=False),
)
def test_counts_equal_a_plain_loop_and_ignore_the_order_of_rows(rows, period, random) -> None:
    demand = {"life": "window", "complete_to": "2024-04-10"}
    study = Study.default(period=period, demand=demand, as_of="2024-04-10")
    items = pd.DataFrame({"sku": list("abcd"), "location": "X", "unit_cost": 1.0})
    start = np.datetime64("2024-02-01")
    random.shuffle(rows)
    table = pd.DataFrame(
        [("abcd"[item], "X", str(start + day), quantity) for item, day, quantity in rows],
        columns=["sku", "location", "date", "quantity"],
    )
    history = read_history(from_frames(study, items, table))
    calendar = history.calendar
    expected: dict[tuple[int, int], int] = {}
    for item, day, quantity in rows:
        at = int(calendar.index(np.array([start + day]))[0])
        if 0 <= at < calendar.n_periods and quantity:
            expected[item, at] = expected.get((item, at), 0) + quantity
    found = dict(
        zip(zip(history.item.tolist(), history.period.tolist(), strict=True), history.quantity, strict=True)
    )
    assert found == expected
    for item in range(4):
        counts = [expected.get((item, at), 0) for at in range(calendar.n_periods)]
        if len(counts) > 1:
            assert history.mean[item] == pytest.approx(np.mean(counts))
            assert history.variance[item] == pytest.approx(np.var(counts, ddof=1))


def test_what_only_a_history_can_tell_is_refused_without_one_all_at_once(make_catalog) -> None:
    """Factors, seasons and treatments of histories are never left out without a word."""
    stated = {"demand_law": "poisson", "demand_mean": 2.0, "moq": 20, "max_order": 10, "category": "x"}
    options = {
        "models": {"dependence": {"market": True}, "seasonality": {"profile_by": "category"}},
        "demand": {
            "censoring": "stockout_column",
            "outliers": {"rule": "mad"},
            "uplift": {"drivers": ["promotion"]},
        },
    }
    with pytest.raises(InvalidInputError) as refused:
        fit(make_catalog(None, None, stated, period="week", **options))
    problems = refused.value.problems
    assert {one.column for one in problems if one.code == "E-STU-008"} == {
        "models.dependence",
        "models.seasonality",
        "demand.censoring",
        "demand.outliers",
        "demand.uplift",
    }
    assert "max_order" in {one.column for one in problems}
    assert refused.value.exit_code == 3
    del stated["max_order"]
    assert fit(make_catalog(None, None, stated, period="week")).n_items == 1
