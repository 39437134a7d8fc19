"""Calibration on the public histories: what the experiments' READMEs claim."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from worlds.places import ROOT

FOLDER = ROOT / "experiments"
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
    from simlab.verdict.replay.calibration import calibration
    from simlab.verdict.replay.origins import forecasts

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
    from simlab.verdict.replay.calibration import calibration

    table = calibration(found)
    whole = table[table["group"] == "(all)"].set_index("method")
    assert 0.85 <= whole.loc["hierarchy gamma", "pit_share"] <= 0.95
    assert whole.loc["hierarchy gamma", "crps"] < whole.loc["normal by vendor", "crps"]
    assert whole.loc["hierarchy", "crps"] < whole.loc["vendor", "crps"]


def test_what_real_receipts_tell_of_their_suppliers() -> None:
    """Vendors of health goods: delays are shared by a day's orders, some drift, no weekday stands out."""
    import pandas as pd

    from simlab.api.data.data import load_frames
    from simlab.study import Study

    lines = pd.read_parquet(Path(DATA) / "scms_deliveries" / "deliveries.parquet")
    names = ["po_sent_to_vendor_date_iso", "delivered_to_client_date_iso", "scheduled_delivery_date_iso"]
    lines = lines.dropna(subset=names[:2])
    receipts = lines[names].astype(str).set_axis(["order_date", "receipt_date", "promised_date"], axis=1)
    receipts = receipts.assign(supplier=lines["vendor"], quantity=1)
    items = pd.DataFrame({"sku": ["a"], "location": "X", "unit_cost": 1.0, "lead_time": 7.0})
    options = {"lead_times": {"crossing": False}, "data": {"receipts": {"receipt_before_order": "drop"}}}
    law = items.assign(demand_law="poisson", demand_mean=1.0)
    found = load_frames(law, None, receipts, study=Study.default(**options)).lead_times()
    assert len(found) == 58
    assert found["received"].sum() == 2682
    assert (found["is_shared"].sum(), found["drifted"].sum(), found["has_weekday"].sum()) == (13, 9, 0)
    late = (found["late_share"] * found["promised"]).sum() / found["promised"].sum()
    assert late == pytest.approx(0.068, abs=0.005)


@pytest.mark.parametrize("study", ["spares", "online retail"])
def test_blocks_of_real_histories_are_fitted_and_planned_as_all_of_them(study: str, tmp_path: Path) -> None:
    """5,000 spares by the month, and bills of a web shop by the week with receipts: any rows in any order."""
    import subprocess
    import sys

    import numpy as np
    from worlds.items import said_of

    from simlab.api.data.data import Data, load
    from simlab.api.data.rows import fit_rows, planned
    from simlab.models.shared import unpacked

    if study == "spares":
        data = Data(experiment("02_raf_spares").spares(Path(DATA)))
    else:
        folder = FOLDER / "01_online_retail"
        subprocess.run([sys.executable, folder / "prepare.py", tmp_path], check=True)
        data = load(tmp_path / "study.toml")
    whole, shared = data.models, unpacked(data.models.shared.packed())
    targets = np.array([0.8, 0.95])
    levels = planned(data, whole, targets)
    order = np.random.default_rng(2).permutation(whole.n_items)
    blocks = [order[k : k + 1] for k in range(20)] + [order[k : k + 7] for k in range(0, 210, 7)]
    for rows in [*blocks, *(order[k : k + 1024] for k in range(0, order.size, 1024))]:
        part = fit_rows(data, shared, rows)
        found = planned(data, part, targets)
        assert (found.levels.order_up_to == levels.levels.order_up_to[rows]).all()
        assert (found.safety_stock == levels.safety_stock[rows]).all()
        assert [said_of(part, k) for k in range(rows.size)] == [said_of(whole, row) for row in rows.tolist()]
