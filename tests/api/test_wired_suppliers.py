"""Suppliers from the study file to every sum: equal to the plain simulator, refused where nobody has them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from worlds.wired import agrees, write

import simlab as sl
from simlab import api
from simlab.engine.kernels.streams import supplier_keys
from simlab.errors import InvalidInputError
from simlab.selfcheck import reference

NAMES = ("ACME", "BOLT", "", "ACME")
TROUBLE = """[[suppliers]]
name = "ACME"
outages_per_year = 4
outage_length = 28
[[suppliers]]
name = "BOLT"
on_time_share = 0.75
rest_delay = 21
[policy]"""


def simulated(path):
    data = sl.load(path)
    return sl.simulate(data, sl.Policy.from_targets(sl.segment(data), fill_rate=data.study.policy.targets))


def supplier(name, **more):
    return reference.Supplier(int(supplier_keys([name])[0]), **more)


def test_outages_and_orders_in_part_are_what_the_plain_simulator_runs(tmp_path):
    """52.14 weeks a year, four outages of four weeks: one chance in 9.04 to stop, one in four to be back."""
    found = simulated(write(tmp_path, "supplier", NAMES, **{"[policy]": TROUBLE}))
    year, one = 365 / 7, 2**32
    stops = supplier("ACME", fails=round(one / (year / 4 - 4)), recovers=one // 4)
    parts = supplier("BOLT", on_time=750_000, rest_delay=3)
    agrees(found, supplier=[stops, parts, None, stops])
    assert found.planned.method[0] == "exact, outages left out"
    assert found.planned.method[1] == "exact, orders in parts as if whole"
    assert any("supplier ACME stops 4 times a year" in line for line in found.data.models.assumptions)
    calm = simulated(write(tmp_path, "supplier", NAMES))
    assert found.fill_rate.value < calm.fill_rate.value


def test_a_rest_that_is_cancelled_never_arrives(tmp_path):
    text = '[[suppliers]]\nname = "BOLT"\non_time_share = 0.5\nrest = "cancelled"\n[policy]'
    found = simulated(write(tmp_path, "supplier", NAMES, **{"[policy]": text}))
    agrees(found, supplier=[None, supplier("BOLT", on_time=500_000, rest_delay=-1), None, None])
    received, ordered = found.curves.received[1].sum(), found.curves.ordered[1].sum()
    assert 0.4 < received / ordered < 0.6
    assert found.warmup_rule.startswith("the larger of")


def test_a_shared_delay_is_one_word_per_supplier_and_period(tmp_path):
    """Two items of one supplier with one random lead time get every order at the same time."""
    path = write(tmp_path, "supplier", NAMES, **{"crossing = false": "crossing = false\nshared_delay = true"})
    found = simulated(path)
    agrees(found, supplier=[None, None, None, supplier("ACME", shared_delay=True)])
    assert any("share one delay" in line for line in found.data.models.assumptions)


@pytest.mark.pages
def test_troubled_suppliers_run_through_optimize_compare_audit_and_trace(tmp_path):
    scenario = '[scenarios]\noutage = { supplier = "BOLT", weeks = 6 }\n' + TROUBLE
    path = write(
        tmp_path, "supplier", NAMES, **{"[policy]": scenario, "fill_rate = 0.90": "fill_rate = 0.60"}
    )
    api.check(path)
    run = api.run_optimize(path, workers=1)
    facts = json.loads((run.folder / "manifest.json").read_text())
    assert facts["evaluator"] == "recorded sweep"
    assert any("stops 4 times a year" in line for line in facts["assumptions"])
    resolved = json.loads((run.folder / "resolved.json").read_text())
    assert [one["name"] for one in resolved["suppliers"]] == ["ACME", "BOLT"]
    trace = api.trace(run.folder, "00124@EAST")
    counted = trace.orders[trace.orders["arrival"] < 20]
    assert (counted["rest"] > 0).any()
    data = sl.load(path)
    assert "ledger" in sl.audit(data).policies[0].evaluators
    sl.compare(
        data,
        ["category"],
        rounds=api.Rounds(controls=0, seeds=0, catalogues=0, classes=(), services=False),
        replications=20,
        verdict_replications=20,
    )
    opt = sl.optimize(data, sl.segment(data))
    frame = opt.stress.to_frame()
    assert np.isfinite(frame["fill_rate"]).all()
    supply = data.models.world.supply
    assert supply.keys.size == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "NOBODY"\non_time_share = 0.5\nrest_delay = 7', "no item has this supplier"),
        ('name = "ACME"', "says nothing"),
        ('name = "ACME"\noutages_per_year = 2', "its number and its length"),
        ('name = "ACME"\non_time_share = 0.5', "needs rest_delay"),
        ('name = "ACME"\non_time_share = 0.5\nrest = "cancelled"\nrest_delay = 7', "a rest that is late"),
        ('name = "ACME"\noutages_per_year = 12\noutage_length = 40', "the whole year"),
        ('name = "ACME"\non_time = 0.5', "did you mean 'on_time_share'"),
        ('name = "ACME"\non_time_share = 1.5', "suppliers"),
    ],
)
def test_suppliers_that_make_no_sense_are_refused(tmp_path, text, message):
    path = write(tmp_path, "supplier", NAMES, **{"[policy]": f"[[suppliers]]\n{text}\n[policy]"})
    with pytest.raises(InvalidInputError, match=message):
        api.check(path)


def test_a_delay_that_nobody_shares_is_refused(tmp_path):
    path = write(tmp_path, **{"crossing = false": "crossing = false\nshared_delay = true"})
    with pytest.raises(InvalidInputError, match="no item has a supplier"):
        api.check(path)
