"""A corpus of damaged inputs, made from the baseline: what is done, and what the answer must be.

Expected is the letters of a code (``ITM``: E-ITM-…), or ``same``: the very catalogue of the undamaged files.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from worlds.ods import cell, ods
from worlds.places import TESTS
from worlds.study import BASELINE, write_study
from worlds.xlsb import ERROR, FORMULA_ERROR, xlsb

Edit = Callable[[Path], None]
FILES = {"ITM": "items.csv", "DEM": "demand.csv", "REC": "receipts.csv"}


class Case(NamedTuple):
    """One damaged input."""

    group: str
    name: str
    edit: Edit
    expected: str


def corpus() -> list[Case]:
    """Every case, in the groups of the issue."""
    rows = (*_structure(), *_keys(), *_numbers(), *_dates(), *_receipts())
    return [*rows, *_study(), *_names(), *_packed(), *_databases()]


def prepared(folder: Path, case: Case) -> Path:
    """The small study in a folder, damaged."""
    path = write_study(folder)
    case.edit(folder)
    return path


def _cell(file: str, row: int, column: int, value: str) -> Edit:
    def edit(folder: Path) -> None:
        lines = (folder / file).read_text("utf-8").split("\n")
        cells = lines[row].split(",")
        cells[column] = value
        lines[row] = ",".join(cells)
        (folder / file).write_text("\n".join(lines), "utf-8")

    return edit


def _bytes(file: str, change: Callable[[bytes], bytes]) -> Edit:
    def edit(folder: Path) -> None:
        (folder / file).write_bytes(change((folder / file).read_bytes()))

    return edit


def _line(file: str, row: int, line: str) -> Edit:
    def edit(folder: Path) -> None:
        lines = (folder / file).read_text("utf-8").split("\n")
        lines.insert(row, line)
        (folder / file).write_text("\n".join(lines), "utf-8")

    return edit


def _structure() -> Iterator[Case]:
    group = "structure and encoding"
    changes: dict[str, tuple[Callable[[bytes], bytes], str]] = {
        "empty": (lambda data: b"", "{}"),
        "spaces alone": (lambda data: b"   \n", "{}"),
        "header alone": (lambda data: data.split(b"\n")[0] + b"\n", "{}"),
        "a NUL byte": (lambda data: data[:200] + b"\0" + data[200:], "{}"),
        "Latin-1 letters": (lambda data: data.replace(b"EAST", b"\xd6ST", 1), "{}"),
        "half a UTF-8 letter": (lambda data: data.replace(b"\n", b"\n\xc3", 2), "{}"),
        "UTF-16 without a mark": (lambda data: data.decode().encode("utf-16-le"), "{}"),
        "one field more": (lambda data: data.replace(b"\n", b",9\n", 3).replace(b",9\n", b"\n", 1), "{}"),
        "one field less": (lambda data: b"\n".join(_shortened(data.split(b"\n"))), "{}"),
        "a quote never closed": (lambda data: data.replace(b"\nP-1001,", b'\n"P-1001,', 1), "{}"),
        "a column twice": (lambda data: data.replace(b"sku", b"sku,sku", 1), "{}"),
        "a PNG": (lambda data: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "{}"),
        "a zip": (lambda data: b"PK\x03\x04" + bytes(300), "{}"),
        "Windows line ends": (lambda data: data.replace(b"\n", b"\r\n"), "same"),
        "a byte order mark": (lambda data: b"\xef\xbb\xbf" + data, "same"),
        "semicolons": (lambda data: data.replace(b",", b";"), "same"),
        "tabs": (lambda data: data.replace(b",", b"\t"), "same"),
        "no last line end": (lambda data: data.rstrip(b"\n"), "same"),
    }
    for letters, file in FILES.items():
        for name, (change, expected) in changes.items():
            if letters == "REC" and b"P-1001," not in b"P-1001," and name == "a quote never closed":
                continue
            if letters == "REC" and name == "a quote never closed":
                change = _quoted
            if letters == "REC" and name == "Latin-1 letters":
                change = _latin
            yield Case(group, f"{file}: {name}", _bytes(file, change), expected.format(letters))
        yield Case(group, f"{file}: 64 MB of a sparse file", _sparse(file, b""), letters)
        yield Case(group, f"{file}: goes on as a sparse file", _sparse(file, None), letters)
    yield Case(
        group, "demand.csv: a line of 65 MB", _bytes("demand.csv", lambda data: data + b"9" * 2**26), "DEM"
    )


def _sparse(file: str, content: bytes | None) -> Edit:
    """The file, or something else, and nothing written behind it: NULs that take no room on a disk."""

    def edit(folder: Path) -> None:
        if content is not None:
            (folder / file).write_bytes(content)
        os.truncate(folder / file, 2**26)

    return edit


def _shortened(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].rpartition(b",")[0], *lines[3:]]


def _quoted(data: bytes) -> bytes:
    return data.replace(b"\nACME", b'\n"ACME', 1)


def _latin(data: bytes) -> bytes:
    return data.replace(b"ACME", b"\xc4CME", 1)


def _keys() -> Iterator[Case]:
    group = "keys"
    for letters, file, column in (("ITM", "items.csv", 0), ("ITM", "items.csv", 1), ("DEM", "demand.csv", 0)):
        yield Case(group, f"{file}: empty key in column {column}", _cell(file, 2, column, ""), letters)
        spaces = _cell(file, 2, column, "   ")  # a name of spaces is a name: demand has no such item
        yield Case(group, f"{file}: key of spaces in column {column}", spaces, f"{letters}|DEM")
    for sign, text in (("escape", "\x1b[31m"), ("bell", "\x07"), ("turned", "\u202e"), ("CSI", "\x9b31m")):
        edit = _cell("items.csv", 2, 0, f"P{text}1")
        yield Case(group, f"items.csv: {sign} in a SKU", edit, "ITM")
    yield Case(group, "items.csv: twice", _line("items.csv", 2, "P-1001,EAST,4.50,8,0.2,ACME,fast,4"), "ITM")
    yield Case(group, "demand.csv: of no item", _line("demand.csv", 2, "P-9,EAST,2024-01-01,1"), "DEM")
    yield Case(group, "demand.csv: of no place", _line("demand.csv", 2, "P-1001,MOON,2024-01-01,1"), "DEM")
    yield Case(group, "demand.csv: other case", _line("demand.csv", 2, "p-1001,EAST,2024-01-01,1"), "DEM")
    yield Case(group, "demand.csv: a day twice", _line("demand.csv", 2, "P-1001,EAST,2024-01-01,17"), "DEM")
    for sign, text in (
        ("no width", "\u200b"),
        ("no break", "\u00a0"),
        ("soft", "\u00ad"),
        ("tag", "\U000e0041"),
    ):
        edit = _line("demand.csv", 2, f"P-1001{text}1,EAST,2024-06-01,1")
        yield Case(group, f"demand.csv: a sign of {sign} in a SKU", edit, "DEM")
    yield Case(group, "receipts.csv: no supplier", _cell("receipts.csv", 2, 0, ""), "REC")


NUMBERS = (
    *("1,5", "1.5.2", "abc", "--1", "1e", "0x10", "1_000", "\u0661", "\u00bd", "NaN", "inf", "-inf", "1e400"),
    *("12 kg", "€5", "=1+1", "#N/A", "#DIV/0!", "null"),
)


def _numbers() -> Iterator[Case]:
    group = "numbers"
    for text in NUMBERS:
        quoted = f'"{text}"' if "," in text else text
        yield Case(group, f"items.csv: cost {text}", _cell("items.csv", 2, 2, quoted), "ITM")
        yield Case(group, f"demand.csv: quantity {text}", _cell("demand.csv", 2, 3, quoted), "DEM")
        yield Case(group, f"receipts.csv: quantity {text}", _cell("receipts.csv", 2, 4, quoted), "REC")
    for text in ("-1", "1.5", "9" * 30):
        yield Case(group, f"demand.csv: quantity {text}", _cell("demand.csv", 2, 3, text), "DEM")
    for column, name in ((2, "cost"), (3, "price"), (4, "holding rate")):
        yield Case(group, f"items.csv: {name} below zero", _cell("items.csv", 2, column, "-1"), "ITM")
    yield Case(group, "items.csv: no cost", _cell("items.csv", 2, 2, ""), "ITM")
    yield Case(group, "demand.csv: no quantity", _cell("demand.csv", 2, 3, ""), "DEM")


DATES = (
    *("2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "2024-1-1x", "01/02/2024", "1.2.2024", "45292"),
    *(
        "yesterday",
        "2024-01-32",
        "0000-01-01",
        "9999-12-31",
        "20240101T",
        "2099-01-01",
        "\u0662\u0660\u0662\u0664",
    ),
)


def _dates() -> Iterator[Case]:
    group = "dates"
    for text in DATES:
        yield Case(group, f"demand.csv: {text}", _cell("demand.csv", 2, 2, text), "DEM")
        yield Case(group, f"receipts.csv: {text}", _cell("receipts.csv", 2, 3, text), "REC")
    yield Case(group, "demand.csv: no date", _cell("demand.csv", 2, 2, ""), "DEM")
    yield Case(group, "demand.csv: another year", _line("demand.csv", 2, "P-1001,EAST,2014-01-01,3"), "DEM")


def _receipts() -> Iterator[Case]:
    group = "receipts"
    yield Case(group, "before its order", _cell("receipts.csv", 2, 3, "2023-12-01"), "REC")
    yield Case(group, "no order date", _cell("receipts.csv", 2, 2, ""), "REC")
    yield Case(group, "quantity below zero", _cell("receipts.csv", 2, 4, "-5"), "REC")
    twice = (BASELINE / "receipts.csv").read_text("utf-8").split("\n")[1]
    yield Case(group, "pasted twice", _line("receipts.csv", 2, twice), "REC")


STUDY = {
    "not TOML": ("[study]", "[study"),
    "unknown section": ("[verdict]", "[vredict]"),
    "unknown option": ("periods = 60", "period = 60"),
    "an option twice": ("periods = 60", "periods = 60\nperiods = 61"),
    "95 for 0.95": ("fast = 0.98", "fast = 98"),
    "a target of 1": ("fast = 0.98", "fast = 1.0"),
    "a text for a number": ("periods = 60", 'periods = "60"'),
    "a truth for a number": ("periods = 60", "periods = true"),
    "NaN": ("fast = 0.98", "fast = nan"),
    "infinity": ("review_period = 1\n", "review_period = inf\n"),
    "no periods": ("periods = 60", "periods = 0"),
    "periods below zero": ("periods = 60", "periods = -5"),
    "unknown period": ('period = "day"', 'period = "fortnight"'),
    "unknown law": ("[lead_times]", '[models]\nlaw = "cauchy"\n[lead_times]'),
    "unknown family": ("[policy]", '[policy]\nfamily = "kanban"'),
    "unknown scheme": ('by = ["segment"]', 'by = ["horoscope"]'),
    "no segment": ('by = ["segment"]', "by = []"),
    "a file that is not there": ('"items.csv"', '"itmes.csv"'),
    "an unknown kind of file": ('"items.csv"', '"items.docx"'),
    "no items": ('[data.items]\npath = "items.csv"\n', ""),
    "a name that climbs": ('name = "small"', 'name = "../small"'),
    "a name with a bell": ('name = "small"', 'name = "sm\\u0007all"'),
    "more batches than replications": ("batches = 8", "batches = 80"),
    "grid upside down": ("target_min = 0.5", "target_min = 0.99\ntarget_max = 0.6"),
    "a newer schema": ("schema = 1", "schema = 99"),
    "a pattern of half a date": ('"demand.csv"', '"demand.csv"\ndate_format = "%d/%m"'),
    "a pattern that says the year twice": ('"demand.csv"', '"demand.csv"\ndate_format = "%Y-%m-%d-%Y"'),
    "a pattern of a time": ('"demand.csv"', '"demand.csv"\ndate_format = "%H:%M"'),
    "a billion periods before counting": ("periods = 60", "periods = 60\nwarmup = 1000000000"),
    "a billion targets": ("n_targets = 8", "n_targets = 1000000000"),
    "a name too long for a file": ('"items.csv"', f'"{"a" * 5000}.csv"'),
    "two of ours from one column": (
        '"items.csv"',
        '"items.csv"\ncolumns = { unit_cost = "price", price = "price" }',
    ),
}


def _study() -> Iterator[Case]:
    for name, (old, new) in STUDY.items():
        yield Case("study file", name, _bytes("study.toml", _replacing(old, new)), "STU|SEG|POL|ITM")
    yield Case("study file", "empty", _bytes("study.toml", lambda data: b""), "STU")
    yield Case("study file", "bytes", _bytes("study.toml", lambda data: bytes(range(256))), "STU")


def _replacing(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old.encode() in data, old
        return data.replace(old.encode(), new.encode(), 1)

    return change


def _names() -> Iterator[Case]:
    """Names that are weapons elsewhere are plain text here."""
    group = "names as weapons"
    for text in ("=1+1", "+1", "-1", "@x", "<script>alert(1)</script>", "${7*7}", "../../etc/passwd", "%s%n"):
        yield Case(group, f"segment {text}", _renamed(text), "same but segment")
        yield Case(group, f"supplier {text}", _supplier(text), "same but supplier")


def _renamed(text: str) -> Edit:
    return _bytes("items.csv", lambda data: data.replace(b",fast,", f",{text},".encode()))


def _supplier(text: str) -> Edit:
    def edit(folder: Path) -> None:
        for file in ("items.csv", "receipts.csv"):
            data = (folder / file).read_bytes().replace(b"ACME", text.encode())
            (folder / file).write_bytes(data)

    return edit


def _packed() -> Iterator[Case]:
    """Parquet and workbooks in place of items.csv."""
    for name, value in (("a truth", True), ("an error", "=1/0"), ("a day", pd.Timestamp("2024-01-01"))):
        yield Case("Excel", f"{name} for a cost", _in_a_cell("unit_cost", value), "ITM")
    yield Case("Excel", "a blank in the last cell", _in_a_cell("XFD1048576", " "), "ITM")
    yield Case("Excel", "a column without a name", _in_a_cell("", "x"), "ITM")
    merged = "cells of an optional column merged"
    for kind in ("ods", "xlsb"):
        yield Case("Excel", f".{kind}: as it should be", _written(kind), "same")
        yield Case("Excel", f".{kind}: {merged}", _written(kind, merged=True), "ITM")
        yield Case("Excel", f".{kind}: an error in an optional column", _written(kind, error=True), "ITM")
    yield Case("Excel", ".ods: an error that nothing marks", _written("ods", error="#WERT!"), "ITM")
    yield Case("Excel", ".xlsb: a formula's error", _written("xlsb", error=FORMULA_ERROR), "ITM")
    yield Case("Excel", ".xls: an error in an optional column", _old_workbook, "ITM")
    yield Case("Parquet", "a text of 1 MB in 1,440 rows", _long_text, "same")
    for name, change in _DAMAGE.items():
        yield Case("Parquet", name, _other("parquet", change), "ITM")
        expected = "same" if name == "twice its beginning" else "ITM"  # a zip may have anything before it
        yield Case("Excel", name, _other("xlsx", change), expected)
    yield Case("Parquet", "as it should be", _other("parquet", lambda data: data), "same")
    yield Case("Excel", "as it should be", _other("xlsx", lambda data: data), "same")


_DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "first bytes lost": lambda data: data[4:],
    "last bytes lost": lambda data: data[:-4],
    "zeros": lambda data: bytes(len(data)),
    "text": lambda data: b"sku,location\n",
    "twice its beginning": lambda data: data[:100] + data,
}


def _written(kind: str, *, merged: bool = False, error: object = None) -> Edit:
    """items in a workbook that no program at hand writes; two prices merged, or the second one an error."""

    def edit(folder: Path) -> None:
        items = pd.read_csv(folder / "items.csv", dtype={"sku": str})
        price = items.columns.get_loc("price")
        rows = [list(items.columns), *(list(row) for row in items.astype(object).to_numpy())]
        if merged:
            rows[2][price] = None
        if kind == "xlsb":
            rows[2][price] = rows[2][price] if error is None else ERROR if error is True else error
            corner = [(1, price, 2, price)] if merged else []
            (folder / "items.xlsb").write_bytes(xlsb({"Items": rows}, merged=corner))
        else:
            cells = [[cell(one) for one in row] for row in rows]
            if merged:
                cells[1][price] = cell(rows[1][price], 'table:number-rows-spanned="2"')
            if error is not None:
                marked = 'calcext:value-type="error"' if error is True else 'table:formula="of:=[.A1]+1"'
                cells[2][price] = cell("#N/A" if error is True else error, marked)
            ods(folder / "items.ods", cells)
        _named_in_study(folder, f"items.{kind}")

    return edit


def _old_workbook(folder: Path) -> None:
    """A workbook saved by LibreOffice, the error in what is read as the category; its demand beside it."""
    book = TESTS / "catalog" / "files" / "books" / "b1900.xls"
    shutil.copy(book, folder / "items.xls")
    lines = [
        f"{sku},shop,2024-{month:02d}-{day:02d},1" for sku in "ab" for month in (1, 2) for day in range(1, 29)
    ]
    (folder / "demand.csv").write_text("\n".join(["sku,location,date,quantity", *lines]) + "\n", "utf-8")
    columns = 'sheet = "Errors"\ncolumns = { unit_cost = "lead_time", segment = "unit_cost" }'
    _named_in_study(folder, f'items.xls"\n{columns}\n#"')


def _long_text(folder: Path) -> None:
    """demand as Parquet with a remark as long as a book in every row, of the kind that polars writes."""
    demand = pd.read_csv(folder / "demand.csv", dtype={"sku": str})
    schema = pa.schema([(name, pa.large_string()) for name in (*demand.columns, "remark")])
    limits = {"dictionary_pagesize_limit": 2**22, "compression": "zstd"}
    with parquet.ParquetWriter(folder / "demand.parquet", schema, **limits) as writer:
        for begin in range(0, len(demand), 48):
            rows = demand[begin : begin + 48].astype(str).assign(remark="x" * 2**20)
            writer.write_table(pa.Table.from_pandas(rows, schema, preserve_index=False))
    _named_in_study(folder, "demand.parquet", "demand.csv")


def _named_in_study(folder: Path, file: str, old: str = "items.csv") -> None:
    study = folder / "study.toml"
    study.write_text(study.read_text("utf-8").replace(old, file), "utf-8")


def _in_a_cell(column: str, value: object) -> Edit:
    """items.xlsx with this in the first row of a column, or at an address."""

    def edit(folder: Path) -> None:
        items = pd.read_csv(folder / "items.csv", dtype={"sku": str})
        with pd.ExcelWriter(folder / "items.xlsx", engine="openpyxl") as writer:
            items.to_excel(writer, index=False)
            page = writer.sheets["Sheet1"]
            if column in items:
                page.cell(2, items.columns.get_loc(column) + 1).value = value
            else:
                page[column or f"{chr(ord('A') + len(items.columns))}2"] = value
        study = folder / "study.toml"
        study.write_text(study.read_text("utf-8").replace("items.csv", "items.xlsx"), "utf-8")

    return edit


def _other(kind: str, change: Callable[[bytes], bytes]) -> Edit:
    def edit(folder: Path) -> None:
        items = pd.read_csv(folder / "items.csv", dtype={"sku": str})
        sink = io.BytesIO()
        write = items.to_parquet if kind == "parquet" else items.to_excel
        write(sink, index=False)
        (folder / f"items.{kind}").write_bytes(change(sink.getvalue()))
        study = folder / "study.toml"
        study.write_text(study.read_text("utf-8").replace("items.csv", f"items.{kind}"), "utf-8")

    return edit


def _databases() -> Iterator[Case]:
    """An SQLite file in place of items.csv: its rows, its statement, its bytes."""
    yield Case("SQL", "as it should be", _database(), "same")
    yield Case("SQL", "all rows by a query", _database(sql="SELECT * FROM items WHERE rowid > 0;"), "same")
    yield Case("SQL", "a view", _database("CREATE VIEW seen AS SELECT * FROM items", table="seen"), "same")
    for name, statement in _ROWS.items():
        yield Case("SQL", name, _database(statement), "ITM")
    for name, statement in _STATEMENTS.items():
        yield Case("SQL", name, _database(sql=statement), "ITM")
    yield Case("SQL", "a table that is not there", _database(table="itemz"), "ITM")
    for name in ("cut in half", "first bytes lost", "zeros", "text", "empty"):
        yield Case("SQL", name, _database(change=_DAMAGE[name]), "ITM")


_ROWS = {
    "no SKU": "UPDATE items SET sku = NULL WHERE rowid = 1",
    "an empty SKU": "UPDATE items SET sku = '' WHERE rowid = 1",
    "bytes for a SKU": "UPDATE items SET sku = x'00ff' WHERE rowid = 1",
    "an escape in a SKU": "UPDATE items SET sku = char(27) || '[31m' WHERE rowid = 1",
    "no cost": "UPDATE items SET unit_cost = NULL WHERE rowid = 1",
    "a word for a cost": "UPDATE items SET unit_cost = 'dear' WHERE rowid = 1",
    "a cost below zero": "UPDATE items SET unit_cost = -1 WHERE rowid = 1",
    "an endless cost": "UPDATE items SET unit_cost = 9e999 WHERE rowid = 1",
    "a row twice": "INSERT INTO items SELECT * FROM items WHERE rowid = 1",
    "no rows": "DELETE FROM items",
    "no column of costs": "ALTER TABLE items DROP COLUMN unit_cost",
}
_STATEMENTS = {
    "a column that is not there": "SELECT price_of_all FROM items",
    "half a statement": "SELECT * FROM",
    "a statement that deletes": "DELETE FROM items",
    "two statements": "SELECT * FROM items; DROP TABLE items",
    "a deletion within": "WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone",
    "a pragma": "PRAGMA writable_schema = 1",
    "no rows asked for": "SELECT * FROM items WHERE 1 = 0",
    "a column twice": "SELECT *, unit_cost FROM items",
}


def _database(
    done: str = "", *, table: str = "items", sql: str = "", change: Callable[[bytes], bytes] | None = None
) -> Edit:
    """items in a database after a statement, or with its file changed; read as a table or by a query."""

    def edit(folder: Path) -> None:
        items, file = pd.read_csv(folder / "items.csv", dtype={"sku": str}), folder / "stock.db"
        with closing(sqlite3.connect(file)) as connection:
            items.to_sql("items", connection, index=False)
            connection.execute(done)
            connection.commit()
        if change is not None:
            file.write_bytes(change(file.read_bytes()))
        asked = f'sql = "{sql}"' if sql else f'table = "{table}"'
        study, text = folder / "study.toml", 'path = "items.csv"'
        lines = f'url = "sqlite:///stock.db"\n{asked}'
        study.write_text(study.read_text("utf-8").replace(text, lines), "utf-8")

    return edit


def fresh(folder: Path) -> Path:
    """The folder, emptied."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
