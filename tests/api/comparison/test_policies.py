"""Ordering rules and ways to plan them: common randomness, own targets, one service, honest refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.study import write_study

import simlab as sl
from simlab.api.data.data import Data, load_frames
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError
from simlab.study import Study

N = 24


def made(planning="exact", **columns) -> Data:
    """Lumpy items in two classes, from laws that are given."""
    rng = np.random.default_rng(3)
    mean = np.round(rng.lognormal(1.2, 0.6, N), 2)
    items = pd.DataFrame({"sku": [f"{i:03d}" for i in range(N)], "location": "X", "lead_time": 14.0})
    items = items.assign(unit_cost=np.round(rng.lognormal(2, 0.8, N), 2), kind=["a", "b"] * (N // 2))
    items = items.assign(
        demand_law="negative_binomial", demand_mean=mean, demand_variance=4 * mean, **columns
    )
    study = Study.default(
        simulation={"periods": 26, "replications": 40, "batches": 8},
        optimize={"n_targets": 8, "fill_rate": 0.93, "target_min": 0.5, "service": {"weight": "units"}},
        verdict={"replications": 60},
        lead_times={"law": "fixed"},
        segments={"by": "kind"},
        policy={"planning": planning},
    )
    return load_frames(items, study=study)


@pytest.fixture(scope="module")
def found():
    return sl.compare_policies(made(order_quantity=30))


def test_every_policy_takes_part_at_its_own_targets(found):
    names = [one.name for one in found.entries]
    assert names[0] == "order_up_to"
    assert set(names) == {
        f"{family}{planning}"
        for family in ("order_up_to", "reorder_quantity", "reorder_up_to")
        for planning in ("", ":normal")
    }
    assert not found.left_out
    frame = found.to_frame().set_index("policy")
    assert frame.loc["order_up_to", "cost_at_fill"] == pytest.approx(frame.loc["order_up_to", "holding_cost"])
    assert np.isnan(frame.loc["order_up_to", "difference"])
    many, few = frame.loc["order_up_to", "orders_per_year"], frame.loc["reorder_quantity", "orders_per_year"]
    assert few < many
    assert len(found.statements) == 5
    assert all("of units served at once" in line for line in found.statements)


def test_the_reading_is_that_of_the_policys_own_frontier(found):
    """Optimised alone on the same seeds, the frontier gives the same cost at the same fill."""
    data = made(order_quantity=30, planning="normal")
    opt = sl.optimize(data, sl.segment(data))
    assert opt.warmup <= found.warmup
    same = made(order_quantity=30)
    both = sl.compare_policies(same, ["order_up_to:normal"])
    assert both.warmup == opt.warmup
    points = opt.verdict["frontier:segmented"].total()
    scale = opt.settings.scale(data.study)
    fill = points.served[:, 0].sum(axis=1) / points.demanded[:, 0].sum(axis=1)
    cost = points.holding[:, 0].mean(axis=1) * scale.holding
    order = np.argsort(cost)
    best = np.maximum.accumulate(fill[order])
    kept = order[np.concatenate([[True], best[1:] > best[:-1]])]
    read = np.interp(both.at_fill, fill[kept], cost[kept])
    assert both.entries[1].cost_at_fill == pytest.approx(read, rel=1e-9)
    gap = both.entries[1].difference
    assert gap.value == pytest.approx(read - both.entries[0].cost_at_fill, rel=1e-6, abs=1e-9)
    assert gap.low < gap.value < gap.high


def test_every_weight_that_did_not_decide_reads_the_same_plans_and_those_that_disagree_are_named(found):
    """Decided by units: value and items beside; read by hand from the frontier's own sums."""
    opt = sl.optimize(made(order_quantity=30, planning="normal"))
    both = sl.compare_policies(made(order_quantity=30), ["order_up_to:normal"])
    one, own = both.entries[1], sl.optimize(made(order_quantity=30))
    assert [by.weight for by in one.weights] == ["value", "items"]  # no prices
    value = next(by for by in one.weights if by.weight == "value")

    def read(outcome):
        points = outcome.verdict["frontier:segmented"].total()
        good = points.served_value[:, 0].sum(axis=1) / points.demanded_value[:, 0].sum(axis=1)
        cost = points.holding[:, 0].sum(axis=1).astype(float)
        order = np.argsort(cost, kind="stable")
        best = np.maximum.accumulate(good[order])
        kept = order[np.concatenate([[True], best[1:] > best[:-1]])]
        return float(np.interp(value.at, good[kept], cost[kept]))

    chosen = own.verdict["segmented"].total()
    assert value.at == pytest.approx(chosen.served_value.sum() / chosen.demanded_value.sum(), rel=1e-12)
    assert value.percent.value == pytest.approx(read(opt) / read(own) - 1, rel=1e-6, abs=1e-9)
    frame = found.to_frame().set_index("policy")
    for entry, line in zip(found.entries[1:], found.statements, strict=True):
        named = [by.weight for by in entry.weights if by.mark != entry.mark]
        assert all(f"by {weight} " in line.partition("counted")[2] for weight in named), line
        assert ("every other weight" in line) == (not named)
        assert frame.loc[entry.name, "percent_by_items"] == entry.weights[-1].percent.value


def test_what_the_items_do_not_allow_is_left_out_or_refused():
    """Without order quantities: said if nobody asked, an error if someone did."""
    data = made()
    open_field = sl.compare_policies(data)
    assert [one.name for one in open_field.entries] == ["order_up_to", "order_up_to:normal"]
    assert "no order quantity" in dict(open_field.left_out)["reorder_quantity"]
    with pytest.raises(InvalidInputError, match="no order quantity"):
        sl.compare_policies(data, ["reorder_quantity"])
    with pytest.raises(UsageError, match="'kanban' is no policy"):
        sl.compare_policies(data, ["kanban"])
    with pytest.raises(UsageError, match="named twice"):
        sl.compare_policies(data, ["order_up_to:normal", "order_up_to:normal"])
    given = data.study.policy.model_copy(update={"family": "given"})
    fixed = Data(replace(data.catalog, study=data.study.model_copy(update={"policy": given})))
    with pytest.raises(InvalidInputError, match="levels given in items"):
        sl.compare_policies(fixed)


def test_the_command(tmp_path):
    study = write_study(tmp_path)
    seen = CliRunner().invoke(app, ["compare", "policies", str(study), "-q", "--format", "json"])
    assert seen.exit_code == 0, seen.output
    document = json.loads(seen.stdout)
    assert [row["policy"] for row in document["policies"]] == ["order_up_to", "order_up_to:normal"]
    assert set(document["targets"]["order_up_to"]) == {"fast", "slow"}
    assert not (tmp_path / "runs").exists()
    few = ["compare", "policies", str(study), "-q", "--policies", "order_up_to:normal"]
    text = CliRunner().invoke(app, few)
    assert "at the same units served at once" in text.stdout


def test_the_outcome_is_a_page_where_one_is_asked_for(found, tmp_path):
    from simlab.api.comparison.pages import write_page

    page = write_page(found, tmp_path / "rules.html").read_text("utf-8")
    assert all(one.name in page for one in found.entries)
    assert found.statements[0].split(":")[0] in page
    assert '<div class="tab" id="segments">' in page
    with pytest.raises(UsageError, match="exists"):
        write_page(found, tmp_path / "rules.html")
