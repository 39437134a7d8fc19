"""Every law and feature gives the same bits on another Python, another CPU, and without a compiler.

Digests of all tables and sums are compared with ==. Those stored here hold for every machine and Python
version; who changes on purpose what is drawn or counted stores what `python -m worlds.digests` prints.
"""

import json
import os
import subprocess
import sys

import pytest
from worlds import digests as digest_worlds
from worlds.digests import BY_LIBRARY, WORLDS
from worlds.places import ROOT, TESTS

STORED = {
    "Poisson": "1fa055ea10227276",
    "negative binomial": "e6cdece7c49cf658",
    "empirical": "9e490c4c7a1ca799",
    "geometric": "12a660e2230f8921",
    "binomial": "d92ce7f1eefb3730",
    "stuttering Poisson": "aa84264507bab057",
    "intermittent": "8e4a2d2432c1f793",
    "intermittent, sizes counted": "186b8b5516429249",
    "gamma": "343ce15e08c29523",
    "moving blocks": "f5c7d286dc6dd667",
    "stationary blocks": "b38e01d7939b4a5e",
    "calendar": "c6926ccb369078cb",
    "chain": "66e25591c1b02fdb",
    "seasons": "9767b9b6bb847d3f",
    "market and group factors": "d76adc039abc66db",
    "one lead time": "024cf455f762f27b",
    "one lead time, lost sales": "f57cfba6291a45ed",
    "orders overtake": "b43160a5f0ecca03",
    "orders in sequence": "2ce214c048a45c39",
    "orders in sequence, gaps": "947371f599d3a594",
    "review phase": "c4c2b2edc003cffa",
    "(R,s,nQ)": "10322ca6682bd4d6",
    "(R,s,S)": "de96a0859ec3ed16",
    "(R,s,S), packs and smallest orders": "366398d936ec00fe",
    "(R,s,S), undershoot forgiven": "ec6c17bd04b2fe57",
    "largest orders": "18b0a110c8e1fc23",
    "highest position": "6590cee8220aa816",
    "lost sales": "cc78fdda146b22c9",
    "a share waits": "8f278c79289c74ee",
    "outages": "aba9efe9dc581482",
    "shared delay": "bfe62921d5d2cfd5",
    "the rest comes later": "ecbb479f61190789",
    "the rest is cancelled": "ced9bca6fc221871",
    "a given start": "73fe737f484c352a",
    "open orders with dates": "61db3504b953d47f",
    "levels by calendar": "62d9a4da15ebc014",
    "a policy of one's own": "c50469616e4271ff",
    "forecast, moving_average": "24f4bcbb9efa82f2",
    "forecast, smoothing": "ea8c0016a47028ab",
    "forecast, croston": "7fd21e75883cffd0",
    "forecast, sba": "9294d63da3e464fe",
    "forecast, tsb": "278e1c8ddde26dac",
}


@pytest.fixture(scope="module")
def here():
    return digest_worlds.digests()


def elsewhere(**environment):
    """The digests of a process of its own."""
    known = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "worlds.digests"]
    done = subprocess.run(
        command, env=known | environment, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", WORLDS)
def test_sums_are_those_of_every_other_machine_and_python(here, name):
    """Python 3.11, 3.12 and 3.13 on any CPU: tables come from + − × ÷ and whole numbers."""
    assert here[name] == STORED[name]


def test_every_world_differs_from_the_others(here):
    """A feature that changes no sum is not tested here."""
    assert len(set(here.values())) == len(WORLDS) + len(BY_LIBRARY)


def test_plain_python_computes_the_same_bits(here):
    assert elsewhere(NUMBA_DISABLE_JIT="1") == here


@pytest.mark.slow
def test_code_for_any_cpu_computes_the_same_bits(here, tmp_path):
    """Compiled without the instructions that only this machine's processor has."""
    assert elsewhere(NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=str(tmp_path)) == here
