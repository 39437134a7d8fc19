"""A floor on fresh randomness: met, on the line with the next plan up and its price, or missed."""

from dataclasses import replace

import pytest
from worlds.limits import run

from simlab.api.decision.statements import limits, met, next_up
from simlab.api.output.tables import frontier_frame
from simlab.measures import Estimate
from simlab.measures.decision import short_money, short_rate


@pytest.mark.parametrize(
    ("value", "half", "state", "said"),
    [
        (0.9510, 0.0005, "good", "It meets the floor"),
        (0.9501, 0.0005, "open", "is not decided"),
        (0.9497, 0.0001, "open", "0.03 points below, less than the 0.05 points that matter"),
        (
            0.9480,
            0.0015,
            "open",
            "misses the floor 95.0% on fresh randomness by 0.2 points, less than the 95%",
        ),
        (0.9450, 0.0015, "bad", "the whole 95% interval lies below it"),
    ],
)
def test_a_floor_is_met_on_the_line_or_missed(value: float, half: float, state: str, said: str) -> None:
    fill = Estimate(value, value - half, value + half, 0.95)
    one = met(fill, 0.95, "margin", material=0.0005)
    assert one.state == state
    assert said in one.text
    assert "95.0% of margin" in one.title


def test_a_floor_that_is_not_surely_met_names_the_next_plan_up_and_its_price() -> None:
    """The cheapest plan of the frontier that serves the floor on the verdict seed and costs more."""
    found = run({"fill_rate": 0.93, "choose": "in_sample"}, n_targets=8)
    assert limits(found)[0].state == "good"
    assert "next plan" not in limits(found)[0].text
    floor = found.service.value + 1e-6  # as if it had been asked: the plan lies on the line of it
    opt = replace(found, solved=replace(found.solved, fill_rate=floor))
    said = next_up(opt)
    rows = frontier_frame(opt).query("kind == 'segmented'")
    own = float(rows.loc[rows["chosen"], "holding_cost_verdict"].iloc[0])
    able = rows[(rows["service_verdict"] >= floor) & (rows["holding_cost_verdict"] > own)]
    best = able.sort_values("holding_cost_verdict").iloc[0]
    more = short_money(best["holding_cost_verdict"] - own, "EUR")
    assert (
        said
        == f" The next plan up serves {short_rate(best['service_verdict'])} and costs {more} a year more."
    )
    told = limits(opt)[0]
    assert told.state == "open"
    assert told.text.endswith(said)
