"""Twenty SIGKILLs at random times, and disks of 1, 2 and 4 MiB: what is left is whole, and it goes on.

Run: ``pytest -m slow tests/trust/test_killed_twenty_times.py`` (the disks need root, to mount a tmpfs); a
quarter of the kills with ``SIMLAB_PIECE=1/4``.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import pytest
from worlds.nine import nine_items, same_bytes
from worlds.trust_figures import noted, noted_piece, piece_of

from simlab.errors import EXIT_INCOMPLETE
from simlab.run import verify
from simlab.run.folder import BEGINNING, COMPLETE, RUNNING, SEALED

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SIMLAB = [sys.executable, "-m", "simlab"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The study, a whole run of it by the command, and the seconds from its folder's birth to its end."""
    study = nine_items(tmp_path_factory.mktemp("nine"))
    whole = study.parent / "whole"
    subprocess.run([*SIMLAB, "optimize", str(study), "--out", str(whole)], check=True, capture_output=True)
    last = json.loads((whole / "log.jsonl").read_text("utf-8").splitlines()[-1])
    return study, whole, last["elapsed"]


def status(out):
    return json.loads((out / "manifest.json").read_text("utf-8"))["status"]


def killed(study, out, seconds):
    """Kill a run so many seconds after its folder is there; its status then."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*SIMLAB, "optimize", str(study), "--out", str(out)], **quiet)
    while not (out / BEGINNING).is_file() and process.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.wait()
    return status(out)


def finished(out):
    """Bring a run to its end by the command that its status asks for."""
    now = status(out)
    if now != COMPLETE:
        command = {RUNNING: "resume", SEALED: "report"}[now]
        subprocess.run([*SIMLAB, command, str(out)], check=True, capture_output=True)
    assert status(out) == COMPLETE
    assert verify(out) == []


def test_twenty_kills_at_random_times_end_in_the_same_bytes(world, tmp_path):
    study, whole, seconds = world
    draws, found = random.Random(18), []
    # Half of them while it computes and writes its tables, half at any time of the whole run.
    times = [(number, draws.uniform(0, 1 if number % 2 else seconds)) for number in range(20)]
    for number, after in piece_of(times):
        out = tmp_path / str(number)
        found.append(killed(study, out, after))
        finished(out)
        assert same_bytes(whole, out) == []
        shutil.rmtree(out)
    print({word: found.count(word) for word in sorted(set(found))})
    noted_piece(
        "random kills",
        lambda total: {"kills": total["kills"], "same": total["kills"]},
        Counter(kills=len(found)),
    )


@contextmanager
def disk(place, mebibytes):
    """A file system in memory with so much room."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here: it needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


DISKS = []


@pytest.mark.parametrize("mebibytes", [1, 2, 4])
def test_a_small_disk_ends_with_5_and_what_is_whole_and_it_goes_on(world, tmp_path, mebibytes):
    study, whole, _ = world
    place = tmp_path / "disk"
    with disk(place, mebibytes):
        out = place / "run"
        done = subprocess.run(
            [*SIMLAB, "optimize", str(study), "--out", str(out)], capture_output=True, text=True
        )
        print(mebibytes, done.returncode, status(out), done.stderr[-400:])
        if done.returncode:
            # A page without room leaves a complete run (1: draw it later); a table, one to resume.
            assert done.returncode == EXIT_INCOMPLETE
            assert "No space left on device" in done.stderr
            assert "Traceback" not in done.stderr
            grow = ["mount", "-o", "remount,size=64m", str(place)]
            subprocess.run(grow, check=True)
        finished(out)
        assert same_bytes(whole, out) == []
    DISKS.append(mebibytes)
    noted("small disks", said=", ".join(map(str, DISKS)) + " MiB: went on to the same bytes")
