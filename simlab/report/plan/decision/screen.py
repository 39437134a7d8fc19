"""The first screen as plain values: headline, what to look at, three columns, the map of change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simlab.measures import ALL
from simlab.measures.decision import COLUMNS, ROWS, cell, change, points, short_money, short_rate
from simlab.report.kit.formats import currency_sign, is_number
from simlab.report.kit.reading import records

if TYPE_CHECKING:
    from simlab.report.kit.method import Row
    from simlab.report.plan.tables import RunTables

_SHOWN = tuple(key for key in ROWS if not key.endswith("_point"))
_MUCH = 0.10
"""Points of service lost from which a box stands out."""
WEIGHTS = ("units", "value", "margin")
_COLUMNS = {"units": "fill_rate", "value": "served_value", "margin": "served_margin"}


def screen(tables: RunTables) -> Row | None:
    """What stands on the first screen; None of a run without the table of the decision."""
    told = tables.told
    head = next((one for one in told if one.group == "headline"), None)
    if tables.decision is None or head is None:
        return None
    facts = tables.manifest.get("decision") or {}
    titles = facts.get("titles") or {}
    rows = {str(row["measure"]): row for row in records(tables.decision)}
    shown = change_map(tables)
    weights = tuple(one for one in WEIGHTS if f"served_{one}" in rows)
    return {
        "state": head.state,
        "mark": head.mark,
        "title": signed(head.title, tables),
        "text": signed(head.text, tables),
        "advice": [one for one in told if one.group == "advice"],
        "lead": _lead(tables, titles),
        "looks": [signed(one.text, tables) for one in told if one.group == "look"],
        "limits": [one for one in told if one.group == "limit"],
        "pays": [signed(one.text, tables) for one in told if one.group == "break-even"],
        "ask": [one.text for one in told if one.key == "current levels"],
        "record": _record(tables, titles),
        "next": _next(titles, tables.manifest),
        "untested": _untested(tables),
        "titles": [titles.get(name, name) for name in COLUMNS],
        "first": "today" if titles.get("today") == "Today" else tables.compared["today"],
        "rows": [_row(rows[key], tables) for key in _SHOWN if key in rows and _says(rows[key])],
        "prices": _prices(rows, tables),
        "map": shown,
        "weights": weights,
        "weighed": facts.get("weight") if facts.get("weight") in weights else (weights or ("",))[0],
    }


def signed(text: str, tables: RunTables) -> str:
    """The sign of the currency instead of its letters, where it is unmistakable."""
    sign = currency_sign(tables.currency)
    return (
        text if not tables.currency or sign == tables.currency else text.replace(f"{tables.currency} ", sign)
    )


def _lead(tables: RunTables, titles: Mapping[str, str]) -> str:
    manifest = tables.manifest
    against = "today's levels" if titles.get("today") == "Today" else titles.get("today", "today")
    periods, runs = manifest.get("periods"), manifest.get("verdict_replications")
    return (
        f"{len(tables.items):,} SKU-locations · the proposed plan against {against} · {periods:,} "
        f"{tables.period}s, simulated {runs:,} times on fresh random demand"
    )


def _untested(tables: RunTables) -> str:
    """What no number on the page speaks of."""
    past = "" if tables.table("held_out") is not None else "the plan on real sales of the past, "
    return (
        f"{past}demand unlike the history, items that sell together, prices and suppliers to come, and "
        "whether the plan is carried out."
    )


def _next(titles: Mapping[str, str], manifest: Mapping[str, Any]) -> Row:
    """What to do with the page before anything is changed: words, a command, what it does and who runs it."""
    if titles.get("today") != "Today":
        todo = "add current levels to the items (current_order_up_to) to see what changes against them."
        return {"first": todo, "command": "", "then": ""}
    study = str(manifest.get("study_file") or "study.toml").replace("\\", "/").rsplit("/", 1)[-1]
    return {
        "first": "look at the largest changes (tab Items) and at the doubts above; then, before any level is "
        "changed, whoever keeps the levels in the planning system types",
        "command": f"simlab gate {study}",
        "then": "in a terminal: it simulates today's and the proposed level of every SKU-location side by "
        "side, and lists which may go live and which stay as they are.",
    }


def _says(row: Mapping[str, Any]) -> bool:
    """Whether a row tells plans apart: orders that no plan moves are left to the tables."""
    return row["measure"] != "orders" or bool(row["change"])


def _row(row: Mapping[str, Any], tables: RunTables) -> Row:
    texts = [_minus(signed(cell(row, name, tables.currency), tables)) for name in COLUMNS]
    moved = _minus(signed(change(row, tables.currency), tables))
    weight = str(row["measure"]).removeprefix("served_") if str(row["measure"]).startswith("served_") else ""
    return {"name": row["name"], "cells": texts, "change": moved, "weight": weight}


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


def _record(tables: RunTables, titles: Mapping[str, str]) -> str:
    """What lies on the shelf today, as recorded, beside what today's levels hold; empty without a record."""
    table = tables.capital_by_segment
    if table is None or "stock_record" not in table:
        return ""
    total = table.loc[table["segment"] == ALL, "stock_record"]
    if total.empty or not is_number(float(total.iloc[0])):
        return ""
    held = float(total.iloc[0])
    moved = float(table.loc[table["segment"] == ALL, "inventory_value"].iloc[0]) - held
    freed = f"{short_money(abs(moved), tables.currency)} {'less' if moved < 0 else 'more'}"
    whose = "Today" if titles.get("today") == "Today" else "The first column"
    return signed(
        f"{whose} is what its levels hold on average in the long run; on the shelf, as recorded, lies "
        f"{short_money(held, tables.currency)}: the plan will hold {freed} than that.",
        tables,
    )


