"""What a run makes small and what it serves: keys of its manifest, and the nouns of sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simlab.measures.decision import ROWS

HOLDING_COST = "holding_cost"
_BEFORE_KEYS = {"holding cost": HOLDING_COST, "mean inventory value": "inventory_value"}
"""Runs of version 0.1 name their objective in words alone."""


@dataclass(frozen=True)
class Counted:
    """How a run counts cost and service.

    Attributes
    ----------
    key : str
        The objective as the study file names it.
    objective, service : str
        Nouns: "holding cost", "fill rate weighted by value".
    yearly : bool
        The objective is money a year, else money tied up.
    weight : str
        What a unit counts for in service.
    measure : str
        The service as the study file names it.
    """

    key: str = HOLDING_COST
    objective: str = "holding cost"
    service: str = "fill rate"
    yearly: bool = True
    weight: str = "units"
    measure: str = "fill_rate"

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Counted:
        """As the manifest says; a run without a word about it counts holding cost and the fill rate."""
        objective = str(manifest.get("objective") or cls.objective)
        service = str(manifest.get("service") or cls.service)
        facts = manifest.get("counted") or {}
        key = str(facts.get("objective") or _BEFORE_KEYS.get(objective, "total_cost"))
        weight = str(facts.get("weight") or cls.weight)
        yearly = bool(facts.get("yearly", key != "inventory_value"))
        return cls(key, objective, service, yearly, weight, str(facts.get("service") or cls.measure))

    @property
    def spent(self) -> str:
        """How money of the objective is spent: "to hold", "in total relevant cost"."""
        return "to hold" if self.key == HOLDING_COST else f"in {self.objective}"

    @property
    def is_units(self) -> bool:
        """Whether service is the share of units."""
        return self.weight == "units" and self.service == "fill rate"

    @property
    def served(self) -> str:
        """The service that decides, as the table of the decision calls it: "Margin served at once"."""
        row = ROWS.get(f"served_{self.weight}") if self.measure == "fill_rate" else None
        return f"{self.service[:1].upper()}{self.service[1:]}" if row is None else row.name

    @property
    def a_year(self) -> str:
        """After an amount in a sentence."""
        return " a year" if self.yearly else ""

    @property
    def per_year(self) -> str:
        """After an amount in a heading."""
        return " per year" if self.yearly else ""


USUAL = Counted()
