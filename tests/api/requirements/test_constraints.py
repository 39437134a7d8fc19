"""The study's objectives, services and limits, from file to plan: equal to listing every plan there is."""

from fractions import Fraction

import numpy as np
import pytest
from worlds.limits import every_plan, frames, load, run, sums
from worlds.study import write_study

import simlab as sl
from simlab import api
from simlab.api.requirements.margins import margins
from simlab.errors import InfeasibleError, InvalidInputError


def share(part, whole, codes, choice):
    columns = np.array(choice)[codes]
    rows = np.arange(codes.size)
    return Fraction(int(part[rows, columns].sum()), int(whole[rows, columns].sum()))


OBJECTIVES = {
    "value": {"objective": "inventory_value", "fill_rate": 0.9},
    "total": {
        "objective": "total_cost",
        "fill_rate": 0.8,
        "costs": {"order": 25.0, "shortage_per_unit": 2.0},
    },
    "cycles": {"service": {"measure": "cycle_service_level"}, "fill_rate": 0.85},
    "ready": {"service": {"measure": "ready_rate"}, "fill_rate": 0.85},
    "margin": {"service": {"weight": "margin"}, "fill_rate": 0.9},
    "lines": {"service": {"weight": "lines_per_unit"}, "fill_rate": 0.9},
    "by value": {"service": {"weight": "value"}, "fill_rate": 0.9},
    "items": {"service": {"weight": "items"}, "fill_rate": 0.9},
}


def money_of(opt, case, choice):
    """(money a year, service) of a plan, worked out from the totals alone, in floats."""
    codes = opt.segmentation.codes
    rows, columns = np.arange(codes.size), np.array(choice)[codes]

    def of(name):
        return sums(opt, name)[rows, columns].astype(float)

    exposure = opt.settings.periods * opt.settings.replications
    costs, items = opt.data.models.costs, opt.data.catalog.numbers
    unit_cost = costs.unit_cost * costs.cost_resolution
    stock = (of("on_hand") + of("on_hand_start")) / (2 * exposure)
    value, holding = (stock * unit_cost).sum(), (stock * unit_cost * costs.holding_rate).sum()
    short = of("demanded") - of("served")
    per_year = opt.data.study.periods_per_year / exposure
    money = {
        "value": value,
        "total": holding + per_year * (25.0 * of("orders").sum() + 2.0 * short.sum()),
    }.get(case, holding)
    weight = {
        "margin": items["price"] - unit_cost,
        "lines": items["lines_per_unit"],
        "by value": unit_cost,
        "items": 1.0 / of("demanded"),
    }.get(case, np.ones(codes.size))
    service = (weight * of("served")).sum() / (weight * of("demanded")).sum()
    if case == "cycles":
        service = of("good_receipts").sum() / of("receipts").sum()
    if case == "ready":
        service = of("ready").sum() / (exposure * codes.size)
    return money, service


@pytest.mark.parametrize("case", OBJECTIVES)
def test_every_objective_and_service_gives_the_best_of_all_plans(case):
    opt = run(OBJECTIVES[case])
    floor = OBJECTIVES[case]["fill_rate"]
    listed = [money_of(opt, case, choice) for choice in every_plan(opt)]
    best = min(money for money, service in listed if service >= floor)
    money, service = money_of(opt, case, opt.chosen.choice)
    assert money == pytest.approx(best, rel=1e-6)
    assert opt.chosen.cost_money == pytest.approx(money, rel=1e-6)
    assert opt.chosen.fill_rate == pytest.approx(service, rel=1e-6)
    assert service >= floor - 1e-9
    frame = opt.to_frame()
    chosen = frame[frame["chosen"] & (frame["kind"] == "segmented")].iloc[0]
    assert chosen["objective"] == pytest.approx(money, rel=1e-6)
    assert chosen["service"] == pytest.approx(service, rel=1e-6)
    plain = money_of(opt, "plain", opt.chosen.choice)
    assert (chosen["holding_cost"], chosen["fill_rate"]) == pytest.approx(plain, rel=1e-5)
    assert all(one.at_fill == pytest.approx(opt.service.value) for one in opt.comparisons[:2])


