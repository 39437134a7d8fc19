"""Profit as objective: the plan that earns most of all on the grid, margins below 0 with their sign."""

import numpy as np
import pytest
from worlds.limits import BEFORE, every_plan, frames, load, run, sums

import simlab as sl
from simlab import api
from simlab.errors import InvalidInputError

ASKED = {"objective": "profit", "costs": {"order": 5.0, "lost_share": 0.3}}


def _with_a_price_below_cost(asked):
    tables = frames()
    tables["items"].loc[3, "price"] = tables["items"].loc[3, "unit_cost"] * 0.8
    return api.load_frames(**tables, study=load(asked).study)


def test_of_every_plan_the_chosen_one_earns_most_and_says_how_much():
    data = _with_a_price_below_cost(ASKED)
    opt = sl.optimize(data, sl.segment(data))
    codes, rows = opt.segmentation.codes, np.arange(data.catalog.n_items)
    costs, periods = data.models.costs, opt.settings.periods * opt.settings.replications
    unit_cost = costs.unit_cost * costs.cost_resolution
    margin = data.catalog.numbers["price"] - unit_cost
    assert (margin < 0).sum() == 1
    late = (sums(opt, "demanded") - sums(opt, "served")) * margin[:, None]
    stock = (sums(opt, "on_hand") + sums(opt, "on_hand_start")) / 2
    holding = stock * (unit_cost * costs.holding_rate)[:, None] / periods
    year = data.study.periods_per_year / periods
    orders = np.broadcast_to(sums(opt, "orders"), late.shape)
    asked = (sums(opt, "demanded")[:, 0] * margin).sum() * year
    earned = []
    for choice in every_plan(opt):
        k = np.array(choice)[codes]
        lost = 0.3 * late[rows, k].sum() * year
        earned.append(asked - lost - holding[rows, k].sum() - 5.0 * orders[rows, k].sum() * year)
    k = opt.chosen.choice[codes]
    own = asked - 0.3 * late[rows, k].sum() * year - holding[rows, k].sum()
    own -= 5.0 * orders[rows, k].sum() * year
    assert own == pytest.approx(max(earned), rel=1e-9)
    assert opt.profit(sample="search").value == pytest.approx(own, rel=1e-6)
    assert opt.solved.fill_rate is None  # profit weighs service itself
    assert any("below unit cost" in note for note in opt.solved.notes)


def test_a_floor_that_is_said_holds_and_costs_profit():
    free, floored = run(ASKED), run(ASKED | {"fill_rate": 0.97})
    assert floored.chosen.fill_rate >= 0.97
    assert floored.profit(sample="search").value <= free.profit(sample="search").value


def test_under_lost_sales_all_that_is_late_is_lost_and_where_customers_wait_the_share_is_asked_for():
    one = {"objective": "profit"}
    with pytest.raises(InvalidInputError, match="lost_share"):
        run(one)
    lost = run(one, policy={"unmet": "lost"})
    assert lost.accounting.weights.account.short.any()
    tables = frames()
    tables["items"] = tables["items"].drop(columns="price")
    data = api.load_frames(**tables, study=load(ASKED).study)
    with pytest.raises(InvalidInputError, match="no SKU-location has a price"):
        sl.optimize(data, sl.segment(data))
    assert BEFORE["choose"] == "in_sample"
