"""Least and largest targets of segments, and ceilings on flows that no target can move."""

import numpy as np
import pytest
from worlds.limits import every_plan, run
from worlds.study import write_study

import simlab as sl
from simlab import api
from simlab.errors import InfeasibleError, InvalidInputError


def test_the_plan_is_the_best_of_all_within_the_ranges():
    """Ends of ranges are on the grid, and what is left is searched completely."""
    ranges = [{"segment": "slow", "at_least": 0.9}, {"segment": "fast", "at_least": 0.6, "at_most": 0.93}]
    opt = run({"fill_rate": 0.85, "target_ranges": ranges})
    assert {0.6, 0.9, 0.93} <= set(opt.targets)
    curves, targets = opt.frontier.curves, np.array(opt.targets)
    fast, slow = (opt.segmentation.names.index(name) for name in ("fast", "slow"))
    able = [
        choice
        for choice in every_plan(opt)
        if targets[choice[slow]] >= 0.9
        and 0.6 <= targets[choice[fast]] <= 0.93
        and curves.totals(choice)[2] >= curves.needed(0.85)
    ]
    assert opt.chosen.cost == min(curves.totals(choice)[0] for choice in able)
    assert opt.chosen.certificate == "exact"
    assert (opt.frontier.targets[:, slow] >= 0.9).all()
    assert (opt.frontier.targets[:, fast] <= 0.93).all()
    rows = opt.solved
    assert rows.best_uniform.by_segment()["slow"] >= 0.9
    assert rows.best_uniform.by_segment()["fast"] <= 0.93


def test_a_key_names_every_segment_with_one_value_of_an_attribute():
    asked = {"fill_rate": 0.8, "target_ranges": [{"segment": "slow", "at_least": 0.95}]}
    opt = run(asked, by=("segment", "column:location"))
    low = {name: target for name, target in opt.chosen.by_segment().items() if "slow" in name}
    assert len(low) == 2
    assert min(low.values()) >= 0.95


def test_ranges_and_pins_stand_in_the_table_of_limits():
    asked = {
        "fill_rate": 0.8,
        "target_ranges": [{"segment": "slow", "at_least": 0.7}],
        "pinned": [{"segment": "fast", "target": 0.9}],
    }
    opt = run(asked)
    from simlab.api.finance.limits import limits_frame

    rows = limits_frame(opt)
    rows = rows[rows["kind"] == "target"].set_index("limit")
    assert rows.loc["target of fast at 0.9", "constant"]
    assert not rows.loc["target of slow between 0.7 and 0.999", "constant"]
    assert rows["met"].all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([{"segment": "slow"}], "names neither at_least nor at_most"),
        ([{"segment": "slow", "at_least": 0.9, "at_most": 0.8}], "lies above at_most"),
        ([{"segment": "slow", "at_least": 1.0}], "a target of exactly 1.0 would need endless stock"),
        ([{"segment": "slow", "at_least": 95}], "did you mean 0.95?"),
        ([{"segment": "nope", "at_least": 0.9}], "'nope' names no segment"),
        (
            [{"segment": "slow", "at_least": 0.9}, {"segment": "slow", "at_most": 0.8}],
            "no target is left for segment 'slow'",
        ),
        ([{"at_least": 0.9}], "optimize.target_ranges[0].segment: is missing and required"),
        ([{"segment": "slow", "minimum": 0.9}], "unknown option 'minimum'"),
    ],
)
def test_ranges_that_make_no_sense_are_refused_before_anything_is_simulated(asked, said):
    with pytest.raises(InvalidInputError) as caught:
        run({"target_ranges": asked})
    assert said in str(caught.value)


def test_a_range_against_a_pin_is_refused():
    with pytest.raises(InvalidInputError, match="no target is left for segment 'slow'"):
        run(
            {
                "target_ranges": [{"segment": "slow", "at_least": 0.9}],
                "pinned": [{"segment": "slow", "target": 0.8}],
            }
        )


def test_ranges_that_bar_the_floor_are_infeasible_with_the_highest_fill_in_reach():
    with pytest.raises(InfeasibleError, match="the highest reachable is"):
        run({"fill_rate": 0.99, "target_ranges": [{"segment": "fast", "at_most": 0.6}]})


