"""The items table: one row per SKU-location, every known column by its rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import AnyArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import (
    Money,
    all_numbers,
    choices,
    days,
    money,
    notation,
    numbers,
    refuse_fractional_ids,
    refuse_missing,
    spread,
    texts,
)
from simlab.catalog.cells.numerals import Notation
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import ITEMS, NUMERIC, Column, near
from simlab.catalog.parts import COLUMN, in_parts, parts_of, read_parts, rule_in_parts
from simlab.catalog.quality import QualityRow
from simlab.catalog.tables.doubtful import names_alike, values_alike
from simlab.catalog.tables.known_names import hint, line_to_paste, resembles, source_of
from simlab.register.laws import LAW_NAMES, Variances, law_named
from simlab.study import Study

_NO_MONEY = 1e-12  # of a cost: what binary numbers add to decimal ones is no rounding

LAST_SALE = "last_sale"


@dataclass(frozen=True, eq=False)
class Items:
    """The items table, typed; see `Catalog` for the attributes."""

    sku: tuple[str, ...]
    location: tuple[str, ...]
    unit_cost: IntArray
    numbers: dict[str, FloatArray]
    texts: dict[str, AnyArray]
    entries: tuple[QualityRow, ...]
    cost_resolution: float

    @property
    def n_items(self) -> int:
        return len(self.sku)

    @property
    def row_of(self) -> dict[tuple[str, str], int]:
        """Row of each SKU-location."""
        return {pair: row for row, pair in enumerate(zip(self.sku, self.location, strict=True))}

    @property
    def parts(self) -> IntArray:
        """(n,) parts that a unit of each SKU-location is counted in; see `Catalog.parts`."""
        return parts_of(self.numbers.get(COLUMN, np.full(self.n_items, np.nan)))


def read_items(table: TextTable, study: Study) -> Items | None:
    """Type the items table; what is wrong goes to its findings.

    Returns
    -------
    Items or None
        None if the ids could not be read, so that nothing else can be checked against them.
    """
    if not has_columns(table, ITEMS):
        return None
    refuse_fractional_ids(table, ("sku", "location"))
    for name in ("sku", "location", "unit_cost"):
        refuse_missing(table, name)
    written = notation(table, study.data.items, ITEMS)
    declared = "cost_resolution" in study.data.model_fields_set
    parts = read_parts(table, ITEMS[COLUMN], written)
    coins = money(table, "unit_cost", study.data.cost_resolution, written, parts, declared=declared)
    known: dict[str, FloatArray] = {
        "unit_cost": np.asarray(coins.amounts * coins.resolution, dtype=np.float64)
    }
    words: dict[str, AnyArray] = {}
    for name, rule in ITEMS.items():
        if name in table.columns and name not in ("sku", "location", "unit_cost"):
            _known(table, name, rule_in_parts(name, rule, parts), written, known, words)
            if name in known and rule.kind in NUMERIC:
                known[name] = in_parts(table, name, rule, known[name], parts)
    if LAST_SALE in table.columns:
        known[LAST_SALE] = _days_of(table, study)
        del words[LAST_SALE]
    further = [name for name in table.columns if name not in ITEMS]
    for name in further:
        words[name] = texts(table.columns[name])
        as_numbers = all_numbers(table.columns[name], written)
        if as_numbers is not None:
            known[name] = as_numbers
    _refuse_doubles(table, study.data.location)
    _check_laws(table, known, words)
    _check_suppliers(table, known, words, study)
    sku, place = texts(table.columns["sku"]), texts(table.columns["location"])
    entries = (
        *_account(table, written, known),
        *_of_money(coins, study),
        *_of_parts(parts),
        *_remarks(table, further, study),
        *names_alike(sku, place),
        *values_alike(table, ["location", *(name for name in words if name not in known)], _groups_by(study)),
    )
    return Items(tuple(sku), tuple(place), coins.amounts, known, words, entries, coins.resolution)


def _groups_by(study: Study) -> set[str]:
    """Columns of text by which anything is grouped."""
    season = study.models.seasonality
    by = {"location", "supplier", *study.segments.by, study.models.pool_by}
    return by if season is None else {*by, season.profile_by}


def _days_of(table: TextTable, study: Study) -> FloatArray:
    """(n,) day number of the last sale, from 1970-01-01; NaN where empty."""
    day, good = days(table, LAST_SALE, study.data.items)
    known = good & ~np.isnat(day)
    return np.where(known, day.astype("datetime64[D]").astype(np.int64), np.nan).astype(np.float64)


def has_columns(table: TextTable, rules: dict[str, Column]) -> bool:
    """Whether the table has rows and its required columns; reports what lacks."""
    if not table.columns and table.findings:
        return False
    missing = [name for name, rule in rules.items() if rule.required and name not in table.columns]
    double = {problem.column for problem in table.findings.problems if problem.code.endswith("005")}
    for name in missing:
        if table.label(name) not in double and name not in table.labels:
            others = [other for other in table.columns if other not in rules or other == "product"]
            guess = source_of(table.name, name, others)
            line = line_to_paste(table.name, missing, list(table.columns))
            fix = f"{guess} Then say {line}" if guess and name == missing[0] else guess
            fix = fix or f"the header has: {', '.join(table.columns) or 'nothing'}"
            message = "required column is missing"
            table.findings.add(found.MISSING_COLUMN, message, column=name, fix=fix)
    if table.n_rows == 0 and not table.findings:
        table.findings.add(found.NO_ROWS, "no rows: a header and no data below it")
    return not missing and table.n_rows > 0


def _known(
    table: TextTable,
    name: str,
    rule: Column,
    written: Notation,
    known: dict[str, FloatArray],
    words: dict[str, AnyArray],
) -> None:
    """Type one known column into numbers or texts."""
    if rule.kind in NUMERIC:
        values, _ = numbers(table, name, rule, written)
        known[name] = np.asarray(spread(table.columns[name], values, np.nan, np.float64))
    elif rule.kind == "choice":
        words[name] = choices(table, name, rule)
    else:
        words[name] = texts(table.columns[name])
        as_numbers = all_numbers(table.columns[name], written) if rule.or_number else None
        if as_numbers is not None:
            known[name] = as_numbers


def _refuse_doubles(table: TextTable, only_place: str | None) -> None:
    """A SKU may stand at a location once."""
    key = pair_codes(table)
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    rows = np.sort(order[same + 1])
    rows = rows[key[rows] >= 0]
    if rows.size:
        sku, place = table.columns["sku"].cell(rows[0]), table.columns["location"].cell(rows[0])
        first = table.findings.place(int(np.flatnonzero(key == key[rows[0]])[0]))
        message = f"'{sku}' at '{place}' stands more than once (first in row {first})"
        fix = "keep one row per SKU and location"
        if place == only_place:
            fix += (
                "; if a column tells the location, name it in place of [data] location: "
                f'[data.{table.name}] columns = {{ location = "…" }}'
            )
        table.findings.add_rows(found.DUPLICATE, message, rows, column=table.label("sku"), fix=fix)


def pair_codes(table: TextTable) -> npt.NDArray[np.int64]:
    """(m,) one number per distinct (sku, location) of a table; −1 where either is empty."""
    sku, place = table.columns["sku"], table.columns["location"]
    key = sku.codes.astype(np.int64) * max(1, len(place.values)) + place.codes
    return np.asarray(np.where(sku.missing() | place.missing(), -1, key))


_OF_SUPPLIERS = {
    "minimum_order_value": ("smallest order", "the value is that of one whole order"),
    "container_volume": ("container", "the volume is that of one whole order"),
}
"""Columns that say something of an item's supplier: what they say, and of what."""


