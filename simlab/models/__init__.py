"""History → laws of demand and lead time, calendars, order terms and costs."""

from simlab.engine.world.demand_law import DemandLaw
from simlab.engine.world.world import LeadTimeLaw, World
from simlab.models.backtest.at_cut import AtCut, recorded_lead_times, stock_at_cut
from simlab.models.backtest.origins import (
    FITTED,
    METHODS,
    OneStep,
    Origin,
    one_step,
    origin_before,
    rolling_origins,
)
from simlab.models.demand.marginal import is_plain, marginal
from simlab.models.demand.redrawn import Redraws, Uncertainty
from simlab.models.demand.scoring.goodness import Rootogram, fit_gaps, rootogram, rootograms
from simlab.models.demand.scoring.scores import Scores, rolling_scores
from simlab.models.drawn import Drawn, in_chunks
from simlab.models.fitting import Models, fit
from simlab.models.grouping import SECTIONS, without
from simlab.models.history.calendar import Calendar
from simlab.models.history.diagnosis import Diagnosis, common_season, diagnose, variance_ratio
from simlab.models.history.history import History
from simlab.models.history.holdout import HeldOut, known_past, split, take
from simlab.models.history.reading import read_history
from simlab.models.statistics import benjamini_hochberg
from simlab.models.suppliers.records import Drift, SupplierRecord, lead_time_drift, supplier_records
from simlab.models.suppliers.redrawn import DelayUncertainty
from simlab.models.terms import HOLDING_RATE, Costs

__all__ = [
    "FITTED",
    "HOLDING_RATE",
    "METHODS",
    "SECTIONS",
    "AtCut",
    "Calendar",
    "Costs",
    "DelayUncertainty",
    "DemandLaw",
    "Diagnosis",
    "Drawn",
    "Drift",
    "HeldOut",
    "History",
    "LeadTimeLaw",
    "Models",
    "OneStep",
    "Origin",
    "Redraws",
    "Rootogram",
    "Scores",
    "SupplierRecord",
    "Uncertainty",
    "World",
    "benjamini_hochberg",
    "common_season",
    "diagnose",
    "fit",
    "fit_gaps",
    "in_chunks",
    "is_plain",
    "known_past",
    "lead_time_drift",
    "marginal",
    "one_step",
    "origin_before",
    "read_history",
    "recorded_lead_times",
    "rolling_origins",
    "rolling_scores",
    "rootogram",
    "rootograms",
    "split",
    "stock_at_cut",
    "supplier_records",
    "take",
    "variance_ratio",
    "without",
]
