"""A table or a query of a database as text columns, read in a session that cannot write.

Nothing of the URL is ever shown, and nothing of what a driver says: drivers repeat parts of passwords.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.catalog import findings as found
from simlab.catalog.cells.text import TextTable
from simlab.catalog.files.typed import read_frame
from simlab.catalog.findings import Findings
from simlab.reading import ALLOW, may_read, refuse_other_than_files
from simlab.study import TableSource

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.engine import URL, Connection, Engine

FILES = ("sqlite", "duckdb")
"""Kinds of database that are a file: its path is relative to the study."""
SERVERS = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
"""Kinds of server, and how a session of theirs is made to read only."""
_AT_ONCE = 100_000
MOST_CELLS = 2**27
"""Cells of a query that are read at most: one without an end would fill the memory."""
_NOT_CODE = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL
)
_WORD = re.compile(r"[a-z_][a-z0-9_$]*")
_WRITES = frozenset({"insert", "update", "delete", "merge", "into"})
"""Words by which a statement that begins with SELECT or WITH can still write."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*){0,2}")


def read_database(folder: Path, name: str, source: TableSource) -> TextTable:
    """Read a table, or the rows of a query, as text; what is wrong stands in the table's findings.

    Parameters
    ----------
    folder : Path
        Of the study; databases that are files lie relative to it.
    name : str
        items, demand, receipts, …
    source : TableSource
        `url` or `url_env`, and `table` or `sql`.
    """
    findings = Findings(name, f"database of data.{name}")
    empty = TextTable(name, {}, {}, 0, findings)
    address = source.url if source.url_env is None else os.environ.get(source.url_env, "")
    if not address:
        fix = f"set it to the database's URL before simlab is called: export {source.url_env}=…"
        findings.add(found.UNREADABLE, f"the environment variable {source.url_env} is not set", fix=fix)
        return empty
    statement = source.sql if source.sql is not None else _whole(source.table or "")
    problem = refused_statement(statement)
    if problem:
        fix = 'sql = "SELECT …" of one statement, or table = "schema.name"'
        findings.add(found.UNREADABLE, problem, fix=fix)
        return empty
    frame = _frame(address, folder, statement, findings, anywhere=source.url_env is not None)
    if frame is None:
        return empty
    table = read_frame(frame, name, source, findings)
    return replace(table, sha256=_digest(frame))


def refused_statement(statement: str) -> str:
    """Why a statement is not run; empty for one SELECT that changes nothing.

    Parameters
    ----------
    statement : str
        Texts, quoted names and comments in it are not looked at.
    """
    code = (
        _NOT_CODE.sub(lambda part: " " if part[0][:1] in "-/" else " x ", statement)
        .strip()
        .rstrip(";")
        .strip()
    )
    words = _WORD.findall(code.lower())
    if not words or not re.match(r"[(\s]*(select|with)\b", code.lower()):
        return "only SELECT is allowed"
    if ";" in code:
        return "more than one statement; only one SELECT is allowed"
    writing = [word for word in words if word in _WRITES]
    return f"only SELECT is allowed, found {writing[0].upper()}" if writing else ""


def _whole(table: str) -> str:
    """A query for all of a table; one that is refused where the name is none."""
    return f"SELECT * FROM {table}" if _NAME.fullmatch(table) else ""


