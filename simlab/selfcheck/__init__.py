"""Checks that an installed simlab runs, and counts what it should."""

from simlab.selfcheck.doctor import Finding, Status, examine, is_well

__all__ = ["Finding", "Status", "examine", "is_well"]
