"""A stranger adds a kind of limit on means: the example of CONTRIBUTING, followed to the letter in a copy."""

import json

import pytest
from worlds.recipes import copy_with, python
from worlds.wired import write

SUPPLY = '[optimize]\nsupply = [{{ by = "segment", at_most = {{ {group} = 13.5 }} }}]'

PROGRAM = """
import json
import numpy as np
import simlab as sl
from simlab.api.finance.limits import limits_frame
from simlab.errors import InvalidInputError

def optimized(path):
    data = sl.load(path)
    return sl.optimize(data, sl.segment(data), fill_rate=0.9)

free, limited = optimized({free!r}), optimized({limited!r})
table = limits_frame(limited).to_dict("records")
(row,) = [row for row in table if row["limit"].startswith("days of supply")]
settings, codes = free.settings, free.segmentation.codes
inside = codes == free.segmentation.names.index("core")
held = (free.curves.on_hand + free.curves.on_hand_start).sum(axis=-1)[inside].sum(axis=0)
stock = held / (2 * settings.counted * settings.replications)
sold = free.curves.demanded.sum(axis=-1)[inside].sum() / (settings.exposure * settings.replications * 7)
core, curves = free.segmentation.names.index("core"), free.frontier.curves
able = []
for choice in np.ndindex(*[curves.n_targets] * curves.n_segments):
    cost, _, served = curves.totals(choice)
    if served >= 0.9 * curves.total_demanded and stock[choice[core]] / sold <= 13.5:
        able.append(cost)
said = dict(
    limit=row["limit"],
    met=bool(row["met"]),
    free=float(stock[free.chosen.choice[core]] / sold),
    reached=float(stock[limited.chosen.choice[core]] / sold),
    cost=int(limited.chosen.cost),
    best=int(min(able)),
)
try:
    optimized({wrong!r})
except InvalidInputError as error:
    said["refused"] = str(error)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return copy_with("A kind of limit on means", folder=tmp_path_factory.mktemp("copy"))


def test_two_files_are_touched(copy):
    assert copy[1] == ["simlab/api/requirements/kinds/supply.py", "simlab/study/optimize_sections.py"]


def test_the_files_alone_make_the_limit(copy, tmp_path):
    """It binds, no plan that keeps it is cheaper, it stands in the table, a wrong name is refused."""
    paths = {}
    for name, group in (("free", ""), ("limited", "core"), ("wrong", "cores")):
        folder = tmp_path / name
        folder.mkdir()
        changes = {"[optimize]": SUPPLY.format(group=group)} if group else {}
        paths[name] = str(write(folder, **changes))
    said = json.loads(python(copy[0], PROGRAM.format(**paths), compiled=True).splitlines()[-1])
    assert said["limit"] == "days of supply of core ≤ 13.50"
    assert said["met"]
    assert said["reached"] <= 13.5 < said["free"]
    assert said["cost"] == said["best"]
    assert "no SKU-location has segment 'cores': the group is empty" in said["refused"]
