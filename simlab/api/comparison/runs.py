"""``compare_runs``: what differs between finished runs, and what that did to service and stock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simlab.api.comparison.told_of_runs import Difference, sentences
from simlab.api.output.tables import FRONTIER
from simlab.api.pictures import dots, row
from simlab.errors import UsageError
from simlab.measures.decision import short_rate
from simlab.measures.shown import Public
from simlab.measures.weights import WEIGHT_NAMES
from simlab.run import RunFolder
from simlab.verdict.between_runs import (
    SERVED,
    UNITS,
    RunDifference,
    Sample,
    Served,
    run_differences,
    share_that_pays,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simlab.arrays import FloatArray

_COMMANDS = ("simulate", "optimize")
_PLANS = ("segmented", "given")
_SAMPLES = {"segmented": "verdict", "given": "search"}
_ENDINGS = {"value": "_value", "margin": "_margin", "items": "_items"}
_ORDER = ("margin", "value", UNITS)  # what decides by default


@dataclass(frozen=True, eq=False, repr=False)
class RunPair(Difference):
    """The first run against another one: `Difference`, and what may stand in its way.

    Attributes
    ----------
    obstacles : tuple of str
        Why results are not compared; empty where they are.
    items : DataFrame
        Both plans by SKU-location, the largest change first.
    """

    obstacles: tuple[str, ...]
    items: pd.DataFrame

    @property
    def statements(self) -> tuple[str, ...]:
        """The outcome in sentences."""
        return tuple(_sentences(self))


@dataclass(frozen=True, eq=False, repr=False)
class RunComparison(Public):
    """Finished runs side by side; the first is what the others are compared with.

    Attributes
    ----------
    labels : tuple of str
        Names of the folders, or their paths where names repeat.
    differences : DataFrame
        Options, inputs, seeds, versions and targets that are not the same in all runs.
    pairs : tuple of RunPair

    Examples
    --------
    >>> changes = sl.compare_runs("runs/spring", "runs/autumn")
    >>> changes.differences
    """

    labels: tuple[str, ...]
    differences: pd.DataFrame
    pairs: tuple[RunPair, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """Every pair's outcome in sentences."""
        return tuple(line for pair in self.pairs for line in pair.statements)

    @cached_property
    def results(self) -> pd.DataFrame:
        """One row per pair and measure: values, difference b − a with its interval, how it was paired.

        Service and cost at equal service have a row for every weight; `decides`: it is the leading one.
        """
        import pandas as pd

        return pd.DataFrame([_row(pair, one) for pair in self.pairs for one in pair.results])

    @cached_property
    def plans(self) -> pd.DataFrame:
        """One row per pair: how many SKU-locations got another segment, target or level."""
        import pandas as pd

        return pd.DataFrame([_moved(pair) for pair in self.pairs])

    def to_frame(self) -> pd.DataFrame:
        """The results.

        Examples
        --------
        >>> runs.to_frame()
        """
        return self.results

    def plot(self) -> Figure:
        """Difference of service in every weight against the first run, with intervals.

        Examples
        --------
        >>> runs.plot().savefig("runs.svg")
        """
        found = self.results[self.results["measure"].isin(list(SERVED.values()))].to_dict("records")
        names = [f"{one['measure'].replace('_', ' ')}: {one['b']}" for one in found]
        series = {"difference": [row(one, "difference") for one in found]}
        return dots(names, series, f"Difference against {self.labels[0]} (fraction)", zero=False)

    def __repr__(self) -> str:
        return f"RunComparison({' · '.join(self.labels)})"

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.results)


