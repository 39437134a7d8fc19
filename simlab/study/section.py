"""What every section of a study file is: frozen, with no keys but its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from simlab.study.values import Text


class Spec(BaseModel):
    """A section: frozen, no keys but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def __dir__(self) -> list[str]:
        """Its options, and what the section itself knows."""
        own = [name for name in super().__dir__() if not name.startswith("_")]
        return sorted(name for name in own if not hasattr(BaseModel, name))

    def __repr__(self) -> str:
        """What differs from the defaults, for a whole study has some two hundred options."""
        said = [
            f"{name}={getattr(self, name)!r}"
            for name, field in type(self).model_fields.items()
            if field.repr and getattr(self, name) != field.get_default(call_default_factory=True)
        ]
        return f"{type(self).__name__}({', '.join(said)})"


def one_or_more(value: Any) -> Any:
    """A word alone stands for a list of one."""
    return (value,) if isinstance(value, str) else value


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """A name that stands twice was meant to be another."""
    for at, name in enumerate(names):
        if name in names[:at]:
            text = f"'{name}' stands twice: name each once"
            raise PydanticCustomError("twice", "{text}", {"text": text})
    return names


Names = Annotated[
    tuple[Text, ...],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
    AfterValidator(each_once),
]

HEADER = ("name", "currency", "period", "week_starts", "as_of")
"""Options of the section [study], which are attributes of `Study` itself."""
