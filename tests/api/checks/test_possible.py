"""Floors, ceilings and a budget that no plan keeps are refused by check with the figures of optimize."""

from __future__ import annotations

import re

import pytest

import simlab as sl
from simlab import api
from simlab.api.checks import possible
from simlab.errors import InfeasibleError, InvalidInputError

ITEMS = "sku,location,unit_cost,lead_time,demand_law,demand_mean,demand_variance,category\n" + "\n".join(
    f"S{k},MAIN,{5 + 9 * k},{7 + 6 * k},negative_binomial,{1 + k / 2},{3 + 2 * k},"
    f"{'pumps' if k < 3 else 'seals'}"
    for k in range(6)
)


def study(folder, asked: str):
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    text = (
        '[study]\nperiod = "week"\n[data.items]\npath = "items.csv"\n[segments]\nby = ["category"]\n'
        f"[simulation]\nreplications = 40\n[verdict]\nreplications = 10\n[optimize]\n{asked}\n"
    )
    (folder / "study.toml").write_text(text, "utf-8")
    return folder / "study.toml"


def refused(path) -> str:
    """What check says against it; empty if it passes."""
    try:
        api.check(path)
    except InvalidInputError as error:
        return str(error) if [one.code for one in error.problems] == ["E-OPT-024"] else "something else"
    return ""


def told_by_optimize(path) -> str:
    try:
        sl.optimize(sl.load(path))
    except InfeasibleError as error:
        return str(error)
    return ""


def least(folder, asked: str = "") -> float:
    """The smallest budget that works, as check says."""
    told = re.search(r"'budget 1.00' up to ([0-9,.]+[0-9])", refused(study(folder, f"budget = 1\n{asked}")))
    assert told
    return float(told[1].replace(",", ""))


@pytest.mark.parametrize(
    "asked",
    ["", "fill_rate = 0.9", 'floors = [{ by = "category", at_least = { pumps = 0.95 } }]'],
)
def test_a_budget_is_refused_to_the_cent_where_optimize_refuses_it(tmp_path, asked: str) -> None:
    """One cent less than the smallest budget that works, and that one."""
    enough = least(tmp_path, asked)
    below = study(tmp_path, f"budget = {enough - 0.01:.2f}\n{asked}")
    assert f"optimize.budget = {enough - 0.01:.2f}"[:22] in refused(below)
    assert told_by_optimize(below)
    assert refused(study(tmp_path, f"budget = {enough:.2f}\n{asked}")) == ""


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("fill_rate = 0.9999", "optimize.fill_rate = 0.9999"),
        ('floors = [{ by = "category", at_least = { pumps = 0.99999 } }]', "'fill rate of pumps ≥ 99.999%'"),
        ("fill_rate = 0.99\nchance = [{ at_least = 0.995, probability = 0.99 }]", "in 99% of replications"),
    ],
)
def test_service_that_the_highest_targets_do_not_reach_is_refused(tmp_path, asked: str, says: str) -> None:
    path = study(tmp_path, asked)
    told = refused(path)
    assert says in told
    assert "what works: " in told
    assert told_by_optimize(path)


def test_of_a_large_catalogue_only_what_is_clearly_beyond_is_refused(tmp_path, monkeypatch) -> None:
    """Ten of 40 replications: nine tenths of the least are refused, 99 % are left to optimize."""
    enough = least(tmp_path)
    monkeypatch.setattr(possible, "WORK", 1)
    assert "by the first 10 of 40 replications" in refused(study(tmp_path, f"budget = {0.9 * enough:.2f}"))
    assert refused(study(tmp_path, f"budget = {0.99 * enough:.2f}")) == ""
    assert refused(study(tmp_path, f"budget = {enough:.2f}")) == ""


def test_segments_that_are_learned_have_the_same_least_stock(tmp_path) -> None:
    enough = least(tmp_path)
    path = study(tmp_path, f"budget = {0.99 * enough:.2f}")
    path.write_text(path.read_text("utf-8").replace('"category"', '"tree"'), "utf-8")
    assert f"up to {enough:,.2f}" in refused(path)


