"""CSV as text: the fast reader equals the exact one, and every fault has the line an editor shows."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlab.catalog.cells.text import TextTable
from simlab.catalog.files.csvexact import read_exactly
from simlab.catalog.files.csvfile import read_csv
from simlab.reading import unguarded
from simlab.study import DemandSource

REQUIRED = ("sku", "quantity")


def read(tmp_path: Path, content: str | bytes, **options: object) -> TextTable:
    path = tmp_path / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_csv(path, "demand", DemandSource(path="table.csv", **options), REQUIRED)  # type: ignore[arg-type]


def cells(table: TextTable, name: str) -> list[str]:
    return [table.columns[name].cell(row) for row in range(table.n_rows)]


def said(table: TextTable) -> str:
    return "\n".join(problem.format() for problem in table.findings.problems)


cell_text = st.text(st.sampled_from("aé0,;\"\n \t'=-"), max_size=6)


@given(st.lists(st.tuples(cell_text, cell_text, cell_text), min_size=1, max_size=8), st.sampled_from([0, 1]))
def test_any_written_table_reads_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list, quoting: int
) -> None:
    """Whatever csv writes is read letter for letter, whichever path reads it.

    But for the apostrophe that keeps a spreadsheet from running a formula: it is taken off.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")
    writer.writerows([("sku", "quantity", "more"), *rows])
    table = read(tmp_path_factory.mktemp("csv"), out.getvalue(), delimiter=",")
    assert not table.findings
    assert list(zip(*(cells(table, name) for name in table.columns), strict=True)) == [
        tuple(map(unguarded, row)) for row in rows
    ]


@given(st.text(st.sampled_from('ab,"\n'), max_size=30))
def test_fast_and_exact_agree_on_any_text(tmp_path_factory: pytest.TempPathFactory, body: str) -> None:
    """On arbitrary bytes below a header, the reader returns just what the exact reader calls whole."""
    text = f"sku,quantity\n{body}"
    table = read(tmp_path_factory.mktemp("csv"), text, delimiter=",")
    exact = read_exactly(text, ",")
    whole = [(row, line) for row, line in zip(exact.rows[1:], exact.lines[1:], strict=True) if len(row) == 2]
    assert [cells(table, "sku"), cells(table, "quantity")] == [[r[k] for r, _ in whole] for k in (0, 1)]
    faulty = len(whole) < len(exact.rows) - 1 or exact.open_quotes or exact.after_quotes
    assert bool(table.findings) == bool(faulty)
    if whole:
        lines = table.findings.lines(np.arange(len(whole)))
        assert list(lines) == [line for _, line in whole]


def test_lines_are_those_of_an_editor(tmp_path: Path) -> None:
    """Blank lines, Windows ends and quoted line breaks do not shift the numbers."""
    content = 'sku,quantity,note\r\n\r\na,1,"two\r\nlines"\r\n\r\nb,x\r\n'
    assert "table.csv:6: 2 fields where the header has 3" in said(read(tmp_path, content))


def test_lines_below_a_field_of_several_lines(tmp_path: Path) -> None:
    """Rows below a quoted line break are still found where an editor shows them."""
    table = read(tmp_path, 'sku,quantity\n"a\n\nb",1\nc,x\n')
    assert list(table.findings.lines(np.array([0, 1]))) == [2, 5]


def test_ragged_rows_are_listed(tmp_path: Path) -> None:
    content = "sku,quantity\n" + "a,1\n" * 3 + "a\n" + "a,1,2\n" * 7
    message = said(read(tmp_path, content))
    assert "table.csv:5: 1 field where the header has 2: 'a'" in message
    assert "(7 more rows: 6, 7, 8, 9, 10, …)" in message


def test_open_quote_before_other_quotes(tmp_path: Path) -> None:
    """The line where a quote opens is named even if a later quote seems to close it."""
    content = 'sku,quantity\na,1\n"b,2\nc,3\nd,"4"\n'
    message = said(read(tmp_path, content))
    assert "table.csv:3: a quote opens here and is not closed" in message
    assert cells(read(tmp_path, content), "sku") == ["a", "c", "d"]


def test_text_after_a_closing_quote(tmp_path: Path) -> None:
    assert "table.csv:2: text follows a closing quote" in said(read(tmp_path, 'sku,quantity\n"a"b,1\n'))


