"""Laws of single periods read back many at a time are those read one by one, to the bit."""

import numpy as np
from worlds.engine import demanding_world, mixed_world

from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.world.demand_law import LawKind
from simlab.policies.sums import transforms


def test_laws_of_every_kind_and_season_are_read_as_each_alone(monkeypatch):
    monkeypatch.setattr(transforms, "_TOGETHER", 16)
    for world, _ in (demanding_world(), mixed_world()):
        law = world.demand
        rows = np.random.default_rng(1).permutation(law.n_items)
        read = transforms._points_of(law, rows)
        for item, (values, shares) in zip(rows.tolist(), read, strict=True):
            if law.kind[item] == LawKind.EMPIRICAL:
                continue  # taken as it is stated
            first, alone = pmf_of(law, item)
            assert np.array_equal(values, first + np.arange(alone.size)), item
            assert np.array_equal(shares, alone), item


def test_laws_wider_than_are_held_together_are_read_alone(monkeypatch):
    law = demanding_world()[0].demand
    rows = np.arange(law.n_items)
    together = list(transforms._points_of(law, rows))
    monkeypatch.setattr(transforms, "_MOST_VALUES", 2)
    for one, other in zip(together, transforms._points_of(law, rows), strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])
