"""Do laws fitted to the past predict later weeks of these sales? Writes results/calibration.csv.

SIMLAB_DATA=… python calibration.py    # 1 to 8 weeks ahead, three origins, the last in the Christmas peak
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import prepare

import simlab as sl
from simlab.models import FITTED, diagnose, read_history, rolling_origins
from simlab.verdict.replay.calibration import calibration
from simlab.verdict.replay.origins import forecasts

HORIZONS = (1, 2, 3, 4, 5, 6, 7, 8)
LAWS = (FITTED, "poisson", "negative_binomial", "intermittent", "empirical", "normal")
HOLDOUT = 8


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        data = sl.load(prepare.write(prepare.prepare(prepare.data_folder()), Path(work) / "tables", "main"))
    group = diagnose(read_history(data.catalog)).demand_class
    origins = list(rolling_origins(data.catalog, HOLDOUT, most=3, methods=LAWS))
    final = str(origins[0].held.days[0])
    found = [one for weeks in HORIZONS for one in forecasts(origins, group, weeks)]
    last = [one for one in found if one.origin == final]
    table = pd.concat(
        [calibration(last).assign(sample="last 8 weeks"), calibration(found).assign(sample="all origins")]
    )
    table.insert(0, "sample", table.pop("sample"))
    table.to_csv(prepare.HERE / "results" / "calibration.csv", index=False, float_format="%.5g")
    shown = table[table["group"] == "(all)"].drop(columns="group")
    print(shown.to_string(float_format=lambda x: f"{x:.3f}"))
    print(f"{time.perf_counter() - start:.0f} s, {np.unique([one.origin for one in found]).tolist()}")


if __name__ == "__main__":
    main()
