"""period = "fiscal": rows stand for the periods of a table, by date or name, and are spread over months."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.errors import InvalidInputError

LENGTHS = np.tile([28, 28, 35, 28, 28, 35, 28, 28, 35, 28, 28, 42], 3)  # each December has six weeks
START = np.datetime64("2021-01-04") + np.concatenate([[0], np.cumsum(LENGTHS)[:-1]])
NAMES = [f"P{k % 12 + 1:02d}-{2021 + k // 12}" for k in range(36)]


def table(**changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"name": NAMES, "start": START.astype(str), "end": (START + LENGTHS - 1).astype(str)}
    )
    return frame.assign(**changes)


def load(demand, periods=None, as_of=None, **study):
    items = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": 1.0, "lead_time": 14.0})
    header = {"period": "fiscal"} | ({} if as_of is None else {"as_of": as_of})
    demand = demand.assign(sku="a", location="X")
    return sl.load_frames(items, demand, periods=periods, study={"study": header, **study})


UNITS = np.random.default_rng(1).poisson(10 * LENGTHS)


@pytest.mark.parametrize("how", ["first day", "last day", "any day", "name"])
def test_rows_by_date_or_name_give_the_months_of_ten_a_day(how) -> None:
    """10 a day whatever the length of a period: 304 ± 20 a month of 365/12 days (± 9 for its length)."""
    day = {"first day": START, "last day": START + LENGTHS - 1, "any day": START + 9}
    demand = pd.DataFrame({"quantity": UNITS})
    demand = demand.assign(period=NAMES) if how == "name" else demand.assign(date=day[how].astype(str))
    data = load(demand, table())
    assert data.study.period == "month"
    assert data.history.mean[0] == pytest.approx(10 * 365 / 12, rel=0.015)
    assert 12 < np.sqrt(data.history.variance[0]) < 30
    assert data.catalog.demand.quantity.sum() == UNITS.sum()
    assert data.catalog.quality.rows("demand") == data.catalog.quality.read["demand"] == 36


def test_absent_periods_are_zero_and_not_longer_neighbours() -> None:
    kept = np.arange(36) % 12 != 5
    demand = pd.DataFrame({"quantity": UNITS[kept], "date": START[kept].astype(str)})
    history = load(demand, table()).history
    assert history.mean[0] * history.n_observed[0] == pytest.approx(UNITS[kept].sum(), rel=0.05)
    sums = np.bincount(history.period, weights=history.quantity, minlength=history.calendar.n_periods)
    assert (sums < 220).sum() == 5


def test_what_is_wrong_with_periods_is_refused() -> None:
    demand = pd.DataFrame({"quantity": UNITS, "date": START.astype(str)})
    wrong = {
        "data.periods.path": (demand, None),
        "before the end of 'P01-2021'": (
            demand,
            table(start=np.append(START[:1], START[1:] - 2).astype(str)),
        ),
        "ends before it begins": (demand, table(end=(START - 1).astype(str))),
        "stands more than once": (demand, table(name=["P01", *NAMES[:-2], "P01"])),
        "lies in no period": (demand, table().iloc[:-1]),
        "no period holds the days from 2021-08-02 to 2021-08-29": (
            demand.drop(index=7),
            table().drop(index=7),
        ),
        "'P13-2021' is not in the table": (demand.drop(columns="date").assign(period="P13-2021"), table()),
        "required column is missing": (demand, table().drop(columns="end")),
    }
    for words, (rows, periods) in wrong.items():
        with pytest.raises(InvalidInputError, match=words):
            load(rows, periods)
    items = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": 1.0})
    study = {"study": {"period": "week"}, "data": {"periods": {"path": "periods.csv"}}}
    with pytest.raises(InvalidInputError, match="has no effect unless the study is one of fiscal periods"):
        sl.load_frames(items, demand.assign(sku="a", location="X"), study=study)


def test_a_study_file_names_the_table_and_its_hash_is_kept(tmp_path) -> None:
    table().to_csv(tmp_path / "periods.csv", index=False)
    pd.DataFrame({"sku": "a", "location": "X", "period": NAMES, "quantity": UNITS}).to_csv(
        tmp_path / "demand.csv", index=False
    )
    (tmp_path / "items.csv").write_text("sku,location,unit_cost,lead_time\na,X,1,14\n", "utf-8")
    text = '[study]\nperiod = "fiscal"\n'
    text += "".join(f'[data.{name}]\npath = "{name}.csv"\n' for name in ("items", "demand", "periods"))
    (tmp_path / "study.toml").write_text(text, "utf-8")
    data = sl.load(tmp_path / "study.toml")
    assert data.history.mean[0] == pytest.approx(10 * 365 / 12, rel=0.015)
    assert set(data.catalog.inputs) == {"items", "demand", "periods"}
