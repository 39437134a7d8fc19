"""The run's study file, opened where the panel writes other settings of [optimize] into it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REPLACED = ("fill_rate", "budget", "choose", "pinned", "floors", "costs", "objective")
"""Options that the panel writes itself."""
_HEADER = re.compile(r"^\s*\[\[?\s*([\w.\-\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([\w-]+|\"[^\"]*\")\s*(?:\.[\w.\- ]+)?\s*=")
_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")


@dataclass(frozen=True)
class Opened:
    """A study with a gap for options of [optimize].

    Attributes
    ----------
    before, after : str
        Text around the gap.
    pins, floors, costs : tuple of str
        What the study itself says and the panel keeps, as TOML: pinned SKUs, floors, cost rates.
    objective : str
        The study's own, empty for the default.
    """

    before: str
    after: str
    pins: tuple[str, ...] = ()
    floors: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    objective: str = ""


ALONE = Opened("# Settings of the panel: take them into [optimize] of the study.\n[optimize]\n", "")
"""Where a run knows no study file, or one that is written in a way of its own."""


def opened(text: str) -> Opened:
    """The study without what the panel writes; `ALONE` where the text cannot be opened safely."""
    try:
        whole = tomllib.loads(text)
        own = dict(whole.get("optimize") or {})
        before, after = _around(text)
        rest = tomllib.loads(before + after)
    except (tomllib.TOMLDecodeError, TypeError, ValueError):
        return ALONE
    kept = {name: value for name, value in own.items() if name not in REPLACED}
    if not text.strip() or {**rest, "optimize": rest.get("optimize", {})} != {**whole, "optimize": kept}:
        return ALONE
    return Opened(
        before,
        after,
        tuple(_written(pin) for pin in own.get("pinned", ()) if "sku" in pin),
        tuple(_written(floor) for floor in own.get("floors", ())),
        tuple(
            f"{name} = {_written(value)}"
            for name, value in (own.get("costs") or {}).items()
            if name not in ("holding_rate", "shortage_per_unit")
        ),
        str(own.get("objective", "")),
    )


def _around(text: str) -> tuple[str, str]:
    """The text up to the line [optimize], and behind it, without the replaced options."""
    lines = list(_kept(text))
    heads = [row for row, line in enumerate(lines) if (head := _HEADER.match(line)) and head[1] == "optimize"]
    if not heads:
        return "\n".join(lines).rstrip("\n") + "\n\n[optimize]\n", ""
    cut = heads[0] + 1
    return "\n".join(lines[:cut]) + "\n", "\n".join(lines[cut:]).rstrip("\n") + "\n"


def _kept(text: str) -> Iterator[str]:
    section, depth, dropped = "", 0, False
    for line in text.splitlines():
        bare = _TEXT.sub("", line).split("#", 1)[0]
        if depth == 0:
            head = _HEADER.match(line)
            if head and "=" not in bare:
                section = head[1].replace(" ", "")
                dropped = section.startswith("optimize.") and section.split(".")[1] in REPLACED
            elif section == "optimize" and (key := _KEY.match(line)):
                dropped = key[1].strip('"') in REPLACED
            elif section == "optimize":
                dropped = False
        inside = depth > 0
        if not (bare.strip().startswith("[") and depth == 0):
            depth += bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
        comment = not bare.strip() and not inside
        if not dropped or (comment and section == "optimize"):
            yield line


def _written(value: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_name(name)} = {_written(one)}' for name, one in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_written(one) for one in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
