"""Forecasts updated inside the run: what a planning system would have said before each review.

Floating point, but only + − × ÷ √ in a fixed order: the same bits on every CPU.
"""

from __future__ import annotations

import numpy as np

from simlab.engine._jit import inner
from simlab.engine.kernels.memory import Record
from simlab.engine.kernels.types import MovingArrays

_NONE, _AVERAGE, _SMOOTHING, _CROSTON, _SBA, _TSB = 0, 1, 2, 3, 4, 5

_TIE = 1e-9
"""Rounding noise that must not cost a unit when a level is rounded up."""


@inner
def run_forecast(moves: MovingArrays, item: int, record: Record) -> None:
    """Forecast and error before every period of a path, from the demands of earlier periods only.

    Fills ``record.forecast`` (units over the protection interval) and ``record.error``; both see
    demand alone, so that all columns share them.
    """
    method = moves.method[item]
    if method == _NONE:
        return
    demand, seen, due = record.demand, record.seen, record.expected
    cycle, phase = moves.season.shape[1], moves.phase
    span, window, gamma = moves.span[item], moves.window[item], moves.error_alpha[item]
    scale, lead_variance = moves.scale[item], moves.lead_variance[item]
    alpha, beta, start = moves.alpha[item], moves.beta[item], moves.level[item]
    share, size = moves.share[item], moves.level[item] / moves.share[item]
    between, gap = 1.0 / moves.share[item], 0.0
    level, square = start, moves.square[item]
    if method == _SBA:
        level = (1.0 - beta / 2.0) * (size / between)
    seen[0] = 0
    for t in range(demand.size):
        place = (phase + t) % cycle
        due[t] = level * moves.span_ahead[item, place]
        if t >= span:
            miss = np.float64(seen[t] - seen[t - span]) - due[t - span]
            square = square + gamma * (miss * miss - square)
        record.forecast[t] = level * moves.ahead[item, place]
        record.error[t] = np.sqrt(square * scale + level * level * lead_variance)
        d = demand[t]
        units = np.float64(d)
        seen[t + 1] = seen[t] + d
        if method == _AVERAGE:
            known = min(t + 1, window)
            total = np.float64(seen[t + 1] - seen[t + 1 - known]) + np.float64(window - known) * start
            level = total / np.float64(window)
        elif method == _SMOOTHING:
            level = level + alpha * (units / moves.season[item, place] - level)
        elif method == _TSB:
            share = share + beta * ((1.0 if d > 0 else 0.0) - share)
            if d > 0:
                size = size + alpha * (units - size)
            level = share * size
        else:
            gap = gap + 1.0
            if d > 0:
                size = size + alpha * (units - size)
                between = between + beta * (gap - between)
                gap = 0.0
                level = size / between
                if method == _SBA:
                    level = (1.0 - beta / 2.0) * level


@inner
def lift_levels(moves: MovingArrays, item: int, k: int, record: Record) -> None:
    """Units to be added to s and S of one column, period by period, into ``record.lift``."""
    offset, lift, place = moves.offset, record.lift, moves.phase
    cycle = offset.shape[2]
    place = place % cycle
    for t in range(lift.size):
        lift[t] = offset[item, k, place]
        place = place + 1 if place + 1 < cycle else 0
    if moves.method[item] != _NONE:
        factor = moves.factor[item, k]
        for t in range(lift.size):
            lift[t] += np.int64(np.ceil(record.forecast[t] + factor * record.error[t] - _TIE))
