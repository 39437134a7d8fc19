"""p-values hold in the tails, lists keep their share of errors."""

import numpy as np
import pytest
from scipy import stats

from simlab.verdict.gate.decisions import Evidence, decide, doubt_of, either, rejected
from simlab.verdict.gate.pvalues import MeanTest, mean_tests, rare_losses


@pytest.mark.parametrize("shape", [0.5, 2.0, 50.0])
def test_one_sided_p_of_a_skewed_mean_are_not_too_small(shape: float) -> None:
    """Gamma variables less their mean, 400 replications: at 1 % and 0.1 % no more than that are below."""
    draw = np.random.default_rng(8)
    below, above = [], []
    for _ in range(20):
        found = mean_tests(draw.gamma(shape, size=(1000, 400)) - shape)
        below.append(found.below)
        above.append(found.above)
    for p in (np.concatenate(below), np.concatenate(above)):
        for level in (0.01, 0.001):
            allowed = level + 3 * np.sqrt(level * (1 - level) / p.size)
            assert (p <= level).mean() <= 1.35 * allowed
        assert (p <= 0.05).mean() > 0.02


def test_rows_without_spread_are_certain_or_say_nothing() -> None:
    found = mean_tests(np.array([[1.0] * 5, [0.0] * 5, [-2.0] * 5]))
    assert found.above.tolist() == [0.0, 1.0, 1.0]
    assert found.below.tolist() == [1.0, 1.0, 0.0]


def test_rare_losses_are_the_binomial_bound() -> None:
    found = rare_losses(np.array([0, 3]), 400, np.array([0.02, 0.02]))
    assert found == pytest.approx(stats.binom.cdf([0, 3], 400, 0.02))
    assert rare_losses(np.array([0]), 400, np.array([0.0])).tolist() == [1.0]


def test_lists_are_those_of_benjamini_and_hochberg() -> None:
    draw = np.random.default_rng(3)
    p = np.concatenate([draw.uniform(size=80), draw.uniform(size=20) * 1e-3])
    assert (rejected(p, 0.05) == (stats.false_discovery_control(p) <= 0.05)).all()
    any_way = rejected(p, 0.05, any_dependence=True)
    assert (any_way == (stats.false_discovery_control(p, method="by") <= 0.05)).all()
    assert rejected(np.zeros(0), 0.05).size == 0


@pytest.mark.parametrize(("any_dependence", "method"), [(False, "bh"), (True, "by")])
def test_lists_are_those_of_scipy(any_dependence: bool, method: str) -> None:
    """Near the threshold, where dividing q by 1 + 1/2 + … + 1/n decides."""
    rng = np.random.default_rng(8)
    counts = set()
    for _ in range(40):
        p = rng.beta(0.4, 4.0, 12)
        found = rejected(p, 0.1, any_dependence=any_dependence)
        assert found.tolist() == (stats.false_discovery_control(p, method=method) <= 0.1).tolist()
        counts.add(int(found.sum()))
    assert len(counts) > 5
    assert rejected(np.array([0.02, 0.03, 0.04]), 0.05, any_dependence=any_dependence).all() != any_dependence


def test_both_against_one_is_twice_the_smaller() -> None:
    assert either(np.array([0.01, 0.9]), np.array([0.4, 0.7])).tolist() == [0.02, 1.0]


def test_an_item_goes_only_if_every_measure_is_harmless() -> None:
    none = np.zeros(4)
    service = Evidence(np.array([1e-6, 1e-6, 0.5, 1e-6]), np.array([1.0, 1.0, 0.4, 1.0]), none, none)
    stock = Evidence(np.array([1e-6, 1.0, 0.5, 1e-6]), np.array([1.0, 1e-6, 0.4, 1.0]), none, none)
    found = decide({"serves less": service, "ties up more": stock}, np.array([False] * 3 + [True]), 0.05)
    assert found.decision.tolist() == ["go", "hold back", "undecided", "unchanged"]
    assert found.reason.tolist()[1] == "ties up more"
    assert found.reason.tolist()[2].startswith("cannot tell")


@pytest.mark.parametrize("r", [4, 9, 30])
def test_without_skewness_it_is_the_t_test(r):
    """The unbiased variance: with few replications the other is too sure by a tenth and more."""
    half = np.random.default_rng(r).normal(size=(5, r // 2))
    values = np.concatenate([half, -half, np.zeros((5, r % 2))], axis=1) + 0.4
    found = mean_tests(values)
    assert np.allclose(found.error, values.std(axis=1, ddof=1) / np.sqrt(r))
    expected = stats.ttest_1samp(values, 0.0, axis=1, alternative="greater").pvalue
    assert (found.above >= expected * (1 - 1e-9)).all()
    assert np.allclose(found.above[expected < 0.5], expected[expected < 0.5])


def test_the_larger_of_both_p_counts() -> None:
    """Student's and Hall's: of a skewed row each is the larger on one side."""
    values = np.random.default_rng(3).gamma(0.3, size=(50, 20)) - 0.3
    found = mean_tests(values)
    for p, side in ((found.above, "greater"), (found.below, "less")):
        expected = stats.ttest_1samp(values, 0.0, axis=1, alternative=side).pvalue
        assert (p >= expected * (1 - 1e-9)).all()


def test_a_list_steps_up_over_p_that_fail_alone() -> None:
    """Benjamini and Hochberg: all up to the largest that passes, those before it, too."""
    p = np.array([0.012, 0.024, 0.026, 0.04, 0.9])
    assert rejected(p, 0.05).tolist() == [True, True, True, True, False]
    assert rejected(np.array([0.03, 0.03, 0.03]), 0.03).all()


def test_doubt_is_that_of_the_test_that_settles_it() -> None:
    """One mean below 0 rules harm out: the surer one counts; both above 0 show it: the less sure one."""
    none = np.zeros(4)
    today = MeanTest(none, none, np.array([-2.0, 1.0, 4.0, 0.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    plan = MeanTest(none, none, np.array([-1.0, -4.0, 1.0, 0.0]), np.array([1.0, 2.0, 1.0, 1.0]))
    assert doubt_of(today, plan).tolist()[:3] == [0.25, 0.25, 1.0]
    assert np.isnan(doubt_of(today, plan)[3])
