"""What a contest counts as service: the study's own weight decides, the others stand beside."""

from __future__ import annotations

import numpy as np

from simlab.api.data.data import Data
from simlab.api.requirements.accounting import expected_item_weights
from simlab.api.requirements.margins import margins, weight_of
from simlab.verdict.tournament.entry import Service
from simlab.verdict.tournament.service import OF_WEIGHT, definitions


def services_of(data: Data) -> tuple[Service, ...]:
    """Every definition of service that the items allow, the study's own first."""
    costs, found = data.models.costs, margins(data)
    margin = None if found is None or not found.weight.any() else found.weight
    lines = data.catalog.numbers.get("lines_per_unit")
    lines = None if lines is None else np.asarray(lines, np.float64)
    every = definitions(costs.unit_cost, margin, lines, expected_item_weights(data.models))
    own = deciding(data)
    return tuple(sorted(every, key=lambda one: one.name != own))


def deciding(data: Data) -> str:
    """Name of the definition that the study's `optimize.service` asks for, ``auto`` resolved."""
    measure = data.study.optimize.service.measure
    return measure if measure != "fill_rate" else OF_WEIGHT[weight_of(data)]
