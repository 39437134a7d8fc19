"""The test bed of experiment 05: the same catalogue for the same number, and a contest that runs."""

import sys

import pandas as pd
import pytest
from worlds.places import ROOT

import simlab as sl

FOLDER = ROOT / "experiments" / "05_schemes_testbed"


@pytest.fixture
def testbed(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in ("generate", "schemes"):
        sys.modules.pop(name, None)
    import generate
    import schemes

    yield generate, schemes
    for name in ("generate", "schemes"):
        sys.modules.pop(name, None)


def test_a_catalogue_is_its_number(testbed):
    """200 SKUs, made again to the bit; another number is another catalogue."""
    generate, _ = testbed
    one = generate.items(3)
    assert len(one) == generate.N_ITEMS == 200
    pd.testing.assert_frame_equal(one, generate.items(3))
    assert not one["unit_cost"].equals(generate.items(4)["unit_cost"])
    assert (one["demand_variance"] > one["demand_mean"]).all()


@pytest.mark.slow
def test_the_contest_runs_on_a_small_scale(testbed, tmp_path):
    """Every scheme of the tables sorts the test bed, and the cost-based ratio beats ABC by value."""
    generate, schemes = testbed
    data = sl.load(generate.write(tmp_path / "study", 1))
    names = ("ABC by value", "D/(h Q)")
    found = sl.compare(
        data,
        {name: schemes.sorted_by(data, *schemes.SCHEMES[name]) for name in names},
        rounds=sl.Rounds(controls=0, seeds=0, catalogues=0, classes=(), services=False),
        replications=40,
        verdict_replications=40,
    )
    assert found.tournament.pair("D/(h Q)", "ABC by value").high < 0
    for name, how in schemes.SCHEMES.items():
        assert schemes.sorted_by(data, *how).n_segments in (3, 6), name
