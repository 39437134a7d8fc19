"""Tables of options for segment schemes by name: [segments.tbs] beside [segments.abc].

Which schemes there are is known to `segments`, not here: it refuses names and options that do not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

OPTIONS = "options"


def gathered(value: Any, known: Collection[str]) -> Any:
    """A section as given, its tables other than the `known` ones gathered under ``options``."""
    if not isinstance(value, Mapping):
        return value
    tables = {key: entry for key, entry in value.items() if key not in known and isinstance(entry, Mapping)}
    rest = {key: entry for key, entry in value.items() if key not in tables}
    return {**rest, OPTIONS: tables} if tables else rest


def spread(section: dict[str, Any]) -> dict[str, Any]:
    """The reverse, for a section that is written out."""
    return {**{key: entry for key, entry in section.items() if key != OPTIONS}, **section.get(OPTIONS, {})}
