"""Finished runs side by side: what differs, and differences that are paired only where they may be."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.limits import frames
from worlds.study import write_study

import simlab as sl
from simlab.api.commands import run_optimize, run_simulate
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError
from simlab.measures import independent_difference, mean_estimate
from simlab.run import RunFolder
from simlab.verdict.between_runs import COST_AT_FILL, FILL, SERVED, VALUE, Sample, run_differences


def sample(seed: int, shift: float = 0.0, n: int = 400, draw: int = 1) -> Sample:
    """Noise of demand that everything depends on; `shift` raises fill, and stock by 100 times it."""
    rng = np.random.default_rng(draw)
    noise = rng.normal(0, 50, n)
    demanded = 1000 + noise
    fills = np.array([0.90, 0.94, 0.98])
    costs = np.array([100.0, 140.0, 220.0])
    served = demanded * (0.94 + shift) - 0.2 * noise
    points = fills[:, None] * demanded - 0.2 * noise
    value = 500 + 100 * shift + 2 * noise
    cost = costs[:, None] * (1 - shift) + 0.1 * noise
    return Sample(seed, demanded, served, value, value / 5, points, cost)


def found(a: Sample, b: Sample) -> dict:
    return {one.measure: one for one in run_differences(a, b, 0.95)}


def test_one_seed_pairs_and_two_seeds_do_not() -> None:
    """Shared noise cancels in pairs: the stock differs by 2 for sure; independent runs hardly tell."""
    paired = found(sample(1), sample(1, 0.02))
    assert all(one.paired for one in paired.values())
    assert paired[FILL].difference.value == pytest.approx(0.02, abs=1e-9)
    assert paired[VALUE].difference.half_width < 1e-9
    apart = found(sample(1), sample(2, 0.02, draw=2))
    assert not any(one.paired for one in apart.values())
    assert apart[VALUE].difference.half_width == pytest.approx(1.96 * 100 * np.sqrt(2 / 400), rel=0.1)


def test_cost_at_equal_fill_is_read_from_both_frontiers() -> None:
    """At the fill of a (0.94) its frontier costs 140; that of b is 2 % cheaper everywhere."""
    one = found(sample(1), sample(1, 0.02))[COST_AT_FILL]
    assert one.at_fill == pytest.approx(0.94, abs=1e-3)
    assert one.a == pytest.approx(140, rel=0.02)
    assert one.difference.value == pytest.approx(-2.8, abs=0.1)
    plain = sample(1)
    bare = Sample(
        *(getattr(plain, name) for name in list(vars(plain))[:5]), np.zeros((0, 400)), np.zeros((0, 400))
    )
    assert COST_AT_FILL not in found(plain, bare)


def test_runs_of_one_seed_and_two_lengths_share_their_first_replications() -> None:
    short = sample(1).first(100)
    assert found(short, sample(1, 0.01))[FILL].difference.n == 100
    assert found(short, sample(1, 0.01))[VALUE].difference.half_width < 1e-9


def test_independent_intervals_cover() -> None:
    """Welch's interval covers a difference of 1 in about 95 % of 400 trials of unequal sizes and spreads."""
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(400):
        a, b = mean_estimate(rng.normal(3, 2, 12)), mean_estimate(rng.normal(2, 0.5, 40))
        gap = independent_difference(a, b)
        inside += gap.low <= 1 <= gap.high
    assert 0.92 <= inside / 400 <= 0.98


def written(folder: Path, fill: float = 0.9, seed: int = 5, skus: str = "abc", **facts) -> Path:
    """A finished run of three SKUs, made by hand."""
    run = RunFolder.create(folder, "made", folder.parent)
    rng = np.random.default_rng(1)
    demanded = rng.integers(90, 110, 50)
    keys = {"sku": list(skus), "location": "X"}
    plan = pd.DataFrame(keys).assign(
        target=fill, segment="A", reorder_point=pd.array([None] * 3, dtype="Int64")
    )
    plan = plan.assign(order_up_to=[10, 20, int(1000 * fill)], order_quantity=0, review_period=1)
    run.write_table("plan", plan)
    run.write_table("items", pd.DataFrame(keys).assign(unit_cost=2.0))
    row = {"plan": "given", "point": 0, "sample": "search", "demanded": demanded, "served": fill * demanded}
    row |= {"inventory_value": 100 * fill + 0.0 * demanded, "holding_cost": 20 * fill + 0.0 * demanded}
    run.write_table("replications", pd.DataFrame([row]))
    run.write_json(
        "resolved.json", {"schema": 1, "policy": {"family": "order_up_to", "targets": {"A": fill}}}
    )
    usual = {
        "command": "simulate",
        "seeds": {"search": seed},
        "currency": "EUR",
        "period": "week",
        "level": 0.95,
    }
    run.write_manifest(usual | facts)
    return folder


