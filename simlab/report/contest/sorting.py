"""How the schemes of a contest sort SKU-locations, and into how many classes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from simlab.measures.words import scheme_title
from simlab.report.contest import statements
from simlab.report.contest.rule_tree import learned_rules
from simlab.report.contest.tables import ContestTables, Row, segments_matrix, segments_table
from simlab.report.kit.formats import DASH, percent, span
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import Cell, Folded, Listing, Picture, Pictures, Section, Table, Text
from simlab.report.kit.shell import SEGMENTS

_one = partial(percent, digits=1)
Drawn = Mapping[str, Picture]


def scheme_cell(name: object, mark: str = "") -> Cell:
    """A scheme in words; what a study calls it in small print."""
    title = scheme_title(str(name))
    return Cell(title, "" if title == name else str(name), mark)


def both_names(name: str) -> str:
    """A scheme in words, and as a study calls it."""
    title = scheme_title(name)
    return title if title == name else f"{title} ({name})"


def rules_section(found: ContestTables, pictures: Drawn) -> Section:
    """How schemes sort: the winner's rule and segments open, the others behind their names."""
    blocks: list[Any] = []
    trees = {scheme: pictures[name] for name, scheme in learned_rules(found).items() if name in pictures}
    for row in found.standings:
        inner: list[Any] = [Pictures([trees[row["scheme"]]])] if row["scheme"] in trees else []
        inner += [Listing(rule_lines(row, found), code=True)]
        if (matrix := segments_matrix(found, str(row["scheme"]))) is not None:
            inner.append(matrix)
        if (table := segments_table(found, str(row["scheme"]))) is not None:
            inner.append(table)
        is_open = row["scheme"] == found.winner["scheme"]
        blocks.append(Folded(both_names(str(row["scheme"])), inner, is_open))
    return Section("rules", "Rules", "How the schemes sort", blocks, SEGMENTS)


def rule_lines(row: Row, found: ContestTables) -> list[str]:
    """The rule of a scheme as one line per class or attribute."""
    classes = {f"{one['segment']} where {one['where']}": None for one in found.learned(str(row["scheme"]))}
    return [*classes] or str(row["rule"]).splitlines() or [str(row["rule"])]


def classes_section(found: ContestTables, pictures: Drawn) -> Section | None:
    if "price_by_classes" not in pictures:
        return None
    note = (
        "Rings: the recommended number of classes, with the cost per class that was given. Dashed: the best "
        "targets with any sorting; no scheme of as many classes can do better. "
        "Random: classes drawn by lot."
    )
    blocks = [Pictures([pictures["price_by_classes"]]), Text(note, "note"), classes_table(found)]
    by = statements.deciding(found).by
    marks = f"✓ recommended{by} · ✗ over-segmented: the gain over fewer classes is in the sample only."
    return Section("classes", "How many", "How many classes", [*blocks, Text(marks, "note")], SEGMENTS)


def classes_table(found: ContestTables) -> Table:
    """Price over the per-SKU plan by scheme and number of classes."""
    table = found.tables["classes"]
    ks = sorted({int(k) for k in table["classes"]})
    by = {(row["scheme"], int(row["classes"])): row for row in records(table)}
    order = [row["scheme"] for row in found.standings]
    names = [name for name in order if name in set(table["scheme"])]
    names += [name for name in dict.fromkeys(table["scheme"]) if name not in names]
    rows = [[scheme_cell(name), *(_class_cell(by.get((name, k))) for k in ks)] for name in names]
    bound = {int(row["classes"]): row for row in records(found.at("free_classes"))}
    if bound:
        rows.append([Cell("best targets, any sorting"), *(_class_cell(bound.get(k)) for k in ks)])
    header = ["Over the per-SKU plan", *(statements.classes(k) for k in ks)]
    totals = frozenset({len(rows) - 1}) if bound else frozenset[int]()
    return Table("Price of segmentation by number of classes", header, rows, totals)


def _class_cell(row: Row | None) -> Cell:
    if row is None:
        return Cell(DASH)
    mark = "good" if row.get("recommended") else "bad" if row.get("gain_vanishes") else ""
    ends = span(row.get("percent_vs_per_sku_low"), row.get("percent_vs_per_sku_high"), _one)
    return Cell(_one(row["percent_vs_per_sku"]), ends, mark)
