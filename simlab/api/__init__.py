"""The functions behind the commands, and the same for notebooks: one page of wiring each."""

from simlab.api.assign import CheckResult, check, init, segment
from simlab.api.auditing import Audit, audit, run_audit
from simlab.api.comparing_policies import PolicyComparison, PolicyEntry, compare_policies
from simlab.api.comparing_runs import RunComparison, RunPair, compare_runs
from simlab.api.contest import Contest, Rounds, compare
from simlab.api.contest_run import run_compare_schemes
from simlab.api.data import Data, demo, load, load_frames
from simlab.api.optimization import Optimization
from simlab.api.optimizing import optimize
from simlab.api.runs import RunResult, render_report, run_demo, run_optimize, run_simulate
from simlab.api.simulation import Breakdown, Simulation, simulate
from simlab.api.tracing import Trace, trace
from simlab.policies import Policy
from simlab.verdict.audit import Beliefs

__all__ = [
    "Audit",
    "Beliefs",
    "Breakdown",
    "CheckResult",
    "Contest",
    "Data",
    "Optimization",
    "Policy",
    "PolicyComparison",
    "PolicyEntry",
    "Rounds",
    "RunComparison",
    "RunPair",
    "RunResult",
    "Simulation",
    "Trace",
    "audit",
    "check",
    "compare",
    "compare_policies",
    "compare_runs",
    "demo",
    "init",
    "load",
    "load_frames",
    "optimize",
    "render_report",
    "run_audit",
    "run_compare_schemes",
    "run_demo",
    "run_optimize",
    "run_simulate",
    "segment",
    "simulate",
    "trace",
]
