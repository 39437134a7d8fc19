"""What passes between the call of the command and its begin is a stage of the run's times, once."""

import subprocess
import sys
from time import perf_counter

import pytest

from simlab.api.settings import asked_at, imports
from simlab.cli import progress


@pytest.fixture(autouse=True)
def nothing_asked():
    progress._ASKED.clear()
    imports(0.0)


def test_the_first_run_of_a_process_counts_its_imports():
    asked_at(10.0)
    assert imports(12.5) == {"imports": 2.5}
    assert imports(13.0) == {}


def test_only_the_command_line_tells_since_when_it_is_waited_for():
    progress.tell_asked()
    assert imports(1.0) == {}
    progress.asked_now()
    progress.tell_asked()
    assert 0 <= imports(perf_counter())["imports"] < 60
    progress.tell_asked()
    assert imports(1.0) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell when a process was begun")
def test_what_passes_before_simlab_is_imported_is_counted_too():
    code = (
        "import time; time.sleep(0.3)\n"
        "from simlab.cli import progress; progress.asked_now()\n"
        "print(time.perf_counter() - progress._ASKED[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0.3 <= float(done.stdout) < 60
