"""What to order now, of whom, and what there is too much of: the façade of the room."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.ordering.deciding import Review, ahead, review_of, sizes
from simlab.api.ordering.limits import Held, within_limits
from simlab.api.ordering.showing import BOOK, PAGE, Day, book_of, page_of, wants_book
from simlab.api.ordering.source import Source, open_run
from simlab.api.ordering.state import State, opening_state, ordered, read_state, received
from simlab.api.ordering.tables import excess_table, order_table
from simlab.api.ordering.writing import free, write_lists
from simlab.api.pictures import bars
from simlab.errors import UsageError, listed
from simlab.measures.shown import Public

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from matplotlib.figure import Figure


_NAMED = 5
_BARS = 20
_LIKELY = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Orders(Public):
    """The orders of a day.

    Attributes
    ----------
    day : str
        Day of ordering.
    orders : DataFrame
        One line per order, most urgent first. Units, money, fractions; `chance_out` and `units_short` are
        those if nothing is ordered now, `…_with_order` those with the quantity, until the order that the
        next review can place arrives.
    excess : DataFrame
        What lies above the levels: cancel, push out, sell off, use up.
    counts : dict of str to int
        SKU-locations ordered, in excess, fine, not reviewed on the day, waiting for a smallest order.
    statements : tuple of str
        The day in sentences.

    Examples
    --------
    >>> today = sl.orders("runs/retailer", stock="stock.csv")
    >>> today.by_supplier()
    """

    day: str
    orders: pd.DataFrame
    excess: pd.DataFrame
    counts: dict[str, int]
    statements: tuple[str, ...]
    source: Source = field(repr=False)
    state: State = field(repr=False)
    review: Review = field(repr=False)
    quantity: np.ndarray[tuple[int], np.dtype[np.int64]] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """The order list.

        Examples
        --------
        >>> day.to_frame()
        """
        return self.orders

    def plot(self) -> Figure:
        """Value of the day's orders by supplier, the largest first.

        Examples
        --------
        >>> day.plot().savefig("orders.svg")
        """
        value = self.orders.groupby("supplier")["value"].sum().sort_values(ascending=False, kind="stable")
        rows = value.head(_BARS)
        return bars([str(name) for name in rows.index], rows.tolist(), f"Value of the orders of {self.day}")

    def by_supplier(self) -> dict[str, pd.DataFrame]:
        """The order list of every supplier, the largest order first.

        Examples
        --------
        >>> list(day.by_supplier())
        """
        total = self.orders.groupby("supplier")["value"].sum().sort_values(ascending=False, kind="stable")
        return {
            str(name): self.orders[self.orders["supplier"] == name].reset_index(drop=True)
            for name in total.index
        }

    def after_ordering(self) -> State:
        """The state with the orders placed.

        Examples
        --------
        >>> day.after_ordering()
        """
        return ordered(self.state, self.quantity, self.review.due)

    def write(
        self, folder: str | Path | None = None, *, by_supplier: bool = False, excel: bool | None = None
    ) -> Path:
        """Write `orders.csv`, `excess.csv`, and a page and a workbook of both; by supplier: a list each, too.

        Default: ``orders/<date>`` beside the run, else -2, -3, …; see `writing.write_lists`. The workbook is
        left out of more than 5,000 lines unless `excel` is true.

        Examples
        --------
        >>> day.write("orders/monday", by_supplier=True)
        """
        lists = {"orders": self.orders, "excess": self.excess}
        suppliers = self.by_supplier() if by_supplier else {}
        beside = self.source.folder.path.resolve().parent / "orders" / self.day
        shown = Day(self.day, self.orders, self.excess, self.statements, self.source.folder)
        further = {PAGE: page_of(shown).encode("utf-8")}
        further |= {BOOK: book_of(shown)} if wants_book(shown, excel) else {}
        return write_lists(lists, suppliers, free(beside) if folder is None else Path(folder), further)

    def __repr__(self) -> str:
        return textwrap.fill(" ".join(self.statements), 100)

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.orders)


def orders(
    run: str | Path,
    *,
    stock: str | Path | None = None,
    open_orders: str | Path | None = None,
    date: dt.date | str | None = None,
    budget: float | None = None,
    state: str | Path | None = None,
    receipts: str | Path | None = None,
    every_item: bool = False,
    study: str | Path | None = None,
    workers: int | None = None,
) -> Orders:
    """What to order on a day by the levels of a finished run.

    Parameters
    ----------
    run : path
        Run folder of `optimize`, `simulate`, `demo` or `gate`.
    stock : path, optional
        CSV or Parquet: sku, location, on_hand; optional backorders and as_of. Default: the study's stock,
        refused where it is older than a review period.
    open_orders : path, optional
        CSV or Parquet: sku, location, quantity, due_date. Default: the study's.
    date : date or str, optional
        Day of ordering. Default: that of the state, else the day after the study's last date.
    budget : float, optional
        Most money for all orders: packs worth most are taken first (`policies.stock_reward`).
    state : path, optional
        What an earlier day left (`--state-out`), in place of `stock` and `open_orders`.
    receipts : path, optional
        With `state`: what arrived this morning (sku, location, quantity).
    every_item : bool
        Review everything on this day, whatever its review days are.
    study : path, optional
        The study file of a run that kept no laws, if it is not where it was.
    workers : int, optional
        Threads.

    Returns
    -------
    Orders

    Raises
    ------
    UsageError
        There is no such run, or options that exclude each other.
    InvalidInputError
        Everything wrong with the files, at once.

    Examples
    --------
    >>> import simlab as sl
    >>> today = sl.orders("runs/retailer", stock="stock.csv", date="2026-01-05")
    >>> today.to_frame().head()
    """
    source = open_run(run, study)
    day, there = _morning(source, stock, open_orders, date, state, receipts)
    source = source.on(day)
    review = review_of(source, day, every_item=every_item)
    asked = sizes(source, there, review)
    money = str(source.folder.manifest["currency"])
    held = within_limits(source, there, review, asked, budget, money, workers)
    rows = np.flatnonzero(held.quantity)
    found = ahead(source, there, review, held.quantity, rows, workers=workers)
    table = order_table(source, there, review, held.quantity, found, rows)
    excess = excess_table(source, there, review)
    counts = _counts(source, review, asked, held, excess)
    said = (*_sentences(source, review, table, excess, counts, held, money), *held.statements, *there.remarks)
    return Orders(str(day), table, excess, counts, said, source, there, review, held.quantity)


def _morning(
    source: Source,
    stock: str | Path | None,
    open_orders: str | Path | None,
    date: dt.date | str | None,
    state: str | Path | None,
    receipts: str | Path | None,
) -> tuple[np.datetime64, State]:
    """The day, and what is there before anything is ordered, arrivals of the day included."""
    if state is not None and (stock is not None or open_orders is not None):
        raise UsageError("a state says stock and open orders itself: leave --stock and --open-orders out")
    asked = None if date is None else _day(date)
    if state is not None:
        there, day = read_state(source, Path(state))
        if asked is not None and asked != day:
            raise UsageError(f"{state} is the state of the morning of {day}, not of {asked}")
    else:
        day = _default_day(source) if asked is None else asked
        if source.as_of is not None and day <= source.as_of:
            raise UsageError(
                f"the day of ordering, {day}, lies not after the study's last date, {source.as_of}"
            )
        there = opening_state(source, day, _path(stock), _path(open_orders))
    return day, received(source, there, day, _path(receipts))


def _path(name: str | Path | None) -> Path | None:
    return None if name is None else Path(name)


def _day(date: dt.date | str) -> np.datetime64:
    try:
        return np.datetime64(str(date), "D")
    except ValueError:
        raise UsageError(f"'{date}' is not a date like 2026-01-05") from None


def _default_day(source: Source) -> np.datetime64:
    if source.as_of is None:
        raise UsageError("the study has no last date: name the day of ordering with --date")
    calendar = source.calendar(source.as_of)
    day = source.as_of + np.timedelta64(1, "D")
    if source.study.period == "day":  # the next open day
        tomorrow = np.timedelta64(1, "D")
        while np.diff(calendar.period_of(np.array([day, day + tomorrow])))[0] == 0:
            day += tomorrow
    return np.datetime64(day)


def _counts(
    source: Source,
    review: Review,
    asked: np.ndarray[tuple[int], np.dtype[np.int64]],
    held: Held,
    excess: pd.DataFrame,
) -> dict[str, int]:
    n = source.ordering.n_items
    over = excess[["sku", "location"]].drop_duplicates().shape[0]
    ordering, cut = int((held.quantity > 0).sum()), int(((asked > 0) & (held.quantity == 0)).sum())
    away = int((~review.today).sum())
    both = {*zip(excess["sku"], excess["location"], strict=True)}
    number = source.number()
    idle = sum(not review.today[number[pair]] for pair in both)
    fine = n - ordering - cut - over - (away - idle)
    return {
        "sku_locations": n,
        "ordered": ordering,
        "not_ordered_for_limits": cut,
        "excess": over,
        "not_reviewed_today": away - idle,
        "fine": fine,
    }


def _sentences(
    source: Source,
    review: Review,
    table: pd.DataFrame,
    excess: pd.DataFrame,
    counts: dict[str, int],
    held: Held,
    money: str,
) -> list[str]:
    """The day in sentences."""
    lines = []
    if counts["ordered"]:
        suppliers = table["supplier"].dropna().loc[lambda names: names != ""].nunique()
        where = f" at {_n(suppliers, 'supplier')}" if suppliers else ""
        late = int((table["chance_out"] >= _LIKELY).sum())
        lines.append(
            f"Orders of {review.day}: {_n(counts['ordered'], 'line')}{where} worth "
            f"{money} {table['value'].sum():,.2f}; {late:,} of them would more likely than not be short "
            "before a later order arrives."
        )
    else:
        lines.append(f"Nothing to order on {review.day}.")
    value = excess["value"].sum()
    lines.append(
        f"Of {counts['sku_locations']:,} SKU-locations {counts['fine']:,} are fine and "
        + _above(counts["excess"], f"{money} {value:,.2f}")
        + (
            f"; {counts['not_reviewed_today']:,} are not reviewed on this day"
            if counts["not_reviewed_today"]
            else ""
        )
        + "."
    )
    if counts["not_reviewed_today"]:
        later = review.next_day[~review.today]
        lines.append(f"The next review of those is on {later.min()}; --every-item reviews all today.")
    for name, (asked, least) in held.waiting.items():
        lines.append(
            f"{name} waits: {money} {asked:,.2f} stay below its smallest order of {least:,.2f} "
            "(suppliers.minimum_order_value)."
        )
    return lines


def _above(count: int, value: str) -> str:
    """How many lie above their level, and what they are worth."""
    if not count:
        return "none lies above its level"
    return f"{count:,} {'lies above its' if count == 1 else 'lie above their'} level ({value})"


def _n(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


__all__ = ["Orders", "listed", "orders"]
