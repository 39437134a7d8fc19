"""The last periods of a study whose demand follows a forecast: planned with the forecast made before them."""

import numpy as np
import pandas as pd
import pytest
from worlds.forecasts import MONDAY, WEEK, lines, write

import simlab as sl
from simlab import api
from simlab.api.decision.past import not_replayed, periods_held
from simlab.api.simulator.before import past_of
from simlab.errors import InvalidInputError

WEEKS, RAISED = 156, 10
DEMAND = '[data.demand]\npath = "demand.csv"\n'
MEAN = {"a": 60.0, "b": 200.0}


def expected(sku: str, week: np.ndarray) -> np.ndarray:
    """Three times as much in the last ten weeks, as a promotion that everybody knew of."""
    return MEAN[sku] * np.where(week >= WEEKS - RAISED, 3.0, 1.0)


def told(folder, *, horizons: int = 12, origins=range(40, WEEKS)) -> str:
    """Three years of weeks about what was expected, and every past forecast with what came."""
    rng = np.random.default_rng(5)
    first = MONDAY - WEEKS * WEEK
    noise = {sku: rng.normal(0, mean / 6, WEEKS) for sku, mean in MEAN.items()}
    sold = {sku: np.rint(expected(sku, np.arange(WEEKS)) + one).astype(int) for sku, one in noise.items()}
    rows = [f"{sku},EAST,{first + t * WEEK},{n}" for sku, line in sold.items() for t, n in enumerate(line)]
    (folder / "demand.csv").write_text("\n".join(["sku,location,date,quantity", *rows]) + "\n", "utf-8")
    out = ["sku,location,origin,date,forecast,actual"]
    for sku, line in sold.items():
        for origin in origins:
            for week in range(origin + 1, min(origin + 1 + horizons, WEEKS)):
                at = first + week * WEEK
                mean = expected(sku, np.array(week))
                out.append(f"{sku},EAST,{first + origin * WEEK},{at},{mean},{line[week]}")
    return "\n".join(out) + "\n"


def study(folder, **how):
    text = lines({sku: [3 * mean] * 6 for sku, mean in MEAN.items()}, {"a": 30, "b": 60})
    items = "sku,location,unit_cost,lead_time,category\na,EAST,2,1,core\nb,EAST,5,2,core\n"
    return write(folder, text, items=items, errors=told(folder, **how), further=DEMAND)


def test_the_past_is_planned_with_the_forecast_that_was_made_then(tmp_path):
    """Eight weeks held out: its periods, its level and its law are those of the origin before them."""
    data = sl.load(study(tmp_path))
    assert periods_held(data) == 8
    past = past_of(data, 8)
    paths = past.models.paths
    assert paths.cycle == 8
    assert (paths.path == [[180.0] * 8, [600.0] * 8]).all()
    assert str(paths.first) == str(MONDAY - 8 * WEEK)
    assert past.models.world.demand.mean == pytest.approx([180, 600])
    later = past.catalog.forecast_errors  # of the whole catalogue: what the fit takes of it had passed
    assert paths.errors.n_origins.max() < np.unique(later.origin).size
    assert not_replayed(data) == ()


@pytest.mark.slow
def test_a_promotion_that_the_forecast_knew_is_no_surprise_of_the_replay(tmp_path):
    """Served as expected; by laws of the history alone the level would be a third of what was asked."""
    run = api.run_optimize(study(tmp_path), out=tmp_path / "run", workers=1, draw=False)
    frame = pd.read_parquet(tmp_path / "run" / "results" / "held_out.parquet")
    row = frame[(frame["plan"] == "segmented") & (frame["segment"] == "(all)")].iloc[0]
    assert row["n_judged"] == 2
    assert row["demand_inside"]
    assert row["fill_rate"] == pytest.approx(row["fill_rate_expected"], abs=0.1)
    assert any("The last 8 weeks, replayed" in line for line in run.statements)
    assert not any("fault of simlab" in line for line in run.statements)


def test_what_no_past_forecast_covers_is_not_replayed_and_told(tmp_path):
    """Horizons of four weeks: by default nothing is replayed, and it is said why; [replay] is refused."""
    path = study(tmp_path, horizons=4)
    data = sl.load(path)
    assert periods_held(data) == 0
    (one,) = not_replayed(data)
    assert "The last 8 weeks are not replayed: no past forecast made in the week up to 2025-11-09" in one.text
    assert "a@EAST, b@EAST" in one.text
    text = path.read_text("utf-8")
    path.write_text(text + "[replay]\nholdout = 8\n", "utf-8")
    with pytest.raises(InvalidInputError, match=r"E-MOD-034.*holdout = 8: no past forecast made") as found:
        sl.load(path).models.world  # noqa: B018
    assert len(found.value.problems) == 1


def test_a_replay_holds_out_what_an_origin_covers(tmp_path):
    """Forecasts made every six weeks: the hold-out is the nearest number of weeks that one of them covers."""
    data = sl.load(study(tmp_path, origins=range(40, WEEKS, 6), horizons=16))
    made = WEEKS - 1 - np.arange(40, WEEKS, 6)
    assert periods_held(data) == min((n for n in made if n >= 8), key=lambda n: abs(n - 8))


def test_a_replay_of_a_forecast_without_past_ones_is_refused(tmp_path):
    path = study(tmp_path)
    text = path.read_text("utf-8").replace('[data.forecast_errors]\npath = "errors.csv"\n', "")
    path.write_text(text + "[replay]\nholdout = 8\n", "utf-8")
    with pytest.raises(InvalidInputError, match=r"says nothing of the last ones"):
        sl.load(path)
