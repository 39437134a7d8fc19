"""Three hundred calls of a command that reads a run: none is aborted (exit 134, "terminate called …").

Which library died: a worker thread of Arrow let go of a buffer that Python owns while the process ended
(`tests/run/test_no_thread_outlives_a_read.py`). Three of 37 calls of `trace` did.

Run: ``pytest -s -m slow tests/trust/test_three_hundred_calls.py`` (ten minutes of one core).
"""

import os
import subprocess
import sys
from collections import Counter

import pytest
from worlds.nine import nine_items
from worlds.trust_figures import noted

from simlab import api
from simlab.run import RunFolder

CALLS = int(os.environ.get("SIMLAB_CALLS", "300"))


@pytest.mark.slow
def test_none_of_three_hundred_calls_is_aborted(tmp_path):
    study = nine_items(tmp_path)
    folder = api.run_optimize(study, tmp_path / "elsewhere", draw=False).folder
    RunFolder.open(folder, sealed=True).complete()
    command = [sys.executable, "-m", "simlab", "trace", str(folder), "P-1001@EAST", "--study", str(study)]
    codes = Counter(subprocess.run(command, capture_output=True).returncode for _ in range(CALLS))
    print(dict(codes))
    noted("calls", calls=CALLS, aborted=codes[-6] + codes[134])
    assert codes == {0: CALLS}
