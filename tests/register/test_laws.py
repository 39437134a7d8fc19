"""One record per demand law: every record keeps what it says, and rooms read their lists from it."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from scipy import stats
from worlds.engine import one_law
from worlds.places import ROOT

from simlab.catalog.columns import ITEMS
from simlab.engine.laws.pieces import pieces
from simlab.engine.laws.pmfs import moments_of, pmf_of
from simlab.engine.laws.weights import ONE_BY_ONE
from simlab.engine.world.demand_law import LawKind, Seasons
from simlab.models.demand.scoring.scores import FURTHER_SCORES
from simlab.register import laws as register
from simlab.register.laws import LAWS, STATED_KINDS, Season, Source, Variances, law_of
from simlab.study import ModelSpec

MEAN = 6.0
ALLOWED = {Variances.ABOVE: 15.0, Variances.BELOW: 2.0, Variances.ANY: 4.0}
STATED = [law for law in LAWS if law.source is Source.MOMENTS]


def variance_of(law, mean=MEAN):
    return float(law.variance_of(np.array([mean]))[0]) if law.variance_of else ALLOWED[law.variances]


def stated(law, **more):
    return replace(one_law(law.kind, MEAN, variance_of(law), [], []), **more)


def test_every_kind_has_a_record_and_every_name_is_its_own():
    assert {law.kind for law in LAWS} == set(LawKind)
    assert len({law.name for law in LAWS}) == len({law.title for law in LAWS}) == len(LAWS)
    assert all(law_of(kind).name == kind.name.lower() for kind in LawKind)


@pytest.mark.parametrize("law", STATED, ids=lambda law: law.name)
def test_a_stated_law_is_drawn_with_its_mean_and_variance(law):
    """On whole units: continuous laws gain at most 1/4 unit². Without weights of its own a kind would be
    drawn as Poisson."""
    mean, variance = moments_of(stated(law))
    assert mean[0] == pytest.approx(MEAN, rel=1e-4)
    assert variance[0] == pytest.approx(variance_of(law), rel=2e-3, abs=0.26)


@pytest.mark.parametrize("law", STATED, ids=lambda law: law.name)
def test_a_season_keeps_what_the_record_says(law):
    profile = np.array([[0.5, 1.5]])
    asked = variance_of(law)
    kept = {
        Season.DISPERSION: lambda m: MEAN * m + (asked - MEAN) * m**2,
        Season.ARRIVALS: lambda m: asked * m,
        Season.VARIATION: lambda m: asked * m**2,
    }[law.season]
    moments = [kept(m) + (MEAN * m) ** 2 for m in profile[0]]
    mean, variance = moments_of(stated(law, seasons=Seasons(np.array([0]), profile)))
    assert mean[0] == pytest.approx(MEAN, rel=1e-3)
    assert variance[0] == pytest.approx(np.mean(moments) - MEAN**2, rel=0.02, abs=0.26)


@pytest.mark.parametrize("law", [law for law in STATED if law.divisible], ids=lambda law: law.name)
def test_pieces_of_a_divisible_law_add_up_to_it(law):
    """Three pieces folded are the period's law, to what whole units leave of a continuous one."""
    first, shares = pmf_of(stated(law), 0)
    start, one = pmf_of(pieces(stated(law), 3), 0)
    whole = np.convolve(np.convolve(one, one), one)
    away = np.zeros(max(first + shares.size, 3 * start + whole.size))
    away[first : first + shares.size] = shares
    away[3 * start : 3 * start + whole.size] -= whole
    assert np.abs(away).max() < (0.01 if law.variances is Variances.ANY else 1e-6)


def test_study_columns_and_scores_read_the_register():
    """A name said once is a choice of the study, a choice of the items table, and a column of scores."""
    assert set(get_args(ModelSpec.model_fields["law"].annotation)) == {"auto", *register.LAW_NAMES}
    assert ITEMS["demand_law"].choices == register.STATED_NAMES
    assert set(FURTHER_SCORES) == set(register.FURTHER_NAMES)
    assert set(ONE_BY_ONE) <= set(STATED_KINDS)


def test_what_is_drawn_agrees_with_the_closed_form():
    """The twins of laws: add one here."""
    n = np.arange(40)
    twins = {
        LawKind.POISSON: stats.poisson(MEAN).pmf(n),
        LawKind.NEGATIVE_BINOMIAL: stats.nbinom(4.0, 0.4).pmf(n),
        LawKind.GEOMETRIC: stats.geom(1 / 7.0).pmf(n + 1),
        LawKind.BINOMIAL: stats.binom(9, 2 / 3).pmf(n),
    }
    for kind, exact in twins.items():
        first, shares = pmf_of(stated(law_of(kind)), 0)
        found = np.zeros(first + shares.size)
        found[first:] = shares
        assert np.abs(found[:40] - exact[: found[:40].size]).max() < 1e-8, kind.name


def test_the_sample_study_names_every_law():
    text = (ROOT / "simlab" / "samples" / "study.toml").read_text("utf-8")
    assert all(name in text for name in register.LAW_NAMES)
