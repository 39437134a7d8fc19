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
    short : str
        For headlines and small tables, in everyday words.
    """

    noun: str
    the: str
    heading: str
    short: str


PLAN_NAMES = {
    "segmented": PlanName("segmented plan", "the segmented plan", "Proposed plan", "by segment"),
    "given": PlanName("given plan", "the given plan", "Given plan", "the given plan"),
    "uniform": PlanName(
        "best uniform target", "the best uniform target", "Best uniform target", "one target for all"
    ),
    "habit": PlanName(
        "A 98 / B 95 / C 90 habit",
        "the A 98 / B 95 / C 90 habit",
        "Habit A 98 / B 95 / C 90",
        "the A98 B95 C90 habit",
    ),
    "today": PlanName("today's levels", "today's levels", "Today's levels", "today's levels"),
    "same_service": PlanName(
        "plan by segment that serves what today serves",
        "the plan by segment that serves what today serves",
        "Same service as today",
        "the same service",
    ),
    "per_sku": PlanName("per-SKU plan", "the per-SKU plan", "Per-SKU plan", "a target per SKU"),
}
"""By kind, in the order in which plans are shown."""

PLAN_COLOURS = {
    "segmented": "#0072B2",
    "given": "#0072B2",
    "uniform": "#D55E00",
    "habit": "#1F2933",
    "today": "#6B7280",
    "same_service": "#56B4E9",
    "per_sku": "#009E73",
}
"""The colour of a plan on the page, in figures and in Python; Okabe and Ito (2008), distinct to all eyes."""

SAME_COST = 5e-4
"""Relative differences whose whole interval lies within this are called the same cost."""
