"""Rules of the three tables, from DataFrames and files alike, and the laws of the quality account."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.catalog import Catalog, from_frames
from simlab.catalog.columns import ITEMS
from simlab.catalog.load import load
from simlab.errors import InvalidInputError
from simlab.study import Study, parse_study


def items(**columns: Any) -> pd.DataFrame:
    base = {"sku": ["a", "b"], "location": ["X", "X"], "unit_cost": [2.5, 4.0]}
    return pd.DataFrame({**base, **columns})


def demand(*rows: tuple[Any, ...]) -> pd.DataFrame:
    rows = rows or (("a", "X", "2024-01-01", 3), ("b", "X", "2024-01-02", 5))
    return pd.DataFrame(rows, columns=["sku", "location", "date", "quantity"])


def refusal(study: Study, *frames: pd.DataFrame | None) -> str:
    with pytest.raises(InvalidInputError) as caught:
        from_frames(study, *frames)  # type: ignore[arg-type]
    return str(caught.value)


PLAIN = Study.default()


def test_catalog_of_frames() -> None:
    catalog = from_frames(PLAIN, items(on_hand=[7, None], colour=["red", "blue"], size=[1, 2]), demand())
    assert (catalog.sku, catalog.location, catalog.n_items) == (("a", "b"), ("X", "X"), 2)
    assert catalog.keys == ("a@X", "b@X")
    assert list(catalog.unit_cost) == [25_000, 40_000]
    assert np.array_equal(catalog.numbers["on_hand"], [7.0, np.nan], equal_nan=True)
    assert list(catalog.texts["colour"]) == ["red", "blue"]
    assert list(catalog.numbers["size"]) == [1.0, 2.0]
    assert "colour" not in catalog.numbers
    assert (catalog.first_date, catalog.last_date) == (dt.date(2024, 1, 1), dt.date(2024, 1, 2))
    assert catalog.as_of == dt.date(2024, 1, 2)
    assert catalog.receipts is None
    assert catalog.inputs == {}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("unit_cost", "free", "'free' is not a plain number"),
        ("unit_cost", -1.5, "'-1.5' is below 0"),
        ("unit_cost", 1e15, "too large to be counted exactly"),
        ("unit_cost", None, "the cell is empty"),
        ("unit_cost", "abc", "'abc' is not a plain number"),
        ("holding_rate", 200, "at most 100 is allowed"),
        ("holding_rate", -0.1, "'-0.1' is too small"),
        ("holding_rate", "20%", "0.20 for 20%"),
        ("lead_time", -1, "lead_time must be 0 or more"),
        ("review_period", 0, "review_period must be above 0"),
        ("pack_size", 0, "pack_size must be 1 or more"),
        ("pack_size", 2.5, "'2.5' is not a whole number"),
        ("moq", -3, "moq must be 0 or more"),
        ("max_position", -1, "max_position must be 0 or more"),
        ("unmet", "1.5", "a share such as 0.3 are"),
        ("unit_resolution", 0.3, "'0.3' is neither a whole number of units nor a part"),
        ("lead_time_sd", -2, "lead_time_sd must be 0 or more"),
        ("lead_time_sd", "two", "'two' is not a plain number"),
        ("lead_time_sd", "NaN", "'NaN' is not a plain number"),
        ("unmet", "waits", "'waits' is not allowed"),
        ("demand_law", "intermittent", "has a share of periods with demand, which mean and variance do not"),
        ("demand_law", "Intermittent", 'law = "intermittent" }]'),
        ("sku", "", "the cell is empty"),
        ("sku", "b", "'b' at 'X' stands more than once (first in row 1)"),
    ],
)
def test_item_cells(column: str, value: object, message: str) -> None:
    """A cell outside its rule is refused at its row, with the column's name; other cells are fine."""
    table = items()
    table[column] = pd.Series([value, "b" if column == "sku" else None], dtype=object)
    table.loc[1, "unit_cost"] = 4.0
    if column == "sku" and value == "b":
        table["sku"] = ["b", "b"]
        table = pd.concat([items(sku=["z", "b"]), table.iloc[:1]], ignore_index=True)
    said = refusal(PLAIN, table, demand())
    assert message in said
    assert f"column '{column}'" in said