def test_quote_inside_a_plain_field_is_a_letter(tmp_path: Path) -> None:
    table = read(tmp_path, 'sku,quantity\n5" pipe,1\n')
    assert cells(table, "sku") == ['5" pipe']


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_the_first_that_yields_the_columns(tmp_path: Path, delimiter: str) -> None:
    lines = [["sku", "quantity", "a|b"], ["x", "1", "y"]]
    table = read(tmp_path, "\n".join(delimiter.join(line) for line in lines))
    assert (table.delimiter, table.n_rows, list(table.columns)) == (delimiter, 1, lines[0])


def test_declared_delimiter(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "sku|quantity\na,b|1\n", delimiter="|"), "sku") == ["a,b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "E-DEM-002] table.csv: is empty"),
        (b"\xef\xbb\xbf \n", "E-DEM-002] table.csv: is empty"),
        ("sku,quantity\né,1\n".encode("latin-1"), "E-DEM-009] table.csv:2: byte 0xe9 is not UTF-8"),
        ("sku,quantity\na,1\n".encode("utf-16"), "E-DEM-009] table.csv: is not UTF-8"),
        (b"sku,quantity\na,1\0\n", "E-DEM-009] table.csv: is not UTF-8"),
        (b"sku,quantity,sku\na,1,b\n", "E-DEM-005] table.csv sku: stands more than once"),
        (b"sku,quantity,\na,1,b\n", "E-DEM-004] table.csv:1: a column with values has no name"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in said(read(tmp_path, content))


def test_absent_file(tmp_path: Path) -> None:
    table = read_csv(tmp_path / "no.csv", "items", DemandSource(path="no.csv"), REQUIRED)
    assert "error[E-ITM-001] no.csv: is not there" in said(table)


def test_columns_are_mapped(tmp_path: Path) -> None:
    """Our names stand for the file's; a column whose name is taken stays out; absent ones are named."""
    content = "Artikel,sku,Menge\na,z,1\n"
    table = read(tmp_path, content, columns={"sku": "Artikel", "quantity": "Menge"})
    assert cells(table, "sku") == ["a"]
    assert not table.findings
    message = said(read(tmp_path, content, columns={"quantity": "Menger"}))
    assert "data.demand.columns.quantity names the column 'Menger', which is not found" in message
    assert "did you mean 'Menge'?" in message


def test_trailing_empty_column_is_no_column(tmp_path: Path) -> None:
    table = read(tmp_path, "sku,quantity,\na,1,\n")
    assert (list(table.columns), bool(table.findings)) == (["sku", "quantity"], False)


def test_a_packed_table_is_read_as_what_it_holds(tmp_path: Path) -> None:
    plain = b"sku,quantity\na,1\nb,2\n"
    table = read(tmp_path, gzip.compress(plain))
    assert cells(table, "sku") == ["a", "b"]
    assert table.sha256 == hashlib.sha256((tmp_path / "table.csv").read_bytes()).hexdigest()


def test_packed_tables_that_are_damaged_or_without_end_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"sku,quantity\n" + b"a,1\n" * 50)
    for data in (whole[:-12], whole[:20], whole[:2]):
        assert "is a damaged gzip file" in said(read(tmp_path, data))
    flipped = bytearray(whole)
    flipped[-6] ^= 1
    assert "is a damaged gzip file" in said(read(tmp_path, bytes(flipped)))
    assert "unpacks to more than 16,777,216 bytes" in said(read(tmp_path, gzip.compress(b"\0" * 2**25)))
    assert "is a zip file, not CSV" in said(read(tmp_path, b"PK\x03\x04rest"))


def test_other_encodings_are_read_where_the_study_says_so(tmp_path: Path) -> None:
    """And the message about a file in another one gives the line."""
    text = "sku;quantity\r\nMaß;1\r\nÖl;2\r\n"
    for encoding in ("cp1252", "utf-16"):
        data = text.encode(encoding)
        assert cells(read(tmp_path, data, encoding=encoding), "sku") == ["Maß", "Öl"]
        assert f'or say [data.demand] encoding = "{encoding}"' in said(read(tmp_path, data))
    problem = said(read(tmp_path, b"sku,quantity\na\x81,1\n", encoding="cp1252"))
    assert "is not CP1252 text" in problem
    assert 'encoding = "cp1252"' not in problem  # which the study says already
    assert "is not UTF-16 text" in said(read(tmp_path, text.encode("utf-16")[:-1], encoding="utf-16"))
