"""The lead-time law can be said for a SKU, a category, a segment or the study, and is in resolved.json."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.api.data.data import Data, load_frames
from simlab.errors import InvalidInputError

ORDERED = np.datetime64("2024-01-01") + 7 * np.arange(20)


def load(override: list[dict[str, str]], law: str = "empirical", **models: object) -> Data:
    """Four items of one supplier with 20 receipts of 7 to 42 days; every item states 21 days."""
    items = pd.DataFrame(
        {
            "sku": ["A1", "A2", "B1", "B2"],
            "location": "X",
            "unit_cost": [9.0, 9.0, 1.0, 1.0],
            "supplier": "V",
            "lead_time": 21.0,
            "category": ["toys", "tools", "toys", "tools"],
            "demand_law": "poisson",
            "demand_mean": 4.0,
        }
    )
    days = np.resize([7, 14, 28, 42], 20)
    dates = {"order_date": ORDERED.astype(str), "receipt_date": (ORDERED + days).astype(str)}
    receipts = pd.DataFrame({"supplier": "V", **dates, "quantity": 1})
    study = {
        "lead_times": {"crossing": False, "law": law, "override": override},
        "models": models,
        "segments": {"by": ["category"]},
    }
    return load_frames(items, None, receipts, study=study)


@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        ({"sku": "A1"}, [0]),
        ({"category": "tools"}, [1, 3]),
        ({"segment": "toys"}, [0, 2]),
        ({"location": "X"}, [0, 1, 2, 3]),
    ],
)
def test_stated_lead_times_win_where_an_override_says_so(chosen, rows) -> None:
    found = load([{**chosen, "law": "fixed"}])
    for row in range(4):
        periods = found.models.world.lead_time.support(row)[0].tolist()
        reason = found.models.lead_time_reason[row]
        assert periods == ([3] if row in rows else [1, 2, 4, 6])
        assert reason.startswith("items.lead_time" if row in rows else "supplier 'V': 20 receipts")
    (kept,) = found.study.resolved()["lead_times"]["override"]
    none = dict.fromkeys(("sku", "location", "category", "segment"))
    assert kept == none | chosen | {"law": "fixed"}


def test_receipts_are_used_for_some_items_of_a_study_of_stated_lead_times() -> None:
    """The last override of an item counts."""
    override = [{"category": "toys", "law": "gamma"}, {"sku": "B1", "law": "empirical"}]
    found = load(override, law="fixed")
    law = found.models.world.lead_time
    assert [law.support(row)[0].size for row in (1, 2, 3)] == [1, 4, 1]
    assert law.support(0)[0].size > 8
    assert found.models.lead_time_reason[0].endswith("gamma")
    assert found.models.lead_time_moments[0][[0, 2]] == pytest.approx(3.25, abs=0.02)


def test_each_item_is_drawn_again_in_its_own_shape() -> None:
    override = [{"sku": "A1", "law": "gamma"}, {"sku": "A2", "law": "fixed"}]
    found = load(override, parameter_uncertainty=True)
    redraws, law = found.models.redraws, found.models.world.lead_time
    again = redraws.delays.draw(law, redraws.seed, 1)
    assert again.support(0)[0].size > 8
    assert again.support(1)[0].tolist() == [3]
    assert set(again.support(2)[0].tolist()) <= {1, 2, 4, 6}
    assert again.law[2] == again.law[3]


def test_overrides_that_fit_nothing_are_named() -> None:
    with pytest.raises(InvalidInputError, match=r"lead_times.override\[0\].*'dolls'"):
        _ = load([{"category": "dolls", "law": "fixed"}]).models