def test_a_line_of_totals_is_called_one() -> None:
    table = pd.concat([items(), pd.DataFrame([{"sku": "Summe", "unit_cost": 99.0}])], ignore_index=True)
    assert "a line of totals? Take it out" in refusal(PLAIN, table, demand(("a", "X", "2024-01-01", 1)))
    table.loc[len(table) - 1, "sku"] = "Sumatra"
    assert "a line of totals" not in refusal(PLAIN, table, demand(("a", "X", "2024-01-01", 1)))


def test_empty_cells_of_optional_columns_are_fine() -> None:
    """Columns that say nothing are no reason to refuse an export."""
    catalog = from_frames(
        PLAIN, items(unit_resolution=[1, None], lead_time_sd=[0, 0], max_position=["", ""]), demand()
    )
    assert "unit_resolution" in catalog.numbers


def test_every_known_column_has_a_home() -> None:
    """Each column of the interface is kept as numbers or as text."""
    row: dict[str, Any] = {}
    for name, rule in ITEMS.items():
        row[name] = {"id": "a", "text": "t", "choice": (rule.choices or ("",))[0]}.get(rule.kind, 1)
    row |= {"max_position": None, "location": "X", "on_order_due": "2025-01-31", "last_sale": "2025-01-31"}
    catalog = from_frames(PLAIN, pd.DataFrame([row]))
    for name, rule in ITEMS.items():
        if rule.kind != "id":
            assert (name in catalog.texts) != (name in catalog.numbers) or rule.or_number


def test_misspelt_columns_are_noticed() -> None:
    """A further column may be used for segments, so it is kept; its likely meaning is asked."""
    quality = from_frames(PLAIN, items(holding_rat=[0.2, 0.2]), demand()).quality
    assert "did you mean 'holding_rate'?" in quality.text()


def test_missing_columns_are_named_with_a_guess() -> None:
    said = refusal(PLAIN, items().rename(columns={"unit_cost": "UnitCost"}), demand())
    assert "unit_cost: required column is missing" in said
    assert "did you mean 'UnitCost'?" in said


def test_floating_ids_are_refused_and_whole_ones_become_text() -> None:
    assert "ids are stored as floating-point numbers" in refusal(PLAIN, items(sku=[1.0, 2.5]), None)
    whole = from_frames(PLAIN, items(sku=[123, 7]), demand((123, "X", "2024-01-01", 1)))
    assert whole.sku == ("123", "7")


def test_a_frame_of_mixed_objects() -> None:
    table = items(sku=pd.Series(["a", 7], dtype=object))
    assert from_frames(PLAIN, table, demand(("a", "X", "2024-01-01", 1))).sku == ("a", "7")


def test_empty_frames_are_refused() -> None:
    assert "required column is missing" in refusal(PLAIN, pd.DataFrame(), demand())
    assert "no rows" in refusal(PLAIN, items().iloc[:0], demand())


def test_timestamps_are_dates_only_at_midnight() -> None:
    """A time of day is not thrown away unless the study says so."""
    times = pd.to_datetime(["2024-01-01 00:00", "2024-01-02 13:30"])
    table = demand().assign(date=times)
    assert "is a time, a date is meant" in refusal(PLAIN, items(), table)
    study = Study.default(data={"demand": {"date_format": "%Y-%m-%d %H:%M:%S"}})
    assert from_frames(study, items(), table).last_date == dt.date(2024, 1, 2)


def test_laws_given_outright_need_no_history() -> None:
    """With a law for every item there is no demand table; with one item lacking it there must be."""
    given_laws = items(
        demand_law=["poisson", "negative_binomial"], demand_mean=[3, 4.5], demand_variance=[None, 9]
    )
    catalog = from_frames(PLAIN, given_laws)
    assert catalog.demand is None
    assert catalog.last_date is None
    assert list(catalog.texts["demand_law"]) == ["poisson", "negative_binomial"]
    given_laws.loc[1, ["demand_law", "demand_mean", "demand_variance"]] = None
    assert "no demand table, and 'b' has no law given outright" in refusal(PLAIN, given_laws)


