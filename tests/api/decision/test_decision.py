"""Today, the same service and the proposed plan side by side: real plans, paired changes, whole points."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from worlds.study import write_study

import simlab as sl
from simlab.api.decision.decision import HABIT_TITLE
from simlab.api.plans.same_service import with_same_service
from simlab.api.simulator import simulator
from simlab.api.simulator.simulator import SEGMENTS, References, side_by_side
from simlab.measures.decision import points, short_money, short_rate


@pytest.fixture(scope="module")
def opt(tmp_path_factory):
    data = sl.load(write_study(tmp_path_factory.mktemp("decision"), **{"n_targets = 8": "n_targets = 12"}))
    return sl.optimize(data, sl.segment(data), fill_rate=0.93)


def test_same_service_is_the_cheapest_of_all_plans_that_serve_what_today_serves(opt):
    """Every plan of the grid counted on the selection seed, by brute force."""
    run = opt.simulator
    now = side_by_side({"habit": opt.references.levels["habit"]})
    sums = run.run([*now, *run.segment_cells(24)], "selection", "test", 24)
    cells, need = sums[SEGMENTS], int(sums["habit"].good.sum())
    best = min(
        (int(sum(cells.cost[t, s].sum() for s, t in enumerate(choice))), choice)
        for choice in itertools.product(range(len(opt.targets)), repeat=2)
        if sum(int(cells.good[t, s].sum()) for s, t in enumerate(choice)) >= need
    )
    expected = np.array(opt.targets)[list(best[1])][opt.segmentation.codes]
    assert opt.references.targets["same_service"] == pytest.approx(expected)
    assert "same_service" in opt.kinds


def test_with_many_segments_it_is_exact_on_fewer_replications(opt, monkeypatch):
    """Twelve replications fit: the search by brute force on those; none fit: the plans shown, and said."""
    n = 2 * len(opt.targets)
    monkeypatch.setattr(simulator, "MAX_SUMS", 12 * n + 5)
    solved = replace(opt.solved, choosing=replace(opt.solved.choosing, selection=None))
    compared = References(
        {"habit": opt.references.levels["habit"]}, {"habit": opt.references.targets["habit"]}, ()
    )
    found = with_same_service(opt.simulator, solved, compared, opt.targets)
    sums = opt.simulator.run(
        [*side_by_side(compared.levels), *opt.simulator.segment_cells(12)], "selection", "test", 12
    )
    cells, need = sums[SEGMENTS], int(sums["habit"].good.sum())
    best = min(
        (int(sum(cells.cost[t, s].sum() for s, t in enumerate(choice))), choice)
        for choice in itertools.product(range(len(opt.targets)), repeat=2)
        if sum(int(cells.good[t, s].sum()) for s, t in enumerate(choice)) >= need
    )
    assert found.targets["same_service"] == pytest.approx(
        np.array(opt.targets)[list(best[1])][opt.segmentation.codes]
    )
    assert found.notes == ()
    monkeypatch.setattr(simulator, "MAX_SUMS", 9 * n)
    shown = with_same_service(opt.simulator, solved, compared, opt.targets)
    assert "not of the whole grid" in shown.notes[0]


def test_where_no_plan_serves_what_today_serves_there_is_no_column_and_a_note(opt):
    level = opt.references.levels["habit"].columns(np.zeros((opt.segmentation.codes.size, 1), dtype=np.int64))
    sky = type(level)(**{**vars(level), "order_up_to": level.order_up_to + 10_000})
    compared = References({"habit": sky}, {"habit": opt.references.targets["habit"]}, ())
    found = with_same_service(opt.simulator, opt.solved, compared, opt.targets)
    assert list(found.levels) == ["habit"]
    assert "no plan by segment" in found.notes[0]


def test_a_plan_that_serves_points_more_than_today_is_not_called_the_same(opt):
    """The cheapest plan of a grid may lie far above a low service of today: its column says so."""
    found = opt.decision
    frame = found.frame.copy()
    frame.loc[frame["measure"] == found.row, ["today", "same_service"]] = [0.651, 0.655]
    assert replace(found, frame=frame).titles["same_service"] == "Same service"
    frame.loc[frame["measure"] == found.row, "same_service"] = 0.836
    assert replace(found, frame=frame).titles["same_service"] == "Same or more"


def test_the_change_is_proposed_less_today_and_without_levels_today_is_the_habit(opt):
    frame = opt.decision.to_frame().set_index("measure")
    measured = frame.drop(index=["last_point", "next_point"])
    assert measured["change"].to_numpy() == pytest.approx(
        (measured["proposed"] - measured["today"]).to_numpy()
    )
    assert (measured["change_low"] <= measured["change"]).all()
    assert (measured["change"] <= measured["change_high"]).all()
    assert opt.decision.titles["today"] == HABIT_TITLE
    assert frame.loc["holding_cost", "today"] == pytest.approx(opt.scores("habit").holding_cost.value)
    assert frame.loc["served_units", "same_service"] == pytest.approx(
        opt.scores("same_service").fill_rate.value
    )


def test_turns_are_cost_of_goods_delivered_and_days_of_supply_their_inverse(opt):
    """All unmet demand waits here: everything demanded is delivered."""
    frame = opt.decision.to_frame().set_index("measure")
    sums, study = opt.verdict["segmented"], opt.data.study
    yearly = study.periods_per_year / opt.settings.exposure
    sold = float(sums.demanded_value.sum(axis=(0, 1)).mean()) * study.data.cost_resolution * yearly
    stock = frame.loc["inventory_value", "proposed"]
    assert frame.loc["turns", "proposed"] == pytest.approx(sold / stock)
    assert frame.loc["days_of_supply", "proposed"] == pytest.approx(365 * stock / sold)
    assert opt.scores("segmented").turns.value == pytest.approx(frame.loc["turns", "proposed"])


def test_the_next_point_is_a_whole_point_read_between_neighbouring_plans(opt):
    frame = opt.decision.to_frame().set_index("measure")
    sums = opt.verdict["frontier:segmented"]
    fill = sums.good[:, 0].sum(axis=1) / sums.asked[0, 0].sum()
    cost = sums.cost[:, 0].mean(axis=1) * opt.settings.scale(opt.data.study).holding
    order = np.argsort(cost)
    fill, cost = fill[order], cost[order]
    first = np.concatenate(([True], np.maximum.accumulate(fill)[1:] > np.maximum.accumulate(fill)[:-1]))
    at = opt.service.value

    def read(where):
        return np.interp(where, fill[first], cost[first])

    assert frame.loc["next_point", "proposed"] == pytest.approx(read(at + 0.01) - read(at))
    assert frame.loc["last_point", "proposed"] == pytest.approx(read(at) - read(at - 0.01))
    assert (
        frame.loc[["next_point", "last_point"], "proposed_low"] < frame.loc["next_point", "proposed"]
    ).all()


def test_lost_sales_do_not_turn_stock(tmp_path):
    lost = {"review_period = 1": 'review_period = 1\nunmet = "lost"', "n_targets = 8": "n_targets = 5"}
    data = sl.load(write_study(tmp_path, **lost))
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.9, replications=8, verdict_replications=10)
    sums = opt.verdict["segmented"]
    assert sums.delivered_value.sum() == sums.served_value.sum() < sums.demanded_value.sum()


def test_amounts_are_written_with_three_digits_and_rates_never_round_up_to_all():
    assert short_money(-0.000505) == "0"
    assert [short_money(x, "EUR") for x in (999.7, 9_990, 268_406, 999_600, 1_043_845, 8.2e6)] == [
        *("EUR 1,000", "EUR 9,990", "EUR 268k", "EUR 1.00m", "EUR 1.04m", "EUR 8.20m"),
    ]
    assert [short_rate(x) for x in (0.95, 0.9901, 0.99996, 1.0)] == ["95.0%", "99.01%", ">99.99%", "100.0%"]
    assert [points(x) for x in (-0.134, 0.01, float(Fraction(4, 10_000)))] == [
        *("13.4 points", "1.0 point", "0.04 points"),
    ]
