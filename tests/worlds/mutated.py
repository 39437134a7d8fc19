"""Tables as people have them, damaged at random, and a second reader that knows nothing of simlab's.

Six kinds: a column per period under German names, rows with decimal commas, a forecast, past forecasts with
actuals, open orders, fiscal periods. One of their files is changed; whatever simlab then takes must be what
the plain reader finds in the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable
from fractions import Fraction
from operator import eq
from pathlib import Path
from typing import Any, NamedTuple

from simlab.api.data.data import Data

WEEKS = [dt.date(2024, 12, 30) + dt.timedelta(7 * k) for k in range(26)]
SKUS, PLACE = ("00012", "00345", "0A"), "W1"
GERMAN = "%d.%m.%Y"
HEAD = 'schema = 2\n[study]\nperiod = "week"\n'
LEAD = '[lead_times]\nlaw = "fixed"\n[segments]\nby = ["abc"]\n'
ITEMS = '[data.items]\npath = "items.csv"\ndelimiter = ";"\ndecimal = ","\n' + (
    'columns = { sku = "Artikel", location = "Werk", unit_cost = "Einstandspreis", '
    'lead_time = "Lieferzeit" }\n'
)
RENAMED = 'columns = { sku = "Artikel", location = "Werk"'


def _fiscal() -> dict[str, tuple[dt.date, dt.date]]:
    """Periods of 4, 4, 5 weeks: first and last day by name."""
    found, first = {}, WEEKS[0]
    for k in range(18):
        after = first + dt.timedelta(28 if k % 3 < 2 else 35)
        found[f"P{k % 12 + 1:02d}/{2025 + k // 12}"] = (first, after - dt.timedelta(1))
        first = after
    return found


FISCAL = _fiscal()

Facts = dict[tuple[str, ...], Fraction]


class Kind(NamedTuple):
    """A study with one file that is damaged, and what both readers should find in it.

    `agree` compares what was taken with what the plain reader found.
    """

    name: str
    file: str
    files: dict[str, str]
    plain: Callable[[bytes], Facts]
    taken: Callable[[Data], Facts]
    agree: Callable[[Facts, Facts], bool] = eq


def _quantity(seed: int) -> int:
    return random.Random(seed).randrange(0, 2400)


def _thousands(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def _items() -> str:
    rows = [f"{sku};{PLACE};{k + 1},{25 * k:02d};14" for k, sku in enumerate(SKUS)]
    return "\n".join(["Artikel;Werk;Einstandspreis;Lieferzeit", *rows, ""])


def _wide() -> str:
    head = ";".join(["Artikel", "Werk", *(day.strftime(GERMAN) for day in WEEKS)])
    rows = [
        ";".join([sku, PLACE, *(str(_quantity(k + 99 * at)) for k in range(len(WEEKS)))])
        for at, sku in enumerate(SKUS)
    ]
    return "\n".join([head, *rows, ""])


def _long() -> str:
    rows = [
        f"{sku};{PLACE};{day.strftime(GERMAN)};{_thousands(_quantity(k + 99 * at))}"
        for at, sku in enumerate(SKUS)
        for k, day in enumerate(WEEKS)
    ]
    return "\n".join(["Artikel;Werk;Datum;Menge", *rows, ""])


def _forecast() -> str:
    days = [WEEKS[-1] + dt.timedelta(7 * k) for k in range(1, 7)]
    rows = [f"{sku};{PLACE};{day};{3 + k},5;2" for sku in SKUS for k, day in enumerate(days)]
    return "\n".join(["sku;location;date;mean;sd", *rows, ""])


def _open_orders() -> str:
    days = [WEEKS[-1] + dt.timedelta(7 * k + 3) for k in range(1, 4)]
    rows = [f"{sku};{PLACE};{20 + k};{day}" for sku in SKUS for k, day in enumerate(days)]
    return "\n".join(["sku;location;quantity;due_date", *rows, ""])


def _errors() -> str:
    made = [WEEKS[k] for k in range(4, 16)]
    rows = [
        f"{sku};{PLACE};{day};{day + dt.timedelta(7 * ahead)};{40 + 3 * k + ahead},5;{38 + 4 * k}"
        for sku in SKUS
        for k, day in enumerate(made)
        for ahead in (1, 2, 3)
    ]
    return "\n".join(["sku;location;origin;date;forecast;actual", *rows, ""])


def _periods() -> str:
    rows = [
        f"{name};{first.strftime(GERMAN)};{last.strftime(GERMAN)}" for name, (first, last) in FISCAL.items()
    ]
    return "\n".join(["name;start;end", *rows, ""])


def _by_period() -> str:
    rows = [
        f"{sku};{PLACE};{name};{900 + 10 * k + at}"
        for at, sku in enumerate(SKUS)
        for k, name in enumerate(FISCAL)
    ]
    return "\n".join(["Artikel;Werk;period;Menge", *rows, ""])


def _rows(data: bytes) -> list[dict[str, str]]:
    """Cells by heading; what is no table of them is an error."""
    text = data.decode("utf-8-sig")
    lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True) if any(row)]
    head = [name.strip() for name in lines[0]]
    if any(len(row) != len(head) for row in lines):
        raise ValueError("ragged")
    return [dict(zip(head, (cell.strip() for cell in row), strict=True)) for row in lines[1:]]


def _number(cell: str, thousands: str = "") -> Fraction:
    return Fraction(cell.replace(thousands, "").replace(",", ".") if thousands else cell.replace(",", "."))


def _key(row: dict[str, str], day: dt.date, sku: str = "Artikel", place: str = "Werk") -> tuple[str, ...]:
    return row[sku], row[place], day.isoformat()


def _german(cell: str) -> dt.date:
    return dt.datetime.strptime(cell, GERMAN).date()


def _no_double(pairs: list[tuple[tuple[str, ...], Fraction]]) -> Facts:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("twice")
    return dict(pairs)


_TAKEN = ("sku", "location")
"""Names that the study gives to columns of other names: a column of the file called so is not read."""


def _plain_wide(data: bytes) -> Facts:
    return _no_double(
        [
            (_key(row, _german(name)), _number(cell))
            for row in _rows(data)
            for name, cell in row.items()
            if name not in ("Artikel", "Werk", *_TAKEN) and cell
        ]
    )


def _plain_long(data: bytes) -> Facts:
    return _no_double([(_key(row, _german(row["Datum"])), _number(row["Menge"], ".")) for row in _rows(data)])


def _monday(day: dt.date) -> dt.date:
    """A forecast of any day is one of its week."""
    return day - dt.timedelta(day.weekday())


def _plain_forecast(data: bytes) -> Facts:
    return _no_double(
        [
            (_key(row, _monday(dt.date.fromisoformat(row["date"])), "sku", "location"), _number(row["mean"]))
            for row in _rows(data)
        ]
    )


def _plain_orders(data: bytes) -> Facts:
    found: Facts = {}
    for row in _rows(data):
        key = _key(row, dt.date.fromisoformat(row["due_date"]), "sku", "location")
        found[key] = found.get(key, Fraction(0)) + _number(row["quantity"])
    return found


def _plain_errors(data: bytes) -> Facts:
    """What was forecast and what came, by origin and horizon in weeks, none of which is 0."""
    rows = _rows(data)
    weeks = [
        (_monday(dt.date.fromisoformat(row["origin"])), _monday(dt.date.fromisoformat(row["date"])))
        for row in rows
    ]
    shift = int(any(made == day for made, day in weeks))
    pairs = []
    for row, (made, day) in zip(rows, weeks, strict=True):
        ahead = (day - made).days // 7 + shift
        if ahead < 1:
            raise ValueError("before its origin")
        origin = (made - dt.timedelta(7 * shift)).isoformat()
        for what in ("forecast", "actual"):
            pairs.append(((row["sku"], row["location"], origin, str(ahead), what), _number(row[what])))
    return _no_double(pairs)


def _plain_periods(data: bytes) -> Facts:
    """Units by SKU-location and the first and last day of the period that the demand names."""
    rows = _rows(data)
    days = {row["name"]: f"{_german(row['start'])} {_german(row['end'])}" for row in rows}
    if len(days) != len(rows):
        raise ValueError("twice")
    sold = _rows(_by_period().encode())
    return {
        (row["Artikel"], row["Werk"], *days[row["period"]].split()): Fraction(row["Menge"]) for row in sold
    }


def _as_pieces(taken: Facts, plain: Facts) -> bool:
    """Units of each period, cut at the ends of months: none in another period, none lost, each cut there."""
    start = min(first for *_, first, _ in plain)
    seen = dict.fromkeys(plain, Fraction(0))
    dates: dict[tuple[str, ...], set[str]] = {key: set() for key in plain}
    for (sku, place, day), units in taken.items():
        homes = [key for key in plain if key[:2] == (sku, place) and key[2] <= day <= key[3]]
        if len(homes) != 1:
            return False
        seen[homes[0]] += units
        dates[homes[0]].add(day)
    return seen == plain and all(found == _cuts(*key[2:], start) for key, found in dates.items())


def _cuts(first: str, last: str, start: str) -> set[str]:
    """Last days of a period's pieces; first days, of the first period of all."""
    found, begins, end = set(), dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    while begins <= end:
        after = (begins.replace(day=1) + dt.timedelta(32)).replace(day=1)
        ends = min(end, after - dt.timedelta(1))
        found.add((begins if first == start else ends).isoformat())
        begins = after
    return found


