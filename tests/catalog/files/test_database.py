"""Tables from a database: the same catalogue as from files, nothing written, and no URL shown anywhere."""

import sqlite3
import traceback

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from worlds.study import BASELINE, STUDY, write_study

from simlab import api
from simlab.catalog.files.database import refused_statement
from simlab.errors import InvalidInputError, UsageError

SECRET = "hunter2:@odd"
NAMES = ("items", "demand", "receipts")


def tables():
    return {name: pd.read_csv(BASELINE / f"{name}.csv", dtype={"sku": str}) for name in NAMES}


def sqlite(path):
    with sqlite3.connect(path) as connection:
        for name, frame in tables().items():
            frame.to_sql(name, connection, index=False)
    connection.close()
    return f"sqlite:///{path.name}"


def duck(path):
    with duckdb.connect(str(path)) as connection:
        for name, frame in tables().items():
            connection.register("frame", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return f"duckdb:///{path.name}"


MAKE = {"sqlite": sqlite, "duckdb": duck}


def study_of(folder, **lines):
    """The small study with sections of tables as given."""
    text = STUDY
    for name in NAMES:
        text = text.replace(
            f'path = "{name}.csv"', lines.get(name, f'url_env = "STOCK_DB"\ntable = "{name}"')
        )
    path = folder / "study.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder, **lines):
    with pytest.raises(InvalidInputError) as caught:
        api.load(study_of(folder, **lines))
    return str(caught.value)


@pytest.mark.parametrize("kind", MAKE)
def test_a_database_gives_the_catalogue_that_files_give(kind, tmp_path, monkeypatch):
    url = MAKE[kind](tmp_path / "stock.db")
    monkeypatch.setenv("STOCK_DB", url)
    query = "SELECT sku, location, date, quantity FROM demand -- all of it\\nWHERE quantity >= 0"
    sql = f'url = "{url}"\nsql = "{query}"'
    found = api.load(study_of(tmp_path, demand=sql)).catalog
    frames = api.load_frames(**tables(), study=api.load(study_of(tmp_path)).study).catalog
    assert list(found.sku) == list(frames.sku)
    assert (found.unit_cost == frames.unit_cost).all()
    assert (found.demand.quantity == frames.demand.quantity).all()
    assert (found.demand.date == frames.demand.date).all()
    assert (found.receipts.receipt_date == frames.receipts.receipt_date).all()
    assert set(found.inputs) == set(NAMES)


@pytest.mark.parametrize("kind", MAKE)
def test_the_order_of_rows_does_not_change_what_was_read(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("STOCK_DB", MAKE[kind](tmp_path / "stock.db"))
    back = 'url_env = "STOCK_DB"\nsql = "SELECT * FROM demand ORDER BY quantity DESC, date"'
    assert (
        api.load(study_of(tmp_path)).catalog.inputs
        == api.load(study_of(tmp_path, demand=back)).catalog.inputs
    )


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM demand",
        "SELECT 1; DROP TABLE demand",
        "WITH gone AS (DELETE FROM demand RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM demand",
        "PRAGMA writable_schema = 1",
        "ATTACH 'x.db' AS x",
        "COPY demand TO 'x.csv'",
        "/* SELECT */ UPDATE demand SET quantity = 0",
        "",
        "-- SELECT",
    ],
)
def test_only_select_is_run(sql):
    assert refused_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM demand;",
        "with d as (select * from demand) select replace(sku, ';', '') from d",
        "(SELECT 'delete; into' AS \"update\" FROM demand)",
        "-- a comment; with DELETE\nSELECT 1",
    ],
)
def test_texts_names_and_comments_are_no_commands(sql):
    assert refused_statement(sql) == ""


@pytest.mark.parametrize("kind", MAKE)
def test_the_session_itself_cannot_write(kind, tmp_path, monkeypatch):
    """Whatever the look at the statement misses, the database refuses."""
    url = MAKE[kind](tmp_path / "stock.db")
    monkeypatch.setenv("STOCK_DB", url)
    before = (tmp_path / "stock.db").read_bytes()
    monkeypatch.setattr("simlab.catalog.files.database.refused_statement", lambda sql: "")
    said = problems(tmp_path, demand='url_env = "STOCK_DB"\nsql = "DELETE FROM demand"')
    assert "the database refused" in said
    assert (tmp_path / "stock.db").read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["stock.db", "study.toml"]


def test_a_query_of_duckdb_reads_no_other_file(tmp_path, monkeypatch):
    monkeypatch.setenv("STOCK_DB", duck(tmp_path / "stock.db"))
    (tmp_path / "other.csv").write_text("sku,location,date,quantity\na,b,2024-01-01,1\n")
    sql = f"sql = \"SELECT * FROM read_csv('{tmp_path}/other.csv')\""
    assert "the database refused" in problems(tmp_path, demand=f'url_env = "STOCK_DB"\n{sql}')


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://anna:{SECRET}@localhost:1/stock", "the driver|the database refused"),
        (f"oracle://anna:{SECRET}@localhost/stock", "kind 'oracle' are not read"),
        (f"sqlite:///{SECRET}.db", "the database file is not there"),
        (SECRET, "none that SQLAlchemy knows"),
        (f"mysql://anna:{SECRET}@[::1/stock", "SQLAlchemy knows|the driver|refused"),
    ],
)
def test_no_part_of_a_url_is_shown_whatever_goes_wrong(url, said, tmp_path, monkeypatch):
    import re

    monkeypatch.setenv("STOCK_DB", url)
    try:
        api.load(study_of(tmp_path))
    except InvalidInputError as error:
        text = "".join(traceback.format_exception(error))
    assert "hunter2" not in text
    assert "odd" not in text
    assert re.search(said, text)


