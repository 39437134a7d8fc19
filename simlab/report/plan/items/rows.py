"""Rows of the Items tab: which SKU-locations are shown, and their cells, column by column."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simlab.measures.decision import short_rate
from simlab.measures.words import WHAT_IS_VITAL, is_vital
from simlab.report.kit.formats import DASH, is_number, money, number
from simlab.report.kit.reading import MOST_IN_BOOK, records
from simlab.report.plan.items.gated import HELD

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

MOST_ROWS, MOST_CHANGES = 30_000, 10_000
ON_PAPER = 20
LOW_SERVICE = 0.80
"""Below it a vital SKU-location is worth a look."""


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    key : str
        In the frame of `item_rows`.
    title : str
    kind : {"text", "units", "money", "change", "rate", "points"}
        How its cells are written: `change` is money with a sign.
    """

    key: str
    title: str
    kind: str


COLUMNS = (
    Column("sku", "SKU", "text"),
    Column("location", "Location", "text"),
    Column("product", "Product", "text"),
    Column("supplier", "Supplier", "text"),
    Column("segment", "Segment", "text"),
    Column("level_now", "Level today", "units"),
    Column("level", "Level proposed", "units"),
    Column("stock_now", "Stock today", "money"),
    Column("stock", "Stock proposed", "money"),
    Column("stock_change", "Change", "change"),
    Column("service_now", "Served today", "rate"),
    Column("service", "Served proposed", "rate"),
    Column("reason", "Why", "text"),
)
_OPTIONAL = frozenset({"product", "supplier", "level_now", "stock_now", "stock_change", "service_now"})


def item_rows(tables: RunTables) -> pd.DataFrame | None:
    """One row per SKU-location: columns of `COLUMNS`, and `vital`, `look`, `held`; None without a plan.

    Levels: S of an order-up-to policy; the reorder point where there is none. Money in the study's
    currency, service as a fraction of units; missing where today's levels are not known.
    """
    plan, items = tables.plan, tables.items
    if plan is None or len(plan) != len(items) or not (plan["sku"] == items["sku"]).all():
        return None
    rows = pd.DataFrame(
        {
            **{
                name: _texts(plan if name in plan else items, name) for name in ("sku", "location", "segment")
            },
            "product": _texts(plan if "product" in plan else items, "product", "item_product"),
            "supplier": _texts(items, "supplier"),
            "level_now": _level(plan, "_now"),
            "level": _level(plan, ""),
            "stock_now": _numbers(plan, "inventory_value_now"),
            "stock": _numbers(items, "inventory_value"),
            "service_now": _numbers(plan, "fill_rate_now"),
            "service": _numbers(items, "fill_rate"),
        }
    )
    rows["stock_change"] = rows["stock"] - rows["stock_now"]
    rows["vital"] = [is_vital(text) for text in _texts(items, "item_criticality")]
    rows["look"] = _marked(rows, tables.table("levels_to_look_at"))
    rows["held"], why = _held(rows, tables.table("gate_beside"))
    both = zip(_reasons(rows, items), why, strict=True)
    rows["reason"] = [sys.intern(", ".join(filter(None, said))) for said in both]
    return rows


def columns_of(rows: pd.DataFrame) -> list[Column]:
    """The columns that say something: those of today's levels only where some are known."""
    return [one for one in COLUMNS if one.key not in _OPTIONAL or _says(rows[one.key])]


def shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the page, largest change of stock first; of very many those that a reader looks for."""
    moved = rows["stock_change"].abs().fillna(0.0)
    order = pd.DataFrame({"moved": moved, "stock": rows["stock"]}).sort_values(
        ["moved", "stock"], ascending=False, kind="stable"
    )
    ranked = rows.loc[order.index]
    if len(ranked) <= MOST_ROWS:
        return ranked
    kept = ranked["vital"] | ranked["look"] | ranked["held"]
    kept.iloc[:MOST_CHANGES] = True
    return ranked[kept]


def packed_columns(rows: pd.DataFrame, tables: RunTables) -> dict[str, Any]:
    """The table as the page's script reads it: texts as numbers of a list, amounts as they are shown."""
    columns = columns_of(rows)
    return {
        "columns": [{"key": one.key, "title": one.title, "kind": one.kind} for one in columns],
        "cells": {one.key: _cells(rows[one.key], one.kind) for one in columns},
        "vital": np.flatnonzero(rows["vital"]).tolist(),
        "look": np.flatnonzero(rows["look"]).tolist(),
        "held": np.flatnonzero(rows["held"]).tolist(),
        "low": LOW_SERVICE,
        "currency": tables.currency,
        "total": len(tables.items),
    }