@pytest.mark.parametrize(
    ("law", "mean", "variance", "message"),
    [
        ("poisson", None, None, "the mean of a law given outright is missing"),
        (None, 3, None, "a mean is given and no law"),
        (None, None, 3, "a variance is given and no law"),
        ("negative_binomial", 3, None, "the variance does not exceed the mean"),
        ("negative_binomial", 3, 3, "the variance does not exceed the mean"),
        ("poisson", 3, 4, "a Poisson law's variance is its mean"),
        ("stuttering_poisson", 3, 2, "the variance does not exceed the mean"),
        ("gamma", 3, None, "the variance is missing"),
        ("binomial", 3, 4, "no binomial law has this variance"),
    ],
)
def test_half_laws_are_refused(law: Any, mean: Any, variance: Any, message: str) -> None:
    columns = {"demand_law": [law, "poisson"], "demand_mean": [mean, 1], "demand_variance": [variance, None]}
    assert message in refusal(PLAIN, items(**{k: pd.Series(v, dtype=object) for k, v in columns.items()}))


def test_fractional_quantities_are_refused() -> None:
    said = refusal(PLAIN, items(), demand(("a", "X", "2024-01-01", 2.5)))
    assert "'2.5' is not a whole number of units" in said
    assert "column unit_resolution, such as 0.01" in said
    assert "thousands" not in said


def test_points_between_thousands_are_thought_of_first() -> None:
    """1.172 beside semicolons and decimal commas is a thousand, seldom a weight."""
    said = refusal(PLAIN, items(), demand(("a", "X", "2024-01-01", "1.172"), ("a", "X", "2024-01-02", "980")))
    assert "'1.172' is not a whole number of units" in said
    assert 'groups of thousands? Then declare decimal = "," and thousands = "." under [data.demand]' in said


def test_future_dates() -> None:
    """Without as_of the future is a mistake; with it, later rows are left out and counted."""
    table = demand(("a", "X", "2024-01-01", 1), ("a", "X", "2199-01-01", 9))
    assert "'2199-01-01' lies in the future" in refusal(PLAIN, items(), table)
    study = Study.default(as_of="2024-06-30", demand={"complete_to": "2024-06-30"})
    catalog = from_frames(study, items(), table)
    assert catalog.quality.rows("demand", "dropped") == 1
    assert catalog.as_of == dt.date(2024, 6, 30)
    assert catalog.last_date == dt.date(2024, 1, 1)


def test_the_last_day_itself_counts() -> None:
    """What was sold on as_of is known on as_of."""
    study = Study.default(as_of="2024-01-02", demand={"complete_to": "2024-01-02"})
    catalog = from_frames(study, items(), demand())
    assert catalog.quality.rows("demand", "dropped") == 0
    assert catalog.last_date == dt.date(2024, 1, 2)


@pytest.mark.parametrize("year", [1850, 1024])
def test_dates_of_another_century_are_refused(year: int) -> None:
    table = demand(("a", "X", f"{year}-01-01", 1), ("b", "X", "2024-01-02", 5))
    said = refusal(PLAIN, items(), table)
    assert f"'{year}-01-01' lies in the year {year}" in said
    assert "check the century" in said


def test_unknown_location_says_so() -> None:
    assert "'a' at 'Y' is not in the items table" in refusal(
        PLAIN, items(), demand(("a", "Y", "2024-01-01", 1))
    )


def test_demand_in_packs_counts_their_units() -> None:
    """Three packs of twelve are 36 units; a SKU without a size is refused."""
    study = Study.default(data={"demand": {"unit": "pack"}})
    table = demand(("a", "X", "2024-01-01", 3), ("b", "X", "2024-01-02", 5))
    catalog = from_frames(study, items(pack_size=[12, 1]), table)
    assert catalog.demand is not None
    assert list(catalog.demand.quantity) == [36, 5]
    assert "'b' has no pack_size" in refusal(study, items(pack_size=[12, None]), table)


