"""The researcher's page: a contest of segmentation schemes, from its run folder alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from simlab.measures.words import scheme_title
from simlab.report.contest import statements
from simlab.report.contest.charts import drawings
from simlab.report.contest.sorting import both_names, classes_section, rules_section, scheme_cell
from simlab.report.contest.tables import (
    NEEDED,
    OPTIONAL,
    SERVICES,
    ContestTables,
    Row,
)
from simlab.report.kit import formats
from simlab.report.kit.formats import DASH, in_signs, is_number, money, number, percent, span, target
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import (
    Boxes,
    Cell,
    Folded,
    Heading,
    Listing,
    Picture,
    Pictures,
    Says,
    Section,
    Table,
    Text,
    draw,
    sheet_html,
)
from simlab.report.kit.shell import DECISION, FINANCE, METHOD

if TYPE_CHECKING:
    from pathlib import Path

    from simlab.run import RunFolder


COMMAND = "compare schemes"
QUESTION = "Which segmentation is worth its rules?"
_MOST_PAIRS = 300
_one = partial(percent, digits=1)
Drawn = Mapping[str, Picture]


def render_contest(run: RunFolder) -> Path:
    """Write `report.html` and the figures of a contest; one file, nothing is fetched.

    Raises
    ------
    InvalidInputError
        A table is damaged or lacks a column.
    """
    from simlab.report.kit.reading import REPORT, read_named

    found = ContestTables(run.manifest, read_named(run, NEEDED, OPTIONAL))
    pictures, written = draw(run, drawings(found))
    n_items = int(run.manifest.get("n_items") or 0)
    page = run.write_text(REPORT, sheet_html(QUESTION, run.manifest, n_items, sections(found, pictures)))
    run.register([*written, page])
    return page


def sections(found: ContestTables, pictures: Drawn) -> list[Section]:
    """The page from the verdict to the files; sections without a table are left out."""
    from simlab.report.kit import method as closing

    made = [
        _verdict(found, pictures),
        Section("schemes", "Schemes", "Schemes at the same service", _schemes(found, pictures), DECISION),
        _curves(found, pictures),
        rules_section(found, pictures),
        classes_section(found, pictures),
        _service(found),
        _ranks(found, pictures),
        _sure(found),
        _said(found),
    ]
    last = closing.sections(found.manifest, found.tables.get("quality"), FILES)
    return [*(section for section in made if section is not None), *last]


def _verdict(found: ContestTables, pictures: Drawn) -> Section:
    blocks: list[Any] = [Says(statements.headline(found)), Boxes(statements.boxes(found))]
    if "differences" in pictures:
        title = f"What each scheme costs over the cheapest{statements.deciding(found).by}"
        blocks += [Heading(title), Pictures([pictures["differences"]])]
        text = (
            f"Random error for all pairs together at {percent(found.level, 0)}. Grey ticks: random groupings "
            "of the same sizes; a scheme among its ticks does no better than chance."
        )
        blocks.append(Text(text, "note"))
    return Section("verdict", "Verdict", "", blocks, DECISION)


def _said(found: ContestTables) -> Section | None:
    """What the command printed."""
    said = [in_signs(str(text), found.currency) for text in found.manifest.get("statements") or ()]
    title = "The outcome in the command's own sentences"
    return Section("sentences", "Sentences", title, [Listing(said)], METHOD) if said else None


def _schemes(found: ContestTables, pictures: Drawn) -> list[Any]:
    blocks: list[Any] = [standings_table(found)]
    capital = money(found.manifest.get("capital"), found.currency)
    by = statements.deciding(found)
    mark = (
        f"✓ may be the best{by.by}"
        if by.tick == "good"
        else f"≈ may be the best{by.by}; other weights disagree"
    )
    note = (
        f"{mark}, all schemes together · ✗ no better than chance{by.by}. Over the best targets: what any "
        "sorting with as many targets leaves open. Items to explain: those not at the plan's commonest "
        f"target. Equal capital: a mean inventory value of {capital}."
    )
    blocks.append(Text(note, "note"))
    if (weights := weights_table(found)) is not None:
        blocks += [Heading("The same plans by every weight"), weights]
        text = (
            "The first column chose the plans; the others read them, held fixed, at what one target serves."
        )
        blocks.append(Text(text, "note"))
    left_out = records(found.tables.get("left_out"))
    if left_out:
        blocks += [Heading("Could not take part")]
        blocks.append(Listing([f"{both_names(str(row['scheme']))}: {row['reason']}" for row in left_out]))
    return blocks


def _curves(found: ContestTables, pictures: Drawn) -> Section | None:
    """Cost against service, a line per scheme, and what each costs at every service asked."""
    blocks: list[Any] = []
    if "frontiers_by_scheme" in pictures:
        text = (
            "Each dot is a plan, re-tested on fresh demand; dotted: the service compared. The "
            "per-SKU plan plans every SKU-location for itself: what no scheme should undercut."
        )
        blocks += [Pictures([pictures["frontiers_by_scheme"]]), Text(text, "note")]
    if len(found.fills) > 1:
        blocks += [Heading("At every service asked"), floors_table(found)]
    title = "What each scheme costs over a target per SKU"
    return Section("curves", "Curves", title, blocks, FINANCE) if blocks else None


def standings_table(found: ContestTables) -> Table:
    """One row per scheme at the deciding floor, the cheapest first."""
    header = ["Scheme", "classes", "holding cost a year", "over the per-SKU plan", "against one class"]
    header += ["over the best targets, any sorting", "beats chance", "different targets"]
    header += ["items to explain", "service at equal capital"]
    rows = [_standing(row, found) for row in found.standings]
    return Table(f"Schemes at {target(found.fill)} of {found.counted}", header, rows)


def weights_table(found: ContestTables) -> Table | None:
    """The same plans by every weight, against one target for all."""
    table = found.tables.get("scheme_weights")
    if table is None or table.empty:
        return None
    by = {(row["scheme"], row["judged_by"]): row for row in records(table)}
    names = list(dict.fromkeys(table["judged_by"]))
    rows = [
        [scheme_cell(one["scheme"]), *(_weight_cell(by.get((one["scheme"], name))) for name in names)]
        for one in found.standings
    ]
    header = ["Against one target for all", *(f"at the same {SERVICES.get(name, name)}" for name in names)]
    return Table("The same plans by every weight", header, rows)


def _weight_cell(row: Row | None) -> Cell:
    if row is None or not is_number(row["percent_vs_one_class"]):
        return Cell(DASH)
    ends = span(row.get("percent_vs_one_class_low"), row.get("percent_vs_one_class_high"), _one)
    return Cell(_one(row["percent_vs_one_class"]), ends)


def _standing(row: Row, found: ContestTables) -> list[Cell]:
    def cash(value: float) -> str:
        return money(value, found.currency)

    def cell(name: str, show: Any) -> Cell:
        value, low, high = (row.get(f"{name}{end}") for end in ("", "_low", "_high"))
        return Cell(show(value), span(low, high, show) if is_number(value) else "")

    known = is_number(row["control_share"])
    beats = Cell("yes" if row["beats_random"] else "no", "", "" if row["beats_random"] else "bad")
    return [
        scheme_cell(row["scheme"], _best_mark(row, found)),
        Cell(number(row["n_segments"])),
        cell("holding_cost", cash),
        cell("percent_vs_per_sku", _one),
        cell("percent_vs_one_class", _one),
        cell("percent_vs_free", _one),
        beats if known else Cell(DASH),
        Cell(number(row["n_targets"])),
        Cell(percent(row["explained"], 0)),
        cell("fill_at_capital", percent),
    ]


def _best_mark(row: Row, found: ContestTables) -> str:
    """Where a scheme may be the best; no tick where other weights do not show that it costs less."""
    may = row.get("may_be_best") and is_number(row.get("holding_cost"))
    return statements.deciding(found).tick if may else ""


def floors_table(found: ContestTables) -> Table:
    """Price of segmentation of every scheme at every floor."""
    table = found.tables["tournament"]
    by = {(row["scheme"], row["at_fill"]): row for row in records(table)}
    fills = list(dict.fromkeys(table["at_fill"]))
    rows = []
    for one in found.standings:
        cells = [scheme_cell(one["scheme"])]
        for fill in fills:
            row = by.get((one["scheme"], fill), {})
            ends = (row.get("percent_vs_per_sku_low"), row.get("percent_vs_per_sku_high"))
            cells.append(Cell(_one(row.get("percent_vs_per_sku")), span(*ends, _one), _best_mark(row, found)))
        rows.append(cells)
    header = ["Scheme", *(f"over the per-SKU plan at {target(fill)}" for fill in fills)]
    return Table("Price of segmentation at every service asked", header, rows)


def _service(found: ContestTables) -> Section | None:
    regret = found.tables["regret"]
    if regret.empty:
        return None
    name = str(regret["scheme"].iloc[0]) if "scheme" in regret else str(found.winner["scheme"])
    text = (
        f"Plans of {scheme_title(name)} made for one definition of service at {target(found.fill)}, judged "
        "by another: the share of its holding cost that a plan made for the judge would save at the same "
        "level. Below it, what the plan reaches. – the judge's plans do not span that level."
    )
    blocks = [Text(text, "lead"), regret_table(found)]
    return Section("service", "Service", "If another definition of service counts", blocks)


def regret_table(found: ContestTables) -> Table:
    """Made for (rows) against judged by (columns); the darker, the more is wasted."""
    regret = found.tables["regret"]
    by = {(row["made_for"], row["judged_by"]): row for row in records(regret)}
    made, judges = (list(dict.fromkeys(regret[column])) for column in ("made_for", "judged_by"))
    most = max([row["regret"] for row in by.values() if is_number(row["regret"])], default=0.0)
    rows = [
        [Cell(SERVICES.get(one, one)), *(_regret_cell(by.get((one, judge)), most) for judge in judges)]
        for one in made
    ]
    header = ["made for \\ judged by", *(SERVICES.get(judge, judge) for judge in judges)]
    return Table("Regret between definitions of service", header, rows, heat=True)


def _regret_cell(row: Row | None, most: float) -> Cell:
    if row is None:
        return Cell(DASH)
    value = row["regret"]
    heat = max(0.0, value / most) if is_number(value) and most > 0 else None
    reached = f"reaches {percent(row['achieved'], 1)}" if is_number(row["achieved"]) else ""
    return Cell(_one(value + 0.0) if is_number(value) else DASH, reached, heat=heat)


def _ranks(found: ContestTables, pictures: Drawn) -> Section | None:
    if "ranks" not in pictures:
        return None
    note = (
        "Circles: the larger, the more resampled catalogues on which the scheme takes that rank "
        "(SKU-locations drawn with replacement, targets searched anew). "
        "Diamonds: repeated with other random demand, searched and judged anew."
    )
    blocks = [Pictures([pictures["ranks"]]), Text(note, "note"), ranks_table(found)]
    return Section("stability", "Stability", "Does the order hold elsewhere?", blocks)


def ranks_table(found: ContestTables) -> Table:
    """Rank here, and the range of ranks and share of first places elsewhere."""
    table = found.tables["stability"]
    parts = [of for of in ("seed", "catalogue") if (table["of"] == of).any()]
    names = {"seed": "repeats", "catalogue": "resampled catalogues"}
    rows = []
    for row in found.standings:
        cells = [scheme_cell(row["scheme"]), Cell(number(row["rank"]))]
        for of in parts:
            ranks = table[(table["of"] == of) & (table["scheme"] == row["scheme"])]["rank"]
            low, high = (ranks.min(), ranks.max()) if len(ranks) else (None, None)
            ends = number(low) if low == high else span(low, high, number)
            first = percent((ranks == 1).mean(), 0) if len(ranks) else DASH
            cells += [Cell(ends), Cell(first)]
        rows.append(cells)
    header = ["Scheme", "rank here"]
    for of in parts:
        header += [f"ranks on {names[of]}", f"first on {names[of]}"]
    return Table("Ranks elsewhere", header, rows)


def _sure(found: ContestTables) -> Section:
    said = found.manifest.get("intervals") or {}
    notes = list(said.get("notes") or ()) if isinstance(said, dict) else [str(said)]
    blocks: list[Any] = [Listing([str(text) for text in (*notes, *(found.manifest.get("notes") or ()))])]
    blocks.append(
        Text(
            "They do not cover whether the fitted laws are right, nor changes to come. Sizes of savings do "
            "not transfer from one catalogue to another."
        )
    )
    if lost := list(turned(found)):
        blocks += [Heading("Pairs that repeats leave in doubt"), Listing(lost)]
    if len(found.at("pairs")):
        blocks.append(Folded("Every pair", [pairs_table(found)]))
    return Section("sure", "How sure", "How sure we are, and of what", blocks)


def turned(found: ContestTables) -> list[str]:
    """Pairs that did not hold on every further seed."""
    lines = []
    for row in records(found.at("pairs")):
        pair = f"{scheme_title(row['a'])} against {scheme_title(row['b'])}"
        lost = row.get("not_told_apart_on") or 0
        if row["sign_changes"]:
            lines.append(f"{pair}: the sign changes when repeated")
        elif lost:
            lines.append(f"{pair}: too close to call in {number(lost)} repeat{'s' if lost > 1 else ''}")
    return lines


def pairs_table(found: ContestTables) -> Table:
    """Every pair: difference with its simultaneous interval, and whether it is distinguishable."""
    rows = [
        [
            Cell(f"{scheme_title(row['a'])} – {scheme_title(row['b'])}"),
            Cell(_one(row["percent"]), span(row["percent_low"], row["percent_high"], _one)),
            Cell("distinguishable" if row["told_apart"] else "too close to call", prose=True),
        ]
        for row in records(found.at("pairs"))[:_MOST_PAIRS]
    ]
    title = f"First less second, holding cost at {formats.target(found.fill)} of {found.counted}"
    return Table(title, ["Pair", "difference", "so"], rows)


FILES = (
    ("results/tournament.parquet", "every scheme at every floor, with intervals and rule"),
    ("results/pairs.parquet", "every pair of schemes, intervals for all together"),
    ("results/controls.parquet", "random partitions of the same class sizes"),
    ("results/classes.parquet", "price against the number of classes"),
    ("results/free_classes.parquet", "best targets with any sorting: the bound"),
    ("results/scheme_weights.parquet", "the same plans by every weight of service"),
    ("results/regret.parquet", "plans made for one service, judged by another"),
    ("results/stability.parquet", "ranks when repeated and with resampled catalogues"),
    ("results/scheme_segments.parquet", "segments of every scheme, with targets and service"),
    ("figures/", "charts as SVG and PNG, their data as CSV"),
    ("quality.parquet", "the account of the rows read"),
    ("study.toml", "the study as given"),
    ("manifest.json", "seeds, versions, hashes and times"),
)
