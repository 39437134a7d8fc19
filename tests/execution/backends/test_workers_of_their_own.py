"""Real processes and a real Dask cluster: the same bytes, also when a worker dies."""

import os
import signal
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
from worlds.elsewhere import deadly_block
from worlds.small import HORIZON, small_levels, small_world
from worlds.study import write_study

import simlab
from simlab import api
from simlab.errors import IncompleteError
from simlab.execution import Workers, close_pools, run_curves
from simlab.execution.backends import spread
from simlab.execution.backends.flight import Flight, Patience
from simlab.execution.kept import keeping
from simlab.samples import write_scale

pytestmark = pytest.mark.slow

N = 40


@pytest.fixture(autouse=True)
def ended():
    yield
    close_pools()


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )
    yield local
    local.close()


def alone():
    world = small_world(N)
    return run_curves(world, small_levels(world), HORIZON, workers=Workers(1, 2))


def away(workers, progress=None):
    world = small_world(N)
    return run_curves(world, small_levels(world), HORIZON, workers=workers, progress=progress)


def same(one, other):
    for field in fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def results(run):
    """Every file of a run's results, byte by byte."""
    return {
        path.relative_to(run.folder).as_posix(): path.read_bytes()
        for path in sorted((run.folder / "results").rglob("*"))
        if path.is_file()
    }


def of_the_cluster(cluster):
    """The process id of a worker of a Dask cluster."""
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        return next(iter(client.run(os.getpid).values()))


def of_the_pool():
    """The process id of a process of loky's."""
    from joblib.externals.loky import reusable_executor

    return next(iter(reusable_executor._executor._processes))


def killing(pid_of, killed):
    """Progress that kills a worker by its process id amid the search, and another amid the verdict."""

    def kill(stage, done, total):
        if stage in ("simulate", "verdict") and stage not in killed and 48 < done < 200:
            killed[stage] = pid_of()
            os.kill(killed[stage], signal.SIGKILL)

    return kill


@pytest.mark.parametrize("name", ["loky", "dask"])
def test_a_whole_run_whose_workers_are_killed_writes_the_bytes_of_threads(name, tmp_path, request):
    """300 SKU-locations in blocks of 16, two at a time and more waiting; `results/` to the byte."""
    study = write_scale(tmp_path, 300)[0]
    study.write_text(study.read_text("utf-8") + "block_items = 16\n", "utf-8")
    whole = results(api.run_optimize(study, out=tmp_path / "threads", draw=False))
    address, pid_of = None, of_the_pool
    if name == "dask":
        cluster = request.getfixturevalue("cluster")
        address, pid_of = cluster.scheduler_address, partial(of_the_cluster, cluster)
    killed = {}
    with simlab.backend(name, workers=2, scheduler=address):
        run = api.run_optimize(study, out=tmp_path / name, draw=False, progress=killing(pid_of, killed))
    assert sorted(killed) == ["simulate", "verdict"]
    assert len(set(killed.values())) == 2
    found = results(run)
    assert found.keys() == whole.keys()
    assert [file for file in found if found[file] != whole[file]] == []


def test_every_backend_writes_the_same_bytes(tmp_path):
    study = write_study(tmp_path)
    tables = {}
    for name in ("threads", "serial", "loky", "dask"):
        with simlab.backend(name, workers=2):
            run = api.run_optimize(study, out=tmp_path / name, draw=False)
        tables[name] = results(run)
    assert len(tables["threads"]) > 15
    for name, found in tables.items():
        differ = [file for file in found if found[file] != tables["threads"].get(file)]
        assert found.keys() == tables["threads"].keys(), name
        assert differ == [], name


def test_a_worker_of_a_cluster_that_is_killed_changes_nothing(cluster):
    killed = []

    def kill_one(stage, done, total):
        if not killed and done > 4:
            pid = of_the_cluster(cluster)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    found = away(Workers(2, 2, "dask", cluster.scheduler_address), kill_one)
    assert killed
    same(alone(), found)


def test_a_worker_that_stands_still_does_not_hold_the_run(cluster, monkeypatch):
    """It is alive for its scheduler, and its block comes back from another."""
    hasty = partial(Flight, patience=Patience(seconds=3.0))
    monkeypatch.setattr(spread, "Flight", hasty)
    stopped = []

    def stop_one(stage, done, total):
        if not stopped and done > 4:
            stopped.append(of_the_cluster(cluster))
            os.kill(stopped[0], signal.SIGSTOP)

    try:
        found = away(Workers(2, 1, "dask", cluster.scheduler_address), stop_one)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert stopped
    same(alone(), found)


def test_a_process_that_is_killed_changes_nothing():
    killed = []

    def kill_one(stage, done, total):
        if not killed and done > 4:
            pid = of_the_pool()
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    found = away(Workers(2, 1, "loky"), kill_one)
    assert killed
    same(alone(), found)


def test_an_item_that_kills_its_process_is_named():
    """The others' blocks come back, however often the pool breaks."""
    world = small_world(N)
    task = spread.Task(deadly_block, lambda rows: (rows,), spread.as_it_is)
    with pytest.raises(IncompleteError, match="SKU-location 30 kills its worker each time"):
        list(spread.spread(task, world, 4, Workers(2, 4, "loky"), None, "deadly"))


def test_a_lost_scheduler_is_said_with_what_is_kept(cluster, tmp_path):
    def end_it(stage, done, total):
        if done > 8:
            cluster.close()

    folder = tmp_path / "run" / "blocks"
    with keeping(folder):
        said = r"scheduler of tcp.* was lost; blocks .*simlab resume .*run"
        with pytest.raises(IncompleteError, match=said):
            away(Workers(2, 1, "dask", cluster.scheduler_address), end_it)
        assert len(list(folder.glob("*.block"))) >= 8
        same(alone(), away(Workers(2, 1)))