def compare_runs(*runs: str | Path) -> RunComparison:
    """Finished runs of `simulate` or `optimize`, each against the first.

    Parameters
    ----------
    *runs : str or Path
        Two run folders or more.

    Returns
    -------
    RunComparison
        ``.differences``, ``.plans``, ``.results``, ``.statements``; ``.pairs[0].items`` by SKU-location.

    Raises
    ------
    UsageError
        Fewer than two folders, no run folder, a run of another command, or no SKU-location in common.
    InvalidInputError, IncompleteError
        A run is damaged, or did not finish.

    Notes
    -----
    Runs with one seed share their random numbers, so differences are taken by replication; runs with
    two seeds are independent. Results are not compared, and it is said why, where the SKU-locations,
    the currency, the period or the start differ. Where laws or data differ the difference is that of
    the whole: plan and world.

    Examples
    --------
    >>> changes = sl.compare_runs("runs/spring", "runs/autumn")
    >>> changes.statements, changes.plot()
    """
    if len(runs) < 2:
        raise UsageError("compare runs needs two run folders or more")
    folders = [_opened(Path(run)) for run in runs]
    labels = _labels([Path(run) for run in runs])
    pairs = tuple(
        _pair(folders[0], folder, labels[0], label)
        for folder, label in zip(folders[1:], labels[1:], strict=True)
    )
    return RunComparison(labels, differing(folders, labels), pairs)


def _opened(path: Path) -> RunFolder:
    run = RunFolder.open(path)
    command = str(run.manifest.get("command"))
    if command not in _COMMANDS:
        raise UsageError(f"{path}: a run of '{command}' holds no plan; runs of simulate and optimize do")
    return run


def _labels(paths: Sequence[Path]) -> tuple[str, ...]:
    names = [path.resolve().name for path in paths]
    found = names if len(set(names)) == len(names) else [str(path) for path in paths]
    if len(set(found)) < len(found):
        raise UsageError("one run folder is named twice")
    return tuple(found)


def _pair(a: RunFolder, b: RunFolder, label_a: str, label_b: str) -> RunPair:
    items = item_changes(a, b)
    if not (items["found"] == "both").any():
        raise UsageError(f"{label_a} and {label_b} have no SKU-location in common: nothing to compare")
    obstacles = tuple(_obstacles(a, b, items))
    currency = str(a.manifest.get("currency") or "")
    if obstacles:
        return RunPair(label_a, label_b, (), currency, UNITS, None, (), obstacles, items)
    level = float(a.manifest.get("level") or 0.95)
    one, other = _sample(a), _sample(b)
    results = run_differences(one, other, level)
    old = [label for label, run in ((label_a, one), (label_b, other)) if not run.others]
    return RunPair(
        label_a,
        label_b,
        results,
        currency,
        _deciding((a, b), {result.weight for result in results}),
        share_that_pays(one, other, level),
        () if len(old) == 2 else tuple(old),
        obstacles,
        items,
    )


def _deciding(runs: tuple[RunFolder, RunFolder], known: set[str]) -> str:
    """The weight that chose the plans of both runs, or of the one that chose; else the default's."""
    said = [dict(run.manifest.get("counted") or {}) for run in runs]
    chose = {facts["weight"] for facts in said if facts.get("service") == "fill_rate"} & known
    if len(chose) == 1:
        return str(chose.pop())
    return next(weight for weight in _ORDER if weight in known)


def _obstacles(a: RunFolder, b: RunFolder, items: pd.DataFrame) -> Iterator[str]:
    """Why the results of two runs cannot be compared."""
    missing = [int((items["found"] == one).sum()) for one in ("a", "b")]
    if any(missing):
        yield f"the SKU-locations differ: {missing[0]} only in the first, {missing[1]} only in the other"
    for name, what in (("currency", "currency"), ("period", "length of a period")):
        values = [str(run.manifest.get(name)) for run in (a, b)]
        if values[0] != values[1]:
            yield f"the {what} differs: {values[0]} and {values[1]}"
    starts = [str(dict(run.manifest.get("policy") or {}).get("start") or "stationary") for run in (a, b)]
    if starts[0] != starts[1]:
        yield f"one run starts from today's stock, the other in the long run ({starts[0]} and {starts[1]})"
    elif starts[0] == "today" and a.manifest.get("periods") != b.manifest.get("periods"):
        yield "both start from today's stock and count different numbers of periods"
    old = [run for run in (a, b) if not run.has_table("replications")]
    if old:
        yield f"{old[0].path.name} kept no totals per replication: run it again with this version"


