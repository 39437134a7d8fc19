"""Relations between options, looked at on the raw study so that one mistake does not hide another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from simlab.errors import Problem
from simlab.register.families import OPTIMAL_NAMES
from simlab.study.later import value_at
from simlab.study.sources.databases import database, has_database
from simlab.study.values import names_folder

READABLE = (".csv", ".txt", ".tsv", ".gz", ".parquet", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_TABLES = ("items", "demand", "receipts", "periods", "open_orders", "forecast", "forecast_errors")


def relations(raw: Mapping[str, Any], file: str, *, from_file: bool) -> Iterator[Problem]:
    """Every contradiction between options that are each fine by themselves.

    Parameters
    ----------
    raw : mapping
        The study as read from TOML, before defaults.
    file : str
        Name of the study file.
    from_file : bool
        Whether tables must be named, as opposed to handed over in Python.
    """
    if from_file:
        yield from _tables(raw, file)
    yield from _ordered_pair(raw, file)
    yield from _grid_of_one(raw, file)
    yield from _target_ranges(raw, file)
    yield from _batches(raw, file)
    yield from _cuts(raw, file)
    yield from _review(raw, file)
    yield from _crossing(raw, file)
    yield from _transient(raw, file)
    yield from _forecast(raw, file)
    yield from _forecast_table(raw, file)
    yield from _suppliers(raw, file)
    yield from _optimal(raw, file)
    yield from _working_days(raw, file)
    yield from _numerals(raw, file)
    yield from _uplift(raw, file)
    yield from _complete_to(raw, file)
    yield from _fiscal(raw, file)
    yield from _name(raw, file)


def _number(raw: Mapping[str, Any], option: str, default: float) -> float:
    value = value_at(raw, option)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def _tables(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    data = raw.get("data")
    data = data if isinstance(data, Mapping) else {}
    for name in _TABLES:
        if name not in data and name != "items":
            continue
        option = f"data.{name}.path"
        path = value_at(raw, option)
        if has_database(raw, name):
            yield from database(raw, name, file)
        elif path is None or path == "":
            fix = f'say where the table is: [data.{name}] path = "{name}.csv"'
            yield Problem("E-STU-005", "is missing and required", file, column=option, fix=fix)
        elif isinstance(path, str) and "://" in path:
            fix = f'a database is named by an environment variable: [data.{name}] url_env = "NAME"'
            yield Problem("E-STU-010", "is a URL, not a file (it is not shown)", file, column=option, fix=fix)
        elif isinstance(path, str):
            yield from _kind(path, option, file)


def _kind(path: str, option: str, file: str) -> Iterator[Problem]:
    suffix = PurePath(path).suffix.lower()
    where = f"{option} = {path!r}"
    if suffix not in READABLE and not path.endswith("/"):
        fix = (
            "tables are .csv, .tsv or .txt, packed (.gz) or not, .parquet or folders/ of it, "
            "or sheets of .xlsx, .xls, .xlsb or .ods workbooks"
        )
        yield Problem("E-STU-010", f"cannot read a {suffix or 'nameless'} file", file, column=where, fix=fix)


def _ordered_pair(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    low = _number(raw, "optimize.target_min", 0.80)
    high = _number(raw, "optimize.target_max", 0.999)
    if low > high:
        where = f"optimize.target_min = {low:g}, optimize.target_max = {high:g}"
        message = "the lowest target lies above the highest"
        yield Problem("E-STU-008", message, file, column=where, fix="swap them, or name one of them anew")


def _grid_of_one(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    low = _number(raw, "optimize.target_min", 0.80)
    high = _number(raw, "optimize.target_max", 0.999)
    one = value_at(raw, "optimize.n_targets") == 1
    if one and low < high and not value_at(raw, "optimize.targets"):
        fix = "name the one target: optimize.targets = [0.95], or set target_min = target_max"
        message = f"one target cannot reach from {low:g} to {high:g}"
        yield Problem("E-STU-008", message, file, column="optimize.n_targets = 1", fix=fix)


def _target_ranges(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    given = value_at(raw, "optimize.target_ranges")
    for number, span in enumerate(given if isinstance(given, Sequence) else ()):
        if not isinstance(span, Mapping):
            continue
        where = f"optimize.target_ranges[{number}]"
        low, high = span.get("at_least"), span.get("at_most")
        if low is None and high is None:
            fix = '{ segment = "A", at_least = 0.90, at_most = 0.99 }, or one of the two'
            yield Problem("E-STU-008", "names neither at_least nor at_most", file, column=where, fix=fix)
        elif isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            message = f"at_least = {low:g} lies above at_most = {high:g}"
            yield Problem("E-STU-008", message, file, column=where, fix="swap them")


def _batches(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    given = value_at(raw, "simulation.batches")
    replications = _number(raw, "simulation.replications", 200)
    if given is not None and _number(raw, "simulation.batches", 20) > replications:
        where = f"simulation.batches = {given}, simulation.replications = {replications:g}"
        fix = "a batch needs at least one replication"
        yield Problem("E-STU-008", "more batches than replications", file, column=where, fix=fix)


def _cuts(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    for option in ("segments.abc.cuts", "segments.xyz.cuts"):
        cuts = value_at(raw, option)
        if not isinstance(cuts, Sequence) or isinstance(cuts, str):
            continue
        numbers = [cut for cut in cuts if isinstance(cut, (int, float))]
        if not cuts or any(a >= b for a, b in pairwise(numbers)):
            fix = "name at least one cut, each above the one before"
            yield Problem("E-STU-007", "cuts must rise", file, column=f"{option} = {cuts}", fix=fix)


_CENTURY = 36_525.0  # days
_MOST_WARMUP = 100_000
_A_PART = 0.95  # of a part of a period: what a review period must be at least (`models.working_parts`)


def _review(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    days = {"days": 1.0, "weeks": 7.0, "months": 365 / 12}
    period_days = {"day": 1.0, "week": 7.0, "month": 365 / 12}
    given = value_at(raw, "policy.review_period")
    unit = value_at(raw, "data.time_unit") or "days"
    period = value_at(raw, "study.period") or "week"
    if given is None or unit not in days or period not in period_days:
        return
    periods = _number(raw, "policy.review_period", 7) * days[unit] / period_days[period]
    if periods * period_days[period] > _CENTURY:
        where = f"policy.review_period = {given:g}"
        fix = f"it is counted in data.time_unit ({unit})"
        yield Problem("E-STU-008", "nobody waits a century for a review", file, column=where, fix=fix)
        return
    by_parts = value_at(raw, "policy.family") != "forecast"
    parts = {"day": 1, "week": 7, "month": 31}[period] if by_parts else 1
    if 0 < periods * parts < (_A_PART if by_parts else 0.5):
        where = f"policy.review_period = {given:g}"
        least = f"a part of a {period}, about a day" if by_parts else f"half the period of a {period}"
        message = f"{given:g} {unit} is less than {least}"
        fix = "choose a longer review period" + ("" if period == "day" else ', or use period = "day"')
        yield Problem("E-STU-008", message, file, column=where, fix=fix)


def _crossing(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    random = value_at(raw, "data.receipts") is not None and value_at(raw, "lead_times.law") != "fixed"
    if random and value_at(raw, "lead_times.crossing") is None:
        yield crossing_unsaid(file)


def _forecast(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    if value_at(raw, "policy.family") != "forecast":
        if value_at(raw, "policy.forecast"):
            message, fix = "no level follows a forecast", 'say policy.family = "forecast", or leave it out'
            yield Problem("E-STU-008", message, file, column="policy.forecast", fix=fix)
        return
    if value_at(raw, "policy.planning") != "normal":
        message = "a forecast has no exact plan: its safety factor is that of the normal formula"
        fix = 'say planning = "normal"; optimize still searches over the factors of its whole grid'
        yield Problem("E-STU-008", message, file, column="policy.planning", fix=fix)
    seasonal = value_at(raw, "policy.forecast.seasonal") is True
    if seasonal and value_at(raw, "models.seasonality") is None:
        where = "policy.forecast.seasonal = true"
        fix = 'say [models] seasonality = { profile_by = "category" }: indices are its profiles'
        yield Problem("E-STU-008", "no seasonal profile is estimated", file, column=where, fix=fix)
    still = value_at(raw, "policy.forecast.method") in ("given", "constant")
    if value_at(raw, "replay") is not None and not still:
        message = "replays run levels that are known before, none updated on the way: not in this version"
        fix = "leave [replay] out under a forecast policy"
        yield Problem("E-STU-009", message, file, column="replay.holdout", fix=fix)


def _forecast_table(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """What does not go with demand that follows a forecast."""
    if value_at(raw, "data.forecast.levels") == "still" and value_at(raw, "policy.family") == "forecast":
        where, message = 'data.forecast.levels = "still"', 'levels of policy.family = "forecast" move'
        fix = 'leave it out, or say another family, such as "order_up_to"'
        yield Problem("E-STU-008", message, file, column=where, fix=fix)
    if value_at(raw, "data.forecast") is None:
        if value_at(raw, "data.forecast_errors") is not None:
            message, fix = "errors of no forecast", "name the forecast of the periods to come, too"
            yield Problem("E-STU-008", message, file, column="data.forecast_errors", fix=fix)
        return
    if value_at(raw, "replay") is not None and value_at(raw, "data.forecast_errors") is None:
        message = "a forecast of the periods to come says nothing of the last ones"
        fix = "name [data.forecast_errors] with the forecast made right before them, or leave [replay] out"
        yield Problem("E-STU-008", message, file, column="replay.holdout", fix=fix)
    clashes = (
        ("models.seasonality", "the forecast holds the season already"),
        ("policy.forecast.seasonal", "the forecast holds the season already"),
    )
    for option, why in clashes:
        if value_at(raw, option):
            fix = f"leave it out, or leave [data.forecast] out ({why})"
            yield Problem("E-STU-008", "does not go with [data.forecast]", file, column=option, fix=fix)
    if value_at(raw, "study.period") == "fiscal":
        fix = 'say period = "month" or "week"'
        message = "forecasts of fiscal periods: not in this version"
        yield Problem("E-STU-009", message, file, column="data.forecast", fix=fix)


def _transient(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    warmup = value_at(raw, "simulation.warmup")
    if isinstance(warmup, int) and warmup > _MOST_WARMUP:
        message = f"more than {_MOST_WARMUP:,} periods before counting starts"
        fix = 'say warmup = "auto", which follows from lead times and reviews'
        yield Problem("E-STU-007", message, file, column=f"simulation.warmup = {warmup}", fix=fix)
    if value_at(raw, "policy.start") == "today" and warmup not in (None, "auto", 0):
        fix = "leave the warm-up out: from today's stock every period counts"
        where = f'policy.start = "today", simulation.warmup = {warmup}'
        yield Problem("E-STU-008", "a warm-up would forget today's stock", file, column=where, fix=fix)


def _working_days(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    names = [
        f"{section}.{option}" for section in ("lead_times", "demand") for option in ("closed", "weekdays")
    ]
    if value_at(raw, "lead_times.calendar") == "working_days" and not any(value_at(raw, n) for n in names):
        fix = 'name them: [lead_times] weekdays = ["saturday", "sunday"], closed = ["2025-12-24/2026-01-01"]'
        where = 'lead_times.calendar = "working_days"'
        yield Problem("E-STU-008", "no closed day is named", file, column=where, fix=fix)
    weekdays = value_at(raw, "demand.weekdays")
    if isinstance(weekdays, list) and len({str(one) for one in weekdays}) == 7:
        fix = "leave a day of the week open"
        yield Problem("E-STU-008", "no day is open for demand", file, column="demand.weekdays", fix=fix)
    day, closed = value_at(raw, "lead_times.order_weekday"), value_at(raw, "lead_times.weekdays")
    if isinstance(closed, Sequence) and day is not None and day in closed:
        where = f"lead_times.order_weekday = {day!r}"
        fix = "order on an open day, or take it from lead_times.weekdays"
        yield Problem("E-STU-008", "is a closed weekday", file, column=where, fix=fix)


def _optimal(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    family = value_at(raw, "policy.family") or "order_up_to"
    if value_at(raw, "policy.planning") == "optimal" and family not in OPTIMAL_NAMES:
        where = f'policy.planning = "optimal", policy.family = {family!r}'
        fix = f'say family = "{OPTIMAL_NAMES[0]}"'
        yield Problem("E-STU-008", "optimal levels are those of (R,s,S)", file, column=where, fix=fix)


def _suppliers(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    listed = raw.get("suppliers")
    rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, Sequence) else []
    names = [row.get("name") for row in rows]
    for place, row in enumerate(rows):
        where = f"suppliers[{place}]"
        often, long, share = row.get("outages_per_year"), row.get("outage_length"), row.get("on_time_share")
        whole = share is None or share == 1
        terms = ("minimum_order_value", "order_weekdays", "container_volume")
        silent = (often, long, share) == (None, None, None) and not any(row.get(name) for name in terms)
        found = {
            "stands there twice": names.count(row.get("name")) > 1,
            "an outage needs its number and its length": (often is None) != (long is None),
            "says nothing": silent,
            "a rest that comes late needs rest_delay": not whole
            and row.get("rest", "late") == "late"
            and row.get("rest_delay") is None,
            "rest_delay needs on_time_share, and a rest that is late": row.get("rest_delay") is not None
            and (share is None or row.get("rest") == "cancelled"),
        }
        fix = "such as outages_per_year = 0.5, outage_length = 42, on_time_share = 0.9, rest_delay = 14"
        for message, wrong in found.items():
            if wrong:
                yield Problem("E-STU-008", message, file, column=where, fix=fix)


def crossing_unsaid(file: str) -> Problem:
    """Lead times are random and nobody said whether orders may overtake each other."""
    fix = "say [lead_times] crossing = false (orders arrive in sequence) or true (a later one may overtake)"
    message = "must be said where lead times are random, as they are with receipts"
    return Problem("E-STU-011", message, file, column="lead_times.crossing", fix=fix)


def _numerals(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    for name in _TABLES:
        decimal = value_at(raw, f"data.{name}.decimal")
        thousands = value_at(raw, f"data.{name}.thousands")
        if thousands and thousands == (decimal or "."):
            where = f"data.{name}.thousands = {thousands!r}"
            fix = 'with thousands = "." say decimal = ","'
            yield Problem(
                "E-STU-008", "decimal and thousands signs are the same", file, column=where, fix=fix
            )


def _uplift(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    drivers = value_at(raw, "demand.uplift.drivers") or ("promotion",)
    future = value_at(raw, "demand.uplift.future")
    if isinstance(future, (int, float)) and "promotion" not in drivers:
        where = f"demand.uplift.future = {future:g}"
        message = "is a share of periods under promotion, and promotion is no driver"
        fix = 'say drivers = ["promotion", "price"], or future = "observed" or "none"'
        yield Problem("E-STU-008", message, file, column=where, fix=fix)


def _fiscal(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    if value_at(raw, "data.periods") is not None and value_at(raw, "demand.grain") != "fiscal":
        fix = 'say period = "fiscal" under [study], or leave the table out'
        message = "has no effect unless the study is one of fiscal periods"
        yield Problem("E-STU-008", message, file, column="data.periods", fix=fix)


def _complete_to(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    as_of, complete = str(value_at(raw, "study.as_of") or ""), str(value_at(raw, "demand.complete_to") or "")
    if as_of and complete and complete < as_of:
        where = f"demand.complete_to = {complete}, study.as_of = {as_of}"
        message = "the table is complete to a day before the last date used"
        fix = f"say complete_to = {as_of} if nothing is missing, else as_of = {complete}"
        yield Problem("E-STU-008", message, file, column=where, fix=fix)


def _name(raw: Mapping[str, Any], file: str) -> Iterator[Problem]:
    name = value_at(raw, "study.name")
    if isinstance(name, str) and not names_folder(name):
        where = f"study.name = {name!r}"
        fix = "it names a folder: at most 100 letters, digits, blanks, - _ + . and first a letter or digit"
        yield Problem("E-STU-007", "cannot be the name of a folder", file, column=where, fix=fix)
