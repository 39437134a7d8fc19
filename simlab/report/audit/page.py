"""The page of an audit: asked, planned, achieved per segment, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from simlab.measures import ALL
from simlab.report.audit import charts, statements
from simlab.report.audit.tables import NEEDED, Account, accounts, apportion, causes, total
from simlab.report.kit.formats import DASH, is_number, number, percent, span, target
from simlab.report.kit.sheet import (
    Boxes,
    Cell,
    Drawing,
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
    small_picture,
)
from simlab.report.kit.shell import DECISION, SEGMENTS

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from simlab.run import RunFolder


COMMAND = "audit"
QUESTION = "Why is the service asked for not the service on the shelf?"
_STEP = 1e-4  # the last printed digit of a percentage with two decimals
_MOST_PANELS, _MOST_ROWS = 24, 300
_KEPT_FIGURES = "results/audit.csv"
Drawn = tuple[Picture, list[Picture]]


def render_audit(run: RunFolder) -> Path:
    """Write `report.html` and the waterfalls of an audit; one file, nothing is fetched.

    Raises
    ------
    InvalidInputError
        A table is damaged, lacks a column, or its lines do not add up.
    """
    from simlab.report.kit.reading import REPORT, read_named

    tables = read_named(run, {"audit": NEEDED, "quality": ()}, ("quality",))
    found = accounts(tables["audit"])
    drawn: dict[str, Drawn] = {}
    written = []
    for place, (policy, some) in enumerate(found.items(), start=1):
        pictures, paths = draw(run, _drawings(place, some))
        written += paths
        if pictures:
            drawn[policy] = (pictures[f"waterfall_{place}"], list(_panels(place, some)))
    sections = _sections(run.manifest, found, drawn, tables.get("quality"))
    page = run.write_text(REPORT, sheet_html(QUESTION, run.manifest, _n_items(found), sections))
    run.register([*written, page])
    return page


def _n_items(found: dict[str, list[Account]]) -> int:
    return next((total(some).n_items for some in found.values()), 0)


def _known(some: Sequence[Account]) -> list[Account]:
    """Accounts of segments where something was demanded, the largest loss first, few enough to draw."""
    known = [one for one in some if one.segment != ALL and is_number(one.change)]
    return sorted(known, key=lambda one: one.change)[:_MOST_PANELS]


def _drawings(place: int, some: Sequence[Account]) -> dict[str, Drawing]:
    whole, parts = total(some), _known(some)
    if not is_number(whole.change):
        return {}
    reach = charts.window([whole, *parts])

    def overview(width: int) -> Any:
        return charts.waterfall(whole, reach, width=width)

    def every(width: int) -> Any:
        return charts.waterfalls([whole, *parts], reach, width=width // 2)

    name = statements.policy_name(whole.policy)
    found = {f"waterfall_{place}": Drawing(f"{name}, all segments: {_told(whole)}", overview)}
    if parts:
        title = f"{name}: a waterfall per segment"
        found[f"waterfalls_{place}"] = Drawing(title, every, on_page=False)
    return found


def _panels(place: int, some: Sequence[Account]) -> Iterator[Picture]:
    parts = _known(some)
    reach = charts.window([total(some), *parts])
    for number_of, one in enumerate(parts, start=1):
        make = partial(_narrow, one, reach)
        title = f"{one.name}: {_told(one)}"
        heading = f"{one.name}: {percent(one.planned)} → {percent(one.fill[0])}"
        yield small_picture(f"panel-{place}-{number_of}", Drawing(title, make, heading))


def _narrow(account: Account, reach: float, width: int) -> Any:
    return charts.waterfall(account, reach, width=width)


def _told(account: Account) -> str:
    return (
        f"planned {percent(account.planned)}, achieved {percent(account.fill[0])}; "
        f"{statements.because(account)}"
    )


def _sections(
    manifest: dict[str, Any],
    found: dict[str, list[Account]],
    drawn: dict[str, Drawn],
    quality: pd.DataFrame | None,
) -> list[Section]:
    from simlab.report.kit import method as closing

    level = float(manifest.get("level") or 0.95)
    said = [statements.verdict(some, level) for some in found.values()]
    note = (
        "We correct one assumption of the formula at a time, on the same random demand, and see how service "
        "changes; the levels stay as the formula set them."
    )
    blocks = [Says(said[0]), Boxes(said[1:])] if said else []
    sections = [Section("verdict", "Verdict", "", [*blocks, Text(note, "note")], DECISION)]
    for place, (policy, some) in enumerate(found.items(), start=1):
        sections += _policy(place, some, drawn.get(policy), level)
    return [*sections, _switches(found, level), *closing.sections(manifest, quality, FILES)]


def _policy(place: int, some: Sequence[Account], drawn: Drawn | None, level: float) -> list[Section]:
    """All segments together, the first policy on the first tab; then segment by segment."""
    whole = total(some)
    name = statements.policy_name(whole.policy)
    shown = [one for one in some if one.segment != ALL][:_MOST_ROWS]
    cut = len(some) - 1 - len(shown)
    blocks: list[Any] = [asked_table(name, [*shown, whole]), Text(_MARKS, "note")]
    if cut > 0:
        blocks.append(Text(f"{cut} more segments are in {_KEPT_FIGURES}.", "note"))
    if drawn is not None:
        blocks += [Heading("From planned to achieved, all segments"), Pictures([drawn[0]])]
    blocks.append(total_table(name, whole, level))
    menu = {"targets": "Targets", "habit": "Habit"}.get(whole.policy, whole.policy)
    first = Section(f"policy-{place}", menu, name, blocks, DECISION if place == 1 else SEGMENTS)
    title = f"{name}, segment by segment"
    every = _by_segment(name, [*shown, whole], [] if drawn is None else drawn[1], len(some) - 1)
    return [first, Section(f"segments-{place}", f"{menu} by segment", title, every, SEGMENTS)]


def _by_segment(name: str, shown: Sequence[Account], panels: Sequence[Picture], n_segments: int) -> list[Any]:
    """A waterfall per segment, and their lines in figures."""
    blocks: list[Any] = []
    if panels:
        left_out = n_segments - len(panels)
        blocks.append(Pictures(panels, columns=True))
        blocks.append(Text(_PANELS + (f" {left_out} more are in the table." if left_out else ""), "note"))
    return [
        *blocks,
        Heading("The lines"),
        lines_table(f"{name}: lines", shown),
        Text(_SUMS, "note"),
    ]


_MARKS = (
    "✓ served at least what was asked · ✗ less · ≈ too close to call. Planned: what the formula expects at "
    "its own levels. – nothing demanded, or no single target."
)
_PANELS = (
    "The largest loss first. All panels have the same scale: a bar of the same length is the same number of "
    "points."
)
_SUMS = (
    "Points of fill rate (share of units demanded). Planned plus the lines is achieved, exactly; printed "
    "lines are rounded so that they add up as printed."
)


def asked_table(name: str, some: Sequence[Account]) -> Table:
    """Asked, planned and achieved, one row per segment, the total last."""
    measure = statements.MEASURES.get(some[0].measure, some[0].measure)
    header = ["Segment", "SKU-locations", f"{measure} asked", "fill rate planned", "fill rate achieved"]
    header += ["cycle service achieved", "achieved less planned, points", "largest cause"]
    rows = [
        [
            Cell(one.name),
            Cell(number(one.n_items)),
            Cell(target(one.asked)),
            Cell(percent(one.planned)),
            _achieved(one, one.fill, "fill_rate"),
            _achieved(one, one.cycle, "cycle_service_level"),
            Cell(statements.points(one.change, signed=True)),
            Cell(statements.largest(one) or DASH, prose=True),
        ]
        for one in some
    ]
    return Table(f"{name}: asked, planned, achieved", header, rows, frozenset({len(rows) - 1}))


def _achieved(one: Account, estimate: tuple[float, float, float], measure: str) -> Cell:
    value, low, high = estimate
    mark = one.state if one.measure == measure and one.state != "none" else ""
    return Cell(percent(value), span(low, high, percent), mark)


def lines_table(title: str, some: Sequence[Account]) -> Table:
    """Planned, a column per cause, achieved: in every row the printed figures add up."""
    columns = causes(some)
    header = ["Segment", "planned", *(line.what for line in columns), "achieved"]
    rows = []
    for one in some:
        steps = dict(zip((line.cause for line in one.lines), printed(one), strict=True))
        cells = [Cell(_signed(steps.get(line.cause)), heat=_heat(one, line.cause)) for line in columns]
        rows.append([Cell(one.name), Cell(percent(one.planned)), *cells, Cell(percent(one.fill[0]))])
    return Table(title, header, rows, frozenset({len(rows) - 1}))


def printed(account: Account) -> list[int | None]:
    """Lines in hundredths of a point that add up to the printed achieved less the printed planned."""
    if not is_number(account.change):
        return [None] * len(account.lines)
    whole = round(account.fill[0] / _STEP) - round(account.planned / _STEP)
    return list(apportion([line.change for line in account.lines], whole, _STEP))


def _signed(step: int | None) -> str:
    if step is None:
        return DASH
    return f"+{number(step / 100, 2)}" if step > 0 else number(step / 100, 2)


def _heat(account: Account, cause: str) -> float | None:
    """Shade of what is lost; 10 points are the darkest."""
    lost = [-line.change for line in account.lines if line.cause == cause]
    return min(1.0, lost[0] * 10) if lost and is_number(lost[0]) and lost[0] >= _STEP else None


def total_table(name: str, whole: Account, level: float) -> Table:
    """The lines of all segments together, with intervals and units, the largest first."""
    rows = []
    for line in whole.ranked:
        ends = span(line.low, line.high, statements.points)
        error = f"± {number(200 * line.error, 2)}" if line.error > 0 else ""
        rows.append(
            [
                Cell(line.what),
                Cell(statements.points(line.change, signed=True), " · ".join(x for x in (ends, error) if x)),
                Cell(number(line.units)),
                Cell(line.edit or "what the formula's own rounding and approximations leave", prose=True),
            ]
        )
    ends = f"points of fill ({percent(level, 0)} interval)"
    header = ["Cause, all segments", ends, "units served a year", "from the formula's world to the real one"]
    return Table(f"{name}: causes", header, rows)


def _switches(found: dict[str, list[Account]], level: float) -> Section:
    """What the intervals cover, and whether orders of switches were drawn."""
    drawn = any(line.error > 0 for some in found.values() for one in some for line in one.lines)
    lines = [
        f"{percent(level, 0)} intervals cover the chance in demand and lead times, the fitted laws taken as "
        "true; each holds for its own number only.",
        "They do not cover whether the fitted laws are right, nor changes to come.",
        "The account is of fill rate, because units add up; cycle service stands beside it.",
        "What an assumption costs depends on the others: its line is the mean effect over the orders of "
        "switching (Shapley), in units served.",
    ]
    if drawn:
        lines.append("Above seven assumptions, orders are drawn: ± is twice the standard error of drawing.")
    return Section("sure", "How sure", "How sure we are, and of what", [Listing(lines)])


FILES = (
    ("results/audit.parquet", "every line of every segment, with intervals and units"),
    ("results/audit.csv", "the same as CSV"),
    ("figures/", "waterfalls as SVG and PNG, their data as CSV"),
    ("quality.parquet", "the account of the rows read"),
    ("study.toml", "the study as given"),
    ("manifest.json", "seeds, versions, hashes and times"),
)