def _check_suppliers(
    table: TextTable, known: dict[str, FloatArray], words: dict[str, AnyArray], study: Study
) -> None:
    """What columns say of suppliers needs a supplier, and is one value for each; containers need volumes."""
    supplier = words.get("supplier", np.full(table.n_rows, None, dtype=object))
    for name, (noun, whose) in _OF_SUPPLIERS.items():
        if name in known:
            _refuse_apart(table, name, known[name], supplier, noun, whose)
    limited = {spec.name for spec in study.suppliers if spec.container_volume is not None}
    if "container_volume" in known:
        limited |= {str(one) for one in supplier[~np.isnan(known["container_volume"])] if one is not None}
    if not limited:
        return
    volume = known.get("unit_volume", np.full(table.n_rows, np.nan))
    theirs = np.array([one is not None and str(one) in limited for one in supplier], np.bool_)
    rows = np.flatnonzero(np.isnan(volume) & theirs)
    if rows.size:
        label = table.label("unit_volume") if "unit_volume" in table.columns else "unit_volume"
        message = f"supplier '{supplier[rows[0]]}' ships containers, and the volume of a unit is missing"
        fix = "fill unit_volume for every item of the supplier, or leave container_volume out"
        table.findings.add_rows(found.MISSING_CELL, message, rows, column=label, fix=fix)


