"""What the tables of a contest say, by scheme and by pair: the part that page, words and charts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlab.measures.decision import SERVICE_NOUNS
from simlab.measures.words import scheme_title
from simlab.report.kit.formats import DASH, is_number, money, number, percent, span, target
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import Cell, Table

if TYPE_CHECKING:
    import pandas as pd


Row = dict[str, Any]
ONE, PER_SKU, RANDOM = "one class", "per-SKU plan", "random"
NEEDED: Mapping[str, tuple[str, ...]] = {
    "tournament": (
        "scheme",
        "at_fill",
        "rank",
        "n_segments",
        "holding_cost",
        "percent_vs_one_class",
        "percent_vs_per_sku",
        "may_be_best",
        "beats_random",
        "control_share",
        "n_targets",
        "explained",
        "fill_at_capital",
        "rule",
    ),
    "pairs": ("a", "b", "at_fill", "percent", "percent_low", "percent_high", "told_apart", "sign_changes"),
    "controls": ("scheme", "at_fill", "draw", "holding_cost"),
    "classes": ("scheme", "classes", "percent_vs_per_sku", "gain_vanishes", "recommended"),
    "free_classes": ("classes", "at_fill", "percent_vs_per_sku"),
    "scheme_weights": ("scheme", "judged_by", "decides", "achieved", "percent_vs_one_class"),
    "regret": ("made_for", "judged_by", "achieved", "regret"),
    "stability": ("of", "number", "scheme", "rank"),
    "scheme_frontiers": ("scheme", "fill_rate", "holding_cost"),
    "scheme_segments": ("scheme", "segment", "n_items", "annual_value", "target", "achieved"),
    "scheme_rules": ("scheme", "segment", "where", "attribute", "above", "up_to"),
    "left_out": ("scheme", "reason"),
    "quality": (),
}
SERVICES = {
    "fill_rate": "unit fill",
    "value_fill_rate": "fill by value",
    "margin_fill_rate": "fill by margin",
    "item_fill_rate": "fill, items once",
    "line_fill_rate": "line-weighted fill",
    "cycle_service_level": "cycle service",
    "ready_rate": "ready rate",
}
"""Definitions of service in few words."""
OPTIONAL = ("left_out", "quality", "scheme_weights", "scheme_rules")


@dataclass(frozen=True, eq=False)
class ContestTables:
    """The tables of one contest and its manifest."""

    manifest: Row
    tables: Mapping[str, pd.DataFrame]

    @property
    def currency(self) -> str:
        return str(self.manifest.get("currency") or "")

    @property
    def level(self) -> float:
        """Confidence level of every interval."""
        return float(self.manifest.get("level") or 0.95)

    @property
    def fill(self) -> float:
        """The floor that decides."""
        return float(self.manifest["at_fill"][0])

    @property
    def counted(self) -> str:
        """What the deciding service counts: "margin served"; units in runs that do not say."""
        return str((self.manifest.get("service") or {}).get("counted") or "units served")

    @property
    def service(self) -> str:
        """The definition of service that decides; units in runs that do not say."""
        name = str((self.manifest.get("service") or {}).get("name"))
        return name if name in SERVICE_NOUNS else "fill_rate"

    @property
    def disagreeing(self) -> list[str]:
        """Weights by which the winner is not shown to cost less than one target for all."""
        table = self.tables.get("scheme_weights")
        if table is None or "percent_vs_one_class_high" not in table:
            return []
        mine = table[(table["scheme"] == self.winner["scheme"]) & ~table["decides"].astype(bool)]
        less = mine["percent_vs_one_class_high"] < 0
        return [str(name) for name in mine.loc[~less, "judged_by"]]

    @property
    def fills(self) -> tuple[float, ...]:
        return tuple(float(fill) for fill in self.manifest["at_fill"])

    @property
    def standings(self) -> list[Row]:
        """One row per scheme at the deciding floor, the cheapest first."""
        return records(self.at("tournament").sort_values("rank", kind="stable"))

    @property
    def winner(self) -> Row:
        """The cheapest scheme's row."""
        return self.standings[0]

    @property
    def reached(self) -> list[Row]:
        """Schemes that have a cost at the deciding floor."""
        return [row for row in self.standings if is_number(row["holding_cost"])]

    def learned(self, scheme: str) -> list[Row]:
        """Rows of a scheme's learned classes, class by class; empty where its rule is of another kind."""
        table = self.tables.get("scheme_rules")
        return [] if table is None else records(table[table["scheme"] == scheme])

    def at(self, name: str) -> pd.DataFrame:
        """Rows of a table at the deciding floor."""
        table = self.tables[name]
        return table[(table["at_fill"] - self.fill).abs() < 1e-12]

    def against_winner(self) -> dict[str, Row]:
        """Holding cost over the winner's, by scheme, with simultaneous ends: value, low, high, told_apart.

        Notes
        -----
        The table compares a with b as (a − b) ÷ b; turned round that is −p ÷ (1 + p), which keeps order, so
        that the ends of an interval stay its ends and all intervals still hold together.
        """
        name = self.winner["scheme"]
        found: dict[str, Row] = {}
        for row in records(self.at("pairs")):
            ends = (row["percent"], row["percent_low"], row["percent_high"])
            if row["b"] == name:
                value, low, high = ends
                other = row["a"]
            elif row["a"] == name:
                value, high, low = (_turned(end) for end in ends)
                other = row["b"]
            else:
                continue
            told = bool(row["told_apart"])
            found[str(other)] = {"value": value, "low": low, "high": high, "told_apart": told}
        return found