def test_total_cost_with_a_cost_of_units_short_has_no_floor_but_one_that_is_named():
    """The least total cost of all plans, or of those within a budget; without that cost the floor is 95 %."""
    asked = {"objective": "total_cost", "costs": {"order": 25.0, "shortage_per_unit": 20.0}}
    opt = run(asked)
    assert opt.solved.fill_rate is None
    assert any("no floor was named and none holds" in note for note in opt.solved.notes)

    def total(choice):
        codes, exposure = opt.segmentation.codes, opt.settings.periods * opt.settings.replications
        short = (sums(opt, "demanded") - sums(opt, "served"))[np.arange(codes.size), np.array(choice)[codes]]
        # `money_of` counts a unit short at 2
        return (
            money_of(opt, "total", choice)[0]
            + 18.0 * short.sum() * opt.data.study.periods_per_year / exposure
        )

    plans = list(every_plan(opt))
    assert opt.chosen.cost_money == pytest.approx(min(map(total, plans)), rel=1e-6)
    assert opt.chosen.choice.max() > 0
    value = {choice: money_of(opt, "value", choice)[0] for choice in plans}
    budget = 0.9 * opt.chosen.value_money
    tight = run(asked | {"budget": budget})
    best = min(total(choice) for choice, one in value.items() if one <= budget)
    assert tight.chosen.cost_money == pytest.approx(best, rel=1e-6)
    with pytest.raises(InfeasibleError, match="smallest budget"):
        run(asked | {"budget": 1.0})
    other = run({"objective": "total_cost", "costs": {"order": 25.0}})
    assert other.solved.fill_rate == 0.95
    assert any("neither a floor nor a budget" in note for note in other.solved.notes)


def test_a_budget_over_places_and_classes_buys_the_most_service_of_all_plans():
    """Segments by location × class: no money moves from one of them to another for more service."""
    opt = run({"budget": 5e3, "service": {"weight": "value"}}, by=("location", "segment"), n_targets=8)
    grid = opt.solved.problem.curves
    assert grid.n_segments == 4
    plans = np.array(list(every_plan(opt)))
    rows = np.arange(grid.n_segments)
    value, served = (table[rows, plans].sum(axis=1) for table in (grid.value, grid.served))
    able = value <= grid.allowed(5e3)
    assert 0 < able.sum() < able.size
    assert opt.chosen.served == served[able].max()
    assert opt.chosen.value_money <= 5e3


def test_limits_over_any_grouping_bind_and_the_plan_is_still_the_best_of_all():
    opt = run(
        {
            "fill_rate": 0.85,
            "floors": [
                {"by": "channel", "measure": "fill_rate", "at_least": {"web": 0.93}},
                {"by": "location", "measure": "ready_rate", "at_least": {"EAST": 0.85}},
            ],
            "ceilings": [{"by": "segment", "measure": "stock_volume", "at_most": {"slow": 500.0}}],
        },
        n_targets=6,
    )
    codes, catalog = opt.segmentation.codes, opt.data.catalog
    web, east = catalog.texts["channel"] == "web", np.array(catalog.location) == "EAST"
    served, asked = sums(opt, "served"), sums(opt, "demanded")
    ready = sums(opt, "ready")
    exposure = opt.settings.periods * opt.settings.replications
    whole = np.full_like(ready, exposure)
    volume = (sums(opt, "on_hand") + sums(opt, "on_hand_start")) * catalog.numbers["unit_volume"][:, None]
    slow = codes == opt.segmentation.names.index("slow")

    def able(choice):
        columns = np.array(choice)[codes]
        stock = volume[np.arange(codes.size), columns][slow].sum() / (2 * exposure)
        return (
            share(served, asked, codes, choice) >= Fraction("0.85")
            and share(served[web], asked[web], codes[web], choice) >= Fraction("0.93")
            and share(ready[east], whole[east], codes[east], choice) >= Fraction("0.85")
            and stock <= 500.0
        )

    curves = opt.frontier.curves
    best = min(curves.totals(choice)[0] for choice in every_plan(opt) if able(choice))
    assert able(opt.chosen.choice)
    assert opt.chosen.cost == best
    assert opt.chosen.certificate == "exact"
    assert opt.at(fill_rate=0.85).cost == best
    assert opt.to_frame()["chosen"].sum() >= 1


