"""Types of single values in a study file, each refusing what it cannot mean with a likely fix."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


_FOLDER = re.compile(r"\w(?:[\w .+-]{0,98}[\w+-])?")


def names_folder(name: str) -> bool:
    """Whether a study's name can name the folder of its runs."""
    return _FOLDER.fullmatch(name) is not None


def _fraction(value: float) -> float:
    if 0.0 < value < 1.0:
        return value
    if 1.0 < value < 100.0:
        text = f"this is a fraction, did you mean {value / 100:g}?"
    else:
        text = "must lie between 0 and 1, both excluded"
    raise PydanticCustomError("fraction", "{text}", {"text": text})


def _yearly_rate(value: float) -> float:
    if 0.0 <= value <= 1.0:
        return value
    if 1.0 < value <= 100.0:
        text = f"this is a share of the money a year, did you mean {value / 100:g}?"
    else:
        text = "a share of the money tied up, a year, lies between 0 and 1"
    raise PydanticCustomError("fraction", "{text}", {"text": text})


def _target(value: float) -> float:
    if 0.0 < value < 1.0:
        return value
    if value == 1.0:
        text = "a target of exactly 1.0 would need endless stock: stay below 1, such as 0.999"
    elif 1.0 < value < 100.0:
        text = f"service targets are fractions, did you mean {value / 100:g}?"
    else:
        text = "service targets are fractions above 0 and below 1, such as 0.95"
    raise PydanticCustomError("fraction", "{text}", {"text": text})


def _factor(value: float) -> float:
    if 0.001 <= value <= 1000.0:
        return value
    text = "a factor lies between 0.001 and 1,000: 1.2 is a fifth more"
    raise PydanticCustomError("factor", "{text}", {"text": text})


def _date_format(value: str) -> str:
    """A pattern by which a date can be written and read back; months stand for their first day."""
    if value in ("", "iso", "excel_serial"):
        return value
    day = dt.datetime(2024, 11, 1, tzinfo=dt.UTC)
    try:
        if dt.datetime.strptime(day.strftime(value), value).date() == day.date():
            return value
    except (ValueError, re.error):
        pass
    text = (
        'is no pattern of a date: "iso", "excel_serial" or one such as "%d/%m/%Y", each part of the date once'
    )
    raise PydanticCustomError("date_format", "{text}", {"text": text})


def _day(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        raise PydanticCustomError(
            "day", "{text}", {"text": "is a time: a plain date like 2025-12-31 is meant"}
        )
    if isinstance(value, dt.date):
        return value
    try:
        if isinstance(value, str) and len(value) == len("2025-12-31"):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("day", "{text}", {"text": "is not a date like 2025-12-31"})


def _span(value: Any) -> tuple[dt.date, dt.date]:
    if isinstance(value, (list, tuple)) and len(value) == 2:
        first, last = value
    elif isinstance(value, str):
        first, _, last = value.partition("/")
        last = last or first
    else:
        first = last = value
    try:
        span = (_day(first), _day(last))
    except PydanticCustomError:
        text = 'is neither a date "2025-12-25" nor a range "2025-12-24/2026-01-02"'
        if value in WEEKDAYS:
            text += '; days of the week have an option of their own: weekdays = ["saturday", "sunday"]'
        raise PydanticCustomError("day", "{text}", {"text": text}) from None
    if span[0] > span[1]:
        raise PydanticCustomError("day", "{text}", {"text": "is a range that ends before it begins"})
    return span


Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
NotNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
YearlyRate = Annotated[Number, AfterValidator(_yearly_rate)]
_BETWEEN = Field(json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1})
"""For editors; the reader's own message says more."""
Fraction = Annotated[Number, AfterValidator(_fraction), _BETWEEN]
Target = Annotated[Number, AfterValidator(_target), _BETWEEN]
Factor = Annotated[Positive, AfterValidator(_factor)]
Share = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Day = Annotated[dt.date, BeforeValidator(_day)]
DateFormat = Annotated[str, Field(strict=True, min_length=1), AfterValidator(_date_format)]
Targets = Annotated[int, Field(strict=True, ge=1, le=1000)]
Span = Annotated[tuple[dt.date, dt.date], BeforeValidator(_span, json_schema_input_type=str | list[str])]


def closed_days(
    dates: npt.NDArray[np.datetime64], spans: Sequence[tuple[dt.date, dt.date]], weekdays: Sequence[Weekday]
) -> npt.NDArray[np.bool_]:
    """(m,) which of these dates (datetime64[D]) are closed, by date, range or weekday."""
    import numpy as np

    days = dates.astype("datetime64[D]")
    closed = np.zeros(days.shape, dtype=np.bool_)
    for first, last in spans:
        closed |= (days >= np.datetime64(first, "D")) & (days <= np.datetime64(last, "D"))
    weekday = (days.astype(np.int64) + 3) % 7 if weekdays else None  # 1970-01-01 was a Thursday
    for name in weekdays:
        closed |= weekday == WEEKDAYS.index(name)
    return closed
