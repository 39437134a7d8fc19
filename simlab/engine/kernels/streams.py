"""Random words that belong to a SKU-location: Philox4x32-10, keyed by seed and purpose.

Any word of any stream can be computed alone, in any order and on any worker. The four counter
words are the low and high half of the item's hash, the replication, and a number of four
consecutive draws (periods, or review epochs); the four output words serve those draws.

References
----------
Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC'11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from simlab.arrays import IntArray, KeyArray, WordArray
from simlab.engine._jit import jit, kernel
from simlab.errors import EngineFaultError, UsageError

MASK = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLY_0 = np.uint64(0xD2511F53)
MULTIPLY_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)
_PHASES = ("search", "selection", "verdict", "orders", "gate", "planning")


class Purpose(IntEnum):
    """What a stream is drawn for; different purposes never share a word."""

    DEMAND = 1
    LEAD_TIME = 2
    START = 3
    OUTAGE = 4
    SHARED_DELAY = 5
    MARKET = 6
    GROUP = 7
    BLOCK = 8
    PHASE = 9


def item_keys(skus: Sequence[str], locations: Sequence[str]) -> KeyArray:
    """64-bit hash of every (SKU, location): the counter its random streams depend on.

    Parameters
    ----------
    skus, locations : sequences of str, both of length n
        Ids as text; ``"7"`` and ``"007"`` differ.

    Returns
    -------
    (n,) uint64

    Raises
    ------
    EngineFaultError
        Two different SKU-locations hash alike, or one is listed twice: they would share their
        random numbers.
    """
    if len(skus) != len(locations):
        raise UsageError(f"{len(skus)} SKUs but {len(locations)} locations")
    digests = [_digest(sku, location) for sku, location in zip(skus, locations, strict=True)]
    keys = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
    values, counts = np.unique(keys, return_counts=True)
    if (counts > 1).any():
        rows = np.flatnonzero(np.isin(keys, values[counts > 1]))[:2]
        names = " and ".join(f"{skus[row]}@{locations[row]}" for row in rows)
        raise EngineFaultError(f"{names} would share their random streams (equal 64-bit keys)")
    return keys


def supplier_keys(names: Sequence[str]) -> KeyArray:
    """64-bit hash of every supplier's name: what is drawn for all its items depends on it.

    Raises
    ------
    EngineFaultError
        Two suppliers hash alike, or one is listed twice.
    """
    return item_keys(names, ["supplier"] * len(names))


def location_keys(names: Sequence[str]) -> KeyArray:
    """64-bit hash of every location's name: items without a supplier share its review phases.

    Raises
    ------
    EngineFaultError
        Two locations hash alike, or one is listed twice.
    """
    return item_keys(names, ["location"] * len(names))


def group_keys(names: Sequence[str]) -> KeyArray:
    """64-bit hash of every group's name: the common factor of its items' demand depends on it.

    Raises
    ------
    EngineFaultError
        Two groups hash alike, or one is listed twice.
    """
    return item_keys(names, ["group"] * len(names))


def _digest(sku: str, location: str) -> bytes:
    """Eight bytes; the length in front keeps ("a", "bc") apart from ("ab", "c")."""
    text = sku.encode()
    head = len(text).to_bytes(8, "little")
    return hashlib.blake2b(head + text + location.encode(), digest_size=8).digest()


def phase_seed(seed: int, phase: str) -> int:
    """64-bit seed of one phase of a run, so that search, selection and verdict never meet.

    Parameters
    ----------
    seed : int
        Seed of the study.
    phase : {"search", "selection", "verdict", "orders", "gate", "planning"}
        What the randomness is for.
    """
    if phase not in _PHASES:
        raise UsageError(f"unknown phase {phase!r}: one of {', '.join(_PHASES)}")
    return _hash64(f"phase:{seed}:{phase}")


def stream_key(seed: int, purpose: Purpose) -> np.uint64:
    """64-bit Philox key of a phase's seed and a purpose."""
    return np.uint64(_hash64(f"stream:{seed}:{int(purpose)}"))


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


@jit
def philox_block(
    key: np.uint64, item: np.uint64, path: np.uint64, block: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four 32-bit words (as uint64) of one counter; key, item, path and block are uint64."""
    a, b = item & MASK, item >> HALF
    c, d = path & MASK, block & MASK
    k0, k1 = key & MASK, key >> HALF
    for _ in range(10):
        p0, p1 = (a & MASK) * MULTIPLY_0, (c & MASK) * MULTIPLY_1
        a, b, c, d = (p1 >> HALF) ^ b ^ k0, p1, (p0 >> HALF) ^ d ^ k1, p0
        k0, k1 = (k0 + WEYL_0) & MASK, (k1 + WEYL_1) & MASK
    return a & MASK, b & MASK, c & MASK, d & MASK


@kernel
def fill_words(key: np.uint64, item: np.uint64, paths: IntArray, first: int, out: WordArray) -> None:
    """Words ``first … first + rows − 1`` of one item for every path (lane).

    Parameters
    ----------
    paths : (lanes,) int64
        Replication numbers.
    first : int
        Number of the first draw, a multiple of 4.
    out : (rows, lanes) uint32
        Rows are consecutive draws; their number is a multiple of 4.
    """
    k0, k1 = key & MASK, key >> HALF
    low, high = item & MASK, item >> HALF
    lanes = paths.size
    for row in range(0, out.shape[0], 4):
        block = np.uint64((first + row) >> 2)
        for lane in range(lanes):
            a, b, c, d = low, high, np.uint64(paths[lane]), block
            x, y = k0, k1
            for _ in range(10):
                p0, p1 = (a & MASK) * MULTIPLY_0, (c & MASK) * MULTIPLY_1
                a, b, c, d = (p1 >> HALF) ^ b ^ x, p1, (p0 >> HALF) ^ d ^ y, p0
                x, y = (x + WEYL_0) & MASK, (y + WEYL_1) & MASK
            out[row, lane] = np.uint32(a)
            out[row + 1, lane] = np.uint32(b)
            out[row + 2, lane] = np.uint32(c)
            out[row + 3, lane] = np.uint32(d)


def draw_words(seed: int, purpose: Purpose, item: int, paths: IntArray, n: int) -> WordArray:
    """First `n` words of one item's stream on given replications, for tests and traces.

    Returns
    -------
    (n, paths) uint32
    """
    out = np.empty((-(-n // 4) * 4, paths.size), np.uint32)
    fill_words(stream_key(seed, purpose), np.uint64(item), np.asarray(paths, np.int64), 0, out)
    return out[:n]


@kernel
def word_at(key: np.uint64, item: np.uint64, path: int, number: int) -> np.uint32:
    """One word of a stream, drawn alone."""
    a, b, c, d = philox_block(key, item, np.uint64(path), np.uint64(number >> 2))
    place = number & 3
    low, high = (a if place == 0 else b), (c if place == 2 else d)
    return np.uint32(low if place < 2 else high)


@kernel
def start_offset(key: np.uint64, item: np.uint64, path: int, quantity: int) -> np.int64:
    """Uniform on 0 … quantity − 1 from 64 random bits (quantity < 2**31)."""
    a, b, _, _ = philox_block(key, item, np.uint64(path), np.uint64(0))
    q = np.uint64(quantity)
    return np.int64((a * q + ((b * q) >> HALF)) >> HALF)
