"""A backend that is not there, does not answer or would compute other numbers is refused before a block."""

import sys

import pytest
from typer.testing import CliRunner
from worlds.study import STUDY, write_study

import simlab
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError
from simlab.execution import Workers, asked, close_pools
from simlab.execution.backends import cluster, spread
from simlab.execution.backends.stamp import differences, stamp


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are looked for in messages, which a narrow terminal breaks."""
    monkeypatch.setenv("COLUMNS", "400")


@pytest.fixture(autouse=True)
def ended():
    yield
    close_pools()


def test_an_address_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_ANSWER", 1)
    study = write_study(tmp_path)
    call = ["optimize", str(study), "--out", str(tmp_path / "run"), "--scheduler", "tcp://127.0.0.1:9"]
    found = CliRunner().invoke(app, call)
    assert found.exit_code == 3, found.output
    assert "E-RUN-020" in found.output
    assert "no scheduler answers at tcp://127.0.0.1:9 within 1 s" in found.output


def test_a_backend_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    study = write_study(tmp_path, STUDY + '[run]\nbackend = "dask"\n')
    found = CliRunner().invoke(app, ["optimize", str(study), "--out", str(tmp_path / "run")])
    assert found.exit_code == 3, found.output
    assert "the backend dask is not installed" in found.output
    assert 'pip install "simlab[dask]"' in found.output


def test_workers_with_other_numbers_are_named(monkeypatch):
    """In one process, whose stamp is another when a worker asks."""
    distributed = pytest.importorskip("distributed")
    own, told = stamp(), []
    other = own | {"numpy": "1.0", "fit of 64 probe histories": "0123456789ab"}

    def changing():
        told.append(1)
        return own if len(told) == 1 else other

    monkeypatch.setattr(cluster, "stamp", changing)
    local = distributed.LocalCluster(
        n_workers=1, processes=False, dashboard_address="127.0.0.1:0", host="127.0.0.1", protocol="tcp"
    )
    with local, pytest.raises(InvalidInputError) as caught:
        cluster.Cluster(local.scheduler_address, 1)
    said = str(caught.value)
    assert "worker tcp://127.0.0.1" in said
    assert f"numpy 1.0 there, {own['numpy']} here" in said
    assert "fit of 64 probe histories 0123456789ab there" in said


def test_differences_are_named_and_equals_are_not():
    assert differences(stamp(), dict(stamp())) == []
    assert differences({"numba": "1", "numpy": "2"}, {"numba": "1"}) == ["numpy None there, 2 here"]


@pytest.mark.parametrize(
    "wrong", [{"name": "ray"}, {"name": "loky", "scheduler": "tcp://x:1"}, {"name": "dask", "workers": 0}]
)
def test_what_makes_no_sense_is_said(wrong):
    with pytest.raises(UsageError), simlab.backend(**wrong):
        pass


def test_the_innermost_word_counts_and_is_taken_back():
    before = asked()
    with simlab.backend("loky", workers=3), simlab.backend(scheduler="tcp://x:1"):
        assert (asked().backend, asked().scheduler) == ("dask", "tcp://x:1")
    assert asked() == before


def test_a_study_says_who_computes_and_a_call_says_otherwise(tmp_path):
    from simlab.api.settings import workers_of

    study = write_study(tmp_path, STUDY + '[run]\nbackend = "dask"\nscheduler = "tcp://x:1"\nworkers = 5\n')
    told = simlab.load(study).study
    assert workers_of(told) == Workers(5, 512, "dask", "tcp://x:1")
    with simlab.backend("threads"):
        assert workers_of(told, 2) == Workers(2, 512, "threads")
    assert spread._POOLS == {}
