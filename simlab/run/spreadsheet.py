"""CSV that spreadsheets open without running what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets take for a formula."""


def guarded(text: str) -> str:
    """A text with one leading apostrophe where a spreadsheet would take it for a formula.

    Text that already begins with apostrophes before such a sign gets one more, so that taking one off
    (`catalog.files.csvfile`) always gives the text back.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV: UTF-8, comma, point, line feeds; missing cells empty; no formula can run.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written. Floats are written as Python writes them: round them before.
    """
    import pandas as pd

    safe = frame.copy()
    for name in safe.columns:
        column = safe[name]
        if not pd.api.types.is_numeric_dtype(column):
            texts = column.astype("object")
            safe[name] = [guarded(str(value)) if pd.notna(value) else None for value in texts]
    safe.columns = [guarded(str(name)) for name in safe.columns]
    data: bytes = safe.to_csv(index=False, lineterminator="\n").encode("utf-8")
    return data
