"""What does a segmented plan save against one uniform target? Writes the tables of results/.

SIMLAB_DATA=… python run.py                  # the main setting: assumed mean lead time 4 weeks, in order
SIMLAB_DATA=… python run.py --all            # and the sensitivities: lead times as recorded, crossing
SIMLAB_DATA=… python run.py --value          # the main setting decided by value, read in every weight
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pandas as pd
import prepare

import simlab as sl

SCHEMES = (("abc",), ("xyz",), ("abc", "xyz"))
TABLES = ("account", "comparisons", "plans", "segments")
MEASURES = ("fill_rate", "cycle_service_level", "inventory_value", "holding_cost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the sensitivities too")
    parser.add_argument("--out", type=Path, default=prepare.HERE / "results", help="folder of the tables")
    parser.add_argument("--replications", type=int, help="fewer, for a quick look; the study's if left out")
    parser.add_argument("--value", action="store_true", help="decide by value; writes weights.csv alone")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    folder = prepare.data_folder()
    if arguments.value:
        frame = pd.concat(in_weights(folder, name, arguments.replications) for name in ("value", "units"))
        frame.to_csv(arguments.out / "weights.csv", index=False, float_format="%.6g")
        return
    tables: dict[str, list[pd.DataFrame]] = {
        name: [] for name in ("account", "comparisons", "plans", "segments")
    }
    for setting in prepare.SETTINGS if arguments.all else prepare.SETTINGS[:1]:
        for name, table in study(folder, setting, arguments.replications).items():
            tables[name].append(table)
    for name, found in tables.items():
        pd.concat(found).to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.6g")


def in_weights(folder: Path, decided_by: str, replications: int | None) -> pd.DataFrame:
    """ABC×XYZ in the main setting in every weight, decided by units, or by value with targets from 0.80."""
    prepared = prepare.prepare(folder, "main")
    with tempfile.TemporaryDirectory() as work:
        path = Path(prepare.write(prepared, Path(work) / "tables", "main"))
        if decided_by == "value":
            text = path.read_text("utf-8").replace('weight = "units"', 'weight = "auto"')
            path.write_text(text.replace("target_min = 0.50", "target_min = 0.80"), "utf-8")
        data = sl.load(path)
    opt = sl.optimize(data, sl.segment(data, by=("abc", "xyz")), replications=replications)
    return opt.weights().to_frame().assign(decided_by=decided_by)


def study(folder: Path, setting: str, replications: int | None) -> dict[str, pd.DataFrame]:
    """One setting of lead times: prepare, load, optimise by every scheme."""
    start = time.perf_counter()
    prepared = prepare.prepare(folder, setting)
    with tempfile.TemporaryDirectory() as work:
        data = sl.load(prepare.write(prepared, Path(work) / "tables", setting))
    account = pd.DataFrame(
        {"setting": setting, "what": list(prepared.account), "rows": list(prepared.account.values())}
    )
    print(f"{setting}: prepared and loaded in {time.perf_counter() - start:.1f} s: {data!r}")
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES[1:]}
    for by in SCHEMES:
        start = time.perf_counter()
        opt = sl.optimize(data, sl.segment(data, by=by), replications=replications)
        named = {"setting": setting, "scheme": " × ".join(by), "n_segments": opt.segmentation.n_segments}
        for name, rows in (
            ("comparisons", comparisons(opt)),
            ("plans", plans(opt)),
            ("segments", segments(opt)),
        ):
            parts[name].append(pd.DataFrame([named | row for row in rows]))
        print(f"{setting}, {named['scheme']}: {time.perf_counter() - start:.1f} s")
        for one in opt.comparisons:
            print("  ", one.statement(data.study.currency))
    return {"account": account} | {name: pd.concat(found) for name, found in parts.items()}


def comparisons(opt) -> list[dict[str, object]]:
    """The segmented plans against the others at equal fill on the verdict seed, paired."""
    return [
        {
            "against": one.b,
            "at_fill": one.at_fill,
            "holding_cost": one.cost_a,
            "holding_cost_other": one.cost_b,
            **estimate("difference", one.difference),
            **estimate("percent", one.percent),
        }
        for one in opt.comparisons
    ]


def plans(opt) -> list[dict[str, object]]:
    """Measures of every plan in total, on the seed that chose and on the verdict seed."""
    return [
        {"plan": kind, "sample": sample, **measures(opt.scores(kind, sample))}
        for kind in opt.kinds
        for sample in ("search", "verdict")
    ]


def segments(opt) -> list[dict[str, object]]:
    """Target and achieved service of every segment under the chosen plan, verdict seed."""
    segmentation = opt.segmentation
    return [
        {
            "segment": name,
            "n_items": int(segmentation.sizes[code]),
            "target": opt.target_of("segmented", code),
            **measures(opt.scores("segmented", "verdict", name)),
        }
        for code, name in enumerate(segmentation.names)
    ]


def measures(scores) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in MEASURES:
        found |= estimate(name, getattr(scores, name))
    return found


def estimate(name: str, value) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


if __name__ == "__main__":
    main()
