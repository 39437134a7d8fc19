"""Cut points on one score: the best there are, short enough to write down, coded as rules."""

from __future__ import annotations

import itertools
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.errors import InvalidInputError
from simlab.segments import SchemeInput, assign_input
from simlab.segments.learned import learn_rules, short_between
from simlab.segments.learned_cuts import MOST_PLACES, learn_cuts, optimised_classes


def shop(n, seed, k=4):
    rng = np.random.default_rng(seed)
    numbers = {"unit_cost": rng.integers(1, 9, n) / 4, "cv": rng.uniform(0.1, 3, n)}
    loss = rng.integers(0, 50, (n, k)).astype(float)
    return SchemeInput(tuple(f"S{row:03d}" for row in range(n)), ("X",) * n, numbers), loss


def by_hand(values, loss, classes, min_size):
    """Least loss over every way to cut ascending values where they change."""
    order = np.argsort(values, kind="stable")
    values, loss = values[order], loss[order]
    places = [i for i in range(1, values.size) if values[i - 1] < values[i]]
    best = loss.sum(axis=0).min()
    for n_cuts in range(1, classes):
        for ends in itertools.combinations(places, n_cuts):
            parts = np.split(loss, ends)
            if min(len(part) for part in parts) >= min_size:
                best = min(best, sum(part.sum(axis=0).min() for part in parts))
    return best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 12), st.integers(1, 4), st.integers(1, 3))
def test_no_other_cuts_lose_less(seed, n, classes, min_size):
    data, loss = shop(n, seed)
    learned = learn_cuts(data, loss, ["unit_cost", "cv"], classes=classes, min_size=min_size)
    best = min(by_hand(data.numbers[name], loss, classes, min_size) for name in ("unit_cost", "cv"))
    assert learned.loss == pytest.approx(best)
    assert learned.segmentation.n_segments <= classes
    assert n < 2 * min_size or learned.segmentation.sizes.min() >= min_size


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([learn_rules, learn_cuts]))
def test_rules_pasted_into_a_study_sort_the_same_way(seed, learn):
    """What is printed is what is meant: a planner's study file gives the very classes."""
    data, loss = shop(60, seed)
    learned = learn(data, loss, ["unit_cost", "cv"], classes=4, min_size=5)
    pasted = tomllib.loads(learned.study_text())["segments"]
    again = assign_input(data, pasted["by"], options={"rules": {"rules": tuple(pasted["rules"])}})
    assert again.names == learned.segmentation.names
    assert again.codes.tolist() == learned.segmentation.codes.tolist()


def test_a_column_with_many_values_is_cut_at_evenly_spread_places():
    """A planted step is found to within the spacing of the places that are tried."""
    n = 20 * MOST_PLACES
    score = np.linspace(0.0, 1.0, n)
    loss = np.stack([score > 0.3, score <= 0.3], axis=1).astype(float)
    data = SchemeInput(tuple(f"{row:05d}" for row in range(n)), ("X",) * n, {"score": score})
    learned = learn_cuts(data, loss, ["score"], classes=3)
    assert learned.loss <= 2 * 20
    assert learned.segmentation.sizes[0] / n == pytest.approx(0.3, abs=1 / MOST_PLACES)


def test_row_order_does_not_matter():
    data, loss = shop(50, 3)
    order = np.random.default_rng(1).permutation(50)
    numbers = {name: column[order] for name, column in data.numbers.items()}
    mixed = SchemeInput(tuple(data.sku[row] for row in order), data.location, numbers)
    straight = learn_cuts(data, loss, ["cv", "unit_cost"], classes=3, min_size=5)
    other = learn_cuts(mixed, loss[order], ["cv", "unit_cost"], classes=3, min_size=5)
    assert (straight.rules, straight.loss) == (other.rules, other.loss)


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12))
def test_a_cut_written_short_still_lies_between_its_neighbours(low, step):
    high = low + step
    if high > low:
        assert low <= short_between(low, high) < high


@pytest.mark.parametrize(
    ("low", "high", "cut"), [(40.0, 41.0, 40.0), (3.14159, 3.3, 3.2), (0.9, 1.1, 1.0), (99.4, 250.0, 200.0)]
)
def test_cuts_are_round_numbers(low, high, cut):
    assert short_between(low, high) == cut


def test_nothing_to_cut_by_and_too_many_classes_are_refused():
    data, loss = shop(5, 1)
    with pytest.raises(InvalidInputError, match="at least one numeric column"):
        learn_cuts(data, loss, [], classes=2)
    with pytest.raises(InvalidInputError, match="6 classes for 5"):
        learn_cuts(data, loss, ["cv"], classes=6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 12), st.integers(1, 4), st.integers(1, 3))
def test_optimised_sizes_lose_least_and_keep_ties_together(seed, n, classes, min_size):
    """Against every way to cut the score; the highest score is in A, equal scores in one class."""
    data, loss = shop(n, seed)
    score = data.numbers["unit_cost"]
    found = optimised_classes(data, score, "by cost", loss, classes=classes, min_size=min_size)
    lost = sum(loss[found.codes == code].sum(axis=0).min() for code in np.unique(found.codes))
    assert lost == pytest.approx(by_hand(score, loss, classes, min_size))
    assert len(found.labels) == np.unique(found.codes).size
    order = np.argsort(-score, kind="stable")
    assert (np.diff(found.codes[order]) >= 0).all()
    for value in np.unique(score):
        assert np.unique(found.codes[score == value]).size == 1


def test_scores_that_are_missing_or_infinite_are_the_ends():
    """No score is below all others; thresholds stay numbers that can be written down."""
    data, _ = shop(6, 0)
    score = np.array([np.nan, np.nan, 1.0, 2.0, np.inf, np.inf])
    loss = np.array([[0.0, 9, 9], [0, 9, 9], [9, 0, 9], [9, 0, 9], [9, 9, 0], [9, 9, 0]])
    found = optimised_classes(data, score, "by ratio", loss, classes=3, min_size=1)
    assert found.codes.tolist() == [2, 2, 1, 1, 0, 0]
    assert found.rule.endswith("C below")
    whole = optimised_classes(data, score, "by ratio", loss, classes=1)
    assert whole.labels == ("A",)
    with pytest.raises(InvalidInputError, match="7 classes for 6"):
        optimised_classes(data, score, "by ratio", loss, classes=7)
