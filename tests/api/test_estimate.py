"""What a run takes is said before it begins, and a run that does not fit is refused with the estimate."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner
from worlds.study import STUDY, write_study

from simlab import api
from simlab.api.simulator.size import RunSize
from simlab.api.tracing import same_data
from simlab.cli.app import app
from simlab.errors import InvalidInputError
from simlab.run import RunFolder

SIZE = RunSize(
    n_items=10_000,
    demand_rows=500_000,
    n_targets=27,
    replications=50,
    verdict_replications=50,
    batches=20,
    n_workers=2,
)


def test_the_estimate_counts_what_the_run_simulates_and_leaves_nothing(tmp_path):
    study = write_study(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = CliRunner().invoke(app, ["optimize", str(study), "--dry-run"])
    assert found.exit_code == 0, found.output
    assert sorted(tmp_path.rglob("*")) == before
    estimate = api.dry_run(study)
    data = api.load(study)
    warmup = api.optimize(data).warmup
    assert estimate.sku_periods == data.catalog.n_items * (24 + 30) * (warmup + 60)
    assert f"{estimate.sku_periods:,}" in found.output
    assert estimate.memory < estimate.limit
    assert estimate.measured > 0


def test_a_policy_is_estimated_for_one_target_and_no_verdict(tmp_path):
    estimate = api.dry_run(write_study(tmp_path), "simulate")
    assert estimate.size.n_targets == 1
    assert estimate.size.verdict_replications == 0


@pytest.mark.parametrize(
    "call",
    [
        ["optimize", "--dry-run"],
        ["simulate", "--dry-run"],
        ["optimize", "--quiet"],
        ["simulate", "--quiet"],
        ["audit", "--quiet"],
    ],
    ids=" ".join,
)
def test_a_run_above_the_limit_is_refused_with_its_estimate(tmp_path, call):
    study = write_study(tmp_path, STUDY + "[run]\nmemory_gb = 0.1\n")
    found = CliRunner().invoke(app, [call[0], str(study), *call[1:], *_out(call, tmp_path)])
    assert found.exit_code == 3, found.output
    assert "E-STU-043" in found.output
    assert "run.memory_gb = 0.1" in found.output
    assert "GB; the limit is 0.1 GB" in found.output
    assert not list(tmp_path.rglob("results"))


def test_a_gate_above_the_limit_is_refused_before_anything_is_simulated(tmp_path):
    study = write_study(tmp_path, STUDY + "[run]\nmemory_gb = 0.1\n")
    with pytest.raises(InvalidInputError, match="E-STU-043"):
        api.gate(study)


def test_a_trace_above_the_limit_is_refused_before_laws_are_compared(tmp_path, monkeypatch):
    run = api.run_simulate(write_study(tmp_path, STUDY), draw=False).folder
    monkeypatch.setattr("simlab.api.simulator.size.memory_here", lambda: 1e6)
    with pytest.raises(InvalidInputError, match="E-STU-043"):
        same_data(RunFolder.open(run, sealed=True), None)


def _out(call, folder):
    return [] if "--dry-run" in call else ["--out", str(folder / "run")]


def test_what_is_said_to_fit_fits():
    for limit in (1e9, 4e9, 16e9):
        most = SIZE.most_items(limit)
        rows = SIZE.demand_rows // SIZE.n_items
        assert replace(SIZE, n_items=most, demand_rows=rows * most).memory <= limit
        assert replace(SIZE, n_items=2 * most, demand_rows=2 * rows * most).memory > limit


def test_more_of_anything_needs_more():
    for name in ("n_items", "demand_rows", "n_targets", "batches", "n_workers"):
        assert replace(SIZE, **{name: 2 * getattr(SIZE, name)}).memory > SIZE.memory, name


def test_nothing_is_refused_where_it_fits(tmp_path):
    study = write_study(tmp_path, STUDY + "[run]\nmemory_gb = 4.0\n")
    assert api.dry_run(study).limit == 4e9
    with pytest.raises(InvalidInputError, match="E-STU-043"):
        api.dry_run(write_study(tmp_path, STUDY + "[run]\nmemory_gb = 0.01\n"))


def test_a_contest_of_schemes_is_refused_too(tmp_path):
    study = write_study(tmp_path, STUDY + "[run]\nmemory_gb = 0.1\n")
    call = ["compare", "schemes", str(study), "--quiet", "--out", str(tmp_path / "run")]
    found = CliRunner().invoke(app, call)
    assert found.exit_code == 3, found.output
    assert "E-STU-043" in found.output


def measured_runs():
    """Rows of the experiment by threads, as it measured them: what the run took is in `peak_tree_gb`."""
    table = Path(__file__).parents[2] / "experiments" / "09_scale" / "results" / "runs.csv"
    with table.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["backend"] == "threads" and row["demand_rows"]]


def test_the_estimate_is_within_30_percent_of_what_the_experiment_measured():
    """From 10,000 SKU-locations on: below, what budgets on the way need (0.5 GB at 1,000) is most of it."""
    sizes = set()
    for row in measured_runs():
        n, workers = int(row["sku_locations"]), int(row["workers"])
        if n < 10_000:
            continue
        size = replace(
            SIZE,
            n_items=n,
            demand_rows=int(float(row["demand_rows"])),
            batches=20 if n <= 50_000 else 0,
            n_workers=workers,
            copies=workers > 1 and n <= 150_000,
        )
        took = 1e9 * float(row["peak_tree_gb"])
        assert 0.7 * took <= size.memory <= 1.3 * took, (n, workers, size.memory, took)
        sizes.add(n)
    assert {10_000, 100_000} <= sizes


@pytest.mark.slow
def test_the_estimate_is_within_30_percent_of_a_run_here(tmp_path):
    """Both in processes of their own: memory that other tests leave behind counts for neither."""
    run = Path(__file__).parents[2] / "experiments" / "09_scale" / "run.py"
    call = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import run\n"
        "study = Path(sys.argv[2]) / 'large' / 'study.toml'\n"
        "run.api.init(study.parent, scale=10000)\n"
        "said = run.api.dry_run(study).to_dict()\n"
        "print(json.dumps([said['memory_bytes'], run.measured(study, study.parent / 'run', 'threads', 2)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", call, str(run.parent), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    said, took = json.loads(done.stdout.splitlines()[-1])
    assert said == pytest.approx(1e9 * took["peak_tree_gb"], rel=0.3)