def _refuse_apart(
    table: TextTable, name: str, values: FloatArray, supplier: AnyArray, noun: str, whose: str
) -> None:
    """Rows without a supplier, and suppliers with two values."""
    first: dict[str, float] = {}
    apart, alone = [], []
    for row in np.flatnonzero(~np.isnan(values)).tolist():
        if supplier[row] is None:
            alone.append(row)
        elif first.setdefault(str(supplier[row]), float(values[row])) != values[row]:
            apart.append(row)
    if alone:
        message, fix = f"a {noun} needs a supplier", "fill supplier, or leave the cell empty"
        rows = np.array(alone, np.int64)
        table.findings.add_rows(found.OUT_OF_RANGE, message, rows, column=table.label(name), fix=fix)
    if apart:
        row = apart[0]
        message = f"supplier '{supplier[row]}' has two {noun}s: {first[str(supplier[row])]:g} and "
        message += f"{values[row]:g}"
        fix = f"{whose}: the same in all rows of a supplier"
        rows = np.array(apart, np.int64)
        table.findings.add_rows(found.OUT_OF_RANGE, message, rows, column=table.label(name), fix=fix)


def _check_laws(table: TextTable, known: dict[str, FloatArray], words: dict[str, AnyArray]) -> None:
    """A law given outright must be whole: name, mean, and a variance that the law can have."""
    nothing = np.full(table.n_rows, np.nan)
    mean = known.get("demand_mean", nothing)
    variance = known.get("demand_variance", nothing)
    law = words.get("demand_law", np.full(table.n_rows, None, dtype=object))
    named = np.array([name is not None for name in law], dtype=np.bool_)
    if "demand_law" in table.columns:
        named = ~table.columns["demand_law"].missing()
    has_mean = _given(table, "demand_mean")
    has_variance = _given(table, "demand_variance")
    allowed = np.array([None if name not in LAW_NAMES else law_named(name).variances for name in law])
    wide = allowed == Variances.ABOVE
    fix = "a law given outright needs demand_law and demand_mean (per period)"
    _law(table, named & ~has_mean, "demand_mean", "the mean of a law given outright is missing", fix)
    _law(table, has_mean & ~named, "demand_law", "a mean is given and no law", fix)
    _law(table, has_variance & ~named & ~has_mean, "demand_law", "a variance is given and no law", fix)
    fix = "this law needs demand_variance above demand_mean; else say poisson"
    narrow = wide & has_mean & ~(variance > mean)
    _law(table, narrow, "demand_variance", "the variance does not exceed the mean", fix)
    two = (allowed == Variances.ANY) | (allowed == Variances.BELOW)
    fix = "a law with two parameters needs demand_variance (units² per period)"
    _law(table, two & has_mean & ~has_variance, "demand_variance", "the variance is missing", fix)
    trials = (allowed == Variances.BELOW) & has_variance & has_mean & ~((variance > 0) & (variance < mean))
    fix = "a binomial law needs 0 < demand_variance < demand_mean; else say poisson"
    _law(table, trials, "demand_variance", "no binomial law has this variance", fix)
    apart = (law == "poisson") & (np.abs(variance - mean) > 1e-6 * np.maximum(1.0, mean))
    fix = "leave demand_variance empty for poisson, or say negative_binomial"
    _law(table, apart, "demand_variance", "a Poisson law's variance is its mean", fix)


def _given(table: TextTable, name: str) -> npt.NDArray[np.bool_]:
    if name not in table.columns:
        return np.zeros(table.n_rows, dtype=np.bool_)
    return ~table.columns[name].missing()


def _law(table: TextTable, bad: npt.NDArray[np.bool_], name: str, message: str, fix: str) -> None:
    rows = np.flatnonzero(bad)
    if rows.size:
        table.findings.add_rows(found.LAW, message, rows, column=table.label(name), fix=fix)


def _account(table: TextTable, written: Notation, known: dict[str, FloatArray]) -> Iterator[QualityRow]:
    stock = np.nan_to_num(known.get("on_hand", np.zeros(table.n_rows))).clip(0)
    parts = parts_of(known.get(COLUMN, np.full(table.n_rows, np.nan)))
    units, value = float((stock / parts).sum()), float((stock * known["unit_cost"]).sum())
    if written.proved:
        note = "no cell has a decimal point and some cannot be anything else"
        yield QualityRow(
            "items", "decimal commas read", "repaired", table.n_rows, units, value, note, "quiet"
        )
    else:
        yield QualityRow("items", "as given", "used", table.n_rows, units, value)


