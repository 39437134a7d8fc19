"""Small proofs that the compiled engine counts on this machine what it must count anywhere."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from simlab.engine import streams
from simlab.engine.types import IntArray, WordArray
from simlab.errors import EngineFaultError

# Philox4x32-10: counter words, key words, output words, as published with Random123 (kat_vectors).
_KNOWN = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
)
_KEY = np.uint64(0x0123456789ABCDEF)
_ITEMS = tuple(np.uint64(3**power) for power in range(32, 40))
_ROWS = 256
_LANES = 64


def confirm_known_answers() -> str:
    """The streams give the published words of Philox4x32-10.

    Raises
    ------
    EngineFaultError
        They do not: no result of this installation can be trusted.
    """
    for counter, key, expected in _KNOWN:
        c, k = _words(counter), _words(key)
        block = streams.philox_block(_join(k[0], k[1]), _join(c[0], c[1]), np.uint64(c[2]), np.uint64(c[3]))
        if [int(word) for word in block] != _words(expected):
            raise EngineFaultError("the random streams differ from the published known answers")
    return f"{len(_KNOWN)} known answers of Philox4x32-10 met"


def confirm_compiled_is_plain() -> str:
    """The compiled kernel and the same function run by Python agree in every bit."""
    plain = getattr(streams.fill_words, "py_func", streams.fill_words)
    paths = np.arange(5, dtype=np.int64)
    compiled_words, plain_words = (np.empty((8, paths.size), np.uint32) for _ in range(2))
    for item in _ITEMS:
        streams.fill_words(_KEY, item, paths, 4, compiled_words)
        plain(_KEY, item, paths, 4, plain_words)
        if not np.array_equal(compiled_words, plain_words):
            raise EngineFaultError("compiled code and Python disagree on random words")
    return f"{compiled_words.size * len(_ITEMS)} words equal to plain Python, bit for bit"


def confirm_threads_agree() -> str:
    """Two threads give the bits of one, and at which speed.

    The kernels release Python's lock, so that two free cores come close to twice the speed.
    """
    paths = np.arange(_LANES, dtype=np.int64)
    _fill(_ITEMS[0], paths)
    start = time.perf_counter()
    alone = [_fill(item, paths) for item in _ITEMS]
    one = time.perf_counter() - start
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        together = list(pool.map(lambda item: _fill(item, paths), _ITEMS))
        two = time.perf_counter() - start
    if not all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True)):
        raise EngineFaultError("two threads and one disagree on random words")
    return f"two threads give the bits of one, {one / two:.1f} times as fast"


def _fill(item: np.uint64, paths: IntArray) -> WordArray:
    """Some 20 ms of kernel work; returns the last rows drawn."""
    out = np.empty((_ROWS, _LANES), np.uint32)
    for round_ in range(200):
        streams.fill_words(_KEY, item, paths, round_ * _ROWS, out)
    return out


def _words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def _join(low: int, high: int) -> np.uint64:
    return np.uint64(high << 32 | low)