def counts(rows: pd.DataFrame, tables: RunTables) -> dict[str, Any]:
    """The sentence above the table, and the buttons that choose among its rows."""
    moved = rows["stock_change"]
    low = int((rows["vital"] & (rows["service"] < LOW_SERVICE)).sum())
    said = f"{len(rows):,} SKU-locations"
    presets = [("all", "All")]
    if moved.notna().any():
        up, down = int((moved > 0).sum()), int((moved < 0).sum())
        said += f": stock goes up at {up:,}, down at {down:,}"
        presets += [("up", f"Up ({up:,})"), ("down", f"Down ({down:,})")]
    if rows["vital"].any():
        presets.append(("vital", f"Vital below {LOW_SERVICE:.0%} ({low:,})"))
    if rows["look"].any():
        presets.append(("look", f"Levels to look at ({int(rows['look'].sum()):,})"))
    if rows["held"].any():
        presets.append(("held", f"Held back ({int(rows['held'].sum()):,})"))
    listed = len(shown(rows))
    text = f"{said}. Choose a row to see what it sold and one simulated year."
    if rows["vital"].any():
        text += f" Vital: {WHAT_IS_VITAL}."
    if listed < len(rows):
        text += f" Here: {listed:,}, the largest changes and all that are vital, held back or to look at; the"
        text += " others are in results/plan.csv."
    if len(rows) > MOST_IN_BOOK:
        text += " The workbook of so many is made on request: simlab report RUN --excel."
    return {"text": text, "presets": presets}


def on_paper(rows: pd.DataFrame, tables: RunTables) -> list[dict[str, Any]]:
    """Tables for print and for pages without script: the largest changes up and down."""
    known = rows[rows["stock_change"].notna()]
    sets = (
        ("Largest increases of stock", known[known["stock_change"] > 0].nlargest(ON_PAPER, "stock_change")),
        ("Largest decreases of stock", known[known["stock_change"] < 0].nsmallest(ON_PAPER, "stock_change")),
    )
    if known.empty:
        sets = (("Largest stocks", rows.nlargest(ON_PAPER, "stock")), ("", rows.iloc[:0]))
    columns = columns_of(rows)
    return [
        {
            "title": title,
            "header": [one.title for one in columns],
            "rows": [
                [text_of(row[one.key], one.kind, tables.currency) for one in columns] for row in records(some)
            ],
        }
        for title, some in sets
        if len(some)
    ]


def text_of(value: Any, kind: str, currency: str) -> str:
    """A cell as people read it."""
    if kind == "text":
        return str(value)
    if not is_number(value):
        return DASH
    if kind == "rate":
        return short_rate(float(value))
    if kind == "units":
        return number(value, 0 if float(value).is_integer() else 2)
    text = money(value, currency, digits=0)
    return f"+{text}" if kind == "change" and value > 0 else text


def _texts(frame: pd.DataFrame, *names: str) -> pd.Series[str]:
    """The first column of some names that there is, empty where it says nothing."""
    column = next((frame[name] for name in names if name in frame), None)
    if column is None:
        return pd.Series([""] * len(frame), dtype="str")
    if isinstance(column.dtype, pd.StringDtype):  # no text is made of a million
        return column.fillna("").reset_index(drop=True)
    return pd.Series([text if isinstance(text, str) else "" for text in column], dtype="str")


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in frame:
        return pd.Series(np.full(len(frame), np.nan))
    return frame[name].astype("float64").reset_index(drop=True)


def _level(plan: pd.DataFrame, end: str) -> pd.Series[float]:
    """S, or the reorder point of a rule that has no S."""
    up_to = _numbers(plan, f"order_up_to{end}")
    return up_to.fillna(_numbers(plan, f"reorder_point{end}"))


def _marked(rows: pd.DataFrame, looked: pd.DataFrame | None) -> list[bool]:
    if looked is None:
        return [False] * len(rows)
    places = set(zip(looked["sku"], looked["location"], strict=True))
    return [pair in places for pair in zip(rows["sku"], rows["location"], strict=True)]


def _held(rows: pd.DataFrame, gate: pd.DataFrame | None) -> tuple[list[bool], list[str]]:
    """Which SKU-locations a gate leaves as they are, and why."""
    if gate is None:
        return [False] * len(rows), [""] * len(rows)
    stays = gate[gate["decision"].isin(HELD)]
    why = {
        (str(row["sku"]), str(row["location"])): f"held back: {row['reason'] or row['decision']}"
        for row in records(stays)
    }
    said = [why.get(key, "") for key in zip(rows["sku"], rows["location"], strict=True)]
    return [bool(text) for text in said], said


def _reasons(rows: pd.DataFrame, items: pd.DataFrame) -> list[str]:
    """The setting behind the level, and what to know of it."""
    said, rate = [], cache(short_rate)
    for target, vital, look in zip(
        items["target"] if "target" in items else np.full(len(items), np.nan),
        rows["vital"],
        rows["look"],
        strict=True,
    ):
        parts = [f"target {rate(float(target))}"] if is_number(target) else []
        parts += [word for word, holds in (("vital", vital), ("look at it", look)) if holds]
        said.append(sys.intern(", ".join(parts)))  # a few, of as many SKU-locations as there are
    return said


def _says(column: pd.Series[Any]) -> bool:
    return (
        bool((column != "").any())
        if column.dtype == object or column.dtype == "str"
        else bool(column.notna().any())
    )


_DIGITS: Mapping[str, int] = {"units": 2, "money": 0, "change": 0, "rate": 4, "points": 4}


def _cells(column: pd.Series[Any], kind: str) -> dict[str, Sequence[Any]]:
    if kind == "text":
        codes, values = pd.factorize(column, sort=False)
        if len(values) > len(column) // 2:
            return {"list": list(column)}
        return {"values": list(values), "codes": codes.tolist()}
    digits = _DIGITS[kind]
    rounded = np.round(column.to_numpy(np.float64), digits)
    whole = digits == 0
    return {
        "list": [
            None if not np.isfinite(x) else int(x) if whole or x == int(x) else float(x) for x in rounded
        ]
    }
