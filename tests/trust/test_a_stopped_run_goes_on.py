"""A run that is killed, stopped or fails goes on from its blocks and ends in the same bytes."""

import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from worlds.nine import nine_items
from worlds.study import STUDY, write_study

from simlab import InvalidInputError, api
from simlab.api.finance import capital
from simlab.engine.recorder.periods import TimeProfile
from simlab.engine.world.curves import Curves
from simlab.engine.world.world import Horizon
from simlab.errors import IncompleteError, UsageError
from simlab.execution import blocks, kept, replications
from simlab.execution.backends.spread import Task, as_it_is
from simlab.execution.kept import digest, keeping, packed, store_of, unpacked
from simlab.execution.sums import PlanSums
from simlab.run import RunFolder
from simlab.run.folder import BLOCKS

SMALL = STUDY.replace("replications = 30", "replications = 8") + "\n[run]\nblock_items = 2\nworkers = 1\n"


def test_what_is_stored_comes_back_to_the_bit():
    sums = PlanSums.zeros(2, 3, 4)
    sums.demanded[...] = np.arange(24).reshape(2, 3, 4)
    curves = Curves(**{name: np.full((1, 2, 3), 7) for name in Curves.__dataclass_fields__})
    again = unpacked(packed(([sums], [np.arange(3)], curves, None)))
    assert isinstance(again, tuple)
    assert (again[0][0].demanded == sums.demanded).all()
    assert (again[2].served == 7).all()
    assert again[3] is None


@pytest.mark.parametrize("place", [0, 40, 100, -1])
def test_a_damaged_block_is_computed_again(tmp_path, place):
    calls = []

    def work(rows):
        calls.append(rows)
        return [np.arange(3)]

    with keeping(tmp_path):
        task = Task(work, lambda rows: (rows,), as_it_is, store_of(1))
        task(np.arange(2))
        task(np.arange(2))
        assert len(calls) == 1
        (path,) = tmp_path.glob("*.block")
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        task(np.arange(2))
    assert len(calls) == 2


def test_no_bit_of_a_block_may_be_another():
    """One flipped in each byte in turn: the block is as it was, or is none and computed again."""
    data = packed([np.arange(7), np.array([2**40, 3])])
    same = 0
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        try:
            found = unpacked(damaged)
        except (OSError, ValueError, KeyError, TypeError):  # those that a store takes for: nothing there
            continue
        assert [one.tolist() for one in found] == [list(range(7)), [2**40, 3]]
        same += 1
    assert same < len(data) // 4


def test_other_arguments_are_another_block():
    one = {"a": np.arange(3), "b": (1, "x")}
    assert digest(one) == digest({"a": np.arange(3), "b": (1, "x")})
    assert digest(one) != digest({"a": np.arange(3), "b": (2, "x")})
    assert digest(one) != digest({"a": np.arange(3.0), "b": (1, "x")})


def test_strange_results_are_not_stored():
    assert packed(object()) is None


@pytest.mark.parametrize("values", [[0, 1], [-129, 5], [40_000], [-(2**40), 2**62], []])
def test_counts_are_kept_in_few_bytes_and_come_back_as_they_were(values):
    found = unpacked(packed([np.array(values, np.int64), np.array([0.1]), np.array([True])]))
    assert [one.dtype for one in found] == [np.int64, np.float64, np.bool_]
    assert found[0].tolist() == values


def test_sums_of_a_hundred_plans_and_profiles_by_period_are_stored():
    """Blocks of more than 4 MiB were computed again, and those of finance all."""
    horizon = Horizon(periods=40, warmup=0, replications=50, slots=50, seed=1)
    large = [PlanSums.zeros(100, 9, 100), TimeProfile.zeros(3, 9, horizon)]
    again = unpacked(packed(large, seconds=5.0))
    assert again[1].shape == (3, 9, 50, 40)
    assert (again[0].demanded == 0).all()
    assert packed(large, seconds=0.01) is None  # computed again sooner than written, hashed and read back
    assert packed(large[1].served[:1], seconds=0.0) is not None


def test_no_block_that_a_run_computes_is_left_out(tmp_path, monkeypatch):
    """Search, verdict, redrawn parameters, today, capital over time: what was kept is not simulated again."""
    study = nine_items(tmp_path)
    asked, found = [], []
    real = Task.stored

    def stored(task, rows):
        asked.append(task.work.__name__)
        result = real(task, rows)
        found.append(result is not None)
        return result

    monkeypatch.setattr(Task, "stored", stored)

    def ends(run):
        run.release()
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "drop_blocks", ends)
        with pytest.raises(MemoryError):
            api.run_optimize(study, tmp_path / "a", draw=False)
    first, n = list(asked), len(asked)
    assert {"search_of_block", "plans_of_block", "profile_of_block"} <= set(first)
    manifest = tmp_path / "a" / "manifest.json"
    manifest.write_text('{"schema": 1, "status": "running"}', "utf-8")
    found.clear()
    api.resume(tmp_path / "a", draw=False)
    assert len(asked) == 2 * n
    assert all(found), sorted({name for name, kept in zip(first, found, strict=True) if not kept})


