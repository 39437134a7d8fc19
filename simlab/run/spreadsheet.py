"""CSV that spreadsheets open without running what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlab.reading import RUNS, guarded

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import IntArray


_MAY_RUN = RUNS.pattern.replace("(?<=", "(?:").replace("(?=", "(?:")
"""For Arrow, whose patterns look neither back nor ahead."""


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV: comma, point, line feeds; missing cells empty; no formula can run.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written. Floats are written as Python writes them: round them before.
    """
    safe = frame.rename(columns=lambda name: guarded(str(name)))
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype.kind not in "biufcmM" and _may_run(column):
            safe.isetitem(place, [guarded(cell) if isinstance(cell, str) else cell for cell in column])
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text


def _may_run(column: pd.Series[Any]) -> bool:
    """Whether `guarded` changes any text; almost none is."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.dtype, pd.StringDtype):  # one pass over the bytes, no text made
        found = pc.match_substring_regex(pa.array(column), _MAY_RUN)
        return bool(pc.any(found).as_py())
    return any(isinstance(cell, str) and RUNS.search(cell) is not None for cell in column)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """`csv_text` in UTF-8."""
    return csv_text(frame).encode("utf-8")


def csv_parts(frame: pd.DataFrame, order: IntArray) -> Iterator[bytes]:
    """`csv_bytes` of a frame's rows in some order, a piece after the other: a copy of it is never held."""
    head = csv_bytes(frame.iloc[:0])
    yield head
    for begin in range(0, order.size, _ROWS):
        yield csv_bytes(frame.iloc[order[begin : begin + _ROWS]])[len(head) :]


_ROWS = 8_192
