"""Does textbook advice survive? Contests of schemes on generated catalogues; writes the tables of results/.

python run.py                      # ten catalogues
python run.py --catalogues 2 --replications 50 --verdict-replications 100 --out somewhere
python run.py --margin             # decided by the defaults (margin here), read by every other weight
python run.py --ratios             # the tree as by default: it may ask about ratios of cost and demand, too
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import generate
import pandas as pd
from schemes import FILLS, SCHEMES, sorted_by

import simlab as sl
from simlab.segments.assign import assign

PRODUCT = "ABC x XYZ"
OF_UNITS = ("target_min = 0.50", 'service = { weight = "units" }', 'choose = "in_sample"')
"""Lines of the study that keep the defaults of 0.1.0."""
COLUMNS = 'attributes = ["unit_cost", "annual_units", "cv", "mean_lead_time", "order_size"], '
"""The columns of 0.1.0 that the tree may ask about; without them the study has the default, ratios too."""
BESIDE = ("D/(h Q)", "D/(h Q) six classes")
"""Schemes whose contest with the tree of ratios is run."""
MAIN_ROUND = sl.Rounds(controls=0, seeds=0, catalogues=0, classes=(3,), services=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalogues", type=int, default=10)
    parser.add_argument("--out", type=Path, default=generate.HERE / "results", help="folder of the tables")
    parser.add_argument("--replications", type=int, help="fewer, for a quick look; the study's if left out")
    parser.add_argument("--verdict-replications", type=int)
    parser.add_argument("--margin", action="store_true", help="by the defaults; writes margin_*.csv alone")
    parser.add_argument("--ratios", action="store_true", help="tree may ask ratios; ratios_tournament.csv")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[pd.DataFrame]] = {}
    for catalogue in range(1, arguments.catalogues + 1):
        start = time.perf_counter()
        contest = held(catalogue, arguments)
        for name, frame in contest.frames().items():
            frame.insert(0, "catalogue", catalogue)
            found.setdefault(name, []).append(frame)
        print(f"catalogue {catalogue}: {time.perf_counter() - start:.1f} s")
        for line in contest.statements:
            print("  ", line)
    tables = {name: pd.concat(frames) for name, frames in found.items()}
    if arguments.ratios:
        write(arguments.out, {"ratios_tournament": tables["tournament"]})
        return
    if arguments.margin:
        write(arguments.out, {f"margin_{name}": tables[name] for name in ("tournament", "scheme_weights")})
        return
    written = {name: tables[name] for name in ("tournament", "pairs", "classes", "free_classes", "regret")}
    written["pairs"] = written["pairs"].query("at_fill == 0.95")
    written["summary"] = summary(written["tournament"])
    write(arguments.out, written)


def write(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """The tables as CSV, without the texts of rules."""
    for name, table in tables.items():
        table = table.drop(columns="rule", errors="ignore")
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.5g", lineterminator="\n")


def held(catalogue: int, arguments):
    """The contest on one catalogue."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(generate.write(Path(work) / "study", catalogue))
        if arguments.ratios:
            path.write_text(path.read_text("utf-8").replace(COLUMNS, ""), "utf-8")
        if arguments.margin:
            lines = path.read_text("utf-8").splitlines()
            path.write_text("\n".join(line for line in lines if not line.startswith(OF_UNITS)), "utf-8")
        data = sl.load(path)
    names = BESIDE if arguments.ratios else SCHEMES
    schemes: dict[str, object] = {name: sorted_by(data, *SCHEMES[name]) for name in names}
    if not arguments.ratios:
        schemes[PRODUCT] = assign(
            data.catalog, data.models, ("abc", "xyz"), options={"xyz": {"cuts": "terciles"}}
        )
    return sl.compare(
        data,
        {**schemes, "tree": "tree"},
        fill_rate=FILLS,
        rounds=MAIN_ROUND if arguments.ratios else sl.Rounds(controls=40, seeds=5, catalogues=20),
        replications=arguments.replications,
        verdict_replications=arguments.verdict_replications,
    )


def summary(tournament: pd.DataFrame) -> pd.DataFrame:
    """Per scheme and floor over the catalogues: price of segmentation, its range, and places."""
    by = tournament.groupby(["at_fill", "scheme"])
    table = by.agg(
        n_segments=("n_segments", "median"),
        price_median=("percent_vs_per_sku", "median"),
        price_least=("percent_vs_per_sku", "min"),
        price_most=("percent_vs_per_sku", "max"),
        vs_one_class_median=("percent_vs_one_class", "median"),
        vs_one_class_least=("percent_vs_one_class", "min"),
        vs_one_class_most=("percent_vs_one_class", "max"),
        beats_random=("beats_random", "sum"),
        may_be_best=("may_be_best", "sum"),
        rank_median=("rank", "median"),
        explained=("explained", "median"),
        catalogues=("scheme", "size"),
    )
    return table.reset_index().sort_values(["at_fill", "price_median"])


if __name__ == "__main__":
    main()
