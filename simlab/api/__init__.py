"""The functions behind the commands, and the same for notebooks: one page of wiring each."""

from simlab.api.audits.audit import Audit, audit
from simlab.api.checks.check import CheckResult, check
from simlab.api.checks.remarks import Remark
from simlab.api.commands import (
    init,
    resume,
    run_audit,
    run_compare_schemes,
    run_demo,
    run_gate,
    run_optimize,
    run_orders,
    run_simulate,
)
from simlab.api.comparison.policies import PolicyComparison, PolicyEntry, compare_policies
from simlab.api.comparison.runs import RunComparison, RunPair, compare_runs
from simlab.api.contest.contest import Contest, compare
from simlab.api.contest.outcome import Rounds
from simlab.api.data.data import Data, demo, load, load_frames
from simlab.api.estimate import DryRun, dry_run
from simlab.api.exporting.export import Export, export
from simlab.api.learning.learning import segment
from simlab.api.optimization import Optimization, optimize
from simlab.api.ordering.orders import Orders, orders
from simlab.api.output.drawing import draw_report, render_report, with_places
from simlab.api.output.record import RunResult
from simlab.api.rollout.gate import Gate, gate
from simlab.api.rollout.waves import WavePlan
from simlab.api.simulation import Breakdown, Simulation, simulate
from simlab.api.tracing import Trace, trace
from simlab.api.verifying.pack import pack
from simlab.api.verifying.verify import Verification, verify
from simlab.execution import backend
from simlab.policies import Policy
from simlab.verdict.audit import Beliefs

__all__ = [
    "Audit",
    "Beliefs",
    "Breakdown",
    "CheckResult",
    "Contest",
    "Data",
    "DryRun",
    "Export",
    "Gate",
    "Optimization",
    "Orders",
    "Policy",
    "PolicyComparison",
    "PolicyEntry",
    "Remark",
    "Rounds",
    "RunComparison",
    "RunPair",
    "RunResult",
    "Simulation",
    "Trace",
    "Verification",
    "WavePlan",
    "audit",
    "backend",
    "check",
    "compare",
    "compare_policies",
    "compare_runs",
    "demo",
    "draw_report",
    "dry_run",
    "export",
    "gate",
    "init",
    "load",
    "load_frames",
    "optimize",
    "orders",
    "pack",
    "render_report",
    "resume",
    "run_audit",
    "run_compare_schemes",
    "run_demo",
    "run_gate",
    "run_optimize",
    "run_orders",
    "run_simulate",
    "segment",
    "simulate",
    "trace",
    "verify",
    "with_places",
]
