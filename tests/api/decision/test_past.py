"""The last periods replayed: laws of the past, the plan's targets and rivals; the plan keeps all data."""

import os
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.data import load_frames
from simlab.api.data.replay import replay_plan
from simlab.api.decision import beside
from simlab.api.decision.headline import Replay
from simlab.api.decision.past import Held, held_out, periods_held, season_before
from simlab.api.simulator.before import before, length_of, past_of
from simlab.api.simulator.simulator import plan_columns
from simlab.errors import InvalidInputError
from simlab.execution import Workers
from simlab.measures import ALL
from simlab.study import Study


def shop(weeks=104, **options):
    rng = np.random.default_rng(6)
    ids = [f"S{k:02d}" for k in range(12)]
    counts = rng.negative_binomial(2, 0.2, (12, weeks))
    days = np.datetime64("2022-01-03") + 7 * np.arange(weeks)
    row, week = np.nonzero(counts)
    items = pd.DataFrame({"sku": ids, "location": "X", "unit_cost": np.arange(1.0, 13), "lead_time": 14})
    sold = {"sku": np.array(ids)[row], "location": "X", "date": days[week].astype(str)}
    study = Study.default(
        period="week",
        lead_times={"crossing": False},
        segments={"by": "abc"},
        simulation={"periods": 20, "replications": 12, "batches": 6},
        optimize={"n_targets": 5, "fill_rate": 0.9},
        as_of=str(days[-1] + 6),
        **{"verdict": {"replications": 12}, **options},
    )
    return load_frames(items, pd.DataFrame({**sold, "quantity": counts[row, week]}), study=study)


@pytest.fixture(scope="module")
def opt():
    data = shop()
    return sl.optimize(data, sl.segment(data))


@pytest.fixture(scope="module")
def held(opt):
    return held_out(opt)


def test_the_replay_is_that_of_laws_which_never_saw_these_weeks(opt, held):
    """A replay of 8 weeks under laws fitted before them, with the same targets, says the same."""
    past = past_of(shop(), 8)
    assert past.history.calendar.n_periods == 96
    segmentation = sl.segment(past)
    targets = dict(zip(opt.segmentation.names, opt.chosen.targets, strict=True))
    asked = np.array([targets[segmentation.names[code]] for code in segmentation.codes])
    levels = plan_columns(past, asked[:, None]).levels
    expected = replay_plan(past, segmentation, levels, 0.95).replay.set_index("segment")
    own = held.frame[held.frame["plan"] == "segmented"].set_index("segment")
    told = opt.replay()
    assert told.statements == tuple(one.line for one in held.statements())
    assert told.to_frame()["fill_rate"].tolist() == pytest.approx(own["fill_rate"].tolist(), nan_ok=True)
    assert told.plot().axes
    assert "Replay" in repr(told)
    for name in ("fill_rate", "fill_rate_expected", "fill_rate_low", "value_rate", "demand"):
        assert own[name].to_numpy() == pytest.approx(expected[name].to_numpy(), nan_ok=True)
    assert own.loc[ALL, "n_judged"] == 12


def test_the_plan_keeps_its_newest_data_and_both_dates_are_said(opt, held):
    """Laws, segments and levels are those of a study that replays nothing."""
    data = shop(verdict={"replications": 12, "replay": False})
    without = sl.optimize(data, sl.segment(data))
    assert held_out(without) is None
    pd.testing.assert_frame_equal(opt.levels(), without.levels())
    assert (held.laws_to, held.levels_to) == ("2023-11-05", "2023-12-31")
    (said,) = held.statements()
    assert "laws up to 2023-11-05" in said.text
    assert "use data up to 2023-12-31" in said.text
    assert "the A98 B95 C90 habit" in said.text
    assert set(held.frame["plan"]) == {"segmented", "habit"}


