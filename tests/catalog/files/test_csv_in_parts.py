"""A large CSV file is read part by part: the same columns, and the same lines where something is wrong."""

import numpy as np
import pytest

from simlab.catalog.files import csvfast, csvfile
from simlab.catalog.files.csvfile import read_csv
from simlab.study import TableSource

REQUIRED = ("sku", "location", "date", "quantity")
HEADER = "sku,location,date,quantity"
ROWS = [f'"S{n % 7},{n}",L{n % 3},2024-01-{1 + n % 28:02d},{"" if n % 11 == 0 else n}' for n in range(400)]
TEXTS = {
    "plain": "\n".join([HEADER, *ROWS]) + "\n",
    "no last line end": "\n".join([HEADER, *ROWS]),
    "carriage returns": "\r\n".join([HEADER, *ROWS]) + "\r\n",
    "blank lines": "\n".join([HEADER, *ROWS[:99], "", "", *ROWS[99:250], "", *ROWS[250:]]) + "\n\n",
    "byte order mark": "\ufeff" + "\n".join([HEADER, *ROWS]),
    "guarded formulas": "\n".join([HEADER, *ROWS, "'=a,L1,2024-01-01,3", "=a,L1,2024-01-02,4"]),
    "semicolons": "\n".join([HEADER, *(f"é{n};L;2024-01-01;{n}" for n in range(300))]).replace(",", ";"),
}
FAULTS = {
    "a field too many in the middle": "\n".join([HEADER, *ROWS[:200], "a,b,c,d,e", *ROWS[200:]]),
    "a quote that is never closed": "\n".join([HEADER, *ROWS[:200], '"open,b,c,d', *ROWS[200:]]),
    "a field of two lines": "\n".join([HEADER, *ROWS[:200], '"two\nlines",b,2024-01-01,4', *ROWS[200:]]),
}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """A text read whole and in parts of 500 bytes."""

    def both(content):
        (tmp_path / "demand.csv").write_bytes(content)
        found = []
        for large, part in ((1 << 40, 1 << 24), (0, 500)):
            monkeypatch.setattr(csvfile, "_LARGE", large)
            monkeypatch.setattr(csvfile, "_HEAD", part)
            monkeypatch.setattr(csvfast, "_PART", part)
            source = TableSource(path="demand.csv")
            found.append(read_csv(tmp_path / "demand.csv", "demand", source, REQUIRED))
        return found

    return both


def problems(table):
    return [repr(one) for one in table.findings.problems]


@pytest.mark.parametrize("case", [*TEXTS, *FAULTS])
def test_parts_give_the_same_table(read, case):
    whole, parts = read(({**TEXTS, **FAULTS}[case]).encode())
    assert list(parts.columns) == list(whole.columns)
    for name, column in whole.columns.items():
        assert parts.columns[name].values == column.values, name
        assert np.array_equal(parts.columns[name].codes, column.codes), name
    rows = np.arange(whole.n_rows)
    assert np.array_equal(parts.findings.lines(rows), whole.findings.lines(rows))
    assert problems(parts) == problems(whole)
    kept = ("n_rows", "labels", "delimiter", "notes", "sha256")
    assert [getattr(parts, name) for name in kept] == [getattr(whole, name) for name in kept]


@pytest.mark.parametrize("case", TEXTS)
def test_what_is_well_formed_is_read_in_parts_and_is_never_whole_in_memory(tmp_path, monkeypatch, case):
    monkeypatch.setattr(csvfile, "_LARGE", 0)
    monkeypatch.setattr(csvfile, "bytes_of", None)  # calling it fails
    (tmp_path / "demand.csv").write_bytes(TEXTS[case].encode())
    assert read_csv(tmp_path / "demand.csv", "demand", TableSource(path="demand.csv"), REQUIRED).n_rows >= 300


@pytest.mark.parametrize("wrong", [b"\xff", b"\0"])
def test_bytes_that_are_no_text_are_found_at_their_line(read, wrong):
    content = TEXTS["plain"].encode().replace(b",L1,2024-01-05,", b"," + wrong + b",2024-01-05,", 1)
    whole, parts = read(content)
    assert problems(whole)
    assert problems(parts) == problems(whole)


def test_a_large_file_is_refused_where_it_stops_being_text(tmp_path, monkeypatch):
    """Two gigabytes of a sparse file, or of one line, took four of memory to say the same."""
    monkeypatch.setattr(csvfile, "_LARGE", 1 << 20)
    monkeypatch.setattr(csvfile, "_HEAD", 1 << 10)
    monkeypatch.setattr(csvfast, "_PART", 1 << 12)
    monkeypatch.setattr(csvfast, "_LONGEST_LINE", 1 << 16)
    monkeypatch.setattr(csvfile, "_bytes_of", lambda *_: pytest.fail("read whole"))
    rows = ("\n".join([HEADER, *ROWS]) + "\n").encode()
    for begin, n, encoding, said in (
        (b"", 0, "utf-8", "is not UTF-8 text: byte 1 is NUL"),
        (rows, 0, "utf-8", f"is not UTF-8 text: byte {len(rows) + 1:,} is NUL"),
        (b"\xff\xfe", 0, "utf-8", 'encoding = "utf-16"'),
        (rows, ord("9"), "utf-8", "a line has more than 65,536 bytes"),
        (b"", ord("9"), "utf-8", "a line has more than 65,536 bytes"),
        (rows, 0, "cp1252", "a line has more than 65,536 bytes"),
        (b"", 0, "utf-16", "a line has more than 65,536 bytes"),
    ):
        (tmp_path / "demand.csv").write_bytes(begin + bytes([n]) * (1 << 20))
        source = TableSource(path="demand.csv", encoding=encoding)
        [problem] = read_csv(tmp_path / "demand.csv", "demand", source, REQUIRED).findings.problems
        assert said in f"{problem.message} {problem.fix}", (begin[:5], n, encoding)
