"""What every section of a study file is: frozen, with no keys but its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from simlab.study.values import Text


class Spec(BaseModel):
    """A section: frozen, no keys but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def one_or_more(value: Any) -> Any:
    """A word alone stands for a list of one."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Text, ...], BeforeValidator(one_or_more, json_schema_input_type=str | list[str])]

HEADER = ("name", "currency", "period", "week_starts", "as_of")
"""Options of the section [study], which are attributes of `Study` itself."""
