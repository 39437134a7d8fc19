"""The doctor: well on a sound machine, and it notices what it is there to notice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from simlab.engine.kernels import streams
from simlab.errors import EngineFaultError
from simlab.selfcheck import doctor, kernels
from simlab.selfcheck.doctor import Finding, Status, is_well


@pytest.mark.slow
def test_this_machine_is_well() -> None:
    """The command as a user runs it: JSON on stdout, exit code 0, every check named once."""
    done = subprocess.run(
        [sys.executable, "-m", "simlab", "doctor", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    failed = [row for row in document["checks"] if row["status"] == "fail"]
    assert (done.returncode, document["ok"], failed) == (0, True, [])
    assert [row["check"] for row in document["checks"]] == list(doctor.CHECKS)


def test_notes_do_not_make_it_ill() -> None:
    ok, note, fail = (Finding("x", status, "seen") for status in (Status.OK, Status.NOTE, Status.FAIL))
    assert is_well([ok, note])
    assert not is_well([ok, fail])


def test_a_check_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """One broken package must not hide what the other checks see."""

    def broken() -> tuple[Status, str, str]:
        raise ImportError("libxyz.so not found")

    monkeypatch.setattr(doctor, "CHECKS", {"a": broken, "b": doctor.check_python})
    first, second = doctor.examine()
    assert (first.status, second.status) == (Status.FAIL, Status.OK)
    assert "libxyz.so" in first.found
    assert first.advice


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_SHOWING", ("rich", "no-such-package"))
    status, found, advice = doctor.check_packages()
    assert status is Status.FAIL
    assert found == "missing: no-such-package"
    assert advice == "pip install no-such-package"


def test_a_missing_browser_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs Chromium to read a report."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert doctor.check_browser()[0] is Status.NOTE


def test_parquet_checksums_work_here() -> None:
    assert doctor.check_parquet()[0] is Status.OK


def test_unchecked_parquet_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If reading did not verify checksums, the flipped bit would pass; the doctor must say so."""
    from pyarrow import parquet

    read = parquet.read_table
    monkeypatch.setattr(parquet, "read_table", lambda source, **_: read(source))
    assert doctor.check_parquet()[0] is Status.FAIL


def test_streams_and_kernels_are_confirmed() -> None:
    assert "3 known answers" in kernels.confirm_known_answers()
    assert "bit for bit" in kernels.confirm_compiled_is_plain()


def test_wrong_streams_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One word off, and nothing of this installation can be trusted."""
    right = streams.philox_block

    def off_by_one(*counter: np.uint64) -> tuple[np.uint64, ...]:
        a, b, c, d = right(*counter)
        return a, b, c, d ^ np.uint64(1)

    monkeypatch.setattr(streams, "philox_block", off_by_one)
    with pytest.raises(EngineFaultError, match="known answers"):
        kernels.confirm_known_answers()


def test_miscompiled_kernel_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = streams.fill_words

    def wrong(key: np.uint64, item: np.uint64, paths: object, first: int, out: object) -> None:
        right(key, item, paths, first, out)
        out[0, 0] += 1

    wrong.py_func = right
    monkeypatch.setattr(streams, "fill_words", wrong)
    with pytest.raises(EngineFaultError, match="disagree"):
        kernels.confirm_compiled_is_plain()


@pytest.mark.slow
def test_simulation_meets_the_closed_form() -> None:
    """The engine as installed reproduces exact fill rates."""
    assert "3 exact fill rates met" in kernels.confirm_simulation()


@pytest.mark.slow
def test_a_biased_simulator_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit in three hundred served too many must not pass."""
    right = kernels.simulate_items

    def generous(*world: object) -> object:
        curves = right(*world)
        return replace(curves, served=curves.served + curves.demanded[:, None, :] // 300)

    monkeypatch.setattr(kernels, "simulate_items", generous)
    with pytest.raises(EngineFaultError, match="standard errors"):
        kernels.confirm_simulation()


def test_a_library_that_aborts_takes_no_doctor_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """As vl-convert does under ``ulimit -v``: exit 133 and a backtrace, and no word of other checks."""
    monkeypatch.setattr(doctor, "_DRAW", "import os; os.abort()")
    status, said, advice = doctor.check_charts()
    assert status is Status.FAIL
    assert said.startswith("drawing ended with -6")
    assert "ulimit -v" in advice
