"""The functions behind the commands, and the same for notebooks: one page of wiring each."""

from simlab.api.assign import CheckResult, check, init, segment
from simlab.api.data import Data, demo, load, load_frames
from simlab.api.optimization import Optimization, optimize
from simlab.api.runs import RunResult, render_report, run_demo, run_optimize, run_simulate
from simlab.api.simulation import Breakdown, Simulation, simulate
from simlab.policies import Policy

__all__ = [
    "Breakdown",
    "CheckResult",
    "Data",
    "Optimization",
    "Policy",
    "RunResult",
    "Simulation",
    "check",
    "demo",
    "init",
    "load",
    "load_frames",
    "optimize",
    "render_report",
    "run_demo",
    "run_optimize",
    "run_simulate",
    "segment",
    "simulate",
]
