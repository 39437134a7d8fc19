"""Measures of all segments at once are those of one after the other, to the bit."""

import numpy as np
import pytest
from worlds.study import write_study

import simlab as sl
from simlab.execution import PlanSums
from simlab.verdict.scores import Scale, score, score_cells


def sums_of(rng, n_cells, replications):
    """Made-up sums, with cells that lack demand, receipts or a shortage."""
    shape = (2, n_cells, replications)
    whole = rng.integers(0, 900, shape)
    part = np.minimum(whole, rng.integers(0, 900, shape))
    whole[:, 0], part[:, 0] = 0, 0
    part[:, 1] = whole[:, 1]
    base = {name: rng.integers(1, 50_000, shape) for name in PlanSums.zeros(1, 1, 1).__dataclass_fields__}
    base["delivered_value"][:, 2:5] *= 10  # more than twice the stock in a period: turns are no proportion
    pairs = {"demanded": whole, "served": part, "receipts": whole, "good_receipts": part}
    return PlanSums(**(base | pairs | {"ready": rng.integers(0, 50, shape)}))


@pytest.mark.parametrize("replications", [2, 30, 301])
def test_every_cell_has_the_measures_that_it_has_alone(replications):
    rng = np.random.default_rng(replications)
    sums, sizes, scale = sums_of(rng, 40, replications), rng.integers(1, 30, 40), Scale(60, 365.0, 0.01, 0.95)
    for plan in (0, 1):
        columns = score_cells(sums, plan, sizes, scale)
        for cell in range(40):
            alone = score(sums, plan, cell, int(sizes[cell]), scale).columns()
            assert list(alone) == list(columns)
            for name, value in alone.items():
                np.testing.assert_array_equal(columns[name][cell], value)


def test_targets_of_all_segments_are_those_of_each(tmp_path):
    data = sl.load(write_study(tmp_path))
    opt = sl.optimize(data, sl.segment(data), fill_rate=0.9)
    for kind in opt.kinds:
        each = [opt.target_of(kind, place) for place in range(opt.segmentation.n_segments)]
        np.testing.assert_array_equal(opt.targets_of(kind), each)
