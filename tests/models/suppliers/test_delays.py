"""Lead times by groups within groups, orders still open, smooth laws, drift."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simlab.catalog import from_frames
from simlab.errors import InvalidInputError
from simlab.models import fit
from simlab.models.suppliers.delays import DayLaw, pooled, product_limit, smoothed
from simlab.study import Study

START = np.datetime64("2023-01-01")


def catalogue(days, modes=None, skus=None, open_after=None, by=("supplier",), law="empirical", **items):
    """One supplier, a row per lead time; `open_after` gives order days of orders without a receipt."""
    n_open = 0 if open_after is None else len(open_after)
    placed = START + np.concatenate([np.arange(len(days)), np.array(open_after or [], dtype=int)])
    came = [str(p + d) for p, d in zip(placed[: len(days)], np.array(days, dtype=int), strict=True)]
    table = pd.DataFrame(
        {
            "supplier": "ACME",
            "order_date": placed.astype(str),
            "receipt_date": pd.Series(came + [None] * n_open, dtype=object),
            "quantity": 1,
        }
    )
    if modes is not None:
        table["mode"] = modes
    if skus is not None:
        table["sku"] = skus
    columns = {"sku": ["P0", "P1", "P2"], "location": "X", "unit_cost": 1.0, "supplier": "ACME", **items}
    laws = {"demand_law": "poisson", "demand_mean": 1.0}
    study = Study.default(
        period="day",
        as_of="2024-12-31",
        lead_times={"by": list(by), "crossing": False, "law": law, "min_receipts": 8},
    )
    return from_frames(study, pd.DataFrame({**columns, **laws}), None, table)


def test_groups_within_suppliers_borrow_by_their_number() -> None:
    """Air takes 5 days, sea 30; four sea receipts borrow 8 ÷ (4 + 8) from the supplier."""
    modes = ["air"] * 36 + ["sea"] * 4
    data = catalogue([5] * 36 + [30] * 4, modes, by=("supplier", "mode"), mode=["air", "sea", None])
    models = fit(data)
    mean, _ = models.lead_time_moments
    whole = (36 * 5 + 4 * 30) / 40
    assert mean[0] == pytest.approx((36 * 5 + 8 * whole) / 44, rel=1e-4)
    assert mean[1] == pytest.approx((4 * 30 + 8 * whole) / 12, rel=1e-4)
    assert mean[2] == pytest.approx(whole)
    assert "mode 'sea': 4 of them (67% borrowed)" in models.lead_time_reason[1]
    assert models.lead_time_reason[2] == f"supplier 'ACME': 40 receipts, mean {whole:.3g} days"


def test_sku_within_supplier() -> None:
    data = catalogue([5] * 20 + [20] * 20, skus=["P0"] * 20 + ["P1"] * 20, by=("supplier", "sku"))
    mean, _ = fit(data).lead_time_moments
    assert 5 < mean[0] < mean[2] < mean[1] < 20


def test_a_group_needs_its_column_in_both_tables() -> None:
    with pytest.raises(InvalidInputError, match="receipts table has no column 'lane'") as refused:
        fit(catalogue([5] * 10, by=("supplier", "lane"), lane=["a", "b", "c"]))
    assert "items" in refused.value.problems[0].fix
    with pytest.raises(InvalidInputError, match="items table has no column 'mode'"):
        fit(catalogue([5] * 10, ["air"] * 10, by=("supplier", "mode")))


def test_open_orders_count_as_longer_than_so_far() -> None:
    """Orders placed 40 days before as_of and not received raise the law above that of the receipts."""
    after = [(np.datetime64("2024-12-31") - START).astype(int) - 12] * 10
    without = fit(catalogue([10, 20] * 15))
    data = catalogue([10, 20] * 15, open_after=after)
    assert data.open_orders.n_rows == 10
    assert any(entry.what == "orders still open" and entry.rows == 10 for entry in data.quality.entries)
    mean, _ = fit(data).lead_time_moments
    # 40 at risk on day 10, 15 arrive; the 10 open ones leave on day 12; all others arrive on day 20
    assert mean[0] == pytest.approx(15 / 40 * 10 + 25 / 40 * 20, rel=1e-4)
    assert without.lead_time_moments[0][0] == pytest.approx(15)


def test_the_product_limit_recovers_a_censored_law() -> None:
    rng = np.random.default_rng(3)
    true = rng.gamma(4, 5, 4000).round().astype(int)
    limit = rng.integers(5, 60, 4000)
    found = product_limit(np.minimum(true, limit), true > limit)
    naive = np.minimum(true, limit)[true <= limit].mean()
    assert found.mean == pytest.approx(true.mean(), rel=0.03)
    assert naive < 0.93 * true.mean()


def test_mixtures_weigh_by_receipts() -> None:
    own, parent = DayLaw(np.array([2]), np.array([3])), DayLaw(np.array([2, 12]), np.array([5, 5]))
    mixed = pooled(own, parent, 3, 9.0)
    assert mixed.days.tolist() == [2, 12]
    assert mixed.weights.tolist() == [625_000, 375_000]


@pytest.mark.parametrize("kind", ["gamma", "lognormal"])
def test_smooth_laws_keep_mean_and_variance(kind) -> None:
    days = np.arange(5, 60)
    law = DayLaw(days, np.rint(1e6 * stats.gamma.pdf(days, 6, scale=4)).astype(np.int64))
    found = smoothed(law, kind, 364)
    assert found.mean == pytest.approx(law.mean, rel=2e-3)
    assert found.variance == pytest.approx(law.variance, rel=0.02)
    models = fit(catalogue([10, 20, 30, 40] * 10, law=kind))
    assert models.lead_time_moments[0][0] == pytest.approx(25, rel=5e-3)
    assert models.lead_time_reason[0].endswith(kind)
    assert models.world.lead_time.length.max() > 30


def test_drift_is_told() -> None:
    models = fit(catalogue([10, 11] * 20 + [20, 21] * 20))
    notes = [note for note in models.notes if "drifted" in note.what]
    assert len(notes) == 1
    assert "'ACME' 10.5 → 20.5 days" in notes[0].note
    assert "[data.receipts] where = { order_date = { at_least = DATE } }" in notes[0].note
    assert notes[0].notice == "look"
    little = [note for note in fit(catalogue([40, 41] * 20 + [44, 45] * 20)).notes if "drifted" in note.what]
    assert [one.notice for one in little] == [""]
    assert not any("drifted" in note.what for note in fit(catalogue([10, 20] * 40)).notes)


def test_promises_are_compared_and_not_used() -> None:
    """Two of four come after the promise, by 3 days on average; the law stays that of actual dates."""
    items = pd.DataFrame({"sku": ["P0"], "location": "X", "unit_cost": 1.0, "supplier": "ACME"})
    items = items.assign(demand_law="poisson", demand_mean=1.0)
    receipts = pd.DataFrame(
        {
            "supplier": "ACME",
            "order_date": "2024-01-01",
            "receipt_date": ["2024-01-11", "2024-01-12", "2024-01-13", "2024-01-14"] * 3,
            "promised_date": ["2024-01-11", "2024-01-10", "2024-01-15", None] * 2
            + ["2024-01-11", "2024-01-08", "2024-01-15", None],
            "quantity": 1,
        }
    )
    study = Study.default(period="day", lead_times={"crossing": False})
    catalog = from_frames(study, items, None, receipts)
    models = fit(catalog)
    note = next(note.note for note in models.notes if "promised" in note.what)
    assert "9 receipts with a promise: 33.3% late (by 2.67 days on average), 33.3% on the very day" in note
    assert models.lead_time_moments[0][0] == pytest.approx(11.5)
    assert not any("promised" in entry.what for entry in catalog.quality.entries)
