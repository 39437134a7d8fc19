"""Why the 98 % in the ERP is 91 % on the shelf: planned − achieved, cause by cause, exactly."""

from simlab.verdict.audit.account import Line, PolicyAudit, SegmentAudit
from simlab.verdict.audit.formula import Plan, plan_as
from simlab.verdict.audit.run import AuditCase, audit_case, audit_warmup
from simlab.verdict.audit.switches import CAUSES, EDITS, FORMULA, SWITCHES, Switch
from simlab.verdict.audit.words import statement, statements
from simlab.verdict.audit.worlds import Beliefs, Worlds

__all__ = [
    "CAUSES",
    "EDITS",
    "FORMULA",
    "SWITCHES",
    "AuditCase",
    "Beliefs",
    "Line",
    "Plan",
    "PolicyAudit",
    "SegmentAudit",
    "Switch",
    "Worlds",
    "audit_case",
    "audit_warmup",
    "plan_as",
    "statement",
    "statements",
]
