"""History → laws of demand and lead time, calendars, order terms and costs."""

from simlab.engine.types import DemandLaw, LeadTimeLaw, World
from simlab.models.account import full_account
from simlab.models.at_cut import AtCut, stock_at_cut
from simlab.models.calendar import Calendar
from simlab.models.diagnosis import Diagnosis, diagnose, variance_ratio
from simlab.models.drift import Drift, lead_time_drift
from simlab.models.fitting import Models, fit
from simlab.models.goodness import Rootogram, fit_gaps, rootogram
from simlab.models.history import History, read_history
from simlab.models.holdout import HeldOut, known_past, split, take
from simlab.models.marginal import is_plain, marginal
from simlab.models.one_step import OneStep, one_step
from simlab.models.origins import FITTED, METHODS, Origin, rolling_origins
from simlab.models.overriding import SECTIONS, without
from simlab.models.recorded import recorded_lead_times
from simlab.models.redrawn_delays import DelayUncertainty
from simlab.models.redraws import Redraws, Uncertainty
from simlab.models.scores import Scores, rolling_scores
from simlab.models.supplier_records import SupplierRecord, supplier_records
from simlab.models.terms import HOLDING_RATE, Costs
from simlab.models.testing import benjamini_hochberg

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
    "diagnose",
    "fit",
    "fit_gaps",
    "full_account",
    "is_plain",
    "known_past",
    "lead_time_drift",
    "marginal",
    "one_step",
    "read_history",
    "recorded_lead_times",
    "rolling_origins",
    "rolling_scores",
    "rootogram",
    "split",
    "stock_at_cut",
    "supplier_records",
    "take",
    "variance_ratio",
    "without",
]
