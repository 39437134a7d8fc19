"""Pages read off the program: every option of the study file, every error code.

A fact stands in one place: types, defaults and choices come from the pydantic model, explanations from the
comments of the sample study and the sections' docstrings, errors from the calls that raise them. What the
sample leaves out is explained in `options.toml`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from tables import tables

import simlab
from simlab.api.reference.codes import AREAS, codes
from simlab.cli.app import app
from simlab.study.history_sections import Condition, TableSource
from simlab.study.study import Study

PACKAGE = Path(simlab.__file__).parent
SAMPLE = PACKAGE / "samples" / "study.toml"
MEANINGS = Path(__file__).with_name("options.toml")
_OPTION = re.compile(r"^(?:# )?(\w+) = (.+?)(?:\s{2,}# ?(.*))?$")
_SECTION = re.compile(r"^(?:# )?\[([\w.]+)\]\s*(?:# ?(.*))?$")
TABLE = "data.TABLE"
"""What all tables of the study have in common."""
_HIDDEN = {"source", "folder", "file", "open_share", "schema_version"}
_HEADER = ("name", "currency", "period", "week_starts", "as_of")
_FORMULA = re.compile(r"\[(models?|[a-z_.]+)\]:? ?")


def write_reference(folder: Path) -> None:
    """Write the pages into `folder`; unchanged files keep their times."""
    folder.mkdir(exist_ok=True)
    pages = {"study_file.md": study_file(), "errors.md": errors(), "commands.md": commands()}
    pages["tables.md"] = tables()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


# ---------------------------------------------------------------------------------------------------
# The study file
def sample_options() -> dict[tuple[str, str], tuple[str, str]]:
    """What the sample study says of each (section, option): its example and its comment."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    section, last = "", None
    for line in SAMPLE.read_text("utf-8").splitlines():
        if head := _SECTION.match(line):
            section, last = head[1], None
        elif option := _OPTION.match(line):
            last = (section, option[1])
            found[last] = (option[2].strip(), (option[3] or "").strip())
        elif last and re.match(r"^#? {20,}#? ?\S", line):
            example, comment = found[last]
            found[last] = (example, f"{comment} {line.strip().lstrip('# ')}".strip())
        else:
            last = None
    return found


def study_file() -> str:
    """The reference of the study file: a heading a section, a table row an option."""
    shown = {**sample_options(), **_also_period()}
    meanings = tomllib.loads(MEANINGS.read_text("utf-8"))
    lines = [
        "# Study file reference",
        "",
        "Every option, read off the program. A study file is TOML; unknown names are refused.",
        "`simlab init DIR` writes a file with the options most people need.",
        "",
    ]
    for section, model, names in _sections():
        own = _table(section, model, names, shown, meanings) if names else []
        lines += [f"## `[{section}]`", "", *_prose(model), *_shared(section, model), *own, ""]
    return "\n".join(lines)


def _shared(section: str, model: type[BaseModel]) -> list[str]:
    """Where the options stand that all tables have."""
    if not issubclass(model, TableSource) or section == TABLE:
        return []
    return ["Where it lies and how it is written: [`[data.TABLE]`](#data-table).", ""]


def _also_period() -> dict[tuple[str, str], tuple[str, str]]:
    """Months of the books are a period, too, read with a table of their own."""
    text = 'laws, levels and the simulation are per period; "fiscal" with [data.periods]: months of the books'
    return {("study", "period"): ("", text)}


def _sections() -> Iterator[tuple[str, type[BaseModel], list[str]]]:
    yield "study", Study, list(_HEADER)
    for name, field in Study.model_fields.items():
        if name in _HEADER or name in _HIDDEN:
            continue
        for model in _models(field.annotation)[:1]:
            for one in _tree(name, model):
                if one[0] == "data.items":
                    yield TABLE, TableSource, list(TableSource.model_fields)
                yield one
    yield f"{TABLE}.where", Condition, list(Condition.model_fields)


def _tree(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel], list[str]]]:
    if issubclass(model, TableSource):
        own = [name for name in model.model_fields if name not in TableSource.model_fields]
        yield path, model, own
    else:
        yield path, model, list(model.model_fields)
    for name, field in model.model_fields.items():
        for inner in _models(field.annotation):
            if inner is Condition:
                continue
            yield from _tree(f"{path}.{field.alias or name}", inner)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    found: list[type[BaseModel]] = []
    for part in getattr(annotation, "__args__", ()):
        found += [model for model in _models(part) if model not in found]
    return found