def test_ranges_are_read_from_a_study_file(tmp_path):
    text = '[optimize]\n[[optimize.target_ranges]]\nsegment = "slow"\nat_least = 0.95\n[optimize]\n'
    study = write_study(tmp_path)
    words = study.read_text().replace("n_targets = 8\n", "n_targets = 8\nfill_rate = 0.8\n")
    study.write_text(words + text.removeprefix("[optimize]\n").removesuffix("[optimize]\n"))
    data = api.load(study)
    opt = sl.optimize(data, sl.segment(data))
    assert opt.chosen.by_segment()["slow"] >= 0.95


def test_ceilings_on_flows_no_target_moves_are_reported_and_bind_nothing():
    """Orders and purchases of a stationary policy with backorders are the same at every target."""
    plain = run({"fill_rate": 0.85})
    ceilings = [
        {"by": "location", "measure": "orders", "at_most": {"EAST": 1.0}},
        {"by": "location", "measure": "purchases", "at_most": {"EAST": 9e9}},
    ]
    opt = run({"fill_rate": 0.85, "ceilings": ceilings})
    assert (opt.chosen.choice == plain.chosen.choice).all()
    assert opt.chosen.certificate == "exact"
    from simlab.api.finance.limits import limits_frame

    rows = limits_frame(opt).set_index("limit")
    assert rows.loc["orders a year of EAST ≤ 1.00", ["kind", "met", "constant"]].tolist() == [
        "constant",
        False,
        True,
    ]
    assert rows.loc["purchases a year of EAST ≤ EUR 9,000,000,000.00", "met"]
    assert any("no target can move it" in note and "not met" in note for note in opt.solved.notes)
    east = np.array(opt.data.catalog.location) == "EAST"
    counted = opt.curves.orders.sum(axis=-1)[east, 0].sum() * 365 / (40 * 20)
    reached = float(rows.loc["orders a year of EAST ≤ 1.00", "reached"].replace(",", ""))
    assert reached == pytest.approx(counted, abs=0.01)


def test_purchases_that_targets_move_bind_like_any_ceiling():
    """With lost sales a higher target buys more; the ceiling then keeps targets down."""
    policy = {"unmet": "lost"}
    free = run({"budget": 1e9}, policy=policy)
    bought = free.curves.ordered.sum(axis=-1)
    assert (bought[:, 0] != bought[:, -1]).any()
    cost = free.data.models.costs.unit_cost * free.data.models.costs.cost_resolution
    east = np.flatnonzero(np.array(free.data.catalog.location) == "EAST")

    def spend(opt):
        units = opt.curves.ordered.sum(axis=-1)[east, opt.solved.columns["segmented"][east]]
        return float((units * cost[east]).sum()) * 365 / (40 * 20)

    most = round(0.999 * spend(free), 2)
    ceiling = [{"by": "location", "measure": "purchases", "at_most": {"EAST": most}}]
    opt = run({"budget": 1e9, "ceilings": ceiling}, policy=policy)
    assert opt.solved.constants == ()
    assert spend(opt) <= most
    assert opt.chosen.served < free.chosen.served


def test_frontiers_name_what_the_study_counts():
    """Money tied up under a ready rate is not called holding cost per year, nor its floor a fill rate."""
    service = {"measure": "ready_rate"}
    opt = run({"objective": "inventory_value", "service": service, "fill_rate": 0.85})
    frame = opt.frontier.to_frame()
    assert list(frame.columns[:5]) == [
        "service",
        "objective",
        "inventory_value",
        "certificate",
        "gap_between",
    ]
    units = frame.attrs["units"]
    assert units["objective"] == "mean inventory value, EUR"
    assert units["service"] == "ready rate, a fraction"
    assert "ready rate" in repr(opt.frontier)
    assert "per year" not in repr(opt.chosen)
    assert "Mean inventory value (EUR)" in opt.frontier.plot().axes[0].get_ylabel()
    with pytest.raises(InfeasibleError, match="reaches ready rate >99"):
        opt.at(fill_rate=0.9999999)
    usual = run({"fill_rate": 0.85}).frontier.to_frame()
    assert list(usual.columns[:2]) == ["fill_rate", "holding_cost"]
    assert usual.attrs["units"]["holding_cost"] == "holding cost, EUR per year"