def _sample(run: RunFolder) -> Sample:
    """The run's own plan, and its frontier where that is one of holding cost against a fill rate."""
    table = run.read_table("replications")
    plan = next(name for name in _PLANS if (table["plan"] == name).any())
    row = table[table["plan"] == plan].iloc[0]
    rows = table[(table["plan"] == FRONTIER) & _counts_as_usual(run.manifest)]

    def own(name: str) -> FloatArray:
        return np.asarray(row[name], dtype=np.float64)

    def every(name: str) -> FloatArray:
        empty = np.zeros((0, len(row["demanded"])))
        return np.asarray(np.stack(list(rows[name])) if len(rows) else empty, dtype=np.float64)

    others = {}
    for weight, end in _ENDINGS.items():
        part, whole = f"served{end}", f"demanded{end}"
        if whole in table and own(whole).any():
            others[weight] = Served(own(whole), own(part), every(part))
    late = own("lost_margin") if "margin" in others else None
    return Sample(
        int(run.manifest["seeds"][_SAMPLES[plan]]),
        own("demanded"),
        own("served"),
        own("inventory_value"),
        own("holding_cost"),
        every("served"),
        every("holding_cost"),
        others,
        late,
    )


def _counts_as_usual(manifest: Mapping[str, Any]) -> bool:
    """Whether a run makes holding cost small against a fill rate, in whatever weight."""
    facts = manifest.get("counted")
    if facts is None:  # version 0.1 says it in words alone
        return (manifest.get("objective"), manifest.get("service")) == ("holding cost", "fill rate")
    usual = all(facts.get(key) == value for key, value in _USUAL.items())
    return usual and facts.get("weight") in WEIGHT_NAMES


_USUAL = {"objective": "holding_cost", "service": "fill_rate"}


def _row(pair: RunPair, one: RunDifference) -> dict[str, Any]:
    return {
        "a": pair.a,
        "b": pair.b,
        "measure": one.measure,
        "weight": one.weight,
        "decides": one.weight == pair.decides,
        "value_a": one.a,
        "value_b": one.b,
        "difference": one.difference.value,
        "difference_low": one.difference.low,
        "difference_high": one.difference.high,
        "at_fill": one.at_fill,
        "mark": one.mark,
        "how": "paired" if one.paired else "independent",
        "replications": one.difference.n,
    }


def _moved(pair: RunPair) -> dict[str, Any]:
    both = pair.items[pair.items["found"] == "both"]

    def other(name: str) -> int:
        a, b = both[f"{name}_a"], both[f"{name}_b"]
        return int(((a != b) & ~(a.isna() & b.isna())).sum())

    return {
        "a": pair.a,
        "b": pair.b,
        "in_both": len(both),
        "only_a": int((pair.items["found"] == "a").sum()),
        "only_b": int((pair.items["found"] == "b").sum()),
        "other_segment": other("segment"),
        "other_target": other("target"),
        "other_levels": int(both["changed"].sum()),
        "level_value": float(both["level_value"].sum()),
    }


def _sentences(pair: RunPair) -> Iterator[str]:
    if pair.obstacles:
        yield f"{pair.b} against {pair.a}: results are not compared, because {'; '.join(pair.obstacles)}."
    yield from sentences(pair)
    moved = _moved(pair)
    yield (
        f"{pair.b} against {pair.a}: {moved['other_levels']:,} of {moved['in_both']:,} SKU-locations got "
        f"other levels, {moved['other_target']:,} another target."
    )


_COUNTS = (
    "command",
    "n_items",
    "as_of",
    "periods",
    "replications",
    "verdict_replications",
    "batches",
    "warmup",
)
_MADE = ("evaluator", "kernel_hash", "table_hash", "laws")
_VERSIONS = ("simlab", "python", "numpy", "numba", "scipy", "pandas")
_KEYS = ["sku", "location"]
_LEVELS = ("target", "reorder_point", "order_up_to", "order_quantity", "review_period", "segment")


