"""The k-th write, fsync or rename fails or kills: the folder says what it is, its end has the same bytes.

All points, or every eighth: ``SIMLAB_PIECE=1/8 pytest -s -m slow -k every_point`` with this file.
"""

import json
import os
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from worlds.nine import nine_items, same_bytes
from worlds.trust_figures import noted_piece, piece_of

from simlab import api
from simlab.errors import SimlabError
from simlab.run import RunFolder
from simlab.run.folder import BEGINNING, BLOCKS, RUNNING, SEALED

FAILS, KILLS = "fails", "kills"


class Counted:
    """A file whose write is a point: a half of the bytes arrives before the fault."""

    def __init__(self, file, point):
        self.file, self.point = file, point

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, *error):
        return self.file.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        def half():
            self.file.write(data[: len(data) // 2])
            self.file.flush()

        self.point("write", half)
        return self.file.write(data)


@contextmanager
def faulty(at, how=FAILS):
    """Count the points of every file put in place; at number `at` (from 1) one fails, or the process ends."""
    seen = []
    real_open, real_replace, real_fsync = Path.open, Path.replace, os.fsync

    def point(kind, before=None):
        seen.append(kind)
        if len(seen) != at:
            return
        if before is not None:
            before()
        if how == KILLS:
            os._exit(9)
        raise OSError(28, "No space left on device")

    def opened(path, mode="r", *rest, **named):
        file = real_open(path, mode, *rest, **named)
        return Counted(file, point) if mode == "xb" else file

    def replaced(path, target):
        point("rename")
        return real_replace(path, target)

    def synced(handle):
        point("fsync")
        return real_fsync(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        patch.setattr(Path, "replace", replaced)
        patch.setattr(os, "fsync", synced)
        yield seen


def child(work):
    """The exit status of a forked process that does this, and ends without leaving anything in order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The study, a whole run of it, and how many points a run has."""
    study = nine_items(tmp_path_factory.mktemp("nine"))
    with faulty(0) as seen:
        whole = api.run_optimize(study, study.parent / "whole", draw=False).folder
    assert {"write", "fsync", "rename"} == set(seen)
    return study, whole, len(seen)


def broken(study, out, at, how):
    """A run with one fault; whether it came to its end all the same (the folder's own flush may fail)."""

    def work():
        with faulty(at, how):
            api.run_optimize(study, out, draw=False)

    if how == KILLS:
        assert child(work) == 9
        return False
    try:
        work()
    except SimlabError as error:
        told = str(error)
    else:
        return True
    assert "No space left on device" in told
    return False


def survives(world, out, at, how):
    """What the folder was after the fault, in a word; whatever it was, the end has the same bytes."""
    study, whole, _ = world
    ended = broken(study, out, at, how)
    if not (out / "manifest.json").exists() or (not (out / BEGINNING).exists() and not sealed(out)):
        assert not (out / "results").exists()
        with pytest.raises(SimlabError):
            api.resume(out, draw=False)
        return "not begun"
    with pytest.raises(SimlabError):
        RunFolder.open(out)
    if sealed(out):
        assert not same_bytes(whole, out)
        RunFolder.open(out, sealed=True)
        return "sealed"
    assert not ended
    assert json.loads((out / "manifest.json").read_text())["status"] == RUNNING
    api.resume(out, draw=False)
    assert sealed(out)
    assert not same_bytes(whole, out)
    assert not (out / BLOCKS).exists()
    assert not list(out.rglob(".*.tmp"))
    return "resumed"


def sealed(out):
    return json.loads((out / "manifest.json").read_text())["status"] == SEALED


@pytest.mark.parametrize(("first", "how"), [(20, KILLS), (40, FAILS)])
def test_every_twentieth_point_takes_nothing_along(world, tmp_path, first, how):
    """It kills and fails in turn: the slow test tries every point, both ways."""
    points = range(first, world[2] + 1, 40)
    found = [survives(world, tmp_path / str(at), at, how) for at in points]
    assert len(found) >= 7
    assert "resumed" in found


@pytest.mark.parametrize(("at", "how"), [(1, FAILS), (6, KILLS)])
def test_a_run_that_had_not_begun_is_no_run(world, tmp_path, at, how):
    assert survives(world, tmp_path / "run", at, how) == "not begun"


@pytest.mark.slow
@pytest.mark.parametrize("how", [FAILS, KILLS])
def test_every_point_takes_nothing_along(world, tmp_path, how):
    found = [survives(world, tmp_path / str(at), at, how) for at in piece_of(range(1, world[2] + 1))]
    assert all(found)
    print(how, len(found), Counter(found))

    def said(total):
        words = ", ".join(f"{total[word]} {word}" for word in sorted(total))
        return {"points": world[2], "said": f"{how} at {total.total()} of them: {words}; all survived"}

    noted_piece(f"crash points, {how}", said, Counter(found))