def test_what_differs_and_what_it_did(tmp_path: Path) -> None:
    a, b = written(tmp_path / "a"), written(tmp_path / "b", 0.95)
    result = sl.compare_runs(a, b)
    assert result.differences[["what", "a", "b"]].to_numpy().tolist() == [["policy.targets.A", "0.9", "0.95"]]
    plans = result.plans.iloc[0]
    assert (plans["in_both"], plans["other_target"], plans["other_levels"]) == (3, 3, 1)
    assert plans["level_value"] == 100.0
    items = result.pairs[0].items
    assert items["sku"].tolist() == ["c", "a", "b"]
    assert items["changed"].tolist() == [True, False, False]
    fill = result.results.set_index("measure").loc[FILL]
    assert (fill["how"], round(fill["difference"], 9)) == ("paired", 0.05)
    assert "b against a: units served at once +5.00 points" in result.statements[0]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"skus": "abd"}, "1 only in the first, 1 only in the other"),
        ({"currency": "GBP"}, "the currency differs: EUR and GBP"),
        ({"period": "day"}, "length of a period differs"),
        ({"policy": {"start": "today"}}, "starts from today's stock"),
    ],
)
def test_results_that_cannot_be_compared_are_not(tmp_path: Path, other: dict, why: str) -> None:
    result = sl.compare_runs(written(tmp_path / "a"), written(tmp_path / "b", **other))
    assert result.results.empty
    assert why in result.statements[0]


def test_refusals(tmp_path: Path) -> None:
    """One run, a run of another kind, no common item, a damaged or missing table."""
    a = written(tmp_path / "a")
    with pytest.raises(UsageError, match="two run folders"):
        sl.compare_runs(a)
    with pytest.raises(UsageError, match="named twice"):
        sl.compare_runs(a, a)
    with pytest.raises(UsageError, match="run of 'audit' holds no plan"):
        sl.compare_runs(a, written(tmp_path / "audit", command="audit"))
    with pytest.raises(UsageError, match="no SKU-location in common"):
        sl.compare_runs(a, written(tmp_path / "z", skus="xyz"))
    old = written(tmp_path / "old")
    (old / "results" / "replications.parquet").unlink()
    assert "kept no totals per replication" in sl.compare_runs(a, old).statements[0]
    bad = written(tmp_path / "bad")
    (bad / "results" / "plan.parquet").write_bytes((a / "results" / "items.parquet").read_bytes())
    with pytest.raises(InvalidInputError, match="damaged"):
        sl.compare_runs(a, bad)


def test_targets_that_differ_are_rates_told_apart(tmp_path: Path) -> None:
    """As elsewhere in percent; two that agree to a tenth of a point have more digits."""
    a = written(tmp_path / "a", chosen={"A": 0.970873, "B": 0.970873, "C": 0.9})
    b = written(tmp_path / "b", chosen={"A": 0.9, "B": 0.970901})
    told = sl.compare_runs(a, b).differences.query("kind == 'target'")
    assert told[["what", "a", "b"]].to_numpy().tolist() == [
        ["A", "97.1%", "90.0%"],
        ["B", "97.0873%", "97.0901%"],
        ["C", "90.0%", "–"],
    ]