def _taken(data: Data, item: Any, days: Any, amounts: Any) -> Facts:
    found: Facts = {}
    for row, day, amount in zip(item.tolist(), days, amounts.tolist(), strict=True):
        key = (data.catalog.sku[row], data.catalog.location[row], str(day))
        found[key] = found.get(key, Fraction(0)) + Fraction(amount).limit_denominator(10**6)
    return found


def _taken_demand(data: Data) -> Facts:
    rows = data.catalog.demand
    assert rows is not None
    return _taken(data, rows.item, rows.date.tolist(), rows.quantity)


def _taken_forecast(data: Data) -> Facts:
    rows = data.catalog.forecast
    assert rows is not None
    days = [(rows.first.astype(dt.date) + dt.timedelta(7 * k)).isoformat() for k in rows.period.tolist()]
    return _taken(data, rows.item, days, rows.mean)


def _taken_orders(data: Data) -> Facts:
    rows = data.catalog.due
    assert rows is not None
    return _taken(data, rows.item, rows.due.tolist(), rows.quantity)


def _taken_errors(data: Data) -> Facts:
    rows = data.catalog.forecast_errors
    expected = data.catalog.forecast
    assert rows is not None
    assert expected is not None
    made = [expected.first.astype(dt.date) + dt.timedelta(7 * k) for k in rows.origin.tolist()]
    found: Facts = {}
    for at, row in enumerate(rows.item.tolist()):
        key = (data.catalog.sku[row], data.catalog.location[row], made[at].isoformat(), str(rows.horizon[at]))
        for what in ("forecast", "actual"):
            found[(*key, what)] = Fraction(float(getattr(rows, what)[at])).limit_denominator(10**6)
    return found


