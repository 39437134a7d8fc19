"""The speed table: its workloads are the ones it names, and machines can read it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simlab.cli import main
from simlab.engine.prepare.evaluators import evaluator_of
from simlab.selfcheck import speed
from simlab.selfcheck.speed import Workload

NAMES = ["W1", "W2", "W3", "market", "sweep", "lanes", "lanes (s,S)"]


def tiny(work: Workload) -> Workload:
    """The same with one item, ten periods and few replications."""
    row = np.array([0])
    horizon = replace(work.horizon, periods=10, replications=4)
    return replace(work, world=work.world.take(row), levels=work.levels.take(row), horizon=horizon)


@cache
def tiny_workloads() -> tuple[Workload, ...]:
    return tuple(tiny(one) for one in speed.workloads())


@pytest.fixture
def tiny_work(monkeypatch: pytest.MonkeyPatch) -> tuple[Workload, ...]:
    work = tiny_workloads()
    monkeypatch.setattr(speed, "workloads", lambda: work)
    monkeypatch.setattr(speed, "_LEAST_SECONDS", 0.0001)
    return work


def doctor_speed(
    *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["simlab", "doctor", "--speed", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0), *capsys.readouterr()


@pytest.mark.usefixtures("tiny_work")
def test_machines_get_one_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """stdout is a JSON list with one positive time per workload, and nothing else."""
    code, out, err = doctor_speed("--format", "json", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert [row["workload"] for row in rows] == NAMES
    assert all(set(row) == {"workload", "ns", "per", "targets"} and row["ns"] > 0 for row in rows)
    per_target = [row["workload"] for row in rows if row["per"] == "SKU-period and target"]
    assert per_target == ["sweep", "lanes", "lanes (s,S)"]
    assert [row["targets"] for row in rows] == [1, 1, 1, 1, 24, 24, 24]


@pytest.mark.usefixtures("tiny_work")
def test_people_get_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every workload has its line, and the unit is explained."""
    code, out, _ = doctor_speed(monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert all(any(line.startswith(f"{name} ") for line in out.splitlines()) for name in NAMES)
    assert "CPU time per SKU-period" in out


def test_one_interruption_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tiny_work: tuple[Workload, ...]
) -> None:
    """The median of the rounds is told; progress reaches its end."""
    times = iter([1.0, 500.0, 2.0])
    monkeypatch.setattr(Workload, "nanoseconds", lambda self: next(times))
    seen: list[tuple[str, int, int]] = []
    found = speed.measure(tiny_work[:1], rounds=3, progress=lambda *report: seen.append(report))
    assert [one.ns for one in found] == [2.0]
    assert seen[-1] == ("measure", 3, 3)


def test_time_is_divided_by_what_was_simulated(tiny_work: tuple[Workload, ...]) -> None:
    """Sweep and lanes alike: per SKU-period and target."""
    assert [one.cells for one in tiny_work] == [40, 40, 40, 40, 24 * 40, 24 * 40, 24 * 40]


def test_workloads_are_what_they_are_called() -> None:
    """Sweep and lanes are really evaluated so; sizes are those of the yardsticks."""
    work = {one.name: one for one in speed.workloads()}
    evaluators = {name: evaluator_of(one.world, one.levels) for name, one in work.items()}
    assert (evaluators["sweep"], evaluators["lanes"], evaluators["lanes (s,S)"]) == (
        "sweep",
        "lanes",
        "lanes",
    )
    assert [one.levels.n_columns for one in work.values()] == [1, 1, 1, 1, 24, 24, 24]
    assert work["W3"].world.n_items == 1000
    assert min(one.horizon.replications for one in work.values()) == 128


def test_levels_keep_the_ready_rate() -> None:
    """W3's level is the least that covers five periods' Poisson demand with probability 0.95."""
    work = speed.base_stock(3)
    five = 5 * work.world.demand.mean
    draws = np.random.default_rng(1).poisson(five[:, None], (3, 200_000))
    top = work.levels.order_up_to
    assert ((draws <= top).mean(axis=1) > 0.948).all()
    assert ((draws <= top - 1).mean(axis=1) < 0.952).all()


def test_the_single_sku_meets_the_closed_form() -> None:
    """W1 simulated: net stock at the count is 60 − Poisson(50) from period 4 on."""
    work = speed.single_base_stock()
    work = replace(work, horizon=replace(work.horizon, warmup=4, periods=100, replications=640))
    sums = work.run()
    ready = sums.ready[0, 0].sum() / (100 * 640)
    draws = np.random.default_rng(2).poisson(50, 1_000_000)
    assert ready == pytest.approx((draws < 60).mean(), abs=0.01)
