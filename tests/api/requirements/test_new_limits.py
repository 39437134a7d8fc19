"""A stranger adds further kinds of limits: the examples of CONTRIBUTING, to the letter, in one copy.

Run whole with `pytest -m "slow or not slow" tests/api/requirements/test_new_limits.py`.
"""

import json

import pytest
from worlds.recipes import copy_with, files_of, python
from worlds.wired import write

SECTION = "simlab/study/optimize_sections.py"
KINDS = "simlab/api/requirements/kinds"
RECIPES = {
    "A kind of limit on single replications": [f"{KINDS}/shortages.py", SECTION],
    "A kind of limit on targets": [f"{KINDS}/forbidden.py", SECTION],
    "A quantile or peak of stock value": ["simlab/api/plans/tails.py", "simlab/register/limits.py", SECTION],
}

PROGRAM = """
import json, math
import numpy as np
import simlab as sl
from simlab.api.finance.limits import limits_frame
from simlab.engine.recorder.periods import time_profile

def optimized(name):
    data = sl.load(PATHS[name])
    return sl.optimize(data, sl.segment(data))

free = optimized("free")
curves, data = free.frontier.curves, free.data
cost_of, codes = data.models.costs.unit_cost, free.segmentation.codes
horizon = free.settings.horizon("search", free.warmup)
plans = []
for choice in np.ndindex(*[curves.n_targets] * curves.n_segments):
    cost, _, served = curves.totals(choice)
    levels = free.planned.levels.columns(np.array(choice)[codes][:, None])
    one = time_profile(data.models.world, levels, horizon, np.arange(codes.size), cost_of)
    short = (one.demanded > one.served)[0].sum(axis=(0, 2)) / (codes.size * horizon.periods)
    stock = (one.stock_start_value + one.stock_value)[0].sum(axis=0).ravel().tolist()
    p99 = sorted(stock)[math.ceil(0.99 * len(stock)) - 1] * data.models.costs.cost_resolution / 2
    core = free.targets[choice[free.segmentation.names.index("core")]]
    sums = dict(cost=int(cost), served=int(served), short=short.tolist(), p99=p99)
    plans.append(dict(choice=choice, core=core, **sums))
said = dict(plans=plans, needed=int(curves.needed(0.9)))
for name in PATHS:
    found = optimized(name)
    rows = limits_frame(found, found.stock_value if name == "budget_p99" else None).to_dict("records")
    limits = [[row["limit"], bool(row["met"])] for row in rows]
    said[name] = dict(choice=found.chosen.choice.tolist(), limits=limits)
print(json.dumps(said))
"""
FLOOR = "fill_rate = 0.90"
ASKED = {
    "free": FLOOR,
    "shortages": f"{FLOOR}\nshortages = [{{ at_most = 0.09, probability = 0.8 }}]",
    "forbidden": f'{FLOOR}\nforbidden = [{{ segment = "core", between = [0.98, 0.99] }}]',
    "budget_p99": "budget = 1000000\nbudget_p99 = 1050",
}


@pytest.mark.parametrize("title", RECIPES)
def test_two_or_three_files_are_touched(title):
    assert files_of(title) == RECIPES[title]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    root, _ = copy_with(*RECIPES, folder=folder)
    paths = {}
    for name, line in ASKED.items():
        (folder / name).mkdir()
        paths[name] = str(write(folder / name, **{FLOOR: line}))
    found = python(root, f"PATHS = {paths!r}\n{PROGRAM}", compiled=True)
    return json.loads(found.splitlines()[-1])


def cheapest(said, keeps):
    """Of all plans with the floor that keep something."""
    able = [plan for plan in said["plans"] if plan["served"] >= said["needed"] and keeps(plan)]
    return min(able, key=lambda plan: plan["cost"])["choice"]


@pytest.mark.slow
def test_a_limit_of_single_replications_binds_and_the_plan_is_the_cheapest_of_all_that_keep_it(said):
    best = cheapest(said, lambda plan: sum(share <= 0.09 for share in plan["short"]) >= 0.8 * 6)
    assert said["shortages"]["choice"] == best != said["free"]["choice"]
    assert ["periods short of all items ≤ 0.09 in 80% of replications", True] in said["shortages"]["limits"]


@pytest.mark.slow
def test_a_limit_on_targets_binds_and_the_plan_is_the_cheapest_of_all_that_keep_it(said):
    best = cheapest(said, lambda plan: not 0.98 <= plan["core"] <= 0.99)
    assert said["forbidden"]["choice"] == best != said["free"]["choice"]


@pytest.mark.slow
def test_a_further_quantile_buys_the_most_service_of_all_plans_below_it(said):
    able = [plan for plan in said["plans"] if plan["p99"] <= 1050]
    best = max(able, key=lambda plan: plan["served"])
    assert said["budget_p99"]["choice"] == best["choice"] != said["free"]["choice"]
    limit = "P99 of stock value over replications × periods ≤ 1,050"
    assert [limit, True] in said["budget_p99"]["limits"]
