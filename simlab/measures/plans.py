"""Kinds of plan that are compared, and what they are called in sentences, headings and pictures."""

from __future__ import annotations

from typing import NamedTuple


class PlanName(NamedTuple):
    """One kind of plan in words.

    Attributes
    ----------
    noun : str
        "best uniform target".
    the : str
        The noun with its article, where it takes one.
    heading : str
        As headings and rows of tables call it.
    """

    noun: str
    the: str
    heading: str


PLAN_NAMES = {
    "segmented": PlanName("segmented plan", "the segmented plan", "Chosen plan"),
    "given": PlanName("given plan", "the given plan", "Given plan"),
    "uniform": PlanName("best uniform target", "the best uniform target", "Best uniform target"),
    "habit": PlanName("A 98 / B 95 / C 90 habit", "the A 98 / B 95 / C 90 habit", "Habit A 98 / B 95 / C 90"),
    "today": PlanName("today's levels", "today's levels", "Today's levels"),
    "same_service": PlanName(
        "plan by segment that serves what today serves",
        "the plan by segment that serves what today serves",
        "Same service as today",
    ),
    "per_sku": PlanName("per-SKU plan", "the per-SKU plan", "Per-SKU plan"),
}
"""By kind, in the order in which plans are shown."""

SAME_COST = 5e-4
"""Relative differences whose whole interval lies within this are called the same cost."""
