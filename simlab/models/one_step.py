"""How laws of the earlier history stand up to each of its later periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.tables import prepare
from simlab.engine.types import FloatArray, IntArray
from simlab.errors import InvalidInputError
from simlab.models.goodness import cumulated
from simlab.models.history import read_history
from simlab.models.holdout import known_past, take
from simlab.models.marginal import marginal
from simlab.models.origins import FITTED, rolling_origins

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_JUDGED = 3  # the last third of the periods is judged
_FEWEST = 12


@dataclass(frozen=True, eq=False)
class OneStep:
    """Single periods beside the laws of what came before them.

    Attributes
    ----------
    item, period : (m,) int64
        Row of the catalogue, and number of the judged period.
    below, upto : (m,) float
        P(D < x) and P(D ≤ x) of what happened.
    cut : str
        First day that the laws have not seen.
    """

    item: IntArray
    period: IntArray
    below: FloatArray
    upto: FloatArray
    cut: str


def one_step(catalog: Catalog, rows: IntArray) -> OneStep | None:
    """Fit to the first two thirds of the history, judge every open period of the last; None if too short.

    Parameters
    ----------
    catalog : Catalog
        The hold-out of [replay] is in neither part.
    rows : (k,) int64
        Items judged; groups are pooled among them alone.

    Notes
    -----
    All items are judged by the law of one period, of seasonal laws the mean over the cycle. Demand is what
    was sold, whatever the study makes of stock-outs, outliers and promotions.
    """
    past, _ = known_past(catalog)
    some = take(past, rows)
    history = read_history(some)
    n = 0 if history is None else history.calendar.n_periods
    if n < _FEWEST:
        return None
    try:
        origin = next(rolling_origins(some, n // _JUDGED, most=1, methods=(FITTED,)), None)
    except InvalidInputError:  # the study's law needs more history than two thirds
        return None
    if origin is None or not origin.held.is_open.any():
        return None
    periods = np.flatnonzero(origin.held.is_open)
    tables = prepare(marginal(origin.models.world.demand))
    observed = origin.held.quantity[origin.rows][:, periods]
    upto = np.array([cumulated(tables, item, line) for item, line in enumerate(observed)])
    below = np.array([cumulated(tables, item, line - 1) for item, line in enumerate(observed)])
    item = np.repeat(rows[origin.rows], periods.size)
    return OneStep(
        item, np.tile(periods, observed.shape[0]), below.ravel(), upto.ravel(), str(origin.held.days[0])
    )