def _prose(model: type[BaseModel]) -> list[str]:
    if model is TableSource:
        return ["Every table of the study takes these; `[data.items]`, `[data.demand]` and so on.", ""]
    text = "" if model is Study else (model.__doc__ or "")
    lines = [_FORMULA.sub("", line.strip(), count=1) for line in text.strip().splitlines()]
    return [lines[0][:1].upper() + lines[0][1:], *lines[1:], ""] if lines else []


def _table(
    section: str,
    model: type[BaseModel],
    names: list[str],
    shown: dict[tuple[str, str], tuple[str, str]],
    meanings: dict[str, str],
) -> list[str]:
    schema = model.model_json_schema(by_alias=True)
    rows = ["| option | allowed | default | meaning, or an example |", "| --- | --- | --- | --- |"]
    for name in names:
        field = model.model_fields[name]
        key = field.alias or name
        kind = _kind(schema["properties"].get(key, {}), schema.get("$defs", {}))
        example, comment = shown.get((section, key), ("", ""))
        said = meanings.get(f"{section}.{key}") or comment or meanings.get(key, "")
        meaning = said or (f"such as `{key} = {example}`" if example else "")
        rows.append(f"| `{key}` | {_cell(kind)} | {_default(field)} | {_cell(meaning)} |")
    return rows


def _kind(schema: dict[str, Any], defs: dict[str, Any], depth: int = 0) -> str:
    if "$ref" in schema:
        target = defs.get(schema["$ref"].rsplit("/", 1)[-1], {})
        return "a table" if target.get("type") == "object" else _kind(target, defs, depth + 1)
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "anyOf" in schema:
        kinds = [_kind(part, defs, depth + 1) for part in schema["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array":
        items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {_kind(items, defs, depth + 1)}"
    name = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true`, `false`"}
    limits = [
        f"{word} {schema[key]:g}"
        for key, word in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in schema and abs(schema[key]) < 1e15
    ]
    kind = "a table" if schema.get("type") == "object" else name.get(schema.get("type", ""), "value")
    return " ".join([kind, ", ".join(limits)]).strip()


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "–"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple | dict) and not value:
        return "none"
    return f"`{json.dumps(value, default=str, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


# ---------------------------------------------------------------------------------------------------
# Commands
def commands() -> str:
    """What `simlab COMMAND --help` prints, for every command."""
    lines = [
        "# Commands",
        "",
        "Results go to stdout, progress to stderr. `--format json` prints one JSON document instead of",
        "tables; `--out DIR` names the run folder (default `runs/<study name>`, then `-2`, `-3`: nothing",
        "that exists is ever replaced). [Exit codes](../exit_codes.md).",
        "",
    ]
    for name, command in _commands("simlab", typer.main.get_command(app)):
        context = click.Context(command, info_name=name, max_content_width=88, terminal_width=88)
        lines += [f"## `{name}`", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield name, command
    for word in inner:
        yield from _commands(f"{name} {word}", inner[word])


# ---------------------------------------------------------------------------------------------------
# Errors
def errors() -> str:
    """Every code with what it says; what depends on the input stands as …"""
    lines = [
        "# Errors",
        "",
        "Every code that a message can carry, read off the program; `…` stands for what it says of your",
        "input. A message names file, line, column, the value found and the likely fix, and all problems",
        "come at once. `simlab explain E-ITM-017` says the same in a terminal. Codes of tables carry ITM for",
        "items, DEM for demand, REC for receipts, PER for periods, OPO for open orders; here TAB.",
        "[What a command ends with](../exit_codes.md).",
        "",
    ]
    known = codes()
    for area in sorted({one.area for one in known.values()}, key=lambda area: AREAS.get(area, area)):
        title = AREAS.get(area, area)
        lines += [
            f"## {title[0].upper()}{title[1:]}",
            "",
            "| code | says | what to do |",
            "| --- | --- | --- |",
        ]
        for one in (one for one in known.values() if one.area == area):
            says = "; ".join(one.says[:6]) or "depends on the case: the message says it"
            lines.append(f"| `{one.code}` | {_cell(says)} | {_cell('; '.join(one.fixes[:4]))} |")
        lines.append("")
    return "\n".join(lines)