def _prices(rows: Mapping[str, Mapping[str, Any]], tables: RunTables) -> str:
    """What a whole point of service costs at the plan."""
    said = []
    for key, what in (("last_point", "the last point of service cost"), ("next_point", "the next one costs")):
        if key in rows:
            said.append(f"{what} {short_money(float(rows[key]['proposed']), tables.currency)} a year")
    text = ", ".join(said)
    return signed(f"{text[:1].upper()}{text[1:]}.", tables) if text else ""


def change_map(tables: RunTables) -> Row | None:
    """Boxes by one or two attributes: service and stock, today → proposed; None where that does not fit."""
    table, rows = tables.capital_by_segment, tables.rows(tables.main_plan, tables.sample)
    by = [name for name in tables.by if name in rows.columns]
    if table is None or len(by) not in (1, 2) or len(by) != len(tables.by) or len(rows) > 60:
        return None
    places = {row["segment"]: tuple(row[name] for name in by) for row in records(rows)}
    least = _least_targets(tables)
    boxes = {
        places[row["segment"]]: _box(row, tables, least) for row in records(table) if row["segment"] in places
    }
    columns = sorted({place[1] for place in places.values()}) if len(by) == 2 else [""]
    names = sorted({place[0] for place in places.values()})
    return {
        "title": " × ".join(name.upper() if len(name) == 3 else name for name in by),
        "columns": columns,
        "rows": [(name, [boxes.get((name, column)[: len(by)]) for column in columns]) for name in names],
        "weights": [one for one in WEIGHTS if _COLUMNS[one] in table and table[_COLUMNS[one]].notna().any()],
    }


def _least_targets(tables: RunTables) -> frozenset[str]:
    """Segments of which the run says that they sit at the lowest target the study allows."""
    facts = tables.manifest.get("decision") or {}
    return frozenset(facts.get("at_lowest_target") or ())


def _box(row: Mapping[str, Any], tables: RunTables, least: frozenset[str]) -> Row:
    currency = tables.currency
    stock = " → ".join(short_money(row[f"inventory_value{end}"], currency) for end in ("_now", ""))
    low = row["segment"] in least
    return {
        "segment": row["segment"],
        "n_items": f"{row['n_items']:,}",
        "stock": signed(stock, tables),
        "note": f"at the lowest target allowed ({short_rate(row['target'])})" if low else "",
        "served": {
            weight: _served(row[f"{column}_now"], row[column])
            for weight, column in _COLUMNS.items()
            if column in row and is_number(row[column])
        },
    }


def _served(now: float, then: float) -> Row:
    moved = then - now
    look = "much" if moved <= -_MUCH else "down" if moved <= -5e-4 else "up" if moved >= 5e-4 else "same"
    sign = "\u2212" if moved < 0 else "+"
    return {
        "way": f"{short_rate(now)} → {short_rate(then)}",
        "change": f"{sign}{points(moved)}",
        "look": look,
    }
