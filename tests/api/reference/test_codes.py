"""Codes explained, and the schema of the study file."""

from __future__ import annotations

import re
import tomllib

import jsonschema
import pytest
from worlds.places import ROOT

from simlab.api.reference.codes import codes, examples, explain
from simlab.api.reference.schema import study_schema
from simlab.errors import UsageError


def test_every_code_of_the_sources_is_known() -> None:
    """Nearly all say what they are about; tables share their numbers."""
    known = codes()
    assert len(known) > 100
    assert sum(bool(one.says) for one in known.values()) > 0.9 * len(known)


def test_whatever_code_a_message_shows_can_be_explained() -> None:
    """Two were named once at the head of a module, where nobody looked: `explain` knew neither."""
    pattern = re.compile(r"\bE-[A-Z]{3}-[0-9]{3}\b")
    sources = [path.read_text("utf-8") for path in (ROOT / "simlab").rglob("*.py")]
    for code in {code for source in sources for code in pattern.findall(source)}:
        assert code in explain(code)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("E-ITM-012", "is not a whole number"),
        ("error[E-DEM-013]", "is negative"),
        ("e-stu-004", "unknown option"),
    ],
)
def test_a_code_is_explained_as_a_message_shows_it(code: str, said: str) -> None:
    """With brackets or without, in any case; the codes of a table by that table."""
    text = explain(code)
    assert said in text
    assert "Why" in text


def test_what_to_do_stands_below_what_is_said() -> None:
    """A remedy of one message is not shown for another, nor one of another function of the same file."""
    text = explain("e-dem-12")
    lines = text.splitlines()
    at = next(k for k, line in enumerate(lines) if "is not a whole number of … units" in line)
    assert "E-DEM-012" in lines[0]
    assert lines[at + 1].startswith("    > ")
    assert "fix the date" not in text


def test_every_code_has_what_why_an_example_and_what_to_do() -> None:
    """27 of 151 said nothing to do, none had an example."""
    for code in codes():
        said, _, rest = explain(code).partition("\nWhy\n")
        why, _, example = rest.partition("\nExample\n")
        assert "    > " in said, code
        assert why.strip(), code
        assert f"error[{code[:2]}" in example, code


def test_examples_are_messages_of_codes_that_there_are() -> None:
    known = codes()
    for code, text in examples().items():
        assert code in known or f"E-TAB-{code[-3:]}" in known, code
        assert text.startswith(f"error[{code}] "), code


@pytest.mark.parametrize("code", ["E-ITM-999", "nonsense", ""])
def test_an_unknown_code_names_those_there_are(code: str) -> None:
    with pytest.raises(UsageError, match="there is no code"):
        explain(code)


def test_the_schema_takes_the_sample_and_refuses_what_the_reader_refuses() -> None:
    """The same study is valid for an editor; an unknown option is not."""
    schema = study_schema()
    study = tomllib.loads((ROOT / "simlab" / "samples" / "study.toml").read_text("utf-8"))
    plain = _as_json(study)
    jsonschema.validate(plain, schema)
    for wrong in ({"simulation": {"replicatoins": 3}}, {"optimize": {"fill_rate": 95}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**plain, **wrong}, schema)


def _as_json(value: object) -> object:
    """TOML's dates as JSON has them."""
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)
