"""Order terms and the start, from the study file to every sum: equal to the plain simulator."""

from __future__ import annotations

import json

import pytest
from worlds.wired import LEADS, agrees, policy, write

import simlab as sl
from simlab import api
from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError
from simlab.models.suppliers.stated import spread_periods

STOCK = ("30,10", "0,40", "9,", "3,0")


def simulated(path):
    data = sl.load(path)
    spec = data.study.policy
    plan = sl.Policy.from_targets(sl.segment(data), fill_rate=spec.targets, family=spec.family)
    return sl.simulate(data, plan)


def run_files(path):
    folder = api.run_optimize(path, workers=1).folder
    return folder, json.loads((folder / "manifest.json").read_text())


def test_a_share_of_unmet_demand_waits_as_the_study_and_the_items_say(tmp_path):
    """The study's share, unless the item says backorder, lost or a share of its own."""
    path = write(tmp_path, "unmet", ("", "lost", "0.75", "backorder"), **policy("unmet = { waits = 0.3 }"))
    found = simulated(path)
    terms = found.data.models.world.terms
    assert terms.unmet.tolist() == [Unmet.PARTLY, Unmet.LOST, Unmet.PARTLY, Unmet.BACKORDER]
    assert terms.waits.tolist() == [300_000, 0, 750_000, 0]
    agrees(found, unmet=terms.unmet.tolist(), waits=terms.waits.tolist())
    assert found.curves.lost[0].sum() > 0 < found.curves.backorders[0].sum()
    assert found.planned.method[:2] == ("simulated with partly waiting demand", "simulated with lost sales")


def test_shares_of_none_and_all_are_lost_sales_and_backorders(tmp_path):
    path = write(tmp_path, "unmet", ("0", "1", "", ""), **policy("unmet = { waits = 1.0 }"))
    terms = sl.load(path).models.world.terms
    assert terms.unmet.tolist() == [Unmet.LOST, *[Unmet.BACKORDER] * 3]
    assert terms.waits is None


def test_a_highest_position_caps_orders(tmp_path):
    path = write(
        tmp_path, "max_position,max_order,review_phase,review_period", ("60,,,", ",20,,", ",,7,14", "14,9,,")
    )
    found = simulated(path)
    agrees(
        found,
        max_position=[60, 0, 0, 14],
        max_order=[0, 20, 0, 9],
        R=[1, 1, 2, 1],
        phase=[0, 0, 1, 0],
    )
    assert found.planned.levels.order_up_to[0, 0] > 60
    words = found.planned.method
    assert "highest position left out" in words[0]
    assert "largest order left out" in words[1]


def test_today_is_where_every_path_begins_and_every_period_counts(tmp_path):
    path = write(tmp_path, "on_hand,on_order", STOCK, **policy('start = "today"'))
    found = simulated(path)
    assert (found.warmup, found.warmup_rule[:4]) == (0, "none")
    agrees(found, start=[(30, 10), (0, 40), (9, 0), (3, 0)])


def test_customers_who_wait_today_are_served_first(tmp_path):
    path = write(tmp_path, "on_hand,on_order", ("-30,10", "-1,0", "9,", "-5,2"), **policy('start = "today"'))
    # a random lead time of 2 or 3 weeks: what has no date arrives after its mean, to the nearest week
    dated = [[], [], [], [(3, 2)]]
    agrees(simulated(path), start=[(-30, 10), (-1, 0), (9, 0), (-5, 0)], dated=dated)


@pytest.mark.pages
def test_a_run_from_today_is_optimised_traced_and_says_that_it_is_transient(tmp_path):
    path = write(tmp_path, "on_hand,on_order", STOCK, **policy('start = "today"'))
    folder, facts = run_files(path)
    assert (facts["evaluator"], facts["warmup"], facts["policy"]["start"]) == ("lanes", 0, "today")
    assert any("transient" in line for line in facts["statements"])
    assert any("transient" in line for line in facts["assumptions"])
    assert "transient" in (folder / "report.html").read_text("utf-8")
    trace = api.trace(folder, "00123@EAST")
    assert trace.orders["placed"][0] == -1
    assert trace.orders["units"][0] == 10
    assert trace.periods["counted"].tolist() == [True] * 20
    again = api.run_optimize(path, workers=1, draw=False)
    assert again.folder != folder


def test_the_stored_curves_of_another_start_are_not_used_again(tmp_path):
    folder, _ = run_files(write(tmp_path, "on_hand,on_order", STOCK, **policy('start = "today"')))
    other = write(tmp_path, "on_hand,on_order", ("31,10", *STOCK[1:]), **policy('start = "today"'))
    with pytest.raises(InvalidInputError, match="table hash"):
        api.run_optimize(other, curves=folder)


def test_capital_over_time_begins_with_the_same_stock(tmp_path):
    data = sl.load(write(tmp_path, "on_hand,on_order", STOCK, **policy('start = "today"')))
    opt = sl.optimize(data, sl.segment(data))
    assert opt.capital.from_record
    assert opt.capital.start == pytest.approx(40 * 12.5 + 40 * 3.1 + 9 * 80 + 3 * 8)


def test_missing_stock_a_warm_up_and_an_audit_are_refused(tmp_path):
    path = write(tmp_path, "on_hand,on_order", ("30,10", ",40", "9,", ",0"), **policy('start = "today"'))
    with pytest.raises(InvalidInputError, match="00124@EAST, 0B@WEST"):
        api.check(path)
    text = path.read_text().replace("periods = 20", "periods = 20\nwarmup = 4")
    path.write_text(text)
    with pytest.raises(InvalidInputError, match="forget today's stock"):
        sl.load(path)
    with pytest.raises(InvalidInputError, match="long run"):
        sl.audit(sl.load(write(tmp_path, "on_hand,on_order", STOCK, **policy('start = "today"'))))


def test_schemes_are_compared_from_todays_stock(tmp_path):
    data = sl.load(write(tmp_path, "on_hand,on_order", STOCK, **policy('start = "today"')))
    rounds = api.Rounds(controls=0, seeds=0, catalogues=0, classes=(), services=False)
    found = sl.compare(data, ["category"], rounds=rounds, replications=20, verdict_replications=20)
    assert found.warmup == 0
    assert found.winner == "category"


def test_lead_times_stated_with_a_spread_are_simulated(tmp_path):
    """Mean 14 days and 7 of standard deviation: drawn order by order, in sequence, planned for, and named."""
    found = simulated(write(tmp_path, "lead_time_sd", ("7", "0", "", "9")))
    points = [spread_periods(2.0, 1.0, "gamma"), *LEADS[1:3], spread_periods(2.5, 9 / 7, "gamma")]
    agrees(found, leads=[tuple(map(list, one)) for one in points])
    still = simulated(write(tmp_path))
    more = found.planned.safety_stock[:, 0] > still.planned.safety_stock[:, 0]
    assert more.tolist() == [True, False, False, True]
    assert found.data.models.lead_time_reason[3] == "items.lead_time = 17.5 days, lead_time_sd = 9, gamma"
