"""Calendars as data come: running periods, 4-4-5 rows, closed days, last dates, wrong years."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.catalog import from_frames
from simlab.errors import InvalidInputError
from simlab.models import read_history
from simlab.study import Study

FOUND = TESTS / "found"
DAY = np.timedelta64(1, "D")


def rows_of(folder: str) -> list[dict[str, str]]:
    with (FOUND / folder / "demand.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def catalog(dates, quantities=2, *, sku="a", period="week", as_of=None, data=None, **demand):
    """One SKU-location; or several, with a list of SKUs beside the dates."""
    skus = [sku] * len(dates) if isinstance(sku, str) else list(sku)
    table = pd.DataFrame({"sku": skus, "location": "X", "date": [str(d)[:10] for d in dates]})
    table["quantity"] = quantities
    items = pd.DataFrame({"sku": sorted(set(skus)), "location": "X", "unit_cost": 1.0, "lead_time": 7.0})
    options = {"data": data} if data else {}
    study = Study.default(period=period, as_of=as_of, demand=demand, **options)
    return from_frames(study, items, table)


def refusal(*args, **options) -> str:
    with pytest.raises(InvalidInputError) as info:
        catalog(*args, **options)
    return str(info.value)


def days(first: str, n: int, step: int = 1):
    return np.datetime64(first) + step * np.arange(n)


# ------------------------------------------------------------------------------- the running period


def test_the_month_of_as_of_is_not_whole_though_its_rows_carry_the_first() -> None:
    """found/current-month: September to date (38 units) is left out; 20 whole months by a plain loop."""
    whole = [int(row["quantity"]) for row in rows_of("current-month") if row["date"] < "2024-09-01"]
    history = sl.load(FOUND / "current-month" / "study.toml").history
    assert history.n_observed.tolist() == [20] == [len(whole)]
    assert history.mean[0] == pytest.approx(np.mean(whole)) == pytest.approx(594.85)
    assert np.sqrt(history.variance[0]) == pytest.approx(np.std(whole, ddof=1), abs=1e-9)


@pytest.mark.parametrize("day", [1, 15, 28])
@pytest.mark.parametrize(("as_of", "months"), [("2024-09-29", 8), ("2024-09-30", 9)])
def test_a_month_is_whole_once_as_of_reaches_its_last_day_whatever_its_rows_carry(day, as_of, months) -> None:
    dates = [dt.date(2024, month, day) for month in range(1, 10)]
    assert read_history(catalog(dates, period="month", as_of=as_of)).n_observed.tolist() == [months]


@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize(("as_of", "weeks"), [("2024-03-02", 8), ("2024-03-03", 9)])
def test_a_week_is_whole_once_as_of_reaches_its_last_day(weekday, as_of, weeks) -> None:
    dates = days("2024-01-01", 9, 7) + weekday
    assert read_history(catalog(dates, as_of=as_of)).n_observed.tolist() == [weeks]


def test_rows_of_the_last_working_day_of_each_month_are_by_month() -> None:
    """31 January, 29 February, 29 March, …: the last month is whole, and so is the first."""
    ends = pd.bdate_range("2023-01-01", "2023-12-31", freq="BME")
    assert read_history(catalog(ends, period="month")).n_observed.tolist() == [12]


def test_days_that_are_closed_need_not_be_reached() -> None:
    """Monday to Friday of 52 weeks, weekends closed: the last week is whole on its Friday."""
    dates = [day for day in pd.date_range("2024-01-01", "2024-12-27") if day.day_of_week < 5]
    found = catalog(dates, weekdays=["saturday", "sunday"])
    assert read_history(found).n_observed.tolist() == [52]
    assert read_history(catalog(dates)).n_observed.tolist() == [51]
    later = [day for day in pd.date_range("2024-01-02", "2024-12-30") if day.day_of_week < 5]
    months = catalog(later, period="month", closed=["2024-01-01", "2024-12-31"])
    assert read_history(months).n_observed.tolist() == [12]


# ---------------------------------------------------------------------------------- what a row stands for


def test_rows_of_28_and_35_days_are_spread_over_calendar_months() -> None:
    """found/four-four-five: 14.13 a day, so 430 a month; the months from February 2022 to November 2024."""
    rows = rows_of("four-four-five")
    dates = np.array([row["date"] for row in rows], dtype="datetime64[D]")
    units = np.array([int(row["quantity"]) for row in rows])
    per_day = units[1:].sum() / int((dates[-1] - dates[0]).astype(int))
    data = sl.load(FOUND / "four-four-five" / "study.toml")
    history = data.history
    assert history.n_observed.tolist() == [34]
    assert history.mean[0] == pytest.approx(per_day * 365 / 12, rel=0.01) == pytest.approx(430, rel=0.01)
    assert 15 < np.sqrt(history.variance[0]) < 30
    assert data.catalog.demand.quantity.sum() == units.sum()
    assert any("28 or 35 days" in entry.note for entry in data.quality.entries)
    assert data.models.demand_reason[0].endswith("negative binomial")


@pytest.mark.parametrize("weeks", [(4, 4, 5), (4, 5, 4), (5, 4, 4)])
def test_28_and_35_days_dated_at_their_first_day_and_thirteen_periods_of_28_days(weeks) -> None:
    """The same law whichever end the date is, by demand per day; 13 a year of 28 days alike."""
    lengths = np.tile(7 * np.array(weeks), 12)
    starts = np.datetime64("2021-01-03") + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    units = np.random.default_rng(3).poisson(10 * lengths)
    for dates in (starts, starts + lengths - 1):
        history = read_history(catalog(dates, units, period="month"))
        assert history.mean[0] == pytest.approx(10 * 365 / 12, rel=0.02)
        assert np.sqrt(history.variance[0]) < 40
    units = np.random.default_rng(4).poisson(280, 39)
    history = read_history(catalog(days("2021-01-31", 39, 28), units, period="month"))
    assert history.mean[0] == pytest.approx(10 * 365 / 12, rel=0.02)
    assert np.sqrt(history.variance[0]) < 40


def test_weekly_rows_of_a_monthly_study_are_spread_so_that_no_month_has_four_or_five() -> None:
    """A Poisson history of 10 a day by week: months of 304 ± 19 by days, not of 4 or 5 weeks (± 40)."""
    units = np.random.default_rng(5).poisson(70, 200)
    dates = days("2020-01-06", 200, 7)
    history = read_history(catalog(dates, units, period="month"))
    assert history.mean[0] == pytest.approx(10 * 365 / 12, rel=0.015)
    plain = defaultdict(int)
    for day, quantity in zip(dates, units, strict=True):
        plain[str(day)[:7]] += int(quantity)
    sd = np.sqrt(history.variance[0])
    assert 14 < sd < 26 < np.std(list(plain.values())[1:-1])
    told = read_history(catalog(dates, units, period="month", grain="day"))
    assert np.sqrt(told.variance[0]) > 26


def test_the_first_monday_of_each_month_is_no_four_four_five() -> None:
    firsts = [
        day for day in pd.date_range("2022-01-01", "2023-12-31") if day.day_of_week == 0 and day.day <= 7
    ]
    history = read_history(catalog(firsts, 100, period="month"))
    assert (history.n_observed[0], history.mean[0], history.variance[0]) == (24, 100, 0)


def test_items_in_periods_of_4_and_5_weeks_among_others_are_asked_about() -> None:
    """A third of a table by calendar month: the others look erratic; first Mondays are months."""
    lengths = np.tile([28, 28, 35], 8)
    fiscal = np.datetime64("2021-01-04") + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    by_month = [dt.date(2021 + k // 12, k % 12 + 1, 1) for k in range(24)]
    mondays = [
        day for day in pd.date_range("2021-01-01", "2022-12-31") if day.day_of_week == 0 and day.day <= 7
    ]
    sku = ["f"] * 24 + ["m"] * 24 + ["w"] * 24
    found = catalog([*fiscal.tolist(), *by_month, *mondays], 100, sku=sku, period="month")
    (text,) = [row.note for row in found.quality.entries if "28 or 35 days" in row.note]
    assert text.startswith("rows of f@")
    assert "m@" not in text.split(" come ")[0]
    assert "w@" not in text.split(" come ")[0]


@pytest.mark.parametrize(
    ("period", "dates", "asks"),
    [
        ("day", days("2023-01-02", 30, 7), "is your period a week"),
        ("day", [dt.date(2023, m, 1) for m in range(1, 13)], "is your period a month"),
        ("week", [dt.date(2023, m, 15) for m in range(1, 13)], "is your period a month"),
        ("week", days("2022-01-29", 13, 28), "is your period a month of 4 or 5 weeks"),
        ("week", days("2023-01-02", 26, 14), "is your period one of 14 days"),
        ("month", [dt.date(2018 + k // 4, 3 * (k % 4) + 3, 1) for k in range(14)], "every 3 months"),
    ],
)
def test_rows_further_apart_than_the_period_are_asked_about(period, dates, asks) -> None:
    """Of two SKU-locations: rows of both lie on one grid."""
    dates, skus = [*dates, *dates], ["a"] * len(dates) + ["b"] * len(dates)
    said = refusal(dates, sku=skus, period=period)
    assert "E-DEM-024" in said
    assert asks in said
    assert catalog(dates, sku=skus, period=period, grain=period).demand.n_rows == len(dates)


@pytest.mark.parametrize(
    ("period", "step"), [("day", 30), ("day", 10), ("day", 28), ("week", 14), ("week", 35)]
)
def test_one_sku_alone_may_have_a_rhythm_of_its_own(period, step) -> None:
    """found/regular-large-order: whether orders or a table's rows come every 30 days, one SKU cannot tell."""
    found = catalog(days("2022-01-03", 36, step), period=period)
    assert found.demand.n_rows == 36
    assert any(
        f"rows come every {step} days, of one SKU-location" in row.note for row in found.quality.entries
    )