def _study(more: str) -> str:
    return HEAD + ITEMS + more + LEAD


_WIDE_DEMAND = (
    f'[data.demand]\npath = "demand.csv"\ndelimiter = ";"\nlayout = "wide"\ndate_format = "{GERMAN}"\n'
)
_LONG_DEMAND = (
    f'[data.demand]\npath = "demand.csv"\ndelimiter = ";"\ndecimal = ","\nthousands = "."\n'
    f'date_format = "{GERMAN}"\n{RENAMED}, date = "Datum", quantity = "Menge" }}\n'
)
_FORECAST = '[data.forecast]\npath = "forecast.csv"\ndelimiter = ";"\ndecimal = ","\n'
_ERRORS = '[data.forecast_errors]\npath = "errors.csv"\ndelimiter = ";"\ndecimal = ","\n'
_PERIODS = (
    f'[data.periods]\npath = "periods.csv"\ndelimiter = ";"\ndate_format = "{GERMAN}"\n'
    f'[data.demand]\npath = "demand.csv"\ndelimiter = ";"\n{RENAMED}, quantity = "Menge" }}\n'
)
_ORDERS = '[data.open_orders]\npath = "orders.csv"\ndelimiter = ";"\n'
_FOLLOWS = '[policy]\nfamily = "forecast"\nplanning = "normal"\nforecast = { method = "given" }\n'

KINDS = (
    Kind(
        "a column per period",
        "demand.csv",
        {
            "study.toml": _study(_WIDE_DEMAND + RENAMED + " }\n"),
            "items.csv": _items(),
            "demand.csv": _wide(),
        },
        _plain_wide,
        _taken_demand,
    ),
    Kind(
        "decimal commas",
        "demand.csv",
        {"study.toml": _study(_LONG_DEMAND), "items.csv": _items(), "demand.csv": _long()},
        _plain_long,
        _taken_demand,
    ),
    Kind(
        "a forecast",
        "forecast.csv",
        {
            "study.toml": _study(_LONG_DEMAND + _FORECAST) + _FOLLOWS,
            "items.csv": _items(),
            "demand.csv": _long(),
            "forecast.csv": _forecast(),
        },
        _plain_forecast,
        _taken_forecast,
    ),
    Kind(
        "past forecasts",
        "errors.csv",
        {
            "study.toml": _study(_LONG_DEMAND + _FORECAST + _ERRORS) + _FOLLOWS,
            "items.csv": _items(),
            "demand.csv": _long(),
            "forecast.csv": _forecast(),
            "errors.csv": _errors(),
        },
        _plain_errors,
        _taken_errors,
    ),
    Kind(
        "fiscal periods",
        "periods.csv",
        {
            "study.toml": _study(_PERIODS).replace('"week"', '"fiscal"'),
            "items.csv": _items(),
            "demand.csv": _by_period(),
            "periods.csv": _periods(),
        },
        _plain_periods,
        _taken_demand,
        _as_pieces,
    ),
    Kind(
        "open orders",
        "orders.csv",
        {
            "study.toml": _study(_LONG_DEMAND + _ORDERS),
            "items.csv": _items(),
            "demand.csv": _long(),
            "orders.csv": _open_orders(),
        },
        _plain_orders,
        _taken_orders,
    ),
)