def _turned(share: float) -> float:
    return -share / (1 + share) if is_number(share) and share > -1 else float("nan")


_MOST_SEGMENTS, _MOST_SIDE = 60, 12


def segments_matrix(found: ContestTables, scheme: str) -> Table | None:
    """Segments of a product of two attributes as a matrix; shade is the share of value."""
    table = found.tables["scheme_segments"]
    mine = table[table["scheme"] == scheme]
    if mine.empty or "first" not in mine or mine["first"].isna().any():
        return None
    by = {(row["first"], row["second"]): row for row in records(mine)}
    firsts, seconds = ([*dict.fromkeys(sorted(mine[name]))] for name in ("first", "second"))
    if max(len(firsts), len(seconds)) > _MOST_SIDE:
        return None
    whole = mine["annual_value"].sum()
    rows = [
        [Cell(str(first)), *(_matrix_cell(by.get((first, second)), whole) for second in seconds)]
        for first in firsts
    ]
    title = f"Segments of {scheme_title(scheme)}: target asked, fill rate achieved, share of value"
    return Table(title, ["", *(str(second) for second in seconds)], rows, heat=True)


def _matrix_cell(row: Row | None, whole: float) -> Cell:
    if row is None:
        return Cell(DASH)
    share = row["annual_value"] / whole if whole > 0 else None
    small = f"achieved {percent(row['achieved'])}, {percent(share, 0)} of value"
    return Cell(target(row["target"]), small, heat=share)


def segments_table(found: ContestTables, scheme: str) -> Table | None:
    """Segments of one scheme: value, target asked, service achieved; shade is the share of value."""
    table = found.tables["scheme_segments"]
    mine = table[table["scheme"] == scheme]
    if mine.empty:
        return None
    whole = mine["annual_value"].sum()
    rows = []
    for row in records(mine.nlargest(_MOST_SEGMENTS, "annual_value").sort_values("segment", kind="stable")):
        share = row["annual_value"] / whole if whole > 0 else None
        ends = span(row.get("achieved_low"), row.get("achieved_high"), percent)
        rows.append(
            [
                Cell(str(row["segment"])),
                Cell(number(row["n_items"])),
                Cell(money(row["annual_value"], found.currency, digits=0)),
                Cell(percent(share, 0), heat=share),
                Cell(target(row["target"])),
                Cell(percent(row["achieved"]), ends),
            ]
        )
    header = ["Segment", "SKU-locations", "annual value", "share", "target asked", "fill rate achieved"]
    return Table(f"Segments of {scheme_title(scheme)}", header, rows)
