"""Options under a ceiling: the best of all where it is called exact, a true bound where it is not."""

import itertools

import numpy as np
import pytest

from simlab.frontier.solvers.knapsack import Options, pack


def draw_options(seed: int, n: int, most: int = 3) -> list[Options]:
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        m = int(draw.integers(1, most + 1))
        weight = np.cumsum(draw.integers(1, 20, m)).astype(float)
        found.append(Options(weight, np.cumsum(draw.normal(3.0, 6.0, m))))
    return found


def best_of_all(items: list[Options], ceiling: float) -> float:
    best = 0.0
    for choice in itertools.product(*(range(-1, one.weight.size) for one in items)):
        picked = [(one.weight[k], one.value[k]) for one, k in zip(items, choice, strict=True) if k >= 0]
        if sum(w for w, _ in picked) <= ceiling + 1e-9:
            best = max(best, sum(v for _, v in picked))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_twelve_items_against_every_combination(seed: int) -> None:
    items = draw_options(seed, 12, 1 + seed % 2)
    ceiling = 0.4 * sum(one.weight[-1] for one in items)
    found = pack(items, ceiling)
    assert found.exact
    assert found.value == pytest.approx(best_of_all(items, ceiling))
    taken = [one.weight[k] for one, k in zip(items, found.choice, strict=True) if k >= 0]
    assert found.weight == pytest.approx(sum(taken))
    assert found.weight <= ceiling + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_without_room_for_the_exact_way_the_bound_holds(seed: int) -> None:
    items = draw_options(40 + seed, 9, 2)
    ceiling = 0.35 * sum(one.weight[-1] for one in items)
    found, best = pack(items, ceiling, most_states=2), best_of_all(items, ceiling)
    assert found.value <= best + 1e-9 <= found.bound + 2e-9
    assert found.weight <= ceiling + 1e-9
    assert found.exact == (found.gap <= 1e-9)


def test_nothing_fits_or_nothing_is_worth_it() -> None:
    assert pack([Options(np.array([5.0]), np.array([9.0]))], 4.0).choice.tolist() == [-1]
    assert pack([Options(np.array([5.0]), np.array([-1.0]))], 40.0).value == 0.0
