"""What does service cost, where does the next pound go, how sure are we? Writes the tables of results/.

SIMLAB_DATA=… python run.py
SIMLAB_DATA=… python run.py --value          # decided as the defaults do (value here), read in every weight
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

import simlab as sl
from simlab.api.finance.bounds import band_frame
from simlab.api.finance.limits import limits_frame
from simlab.api.finance.prices import sweep_frame
from simlab.api.finance.statements import finance_statements

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "01_online_retail"))
import prepare  # noqa: E402

FREED = (0.05, 0.10, 0.20)
COUNTRIES = """
[[optimize.floors]]
by = "location"
at_least = { Germany = 0.95, France = 0.95, EIRE = 0.95 }
"""
CHANCE = """
[[optimize.chance]]
at_least = 0.95
probability = 0.90
"""
LIMITS = {"as asked": "", "0.95 in every country": COUNTRIES, "0.95 in 90 % of years": CHANCE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    parser.add_argument("--replications", type=int, help="fewer, for a quick look; the study's if left out")
    parser.add_argument("--value", action="store_true", help="by the defaults; writes value_*.csv alone")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "tables"
        prepare.write(prepare.prepare(prepare.data_folder()), folder)
        text = (HERE / "study.toml").read_text(encoding="utf-8")
        if arguments.value:
            write(arguments.out, by_default(folder, text, arguments.replications))
            return
        prices: list[dict[str, object]] = []
        for name, limit in LIMITS.items():
            start = time.perf_counter()
            (folder / "study.toml").write_text(text + limit, encoding="utf-8")
            data = sl.load(folder / "study.toml")
            opt = sl.optimize(data, sl.segment(data), replications=arguments.replications)
            prices.append({"limits": name, **totals(opt)})
            print(f"{name}: {time.perf_counter() - start:.0f} s, {opt.chosen}")
            if name == "as asked":
                write(arguments.out, tables(opt))
            else:
                write(arguments.out, {f"limits_{name.split()[-1]}": limits_frame(opt)})
    write(arguments.out, {"limits": pd.DataFrame(prices)})


def by_default(folder: Path, text: str, replications: int | None) -> dict[str, pd.DataFrame]:
    """What finance reads first, with the defaults that the study's own lines keep back, in every weight."""
    kept_back = ("target_min = 0.50", 'service = { weight = "units" }', 'choose = "in_sample"')
    lines = [line for line in text.splitlines() if not line.startswith(kept_back)]
    (folder / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    data = sl.load(folder / "study.toml")
    opt = sl.optimize(data, sl.segment(data), replications=replications)
    print("\n".join(finance_statements(opt.finance)))
    released = [opt.release(share * opt.chosen.value_money).to_frame().assign(share=share) for share in FREED]
    return {
        "value_weights": opt.weights().to_frame(),
        "value_exchange_rates": opt.exchange_rates().to_frame(),
        "value_release": pd.concat(released),
        "value_segments": segments(opt),
        "value_capital": opt.capital.to_frame(),
        "value_totals": pd.DataFrame([totals(opt)]),
    }


def tables(opt) -> dict[str, pd.DataFrame]:
    """Everything that the README reads."""
    print("\n".join(finance_statements(opt.finance)))
    for one in opt.comparisons:
        print(one.statement(opt.data.study.currency))
    released = [opt.release(share * opt.chosen.value_money).to_frame().assign(share=share) for share in FREED]
    return {
        "frontier": opt.to_frame().drop(columns="targets"),
        "band": band_frame(opt),
        "exchange_rates": opt.exchange_rates().to_frame(),
        "moves": opt.next_euro().to_frame(),
        "release": pd.concat(released),
        "budgets": sweep_frame(opt),
        "bounds": opt.bounds(every_level=True).to_frame(),
        "capital": opt.capital.to_frame(),
        "stress": opt.stress.to_frame(),
        "segments": segments(opt),
        "comparisons": comparisons(opt),
        "statements": pd.DataFrame({"statement": finance_statements(opt.finance)}),
    }


def totals(opt) -> dict[str, object]:
    """The chosen plan on the seed that chose and on the verdict seed."""
    scores = opt.scores("segmented")
    return {
        "certificate": opt.chosen.certificate,
        "gap": opt.chosen.gap,
        "fill_rate_search": opt.chosen.fill_rate,
        "holding_cost_search": opt.chosen.cost_money,
        **estimate("fill_rate", scores.fill_rate),
        **estimate("inventory_value", scores.inventory_value),
        **estimate("holding_cost", scores.holding_cost),
    }


def segments(opt) -> pd.DataFrame:
    """Stock by segment under the plan, the best uniform target and the habit, verdict seed."""
    rows = [
        {
            "plan": kind,
            "segment": name,
            "target": opt.target_of(kind, code),
            **estimate("fill_rate", opt.scores(kind, "verdict", name).fill_rate),
            **estimate("inventory_value", opt.scores(kind, "verdict", name).inventory_value),
        }
        for kind in ("segmented", "uniform", "habit")
        for code, name in enumerate(opt.segmentation.names)
    ]
    return pd.DataFrame(rows)


def comparisons(opt) -> pd.DataFrame:
    """The plan against the others at equal fill on the verdict seed, paired."""
    return pd.DataFrame(
        [
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
    )


def estimate(name: str, value) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


def write(out: Path, found: dict[str, pd.DataFrame]) -> None:
    for name, table in found.items():
        table.to_csv(out / f"{name}.csv", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
