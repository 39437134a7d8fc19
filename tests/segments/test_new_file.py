"""A stranger adds a scheme by adding one file: the example of CONTRIBUTING, dropped into the folder."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from worlds.places import ROOT

import simlab as sl
from simlab import api
from simlab.errors import InvalidInputError
from simlab.segments import known_schemes, schemes
from simlab.segments.scheme import scheme as _decorator
from simlab.study import Study

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
REGISTER = sys.modules[_decorator.__module__]

ITEMS = pd.DataFrame(
    {
        "sku": ["a", "b", "c", "d"],
        "location": "X",
        "unit_cost": 5.0,
        "lead_time": 7,
        "unit_volume": [0.005, 0.05, 0.5, 0.01],
        "demand_law": "poisson",
        "demand_mean": 4.0,
        "demand_variance": 4.0,
    }
)


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The file as CONTRIBUTING shows it, in a folder that schemes are looked for in."""
    code = CONTRIBUTING.read_text("utf-8").split("```python\n")[1].split("```")[0]
    (tmp_path / "bulk.py").write_text(code, "utf-8")
    monkeypatch.setattr(REGISTER, "_SCHEMES", dict(known_schemes()))  # a copy, before the file is found
    monkeypatch.setattr(schemes, "__path__", [*schemes.__path__, str(tmp_path)])
    REGISTER._import_all.cache_clear()
    yield
    sys.modules.pop(f"{schemes.__name__}.bulk", None)
    vars(schemes).pop("bulk", None)


def data(**segments):
    return api.load_frames(ITEMS, study=Study.default(segments=segments))


def test_the_file_alone_makes_the_scheme(example):
    """By name in Python and in a study, with its options, its rule text and its refusals."""
    assert "bulk" in known_schemes()
    segments = sl.segment(data(), by="bulk")
    assert [segments.names[code] for code in segments.codes] == ["S", "M", "L", "S"]
    assert "S up to 0.01 m³ a unit" in segments.rule
    wider = sl.segment(data(by="bulk", bulk={"cuts": [0.1, 1.0]}))
    assert [wider.names[code] for code in wider.codes] == ["S", "S", "M", "S"]
    with pytest.raises(InvalidInputError, match="has no option 'cut'"):
        sl.segment(data(by="bulk", bulk={"cut": [0.1, 1.0]}))
    with pytest.raises(InvalidInputError, match="cut points must ascend"):
        sl.segment(data(by="bulk", bulk={"cuts": [1.0, 0.1]}))


def test_without_the_file_there_is_no_such_scheme():
    with pytest.raises(InvalidInputError, match="no scheme and no column of items is called 'bulk'"):
        sl.segment(data(), by="bulk")
