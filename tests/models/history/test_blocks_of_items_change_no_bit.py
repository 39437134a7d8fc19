"""Laws and histories are found some items after the other: of whatever size the blocks, to the same bits."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields, replace

import numpy as np
import pytest

from simlab import mapped
from simlab.catalog.catalog import DemandTable
from simlab.models import fit, read_history
from simlab.models.demand.past.bootstraps import occurrence
from simlab.models.demand.past.largest import largest_demands
from simlab.models.demand.renewal import regular
from simlab.models.demand.scoring.goodness import fit_gaps
from simlab.models.demand.scoring.scores import known_before
from simlab.models.history import history as histories
from simlab.models.history.diagnosis import diagnose, intermittence

N = 40


def catalog(make_catalog, weekly, **options):
    rng = np.random.default_rng(16)
    means = rng.lognormal(0.0, 1.2, N)
    sales = {
        f"P{k:02d}": weekly(
            "2023-01-02", [0] * (k % 5) + rng.negative_binomial(2, 2 / (2 + mean), 104).tolist()
        )
        for k, mean in enumerate(means)
    }
    return make_catalog(sales, period="week", **options)


def of_items(history, law):
    """Everything that is found of each item alone."""
    diagnosis = diagnose(history)
    return {
        **{name: getattr(diagnosis, name) for name in diagnosis.__dataclass_fields__},
        **{name: getattr(history, name) for name in ("weight_positive", "units", "mean", "variance")},
        "moments": history.size_moments,
        "occurrence": np.array(occurrence(history)),
        "interval": np.array(intermittence(history)),
        "regular": regular(history),
        "largest": largest_demands(history, np.full(N, 5)),
        "gaps": fit_gaps(law, history),
        "known before": known_before(history).quantity,
        "rows": np.concatenate([table.ravel() for _, table in histories.tables(history)]),
    }


@pytest.mark.parametrize("options", [{}, {"demand": {"outliers": {"rule": "mad", "action": "drop", "k": 3}}}])
def test_what_is_found_of_an_item_is_the_same_in_any_block(
    make_catalog, weekly, monkeypatch, options
) -> None:
    known = catalog(make_catalog, weekly, **options)
    law = fit(known).world.demand
    read = replace(read_history(known), half_life=np.where(np.arange(N) % 2, 26.0, np.inf))
    whole = of_items(read, law)
    monkeypatch.setattr(histories, "_CELLS", 150)
    again = replace(read)
    assert len(list(again.blocks())) > 10
    for name, found in of_items(again, law).items():
        np.testing.assert_array_equal(found, whole[name], err_msg=name)


@pytest.mark.parametrize("options", [{}, {"demand": {"absent_dates": "unknown"}}])
def test_rows_read_in_blocks_give_the_same_history(make_catalog, weekly, monkeypatch, options) -> None:
    known = catalog(make_catalog, weekly, **options)
    whole, blocks = read_history(known), DemandTable.blocks
    monkeypatch.setattr(DemandTable, "blocks", lambda table: blocks(table, 300))
    assert len(list(known.demand.blocks())) > 5
    again = read_history(known)
    for name in ("first", "last", "new", "n_observed", "item", "period", "quantity"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name), err_msg=name)
    assert again.notes == whole.notes


def test_what_was_known_before_is_never_in_memory_whole(make_catalog, weekly, monkeypatch, tmp_path) -> None:
    """Columns as long as the periods of all items: 20 million of them are 0.2 GB."""
    one, times = read_history(catalog(make_catalog, weekly)), 400
    n = one.n_items
    monkeypatch.setattr(mapped, "LARGE", 1 << 12)
    monkeypatch.setattr(mapped, "_COPIED", 1 << 14)
    monkeypatch.setattr(histories, "_CELLS", 1 << 12)
    with mapped.beside(tmp_path):
        item = np.concatenate([one.item + k * n for k in range(times)]).astype(np.int32)
        long = {name: np.tile(getattr(one, name), times) for name in ("n_observed", "first", "last")}
        cells = {name: np.tile(getattr(one, name), times) for name in ("period", "quantity")}
        history = replace(one, item=item, new=None, **long, **cells)
        assert len(list(history.blocks())) > 5
        tracemalloc.start()
        found = known_before(history)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert mapped.in_file(found.quantity)
    assert top < found.quantity.nbytes
    assert (found.quantity.reshape(times, -1) == known_before(one).quantity).all()


def test_an_item_is_never_in_two_blocks() -> None:
    item = np.repeat([0, 1, 4, 5], [3, 9, 1, 2])
    table = DemandTable(
        item, np.datetime64("2024-01-01") + np.arange(item.size), np.ones(item.size, np.int64)
    )
    blocks = list(table.blocks(4))
    assert [(one.start, one.stop) for one in blocks] == [(0, 12), (12, 15)]
    assert table.take(np.zeros(item.size, np.bool_)).blocks().__next__() == slice(0, 0)


def test_rows_of_demand_take_twelve_bytes_and_large_numbers_stay_whole() -> None:
    days = np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")
    small = DemandTable(np.array([0, 1]), days, np.array([3, 2**31 - 1]))
    assert sum(getattr(small, one.name).itemsize for one in fields(small)[:3]) == 12
    assert (small.date == days).all()
    large = DemandTable(np.array([0, 1]), days, np.array([3, 2**31]))
    assert large.quantity.tolist() == [3, 2**31]