def test_no_demand_left() -> None:
    study = Study.default(data={"demand": {"unknown_sku": "drop"}})
    assert "no demand is left" in refusal(study, items(), demand(("z", "X", "2024-01-01", 1)))


def test_returns_undo_the_latest_sales() -> None:
    """A return takes back sales of its day, then of the days before; what remains is dropped, counted."""
    study = Study.default(data={"demand": {"returns": "net"}})
    table = demand(
        ("a", "X", "2024-01-01", 4),
        ("a", "X", "2024-01-03", 2),
        ("a", "X", "2024-01-04", -3),
        ("a", "X", "2024-01-05", 6),
        ("b", "X", "2024-01-01", -5),
        ("b", "X", "2024-01-02", 1),
        ("b", "X", "2024-01-03", -2),
    )
    catalog = from_frames(study, items(), table)
    assert catalog.demand is not None
    assert list(catalog.demand.quantity) == [3, 0, 6, 0]
    quality = catalog.quality
    assert (quality.rows("demand", "repaired"), quality.units("demand", "repaired")) == (2, -4)
    assert (quality.rows("demand", "dropped"), quality.units("demand", "dropped")) == (1, -6)


def test_returns_beside_dates_that_cannot_be_read() -> None:
    """Nothing can be netted then; the dates are told, not a fault of simlab."""
    study = Study.default(data={"demand": {"returns": "net"}})
    assert "is not a date" in refusal(study, items(), demand(("a", "X", "soon", 4), ("a", "X", "then", -3)))


@pytest.mark.parametrize("sizes", [(-1, -4), (-4, -1)])
def test_larger_returns_come_first(sizes: tuple[int, int]) -> None:
    """Which return of a day finds a sale does not depend on which stands first in the file."""
    table = demand(("a", "X", "2024-01-01", 4), *(("a", "X", "2024-01-02", size) for size in sizes))
    quality = from_frames(Study.default(data={"demand": {"returns": "net"}}), items(), table).quality
    assert (quality.rows("demand", "repaired"), quality.rows("demand", "dropped")) == (1, 1)


def receipts(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["supplier", "sku", "order_date", "receipt_date", "quantity"])


def test_receipts() -> None:
    """Receipts of foreign SKUs tell of their supplier; a silent study on crossing is refused."""
    table = receipts(
        ("S2", "a", "2024-01-01", "2024-01-09", 10),
        ("S1", "foreign", dt.date(2024, 1, 1), dt.date(2024, 1, 5), 4),
    )
    table["received_quantity"] = [9, 4]
    assert "lead_times.crossing" in refusal(PLAIN, items(), demand(), table)
    catalog = from_frames(Study.default(lead_times={"crossing": False}), items(), demand(), table)
    assert catalog.receipts is not None
    assert list(catalog.receipts.supplier) == ["S1", "S2"]
    assert list(catalog.receipts.location) == [None, None]
    assert "every row is an order of its own" in catalog.quality.text()


def test_an_order_without_a_receipt_is_open_and_no_receipt() -> None:
    """An empty date is no date: the order is known to take longer than up to the last day of the table."""
    table = receipts(
        ("S1", "a", "2024-01-01", "2024-01-09", 10),
        ("S1", "a", "2024-01-05", None, 7),
    )
    catalog = from_frames(Study.default(lead_times={"crossing": False}), items(), demand(), table)
    assert catalog.receipts is not None
    assert list(catalog.receipts.quantity) == [10]
    assert catalog.quality.rows("receipts", "repaired") == 1
    assert catalog.quality.units("receipts", "repaired") == 7


def test_what_comes_on_the_day_it_is_ordered_is_a_receipt() -> None:
    """A lead time of nothing is one; a receipt before its order is none."""
    study = Study.default(lead_times={"crossing": False})
    table = receipts(("S1", "a", "2024-01-05", "2024-01-05", 10))
    catalog = from_frames(study, items(), demand(), table)
    assert catalog.receipts is not None
    assert list(catalog.receipts.quantity) == [10]
    table = receipts(("S1", "a", "2024-01-05", "2024-01-04", 10))
    assert "lies before the order of 2024-01-05" in " ".join(refusal(study, items(), demand(), table).split())


