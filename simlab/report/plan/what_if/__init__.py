"""The panel "What if": plans solved in the page on the run's sums, and the study that says the same."""

from simlab.report.plan.what_if.panel import SCRIPT, TITLE, Panel, panel

__all__ = ["SCRIPT", "TITLE", "Panel", "panel"]
