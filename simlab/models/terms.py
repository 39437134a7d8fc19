"""Order terms and costs of every SKU-location, from the items table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.world.world import MILLION, NOTHING, OrderTerms, Unmet
from simlab.errors import InvalidInputError, Problem
from simlab.models.working_parts import is_whole, stated_reviews

if TYPE_CHECKING:
    from simlab.catalog import Catalog


HOLDING_RATE = 0.20
"""Per year, where the items table does not say."""
_PARTS = 100  # holding costs are counted in hundredths of the cost resolution
_UNMET = {"backorder": MILLION, "backorders": MILLION, "lost": 0}


@dataclass(frozen=True, eq=False)
class Costs:
    """Money per SKU-location.

    Attributes
    ----------
    unit_cost : (n,) int64
        In multiples of `cost_resolution`.
    holding : (n,) int64
        Cost of holding a unit for a year, in multiples of `cost_resolution` / 100, rounded once.
    holding_rate : (n,) float
        Per year.
    order_cost : (n,) float
        Study currency per order; NaN where not given.
    order_quantity : (n,) float
        Units; NaN where not given.
    cost_resolution : float
        Study currency.
    question : str
        Asked where it costs more to hold a unit for a year than to buy it; one of the assumptions.
    """

    unit_cost: IntArray
    holding: IntArray
    holding_rate: FloatArray
    order_cost: FloatArray
    order_quantity: FloatArray
    cost_resolution: float
    question: str = ""


def read_costs(catalog: Catalog) -> tuple[Costs, tuple[str, ...]]:
    """Costs of all items, and what had to be assumed."""
    said = catalog.study.optimize.costs
    rate = stated_column(catalog, "holding_rate")
    if said is not None and said.holding_rate is not None:
        rate = np.full_like(rate, said.holding_rate)
    missing = np.isnan(rate)
    rate = np.where(missing, HOLDING_RATE, rate)
    holding = np.rint(catalog.unit_cost * rate * _PARTS).astype(np.int64)
    assumed = [
        f"holding_rate is missing for {int(missing.sum())} of {catalog.n_items} SKU-locations: "
        f"{HOLDING_RATE:.2f} per year is used"
    ]
    question = _of_high_rates(catalog, rate)
    costs = Costs(
        catalog.unit_cost,
        holding,
        rate,
        stated_column(catalog, "order_cost"),
        stated_column(catalog, "order_quantity"),
        catalog.study.data.cost_resolution,
        question,
    )
    return costs, (*(assumed if missing.any() else ()), *([question] if question else ()))


def _of_high_rates(catalog: Catalog, rate: FloatArray) -> str:
    """Whether holding rates above 1 a year are meant; empty where there are none."""
    high = np.flatnonzero(rate > 1)
    if not high.size:
        return ""
    worst = int(high[rate[high].argmax()])
    return (
        f"holding rates are above 1 a year for {high.size:,} of {catalog.n_items:,} SKU-locations "
        f"({catalog.sku[worst]}@{catalog.location[worst]}: {rate[worst]:g} a year: "
        f"{100 * rate[worst]:g}%?): rates are fractions, and this one is taken as it stands"
    )


def read_terms(catalog: Catalog) -> OrderTerms:
    """Order terms of all items, in periods and units.

    Raises
    ------
    InvalidInputError
        Limits below 0, packs below 1, parts of units, a smallest order above the largest one
        or above the highest position, units owed (`on_hand` below 0) where demand can be lost.

    Notes
    -----
    Review periods and phases become the nearest whole number of periods, at least 1 and 0; what was
    not exact is told by `review_notes`, or goes by parts (`working_parts`).
    """
    given = stated_column(catalog, "review_period")
    wanted, first = stated_reviews(catalog)
    review = np.maximum(np.rint(wanted), 1).astype(np.int64)
    phase = np.rint(first).astype(np.int64) % review
    pack, moq, largest = (stated_column(catalog, name) for name in ("pack_size", "moq", "max_order"))
    ceiling = np.nan_to_num(stated_column(catalog, "max_position")).astype(np.int64)
    problems = [*_unit_problems(catalog, pack, moq, largest, ceiling), *_review_problems(catalog, given)]
    waits, unknown = _waits(catalog)
    unmet = _unmet(waits)
    problems += [*unknown, *_owed_problems(catalog, unmet), *_nothing_allowed(catalog)]
    if problems:
        raise InvalidInputError(problems)
    return OrderTerms(
        review,
        phase,
        np.where(np.isnan(pack), 1, pack).astype(np.int64),
        np.nan_to_num(moq).astype(np.int64),
        np.where(largest == 0, NOTHING, np.nan_to_num(largest)).astype(np.int64),
        unmet,
        np.where(unmet == Unmet.PARTLY, waits, 0) if (unmet == Unmet.PARTLY).any() else None,
        ceiling if ceiling.any() else None,
    )


def read_minimum(catalog: Catalog) -> IntArray:
    """(n,) `minimum_level` of items, 0 where a cell is empty."""
    return np.nan_to_num(stated_column(catalog, "minimum_level")).astype(np.int64)


def stated_column(catalog: Catalog, name: str) -> FloatArray:
    """(n,) a column of items as stated, NaN where a cell is empty or there is no such column."""
    return np.asarray(catalog.numbers.get(name, np.full(catalog.n_items, np.nan)))


def _unmet(waits: IntArray) -> CodeArray:
    """(n,) `Unmet` of the share that waits: all, nothing, or a part."""
    partly = np.where(waits == 0, Unmet.LOST, Unmet.PARTLY)
    return np.where(waits == MILLION, Unmet.BACKORDER, partly).astype(np.int8)


def _waits(catalog: Catalog) -> tuple[IntArray, list[Problem]]:
    """(n,) millionths of unmet demand that wait: the item's own word or share, else the study's."""
    said = catalog.study.policy.unmet
    usual = _UNMET[said] if isinstance(said, str) else round(said.waits * MILLION)
    column = catalog.texts.get("unmet")
    out = np.full(catalog.n_items, usual, dtype=np.int64)
    problems: list[Problem] = []
    for row, value in enumerate(column if column is not None else ()):
        word = str(value or "").strip().lower()
        share = _share(word)
        if word in _UNMET:
            out[row] = _UNMET[word]
        elif share is not None:
            out[row] = share
        elif word:
            fix = "backorder, lost, or the share that waits, such as 0.3"
            problems.append(item_problem(catalog, "E-MOD-004", row, "unmet", f"'{word}'", fix))
    return out, problems


def _share(word: str) -> int | None:
    """Millionths of a share written as a plain number between 0 and 1; None where it is none."""
    if not re.fullmatch(r"[+]?([01]|[01]?\.[0-9]+)", word):
        return None
    return round(float(word) * MILLION) if float(word) <= 1 else None


def _review_problems(catalog: Catalog, given: FloatArray) -> Iterator[Problem]:
    for row in np.flatnonzero(given <= 0):
        yield item_problem(
            catalog, "E-MOD-004", int(row), "review_period", f"{given[row]:g}", "must be above 0"
        )


def _unit_problems(
    catalog: Catalog, pack: FloatArray, moq: FloatArray, largest: FloatArray, ceiling: IntArray
) -> Iterator[Problem]:
    for name, column, least in (("pack_size", pack, 1), ("moq", moq, 0), ("max_order", largest, 0)):
        with np.errstate(invalid="ignore"):
            bad = (column < least) | (column != np.rint(column))
        for row in np.flatnonzero(bad & ~np.isnan(column)):
            yield item_problem(
                catalog, "E-MOD-004", int(row), name, f"{column[row]:g}", f"whole units, at least {least}"
            )
    floor = np.nan_to_num(stated_column(catalog, "minimum_level"))
    for row in np.flatnonzero((ceiling > 0) & (floor > ceiling)):
        why = f"minimum_level {floor[row]:g} lies above max_position {ceiling[row]:g}"
        yield item_problem(
            catalog, "E-MOD-004", int(row), "minimum_level", why, "lower it, or raise max_position"
        )
    with np.errstate(invalid="ignore"):
        smallest = np.ceil(np.fmax(moq, 1) / np.fmax(pack, 1)) * np.fmax(pack, 1)
    fix = "orders are whole packs of at least moq"
    for name, most in (("max_order", np.nan_to_num(largest)), ("max_position", ceiling)):
        for row in np.flatnonzero((most > 0) & (smallest > most)):
            why = f"{most[row]:g} is below the smallest order {smallest[row]:g}"
            yield item_problem(catalog, "E-MOD-004", int(row), name, why, fix)


def _nothing_allowed(catalog: Catalog) -> Iterator[Problem]:
    """A highest position of 0 is no empty cell; what is never ordered cannot be kept at a minimum."""
    file = catalog.study.data.items.path or "items"
    rows = np.flatnonzero(stated_column(catalog, "max_position") == 0)
    if rows.size:
        why = f"0 lets nothing ever be kept or on order: {_first_names(catalog, rows)}"
        fix = "leave the cell empty where there is no limit; what is not ordered any more has max_order = 0, "
        fix += "or leave it out: [data.items] where = { max_position = { none_of = [0] } }"
        yield Problem("E-MOD-004", why, file, column="max_position", fix=fix)
    floor = np.nan_to_num(stated_column(catalog, "minimum_level"))
    rows = np.flatnonzero((stated_column(catalog, "max_order") == 0) & (floor > 0))
    if rows.size:
        why = "max_order = 0 lets nothing be ordered, and minimum_level asks for stock: "
        why += _first_names(catalog, rows)
        fix = "leave one of the two cells empty"
        yield Problem("E-MOD-004", why, file, column="max_order", fix=fix)


def _first_names(catalog: Catalog, rows: IntArray) -> str:
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:5])
    return names + (f" and {rows.size - 5:,} more" if rows.size > 5 else "")


def _owed_problems(catalog: Catalog, unmet: CodeArray) -> Iterator[Problem]:
    """Negative stock is a backlog, which only items have whose unmet demand waits."""
    stock = stated_column(catalog, "on_hand")
    fix = 'give 0, or say unmet = "backorder" for the item'
    for row in np.flatnonzero((stock < 0) & (unmet != Unmet.BACKORDER)).tolist():
        kind = "is lost" if unmet[row] == Unmet.LOST else "is lost in part"
        why = f"{stock[row]:g} units cannot be owed: unmet demand {kind}"
        yield item_problem(catalog, "E-MOD-004", row, "on_hand", why, fix)


def review_notes(catalog: Catalog, by_periods: BoolArray) -> tuple[QualityRow, ...]:
    """Review periods of items that go by whole periods and are none, or not nearly one."""
    wanted, _ = stated_reviews(catalog)
    review = np.maximum(np.rint(wanted), 1).astype(np.int64)
    inexact = by_periods & ~is_whole(wanted)
    if not inexact.any():
        return ()
    values = sorted({(float(w), int(r)) for w, r in zip(wanted[inexact], review[inexact], strict=True)})
    shown = ", ".join(f"{w:.3g} → {r}" for w, r in values[:3]) + (", …" if len(values) > 3 else "")
    what = f"review periods that are no whole number of {catalog.study.period}s"
    note = f"{int(inexact.sum())} SKU-locations, the nearest whole number is taken: {shown}"
    return (QualityRow("items", what, "repaired", 0, note=note),)


def item_problem(catalog: Catalog, code: str, row: int, column: str, why: str, fix: str) -> Problem:
    """What is wrong with one SKU-location of the items table."""
    file = catalog.study.data.items.path or "items"
    item = f"{catalog.sku[row]}@{catalog.location[row]}"
    return Problem(code, f"{item}: {why}", file, column=column, fix=fix)