def test_nothing_is_simulated_where_nothing_might_be_beyond(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(possible, "search_curves", None)
    assert refused(study(tmp_path, "fill_rate = 0.95")) == ""


@pytest.mark.parametrize("option", ["budget_p95", "budget_peak"])
def test_a_limit_on_single_periods_is_refused_to_the_cent(tmp_path, option: str) -> None:
    """P95 and peak of stock, on the periods that optimize looks at: less than the least, and that."""
    told = refused(study(tmp_path, f"fill_rate = 0.9\n{option} = 1"))
    works = re.search(r"≤ 1.00' up to ([0-9,.]+[0-9])", told)
    assert works, told
    enough = float(works[1].replace(",", ""))
    below = study(tmp_path, f"fill_rate = 0.9\n{option} = {enough - 0.01:.2f}")
    assert refused(below)
    assert told_by_optimize(below)
    assert refused(study(tmp_path, f"fill_rate = 0.9\n{option} = {enough:.2f}")) == ""


def test_a_floor_that_no_plan_surely_meets_is_refused_as_optimize_does(tmp_path) -> None:
    """By its lower bound on the selection seed: the search alone reaches this floor."""

    def surely(floor: float, choose: str = "lower_bound"):
        path = study(tmp_path, f'fill_rate = {floor:.3f}\nchoose = "{choose}"')
        more = path.read_text("utf-8").replace(
            "[verdict]\nreplications = 10", "[verdict]\nreplications = 200"
        )
        path.write_text(more, "utf-8")
        return path

    assert refused(surely(0.998, "in_sample")) == ""
    told = refused(surely(0.998))
    assert 'optimize.choose = "lower_bound"' in told
    assert told_by_optimize(surely(0.998)).split("; ")[0] in " ".join(told.split())
    assert refused(surely(0.997)) == ""
    assert told_by_optimize(surely(0.997)) == ""


@pytest.mark.parametrize(
    ("columns", "policy", "asked"),
    [
        ({"on_hand": 0, "on_order": 0}, 'start = "today"', ""),
        ({"max_order": 3}, "", ""),
        ({"max_position": 9}, "", "fill_rate = 0.9"),
        ({}, "", "target_max = 0.9"),
    ],
)
def test_a_floor_of_usual_height_may_be_out_of_reach(tmp_path, columns, policy: str, asked: str) -> None:
    """From an empty shelf, with small orders, little room or a short grid: check says what optimize says."""
    path = study(tmp_path, asked)
    head, *rows = ITEMS.splitlines()
    more = [",".join([row, *(str(cell) for cell in columns.values())]) for row in rows]
    (tmp_path / "items.csv").write_text("\n".join([",".join([head, *columns]), *more]), "utf-8")
    path.write_text(path.read_text("utf-8") + f"[policy]\n{policy}\n", "utf-8")
    assert told_by_optimize(path)
    assert refused(path)


@pytest.mark.parametrize(
    ("asked", "by", "names"),
    [
        (
            "budget_p95 = 100000",
            '"tree"',
            "a fill rate of 95%, limits on P95 and peaks (segments are learned",
        ),
        (
            'choose = "lower_bound"',
            '"tree"',
            'a fill rate of 95%, what choose = "lower_bound" asks (segments',
        ),
        ("fill_rate = 0.99", '"tree"', "a fill rate of 99% (segments are learned"),
        ("budget = 1000000", '"tree"', ""),
        ("fill_rate = 0.9", '"tree"', ""),
        ("budget_p95 = 100000", '"category"', ""),
    ],
)
def test_what_is_not_looked_at_is_said(tmp_path, asked: str, by: str, names: str) -> None:
    """Silence would be taken for approval."""
    path = study(tmp_path, asked)
    path.write_text(path.read_text("utf-8").replace('"category"', by), "utf-8")
    found = api.check(path)
    assert names in found.left_open
    assert bool(names) == bool(found.left_open)
    assert (found.left_open in found.shown()) == bool(names)
    assert found.ending.startswith("No problems: nothing") or names or found.look_first


@pytest.mark.parametrize(
    ("asked", "work", "names"),
    [
        ("budget_p95 = 100000\nfill_rate = 0.9", "WORK_OF_ITS_OWN", "keeps limits on P95 and peaks (240 SKU"),
        ("budget = 1000000", "WORK", "keeps the budget (240 SKU"),
        (
            'floors = [{ by = "category", at_least = { pumps = 0.8 } }]',
            "WORK",
            "limits, pins and ranges (240",
        ),
    ],
)
def test_what_is_too_much_for_a_check_is_said(
    tmp_path, monkeypatch, asked: str, work: str, names: str
) -> None:
    monkeypatch.setattr(possible, work, 100)
    found = api.check(study(tmp_path, asked))
    assert names in found.left_open
    assert not found.ending.startswith("No problems: nothing")
