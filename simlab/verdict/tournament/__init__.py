"""The tournament of segmentation schemes: equal items, paths, costs and service for all."""

from simlab.verdict.tournament.arena import Arena
from simlab.verdict.tournament.contest import (
    FEWEST_CONTROLS,
    ONE,
    PER_SKU,
    Entrant,
    Tournament,
    hold,
    relative,
)
from simlab.verdict.tournament.entry import Entry, Reading, Service
from simlab.verdict.tournament.multiple import Multiple
from simlab.verdict.tournament.sample import KEPT, Sample, batches_of

__all__ = [
    "FEWEST_CONTROLS",
    "KEPT",
    "ONE",
    "PER_SKU",
    "Arena",
    "Entrant",
    "Entry",
    "Multiple",
    "Reading",
    "Sample",
    "Service",
    "Tournament",
    "batches_of",
    "hold",
    "relative",
]
