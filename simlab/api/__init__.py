"""The functions behind the commands, and the same for notebooks: one page of wiring each.

Names arrive when first used (PEP 562), so that a command imports what it needs and no more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlab.api.audits.audit import Audit, audit
    from simlab.api.checks.check import CheckResult, check
    from simlab.api.commands import (
        init,
        resume,
        run_audit,
        run_compare_schemes,
        run_demo,
        run_gate,
        run_optimize,
        run_simulate,
    )
    from simlab.api.comparison.policies import PolicyComparison, PolicyEntry, compare_policies
    from simlab.api.comparison.runs import RunComparison, RunPair, compare_runs
    from simlab.api.contest.contest import Contest, compare
    from simlab.api.contest.outcome import Rounds
    from simlab.api.daily import run_orders
    from simlab.api.data.data import Data, demo, load, load_frames
    from simlab.api.estimate import DryRun, dry_run
    from simlab.api.exporting.export import Export, export
    from simlab.api.learning.learning import segment
    from simlab.api.optimization import Optimization, optimize
    from simlab.api.ordering.orders import Orders, orders
    from simlab.api.output.drawing import draw_report, render_report, with_places
    from simlab.api.output.record import RunResult
    from simlab.api.remarks.remarks import Remark
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

_MODULES = {
    "simlab.api.audits.audit": ("Audit", "audit"),
    "simlab.api.checks.check": ("CheckResult", "check"),
    "simlab.api.remarks.remarks": ("Remark",),
    "simlab.api.commands": (
        "init",
        "resume",
        "run_audit",
        "run_compare_schemes",
        "run_demo",
        "run_gate",
        "run_optimize",
        "run_simulate",
    ),
    "simlab.api.comparison.policies": ("PolicyComparison", "PolicyEntry", "compare_policies"),
    "simlab.api.comparison.runs": ("RunComparison", "RunPair", "compare_runs"),
    "simlab.api.contest.contest": ("Contest", "compare"),
    "simlab.api.contest.outcome": ("Rounds",),
    "simlab.api.daily": ("run_orders",),
    "simlab.api.data.data": ("Data", "demo", "load", "load_frames"),
    "simlab.api.estimate": ("DryRun", "dry_run"),
    "simlab.api.exporting.export": ("Export", "export"),
    "simlab.api.learning.learning": ("segment",),
    "simlab.api.optimization": ("Optimization", "optimize"),
    "simlab.api.ordering.orders": ("Orders", "orders"),
    "simlab.api.output.drawing": ("draw_report", "render_report", "with_places"),
    "simlab.api.output.record": ("RunResult",),
    "simlab.api.rollout.gate": ("Gate", "gate"),
    "simlab.api.rollout.waves": ("WavePlan",),
    "simlab.api.simulation": ("Breakdown", "Simulation", "simulate"),
    "simlab.api.tracing": ("Trace", "trace"),
    "simlab.api.verifying.pack": ("pack",),
    "simlab.api.verifying.verify": ("Verification", "verify"),
    "simlab.execution": ("backend",),
    "simlab.policies": ("Policy",),
    "simlab.verdict.audit": ("Beliefs",),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Fetch a public name from its module at its first use (PEP 562)."""
        if name not in _WHERE:
            raise AttributeError(f"module 'simlab.api' has no attribute '{name}'")
        value = getattr(import_module(_WHERE[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
