"""Today, the same service, and what is proposed: the table that a decision is made on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.decision.columns import Reading, deciding_row, readings
from simlab.api.finance.prices import point_prices
from simlab.api.pictures import dots, row
from simlab.api.plans.same_service import SAME_SERVICE
from simlab.api.show import Column, Kind, ResultTable, spread
from simlab.measures.decision import COLUMNS, ROWS, cell, change
from simlab.measures.shown import Public

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.plans.outcome import Outcome

PROPOSED = "segmented"
HABIT_TITLE = "A98 B95 C90 (no current levels given)"
_SHOWN = (
    Column("name", "", Kind.TEXT),
    Column("today_shown", "today", Kind.TEXT),
    Column("same_service_shown", "same service", Kind.TEXT),
    Column("proposed_shown", "proposed", Kind.TEXT),
    Column("change_shown", "change", Kind.TEXT),
)


_MORE = 0.01
"""Service above today's from which the cheapest plan that serves at least as much is not called the same."""


@dataclass(frozen=True, eq=False, repr=False)
class Decision(Public):
    """What the plan gives and takes against today, on fresh randomness that chose neither.

    Attributes
    ----------
    frame : DataFrame
        One row per measure (`measure`, `name`, `unit`) with a column and an interval for ``today``,
        ``same_service`` (the cheapest plan by segment that serves at least what today serves; NaN where
        there is none), ``proposed``, ``change`` (proposed − today, paired) and ``change_share`` (of
        amounts, a fraction). Rates are fractions, changes of rates too (0.01 is a point).
    plans : dict of str to str
        Kind of plan behind each column: today is ``today`` or, without current levels, ``habit``.
    weight : str
        Weight of a unit in the service that decided, as the study file names it.
    row : str
        The measure that decided.
    currency : str

    Examples
    --------
    >>> opt.decision.to_frame()
    >>> opt.decision.plot()
    """

    frame: pd.DataFrame
    plans: dict[str, str]
    weight: str
    row: str
    currency: str

    @property
    def titles(self) -> dict[str, str]:
        """Headings of the columns."""
        today = "Today" if self.plans["today"] == "today" else HABIT_TITLE
        own = self.row_of(self.row)
        more = bool(own) and own["same_service"] - own["today"] > _MORE
        same = "Same or more" if more else "Same service"
        return {"today": today, "same_service": same, "proposed": "Proposed", "change": "Change"}

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"plans": self.plans, "titles": self.titles, "weight": self.weight, "row": self.row}

    def to_frame(self) -> pd.DataFrame:
        """One row per measure."""
        return self.frame

    def plot(self) -> Figure:
        """Service in every weight: today, at the same service, and proposed."""
        rates = self.frame[self.frame["unit"] == "rate"].to_dict("records")
        series = {self.titles[name]: [row(one, name) for one in rates] for name in COLUMNS}
        return dots([str(one["name"]) for one in rates], series, "Fraction served at once", zero=False)

    def row_of(self, measure: str) -> dict[str, Any]:
        """One measure; empty where the run does not have it."""
        rows = self.frame[self.frame["measure"] == measure]
        return {} if rows.empty else {str(key): value for key, value in rows.iloc[0].to_dict().items()}

    def shown(self) -> pd.DataFrame:
        """Texts for people: name and one text per column."""
        import pandas as pd

        records = [{str(key): x for key, x in row.items()} for row in self.frame.to_dict("records")]
        rows = [
            {"name": row["name"], **{f"{name}_shown": cell(row, name, self.currency) for name in COLUMNS}}
            | {"change_shown": change(row, self.currency)}
            for row in records
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> ResultTable:
        titles = {f"{key}_shown": title for key, title in self.titles.items()}
        columns = tuple(Column(one.key, titles.get(one.key, one.heading), one.kind) for one in _SHOWN)
        note = "long run, on fresh random demand; change: proposed − today"
        return ResultTable("Decision", self.shown(), note, columns, self.currency)


def decision(opt: Outcome) -> Decision:
    """The table of three columns of an optimised study."""
    import pandas as pd

    plans = {"today": opt.references.now, "same_service": SAME_SERVICE, "proposed": PROPOSED}
    found = {name: readings(opt, kind) for name, kind in plans.items() if kind in opt.verdict}
    rows = [_row(key, found, opt.settings.level) for key in ROWS if key in found["proposed"]]
    level = opt.settings.level
    for key, price in point_prices(opt).items():
        if np.isfinite(price.value):
            rows.append(_named(key) | spread("proposed", price))
    frame = pd.DataFrame(rows, columns=_columns())
    frame["level"] = level
    keys = opt.accounting.keys
    return Decision(frame, plans, keys["weight"], deciding_row(opt), opt.data.study.currency)


def _named(key: str) -> dict[str, Any]:
    row = ROWS[key]
    return {"measure": row.key, "name": row.name, "unit": row.unit}


def _columns() -> list[str]:
    measured = [f"{name}{end}" for name in (*COLUMNS, "change") for end in ("", "_low", "_high")]
    return ["measure", "name", "unit", *measured, "change_share"]


def _row(key: str, found: dict[str, dict[str, Reading]], level: float) -> dict[str, Any]:
    row = _named(key)
    for name, plan in found.items():
        row |= spread(name, plan[key].estimate(level))
    now, proposed = found["today"][key], found["proposed"][key]
    row |= spread("change", proposed.less(now, level))
    if proposed.whole is None:
        row["change_share"] = proposed.share(now, level).value
    return row
