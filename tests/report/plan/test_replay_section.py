"""The last periods on the page: every plan with its own table, by units and by value."""

from types import SimpleNamespace

import pandas as pd

from simlab.report.plan.sections.replay import replay

NAMES = ["by segment", "today's levels", "the A98 B95 C90 habit"]


def row(segment, plan="segmented", judged=3):
    measured = {"demand": 100.0, "fill_rate": 0.9, "value_rate": 0.8, "inventory_value": 5_000.0}
    out = {"plan": plan, "segment": segment, "n_items": 4, "n_judged": judged}
    for name, value in measured.items():
        ends = {f"{name}_expected": value, f"{name}_low": value * 0.9, f"{name}_high": value * 1.1}
        out |= {name: value, **ends, f"{name}_inside": True}
    return out


def tables(**frames):
    said = SimpleNamespace(group="replay", line="Confirmed.")
    return SimpleNamespace(table=frames.get, told=(said,), currency="EUR")


def test_today_and_the_habit_stand_beside_the_plan():
    plans = ("segmented", "today", "habit")
    frame = pd.DataFrame([row(name, plan) for plan in plans for name in ("A", "(all)")])
    found = replay(tables(held_out=frame))
    short, under = found.tables
    assert [cells[:2] for cells in short["rows"]] == [["A", "by segment"]] + [["All", name] for name in NAMES]
    assert under["folded"]
    assert [cells[:2] for cells in under["rows"]] == [[one, name] for one in ("A", "All") for name in NAMES]
    assert {"units served", "value served"} <= set(under["header"])
    assert all(len(cells) == len(under["header"]) for cells in under["rows"])
    assert list(found.texts) == ["Confirmed."]


def test_simulated_levels_have_one_table_and_what_was_not_replayed_has_none():
    own = pd.DataFrame([row("A"), row("(all)")]).drop(columns="plan")
    (under,) = replay(tables(replay=own)).tables
    assert [cells[0] for cells in under["rows"]] == ["A", "All"]
    assert "plan" not in under["header"]
    assert replay(tables()) is None
