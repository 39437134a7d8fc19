"""Every promise names its tests, and the table of them is the one that its command writes."""

import re

import pytest
from worlds.places import ROOT, TESTS
from worlds.trust_table import PROMISES, README, table

CLAIMS = "## What is claimed, and what is not"


def test_the_table_is_what_its_command_writes():
    """`PYTHONPATH=.:tests python -m worlds.trust_table`."""
    assert README.read_text("utf-8") == table()


@pytest.mark.parametrize("promise", PROMISES, ids=[one.promise[:40] for one in PROMISES])
def test_every_test_that_is_named_is_there(promise):
    assert promise.tests
    assert [name for name in promise.tests if not (TESTS / name).is_file()] == []


def test_every_claim_of_the_readme_names_a_test_that_is_there():
    text = (ROOT / "README.md").read_text("utf-8")
    claims = re.findall(
        r"^- .*?(?=^- |^$)", text.split(CLAIMS)[1].split("\n## ")[0], re.MULTILINE | re.DOTALL
    )
    assert len(claims) >= 6
    for claim in claims:
        named = re.findall(r"tests/[\w/]+\.py", claim)
        assert named, claim
        assert all((ROOT / name).is_file() for name in named), claim
