"""[data.<table>] where: which rows of a table take part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from simlab.study.section import Spec

Cell = str | int | float | bool | dt.date
"""What a cell is compared with: a word, a number, true or false, a date."""
Bound = int | float | dt.date


def _cells(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


Cells = Annotated[tuple[Cell, ...], BeforeValidator(_cells), Field(min_length=1)]


class Condition(Spec):
    """What the cells of one column must say for their row to take part.

    `any_of`: one of these words, numbers or dates, as the file writes them (blanks around a cell do not
    count); ``""`` is an empty cell. `none_of`: none of these. `at_least`, `above`, `at_most`, `below`:
    numbers or dates; an empty cell fails them. Of several, all must hold.
    """

    any_of: Cells | None = None
    none_of: Cells | None = None
    at_least: Bound | None = None
    above: Bound | None = None
    at_most: Bound | None = None
    below: Bound | None = None

    @field_validator("at_least", "above", "at_most", "below", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        """A date may be written as a text, as TOML has it in its own kind."""
        if not isinstance(value, str):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor a date like 2025-12-31") from None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        said = [bound for bound in self.bounds.values() if bound is not None]
        if not said and self.any_of is None and self.none_of is None:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"says nothing: a value, a list of values, or one of {names}")
        if len({isinstance(bound, dt.date) for bound in said}) > 1:
            raise ValueError("bounds are all numbers, or all dates")
        return self

    @property
    def bounds(self) -> dict[str, Bound | None]:
        """The four bounds by name."""
        return {name: getattr(self, name) for name in ("at_least", "above", "at_most", "below")}


def _condition(value: Any) -> Any:
    """A value or a list of values stands for `any_of`."""
    return value if isinstance(value, (Mapping, Condition)) else {"any_of": value}


RowFilter = dict[str, Annotated[Condition, BeforeValidator(_condition)]]
"""Column → condition; a row takes part where all hold."""