def test_ordered_and_pinned_targets():
    names = sl.segment(load({})).names
    fast, slow = sorted(names)
    opt = run({"fill_rate": 0.9, "ordered": [slow, fast]})
    target = opt.chosen.by_segment()
    assert target[slow] >= target[fast]
    pinned = run({"fill_rate": 0.8, "pinned": [{"segment": slow, "target": 0.91}]})
    assert pinned.chosen.by_segment()[slow] == 0.91
    assert 0.91 in pinned.targets
    sku = pinned.data.catalog.sku[0]
    one = run({"fill_rate": 0.9, "pinned": [{"sku": sku, "target": 0.6}]})
    rows = [row for row, name in enumerate(one.data.catalog.sku) if name == sku]
    assert {one.solved.targets["segmented"][row] for row in rows} == {0.6}
    assert {one.solved.targets["uniform"][row] for row in rows} == {0.6}
    assert one.scores("segmented", "search").fill_rate.value == pytest.approx(one.chosen.fill_rate)


def test_chance_limits_hold_in_enough_replications_and_their_violation_is_told():
    plain = run({"fill_rate": 0.9})
    opt = run({"fill_rate": 0.9, "chance": [{"at_least": 0.93, "probability": 0.8}]})
    assert opt.chosen.cost >= plain.chosen.cost
    fills = opt.search["segmented"]
    held = (fills.served[0].sum(axis=0) >= 0.93 * fills.demanded[0].sum(axis=0)).sum()
    assert held == opt.solved.choosing.kept[0] >= 16
    cheaper = [
        choice for choice in every_plan(opt) if opt.frontier.curves.totals(choice)[0] < opt.chosen.cost
    ]
    chance = opt.solved.choosing.chances[0]
    curves = opt.frontier.curves
    able = [
        choice
        for choice in cheaper
        if chance.met(np.array(choice)) and curves.totals(choice)[2] >= curves.needed(0.9)
    ]
    assert able == []
    assert any("extra run" in note for note in opt.solved.notes)


def test_chance_limits_of_groups():
    chance = [{"by": "location", "at_least": 0.85, "probability": 0.8}]
    opt = run({"fill_rate": 0.8, "chance": chance})
    assert len(opt.solved.choosing.chances) == len(set(opt.data.catalog.location))
    assert all(chance.met(opt.chosen.choice) for chance in opt.solved.choosing.chances)


def test_a_plan_chosen_by_its_lower_bound_meets_the_floor_on_the_selection_seed():
    opt = run({"fill_rate": 0.9, "choose": "lower_bound"}, n_targets=8)
    usual = run({"fill_rate": 0.9}, n_targets=8)
    assert opt.solved.choosing.lower_bound >= 0.9
    assert opt.chosen.cost >= usual.chosen.cost
    assert any("selection seed" in note for note in opt.solved.notes)


def test_chance_limits_and_the_lower_bound_hold_together():
    """Never cheaper than either alone; listed with the gap to the chance limits' own bound."""
    chance = [{"at_least": 0.9, "probability": 0.8}]
    both = run({"fill_rate": 0.9, "choose": "lower_bound", "chance": chance}, n_targets=8)
    bound = run({"fill_rate": 0.9, "choose": "lower_bound"}, n_targets=8)
    alone = run({"fill_rate": 0.9, "chance": chance}, n_targets=8)
    assert both.solved.choosing.lower_bound >= 0.9
    assert all(one.met(both.chosen.choice) for one in both.solved.choosing.chances)
    assert both.chosen.cost >= alone.chosen.cost
    assert both.chosen.bound <= both.chosen.cost
    if all(one.met(bound.chosen.choice) for one in both.solved.choosing.chances):
        assert both.chosen.cost <= bound.chosen.cost
    strict = [{"at_least": 0.95, "probability": 0.9}]
    first = run({"fill_rate": 0.9, "choose": "lower_bound", "chance": strict}, n_targets=8)
    assert first.chosen.certificate == "solver"
    assert first.chosen.cost == run({"fill_rate": 0.9, "chance": strict}, n_targets=8).chosen.cost