def test_rare_sales_are_not_taken_for_a_grain() -> None:
    """Of 60 SKUs with a few sales at random none is asked about, each alone in its table."""
    rng = np.random.default_rng(11)
    for _ in range(60):
        dates = np.unique(np.datetime64("2023-01-01") + rng.integers(0, 700, rng.integers(1, 25)))
        found = catalog(dates, period="day", data={"demand": {"isolated": "keep"}})
        assert found.demand.date.size == dates.size


def test_a_table_that_mixes_daily_and_weekly_rows_is_asked_about() -> None:
    daily, weekly = days("2024-01-01", 90), days("2024-01-01", 12, 7)
    both = np.concatenate([daily, weekly])
    skus = ["d"] * 90 + ["w"] * 12
    said = refusal(both, sku=skus, period="day")
    assert "once a week and others by the day: w@X from 2024-01-01 to 2024-03-18" in said
    assert catalog(both, sku=skus, period="day", grain="day").demand.n_rows == 102
    turned = np.concatenate([days("2023-10-02", 13, 7), days("2024-01-01", 90)])
    assert "a@X from 2023-10-02 to 2024-01-01" in refusal(turned, period="day")
    months = [dt.date(2023, m, 1) for m in range(7, 13)]
    monthly = np.concatenate([days("2023-07-01", 200), np.array(months, dtype="datetime64[D]")])
    assert "once a month" in refusal(monthly, sku=["d"] * 200 + ["m"] * 6, period="day")
    remark = catalog(both, sku=skus, period="week").quality.text()
    assert "1 SKU-locations have rows by the week" in remark


