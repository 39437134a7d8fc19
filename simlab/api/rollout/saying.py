"""What the gate says, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.api.rollout.judging import MORE_ORDERS, Judged
from simlab.api.rollout.misfits import Misfit, misfit_lines
from simlab.api.rollout.settle import Settled
from simlab.api.rollout.sides import Proposed
from simlab.api.rollout.tables import Scale
from simlab.measures import format_money, sign_of
from simlab.measures.words import is_vital
from simlab.verdict.gate.by_model import FEWEST_DRAWS
from simlab.verdict.gate.decisions import DECISIONS, GO, HOLD_BACK, UNCHANGED, UNDECIDED

if TYPE_CHECKING:
    import pandas as pd

_STEP = 100.0  # replications are named in hundreds


def lowered_lines(
    data: Data,
    judged: Judged,
    code: np.ndarray[Any, Any],
    names: np.ndarray[Any, Any],
    lowered: tuple[int, ...],
) -> tuple[str, ...]:
    """One line per segment whose service is lowered: "A-Y 97.7% → 92.1%: 166 items, 41 vital"."""
    column = data.catalog.texts.get("criticality")
    vital = np.zeros(code.size, np.bool_)
    if column is not None:
        vital = np.array([is_vital(word) for word in column])
    lines = []
    for number in lowered:
        mine = code == number
        more = f", {int((mine & vital).sum()):,} vital" if column is not None else ""
        size = int(mine.sum())
        lines.append(
            f"{names[number]} {100 * judged.segment_now[number]:.1f}% → "
            f"{100 * judged.segment_then[number]:.1f}%: {size:,} item{'s' if size != 1 else ''}{more}"
        )
    return tuple(lines)


def with_heading(lowered: tuple[str, ...]) -> list[str]:
    """The lines of segments that fall, under their heading; nothing of none."""
    heading = "Segments whose service the plan lowers, held back until released (--release NAME):"
    return [heading, *lowered] if lowered else []


def gate_sentences(
    data: Data,
    then: Proposed,
    current: str,
    table: pd.DataFrame,
    lists: pd.DataFrame,
    lowered: tuple[str, ...],
    settled: Settled,
    scale: Scale,
    from_today: bool,
    dependent: bool,
    misfit: Sequence[Misfit],
) -> tuple[str, ...]:
    count = {name: int((table["decision"] == name).sum()) for name in DECISIONS}
    currency = data.study.currency
    own = lists.set_index("decision")
    whole, go = own.loc["(all)"], own.loc[GO]
    lines = [
        f"Proposed {then.said} against {current}: {count[GO]:,} of {len(table):,} SKU-locations may go; held "
        f"back {count[HOLD_BACK]:,}, undecided {count[UNDECIDED]:,}, unchanged {count[UNCHANGED]:,}. At most "
        f"{100 * scale.q:.3g}% of what may go is expected to do harm all the same.",
        f"All together the plan has {_moves(whole, currency)} a year; what may go, {_moves(go, currency)}.",
    ]
    lines += with_heading(lowered)
    more = settled.held().get(MORE_ORDERS, 0)
    if more and np.isnan(then.orders).all():
        lines.append(
            "A plan file promises no orders a year, so that more orders than today's count as harm: "
            "--proposed RUN names the run itself, whose plan promises them, or raise gate.order_tolerance."
        )
    if not from_today:
        lines.append("The way from today is not judged: items.on_hand does not tell the stock of all items.")
    if dependent:
        lines.append(
            "Shared factors move items both ways: the lists are by Benjamini and Yekutieli, which needs "
            "stronger evidence for the same q."
        )
    if data.models.redraws is not None:
        lines.append(
            f"Decisions by model: the lists rest on {FEWEST_DRAWS} draws of the laws' parameters "
            "(models.parameter_uncertainty); p_go is the share of them that harm, and its mean over what may "
            f"go is at most {100 * scale.q:.3g}%."
        )
    lines += [f"Held back, {why}: {n:,}." for why, n in sorted(settled.held().items())]
    return (*lines, *misfit_lines(misfit), *_of_forecasts(data), *_open_lines(table))


def _of_forecasts(data: Data) -> list[str]:
    """That the fit test does not ask laws that come from a forecast."""
    n = int(data.models.follows_forecast.sum())
    if n == 0 or data.history is None:
        return []
    return [
        f"Demand of {n:,} SKU-locations follows your forecast: the fit test asks laws of histories and says "
        "nothing of them; [data.forecast_errors] compares past forecasts with what came."
    ]


def _open_lines(table: pd.DataFrame) -> list[str]:
    """How many replications would settle half of what is undecided."""
    needed = table.loc[table["decision"] == UNDECIDED, "replications_needed"].dropna()
    if needed.empty:
        return []
    asked = int(np.ceil(float(needed.median()) / _STEP) * _STEP)
    settled = int((needed <= asked).sum())
    return [f"Of what is undecided {settled:,} would be settled by --replications {asked}, by estimate."]


def _moves(row: Any, currency: str) -> str:
    """Changes of stock and of units served, their signs in words."""
    stock, served = float(row["stock_value_change"]), float(row["served_change"])
    money = format_money(abs(stock), currency)
    money = money if sign_of(currency) else f"money {money}"
    return (
        f"{money} {'less' if stock < 0 else 'more'} stock and "
        f"{abs(served):,.0f} {'fewer' if round(served) < 0 else 'more'} units served at once"
    )
