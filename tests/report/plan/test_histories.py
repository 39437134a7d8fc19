"""The page says what was changed in the histories, what promotions do, and what data cannot say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds.study import STUDY, write_study

import simlab as sl
from simlab.api.data.histories import adjustments, uplift
from simlab.report.plan.section import sections
from simlab.report.plan.sections import histories
from simlab.report.plan.sections.prepared import prepared
from simlab.report.plan.tables import RunTables

OPTIONS = """
[demand]
life = "window"
censoring = "on_hand"
outliers = { rule = "mad", k = 3.0, action = "drop" }
uplift = { drivers = ["promotion", "price"], future = "none" }
"""


def loaded(folder, options=OPTIONS):
    """The small study with promotions, prices and stock beside its demand."""
    path = write_study(folder, STUDY + options)
    demand = pd.read_csv(folder / "demand.csv", dtype={"sku": str})
    rng = np.random.default_rng(3)
    demand["promotion"] = (rng.random(len(demand)) < 0.2).astype(int)
    demand["price"] = np.where(rng.random(len(demand)) < 0.2, 4.0, 5.0)
    demand["on_hand"] = np.where(rng.random(len(demand)) < 0.1, 0, 20)
    demand.to_csv(folder / "demand.csv", index=False)
    return sl.load(path)


def tables(data, quality=None, **more):
    n = data.catalog.n_items
    items = pd.DataFrame(
        {
            "sku": data.catalog.sku,
            "location": data.catalog.location,
            "segment": "A",
            "demand_class": "smooth",
            "stage": "dying",
            "n_observed": 12,
            "season": np.nan,
            "has_season": False,
            "trend": 0.1,
            "has_trend": True,
            "autocorrelation": 0.1,
            "has_autocorrelation": False,
            "variance_ratio": 1.1,
            "lead_time_reason": ["items.lead_time = 7 days"] * n,
            "lead_time_source": ["stated"] * n,
        }
    )
    manifest = {"period": "day", "currency": "EUR"}
    return RunTables(manifest=manifest, items=items, segments=pd.DataFrame(), quality=quality, more=more)


def test_every_change_is_listed_with_its_value(tmp_path) -> None:
    data = loaded(tmp_path)
    found = adjustments(data)
    assert set(found["what"]) >= {"outlier", "stocked out", "promotion"}
    assert found.loc[found["what"] == "outlier", "after"].isna().all()
    cost = dict(zip(data.catalog.keys, data.catalog.unit_cost * data.study.data.cost_resolution, strict=True))
    row = found[found["what"] == "stocked out"].iloc[0]
    assert row["value"] == pytest.approx(
        (row["after"] - row["before"]) * cost[f"{row['sku']}@{row['location']}"]
    )
    by_kind = {row.what: row.units for row in data.quality.entries if row.what.startswith("outliers")}
    dropped = found.loc[found["what"] == "outlier", "before"].sum()
    assert by_kind == {"outliers beyond 3 MAD": dropped}


def test_the_section_counts_lists_and_names_the_effects(tmp_path) -> None:
    data = loaded(tmp_path)
    found = tables(data, adjustments=adjustments(data), uplift=uplift(data))
    section = prepared(found)
    assert [table["title"].split(" ")[0] for table in section.tables] == ["Changes", "The", "What"]
    kinds = {row[0]: row for row in section.tables[0]["rows"]}
    assert kinds["Outliers"][4] == kinds["Outliers"][2]
    assert len(section.tables[1]["rows"]) == 20
    assert {row[0] for row in section.tables[2]["rows"]} == {"A promotion", "A price 10% lower"}
    assert any("usual prices" in note for note in section.notes)
    assert any("an outcome of demand" in note for note in section.notes)


def test_without_changes_there_is_no_section(tmp_path) -> None:
    data = loaded(tmp_path, "")
    assert adjustments(data).empty
    assert uplift(data).empty
    assert prepared(tables(data)) is None


def test_what_the_data_cannot_say_follows_the_data(tmp_path) -> None:
    data = loaded(tmp_path)
    (section, *_) = [one for one in sections(tables(data)) if one["id"] == "histories"]
    said = " ".join(section["notes"])
    assert "the history counts what was sold" in said
    assert "fewer than 24 days of history" in said
    assert "stated, not received" in said
    assert "dying SKU-locations are discontinued" in said
    quality = pd.DataFrame({"what": ["demand unseen in stock-outs"]})
    (section, *_) = [one for one in sections(tables(data, quality=quality)) if one["id"] == "histories"]
    assert "estimated from the sales" in section["notes"][0]
    row = section["tables"][0]["rows"][0]
    header = section["tables"][0]["header"]
    assert row[header.index("season")] == "–"
    assert row[header.index("trend")] != "–"


@pytest.mark.parametrize(
    ("assumed", "left_out"),
    [
        ({}, set()),
        ({"serial_items": 4}, {histories.PERIODS}),
        ({"common_factors": True}, {histories.ITEMS}),
    ],
)
def test_no_gap_is_named_that_the_laws_have_closed(tmp_path, assumed, left_out) -> None:
    """Blocks and profiles take away the sentence on periods, common factors that on items, nothing else."""
    found = tables(loaded(tmp_path, ""))
    found.manifest.update(assumed=assumed, n_items=4)
    every = {histories.PERIODS, histories.ITEMS, histories.CHANGE}
    assert set(histories.cannot_say(found)) == every - left_out


def test_where_some_laws_know_their_past_the_gap_is_named_for_the_others(tmp_path) -> None:
    """A single item drawn in blocks does not hide that the periods of all others are independent."""
    found = tables(loaded(tmp_path, ""))
    found.manifest.update(assumed={"serial_items": 1}, n_items=1204)
    assert histories.cannot_say(found) == (histories.OTHER_PERIODS, histories.ITEMS, histories.CHANGE)
