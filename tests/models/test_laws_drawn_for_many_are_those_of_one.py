"""What is drawn of many items at once is, to the bit, what is drawn of each alone."""

from __future__ import annotations

import numpy as np

from simlab.engine.laws.pmfs import pmf_of, pmfs_of_cycle
from simlab.engine.world.demand_law import DemandLaw, LawKind, Past, Seasons
from simlab.models import in_chunks, marginal
from simlab.models.drawn import drawn

SERIES = np.array([0, 3, 0, 1, 7, 2, 0, 0, 4, 2, 9, 1, 0, 0, 0, 5])


def _laws(n_copies: int = 1) -> DemandLaw:
    """Plain, seasonal, intermittent, counted, calendar and block laws, some times over."""
    kind = np.array(
        [
            LawKind.POISSON,
            LawKind.NEGATIVE_BINOMIAL,
            LawKind.INTERMITTENT,
            LawKind.EMPIRICAL,
            LawKind.GAMMA,
            LawKind.CALENDAR,
            LawKind.MOVING_BLOCKS,
        ],
        np.int8,
    )
    n = kind.size
    counted = np.isin(kind, [LawKind.EMPIRICAL])
    past = np.isin(kind, [LawKind.CALENDAR, LawKind.MOVING_BLOCKS]).astype(np.int64)
    law = DemandLaw(
        kind,
        np.full(n, 4.0),
        np.where(kind == LawKind.INTERMITTENT, 60.0, 9.0),
        np.where(kind == LawKind.INTERMITTENT, 0.4, 0.0),
        np.zeros(n, np.int64),
        3 * counted.astype(np.int64),
        np.array([0, 4, 9]),
        np.array([5, 3, 2]),
        Seasons(
            np.array([-1, 0, 1, 1, 0, -1, -1]),
            np.array([[0.5, 1.0, 1.5, 1.0], [0.0, 1.0, 1.0, 2.0]]),
            3,
            np.full(n, 0.4),
        ),
        Past(0 * past, SERIES.size * past, SERIES, 1 + 3 * past, np.arange(SERIES.size) % 4, 4, 1),
    )
    return law.take(np.tile(np.arange(n), n_copies))


def test_every_law_of_a_cycle_is_the_one_of_the_item_alone() -> None:
    """Values, probabilities and the law of each period, by item."""
    law = _laws()
    many = drawn(law)
    for item in range(law.n_items):
        which, alone = pmfs_of_cycle(law, item)
        place, value, share = many.of(item)
        for t in range(law.cycle):
            here = (place == many.which[item, t]) & (share > 0)
            first, chances = alone[int(which[t])]
            seen = np.flatnonzero(chances)
            assert np.array_equal(value[here], first + seen)
            assert np.array_equal(share[here], chances[seen])


def test_mixtures_over_phases_are_those_of_the_item_alone() -> None:
    """Weights in 2**-30 of what `pmf_of` says, for more items than are made at a time."""
    law = _laws(80)
    mixed = marginal(law)
    for item in (1, 2, 3, 4, 5, 6, 555):
        first, chances = pmf_of(law, item)
        seen = np.flatnonzero(chances)
        own = slice(int(mixed.start[item]), int(mixed.start[item] + mixed.length[item]))
        assert np.array_equal(mixed.values[own], first + seen)
        assert np.array_equal(mixed.weights[own], np.maximum(np.rint(chances[seen] * 2.0**30), 1))


def test_chunks_cover_every_row_once() -> None:
    """In the order asked for."""
    law, rows = _laws(60), np.arange(400)[::-1]
    places = np.concatenate([at for at, _ in in_chunks(law, rows)])
    assert np.array_equal(places, np.arange(400))
