"""How many segments? What each further class saves in the sample, on fresh seeds, and net of its rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import FloatArray
from simlab.measures import Estimate
from simlab.segments import Segmentation, known_schemes
from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.contest import relative
from simlab.verdict.tournament.entry import Entry
from simlab.verdict.tournament.multiple import Multiple
from simlab.verdict.tournament.sample import Sample

_BY_SHARE = ("abc", "abc_volume", "abc_margin", "abc_lines")
_SIZE_RATIO = 1.57
_FIRST_SHARE, _SHARE_RATIO = 0.2, 0.25


def options_for(scheme: str, k: int, cv: FloatArray) -> Mapping[str, object] | None:
    """Options that make a registered scheme sort into k classes; None if it has its own number.

    Parameters
    ----------
    scheme : str
    k : int
        Classes, at least 2.
    cv : (n,) float
        Coefficients of variation, for the cut points of xyz.

    Notes
    -----
    Sizes are geometric with ratio 1.57, which gives 20/31/49 % for three classes and 4/6/10/16/25/39 %
    for six (Teunter, Babai & Syntetos 2010 use 4/7/10/16/25/38). Pareto cuts leave 20 %, 5 %, 1.25 %, …
    of the total below; xyz is cut at equal shares of the SKU-locations.
    """
    known = known_schemes().get(scheme)
    if known is None:
        return None
    if "sizes" in known.options:
        sizes = _SIZE_RATIO ** np.arange(k)
        return {"sizes": tuple((sizes / sizes.sum()).tolist())}
    if scheme in _BY_SHARE:
        return {"cuts": tuple(1 - _FIRST_SHARE * _SHARE_RATIO**step for step in range(k - 1))}
    if scheme == "xyz":
        steady = cv[np.isfinite(cv) & (cv > 0)]
        cuts = sorted({float(x) for x in np.quantile(steady, np.arange(1, k) / k)}) if steady.size else []
        return {"cuts": tuple(cuts)} if len(cuts) == k - 1 else None
    return {"classes": k} if "classes" in known.options else None


@dataclass(frozen=True, eq=False)
class ClassRow:
    """One scheme with one number of classes, at the deciding floor.

    Attributes
    ----------
    scheme : str
    k, n_segments : int
        Classes asked for, and those that hold an item.
    search_cost : float
        Holding cost per year on the seed that chose.
    cost : Estimate
        On the verdict seed at equal fill.
    price : Estimate
        (cost − per-SKU plan) ÷ per-SKU plan, verdict seed.
    gain_search : float
        What the last further class saved on the seed that chose, as a fraction of the cost before.
    gain : Estimate
        The same on the verdict seed, paired.
    total_cost : float
        Cost and rules, per year.
    recommended : bool
        The smallest number that the selection seed cannot distinguish from the least in cost and rules.
    """

    scheme: str
    k: int
    n_segments: int
    search_cost: float
    cost: Estimate
    price: Estimate
    gain_search: float
    gain: Estimate
    total_cost: float
    recommended: bool

    @property
    def vanishes(self) -> bool:
        """Over-segmentation: a gain in the sample that fresh seeds do not confirm."""
        return self.gain_search > 0 and not self.gain.low > 0


def class_rows(
    arena: Arena,
    selection: Sample,
    per_sku: Entry,
    scheme: str,
    by_k: Mapping[int, Segmentation],
    *,
    rule_cost: float,
    level: float,
) -> Iterator[ClassRow]:
    """One scheme with growing numbers of classes.

    Parameters
    ----------
    arena : Arena
    selection : Sample
        By batch, of the selection seed: it chooses the number of classes, the verdict seed reports.
    per_sku : Entry
        What the price of segmentation is measured against.
    scheme : str
    by_k : mapping of int to Segmentation
        Ascending.
    rule_cost : float
        Study currency per class and year.
    level : float
        Of the intervals, which take the plans as they were found.
    """
    fill = arena.fills[0]
    arena = replace(arena, redraw=False)
    entries = {k: arena.enter(scheme, one.codes, one.names) for k, one in by_k.items()}
    best = _recommended(replace(arena, verdict=selection), by_k, entries, rule_cost, level)
    before: Entry | None = None
    for k, entry in entries.items():
        reading = entry.cost_at(fill)
        searched = entry.search_cost.get(fill, math.nan)
        yield ClassRow(
            scheme=scheme,
            k=k,
            n_segments=entry.n_segments,
            search_cost=searched,
            cost=reading.estimate(level),
            price=relative(reading, per_sku.cost_at(fill), level),
            gain_search=_gain_search(before, searched, fill),
            gain=_gain(before, entry, fill, level),
            total_cost=reading.value + rule_cost * entry.n_segments,
            recommended=k == best,
        )
        before = entry


_nothing = math.nan


def _gain_search(before: Entry | None, searched: float, fill: float) -> float:
    """Cost less by one class more, as a share; no number where nothing costs anything."""
    cost = _nothing if before is None else before.search_cost.get(fill, _nothing)
    return 1 - searched / cost if cost else _nothing


def _gain(before: Entry | None, entry: Entry, fill: float, level: float) -> Estimate:
    if before is None:
        return Estimate(_nothing, _nothing, _nothing, level)
    less = relative(entry.cost_at(fill), before.cost_at(fill), level)
    return replace(less, value=-less.value, low=-less.high, high=-less.low)


def _recommended(
    arena: Arena,
    by_k: Mapping[int, Segmentation],
    entries: Mapping[int, Entry],
    rule_cost: float,
    level: float,
) -> int | None:
    """The smallest number of classes that may be the best on the selection seed."""
    readings = []
    for k, one in by_k.items():
        entry = entries[k]
        judged = arena.judge(one.codes, one.n_segments, entry.choice)
        again = replace(entry, cost=judged.cost, value=judged.value, part=judged.part, whole=judged.whole)
        readings.append(again.cost_at(arena.fills[0]))
    rules = rule_cost * np.array([entry.n_segments for entry in entries.values()], dtype=np.float64)
    value = np.array([reading.value for reading in readings]) + rules
    many = Multiple(value, np.array([reading.left for reading in readings]) + rules[:, None], level)
    if not many.known.size:
        return None
    low, _ = many.with_best
    numbers: Sequence[int] = list(by_k)
    able = [
        k for k, end, cost in zip(numbers, low, value, strict=True) if end < 0 or cost == np.nanmin(value)
    ]
    return min(able)
