"""Levels of one column of a plan as a table: what an ERP is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from simlab.api.data.fitted import review_periods
from simlab.arrays import FloatArray, IntArray
from simlab.catalog import Catalog
from simlab.engine.world.levels import Family, Levels
from simlab.models import Models
from simlab.policies import PlannedLevels
from simlab.policies.levels.forecasting import FORECAST
from simlab.register.families import TARGET_FAMILIES, has_point
from simlab.segments import Segmentation

_WORDS = {rule: name for name, rule in TARGET_FAMILIES.items()}


def level_frame(
    catalog: Catalog,
    models: Models,
    segmentation: Segmentation,
    targets: FloatArray,
    planned: PlannedLevels,
    column: IntArray,
) -> pd.DataFrame:
    """Levels of one column per SKU-location, in units."""
    rows = np.arange(column.size)
    levels = planned.levels
    up_to = ~has_point(levels.family)
    parts = catalog.parts
    whole = bool((parts == 1).all())

    def units(values: IntArray) -> IntArray | FloatArray:
        return values if whole else values / parts

    point = pd.Series(units(levels.reorder_point[rows, column])).astype("Int64" if whole else "Float64")
    return pd.DataFrame(
        {
            "sku": list(catalog.sku),
            "location": list(catalog.location),
            "segment": np.array(segmentation.names, dtype=object)[segmentation.codes],
            "target": targets,
            "planning_method": list(planned.method),
            "safety_stock": planned.safety_stock[rows, column] / parts,
            "reorder_point": point,
            "order_up_to": units(levels.order_up_to[rows, column]),
            "order_quantity": units(levels.order_quantity[rows, column]),
            "review_period": review_periods(models),
        }
    ).assign(reorder_point=lambda frame: frame["reorder_point"].mask(up_to), **_factors(levels, column))


def approximate_note(method: Sequence[str]) -> list[str]:
    """How many levels come from an approximate formula, and for what; none where all are exact."""
    parts = (word.partition(", ") for word in method)
    near = Counter(why for kind, _, why in parts if kind == "approximate")
    if not near:
        return []
    n, why = near.total(), near.most_common(1)[0][0]
    of = "" if len(near) == 1 else "most of them: "
    items = f"{n:,} SKU-location{'s' if n > 1 else ''}"
    return [
        f"levels of {items} are approximate for their target ({of}{why}); what they achieve is simulated, so "
        "that plans are compared as they are"
    ]


def _factors(levels: Levels, column: IntArray) -> dict[str, FloatArray]:
    """The safety factor of levels that follow a forecast; the level beside it is that of the warm start."""
    if levels.forecast is None:
        return {}
    return {"safety_factor": levels.forecast.factor[np.arange(column.size), column]}


def families(levels: Levels, family: str) -> list[str]:
    """The rule of every SKU-location, as a study names it.

    `family` is that of the study: where it is ``forecast``, what moves is called so; other rules keep their
    names, also where their levels move with a forecast table.
    """
    words = [_WORDS[Family(int(code))] for code in levels.family]
    if family != FORECAST:
        return words
    moves = levels.moves()
    return [FORECAST if moved else word for word, moved in zip(words, moves, strict=True)]