def test_a_replay_that_the_study_asks_for_costs_the_plan_no_data_either(opt, tmp_path):
    """The plan of a study with [replay] is that of one without; both dates stand beside the figures."""
    data = shop(replay={"holdout": 20, "lead_times": "sampled"})
    own = sl.optimize(data, sl.segment(data))
    pd.testing.assert_frame_equal(opt.levels(), own.levels())
    held = held_out(own)
    assert (held.length, held.laws_to, held.levels_to) == ("20 weeks", "2023-08-13", "2023-12-31")
    assert "laws up to 2023-08-13" in held.statements()[0].text
    targets = dict(zip(own.segmentation.names, own.chosen.targets, strict=True))
    said = sl.simulate(data, sl.Policy.from_targets(own.segmentation, fill_rate=targets)).replay()
    assert "data up to 2023-08-13" in said.statements[0]
    assert "use data up to 2023-12-31" in said.statements[0]
    plan = held.frame[held.frame["plan"] == "segmented"].set_index("segment")
    assert said.replay.set_index("segment")["fill_rate"].to_numpy() == pytest.approx(plan["fill_rate"])


def test_what_was_pinned_keeps_its_target_before_the_cut(opt):
    """One SKU-location whose target is not its segment's."""
    by_segment = np.array(opt.chosen.targets)
    own = by_segment[opt.segmentation.codes]
    own[3] = 0.987
    then = before(opt.data, 8, opt.segmentation, by_segment, own)
    assert then.targets[then.rows == 3].tolist() == [0.987]
    assert set(then.targets[then.rows != 3]) <= set(by_segment)


def test_segments_made_by_hand_stay_as_they_are(opt):
    """No scheme has their name, so that nothing can be applied again."""
    own = replace(opt.segmentation, by=("mine",), codes=opt.segmentation.codes[::-1].copy())
    then = before(opt.data, 8, own, np.array(opt.chosen.targets), np.full(12, np.nan))
    assert then.segmentation.codes.tolist() == own.codes.tolist()
    nameless = before(opt.data, 8, replace(own, by=()), np.array(opt.chosen.targets), np.full(12, np.nan))
    assert nameless.segmentation.codes.tolist() == own.codes.tolist()


def test_a_replay_longer_than_the_history_is_refused_before_anything_runs():
    with pytest.raises(InvalidInputError, match="leave no past to fit to"):
        _ = shop(30, replay={"holdout": 29}).models


