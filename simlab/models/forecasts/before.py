"""Whether the last periods can be replayed beside a forecast: with the one made right before them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simlab.catalog.forecasts.at_cut import forecast_then
from simlab.errors import InvalidInputError, Problem
from simlab.models.forecasts.laws import forecast_paths
from simlab.models.history.holdout import known_past, split

if TYPE_CHECKING:
    from simlab.arrays import FloatArray
    from simlab.catalog import Catalog


def unknown_before(catalog: Catalog, periods: int, span: FloatArray) -> str:
    """Why nobody knows what would have been planned before the last periods; empty where it is known.

    Parameters
    ----------
    catalog : Catalog
        With the whole history; nothing stands in the way where it has no forecast.
    periods : int
        Whole periods at the end.
    span : (n,) float
        R + E[L] in periods.
    """
    if catalog.forecast is None or periods == 0:
        return ""
    held = split(catalog, periods)[1]
    why = forecast_then(catalog, held.days[0], held.n_periods).reason
    if why:
        return why
    past, _ = known_past(replace(catalog, held_out=periods))
    _, problems = forecast_paths(past, span)
    day = held.days[0].astype("datetime64[D]")
    return f"by the errors that were known before {day}, {problems[0].message}" if problems else ""


def refuse_replay(catalog: Catalog, span: FloatArray) -> None:
    """Raise where the study's [replay] asks for periods before which no forecast is known.

    Raises
    ------
    InvalidInputError
    """
    spec = catalog.study.replay
    if spec is None:
        return
    why = unknown_before(catalog, spec.holdout, span)
    if why:
        fix = (
            "give past forecasts of that origin with every horizon of the hold-out, hold out as many periods "
            "as one of them covers, or leave [replay] out"
        )
        where, file = f"replay.holdout = {spec.holdout}", catalog.study.file
        raise InvalidInputError([Problem("E-MOD-034", why, file, column=where, fix=fix)])
