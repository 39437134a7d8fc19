"""What stands on the page: plain values and texts per section, ready for the template."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simlab.register.laws import LAWS
from simlab.report.kit.formats import DASH, is_number, money, money_short, number, percent, span, target
from simlab.report.kit.reading import plan_name, records
from simlab.report.kit.sheet import Statement
from simlab.report.plan import statements as words
from simlab.report.plan.reasons import demand_grounds, lead_time_grounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from simlab.report.kit.method import Row
    from simlab.report.plan.tables import RunTables


MAX_SEGMENT_ROWS = 300
_LAW_TITLES = {law.name: law.title for law in LAWS}


def verdict(tables: RunTables) -> Row:
    """Headline, one statement per rival at equal service, and whether floor and budget are met.

    As the run told them; of a run that wrote no statements, from its numbers, and without a tick.
    """
    rows = [row for row in records(tables.verdict) if row["basis"] == "equal fill"]
    told = {one.key: one for one in tables.told}
    own = {plan: one for plan in _plans(rows) if (one := told.get(f"against {plan}")) is not None}
    statements = {plan: own.get(plan) or one for plan, one in _compared(rows, tables).items()}
    total = tables.total(tables.main_plan, tables.sample)
    limits = tables.manifest.get("constraints") or {}
    kept = [one for one in tables.told if one.group == "limit"]
    if not tables.told:
        served = total | (tables.manifest.get("achieved") or {})
        within = words.budget(total, limits.get("budget"), tables.currency)
        kept = [words.service(served, limits.get("fill_rate"), tables.level, tables.counted)]
        kept += [within] if within else []
    return {
        "headline": told.get("headline") or words.headline(statements, total, tables.currency),
        "limits": kept,
        "rivals": [_rival(row, statements, tables) for row in rows],
        "replications": rows[0].get("replications") if rows else None,
    }


def _plans(rows: list[Row]) -> list[str]:
    return [words.other_plan(row) for row in rows]


def _compared(rows: list[Row], tables: RunTables) -> dict[str, Statement]:
    """Every comparison from its numbers; by one weight alone, so that none carries a tick."""
    found = {}
    for plan, row in zip(_plans(rows), rows, strict=True):
        one = words.compare(row, tables.currency, tables.counted)
        found[plan] = replace(one, state="open") if one.state == "good" else one
    return found


def _rival(row: Mapping[str, Any], statements: Mapping[str, Statement], tables: RunTables) -> Row:
    plan = words.other_plan(row)

    def cash(value: float) -> str:
        return money(value, tables.currency)

    return {
        "name": plan_name(plan),
        "at": percent(row["at_fill"]) if is_number(row["difference"]) else DASH,
        "ours": cash(row["cost_a"]),
        "theirs": cash(row["cost_b"]),
        "difference": cash(row["difference"]),
        "span": span(row.get("difference_low"), row.get("difference_high"), cash),
        "percent": percent(row["percent"], 1),
        "percent_span": span(row.get("percent_low"), row.get("percent_high"), lambda x: percent(x, 1)),
        "model": model_span(row, "difference", cash),
        "percent_model": model_span(row, "percent", lambda x: percent(x, 1)),
        "statement": statements[plan],
    }


def segment_table(tables: RunTables, plan: str) -> Row:
    """Rows of the segment table of one plan, the total last; long tables are cut and say so."""
    seen = tables.rows(plan, tables.sample)
    searched = tables.rows(plan, "search").set_index("segment")
    shown = seen.nlargest(MAX_SEGMENT_ROWS, "inventory_value") if len(seen) > MAX_SEGMENT_ROWS else seen
    rows = [_segment_row(row, searched, tables) for row in records(shown)]
    total = tables.total(plan, tables.sample)
    first = tables.total(plan, "search")
    if total:
        total_row = _segment_row(total, None, tables) | {"segment": "All", "total": True}
        rows.append(total_row | {"in_sample": percent(first.get(tables.target_measure))})
    return {"plan": plan, "name": plan_name(plan), "rows": rows, "left_out": len(seen) - len(shown)}


def _segment_row(row: Mapping[str, Any], searched: pd.DataFrame | None, tables: RunTables) -> Row:
    measure, name = tables.target_measure, row["segment"]
    before = searched.loc[name, measure] if searched is not None and name in searched.index else None

    def cash(value: float) -> str:
        return money(value, tables.currency)

    def cell(key: str, show: Callable[[float], str]) -> Row:
        ends = (row.get(f"{key}_low"), row.get(f"{key}_high"))
        return {
            "value": show(row.get(key, float("nan"))),
            "span": span(*ends, show),
            "model": model_span(row, key, show),
        }

    return {
        "segment": name,
        "total": False,
        "n_items": number(row["n_items"]),
        "target": target(row["target"]),
        "state": _state(row, measure),
        "in_sample": percent(before),
        "cells": [
            cell("fill_rate", percent),
            cell("cycle_service_level", percent),
            cell("stockout_periods", lambda x: number(x, 2)),
            cell("turns", lambda x: number(x, 2)),
            cell("inventory_value", cash),
            cell("holding_cost", cash),
        ],
    }


def model_span(row: Mapping[str, Any], key: str, show: Callable[[float], str]) -> str:
    """The model interval of a measure, named; empty where parameters were not drawn again."""
    text = span(row.get(f"{key}_model_low"), row.get(f"{key}_model_high"), show)
    return "" if text == DASH else f"model {text}"


def _state(row: Mapping[str, Any], measure: str) -> str:
    """Whether achieved service is above or below what was asked, as far as its interval tells."""
    asked, low, high = row["target"], row.get(f"{measure}_low"), row.get(f"{measure}_high")
    if not (is_number(asked) and is_number(low) and is_number(high)):
        return "none"
    return "above" if low >= asked else "below" if high < asked else "open"


def samples_table(tables: RunTables) -> list[Row]:
    """Totals of the main plan as optimised and on the fresh seed, side by side."""
    first = tables.total(tables.main_plan, "search")
    fresh = tables.total(tables.main_plan, "verdict")
    if not first or not fresh:
        return []

    def cash(value: float) -> str:
        return money(value, tables.currency)

    shown: list[tuple[str, str, Callable[[float], str]]] = [
        ("Fill rate", "fill_rate", percent),
        ("Cycle service level", "cycle_service_level", percent),
        ("Mean inventory value", "inventory_value", cash),
        ("Holding cost per year", "holding_cost", cash),
    ]
    return [
        {
            "measure": label,
            "search": show(first[key]),
            "verdict": show(fresh[key]),
            "span": span(fresh.get(f"{key}_low"), fresh.get(f"{key}_high"), show),
            "change": f"{number(100 * (fresh[key] - first[key]), 2)} points"
            if show is percent
            else _change(fresh, first, key, tables),
        }
        for label, key, show in shown
    ]


def _change(fresh: Row, first: Row, key: str, tables: RunTables) -> str:
    return money(fresh[key] - first[key], tables.currency, digits=2 if abs(first[key]) < 100 else 0)


def matrix(tables: RunTables) -> Row | None:
    """Boxes of the segments by two attributes (or one); None where that picture does not fit."""
    rows = tables.rows(tables.main_plan, tables.sample)
    by = [name for name in tables.by if name in rows.columns]
    if len(by) not in (1, 2) or len(by) != len(tables.by) or len(rows) > 150:
        return None
    columns = sorted(set(rows[by[1]])) if len(by) == 2 else [""]
    whole = rows["inventory_value"].sum()
    boxes = {
        (row[by[0]], row[by[1]] if len(by) == 2 else ""): _box(row, whole, tables) for row in records(rows)
    }
    return {
        "by": by,
        "columns": columns,
        "rows": [
            (name, [boxes.get((name, column)) for column in columns]) for name in sorted(set(rows[by[0]]))
        ],
        "title": " × ".join(name.upper() if len(name) == 3 else name for name in by),
        "measure": "cycle service" if tables.target_measure == "cycle_service_level" else "fill rate",
    }


def _box(row: Mapping[str, Any], whole: float, tables: RunTables) -> Row:
    measure = tables.target_measure
    share = row["inventory_value"] / whole if whole > 0 else float("nan")
    return {
        "segment": row["segment"],
        "target": target(row["target"]),
        "got": percent(row[measure]),
        "span": span(row.get(f"{measure}_low"), row.get(f"{measure}_high"), percent),
        "state": _state(row, measure),
        "n_items": number(row["n_items"]),
        "value": money_short(row["inventory_value"], tables.currency),
        "share": percent(share, 0),
        "weight": round(share, 3) if is_number(share) else 0.0,
    }


def laws(tables: RunTables) -> Row:
    """How many SKU-locations follow which law of demand and lead time, and why."""
    items = tables.items
    value = items.get("annual_value")
    rows: list[Row] = []
    some = items[[name for name in ("demand_law", "demand_grounds", "demand_reason") if name in items]]
    for law, group in some.groupby("demand_law"):
        share = value[group.index].sum() / value.sum() if value is not None and value.sum() > 0 else None
        name = _LAW_TITLES.get(str(law), str(law))
        rows.append(
            {
                "law": name,
                "n": len(group),
                "share": percent(share, 1),
                "why": demand_grounds(group),
            }
        )
    rows.sort(key=lambda row: str(row["law"]))
    rows.sort(key=lambda row: row["n"], reverse=True)
    return {
        "demand": rows,
        "lead_time": lead_time_grounds(items, tables.period),
        "n_items": number(len(items)),
    }
