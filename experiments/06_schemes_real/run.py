"""Which segmentation is worth its rules on real demand? Writes the tables of results/.

SIMLAB_DATA=… python run.py                          # Online Retail and RAF spares
SIMLAB_DATA=… python run.py --only raf --replications 50 --verdict-replications 100 --out somewhere
SIMLAB_DATA=… python run.py --value                  # decided as the defaults do (value here): value_*.csv
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import simlab as sl

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "01_online_retail"), str(HERE.parent / "05_schemes_testbed")]

import prepare  # noqa: E402  (experiment 01: Online Retail)
import schemes as testbed  # noqa: E402  (experiment 05: the schemes and their names)

HOLDING_RATE = 0.25  # per year, assumed
LEAST_LEAD_MONTHS = 1  # where the list says 0: under a month, or not known
KEPT = ("tournament", "pairs", "classes", "free_classes", "regret", "scheme_segments")
KEPT_BY_VALUE = ("tournament", "scheme_weights", "regret")
OF_UNITS = ("target_min = 0.50", 'service = { weight = "units" }', 'choose = "in_sample"')
LEFT_OUT = ("b D/(h Q) with b = margin", "ABC by margin 80/95", "Ng")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("retail", "raf"), help="one of the two sets")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    parser.add_argument("--replications", type=int, help="fewer, for a quick look; the study's if left out")
    parser.add_argument("--verdict-replications", type=int)
    parser.add_argument("--value", action="store_true", help="by the defaults, read by every other weight")
    arguments = parser.parse_args()
    if not os.environ.get("SIMLAB_DATA"):
        raise SystemExit(
            "set SIMLAB_DATA to the folder that holds online_retail/, scms_deliveries/, raf_spares/"
        )
    folder = Path(os.environ["SIMLAB_DATA"])
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, load in (("retail", retail), ("raf", raf)):
        if arguments.only in (None, name):
            start = time.perf_counter()
            data = load(folder, by_default if arguments.value else str)
            print(f"{name}: {data!r}, loaded in {time.perf_counter() - start:.1f} s")
            contest, kept = contest_of(data, arguments), KEPT_BY_VALUE if arguments.value else KEPT
            write(f"value_{name}" if arguments.value else name, contest, arguments.out, kept)
            print(f"{name}: {time.perf_counter() - start:.1f} s in all")


def by_default(text: str) -> str:
    """A study without the lines that keep the defaults of 0.1.0."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(OF_UNITS))


def contest_of(data, arguments):
    """The schemes of the test bed, and the columns that the data have."""
    schemes = {
        name: testbed.sorted_by(data, *how) for name, how in testbed.SCHEMES.items() if name not in LEFT_OUT
    }
    schemes["ABC x XYZ"] = sl.segment(data, by=["abc", "xyz"])
    schemes["ADI / CV2"] = sl.segment(data, by="adi_cv2")
    for column in ("location", "supplier"):
        if len(set(data.catalog.texts.get(column, data.catalog.location))) > 1:
            schemes[column] = sl.segment(data, by=column)
    return sl.compare(
        data,
        {**schemes, "tree": "tree"},
        fill_rate=testbed.FILLS,
        rounds=sl.Rounds(controls=40, seeds=5, catalogues=50),
        replications=arguments.replications,
        verdict_replications=arguments.verdict_replications,
    )


def retail(folder: Path, study):
    """Online Retail with scaled lead-time shapes, prepared as in experiment 01; `study` changes its text."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(prepare.write(prepare.prepare(folder), Path(work) / "tables"))
        path.write_text(study(path.read_text("utf-8")), "utf-8")
        return sl.load(path)


def raf(folder: Path, study):
    """RAF spares: monthly demand, planned lead times; the item without a price is left out."""
    items = pd.read_csv(folder / "raf_spares" / "items.csv.gz", dtype={"item": str})
    demand = pd.read_csv(folder / "raf_spares" / "demand_monthly.csv.gz", dtype={"item": str})
    items = items[items["unit_price_gbp"] > 0]
    months = [column for column in demand.columns if column != "item"]
    long = demand[demand["item"].isin(items["item"])].melt("item", months, "month", "quantity")
    long = long[long["quantity"] > 0]
    table = pd.DataFrame(
        {
            "sku": items["item"],
            "location": "depot",
            "unit_cost": items["unit_price_gbp"],
            "holding_rate": HOLDING_RATE,
            "lead_time": np.maximum(items["lead_time_months"], LEAST_LEAD_MONTHS),
        }
    )
    rows = pd.DataFrame(
        {
            "sku": long["item"],
            "location": "depot",
            "date": long["month"] + "-01",
            "quantity": long["quantity"],
        }
    )
    with tempfile.TemporaryDirectory() as work:
        table.to_csv(Path(work) / "items.csv", index=False)
        rows.to_csv(Path(work) / "demand.csv", index=False)
        (Path(work) / "study.toml").write_text(study((HERE / "raf.toml").read_text("utf-8")), "utf-8")
        return sl.load(Path(work) / "study.toml")


def write(name: str, contest, out: Path, tables: tuple[str, ...]) -> None:
    """Tables and sentences of one contest."""
    for line in contest.statements:
        print("  ", line)
    frames = contest.frames()
    for kept in tables:
        table = frames[kept].drop(columns="rule", errors="ignore")
        table = table.query("at_fill == 0.95") if kept == "pairs" else table
        table.to_csv(out / f"{name}_{kept}.csv", index=False, float_format="%.5g", lineterminator="\n")
    lines = [*contest.statements, *(one.segmentation.rule for one in contest.tournament.entrants[-1:])]
    (out / f"{name}_statements.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
