"""A process that has read a Parquet file ends with its own exit code, not with 134.

Arrow's worker threads let go of what they read a moment after the table is there. If that is an object of
Python's they wait for the interpreter, and where the process ends meanwhile, C++ ends it: "terminate called
without an active exception" (seen in 1 of 80 reads of a small file in processes that end at once).
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import simlab
from simlab.run.tables import encode

PACKAGE = Path(simlab.__file__).parent
PROCESSES = 300

READ_AND_END = """
import sys
from pathlib import Path
from simlab.run.tables import decode
assert decode(Path(sys.argv[1]).read_bytes()).num_rows == 3
"""


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Calls of a method or function of this name in the package, by file."""
    out = []
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source)) if name in source else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name:
                out.append((path.relative_to(PACKAGE).as_posix(), node))
    return out


def test_parquet_is_read_in_the_thread_that_asks() -> None:
    """Neither worker threads nor a read-ahead: every call of Arrow's reader says so."""
    readers = [
        (file, call)
        for file, call in calls("read_table")
        if ast.unparse(call.func) in ("pq.read_table", "parquet.read_table")
    ]
    assert len(readers) >= 2
    for file, call in readers:
        said = {word.arg for word in call.keywords}
        assert None in said or {"use_threads", "pre_buffer"} <= said, f"{file}: {ast.unparse(call)}"


def test_arrow_reads_memory_of_its_own() -> None:
    """No buffer that Python owns, and no callback, is handed to a reader that has threads."""
    assert calls("py_buffer") == []
    assert not any(
        word.arg == "invalid_row_handler" for _, call in calls("ParseOptions") for word in call.keywords
    )


@pytest.mark.slow
def test_three_hundred_processes_read_and_end(tmp_path: Path) -> None:
    """Each with exit code 0."""
    file = tmp_path / "some.parquet"
    file.write_bytes(encode(pd.DataFrame({"sku": ["a", "b", "c"], "level": [1, 2, 3]})))
    command = [sys.executable, "-c", READ_AND_END, str(file)]
    codes = [subprocess.run(command, capture_output=True).returncode for _ in range(PROCESSES)]
    assert set(codes) == {0}
