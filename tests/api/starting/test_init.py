"""A study file for one's own tables: it fits them, they stay as they are, mistakes leave nothing behind."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
import tomllib

import numpy as np
import pandas as pd
import pytest

from simlab import api
from simlab.cli import main
from simlab.errors import InvalidInputError, UsageError

DAYS = pd.date_range("2023-01-02", "2024-12-29", freq="D")


def frames(freq: str = "D", mean: float = 3.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three items with Poisson sales at every date of the given frequency."""
    rng = np.random.default_rng(3)
    dates = pd.date_range("2023-01-02", "2024-12-29", freq=freq)
    items = pd.DataFrame(
        {"sku": ["A", "B", "C"], "location": "HUB", "unit_cost": [10, 20, 30], "lead_time": 14, "on_hand": 50}
    )
    demand = pd.DataFrame(
        [
            (sku, "HUB", day, quantity)
            for sku in "ABC"
            for day, quantity in zip(dates, rng.poisson(mean, dates.size), strict=True)
        ],
        columns=["sku", "location", "date", "quantity"],
    )
    return items, demand[demand["quantity"] > 0]


def save(folder, items: pd.DataFrame, demand: pd.DataFrame, dates: str = "%Y-%m-%d", **more):
    """The two files, written as somebody's system would."""
    items.to_csv(folder / "items.csv", index=False, **more)
    demand.to_csv(folder / "demand.csv", index=False, date_format=dates, **more)
    return folder / "items.csv", folder / "demand.csv"


def begun(folder, *tables):
    """The options of the study that was written, and what check says of it."""
    (study,) = api.init(folder / "mine", *tables)
    return tomllib.loads(study.read_text("utf-8")), api.check(study)


@pytest.mark.parametrize(
    ("freq", "period"), [("D", "day"), ("W-MON", "week"), ("MS", "month"), ("17D", "month")]
)
def test_the_period_is_that_of_the_rows(tmp_path, freq: str, period: str) -> None:
    (study,) = api.init(tmp_path / "mine", *save(tmp_path, *frames(freq)))
    assert tomllib.loads(study.read_text("utf-8"))["study"]["period"] == period


def test_days_on_which_little_is_sold_make_a_weekly_study(tmp_path) -> None:
    options, checked = begun(tmp_path, *save(tmp_path, *frames(mean=0.05)))
    assert options["study"]["period"] == "week"
    assert checked.data.catalog.n_items == 3


def test_tables_stay_as_they_are_and_the_study_points_to_them(tmp_path) -> None:
    paths = save(tmp_path, *frames())
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    options, checked = begun(tmp_path, *paths)
    assert options["data"]["items"]["path"] == "../items.csv"
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["study.toml"]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths] == before
    assert checked.data.catalog.demand.quantity.sum() == frames()[1]["quantity"].sum()


def test_names_of_an_erp_dates_with_points_and_semicolons_are_understood(tmp_path) -> None:
    """German headings and dates, costs in euros: the study maps and says all of it."""
    items, demand = frames()
    items = items.rename(
        columns={
            "sku": "Material",
            "location": "Werk",
            "unit_cost": "Standard Cost EUR",
            "on_hand": "Bestand",
        }
    ).rename(columns={"lead_time": "Lead Time (weeks)"})
    items["Lead Time (weeks)"] = 2
    demand = demand.rename(
        columns={"sku": "Material", "location": "Werk", "date": "Buchungsdatum", "quantity": "Menge"}
    )
    options, checked = begun(tmp_path, *save(tmp_path, items, demand, "%d.%m.%Y", sep=";"))
    assert options["study"]["currency"] == "EUR"
    assert options["data"]["time_unit"] == "weeks"
    assert options["data"]["demand"]["date_format"] == "%d.%m.%Y"
    assert options["data"]["items"]["columns"]["sku"] == "Material"
    assert options["data"]["demand"]["columns"]["quantity"] == "Menge"
    assert checked.data.models.lead_time_moments[0] == pytest.approx(14)


def test_lines_of_one_day_returns_and_unknown_items_get_a_rule_with_their_number(tmp_path) -> None:
    items, demand = frames()
    more = demand.head(40).assign(quantity=1)
    back = demand.tail(2).assign(quantity=-1)
    strange = demand.head(3).assign(sku="X")
    every = pd.concat([demand, more, back, strange])
    options, checked = begun(tmp_path, *save(tmp_path, items, every))
    rules = options["data"]["demand"]
    assert (rules["duplicates"], rules["returns"], rules["unknown_sku"]) == ("sum", "net", "drop")
    assert checked.data.catalog.demand.quantity.sum() == demand["quantity"].sum() + 40 - 2


