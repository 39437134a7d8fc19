"""A signal that comes while the command line is put together ends it as one that comes later does."""

import signal
import subprocess
import sys

import pytest

BEFORE = """
import os, signal, sys, time
import simlab.cli
import simlab.cli.app

def building(**named):
    {then}

simlab.cli.app.app = building
simlab.cli.main()
"""
SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]


def ended(number, then):
    code = BEFORE.format(then=then.replace("WAIT", f"os.kill(os.getpid(), {int(number)}); time.sleep(30)"))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_an_interrupt_that_no_command_catches_ends_with_the_code_of_its_signal(number, code):
    """Python would end by SIGINT, whatever signal it was."""
    done = ended(number, "WAIT")
    assert (done.returncode, done.stderr) == (code, "interrupted\n")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_one_that_an_import_swallows_ends_it_all_the_same(number, code):
    """Where the interrupt is lost, the thread that watches ends the process after a moment."""
    lost = "\n    ".join(("try:", "    WAIT", "except BaseException:", "    time.sleep(30)"))
    done = ended(number, lost)
    assert (done.returncode, done.stderr) == (code, "interrupted\n")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_one_that_becomes_another_error_is_told_as_what_it_was(number, code):
    lost = "\n    ".join(("try:", "    WAIT", "except BaseException:", "    raise ImportError('x')"))
    done = ended(number, lost)
    assert (done.returncode, done.stderr) == (code, "interrupted\n")
