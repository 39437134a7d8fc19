"""A user's forecast beside simlab's laws: who covers what came, and who needs less stock."""

import numpy as np
import pandas as pd
import pytest
from worlds.forecasts import ERRORS_HEAD, MONDAY, WEEK, write

import simlab as sl
from simlab import api
from simlab.api.data.forecasts import OURS, YOURS, compared_with_laws, forecast_statements

N, WEEKS, SPAN = 40, 96, 3


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Demand jumps every eight weeks; the user's forecast knows the mean of every week."""
    folder = tmp_path_factory.mktemp("known")
    rng = np.random.default_rng(2)
    mean = rng.choice([5.0, 40.0], (N, WEEKS // 8)).repeat(8, axis=1)
    demand = rng.poisson(mean)
    first = MONDAY - WEEKS * WEEK
    rows = ["sku,location,date,quantity"]
    errors, forecast = [ERRORS_HEAD], ["sku,location,date,mean,sd"]
    for k in range(N):
        rows += [f"s{k},EAST,{first + t * WEEK},{demand[k, t]}" for t in range(WEEKS)]
        for origin in range(WEEKS // 2, WEEKS - SPAN, SPAN):
            for h in range(1, SPAN + 1):
                there = (mean[k, origin + h], demand[k, origin + h])
                days = (first + origin * WEEK, first + (origin + h) * WEEK)
                errors.append(f"s{k},EAST,{days[0]},{days[1]},{there[0]},{there[1]}")
        forecast += [f"s{k},EAST,{MONDAY + t * WEEK},{20 + t},5" for t in range(6)]
    items = "sku,location,unit_cost,lead_time,category\n"
    items += "".join(f"s{k},EAST,2,2,core\n" for k in range(N))
    (folder / "demand.csv").write_text("\n".join(rows) + "\n", "utf-8")
    tables = {"errors": "\n".join(errors) + "\n", "items": items}
    return write(folder, "\n".join(forecast) + "\n", further='[data.demand]\npath = "demand.csv"\n', **tables)


def test_a_forecast_that_knows_more_covers_and_needs_less_stock(study):
    found = compared_with_laws(sl.load(study)).set_index("method")
    yours, ours = found.loc[YOURS], found.loc[OURS]
    assert yours["origins"] == 3
    assert yours["sums"] == 3 * N
    assert yours["inside"] == pytest.approx(0.9, abs=0.09)
    assert yours["crps"] < ours["crps"]
    assert ours["difference_low"] > 0
    assert ours["stock_left"] - yours["stock_left"] == pytest.approx(ours["difference"])
    said = forecast_statements({"forecast_compared": found.reset_index()}, "EUR")
    assert said[0].title == "Your forecast needs less stock than simlab's laws."


@pytest.mark.pages
def test_the_run_keeps_the_tables_and_the_page_shows_them(study, tmp_path):
    result = api.run_simulate(study, out=tmp_path / "run", workers=1)
    errors = pd.read_parquet(result.folder / "results" / "forecast_errors.parquet")
    assert (errors["periods"] == SPAN).all()
    assert errors["sum_sd"].to_numpy() == pytest.approx(np.sqrt(SPAN * 22.5), rel=0.6)
    horizons = pd.read_parquet(result.folder / "results" / "forecast_horizons.parquet")
    assert horizons["horizon"].tolist() == [1, 2, 3]
    page = (result.folder / "report.html").read_text("utf-8")
    assert "Your forecast beside simlab" in page
    assert "stock left at equal service" in page
    assert any("Your forecast needs less stock" in one.title for one in result.told)