def stopped(study, out, monkeypatch, after):
    """A run whose memory fails in the block after so many."""
    real, calls = blocks.simulate_items, []

    def fails(*arguments):
        calls.append(1)
        if len(calls) > after:
            raise MemoryError
        return real(*arguments)

    with monkeypatch.context() as patch:
        for place in (blocks, replications):
            patch.setattr(place, "simulate_items", fails)
        with pytest.raises(MemoryError):
            api.run_optimize(study, out)
    return len(list((out / BLOCKS).glob("*.block")))


def same_bytes(a, b):
    names = [p.relative_to(a) for p in sorted((a / "results").rglob("*")) if p.is_file()]
    names += [a.joinpath(n).relative_to(a) for n in ("quality.parquet", "study.toml", "resolved.json")]
    return [str(name) for name in names if (a / name).read_bytes() != (b / name).read_bytes()]


def test_it_goes_on_where_it_was_and_ends_in_the_same_bytes(tmp_path, monkeypatch):
    study = write_study(tmp_path, SMALL)
    assert stopped(study, tmp_path / "b", monkeypatch, 4) == 4
    whole = api.run_optimize(study, tmp_path / "a").folder
    result = api.resume(tmp_path / "b")
    assert same_bytes(whole, result.folder) == []
    assert api.verify(result.folder, 2).problems == ()
    assert not (result.folder / BLOCKS).exists()
    with pytest.raises(UsageError, match="nothing to resume"):
        api.resume(tmp_path / "b")


def test_a_disk_that_fills_up_while_finance_is_computed_stops_the_run(tmp_path, monkeypatch):
    """A block that cannot be kept is no fault of an analysis: the run would be whole without its table."""
    study = nine_items(tmp_path)
    whole = api.run_optimize(study, tmp_path / "a", draw=False).folder

    def full(path, data, *, read_back=True):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        real = capital.run_profile

        def run_profile(*arguments, **named):
            patch.setattr(kept, "write_atomic", full)
            return real(*arguments, **named)

        patch.setattr(capital, "run_profile", run_profile)
        with pytest.raises(IncompleteError, match="No space left on device"):
            api.run_optimize(study, tmp_path / "b", draw=False)
    assert same_bytes(whole, api.resume(tmp_path / "b", draw=False).folder) == []


def test_it_does_not_go_on_over_a_changed_input_or_in_two_processes(tmp_path, monkeypatch):
    study = write_study(tmp_path, SMALL)
    stopped(study, tmp_path / "b", monkeypatch, 1)
    held = RunFolder.reopen(tmp_path / "b")
    with pytest.raises(UsageError, match="another process"):
        api.resume(tmp_path / "b")
    held.release()
    study.write_text(study.read_text("utf-8") + "\n# changed\n", "utf-8")
    with (tmp_path / "items.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(InvalidInputError) as refused:
        api.resume(tmp_path / "b")
    told = str(refused.value)
    assert "study changed since the run began: line" in told
    assert "is '# changed'" in told
    assert re.search(
        "input items changed since the run began: SHA-256 [0-9a-f]{12} then, [0-9a-f]{12} now", told
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_signals_end_it_within_five_seconds_and_it_goes_on(tmp_path, number, code):
    many = SMALL.replace("replications = 24", "replications = 2000")
    study = write_study(tmp_path, many.replace("replications = 8", "replications = 2000"))
    command = [sys.executable, "-m", "simlab", "optimize", str(study), "--out"]
    subprocess.run([*command, str(tmp_path / "a")], check=True, capture_output=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*command, str(tmp_path / "b")], **quiet)
    while len(list((tmp_path / "b" / BLOCKS).glob("*.block"))) < 3:
        time.sleep(0.01)
    process.send_signal(number)
    begun = time.monotonic()
    _, words = process.communicate()
    assert process.returncode == code
    assert time.monotonic() - begun < 5
    assert number == signal.SIGKILL or b"simlab resume" in words
    resumed = [sys.executable, "-m", "simlab", "resume", str(tmp_path / "b")]
    subprocess.run(resumed, check=True, capture_output=True)
    assert same_bytes(tmp_path / "a", tmp_path / "b") == []
