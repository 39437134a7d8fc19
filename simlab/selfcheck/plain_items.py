"""SKU-locations as the plain simulator takes them: what the kernels drew from, in whole numbers.

With these and a seed anybody can compute a run's figures again without a compiler, a law or a fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from simlab.engine.kernels import copula
from simlab.engine.laws.tables import LawTables
from simlab.engine.prepare.arrays import item_arrays, level_arrays
from simlab.engine.prepare.sequence import unfolded
from simlab.engine.prepare.starts import with_starts
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start, World
from simlab.register.laws import LawKind
from simlab.selfcheck import reference

_BLOCKS = (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS)
_plain: Any = reference  # written without types, to be read like the page it was written from
_TABLES = ("scores", "chances")
"""Of `Factors`: the same for all items, and long."""


def not_plain(world: World, levels: Levels) -> dict[int, str]:
    """Rows of items that the plain simulator is not asked about here, and why."""
    reasons: dict[int, str] = {}
    if levels.policy is not None or levels.forecast is not None:
        reasons = dict.fromkeys(range(world.n_items), "levels follow a rule or a forecast in the run")
    if world.grid is not None:
        reasons |= dict.fromkeys(np.flatnonzero(world.grid.split).tolist(), "counted in parts of a period")
    if world.terms.window is not None:
        own = np.flatnonzero(world.terms.window > 0).tolist()
        reasons |= dict.fromkeys(own, "counted over a window of its own")
    return reasons


def plain_items(world: World, levels: Levels, horizon: Horizon) -> Iterator[reference.Item]:
    """Every item of a world at the only column of its levels; without those of `not_plain`."""
    arrays = item_arrays(world, horizon)
    begun = _begun(world.start, world.n_items)
    sequences: dict[tuple[int, int], reference.Sequence | None] = {}
    for row, own in enumerate(_levels(world, levels, arrays)):
        yield reference.Item(
            key=int(world.keys[row]),
            **own,
            undershoot=world.undershoot,
            crossing=world.lead_time.crossing,
            offset=_offset(levels, row),
            first_phase=_first_phase(world, levels),
            supplier=_supplier(world, row),
            start=begun[row][0],
            dated=begun[row][1],
            **_terms(world, row),
            **_lead_time(world, row, sequences),
            **_demand(world, arrays.laws, row),
        )


def other_levels(world: World, levels: Levels, horizon: Horizon) -> list[dict[str, Any]]:
    """What `plain_items` would say of other levels of the same world, where that is all that differs."""
    return list(_levels(world, levels, item_arrays(world, horizon)))


def _levels(world: World, levels: Levels, arrays: Any) -> Iterator[dict[str, Any]]:
    """Fields of every item that its levels decide."""
    starts = with_starts(level_arrays(world.terms, levels), world, levels, arrays).starts
    for row in range(world.n_items):
        begin, length = int(starts.begin[row, 0]), int(starts.length[row, 0])
        below = starts.thresholds[begin : begin + length].tolist() if world.start is None else []
        yield {
            "family": int(levels.family[row]),
            "s": int(levels.reorder_point[row, 0]),
            "S": int(levels.order_up_to[row, 0]),
            "Q": int(levels.order_quantity[row, 0]),
            "width": int(starts.width[row, 0]) if world.start is None else 1,
            "below": below or None,
        }


def _terms(world: World, row: int) -> dict[str, Any]:
    terms = world.terms
    further = {
        name: 0 if column is None else int(column[row])
        for name, column in (
            ("waits", terms.waits),
            ("max_position", terms.max_position),
            ("phase_cycle", terms.phase_cycle),
            ("phase_key", terms.phase_keys),
        )
    }
    pack = int(terms.pack_size[row])
    return further | {
        "R": int(terms.review_period[row]),
        "phase": int(terms.review_phase[row]),
        "pack": pack,
        "moq": int(terms.moq[row]),
        "max_order": int(terms.max_order[row]) // pack * pack,
        "unmet": int(terms.unmet[row]),
    }


def _lead_time(
    world: World, row: int, sequences: dict[tuple[int, int], reference.Sequence | None]
) -> dict[str, Any]:
    """Lead times of an item; `sequences` of each law and review period are made once."""
    lead = world.lead_time
    law, review = int(lead.law[row]), int(world.terms.review_period[row])
    where = slice(int(lead.start[law]), int(lead.start[law] + lead.length[law]))
    values, weights = lead.periods[where].tolist(), lead.weights[where].tolist()
    if not lead.crossing and (law, review) not in sequences:
        sequences[law, review] = _sequence(values, weights, review)
    return {"lead_times": values, "lead_weights": weights, "sequence": sequences.get((law, review))}


def _sequence(values: list[int], weights: list[int], review: int) -> reference.Sequence | None:
    """Tables by which receipts in sequence are drawn; None where the law itself will do."""
    if _plain.drawn_in_sequence(values, weights, review):
        return None
    tables = unfolded(np.asarray(values), np.asarray(weights), review).tables.tolist()
    reviews = len(tables) // 2
    return reference.Sequence(tables[:reviews], tables[reviews:-1], tables[-1])


def reviewed(item: reference.Item, every: int) -> reference.Item:
    """The same SKU-location with another review period, from the first period on."""
    sequence = None if item.crossing else _sequence(item.lead_times, item.lead_weights, every)
    return replace(item, R=every, phase=0, sequence=sequence)


def _demand(world: World, laws: LawTables, row: int) -> dict[str, Any]:
    law, common = world.demand, world.dependence
    numbers = laws.number[row].tolist()
    made = {number: _table(laws, number) for number in dict.fromkeys(numbers)}
    tables = [made[number] for number in numbers]
    found: dict[str, Any] = {"values": tables[0][0], "thresholds": tables[0][1]}
    if len(tables) > 1:
        found["phases"] = tables
    if law.kind[row] in _BLOCKS and law.past is not None:
        first = int(law.past.start[row])
        series = law.past.series[first : first + int(law.past.length[row])].tolist()
        by_chance = bool(law.kind[row] == LawKind.STATIONARY_BLOCKS)
        found["blocks"] = reference.Blocks(series, int(law.past.block[row]), by_chance)
    if law.kind[row] == LawKind.MARKOV and law.chain is not None:
        after = law.chain.after_none[row], law.chain.after_demand[row]
        found["chances"] = reference.Chances(*(int(one) for one in after))
    if common is not None:
        of = (int(common.market[row]), int(common.group[row]), int(common.keys[common.member[row]]))
        found["factors"] = reference.Factors(*of, [], [])
    return found


def _table(laws: LawTables, table: int) -> tuple[list[int], list[int]]:
    begin, length = int(laws.start[table]), int(laws.length[table])
    points = int(laws.points_start[table])
    first = int(laws.first[table])
    values = (
        list(range(first, first + length)) if points < 0 else laws.points[points : points + length].tolist()
    )
    return values, laws.thresholds[begin : begin + length].tolist()


def _offset(levels: Levels, row: int) -> list[int]:
    return [0] if levels.offset is None else [int(one) for one in levels.offset[row, 0]]


def _first_phase(world: World, levels: Levels) -> int:
    """Phase of period 0: of moving levels, else of seasonal demand; they agree where there are both."""
    if levels.offset is not None:
        return levels.phase
    return world.demand.seasons.phase if world.demand.seasons is not None else 0


def _supplier(world: World, row: int) -> reference.Supplier | None:
    if world.supply is None:
        return None
    supply, at = world.supply, int(world.supply.supplier[row])
    return reference.Supplier(
        int(supply.keys[at]),
        bool(supply.shared_delay[at]),
        int(supply.fails[at]),
        int(supply.recovers[at]),
        int(supply.on_time[at]),
        int(supply.rest_delay[at]),
        [False] if supply.closed is None else supply.closed[at].tolist(),
    )


def _begun(start: Start | None, n: int) -> list[tuple[tuple[int, int] | None, list[tuple[int, int]]]]:
    if start is None:
        return [(None, [])] * n
    dated: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for item, period, units in zip(*(one.tolist() for one in start.orders_due()), strict=True):
        dated[item].append((period, units))
    return [((int(start.on_hand[k]), int(start.on_order[k])), dated[k]) for k in range(n)]


def to_text(item: reference.Item) -> str:
    """An item as JSON; tables that all items share are left out, those that phases share stand once."""
    named = _named(item)
    if item.phases is not None:
        places: dict[int, int] = {}
        of = [places.setdefault(id(table), len(places)) for table in item.phases]
        named["phases"] = {"of": of, "tables": [item.phases[of.index(k)] for k in range(len(places))]}
    return json.dumps(named, separators=(",", ":"), default=_named)


def _named(record: Any) -> dict[str, Any]:
    """The fields of a record, which are numbers, lists and further records."""
    if not is_dataclass(record):
        raise TypeError(f"{type(record).__name__} is no record")
    left_out = _TABLES if isinstance(record, reference.Factors) else ()
    return {field.name: getattr(record, field.name) for field in fields(record) if field.name not in left_out}


def from_text(text: str) -> reference.Item:
    """The item again; nothing but numbers, lists and names of fields is taken from the text.

    Raises
    ------
    ValueError
        The text is no item.
    """
    raw = json.loads(text)
    if not isinstance(raw, dict):
        raise ValueError("no item")
    known = {field.name for field in fields(reference.Item)}
    if set(raw) != known:
        raise ValueError("other fields than those of an item")
    parts: dict[str, Any] = {
        "supplier": reference.Supplier,
        "blocks": reference.Blocks,
        "chances": reference.Chances,
        "sequence": reference.Sequence,
    }
    for name, make in parts.items():
        if raw[name] is not None:
            raw[name] = make(**raw[name])
    if isinstance(raw["phases"], dict):  # runs of 0.2.0 have a table for every period
        raw["phases"] = _by_period(**raw["phases"])
    if raw["factors"] is not None:
        halves = [[(int(x) & 0xFFFFFFFF, int(x) >> 32) for x in table] for table in copula.tables()]
        raw["factors"] = reference.Factors(**raw["factors"], scores=halves[0], chances=halves[1])
    return reference.Item(**raw)


def _by_period(of: list[int], tables: list[Any]) -> list[Any]:
    """The table of every period, from the distinct ones."""
    if not all(isinstance(k, int) and 0 <= k < len(tables) for k in of):
        raise ValueError("a period without a table")
    return [tables[k] for k in of]
