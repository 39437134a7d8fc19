"""The sentence on top: gain and loss against today, the weight named, no tick where a weight disagrees."""

import numpy as np
import pandas as pd
import pytest

from simlab.api.decision.decision import Decision
from simlab.api.decision.headline import Pair, Replay, headline, pairs_of
from simlab.measures.decision import ROWS

HOLD = ("costs", "to hold ")


def made(stock=(1_725_000.0, 1_043_000.0), **served):
    """A decision of which only stock and services are known: (today, proposed) each, off chance."""
    rows = []
    for key, (now, then) in {"inventory_value": stock, **served}.items():
        moved = then - now
        half = 1e-6 * abs(now)
        row = {"measure": key, "name": ROWS[key].name, "unit": ROWS[key].unit, "today": now}
        row |= {"same_service": np.nan, "proposed": then, "change": moved}
        row |= {"change_low": moved - half, "change_high": moved + half, "change_share": moved / now}
        rows.append(row)
    plans = {"today": "today", "same_service": "same_service", "proposed": "segmented"}
    return Decision(pd.DataFrame(rows), plans, "units", "served_units", "EUR")


DEMO = made(served_units=(0.9804, 0.95), served_value=(0.978, 0.844), served_margin=(0.977, 0.86))
AGREED = Pair("today", dict.fromkeys(("units", "value", "margin", "items"), "less"), {}, "units")


def pair(plan="today", **marks):
    percents = {"units": -0.173, "value": -0.02, "margin": 0.008, "items": -0.1}
    return Pair(plan, marks, {weight: percents[weight] for weight in marks}, "units")


def test_gain_and_the_largest_loss_stand_in_one_sentence():
    said = headline(DEMO, [], HOLD).title
    assert said == (
        "EUR 682k less stock than today (40%), but 13.4 points less of the value served at once "
        "(97.8% to 84.4%); chosen by units."
    )


def test_a_tick_needs_every_weight_and_a_replay_that_does_not_deny_it():
    good = Pair("today", AGREED.marks, dict.fromkeys(AGREED.marks, -0.1), "units")
    assert headline(DEMO, [good], HOLD).state == "good"
    assert headline(DEMO, [good], HOLD, Replay(True, "8 weeks")).state == "good"
    denied = headline(DEMO, [good], HOLD, Replay(False, "8 weeks"))
    assert denied.state == "open"
    assert denied.title.endswith("not confirmed by the last 8 weeks.")
    missed = Replay(False, "8 weeks", "a season not modelled", "83.8% of units, not 95.0%")
    assert headline(DEMO, [good], HOLD, missed).title.endswith(
        "not confirmed by the last 8 weeks (83.8% of units, not 95.0%; a season not modelled)."
    )
    for mark in ("more", "open", "same", "none"):
        assert headline(DEMO, [pair(units="less", margin=mark)], HOLD).state == "open"
    assert headline(DEMO, [pair(units="more", margin="less")], HOLD).state == "bad"
    assert headline(DEMO, [], HOLD).state == "none"


def test_a_weight_that_disagrees_is_named_in_the_same_sentence_and_with_its_number():
    found = headline(DEMO, [pair(units="less", value="less", margin="more")], HOLD)
    assert found.title.endswith(
        "chosen by units; counted by margin it is not shown to cost less at the same service."
    )
    assert found.text == (
        "For the same units served, targets by segment: 17.3% less to hold than today's levels "
        "(counted by margin 0.8% more)."
    )


def test_several_weights_that_differ_stand_in_one_phrase():
    found = headline(DEMO, [pair(units="less", items="more", value="more")], HOLD)
    assert found.title.endswith("counted by items or value it is not shown to cost less at the same service.")


def test_a_weight_that_speaks_for_the_plan_is_not_called_dearer():
    """The weight that chose says more, another less."""
    found = headline(DEMO, [pair(units="more", margin="less")], HOLD)
    assert found.title.endswith("chosen by units; counted by margin the comparison differs.")


def test_items_are_no_pieces():
    found = headline(made((100.0, 80.0), served_units=(0.9, 0.9), served_items=(0.96, 0.93)), [], HOLD)
    assert "3.0 points less of the items, each counted once, served at once (96.0% to 93.0%)" in found.title


def test_the_worst_comparison_leads():
    weights = pd.DataFrame(
        [
            {"plan": plan, "weight": weight, "mark": mark, "percent": percent}
            for plan, weight, mark, percent in (
                ("segmented", "units", "none", np.nan),
                ("uniform", "units", "less", -0.34),
                ("uniform", "margin", "less", -0.10),
                ("per_sku", "units", "more", 0.3),
                ("today", "units", "less", -0.17),
                ("today", "margin", "more", 0.008),
            )
        ]
    )
    pairs = pairs_of(weights, "units")
    assert [one.plan for one in pairs] == ["today", "uniform"]
    text = headline(DEMO, pairs, HOLD).text
    assert text.index("today's levels") < text.index("one target for all")


@pytest.mark.parametrize(
    ("stock", "units", "value", "said"),
    [
        ((100.0, 80.0), (0.9, 0.92), (0.9, 0.91), "no less service by units and value (units +2.0 points)"),
        ((100.0, 130.0), (0.84, 0.93), (0.9, 0.91), "9.0 points more of the units served at once (84.0%"),
        ((100.0, 130.0), (0.84, 0.93), (0.9, 0.85), "but 5.0 points less of the value served at once"),
        ((100.0, 130.0), (0.9, 0.85), (0.9, 0.9), "(30%), and 5.0 points less of the units"),
        ((100.0, 100.0), (0.9, 0.9), (0.9, 0.9), "As much stock and service as today"),
        ((100.0, 100.0), (0.9, 0.92), (0.9, 0.88), "2.0 points more of the units"),
    ],
)  # fmt: skip
def test_every_way_that_a_plan_can_differ_has_its_sentence(stock, units, value, said):
    assert said in headline(made(stock, served_units=units, served_value=value), [], HOLD).title


def test_without_current_levels_the_habit_is_named():
    plans = {"today": "habit", "same_service": "same_service", "proposed": "segmented"}
    found = headline(Decision(DEMO.frame, plans, "units", "served_units", "EUR"), [], HOLD).title
    assert "less stock than the A98 B95 C90 habit" in found
    assert "today" not in found
