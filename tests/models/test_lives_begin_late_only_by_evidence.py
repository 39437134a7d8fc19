"""A life begins late only by evidence: silence longer than chance explains, and no zero row in it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from simlab.models import fit, read_history
from simlab.models.history.lives import chance_of_silence, is_new

WEEKS = [str(np.datetime64("2022-01-03") + 7 * week) for week in range(104)]
STEADY = dict.fromkeys(WEEKS, 3)


def test_the_chance_of_a_silence_counts_all_placements() -> None:
    """Plain counting: of all ways to place m demands in T periods, those that leave the first n0 free."""
    for t, m in ((6, 3), (7, 2), (9, 4)):
        ways = list(combinations(range(t), m))
        for n0 in range(t + 1):
            free = sum(min(way) >= n0 for way in ways)
            found = chance_of_silence(np.array([t]), np.array([n0]), np.array([m]))
            assert found[0] == pytest.approx(free / len(ways), abs=1e-12)


def test_one_sale_in_the_last_of_48_months_is_no_new_item() -> None:
    """Also two: whatever the silence, fewer than three periods with demand are no evidence."""
    t, silent, m = np.array([48, 48, 48, 48]), np.array([47, 46, 45, 36]), np.array([1, 2, 3, 6])
    assert is_new(t, silent, m).tolist() == [False, False, True, True]


def test_the_first_period_of_a_new_item_is_left_out_of_units_and_exposure(make_catalog) -> None:
    """First sold in week 84 of 104 (numbered from 0), 50 units at first, 2 a week since: 19 weeks of 2."""
    new = {WEEKS[84]: 50, **dict.fromkeys(WEEKS[85:], 2)}
    history = read_history(make_catalog({"steady": STEADY, "new": new}, period="week"))
    assert history.n_observed.tolist() == [104, 19]
    assert history.mean.tolist() == [3.0, 2.0]
    assert history.new.tolist() == [False, True]
    note = next(note for note in history.notes if "new items" in note.what)
    assert (note.rows, note.units) == (1, 50)
    assert "1 SKU-locations are new by evidence (chance alone gives" in note.note
    assert "new@EAST" in note.note


def test_a_zero_row_before_the_first_demand_is_an_observation(make_catalog) -> None:
    sold = {WEEKS[10]: 0, **dict.fromkeys(WEEKS[84:], 2)}
    history = read_history(make_catalog({"steady": STEADY, "P": sold}, period="week"))
    assert history.n_observed.tolist() == [104, 104]
    assert history.mean[1] == pytest.approx(40 / 104)


def test_closed_periods_are_no_silence(make_catalog) -> None:
    """Closed until week 84: nothing could be sold before, so that the item is as old as the window."""
    closed = {"closed": ["2022-01-03/2023-08-13"], "on_closed": "drop"}
    sold = dict.fromkeys(WEEKS[84:], 2)
    catalog = make_catalog({"steady": STEADY, "P": sold}, period="week", demand=closed)
    assert read_history(catalog).n_observed.tolist() == [20, 20]


def test_the_number_by_chance_is_the_size_of_the_test(make_catalog) -> None:
    """2,000 old items of 5 demands in 104 weeks: as many are called new as the note says, within noise."""
    rng = np.random.default_rng(4)
    sales = {}
    for k in range(2000):
        sales[f"P{k:04d}"] = {WEEKS[w]: 1 for w in sorted(rng.choice(104, 5, replace=False))}
    history = read_history(make_catalog({"steady": STEADY, **sales}, period="week"))
    note = next(note for note in history.notes if "new items" in note.what)
    expected = float(note.note.split("chance alone gives ")[1].split(")")[0])
    assert 10 < expected <= 20
    assert abs(int(history.new.sum()) - expected) < 4 * np.sqrt(expected)


@pytest.mark.parametrize(("rate", "n_periods"), [(0.003, 728), (0.01, 364), (0.03, 364), (0.1, 364)])
def test_the_sum_of_slow_movers_is_the_sum_of_their_true_means(make_catalog, rate, n_periods) -> None:
    """500 Poisson items: within 3 standard errors of the truth, those that never sold in the sum.

    The table holds either every item or only those that sold; the items that never sold are at zero.
    """
    rng = np.random.default_rng(21)
    counts = rng.poisson(rate, (500, n_periods))
    days = [str(np.datetime64("2023-01-02") + day) for day in range(n_periods)]
    sales = {f"s{k:03d}": {days[t]: int(row[t]) for t in np.flatnonzero(row)} for k, row in enumerate(counts)}
    sales["s000"] |= {days[0]: int(counts[0, 0]), days[-1]: int(counts[0, -1])}
    error = np.sqrt(500 * rate / n_periods)
    for table in (sales, {sku: sold for sku, sold in sales.items() if sold}):
        law = fit(make_catalog(table, period="day")).world.demand
        assert abs(law.mean.sum() - 500 * rate) < 3 * error
        assert law.mean.sum() == pytest.approx(counts.sum() / n_periods, rel=0.02)
