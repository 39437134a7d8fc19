"""The study file as a JSON schema, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from simlab.study.section import HEADER
from simlab.study.study import Study


def study_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a study file, in the sections that the file has."""
    flat = Study.model_json_schema(by_alias=True)
    options = flat["properties"]
    hidden = {name for name, field in Study.model_fields.items() if field.exclude}
    header = {name: options[name] for name in HEADER}
    sections = {name: one for name, one in options.items() if name not in {*HEADER, *hidden}}
    definitions = flat.get("$defs", {})
    segments = definitions["SegmentSpec"]
    segments["properties"].pop("options")
    segments["additionalProperties"] = True  # tables of schemes, by their names
    study = {"type": "object", "properties": header, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simlab study file",
        "type": "object",
        "properties": {"study": study, **sections},
        "additionalProperties": False,
        "$defs": definitions,
    }
