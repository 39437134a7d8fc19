"""The page says how long histories are remembered, and what each half-life gains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simlab.report.plan.sections.memory import memory
from simlab.report.plan.tables import RunTables


def run_of(frame):
    empty = pd.DataFrame()
    return RunTables({"period": "week"}, empty, empty, more={} if frame is None else {"memory": frame})


def test_groups_with_their_half_lives_and_gains() -> None:
    frame = pd.DataFrame(
        {
            "group": ["food", ""],
            "demand_comes": ["often", "rarely"],
            "n_items": [60, 40],
            "n_sums": [360, 0],
            "half_life": [26.0, np.nan],
            "gain_13": [0.03, np.nan],
            "error_13": [0.02, np.nan],
            "gain_26": [0.025, np.nan],
            "error_26": [0.01, np.nan],
        }
    )
    found = memory(run_of(frame))
    assert found.texts[0].startswith("60 of 100 SKU-locations")
    assert found.tables[0]["rows"] == [
        ["food", "often", "60", "360", "half-life 26 weeks", "26 weeks", "0.025", "0.010"],
        ["All", "rarely", "40", "0", "all", "–", "–", "–"],
    ]


def test_nothing_is_said_where_nothing_was_compared() -> None:
    assert memory(run_of(None)) is None
