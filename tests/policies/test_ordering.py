"""The rule of a review for arrays is the rule of the plain simulator, to the unit."""

import numpy as np

from simlab.engine.world.world import OrderTerms
from simlab.policies.ordering import order_sizes
from simlab.selfcheck.reference import Item, limited, order_size


def test_every_rule_orders_what_the_plain_simulator_orders() -> None:
    """Random levels, packs, smallest and largest orders, highest positions, in all three families."""
    draw = np.random.default_rng(5)
    n = 3000
    family = draw.integers(0, 3, n).astype(np.int8)
    s = draw.integers(-3, 25, n)
    top = s + draw.integers(1, 30, n)
    lot, pack = draw.integers(1, 12, n), draw.choice([1, 1, 4, 7], n)
    moq, cap = draw.choice([0, 0, 9], n), draw.choice([0, 0, 14, 40], n)
    ceiling = draw.choice([0, 0, 30, 60], n)
    position = draw.integers(-10, 60, n)
    none = np.zeros(n, np.int64)
    terms = OrderTerms(none + 1, none, pack, moq, cap, none.astype(np.int8), None, ceiling)
    found = order_sizes(terms, family, s, top, lot, position)
    for row in range(n):
        item = Item(
            1, [0], [0], [0], [1], True, int(family[row]), int(s[row]), int(top[row]), int(lot[row]),
            pack=int(pack[row]), moq=int(moq[row]), max_order=int(cap[row]), max_position=int(ceiling[row]),
        )  # fmt: skip
        asked = order_size(item, int(position[row]))
        assert found[row] == limited(item, asked, int(position[row])), row
    assert (found > 0).sum() > n // 4


def test_up_to_a_level_in_packs_by_hand() -> None:
    """⌈(S − position) ÷ pack⌉ × pack."""
    none = np.zeros(3, np.int64)
    terms = OrderTerms(none + 1, none, np.array([1, 6, 6]), none, none, none.astype(np.int8))
    size = order_sizes(
        terms, none.astype(np.int8), none, np.array([20, 20, 20]), none, np.array([13, 13, 20])
    )
    assert size.tolist() == [7, 12, 0]