def test_the_same_weeks_a_year_before_are_read_off_the_sales(opt):
    """Against a sum by hand; nothing where the history does not reach back a year."""
    then = before(opt.data, 8, opt.segmentation, np.zeros(3), np.zeros(12))
    table = opt.data.catalog.demand
    by_week = np.bincount((table.date - table.date.min()).astype(int) // 7, table.quantity)
    assert by_week.size == 104
    # R + L is three weeks: the first three of the eight are not judged
    rest = np.r_[by_week[96 - 52 : 96 - 52 + 3], by_week[104 - 52 : 96]]
    expected = by_week[96 - 52 + 3 : 104 - 52].mean() / rest.mean()
    assert season_before(opt.data, then) == pytest.approx(expected)
    short = shop(58)
    early = before(short, 8, sl.segment(short), np.zeros(3), np.zeros(12))
    assert np.isnan(season_before(short, early))


def test_eight_weeks_of_long_histories_and_none_of_short_ones():
    assert periods_held(shop()) == 8
    assert periods_held(shop(47)) == 0  # 8 of 47: neither two years nor 40 weeks remain
    assert periods_held(shop(48)) == 8
    assert periods_held(shop(replay={"holdout": 20})) == 20
    assert [length_of(56, "day"), length_of(8, "week"), length_of(1, "month")] == [
        *("8 weeks", "8 weeks", "1 month"),
    ]


def test_reality_outside_its_interval_is_a_warning(held):
    frame = held.frame.copy()
    frame[["fill_rate_inside", "value_rate_inside"]] = False
    frame[["fill_rate", "fill_rate_expected", "fill_rate_high"]] = 0.838, 0.95, 0.98
    frame[["value_rate", "value_rate_expected", "value_rate_high"]] = 0.93, 0.951, 0.99
    denied = Held(frame, "8 weeks", "2023-11-05", "2023-12-31")
    assert denied.judged == Replay(False, "8 weeks", missed="83.8% of units, not 95.0%")
    assert denied.look()[0].title == "last 8 weeks: 83.8% of units, not 95.0%"
    assert denied.look()[0].text.endswith("at such a time, raise fill_rate in the study.")
    today = frame["plan"] == "today"
    if today.any():
        assert "Today's levels would have served" in denied.look()[0].text
    else:
        assert "habit would have served" in denied.look()[0].text
    kept = Held(frame.assign(value_rate_inside=True), "8 weeks", "", "")
    assert kept.judged.missed == "83.8% of units, not 95.0%; value as expected"
    few = Held(frame.assign(n_judged=5, n_items=12), "8 weeks", "", "")
    assert "That judges 5 of 12 SKU-locations" in few.look()[0].text
    assert "That judges 5 of 12 SKU-locations" in few.statements()[0].text
    assert denied.look()[0].group == "look"
    assert denied.statements()[0].title == "Not confirmed by the last 8 weeks."
    frame["demand"], frame["demand_expected"], frame["demand_inside"] = 117.0, 100.0, False
    (look,) = Held(frame, "8 weeks", "2023-11-05", "2023-12-31").look()
    assert "sales were 17% above what the model expected (a season or a trend" in look.text
    assert Held(frame, "8 weeks", "", "").judged.why == ""
    seasonal = Held(frame, "8 weeks", "", "", season=1.15)
    assert seasonal.judged.why == "a season not modelled"
    assert "a year before were 15% above the rest of that year: a season" in seasonal.look()[0].text
    assert "it takes two whole cycles of 52 weeks of history" in seasonal.look()[0].text
    later = Held(frame, "8 weeks", "", "", season=1.15, cycle="")
    assert later.judged.why == "a season not known then"
    assert "a season that is not known before it was seen twice" in later.look()[0].text
    assert "a trend, or chance" in Held(frame, "8 weeks", "", "", season=1.01).look()[0].text
    better = frame.assign(fill_rate=0.99, fill_rate_high=0.97)
    assert "served better" in Held(better, "8 weeks", "", "").judged.why
    assert "more than" in Held(better, "8 weeks", "", "").look()[0].title
    assert "(a season or a trend" in Held(frame, "8 weeks", "", "", season=0.9).look()[0].text
    frame["n_judged"] = 0
    assert Held(frame, "8 weeks", "", "").judged.confirmed is None


def begun(opt, monkeypatch, lost=False):
    """The last periods asked of a copy, and whether all was done here instead."""
    here = []
    monkeypatch.setattr(beside, "works_beside", lambda *_: True)
    monkeypatch.setattr(beside, "last_periods", lambda one: here.append(one) or (held_out(one), None))
    if lost:
        monkeypatch.setattr(beside, "_in_copy", lambda data, wait: os.abort())
    with beside.begun_beside(shop(), Workers(2)) as last:
        last.begin(opt.data, opt.segmentation, opt.solved, opt.settings.level)
        return last.of(opt), bool(here)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")
def test_the_last_periods_begun_beside_are_the_same_as_here(opt, held, monkeypatch):
    """The copy knows nothing of the laws of now; it is told the plan when there is one."""
    (found, _), here = begun(opt, monkeypatch)
    assert not here
    pd.testing.assert_frame_equal(found.frame, held.frame)
    assert found.statements() == held.statements()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")
def test_where_the_copy_is_lost_the_last_periods_are_replayed_here(opt, held, monkeypatch):
    (found, _), here = begun(opt, monkeypatch, lost=True)
    assert here
    pd.testing.assert_frame_equal(found.frame, held.frame)