def test_lost_margin_is_least_under_the_budget_and_told_for_every_plan():
    opt = run({"objective": "lost_margin", "fill_rate": 0.5, "budget": 4000.0})
    codes, costs = opt.segmentation.codes, opt.data.models.costs
    rows, exposure = np.arange(codes.size), opt.settings.periods * opt.settings.replications
    unit_cost = costs.unit_cost * costs.cost_resolution
    margin = opt.data.catalog.numbers["price"] - unit_cost
    short = (sums(opt, "demanded") - sums(opt, "served")) * margin[:, None]
    stock = (sums(opt, "on_hand") + sums(opt, "on_hand_start")) * unit_cost[:, None] / (2 * exposure)
    listed = []
    for choice in every_plan(opt):
        columns = np.array(choice)[codes]
        listed.append((short[rows, columns].sum(), stock[rows, columns].sum()))
    least = min(lost for lost, value in listed if value <= 4000.0)
    columns = opt.chosen.choice[codes]
    assert short[rows, columns].sum() == pytest.approx(least)
    assert stock[rows, columns].sum() <= 4000.0
    yearly = opt.data.study.periods_per_year / exposure
    assert opt.lost_margin(sample="search").value == pytest.approx(least * yearly, rel=1e-6)
    parts = [opt.lost_margin("habit", segment=name).value for name in opt.segmentation.names]
    assert opt.lost_margin("habit").value == pytest.approx(sum(parts))


def test_lost_margin_without_any_price_or_without_a_budget_is_refused():
    with pytest.raises(InvalidInputError, match="needs a budget"):
        run({"objective": "lost_margin", "fill_rate": 0.9})
    study = load({"objective": "lost_margin", "budget": 1e4}).study
    tables = frames()
    tables["items"] = tables["items"].drop(columns="price")
    data = api.load_frames(**tables, study=study)
    with pytest.raises(InvalidInputError, match="no SKU-location has a price"):
        sl.optimize(data, sl.segment(data), budget=1e4)


def test_a_missing_price_is_filled_from_its_peers_and_one_below_cost_weighs_nothing_both_named():
    tables = frames()
    tables["items"]["price"] = tables["items"]["unit_cost"] * 1.5
    tables["items"].loc[1, "price"] = np.nan
    tables["items"].loc[2, "price"] = tables["items"].loc[2, "unit_cost"] - 1
    study = load({"fill_rate": 0.9, "service": {"weight": "margin"}}).study
    data = api.load_frames(**tables, study=study)
    found = margins(data)
    rate = (found.weight / data.models.costs.unit_cost)[found.stands_in]
    priced = ~found.stands_in
    value = data.models.annual_value[priced]
    mean = (value * found.weight[priced] / data.models.costs.unit_cost[priced]).sum() / value.sum()
    assert rate == pytest.approx([mean], abs=1e-3)
    assert found.unit[found.below_cost] < 0
    opt = sl.optimize(data, sl.segment(data))
    notes = " ".join(opt.solved.notes)
    for row, word in ((np.flatnonzero(found.stands_in)[0], "no price"), (2, "below unit cost")):
        row = row if word == "no price" else int(np.flatnonzero(found.below_cost)[0])
        assert f"{data.catalog.sku[row]}@{data.catalog.location[row]}" in notes
        assert word in notes
    frame = opt.weights().frame
    assert frame["service"].between(0, 1).all()


