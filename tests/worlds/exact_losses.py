"""Exact fill rates where unmet demand is lost: Markov chains over stock and all that is on order."""

from __future__ import annotations

import numpy as np
from scipy import stats


def poisson(mean, size=200):
    return stats.poisson.pmf(np.arange(size), mean)


def geometric(mean, size=600):
    """0, 1, 2, …: the negative binomial with r = 1."""
    p = 1.0 / (1.0 + mean)
    return p * (1.0 - p) ** np.arange(size)


def base_stock_every_period(law, S, L):
    """Fill of (R,S) with R = 1: the state is what was sold in each of the last L periods.

    On hand before demand is S less those sales, for exactly they are on order.
    """
    demand = np.arange(law.size)
    mean = float(law @ demand)
    lost = np.array([float(law @ np.maximum(demand - stock, 0)) for stock in range(S + 1)])
    if L == 0:
        return 1.0 - lost[S] / mean
    at_least = np.array([law[stock:].sum() for stock in range(S + 1)])
    shape = (S + 1,) * L
    stock = S - np.indices(shape).sum(axis=0)
    share = np.zeros(shape)
    share[(0,) * L] = 1.0
    fill = before = -1.0
    for number in range(5000):
        later = np.zeros(shape)
        for sold in range(S + 1):  # the oldest sale leaves the state, its order having arrived
            chance = np.where(stock > sold, law[sold], np.where(stock == sold, at_least[sold], 0.0))
            later[sold] = (share * chance).sum(axis=-1)
        share = later
        fill = 1.0 - float((share * lost[np.clip(stock, 0, S)]).sum()) / mean
        if abs(fill - before) < 1e-12 and number > 20:
            return fill
        before = fill
    raise AssertionError("no long run")


def any_rule(law, order, R, L, start):
    """Fill of any rule ``order(position) → units``: chain over (stock, orders due in 1, …, L periods).

    Cycle by cycle: arrive, order in the first period of R, demand, count.
    """
    demand = np.arange(law.size)
    mean = float(law @ demand)
    known = {(start, (0,) * L): 1.0}
    fill = before = -1.0
    for _ in range(5000):
        short = 0.0
        for t in range(R):
            later: dict = {}
            for (stock, due), weight in known.items():
                size = order(stock + sum(due)) if t == 0 else 0
                coming = (*due, size)  # due in 0, 1, … periods
                shelf, rest = stock + coming[0], coming[1:]
                short += weight * float(law @ np.maximum(demand - shelf, 0))
                for d in range(shelf + 1):
                    chance = law[d] if d < shelf else law[shelf:].sum()
                    state = shelf - d, rest
                    later[state] = later.get(state, 0.0) + weight * chance
            known = {state: weight for state, weight in later.items() if weight > 1e-15}
        fill = 1.0 - short / (R * mean)
        if abs(fill - before) < 1e-11:
            return fill
        before = fill
    raise AssertionError("no long run")