CELLS = (
    *(
        "",
        " ",
        "0",
        "-5",
        "1,5",
        "1.5",
        "1.234",
        "1,234",
        "1.234,5",
        "1e3",
        "1 000",
        "1'000",
        "+7",
        "007",
        "NaN",
    ),
    *(
        "n/a",
        "٣",
        "1_2",
        "0x10",
        "∞",
        "=1+1",
        "12,50 €",
        "1.23.456",
        "9" * 20,
        "1,0",
        "5,00",
        "5.000",
        "-",
        "–",
    ),
    *("31.02.2025", "2025-01-06", "06.01.25", "6.1.2025", "01/06/2025", "45663", "KW 3", "06.01.2025 00:00"),
    *("Summe", "00012", "12", "0a", "W1 ", '"', '"7', "7;8", "\x00", "\x1b[1m", "\u202e7", "ß", "\ufeff7"),
)
HEADINGS = (
    *(
        "",
        "Summe",
        "31.02.2025",
        "2025-01-06",
        "06.01.2025",
        "6.1.2025",
        "06.01.25",
        "Jan 25",
        "2025-01",
        "Artikel",
    ),
    *(
        "Werk",
        "Menge",
        "date",
        "quantity",
        "06.01.2025.1",
        "06.01.2025 ",
        "45663",
        "location",
        "stockout",
        "KW 1",
    ),
)


def mutated(data: bytes, seed: int) -> bytes:
    """The bytes with one to three changes; the same for the same seed."""
    luck = random.Random(seed)
    for _ in range(luck.choice((1, 1, 1, 2, 3))):
        data = luck.choice(_CHANGES)(data, luck)
    return data


def _byte(data: bytes, luck: random.Random) -> bytes:
    at = luck.randrange(len(data) + 1)
    put = bytes([luck.choice((luck.randrange(256), ord(luck.choice("0123456789.,;-\n\"' "))))])
    return luck.choice(
        (data[:at] + put + data[at:], data[:at] + put + data[at + 1 :], data[:at] + data[at + 1 :])
    )


def _bit(data: bytes, luck: random.Random) -> bytes:
    if not data:
        return data
    at = luck.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << luck.randrange(8)]) + data[at + 1 :]


def _cell(data: bytes, luck: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = luck.randrange(len(lines))
    cells = lines[at].split(b";")
    words = HEADINGS if at == 0 else CELLS
    cells[luck.randrange(len(cells))] = luck.choice(words).encode("utf-8", "surrogatepass")
    lines[at] = b";".join(cells)
    return b"\n".join(lines)


def _lines(data: bytes, luck: random.Random) -> bytes:
    lines = data.split(b"\n")
    at, to = luck.randrange(len(lines)), luck.randrange(len(lines))
    kind = luck.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    elif kind == 2:
        lines[at], lines[to] = lines[to], lines[at]
    else:
        lines.insert(at, b"")
    return b"\n".join(lines)


def _column(data: bytes, luck: random.Random) -> bytes:
    """A column dropped, doubled or exchanged with another, in all rows or all but the header."""
    rows = [line.split(b";") for line in data.split(b"\n")]
    width, kind = len(rows[0]), luck.randrange(3)
    at, to, first = luck.randrange(width), luck.randrange(width), luck.randrange(2)
    for row in rows[first:]:
        if len(row) != width:
            continue
        if kind == 0:
            del row[at]
        elif kind == 1:
            row.insert(to, row[at])
        else:
            row[at], row[to] = row[to], row[at]
    return b"\n".join(b";".join(row) for row in rows)


def _whole(data: bytes, luck: random.Random) -> bytes:
    """The file cut off, coded otherwise, with other line ends or another sign between fields."""
    kind = luck.randrange(7)
    if kind == 0:
        return data[: luck.randrange(len(data) + 1)]
    if kind == 1:
        return b"\xef\xbb\xbf" + data
    if kind == 2:
        return data.replace(b"\n", b"\r\n")
    if kind == 3:
        return data.replace(b"\n", b"\r")
    if kind == 4:
        return data.replace(b";", luck.choice((b",", b"\t", b"|")))
    if kind == 5:
        return data.decode("utf-8", "replace").encode("utf-16")
    return data + data


_CHANGES = (_byte, _bit, _cell, _cell, _cell, _lines, _column, _whole)


def written(folder: Path, kind: Kind, data: bytes) -> Path:
    """The study of a kind with its file as given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in kind.files.items():
        (folder / name).write_text(text, "utf-8")
    (folder / kind.file).write_bytes(data)
    return folder / "study.toml"
