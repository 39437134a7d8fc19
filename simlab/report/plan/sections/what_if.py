"""What if: other targets, floors, budgets and prices, solved on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.kit.shell import FINANCE
from simlab.report.plan.section import Content, section
from simlab.report.plan.what_if.panel import SCRIPT, TITLE, panel

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


@section(
    "what-if",
    menu="What if",
    title=TITLE,
    place=-5,
    needs={"what_if": ("sample", "segment", "column", "batch", "cost", "good", "stock_value")},
    script=SCRIPT,
    tab=FINANCE,
)
def what_if(tables: RunTables) -> Content | None:
    """The panel; None where the run kept no sums."""
    found = panel(tables)
    if found is None:
        return None
    lead = "Change what is asked; the cheapest plan of segment targets is found here, in whole numbers."
    return Content([lead], body=found.body, packed=found.packed)
