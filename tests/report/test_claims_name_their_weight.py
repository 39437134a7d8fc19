"""Every command: no claim of costing less without its weight, no tick where another disagrees."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from worlds.limits import frames
from worlds.study import write_study

import simlab as sl
from simlab import api
from simlab.api.comparison.pages import policies_page
from simlab.api.contest.outcome import Rounds
from simlab.report.contest.statements import boxes, deciding, headline
from simlab.report.contest.tables import NEEDED, OPTIONAL, ContestTables
from simlab.report.kit.reading import read_named
from simlab.run import RunFolder

CLAIM = re.compile(
    r"\b(cheap(er|est)|costs? (least|less|more|\d[\d.]* %)|beats?|no better than chance|best)\b",
    re.IGNORECASE,
)
WEIGHT = re.compile(r"\b(units|value|margin|items|lines|SKU-locations?, each)\b")


def claims_without_a_weight(lines: list[str]) -> list[str]:
    """Sentences that say one thing costs less than another and not by which weight."""
    sentences = [part for line in lines for part in re.split(r"(?<=[.!?]) (?=[A-Z])", line)]
    return [one for one in sentences if CLAIM.search(one) and not WEIGHT.search(one)]


def write_priced(folder: Path, weight: str) -> Path:
    """The small study with prices, one weight named."""
    service = f'service = {{ weight = "{weight}" }}'
    path = write_study(folder, **{"[optimize]\n": f"[optimize]\n{service}\n"})
    frames()["items"].to_csv(folder / "items.csv", index=False)
    return path


@pytest.fixture(scope="module", params=["margin", pytest.param("units", marks=pytest.mark.slow)])
def contest(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    rounds = Rounds(controls=20, seeds=2, catalogues=0, classes=(2,), services=False)
    study = write_priced(folder, request.param)
    return api.run_compare_schemes(study, ["abc", "location", "segment"], out=folder / "run", rounds=rounds)


def test_schemes_on_the_terminal_and_on_the_page(contest) -> None:
    told = [line for line in contest.statements if not line.startswith("Note:")]
    assert any(CLAIM.search(line) for line in told)
    assert claims_without_a_weight(told) == []
    run = RunFolder.open(contest.folder)
    found = ContestTables(run.manifest, read_named(run, NEEDED, OPTIONAL))
    said = [headline(found), *boxes(found)]
    assert [
        one.title for one in said if CLAIM.search(one.text) and not WEIGHT.search(one.title + one.text)
    ] == []
    if found.disagreeing:
        assert deciding(found).tick == "open"
        assert not [one.title for one in said if one.state == "good"]
    page = (contest.folder / "report.html").read_text(encoding="utf-8")
    assert "cheaper" not in page.casefold().split("<script")[0]
    assert ("✓ may be the best" in page) == (not found.disagreeing)


def test_policies_on_the_terminal_and_on_the_page(tmp_path: Path) -> None:
    data = sl.load(write_priced(tmp_path, "margin"))
    found = sl.compare_policies(data, ["order_up_to:normal"])
    assert claims_without_a_weight(list(found.statements)) == []
    assert {one.weight for one in found.entries[1].weights} == {"units", "value", "items"}
    page = policies_page(found)
    assert "service counted otherwise" in page
    assert "✓" not in page


def test_simulate_claims_nothing_of_other_plans(tmp_path: Path) -> None:
    result = api.run_simulate(write_priced(tmp_path, "margin"), out=tmp_path / "run")
    page = (result.folder / "report.html").read_text(encoding="utf-8").split("<script")[0]
    assert "cheaper" not in page.casefold()
    assert claims_without_a_weight(list(result.statements)) == []
    assert pd.read_parquet(result.folder / "results" / "segments.parquet")["plan"].nunique() == 1
