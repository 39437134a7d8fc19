"""Rolling origins: what would have been fitted at earlier dates, and what then happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.tables import prepare
from simlab.errors import InvalidInputError
from simlab.models.demand.marginal import marginal
from simlab.models.demand.scoring.goodness import cumulated
from simlab.models.fitting import Models, fit
from simlab.models.grouping import only_known
from simlab.models.history.holdout import HeldOut, known_past, split, take
from simlab.models.history.reading import read_history
from simlab.register.laws import SERIAL_KINDS, LawKind

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.engine.world.demand_law import DemandLaw


FITTED = "fitted"

METHODS = (FITTED, "empirical", "normal")
"""The laws of the study, and two that every history can have: its own periods redrawn, and the normal."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Laws of one past, and the periods after it.

    Attributes
    ----------
    method : str
        ``fitted`` (the laws that the study chooses) or the name of one law for all.
    models : Models
        Of the items that had a history at the origin.
    rows : (m,) int64
        Their rows in the catalogue.
    held : HeldOut
        What then happened; all items of the catalogue.
    """

    method: str
    models: Models
    rows: IntArray
    held: HeldOut


def rolling_origins(
    catalog: Catalog, holdout: int, *, most: int = 4, methods: tuple[str, ...] = METHODS
) -> Iterator[Origin]:
    """Up to `most` origins, `holdout` periods apart, the latest first; each knows its own past only.

    Parameters
    ----------
    catalog : Catalog
        The whole catalogue; its own `held_out` is not looked at.
    holdout : int
        Periods predicted from each origin.
    most : int
        Origins at most; the earliest leaves half of the history.
    methods : tuple of str
        ``fitted`` or names of laws.

    Notes
    -----
    SKU-locations that had no history yet at an origin are not in it.
    """
    for number in range(most):
        try:
            past, held = split(catalog, holdout, number * holdout)
        except InvalidInputError:
            return
        rows = _with_history(past)
        if rows.size == 0 or (number > 0 and _n_periods(past) < (number + 1) * holdout):
            return
        known = only_known(take(past, rows))
        for method in methods:
            yield Origin(method, fit(_named(known, method)), rows, held)


def origin_before(catalog: Catalog, after: int, periods: int) -> Origin | None:
    """The laws of the study fitted `after` periods before the end of the history, and `periods` that came.

    None where there was no history yet, or no law that it can carry.
    """
    try:
        past, held = split(catalog, periods, after - periods)
        rows = _with_history(past)
        if rows.size == 0:
            return None
        return Origin(FITTED, fit(_named(only_known(take(past, rows)), FITTED)), rows, held)
    except InvalidInputError:
        return None


def _n_periods(past: Catalog) -> int:
    history = read_history(past)
    return 0 if history is None else history.calendar.n_periods


def _with_history(past: Catalog) -> IntArray:
    """Items with a period of history or a law given outright."""
    history = read_history(past)
    known = np.zeros(past.n_items, np.bool_) if history is None else history.n_observed > 0
    law = past.texts.get("demand_law")
    if law is not None:
        known |= np.array([name is not None for name in law])
    return np.flatnonzero(known)


def _named(past: Catalog, method: str) -> Catalog:
    """The catalogue under one law for every history, without a hold-out of its own."""
    changes: dict[str, object] = {}
    if method != FITTED:
        changes["models"] = past.study.models.model_copy(update={"law": method, "override": ()})
    return replace(past, study=past.study.model_copy(update=changes), held_out=0)


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
        Periods held out of it are in neither part.
    rows : (k,) int64
        Items judged; groups are pooled among them alone.

    Notes
    -----
    Seasonal laws and those of the calendar judge each period by its phase; chains and blocks by the law of
    any period. Demand is what was sold, whatever the study makes of stock-outs, outliers and promotions.
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
    observed = origin.held.quantity[origin.rows][:, periods]
    below, upto = _places(origin.models.world.demand, observed, periods)
    item = np.repeat(rows[origin.rows], periods.size)
    return OneStep(
        item, np.tile(periods, observed.shape[0]), below.ravel(), upto.ravel(), str(origin.held.days[0])
    )


def _places(law: DemandLaw, observed: IntArray, periods: IntArray) -> tuple[FloatArray, FloatArray]:
    """(n, m) P(D < x) and P(D ≤ x) of what was sold in periods after the origin.

    Parameters
    ----------
    observed : (n, m) int64
    periods : (m,) int64
        Numbers of the columns, from the first period after the origin on.
    """
    phased = law.kind == LawKind.CALENDAR
    if law.seasons is not None:
        phased = phased | ((law.seasons.profile >= 0) & ~np.isin(law.kind, SERIAL_KINDS))
    plain = prepare(marginal(law))
    below, upto = np.empty(observed.shape), np.empty(observed.shape)
    for item, line in enumerate(observed):
        tables, number = plain, np.full(periods.size, item)
        if phased[item]:
            tables = prepare(law.take(np.array([item])))
            number = tables.number[0, periods % tables.number.shape[1]]
        for one in np.unique(number).tolist():
            at = np.flatnonzero(number == one)
            below[item, at], upto[item, at] = (cumulated(tables, one, line[at] - away) for away in (1, 0))
    return below, upto
