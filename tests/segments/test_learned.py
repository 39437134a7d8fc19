"""Learned segments: never worse than fewer classes, told in rules that sort exactly the same way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.errors import InvalidInputError
from simlab.segments import SchemeInput, assign_input
from simlab.segments.learned import learn_rules


def shop(n=80, seed=1, k=6):
    rng = np.random.default_rng(seed)
    numbers = {"unit_cost": rng.integers(1, 12, n) / 4, "lead_time": rng.integers(1, 9, n).astype(float)}
    best = rng.integers(0, k, n)
    loss = np.abs(np.arange(k)[None, :] - best[:, None]) * rng.uniform(0.5, 2, (n, 1))
    return SchemeInput(tuple(f"S{row:03d}" for row in range(n)), ("X",) * n, numbers), loss


def best_of_one(loss):
    return loss.sum(axis=0).min()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 15))
def test_more_classes_never_cost_more_and_sizes_are_kept(seed, classes, min_size):
    data, loss = shop(seed=seed)
    fewer = learn_rules(data, loss, ["unit_cost", "lead_time"], classes=classes, min_size=min_size)
    more = learn_rules(data, loss, ["unit_cost", "lead_time"], classes=classes + 1, min_size=min_size)
    assert loss.min(axis=1).sum() <= more.loss + 1e-9
    assert more.loss <= fewer.loss + 1e-9
    assert fewer.loss <= best_of_one(loss) + 1e-9
    assert fewer.segmentation.sizes.min() >= min_size
    assert fewer.segmentation.n_segments <= classes


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_printed_rules_sort_exactly_as_the_tree(seed):
    data, loss = shop(seed=seed)
    learned = learn_rules(data, loss, ["unit_cost", "lead_time"], classes=6, min_size=5)
    rules = tuple({"name": name, "where": where} for name, where in learned.rules)
    again = assign_input(data, "rules", options={"rules": {"rules": rules}})
    assert again.names == learned.segmentation.names
    assert again.codes.tolist() == learned.segmentation.codes.tolist()


def test_loss_is_that_of_the_best_columns():
    data, loss = shop()
    learned = learn_rules(data, loss, ["unit_cost"], classes=3, min_size=5)
    chosen = learned.column[learned.segmentation.codes]
    assert learned.loss == pytest.approx(loss[np.arange(80), chosen].sum())


def test_a_planted_cut_is_found():
    n = 60
    lead = np.arange(1.0, n + 1)
    loss = np.zeros((n, 2))
    loss[lead > 40, 0] = 1.0
    loss[lead <= 40, 1] = 1.0
    data = SchemeInput(tuple(f"S{row:03d}" for row in range(n)), ("X",) * n, {"lead_time": lead})
    learned = learn_rules(data, loss, ["lead_time"], classes=5, min_size=3)
    assert learned.rules == (("L1", "lead_time <= 40.0"), ("L2", "lead_time > 40.0"))
    assert learned.loss == 0


def test_row_order_does_not_matter():
    data, loss = shop()
    order = np.random.default_rng(5).permutation(80)
    mixed = replace(
        data,
        sku=tuple(data.sku[row] for row in order),
        numbers={name: column[order] for name, column in data.numbers.items()},
    )
    straight = learn_rules(data, loss, ["unit_cost", "lead_time"], classes=5, min_size=5)
    other = learn_rules(mixed, loss[order], ["unit_cost", "lead_time"], classes=5, min_size=5)
    assert straight.rules == other.rules
    assert straight.loss == other.loss


def test_impossible_numbers_of_classes_and_gaps_are_refused():
    data, loss = shop(n=4)
    for classes in (0, 5):
        with pytest.raises(InvalidInputError):
            learn_rules(data, loss, ["unit_cost"], classes=classes)
    with pytest.raises(InvalidInputError, match="colour"):
        learn_rules(data, loss, ["colour"], classes=2)