def differing(runs: Sequence[RunFolder], labels: Sequence[str]) -> pd.DataFrame:
    """One row per thing that is not the same in all runs: kind, what, and a column per run."""
    told = [dict(_facts(run)) for run in runs]
    names = list(dict.fromkeys(name for facts in told for name in facts))
    rows = []
    for kind, what in names:
        values = [_text(facts.get((kind, what))) for facts in told]
        if len(set(values)) > 1:
            values = _rates(values) if kind == "target" else values
            rows.append({"kind": kind, "what": what, **dict(zip(labels, values, strict=True))})
    return pd.DataFrame(rows, columns=["kind", "what", *labels])


def _facts(run: RunFolder) -> Iterator[tuple[tuple[str, str], Any]]:
    resolved = run.read_json("resolved.json")
    for option, value in () if resolved is None else _flat(resolved):
        if option not in ("schema", "study.name"):
            yield ("option", option), value
    manifest = run.manifest
    for table, digest in dict(manifest.get("inputs") or {}).items():
        yield ("input", table), digest
    for phase, seed in dict(manifest.get("seeds") or {}).items():
        yield ("seed", phase), seed
    for kind, names in (("run", _COUNTS), ("made of", _MADE)):
        for name in names:
            yield (kind, name.replace("_", " ")), manifest.get(name)
    for name in _VERSIONS:
        yield ("version", name), dict(manifest.get("environment") or {}).get(name)
    for segment, target in dict(manifest.get("chosen") or {}).items():
        yield ("target", segment), target


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted option names; lists and empty tables stay whole."""
    if isinstance(value, Mapping) and value:
        for key, inside in value.items():
            yield from _flat(inside, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value[:16] + "…" if len(value) == 64 else value
    return json.dumps(value, ensure_ascii=False)


def _rates(values: Sequence[str]) -> list[str]:
    """Targets as they are shown elsewhere, with more digits where they differ in those only."""
    short, exact = (
        [value if value == "–" else show(float(value)) for value in values]
        for show in (short_rate, lambda rate: f"{100 * rate:.6g}%")
    )
    return short if len(set(short)) == len(set(values)) else exact


def item_changes(a: RunFolder, b: RunFolder) -> pd.DataFrame:
    """One row per SKU-location of either run: segments, targets and levels of both, and stock at the level.

    `changed`: some level differs. `level_value`: order-up-to level (of a reorder point: that) × unit cost,
    b − a, in study currency; what is bound at most, not the mean stock. Largest change first.
    """
    tables = [_plan(run) for run in (a, b)]
    both = tables[0].merge(tables[1], on=_KEYS, how="outer", suffixes=("_a", "_b"), indicator="found")
    both["found"] = both["found"].map({"both": "both", "left_only": "a", "right_only": "b"}).astype(str)
    differs = [
        (both[f"{name}_a"] != both[f"{name}_b"]) & ~(both[f"{name}_a"].isna() & both[f"{name}_b"].isna())
        for name in ("reorder_point", "order_up_to", "order_quantity", "review_period")
    ]
    both["changed"] = pd.concat([one.fillna(True).astype(bool) for one in differs], axis=1).any(axis=1)
    cost = both["unit_cost_b"].fillna(both["unit_cost_a"])
    both["level_value"] = (both["order_up_to_b"].fillna(0) - both["order_up_to_a"].fillna(0)) * cost
    order = both["level_value"].abs().sort_values(ascending=False, kind="stable").index
    return both.loc[order].drop(columns=["unit_cost_a", "unit_cost_b"]).reset_index(drop=True)


def _plan(run: RunFolder) -> pd.DataFrame:
    plan = run.read_table("plan")
    costs = run.read_table("items")[[*_KEYS, "unit_cost"]]
    kept = plan[[*_KEYS, *(name for name in _LEVELS if name in plan)]].merge(costs, on=_KEYS, how="left")
    for name in ("reorder_point", "order_up_to", "order_quantity", "review_period"):
        kept[name] = kept[name].astype("Float64")
    return kept
