"""Intervals of fixed plans cover the truth as often as they say (short form of experiments/04_capital)."""

import importlib.util
import sys

import pytest
from worlds.places import ROOT

FOLDER = ROOT / "experiments" / "04_capital"


def module(name):
    spec = importlib.util.spec_from_file_location(f"capital_{name}", FOLDER / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.slow
def test_intervals_and_the_band_cover_within_four_standard_errors():
    found = module("coverage").coverage(100)
    off = (found["coverage"] - 0.95).abs() / found["standard_error"]
    assert off.max() <= 4.0, found.to_string()
