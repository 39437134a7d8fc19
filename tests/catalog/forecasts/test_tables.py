"""Forecast tables: what is refused, where, and that nothing is half done."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.forecasts import ERRORS_HEAD, MONDAY, WEEK, lines, write

import simlab as sl
from simlab.cli.app import app
from simlab.errors import InvalidInputError

GOOD = lines({"a": [4, 5, 6, 7], "b": [2, 2, 2, 2]}, {"a": 3, "b": 2})


def refused(folder, forecast=GOOD, **more):
    with pytest.raises(InvalidInputError) as caught:
        _ = sl.load(write(folder, forecast, **more)).models
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "z,EAST,2026-01-05,1,1\n", "forecast.csv:10 column 'sku': not in the items table: z@EAST"),
        (GOOD + "a,EAST,2026-01-07,9,1\n", "forecast.csv:10 column 'sku': two forecasts of a SKU-location"),
        (
            lines({"a": [4, 5], "b": [2, 2, 2, 2]}, {"a": 3, "b": 2}),
            "forecast.csv:3 column 'sku': the forecast of a@EAST ends here, after 2 weeks; its review period "
            "and lead time take 3",
        ),
        (
            GOOD.replace("b,EAST,2026-01-12,2,2\n", ""),
            "forecast.csv:7 column 'sku': no forecast for the week",
        ),
        (GOOD.replace("2026-01-19,6", "2026-01-19,-6"), "forecast.csv:4 column 'mean': '-6' is too small"),
        (GOOD.replace("2026-01-19,6", "2026-01-19,"), "forecast.csv:4 column 'mean': the cell is empty"),
        (GOOD.replace("date", "day"), "no column says which period a row forecasts"),
        (GOOD.replace("sd", "note"), "no error is known of the forecast of a@EAST, b@EAST"),
        (GOOD.replace(",3\n", ",0\n"), "the forecast of a@EAST has an error of 0"),
        (GOOD.replace("2026-", "2025-"), "all forecasts are of periods before the run"),
        (
            "sku,location,date,mean,q10,q50,q90\na,EAST,2026-01-05,4,1,4,9\na,EAST,2026-01-12,4,5,4,9\n",
            "forecast.csv:3 column 'q10': quantiles cross: q10 = 5 lies above q50 = 4",
        ),
    ],
)
def test_forecasts_that_make_no_sense_are_placed(tmp_path, text, said):
    assert said in refused(tmp_path, text)


def test_a_daily_forecast_in_a_weekly_study_is_told_to_be_added_up(tmp_path):
    """Not to be thinned to one day a week, as rows that were pasted twice are."""
    days = [np.datetime64("2026-01-05") + k for k in range(28)]
    rows = [f"{sku},EAST,{day},1,1" for sku in "ab" for day in days]
    said = refused(tmp_path, "\n".join(["sku,location,date,mean,sd", *rows]) + "\n")
    assert "rows of shorter periods? Add them up to one row per week" in said
    assert "keep the newest forecast" not in said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,EAST,2025-11-10,2025-11-03,4,5", "errors.csv:2 column 'origin': the period lies before"),
        ("q,EAST,2025-11-03,2025-11-10,4,5", "errors.csv:2 column 'sku': not in the items table: q@EAST"),
        ("a,EAST,2025-11-03,2025-11-10,4,\n", "errors.csv:2 column 'actual': the cell is empty"),
        ("a,EAST,2025-11-03,2025-11-10,4,5\n" * 2, "errors.csv:3 column 'origin': a SKU-location has two"),
    ],
)
def test_past_forecasts_that_make_no_sense_are_placed(tmp_path, row, said):
    assert said in refused(tmp_path, errors=f"{ERRORS_HEAD}\n{row.strip()}\n")


def test_the_command_ends_with_3_and_leaves_nothing(tmp_path):
    path = write(tmp_path, GOOD + "a,EAST,2026-01-07,9,1\n")
    out = tmp_path / "run"
    found = CliRunner().invoke(app, ["simulate", str(path), "--out", str(out)])
    assert found.exit_code == 3
    assert not out.exists()


def test_what_does_not_go_with_a_forecast_is_said(tmp_path):
    said = refused(tmp_path, further="[replay]\nholdout = 4\n")
    assert "a forecast of the periods to come says nothing of the last ones" in said
    season = '[models]\nseasonality = { profile_by = "category", cycle = 4 }\n'
    assert "does not go with [data.forecast]" in refused(tmp_path, further=season)
    write(tmp_path, "", further='[data.forecast_errors]\npath = "errors.csv"\n')
    with pytest.raises(InvalidInputError, match="errors of no forecast"):
        sl.load(tmp_path / "study.toml")


def test_origin_and_horizon_say_the_period_as_dates_do(tmp_path):
    by_horizon = "sku,location,origin,horizon,mean,sd\n"
    origin = MONDAY - WEEK
    for sku, path, sd in (("a", [4, 5, 6, 7], 3), ("b", [2, 2, 2, 2], 2)):
        by_horizon += "".join(f"{sku},EAST,{origin},{h},{mean},{sd}\n" for h, mean in enumerate(path, 1))
    one, other = (sl.load(write(tmp_path, text)).catalog.forecast for text in (GOOD, by_horizon))
    for name in ("item", "period", "mean", "sd"):
        assert (getattr(one, name) == getattr(other, name)).all()
    assert one.first == other.first == MONDAY


def test_dataframes_are_taken_where_the_options_name_them(tmp_path):
    """The same columns as from the file; a table that no option names is refused."""
    files = sl.load(write(tmp_path, GOOD)).catalog
    frames = {
        name: pd.read_csv(tmp_path / f"{name}.csv", dtype={"sku": str}) for name in ("items", "forecast")
    }
    options = {"study": {"period": "week", "as_of": "2026-01-04"}, "data": {"time_unit": "weeks"}}
    options["policy"] = {"review_period": 1}
    with pytest.raises(InvalidInputError, match="a table is handed over that the study does not name"):
        sl.load_frames(frames["items"], forecast=frames["forecast"], study=options)
    options["data"]["forecast"] = {}
    found = sl.load_frames(frames["items"], forecast=frames["forecast"], study=options)
    assert (found.catalog.forecast.mean == files.forecast.mean).all()
    assert found.models.paths.cycle == 4


def test_the_spread_is_that_of_the_quantiles(tmp_path):
    """Quantiles of a normal law of mean 50 and spread 8 give 8."""
    text = "sku,location,date,mean,q05,q25,q5,q75,q95\n"
    for k in range(4):
        for sku in "ab":
            quantiles = 50 + 8 * np.array([-1.644854, -0.67449, 0, 0.67449, 1.644854])
            text += f"{sku},EAST,{MONDAY + k * WEEK},50," + ",".join(f"{q:.6f}" for q in quantiles) + "\n"
    assert sl.load(write(tmp_path, text)).catalog.forecast.sd == pytest.approx(8.0, rel=1e-5)


def test_periods_before_the_run_and_items_that_are_not_planned_can_be_left_out(tmp_path):
    more = GOOD + f"a,EAST,{MONDAY - WEEK},9,1\nz,EAST,{MONDAY},9,1\n"
    path = write(tmp_path, more)
    path.write_text(path.read_text().replace('"forecast.csv"', '"forecast.csv"\nunknown_sku = "drop"'))
    data = sl.load(path)
    assert data.catalog.forecast.item.size == 8
    told = data.quality.to_frame().query("table == 'forecast'").set_index("what")["rows"].to_dict()
    assert told["periods before the run"] == 1
    assert told["SKU-locations not in items"] == 1


@pytest.mark.parametrize("mean", ["1e7", "1000000000000"])
def test_a_forecast_of_a_wrong_unit_is_refused_by_name(tmp_path, mean):
    """Demand beyond what tables hold, in one week of one SKU-location; it ended as out of memory."""
    wide = GOOD.replace("2026-01-19,6,3", f"2026-01-19,{int(float(mean))},{int(float(mean)) // 3}")
    path = write(tmp_path, wide)
    path.write_text(
        path.read_text("utf-8")
        .replace('family = "forecast"\nplanning = "normal"\n', "")
        .replace('forecast = { method = "given" }', ""),
        "utf-8",
    )
    with pytest.raises(InvalidInputError, match="a@EAST: the demand law spreads over more"):
        _ = sl.load(path).models
