"""`simulate` and the tables of its run folder rest on one run of the simulator."""

from worlds.study import write_study

import simlab as sl
from simlab.api.output.writing import simulation_frames
from simlab.execution import blocks


def test_every_item_is_simulated_once_for_sums_batches_and_item_rows(monkeypatch, tmp_path):
    data = sl.load(write_study(tmp_path))
    policy = sl.Policy.from_targets(sl.segment(data), fill_rate={"fast": 0.98, "slow": 0.9})
    seen, simulate = [], blocks.simulate_items

    def counted(world, levels, horizon):
        if horizon.replications > 1:  # one replication of one item only loads the compiled code
            seen.append(world.n_items)
        return simulate(world, levels, horizon)

    monkeypatch.setattr(blocks, "simulate_items", counted)
    simulation_frames(sl.simulate(data, policy))
    assert sum(seen) == data.catalog.n_items
