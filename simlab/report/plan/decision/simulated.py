"""The first screen of a run that chose nothing: what was simulated, what it serves, ties up and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.measures.decision import short_money, short_rate
from simlab.measures.words import word
from simlab.report.kit.formats import is_number, number, span, target
from simlab.report.kit.method import facts
from simlab.report.kit.reading import records
from simlab.report.plan.decision.screen import signed

if TYPE_CHECKING:
    from simlab.report.kit.method import Row
    from simlab.report.plan.tables import RunTables

_ROWS = (
    *("fill_rate", "cycle_service_level", "ready_rate", "stockout_periods", "lost_margin"),
    *("inventory_value", "holding_cost", "turns", "p95_inventory_value", "peak_inventory_value"),
)
_FACTS = ("Policy", "Planning", "Segments", "Counted", "Data up to")
_MOST_TARGETS = 16
_UNTESTED = (
    "whether the demand model is right, demand unlike the history, items that sell together, suppliers to "
    "come, and whether the plan is carried out."
)
_NEXT = (
    "simlab optimize finds the targets that reach the same service for the least money; simlab audit says "
    "why a target is not what customers get."
)


def screen(tables: RunTables) -> Row | None:
    """What stands there; None of a run that demanded nothing."""
    total = tables.total(tables.main_plan, tables.sample)
    if not total or not is_number(total.get("fill_rate")):
        return None
    manifest, known = tables.manifest, dict(facts(tables.manifest))
    runs = (
        manifest.get("verdict_replications") if tables.sample == "verdict" else manifest.get("replications")
    )
    lead = f"{len(tables.items):,} SKU-locations"
    if is_number(manifest.get("periods")):
        lead += f" · {manifest['periods']:,} {tables.period}s"
    if is_number(runs):
        lead += f", simulated {runs:,} times"
    return {
        "lead": lead,
        "rows": [_row(key, total, tables) for key in _ROWS if is_number(total.get(key))],
        "facts": [(label, known[label]) for label in _FACTS if label in known] + _targets(tables),
        "looks": [signed(one.text, tables) for one in tables.told if one.group == "look"],
        "next": _NEXT,
        "untested": _UNTESTED,
        "level": f"{100 * tables.level:g}%",
    }


def _targets(tables: RunTables) -> list[tuple[str, str]]:
    """Targets of the segments, in a line, where there are few."""
    rows = [row for row in records(tables.rows(tables.main_plan, tables.sample)) if is_number(row["target"])]
    if not rows or len(rows) > _MOST_TARGETS:
        return []
    return [("Targets", ", ".join(f"{row['segment']} {target(row['target'])}" for row in rows))]


def _row(key: str, total: Row, tables: RunTables) -> Row:
    """A measure in words, its value and its random error."""
    one = word(key)
    name = one.name.replace("Periods", f"{tables.period.capitalize()}s")

    def show(value: float) -> str:
        if one.unit == "money":
            return signed(short_money(value, tables.currency), tables)
        return short_rate(value) if one.unit == "rate" else number(value, 1)

    ends = span(total.get(f"{key}_low"), total.get(f"{key}_high"), show)
    return {"name": name, "value": show(float(total[key])), "span": ends, "what": one.what}
