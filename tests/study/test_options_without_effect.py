"""An option that another one rules out is said to have no effect, and on what it depends."""

from __future__ import annotations

import pandas as pd
import pytest

import simlab as sl
from simlab.api.data.assumptions import without_effect
from simlab.study import idle_options, parse_study

TABLES = '[data.items]\npath = "i.csv"\n[data.demand]\npath = "d.csv"\n'
RECEIPTS = '[data.receipts]\npath = "r.csv"\n'
LEAD = "[lead_times]\ncrossing = false\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            RECEIPTS + LEAD + 'weekdays = ["sunday"]\n',
            'lead_times.weekdays has no effect unless lead_times.calendar = "working_days"',
        ),
        (LEAD + "min_receipts = 4\n", "lead_times.min_receipts has no effect unless there are receipts"),
        (
            RECEIPTS + LEAD + 'law = "fixed"\norder_weekday = "monday"\n',
            'lead_times.law is another than "fixed"',
        ),
        (
            "[optimize]\ncosts = { order = 25.0 }\n",
            'optimize.costs.order has no effect unless optimize.objective = "total_cost"',
        ),
        (
            "[optimize]\ntargets = [0.9, 0.95]\nn_targets = 12\n",
            "optimize.n_targets has no effect unless optimize.targets is left out",
        ),
        (
            '[optimize]\nbudget_on = "on_hand+pipeline"\n',
            "optimize.budget_on has no effect unless there is an optimize.budget",
        ),
        (
            "[optimize]\ntime_limit = 5.0\n",
            "optimize.time_limit has no effect unless there are chance limits",
        ),
        (
            '[policy]\nfamily = "given"\ntargets = { A = 0.9 }\n',
            "policy.targets has no effect unless policy.family",
        ),
        ("[models]\nblock_length = 4\n", "models.block_length has no effect unless a law is moving_blocks"),
        (
            '[models]\nlaw = "poisson"\nscore = "crps"\n',
            'models.score has no effect unless models.law = "auto"',
        ),
        (
            '[study]\nperiod = "day"\nweek_starts = "sunday"\n',
            'week_starts has no effect unless study.period = "week"',
        ),
    ],
)
def test_options_that_others_rule_out(text: str, said: str) -> None:
    """One sentence, and none of the same option where it works."""
    lines = idle_options(parse_study(TABLES + text))
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[policy]\nfamily = "given"\n',
        RECEIPTS + LEAD + 'calendar = "working_days"\nweekdays = ["sunday"]\nmin_receipts = 4\n',
        '[optimize]\nobjective = "total_cost"\ncosts = { order = 25.0, shortage_per_unit = 2.0 }\n',
        '[optimize]\nbudget = 9e3\nbudget_on = "on_hand+pipeline"\nn_targets = 12\n',
        '[models]\nlaw = "moving_blocks"\nblock_length = 4\n',
        '[models]\nlaw = "poisson"\nscore = "crps"\noverride = [{ sku = "a", law = "auto" }]\n',
        '[policy]\ntargets = { A = 0.9, B = 0.9, C = 0.9 }\nplanning = "normal"\n',
    ],
)
def test_options_that_work_are_left_alone(text: str) -> None:
    """Nothing is said of what takes part, nor of defaults."""
    assert idle_options(parse_study(TABLES + text)) == ()


def test_what_the_tables_rule_out_is_said_too() -> None:
    """Orders of a weekday that no receipt has; when to reorder, without a reorder point."""
    items = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": 1.0, "supplier": "S", "lead_time": 5})
    items = items.assign(demand_law="poisson", demand_mean=2.0)
    ordered = pd.date_range("2025-01-06", periods=12, freq="7D")  # Mondays
    receipts = pd.DataFrame(
        {"supplier": "S", "order_date": ordered, "receipt_date": ordered + pd.Timedelta(days=5)}
    )
    receipts = receipts.assign(quantity=4)

    def said(day: str) -> tuple[str, ...]:
        study = {"study": {"period": "day"}, "lead_times": {"crossing": False, "order_weekday": day}}
        study |= {"policy": {"current_reorder_when": "below"}, "segments": {"by": "all"}}
        return without_effect(sl.load_frames(items, None, receipts, study=study))

    assert any('order_weekday = "friday" has no effect' in line for line in said("friday"))
    assert said("monday") == (
        "policy.current_reorder_when has no effect unless items have a current_reorder_point",
    )
