"""A law with the best score is taken only where its variance can be that of the history."""

import numpy as np

from simlab.models.demand.choice import Moments, _auto
from simlab.register.laws import LawKind


def test_the_best_score_gives_way_where_the_variance_is_not_the_laws():
    """A binomial law that scored best for demand more dispersed than Poisson ended the run in a fault."""
    mean, variance = np.full(4, 2.0), np.array([3.0, 1.0, 1.0, 3.0])
    best = [LawKind.BINOMIAL, LawKind.BINOMIAL, LawKind.NEGATIVE_BINOMIAL, LawKind.NEGATIVE_BINOMIAL]
    many, none = np.full(4, 100), np.zeros(4, np.bool_)
    found = _auto(Moments(many, many, mean, variance, np.array(best, np.int8), none))
    assert list(found) == [LawKind.POISSON, LawKind.BINOMIAL, LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL]
