"""Do new items get better laws and cheaper levels than from their own few sales? The demo's own days tell.

python run.py                                     # the demo with new items: results/demo_….csv
python run.py --skus 100                          # a smaller range, for a quick look
SIMLAB_DATA=… python run.py --data raf            # the last 12 months of RAF's spares
SIMLAB_DATA=… python run.py --data online_retail  # the last 13 weeks of Online Retail
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from simlab.api.data.data import load, load_frames
from simlab.models import Origin, fit, read_history, split
from simlab.models.backtest.origins import origin_before
from simlab.policies import plan
from simlab.samples import study_text
from simlab.samples.retailer import SEED, retailer
from simlab.study import Study, parse_study
from simlab.verdict.replay.origins import horizons
from simlab.verdict.replay.replay import replay
from simlab.verdict.replay.sums import judge

HERE = Path(__file__).parent
HELD = 56  # days of the demo
SHARE, YOUNGEST, OLDEST = 0.15, 20, 140  # of SKUs that are new; days of life when the hold-out begins
MANY = 30  # periods with demand
TARGETS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 0.9999)
AT_FILL = {"demo": (0.8, 0.9, 0.95), "raf": (0.8, 0.9), "online_retail": (0.5, 0.6, 0.8)}
DRAWS, PATHS, BEFORE = 400, 20, 24
DEFAULT, FIRST_SALE, OLD, OWN = "default", 'life = "first_sale"', "defaults of 0.2.0", "own sales alone"
CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    DEFAULT: {"demand": {"life": "evidence"}},
    FIRST_SALE: {"demand": {"life": "first_sale"}},
    OLD: {
        "demand": {"life": "first_sale", "no_history": "zero"},
        "models": {
            "memory": "all",
            "candidates": ["poisson", "negative_binomial", "intermittent", "empirical"],
        },
        "policy": {"level_limit": 0},
    },
}
"""As in experiment 08; rates from comparable items have no option that takes them away."""
GROUPS = ("new", "few sales", "many sales")


class Case(NamedTuple):
    """A catalogue, periods held out, and SKU-locations known to be new (none: those that simlab finds)."""

    catalog: Any
    held: int
    launch: pd.Series | None = None
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    parser.add_argument("--data", choices=["demo", "raf", "online_retail"], default="demo")
    parser.add_argument("--skus", type=int, help="fewer SKUs of the demo; all if left out")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    case = {"demo": lambda: of_demo(arguments.skus), "raf": of_raf, "online_retail": of_online_retail}[
        arguments.data
    ]()
    whole = {name: changed(case.catalog, more) for name, more in CHANGES.items()}
    kept = {name: origin_before(one, case.held, case.held) for name, one in whole.items()}
    if case.tables is not None:
        kept[OWN] = own_sales(*case.tables, kept[DEFAULT])
    facts = {name: judged(origin, case) for name, origin in kept.items()}
    groups = grouped(kept[DEFAULT], whole[DEFAULT], case)
    common = facts[DEFAULT].index
    for found in facts.values():
        common = common.intersection(found.index)
    scores, cost = [], []
    for group in GROUPS:
        rows = common[groups.loc[common] == group]
        if rows.size:
            scores += scored(group, {name: found.loc[rows] for name, found in facts.items()})
            cost += at_equal_fill(
                group, AT_FILL[arguments.data], {name: found.loc[rows] for name, found in facts.items()}
            )
    tables = {"scores": pd.DataFrame(scores), "cost": pd.DataFrame(cost)}
    if case.launch is not None:
        late = [recognised(whole[name], case, name) for name in (DEFAULT, FIRST_SALE)]
        tables["new"] = pd.DataFrame(late)
    for name, table in tables.items():
        table.to_csv(arguments.out / f"{arguments.data}_{name}.csv", index=False, float_format="%.5g")
        print(table.to_string(index=False), "\n")
    print(f"{time.perf_counter() - start:.0f} s")


def of_demo(n_skus: int | None) -> Case:
    frames = retailer() if n_skus is None else retailer(n_skus=n_skus)
    items, demand, launch = injected(frames.items, frames.demand)
    data = load_frames(items, demand, frames.receipts, study=study({}))
    return Case(data.catalog, HELD, launch, (items, demand, frames.receipts))


def of_raf() -> Case:
    neighbour = module("08_raf_held_out/run.py")
    with tempfile.TemporaryDirectory() as work:
        path = neighbour.write(Path(work), "")
        text = path.read_text("utf-8")
        path.write_text(text.replace("as_of = 2001-12-31", "as_of = 2002-12-31"), "utf-8")
        return Case(load(path).catalog, 12)


def of_online_retail() -> Case:
    neighbour = module("01_online_retail/prepare.py")
    with tempfile.TemporaryDirectory() as work:
        tables = neighbour.prepare(neighbour.data_folder())
        return Case(load(neighbour.write(tables, Path(work) / "tables", "main")).catalog, 13)


def module(place: str) -> ModuleType:
    """A script of another experiment."""
    spec = importlib.util.spec_from_file_location("neighbour", HERE.parent / place)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def injected(items: pd.DataFrame, demand: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """The demo's tables, and the first day of SKUs that are made new: what was sold before it is gone."""
    rng = np.random.default_rng(SEED)
    skus = np.unique(items["sku"])
    new = rng.choice(skus, round(SHARE * skus.size), replace=False)
    end = pd.to_datetime(demand["date"]).max() - pd.Timedelta(days=HELD - 1)
    launch = pd.Series(
        end - pd.to_timedelta(rng.integers(YOUNGEST, OLDEST + 1, new.size), unit="D"), index=new
    )
    begins = demand["sku"].map(launch)
    return items, demand[begins.isna() | (pd.to_datetime(demand["date"]) >= begins)], launch


