"""A contest of twenty schemes on 3,500 SKU-locations, curves given: under 20 seconds on two cores."""

import time

import numpy as np
import pytest
from worlds.tournament import arena, by_cost, by_lot, ids

from simlab.verdict.tournament import Entrant, hold
from simlab.verdict.tournament.stability import catalogue_costs

pytestmark = pytest.mark.bench

N_ITEMS, N_TARGETS, N_BATCHES = 3500, 24, 32


def test_twenty_schemes_with_controls_and_catalogues_in_twenty_seconds():
    """Main round with 20 random controls per vector of sizes, free classes, all pairs, 50 catalogues."""
    ring = arena(n=N_ITEMS, k=N_TARGETS, batches=N_BATCHES, fills=(0.95,))
    entrants = [Entrant(f"cost {k}", by_cost(ring, k)) for k in range(2, 10)]
    entrants += [Entrant(f"lot {seed}", by_lot(ring, 3 + seed % 3, seed)) for seed in range(12)]
    start = time.perf_counter()
    held = hold(ring, entrants, ids(N_ITEMS), level=0.95)
    assert held.multiple().factor > 2
    assert held.may_be_best(held.ranking()[0])
    main = time.perf_counter() - start
    catalogue_costs(ring, entrants, np.arange(N_ITEMS), 50)
    total = time.perf_counter() - start
    print(f"\ntwenty schemes: {main:.1f} s, with 50 resampled catalogues {total:.1f} s")
    assert total < 20
