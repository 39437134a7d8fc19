"""The columns that simlab knows, by table: what a cell may hold, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from simlab.errors import did_you_mean
from simlab.register.laws import STATED_NAMES
from simlab.study import WEEKDAYS

Kind = Literal["id", "text", "money", "number", "whole", "fraction", "date", "choice", "flag"]


@dataclass(frozen=True)
class Column:
    """What the cells of one column may hold.

    Attributes
    ----------
    kind : str
        id: text letter for letter, never empty. text: any. money: a number, 0 or more, counted in
        `cost_resolution`. number, whole, fraction: within `low` and `high`. date. choice: one of `choices`.
        flag: yes or no.
    required : bool
        Whether the table must have the column and no cell may be empty.
    low, high : float
        Bounds, both allowed.
    above : bool
        Whether `low` itself is refused.
    choices : tuple of str
        Allowed words, those that work.
    refused : dict of str to (str, str)
        Words that one may well write and that cannot be taken: why, and what to do.
    or_share : bool
        Whether a choice may also be a number between 0 and 1.
    or_number : bool
        Whether a text that is a number in every row is kept as a number, too.
    """

    kind: Kind
    required: bool = False
    low: float = 0.0
    high: float = 1e12
    above: bool = False
    choices: tuple[str, ...] = ()
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    or_share: bool = False
    or_number: bool = False


_TEXT = Column("text")
_AMOUNT = Column("number")
_WHOLE = Column("whole")
_SIZE = Column("whole", low=1)
_UNMET = Column("choice", choices=("backorder", "lost"), or_share=True)
ITEMS: dict[str, Column] = {
    "sku": Column("id", required=True),
    "location": Column("id", required=True),
    "unit_cost": Column("money", required=True),
    "supplier": _TEXT,
    "product": _TEXT,
    "price": _AMOUNT,
    "holding_rate": Column("number", high=100.0),
    "order_cost": _AMOUNT,
    "shortage_cost": _AMOUNT,
    "order_quantity": _SIZE,
    "moq": _WHOLE,
    "pack_size": _SIZE,
    "max_order": _WHOLE,
    "max_position": _WHOLE,
    "minimum_level": _WHOLE,
    "review_period": Column("number", above=True, high=36_500),
    "review_phase": _WHOLE,
    "lead_time": Column("number", high=36_500),
    "lead_time_sd": Column("number", high=36_500),
    "on_hand": Column("whole", low=-1e12),
    "on_order": _WHOLE,
    "on_order_due": Column("date"),
    "minimum_order_value": Column("number", above=True),
    "order_weekday": Column("choice", choices=WEEKDAYS),
    "container_volume": Column("number", above=True),
    "wave": Column("text", or_number=True),
    "tolerance": Column("fraction", high=1.0),
    "last_sale": Column("date"),
    "payment_days": Column("number", high=3_650),
    "criticality": Column("text", or_number=True),
    "category": _TEXT,
    "channel": _TEXT,
    "customer_group": _TEXT,
    "unit_volume": _AMOUNT,
    "lines_per_unit": _AMOUNT,
    "unit_resolution": Column("number", above=True),
    "unmet": _UNMET,
    "current_reorder_point": Column("whole", low=-1e12),
    "current_order_up_to": _WHOLE,
    "current_order_quantity": _SIZE,
    "current_reorder_when": Column("choice", choices=("at_or_below", "below")),
    "demand_law": Column(
        "choice",
        choices=STATED_NAMES,
        refused={
            "intermittent": (
                "has a share of periods with demand, which mean and variance do not tell",
                "say negative_binomial or stuttering_poisson; or leave the law out, give a history in demand "
                'and say [models] override = [{ sku = "…", law = "intermittent" }]',
            )
        },
    ),
    "demand_mean": _AMOUNT,
    "demand_variance": _AMOUNT,
    "forecast_mean": _AMOUNT,
    "forecast_error_sd": _AMOUNT,
}
DEMAND: dict[str, Column] = {
    "sku": Column("id", required=True),
    "location": Column("id", required=True),
    "date": Column("date", required=True),
    "quantity": Column("whole", required=True),
}

DEMAND_FURTHER: dict[str, Column] = {
    "stockout": Column("flag"),
    "on_hand": Column("whole", low=-1e12),
    "promotion": Column("flag"),
    "price": Column("number"),
}
"""Optional columns of demand that some options look at; see `catalog.further`."""
RECEIPTS: dict[str, Column] = {
    "supplier": Column("id", required=True),
    "order_date": Column("date", required=True),
    "receipt_date": Column("date", required=True),
    "quantity": Column("whole", required=True),
    "sku": Column("text"),
    "location": Column("text"),
}
OPEN_ORDERS: dict[str, Column] = {
    "sku": Column("id", required=True),
    "location": Column("id", required=True),
    "quantity": Column("whole", required=True),
    "due_date": Column("date", required=True),
    "supplier": Column("text"),
}

RECEIVED: dict[str, Column] = {"received_quantity": Column("whole")}
"""Read only where `lead_times.partial` puts the receipts of one order together."""
PERIODS: dict[str, Column] = {
    "name": Column("id", required=True),
    "start": Column("date", required=True),
    "end": Column("date", required=True),
}
FORECAST: dict[str, Column] = {
    "sku": Column("id", required=True),
    "location": Column("id", required=True),
    "mean": Column("number", required=True),
    "sd": _AMOUNT,
    "date": Column("date"),
    "origin": Column("date"),
    "horizon": _SIZE,
}
"""Beside these quantiles, `q05` … `q95`; a period is said by `date`, or by `origin` and `horizon`."""
FORECAST_ERRORS: dict[str, Column] = {
    "sku": Column("id", required=True),
    "location": Column("id", required=True),
    "origin": Column("date", required=True),
    "forecast": Column("number", required=True),
    "actual": Column("number", required=True),
    "date": Column("date"),
    "horizon": _SIZE,
}
TABLES: dict[str, dict[str, Column]] = {
    "items": ITEMS,
    "demand": DEMAND,
    "receipts": RECEIPTS,
    "periods": PERIODS,
    "open_orders": OPEN_ORDERS,
    "forecast": FORECAST,
    "forecast_errors": FORECAST_ERRORS,
}

NOT_USED: dict[str, dict[str, str]] = {
    "demand": {
        "price": "demand.uplift does not name it",
        "channel": "demand by channel is not in this version; give each channel its own location",
        "promotion": "demand.uplift does not name it",
        "stockout": 'demand.censoring is not "stockout_column"',
        "on_hand": 'demand.censoring is not "on_hand", and nothing is replayed',
    },
    "receipts": dict.fromkeys(
        ("order_id", "received_quantity"), 'with lead_times.partial = "rows" every row is an order of its own'
    ),
}
"""Known optional columns that change nothing yet: said in the quality account."""
NUMERIC = ("money", "number", "whole", "fraction")


def required(table: str) -> tuple[str, ...]:
    """Columns that a table must have."""
    return tuple(name for name, column in TABLES[table].items() if column.required)


def near(name: str, names: Sequence[str]) -> str:
    """A question that names the most similar of some names; empty if none is similar."""
    return did_you_mean(name, names)
