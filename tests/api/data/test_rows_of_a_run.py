"""Any rows of a run are fitted and planned again in another process, from its record and its inputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from worlds.items import said_of
from worlds.study import STUDY, write_study

from simlab import api
from simlab.api.data.rows import PLACE, fit_rows, plan_rows, shared_of
from simlab.errors import UsageError
from simlab.run import RunFolder

ROOT = Path(__file__).parents[3]
SMALL = STUDY.replace("replications = 30", "replications = 4").replace(
    "replications = 24", "replications = 8"
)
CHILD = """
import json, sys
from pathlib import Path
import numpy as np
from worlds.items import said_of
from simlab.api.data.rows import fit_rows, plan_rows, shared_of
from simlab.engine.world.world import Horizon
from simlab.execution.blocks import curves_of_block
from simlab.run import RunFolder

study, run, rows = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
shared, folder, out = shared_of(run), RunFolder.open(Path(run)), {}
world, targets = folder.manifest["world"], folder.read_table("plan")["target"].to_numpy()
periods, n = world["periods"], world["replications"]
horizon = Horizon(periods, world["warmup"], n, n, world["seed"], scale=world["exposure"] // periods)
for block in rows:
    models = fit_rows(study, shared, block)
    planned = plan_rows(study, shared, block, targets[block][:, None])
    sums = curves_of_block(models.world, planned.levels, horizon, ("demanded", "served"))
    stock = (sums.on_hand + sums.on_hand_start)[:, 0, 0]
    each = (sums.demanded.sum(axis=1), sums.served[:, 0].sum(axis=1), stock, sums.receipts[:, 0, 0])
    for k, row in enumerate(block):
        own = [int(one[k]) for one in each]
        out[row] = [repr(said_of(models, k)), int(planned.levels.order_up_to[k, 0]), own]
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    study = write_study(tmp_path_factory.mktemp("study"), SMALL)
    return study, api.run_optimize(study, study.parent / "run").folder


def test_a_block_is_what_study_record_rows_and_seed_make_it(run):
    """Fitted, planned and simulated in a process of its own, in blocks of any order: laws, levels, sums."""
    study, folder = run
    data, tables = api.load(study), RunFolder.open(folder)
    order = np.random.default_rng(1).permutation(data.catalog.n_items).tolist()
    asked = [str(study), str(folder), json.dumps([order[:1], order[1:]])]
    known = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    done = subprocess.run([sys.executable, "-c", CHILD, *asked], capture_output=True, text=True, env=known)
    assert done.returncode == 0, done.stderr
    found, plan, items = json.loads(done.stdout), tables.read_table("plan"), tables.read_table("items")
    sums = items[["sum_demanded", "sum_served", "sum_stock", "sum_receipts"]].to_numpy().tolist()
    for row in range(data.catalog.n_items):
        assert found[str(row)] == [repr(said_of(data.models, row)), plan["order_up_to"][row], sums[row]]


def test_the_record_is_under_the_run_s_hashes(run):
    study, folder = run
    data = api.load(study)
    assert RunFolder.open(folder).read_bytes(PLACE) == data.models.shared.packed()
    assert PLACE in RunFolder.open(folder).manifest["files"]
    assert not api.verify(folder, 0).problems
    damaged = bytearray((folder / PLACE).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    whole = (folder / PLACE).read_bytes()
    try:
        (folder / PLACE).write_bytes(damaged)
        assert [one.file for one in api.verify(folder, 0).problems] == [PLACE]
    finally:
        (folder / PLACE).write_bytes(whole)


def test_rows_that_are_not_there_are_refused(run):
    study, folder = run
    data, shared = api.load(study), shared_of(folder)
    with pytest.raises(UsageError, match="from 0 on"):
        fit_rows(data, shared, [data.catalog.n_items])
    with pytest.raises(UsageError, match="twice"):
        plan_rows(data, shared, [0, 0], [0.9])
