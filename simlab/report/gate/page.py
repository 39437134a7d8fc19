"""The page of a gate: what may go live, what stays and why, segments that fall, waves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.report.gate.charts import services
from simlab.report.kit import method as closing
from simlab.report.kit.formats import DASH, in_signs, is_number, money, number, percent
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import (
    Boxes,
    Cell,
    Drawing,
    Folded,
    Listing,
    Pictures,
    Says,
    Section,
    Statement,
    Table,
    Text,
    draw,
    sheet_html,
)
from simlab.report.kit.shell import DECISION, FINANCE, ITEMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from simlab.run import RunFolder


COMMAND = "gate"
QUESTION = "May the proposed plan go live?"
_COLUMNS = (
    *("sku", "location", "segment", "decision", "reason", "service_now", "service", "stock_value_now"),
    *("stock_value", "stock_value_change", "orders_change", "worse", "p_go"),
)
NEEDED = {
    "gate": _COLUMNS,
    "lists": ("decision", "n_items", "served_change", "stock_value_change"),
    "waves": ("wave", "n_items", "service_now", "service", "stock_value_change"),
    "waves_cash": ("week", "wave", "purchases", "purchases_now"),
    "held_back": ("reason", "n_items"),
    "quality": (),
}
_LISTS = (
    ("go", "Go", "Harm is ruled out: these go live on the proposed levels."),
    ("hold back", "Hold back", "Harm is shown, or something else speaks against it: these stay as they are."),
    ("undecided", "Undecided", "Neither is shown by this test: these stay as they are."),
    ("unchanged", "Unchanged", "Nothing differs on any path."),
)
_MOST_ROWS = 200
_MOST_OPEN = 40
_WEEKS = 26


def render_gate(run: RunFolder) -> Path:
    """Write `report.html` and the chart of a gate; one file, nothing is fetched.

    Raises
    ------
    InvalidInputError
        A table is damaged or lacks a column.
    """
    from simlab.report.kit.reading import REPORT, read_named

    tables = read_named(run, NEEDED, ("waves", "waves_cash", "held_back", "quality"))
    table = tables["gate"]
    assert table is not None
    pictures, written = draw(run, {"services": Drawing(_CHART, lambda width: services(table, width=width))})
    sections = [_verdict(run.manifest, tables), *_lists(run.manifest, table, tables.get("held_back"))]
    sections.insert(
        1, Section("services", "Service", "Service now and proposed", [_picture(pictures)], DECISION)
    )
    if tables.get("waves") is not None:
        sections.append(_waves(run.manifest, tables))
    sections += closing.sections(run.manifest, tables.get("quality"), FILES)
    page = run.write_text(REPORT, sheet_html(QUESTION, run.manifest, len(table), sections))
    run.register([*written, page])
    return page


_CHART = "Fill rate of every SKU-location: proposed against now; on the line nothing changes"


def _picture(pictures: dict[str, Any]) -> Pictures:
    return Pictures(list(pictures.values()))


def _verdict(manifest: Mapping[str, Any], tables: Mapping[str, pd.DataFrame | None]) -> Section:
    lists = tables["lists"]
    assert lists is not None
    own = {str(row["decision"]): row for row in records(lists)}
    n = {name: int(own[name]["n_items"]) for name, _, _ in _LISTS}
    total, currency = int(own["(all)"]["n_items"]), str(manifest.get("currency") or "")
    held = n["hold back"] + n["undecided"]
    state = "good" if held == 0 else "open" if n["go"] else "bad"
    title = f"{n['go']:,} of {total:,} SKU-locations may go."
    said = [in_signs(str(text), currency) for text in manifest.get("statements") or ()]
    boxes = [Statement(_STATES[name], f"{word}: {n[name]:,}", text, "", "") for name, word, text in _LISTS]
    blocks: list[Any] = [Says(Statement(state, title, said[0] if said else "", "", "")), Boxes(boxes)]
    heading, *lowered = manifest.get("lowered") or ("",)
    if lowered:
        blocks += [Text(heading), Listing(lowered)]
    blocks.append(_sums(list(own.values()), currency))
    rest = [line for line in said[1:] if line not in lowered and line != heading]
    return Section("verdict", "Verdict", "", [*blocks, Listing(rest)], DECISION)


_STATES = {"go": "good", "hold back": "bad", "undecided": "open", "unchanged": "none"}


def _change(value: Any, digits: int) -> str:
    """A change with its sign, a true minus; none for what rounds to nothing."""
    text = number(value, digits)
    return f"+{text}" if is_number(value) and value > 0 and text.strip("0.") else text


def _sums(rows: list[dict[str, Any]], currency: str) -> Table:
    header = ["List", "SKU-locations", "units served at once, a year", "stock value", "orders a year"]
    body = [
        [
            Cell("all" if row["decision"] == "(all)" else str(row["decision"])),
            Cell(number(row["n_items"])),
            Cell(_change(row["served_change"], 0)),
            Cell(money(row["stock_value_change"], currency)),
            Cell(_change(row.get("orders_change"), 1)),
        ]
        for row in rows
    ]
    return Table("What each list changes", header, body, frozenset({len(body) - 1}))


def _lists(manifest: Mapping[str, Any], table: pd.DataFrame, held: pd.DataFrame | None) -> list[Section]:
    """A section per list, those with the largest change of stock first."""
    currency = str(manifest.get("currency") or "")
    out = []
    for name, word, text in _LISTS[:3]:
        own = table[table["decision"] == name]
        if own.empty:
            continue
        order = own["stock_value_change"].abs().sort_values(ascending=False, kind="stable").index
        rows = records(own.loc[order[:_MOST_ROWS]])
        why = _reasons(held) if name == "hold back" else []
        blocks: list[Any] = [
            Text(text),
            *why,
            _rows(rows[:_MOST_OPEN], word, currency),
        ]
        if len(rows) > _MOST_OPEN:
            more = _rows(rows[_MOST_OPEN:], f"{word}, further", currency)
            blocks.append(Folded(f"{len(rows) - _MOST_OPEN} more", [more]))
        if len(own) > len(rows):
            blocks.append(Text(f"{len(own) - len(rows):,} more are in results/gate.csv.", "note"))
        place = name.replace(" ", "-")
        out.append(Section(place, word, f"{word}: {len(own):,} SKU-locations", blocks, ITEMS))
    return out


def _reasons(held: pd.DataFrame | None) -> list[Table]:
    """How often each reason holds back; nothing of a run that did not count it (up to 0.2.0)."""
    if held is None or held.empty:
        return []
    body = [[Cell(str(row["reason"])), Cell(number(row["n_items"]))] for row in records(held)]
    return [Table("Why", ["Reason", "SKU-locations"], body)]


def _rows(rows: list[dict[str, Any]], title: str, currency: str) -> Table:
    header = ["SKU, location", "segment", "fill rate now", "proposed", "stock value now", "proposed"]
    header += ["orders a year", "chance that it serves less", "why"]
    body = [
        [
            Cell(str(row["sku"]), str(row["location"] or "")),
            Cell(str(row["segment"]), prose=True),
            Cell(percent(row["service_now"], 1)),
            Cell(percent(row["service"], 1)),
            Cell(money(row["stock_value_now"], currency)),
            Cell(money(row["stock_value"], currency)),
            Cell(_change(row["orders_change"], 1)),
            Cell(percent(row["worse"], 0)),
            Cell(str(row["reason"] or DASH), prose=True),
        ]
        for row in rows
    ]
    return Table(title, header, body)


def _waves(manifest: Mapping[str, Any], tables: Mapping[str, pd.DataFrame | None]) -> Section:
    currency, waves = str(manifest.get("currency") or ""), tables["waves"]
    assert waves is not None
    header = ["Wave", "begins in week", "SKU-locations", "go", "fill rate now", "after", "stock value change"]
    body = [
        [
            Cell(str(row["wave"])),
            Cell(number(row.get("starts_week"))),
            Cell(number(row["n_items"])),
            Cell(number(row.get("n_go"))),
            Cell(percent(row["service_now"], 1)),
            Cell(percent(row["service"], 1)),
            Cell(money(row["stock_value_change"], currency)),
        ]
        for row in records(waves)
    ]
    blocks: list[Any] = [Table("Capital and service of each wave", header, body)]
    cash = tables.get("waves_cash")
    if cash is not None:
        weeks = cash.groupby("week")[["purchases", "purchases_now"]].sum().reset_index()
        lines = [
            [
                Cell(number(row["week"])),
                Cell(money(row["purchases"], currency)),
                Cell(money(row["purchases_now"], currency)),
            ]
            for row in records(weeks)[:_WEEKS]
        ]
        title = "Cash needed week by week, all waves"
        blocks.append(Folded(title, [Table(title, ["Week", "purchases", "without the plan"], lines)]))
    return Section("waves", "Waves", "Waves", blocks, FINANCE)


FILES = (
    ("results/plan.csv", "the live plan: proposed where it goes, today's levels elsewhere"),
    ("results/gate.csv", "decision, reason and both sides of every SKU-location"),
    ("results/lists.parquet", "what each list changes"),
    ("figures/", "the chart as PNG and SVG"),
    ("manifest.json", "seeds, versions, hashes and times"),
)
