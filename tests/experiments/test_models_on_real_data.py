"""Calibration on the public histories: what the experiments' READMEs claim."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "experiments"
DATA = os.environ.get("SIMLAB_DATA", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA, reason="SIMLAB_DATA does not name the folder of public data"),
]


def experiment(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"experiment_{name[:2]}", FOLDER / name / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fitted_laws_are_calibrated_on_spares() -> None:
    """Randomised PIT share 0.85 to 0.95 on items with R + L within the hold-out; better than the normal."""
    from simlab.models import diagnose, read_history, rolling_origins, split
    from simlab.verdict.replay_calibration import calibration
    from simlab.verdict.replay_origins import forecasts

    raf = experiment("02_raf_spares")
    catalog = raf.spares(Path(DATA))
    group = diagnose(read_history(split(catalog, raf.HOLDOUT)[0])).demand_class
    origins = rolling_origins(catalog, raf.HOLDOUT, most=1)
    table = calibration(list(forecasts(origins, group)))
    whole = table[table["group"] == "(all)"].set_index("method")
    assert whole.loc["fitted", "n"] == 4980
    assert 0.85 <= whole.loc["fitted", "pit_share"] <= 0.95
    for score in ("log_score", "crps"):
        assert whole.loc["fitted", score] < whole.loc["normal", score]
    assert whole.loc["fitted", "log_score"] < whole.loc["empirical", "log_score"]


def test_later_purchase_orders_are_predicted() -> None:
    scms = experiment("03_scms_lead_times")
    orders, account = scms.purchase_orders(Path(DATA))
    assert account.set_index("what")["rows"]["used"] == len(orders)
    cut = orders["order_date"].sort_values().iloc[int(0.85 * len(orders))]
    found = scms.judged(orders, cut.to_datetime64(), None)
    from simlab.verdict.replay_calibration import calibration

    table = calibration(found)
    whole = table[table["group"] == "(all)"].set_index("method")
    assert 0.85 <= whole.loc["hierarchy gamma", "pit_share"] <= 0.95
    assert whole.loc["hierarchy gamma", "crps"] < whole.loc["normal by vendor", "crps"]
    assert whole.loc["hierarchy", "crps"] < whole.loc["vendor", "crps"]
