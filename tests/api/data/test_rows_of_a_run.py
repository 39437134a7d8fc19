"""Any rows of a run are fitted and planned again in another process, from its record and its inputs."""

import json
import subprocess
import sys

import numpy as np
import pytest
from worlds.items import said_of
from worlds.study import STUDY, write_study

from simlab import api
from simlab.api.data.rows import PLACE, fit_rows, plan_rows, planned, shared_of
from simlab.errors import UsageError
from simlab.run import RunFolder

SMALL = STUDY.replace("replications = 30", "replications = 4").replace(
    "replications = 24", "replications = 8"
)
CHILD = """
import json, sys
import numpy as np
from worlds.items import said_of
from simlab.api.data.rows import fit_rows, plan_rows, shared_of
study, run, rows, targets = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
shared, out = shared_of(run), []
for block in rows:
    models, levels = fit_rows(study, shared, block), plan_rows(study, shared, block, targets).levels
    out += [[repr(said_of(models, k)), levels.order_up_to[k].tolist()] for k in range(len(block))]
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    study = write_study(tmp_path_factory.mktemp("study"), SMALL)
    return study, api.run_optimize(study, study.parent / "run").folder


def test_rows_in_a_process_of_their_own_are_those_of_the_run(run):
    study, folder = run
    data, targets = api.load(study), [0.7, 0.95]
    levels = planned(data, data.models, np.array(targets)).levels.order_up_to
    order = np.random.default_rng(1).permutation(data.catalog.n_items).tolist()
    blocks = [order[:1], order[1:]]
    asked = [str(study), str(folder), json.dumps(blocks), json.dumps(targets)]
    done = subprocess.run([sys.executable, "-c", CHILD, *asked], capture_output=True, text=True, check=True)
    for row, (said, own) in zip(order, json.loads(done.stdout), strict=True):
        assert said == repr(said_of(data.models, row))
        assert own == levels[row].tolist()


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
