"""[replay] from the study to the run folder: past only, reality beside expectation, said in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.api.output.writing import write_optimization, write_simulation
from simlab.run import RunFolder
from simlab.study import Study

pytestmark = pytest.mark.slow


def frames(weeks: int = 104) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(6)
    ids = [f"S{k:02d}" for k in range(30)]
    counts = rng.negative_binomial(2, 0.2, (30, weeks))
    days = np.datetime64("2022-01-03") + 7 * np.arange(weeks)
    row, week = np.nonzero(counts)
    items = pd.DataFrame(
        {
            "sku": ids,
            "location": "X",
            "unit_cost": np.arange(1.0, 31),
            "supplier": np.where(np.arange(30) < 20, "ACME", "BEST"),
        }
    )
    demand = pd.DataFrame(
        {
            "sku": np.array(ids)[row],
            "location": "X",
            "date": days[week].astype(str),
            "quantity": counts[row, week],
        }
    )
    ordered = np.repeat(days[:98], 2)
    lead = 7 * rng.integers(1, 4, ordered.size)
    receipts = pd.DataFrame(
        {
            "supplier": np.tile(["ACME", "BEST"], 98),
            "order_date": ordered.astype(str),
            "receipt_date": (ordered + lead).astype(str),
            "quantity": 5,
        }
    )
    return items, demand, receipts


def data(**options):
    options.setdefault("segments", {"by": "abc"})
    study = Study.default(
        period="week",
        lead_times={"crossing": False},
        simulation={"periods": 20, "replications": 20, "batches": 10},
        verdict=options.pop("verdict", {"replications": 20}),
        optimize={"n_targets": 5, "fill_rate": 0.9},
        as_of="2023-12-31",
        **options,
    )
    items, demand, receipts = frames()
    return load_frames(items, demand, receipts, study=study)


@pytest.mark.parametrize("lead_times", ["sampled", "recorded"])
@pytest.mark.pages
def test_the_replay_stands_in_the_run_folder(tmp_path, lead_times) -> None:
    held = data(replay={"holdout": 20, "lead_times": lead_times})
    opt = sl.optimize(held, sl.segment(held))
    result = write_optimization(opt.finance, RunFolder.create(tmp_path / "run", "run", tmp_path), {})
    run = RunFolder.open(result.folder)
    replay = run.read_table("replay").set_index("segment")
    assert set(replay.index) == {*opt.segmentation.names, "(all)"}
    total = replay.loc["(all)"]
    assert total["n_judged"] == 30
    assert total["item_periods"] == 30 * 16
    assert 0.7 < total["fill_rate"] < 1
    assert total["fill_rate_low"] < total["fill_rate_expected"] < total["fill_rate_high"]
    assert total["fill_rate_inside"] == (
        total["fill_rate_low"] <= total["fill_rate"] <= total["fill_rate_high"]
    )
    calibration = run.read_table("calibration")
    assert set(calibration["method"]) == {"fitted", "empirical", "normal"}
    mine = calibration[(calibration["method"] == "fitted") & (calibration["group"] == "(all)")].iloc[0]
    assert mine["n"] == 30 * mine["origins"]
    assert mine["origins"] == 2
    assert any("sales, not demand" in line for line in result.statements)
    assert any("stationary state" in line for line in result.statements)
    quality = run.read_table("quality")
    assert not quality["what"].str.contains("held out").any()  # the plan knows every row
    held_out = run.read_table("held_out")
    assert set(held_out["plan"]) == {"segmented", "habit"}
    items = run.read_table("items")
    assert set(items["demand_class"]) <= {"smooth", "erratic", "intermittent", "lumpy", "unknown"}
    assert items["variance_ratio"].mean() == pytest.approx(1, abs=0.3)
    pit = run.read_table("pit")
    assert pit.groupby(["group", "method"])["share"].sum().round(9).eq(1).all()
    worst = run.read_table("worst_fits")
    assert worst["rank"].max() == 10
    per_item = worst.groupby("rank")[["observed", "expected"]].sum()
    assert (per_item["observed"] == 104).all()
    assert (per_item["expected"] <= 104).all()
    suppliers = run.read_table("lead_times")
    assert (suppliers["received"] + suppliers["open"]).sum() > 0
    page = (result.folder / "report.html").read_text()
    for text in (
        'id="pit-chart"',
        'id="worst_fits-chart"',
        'id="histories"',
        'id="lead_times"',
        'id="replay"',
        'id="calibration"',
        "Did the past know the future?",
    ):
        assert text in page
    assert {"stage", "has_trend", "fit_gap", "has_season", "score_poisson", "n_scored"} <= set(items.columns)


def test_a_short_hold_out_judges_the_forecast_alone(tmp_path) -> None:
    """max(R + L) = 4 weeks: 6 weeks are less than twice that."""
    held = data(replay={"holdout": 6})
    policy = sl.Policy.from_targets(seg := sl.segment(held), fill_rate={"A": 0.9, "B": 0.9, "C": 0.9})
    simulation = sl.simulate(held, policy, segmentation=seg)
    result = write_simulation(simulation, RunFolder.create(tmp_path / "run", "run", tmp_path), {})
    run = RunFolder.open(result.folder)
    replay = run.read_table("replay")
    assert (replay["n_judged"] == 0).all()
    assert replay["fill_rate"].isna().all()
    assert not run.read_table("calibration").empty
    assert any("hold-out below 2 (R + L)" in line for line in result.statements)
    assert not any("would have served" in line for line in result.statements)


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.pages
def test_by_default_the_last_weeks_are_replayed_in_short_and_not_at_all_where_switched_off(
    tmp_path, asked
) -> None:
    """Plan, today's levels and the habit; forecasts over R + L are judged where [replay] asks for them."""
    whole = data(verdict={"replications": 20, "replay": asked})
    opt = sl.optimize(whole, sl.segment(whole))
    result = write_optimization(opt.finance, RunFolder.create(tmp_path / "run", "run", tmp_path), {})
    run = RunFolder.open(result.folder)
    assert not run.has_table("replay")
    assert run.has_table("held_out") is asked
    page = (result.folder / "report.html").read_text()
    assert 'id="histories"' in page
    assert ('id="replay"' in page) is asked


def test_replay_and_fit_show_themselves_in_python() -> None:
    """The same tables as in the run folder, with units and a picture; None where nothing is held out."""
    held = data(replay={"holdout": 20})
    seg = sl.segment(held)
    policy = sl.Policy.from_targets(seg, fill_rate={"A": 0.95, "B": 0.95, "C": 0.95})
    found = sl.simulate(held, policy).replay()
    assert found is not None
    total = found.to_frame().set_index("segment").loc["(all)"]
    assert f"{total['fill_rate']:.4f}" in repr(found)
    assert "sales, not demand" in repr(found)
    fit = held.fit_test(seg)
    assert len(fit.plot().axes) >= len(fit.to_frame())
    assert "mean PIT (right: 0.5)" in repr(fit)
    plain = data()
    assert (
        sl.simulate(
            plain, sl.Policy.from_targets(sl.segment(plain), fill_rate={"A": 0.9, "B": 0.9, "C": 0.9})
        ).replay()
        is None
    )