def test_a_column_that_says_when_nothing_was_left_is_believed(tmp_path) -> None:
    """Zeros of empty shelves were taken for demand of nothing, in silence, unless one wrote the option."""
    items, demand = frames()
    options, _ = begun(tmp_path / "a", *save(tmp_path, items, demand))
    assert "censoring" not in options["demand"]
    gone = demand.assign(stockout=(np.arange(len(demand)) % 3 == 0).astype(int))
    gone.loc[gone["stockout"] == 1, "quantity"] = 0
    options, checked = begun(tmp_path / "b", *save(tmp_path, items, gone))
    assert options["demand"]["censoring"] == "stockout_column"
    plain = demand[gone["stockout"] == 0].groupby("sku")["quantity"].mean()
    assert checked.data.models.world.demand.mean == pytest.approx(plain.to_numpy(), rel=0.1)


def test_a_table_pasted_twice_is_not_added_up(tmp_path) -> None:
    """Rows alike in every column are asked about by check, never summed by a guess."""
    items, demand = frames()
    paths = save(tmp_path, items, pd.concat([demand, demand]))
    (study,) = api.init(tmp_path / "mine", *paths)
    assert "duplicates" not in tomllib.loads(study.read_text("utf-8"))["data"]["demand"]
    with pytest.raises(InvalidInputError, match="duplicates"):
        api.check(study)


def test_a_weekday_without_rows_is_offered_as_closed(tmp_path) -> None:
    """Not decided: whether nobody could buy, only the user knows."""
    items, demand = frames()
    demand = demand[demand["date"].dt.day_of_week != 5]
    (study,) = api.init(tmp_path / "mine", *save(tmp_path, items, demand))
    assert '# weekdays = ["saturday"]' in study.read_text("utf-8")


@pytest.mark.parametrize("received", ["%Y-%m-%d", "%d-%b-%y"])
def test_receipts_give_random_lead_times_in_sequence(tmp_path, received: str) -> None:
    """Also where two columns of dates are written in two ways: each proves its own."""
    items, demand = frames()
    items["supplier"] = "Acme"
    orders = pd.date_range("2023-02-01", periods=40, freq="9D")
    late = pd.to_timedelta(np.random.default_rng(1).integers(8, 20, 40), unit="D")
    came = (orders + late).strftime(received)
    receipts = pd.DataFrame({"vendor": "Acme", "po_date": orders, "received": came, "qty": 5})
    receipts.to_csv(tmp_path / "receipts.csv", index=False)
    options, checked = begun(tmp_path, *save(tmp_path, items, demand), tmp_path / "receipts.csv")
    assert options["lead_times"] == {"law": "empirical", "crossing": False}
    assert options["data"]["receipts"]["columns"]["supplier"] == "vendor"
    assert checked.data.catalog.receipts.n_rows == 40


def test_dates_that_may_be_read_both_ways_are_left_to_the_user(tmp_path) -> None:
    """Only the first twelve days of months: the line to say stands in the file, and check asks."""
    items, demand = frames()
    demand = demand[demand["date"].dt.day <= 12]
    (study,) = api.init(tmp_path / "mine", *save(tmp_path, items, demand, "%d/%m/%Y"))
    assert '# date_format = "%d/%m/%Y"' in study.read_text("utf-8")
    with pytest.raises(InvalidInputError, match="may be read as"):
        api.check(study)