def study(changes: dict[str, dict[str, Any]], *, seasons: bool = True) -> Study:
    """The demo's study with some options changed."""
    options = tomllib.loads(study_text())
    if not seasons:
        del options["models"]["seasonality"]
    for section, changed in changes.items():
        options[section] = {**options.get(section, {}), **changed}
    return parse_study(options)


def changed(catalog: Any, changes: dict[str, dict[str, Any]]) -> Any:
    """The catalogue under a study with some options changed."""
    options = catalog.study
    for section, more in changes.items():
        own = getattr(options, section).model_copy(update=more)
        options = options.model_copy(update={section: own})
    return replace(catalog, study=options)


def own_sales(items: pd.DataFrame, demand: pd.DataFrame, receipts: pd.DataFrame, known: Origin) -> Origin:
    """Laws from the mean and variance of each item's own days since its first sale, that day counted."""
    cut = pd.Timestamp(known.held.days[0])
    dated = demand.assign(date=pd.to_datetime(demand["date"]))
    past = dated[dated["date"] < cut].assign(squares=lambda rows: rows["quantity"].astype(float) ** 2)
    found = past.groupby(["sku", "location"]).agg(
        first=("date", "min"), units=("quantity", "sum"), squares=("squares", "sum")
    )
    days = (cut - found["first"]).dt.days
    mean = found["units"] / days
    variance = np.maximum(found["squares"] / days - mean**2, 0.0)
    wide = variance > mean
    laws = pd.DataFrame(
        {
            "demand_law": np.where(wide, "negative_binomial", "poisson"),
            "demand_mean": mean,
            "demand_variance": np.where(wide, variance, mean),
        }
    ).reset_index()
    pairs = pd.DataFrame({"sku": known.models.sku, "location": known.models.location})
    given = items.merge(pairs).merge(laws)
    options = study({"policy": {"level_limit": 0}}, seasons=False)
    models = fit(load_frames(given, None, receipts, study=options).catalog)
    place = {pair: k for k, pair in enumerate(zip(known.models.sku, known.models.location, strict=True))}
    rows = [place[pair] for pair in zip(models.sku, models.location, strict=True)]
    return replace(known, models=models, rows=known.rows[rows])


def judged(origin: Origin, case: Case) -> pd.DataFrame:
    """One row per SKU-location that is judged: scores, levels, what they did on the days that came."""
    models = origin.models
    held = replace(origin.held, quantity=origin.held.quantity[origin.rows])
    span, real = horizons(models), held.quantity
    found = pd.DataFrame(index=pd.MultiIndex.from_arrays([models.sku, models.location]))
    found["expected"] = models.world.demand.mean * held.n_open
    found["demanded"] = real.sum(axis=1)
    opened = np.cumsum(held.is_open.astype(np.int64))
    for name, most in (("protection", span), ("whole", np.full(span.size, held.n_periods))):
        periods = np.minimum(most, held.n_periods)
        observed = np.cumsum(real, axis=1)[np.arange(span.size), periods - 1]
        about = judge(models.world.demand, opened[periods - 1], observed)
        found[f"log_{name}"], found[f"crps_{name}"] = about.log_score, about.crps
    planned = plan(models, np.array(TARGETS)).levels
    money = models.costs.unit_cost * models.costs.cost_resolution * models.costs.holding_rate
    if case.launch is None:
        _, longer = split(case.catalog, case.held + BEFORE)
        done = partial(by_arithmetic, longer.quantity[origin.rows], horizons(models) - 1, case.held)
    else:
        done = partial(by_replay, models.world, held)
    for column in range(len(TARGETS)):
        names = ("reorder_point", "order_up_to", "order_quantity")
        one = replace(planned, **{name: getattr(planned, name)[:, [column]] for name in names})
        asked, served, shelf = done(one)
        found[f"level_{column}"] = planned.order_up_to[:, column]
        found[f"served_{column}"], found[f"cost_{column}"] = served, shelf * money
    found["asked"] = asked
    return found[np.isfinite(shelf) & (span <= held.n_periods)]


