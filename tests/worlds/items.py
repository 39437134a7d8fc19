"""What a world and its models say of single items, whatever tables they share with others."""

from dataclasses import fields

import numpy as np

from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.world import MILLION


def said_of(models, row):
    """A dict of plain values: the law, lead time, terms, supplier and more of one item."""
    world = models.world
    return {
        "key": int(world.keys[row]),
        "demand": _demand(world.demand, row),
        "lead_time": _lead_time(world.lead_time, row),
        "terms": _terms(world.terms, row),
        "supply": _supply(world.supply, row),
        "dependence": _dependence(world.dependence, row),
        "start": _start(world.start, row),
        "grid": _grid(world.grid, row),
        "models": _models(models, row),
        "redrawn": _redrawn(models, row),
    }


def _redrawn(models, row):
    """The item's law and lead time in a draw of the parameters, if they are drawn."""
    if models.redraws is None:
        return None
    one = np.array([row])
    world = models.redraws.take(one).draw(models.world.take(one), 3)
    return _demand(world.demand, 0), _lead_time(world.lead_time, 0)


def _demand(law, row):
    own = slice(int(law.start[row]), int(law.start[row] + law.length[row]))
    out = {name: getattr(law, name)[row] for name in ("kind", "mean", "variance", "probability")}
    out |= {"values": law.values[own].tolist(), "weights": law.weights[own].tolist()}
    out |= {"season": None, "past": None, "chain": None}
    if law.seasons is not None and law.seasons.profile[row] >= 0:
        seasons = law.seasons
        frequency = None if seasons.frequency is None else seasons.frequency[row]
        line = seasons.multipliers[seasons.profile[row]].tolist()
        out["season"] = (line, seasons.phase, frequency, bool(seasons.by_length[row]))
    if law.past is not None and law.past.length[row] > 0:
        past = law.past
        at = slice(int(past.start[row]), int(past.start[row] + past.length[row]))
        out["past"] = [past.series[at].tolist(), int(past.block[row])]
        if law.kind[row] == LawKind.CALENDAR:
            out["past"] += [past.phases[at].tolist(), past.cycle, past.phase]
    if law.kind[row] == LawKind.MARKOV:
        out["chain"] = (int(law.chain.after_none[row]), int(law.chain.after_demand[row]))
    return out


def _lead_time(law, row):
    points, shares = law.support(row)
    return points.tolist(), shares.tolist(), law.crossing


def _terms(terms, row):
    values = {one.name: getattr(terms, one.name) for one in fields(terms)}
    return {name: 0 if column is None else int(column[row]) for name, column in values.items()}


def _supply(supply, row):
    if supply is None:
        return None
    number = int(supply.supplier[row])
    columns = ("keys", "shared_delay", "fails", "recovers", "on_time", "rest_delay")
    out = [int(getattr(supply, name)[number]) for name in columns]
    closed = None if supply.closed is None else supply.closed[number]
    plain = out[1:3] == [0, 0] and out[4] == MILLION
    return [*out, [] if closed is None or not closed.any() else closed.tolist()] if not plain else out


def _dependence(dependence, row):
    if dependence is None:
        return None
    member = int(dependence.member[row])
    key = None if member < 0 else int(dependence.keys[member])
    return int(dependence.market[row]), int(dependence.group[row]), key


def _start(start, row):
    if start is None:
        return None
    one = start.take(np.array([row]))
    dated = () if one.due_item is None else (one.due_period.tolist(), one.due_units.tolist())
    return int(one.on_hand[0]), int(one.on_order[0]), dated


def _grid(grid, row):
    if grid is None or not grid.split[row]:
        return None
    own = [int(getattr(grid, name)[row]) for name in ("lead_time", "review_period", "review_phase")]
    return grid.parts, own, float(grid.lead_time_exact[row])


def _models(models, row):
    names = ("annual_units", "annual_value", "cv", "n_observed", "least_level", "lead_time_rounding")
    out = {name: _plain(getattr(models, name)[row]) for name in names}
    costs = ("unit_cost", "holding", "holding_rate", "order_cost", "order_quantity")
    out |= {name: _plain(getattr(models.costs, name)[row]) for name in costs}
    out |= {name: _plain(column[row]) for name, column in (models.current | models.forecasts).items()}
    out |= {name: None for name in ("largest", "level_limit") if getattr(models, name) is None}
    out |= {name: int(getattr(models, name)[row]) for name in ("largest", "level_limit") if name not in out}
    out["half_life"] = None if models.memory is None else _plain(models.memory.half_life[row])
    texts = ("demand_reason", "lead_time_reason", "demand_grounds", "lead_time_grounds", "lead_time_source")
    return out | {name: getattr(models, name)[row] for name in texts} | {"scale": models.window_scale}


def _plain(value):
    """NaN equals itself as a text."""
    return repr(value.item()) if hasattr(value, "item") else repr(value)
