"""A study file that fits given tables: what was found is said, what else could be stands as a comment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from simlab.api.starting.sheets import sheets_for
from simlab.api.starting.tables import ONE_PLACE, Dates, Rows, Seen, dates_of, look_at, rows_of
from simlab.errors import InvalidInputError, Problem, UsageError

_CURRENCIES = ("eur", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "jpy", "cny", "inr", "aud", "cad")
_LARGE = 200  # SKU-locations from which two schemes make segments of a size to speak of
_FEW = 0.05  # share of rows that may be left out for want of an item
_STEPS_UP = 2  # folders above the study's; further away a table is named from the root
_LACKS = {
    "--items": "a row for each SKU: sku, unit_cost, lead_time, if known price, supplier, current levels",
    "--demand": "what was sold: sku, date, quantity",
}
_TIMES = ("lead_time", "lead_time_sd", "review_period")


def init_from_book(folder: Path, book: Path) -> list[Path]:
    """Write `study.toml` for the sheets of a workbook: which sheet is what is found by its columns.

    Raises
    ------
    UsageError
        The folder already holds a study.
    InvalidInputError
        No sheet is a table of items, or of demand; nothing is written then.
    """
    problems: list[Problem] = []
    sheets = sheets_for(book, problems)
    if problems:
        raise InvalidInputError(problems)
    receipts = book if "receipts" in sheets else None
    return init_from_tables(folder, book, book, receipts, sheets)


def init_from_tables(
    folder: Path,
    items: Path | None,
    demand: Path | None,
    receipts: Path | None,
    sheets: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write `study.toml` beside nothing else: it points to the tables, which stay as they are.

    Raises
    ------
    UsageError
        A table is not named, or the folder already holds a study.
    InvalidInputError
        Every file that is missing and every column that is needed and not found; nothing is written then.
    """
    if items is None or demand is None:
        lacks = "--items" if items is None else "--demand"
        raise UsageError(
            f"tables of your own need both --items and --demand: {lacks} is missing ({_LACKS[lacks]}); "
            "simlab init DIR --template writes an empty workbook with every column explained"
        )
    target = folder / "study.toml"
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, name a folder")
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} exists already: nothing is replaced, name another folder")
    text = study_for(folder, items, demand, receipts, sheets)
    folder.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return [target]


def study_for(
    folder: Path,
    items: Path,
    demand: Path,
    receipts: Path | None,
    sheets: Mapping[str, str] | None = None,
) -> str:
    """The text of a study file in `folder` that fits the tables; `sheets`: of workbooks, by table."""
    problems: list[Problem] = []
    named = sheets or {}
    master = look_at("items", items, problems, named.get("items"))
    sales = look_at("demand", demand, problems, named.get("demand"))
    arrivals = None if receipts is None else look_at("receipts", receipts, problems, named.get("receipts"))
    if master is not None:
        problems += _lead_time_missing(master, receipts)
    if master is not None and sales is not None:
        problems += _places_apart(master, sales)
    rows = None
    if master is not None and sales is not None:
        rows = rows_of(sales, master)
        if rows is None:
            fix = "dates are like 2025-12-31, or all in one other pattern"
            column = sales.columns["date"]
            problems.append(Problem("E-INI-004", "no date can be read", str(demand), column=column, fix=fix))
    if problems or master is None or sales is None or rows is None:
        raise InvalidInputError(problems)
    lines = [
        "# Written by simlab init for the tables named below. Lines that begin with # show what else can be",
        "# said; simlab init DIR without tables writes a study that shows every option.",
        "schema = 2",
        "",
        *_study(folder, master, sales, rows),
        *_data(folder, master, sales, arrivals, rows),
        *_demand(sales, rows),
        *_lead_times(master, arrivals),
        *_segments(master),
        *_policy(master),
        *_optimize(master),
    ]
    return "\n".join(lines) + "\n"


def _lead_time_missing(master: Seen, receipts: Path | None) -> list[Problem]:
    """Items that name suppliers and no lead time need receipts."""
    if "lead_time" in master.columns or "supplier" not in master.columns or receipts is not None:
        return []
    fix = "add a column lead_time (days), or name --receipts"
    message = "items has no column 'lead_time', and nothing else tells lead times"
    return [Problem("E-INI-005", message, str(master.path), column="lead_time", fix=fix)]


def _places_apart(master: Seen, sales: Seen) -> list[Problem]:
    """One table tells locations and the other does not: which of them its rows mean cannot be known."""
    if master.one_place == sales.one_place:
        return []
    lacks, has = (master, sales) if master.one_place else (sales, master)
    message = f"{lacks.name} has no column 'location', and {has.name} has one"
    fix = f"add it to {lacks.name}; where there is one place only, it may be left out of both"
    return [Problem("E-INI-003", message, str(lacks.path), column="location", fix=fix)]


