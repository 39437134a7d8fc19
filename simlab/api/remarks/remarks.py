"""Remarks on a study that can run: what to look at first, the most costly first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simlab.api.data.assumptions import without_effect
from simlab.api.data.data import Data
from simlab.api.data.dead_stock import dead_stock
from simlab.api.data.levels_to_look_at import LevelsToLookAt
from simlab.api.data.moved_defaults import moved_lines
from simlab.api.data.ordering import levels_of_when
from simlab.api.remarks.books import APART, Some, books, borrowed, fell_silent, seasons_left_out
from simlab.api.remarks.last_period import unfinished
from simlab.api.remarks.slips import slips
from simlab.api.requirements.accounting import accounting
from simlab.api.requirements.margins import margin_notes
from simlab.api.requirements.refusals import Command, refuse
from simlab.arrays import AnyArray
from simlab.catalog import QualityRow
from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError
from simlab.measures import format_money, sentence
from simlab.measures.decision import short_rate
from simlab.models.history.no_history import LEFT_OUT
from simlab.run.statements import Statement

MOST = 7
"""Remarks that are shown at once."""

_WORTH_LOOKING = 0.10  # of demand value whose law is borrowed, of stock that rests on few demands
_NAMED = 3
_WORTH_SAYING = 0.01  # of a table's rows or value, left out


@dataclass(frozen=True)
class Remark:
    """One thing worth knowing before a run.

    Attributes
    ----------
    key : str
        What it speaks of, for programs.
    text : str
        A sentence or two.
    value : float
        Money concerned, study currency; 0 where it is not about money.
    look : bool
        Whether a planner should look at it before the results are believed.
    short : str
        The same in a few words, for a line that names several.
    """

    key: str
    text: str
    value: float = 0.0
    look: bool = False
    short: str = ""


def inputs_to_look_at(data: Data) -> tuple[Statement, ...]:
    """What a run says of its inputs before its results: remarks to look at first, in one statement, or none.

    Levels are left out: a run says them of its own plan.
    """
    found = [one for one in _all(data, None) if one.look]
    if not found:
        return ()
    found.sort(key=lambda one: -one.value)
    n, named = len(found), [one.short or one.key for one in found[:_NAMED]]
    if n > _NAMED:
        named.append(f"{n - _NAMED} more")
    where = f" All of them: simlab check {Path(data.study.file).name}." if data.study.source else ""
    title = f"check names {n} thing{'s' if n > 1 else ''} first: {', '.join(named)}"
    text = " ".join(("Look at the inputs first:", *(one.text for one in found[:_NAMED]))) + where
    return (Statement("open", title, text, "inputs", "look"),)


def remarks(data: Data, levels: LevelsToLookAt | None) -> tuple[Remark, ...]:
    """All remarks: those to look at first before the others, each by the money that it concerns."""
    return tuple(sorted((*_all(data, levels), *_commands(data)), key=lambda one: (not one.look, -one.value)))


def _all(data: Data, levels: LevelsToLookAt | None) -> Iterator[Remark]:
    """All of them but what other commands would refuse."""
    yield from _demand(data)
    yield from (Remark(key, sentence(text), value, look=True) for key, text, value in _slips(data))
    yield from _levels(data, levels)
    dead = tuple(_dead(data))
    yield from dead
    yield from _never_ordered(data)
    yield from _too_little_ordered(data)
    yield from _free(data)
    yield from _options(data)
    told = {f"items: {LEFT_OUT}"} if any(one.look for one in dead) else set()
    yield from (replace(one, look=one.look and one.key not in told) for one in _account(data))


def _slips(data: Data) -> Iterator[tuple[str, str, float]]:
    yield from slips(data)
    yield from unfinished(data)


def _demand(data: Data) -> Iterator[Remark]:
    """Books against laws, borrowed laws, silences, seasons left out."""
    currency = data.study.currency
    both = books(data)
    if both is not None:
        value = 0.0 if both.in_units else both.value
        yield Remark("books", both.statement(currency), value, both.apart > APART, both.short)
    leaning = borrowed(data)
    if leaning is not None and leaning.rows.size:
        yield _borrowed(data, leaning)
    silent = fell_silent(data)
    if silent is not None and silent[0].rows.size:
        yield _silent(data, *silent)
    for some, most, of_year in seasons_left_out(data):
        yield _season(data, some, most, of_year=of_year)
    total = float(data.models.annual_value.sum())
    for text in data.models.left_out:
        yield Remark("left_out", sentence(text), total, look=True, short="a season that is left out")


def _borrowed(data: Data, leaning: Some) -> Remark:
    money = format_money(leaning.value, data.study.currency)
    text = (
        f"{100 * leaning.share:.1f}% of the demand value ({money} a year) is in {_items(leaning.rows.size)} "
        "whose demand model is borrowed for the larger part from comparable items (fewer than 20 periods "
        "with demand)."
    )
    short = f"demand models borrowed for {short_rate(leaning.share)} of the demand value"
    return Remark("borrowed", text, leaning.value, leaning.share > _WORTH_LOOKING, short)


def _season(data: Data, some: Some, most: str, *, of_year: bool) -> Remark:
    """A season that was seen and that no law takes in."""
    cycle = {"day": 364, "week": 52, "month": 12}[data.study.period] if of_year else 7
    texts = data.catalog.texts
    columns = [name for name in (data.study.models.pool_by, *texts) if name in texts and _groups(texts[name])]
    by = columns[0] if columns else "category"
    more = "" if columns else f" once items have a text column '{by}' (one value for all is enough)"
    text = (
        f"Demand of {_items(some.rows.size)} ({100 * some.share:.0f}% of the demand value) has a season of "
        f"the {'year' if of_year else 'week'}, {most}; laws and levels take every {data.study.period} alike: "
    )
    text += "plans serve less in the season than they say, and hold too much outside it. " if of_year else ""
    text += f'[models] seasonality = {{ profile_by = "{by}", cycle = {cycle} }} takes it in{more}.'
    look = of_year and some.share > _WORTH_LOOKING
    return Remark("season", text, some.value, look, f"no law has the season ({most})")


def _groups(column: AnyArray) -> bool:
    """Whether a further column of items makes groups: no numbers, and not a value for nearly each item."""
    words = {str(word) for word in column.tolist() if word not in (None, "")}
    numbers = all(word.replace(".", "", 1).replace(",", "").isdigit() for word in words)
    return bool(words) and not numbers and len(words) <= max(1, column.size // 2)


def _silent(data: Data, found: Some, named: tuple[str, ...]) -> Remark:
    more = f" and {found.rows.size - len(named):,} more" if found.rows.size > len(named) else ""
    hand = data.catalog.numbers.get("on_hand", np.zeros(data.catalog.n_items))
    cost = data.models.costs.unit_cost * data.models.costs.cost_resolution
    stock = float((np.maximum(np.nan_to_num(hand), 0) * cost)[found.rows].sum())
    currency = data.study.currency
    shelf = f", with {format_money(stock, currency)} on the shelf" if stock > 0 else ""
    text = (
        f"{_items(found.rows.size)} fell silent: no demand for longer than chance explains, "
        f"{', '.join(named)}{more}. Their laws still expect {format_money(found.value, currency)} a "
        f"year{shelf}: discontinued items belong out of the items table."
    )
    short = f"{_items(found.rows.size)} fell silent"
    return Remark("silent", text, max(found.value, stock), look=True, short=short)


def _levels(data: Data, levels: LevelsToLookAt | None) -> Iterator[Remark]:
    """Levels beyond what was ever demanded, and what rests on few demands."""
    if levels is None:
        return
    listed, few = levels.listed(), levels.on_few_demands()
    if listed:
        yield Remark("levels", listed, float(levels.table["value"].sum()), look=True)
    if few and levels.n_few:
        yield Remark("few_demands", few, levels.few * levels.total, levels.few > _WORTH_LOOKING)


def _dead(data: Data) -> Iterator[Remark]:
    found = dead_stock(data)
    text = " ".join(found.statements(data.study.currency))
    if text:
        yield Remark("dead_stock", text, found.value, found.value > 0, "dead stock")


def _never_ordered(data: Data) -> Iterator[Remark]:
    """Items with a largest order of 0 that are demanded."""
    rows = np.flatnonzero(data.models.never_ordered & ~data.models.silent)
    if rows.size:
        value = float(data.models.annual_value[rows].sum())
        names = ", ".join(data.catalog.keys[row] for row in rows[:3].tolist())
        more = f" and {rows.size - 3:,} more" if rows.size > 3 else ""
        text = (
            f"max_order = 0 of {_items(rows.size)}: nothing is ever "
            f"ordered, and none of demand of {format_money(value, data.study.currency)} a year is served in "
            f"the long run: {names}{more}. {_beyond_reach(data, value)}What is discontinued belongs out of "
            "the items table."
        )
        yield Remark("never_ordered", text, value, look=True, short="max_order = 0 of what is demanded")


def _too_little_ordered(data: Data) -> Iterator[Remark]:
    """Items whose largest order is less than what a review period demands: no level serves them."""
    models, terms = data.models, data.models.world.terms
    review = terms.review_period if models.parts is None else models.parts.review_period_taken
    most = terms.max_order // terms.pack_size * terms.pack_size
    asked = models.annual_units / models.periods_per_year * review
    rows = np.flatnonzero((most > 0) & (most < asked))
    if rows.size:
        rows = rows[np.argsort(-models.annual_value[rows], kind="stable")]
        waits = terms.unmet[rows] == Unmet.BACKORDER  # those who wait, wait ever longer
        lost = models.annual_value[rows] * np.where(waits, 1.0, 1 - most[rows] / asked[rows])
        first, units = int(rows[0]), data.catalog.parts
        text = (
            f"max_order of {_items(rows.size)} is less than a review period demands, and no level serves "
            f"what is beyond it: {data.catalog.keys[first]} may order {most[first] / units[first]:.4g} a "
            f"review and is asked for {asked[first] / units[first]:.4g}. "
            f"{_beyond_reach(data, float(lost.sum()))}Raise it, or review more often."
        )
        yield Remark("too_little_ordered", text, float(lost.sum()), look=True, short="max_order below demand")


def _free(data: Data) -> Iterator[Remark]:
    """Items that cost nothing where service is counted by value: nothing is lost by serving them little."""
    units = data.models.annual_units
    free = (data.models.costs.unit_cost == 0) & (units > 0)
    rows = np.flatnonzero(free)
    if not _WORTH_SAYING <= units[free].sum() / max(units.sum(), 1e-9) < 1:
        return
    if accounting(data).keys["weight"] != "value":
        return
    names = ", ".join(data.catalog.keys[row] for row in rows[:3].tolist()) + " …" * (rows.size > 3)
    text = (
        f"What costs nothing ({_items(rows.size)}: {names}) counts for nothing where service is counted by "
        "value: plans serve a segment of it alone at the lowest target "
        f"({short_rate(data.study.targets()[0])}), "
        'though more would cost nothing. [optimize] service = { weight = "units" } counts it.'
    )
    yield Remark("free", text, look=True, short="items that cost nothing")


def _beyond_reach(data: Data, never: float) -> str:
    """That the floor asked for cannot be met, where what is never ordered is worth more than it leaves."""
    total, floor = float(data.models.annual_value.sum()), data.study.optimize.fill_rate
    most = 1 - never / total if total > 0 else 1.0
    if floor is None or most >= floor or accounting(data).keys["weight"] != "value":
        return ""
    return f"No plan serves more than {short_rate(most)} of value (optimize.fill_rate = {floor:g}). "


def _options(data: Data) -> Iterator[Remark]:
    """Defaults that moved, what was assumed, and what is said without an effect."""
    models = data.models
    lines = moved_lines(data.study)
    if lines:
        since = "Defaults have moved since this study was written (schema 1); each line keeps the old answer:"
        yield Remark("moved_defaults", since + lines, float(models.annual_value.sum()))
    for note in margin_notes(data):
        yield Remark("margins", sentence(note))
    idle = without_effect(data)
    for text in models.assumptions:
        if text not in models.left_out:
            asked = text == models.costs.question
            yield Remark("assumption", sentence(text), look=asked, short="costs that are asked about")
    when = levels_of_when(data)
    if when:
        yield Remark("levels_by_period", when)
    for text in idle:
        yield Remark("no_effect", sentence(text), look=True, short="an option without effect")


def _commands(data: Data) -> Iterator[Remark]:
    """Commands that this study cannot be asked for, though others run."""
    words: dict[Command, str] = {"compare": "compare schemes", "audit": "audit"}
    for command, name in words.items():
        try:
            refuse(data, command)
        except InvalidInputError as error:
            why = "; ".join(f"{one.column}: {one.message}" for one in error.problems)
            yield Remark("command", f"simlab {name} cannot be asked of this study ({why}).")


def _account(data: Data) -> Iterator[Remark]:
    """Entries of the quality account that say more than that rows were used as given."""
    quality = data.quality
    for entry in quality.entries:
        if entry.notice == "quiet" or (entry.status == "used" and not entry.note):
            continue
        rows = quality.read.get(entry.table, 0)
        worth = sum(abs(one.value) for one in quality.entries if one.table == entry.table)
        share = max(entry.rows / max(rows, 1), abs(entry.value) / worth if worth > 0 else 0.0)
        changed = entry.status in ("refused", "dropped") and share > _WORTH_SAYING
        changed = changed and entry.notice != "as asked"
        look = changed or entry.notice == "look"
        yield Remark(f"{entry.table}: {entry.what}", _told(entry), abs(entry.value), look)


def _told(entry: QualityRow) -> str:
    rows = f" ({entry.rows:,} row{'s' if entry.rows > 1 else ''} {entry.status})" if entry.rows else ""
    note = f": {entry.note}" if entry.note else ""
    return sentence(f"{entry.table}, {entry.what}{rows}{note}")


def _items(n: int) -> str:
    return f"{n:,} SKU-location{'s' if n != 1 else ''}"
