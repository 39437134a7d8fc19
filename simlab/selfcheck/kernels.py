"""Small proofs that the compiled engine counts on this machine what it must count anywhere."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np

from simlab.arrays import IntArray, WordArray
from simlab.engine.kernels import streams
from simlab.engine.prepare.evaluators import warmup_periods
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, World
from simlab.errors import EngineFaultError

# Philox4x32-10: counter words, key words, output words, as published with Random123 (kat_vectors).
_KNOWN = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
)
_KEY = np.uint64(0x0123456789ABCDEF)
_ITEMS = tuple(np.uint64(3**power) for power in range(32, 40))
_MEANS = (0.3, 4.0, 25.0)
_LEVELS = (3, 24, 135)
_LEAD_TIME = 4
_Z = 4.5
_ROWS = 4096
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


def confirm_simulation() -> str:
    """A small world simulated at once and item by item is equal, and meets the exact fill rate.

    Notes
    -----
    Base stock S, R = 1, Poisson demand, lead time L, backorders: the fill rate is
    ``1 − (E[D(L+1) − S]⁺ − E[D(L) − S]⁺) / mean`` with Poisson demands over L + 1 and L periods.
    """
    world, levels = _small_world()
    horizon = Horizon(periods=100, warmup=warmup_periods(world), replications=6400, slots=32, seed=2026)
    together = simulate_items(world, levels, horizon)
    for item in range(world.n_items):
        row = np.array([item])
        alone = simulate_items(world.take(row), levels.take(row), horizon)
        if not _equal(alone, together, item):
            raise EngineFaultError(f"item {item} depends on the items simulated with it")
    worst = 0.0
    for item, mean in enumerate(_MEANS):
        served = together.served[item, 0].astype(float)
        demanded = together.demanded[item].astype(float)
        fill = served.sum() / demanded.sum()
        error = math.sqrt(((served - fill * demanded) ** 2).sum()) / demanded.sum()
        z = (fill - _exact_fill(mean, _LEAD_TIME, _LEVELS[item])) / error
        worst = max(worst, abs(float(z)))
    if worst > _Z:
        raise EngineFaultError(f"fill rates are {worst:.1f} standard errors from the exact ones")
    return f"{world.n_items} exact fill rates met within {worst:.1f} standard errors"


def _small_world() -> tuple[World, Levels]:
    """Three Poisson items under base stock with a lead time of four periods."""
    n = len(_MEANS)
    zeros, ones = np.zeros(n, np.int64), np.ones(n, np.int64)
    mean = np.array(_MEANS)
    kind = np.full(n, LawKind.POISSON, np.int8)
    demand = DemandLaw(kind, mean, mean, np.zeros(n), zeros, zeros, zeros[:0], zeros[:0])
    lead_time = LeadTimeLaw(zeros, zeros[:1], ones[:1], np.array([_LEAD_TIME]), ones[:1], crossing=False)
    terms = OrderTerms(ones, zeros, ones, zeros, zeros, np.zeros(n, np.int8))
    keys = streams.item_keys([f"doctor-{item}" for item in range(n)], ["HERE"] * n)
    top = np.array(_LEVELS, np.int64)[:, None]
    levels = Levels(np.full(n, Family.ORDER_UP_TO, np.int8), top - 1, top, np.zeros_like(top))
    return World(keys, demand, lead_time, terms), levels


def _equal(alone: Curves, together: Curves, item: int) -> bool:
    names = [field.name for field in fields(Curves)]
    return all(np.array_equal(getattr(alone, name)[0], getattr(together, name)[item]) for name in names)


def _exact_fill(mean: float, lead_time: int, level: int) -> float:
    short = _expected_excess(mean * (lead_time + 1), level) - _expected_excess(mean * lead_time, level)
    return 1 - short / mean


def _expected_excess(mean: float, level: int) -> float:
    """E[D − level]⁺ of a Poisson D."""
    below: Sequence[float] = [
        (level - d) * math.exp(d * math.log(mean) - mean - math.lgamma(d + 1)) for d in range(level)
    ]
    return mean - level + math.fsum(below)


def _fill(item: np.uint64, paths: IntArray) -> WordArray:
    """Some 20 ms of kernel work; returns the last rows drawn."""
    out = np.empty((_ROWS, _LANES), np.uint32)
    for round_ in range(12):
        streams.fill_words(_KEY, item, paths, round_ * _ROWS, out)
    return out


def _words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def _join(low: int, high: int) -> np.uint64:
    return np.uint64(high << 32 | low)
