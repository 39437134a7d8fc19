"""Accounts of an audit as the report reads them: lines that add up, also as printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.errors import InvalidInputError, Problem
from simlab.measures import ALL
from simlab.report.kit.formats import is_number
from simlab.report.kit.reading import records

if TYPE_CHECKING:
    import pandas as pd


FORMULA, PACKS = "formula", "packs"
NEEDED = (
    "policy",
    "segment",
    "n_items",
    "target_measure",
    "planning",
    "target",
    "fill_rate_planned",
    "fill_rate",
    "fill_rate_low",
    "fill_rate_high",
    "cycle_service_level",
    "cycle_service_level_low",
    "cycle_service_level_high",
    "line",
    "cause",
    "what",
    "edit",
    "points",
    "points_low",
    "points_high",
    "units_per_year",
    "sampling_error",
)
_CLOSE = 1e-9


@dataclass(frozen=True)
class Line:
    """One cause: the change in fill rate that it makes (− lost), with its simulation interval.

    `units` is the change in units served a year, `error` the standard error of drawn orders of switches.
    """

    cause: str
    what: str
    edit: str
    change: float
    low: float
    high: float
    units: float
    error: float

    @property
    def is_sure(self) -> bool:
        """Whether its sign stands against simulation noise and drawn orders."""
        return (self.low > 0 or self.high < 0) and abs(self.change) > 2 * self.error


@dataclass(frozen=True)
class Account:
    """One policy's account of one segment, or of all (`ALL`)."""

    policy: str
    segment: str
    n_items: int
    measure: str
    planning: str
    asked: float
    planned: float
    fill: tuple[float, float, float]
    cycle: tuple[float, float, float]
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        """How the segment is called."""
        return "All" if self.segment == ALL else self.segment

    @property
    def achieved(self) -> tuple[float, float, float]:
        """What was asked for, as achieved: value, low, high."""
        return self.cycle if self.measure == "cycle_service_level" else self.fill

    @property
    def change(self) -> float:
        """Fill rate achieved less planned."""
        return self.fill[0] - self.planned

    @property
    def ranked(self) -> tuple[Line, ...]:
        """Lines, the largest first."""
        return tuple(sorted(self.lines, key=lambda line: -abs(line.change)))

    @property
    def state(self) -> str:
        """Whether the service asked for is achieved, as far as its interval tells."""
        _, low, high = self.achieved
        if not (is_number(self.asked) and is_number(low) and is_number(high)):
            return "none"
        return "above" if low >= self.asked else "below" if high < self.asked else "open"


def accounts(table: pd.DataFrame) -> dict[str, list[Account]]:
    """Accounts by policy, in the order of the table; the total of a policy comes last.

    Raises
    ------
    InvalidInputError
        Lines of a segment do not add up to achieved − planned.
    """
    found: dict[str, list[Account]] = {}
    problems = []
    for (policy, segment), part in table.groupby(["policy", "segment"], sort=False):
        account = _account(str(policy), str(segment), records(part.sort_values("line")))
        found.setdefault(account.policy, []).append(account)
        gap = sum(line.change for line in account.lines) - account.change
        if math.isfinite(gap) and abs(gap) > _CLOSE:
            problems.append(
                Problem(
                    "E-RUN-007",
                    f"lines of {policy}, segment {segment} miss achieved − planned by {gap:.3g}",
                    file="audit.parquet",
                    fix="run simlab audit again",
                )
            )
    if problems:
        raise InvalidInputError(problems)
    return {policy: sorted(some, key=lambda one: one.segment == ALL) for policy, some in found.items()}


def total(some: Sequence[Account]) -> Account:
    """The account of all segments together."""
    return next((one for one in some if one.segment == ALL), some[-1])


def causes(some: Sequence[Account]) -> list[Line]:
    """Every cause that a policy's accounts name, the one that moves most demand first."""
    first: dict[str, Line] = {}
    weight: dict[str, float] = {}
    for account in some:
        for line in account.lines:
            first.setdefault(line.cause, line)
            size = abs(line.units) if account.segment != ALL and is_number(line.units) else 0.0
            weight[line.cause] = weight.get(line.cause, 0.0) + size
    return sorted(first.values(), key=lambda line: -weight[line.cause])


def apportion(parts: Sequence[float], whole: int, step: float) -> list[int]:
    """Parts as whole multiples of a step that add up to `whole` multiples (largest remainders).

    Parameters
    ----------
    parts : sequence of float
    whole : int
        What the printed parts have to add up to, in steps.
    step : float
        The unit of the last printed digit.
    """
    exact = np.array(parts, dtype=np.float64) / step
    floor = np.floor(exact).astype(np.int64)
    missing = int(whole - floor.sum())
    order = np.argsort(-(exact - floor), kind="stable")
    given, extra = divmod(missing, len(parts)) if len(parts) else (0, 0)
    floor += given
    floor[order[:extra]] += 1
    return [int(value) for value in floor]


def _account(policy: str, segment: str, rows: list[dict[str, Any]]) -> Account:
    head = rows[0]
    return Account(
        policy=policy,
        segment=segment,
        n_items=int(head["n_items"]),
        measure=str(head["target_measure"]),
        planning=str(head["planning"]),
        asked=float(head["target"]),
        planned=float(head["fill_rate_planned"]),
        fill=_estimate(head, "fill_rate"),
        cycle=_estimate(head, "cycle_service_level"),
        lines=tuple(_line(row) for row in rows),
    )


def _estimate(row: dict[str, Any], name: str) -> tuple[float, float, float]:
    return float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"])


def _line(row: dict[str, Any]) -> Line:
    return Line(
        cause=str(row["cause"]),
        what=str(row["what"]),
        edit=str(row["edit"] or ""),
        change=-float(row["points"]),
        low=-float(row["points_high"]),
        high=-float(row["points_low"]),
        units=-float(row["units_per_year"]),
        error=float(row["sampling_error"]),
    )
