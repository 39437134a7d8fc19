"""The limits table: what was asked, what the verdict says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.plans.tails import NAMES
from simlab.api.requirements.limits import chance_limits
from simlab.api.show import spread
from simlab.measures import format_money

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.finance.stock_value import StockValue
    from simlab.api.plans.outcome import Outcome


def limits_frame(opt: Outcome, stock_value: StockValue | None = None) -> pd.DataFrame:
    """Every limit besides floor and budget: what the plan reaches, and what no target can move.

    Chance limits carry the share of fresh replications in which the plan misses them, ceilings on P95 or
    peak what fresh replications reach (`stock_value`, needed for these alone).
    """
    import pandas as pd

    choice = opt.chosen.choice
    rows: list[dict[str, Any]] = [
        {
            "kind": "mean",
            "limit": limit.name,
            "reached": limit.reading(choice),
            "met": limit.met(choice),
            "constant": limit.constant,
        }
        for limit in opt.solved.problem.limits
    ]
    if opt.rules.chances:
        sums = [opt.verdict[f"cells:chance{at}"] for at in range(len(opt.rules.chances))]
        fresh = chance_limits(opt.rules, opt.segmentation, sums, opt.settings.counted)
        for chance, seen, kept in zip(
            opt.solved.choosing.chances, fresh, opt.solved.choosing.kept, strict=True
        ):
            missed = seen.violation(choice, opt.settings.level)
            rows.append(
                {
                    "kind": "chance",
                    "limit": chance.name,
                    "reached": f"{kept} of {chance.n_replications} replications",
                    "met": kept >= chance.wanted,
                    "constant": False,
                    **spread("missed_verdict", missed),
                }
            )
    return pd.DataFrame([*rows, *_target_rows(opt), *_tails(opt, stock_value), *_constants(opt)])


def _target_rows(opt: Outcome) -> list[dict[str, Any]]:
    """Pins and ranges of segments; a pinned one is what no plan can move."""
    allowed, targets = opt.rules.allowed, np.array(opt.targets)
    if allowed is None:
        return []
    found = []
    for row, name in enumerate(opt.segmentation.names):
        if allowed[row].all():
            continue
        left, own = targets[allowed[row]], float(opt.chosen.targets[row])
        pinned = left.size == 1
        text = f"at {left[0]:g}" if pinned else f"between {left[0]:g} and {left[-1]:g}"
        found.append(
            {
                "kind": "target",
                "limit": f"target of {name} {text}",
                "reached": f"{own:g}",
                "met": bool((left == own).any()),
                "constant": pinned,
            }
        )
    return found


def _tails(opt: Outcome, stock_value: StockValue | None) -> list[dict[str, Any]]:
    """Ceilings on P95 and peak of stock value: reached on the search seed, and on fresh replications."""
    bounded = [one for one in opt.solved.choosing.tails if np.isfinite(one.at_most)]
    if not bounded or stock_value is None:
        return []
    currency, fresh = opt.data.study.currency, stock_value.of("segmented")
    return [
        {
            "kind": "tail",
            "limit": f"{NAMES[one.measure]} ≤ {format_money(one.at_most, currency)}",
            "reached": format_money(one.value, currency),
            "met": one.value <= one.at_most,
            "constant": False,
            "reached_verdict": fresh[one.measure],
        }
        for one in bounded
    ]


def _constants(opt: Outcome) -> list[dict[str, Any]]:
    """Flows that are the same at every target: they bind nothing and are reported as they are."""
    curves, study = opt.curves, opt.data.study
    per_year = study.periods_per_year / (opt.settings.exposure * opt.settings.replications)
    cost = opt.data.models.costs.unit_cost * opt.data.models.costs.cost_resolution
    found = [
        {
            "kind": "constant",
            "limit": limit.name,
            "reached": limit.reading(opt.chosen.choice),
            "met": limit.met(opt.chosen.choice),
            "constant": True,
        }
        for limit in opt.solved.constants
    ]
    for name, table, weight, currency in (
        ("orders a year", curves.orders, np.ones(cost.size), None),
        ("purchases a year", curves.ordered, cost, study.currency),
    ):
        totals = table.sum(axis=-1)
        if (totals == totals[:, :1]).all():
            amount = float((totals[:, 0] * weight).sum()) * per_year
            reached = f"{amount:,.0f}" if currency is None else format_money(amount, currency)
            row = {"kind": "constant", "limit": name, "reached": reached, "met": True, "constant": True}
            found.append(row)
    return found