@pytest.mark.parametrize("dates", ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p"])
def test_lines_of_a_till_with_the_time_of_day_run_as_they_are(tmp_path, dates: str) -> None:
    items, demand = frames()
    demand["date"] += pd.to_timedelta(np.arange(len(demand)) % 600 + 480, unit="min")
    options, checked = begun(tmp_path, *save(tmp_path, items, demand, dates))
    assert options["data"]["demand"]["date_format"] == dates
    assert checked.data.catalog.demand.quantity.sum() == demand["quantity"].sum()


@pytest.mark.parametrize(
    ("decimal", "thousands"), [(".", ""), (",", ""), (",", "."), (".", ","), (",", " "), (".", "'")]
)
def test_numbers_of_every_country_are_found_out(tmp_path, decimal: str, thousands: str) -> None:
    """1,234.50, 1.234,50, 1 234,50: what all cells fit; what items alone shows goes for items alone."""
    items, demand = frames(mean=0.02)
    costs = [1234.5, 56.25, 1000000.75]
    signs = str.maketrans({",": thousands, ".": decimal})
    items["unit_cost"] = [f"{cost:,.2f}".translate(signs) for cost in costs]
    options, checked = begun(tmp_path, *save(tmp_path, items, demand, sep=";"))
    said = options["data"]["items"]
    assert (said.get("decimal", "."), said.get("thousands", "")) == (decimal, thousands)
    assert "decimal" not in options["data"]["demand"]
    cost = checked.data.catalog.unit_cost
    assert list(cost / cost[1] * 56.25) == pytest.approx(costs)


def test_a_german_material_master_brings_its_lead_times_and_the_rule_of_today(tmp_path) -> None:
    """Names as an ERP's export has them, below a line with a title, and a reorder point with a lot size."""
    items, demand = frames()
    columns = {
        "Materialnummer": items["sku"],
        "Werk": "1000",
        "Einkaufspreis": 10.5,
        "Wiederbeschaffungszeit (Tage)": 14,
        "Meldebestand": 20,
        "Losgröße": 25,
    }
    sales = {"sku": "Materialnummer", "location": "Werk", "date": "Buchungsdatum", "quantity": "Menge"}
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        pd.DataFrame([["Lagerliste"]]).to_excel(book, sheet_name="Stamm", header=False, index=False)
        pd.DataFrame(columns).to_excel(book, sheet_name="Stamm", startrow=2, index=False)
        demand.assign(location="1000").rename(columns=sales).to_excel(book, sheet_name="Abgang", index=False)
    (study,) = api.init(tmp_path / "mine", book=tmp_path / "book.xlsx")
    checked = api.check(study)
    assert checked.data.models.current["current_order_quantity"].tolist() == [25.0] * 3
    assert checked.data.catalog.numbers["lead_time"].tolist() == [14.0] * 3


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_texts_that_spreadsheets_save_run_as_they_are(tmp_path, encoding: str) -> None:
    """A German CSV (cp1252) and Excel's "Unicode text" (utf-16, tabs)."""
    items, demand = frames()
    items["product"] = ["Schraube Größe 5", "Maß", "Öl"]
    sep = "\t" if encoding == "utf-16" else ";"
    options, checked = begun(tmp_path, *save(tmp_path, items, demand, sep=sep, encoding=encoding))
    assert options["data"]["items"].get("encoding", "utf-8") == encoding
    assert checked.data.catalog.texts["product"][0] == "Schraube Größe 5"


def test_packed_tables_and_texts_with_tabs_run_as_they_are(tmp_path) -> None:
    items, demand = save(tmp_path, *frames(), sep="\t")
    for file in (items, demand):
        file.with_suffix(".tsv.gz").write_bytes(gzip.compress(file.read_bytes()))
    options, checked = begun(tmp_path, items.with_suffix(".tsv.gz"), demand.with_suffix(".tsv.gz"))
    assert options["data"]["demand"]["path"] == "../demand.tsv.gz"
    assert checked.data.catalog.n_items == 3


def test_every_mistake_is_told_at_once_and_nothing_is_written(tmp_path) -> None:
    items, demand = frames()
    paths = save(tmp_path, items.drop(columns=["unit_cost", "lead_time"]), demand.drop(columns="quantity"))
    with pytest.raises(InvalidInputError) as refused:
        api.init(tmp_path / "mine", *paths, tmp_path / "nowhere.csv")
    told = [(problem.column, problem.code) for problem in refused.value.problems]
    assert told == [
        ("unit_cost", "E-INI-003"),
        ("lead_time", "E-INI-005"),
        ("quantity", "E-INI-003"),
        ("", "E-INI-001"),
    ]
    assert not (tmp_path / "mine").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
@pytest.mark.parametrize("option", ["book", "items"])
@pytest.mark.parametrize(
    ("kind", "what"), [("pipe", "is a pipe"), ("folder", "is a folder"), ("nothing", "is not there")]
)
def test_what_is_no_file_is_named_and_never_opened(tmp_path, option: str, kind: str, what: str) -> None:
    """A workbook that was a pipe was waited for without an end; a folder "is not there"."""
    place = tmp_path / "erp.xlsx"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    with pytest.raises(InvalidInputError, match=rf"E-INI-001\] {place}: {what}"):
        api.init(
            tmp_path / "mine", **({"book": place} if option == "book" else {"items": place, "demand": place})
        )


@pytest.mark.parametrize("name", ["%Y-%m", "%m.%Y", "%b-%y", "%Y%m", "%YM%m"])
def test_a_table_with_a_column_per_month_is_read_as_it_is(tmp_path, name: str) -> None:
    items, _ = frames()
    months = pd.period_range("2022-01", "2024-12", freq="M").strftime(name)
    wide = pd.DataFrame([("A", "HUB", *range(20, 56))], columns=["sku", "location", *months])
    options, checked = begun(tmp_path, *save(tmp_path, items, wide))
    assert options["study"]["period"] == "month"
    assert options["data"]["demand"] == {"path": "../demand.csv", "layout": "wide", "date_format": name}
    assert str(checked.data.catalog.first_date) == "2022-01-01"


def test_columns_named_by_weeks_are_told_what_names_are_read(tmp_path) -> None:
    items, _ = frames()
    wide = pd.DataFrame({"sku": ["A"], "location": ["HUB"]} | {f"2024-W{w:02d}": [w] for w in range(1, 13)})
    with pytest.raises(InvalidInputError, match=r"a column per period \(2024-W01 to 2024-W12\).*first day"):
        api.init(tmp_path / "mine", *save(tmp_path, items, wide))


@pytest.mark.parametrize("name", ["%Y-%m", "%m/%Y", "%b %Y"])
def test_months_without_a_day_are_read(tmp_path, name: str) -> None:
    """2023-01, as a melted table of a column per month has them."""
    study, _ = begun(tmp_path, *save(tmp_path, *frames("MS", 40.0), dates=name))
    assert study["study"]["period"] == "month"
    assert study["data"]["demand"]["date_format"] == name
    data = api.load(tmp_path / "mine" / "study.toml")
    assert str(data.catalog.first_date) == "2023-02-01"


def test_a_study_that_is_there_and_half_of_the_tables_are_refused(tmp_path) -> None:
    paths = save(tmp_path, *frames())
    api.init(tmp_path / "mine", *paths)
    with pytest.raises(UsageError, match="nothing is replaced"):
        api.init(tmp_path / "mine", *paths)
    with pytest.raises(UsageError, match="--demand is missing"):
        api.init(tmp_path / "other", paths[0])


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_writes_and_checks(tmp_path, monkeypatch, capsys, form: str) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    items, demand = save(tmp_path, *frames())
    words = ["simlab", "init", str(tmp_path / "mine"), "--items", str(items), "--demand", str(demand)]
    monkeypatch.setattr(sys, "argv", [*words, "--format", form])
    with pytest.raises(SystemExit) as end:
        main()
    out = capsys.readouterr().out
    assert not end.value.code
    if form == "json":
        document = json.loads(out)
        assert document["files"] == [str(tmp_path / "mine" / "study.toml")]
        assert document["summary"]
    else:
        assert out.splitlines()[0].endswith("study.toml")
        assert "simlab optimize " in out.splitlines()[-1]


def german(folder, *, wide: bool):
    """Two files as a German spreadsheet saves them: no location, commas, a reorder point and no quantity."""
    items, demand = frames("W-MON", mean=6.0)
    names = {"sku": "Artikel", "unit_cost": "Einkaufspreis", "lead_time": "Lieferzeit", "on_hand": "Bestand"}
    items = items.assign(unit_cost=[10.5, 20.25, 30.0], Meldebestand=9).rename(columns=names)
    demand = demand.rename(columns={"sku": "Artikel", "date": "Datum", "quantity": "Menge"})
    if wide:
        demand = demand.assign(Datum=demand["Datum"].dt.strftime("%d.%m.%Y"))
        order = demand["Datum"].drop_duplicates().tolist()
        demand = demand.pivot(index="Artikel", columns="Datum", values="Menge")[order].reset_index()
    tables = (table.drop(columns="location", errors="ignore") for table in (items, demand))
    return save(folder, *tables, dates="%d.%m.%Y", sep=";", decimal=",")


@pytest.mark.parametrize("wide", [False, True])
def test_a_german_spreadsheet_runs_as_it_is(tmp_path, wide: bool) -> None:
    options, result = begun(tmp_path, *german(tmp_path, wide=wide))
    assert result.data.catalog.n_items == 3
    assert options["data"]["location"] == "MAIN"
    assert options["data"]["items"]["decimal"] == ","
    assert "current_reorder_point" not in options["data"]["items"]["columns"]
    assert options["data"]["demand"].get("layout", "long") == ("wide" if wide else "long")


def test_a_place_in_one_table_and_none_in_the_other_is_refused(tmp_path) -> None:
    items, demand = frames()
    with pytest.raises(InvalidInputError) as refused:
        api.init(tmp_path / "mine", *save(tmp_path, items.drop(columns="location"), demand))
    assert "items has no column 'location', and demand has one" in str(refused.value)
