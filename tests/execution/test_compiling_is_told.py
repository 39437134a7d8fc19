"""A first run says that it compiles, and how far it is; a later one says nothing of it."""

import numpy as np
from worlds.small import HORIZON, small_levels, small_world

from simlab.execution import ahead, blocks


def test_functions_compiled_are_told_and_none_where_none_is(monkeypatch):
    from numba.core import event

    told, compiled = [], [2]

    def simulated(world, levels, horizon):
        for _ in range(compiled[0]):
            with event.trigger_event("numba:compile"):
                pass
        return real(world, levels, horizon)

    world, real = small_world(), blocks.simulate_items
    monkeypatch.setattr(blocks, "simulate_items", simulated)
    for _ in range(2):
        ahead.compile_for(world, small_levels(world), HORIZON, lambda *one: told.append(one))
        compiled[0] = 0
    total = ahead._FUNCTIONS
    own = [one for one in told if one[1] in (0, 1, total)]
    assert own[0] == (ahead.COMPILING, 0, total)
    assert told[-1] == (ahead.COMPILING, total, total)
    count = len(told)
    ahead.compile_for(world, small_levels(world), HORIZON, lambda *one: told.append(one))
    assert len(told) == count, "kept already"
    assert np.all([one[0] == ahead.COMPILING for one in told])
