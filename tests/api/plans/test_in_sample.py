"""Plans on the seed that chose them: added up from the search, or simulated where that held too much."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.limits import run

from simlab.errors import EngineFaultError
from simlab.execution import PlanSums, blocks, replications

ASKED = {"fill_rate": 0.9}


def test_what_is_added_up_is_what_a_further_run_gives(monkeypatch):
    simulated = []
    real = blocks.plans_of_block
    monkeypatch.setattr(
        blocks, "plans_of_block", lambda *given: simulated.append(given[2].seed) or real(*given)
    )
    first = run(ASKED)
    search = first.settings.horizon("search", first.warmup).seed
    assert search not in simulated
    monkeypatch.setattr(replications, "MOST_IN_MEMORY", 0)
    second = run(ASKED)
    assert search in simulated
    assert list(first.search) == list(second.search)
    for kind, sums in second.search.items():
        for name in PlanSums.names():
            assert np.array_equal(getattr(first.search[kind], name), getattr(sums, name)), (kind, name)


def test_other_sums_of_the_chosen_plan_end_the_run(monkeypatch):
    real = replications.Replications.plans

    def another(*given):
        sums = real(*given)
        return replace(sums, good=sums.good + 1)

    monkeypatch.setattr(replications.Replications, "plans", another)
    with pytest.raises(EngineFaultError, match="the chosen plan gave"):
        run(ASKED)