def test_stock_on_order_in_the_budget_is_a_constant_and_said():
    usual = run({"budget": 20000.0})
    opt = run({"budget": 40000.0, "budget_on": "on_hand+pipeline"})
    assert opt.chosen.value_money > opt.scores("segmented", "search").inventory_value.value
    assert usual.chosen.value_money <= 20000.0
    assert any("same at every target" in note for note in opt.solved.notes)


def test_what_contradicts_itself_is_explained_in_the_users_words():
    with pytest.raises(InfeasibleError) as caught:
        run(
            {
                "fill_rate": 0.8,
                "floors": [{"by": "location", "at_least": {"EAST": 0.98}}],
                "ceilings": [{"by": "location", "at_most": {"EAST": 1500.0}}],
            }
        )
    said = str(caught.value)
    assert "fill rate of EAST ≥ 98.0%" in said
    assert "inventory value of EAST ≤ EUR 1,500.00" in said
    assert "what works" in said
    with pytest.raises(InfeasibleError, match="EAST"):
        run({"fill_rate": 0.8, "floors": [{"by": "location", "at_least": {"EAST": 0.99999}}]})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"floors": [{"by": "location", "at_least": {"MARS": 0.9}}]}, "the group is empty"),
        ({"ceilings": [{"by": "planet", "at_most": {"MARS": 9.0}}]}, "'planet' is no column of items"),
        ({"pinned": [{"segment": "nope", "target": 0.9}]}, "names no segment"),
        ({"pinned": [{"sku": "nope", "target": 0.9}]}, "is not in items"),
        ({"pinned": [{"target": 0.9}]}, "names a segment or a SKU"),
        (
            {"pinned": [{"segment": "slow", "target": 0.9}, {"segment": "slow", "target": 0.8}]},
            "pinned to two targets",
        ),
        ({"ordered": ["slow", "nope"]}, "neither segments nor values"),
        ({"objective": "total_cost"}, "needs a cost of an order"),
        ({"service": {"measure": "ready_rate", "weight": "value"}}, "have no value of their own"),
        ({"choose": "lower_bound", "budget": 9e9}, "needs a floor"),
    ],
)
def test_limits_that_make_no_sense_are_refused(asked, said):
    with pytest.raises(InvalidInputError) as caught:
        run(asked)
    assert said in str(caught.value)


def test_all_mistakes_come_at_once_and_before_anything_is_simulated():
    asked = {
        "floors": [{"by": "planet", "at_least": {"A": 0.9}}, {"by": "location", "at_least": {"A": 0.9}}],
        "pinned": [{"sku": "nope", "target": 0.9}],
    }
    stages = []
    data = load(asked)
    with pytest.raises(InvalidInputError) as caught:
        sl.optimize(data, sl.segment(data), progress=lambda stage, *_: stages.append(stage))
    assert len(caught.value.problems) == 3
    assert "simulate" not in stages


def test_one_target_and_one_segment_still_give_a_plan():
    opt = run({"targets": [0.9], "fill_rate": 0.5}, n_targets=1)
    assert opt.frontier.n_points == 1
    with pytest.raises(InfeasibleError):
        run({"targets": [0.6], "fill_rate": 0.99}, n_targets=1)


def test_one_segment_for_all_and_many_small_ones_solve_under_limits():
    floors = [{"by": "location", "at_least": {"EAST": 0.9}}]
    for by in (("all",), ("segment", "supplier")):
        opt = run({"fill_rate": 0.85, "floors": floors}, by=by)
        assert opt.chosen.fill_rate >= 0.85
        assert opt.frontier.n_points >= 1


def test_an_impossible_limit_leaves_no_folder_behind(tmp_path):
    floors = '[optimize]\nfloors = [{ by = "location", at_least = { EAST = 0.99999 } }]'
    with pytest.raises(InfeasibleError, match="EAST"):
        api.run_optimize(write_study(tmp_path, **{"[optimize]": floors}))
    assert not list((tmp_path / "runs").glob("*"))
