"""How the run was computed, what its intervals cover, and what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from simlab.register.families import POLICY_FAMILIES
from simlab.report.kit.formats import DASH, is_number, money, number, percent
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import Cell, Facts, Heading, Listing, Section, Table, Text
from simlab.report.kit.shell import METHOD

_FAMILY_TEXTS = {family.name: family.text for family in POLICY_FAMILIES}

CERTIFICATES = {
    "exact": "certified in whole numbers",
    "solver": "certified by the solver",
    "epsilon": "within ε of their bound",
    "bound": "bounded",
    "listed": "listed",
}
"""Certificates of frontier points, in a word or two."""
COVERS = (
    "the chance in demand and lead times, with the fitted laws taken as true (simulation intervals)",
    "a fresh seed: the plan was chosen on other random numbers than those it is judged on here",
    "pairing: differences between plans are taken replication by replication on the same demand",
)
MODEL = (
    "those marked “model”: also the parameters of the demand laws, as far as each history leaves them open; "
    "the simulation intervals do not"
)
COVERS_NOT = (
    "whether the fitted laws are right: estimation error, trend, season, dependence between periods or SKUs",
    "changes to come: new products, price changes, suppliers that get better or worse",
    "how the plan is carried out: overrides, data errors, capacity",
    "all rows at once: each interval holds for its own number only",
)
CHOSEN_HERE = (
    "a choice: if these targets were picked because they looked best on this seed, they look too good"
)
FILES = (
    ("results/plan.csv", "levels per SKU-location, proposed beside today's, for people and for imports"),
    ("results/plan.parquet", "the same as a typed table"),
    ("results/items.parquet", "laws, reasons and achieved service per SKU-location"),
    ("results/segments.parquet", "every measure by plan, sample and segment, with intervals"),
    ("results/frontier.parquet", "every point of the frontier with its targets and certificate"),
    ("results/verdict.parquet", "comparisons at equal fill"),
    ("results/curves.parquet", "integer sums per SKU-location and target, to re-segment without simulating"),
    ("quality.parquet", "the account of the rows read"),
    ("report.xlsx", "this page as a workbook: today beside proposed, all SKU-locations"),
    ("figures/", "the charts as PNG and SVG"),
    ("study.toml", "the study as given"),
    ("manifest.json", "seeds, versions, hashes and times"),
)
Fact = tuple[str, str]
Manifest = dict[str, Any]


def facts(manifest: Manifest) -> list[Fact]:
    """Label and text of everything that made these numbers, in reading order."""
    m, period = manifest, str(manifest.get("period") or "period")
    policy, seeds = m.get("policy") or {}, m.get("seeds") or {}
    found: list[Fact | None] = [
        _fact("Policy", _FAMILY_TEXTS.get(str(policy.get("family")), policy.get("family"))),
        _fact("Planning", _planning(policy)),
        _fact("Segments", m.get("segment_rule") or ", ".join(m.get("by") or ())),
        _fact("Counted", m.get("periods"), f"{period}s, after a warm-up of {_warmup(m, period)}"),
        _fact("Replications", _replications(m)),
        _fact("Frontier", _frontier(m.get("frontier"))),
        _fact("Batches", m.get("batches")),
        _fact("Evaluator", _listing(m.get("evaluator"))),
        _fact("Seeds", _listing(seeds, grouped=False)),
        _fact("Data up to", m.get("as_of")),
        _fact("Finished", str(m.get("finished", ""))[:19].replace("T", " "), "UTC"),
        _fact("Versions", _listing(m.get("environment"))),
        _fact("Kernels", _short(m.get("kernel_hash"))),
        _fact("Tables", _short(m.get("table_hash"))),
    ]
    return [fact for fact in found if fact]


def inputs(manifest: Manifest) -> list[Fact]:
    """Input files and the beginning of their SHA-256."""
    listed = manifest.get("inputs") or {}
    return [(str(name), _short(_hash_of(entry))) for name, entry in listed.items()]


def coverage(manifest: Manifest, *, fresh: bool) -> dict[str, Any]:
    """What the intervals cover and what they do not, and the run's own notes.

    `fresh`: the figures come from a seed that chose nothing.
    """
    said = manifest.get("intervals")
    model = isinstance(said, dict) and said.get("also") == "model"
    notes = [said] if isinstance(said, str) else []
    covers = COVERS if fresh else COVERS[:1]
    return {
        "level": percent(float(manifest.get("level") or 0.95), 0),
        "model": model,
        "covers": (covers[0], MODEL, *covers[1:]) if model else covers,
        "covers_not": COVERS_NOT if fresh else (*COVERS_NOT, CHOSEN_HERE),
        "notes": [*notes, *(manifest.get("notes") or ())],
    }


def files(present: set[str]) -> list[Fact]:
    """The files of the run that a reader may want."""
    return [(name, what) for name, what in FILES if any(p.startswith(name) for p in present)]


def _fact(label: str, value: object, unit: str = "") -> Fact | None:
    if value is None or value == "":
        return None
    return (label, f"{value} {unit}".strip())


def _planning(policy: dict[str, Any]) -> str:
    kind, measure = policy.get("planning"), str(policy.get("target_measure", "")).replace("_", " ")
    if not kind or policy.get("family") == "given":
        return ""
    if kind == "optimal":
        return (
            "least holding, ordering and shortage cost; a target t prices a unit owed at h·t/(1 − t) a period"
        )
    formula = "exact formula" if kind == "exact" else "textbook normal formula" if kind == "normal" else kind
    return f"{formula}; a target asks for a {measure}" if measure else str(formula)


def _replications(manifest: dict[str, Any]) -> str:
    search, verdict = manifest.get("replications"), manifest.get("verdict_replications")
    if search is None:
        return ""
    text = f"{number(search)} to choose"
    return f"{text}, {number(verdict)} to judge" if verdict else text


def _warmup(manifest: dict[str, Any], period: str) -> str:
    rule = manifest.get("warmup_rule")
    length = f"{manifest.get('warmup', DASH)} {period}s"
    return f"{length} ({rule})" if rule else length


def _frontier(facts: dict[str, Any] | None) -> str:
    if not facts:
        return ""
    n, shown = facts.get("n_points"), facts.get("n_shown")
    gap = facts.get("largest_fill_gap")
    text = f"{number(n)} plans, {number(shown)} kept"
    if is_number(gap):
        text += f"; neighbours lie at most {number(100 * gap, 2)} points of fill apart"
    between = facts.get("largest_gap_between")
    if is_number(between):
        text += f", and a plan between two of them costs at most {percent(between)} less than the upper one"
    kinds = facts.get("points")
    if isinstance(kinds, dict):
        counted = [f"{number(count)} {CERTIFICATES.get(kind, kind)}" for kind, count in kinds.items()]
        text += f"; {', '.join(counted)}"
    return text


def _listing(value: object, *, grouped: bool = True) -> str:
    if not isinstance(value, dict):
        return "" if value is None else str(value)
    shown = [f"{key} {_plain(entry, grouped)}" for key, entry in value.items() if entry not in (None, 0, "")]
    return " · ".join(shown)


def _plain(value: object, grouped: bool) -> str:
    return number(value) if grouped and isinstance(value, int) else str(value)


def _hash_of(entry: object) -> object:
    return entry.get("sha256") if isinstance(entry, dict) else entry


def _short(digest: object) -> str:
    return f"{str(digest)[:16]}…" if digest else ""


def sections(manifest: Manifest, account: pd.DataFrame | None, files: Sequence[Fact]) -> list[Section]:
    """Data, method and files of a run that has neither items nor plans."""
    present = {*manifest.get("files", {}), "manifest.json", "figures/"}
    found = [(name, what) for name, what in files if any(path.startswith(name) for path in present)]
    return [
        Section("data", "Data", "Data read", [_quality(manifest, account)]),
        Section("how", "How it was computed", "How it was computed", _method(manifest), METHOD),
        Section(
            "files", "Files", "Files of this run", [Text("They lie beside this page."), Facts(found)], METHOD
        ),
    ]


def _quality(manifest: Manifest, account: pd.DataFrame | None) -> Table | Text:
    rows = quality(account, str(manifest.get("currency") or ""))
    if not rows:
        return Text("This run keeps no account of rows: its data did not come from files.")
    header = ["Table", "what", "became", "rows", "units", "value", "note"]
    prose = ("what", "status", "note")
    names = ("table", "what", "status", "rows", "units", "value", "note")
    return Table(
        "Every row that was read is in one of these lines",
        header,
        [[Cell(row[name], prose=name in prose) for name in names] for row in rows],
    )


def _method(manifest: Manifest) -> list[Any]:
    blocks: list[Any] = [Facts(facts(manifest))]
    if assumed := [str(text) for text in manifest.get("assumptions") or ()]:
        blocks += [Heading("Assumed"), Listing(assumed)]
    if hashes := inputs(manifest):
        blocks += [Heading("Input files (SHA-256)"), Facts(hashes)]
    return blocks


Row = dict[str, Any]


def quality(account: pd.DataFrame | None, currency: str) -> list[Row]:
    """The account of the rows read: used, repaired, refused, dropped."""
    if account is None:
        return []
    return [
        {
            **{key: str(row[key]) for key in ("table", "what", "status")},
            "rows": number(row["rows"]),
            "units": number(row["units"]),
            "value": money(row["value"], currency, digits=0),
            "note": str(row["note"]) if isinstance(row["note"], str) else "",
        }
        for row in records(account)
    ]
