"""Analyses begun in a copy of the process: the same tables with it, without it, and where it is lost."""

import os
import sys
from hashlib import sha256

import pytest
from worlds.study import STUDY, write_study

from simlab import api
from simlab.api.decision import beside
from simlab.api.output import apart, writing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")


def broken():
    raise ValueError("planted")


def test_what_a_copy_finds_is_waited_for_and_not_found_again():
    here = os.getpid()
    analyses = apart.Analyses()
    with analyses.beside({"a": os.getpid, "b": os.getpid}, worth=True):
        pids = [analyses.of(name, os.getpid, 0) for name in ("c", "b", "a", "a")]
    assert pids[0] == pids[3] == here
    assert pids[1] == pids[2] != here
    with analyses.beside({"a": os.getpid}, worth=False):
        assert analyses.of("a", os.getpid, 0) == here
    assert analyses.faults == {}


@pytest.mark.parametrize("dies", [os.abort, lambda: os._exit(0), broken])
def test_what_a_lost_copy_does_not_find_is_found_here(dies):
    """It dies at the second of its analyses, or that one fails: then the fault is that of this process."""
    here = os.getpid()
    analyses = apart.Analyses()
    with analyses.beside({"a": lambda: "a", "b": dies}, worth=True):
        found = analyses.of("b", os.getpid, 0), analyses.of("a", lambda: "a", "")
    assert found == (here, "a")
    assert analyses.faults == {}
    with analyses.beside({"b": broken}, worth=True):
        assert analyses.of("b", broken, "nothing") == "nothing"
    assert analyses.faults == {"b": "ValueError: planted"}


def tables(study, folder):
    """Digests of the tables of a run."""
    api.run_optimize(study, folder, workers=2, draw=False)
    kept = sorted((folder / "results").glob("*.parquet"))
    assert len(kept) > 30
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in kept}


@pytest.mark.slow
def test_the_tables_of_a_run_are_the_same_with_copies_without_and_where_they_are_lost(tmp_path, monkeypatch):
    study = write_study(tmp_path, STUDY.replace("replications = 30", "replications = 8"))
    alone = tables(study, tmp_path / "alone")
    real = apart._timed
    for module in (beside, writing):
        monkeypatch.setattr(module, "works_beside", lambda *_: True)
    assert tables(study, tmp_path / "with") == alone
    monkeypatch.setattr(apart, "_timed", lambda finds: (real(finds), os.abort()))
    monkeypatch.setattr(beside, "_in_copy", lambda data, wait: os.abort())
    assert tables(study, tmp_path / "lost") == alone
