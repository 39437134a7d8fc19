"""The audit from data to tables, charts, run folder and command."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.places import TESTS

import simlab as sl
from simlab import api
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError
from simlab.run import RunFolder, verify

BASELINE = TESTS / "bad_inputs" / "baseline"

STUDY = """
schema = 1
[study]
name = "small"
period = "day"
[data.items]
path = "items.csv"
[data.demand]
path = "demand.csv"
[data.receipts]
path = "receipts.csv"
[lead_times]
crossing = false
[segments]
by = ["segment"]
[policy]
review_period = 1
targets = { fast = 0.98, slow = 0.9 }
[simulation]
periods = 60
replications = 24
batches = 8
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    for name in ("items.csv", "demand.csv", "receipts.csv"):
        (folder / name).write_bytes((BASELINE / name).read_bytes())
    path = folder / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(study):
    return sl.load(study)


@pytest.fixture(scope="module")
def audit(data):
    return sl.audit(data)


def with_column(study, name, values):
    items = pd.read_csv(study.parent / "items.csv", dtype=str)
    items[name] = values(items)
    return api.load_frames(
        items,
        pd.read_csv(study.parent / "demand.csv", dtype=str),
        pd.read_csv(study.parent / "receipts.csv", dtype=str),
        study=api.load(study).study,
    )


def test_the_study_s_targets_and_the_habit_are_audited(audit):
    assert [one.policy for one in audit.policies] == ["targets", "habit"]
    targets, habit = audit.policies
    assert (targets.planning, targets.target_measure) == ("exact", "fill_rate")
    assert (habit.planning, habit.target_measure) == ("normal", "cycle_service_level")
    assert [account.name for account in targets.segments] == ["fast", "slow"]
    assert [account.asked for account in targets.segments] == [0.98, 0.9]


def test_the_waterfall_leads_from_planned_to_achieved(audit):
    frame = audit.to_frame()
    for _, rows in frame.groupby(["policy", "segment"]):
        assert rows["from_level"].iloc[0] == rows["fill_rate_planned"].iloc[0]
        assert np.allclose(rows["to_level"].to_numpy()[:-1], rows["from_level"].to_numpy()[1:])
        assert rows["to_level"].iloc[-1] == pytest.approx(rows["fill_rate"].iloc[0], abs=1e-9)
        assert rows["cause"].iloc[-1] == "formula"
        assert (rows["points_low"] <= rows["points_high"]).all()
    summary = audit.summary()
    lost = summary.filter(like="by_").sum(axis=1)
    assert np.allclose(summary["fill_rate_planned"] - summary["fill_rate"], lost, atol=1e-9)


def test_what_is_achieved_is_what_simulate_reports(data, audit):
    """Same levels, same streams, same warm-up: the same units."""
    policy = sl.Policy.from_targets(sl.segment(data), fill_rate={"fast": 0.98, "slow": 0.9})
    alone = sl.audit(data, policy)
    simulated = sl.simulate(data, policy)
    assert alone.policies[0].warmup == simulated.warmup
    assert alone.policies[0].total.served == int(simulated.sums.served.sum())
    assert alone.policies[0].total.demanded == int(simulated.sums.demanded.sum())
    assert alone.policies[0].segments[0].planned_fill == audit.policies[0].segments[0].planned_fill


def test_an_audit_shows_itself(audit):
    assert "targets planned 95.3% of units, achieved 94.9%; habit planned" in repr(audit)
    assert "fill_rate_planned" in audit._repr_html_()
    assert len(audit.statements) == 6
    assert audit.plot()._repr_png_().startswith(b"\x89PNG")
    assert len(audit.plot("habit").axes) == 3
    with pytest.raises(UsageError, match="no policy 'today'"):
        audit.policy("today")


def test_targets_may_be_given_and_the_habit_asked_for(data):
    given = sl.audit(data, {"fast": 0.95, "slow": 0.95}, replications=8, workers=1)
    assert [one.policy for one in given.policies] == ["targets"]
    assert given.policies[0].total.asked == 0.95
    assert [one.policy for one in sl.audit(data, "habit", replications=8).policies] == ["habit"]
    with pytest.raises(UsageError, match="is no policy"):
        sl.audit(data, "today")


def test_what_the_erp_believed_comes_from_items(study):
    """A planned mean of 70 % of the fitted one shows up as the cause."""
    fitted = sl.load(study).models.world.demand.mean
    data = with_column(study, "planned_demand_mean", lambda items: [f"{0.7 * m:.6f}" for m in fitted])
    found = sl.audit(data, {"fast": 0.98, "slow": 0.98}, replications=16).policies[0].total
    assert found.line("parameters").points.low > 0
    wrong = with_column(study, "planned_review_period", lambda items: ["-1"] * len(items))
    with pytest.raises(InvalidInputError, match="planned_review_period"):
        sl.audit(wrong)


@pytest.mark.pages
def test_the_command_writes_a_run_folder(study, tmp_path):
    out = tmp_path / "audit"
    result = CliRunner().invoke(app, ["audit", str(study), "--out", str(out), "--format", "json", "-q"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert len(document["statements"]) == 6
    assert {row["policy"] for row in document["audit"]} == {"targets", "habit"}
    assert verify(out) == []
    run = RunFolder.open(out)
    assert run.manifest["command"] == "audit"
    table = run.read_table("audit")
    assert len(pd.read_csv(out / "results" / "audit.csv")) == len(table)
    figures = {path.name for path in (out / "figures").iterdir()}
    assert {"waterfall_1.svg", "waterfall_2.png", "waterfalls_1.svg", "waterfalls_2.csv"} <= figures
    assert not any(name.startswith("audit_") for name in figures)
    assert document["report"] == str(out / "report.html")
    assert "Why is the service asked for" in (out / "report.html").read_text("utf-8")
    text = CliRunner().invoke(app, ["audit", str(study), "--out", str(tmp_path / "b"), "-q"])
    assert "expects" in text.stdout
    again = CliRunner().invoke(app, ["audit", str(study), "--out", str(out), "-q"])
    assert again.exit_code == 2
