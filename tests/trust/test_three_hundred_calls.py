"""Three hundred calls of commands that read a run or draw it: none is aborted (134, "terminate called …").

Which library died: a worker thread of Arrow let go of a buffer that Python owns while the process ended
(`tests/run/test_no_thread_outlives_a_read.py`). Three of 37 calls of `trace` did.

A call is a process of its own that ends as Python does. Nine in ten are forked from one that has imported
everything, for importing is most of a call's work; one in ten starts anew; one in thirty draws the page.
A piece at a time: ``SIMLAB_PIECE=1/10 pytest -s -m slow tests/trust/test_three_hundred_calls.py``.
"""

import json
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
ROUND, DRAWN = 10, 3

FORKED = """
import json, os, sys
import simlab.api.commands, simlab.api.tracing, simlab.cli.app
from simlab.cli import main
calls, codes = int(sys.argv[1]), []
for number in range(calls):
    child = os.fork()
    if child == 0:
        sys.argv = ["simlab", *sys.argv[2:]]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        break
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
if len(codes) == calls:
    print(json.dumps(codes))
else:
    main()
"""


def said(total):
    return {name: total[name] for name in ("calls", "started", "drawn", "aborted")}


def whole(words):
    return subprocess.run([sys.executable, "-m", "simlab", *words], capture_output=True).returncode


def forked(number, words):
    command = [sys.executable, "-c", FORKED, str(number), *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
def test_none_of_three_hundred_calls_is_aborted(tmp_path):
    study = nine_items(tmp_path)
    folder = api.run_optimize(study, tmp_path / "elsewhere").folder
    trace = ["trace", str(folder), "P-1001@EAST", "--study", str(study)]
    found, codes, since = Counter(), Counter(), time.monotonic()
    for at in range(len(piece_of(range(CALLS))) // ROUND):
        draws = at % DRAWN == 0
        ended = [whole(["report", str(folder)] if draws else trace), *forked(ROUND - 1, trace)]
        codes += Counter(ended)
        found += Counter(
            calls=ROUND, started=1, drawn=draws, aborted=sum(code in (-6, 134) for code in ended)
        )
        print(at, dict(codes), f"{time.monotonic() - since:.0f} s", flush=True)
    assert set(codes) == {0}
    noted_piece("calls", said, found)
