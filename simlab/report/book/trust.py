"""Sheets of every workbook: can we believe it, how it was computed, and what stands where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from simlab.measures.words import TABS, WORDS, word
from simlab.report.book.sheet import Block, Sheet
from simlab.report.kit import method
from simlab.report.kit.formats import money_in
from simlab.report.kit.reading import plan_name
from simlab.run.statements import Statement

if TYPE_CHECKING:
    from simlab.run import RunFolder

_TAB = {tab.id: tab for tab in TABS}
README = "ReadMe"


def believe_sheet(
    manifest: Mapping[str, Any], told: Sequence[Statement], tables: Mapping[str, pd.DataFrame]
) -> Sheet:
    """The last periods replayed, levels to look at, the account of the rows, what is assumed."""
    tab, blocks = _TAB["believe"], list[Block]()
    held = tables.get("held_out")
    if held is not None:
        names = [one for one in _HELD if one in held]
        frame = held[names].assign(plan=[plan_name(str(one)) for one in held["plan"]])
        note = "laws, segments and levels made again before the cut, then replayed on what was sold"
        blocks.append(Block("held", "The last periods of the history, replayed", frame, note=note))
    look = tables.get("levels_to_look_at")
    if look is not None and len(look):
        blocks.append(Block("look", "Levels to look at before one signs", look, _LOOK_UNITS))
    quality = tables.get("quality")
    if quality is not None:
        blocks.append(Block("quality", "The account of the rows read", quality))
    assumed = manifest.get("assumptions") or ()
    if assumed:
        blocks.append(lines_block("assumed", "What is assumed", assumed))
    texts = tuple(one.line for one in told if one.group in ("replay", "levels"))
    return Sheet(tab.sheet, tab.what, tuple(blocks), texts)


_HELD = (
    *("plan", "segment", "n_items", "n_judged", "demand", "demand_expected", "demand_inside"),
    *("fill_rate", "fill_rate_expected", "fill_rate_low", "fill_rate_high", "fill_rate_inside"),
    *("value_rate", "value_rate_expected", "value_rate_inside"),
    *("inventory_value", "inventory_value_expected", "inventory_value_inside"),
)
_LOOK_UNITS: dict[str, Any] = {
    "share": "share",
    "largest_demand": "units",
    "on_hand": "units",
    "level": "units",
}


def lines_block(key: str, title: str, lines: Sequence[str]) -> Block:
    """Sentences, one per row."""
    frame = pd.DataFrame({"text": [str(one) for one in lines]})
    return Block(key, title, frame, {"text": "text"}, {"text": "In words"})


def pairs_block(key: str, title: str, pairs: Sequence[tuple[str, str]]) -> Block:
    """Names and texts, one pair per row."""
    frame = pd.DataFrame(list(pairs), columns=["name", "text"])
    return Block(key, title, frame, {"name": "text", "text": "text"}, {"name": "What", "text": "Value"})


def method_sheet(run: RunFolder, told: Sequence[Statement]) -> Sheet:
    """How it was computed: facts, seeds in full, inputs and files by their hashes, all sentences."""
    manifest, tab = run.manifest, _TAB["method"]
    seeds = [(str(name), str(value)) for name, value in (manifest.get("seeds") or {}).items()]
    inputs = [(str(name), str(one)) for name, one in (manifest.get("inputs") or {}).items()]
    files = [(str(name), str(one.get("sha256"))) for name, one in (manifest.get("files") or {}).items()]
    facts = [pair for pair in method.facts(dict(manifest)) if pair[0] != "Seeds"]
    blocks = [
        pairs_block("facts", "How it was computed", facts),
        pairs_block("seeds", "Seeds", seeds),
        pairs_block("inputs", "Inputs (SHA-256)", inputs),
    ]
    said = [one.line for one in told]
    if said:
        blocks.append(lines_block("told", "What the run says, in full", said))
    sealed = [pair for pair in files if pair[0].startswith(("results/", "quality"))]
    blocks.append(pairs_block("files", "Files of the run (SHA-256)", sealed))
    return Sheet(tab.sheet, tab.what, tuple(one for one in blocks if len(one.frame)))


OF_RUNS = (
    "Cells hold the run's own numbers, unrounded; formats round what is shown. Every table also lies in "
    "results/ as Parquet, the plan as results/plan.csv.",
    "This workbook is made from the run and may be made again: simlab report RUN --excel.",
)


def readme_sheet(
    sheets: Sequence[Sheet], manifest: Mapping[str, Any], made: Sequence[str] = OF_RUNS
) -> Sheet:
    """What stands where, in which units, what the headings mean, and how the workbook was made."""
    said = money_in(str(manifest.get("currency") or ""))
    texts = (
        f"Command: simlab {manifest.get('command')}; data up to {manifest.get('as_of')}.",
        f"{said[:1].upper()}{said[1:]}.",
        f"A period is a {manifest.get('period')}. Service as a share served at once; its changes in points.",
        *made,
    )
    pairs = [(one.name, one.what) for one in sheets]
    used = {str(column) for sheet in sheets for block in sheet.blocks for column in block.frame}
    meant = [(word(key).name, WORDS[key].what) for key in WORDS if key in used and WORDS[key].what]
    blocks = [pairs_block("sheets", "Sheets", pairs)]
    if meant:
        blocks.append(pairs_block("words", "What the headings mean", meant))
    return Sheet(README, "what stands where, units, and what the headings mean", tuple(blocks), texts)
