"""CSV that spreadsheets open without running what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlab.reading import FORMULA

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import IntArray


_WATCHED = frozenset({*FORMULA, "'"})
_WATCHED_FIRST = f"\\A[{re.escape(''.join(sorted(_WATCHED)))}]"


def guarded(text: str) -> str:
    """A text with one leading apostrophe where a spreadsheet would take it for a formula.

    Text that already begins with apostrophes before such a sign gets one more, so that taking one off
    (`catalog.files.csvfile`) always gives the text back.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


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
    """Whether any text begins with a sign that `guarded` looks at; almost none does."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.dtype, pd.StringDtype):  # one pass over the bytes, no text made
        found = pc.match_substring_regex(pa.array(column), _WATCHED_FIRST)
        return bool(pc.any(found).as_py())
    return not _WATCHED.isdisjoint({cell[:1] for cell in column if isinstance(cell, str)})


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
