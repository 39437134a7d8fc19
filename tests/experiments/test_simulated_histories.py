"""Fits recover what simulated histories were made of, within the tolerances that experiment 07 states."""

from __future__ import annotations

import importlib.util

import pandas as pd
import pytest
from worlds.places import ROOT

FOLDER = ROOT / "experiments" / "07_simulated_histories"
RESULTS = FOLDER / "results"
MEASURED = ("mean ÷", "variance ÷", "season", "lag-1", "chance", "loading", "the total", "lead time")


def test_the_committed_tables_keep_their_tolerances() -> None:
    """Every line inside; randomised PIT share 0.88 to 0.92 at every horizon, fitted laws first."""
    recovered = pd.read_csv(RESULTS / "recovery.csv")
    assert recovered["inside"].all()
    assert all(recovered["what"].str.contains(word).any() for word in MEASURED)
    away = (recovered["found"] - recovered["truth"]).abs()
    assert (away <= recovered["tolerance"] * 1.001).all()
    judged = pd.read_csv(RESULTS / "calibration.csv")
    whole = judged[judged["group"] == "(all)"].set_index(["horizon", "method"])
    assert sorted(set(judged["horizon"])) == [1, 2, 4, 8]
    assert set(judged["group"]) == {"(all)", "smooth", "erratic", "intermittent", "lumpy"}
    for horizon in (1, 2, 4, 8):
        assert 0.88 <= whole.loc[(horizon, "fitted"), "pit_share"] <= 0.92
        for other in ("normal", "empirical"):
            better = whole.loc[(horizon, "fitted")] < whole.loc[(horizon, other)]
            assert better["log_score"]
        assert whole.loc[(horizon, "fitted"), "crps"] < whole.loc[(horizon, "normal"), "crps"]


@pytest.mark.slow
def test_the_recovery_table_comes_out_again() -> None:
    """python -m pytest -m slow -k recovery_table (half a minute)."""
    spec = importlib.util.spec_from_file_location("experiment_07", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found, kept = pd.DataFrame(module.recovery()), pd.read_csv(RESULTS / "recovery.csv")
    assert found["inside"].all()
    assert found["what"].tolist() == kept["what"].tolist()
    assert found["found"].to_numpy() == pytest.approx(kept["found"].to_numpy(), rel=1e-3)