def test_the_command(tmp_path: Path) -> None:
    """Sentences and tables for people, one document with --format json, exit code 2 for usage."""
    a, b, c = (str(written(tmp_path / name, fill)) for name, fill in (("a", 0.9), ("b", 0.95), ("c", 0.9)))
    seen = CliRunner().invoke(app, ["compare", "runs", a, b, c])
    assert seen.exit_code == 0
    for text in ("Results", "Plans", "What differs", "policy.targets.A", "the same in every replication"):
        assert text in seen.stdout
    document = json.loads(CliRunner().invoke(app, ["compare", "runs", a, b, c, "--format", "json"]).stdout)
    assert document["runs"] == ["a", "b", "c"]
    assert len(document["tables"]["results"]) == 6
    assert CliRunner().invoke(app, ["compare", "runs", a]).exit_code == 2


def weighed(folder: Path, better: float, by_units: float = 0.0, seed: int = 5) -> Path:
    """A run by margin: `better` moves service from cheap to dear units, costs less and is later by margin."""
    run = RunFolder.open(written(folder, seed=seed))
    rng = np.random.default_rng(7)
    n = 50
    demanded = {"": rng.integers(900, 1100, n).astype(float)}
    demanded |= {"_value": 2 * demanded[""], "_margin": 0.5 * demanded[""], "_items": np.full(n, 1e6)}
    level = {"": 0.94 - better + by_units, "_value": 0.95 + better, "_margin": 0.96 + better, "_items": 0.9}
    rows = []
    for plan, shift in (("segmented", 0.0), *(("frontier", x) for x in (-0.02, 0.0, 0.02))):
        noise = 0.1 * (demanded[""] - 1000)
        row = {"plan": plan, "point": int(50 * shift + 1), "sample": "verdict"}
        for end, whole in demanded.items():
            row |= {f"demanded{end}": whole, f"served{end}": (level[end] + shift) * whole}
        cost = 100 * (1 + 2 * shift) - 1000 * better + 0.01 * noise
        row |= {"inventory_value": 5 * cost, "holding_cost": cost, "lost_margin": 30 + 2000 * better + noise}
        rows.append(row)
    run.path.joinpath("results", "replications.parquet").unlink()
    run.write_table("replications", pd.DataFrame(rows))
    counted = {"objective": "holding_cost", "service": "fill_rate", "weight": "margin"}
    (folder / "manifest.json").unlink()
    facts = {"command": "optimize", "seeds": {"verdict": seed}, "currency": "EUR", "period": "week"}
    run.write_manifest({**facts, "level": 0.95, "counted": counted})
    return folder


def test_a_pair_is_told_in_four_weights_with_the_deciding_one_first(tmp_path: Path) -> None:
    """Service and cost at equal service by weight; where a weight disagrees the same sentence says so."""
    a, b = weighed(tmp_path / "a", 0.0), weighed(tmp_path / "b", 0.005)
    result = sl.compare_runs(a, b)
    assert result.pairs[0].decides == "margin"
    rows = result.results.set_index("measure")
    service = {"fill_rate": -0.005, "served_value": 0.005, "served_margin": 0.005, "served_items": 0.0}
    assert rows.loc[list(service), "difference"].tolist() == pytest.approx(list(service.values()), abs=1e-9)
    assert rows["decides"].sum() == 2
    # at the service of a: b lies 0.005 higher by value and margin, 0.005 lower by units; 2.00 of cost a point
    cost = {"fill": -5 + 1, "value": -5 - 1, "margin": -5 - 1, "items": -5}
    found = rows.loc[[f"holding_cost_at_equal_{name}" for name in cost]]
    assert found["difference"].tolist() == pytest.approx(list(cost.values()), abs=0.02)
    assert found["at_fill"].tolist() == pytest.approx([0.94, 0.95, 0.96, 0.9])
    assert found["mark"].tolist() == ["less"] * 4
    assert rows.loc["lost_margin", "difference"] == pytest.approx(10)
    said = result.statements
    assert said[0].startswith("b against a: margin served at once +0.50 points")
    assert "by units −0.50 points, by value +0.50 points" in said[0]
    assert "holding cost a year at equal margin served 96.0%" in said[1]
    assert said[1].endswith("; by every other weight likewise.")
    assert "b costs less to hold as both stand, and pays if fewer than 50.0%" in " ".join(said)