def _frame(
    address: str, folder: Path, statement: str, findings: Findings, *, anywhere: bool
) -> pd.DataFrame | None:
    """The rows; None, and a finding, where the database cannot be read; a file may lie `anywhere`."""
    try:
        from sqlalchemy.engine import make_url
    except ImportError:
        fix = 'pip install "simlab[sql]"'
        findings.add(found.UNREADABLE, "reading databases needs SQLAlchemy, which is not installed", fix=fix)
        return None
    said = ""
    try:
        url = make_url(address)
    except Exception:
        said = "the URL of the database is none that SQLAlchemy knows"
    else:
        kind = url.get_backend_name()
        if kind in FILES and not anywhere and not may_read(folder / (url.database or ""), folder):
            fix = f"bring it there, or allow its folder on the command line: {ALLOW} DIR …"
            findings.add(found.UNREADABLE, "the database file lies outside the study's folder", fix=fix)
            return None
        if kind not in (*FILES, *SERVERS):
            said = f"databases of kind '{kind}' are not read: no session that only reads is known"
            said = said if kind.isidentifier() else "databases of this kind are not read"
        else:
            found_rows, said = _tried(lambda: _rows(url, folder, statement))
            if found_rows is not None:
                return found_rows
    findings.add(found.UNREADABLE, said, fix=_FIX)
    return None


_FIX = "see the database's own log; simlab does not repeat what drivers say, for it may hold a password"


def _tried(read: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame | None, str]:
    """What is read, or how it failed in words of our own."""
    try:
        return read(), ""
    except FileNotFoundError:
        return None, "the database file is not there"
    except ImportError:
        return None, "the driver of this kind of database is not installed"
    except OSError:
        return None, "the database file cannot be read"
    except _TooManyError:
        return (
            None,
            f"more than {MOST_CELLS:,} cells: name fewer columns or rows, or hand over a Parquet file",
        )
    except MemoryError:
        return None, "does not fit into memory"
    except Exception as error:  # whatever a driver raises
        kind = type(error).__name__
        return (
            None,
            f"the database refused ({kind}): no connection, no such table or column, or no right to read",
        )


class _TooManyError(Exception):
    """A query gives more than is read."""


def _rows(url: URL, folder: Path, statement: str) -> pd.DataFrame:
    import pandas as pd

    engine = _engine(url, folder)
    try:
        with _reading_only(engine, url) as connection:
            plain = connection.execution_options(stream_results=True, no_parameters=True)
            result = plain.exec_driver_sql(statement)
            labels = list(result.keys())
            columns: list[list[Any]] = [[] for _ in labels]
            while rows := result.fetchmany(_AT_ONCE):
                if (len(columns[0]) + len(rows)) * len(columns) > MOST_CELLS:
                    raise _TooManyError
                for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                    column.extend(cells)
    finally:
        engine.dispose()
    named = {at: pd.Series(cells, dtype=object) for at, cells in enumerate(columns)}
    return pd.DataFrame(named).set_axis(labels, axis=1)


def _engine(url: URL, folder: Path) -> Engine:
    """An engine that opens files for reading only, never making one, and servers as the URL says."""
    from sqlalchemy import create_engine

    kind = url.get_backend_name()
    if kind not in FILES:
        return create_engine(url, hide_parameters=True)
    path = folder / (url.database or "")
    if not url.database or url.database == ":memory:" or not path.is_file():
        raise FileNotFoundError
    refuse_other_than_files(path)
    if kind == "sqlite":
        import sqlite3

        address = f"{path.resolve().as_uri()}?mode=ro"
        return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
    shut = {"enable_external_access": False}  # a query reads its database, no other file
    return create_engine(
        url.set(database=str(path)), connect_args={"read_only": True, "config": shut}, hide_parameters=True
    )


@contextmanager
def _reading_only(engine: Engine, url: URL) -> Iterator[Connection]:
    """A connection whose session cannot write; whatever was begun is taken back."""
    from sqlalchemy import text

    kind = url.get_backend_name()
    with engine.connect() as connection:
        if kind == "sqlite":
            connection.execute(text("PRAGMA query_only = ON"))
        elif kind in SERVERS:
            connection.execute(text(SERVERS[kind]))
            connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()


def _digest(frame: pd.DataFrame) -> str:
    """SHA-256 of the rows, whatever their order: a database keeps none."""
    rows = sorted(repr(row) for row in frame.itertuples(index=False, name=None))
    digest = hashlib.sha256(repr([str(label) for label in frame.columns]).encode())
    for row in rows:
        digest.update(row.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()