def test_a_customer_who_orders_on_one_weekday_now_and_then_is_no_weekly_table() -> None:
    """300 every four weeks, always on a Monday, among daily rows: a rhythm, not the sum of a week."""
    both = np.concatenate([days("2023-01-01", 700), days("2023-01-02", 25, 28)])
    assert catalog(both, sku=["d"] * 700 + ["w"] * 25, period="day").demand.n_rows == 725


def test_a_customer_who_orders_every_other_friday_is_no_weekly_table() -> None:
    """Weekly sums have weeks next to each other now and then; 2 units every 14 days never have."""
    both = np.concatenate([days("2023-01-01", 700), days("2023-01-06", 50, 14)])
    assert catalog(both, sku=["d"] * 700 + ["w"] * 50, period="day").demand.n_rows == 750
    sums = np.delete(days("2023-01-06", 50, 7), [3, 4, 9, 17, 25, 26])
    said = refusal(
        np.concatenate([days("2023-01-01", 700), sums]), sku=["d"] * 700 + ["w"] * 44, period="day"
    )
    assert "once a week and others by the day: w@X" in said


def test_monthly_rows_beside_rows_by_the_day_fit_a_study_by_the_month() -> None:
    """Orders of every half year, on Mondays, among rows dated the first of the month: nothing to refuse."""
    months = [dt.date(2019 + k // 12, k % 12 + 1, 1) for k in range(72)]
    halves = [np.datetime64(f"{y}-{m}") for y in range(2019, 2025) for m in ("03-04", "09-02")]
    monday = [d - (d - np.datetime64("2019-03-04")).astype(int) % 7 for d in halves]
    both = np.concatenate([np.array(months, "datetime64[D]"), np.array(monday, "datetime64[D]")])
    found = catalog(both, sku=["m"] * 72 + ["h"] * 12, period="month")
    assert found.demand.n_rows == 84
    assert "1 SKU-locations have rows by the month, others by the day: m@X" in found.quality.text()


# ---------------------------------------------------------------------------------------- the last date


def test_a_last_date_in_the_future_or_far_from_the_last_row_is_asked_about() -> None:
    """found/as-of-far-away: 31 December 2031 after rows up to 23 December 2024."""
    with pytest.raises(InvalidInputError, match=r"study\.as_of = 2031-12-31: lies in the future"):
        sl.load(FOUND / "as-of-far-away" / "study.toml")
    dates = days("2024-01-01", 300)
    said = refusal(dates, period="day", as_of="2024-11-27")
    assert "2024-11-27 lies 32 days after the last row of demand (2024-10-26)" in said
    assert "say complete_to = 2024-11-27 under [demand]" in said
    kept = catalog(dates, period="day", as_of="2024-11-27", complete_to="2024-11-27")
    assert read_history(kept).n_observed.tolist() == [332]
    assert catalog(dates, period="day", as_of="2024-10-27").demand.n_rows == 300
    for wrong in ("9999-12-31", "2199-01-01"):
        assert "lies in the future" in refusal(dates, period="day", as_of=wrong)
    assert "demand.complete_to = 9999-12-31" in refusal(dates, period="day", complete_to="9999-12-31")


def test_weeks_and_months_without_any_row_at_the_end_are_asked_about() -> None:
    weeks, months = days("2024-01-01", 30, 7), [dt.date(2023, m, 1) for m in range(1, 13)]
    assert "E-DEM-025" in refusal(weeks, as_of="2024-08-11")
    assert "E-DEM-025" in refusal(months, period="month", as_of="2024-01-31")
    assert read_history(catalog(months, period="month", as_of="2024-01-30")).n_observed.tolist() == [12]
    assert "E-DEM-025" in refusal(days("2024-01-01", 200), period="month", as_of="2024-09-30")


def test_closed_days_and_usual_silences_at_the_end_are_no_question() -> None:
    """Weekends of a shop that names them or not; a part that sells every tenth day."""
    dates = [day for day in pd.date_range("2024-01-01", "2024-06-28") if day.day_of_week < 5]
    assert catalog(dates, period="day", as_of="2024-06-30").as_of == dt.date(2024, 6, 30)
    closed = catalog(dates, period="day", as_of="2024-06-30", weekdays=["saturday", "sunday"])
    assert closed.as_of == dt.date(2024, 6, 30)
    rare = np.unique(np.datetime64("2023-01-01") + np.random.default_rng(2).integers(0, 500, 50))
    assert catalog(rare, period="day", as_of=str(rare[-1] + 15)).as_of is not None
    assert "E-DEM-025" in refusal(rare, period="day", as_of=str(rare[-1] + 60))


def test_days_that_complete_to_answers_for_are_no_silent_days() -> None:
    """Asked for by the refusal of 2025-02-07, it was followed by "if they were closed, name them"."""
    dates = np.repeat(days("2024-01-01", 364), 6)
    skus = list("abcdef") * 364
    kept = catalog(dates, sku=skus, period="day", as_of="2025-02-07", complete_to="2025-02-07")
    assert not [note for note in read_history(kept).notes if note.what == "days without any row"]
    gone = dates[(dates < np.datetime64("2024-06-03")) | (dates > np.datetime64("2024-06-05"))]
    some = catalog(gone, sku=skus[: gone.size], period="day", as_of="2025-02-07", complete_to="2025-02-07")
    (note,) = [note.note for note in read_history(some).notes if note.what == "days without any row"]
    assert note.startswith("3 days")


@pytest.mark.parametrize(("closed", "look"), [(1, False), (5, True)])
def test_days_that_chance_leaves_without_rows_are_no_question(closed, look) -> None:
    """Six rows a day that know nothing of each other leave 0.9 of 364 days without one, not five."""
    dates = np.repeat(days("2024-01-01", 364), 6)
    gone = days("2024-06-03", closed)
    kept = catalog(dates[~np.isin(dates, gone)], sku=(list("abcdef") * 364)[: -6 * closed], period="day")
    (note,) = [note for note in read_history(kept).notes if note.what == "days without any row"]
    assert note.note.startswith(f"{closed} day{'s' if closed > 1 else ''}: ")
    assert (note.notice == "look") is look
    assert ("chance alone leaves 0.9" in note.note) is not look


def test_a_last_date_before_every_row_is_named() -> None:
    said = refusal(days("2024-01-01", 100), period="day", as_of="2019-01-01")
    assert "all rows are later than as_of = 2019-01-01 under [study]" in said


def test_complete_to_is_the_last_date_where_the_study_names_none() -> None:
    dates = days("2024-01-01", 100)
    assert read_history(catalog(dates, period="day", complete_to="2024-04-20")).n_observed.tolist() == [111]
    with pytest.raises(InvalidInputError, match="complete to a day before the last date"):
        catalog(dates, period="day", as_of="2024-04-20", complete_to="2024-04-10")


# --------------------------------------------------------------------------------------- closed days


def test_demand_on_closed_days_is_refused_and_may_go_to_the_next_open_day(tmp_path) -> None:
    """found/sales-on-closed-days: 3,948 units on 260 open days are 15.18 a day, 75.9 a week."""
    folder = FOUND / "sales-on-closed-days"
    with pytest.raises(InvalidInputError, match="1,329 of 3,948 units"):
        sl.load(folder / "study.toml")
    for name in ("items.csv", "demand.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (folder / "study.toml").read_text("utf-8")
    means = {}
    for how in ("next_open", "drop"):
        path = tmp_path / f"{how}.toml"
        path.write_text(text.replace("[demand]\n", f'[demand]\non_closed = "{how}"\n'), "utf-8")
        data = sl.load(path)
        means[how] = float(data.history.mean[0])
        assert data.quality.read["demand"] == sum(
            entry.rows for entry in data.quality.entries if entry.table == "demand"
        )
    sold = sum(int(row["quantity"]) for row in rows_of("sales-on-closed-days"))
    assert means["next_open"] == pytest.approx(sold / 260) == pytest.approx(15.18, abs=0.005)
    assert means["drop"] == pytest.approx((sold - 1329) / 260)


def test_closed_dates_and_whole_closed_weeks_too() -> None:
    """A sale on a holiday goes to the day after it; a week counts if one of its days is open."""
    dates = days("2024-01-01", 60)
    said = refusal(dates, period="day", closed=["2024-01-06", "2024-01-15/2024-01-16"])
    assert "2024-01-06 lies in a day that the study closes" in said
    assert "6 of 120 units" in said
    moved = catalog(dates, period="day", closed=["2024-01-15/2024-01-16"], on_closed="next_open").demand
    assert moved.quantity[list(moved.date.astype(str)).index("2024-01-17")] == 6
    assert "E-DEM-026" in refusal(dates, closed=["2024-01-08/2024-01-14"])
    weeks = catalog(dates, closed=["2024-01-08/2024-01-14"], on_closed="next_open")
    assert read_history(weeks).quantity.tolist()[:2] == [14, 28]
    assert read_history(catalog(dates, closed=["2024-01-08/2024-01-13"])).quantity.tolist()[:2] == [14, 14]


def test_rows_of_zero_on_closed_days_are_no_question() -> None:
    quantity = [0 if day.weekday() > 4 else 3 for day in days("2024-01-01", 60).astype(object)]
    found = catalog(days("2024-01-01", 60), quantity, period="day", weekdays=["saturday", "sunday"])
    assert read_history(found).mean[0] == 3


# ------------------------------------------------------------------------------------ far from the rest


def test_one_wrong_year_in_one_row_is_named_with_row_and_date() -> None:
    """2014 for 2024 made ten years of zeros; 2025 for 2024 at the end one."""
    dates = days("2022-01-03", 120, 7)
    wrong = dates.copy()
    wrong[110] = np.datetime64("2014-02-10")
    said = refusal(wrong)
    assert "E-DEM-027] DataFrame demand:110" in said
    assert "2014-02-10, a row of 'a' at 'X', lies 2,884 days from the other rows of the table" in said
    kept = catalog(wrong, data={"demand": {"isolated": "keep"}})
    assert kept.first_date == dt.date(2014, 2, 10)
    dropped = catalog(wrong, data={"demand": {"isolated": "drop"}})
    assert dropped.first_date == dt.date(2022, 1, 3)
    assert "a@X on 2014-02-10 (row 110)" in dropped.quality.text()
    late = dates.copy()
    late[110] = np.datetime64("2025-02-10")
    assert "2025-02-10" in refusal(late)


def test_a_first_row_years_before_the_others_of_its_sku_is_named_though_others_sold_then() -> None:
    long, short = days("2014-01-06", 540, 7), days("2022-01-03", 100, 7).copy()
    short[50] = np.datetime64("2014-02-10")
    skus = ["l"] * 540 + ["s"] * 100
    said = refusal(np.concatenate([long, short]), sku=skus)
    assert "lies 2,884 days from the other rows of this SKU-location" in said


def test_a_long_silence_of_one_sku_is_a_remark_with_dates_and_rows() -> None:
    one = np.concatenate([days("2022-01-03", 50, 7), days("2023-06-05", 50, 7)])
    both = np.concatenate([days("2022-01-03", 125, 7), one])
    text = catalog(both, sku=["b"] * 125 + ["a"] * 100).quality.text()
    assert "a@X from 2022-12-12 (row 174) to 2023-06-05 (row 175)" in text
    assert "b@X from" not in text


def test_a_slow_start_and_rare_sales_are_not_isolated() -> None:
    rng = np.random.default_rng(12)
    for _ in range(60):
        dates = np.unique(np.datetime64("2019-01-01") + rng.integers(0, 2000, rng.integers(2, 40)))
        assert catalog(dates, period="month").demand.date.size == dates.size
    catalog(np.concatenate([days("2023-01-02", 1), days("2023-03-06", 60, 7)]))


# ----------------------------------------------------------------------------------- receipts pasted twice


def receipts_of(rows, names, duplicates="refuse"):
    items = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": 1.0, "demand_law": "poisson"})
    items["demand_mean"] = 2.0
    study = Study.default(
        period="day", lead_times={"crossing": False}, data={"receipts": {"duplicates": duplicates}}
    )
    return from_frames(study, items, None, pd.DataFrame(rows, columns=names))


NAMES = ["supplier", "sku", "order_date", "receipt_date", "quantity"]


def orders(n=40):
    placed = days("2024-01-01", n)
    came = placed + np.random.default_rng(8).integers(5, 20, n)
    return [
        ("ACME", f"k{k % 3}", str(a), str(b), 10) for k, (a, b) in enumerate(zip(placed, came, strict=True))
    ]


def test_receipts_pasted_twice_are_refused_like_demand_twice() -> None:
    with pytest.raises(InvalidInputError, match="ordered 2024-01-01, stands a second time") as info:
        receipts_of(orders() * 2, NAMES)
    assert "DataFrame receipts:40" in str(info.value)
    assert "E-REC-014" in str(info.value)
    found = receipts_of(orders() * 2, NAMES, "drop")
    assert found.receipts.n_rows == 40
    assert found.quality.rows("receipts", "dropped") == 40
    assert found.quality.read["receipts"] == 80
    assert receipts_of(orders() * 2, NAMES, "keep").receipts.n_rows == 80


def test_a_few_rows_or_a_block_pasted_twice() -> None:
    rows = orders()
    with pytest.raises(InvalidInputError, match="E-REC-014"):
        receipts_of([*rows, rows[7]], NAMES)
    plain = [(supplier, *rest) for supplier, _, *rest in rows]
    names = [name for name in NAMES if name != "sku"]
    for table in (plain + plain[10:25], sorted(plain * 2)):
        with pytest.raises(InvalidInputError, match="E-REC-014"):
            receipts_of(table, names)


def test_lines_alike_without_sku_or_order_are_no_question() -> None:
    """Five lines of ten units an order, nothing else told: alike, and all received."""
    plain = [("ACME", a, b, q) for _, _, a, b, q in orders() for _ in range(5)]
    assert receipts_of(plain, [n for n in NAMES if n != "sku"]).receipts.n_rows == 200


def test_periods_without_sales_do_not_stretch_their_neighbours() -> None:
    """28 and 35 days with every eighth period silent, which has no row: 7 of 8 × 304 a month, none of 600."""
    lengths = np.tile([28, 28, 35], 16)
    ends = np.datetime64("2020-01-04") + np.cumsum(lengths)
    kept = np.arange(48) % 8 != 5
    units = np.random.default_rng(3).poisson(10 * lengths)[kept]
    history = read_history(catalog(ends[kept], units, period="month"))
    assert history.mean[0] == pytest.approx(7 / 8 * 10 * 365 / 12, rel=0.03)
    assert history.quantity.max() < 400


@pytest.mark.parametrize("period", ["week", "month"])
def test_the_period_of_today_is_still_running_where_no_last_date_is_named(period) -> None:
    """Rows on the first day of each period up to the running one: asked, by the clock of this machine."""
    today = np.datetime64(dt.date.today(), "D")
    monday = today - (int(today.astype(int)) + 3) % 7
    if period == "week":
        dates = monday - 7 * np.arange(12)[::-1]
        running = monday + 6 > today
    else:
        dates = (today.astype("datetime64[M]") - np.arange(12)[::-1]).astype("datetime64[D]")
        running = (today + 1).astype("datetime64[M]") == today.astype("datetime64[M]")
    if running:
        assert "still running" in refusal(dates, period=period)
    found = catalog(dates, period=period, as_of=str(dates[-1] - 1))
    assert read_history(found).n_observed.tolist() == [11]


def test_a_wrong_year_in_a_monthly_table_is_named_too() -> None:
    """2022 for 2024 in two years of months: nine months of silence before a row a month."""
    months = [dt.date(2023 + k // 12, k % 12 + 1, 1) for k in range(24)]
    wrong = [dt.date(2022, 3, 1) if day == dt.date(2024, 3, 1) else day for day in months]
    said = refusal(wrong, period="month")
    assert "E-DEM-027" in said
    assert "2022-03-01" in said
    assert catalog(months, period="month").demand.n_rows == 24


def test_several_rows_of_one_date_are_one_date() -> None:
    """Lines of a day that are summed make no grain; a wrong year in both lines of a date goes with both."""
    lines = np.repeat(days("2024-01-01", 3, 9), 12)
    assert catalog(lines, period="day", data={"demand": {"duplicates": "sum"}}).demand.n_rows == 3
    wrong = np.repeat(days("2022-01-03", 120, 7), 2).copy()
    wrong[:2] = np.datetime64("2012-01-02")
    options = {"duplicates": "sum", "isolated": "drop"}
    found = catalog(wrong, data={"demand": options})
    assert found.first_date == dt.date(2022, 1, 10)
    assert found.quality.rows("demand", "dropped") == 2