def test_weights_that_disagree_are_named_in_the_sentence(tmp_path: Path) -> None:
    a, b = weighed(tmp_path / "a", 0.0), weighed(tmp_path / "b", 0.005, by_units=-0.02)
    said = sl.compare_runs(a, b).statements[1]
    assert "at equal margin served 96.0% −EUR 6" in said
    assert "; the weights disagree: counted by units no number." in said
    c = weighed(tmp_path / "c", 0.001, by_units=-0.01)
    assert "counted by units EUR 1.20 more." in sl.compare_runs(a, c).statements[1]


def test_two_seeds_have_no_share_that_pays_and_old_runs_are_named(tmp_path: Path) -> None:
    a, b = weighed(tmp_path / "a", 0.0), weighed(tmp_path / "b", 0.005, seed=6)
    result = sl.compare_runs(a, b)
    assert (result.results["how"] == "independent").all()
    assert result.pairs[0].pays is None
    old = written(tmp_path / "old", 0.95)
    said = sl.compare_runs(a, old).statements
    assert any("old kept units alone" in line for line in said)
    assert sl.compare_runs(a, old).pairs[0].decides == "units"


@pytest.mark.slow
def test_runs_by_margin_agree_with_the_tables_of_weights(tmp_path: Path) -> None:
    """Service in every weight is that of the run's own table `weights`; late margin, too."""
    frames()["items"].to_csv(tmp_path / "items.csv", index=False)
    (tmp_path / "more").mkdir()
    runs = []
    for name, floor in (("low", 0.90), ("high", 0.97)):
        folder = tmp_path / name
        folder.mkdir()
        path = write_study(
            folder,
            **{"[optimize]\n": f'[optimize]\nfill_rate = {floor}\nservice = {{ weight = "margin" }}\n'},
        )
        frames()["items"].to_csv(folder / "items.csv", index=False)
        runs.append(run_optimize(path, tmp_path / f"run_{name}").folder)
    rows = sl.compare_runs(*runs).results.set_index("measure")
    for column, run in zip(("value_a", "value_b"), runs, strict=True):
        table = pd.read_parquet(run / "results" / "weights.parquet")
        own = table[table["plan"] == "segmented"].set_index("weight")
        for weight, measure in SERVED.items():
            assert rows.loc[measure, column] == pytest.approx(own.loc[weight, "service"], rel=1e-12)
        assert rows.loc["lost_margin", column] == pytest.approx(own.loc["units", "late_margin"], rel=1e-12)
        assert rows.loc["holding_cost", column] == pytest.approx(own.loc["units", "cost"], rel=1e-12)
    assert rows.loc["holding_cost_at_equal_margin", "decides"]
    assert rows.loc["holding_cost_at_equal_margin", "difference"] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_runs_as_they_are_written(tmp_path: Path) -> None:
    """A plan of the same seed with a higher floor: paired, more stock, and the same cost at equal fill."""
    low = run_optimize(write_study(tmp_path), tmp_path / "low").folder
    (tmp_path / "more").mkdir()
    changed = {"[optimize]": "[optimize]\nfill_rate = 0.98"}
    high = run_optimize(write_study(tmp_path / "more", **changed), tmp_path / "high").folder
    given = run_simulate(write_study(tmp_path), tmp_path / "given").folder
    result = sl.compare_runs(low, high, given)
    rows = result.results.set_index(["b", "measure"])
    assert rows.loc[("high", FILL), "difference_low"] > 0
    assert rows.loc[("high", COST_AT_FILL), "difference"] == pytest.approx(0, abs=1e-9)
    assert (rows.loc["high", "how"] == "paired").all()
    assert (rows.loc["given", "how"] == "independent").all()
    told = pd.read_parquet(low / "results" / "segments.parquet")
    whole = told[(told["plan"] == "segmented") & (told["sample"] == "verdict") & (told["segment"] == "(all)")]
    assert rows.loc[("high", FILL), "value_a"] == pytest.approx(whole["fill_rate"].item(), rel=1e-12)
    assert rows.loc[("high", VALUE), "value_a"] == pytest.approx(whole["inventory_value"].item(), rel=1e-12)
    assert sys.modules["simlab"].compare_runs is sl.compare_runs
