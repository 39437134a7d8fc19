"""Recommended or not, in words: what stands against the plan decides."""

from types import SimpleNamespace

import pytest

from simlab.api.decision.advice import advice
from simlab.api.decision.headline import Pair, Replay
from simlab.run.statements import ADVICE_BY_REPLAY, Statement

TABLE = SimpleNamespace(
    weight="margin", row="served_margin", row_of=lambda measure: {"proposed": 0.95}, currency="EUR"
)
MISSED = Statement("bad", "Misses 95.0% of margin.", "It misses.", "floor", "limit")
EXCEEDED = Statement("bad", "In the long run stock exceeds the budget of EUR 1m.", "", "budget", "limit")
MET = Statement("good", "Meets 95.0% of margin.", "It meets.", "floor", "limit")
DENIED = Replay(False, "14 weeks")


def pair(plan: str, margin: str, value: str) -> Pair:
    return Pair(plan, {"margin": margin, "value": value}, {"margin": -0.01, "value": 0.01}, "margin")


@pytest.mark.parametrize(
    ("pairs", "limit", "replay", "said"),
    [
        (("less", "less"), MISSED, None, "Not recommended: it misses 95.0% of margin."),
        (
            ("less", "less"),
            EXCEEDED,
            None,
            "Not recommended: in the long run stock exceeds the budget of EUR 1m.",
        ),
        (
            ("less", "less"),
            MET,
            DENIED,
            "Not recommended yet: the last 14 weeks did not confirm the service that it promises.",
        ),
        (("more", "less"), MET, None, "at the same margin served today's levels would cost less."),
        (("open", "less"), MET, None, "at the same margin served no gain over today's levels is shown."),
        (("less", "more"), MET, None, "and margin is what you count by, not value."),
        (("less", "less"), MET, Replay(True, "8 weeks"), "Recommended: if 95.0% of margin served at once"),
    ],
)
def test_what_stands_against_the_plan_decides(pairs, limit, replay, said):
    one = advice(TABLE, [pair("today", *pairs), pair("habit", "more", "more")], [limit], replay)
    assert said in one.line
    assert one.group == "advice"
    assert one.key == (ADVICE_BY_REPLAY if replay is DENIED else "advice")


def test_a_dearer_plan_is_not_waiting_for_a_better_past():
    """ "Not recommended yet" where another plan serves as much for less: both reasons, what stays first."""
    one = advice(TABLE, [pair("today", "more", "less")], [MET], DENIED)
    assert one.state == "bad"
    assert one.line == (
        "Not recommended: at the same margin served today's levels would cost less, and the last 14 weeks "
        "did not confirm the service that it promises."
    )


def test_without_another_plan_nothing_is_recommended():
    one = advice(TABLE, [], [MET], None)
    assert one.state == "none"
    assert one.line.startswith("No recommendation: there is no other plan")