def _study(folder: Path, master: Seen, sales: Seen, rows: Rows) -> list[str]:
    name = _name(folder)
    currency = _currency(master, sales)
    lines = ["[study]", f"name = {_text(name)}"]
    if currency:
        lines.append(f"currency = {_text(currency)}  # a column's name says so; only a label")
    else:
        lines.append('# currency = "EUR"  # not known from the tables; only a label, nothing is converted')
    lines.append(
        f'period = "{rows.period}"  # {rows.why}; about {rows.n_periods:,} {rows.period}s of history'
    )
    lines.append("# as_of = 2025-12-31  # last date that tables tell of; left out: the last of demand")
    if rows.period == "week":
        lines.append('# week_starts = "monday"')
    return [*lines, ""]


def _name(folder: Path) -> str:
    kept = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in folder.resolve().name)
    return kept.strip("-") or "study"


def _currency(*tables: Seen) -> str:
    """A currency that a column's name ends in; empty where none does, or several do."""
    words = {
        word
        for table in tables
        for name in table.table.columns
        for word in name.lower().replace("(", " ").replace(")", " ").replace("_", " ").split()[-1:]
    }
    found = sorted(words & set(_CURRENCIES))
    return found[0].upper() if len(found) == 1 else ""


def _time_unit(master: Seen) -> str:
    """The unit that the names of the columns of items say, where they agree; else empty."""
    units = {master.units[one] for one in _TIMES if one in master.units}
    return units.pop() if len(units) == 1 else ""


def _data(folder: Path, master: Seen, sales: Seen, arrivals: Seen | None, rows: Rows) -> list[str]:
    unit = _time_unit(master)
    lines = ["[data]"]
    if unit:
        lines.append(f'time_unit = "{unit}"  # as the name of the column says: lead_time, review_period')
    else:
        lines.append('time_unit = "days"  # of lead_time and review_period; or weeks, months')
    if master.one_place:
        lines.append(f"location = {_text(ONE_PLACE)}  # no table tells locations: the name of the only place")
    lines += ["", *_table(folder, master), ""]
    lines += [*_table(folder, sales), *_demand_dates(sales, rows), *_rules(rows, sales.n_rows), ""]
    if arrivals is not None:
        lines += _table(folder, arrivals)
        columns = [arrivals.column(name) for name in ("order_date", "receipt_date")]
        forms = {dates_of(column)[0] for column in columns if column is not None}
        if len(forms) == 1:  # else each column proves its own
            lines += _dates("receipts", forms.pop())
        lines += ['# receipt_before_order = "drop"  # rows received before they were ordered', ""]
    return lines


def _table(folder: Path, seen: Seen) -> list[str]:
    lines = [f"[data.{seen.name}]", f"path = {_text(_path(folder, seen.path))}"]
    if seen.sheet:
        lines.append(f"sheet = {_text(seen.sheet)}  # found by its columns")
    if seen.wide:
        lines.append('layout = "wide"  # a column per period; an empty cell is no row')
    if seen.encoding != "utf-8":
        lines.append(f"encoding = {_text(seen.encoding)}  # the file is not UTF-8")
    if seen.notation.decimal != ".":
        lines.append(f"decimal = {_text(seen.notation.decimal)}")
    if seen.notation.thousands:
        lines.append(f"thousands = {_text(seen.notation.thousands)}")
    if seen.renamed:
        pairs = ", ".join(f"{ours} = {_text(theirs)}" for ours, theirs in seen.renamed.items())
        lines.append(f"columns = {{ {pairs} }}  # our name = name in the file")
    if seen.half_a_rule:
        lines.append(
            f"# {seen.half_a_rule} seems to be current_reorder_point: the rule needs how much is ordered, "
            "too (current_order_quantity or current_order_up_to)"
        )
    if seen.delimiter not in (",", ""):
        lines.append(f"delimiter = {_text(seen.delimiter)}")
    return lines


def _path(folder: Path, file: Path) -> str:
    """The way from the study's folder to the table, as any system writes it."""
    try:
        way = Path(os.path.relpath(file.resolve(), folder.resolve()))
    except ValueError:  # another drive
        return file.resolve().as_posix()
    return (way if way.parts.count("..") <= _STEPS_UP else file.resolve()).as_posix()


def _demand_dates(sales: Seen, rows: Rows) -> list[str]:
    if not sales.wide:
        return _dates("demand", rows.dates)
    return [] if sales.wide == "iso" else [f"date_format = {_text(sales.wide)}  # of the names of columns"]


def _dates(table: str, dates: Dates) -> list[str]:
    if dates.unsure:
        first, all_ = dates.unsure[0], " or ".join(dates.unsure)
        return [f"# date_format = {_text(first)}  # {all_} fit every row: only you know, say which"]
    if dates.pattern == "iso":
        return []
    time = ", the time of day is left out" if "%M" in dates.pattern else ""
    return [f"date_format = {_text(dates.pattern)}  # the only pattern that fits every row of {table}{time}"]


