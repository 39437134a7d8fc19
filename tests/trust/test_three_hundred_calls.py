"""Three hundred calls of commands that read a run or draw it: none is aborted (134, "terminate called …").

Which library died: a worker thread of Arrow let go of a buffer that Python owns while the process ended
(`tests/run/test_no_thread_outlives_a_read.py`). Three of 37 calls of `trace` did.

Every tenth call draws the page of the run anew, with its charts and figures. Ten minutes of one core, or a
piece at a time: ``SIMLAB_PIECE=1/10 pytest -s -m slow tests/trust/test_three_hundred_calls.py``.
"""

import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from worlds.nine import nine_items
from worlds.trust_figures import noted_piece, piece_of

from simlab import api

CALLS = int(os.environ.get("SIMLAB_CALLS", "300"))
DRAWS = 10


def said(total):
    return {name: total[name] for name in ("calls", "drawn", "aborted")}


@pytest.mark.slow
def test_none_of_three_hundred_calls_is_aborted(tmp_path):
    study = nine_items(tmp_path)
    folder = api.run_optimize(study, tmp_path / "elsewhere").folder
    trace = ["trace", str(folder), "P-1001@EAST", "--study", str(study)]
    found, codes, since = Counter(), Counter(), time.monotonic()
    for number, _ in enumerate(piece_of(range(CALLS))):
        draws = number % DRAWS == 0
        words = ["report", str(folder)] if draws else trace
        done = subprocess.run([sys.executable, "-m", "simlab", *words], capture_output=True, text=True)
        codes[done.returncode] += 1
        found += Counter(calls=1, drawn=draws, aborted=done.returncode in (-6, 134))
        if draws or done.returncode:
            print(number, dict(codes), f"{time.monotonic() - since:.0f} s", done.stderr[-200:], flush=True)
    assert set(codes) == {0}
    noted_piece("calls", said, found)