def _of_parts(parts: IntArray) -> Iterator[QualityRow]:
    """Which SKU-locations are counted in parts of a unit, and what that does to sums of units."""
    if (parts == 1).all():
        return
    sizes = ", ".join(f"{1 / size:g}" for size in np.unique(parts[parts > 1]).tolist())
    note = f"{int((parts > 1).sum()):,} SKU-locations in multiples of {sizes}: plan and items are in the "
    note += "files' units, traces, curves and sums of units in these parts"
    if np.unique(parts).size > 1:
        note += '; totals of service add parts of different sizes: say optimize.service with weight = "value"'
    yield QualityRow("items", "counted in parts of a unit", "used", 0, note=note)


def _of_money(coins: Money, study: Study) -> Iterator[QualityRow]:
    """What costs of 0 mean, and how large the rounding of costs is."""
    free = int((coins.amounts == 0).sum())
    if free:
        note = (
            f"{free:,} SKU-locations cost nothing (samples, consignment): value and holding cost 0, their "
            'units count in service; optimize.service with weight = "value" leaves them out of it'
        )
        yield QualityRow("items", "unit_cost 0", "used", 0, note=note)
    if coins.resolution != study.data.cost_resolution:
        note = (
            f"counted in multiples of {coins.resolution:.10f}".rstrip("0")
            + f" ({study.data.cost_resolution:g} would move a unit cost by more than 0.01%)"
        )
        yield QualityRow("items", "money counted finer", "used", 0, note=note, notice="quiet")
    if coins.n_rounded and abs(coins.worst[1]) > _NO_MONEY:
        cell, share = coins.worst
        note = (
            f"{coins.n_rounded:,} unit costs have more digits than data.cost_resolution and were rounded, "
            f"at most by {abs(share):.2g} of the cost ({cell})"
        )
        yield QualityRow("items", "unit_cost rounded", "used", 0, note=note)


def _remarks(table: TextTable, further: list[str], study: Study) -> Iterator[QualityRow]:
    """Remarks on the file, and one on the columns that neither simlab nor the study knows."""
    yield from file_remarks(table)
    said = _words_of(study)
    unknown = [name for name in further if name not in said]
    if not unknown:
        return
    unused = [name for name in ITEMS if name not in table.columns]
    hints = {name: hint(name, unused, study.data.time_unit) for name in unknown}
    parts = [
        f"{name} ({hints[name]})" if hints[name] else name for name in sorted(unknown, key=_first(hints))
    ]
    what = "columns not understood, kept for segmenting"
    asks = any(resembles(name, unused) for name in unknown)
    yield QualityRow("items", what, "used", 0, note="; ".join(parts), notice="look" if asks else "")


def _first(hints: Mapping[str, str]) -> Callable[[str], bool]:
    """Columns with a hint before those without, else in the order of the file."""
    return lambda name: not hints[name]


def _words_of(study: Study) -> set[str]:
    """Every word that the study's options say, outside [data] but for its row filters."""
    dump = study.model_dump(mode="json", exclude={"data"})
    where = [source.where for source in (study.data.items, study.data.demand) if source is not None]
    text = f"{dump} {[sorted(one) for one in where]}"
    return {*re.findall(r"[^\W]+", text), *re.findall(r"'([^']*)'", text), *_forced(study)}


def _forced(study: Study) -> list[str]:
    return [name.removeprefix("column:") for name in study.segments.by]


def not_used(table: TextTable, known: Collection[str]) -> Iterator[QualityRow]:
    """Entries for columns of a table that nothing reads, with the column that may be meant."""
    free = [name for name in known if name not in table.columns]
    for name in table.columns:
        if name not in known:
            meant = near(name, free)
            note = f"not used: data.{table.name} has no such column{meant and f'; {meant}'}"
            yield QualityRow(table.name, f"column '{table.label(name)}'", "used", 0, note=note)


def file_remarks(table: TextTable) -> Iterator[QualityRow]:
    """Entries without rows for what was noticed of a file as a whole."""
    for what, note in table.notes:
        yield QualityRow(table.name, what, "used", 0, note=note)
    for what, note in table.questions:
        yield QualityRow(table.name, what, "used", 0, note=note, notice="look")
