"""How the objects that people hold show themselves: public names in `dir()`, a repr that fits a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sized
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_WIDTH, _LONG, _FEW = 100, 60, 6


class Public:
    """`dir()` names what is public; a dataclass without a repr of its own says what it holds, briefly."""

    def __dir__(self) -> list[str]:
        return sorted(name for name in super().__dir__() if not name.startswith("_"))

    def __repr__(self) -> str:
        return brief(self)


def brief(value: Any) -> str:
    """Name and fields of a dataclass: arrays by shape, long things by size; a line where it fits."""
    name = type(value).__name__
    if not is_dataclass(value):
        return f"{name}()"
    parts = [
        f"{field.name}={_short(getattr(value, field.name))}"
        for field in fields(value)
        if field.repr and not field.name.startswith("_")
    ]
    return textwrap.fill(f"{name}({', '.join(parts)})", _WIDTH, subsequent_indent="  ")


def show_briefly(*kinds: type) -> None:
    """Give classes of rooms that know no notebook the repr of `brief`."""
    for kind in kinds:
        setattr(kind, "__repr__", brief)  # noqa: B010


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {' × '.join(map(str, value.shape))}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONG else f"{value[: _LONG - 1]}…")
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, tuple | list) and len(value) <= _FEW:
        inner = ", ".join(_short(one) for one in value)
        text = f"[{inner}]" if isinstance(value, list) else f"({inner})"
        return text if len(text) <= _LONG else f"{len(value)} values"
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        more = ", …" if len(keys) > _FEW else ""
        return f"{{{', '.join(keys[:_FEW])}{more}}}"
    if isinstance(value, tuple | list | set | frozenset):
        return f"{len(value)} values"
    rows = f" {len(value)} rows" if isinstance(value, Sized) and hasattr(value, "columns") else ""
    return f"<{type(value).__name__}{rows}>"