def by_replay(world: Any, held: Any, levels: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) units asked, served at once and mean stock; random lead times, a hold-out of twice R + L."""
    sums = replay(world, levels, held, paths=PATHS, seed=SEED)
    stock = sums.on_hand.mean(axis=1) / 2 / np.maximum(sums.n_counted, 1)
    return sums.demanded.mean(axis=1), sums.served.mean(axis=1), np.where(sums.n_counted > 0, stock, np.nan)


def by_arithmetic(
    real: np.ndarray, lead: np.ndarray, held: int, levels: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `by_replay`, for reviews of every period and whole lead times: S less the demand of L periods."""
    before, rows = real.shape[1] - held, np.arange(real.shape[0])
    total = np.concatenate([np.zeros((rows.size, 1), np.int64), real.cumsum(axis=1)], axis=1)
    served, stock = np.zeros(rows.size), np.where(lead <= before, 0.0, np.nan)
    for period in range(before, real.shape[1]):
        gone = total[:, period] - total[rows, np.maximum(period - lead, 0)]
        shelf = np.maximum(levels.order_up_to[:, 0] - gone, 0)
        served += np.minimum(shelf, real[:, period])
        stock += (shelf + np.maximum(shelf - real[:, period], 0)) / 2 / held
    return real[:, before:].sum(axis=1).astype(float), served, stock


def grouped(known: Origin, whole: Any, case: Case) -> pd.Series:
    """Group of every SKU-location with a history at the cut."""
    history = read_history(split(whole, case.held)[0])
    n = np.bincount(history.item[history.quantity > 0], minlength=whole.n_items)[known.rows]
    pairs = pd.MultiIndex.from_arrays([known.models.sku, known.models.location])
    new = history.new[known.rows] if case.launch is None else np.isin(known.models.sku, case.launch.index)
    return pd.Series(np.where(new, "new", np.where(n >= MANY, "many sales", "few sales")), index=pairs)


def recognised(whole: Any, case: Case, name: str) -> dict[str, object]:
    """How many of the SKU-locations that are new are taken for it, and how many others."""
    past, _ = split(whole, case.held)
    history = read_history(past)
    late = history.new if name == DEFAULT else history.first > 0
    units = np.bincount(history.item, history.quantity, minlength=past.n_items)
    new, sold = np.isin(past.sku, case.launch.index), units > 0
    return {
        "study": name,
        "new": new.sum(),
        "new_sold": (new & sold).sum(),
        "new_begin_late": (new & late & sold).sum(),
        "others": (~new & sold).sum(),
        "others_begin_late": (~new & late & sold).sum(),
    }


def scored(group: str, facts: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Mean scores of each study, and their difference to the default's, paired, errors over SKUs."""
    rows = []
    for name, found in facts.items():
        row: dict[str, object] = {"group": group, "laws": name, "items": len(found)}
        row |= {"expected": found["expected"].sum(), "demanded": found["demanded"].sum()}
        for measure in ("log_protection", "log_whole", "crps_whole"):
            change = (found[measure] - facts[DEFAULT][measure]).groupby(level=0).sum()
            error = 1.96 * change.std(ddof=1) * np.sqrt(change.size) / len(found)
            row[measure], row[f"{measure}_more"] = found[measure].mean(), change.sum() / len(found)
            row[f"{measure}_error"] = error
        at = TARGETS.index(0.95)
        row["same_level"] = (found[f"level_{at}"] == facts[DEFAULT][f"level_{at}"]).mean()
        rows.append(row)
    return rows


def at_equal_fill(
    group: str, fills: Sequence[float], facts: dict[str, pd.DataFrame]
) -> list[dict[str, object]]:
    """Holding cost a year where the real days are served equally well, bootstrapped over SKUs."""
    codes, skus = pd.factorize(facts[DEFAULT].index.get_level_values(0))
    rng = np.random.default_rng(SEED)
    drawn = np.vstack(
        [np.ones(skus.size), rng.multinomial(skus.size, np.full(skus.size, 1 / skus.size), DRAWS)]
    )
    weights = drawn[:, codes]
    rows = []
    for fill in fills:
        cost = {name: cost_at(found, weights, fill) for name, found in facts.items()}
        for name, found in facts.items():
            more = cost[name] / cost[DEFAULT] - 1
            ends = (
                np.nanquantile(more[1:], (0.025, 0.975))
                if np.isfinite(more[1:]).mean() > 0.9
                else (np.nan,) * 2
            )
            at = TARGETS.index(0.95)
            row: dict[str, object] = {"group": group, "fill_rate": fill, "laws": name, "cost": cost[name][0]}
            row |= {"against_default": more[0], "low": ends[0], "high": ends[1]}
            rows.append(row | {"fill_at_0.95": found[f"served_{at}"].sum() / found["asked"].sum()})
    return rows


def cost_at(found: pd.DataFrame, weights: np.ndarray, fill: float) -> np.ndarray:
    """(draws,) holding cost a year where the achieved fill, interpolated between targets, is `fill`."""
    served = found[[f"served_{k}" for k in range(len(TARGETS))]].to_numpy()
    cost = found[[f"cost_{k}" for k in range(len(TARGETS))]].to_numpy()
    achieved = weights @ served / (weights @ found["asked"].to_numpy())[:, None]
    return np.array(
        [
            np.interp(fill, one, money, left=np.nan, right=np.nan)
            for one, money in zip(np.maximum.accumulate(achieved, axis=1), weights @ cost, strict=True)
        ]
    )


if __name__ == "__main__":
    main()
