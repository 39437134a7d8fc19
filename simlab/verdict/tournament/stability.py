"""Does the order of schemes survive other random numbers, and another catalogue of the same kind?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.contest import ONE, Entrant, Told, Tournament, entered
from simlab.verdict.tournament.multiple import Multiple
from simlab.verdict.tournament.sample import Sample

_CATALOGUE_WORK = 500_000
_CATALOGUE_SEED = 20260202


@dataclass(frozen=True, eq=False)
class Stability:
    """Ranks (1 = cheapest at the deciding floor) of every scheme elsewhere.

    Attributes
    ----------
    names : tuple of str
    seeds : tuple of int
        Further seeds; each searched and judged anew.
    seed_ranks : (seeds, s) int64
    catalogue_ranks : (catalogues, s) int64
        On catalogues resampled with replacement. Every SKU-location keeps its segment, targets are
        optimised anew; nothing is simulated again.
    reversed_pairs : tuple of (str, str)
        Pairs whose intervals exclude zero, and whose difference has the other sign on a further seed.
        They are not called different in the end.
    lost_pairs : tuple of (str, str, int)
        Pairs called different, which keep their sign, and the number of further seeds that do not tell
        them apart.
    """

    names: tuple[str, ...]
    seeds: tuple[int, ...]
    seed_ranks: IntArray
    catalogue_ranks: IntArray
    reversed_pairs: tuple[tuple[str, str], ...]
    lost_pairs: tuple[tuple[str, str, int], ...]


def stability(
    main: Tournament,
    samples: Iterable[tuple[int, Sample, Sample]],
    order: IntArray,
    *,
    n_catalogues: int,
    told: Told | None = None,
) -> Stability:
    """Hold the contest again on further seeds and on resampled catalogues.

    Parameters
    ----------
    main : Tournament
        The contest whose verdicts are checked.
    samples : iterable of (seed, search Sample, verdict Sample)
        Made one at a time, so that only one is in memory.
    order : (n,) int64
        SKU-locations in an order that does not depend on the catalogue's rows.
    n_catalogues : int
        Resampled catalogues.
    """
    seeds, again = [], []
    for seed, search, verdict in samples:
        seeds.append(seed)
        again.append(_multiple(replace(main.arena, search=search, verdict=verdict), main))
        if told is not None:
            told(len(seeds), len(seeds))
    return Stability(
        names=main.names,
        seeds=tuple(seeds),
        seed_ranks=_ranks(np.array([many.value for many in again]).reshape(-1, len(main.names))),
        catalogue_ranks=_ranks(catalogue_costs(main.arena, main.entrants, order, n_catalogues)),
        reversed_pairs=tuple(_reversed(main, again)),
        lost_pairs=tuple(_lost(main, again)),
    )


def catalogue_costs(arena: Arena, entrants: Sequence[Entrant], order: IntArray, n: int) -> FloatArray:
    """(n, s) holding cost per year at the deciding floor on resampled catalogues, one class last."""
    rng = np.random.default_rng(_CATALOGUE_SEED)
    pooled = replace(arena.pooled(), merge_work=_CATALOGUE_WORK)
    found = []
    for _ in range(n):
        times = np.zeros(arena.n_items, dtype=np.int64)
        times[order] = rng.multinomial(arena.n_items, np.full(arena.n_items, 1.0 / arena.n_items))
        drawn = pooled.with_times(times)
        found.append([entry.cost_at(arena.fills[0]).value for entry in entered(drawn, entrants)])
    n_schemes = len(entrants) + all(one.name != ONE for one in entrants)
    return np.array(found, dtype=np.float64).reshape(n, n_schemes)


def _multiple(arena: Arena, main: Tournament) -> Multiple:
    entries = {entry.name: entry for entry in entered(arena, main.entrants)}
    return replace(main, arena=arena, entries=entries).multiple()


def _ranks(value: FloatArray) -> IntArray:
    """1 = lowest; equal values share the better rank; without a value: last."""
    known = np.where(np.isnan(value), np.inf, value)
    return np.asarray(1 + (known[:, None, :] < known[:, :, None]).sum(axis=2), dtype=np.int64)


def _called(main: Tournament) -> Iterable[tuple[int, int, float]]:
    many = main.multiple()
    for i in range(len(main.names)):
        for j in range(i + 1, len(main.names)):
            one = many.difference(i, j)
            if one.low > 0 or one.high < 0:
                yield i, j, one.value


def _reversed(main: Tournament, again: Sequence[Multiple]) -> Iterable[tuple[str, str]]:
    for i, j, value in _called(main):
        if any(many.difference(i, j).value * value < 0 for many in again):
            yield main.names[i], main.names[j]


def _lost(main: Tournament, again: Sequence[Multiple]) -> Iterable[tuple[str, str, int]]:
    for i, j, value in _called(main):
        others = [many.difference(i, j) for many in again]
        if any(one.value * value < 0 for one in others):
            continue
        count = sum(one.low <= 0 <= one.high for one in others)
        if count:
            yield main.names[i], main.names[j], count
