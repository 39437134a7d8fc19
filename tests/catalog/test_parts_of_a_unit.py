"""Kilograms: items counted in hundredths by `unit_resolution`, shown in the units of the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.places import TESTS

import simlab as sl
from simlab.errors import InvalidInputError

FOUND = TESTS / "found" / "kilograms"


def load(folder: Path, tmp_path: Path, resolution: float | None) -> sl.Data:
    items = pd.read_csv(folder / "items.csv")
    if resolution is not None:
        items["unit_resolution"] = resolution
    (tmp_path / "demand.csv").write_bytes((folder / "demand.csv").read_bytes())
    (tmp_path / "study.toml").write_bytes((folder / "study.toml").read_bytes())
    items.to_csv(tmp_path / "items.csv", index=False)
    return sl.load(tmp_path / "study.toml")


def test_decimals_without_a_word_name_the_way_out(tmp_path: Path) -> None:
    """Found: refused without one."""
    with pytest.raises(InvalidInputError, match=r"column unit_resolution, such as 0\.01") as caught:
        load(FOUND, tmp_path, None)
    assert {problem.column for problem in caught.value.problems} == {"pack_size", "on_hand", "quantity"}


def test_hundredths_of_a_kilogram_are_ten_grams(tmp_path: Path) -> None:
    """The item by hand in units of 10 g (`study_10g.toml`) and by unit_resolution: the same, a hundredth."""
    kilograms, grams = load(FOUND, tmp_path, 0.01), sl.load(FOUND / "study_10g.toml")
    assert kilograms.catalog.parts.tolist() == [100]
    assert kilograms.catalog.numbers["pack_size"].tolist() == [36_215]
    assert kilograms.catalog.numbers["on_hand"].tolist() == [81_240]
    assert kilograms.catalog.demand is not None
    assert grams.catalog.demand is not None
    assert np.array_equal(kilograms.catalog.demand.quantity, grams.catalog.demand.quantity)
    history = pd.read_csv(FOUND / "demand.csv")["quantity"]
    assert kilograms.to_frame()["mean_demand"][0] == pytest.approx(history.mean(), rel=1e-3)
    assert kilograms.models.annual_value[0] == pytest.approx(grams.models.annual_value[0], rel=1e-12)
    assert kilograms.to_frame()["unit_cost"][0] == pytest.approx(1.2345, abs=1e-12)
    runs = [
        sl.simulate(data, sl.Policy.from_targets(sl.segment(data), fill_rate={"A": 0.98}), replications=8)
        for data in (kilograms, grams)
    ]
    assert runs[0].fill_rate.value == runs[1].fill_rate.value
    assert runs[0].inventory_value.value == pytest.approx(runs[1].inventory_value.value)
    level, tens = (run.levels()["order_up_to"][0] for run in runs)
    assert level == tens / 100
    assert runs[0].item_stock()["peak_on_hand"][0] == pytest.approx(
        runs[1].item_stock()["peak_on_hand"][0] / 100
    )


ITEMS = pd.DataFrame(
    {
        "sku": ["screw", "resin", "hose"],
        "location": "X",
        "unit_cost": [0.2, 8.5, 3.0],
        "price": [0.5, 12.0, 5.0],
        "lead_time": 7,
        "unit_resolution": [1, 0.25, 0.5],
        "pack_size": [10, 2.5, None],
        "moq": [None, 3.75, 1.5],
        "current_order_up_to": [100, 20.5, 12.5],
    }
)


def demand(**quantities: list[float]) -> pd.DataFrame:
    days = pd.date_range("2025-01-01", periods=40)
    rows = []
    for sku, cycle in quantities.items():
        rows += [
            {"sku": sku, "location": "X", "date": day, "quantity": cycle[k % len(cycle)]}
            for k, day in enumerate(days)
        ]
    return pd.DataFrame(rows)


def frames(items: pd.DataFrame = ITEMS, **quantities: list[float]) -> sl.Data:
    cycles = {"screw": [5, 9], "resin": [1.25, 2.5, 0.75], "hose": [0.5, 1.0]} | quantities
    study = {"study": {"period": "day"}, "segments": {"by": ["abc"]}}
    study["simulation"] = {"periods": 56, "replications": 4, "batches": 2}
    return sl.load_frames(items, demand(**cycles), study=study)


def test_pieces_litres_and_metres_stand_side_by_side() -> None:
    """Each in its own part; shown as the files have them, money untouched."""
    data = frames()
    assert data.catalog.parts.tolist() == [1, 4, 2]
    assert data.catalog.numbers["moq"].tolist()[1:] == [15, 3]
    shown = data.to_frame().set_index("sku")
    assert shown["mean_demand"].round(6).to_dict() == {"screw": 7.0, "resin": 1.49375, "hose": 0.75}
    assert shown["unit_cost"].round(9).to_dict() == {"screw": 0.2, "resin": 8.5, "hose": 3.0}
    assert shown["annual_value"].to_dict() == pytest.approx(
        {"screw": 7 * 365 * 0.2, "resin": 1.49375 * 365 * 8.5, "hose": 0.75 * 365 * 3.0}
    )
    levels = sl.simulate(data, sl.Policy.given(sl.segment(data))).levels()
    assert levels["order_up_to"].tolist() == [100, 20.5, 12.5]
    assert any("parts of different sizes" in entry.note for entry in data.quality.entries)


def test_schemes_see_the_units_of_the_files() -> None:
    """ABC by volume and by margin: a litre stays a litre, however finely it is counted."""
    plain = ITEMS.assign(unit_resolution=[1, 0.25, 0.25])
    for by in ("abc_volume", "abc_margin", "hml"):
        assert sl.segment(frames(), by).codes.tolist() == sl.segment(frames(plain), by).codes.tolist()
    assert sl.segment(frames(), "abc_volume").codes.tolist() == [0, 0, 1]


def test_whole_resolutions_change_nothing() -> None:
    """A resolution of 1 is whole units."""
    whole = ITEMS.assign(unit_resolution=1, pack_size=1, moq=None, current_order_up_to=50)
    cycles = {"resin": [1, 2], "hose": [3]}
    one, none = frames(whole, **cycles), frames(whole.drop(columns="unit_resolution"), **cycles)
    assert one.to_frame().equals(none.to_frame())
    assert one.catalog.parts.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit_resolution": [1, 0.3, 0.5]}, "'0.3' is neither a whole number of units nor a part"),
        ({"unit_resolution": [1, 2.5, 0.5]}, "'2.5' is neither"),
        ({"pack_size": [10, 2.6, None]}, "'2.6' is not a whole number of 0.25 units"),
        ({"pack_size": [1.5, 2.5, None]}, "'1.5' is not a whole number of 1 units"),
        ({"unit_resolution": [1, 0, 0.5]}, "unit_resolution must be above 0"),
    ],
)
def test_what_does_not_go_into_the_parts_is_refused(change: dict[str, object], said: str) -> None:
    """At its row, with the part it was compared with."""
    with pytest.raises(InvalidInputError) as caught:
        frames(ITEMS.assign(**change))
    assert said in str(caught.value)


def test_demand_that_does_not_go_into_the_parts_is_refused() -> None:
    """A third of a litre, where quarters are counted."""
    with pytest.raises(InvalidInputError, match=r"'0\.33' is not a whole number of 0\.25 units"):
        frames(resin=[1.25, 0.33])
