"""The study file: what is asked, checked before anything is read or simulated."""

from simlab.study.checks import crossing_unsaid
from simlab.study.history_sections import (
    Condition,
    DataSpec,
    DemandSource,
    DemandSpec,
    ItemsSource,
    LeadTimeSpec,
    ModelSpec,
    ReceiptsSource,
    TableSource,
)
from simlab.study.idle import idle_options
from simlab.study.optimize_sections import OptimizeSpec
from simlab.study.parse import parse_study, read_study
from simlab.study.sections import (
    AbcSpec,
    PolicySpec,
    RunSpec,
    SegmentSpec,
    SimulationSpec,
    VerdictSpec,
    XyzSpec,
)
from simlab.study.study import Study, even_targets
from simlab.study.values import WEEKDAYS, closed_days, names_folder

__all__ = [
    "WEEKDAYS",
    "AbcSpec",
    "Condition",
    "DataSpec",
    "DemandSource",
    "DemandSpec",
    "ItemsSource",
    "LeadTimeSpec",
    "ModelSpec",
    "OptimizeSpec",
    "PolicySpec",
    "ReceiptsSource",
    "RunSpec",
    "SegmentSpec",
    "SimulationSpec",
    "Study",
    "TableSource",
    "VerdictSpec",
    "XyzSpec",
    "closed_days",
    "crossing_unsaid",
    "even_targets",
    "idle_options",
    "names_folder",
    "parse_study",
    "read_study",
]