def _rules(rows: Rows, n: int) -> list[str]:
    """Rules for rows that are refused unless one says what they are."""
    lines = []
    others = rows.n_repeated - rows.n_copies
    if others > 0 and others >= rows.n_copies:
        lines.append(
            f'duplicates = "sum"  # {rows.n_repeated:,} rows share SKU, location and date with another: '
            f"lines of one day add up ({rows.n_copies:,} of them are alike in every column)"
        )
    elif rows.n_repeated:
        lines.append(
            f'# duplicates = "sum"  # {rows.n_repeated:,} rows repeat another, most in every column: pasted '
            "twice? Only if they are real"
        )
    if rows.n_returns:
        lines.append(
            f'returns = "net"  # {rows.n_returns:,} quantities below zero, set against sales; or drop'
        )
    if rows.n_unknown:
        said = f'unknown_sku = "drop"  # {rows.n_unknown:,} of {n:,} rows are of no SKU-location in items'
        lines.append(said if rows.n_unknown <= _FEW * n else f"# {said}: refused unless you say so")
    return lines


def _demand(sales: Seen, rows: Rows) -> list[str]:
    lines = ["[demand]"]
    if rows.grain.name == "four_four_five":
        lines.append('grain = "four_four_five"  # rows every 28 or 35 days, spread over calendar months')
    elif rows.grain.name == "other":
        lines.append(f'# grain = "month"  # {rows.grain.words}: say what one row stands for')
    if rows.shut:
        days = ", ".join(f'"{day}"' for day in rows.shut)
        lines.append(f"# weekdays = [{days}]  # never a row: closed? Else they count as zero demand")
    return [
        *lines,
        'absent_dates = "zero"  # no row means nothing was sold; "unknown" where rows may be missing',
        '# no_history = "zero"  # items never sold are left out and counted; this keeps them, never demanded',
        '# closed = ["2025-12-25"]  # days without sales because nobody could buy',
        _censoring(sales),
        "",
    ]


def _censoring(sales: Seen) -> str:
    """Sales are not demand where the shelf was empty: a column that says so is believed."""
    if "stockout" in sales.columns:
        return 'censoring = "stockout_column"  # column stockout says when sales are not demand'
    stock = "column on_hand of demand" if "on_hand" in sales.columns else "needs stock by date"
    return f'# censoring = "on_hand"  # sales are not demand where the shelf was empty: {stock}'


def _lead_times(master: Seen, arrivals: Seen | None) -> list[str]:
    lines = ["[lead_times]"]
    if arrivals is not None and "supplier" in master.columns:
        lines += [
            'law = "empirical"  # as received, by supplier',
            "crossing = false  # orders arrive in the sequence placed; true: they may overtake",
        ]
    elif "lead_time_sd" in master.columns:
        lines.append("crossing = false  # orders arrive in the sequence placed; true: they may overtake")
    else:
        lines.append('law = "fixed"  # lead_time of items as it stands: receipts would tell how it varies')
    return [*lines, ""]


def _segments(master: Seen) -> list[str]:
    if master.n_rows >= _LARGE:
        return ["[segments]", 'by = ["abc", "xyz"]  # value × variability; or columns, such as category', ""]
    reason = f"{master.n_rows:,} SKU-locations: few enough for value alone"
    return ["[segments]", f'by = ["abc"]  # {reason}; or columns, such as category', ""]


def _policy(master: Seen) -> list[str]:
    lines = ["[policy]"]
    lots = "order_quantity" in master.columns
    family = "reorder_quantity" if lots else "order_up_to"
    why = "items has order_quantity: (R,s,nQ)" if lots else "(R,S): every review order up to S"
    lines.append(f'family = "{family}"  # {why}; or reorder_quantity, reorder_up_to, given')
    if "review_period" not in master.columns:
        unit = _time_unit(master) or "days"
        often = 7 if unit == "days" else 1
        lines.append(f"# review_period = {often}  # {unit}; left out: a week, a month in a monthly study")
    lines.append('# unmet = "lost"  # customers leave; left out: they wait')
    return [*lines, "# targets = { A = 0.98, B = 0.95, C = 0.90 }  # for simlab simulate", ""]


def _optimize(master: Seen) -> list[str]:
    counted = "least share served at once, by margin where there are prices, else by value"
    lines = ["[optimize]", f"fill_rate = 0.95  # {counted}"]
    if "on_hand" in master.columns:
        lines.append("# budget = 1e6  # most mean stock at unit cost; today's is on_hand × unit_cost")
    return lines


def _text(value: str) -> str:
    """A TOML string."""
    return json.dumps(value, ensure_ascii=False)
