"""The panel as a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.kit import shell

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


def page(tables: RunTables) -> str:
    """The section of the page with nothing around it; same script, same policy, no chart library."""
    from simlab.report.plan.section import sections

    (section,) = [one for one in sections(tables) if one["id"] == "what-if"]
    templates = shell.environment()
    body = f'<section id="what-if"><h2>{section["title"]}</h2>{section["body"]}</section>'
    start = "simlab.start();"
    return shell.page_of(
        templates,
        [shell.Part(shell.FINANCE, "what-if", "", body)],
        tables.manifest,
        n_items=f"{len(tables.items):,}",
        money_in=tables.money_in,
        question="",
        style=shell.asset("style.css"),
        data={},
        packed=section["packed"],
        script="\n".join((shell.asset("shell.js"), shell.asset(section["script"]), start)),
    )