@pytest.mark.parametrize(
    "section",
    [
        f'url = "postgresql://anna:{SECRET}@localhost/stock"\ntable = "demand"',
        f'url = "postgresql://localhost/stock?password={SECRET}"\ntable = "demand"',
        f'url = "{SECRET}"\ntable = "demand"',
        f'url_env = "postgresql://anna:{SECRET}@localhost/stock"\ntable = "demand"',
        f'path = "postgresql://anna:{SECRET}@localhost/stock"',
        f'uri = "postgresql://anna:{SECRET}@localhost/stock"',
        f'url = 5\ntable = "demand"\nurl_env = "postgresql://anna:{SECRET}@localhost"',
    ],
)
def test_secrets_in_a_study_are_refused_and_not_repeated(section, tmp_path):
    said = problems(tmp_path, demand=section)
    assert "hunter2" not in said
    assert "odd" not in said


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('url_env = "STOCK_DB"', "table or sql: one of them"),
        ('url_env = "STOCK_DB"\ntable = "demand"\nsql = "SELECT 1"', "table or sql: one of them"),
        ('table = "demand"', "names no database"),
        ('path = "demand.csv"\ntable = "demand"', "goes with a database"),
        ('path = "demand.csv"\nurl_env = "STOCK_DB"\ntable = "demand"', "two places"),
        ('url_env = "NOT_SET_AT_ALL"\ntable = "demand"', "NOT_SET_AT_ALL is not set"),
        ('url_env = "STOCK_DB"\ntable = "demand; DROP TABLE x"', "only SELECT is allowed"),
        ('url_env = "STOCK_DB"\ntable = "nothing_here"', "the database refused"),
    ],
)
def test_what_a_section_of_a_database_must_say(section, said, tmp_path, monkeypatch):
    monkeypatch.setenv("STOCK_DB", sqlite(tmp_path / "stock.db"))
    assert said in problems(tmp_path, demand=section)


def test_a_run_keeps_no_url(tmp_path):
    url = sqlite(tmp_path / "canary_stock.db")
    sections = {name: f'url = "{url}"\ntable = "{name}"' for name in NAMES}
    run = api.run_simulate(study_of(tmp_path, **sections), tmp_path / "run").folder
    assert api.verify(run, 2).is_well
    for path in run.rglob("*"):
        assert path.is_dir() or b"canary_stock" not in path.read_bytes(), path
    with pytest.raises(InvalidInputError, match="left out of this copy"):
        api.load(run / "study.toml")


@pytest.mark.parametrize("kind", ["polars", "lazy", "arrow", "duckdb"])
def test_frames_of_other_libraries_are_taken_as_those_of_pandas(kind):
    relations = {
        "polars": pl.from_pandas,
        "lazy": lambda frame: pl.from_pandas(frame).lazy(),
        "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
        "duckdb": lambda frame: duckdb.from_df(frame),
    }
    options = {"study": {"period": "day"}, "lead_times": {"crossing": False}}
    same = api.load_frames(**tables(), study=options).catalog
    found = api.load_frames(
        **{name: relations[kind](one) for name, one in tables().items()}, study=options
    ).catalog
    assert list(found.sku) == list(same.sku)
    assert (found.unit_cost == same.unit_cost).all()
    assert (found.demand.quantity == same.demand.quantity).all()
    assert (found.demand.date == same.demand.date).all()


def test_what_is_no_frame_is_refused_by_its_kind():
    with pytest.raises(
        UsageError, match="items: a frame of pandas, polars, Arrow or DuckDB is needed, not dict"
    ):
        api.load_frames({"sku": ["a"]})


@pytest.mark.slow
def test_postgresql_gives_the_same_and_cannot_be_written(tmp_path, monkeypatch):
    """A server of its own on a socket, as an unprivileged user where the suite runs as root."""
    from worlds.postgres import server

    with server(tmp_path, tables()) as url:
        monkeypatch.setenv("STOCK_DB", url)
        found = api.load(study_of(tmp_path)).catalog
        frames = api.load_frames(**tables(), study=api.load(study_of(tmp_path)).study).catalog
        assert (found.demand.quantity == frames.demand.quantity).all()
        monkeypatch.setattr("simlab.catalog.files.database.refused_statement", lambda sql: "")
        said = problems(tmp_path, demand='url_env = "STOCK_DB"\nsql = "DELETE FROM demand"')
        assert "the database refused" in said
        assert len(api.load(study_of(tmp_path)).catalog.demand.quantity) == len(found.demand.quantity)


def test_a_query_without_an_end_stops(tmp_path, monkeypatch):
    """It filled the memory until the machine was out of it."""
    monkeypatch.setattr("simlab.catalog.files.database.MOST_CELLS", 100_000)
    sqlite3.connect(tmp_path / "d.db").close()
    counting = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS sku FROM c"
    study = write_study(tmp_path)
    place = f'url = "sqlite:///d.db"\nsql = "{counting}"'
    study.write_text(study.read_text("utf-8").replace('path = "items.csv"', place), "utf-8")
    with pytest.raises(InvalidInputError, match="more than 100,000 cells"):
        api.load(study)
