"""What the report reads: the tables of one finished run, checked for the columns it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simlab.measures import ALL, PLAN_NAMES
from simlab.report.kit.counted import Counted
from simlab.report.kit.formats import money_in
from simlab.run.statements import Statement, statements_of

if TYPE_CHECKING:
    import pandas as pd


MEASURES = (
    "fill_rate",
    "cycle_service_level",
    "stockout_periods",
    "turns",
    "inventory_value",
    "holding_cost",
)
NEEDED = {
    "items": ("sku", "location", "segment", "demand_law", "demand_reason", "lead_time_reason"),
    "segments": ("plan", "sample", "segment", "n_items", "target", *MEASURES),
    "frontier": ("point", "kind", "fill_rate", "holding_cost", "inventory_value", "chosen", "targets"),
    "verdict": ("comparison", "basis", "at_fill", "cost_a", "cost_b", "difference", "percent"),
    "reference": ("plan", "sample", "fill_rate", "holding_cost", "inventory_value"),
    "plan": ("sku", "location", "segment", "target"),
    "quality": ("table", "what", "status", "rows", "units", "value", "note"),
    "exchange_rates": ("fill_rate", "cost_per_point"),
    "capital": ("period", "inventory_value"),
    "stock_value": ("plan", "segment", "inventory_value", "p95_inventory_value", "peak_inventory_value"),
    "capital_by_segment": ("segment", "now", "inventory_value_now", "inventory_value", "change"),
    "band": ("point", "fill_rate", "fill_rate_low", "fill_rate_high", "objective"),
    "moves": ("segment", "direction", "from_target", "to_target", "value", "fill"),
    "budget_sweep": ("budget", "fill_rate", "objective", "inventory_value", "certificate"),
    "release": ("share", "amount", "segment", "value", "cost", "fill", "service_after"),
    "bounds": ("plan", "per_sku", "grid", "segment_gap"),
    "limits": ("limit", "kind", "reached", "met"),
    "stress": ("scenario", "plan", "fill_rate", "holding_cost", "regret"),
    "statements": ("key", "group", "state", "title", "text"),
    "decision": ("measure", "name", "unit", "proposed"),
}
"""Columns that the page itself needs; sections say theirs (`section.Section.needs`)."""


@dataclass(frozen=True, eq=False)
class RunTables:
    """The tables of a run; None where the run has none (a `simulate` run has no frontier).

    `more` holds the tables that a section alone reads, by name; `study` is the study file's text, `folder`
    the name of the run folder.
    """

    manifest: dict[str, Any]
    items: pd.DataFrame
    segments: pd.DataFrame
    frontier: pd.DataFrame | None = None
    verdict: pd.DataFrame | None = None
    reference: pd.DataFrame | None = None
    plan: pd.DataFrame | None = None
    quality: pd.DataFrame | None = None
    exchange_rates: pd.DataFrame | None = None
    capital: pd.DataFrame | None = None
    stock_value: pd.DataFrame | None = None
    capital_by_segment: pd.DataFrame | None = None
    band: pd.DataFrame | None = None
    moves: pd.DataFrame | None = None
    budget_sweep: pd.DataFrame | None = None
    release: pd.DataFrame | None = None
    bounds: pd.DataFrame | None = None
    limits: pd.DataFrame | None = None
    stress: pd.DataFrame | None = None
    statements: pd.DataFrame | None = None
    decision: pd.DataFrame | None = None

    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    study: str = ""
    folder: str = ""

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of `more`; None where the run has none, or an empty one."""
        return self.more.get(name)

    @property
    def told(self) -> tuple[Statement, ...]:
        """What the run says of itself; none of a run before 0.3, which wrote no table of it."""
        return statements_of(self.statements)

    @property
    def currency(self) -> str:
        return str(self.manifest.get("currency") or "")

    @property
    def money_in(self) -> str:
        """In what amounts are, in words."""
        return money_in(self.currency)

    @property
    def counted(self) -> Counted:
        """What the run makes small and what it serves."""
        return Counted.of(self.manifest)

    @property
    def period(self) -> str:
        return str(self.manifest.get("period") or "period")

    @property
    def compared(self) -> dict[str, str]:
        """Short names of the three plans of the decision: "Today" or the habit that stands in for it."""
        usual = {"today": "Today", "same_service": "Same service", "proposed": "Proposed"}
        said = (self.manifest.get("decision") or {}).get("titles") or {}
        return {key: str(said.get(key) or name).partition(" (")[0] for key, name in usual.items()}

    @property
    def level(self) -> float:
        """Confidence level of every interval, 0.95 unless the run says otherwise."""
        return float(self.manifest.get("level") or 0.95)

    @property
    def by(self) -> tuple[str, ...]:
        return tuple(self.manifest.get("by") or ())

    @property
    def target_measure(self) -> str:
        """The measure that targets are asked in."""
        return str((self.manifest.get("policy") or {}).get("target_measure") or "fill_rate")

    @property
    def main_plan(self) -> str:
        """The plan that the run is about."""
        plans = self.plans()
        return next((name for name in ("segmented", "given") if name in plans), plans[0])

    @property
    def sample(self) -> str:
        """The sample to report on: the verdict's if there is one."""
        return "verdict" if (self.segments["sample"] == "verdict").any() else "search"

    def plans(self) -> list[str]:
        """Plans in the order in which they are shown."""
        present = list(dict.fromkeys(self.segments["plan"]))
        return [p for p in PLAN_NAMES if p in present] + [p for p in present if p not in PLAN_NAMES]

    def rows(self, plan: str, sample: str) -> pd.DataFrame:
        """Rows of `segments` of one plan on one sample, without the total."""
        table = self.segments
        keep = (table["plan"] == plan) & (table["sample"] == sample) & (table["segment"] != ALL)
        return table[keep]

    def total(self, plan: str, sample: str) -> dict[str, Any]:
        """The total of one plan on one sample; empty if there is none."""
        table = self.segments
        found = table[(table["plan"] == plan) & (table["sample"] == sample) & (table["segment"] == ALL)]
        return {} if found.empty else {str(k): v for k, v in found.iloc[0].to_dict().items()}