def test_files_of_both_kinds_give_the_same_catalog(tmp_path: Path) -> None:
    """Parquet, typed or as text, and CSV meet the same rules; their hashes are kept."""
    master, sales = items(lead_time=[2, 3.5]), demand()
    master.to_csv(tmp_path / "items.csv", index=False)
    sales.to_csv(tmp_path / "demand.csv", index=False)
    master.to_parquet(tmp_path / "items.parquet", index=False)
    sales.assign(date=pd.to_datetime(sales["date"])).to_parquet(tmp_path / "demand.parquet", index=False)
    catalogs = [
        load(
            parse_study(
                f"[data.items]\npath = 'items.{kind}'\n[data.demand]\npath = 'demand.{kind}'\n", tmp_path
            )
        )
        for kind in ("csv", "parquet")
    ]
    for catalog, kind in zip(catalogs, ("csv", "parquet"), strict=True):
        assert_same(catalog, catalogs[0])
        digest = hashlib.sha256((tmp_path / f"demand.{kind}").read_bytes()).hexdigest()
        assert catalog.inputs["demand"] == digest


def test_damaged_parquet_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "items.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InvalidInputError, match="E-ITM-001"):
        load(parse_study("[data.items]\npath = 'items.parquet'\n", tmp_path))


def assert_same(one: Catalog, other: Catalog) -> None:
    assert one.sku == other.sku
    assert np.array_equal(one.unit_cost, other.unit_cost)
    assert one.demand is not None
    assert other.demand is not None
    for field in ("item", "date", "quantity"):
        assert np.array_equal(getattr(one.demand, field), getattr(other.demand, field))


rows = st.tuples(
    st.sampled_from(["a", "b", "ghost"]),
    st.just("X"),
    st.sampled_from(["2024-01-01", "2024-01-02", "2024-01-05", "2024-03-01"]),
    st.sampled_from(["0", "3", "5", "-1", "-4", "", "NaN"]),
)
rules = st.fixed_dictionaries({"returns": st.sampled_from(["net", "drop"])})


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(rows, min_size=1, max_size=12), st.permutations(range(12)), rules)
def test_laws_of_the_account(table: list[tuple[str, ...]], order: list[int], rule: dict[str, str]) -> None:
    """Read = used + repaired + dropped; units agree with the demand kept; row order never matters."""
    table = [*table, ("a", "X", "2024-01-01", "1")]
    options = {"duplicates": "sum", "unknown_sku": "drop", "missing_quantity": "drop", **rule}
    study = Study.default(as_of="2024-02-01", data={"demand": options}, demand={"complete_to": "2024-02-01"})
    catalog = from_frames(study, items(), demand(*table))
    quality = catalog.quality
    assert catalog.demand is not None
    assert quality.rows("demand") == quality.read["demand"] == len(table)
    kept = quality.units("demand", "used") + quality.units("demand", "repaired")
    assert catalog.demand.quantity.sum() == kept
    assert (catalog.demand.quantity >= 0).all()
    read = sum(int(q) for *_, q in table if q.lstrip("-").isdigit())
    assert kept + quality.units("demand", "dropped") == read
    shuffled = [table[k] for k in order if k < len(table)] + table[12:]
    again = from_frames(study, items(), demand(*shuffled))
    assert_same(catalog, again)
    counts = [quality.rows("demand", status) for status in ("used", "repaired", "dropped")]
    assert counts == [again.quality.rows("demand", status) for status in ("used", "repaired", "dropped")]


def test_account_as_a_table() -> None:
    frame = from_frames(PLAIN, items(), demand()).quality.to_frame()
    assert list(frame.columns) == ["table", "what", "status", "rows", "units", "value", "note"]
    sums = frame.groupby("table")[["rows", "units", "value"]].sum()
    assert sums.loc["demand"].tolist() == [2, 8.0, 3 * 2.5 + 5 * 4.0]
